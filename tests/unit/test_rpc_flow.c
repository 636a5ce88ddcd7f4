/* gRPC calls that are held: what waits, where it is bounded, and that nothing is lost, doubled or starved. */
#include "rpc_raw.h"

enum { MESSAGE = 1000 };

static unsigned hold_at; /* the message in whose event the server holds its call */

static void hold_then(struct side *s)
{
    if (s->messages == hold_at) acq_rpc_hold(s->call, true);
}

/* write_numbered queues messages that begin with their number */
static void write_numbered(struct acq_rpc_call *call, unsigned from, unsigned n)
{
    uint8_t bytes[MESSAGE] = {0};
    for (unsigned i = from; i < from + n; i++) {
        acq_put_le(bytes, i, 4);
        assert_int_equal(acq_rpc_write(call, bytes, sizeof bytes), ACQ_OK);
    }
}

/* numbers_are: messages 0 to n - 1 have come, each once and in order */
static void numbers_are(const struct side *s, unsigned n)
{
    assert_int_equal(s->messages, n);
    assert_int_equal(s->got.len, (size_t)n * (MESSAGE + 4));
    for (unsigned i = 0; i < n; i++) assert_int_equal(acq_get_le(s->got.bytes + (size_t)i * (MESSAGE + 4) + 4, 4), i);
}

/* A hold in the middle of what came together stops there; what has waited comes in order, before what comes later. */
static void held_and_let_go(void **state)
{
    static const size_t pieces[] = {1, 7, 1 << 20, 0};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct pair p;
        pair_init(&p, pieces[i]);
        p.server.on_begin = respond;
        p.server.on_message = hold_then;
        hold_at = 5;
        begin_call(&p);
        write_numbered(p.client.call, 0, 100);
        settle(&p);
        numbers_are(&p.server, 5);
        assert_int_equal(acq_rpc_held(p.server.rpc), 95 * (MESSAGE + 5));
        assert_int_equal(acq_rpc_unsent(p.client.call), 0);
        hold_at = 17;
        acq_rpc_hold(p.server.call, true); /* a second time changes nothing */
        acq_rpc_hold(p.server.call, false);
        numbers_are(&p.server, 17);
        assert_int_equal(acq_rpc_held(p.server.rpc), 83 * (MESSAGE + 5));
        write_numbered(p.client.call, 100, 50);
        settle(&p);
        numbers_are(&p.server, 17);
        acq_rpc_hold(p.server.call, false);
        numbers_are(&p.server, 150);
        assert_int_equal(acq_rpc_held(p.server.rpc), 0);
        write_numbered(p.client.call, 150, 10);
        settle(&p);
        numbers_are(&p.server, 160);
        pair_fini(&p);
    }
}

/* one message at a time, through many windows */
static void step_by_step(void **state)
{
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    struct pair p;
    (void)state;
    limits.window = 50000;
    pair_init_with(&p, 0, &limits);
    p.server.on_begin = respond;
    p.server.on_message = side_hold;
    begin_call(&p);
    write_numbered(p.client.call, 0, 3000);
    for (unsigned i = 1; i <= 3000; i++) {
        settle(&p);
        assert_int_equal(p.server.messages, i);
        assert_in_range(acq_rpc_held(p.server.rpc), 0, 65535 + limits.message + 5);
        acq_rpc_hold(p.server.call, false);
    }
    numbers_are(&p.server, 3000);
    assert_int_equal(acq_rpc_held(p.server.rpc), 0);
    pair_fini(&p);
}

/* A call that is held costs a window and slows its client; a neighbour on the connection runs on, through much more
 * than the connection's window. */
static void neighbour_runs(void **state)
{
    enum { WINDOW = 100000, ROUNDS = 300 };
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    uint8_t bytes[MESSAGE] = {0};
    struct pair p;
    (void)state;
    limits.window = WINDOW;
    pair_init_with(&p, 0, &limits);
    settle(&p); /* the client knows the window */
    p.server.on_begin = respond;
    p.server.many = true;
    struct acq_rpc_call *held[6], *first;
    for (int i = 0; i < 6; i++) { /* together more than the connection's window */
        first = begin_call(&p);
        settle(&p);
        held[i] = p.server.call;
        acq_rpc_hold(held[i], true);
        while (acq_rpc_unsent(first) < WINDOW + MESSAGE) acq_rpc_write(first, bytes, sizeof bytes);
        settle(&p);
        assert_int_equal(acq_rpc_held(p.server.rpc), (i + 1) * WINDOW);
    }
    unsigned before = p.server.messages;
    struct acq_rpc_call *free_one = begin_call(&p);
    for (int i = 0; i < ROUNDS; i++) {
        for (int k = 0; k < 10; k++) acq_rpc_write(free_one, bytes, sizeof bytes);
        settle(&p);
    }
    assert_int_equal(p.server.messages - before, 10 * ROUNDS);
    for (int i = 0; i < 6; i++) acq_rpc_hold(held[i], false);
    settle(&p);
    assert_int_equal(acq_rpc_held(p.server.rpc), 0);
    assert_int_equal(p.server.messages - before, 10 * ROUNDS + 6 * (WINDOW / (MESSAGE + 5) + 2));
    pair_fini(&p);
}

