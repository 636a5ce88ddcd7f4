#include "ingest/server.h"

#include "base/addr.h"
#include "base/log.h"
#include "base/os.h"
#include "base/stop.h"
#include "ingest/connections.h"
#include "ingest/event.h"
#include "ingest/health.h"
#include "ingest/pace.h"
#include "ingest/reflection.h"
#include "ingest/sessions.h"
#include "ingest/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 20, PINGS_MS = 250, SEGMENT = 16 << 20, WAITING_MAX = 16 << 20 };
#define HURRY_S 2                  /* to drain, at most, when the system ends the program soon */
#define COMMIT_NS INT64_C(8000000) /* from one group of the commit log to the next */
#define PING_ANSWER_NS INT64_C(20000000000)

struct server {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t tick;
    uv_prepare_t turn;
    uv_async_t committed;
    const struct acq_server_config *config;
    struct acq_connections connections;
    struct acq_sessions sessions;
    struct acq_health health;
    struct acq_status_line status;
    struct acq_pace pace;
    int64_t pinged_ns, drain_until_ns; /* the latter > 0: shutting down */
    unsigned told;                     /* how often it was told to end, as far as that has been heeded */
    struct acq_err failure;            /* code != 0: the disk failed */
};

/* ---- the methods ---- */

static bool handle(struct server *server, struct acq_connection *c, struct acq_rpc_call *call, const char *path,
                   const struct acq_rpc_header *headers, size_t n)
{
    const struct {
        const char *path;
        const struct acq_rpc_events *events;
        void *user;
    } methods[] = {
        {ACQ_STREAM_FRAMES, &acq_stream_events, &c->stream},
        {ACQ_HEALTH_CHECK, &acq_health_check_events, &server->health},
        {ACQ_HEALTH_LIST, &acq_health_list_events, &server->health},
        {ACQ_HEALTH_WATCH, &acq_health_watch_events, &server->health},
        {ACQ_REFLECTION_V1, &acq_reflection_events, NULL},
        {ACQ_REFLECTION_V1ALPHA, &acq_reflection_events, NULL},
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(path, methods[i].path)) continue;
        acq_rpc_handle(call, methods[i].events, methods[i].user, path, headers, n);
        return true;
    }
    return false;
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct acq_connection *c = user;
    struct server *server = c->all->user;
    c->called = true;
    if (server->drain_until_ns)
        acq_rpc_finish(call, ACQ_RPC_UNAVAILABLE, "the server is shutting down");
    else if (!handle(server, c, call, path, headers, n))
        acq_rpc_finish(call, ACQ_RPC_UNIMPLEMENTED, "there is no such method; telemetry goes to " ACQ_STREAM_FRAMES);
}

static void ignore_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    (void)user, (void)call, (void)bytes, (void)n;
}

static void ignore_half_close(void *user, struct acq_rpc_call *call)
{
    (void)user, (void)call;
}

static void ignore_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    (void)user, (void)call, (void)status, (void)message;
}

/* until a method has taken a call over, which it does when it begins, or the call is refused */
static const struct acq_rpc_events events = {on_begin, ignore_message, ignore_half_close, ignore_end};

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status == 0) acq_connections_accept(&server->connections, listener);
}

static void on_queued(void *user, struct acq_rpc_call *call)
{
    (void)user;
    acq_connections_queue(call);
}

/* ---- time ---- */

/* drain: no new streams; those that run are told to come again elsewhere when what they sent is durable. */
static void drain(struct server *server, int64_t now)
{
    struct acq_event e;
    int64_t seconds = server->config->drain_s;
    if (acq_stop_hurries() && seconds > HURRY_S) seconds = HURRY_S;
    acq_event_begin(&e, "stopping");
    acq_event_text(&e, "why", acq_stop_words(acq_stop_why()));
    acq_event_number(&e, "frames", server->sessions.frames);
    acq_event_end(&e, ACQ_LOG_INFO);
    server->drain_until_ns = now + seconds * INT64_C(1000000000);
    uv_close((uv_handle_t *)&server->listener, NULL);
    acq_health_set(&server->health, false);
    acq_health_end(&server->health);
    acq_sessions_finish(&server->sessions, ACQ_RPC_UNAVAILABLE, "the server is shutting down");
    acq_connections_shutdown(&server->connections);
}

