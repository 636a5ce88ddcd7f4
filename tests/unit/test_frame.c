/* Frames to bytes and back: what is encoded is decoded, and what is no frame is refused. */
#include "help.h"

#define FRAMES 3000

static struct acq_frame f, g;

static int decode(struct acq_frame *to, const void *bytes, size_t n)
{
    uint8_t *exact = calloc(1, n + !n); /* so that a sanitizer sees a read behind the end */
    if (n) memcpy(exact, bytes, n);
    memset(to, 0x55, sizeof *to);
    memset(to->has, false, sizeof to->has);
    int r = acq_decode(to, exact, n);
    free(exact);
    return r;
}

static int decode_wire(const struct wire *w)
{
    return decode(&g, w->bytes, w->n);
}

static void round_trip(void **state)
{
    uint64_t random = 1;
    uint8_t bytes[ACQ_FRAME_MAX], again[ACQ_FRAME_MAX];
    (void)state;
    for (unsigned i = 0; i < FRAMES; i++) {
        size_t body;
        random_frame(&random, &f, i % 17);
        f.has[ACQ_head_seq] = true;
        f.head.seq = random_number(&random);
        size_t n = acq_encode(&f, bytes, &body);
        assert_true(n <= ACQ_FRAME_MAX);
        assert_int_equal(decode(&g, bytes, n), ACQ_OK);
        assert_same_frame(&f, &g);
        assert_int_equal(acq_encode(&g, again, NULL), n);
        assert_memory_equal(bytes, again, n);
        assert_int_equal(acq_frame_body(bytes, n), body);
        assert_true(body == n || f.has[ACQ_stat] || f.has[ACQ_capture]);
        uint64_t seq, t;
        assert_int_equal(acq_frame_peek(bytes, n, &seq, &t), ACQ_OK);
        assert_int_equal(seq, f.head.seq);
        assert_int_equal(t, f.has[ACQ_head_monotonic_ns] ? f.head.monotonic_ns : 0);
    }
}

/* the longest frame there can be fits into ACQ_FRAME_MAX */
static void longest(void **state)
{
    uint8_t bytes[ACQ_FRAME_MAX + 64];
    (void)state;
    memset(bytes, 0xee, sizeof bytes);
    memset(&f, 0xff, sizeof f);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        f.has[id] = true;
        if (acq_channels[id].type != ACQ_TYPE_STR) continue;
        memset(value_at(&f, id), 'x', acq_channels[id].n);
        value_at(&f, id)[acq_channels[id].n] = 0;
    }
    size_t n = acq_encode(&f, bytes, NULL);
    assert_true(n <= ACQ_FRAME_MAX && n > ACQ_FRAME_MAX - 400);
    for (size_t i = n + 16; i < sizeof bytes; i++) assert_int_equal(bytes[i], 0xee);
    assert_int_equal(decode(&g, bytes, n), ACQ_OK);
    assert_same_frame(&f, &g);
}

/* a frame cut anywhere is refused, or decodes to a part of itself */
static void truncated(void **state)
{
    uint64_t random = 2;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        random_frame(&random, &f, 14);
        f.has[ACQ_head_seq] = true;
        size_t n = acq_encode(&f, bytes, NULL), accepted = 0;
        for (size_t cut = 0; cut < n; cut++) {
            uint64_t seq, t;
            size_t body = acq_frame_body(bytes, cut);
            assert_true(body <= cut);
            int r = decode(&g, bytes, cut);
            assert_int_equal(acq_frame_peek(bytes, cut, &seq, &t), r);
            if (r < 0) continue;
            accepted++;
            if (!g.has[ACQ_head_seq]) continue; /* then the rules of the original schema fill in zeros */
            for (unsigned id = 0; id < ACQ_IDS; id++)
                if (g.has[id]) assert_same_value(&g, &f, (enum acq_id)id);
        }
        assert_in_range(accepted, 1, 12); /* only between fields of the top level */
    }
}

