/* gRPC between two ends in memory: messages arrive whole and in order, and each call ends once, with its status. */
#include "rpc_pair.h"

/* ---- exchange ---- */

static uint64_t content = 5; /* for messages whose bytes both ends can compute */

static size_t message_size(unsigned i)
{
    uint64_t random = i;
    static const size_t odd[] = {0, 1, 4, 5, 6, 16383, 16384, 16385, ACQ_RPC_MESSAGE_MAX, 600};
    return i < 10 ? odd[i] : random_below(&random, i % 7 ? 800 : 20000);
}

static void message_bytes(unsigned i, uint8_t *dst)
{
    uint64_t random = content + i;
    random_bytes(&random, dst, message_size(i));
}

static uint8_t scratch[ACQ_RPC_MESSAGE_MAX];

static void echo_begin(struct side *s)
{
    struct acq_rpc_header headers[] = {{"acq-test", "answer"}, {"acq-other", "x"}};
    assert_string_equal(s->path, "/a.B/C");
    assert_string_equal(s->header, "question");
    assert_int_equal(acq_rpc_respond(s->call, headers, 2), ACQ_OK);
}

static void echo_message(struct side *s)
{
    size_t n;
    const uint8_t *bytes = side_message_at(s, s->messages - 1, &n);
    int r = acq_rpc_write(s->call, bytes, n);
    assert_int_equal(r, ACQ_OK);
}

static void echo_half_close(struct side *s)
{
    acq_rpc_finish(s->call, ACQ_RPC_FAILED_PRECONDITION, "all 100% done: é\n\x01");
}

static void exchange_in(size_t piece, unsigned messages)
{
    struct pair p;
    struct acq_rpc_header header = {"acq-test", "question"};
    pair_init(&p, piece);
    p.server.on_begin = echo_begin;
    p.server.on_message = echo_message;
    p.server.on_half_close = echo_half_close;
    struct acq_rpc_call *call = acq_rpc_call(p.client.rpc, "/a.B/C", "host:1", &header, 1);
    assert_non_null(call);
    assert_null(acq_rpc_user(call));
    acq_rpc_set_user(call, &p);
    assert_ptr_equal(acq_rpc_user(call), &p);
    p.client.call = call;
    for (unsigned i = 0; i < messages; i++) {
        message_bytes(i, scratch);
        assert_int_equal(acq_rpc_write(call, scratch, message_size(i)), ACQ_OK);
        if (random_below(&p.random, 3) == 0) settle(&p);
    }
    acq_rpc_half_close(call);
    assert_int_equal(acq_rpc_write(call, scratch, 1), ACQ_CLOSED);
    settle(&p);
    assert_true(p.client.begins == 1 && p.server.begins == 1);
    assert_string_equal(p.client.header, "answer");
    assert_string_equal(p.client.path, "");
    assert_int_equal(p.server.messages, messages);
    assert_int_equal(p.client.messages, messages);
    for (unsigned i = 0; i < messages; i++) {
        size_t n, back;
        const uint8_t *there = side_message_at(&p.server, i, &n), *here = side_message_at(&p.client, i, &back);
        message_bytes(i, scratch);
        assert_true(n == message_size(i) && back == n);
        assert_true(!n || (!memcmp(there, scratch, n) && !memcmp(here, scratch, n)));
        if (i > 200) break; /* side_message_at is slow, and the rest has been compared in sum */
    }
    assert_int_equal(p.server.got.len, p.client.got.len);
    assert_memory_equal(p.server.got.bytes, p.client.got.bytes, p.client.got.len);
    assert_true(p.server.half_closes == 1 && p.server.ends == 1 && p.client.ends == 1);
    assert_int_equal(p.client.status, ACQ_RPC_FAILED_PRECONDITION);
    assert_string_equal(p.client.message, "all 100% done: é  "); /* control characters come as spaces */
    assert_int_equal(p.server.status, ACQ_RPC_FAILED_PRECONDITION);
    pair_fini(&p);
}

