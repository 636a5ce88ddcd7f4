#include "rpc/internal.h"

#include <stdlib.h>

const struct acq_rpc_limits acq_rpc_default_limits = {
    .streams = 100,                 /* as many as gRPC's own servers and HTTP/2 itself recommend at least */
    .message = ACQ_RPC_MESSAGE_MAX, /* a frame is some 6 KiB at most; another message smaller */
    .headers = 8 * 1024,            /* gRPC suggests it */
    .window = 1 << 20,              /* 10 MB/s of frames over 100 ms of line; 0.5 s of 300 cars */
    .unsent = ACQ_RPC_UNSENT_MAX,
    .ping_after_ns = INT64_C(30000000000),  /* routers forget a silent connection after a minute or more */
    .ping_answer_ns = INT64_C(20000000000), /* as in gRPC's own keepalive */
};

/* sane keeps limits in what HTTP/2 can say, and makes room for a message of one byte. */
static struct acq_rpc_limits sane(const struct acq_rpc_limits *given)
{
    enum { WINDOW_MIN = 1024, WINDOW_MAX = 1 << 28, MESSAGE_MAX = 1 << 28 };
    struct acq_rpc_limits l = given ? *given : acq_rpc_default_limits;
    if (l.window < WINDOW_MIN) l.window = WINDOW_MIN;
    if (l.window > WINDOW_MAX) l.window = WINDOW_MAX;
    if (l.message > MESSAGE_MAX) l.message = MESSAGE_MAX;
    if (!l.unsent) l.unsent = ACQ_RPC_UNSENT_MAX;
    return l;
}

static int new_session(struct acq_rpc *rpc, const nghttp2_session_callbacks *callbacks)
{
    nghttp2_option *options;
    if (nghttp2_option_new(&options)) return ACQ_MEMORY;
    nghttp2_option_set_no_auto_window_update(options, 1); /* message.c opens the windows */
    acq_rpc_guard_options(options);
    int r = rpc->server ? nghttp2_session_server_new2(&rpc->session, callbacks, rpc, options)
                        : nghttp2_session_client_new2(&rpc->session, callbacks, rpc, options);
    nghttp2_option_del(options);
    return r ? ACQ_MEMORY : ACQ_OK;
}

static int make_session(struct acq_rpc *rpc)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks)) return ACQ_MEMORY;
    acq_rpc_set_callbacks(callbacks);
    int r = new_session(rpc, callbacks);
    nghttp2_session_callbacks_del(callbacks);
    return r;
}

/* greet queues what a connection begins with. */
static int greet(struct acq_rpc *rpc)
{
    const struct acq_rpc_limits *l = &rpc->limits;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, l->streams},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, l->window},
                                         {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, l->headers},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    /* four calls may be at full speed; what waits here is bounded by the windows of the calls, not by this one */
    int32_t window = (int32_t)(4 * l->window > FIRST_WINDOW ? 4 * l->window : FIRST_WINDOW);
    return nghttp2_submit_settings(rpc->session, NGHTTP2_FLAG_NONE, settings, rpc->server ? 3 : 4) ||
                   nghttp2_session_set_local_window_size(rpc->session, NGHTTP2_FLAG_NONE, 0, window)
               ? ACQ_MEMORY
               : ACQ_OK;
}

int acq_rpc_new(struct acq_rpc **out, bool server, const struct acq_rpc_limits *limits,
                const struct acq_rpc_events *events, void *user, struct acq_err *err)
{
    struct acq_rpc *rpc = calloc(1, sizeof *rpc);
    if (!rpc) return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    rpc->server = server;
    rpc->events = events;
    rpc->user = user;
    rpc->limits = sane(limits);
    rpc->next_deadline_ns = NEVER;
    rpc->tell = (rpc->limits.window < FIRST_WINDOW ? rpc->limits.window : FIRST_WINDOW) / 4;
    if (make_session(rpc) < 0 || greet(rpc) < 0) {
        nghttp2_session_del(rpc->session);
        free(rpc);
        return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    }
    *out = rpc;
    return ACQ_OK;
}

void acq_rpc_set_secure(struct acq_rpc *rpc)
{
    rpc->secure = true;
}

void acq_rpc_free(struct acq_rpc *rpc)
{
    if (!rpc) return;
    while (rpc->calls) acq_rpc_call_end(rpc->calls);
    acq_rpc_gunzip_free(rpc);
    nghttp2_session_del(rpc->session);
    free(rpc);
}

void acq_rpc_check(struct acq_rpc *rpc, int result)
{
    rpc->broken = rpc->broken || result == NGHTTP2_ERR_NOMEM;
}

int acq_rpc_receive(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    if (rpc->broken) return acq_fail(err, ACQ_MEMORY, "the connection is at its end");
    ssize_t used = nghttp2_session_mem_recv(rpc->session, bytes, n);
    bool all = used >= 0 && (size_t)used == n;
    if (all && !rpc->broken && !acq_rpc_guard_queue(rpc)) return ACQ_OK;
    if (rpc->broken || used == NGHTTP2_ERR_NOMEM) {
        rpc->broken = true;
        return acq_fail(err, ACQ_MEMORY, "no memory for what the other side sends");
    }
    rpc->broken = true;
    if (all) return acq_fail(err, ACQ_RANGE, "the other side makes us answer, but does not read the answers");
    return acq_fail(err, ACQ_FORMAT, "the other side does not speak HTTP/2: %s",
                    used < 0 ? nghttp2_strerror((int)used) : "bytes were left over");
}

ptrdiff_t acq_rpc_send(struct acq_rpc *rpc, const uint8_t **bytes)
{
    if (rpc->reap) acq_rpc_reap(rpc);
    ssize_t n = rpc->broken ? 0 : nghttp2_session_mem_send(rpc->session, bytes);
    rpc->broken = rpc->broken || n < 0;
    return n < 0 ? ACQ_MEMORY : n;
}

bool acq_rpc_done(const struct acq_rpc *rpc)
{
    return rpc->broken || (!nghttp2_session_want_read(rpc->session) && !nghttp2_session_want_write(rpc->session));
}

size_t acq_rpc_held(const struct acq_rpc *rpc)
{
    return rpc->held;
}

bool acq_rpc_idle(const struct acq_rpc *rpc)
{
    return !rpc->calls;
}

size_t acq_rpc_unfinished(const struct acq_rpc *rpc)
{
    return rpc->unfinished;
}