/* a call that is held ends in order: first its messages, then that no more will come */
static void half_close_waits(void **state)
{
    struct pair p;
    (void)state;
    for (int broken = 0; broken < 2; broken++) {
        pair_init(&p, 0);
        p.server.on_begin = respond;
        p.server.on_message = hold_then;
        p.server.on_half_close = finish_ok;
        hold_at = 1;
        begin_call(&p);
        write_numbered(p.client.call, 0, 3);
        acq_rpc_half_close(p.client.call);
        settle(&p);
        assert_true(p.server.messages == 1 && p.server.half_closes == 0);
        if (broken) {
            acq_rpc_cancel(p.client.call);
            settle(&p);
            assert_true(p.server.ends == 1 && p.server.status == ACQ_RPC_CANCELLED && p.server.messages == 1);
            assert_int_equal(acq_rpc_held(p.server.rpc), 0);
        } else {
            acq_rpc_hold(p.server.call, false);
            assert_true(p.server.messages == 3 && p.server.half_closes == 1);
            settle(&p);
            assert_true(p.client.ends == 1 && p.client.status == ACQ_RPC_OK && p.server.ends == 1);
        }
        pair_fini(&p);
    }
}

/* a message cut off by the end of the stream, found when the call goes on */
static void cut_off_while_held(void **state)
{
    struct raw r;
    struct side server;
    (void)state;
    side_init(&server, true);
    server.on_message = side_hold;
    nghttp2_nv nv[] = {NV("content-type", "application/grpc"), NV("te", "trailers")};
    request_with(&r, &server, "POST", nv, 2, "\0\0\0\0\1x\0\0\0\0\5yz", 13, true);
    assert_true(server.messages == 1 && acq_rpc_held(server.rpc) == 7 && server.half_closes == 0);
    acq_rpc_hold(server.call, false);
    settle_raw(&r, &server);
    assert_true(server.messages == 1 && server.half_closes == 0 && server.ends == 1);
    assert_non_null(strstr(r.headers, "grpc-status: 13\n"));
    request_end(&r, &server);
}

/* the server has answered and ended the call; its client still holds the answers */
static void held_by_the_client(void **state)
{
    struct pair p;
    uint8_t byte = 7;
    (void)state;
    for (int how = 0; how < 3; how++) {
        pair_init(&p, 0);
        p.server.on_begin = respond;
        p.client.on_message = side_hold;
        struct acq_rpc_call *call = begin_call(&p);
        settle(&p);
        for (int i = 0; i < 3; i++) assert_int_equal(acq_rpc_write(p.server.call, &byte, 1), ACQ_OK);
        acq_rpc_finish(p.server.call, ACQ_RPC_ABORTED, "enough");
        settle(&p);
        assert_true(p.server.ends == 1 && p.client.messages == 1 && p.client.ends == 0);
        assert_int_equal(acq_rpc_write(call, &byte, 1), ACQ_CLOSED);
        if (how == 0) {
            acq_rpc_hold(call, false);
            assert_true(p.client.messages == 2 && p.client.ends == 0);
            acq_rpc_hold(call, false);
            acq_rpc_hold(call, false);
            settle(&p);
            assert_true(p.client.messages == 3 && p.client.ends == 1 && p.client.status == ACQ_RPC_ABORTED);
        } else if (how == 1) {
            acq_rpc_cancel(call);
            settle(&p);
            assert_true(p.client.messages == 1 && p.client.ends == 1);
        }
        pair_fini(&p);
        assert_int_equal(p.client.ends, 1);
    }
}

/* ---- what is not held, but waits ---- */

