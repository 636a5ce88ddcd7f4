/* gRPC by the clock: deadlines, PINGs after silence, the two steps of a shutdown. The clock is the test's. */
#include "rpc_raw.h"

#include "base/os.h"

#define SECOND INT64_C(1000000000)

/* ---- deadlines ---- */

static void timed_call(struct pair *p, const char *timeout, int64_t *from, int64_t *to)
{
    struct acq_rpc_header header = {"grpc-timeout", timeout};
    *from = acq_now_ns();
    p->client.call = acq_rpc_call(p->client.rpc, "/a.B/C", "host:1", &header, 1);
    assert_non_null(p->client.call);
    settle(p);
    *to = acq_now_ns();
}

static void units(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* 0: never */
    } cases[] = {{"2H", 7200 * SECOND},
                 {"3M", 180 * SECOND},
                 {"4S", 4 * SECOND},
                 {"50000m", 50 * SECOND},
                 {"6000000u", 6 * SECOND},
                 {"70000000n", SECOND * 7 / 100},
                 {"99999999S", 99999999 * SECOND},
                 {"99999999H", 0},
                 {"0S", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair p;
        int64_t from, to, ns = cases[i].ns;
        pair_init(&p, 0);
        p.server.on_begin = respond;
        timed_call(&p, cases[i].text, &from, &to);
        assert_true(p.server.begins == 1 && p.client.begins == 1);
        assert_int_equal(acq_rpc_tick(p.server.rpc, from + (ns ? ns : INT64_MAX - from) - 1), ACQ_OK);
        settle(&p);
        if (ns > 1) assert_true(p.server.ends == 0 && p.client.ends == 0);
        if (!ns) assert_int_equal(p.server.ends, 0);
        if (ns) assert_int_equal(acq_rpc_tick(p.server.rpc, to + ns), ACQ_OK);
        settle(&p);
        assert_int_equal(p.server.ends, ns != 0);
        assert_int_equal(p.client.ends, ns != 0);
        if (ns)
            assert_true(p.server.status == ACQ_RPC_DEADLINE_EXCEEDED && p.client.status == ACQ_RPC_DEADLINE_EXCEEDED);
        pair_fini(&p);
    }
}

/* malformed ones begin no call; the server's side of it is in test_rpc_peer.c */
static void malformed(void **state)
{
    static const char *const texts[] = {"", "S", "1", "123456789S", "1s", "1h", "-1S", " 1S", "1S "};
    struct side s;
    (void)state;
    side_init(&s, false);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct acq_rpc_header header = {"grpc-timeout", texts[i]};
        assert_null(acq_rpc_call(s.rpc, "/a.B/C", "h", &header, 1));
    }
    side_fini(&s);
    assert_int_equal(s.ends, 0);
}

/* of many calls just those end whose time has come */
static void one_of_many(void **state)
{
    static const char *const timeouts[] = {"30S", "10S", "20S", NULL, "1H"};
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    for (size_t i = 0; i < 5; i++) {
        struct acq_rpc_header header = {"grpc-timeout", timeouts[i]};
        assert_non_null(acq_rpc_call(p.client.rpc, "/a.B/C", "h", &header, timeouts[i] != NULL));
    }
    settle(&p);
    int64_t now = acq_now_ns();
    for (int s = 1; s <= 40; s++) {
        assert_int_equal(acq_rpc_tick(p.server.rpc, now + s * SECOND), ACQ_OK);
        settle(&p);
        assert_int_equal(p.server.ends, s / 10 < 3 ? s / 10 : 3);
    }
    pair_fini(&p);
}

/* what the wire says: the status, and then a reset, because the client still sends */
static void said_on_the_wire(void **state)
{
    nghttp2_nv nv[] = {NV("content-type", "application/grpc"), NV("te", "trailers"), NV("grpc-timeout", "1S")};
    (void)state;
    for (int responded = 0; responded < 2; responded++) {
        struct side server;
        struct raw r;
        side_init(&server, true);
        if (!responded) server.on_begin = side_nothing;
        request_with(&r, &server, "POST", nv, 3, "", 0, false);
        assert_int_equal(acq_rpc_tick(server.rpc, acq_now_ns() + SECOND), ACQ_OK);
        settle_raw(&r, &server);
        assert_non_null(strstr(r.headers, "grpc-status: 4\n"));
        assert_true(r.closed && r.resets == 1 && r.code == NGHTTP2_CANCEL);
        assert_true(server.ends == 1 && server.status == ACQ_RPC_DEADLINE_EXCEEDED);
        request_end(&r, &server);
    }
}