static void shuffle(uint64_t *random, struct wire_field *fields, size_t n, bool reverse)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = reverse ? n - i : random_below(random, i);
        if (reverse && j >= i - 1) return;
        struct wire_field x = fields[i - 1];
        fields[i - 1] = fields[j];
        fields[j] = x;
    }
}

/* shuffled writes the message anew, its fields and those of its groups in another order. */
static void shuffled(uint64_t *random, struct wire *to, const uint8_t *bytes, size_t n, bool reverse, unsigned depth)
{
    struct wire_field fields[128];
    size_t count = wire_split(bytes, n, fields, 128);
    shuffle(random, fields, count, reverse);
    for (size_t i = 0; i < count; i++) {
        const struct wire_field *x = &fields[i];
        bool group = depth == 0 && (x->tag == 4 || x->tag == 5 || x->tag == 6 || x->tag == 19);
        bool floats = depth == 1 && x->type == 2 && (x->value_n == 15 || x->value_n == 20) && x->value[0] == 0x0d;
        if (!group && !floats) {
            wire_bytes(to, x->bytes, x->n);
            continue;
        }
        struct wire inner = {.n = 0};
        shuffled(random, &inner, x->value, x->value_n, reverse, depth + 1);
        wire_block(to, x->tag, inner.bytes, inner.n);
    }
}

static void any_order(void **state)
{
    uint64_t random = 3;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        struct wire w = {.n = 0};
        random_frame(&random, &f, 12);
        f.has[ACQ_head_seq] = true;
        size_t n = acq_encode(&f, bytes, NULL);
        shuffled(&random, &w, bytes, n, i == 0, 0);
        assert_int_equal(w.n, n);
        assert_int_equal(decode_wire(&w), ACQ_OK);
        assert_same_frame(&f, &g);

        /* the body ends before the first field of the context, wherever that is */
        struct wire_field fields[32];
        size_t count = wire_split(w.bytes, w.n, fields, 32), body = 0;
        for (size_t k = 0; k < count && fields[k].tag != 6 && fields[k].tag != 19; k++) body += fields[k].n;
        assert_int_equal(acq_frame_body(w.bytes, w.n), body);
        uint64_t seq, t;
        assert_int_equal(acq_frame_peek(w.bytes, w.n, &seq, &t), ACQ_OK);
        assert_int_equal(seq, f.head.seq);
    }
}

/* fields that we do not know, of every wire type, between all others and in every group, change nothing */
static void unknown_fields(void **state)
{
    uint64_t random = 4;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct wire w = {.n = 0}, in = {.n = 0};
        struct wire_field fields[128];
        random_frame(&random, &f, 8);
        f.has[ACQ_head_seq] = f.has[ACQ_physics] = true;
        size_t n = acq_encode(&f, bytes, NULL), count = wire_split(bytes, n, fields, 128);
        for (size_t k = 0; k < count; k++) {
            unsigned tag = 100 + (unsigned)random_below(&random, 1u << random_below(&random, 29));
            wire_number(&w, tag, random_number(&random));
            wire_key(&w, tag + 1, 1);
            wire_bytes(&w, "12345678", 8);
            wire_text(&w, tag + 2, "of no interest \xff");
            wire_float(&w, tag + 3, 1);
            /* a tag of ours with another wire type is unknown too */
            wire_float(&w, 1, 1);
            wire_text(&w, 16, "seq");
            wire_number(&w, 4, 7);
            if (fields[k].tag != 4) {
                wire_bytes(&w, fields[k].bytes, fields[k].n);
                continue;
            }
            in.n = 0;
            wire_number(&in, 120, 1);
            wire_text(&in, 1, "speed");
            wire_number(&in, 8, 5);
            wire_bytes(&in, fields[k].value, fields[k].value_n);
            wire_float(&in, 5, 3);
            wire_key(&in, 127, 1);
            wire_bytes(&in, "12345678", 8);
            wire_block(&w, 4, in.bytes, in.n);
        }
        assert_int_equal(decode_wire(&w), ACQ_OK);
        assert_same_frame(&f, &g);
    }
}