static void exchange(void **state)
{
    (void)state;
    exchange_in(1, 60);
    exchange_in(7, 60);
    exchange_in(1 << 20, 2000);
    for (content = 6; content < 12; content++) exchange_in(0, 500);
}

/* many calls on one connection, more at once than are allowed: the rest wait */
static void many_calls(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    settle(&p);
    p.server.on_begin = respond;
    for (unsigned i = 0; i < 150; i++) begin_call(&p);
    settle(&p);
    assert_int_equal(p.server.begins, acq_rpc_default_limits.streams);
    for (unsigned i = 1; i <= 50; i++) { /* each that ends makes room for one that waits */
        acq_rpc_finish(p.server.call, ACQ_RPC_OK, "");
        settle(&p);
        assert_true(p.client.ends == i && p.server.begins == acq_rpc_default_limits.streams + i);
        begin_call(&p);
        settle(&p);
    }
    pair_fini(&p);
    assert_true(p.client.ends == 200 && p.server.ends == 150);
}

/* ---- how calls end ---- */

/* finish before the first answer: status alone, without initial metadata */
static void refuse_call(struct side *s)
{
    acq_rpc_finish(s->call, ACQ_RPC_UNIMPLEMENTED, "no such method");
    acq_rpc_finish(s->call, ACQ_RPC_OK, "a second time counts nothing");
}

static void status_alone(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = refuse_call;
    for (unsigned i = 1; i <= 3; i++) {
        begin_call(&p);
        if (i > 1) assert_int_equal(acq_rpc_write(p.client.call, (const uint8_t *)"abc", 3), ACQ_OK);
        if (i > 2) acq_rpc_half_close(p.client.call);
        settle(&p);
        assert_true(p.client.ends == i && p.server.ends == i && p.client.begins == 0 && p.server.half_closes == 0);
        assert_int_equal(p.client.status, ACQ_RPC_UNIMPLEMENTED);
        assert_string_equal(p.client.message, "no such method");
    }
    pair_fini(&p);
}

static unsigned finish_after;

static void finish_later(struct side *s)
{
    if (s->messages == finish_after) acq_rpc_finish(s->call, ACQ_RPC_INVALID_ARGUMENT, "enough");
}

/* the server ends a call while the client sends: no further message, the status arrives, the connection lives on */
static void finish_while_sending(void **state)
{
    struct pair p;
    uint8_t bytes[1000] = {0};
    (void)state;
    for (finish_after = 1; finish_after < 60; finish_after += 7) {
        pair_init(&p, 0);
        p.server.on_begin = respond;
        p.server.on_message = finish_later;
        begin_call(&p);
        for (unsigned i = 0; i < 3000 && p.client.ends == 0; i++) {
            assert_true(acq_rpc_write(p.client.call, bytes, sizeof bytes) >= 0);
            if (i % 100 == 99) settle(&p);
        }
        settle(&p);
        assert_int_equal(p.server.messages, finish_after);
        assert_true(p.client.ends == 1 && p.server.ends == 1);
        assert_int_equal(p.client.status, ACQ_RPC_INVALID_ARGUMENT);
        assert_string_equal(p.client.message, "enough");
        p.server.on_message = NULL;
        p.server.on_half_close = finish_ok;
        begin_call(&p);
        acq_rpc_half_close(p.client.call);
        settle(&p);
        assert_true(p.client.ends == 2 && p.client.status == ACQ_RPC_OK);
        pair_fini(&p);
    }
}