/* heed_stop begins to drain when the server is told to end. Told once more, it waits for nobody. */
static void heed_stop(struct server *server, int64_t now)
{
    unsigned times = acq_stop_times();
    if (times == server->told) return;
    if (!server->drain_until_ns) drain(server, now);
    if (times > 1) uv_stop(&server->loop);
    server->told = times;
}

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    int64_t now = acq_now_ns();
    heed_stop(server, now);
    acq_sessions_tick(&server->sessions, now);
    if (now - server->pinged_ns >= PINGS_MS * INT64_C(1000000)) {
        acq_connections_check(&server->connections, now);
        server->pinged_ns = now;
    }
    acq_status_show(&server->status, &server->sessions, now);
    if (!server->drain_until_ns) return;
    if ((acq_sessions_finished(&server->sessions) && !server->connections.first) || now > server->drain_until_ns)
        uv_stop(&server->loop);
}

/* on_turn runs before the loop waits: what came together is flushed together. */
static void on_turn(uv_prepare_t *handle)
{
    struct server *server = handle->data;
    uint64_t came = server->connections.round_bytes;
    acq_sessions_gathered(&server->sessions);
    acq_connections_flush(&server->connections);
    acq_pace_wait(&server->pace, came);
}

static void on_log(void *user) /* on the log's thread */
{
    uv_async_send(&((struct server *)user)->committed);
}

static void on_committed(uv_async_t *async)
{
    struct server *server = async->data;
    acq_sessions_committed(&server->sessions);
}

/* on_failed: the disk lost what had been written. A fresh start replays the commit log, which has it. */
static void on_failed(void *user, const struct acq_err *err)
{
    struct server *server = user;
    server->failure = *err;
    uv_stop(&server->loop);
}

/* ---- life ---- */

static int bind_listener(struct server *server, const struct acq_addr *addr, struct acq_err *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_storage name;
    char text[ACQ_PEER_MAX];
    int size = sizeof name;
    uv_getaddrinfo_t request;
    int r = uv_getaddrinfo(&server->loop, &request, NULL, addr->host, addr->port, &hints);
    if (r < 0) return acq_fail(err, ACQ_IO, "the address %s is not known here: %s", addr->host, uv_strerror(r));
    r = uv_tcp_bind(&server->listener, request.addrinfo->ai_addr, 0);
    uv_freeaddrinfo(request.addrinfo);
    if (r == 0) r = uv_listen((uv_stream_t *)&server->listener, 128, on_connection);
    if (r < 0) return acq_fail(err, ACQ_IO, "cannot listen on %s:%s: %s", addr->host, addr->port, uv_strerror(r));
    uv_tcp_getsockname(&server->listener, (struct sockaddr *)&name, &size);
    acq_connections_address(text, &name);
    acq_log(ACQ_LOG_INFO, "listening on %s, %srecordings in %s", text, server->connections.tls ? "TLS, " : "",
            server->config->data);
    return ACQ_OK;
}

