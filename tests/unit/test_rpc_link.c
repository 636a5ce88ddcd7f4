/* Links: rpc connections over real sockets, on one loop. Reading stops and starts, full sockets are waited for. */
#include "rpc_pair.h"

#include "rpc/link.h"

enum { PATIENCE = 60 }; /* [s] */

struct end {
    struct acq_link link; /* first, so that the link's address is this one's */
    struct side side;
    unsigned received, closed;
    bool flushes; /* on received */
    char why[400];
};

static uv_loop_t loop;
static uv_tcp_t listener;
static struct end client, server;

static void on_closed(struct acq_link *link, const char *why)
{
    struct end *e = (struct end *)link;
    e->closed++;
    e->side.rpc = NULL;
    snprintf(e->why, sizeof e->why, "%s", why);
}

static void on_received(struct acq_link *link)
{
    struct end *e = (struct end *)link;
    e->received++;
    if (e->flushes) acq_link_flush(link);
}

static void start(struct end *e, bool is_server)
{
    struct acq_err err;
    side_init(&e->side, is_server);
    assert_int_equal(acq_link_start(&e->link, e->side.rpc, &err), ACQ_OK);
    acq_link_flush(&e->link);
}

static void on_connection(uv_stream_t *stream, int status)
{
    assert_int_equal(status, 0);
    assert_int_equal(uv_accept(stream, (uv_stream_t *)&server.link.tcp), 0);
    start(&server, true);
    server.side.on_begin = respond;
}