/* a client that takes nothing: no status can reach it, but the call ends, with all that waits */
static void client_takes_nothing(void **state)
{
    nghttp2_settings_entry closed = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
    nghttp2_nv nv[] = {NV("content-type", "application/grpc"), NV("te", "trailers"), NV("grpc-timeout", "1S")};
    (void)state;
    for (int finished = 0; finished < 3; finished++) {
        struct side server;
        struct raw r;
        side_init(&server, true);
        request_with(&r, &server, "POST", nv, 3, "", 0, false);
        nghttp2_submit_settings(r.session, NGHTTP2_FLAG_NONE, &closed, 1);
        settle_raw(&r, &server);
        if (finished < 2) assert_int_equal(acq_rpc_write(server.call, (const uint8_t *)"x", 1), ACQ_OK);
        if (finished == 1) acq_rpc_finish(server.call, ACQ_RPC_ABORTED, "");
        settle_raw(&r, &server);
        assert_true(server.ends == 0 && r.data == 0);
        acq_rpc_tick(server.rpc, acq_now_ns() + SECOND);
        settle_raw(&r, &server);
        assert_true(server.ends == 1 && r.closed && r.code == NGHTTP2_CANCEL);
        assert_int_equal(server.status, finished == 1 ? ACQ_RPC_ABORTED : ACQ_RPC_DEADLINE_EXCEEDED);
        request_end(&r, &server);
    }
}

static void client_deadline(void **state)
{
    struct pair p;
    int64_t from, to;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    timed_call(&p, "5S", &from, &to);
    acq_rpc_tick(p.client.rpc, from + 4 * SECOND);
    settle(&p);
    assert_int_equal(p.client.ends, 0);
    acq_rpc_tick(p.client.rpc, to + 5 * SECOND);
    settle(&p);
    assert_true(p.client.ends == 1 && p.client.status == ACQ_RPC_DEADLINE_EXCEEDED);
    assert_true(p.server.ends == 1 && p.server.status == ACQ_RPC_CANCELLED);
    pair_fini(&p);
}

/* a call that has ended before its deadline leaves nothing behind */
static void done_in_time(void **state)
{
    struct pair p;
    int64_t from, to;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = finish_ok;
    timed_call(&p, "5S", &from, &to);
    assert_true(p.client.ends == 1 && p.client.status == ACQ_RPC_OK);
    for (int s = 0; s < 10; s++) acq_rpc_tick(p.server.rpc, to + s * SECOND);
    settle(&p);
    assert_true(p.client.ends == 1 && p.server.ends == 1);
    pair_fini(&p);
}

/* ---- is the other side there? ---- */

/* greeted: a pair that knows each other, both quiet at `now` */
static void greeted(struct pair *p, int64_t now)
{
    pair_init(p, 0);
    settle(p);
    assert_int_equal(acq_rpc_tick(p->server.rpc, now), ACQ_OK);
    assert_int_equal(acq_rpc_tick(p->client.rpc, now), ACQ_OK);
    settle(p);
}

static void ping_answered(void **state)
{
    struct pair p;
    int64_t now = 77 * SECOND;
    unsigned pings = 0;
    (void)state;
    greeted(&p, now);
    for (int s = 1; s <= 300; s++) {
        assert_int_equal(acq_rpc_tick(p.server.rpc, now + s * SECOND), ACQ_OK);
        pings += pump(&p.server, &p.client, 0, &p.random) > 0;
        pump(&p.client, &p.server, 0, &p.random);
    }
    assert_in_range(pings, 9, 10); /* each 30 s of silence */
    pair_fini(&p);
}

