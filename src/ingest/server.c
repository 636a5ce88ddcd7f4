#include "ingest/server.h"

#include "base/addr.h"
#include "base/log.h"
#include "base/os.h"
#include "ingest/session.h"
#include "rpc/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_FRAMES "/telemetry.v1.TelemetryIngest/StreamFrames"
enum { TICK_MS = 50, CONNECTIONS_MAX = 1000, DRAIN_MS = 2000 };

/* One client's connection. */
struct connection {
    struct acq_link link; /* first, so that the link's address is the connection's */
    struct server *server;
    struct connection *next, **place;
};

struct server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t tick;
    uv_signal_t signals[2];
    struct acq_sessions sessions;
    struct connection *connections;
    size_t connected;
    uint64_t shown_frames;
    int64_t shown_ns, drain_until_ns; /* > 0: shutting down */
};

/* ---- the service ---- */

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct connection *c = user;
    struct acq_err err;
    char last[24];
    if (strcmp(path, STREAM_FRAMES)) {
        acq_rpc_finish(call, ACQ_RPC_UNIMPLEMENTED, "this server has only " STREAM_FRAMES);
        return;
    }
    if (c->server->drain_until_ns) {
        acq_rpc_finish(call, ACQ_RPC_UNAVAILABLE, "the server is shutting down");
        return;
    }
    const char *id = acq_rpc_find(headers, n, "acq-session");
    if (!id) { /* a client of the original kind: the session is in its first frame */
        acq_rpc_respond(call, NULL, 0);
        return;
    }
    if (!*id || strlen(id) > 63) {
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "acq-session takes 1 to 63 characters");
        return;
    }
    struct acq_session *s = acq_session_get(&c->server->sessions, id, &err);
    if (!s || s->failed) {
        acq_rpc_finish(call, ACQ_RPC_UNAVAILABLE, s ? "the server cannot write the recording" : err.text);
        return;
    }
    acq_session_attach(s, call);
    /* what is taken but not yet durable is on its way; if it should fail, this stream ends */
    snprintf(last, sizeof last, "%" PRIu64, s->last_seq);
    struct acq_rpc_header answer = {"acq-last-seq", last};
    acq_rpc_respond(call, &answer, 1);
}

/* first_frame finds the session of a stream without metadata. */
static struct acq_session *first_frame(struct connection *c, struct acq_rpc_call *call, const char *id)
{
    struct acq_err err;
    struct acq_session *s = *id ? acq_session_get(&c->server->sessions, id, &err) : NULL;
    if (!*id)
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "a frame has no session_id");
    else if (!s || s->failed)
        acq_rpc_finish(call, ACQ_RPC_UNAVAILABLE, "the server cannot write the recording");
    else
        acq_session_attach(s, call);
    return s && !s->failed ? s : NULL;
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct connection *c = user;
    struct acq_frame *f = &c->server->sessions.frame;
    struct acq_session *s = acq_rpc_user(call);
    char why[120];
    if (acq_decode(f, bytes, n) < 0) {
        snprintf(why, sizeof why, "a message is no TelemetryFrame; last seq taken %" PRIu64, s ? s->last_seq : 0);
        acq_log(ACQ_LOG_WARN, "session %s: %s", s ? s->id : "?", why);
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, why);
        return;
    }
    const char *id = f->has[ACQ_head_session_id] ? f->head.session_id : "";
    if (!s && !(s = first_frame(c, call, id))) return;
    if (strcmp(s->id, id)) {
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "one stream carries one session: the session_id has changed");
        return;
    }
    acq_session_take(s, bytes, n);
}

static void on_half_close(void *user, struct acq_rpc_call *call)
{
    struct acq_session *s = acq_rpc_user(call);
    (void)user;
    if (s)
        acq_session_finish(s, ACQ_RPC_OK, "");
    else
        acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct acq_session *s = acq_rpc_user(call);
    (void)user, (void)status, (void)message;
    if (s) acq_session_detach(s, call);
}

static const struct acq_rpc_events events = {on_begin, on_message, on_half_close, on_end};

/* ---- connections ---- */

static void on_link_closed(struct acq_link *link, const char *why)
{
    struct connection *c = (struct connection *)link;
    acq_log(ACQ_LOG_DEBUG, "connection ended: %s", why);
    if (c->place) {
        *c->place = c->next;
        if (c->next) c->next->place = c->place;
        c->server->connected--;
    }
    free(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    struct acq_rpc *rpc;
    struct connection *c = status < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) return;
    c->server = server;
    if (acq_link_init(&c->link, &server->loop, on_link_closed, NULL) < 0) {
        free(c);
        return;
    }
    if (uv_accept(listener, (uv_stream_t *)&c->link.tcp) < 0 || server->connected >= CONNECTIONS_MAX ||
        acq_rpc_new(&rpc, true, &events, c, NULL) < 0) {
        acq_link_close(&c->link, "too many connections");
        return;
    }
    c->next = server->connections;
    c->place = &server->connections;
    if (c->next) c->next->place = &c->next;
    server->connections = c;
    server->connected++;
    if (acq_link_start(&c->link, rpc, NULL) < 0)
        acq_link_close(&c->link, "cannot read");
    else
        acq_link_flush(&c->link);
}

static void flush_all(struct server *server)
{
    for (struct connection *c = server->connections, *next; c; c = next) {
        next = c->next;
        acq_link_flush(&c->link);
    }
}

/* on_acked: which link a call belongs to is not kept; the tick flushes all of them soon. Called from the loop, also
 * inside rpc events, where a link must not be flushed. */
