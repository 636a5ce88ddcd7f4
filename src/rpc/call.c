/* call.c - calls: their life. */
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acq_rpc_call *acq_rpc_call_new(struct acq_rpc *rpc)
{
    const struct acq_rpc_limits *l = &rpc->limits;
    struct acq_rpc_call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->rpc = rpc;
    call->status = -1;
    call->deadline_ns = NEVER;
    call->events = rpc->events;
    call->target = rpc->user;
    /* a message that has begun, and a window; a quarter more, so that closing up is rare */
    size_t window = l->window > FIRST_WINDOW ? l->window : FIRST_WINDOW;
    acq_fifo_init(&call->in, (size_t)l->message + PREFIX + window + window / 4);
    acq_fifo_init(&call->out, (size_t)l->unsent + l->unsent / 4);
    acq_buf_init(&call->headers, (size_t)l->headers + 2 * HEADERS_MAX);
    call->next = rpc->calls;
    call->link = &rpc->calls;
    if (call->next) call->next->link = &call->next;
    rpc->calls = call;
    return call;
}

void acq_rpc_call_free(struct acq_rpc_call *call)
{
    acq_fifo_clear(&call->in);
    acq_rpc_recount(call);
    call->rpc->unsent -= acq_fifo_len(&call->out);
    *call->link = call->next;
    if (call->next) call->next->link = call->link;
    if (!call->rpc->calls) acq_rpc_gunzip_free(call->rpc);
    acq_fifo_fini(&call->in);
    acq_fifo_fini(&call->out);
    acq_buf_fini(&call->headers);
    free(call);
}

void acq_rpc_call_end(struct acq_rpc_call *call)
{
    acq_rpc_set_status(call, ACQ_RPC_UNAVAILABLE, "the connection was lost");
    if (call->began) call->events->end(call->target, call, call->status, call->message);
    acq_rpc_call_free(call);
}

void acq_rpc_reap(struct acq_rpc *rpc)
{
    rpc->reap = false;
    for (struct acq_rpc_call *call = rpc->calls, *next; call; call = next) {
        next = call->next;
        if (call->closed && (!call->held || call->cancelled)) acq_rpc_call_end(call);
    }
}

void acq_rpc_set_status(struct acq_rpc_call *call, int status, const char *message)
{
    if (call->status >= 0) return;
    call->status = status;
    snprintf(call->message, sizeof call->message, "%s", message);
}

void acq_rpc_reset(struct acq_rpc *rpc, int32_t id, uint32_t code)
{
    acq_rpc_check(rpc, nghttp2_submit_rst_stream(rpc->session, NGHTTP2_FLAG_NONE, id, code));
}

void acq_rpc_cancel(struct acq_rpc_call *call)
{
    call->cancelled = true;
    call->rpc->reap = true;
    acq_rpc_set_status(call, ACQ_RPC_CANCELLED, "cancelled");
    acq_rpc_reset(call->rpc, call->id, NGHTTP2_CANCEL);
}

void acq_rpc_fail(struct acq_rpc_call *call, int status, const char *message)
{
    if (call->rpc->server) {
        acq_rpc_finish(call, (enum acq_rpc_status)status, message);
    } else {
        acq_rpc_set_status(call, status, message);
        acq_rpc_cancel(call);
    }
}

void acq_rpc_handle(struct acq_rpc_call *call, const struct acq_rpc_events *events, void *user, const char *path,
                    const struct acq_rpc_header *headers, size_t n)
{
    call->events = events;
    call->target = user;
    events->begin(user, call, path, headers, n);
}

void *acq_rpc_owner(const struct acq_rpc_call *call)
{
    return call->rpc->user;
}

void *acq_rpc_user(const struct acq_rpc_call *call)
{
    return call->user;
}

void acq_rpc_set_user(struct acq_rpc_call *call, void *user)
{
    call->user = user;
}

const char *acq_rpc_find(const struct acq_rpc_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(headers[i].name, name)) return headers[i].value;
    return NULL;
}