static void ping_not_answered(void **state)
{
    const uint8_t *bytes;
    struct pair p;
    (void)state;
    for (int talks = 0; talks < 3; talks++) {
        int64_t now = 77 * SECOND;
        greeted(&p, now);
        assert_int_equal(acq_rpc_tick(p.server.rpc, now += 29 * SECOND), ACQ_OK);
        assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 0);
        if (talks == 1) { /* any frame shows life */
            begin_call(&p);
            settle(&p);
            assert_int_equal(acq_rpc_tick(p.server.rpc, now += 2 * SECOND), ACQ_OK);
            assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 0);
            pair_fini(&p);
            continue;
        }
        assert_int_equal(acq_rpc_tick(p.server.rpc, now += 2 * SECOND), ACQ_OK);
        assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 17);
        for (int s = 1; s < 20; s++) {
            /* bytes of a frame that never ends (of a type that nobody knows) show none */
            if (talks == 2)
                assert_int_equal(
                    give(&p.server, (const uint8_t *)"\0\x40\0*\0\0\0\0\0xxxxxxxxxxx" + s - 1, 1, 0, &p.random),
                    ACQ_OK);
            assert_int_equal(acq_rpc_tick(p.server.rpc, now + s * SECOND), ACQ_OK);
        }
        assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 0);
        assert_int_equal(acq_rpc_tick(p.server.rpc, now + 20 * SECOND), ACQ_CLOSED);
        pair_fini(&p);
    }
}

/* a client that connects and says nothing, or part of a greeting */
static void no_greeting(void **state)
{
    (void)state;
    for (int part = 0; part < 2; part++) {
        struct side s;
        uint64_t random = 3;
        side_init(&s, true);
        assert_int_equal(acq_rpc_tick(s.rpc, SECOND), ACQ_OK);
        int r = ACQ_OK, t = 0;
        for (; t < 100 && r == ACQ_OK; t++) {
            const uint8_t *bytes;
            if (part && t < 24)
                assert_int_equal(give(&s, (const uint8_t *)NGHTTP2_CLIENT_MAGIC + t, 1, 0, &random), ACQ_OK);
            r = acq_rpc_tick(s.rpc, (2 + t) * SECOND);
            while (acq_rpc_send(s.rpc, &bytes) > 0) continue;
        }
        assert_int_equal(r, ACQ_CLOSED);
        assert_in_range(t, 50, 52);
        side_fini(&s);
    }
}

static void not_asked(void **state)
{
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    const uint8_t *bytes;
    struct pair p;
    (void)state;
    limits.ping_after_ns = 0;
    pair_init_with(&p, 0, &limits);
    settle(&p);
    for (int s = 0; s < 1000; s++) assert_int_equal(acq_rpc_tick(p.server.rpc, s * SECOND), ACQ_OK);
    assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 0);
    pair_fini(&p);

    /* this side does not read: it cannot hear an answer */
    greeted(&p, SECOND);
    acq_rpc_pause(p.server.rpc, true);
    for (int s = 1; s < 1000; s++) assert_int_equal(acq_rpc_tick(p.server.rpc, s * SECOND), ACQ_OK);
    acq_rpc_pause(p.server.rpc, false);
    assert_int_equal(acq_rpc_tick(p.server.rpc, 1010 * SECOND), ACQ_OK);
    assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 0);
    assert_int_equal(acq_rpc_tick(p.server.rpc, 1030 * SECOND), ACQ_OK);
    assert_int_equal(acq_rpc_send(p.server.rpc, &bytes), 17);
    assert_int_equal(acq_rpc_tick(p.server.rpc, 1050 * SECOND), ACQ_CLOSED);
    pair_fini(&p);
}

/* A client asks twice, and again only after DATA has gone: more is an attack to servers of gRPC. */
static void polite_client(void **state)
{
    struct pair p;
    int64_t now = SECOND;
    (void)state;
    greeted(&p, now);
    p.server.on_begin = respond;
    begin_call(&p);
    settle(&p);
    for (int round = 0; round < 3; round++) {
        unsigned pings = 0;
        for (int s = 1; s <= 300; s++) {
            assert_int_equal(acq_rpc_tick(p.client.rpc, now += SECOND), ACQ_OK);
            pings += pump(&p.client, &p.server, 0, &p.random) > 0;
            pump(&p.server, &p.client, 0, &p.random);
        }
        assert_int_equal(pings, 2);
        if (round == 0) acq_rpc_write(p.client.call, (const uint8_t *)"x", 1);
        if (round == 1) acq_rpc_write(p.server.call, (const uint8_t *)"x", 1);
        settle(&p);
    }
    pair_fini(&p);
}