/* what comes twice: the last scalar counts, messages add up */
static void merges(void **state)
{
    struct wire w = {.n = 0}, in = {.n = 0}, part = {.n = 0};
    (void)state;
    wire_number(&w, 16, 1);
    wire_number(&w, 16, 2);
    wire_text(&w, 2, "first");
    wire_text(&w, 2, "2nd");
    wire_float(&in, 1, 10);
    wire_float(&in, 2, 20);
    wire_float(&part, 1, 1);
    wire_float(&part, 3, 3);
    wire_block(&in, 8, part.bytes, part.n);
    wire_block(&w, 4, in.bytes, in.n);
    in.n = part.n = 0;
    wire_float(&part, 3, 30);
    wire_float(&part, 4, 40);
    wire_block(&in, 8, part.bytes, part.n);
    wire_float(&in, 2, 21);
    wire_float(&in, 3, 31);
    wire_block(&w, 4, in.bytes, in.n);
    wire_block(&w, 4, "", 0);
    assert_int_equal(decode_wire(&w), ACQ_OK);
    assert_int_equal(g.head.seq, 2);
    assert_string_equal(g.head.game, "2nd");
    assert_true(g.physics.speed_kmh == 10 && g.physics.gas == 21 && g.physics.brake == 31);
    const float *slip = g.physics.tyre_slip;
    assert_true(slip[0] == 1 && slip[1] == 0 && slip[2] == 30 && slip[3] == 40);
    assert_false(g.has[ACQ_physics_clutch]);
    assert_false(g.has[ACQ_graphics]);
}

/* context that is appended to a frame replaces what it had, field by field */
static void appended_context(void **state)
{
    uint64_t random = 5;
    uint8_t bytes[3 * ACQ_FRAME_MAX];
    static struct acq_frame more, both;
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        size_t body;
        random_frame(&random, &f, 8);
        f.has[ACQ_head_seq] = true;
        size_t n = acq_encode(&f, bytes, NULL);
        random_frame(&random, &more, 8);
        size_t all = acq_encode(&more, bytes + n, &body);
        memmove(bytes + n, bytes + n + body, all - body);
        assert_int_equal(decode(&g, bytes, n + all - body), ACQ_OK);
        both = f;
        for (unsigned id = ACQ_stat; id < ACQ_IDS; id++) {
            if (!more.has[id]) continue;
            both.has[id] = true;
            memcpy(value_at(&both, id), value_at(&more, id), value_size(id));
        }
        assert_same_frame(&both, &g);
    }
}

static void partial_vectors(void **state)
{
    struct wire w = {.n = 0}, in = {.n = 0}, part = {.n = 0};
    (void)state;
    wire_number(&w, 16, 1);
    wire_float(&part, 2, 5);
    wire_number(&part, 1, 5);
    wire_float(&part, 4, 6); /* a Vec3f has no fourth */
    wire_block(&in, 12, part.bytes, part.n);
    wire_block(&in, 13, "", 0);
    wire_block(&w, 4, in.bytes, in.n);
    assert_int_equal(decode_wire(&w), ACQ_OK);
    assert_true(g.has[ACQ_physics_acc_g] && g.has[ACQ_physics_velocity] && !g.has[ACQ_physics_angular_velocity]);
    assert_true(g.physics.acc_g[0] == 0 && g.physics.acc_g[1] == 5 && g.physics.acc_g[2] == 0);
    assert_true(g.physics.velocity[0] == 0 && g.physics.velocity[1] == 0 && g.physics.velocity[2] == 0);
}

