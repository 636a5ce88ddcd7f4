#include "rpc/rpc.h"

#include "base/buf.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 48, HEADER_BYTES_MAX = 8 * 1024, PREFIX = 5, WINDOW = 1 << 20 };

struct acq_rpc {
    nghttp2_session *session;
    const struct acq_rpc_events *events;
    void *user;
    bool server, broken;        /* broken: nghttp2 has failed, and must not be used any more */
    struct acq_rpc_call *calls; /* all that live */
};

struct acq_rpc_call {
    struct acq_rpc *rpc;
    struct acq_rpc_call *next, **link;
    int32_t id;
    void *user;
    bool began, responded, ending, cancelled;
    struct acq_buf in;  /* a message that has not come as a whole */
    struct acq_buf out; /* what is to be sent; the first `sent` bytes have been */
    size_t sent;
    struct acq_buf headers; /* name, NUL, value, NUL ... of the block that is being read */
    size_t header_count;
    int status; /* < 0: not known yet */
    char message[200];
};

const char *acq_rpc_status_name(int status)
{
    static const char *const names[] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    return status >= 0 && status < (int)(sizeof names / sizeof *names) ? names[status] : "status";
}

/* ---- calls ---- */

static struct acq_rpc_call *call_new(struct acq_rpc *rpc)
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

static void call_free(struct acq_rpc_call *call)
{
    *call->link = call->next;
    if (call->next) call->next->link = call->link;
    acq_buf_fini(&call->in);
    acq_buf_fini(&call->out);
    acq_buf_fini(&call->headers);
    free(call);
}

static void set_status(struct acq_rpc_call *call, int status, const char *message)
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

static nghttp2_nv nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

/* encode_message: a status message as gRPC wants it in a header: percent-encoded outside of printable ASCII, and where
 * a header must not have a space, at its begin and end */
static void encode_message(char *dst, size_t size, const char *text)
{
    size_t at = 0;
    for (; *text && at + 4 < size; text++) {
        unsigned char c = (unsigned char)*text;
        bool space_inside = c == ' ' && at && text[1];
        if (space_inside || (c > ' ' && c <= '~' && c != '%'))
            dst[at++] = (char)c;
        else
            at += (size_t)snprintf(dst + at, 4, "%%%02X", c);
    }
    dst[at] = 0;
}

/* decode_message: what is not percent-encoded as it should be stays as it is */
static void decode_message(char *dst, size_t size, const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    size_t at = 0;
    for (; *text && at + 1 < size; text++) {
        char hex[3] = {0};
        if (*text == '%' && strspn(text + 1, digits) >= 2) {
            memcpy(hex, text + 1, 2);
            unsigned long byte = strtoul(hex, NULL, 16);
            dst[at++] = (char)(byte >= ' ' ? byte : ' ');
            text += 2;
        } else {
            dst[at++] = *text;
        }
    }
    dst[at] = 0;
}