static void on_connect(uv_connect_t *request, int status)
{
    (void)request;
    assert_int_equal(status, 0);
    start(&client, false);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

/* turn runs the loop once, and not for ever. */
static void turn(void)
{
    static uv_timer_t timer;
    if (!timer.data) uv_timer_init(&loop, &timer);
    timer.data = &timer;
    uv_timer_start(&timer, on_timer, 5, 5); /* again and again: it may be due before the loop waits */
    uv_run(&loop, UV_RUN_ONCE);
}

#define RUN_UNTIL(condition)                                                             \
    do {                                                                                 \
        uint64_t end = uv_hrtime() + PATIENCE * UINT64_C(1000000000);                    \
        while (!(condition)) {                                                           \
            if (uv_hrtime() > end) fail_msg("waited %d s for %s", PATIENCE, #condition); \
            turn();                                                                      \
        }                                                                                \
    } while (0)

/* turns runs the loop for a while in which nothing is to happen. */
static void turns(unsigned n)
{
    while (n--) turn();
}

static int connect_both(void **state)
{
    static uv_connect_t request;
    struct sockaddr_in name;
    struct acq_err err;
    int size = sizeof name;
    (void)state;
    client = server = (struct end){.closed = 0};
    assert_int_equal(acq_link_init(&client.link, &loop, on_closed, &err), ACQ_OK);
    assert_int_equal(acq_link_init(&server.link, &loop, on_closed, &err), ACQ_OK);
    uv_tcp_init(&loop, &listener);
    uv_ip4_addr("127.0.0.1", 0, &name);
    assert_int_equal(uv_tcp_bind(&listener, (struct sockaddr *)&name, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&listener, 1, on_connection), 0);
    uv_tcp_getsockname(&listener, (struct sockaddr *)&name, &size);
    assert_int_equal(uv_tcp_connect(&request, &client.link.tcp, (struct sockaddr *)&name, on_connect), 0);
    RUN_UNTIL(client.side.rpc && server.side.rpc);
    client.side.call = acq_rpc_call(client.side.rpc, "/a.B/C", "host:1", NULL, 0);
    acq_link_flush(&client.link);
    RUN_UNTIL(server.side.begins && client.side.begins);
    return 0;
}

static int close_both(void **state)
{
    (void)state;
    acq_link_close(&client.link, "the test ends");
    acq_link_close(&server.link, "the test ends");
    uv_close((uv_handle_t *)&listener, NULL);
    RUN_UNTIL(client.closed && server.closed);
    turns(2);
    assert_true(client.closed == 1 && server.closed == 1);
    assert_true(client.side.ends == 1 && server.side.ends == 1);
    side_fini(&client.side);
    side_fini(&server.side);
    return 0;
}

static void stop_and_start(void **state)
{
    static uint8_t bytes[10000];
    (void)state;
    acq_link_read(&server.link, false);
    acq_link_read(&server.link, false);
    uint64_t before = server.link.read_bytes;
    for (int i = 0; i < 10; i++) acq_rpc_write(client.side.call, bytes, sizeof bytes);
    acq_link_flush(&client.link);
    turns(20);
    assert_int_equal(server.side.messages, 0);
    assert_int_equal(server.link.read_bytes, before);
    for (int64_t s = 1; s < 1000; s++) assert_int_equal(acq_rpc_tick(server.side.rpc, s * 1000000000), ACQ_OK);
    acq_link_read(&server.link, true);
    RUN_UNTIL(server.side.messages == 10);
    assert_in_range(server.link.read_bytes - before, 10 * sizeof bytes, 11 * sizeof bytes);
}

/* with `received` the link writes nothing by itself */
static void flushed_by_the_caller(void **state)
{
    (void)state;
    server.link.received = on_received;
    server.side.on_message = finish_ok;
    acq_rpc_write(client.side.call, (const uint8_t *)"x", 1);
    acq_link_flush(&client.link);
    RUN_UNTIL(server.side.messages == 1);
    turns(20);
    assert_true(server.received == 1 && client.side.ends == 0);
    server.flushes = true;
    acq_link_flush(&server.link);
    RUN_UNTIL(client.side.ends == 1);
    assert_int_equal(client.side.status, ACQ_RPC_OK);
}

/* much more than a socket takes, to a side that does not read for a while: nothing is lost, and not read means not
 * sent */
static void full_socket(void **state)
{
    static uint8_t bytes[60000];
    unsigned queued = 0;
    (void)state;
    acq_link_read(&client.link, false);
    for (int round = 0; round < 400; round++) {
        acq_put_le(bytes, queued, 4);
        queued += acq_rpc_write(server.side.call, bytes, sizeof bytes) == ACQ_OK;
        acq_link_flush(&server.link);
    }
    turns(20);
    assert_in_range(queued, ACQ_RPC_UNSENT_MAX / 60005 - 1, 399);
    assert_int_equal(client.side.messages, 0);
    acq_link_read(&client.link, true);
    RUN_UNTIL(client.side.messages == queued);
    for (unsigned i = 0; i < queued; i++)
        assert_int_equal(acq_get_le(client.side.got.bytes + (size_t)i * (sizeof bytes + 4) + 4, 4), i);
    assert_int_equal(acq_rpc_unsent(server.side.call), 0);
}

static void closed_by_the_other_side(void **state)
{
    (void)state;
    acq_link_close(&client.link, "enough");
    acq_link_close(&client.link, "a second time counts nothing");
    acq_link_flush(&client.link);
    acq_link_read(&client.link, false);
    RUN_UNTIL(client.closed && server.closed);
    assert_string_equal(client.why, "enough");
    assert_non_null(strstr(server.why, "clos"));
    assert_int_equal(server.side.status, ACQ_RPC_UNAVAILABLE);
}

/* after a shutdown, when the last call has ended, both links close by themselves */
static void shut_down(void **state)
{
    (void)state;
    acq_rpc_shutdown(server.side.rpc);
    acq_link_flush(&server.link);
    turns(20);
    assert_true(!server.closed && !client.closed);
    acq_rpc_finish(server.side.call, ACQ_RPC_OK, "");
    acq_link_flush(&server.link);
    RUN_UNTIL(client.closed && server.closed);
    assert_true(client.side.ends == 1 && client.side.status == ACQ_RPC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stop_and_start, connect_both, close_both),
        cmocka_unit_test_setup_teardown(flushed_by_the_caller, connect_both, close_both),
        cmocka_unit_test_setup_teardown(full_socket, connect_both, close_both),
        cmocka_unit_test_setup_teardown(closed_by_the_other_side, connect_both, close_both),
        cmocka_unit_test_setup_teardown(shut_down, connect_both, close_both),
    };
    uv_loop_init(&loop);
    return cmocka_run_group_tests_name("rpc_link", tests, NULL, NULL);
}
