/* Batches of frames, varints, and acks. */
#include "help.h"

#include "frame/ack.h"
#include "frame/batch.h"

static void walk(void **state)
{
    uint8_t bytes[200];
    size_t n = 0, len;
    const uint8_t *frame;
    (void)state;
    n += acq_varint_put(bytes + n, 3);
    memcpy(bytes + n, "abc", 3);
    n += 3;
    n += acq_varint_put(bytes + n, 0);
    n += acq_varint_put(bytes + n, 130);
    memset(bytes + n, 'x', 60);
    n += 60;

    struct acq_batch batch = {bytes, n};
    assert_int_equal(acq_batch_next(&batch, &frame, &len), ACQ_OK);
    assert_true(len == 3 && !memcmp(frame, "abc", 3));
    assert_int_equal(acq_batch_next(&batch, &frame, &len), ACQ_OK);
    assert_int_equal(len, 0);
    for (int i = 0; i < 2; i++) { /* a frame that is not whole is not taken */
        assert_int_equal(acq_batch_next(&batch, &frame, &len), ACQ_AGAIN);
        assert_int_equal(batch.len, 62);
    }
    batch.len = 1; /* inside the length */
    assert_int_equal(acq_batch_next(&batch, &frame, &len), ACQ_AGAIN);
    batch.len = 0;
    assert_int_equal(acq_batch_next(&batch, &frame, &len), ACQ_END);
}

static int next_of(const void *bytes, size_t n)
{
    uint8_t *exact = malloc(n);
    struct acq_batch batch = {exact, n};
    const uint8_t *frame;
    size_t len;
    memcpy(exact, bytes, n);
    int r = acq_batch_next(&batch, &frame, &len);
    free(exact);
    return r;
}

static void bad_lengths(void **state)
{
    uint8_t bytes[16];
    (void)state;
    assert_int_equal(next_of(bytes, acq_varint_put(bytes, UINT64_C(1) << 63)), ACQ_FORMAT);
    assert_int_equal(next_of(bytes, acq_varint_put(bytes, UINT64_MAX)), ACQ_FORMAT);
    assert_int_equal(next_of(bytes, acq_varint_put(bytes, ACQ_FRAME_LIMIT + 1)), ACQ_FORMAT);
    assert_int_equal(next_of(bytes, acq_varint_put(bytes, ACQ_FRAME_LIMIT)), ACQ_AGAIN);
    assert_int_equal(next_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80", 9), ACQ_AGAIN);
    assert_int_equal(next_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 10), ACQ_FORMAT);
    assert_int_equal(next_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11), ACQ_FORMAT);
}

static void varints(void **state)
{
    uint64_t random = 31, v;
    uint8_t bytes[10];
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t in = i < 64 ? (UINT64_C(1) << i) - (i & 1) : random_number(&random);
        size_t n = acq_varint_put(bytes, in);
        assert_in_range(n, 1, 10);
        assert_ptr_equal(wire_get(bytes, bytes + n, &v), bytes + n);
        assert_true(v == in);
    }
}

static void ack_round_trip(void **state)
{
    uint64_t random = 32;
    uint8_t bytes[ACQ_ACK_MAX];
    struct acq_ack a, b;
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        a = (struct acq_ack){random_number(&random), random_number(&random), (uint32_t)random_number(&random),
                             (uint32_t)random_number(&random)};
        if (i == 0) a = (struct acq_ack){UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX};
        if (i == 1) a = (struct acq_ack){0};
        size_t n = acq_ack_encode(&a, bytes);
        assert_in_range(n, 0, ACQ_ACK_MAX);
        assert_int_equal(acq_ack_decode(&b, bytes, n), ACQ_OK);
        assert_memory_equal(&a, &b, sizeof a);
    }
}

static int ack_of(struct acq_ack *ack, const struct wire *w, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, w->bytes, n);
    int r = acq_ack_decode(ack, exact, n);
    free(exact);
    return r;
}

/* acks of other servers: more fields, other order, fewer fields; and acks that are cut */
static void ack_of_others(void **state)
{
    struct wire w = {.n = 0};
    struct acq_ack a;
    (void)state;
    wire_number(&w, 16, 7);
    wire_text(&w, 3, "a message");
    wire_number(&w, 4, 12);
    wire_number(&w, 2, 4);
    wire_float(&w, 99, 1);
    wire_text(&w, 1, "another type");
    wire_number(&w, 1, 5);
    wire_number(&w, 1, 6);
    assert_int_equal(ack_of(&a, &w, w.n), ACQ_OK);
    assert_true(a.last_seq == 7 && a.status == 4 && a.last_monotonic_ns == 6);
    for (size_t cut = 0; cut < w.n; cut++) {
        int r = ack_of(&a, &w, cut);
        assert_true(r == ACQ_OK || r == ACQ_FORMAT);
    }
    w.n = 0;
    wire_number(&w, 1, 5);
    assert_int_equal(ack_of(&a, &w, w.n), ACQ_OK);
    assert_true(a.last_seq == 0 && a.status == ACQ_ACK_UNSPECIFIED && a.last_monotonic_ns == 5);
    assert_int_equal(ack_of(&a, &w, 1), ACQ_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk),           cmocka_unit_test(bad_lengths),   cmocka_unit_test(varints),
        cmocka_unit_test(ack_round_trip), cmocka_unit_test(ack_of_others),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