static void start_handles(struct server *server)
{
    uv_tcp_init(&server->loop, &server->listener);
    uv_timer_init(&server->loop, &server->tick);
    uv_prepare_init(&server->loop, &server->turn);
    server->listener.data = server->tick.data = server->turn.data = server;
    uv_timer_start(&server->tick, on_tick, TICK_MS, TICK_MS);
    uv_prepare_start(&server->turn, on_turn);
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void set_limits(struct server *server, const struct acq_server_config *config)
{
    server->config = config;
    struct acq_connections *c = &server->connections;
    c->loop = &server->loop;
    c->sessions = &server->sessions;
    c->events = &events;
    c->user = server;
    c->limits = acq_rpc_default_limits;
    c->limits.streams = (uint32_t)config->streams;
    c->limits.message = (uint32_t)config->message_kib << 10;
    c->limits.headers = (uint32_t)config->header_kib << 10;
    c->limits.ping_after_ns = config->ping_s * INT64_C(1000000000);
    c->limits.ping_answer_ns = PING_ANSWER_NS;
    c->most = (size_t)config->connections;
    c->waits_max = (size_t)config->buffer_mib << 20;
    server->sessions.unsealed_max = (size_t)config->buffer_mib << 20;
    server->sessions.queued = on_queued;
    server->sessions.failed = on_failed;
    server->sessions.user = server;
    acq_frame_clear(&server->sessions.frame);
}

static int serve(struct server *server, const struct acq_addr *addr, struct acq_err *err)
{
    int64_t waiting = server->config->buffer_mib << 18; /* a quarter of it */
    struct acq_commit_config log = {.size_max = (uint64_t)server->config->log_mib << 20,
                                    .segment_size = SEGMENT,
                                    .waiting_max = waiting < WAITING_MAX ? (uint32_t)waiting : WAITING_MAX,
                                    .interval_ns = COMMIT_NS,
                                    .committed = on_log,
                                    .user = server};
    int r = acq_sessions_open(&server->sessions, &server->loop, server->config->data, &log, err);
    if (r < 0) return r;
    start_handles(server);
    r = bind_listener(server, addr, err);
    if (r < 0) return r;
    acq_health_set(&server->health, true);
    uv_run(&server->loop, UV_RUN_DEFAULT);
    acq_status("%s", "");
    return server->failure.code ? acq_fail(err, server->failure.code, "%s; nothing that was acked is lost: start again",
                                           server->failure.text)
                                : ACQ_OK;
}

/* finish closes what serve opened, in the order of who uses what. */
static int finish(struct server *server, int r, struct acq_err *err)
{
    struct acq_err unused;
    acq_connections_close(&server->connections);
    acq_health_fini(&server->health);
    uv_walk(&server->loop, close_handle, NULL);
    uv_run(&server->loop, UV_RUN_DEFAULT); /* also waits for workers */
    int closed = acq_sessions_close(&server->sessions, r < 0, r < 0 ? &unused : err);
    uv_loop_close(&server->loop);
    acq_pace_fini(&server->pace);
    return r < 0 ? r : closed;
}

/* refuse_open: TLS keeps others from listening, not from sending. */
static int refuse_open(const struct acq_server_config *config, const char *host, struct acq_err *err)
{
    if (config->cert)
        return acq_fail(
            err, ACQ_USAGE,
            "%s can be reached by others, and this server has no passwords yet: with TLS nobody can listen, "
            "but anybody can send; add --insecure if you trust all who reach it",
            host);
    return acq_fail(err, ACQ_USAGE,
                    "%s can be reached by others: without --cert and --key they can listen, and as there are no "
                    "passwords yet they can send; add --insecure if your network is trusted",
                    host);
}

/* make_tls reads certificate and key, if there are any. */
static int make_tls(struct acq_tls_context **tls, const struct acq_server_config *config, struct acq_err *err)
{
    *tls = NULL;
    if (!config->cert && !config->key) return ACQ_OK;
    if (config->cert && config->key) return acq_tls_server_new(tls, config->cert, config->key, err);
    return acq_fail(err, ACQ_USAGE,
                    config->cert ? "--cert needs the certificate's key: add --key FILE"
                                 : "--key needs the certificate: add --cert FILE");
}

int acq_server_run(const struct acq_server_config *config, struct acq_err *err)
{
    struct acq_addr addr;
    int r = acq_addr_parse(&addr, config->listen, err);
    if (r < 0) return r;
    if (!acq_addr_is_loopback(&addr) && !config->insecure) return refuse_open(config, addr.host, err);
    struct acq_tls_context *tls;
    r = make_tls(&tls, config, err);
    if (r < 0) return r;
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        acq_tls_release(tls);
        return acq_fail(err, ACQ_MEMORY, "no memory for the server");
    }
    set_limits(server, config);
    server->connections.tls = tls;
    acq_health_init(&server->health);
    acq_on_stop_again();
    acq_log_never_wait(); /* cars do not wait for a terminal */
    acq_raise_files();
    acq_pace_init(&server->pace);
    uv_loop_init(&server->loop);
    uv_async_init(&server->loop, &server->committed, on_committed);
    server->committed.data = server;
    r = finish(server, serve(server, &addr, err), err);
    acq_tls_release(tls);
    free(server);
    return r;
}