static void varints(void **state)
{
    struct wire w = {.n = 0}, in = {.n = 0};
    (void)state;
    /* int32 below 0 takes ten bytes; of anything longer than 32 bits the low half counts */
    wire_bytes(&w, "\x80\x01\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12); /* seq 1 in ten bytes */
    wire_number(&in, 5, (uint64_t)-7);
    wire_block(&w, 4, in.bytes, in.n);
    in.n = 0;
    wire_number(&in, 1, 0x123456789abcdef0);
    wire_bytes(&in, "\x90\x80\x80\x80\x00\x05", 6); /* the key of completed_laps, written in five bytes */
    wire_block(&w, 5, in.bytes, in.n);
    assert_int_equal(decode_wire(&w), ACQ_OK);
    assert_int_equal(g.head.seq, 1);
    assert_int_equal(g.physics.gear, -7);
    assert_int_equal(g.graphics.status, (int32_t)0x9abcdef0);
    assert_int_equal(g.graphics.completed_laps, 5);
}

static void refuse(const char *bytes, size_t n)
{
    uint64_t seq, t;
    assert_int_equal(decode(&g, bytes, n), ACQ_FORMAT);
    assert_int_equal(acq_frame_body((const uint8_t *)bytes, n) <= n, 1);
    acq_frame_peek((const uint8_t *)bytes, n, &seq, &t);
}
#define REFUSE(text) refuse(text, sizeof(text) - 1)

static void malformed(void **state)
{
    (void)state;
    REFUSE("\x08");                                             /* no value */
    REFUSE("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"); /* a varint of eleven bytes */
    REFUSE("\x80\x80\x80\x80\x80\x00\x01");                     /* a key of six bytes */
    REFUSE("\x00\x00");                                         /* tag 0 */
    REFUSE("\x0b\x0c");                                         /* a group */
    REFUSE("\x0e\x00");                                         /* wire type 6 */
    REFUSE("\x0f\x00");                                         /* wire type 7 */
    REFUSE("\x12\x05"
           "abc"); /* shorter than its length */
    REFUSE("\x12\xff\xff\xff\xff\xff\x01"
           "abc");                                  /* a length beyond 32 bits */
    REFUSE("\x22\x02\x0d\x00");                     /* a float that is cut */
    REFUSE("\x22\x03\x42\x02\x0d");                 /* a vector that is cut */
    REFUSE("\x22\x06\x42\x04\x0d\x00\x00\x00");     /* a float of a vector that is cut */
    REFUSE("\x89\x01\x00\x00\x00\x00\x00\x00\x00"); /* utc_ns that is cut */
    REFUSE("\xa2\x06\x7f");                         /* an unknown field that is cut */
}

static int text(const char *bytes, size_t n)
{
    struct wire w = {.n = 0};
    wire_number(&w, 16, 1);
    wire_block(&w, 2, bytes, n);
    int r = decode_wire(&w);
    if (r == ACQ_OK) assert_memory_equal(g.head.game, bytes, n);
    if (r == ACQ_OK) assert_int_equal(g.head.game[n], 0);
    return r;
}

static void texts(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe2\x82",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xe2\x28\xa1",
                                      ("a\xf0\x9f\x8f"
                                       "b")};
    char longest_text[32];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(text(bad[i], strlen(bad[i])), ACQ_FORMAT);
        char framed[16];
        int n = snprintf(framed, sizeof framed, "ab%sc", bad[i]);
        assert_int_equal(text(framed, (size_t)n), ACQ_FORMAT);
    }
    assert_int_equal(text("", 0), ACQ_OK);
    assert_int_equal(text("é\u0800\U00010000\U0010ffff\ud7ff\ue000", 2 + 3 + 4 + 4 + 3 + 3), ACQ_OK);
    assert_int_equal(text("a\0b", 3), ACQ_FORMAT);
    memset(longest_text, 'x', sizeof longest_text);
    assert_int_equal(text(longest_text, 31), ACQ_OK);
    assert_int_equal(text(longest_text, 32), ACQ_FORMAT);
    /* every character there is, and every pair of bytes that is none */
    for (unsigned a = 1; a < 256; a++)
        for (unsigned b = 1; b < 256; b++) {
            char two[3] = {(char)a, (char)b, 0};
            bool good = (a < 128 && b < 128) || (a >= 0xc2 && a < 0xe0 && b >= 0x80 && b < 0xc0);
            assert_int_equal(text(two, 2), good ? ACQ_OK : ACQ_FORMAT);
        }
}