/* ---- shutdown ---- */

/* calls that are on their way while the first GOAWAY travels are taken, and those after the second are not */
static void two_steps(void **state)
{
    nghttp2_nv nv[] = {NV(":method", "POST"),
                       NV(":scheme", "http"),
                       NV(":path", "/a.B/C"),
                       NV(":authority", "h"),
                       NV("content-type", "application/grpc"),
                       NV("te", "trailers")};
    (void)state;
    for (int silent = 0; silent < 2; silent++) { /* does the client answer PINGs? */
        uint8_t early[400];
        const uint8_t *bytes;
        struct side server;
        uint64_t random = 4;
        struct raw r;
        request(&r, &server, "POST", "application/grpc", NULL, "", 0, false);
        server.many = true;
        struct acq_rpc_call *first = server.call;
        acq_rpc_shutdown(server.rpc);
        acq_rpc_shutdown(server.rpc);
        ptrdiff_t n = acq_rpc_send(server.rpc, &bytes);
        assert_true(n > 0 && (size_t)n <= sizeof early);
        memcpy(early, bytes, (size_t)n);
        assert_int_equal(nghttp2_submit_request(r.session, NULL, nv, 6, NULL, NULL), 3);
        ssize_t m = nghttp2_session_mem_send(r.session, &bytes);
        assert_int_equal(give(&server, bytes, (size_t)m, 0, &random), ACQ_OK); /* it was on its way */
        assert_int_equal(server.begins, 2);
        assert_int_equal(nghttp2_session_mem_recv(r.session, early, (size_t)n), n);
        assert_int_equal(r.goaways, 1);
        assert_int_equal(r.goaway_last, INT32_MAX);
        if (silent) {
            while (acq_rpc_send(server.rpc, &bytes) > 0) continue; /* the PING is lost */
            acq_rpc_tick(server.rpc, 10 * SECOND);
            assert_int_equal(acq_rpc_send(server.rpc, &bytes), 0);
            acq_rpc_tick(server.rpc, 11 * SECOND);
        }
        settle_raw(&r, &server);
        assert_int_equal(r.goaways, 2);
        assert_true(r.goaway_last == 3 && r.goaway_code == NGHTTP2_NO_ERROR);
        assert_false(acq_rpc_done(server.rpc));
        acq_rpc_finish(first, ACQ_RPC_OK, "");
        settle_raw(&r, &server);
        assert_false(acq_rpc_done(server.rpc));
        acq_rpc_finish(server.call, ACQ_RPC_OK, "");
        settle_raw(&r, &server);
        assert_true(server.ends == 2 && acq_rpc_done(server.rpc));
        request_end(&r, &server);
    }
}

static void idle_shutdown(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    settle(&p);
    acq_rpc_shutdown(p.server.rpc);
    settle(&p);
    assert_true(acq_rpc_done(p.client.rpc)); /* it has nothing to do here any more, and does not answer the PING */
    for (int s = 1; s < 3; s++) acq_rpc_tick(p.server.rpc, s * SECOND);
    settle(&p);
    assert_true(acq_rpc_done(p.server.rpc));
    pair_fini(&p);
    pair_init(&p, 0);
    settle(&p);
    acq_rpc_shutdown(p.client.rpc);
    settle(&p);
    assert_true(acq_rpc_done(p.server.rpc) && acq_rpc_done(p.client.rpc));
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units),           cmocka_unit_test(malformed),
        cmocka_unit_test(one_of_many),     cmocka_unit_test(said_on_the_wire),
        cmocka_unit_test(client_deadline), cmocka_unit_test(client_takes_nothing),
        cmocka_unit_test(done_in_time),    cmocka_unit_test(ping_answered),
        cmocka_unit_test(no_greeting),     cmocka_unit_test(ping_not_answered),
        cmocka_unit_test(not_asked),       cmocka_unit_test(polite_client),
        cmocka_unit_test(two_steps),       cmocka_unit_test(idle_shutdown),
    };
    return cmocka_run_group_tests_name("rpc_clock", tests, NULL, NULL);
}