/* long messages that begin and do not end, on as many calls as there may be */
static void never_ending_messages(void **state)
{
    enum { CALLS = 40, PART = 60000 };
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    static uint8_t body[PART] = {0, 0, 0, 0xff, 0xff};
    nghttp2_nv nv[] = {NV(":method", "POST"),
                       NV(":scheme", "http"),
                       NV(":path", "/a.B/C"),
                       NV(":authority", "h"),
                       NV("content-type", "application/grpc"),
                       NV("te", "trailers")};
    struct side server;
    struct raw r;
    (void)state;
    limits.window = 256 * 1024;
    side_init_with(&server, true, &limits);
    server.many = true;
    server.on_begin = respond;
    raw_init(&r, false);
    settle_raw(&r, &server);
    for (int i = 0; i < CALLS; i++) {
        nghttp2_data_provider data = {.read_callback = raw_body};
        r.body = body;
        r.body_n = sizeof body;
        r.body_at = 0;
        r.body_ends = false;
        assert_true(nghttp2_submit_request(r.session, NULL, nv, 6, &data, NULL) > 0);
        settle_raw(&r, &server);
    }
    assert_int_equal(server.begins, CALLS);
    assert_int_equal(server.ends, CALLS - (256 * 1024 + ACQ_RPC_MESSAGE_MAX) / PART);
    assert_int_equal(server.status, ACQ_RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(acq_rpc_held(server.rpc), 0);
    assert_int_equal(acq_rpc_unfinished(server.rpc), (CALLS - server.ends) * PART);
    request_end(&r, &server);
}

/* a client that reads nothing: all its calls together may make the server keep so much */
static void answers_not_read(void **state)
{
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    static uint8_t bytes[10000];
    struct acq_rpc_call *calls[10];
    struct pair p;
    size_t queued = 0;
    (void)state;
    limits.unsent = 100000;
    pair_init_with(&p, 0, &limits);
    p.server.on_begin = respond;
    p.server.many = p.client.many = true;
    for (int i = 0; i < 10; i++) {
        begin_call(&p);
        settle(&p);
        calls[i] = p.server.call;
    }
    for (int i = 0; i < 100; i++) queued += acq_rpc_write(calls[i % 10], bytes, sizeof bytes) == ACQ_OK;
    assert_int_equal(queued, 9);
    assert_int_equal(acq_rpc_write(calls[9], bytes, 100001), ACQ_AGAIN);
    acq_rpc_cancel(calls[0]); /* gives back what it had */
    settle(&p);
    assert_int_equal(p.client.messages, queued - 1);
    for (int i = 1; i < 10; i++) assert_int_equal(acq_rpc_write(calls[i], bytes, sizeof bytes), ACQ_OK);
    pair_fini(&p);
}

/* ---- calls of other kinds ---- */

static unsigned handled[4];

static void other_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                        size_t n)
{
    assert_ptr_equal(user, handled);
    assert_string_equal(path, "/other.Service/List");
    assert_string_equal(acq_rpc_find(headers, n, "te"), "trailers");
    handled[0]++;
    acq_rpc_respond(call, NULL, 0);
}

static void other_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    ((unsigned *)user)[1]++;
    for (int i = 0; i < 3; i++) acq_rpc_write(call, bytes, n);
}

static void other_half_close(void *user, struct acq_rpc_call *call)
{
    ((unsigned *)user)[2]++;
    acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void other_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    (void)call, (void)status, (void)message;
    ((unsigned *)user)[3]++;
}

static const struct acq_rpc_events other_events = {other_begin, other_message, other_half_close, other_end};

static void route(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                  size_t n)
{
    assert_ptr_equal(acq_rpc_owner(call), user);
    if (!strcmp(path, "/other.Service/List"))
        acq_rpc_handle(call, &other_events, handled, path, headers, n);
    else
        side_begin(user, call, path, headers, n);
    assert_ptr_equal(acq_rpc_owner(call), user);
}

/* two services on one connection: one of them answers a question with a stream */
static void handed_over(void **state)
{
    static const struct acq_rpc_events routed = {route, side_message, side_half_close, side_end};
    struct acq_err err;
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    acq_rpc_free(p.server.rpc);
    assert_int_equal(acq_rpc_new(&p.server.rpc, true, NULL, &routed, &p.server, &err), ACQ_OK);
    p.server.on_begin = respond;
    p.server.on_half_close = finish_ok;
    p.client.many = true;
    struct acq_rpc_call *other = acq_rpc_call(p.client.rpc, "/other.Service/List", "host:1", NULL, 0);
    begin_call(&p);
    write_numbered(p.client.call, 0, 2);
    acq_rpc_half_close(p.client.call);
    assert_int_equal(acq_rpc_write(other, (const uint8_t *)"?", 1), ACQ_OK);
    assert_true(acq_rpc_idle(p.server.rpc) && !acq_rpc_idle(p.client.rpc));
    acq_rpc_half_close(other);
    settle(&p);
    assert_true(acq_rpc_idle(p.server.rpc) && acq_rpc_idle(p.client.rpc));
    assert_true(handled[0] == 1 && handled[1] == 1 && handled[2] == 1 && handled[3] == 1);
    assert_true(p.server.begins == 1 && p.server.messages == 2 && p.server.half_closes == 1 && p.server.ends == 1);
    assert_true(p.client.messages == 3 && p.client.ends == 2 && p.client.status == ACQ_RPC_OK);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_and_let_go),       cmocka_unit_test(step_by_step),
        cmocka_unit_test(neighbour_runs),        cmocka_unit_test(half_close_waits),
        cmocka_unit_test(cut_off_while_held),    cmocka_unit_test(held_by_the_client),
        cmocka_unit_test(never_ending_messages), cmocka_unit_test(answers_not_read),
        cmocka_unit_test(handed_over),
    };
    return cmocka_run_group_tests_name("rpc_flow", tests, NULL, NULL);
}