static void submit_trailer(struct acq_rpc_call *call)
{
    char status[12], message[3 * sizeof call->message];
    snprintf(status, sizeof status, "%d", call->status);
    encode_message(message, sizeof message, call->message);
    nghttp2_nv trailer[] = {nv("grpc-status", status), nv("grpc-message", message)};
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
    set_status(call, ACQ_RPC_CANCELLED, "cancelled");
    nghttp2_submit_rst_stream(call->rpc->session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
}

struct acq_rpc_call *acq_rpc_call(struct acq_rpc *rpc, const char *path, const char *authority,
                                  const struct acq_rpc_header *headers, size_t n)
{
    struct acq_rpc_call *call = call_new(rpc);
    if (!call) return NULL;
    nghttp2_nv all[8 + HEADERS_MAX] = {nv(":method", "POST"),
                                       nv(":scheme", "http"),
                                       nv(":path", path),
                                       nv(":authority", authority),
                                       nv("content-type", "application/grpc"),
                                       nv("te", "trailers"),
                                       nv("user-agent", "acq/" ACQ_VERSION_TEXT)};
    size_t count = 7;
    for (size_t i = 0; i < n && i < HEADERS_MAX; i++) all[count++] = nv(headers[i].name, headers[i].value);
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    call->id = nghttp2_submit_request(rpc->session, NULL, all, count, &data, call);
    call->began = true;
    if (call->id > 0) return call;
    call_free(call);
    return NULL;
}

int acq_rpc_respond(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    nghttp2_nv all[2 + HEADERS_MAX] = {nv(":status", "200"), nv("content-type", "application/grpc")};
    size_t count = 2;
    for (size_t i = 0; i < n && i < HEADERS_MAX; i++) all[count++] = nv(headers[i].name, headers[i].value);
    nghttp2_data_provider data = {.source.ptr = call, .read_callback = read_out};
    call->responded = true;
    return nghttp2_submit_response(call->rpc->session, call->id, all, count, &data) ? ACQ_MEMORY : ACQ_OK;
}

void acq_rpc_finish(struct acq_rpc_call *call, enum acq_rpc_status status, const char *message)
{
    if (call->ending) return;
    set_status(call, (int)status, message);
    call->ending = true;
    if (call->responded) {
        nghttp2_session_resume_data(call->rpc->session, call->id);
        return;
    }
    char number[12], text[3 * sizeof call->message];
    snprintf(number, sizeof number, "%d", call->status);
    encode_message(text, sizeof text, call->message);
    nghttp2_nv only[] = {nv(":status", "200"), nv("content-type", "application/grpc"), nv("grpc-status", number),
                         nv("grpc-message", text)};
    call->responded = true;
    nghttp2_submit_response(call->rpc->session, call->id, only, *text ? 4 : 3, NULL);
}

/* ---- receiving ---- */

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
        call = call_new(rpc);
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
    nghttp2_nv only[] = {nv(":status", http_status)};
    set_status(call, ACQ_RPC_INTERNAL, "not a gRPC request");
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

/* status_of: the number in grpc-status; UNKNOWN for what is none, so that it never passes for success */
static int status_of(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n <= 3 && strspn(text, "0123456789") == n ? atoi(text) : ACQ_RPC_UNKNOWN;
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
        set_status(call, ACQ_RPC_UNAVAILABLE, text);
    } else if (status) {
        decode_message(text, sizeof text, message ? message : "");
        set_status(call, status_of(status), text);
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

static void end(struct acq_rpc_call *call)
{
    struct acq_rpc *rpc = call->rpc;
    set_status(call, ACQ_RPC_UNAVAILABLE, "the connection was lost");
    if (call->began) rpc->events->end(rpc->user, call, call->status, call->message);
    call_free(call);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)user;
    if (!call) return 0;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    if (call->rpc->server && code)
        set_status(call, ACQ_RPC_CANCELLED, "the client broke the call off");
    else if (call->rpc->server)
        set_status(call, ACQ_RPC_OK, "");
    end(call);
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

/* ---- connections ---- */

static int make_session(struct acq_rpc *rpc)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks)) return ACQ_MEMORY;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    int r = rpc->server ? nghttp2_session_server_new(&rpc->session, callbacks, rpc)
                        : nghttp2_session_client_new(&rpc->session, callbacks, rpc);
    nghttp2_session_callbacks_del(callbacks);
    return r ? ACQ_MEMORY : ACQ_OK;
}

int acq_rpc_new(struct acq_rpc **out, bool server, const struct acq_rpc_events *events, void *user, struct acq_err *err)
{
    struct acq_rpc *rpc = calloc(1, sizeof *rpc);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, ACQ_RPC_STREAMS_MAX},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
                                         {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES_MAX},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    if (!rpc) return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    *rpc = (struct acq_rpc){.server = server, .events = events, .user = user};
    if (make_session(rpc) < 0 || nghttp2_submit_settings(rpc->session, NGHTTP2_FLAG_NONE, settings, server ? 3 : 4) ||
        nghttp2_session_set_local_window_size(rpc->session, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW)) {
        nghttp2_session_del(rpc->session);
        free(rpc);
        return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    }
    *out = rpc;
    return ACQ_OK;
}

void acq_rpc_free(struct acq_rpc *rpc)
{
    if (!rpc) return;
    while (rpc->calls) end(rpc->calls);
    nghttp2_session_del(rpc->session);
    free(rpc);
}

int acq_rpc_receive(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    ssize_t used = rpc->broken ? NGHTTP2_ERR_INVALID_STATE : nghttp2_session_mem_recv(rpc->session, bytes, n);
    if (used >= 0 && (size_t)used == n) return ACQ_OK;
    rpc->broken = true;
    return acq_fail(err, ACQ_FORMAT, "the other side does not speak HTTP/2: %s",
                    used < 0 ? nghttp2_strerror((int)used) : "bytes were left over");
}

ptrdiff_t acq_rpc_send(struct acq_rpc *rpc, const uint8_t **bytes)
{
    ssize_t n = rpc->broken ? 0 : nghttp2_session_mem_send(rpc->session, bytes);
    rpc->broken = rpc->broken || n < 0;
    return n < 0 ? ACQ_MEMORY : n;
}

bool acq_rpc_done(const struct acq_rpc *rpc)
{
    return rpc->broken || (!nghttp2_session_want_read(rpc->session) && !nghttp2_session_want_write(rpc->session));
}

void acq_rpc_shutdown(struct acq_rpc *rpc)
{
    nghttp2_submit_goaway(rpc->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(rpc->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
}
