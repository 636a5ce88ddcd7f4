/* receive.c - what comes from the other side: headers, messages, ends of calls. */
#include "rpc/internal.h"

#include <stdio.h>
#include <string.h>

/* headers_of splits the block that was collected into names and values */
static size_t headers_of(struct acq_rpc_call *call, struct acq_rpc_header *out)
{
    const char *p = (const char *)call->headers.bytes;
    for (size_t i = 0; i < call->header_count; i++) {
        out[i].name = p;
        p += strlen(p) + 1;
        out[i].value = p;
        p += strlen(p) + 1;
    }
    return call->header_count;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct acq_rpc *rpc = user;
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call && rpc->server && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        call = acq_rpc_call_new(rpc);
        if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        call->id = frame->hd.stream_id;
        nghttp2_session_set_stream_user_data(session, call->id, call);
    }
    if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    call->headers.len = call->header_count = 0;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)flags, (void)user;
    if (!call) return 0;
    /* nghttp2 has checked that neither has a NUL inside */
    if (call->header_count == HEADERS_MAX || acq_buf_reserve(&call->headers, name_len + value_len + 2) < 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets this stream alone */
    acq_buf_add(&call->headers, name, name_len);
    acq_buf_add(&call->headers, "", 1);
    acq_buf_add(&call->headers, value, value_len);
    acq_buf_add(&call->headers, "", 1);
    call->header_count++;
    return 0;
}

/* refuse answers a request that is not gRPC with an HTTP status. */
static void refuse(struct acq_rpc_call *call, const char *http_status)
{
    nghttp2_nv only[] = {acq_rpc_nv(":status", http_status)};
    acq_rpc_set_status(call, ACQ_RPC_INTERNAL, "not a gRPC request");
    call->responded = call->ending = true;
    nghttp2_submit_response(call->rpc->session, call->id, only, 1, NULL);
}

/* is_grpc: "application/grpc", also with "+proto" or parameters; not "application/grpc-web", another protocol */
static bool is_grpc(const char *type)
{
    return type && !strncmp(type, "application/grpc", 16) && strchr("+;", type[16]);
}

static void on_request(struct acq_rpc_call *call)
{
    struct acq_rpc *rpc = call->rpc;
    struct acq_rpc_header headers[HEADERS_MAX];
    size_t n = headers_of(call, headers);
    const char *method = acq_rpc_find(headers, n, ":method"), *type = acq_rpc_find(headers, n, "content-type");
    const char *encoding = acq_rpc_find(headers, n, "grpc-encoding");
    if (!method || strcmp(method, "POST")) {
        refuse(call, "405");
    } else if (!is_grpc(type)) {
        refuse(call, "415");
    } else if (encoding && strcmp(encoding, "identity")) {
        acq_rpc_finish(call, ACQ_RPC_UNIMPLEMENTED, "compressed messages are not taken: send grpc-encoding identity");
    } else {
        call->began = true;
        rpc->events->begin(rpc->user, call, acq_rpc_find(headers, n, ":path"), headers, n);
    }
}

static void on_response(struct acq_rpc_call *call, bool last)
{
    struct acq_rpc *rpc = call->rpc;
    struct acq_rpc_header headers[HEADERS_MAX];
    size_t n = headers_of(call, headers);
    const char *http = acq_rpc_find(headers, n, ":status"), *status = acq_rpc_find(headers, n, "grpc-status");
    const char *message = acq_rpc_find(headers, n, "grpc-message");
    char text[sizeof call->message];
    if (http && strcmp(http, "200")) {
        snprintf(text, sizeof text, "the server answered with HTTP status %.3s: it is no gRPC server", http);
        acq_rpc_set_status(call, ACQ_RPC_UNAVAILABLE, text);
    } else if (status) {
        acq_rpc_decode_message(text, sizeof text, message ? message : "");
        acq_rpc_set_status(call, acq_rpc_status_of(status), text);
    } else if (!last) {
        rpc->events->begin(rpc->user, call, NULL, headers, n);
    }
}