static void nan_bits(void **state)
{
    static const uint32_t odd[] = {0x7fc00001, 0xffc12345, 0x7f800001, 0xff800000, 0x80000000, 0x00000001};
    uint8_t bytes[ACQ_FRAME_MAX];
    uint32_t back;
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        acq_frame_clear(&f);
        f.has[ACQ_head_seq] = f.has[ACQ_physics] = f.has[ACQ_physics_gas] = f.has[ACQ_physics_tyre_load] = true;
        memcpy(&f.physics.gas, &odd[i], 4);
        for (unsigned k = 0; k < 4; k++) memcpy(&f.physics.tyre_load[k], &odd[(i + k) % 6], 4);
        assert_int_equal(decode(&g, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
        memcpy(&back, &g.physics.gas, 4);
        assert_int_equal(back, odd[i]);
        assert_memory_equal(g.physics.tyre_load, f.physics.tyre_load, 16);
    }
}

/* a frame without seq is the original project's: its scalars that are not there are 0, in the groups that are */
static void original_schema(void **state)
{
    struct wire w = {.n = 0}, in = {.n = 0};
    (void)state;
    wire_number(&w, 1, 99);
    wire_float(&in, 1, 120);
    wire_block(&w, 4, in.bytes, in.n);
    wire_block(&w, 6, "", 0);
    assert_int_equal(decode_wire(&w), ACQ_OK);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP) continue;
        bool there = c->group == ACQ_IN_head || c->group == ACQ_IN_physics || c->group == ACQ_IN_stat;
        if (g.has[id] != (there && c->tag < 16 && c->type != ACQ_TYPE_FLOATS)) fail_msg("%s", c->name);
    }
    assert_true(g.head.monotonic_ns == 99 && !*g.head.game && !*g.head.session_id);
    assert_true(g.physics.speed_kmh == 120 && g.physics.gas == 0 && g.physics.gear == 0);
    assert_true(!*g.stat.car_model && g.stat.max_rpm == 0);
    assert_false(g.has[ACQ_graphics]);

    /* the same with a seq: absent is absent */
    wire_number(&w, 16, 0);
    assert_int_equal(decode_wire(&w), ACQ_OK);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        if (acq_channels[id].type == ACQ_TYPE_GROUP) continue;
        bool there = id == ACQ_head_monotonic_ns || id == ACQ_head_seq || id == ACQ_physics_speed_kmh;
        if (g.has[id] != there) fail_msg("%s", acq_channels[id].name);
    }
    assert_true(g.has[ACQ_physics] && g.has[ACQ_stat] && !g.has[ACQ_graphics]);
}

static void empty(void **state)
{
    uint64_t seq, t;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    assert_int_equal(decode(&g, "", 0), ACQ_OK);
    assert_int_equal(acq_frame_peek((const uint8_t *)"", 0, &seq, &t), ACQ_OK);
    assert_true(seq == 0 && t == 0 && acq_frame_body((const uint8_t *)"", 0) == 0);
    acq_frame_clear(&f);
    assert_int_equal(acq_encode(&f, bytes, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),       cmocka_unit_test(longest),         cmocka_unit_test(truncated),
        cmocka_unit_test(any_order),        cmocka_unit_test(unknown_fields),  cmocka_unit_test(merges),
        cmocka_unit_test(appended_context), cmocka_unit_test(partial_vectors), cmocka_unit_test(varints),
        cmocka_unit_test(malformed),        cmocka_unit_test(texts),           cmocka_unit_test(nan_bits),
        cmocka_unit_test(original_schema),  cmocka_unit_test(empty),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
