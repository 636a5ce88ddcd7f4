/* layer.c PORT - our gRPC layer as a server by itself: connections, loop and check are those of `acq serve`, but frames
 * go nowhere, and each 32nd is acked. What `acq serve` takes more is the price of its log. */
#include "measure.h"

#include "frame/ack.h"
#include "ingest/connections.h"
#include "ingest/pace.h"

#include <stdlib.h>

enum { ACK_EACH = 32, CONNECTIONS = 10000 };

struct server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_prepare_t turn;
    struct acq_connections connections;
    struct acq_pace pace;
    struct acq_frame frame;
};

/* The frames that came on a call are counted in its user pointer: there is nothing else to know of it. */
static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    (void)user, (void)path, (void)headers, (void)n;
    acq_rpc_respond(call, NULL, 0);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_connection *c = user;
    struct server *server = c->all->user;
    struct acq_frame *f = &server->frame;
    uint64_t frames = (uint64_t)(uintptr_t)acq_rpc_user(call) + 1;
    if (acq_decode(f, bytes, n) < 0) {
        acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "a message is no TelemetryFrame");
        return;
    }
    acq_rpc_set_user(call, (void *)(uintptr_t)frames);
    if (frames % ACK_EACH) return;
    uint8_t ack[ACQ_ACK_MAX];
    struct acq_ack a = {.last_monotonic_ns = f->head.monotonic_ns, .last_seq = frames, .status = ACQ_ACK_OK};
    acq_rpc_write(call, ack, acq_ack_encode(&a, ack));
}

static void on_half_close(void *user, struct acq_rpc_call *call)
{
    (void)user;
    acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    (void)user, (void)call, (void)status, (void)message;
}

static const struct acq_rpc_events events = {on_begin, on_message, on_half_close, on_end};

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status == 0) acq_connections_accept(&server->connections, listener);
}

static void on_turn(uv_prepare_t *turn)
{
    struct server *server = turn->data;
    uint64_t came = server->connections.round_bytes;
    acq_connections_flush(&server->connections);
    acq_pace_wait(&server->pace, came);
}

static void start(struct server *server, int port)
{
    struct sockaddr_in at;
    uv_ip4_addr("127.0.0.1", port, &at);
    server->loop = uv_default_loop();
    server->connections = (struct acq_connections){.loop = server->loop,
                                                   .limits = acq_rpc_default_limits,
                                                   .events = &events,
                                                   .user = server,
                                                   .most = CONNECTIONS,
                                                   .waits_max = SIZE_MAX};
    acq_pace_init(&server->pace);
    uv_prepare_init(server->loop, &server->turn);
    uv_prepare_start(&server->turn, on_turn);
    uv_tcp_init(server->loop, &server->listener);
    server->listener.data = server->turn.data = server;
    if (uv_tcp_bind(&server->listener, (struct sockaddr *)&at, 0) ||
        uv_listen((uv_stream_t *)&server->listener, 1024, on_connection))
        bench_fail("cannot listen on port %d", port);
}

int main(int argc, char **argv)
{
    static struct server server;
    if (argc != 2) bench_fail("usage: bench_layer PORT");
    start(&server, atoi(argv[1]));
    return uv_run(server.loop, UV_RUN_DEFAULT);
}