/* what is queued before finish is sent before the status */
static void queued_before_status(void **state)
{
    struct pair p;
    uint8_t bytes[1000] = {7};
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    begin_call(&p);
    settle(&p);
    for (unsigned i = 0; i < 3000; i++) assert_int_equal(acq_rpc_write(p.server.call, bytes, 1000), ACQ_OK);
    acq_rpc_finish(p.server.call, ACQ_RPC_ABORTED, "");
    assert_int_equal(acq_rpc_write(p.server.call, bytes, 1), ACQ_CLOSED);
    settle(&p);
    assert_true(p.client.messages == 3000 && p.client.ends == 1 && p.client.status == ACQ_RPC_ABORTED);
    assert_string_equal(p.client.message, "");
    pair_fini(&p);
}

static void cancel_by_client(void **state)
{
    struct pair p;
    uint8_t bytes[50000] = {0};
    (void)state;
    for (int when = 0; when < 4; when++) {
        pair_init(&p, 0);
        p.server.on_begin = respond;
        if (when == 1) settle(&p);
        struct acq_rpc_call *call = begin_call(&p);
        if (when >= 2) settle(&p);
        if (when == 3) assert_int_equal(acq_rpc_write(call, bytes, sizeof bytes), ACQ_OK);
        acq_rpc_cancel(call);
        settle(&p);
        assert_true(p.client.ends == 1 && p.client.status == ACQ_RPC_CANCELLED);
        assert_int_equal(p.server.ends, p.server.begins);
        if (when >= 2) assert_true(p.server.ends == 1 && p.server.status == ACQ_RPC_CANCELLED && !p.server.messages);
        pair_fini(&p);
        assert_int_equal(p.client.ends, 1);
    }
}

static void cancel_by_server(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    begin_call(&p);
    settle(&p);
    acq_rpc_cancel(p.server.call);
    settle(&p);
    assert_true(p.client.ends == 1 && p.server.ends == 1 && p.server.status == ACQ_RPC_CANCELLED);
    assert_true(p.client.status > 0);
    pair_fini(&p);
}

static void cancel_in_message(struct side *s)
{
    acq_rpc_cancel(s->call);
}

static void cancel_in_an_event(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 1 << 20);
    p.server.on_begin = respond;
    p.server.on_message = cancel_in_message;
    begin_call(&p);
    for (int i = 0; i < 10; i++) acq_rpc_write(p.client.call, (const uint8_t *)"x", 1);
    settle(&p);
    assert_true(p.server.messages == 1 && p.server.ends == 1 && p.client.ends == 1);
    pair_fini(&p);
}

/* a connection that goes ends its calls, on either side, once */
static void free_with_calls(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    for (int i = 0; i < 5; i++) begin_call(&p);
    settle(&p);
    acq_rpc_write(p.client.call, scratch, 50000);
    begin_call(&p); /* not even sent */
    pair_fini(&p);
    assert_true(p.client.ends == 6 && p.client.status == ACQ_RPC_UNAVAILABLE);
    assert_true(p.server.ends == 5 && p.server.status == ACQ_RPC_UNAVAILABLE);
}

/* after a shutdown running calls end in peace, new ones do not begin, and then the connection is done */
static void shutdown_server(void **state)
{
    struct pair p;
    (void)state;
    pair_init(&p, 0);
    p.server.on_begin = respond;
    begin_call(&p);
    settle(&p);
    acq_rpc_shutdown(p.server.rpc);
    settle(&p);
    struct acq_rpc_call *first = p.client.call, *server_call = p.server.call;
    assert_false(acq_rpc_done(p.server.rpc));
    struct acq_rpc_call *late = acq_rpc_call(p.client.rpc, "/a.B/C", "host:1", NULL, 0);
    settle(&p);
    assert_true(!late || p.client.ends == 1);
    assert_int_equal(p.server.begins, 1);
    p.client.call = first;
    p.server.call = server_call;
    unsigned ends = p.client.ends;
    assert_int_equal(acq_rpc_write(first, (const uint8_t *)"still", 5), ACQ_OK);
    settle(&p);
    assert_int_equal(p.server.messages, 1);
    acq_rpc_finish(server_call, ACQ_RPC_OK, "");
    settle(&p);
    assert_true(p.client.ends == ends + 1 && p.client.status == ACQ_RPC_OK);
    assert_true(acq_rpc_done(p.server.rpc));
    assert_true(acq_rpc_done(p.client.rpc));
    pair_fini(&p);
}

