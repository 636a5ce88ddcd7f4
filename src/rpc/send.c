/* send.c - what is sent on calls: headers, messages, the last words. */
#include "rpc/internal.h"

#include <stdio.h>
#include <string.h>

enum { OURS = 8, ADDED_MAX = 48 }; /* headers that this file sends itself, and that it takes from its caller */

/* add appends the caller's headers to ours. */
static size_t add(nghttp2_nv *all, size_t count, const struct acq_rpc_header *headers, size_t n)
{
    for (size_t i = 0; i < n && i < ADDED_MAX; i++) all[count++] = acq_rpc_nv(headers[i].name, headers[i].value);
    return count;
}

static void submit_trailer(struct acq_rpc_call *call)
{
    char status[12], message[3 * sizeof call->message];
    snprintf(status, sizeof status, "%d", call->status);
    acq_rpc_encode_message(message, sizeof message, call->message);
    nghttp2_nv trailer[] = {acq_rpc_nv("grpc-status", status), acq_rpc_nv("grpc-message", message)};
    acq_rpc_check(call->rpc, nghttp2_submit_trailer(call->rpc->session, call->id, trailer, *message ? 2 : 1));
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *dst, size_t n, uint32_t *flags,
                        nghttp2_data_source *source, void *user)
{
    struct acq_rpc_call *call = source->ptr;
    size_t left = acq_fifo_len(&call->out);
    (void)session, (void)id, (void)user;
    if (!left && !call->ending) return NGHTTP2_ERR_DEFERRED;
    if (n > left) n = left;
    if (n) memcpy(dst, acq_fifo_bytes(&call->out), n);
    acq_fifo_drop(&call->out, n);
    call->rpc->unsent -= n;
    if (n == left && call->ending) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (call->rpc->server && !call->page) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailer(call);
        }
    }
    return (ssize_t)n;
}

size_t acq_rpc_unsent(const struct acq_rpc_call *call)
{
    return acq_fifo_len(&call->out);
}

/* queue appends to what is to be sent. */
static int queue(struct acq_rpc_call *call, const void *bytes, size_t n)
{
    int r = acq_fifo_add(&call->out, bytes, n);
    if (r == ACQ_OK) call->rpc->unsent += n;
    return r;
}

int acq_rpc_write(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    uint8_t prefix[PREFIX] = {0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    struct acq_rpc *rpc = call->rpc;
    if (call->ending || call->closed) return ACQ_CLOSED;
    if (n > rpc->limits.unsent || rpc->unsent + n + PREFIX > rpc->limits.unsent) return ACQ_AGAIN;
    int r = acq_fifo_reserve(&call->out, n + PREFIX);
    if (r < 0) return r == ACQ_RANGE ? ACQ_AGAIN : r;
    queue(call, prefix, PREFIX);
    queue(call, bytes, n);
    nghttp2_session_resume_data(rpc->session, call->id);
    return ACQ_OK;
}

void acq_rpc_half_close(struct acq_rpc_call *call)
{
    call->ending = true;
    nghttp2_session_resume_data(call->rpc->session, call->id);
}

struct acq_rpc_call *acq_rpc_call(struct acq_rpc *rpc, const char *path, const char *authority,
                                  const struct acq_rpc_header *headers, size_t n)
{
    struct acq_rpc_call *call = acq_rpc_call_new(rpc);
    if (!call) return NULL;
    nghttp2_nv all[OURS + ADDED_MAX] = {acq_rpc_nv(":method", "POST"),
                                        acq_rpc_nv(":scheme", rpc->secure ? "https" : "http"),
                                        acq_rpc_nv(":path", path),
                                        acq_rpc_nv(":authority", authority),
                                        acq_rpc_nv("content-type", "application/grpc"),
                                        acq_rpc_nv("te", "trailers"),
                                        acq_rpc_nv("user-agent", "acq/" ACQ_VERSION_TEXT)};
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    if (acq_rpc_set_deadline(call, headers, n))
        call->id = nghttp2_submit_request(rpc->session, NULL, all, add(all, 7, headers, n), &data, call);
    call->began = true;
    if (call->id > 0) return call;
    acq_rpc_call_free(call);
    return NULL;
}

int acq_rpc_respond(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    nghttp2_nv all[OURS + ADDED_MAX] = {acq_rpc_nv(":status", "200"), acq_rpc_nv("content-type", "application/grpc"),
                                        acq_rpc_nv("grpc-accept-encoding", "identity,gzip")};
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    call->responded = true;
    size_t count = add(all, 3, headers, n);
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
                         acq_rpc_nv("grpc-accept-encoding", "identity,gzip"), acq_rpc_nv("grpc-status", number),
                         acq_rpc_nv("grpc-message", text)};
    call->responded = true;
    acq_rpc_check(call->rpc, nghttp2_submit_response(call->rpc->session, call->id, only, *text ? 5 : 4, NULL));
}

void acq_rpc_refuse(struct acq_rpc_call *call, const char *http_status, const char *text)
{
    nghttp2_nv head[] = {acq_rpc_nv(":status", http_status), acq_rpc_nv("content-type", "text/plain; charset=utf-8"),
                         acq_rpc_nv("allow", "POST")};
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    acq_rpc_set_status(call, ACQ_RPC_INTERNAL, text);
    call->responded = call->ending = call->page = true;
    bool body = queue(call, text, strlen(text)) == ACQ_OK;
    acq_rpc_check(call->rpc, nghttp2_submit_response(call->rpc->session, call->id, head, 3, body ? &data : NULL));
}
