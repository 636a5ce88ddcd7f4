/* A frame of the original kind gets a seq: no value changes, and no field is lost. */
#include "help.h"

static struct acq_frame before, after;
static uint8_t out[ACQ_FRAME_MAX + 2 * ACQ_FRAME_LIMIT];

/* number gives the frame in w the seq, and decodes what comes of it. Returns its length. */
static size_t number(const struct wire *w, uint64_t seq)
{
    struct acq_frame f;
    assert_int_equal(acq_decode(&before, w->bytes, w->n), ACQ_OK);
    f = before;
    size_t n = acq_frame_number(&f, seq, w->bytes, w->n, out);
    assert_true(n > 0 && f.has[ACQ_head_seq] && f.head.seq == seq);
    assert_int_equal(acq_decode(&after, out, n), ACQ_OK);
    assert_same_frame(&f, &after);
    before.head.seq = seq;
    before.has[ACQ_head_seq] = true;
    assert_same_frame(&before, &after);
    return n;
}

/* original: a message of the original project, with most of its values 0 and so left out */
static void original(struct wire *w, struct wire *physics)
{
    struct wire in = {.n = 0};
    w->n = 0;
    wire_number(w, 1, 99);
    wire_text(w, 2, "assetto_corsa");
    wire_text(w, 3, "abc");
    wire_float(physics, 1, 120);
    wire_block(w, 4, physics->bytes, physics->n);
    wire_number(&in, 1, 2);
    wire_block(w, 5, in.bytes, in.n);
    wire_block(w, 6, "\x0a\x01k", 3);
}

static void zeros(void **state)
{
    struct wire w, physics = {.n = 0};
    (void)state;
    original(&w, &physics);
    number(&w, 7);
    assert_true(after.has[ACQ_physics_brake] && after.physics.brake == 0 && after.physics.speed_kmh == 120);
    assert_true(after.has[ACQ_physics_gear] && after.physics.gear == 0);
    assert_true(after.has[ACQ_graphics_completed_laps] && after.graphics.completed_laps == 0);
    assert_true(after.has[ACQ_stat_max_rpm] && !strcmp(after.stat.car_model, "k"));
    assert_false(after.has[ACQ_physics_tyre_load] || after.has[ACQ_physics_packet_id]);
}

/* fields: how many fields of this tag a message has, wherever it stands; *last is the latest */
static unsigned fields(const uint8_t *bytes, size_t n, unsigned tag, struct wire_field *last)
{
    struct wire_field all[300];
    size_t count = wire_split(bytes, n, all, 300);
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].tag != tag) continue;
        *last = all[i];
        found++;
    }
    return found;
}

static void unknown_fields(void **state)
{
    struct wire w, physics = {.n = 0}, stat = {.n = 0};
    struct wire_field field, part, all[32];
    uint64_t seq, t;
    (void)state;
    wire_number(&physics, 2000, 77);
    wire_float(&physics, 5, 1.5F); /* the gear, which is no float: so it is another field */
    original(&w, &physics);
    wire_number(&w, 120, 5);
    wire_block(&w, 300, "hello", 5);
    wire_text(&stat, 100, "more");
    wire_block(&w, 6, stat.bytes, stat.n);
    size_t n = number(&w, 1);
    assert_int_equal(acq_frame_peek(out, n, &seq, &t), ACQ_OK);
    assert_true(seq == 1 && t == 99);

    size_t body = acq_frame_body(out, n);
    assert_int_equal(fields(out, body, 120, &field), 1);
    assert_int_equal(field.value[0], 5);
    assert_int_equal(fields(out, body, 300, &field), 1);
    assert_memory_equal(field.value, "hello", 5);
    assert_int_equal(fields(out, body, 6, &field), 0);
    assert_int_equal(fields(out, n, 6, &field), 2);
    assert_int_equal(fields(field.value, field.value_n, 100, &field), 1);
    assert_memory_equal(field.value, "more", 4);

    assert_int_equal(fields(out, n, 4, &part), 2); /* what Physics has beyond the table is a message of its own */
    wire_split(out, n, all, sizeof all / sizeof *all);
    part = all[0];
    assert_int_equal(part.tag, 4);
    assert_int_equal(fields(part.value, part.value_n, 2000, &field), 1);
    assert_int_equal(field.value[0], 77);
    assert_int_equal(fields(part.value, part.value_n, 5, &field), 1);
    assert_int_equal(field.type, 5);

    /* none of them is lost, or doubled, when it is done again */
    w.n = 0;
    wire_bytes(&w, out, n);
    assert_int_equal(number(&w, 1), n);
}

/* random frames without seq, with fields that nobody knows in between */
static void random_frames(void **state)
{
    struct acq_frame f;
    uint64_t random = 3;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct wire w = {.n = 0};
        random_frame(&random, &f, 12);
        f.has[ACQ_head_seq] = false;
        for (uint64_t k = random_below(&random, 3); k; k--)
            wire_number(&w, (unsigned)(500 + k), random_number(&random));
        w.n += acq_encode(&f, w.bytes + w.n, NULL);
        number(&w, 1 + random_number(&random) / 2);
    }
}

static void too_long(void **state)
{
    static uint8_t bytes[ACQ_FRAME_LIMIT];
    (void)state;
    /* one field that fills the frame up to what may just be, and one more byte */
    for (size_t n = ACQ_FRAME_LIMIT - 12; n <= ACQ_FRAME_LIMIT; n++) {
        bytes[0] = 0xa2, bytes[1] = 0x06; /* 100, bytes */
        size_t len = n - 5;
        bytes[2] = (uint8_t)(len | 128), bytes[3] = (uint8_t)(len >> 7 | 128), bytes[4] = (uint8_t)(len >> 14);
        struct acq_frame f;
        assert_int_equal(acq_decode(&f, bytes, n), ACQ_OK);
        size_t bare = acq_encode(&f, out, NULL), got = acq_frame_number(&f, 1, bytes, n, out);
        size_t want = n + bare + 3; /* a seq below 128 takes two bytes of key and one more */
        assert_int_equal(got, want <= ACQ_FRAME_LIMIT ? want : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(zeros), cmocka_unit_test(unknown_fields),
                                       cmocka_unit_test(random_frames), cmocka_unit_test(too_long)};
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