/* half_closed: the other side sends nothing more on this call */
static void half_closed(struct acq_rpc_call *call)
{
    struct acq_rpc *rpc = call->rpc;
    if (!rpc->server) { /* then the call is over, whether or not all has been sent */
        if (!nghttp2_session_get_stream_local_close(rpc->session, call->id))
            nghttp2_submit_rst_stream(rpc->session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_NO_ERROR);
        return;
    }
    if (!call->began || call->ending) return;
    if (call->in.len)
        acq_rpc_finish(call, ACQ_RPC_INTERNAL, "the stream ended inside a message");
    else
        rpc->events->half_close(rpc->user, call);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct acq_rpc *rpc = user;
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (!call) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
        if (!rpc->server)
            on_response(call, last);
        else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            on_request(call);
    }
    if (last && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)) half_closed(call);
    return 0;
}

/* prefix_ok reads a message's prefix. Returns false and ends the call if it is not acceptable. */
static bool prefix_ok(struct acq_rpc_call *call, const uint8_t *p, size_t *n)
{
    *n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    const char *why = NULL;
    enum acq_rpc_status status = ACQ_RPC_RESOURCE_EXHAUSTED;
    if (p[0]) {
        status = ACQ_RPC_INTERNAL;
        why = "a message is marked as compressed, without grpc-encoding";
    } else if (*n > ACQ_RPC_MESSAGE_MAX) {
        why = "a message is longer than 64 KiB";
    }
    if (!why) return true;
    if (call->rpc->server)
        acq_rpc_finish(call, status, why);
    else
        acq_rpc_cancel(call);
    return false;
}

/* deaf: what still comes on this call is not for anybody */
static bool deaf(const struct acq_rpc_call *call)
{
    return !call->began || call->cancelled || (call->rpc->server && call->ending);
}

/* whole_messages gives all whole messages in n bytes to the user. Returns how many bytes that were. */
static size_t whole_messages(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_rpc *rpc = call->rpc;
    size_t at = 0, len;
    while (n - at >= PREFIX && prefix_ok(call, bytes + at, &len) && n - at - PREFIX >= len) {
        rpc->events->message(rpc->user, call, bytes + at + PREFIX, len);
        at += PREFIX + len;
        if (deaf(call)) break;
    }
    return at;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)flags, (void)user;
    if (!call || deaf(call)) return 0;
    /* first the message that began earlier, then those that are here as a whole, without a copy */
    while (n && call->in.len) {
        size_t need = PREFIX, len;
        if (call->in.len >= PREFIX && prefix_ok(call, call->in.bytes, &len)) need += len;
        size_t part = need - call->in.len < n ? need - call->in.len : n;
        if (acq_buf_add(&call->in, bytes, part) < 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
        bytes += part;
        n -= part;
        if (whole_messages(call, call->in.bytes, call->in.len)) call->in.len = 0;
        if (deaf(call)) return 0;
    }
    size_t done = whole_messages(call, bytes, n);
    if (deaf(call)) return 0;
    return acq_buf_add(&call->in, bytes + done, n - done) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void acq_rpc_call_end(struct acq_rpc_call *call)
{
    struct acq_rpc *rpc = call->rpc;
    acq_rpc_set_status(call, ACQ_RPC_UNAVAILABLE, "the connection was lost");
    if (call->began) rpc->events->end(rpc->user, call, call->status, call->message);
    acq_rpc_call_free(call);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)user;
    if (!call) return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    if (call->rpc->server && code)
        acq_rpc_set_status(call, ACQ_RPC_CANCELLED, "the client broke the call off");
    else if (call->rpc->server)
        acq_rpc_set_status(call, ACQ_RPC_OK, "");
    acq_rpc_call_end(call);
    return 0;
}

/* After a server has ended a call whose client still sends, the stream must be reset: gRPC, "gRPC over HTTP2". */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct acq_rpc *rpc = user;
    bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (rpc->server && last && (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        !nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id))
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

void acq_rpc_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
}
