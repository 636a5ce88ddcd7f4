/* receive.c - what comes from the other side: headers and ends of calls. */
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

static void forget_headers(struct acq_rpc_call *call)
{
    size_t max = call->headers.max;
    acq_buf_fini(&call->headers);
    acq_buf_init(&call->headers, max);
    call->header_count = call->header_size = 0;
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
    return call ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    struct acq_rpc *rpc = user;
    (void)flags;
    if (!call || call->oversize) return 0;
    call->header_size += name_len + value_len + 32;
    call->oversize = call->header_size > rpc->limits.headers || call->header_count == HEADERS_MAX;
    if (call->oversize) return 0;
    if (acq_buf_reserve(&call->headers, name_len + value_len + 2) < 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets this stream alone */
    /* nghttp2 has checked that neither has a NUL inside */
    acq_buf_add(&call->headers, name, name_len);
    acq_buf_add(&call->headers, "", 1);
    acq_buf_add(&call->headers, value, value_len);
    acq_buf_add(&call->headers, "", 1);
    call->header_count++;
    return 0;
}

/* is_grpc: "application/grpc", also with "+proto" or parameters; not "application/grpc-web", another protocol */
static bool is_grpc(const char *type)
{
    return type && !strncmp(type, "application/grpc", 16) && strchr("+;", type[16]);
}

/* known_encoding reads grpc-encoding. */
static bool known_encoding(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    const char *encoding = acq_rpc_find(headers, n, "grpc-encoding");
    call->gzip = encoding && !strcmp(encoding, "gzip");
    return !encoding || !*encoding || call->gzip || !strcmp(encoding, "identity");
}

static void too_large(struct acq_rpc_call *call)
{
    char why[80];
    acq_rpc_say_limit(why, sizeof why, "the headers are too many, or larger than", call->rpc->limits.headers);
    acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, why);
}

static void on_request(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    const char *method = acq_rpc_find(headers, n, ":method"), *te = acq_rpc_find(headers, n, "te");
    if (call->oversize) {
        too_large(call);
    } else if (!method || strcmp(method, "POST")) {
        call->other_method = true;
    } else if (!is_grpc(acq_rpc_find(headers, n, "content-type"))) {
        acq_rpc_refuse(call, "415", "This is a gRPC server: it takes the content-type application/grpc alone.\n");
    } else if (!te || strcmp(te, "trailers")) {
        acq_rpc_fail(call, ACQ_RPC_INTERNAL, "the header te: trailers is missing: does a proxy take it away?");
    } else if (!known_encoding(call, headers, n)) {
        acq_rpc_fail(call, ACQ_RPC_UNIMPLEMENTED, "grpc-encoding is not known here: send identity or gzip");
    } else if (!acq_rpc_set_deadline(call, headers, n)) {
        acq_rpc_fail(call, ACQ_RPC_INTERNAL, "grpc-timeout is malformed: 1 to 8 digits and one of H M S m u n");
    } else {
        call->began = true;
        call->events->begin(call->target, call, acq_rpc_find(headers, n, ":path"), headers, n);
    }
}

/* on_status takes grpc-status, wherever it comes. */
static void on_status(struct acq_rpc_call *call, const char *status, const char *message)
{
    char text[sizeof call->message];
    acq_rpc_decode_message(text, sizeof text, message ? message : "");
    acq_rpc_set_status(call, acq_rpc_status_of(status), text);
}

static void on_response(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n, bool last)
{
    const char *http = acq_rpc_find(headers, n, ":status"), *status = acq_rpc_find(headers, n, "grpc-status");
    char why[120];
    if (http && *http == '1') return; /* an interim answer: RFC 9110, 15.2 */
    if (call->oversize) {
        too_large(call);
    } else if (status) {
        on_status(call, status, acq_rpc_find(headers, n, "grpc-message"));
    } else if (http && strcmp(http, "200")) {
        snprintf(why, sizeof why, "the server answered with HTTP status %.3s: it is no gRPC server", http);
        acq_rpc_fail(call, acq_rpc_status_of_http(http), why);
    } else if (http && !is_grpc(acq_rpc_find(headers, n, "content-type"))) {
        acq_rpc_fail(call, ACQ_RPC_UNKNOWN, "the server's answer has another content-type: it is no gRPC server");
    } else if (http && !last) {
        (void)known_encoding(call, headers, n); /* where it is not, the first compressed message fails */
        call->events->begin(call->target, call, NULL, headers, n);
    }
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct acq_rpc *rpc = user;
    bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    rpc->heard = true; /* a whole frame: bytes that dribble in show no life */
    acq_rpc_guard_received(rpc, frame);
    if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK)
        acq_rpc_pong(rpc, frame->ping.opaque_data);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
        struct acq_rpc_header headers[HEADERS_MAX];
        size_t n = headers_of(call, headers);
        if (!rpc->server)
            on_response(call, headers, n, last);
        else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            on_request(call, headers, n);
        forget_headers(call);
    }
    if (!last) return 0;
    if (call->other_method) /* not before its end: browsers and tools like to send all first */
        acq_rpc_refuse(call, "405", "This is a gRPC server: it takes the method POST alone.\n");
    acq_rpc_half_closed(call);
    /* a client's call is over then, whether or not all has been sent */
    if (!rpc->server && !nghttp2_session_get_stream_local_close(session, call->id))
        acq_rpc_reset(rpc, call->id, NGHTTP2_NO_ERROR);
    return 0;
}

/* status_of_end: what a call's end means, if nothing has been said */
static void status_of_end(struct acq_rpc_call *call, uint32_t code)
{
    char why[100];
    if (call->rpc->server) {
        acq_rpc_set_status(call, code ? ACQ_RPC_CANCELLED : ACQ_RPC_OK, code ? "the client broke the call off" : "");
    } else if (call->half_closed) {
        acq_rpc_set_status(call, ACQ_RPC_UNKNOWN, "the server ended the call without a status");
    } else {
        snprintf(why, sizeof why, "the server broke the call off: %s", nghttp2_http2_strerror(code));
        acq_rpc_set_status(call, acq_rpc_status_of_reset(code), why);
    }
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)user;
    if (!call) return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    status_of_end(call, code);
    call->closed = true;
    if (call->rpc->server || !call->held || call->cancelled) acq_rpc_call_end(call);
    return 0;
}

/* After a server has ended a call whose client still sends, the stream must be reset: gRPC, "gRPC over HTTP2". */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct acq_rpc *rpc = user;
    bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    acq_rpc_guard_sent(rpc, frame);
    if (frame->hd.type == NGHTTP2_GOAWAY) acq_rpc_goaway_sent(rpc);
    if (!rpc->server || !last || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id))
        return 0;
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    acq_rpc_reset(rpc, frame->hd.stream_id, call ? call->reset : NGHTTP2_NO_ERROR);
    return 0;
}

void acq_rpc_set_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, acq_rpc_on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
}