/* ---- flow control ---- */

static void more_than_fits(void **state)
{
    struct pair p;
    uint8_t bytes[1000];
    size_t queued = 0, sent = 0;
    (void)state;
    pair_init(&p, 0);
    begin_call(&p);
    settle(&p);
    memset(bytes, 7, sizeof bytes);
    for (int round = 0; round < 4; round++) {
        const uint8_t *out;
        size_t on_wire = 0;
        while (acq_rpc_write(p.client.call, bytes, sizeof bytes) == ACQ_OK) queued++;
        assert_in_range(acq_rpc_unsent(p.client.call), ACQ_RPC_UNSENT_MAX - 1005, ACQ_RPC_UNSENT_MAX);
        assert_int_equal(acq_rpc_write(p.client.call, bytes, sizeof bytes), ACQ_AGAIN);
        /* some of it is on its way, but the server has not read it: then there is room for just that */
        while (on_wire < 300000) {
            ptrdiff_t n = acq_rpc_send(p.client.rpc, &out);
            assert_true(n > 0);
            assert_int_equal(give(&p.server, out, (size_t)n, 0, &p.random), ACQ_OK);
            on_wire += (size_t)n;
        }
        sent = ACQ_RPC_UNSENT_MAX - acq_rpc_unsent(p.client.call);
        unsigned more = 0;
        while (acq_rpc_write(p.client.call, bytes, sizeof bytes) == ACQ_OK) more++;
        assert_int_equal(more, sent / 1005);
        queued += more;
        settle(&p);
        assert_int_equal(acq_rpc_unsent(p.client.call), 0);
        assert_int_equal(p.server.messages, queued);
    }
    pair_fini(&p);
}

/* a server that does not read holds the client back, and costs no more memory than it may */
static void slow_reader(void **state)
{
    struct pair p;
    uint8_t bytes[10000] = {0};
    static uint8_t wire[8 << 20];
    size_t on_wire = 0, queued = 0;
    const uint8_t *out;
    ptrdiff_t n;
    (void)state;
    pair_init(&p, 1 << 20);
    begin_call(&p);
    settle(&p);
    for (int i = 0; i < 1000; i++) {
        queued += acq_rpc_write(p.client.call, bytes, sizeof bytes) == ACQ_OK;
        while ((n = acq_rpc_send(p.client.rpc, &out)) > 0) {
            assert_true(on_wire + (size_t)n <= sizeof wire);
            memcpy(wire + on_wire, out, (size_t)n);
            on_wire += (size_t)n;
        }
    }
    assert_in_range(on_wire, 1 << 20, (1 << 20) + 10000); /* the window, and frame headers */
    assert_in_range(acq_rpc_unsent(p.client.call), ACQ_RPC_UNSENT_MAX - 10005, ACQ_RPC_UNSENT_MAX);
    assert_int_equal(give(&p.server, wire, on_wire, 0, &p.random), ACQ_OK);
    settle(&p);
    assert_int_equal(p.server.messages, queued);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange),         cmocka_unit_test(many_calls),
        cmocka_unit_test(status_alone),     cmocka_unit_test(finish_while_sending),
        cmocka_unit_test(cancel_by_client), cmocka_unit_test(queued_before_status),
        cmocka_unit_test(cancel_by_server), cmocka_unit_test(cancel_in_an_event),
        cmocka_unit_test(free_with_calls),  cmocka_unit_test(shutdown_server),
        cmocka_unit_test(more_than_fits),   cmocka_unit_test(slow_reader),
    };
    return cmocka_run_group_tests_name("rpc", tests, NULL, NULL);
}