static void on_acked(void *user, struct acq_session *session)
{
    struct server *server = user;
    (void)session;
    uv_timer_start(&server->tick, server->tick.timer_cb, 0, TICK_MS);
}

/* ---- time ---- */

static void show(struct server *server, int64_t now)
{
    double seconds = (double)(now - server->shown_ns) / 1e9;
    size_t live = 0;
    if (seconds < 1) return;
    for (struct acq_session *s = server->sessions.first; s; s = s->next) live += s->call != NULL;
    acq_status("%zu cars, %.0f frames/s, %" PRIu64 " frames, %" PRIu64 " duplicates", live,
               (double)(server->sessions.frames - server->shown_frames) / seconds, server->sessions.frames,
               server->sessions.duplicates);
    server->shown_frames = server->sessions.frames;
    server->shown_ns = now;
}

/* drained: are all streams over and all their last words written? */
static bool drained(struct server *server, int64_t now)
{
    for (struct acq_session *s = server->sessions.first; s; s = s->next)
        if (s->working) return false;
    return !server->connections || now > server->drain_until_ns;
}

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    int64_t now = acq_now_ns();
    acq_sessions_tick(&server->sessions, now);
    flush_all(server);
    show(server, now);
    if (server->drain_until_ns && drained(server, now)) uv_stop(&server->loop);
}

/* stop: no new streams; those that run are told to come again elsewhere when what they sent is durable. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    (void)number;
    if (server->drain_until_ns) {
        uv_stop(&server->loop);
        return;
    }
    acq_log(ACQ_LOG_INFO, "stopping: %" PRIu64 " frames taken", server->sessions.frames);
    server->drain_until_ns = acq_now_ns() + DRAIN_MS * INT64_C(1000000);
    uv_close((uv_handle_t *)&server->listener, NULL);
    for (struct acq_session *s = server->sessions.first; s; s = s->next)
        if (s->call) acq_session_finish(s, ACQ_RPC_UNAVAILABLE, "the server is shutting down");
    for (struct connection *c = server->connections; c; c = c->next) acq_rpc_shutdown(c->link.rpc);
    flush_all(server);
}

/* ---- life ---- */

static int bind_listener(struct server *server, const struct acq_addr *addr, struct acq_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_storage name;
    int size = sizeof name;
    uv_getaddrinfo_t request;
    int r = uv_getaddrinfo(&server->loop, &request, NULL, addr->host, addr->port, &hints);
    if (r < 0) return acq_fail(err, ACQ_IO, "the address %s is not known here: %s", addr->host, uv_strerror(r));
    r = uv_tcp_bind(&server->listener, request.addrinfo->ai_addr, 0);
    uv_freeaddrinfo(request.addrinfo);
    if (r == 0) r = uv_listen((uv_stream_t *)&server->listener, 128, on_connection);
    if (r == UV_EADDRINUSE)
        return acq_fail(err, ACQ_IO,
                        "port %s on %s is in use: another server runs there; end it, or choose another by --listen",
                        addr->port, addr->host);
    if (r < 0) return acq_fail(err, ACQ_IO, "cannot listen on %s:%s: %s", addr->host, addr->port, uv_strerror(r));
    uv_tcp_getsockname(&server->listener, (struct sockaddr *)&name, &size);
    int port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&name)->sin6_port
                                                : ((struct sockaddr_in *)(void *)&name)->sin_port);
    acq_log(ACQ_LOG_INFO, "listening on %s:%d, recordings in %s", addr->host, port, server->sessions.store.dir);
    return ACQ_OK;
}

static void start_handles(struct server *server)
{
    uv_tcp_init(&server->loop, &server->listener);
    uv_timer_init(&server->loop, &server->tick);
    server->listener.data = server->tick.data = server;
    uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
    for (int i = 0; i < 2; i++) {
        uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        uv_signal_start(&server->signals[i], on_signal, i ? SIGTERM : SIGINT);
    }
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void finish(struct server *server)
{
    for (struct connection *c = server->connections; c; c = c->next) acq_link_close(&c->link, "the server ends");
    uv_run(&server->loop, UV_RUN_NOWAIT);
    uv_walk(&server->loop, close_handle, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT); /* also waits for workers */
    acq_sessions_close(&server->sessions);
    uv_loop_close(&server->loop);
}

int acq_server_run(const struct acq_server_config *config, struct acq_err *err)
{
    struct acq_addr addr;
    int r = acq_addr_parse(&addr, config->listen, err);
    if (r < 0) return r;
    if (!acq_addr_is_loopback(&addr) && !config->insecure)
        return acq_fail(
            err, ACQ_USAGE,
            "%s can be reached by others, and this server has neither TLS nor passwords yet: add --insecure "
            "if your network is trusted",
            addr.host);
    struct server *server = calloc(1, sizeof *server);
    if (!server) return acq_fail(err, ACQ_MEMORY, "no memory for the server");
    r = acq_store_init(&server->sessions.store, config->data, err);
    if (r < 0) {
        free(server);
        return r;
    }
    uv_loop_init(&server->loop);
    server->sessions.loop = &server->loop;
    server->sessions.acked = on_acked;
    server->sessions.user = server;
    acq_buf_init(&server->sessions.scratch, ACQ_FRAME_LIMIT + 64);
    server->shown_ns = acq_now_ns();
    start_handles(server);
    r = bind_listener(server, &addr, err);
    if (r == ACQ_OK) uv_run(&server->loop, UV_RUN_DEFAULT);
    acq_status("%s", "");
    finish(server);
    free(server);
    return r;
}
