/* call.c - calls: their life, and what is sent on them. */
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acq_rpc_call *acq_rpc_call_new(struct acq_rpc *rpc)
{
    struct acq_rpc_call *call = calloc(1, sizeof *call);
    if (!call) return NULL;
    call->rpc = rpc;
    call->status = -1;
    acq_buf_init(&call->in, ACQ_RPC_MESSAGE_MAX + PREFIX);
    acq_buf_init(&call->out, ACQ_RPC_UNSENT_MAX + ACQ_RPC_MESSAGE_MAX + PREFIX);
    acq_buf_init(&call->headers, HEADER_BYTES_MAX);
    call->next = rpc->calls;
    call->link = &rpc->calls;
    if (call->next) call->next->link = &call->next;
    rpc->calls = call;
    return call;
}

void acq_rpc_call_free(struct acq_rpc_call *call)
{
    *call->link = call->next;
    if (call->next) call->next->link = call->link;
    acq_buf_fini(&call->in);
    acq_buf_fini(&call->out);
    acq_buf_fini(&call->headers);
    free(call);
}

void acq_rpc_set_status(struct acq_rpc_call *call, int status, const char *message)
{
    if (call->status >= 0) return;
    call->status = status;
    snprintf(call->message, sizeof call->message, "%s", message);
}

void *acq_rpc_user(const struct acq_rpc_call *call)
{
    return call->user;
}

void acq_rpc_set_user(struct acq_rpc_call *call, void *user)
{
    call->user = user;
}

size_t acq_rpc_unsent(const struct acq_rpc_call *call)
{
    return call->out.len - call->sent;
}

const char *acq_rpc_find(const struct acq_rpc_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(headers[i].name, name)) return headers[i].value;
    return NULL;
}

/* ---- sending ---- */

nghttp2_nv acq_rpc_nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

static void submit_trailer(struct acq_rpc_call *call)
{
    char status[12], message[3 * sizeof call->message];
    snprintf(status, sizeof status, "%d", call->status);
    acq_rpc_encode_message(message, sizeof message, call->message);
    nghttp2_nv trailer[] = {acq_rpc_nv("grpc-status", status), acq_rpc_nv("grpc-message", message)};
    nghttp2_submit_trailer(call->rpc->session, call->id, trailer, *message ? 2 : 1);
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *dst, size_t n, uint32_t *flags,
                        nghttp2_data_source *source, void *user)
{
    struct acq_rpc_call *call = source->ptr;
    size_t left = acq_rpc_unsent(call);
    (void)session, (void)id, (void)user;
    if (!left && !call->ending) return NGHTTP2_ERR_DEFERRED;
    if (n > left) n = left;
    if (n) memcpy(dst, call->out.bytes + call->sent, n);
    call->sent += n;
    if (call->sent == call->out.len) call->sent = call->out.len = 0;
    if (n == left && call->ending) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (call->rpc->server) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailer(call);
        }
    }
    return (ssize_t)n;
}

int acq_rpc_write(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    uint8_t prefix[PREFIX] = {0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    if (call->ending) return ACQ_CLOSED;
    if (acq_rpc_unsent(call) + n + PREFIX > ACQ_RPC_UNSENT_MAX) return ACQ_AGAIN;
    /* close up now and then, not at each frame */
    if (call->sent > ACQ_RPC_UNSENT_MAX / 4 || call->out.len + n + PREFIX > call->out.max) {
        acq_buf_drop(&call->out, call->sent);
        call->sent = 0;
    }
    int r = acq_buf_reserve(&call->out, n + PREFIX);
    if (r < 0) return r == ACQ_RANGE ? ACQ_AGAIN : r;
    acq_buf_add(&call->out, prefix, PREFIX);
    acq_buf_add(&call->out, bytes, n);
    nghttp2_session_resume_data(call->rpc->session, call->id);
    return ACQ_OK;
}

void acq_rpc_half_close(struct acq_rpc_call *call)
{
    call->ending = true;
    nghttp2_session_resume_data(call->rpc->session, call->id);
}

void acq_rpc_cancel(struct acq_rpc_call *call)
{
    call->cancelled = true;
    acq_rpc_set_status(call, ACQ_RPC_CANCELLED, "cancelled");
    nghttp2_submit_rst_stream(call->rpc->session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
}

struct acq_rpc_call *acq_rpc_call(struct acq_rpc *rpc, const char *path, const char *authority,
                                  const struct acq_rpc_header *headers, size_t n)
{
    struct acq_rpc_call *call = acq_rpc_call_new(rpc);
    if (!call) return NULL;
    nghttp2_nv all[8 + HEADERS_MAX] = {acq_rpc_nv(":method", "POST"),
                                       acq_rpc_nv(":scheme", "http"),
                                       acq_rpc_nv(":path", path),
                                       acq_rpc_nv(":authority", authority),
                                       acq_rpc_nv("content-type", "application/grpc"),
                                       acq_rpc_nv("te", "trailers"),
                                       acq_rpc_nv("user-agent", "acq/" ACQ_VERSION_TEXT)};
    size_t count = 7;
    for (size_t i = 0; i < n && i < HEADERS_MAX; i++) all[count++] = acq_rpc_nv(headers[i].name, headers[i].value);
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    call->id = nghttp2_submit_request(rpc->session, NULL, all, count, &data, call);
    call->began = true;
    if (call->id > 0) return call;
    acq_rpc_call_free(call);
    return NULL;
}

int acq_rpc_respond(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    nghttp2_nv all[2 + HEADERS_MAX] = {acq_rpc_nv(":status", "200"), acq_rpc_nv("content-type", "application/grpc")};
    size_t count = 2;
    for (size_t i = 0; i < n && i < HEADERS_MAX; i++) all[count++] = acq_rpc_nv(headers[i].name, headers[i].value);
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    call->responded = true;
    return nghttp2_submit_response(call->rpc->session, call->id, all, count, &data) ? ACQ_MEMORY : ACQ_OK;
}

void acq_rpc_finish(struct acq_rpc_call *call, enum acq_rpc_status status, const char *message)
{
    if (call->ending) return;
    acq_rpc_set_status(call, (int)status, message);
    call->ending = true;
    if (call->responded) {
        nghttp2_session_resume_data(call->rpc->session, call->id);
        return;
    }
    char number[12], text[3 * sizeof call->message];
    snprintf(number, sizeof number, "%d", call->status);
    acq_rpc_encode_message(text, sizeof text, call->message);
    nghttp2_nv only[] = {acq_rpc_nv(":status", "200"), acq_rpc_nv("content-type", "application/grpc"),
                         acq_rpc_nv("grpc-status", number), acq_rpc_nv("grpc-message", text)};
    call->responded = true;
    nghttp2_submit_response(call->rpc->session, call->id, only, *text ? 4 : 3, NULL);
}
