/* What a recording promises of damage, tried at very many places: cut anywhere, a bit flipped, 4 KiB lost. The reader
 * gives every frame of every member that is still whole, and no other; it says how many frames are missing and between
 * which times, exactly where that can be known. Reading in parts gives the same, skimming by headers agrees, and what
 * is looked for by number or by time is found.
 *
 * The truth is worked out from the undamaged file and what was done to it, without our reader.
 *
 * ACQ_SOAK=1 tries all places instead of a sample. ACQ_SEED=N repeats a run; it is printed with each failure. */
#include "recording.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <time.h>

enum { FRAMES = 4000, LEFT_OUT_AT = 2000, LEFT_OUT = 500, HOLE = 4096, MOST = 64 };

static char folder[64], damaged[512], what[200];
static bool soak;
static uint64_t seed;

#define CHECK(condition) \
    if (!(condition)) fail_msg("%s: not so: %s", what, #condition)
#define SAME(a, b) \
    if ((a) != (b)) fail_msg("%s: %s is %" PRIu64 ", not %" PRIu64, what, #a, (uint64_t)(a), (uint64_t)(b))

/* A whole recording: its bytes, where its members are, and their content. */
struct sample {
    uint8_t *bytes;
    size_t size;
    struct members list;
    uint8_t *content[256];
    bool leaves_out; /* it has a place where frames were left out on purpose */
};
static struct sample plain, with_hole;

/* What was done to it, and what comes of that. */
struct damage {
    enum { CUT, FLIP, ZEROS, REMOVED } kind;
    size_t at, n;
};
struct truth {
    size_t size;
    size_t place[256]; /* of each member whose header is whole, in the damaged file */
    bool header[256], whole[256];
    bool closed;
    uint64_t damaged_bytes, missing;
    struct acq_gap gap[MOST];
    size_t gaps, frames;
};

/* inflate_member returns the content of a member for free(), NULL if it is none. */
static uint8_t *inflate_member(const uint8_t *bytes, const struct acq_member *m)
{
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    uint8_t *out = malloc(m->raw_size + 1u);
    size_t in = 0, n = 0;
    assert_non_null(inflate);
    assert_non_null(out);
    bool good =
        libdeflate_gzip_decompress_ex(inflate, bytes, m->size, out, m->raw_size, &in, &n) == LIBDEFLATE_SUCCESS &&
        in == m->size && n == m->raw_size;
    libdeflate_free_decompressor(inflate);
    if (good) return out;
    free(out);
    return NULL;
}

static void make_sample(struct sample *s, const char *name, bool leave_out)
{
    const char *path = file_in(folder, name);
    struct acq_recorder *recorder;
    struct acq_err err;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    if (leave_out) {
        record_frames(recorder, 1, LEFT_OUT_AT);
        assert_int_equal(acq_recorder_leave_out(recorder, &err), ACQ_OK);
        record_frames(recorder, LEFT_OUT_AT + LEFT_OUT + 1, FRAMES);
    } else {
        record_frames(recorder, 1, FRAMES);
    }
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    s->leaves_out = leave_out;
    s->bytes = file_read(path, &s->size);
    members_of(&s->list, s->bytes, s->size);
    for (size_t i = 0; i < s->list.n; i++) {
        s->content[i] = inflate_member(s->bytes + s->list.at[i], &s->list.m[i]);
        assert_non_null(s->content[i]);
    }
}

static void free_sample(struct sample *s)
{
    for (size_t i = 0; i < s->list.n; i++) free(s->content[i]);
    free(s->bytes);
}

static int begin(void **state)
{
    const char *given = getenv("ACQ_SEED");
    (void)state;
    soak = getenv("ACQ_SOAK") != NULL;
    seed = given ? strtoull(given, NULL, 10) : soak ? (uint64_t)time(NULL) : 1;
    printf("ACQ_SEED=%" PRIu64 "%s\n", seed, soak ? " ACQ_SOAK=1" : "");
    folder_make(folder);
    snprintf(damaged, sizeof damaged, "%s/damaged.pb.gz", folder);
    make_sample(&plain, "plain.pb.gz", false);
    make_sample(&with_hole, "hole.pb.gz", true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free_sample(&plain);
    free_sample(&with_hole);
    folder_remove(folder);
    return 0;
}

/* ---- the truth ---- */

/* apply writes the damaged file. Returns its bytes for free(). */
static uint8_t *apply(const struct sample *s, const struct damage *d, struct truth *t)
{
    uint8_t *bytes = malloc(s->size + 1);
    assert_non_null(bytes);
    memcpy(bytes, s->bytes, s->size);
    t->size = s->size;
    switch (d->kind) {
    case CUT: t->size = d->at; break;
    case FLIP: bytes[d->at] ^= (uint8_t)(1 << d->n); break;
    case ZEROS: memset(bytes + d->at, 0, d->n); break;
    case REMOVED:
        t->size -= d->n;
        memmove(bytes + d->at, bytes + d->at + d->n, t->size - d->at);
        break;
    }
    file_write(damaged, bytes, t->size);
    return bytes;
}

/* place_member: where member i stands now, if its header is whole, and whether all of it is */
static void place_member(const struct sample *s, const struct damage *d, struct truth *t, const uint8_t *bytes,
                         size_t i)
{
    const struct acq_member *m = &s->list.m[i];
    size_t was = s->list.at[i], at = d->kind == REMOVED && was >= d->at + d->n ? was - d->n : was;
    bool gone = d->kind == REMOVED && was < d->at + d->n && was + ACQ_MEMBER_HEADER > d->at;
    t->place[i] = at;
    t->header[i] = !gone && at + ACQ_MEMBER_HEADER <= t->size && !memcmp(bytes + at, s->bytes + was, ACQ_MEMBER_HEADER);
    t->whole[i] = t->header[i] && at + m->size <= t->size;
    if (!t->whole[i] || !memcmp(bytes + at, s->bytes + was, m->size)) return;
    /* a flipped bit may be one that means nothing, as those behind the deflate stream's end */
    uint8_t *content = inflate_member(bytes + at, m);
    t->whole[i] = content && !memcmp(content, s->content[i], m->raw_size);
    free(content);
}

static void add_gap(struct truth *t, struct acq_gap gap)
{
    assert_true(t->gaps < MOST);
    t->gap[t->gaps++] = gap;
    t->missing += gap.frames;
    t->damaged_bytes += gap.bytes;
}

/* find_gaps: between whole members the numbers say how many frames are missing; behind the last one only the headers
 * that are left there can */
static void find_gaps(const struct sample *s, struct truth *t)
{
    uint64_t next = 1, claim = 0;
    int64_t last = ACQ_LOSS_BEFORE;
    size_t position = 0;
    for (size_t i = 0; i < s->list.n; i++) {
        const struct acq_member *m = &s->list.m[i];
        if (t->header[i] && m->first_seq + m->frames > claim) claim = m->first_seq + m->frames;
        if (!t->whole[i]) continue;
        uint64_t bytes = t->place[i] - position, missing = m->first_seq - next;
        if (bytes || missing)
            add_gap(t, (struct acq_gap){bytes ? position : t->place[i], bytes, next, missing, last,
                                        m->frames ? m->first_t_ns : ACQ_LOSS_BEHIND});
        position = t->place[i] + m->size;
        next = m->first_seq + m->frames;
        if (m->frames) last = m->last_t_ns;
        t->frames += m->frames;
        t->closed = m->kind == ACQ_MEMBER_END;
    }
    if (position < t->size)
        add_gap(t, (struct acq_gap){position, t->size - position, next, claim > next ? claim - next : 0, last,
                                    ACQ_LOSS_BEHIND});
}

/* ---- the reader ---- */

/* next_whole: the next member from i on that holds frames and is whole; list.n if there is none */
static size_t next_whole(const struct sample *s, const struct truth *t, size_t i)
{
    while (i < s->list.n && (!t->whole[i] || s->list.m[i].kind == ACQ_MEMBER_END)) i++;
    return i;
}

static void check_batch(const struct sample *s, size_t i, const struct acq_batch *batch)
{
    CHECK(i < s->list.n);
    SAME(batch->len, s->list.m[i].raw_size);
    CHECK(!memcmp(batch->bytes, s->content[i], batch->len));
}

static void check_loss(const struct truth *t, const struct acq_loss *l)
{
    CHECK(!l->foreign);
    SAME(l->closed, t->closed);
    SAME(l->damaged_bytes, t->damaged_bytes);
    SAME(l->missing_frames, t->missing);
    SAME(l->gaps, t->gaps);
    for (size_t i = 0; i < t->gaps; i++) {
        const struct acq_gap *a = &l->gap[i], *b = &t->gap[i];
        SAME(a->at, b->at);
        SAME(a->bytes, b->bytes);
        SAME(a->first_seq, b->first_seq);
        SAME(a->frames, b->frames);
        SAME(a->from_t_ns, b->from_t_ns);
        SAME(a->to_t_ns, b->to_t_ns);
    }
    SAME(!*l->text, !t->gaps);
}

static void same_loss(const struct acq_loss *a, const struct acq_loss *b)
{
    SAME(a->closed, b->closed);
    SAME(a->damaged_bytes, b->damaged_bytes);
    SAME(a->missing_frames, b->missing_frames);
    SAME(a->left_out, b->left_out);
    SAME(a->gaps, b->gaps);
    CHECK(!memcmp(a->gap, b->gap, (a->gaps < ACQ_GAPS_MAX ? a->gaps : ACQ_GAPS_MAX) * sizeof *a->gap));
    CHECK(!strcmp(a->text, b->text));
}

/* read_foreign: the first member's header is gone, and zlib reads the file in spite of it, to the end */
static void read_foreign(const struct sample *s, struct acq_reader *reader)
{
    struct acq_batch batch;
    struct acq_err err;
    size_t i = 0, at = 0;
    while (acq_reader_next(reader, &batch, &err) == ACQ_OK)
        while (batch.len) {
            CHECK(i < s->list.n);
            size_t n = s->list.m[i].raw_size - at < batch.len ? s->list.m[i].raw_size - at : batch.len;
            CHECK(!memcmp(batch.bytes, s->content[i] + at, n));
            batch = (struct acq_batch){batch.bytes + n, batch.len - n};
            at += n;
            if (at < s->list.m[i].raw_size) continue;
            i++;
            at = 0;
        }
    CHECK(i >= s->list.n - 1 && !at);
}

/* read_in_order reads the whole file. Returns false if it was read as a foreign one. */
static bool read_in_order(const struct sample *s, const struct truth *t, struct acq_loss *loss)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err;
    uint64_t at;
    size_t i = next_whole(s, t, 0);
    int r = acq_reader_new(&reader, damaged, &err);
    if (!t->frames) {
        CHECK(r == ACQ_FORMAT || t->whole[s->list.n - 1]);
        if (r == ACQ_OK) acq_reader_free(reader);
        return false;
    }
    if (r < 0) fail_msg("%s: %s", what, err.text);
    bool foreign = acq_reader_get_loss(reader)->foreign;
    if (foreign) {
        CHECK(!t->header[0]);
        read_foreign(s, reader);
    }
    while (!foreign && (r = acq_reader_next(reader, &batch, &err)) == ACQ_OK) {
        check_batch(s, i, &batch);
        SAME(acq_reader_member(reader, &at)->first_seq, s->list.m[i].first_seq);
        SAME(at, t->place[i]);
        CHECK(!memcmp(acq_reader_packed(reader) + ACQ_MEMBER_HEADER, s->bytes + s->list.at[i] + ACQ_MEMBER_HEADER, 8));
        i = next_whole(s, t, i + 1);
    }
    CHECK(foreign || (r == ACQ_END && i == s->list.n));
    *loss = *acq_reader_get_loss(reader);
    acq_reader_free(reader);
    return !foreign;
}

/* read_in_parts: two readers take turns with stretches of so many frames */
static void read_in_parts(const struct sample *s, const struct truth *t, uint64_t frames, struct acq_loss *loss)
{
    struct acq_reader *reader, *part[2];
    struct acq_batch batch;
    struct acq_span span;
    struct acq_err err;
    size_t i = next_whole(s, t, 0);
    uint64_t position = 0;
    int r;
    assert_int_equal(acq_reader_new(&reader, damaged, &err), ACQ_OK);
    CHECK(acq_reader_seekable(reader));
    for (int k = 0; k < 2; k++) assert_int_equal(acq_reader_part(&part[k], reader, &err), ACQ_OK);
    acq_loss_init(loss);
    acq_loss_start(loss, 1);
    for (int k = 0; (r = acq_reader_plan(reader, frames, &span, &err)) == ACQ_OK; k ^= 1) {
        SAME(span.from, position);
        CHECK(span.to > span.from);
        position = span.to;
        assert_int_equal(acq_reader_part_start(part[k], &span, &err), ACQ_OK);
        while ((r = acq_reader_next(part[k], &batch, &err)) == ACQ_OK) {
            check_batch(s, i, &batch);
            i = next_whole(s, t, i + 1);
        }
        SAME(r, ACQ_END);
        acq_loss_join(loss, acq_reader_get_loss(part[k]));
    }
    acq_loss_end(loss);
    SAME(r, ACQ_END);
    CHECK(position >= t->size);
    CHECK(i == s->list.n);
    for (int k = 0; k < 2; k++) acq_reader_free(part[k]);
    acq_reader_free(reader);
}

/* skim: all whole members are there, and nothing that is no member. Without reading them, a header whose content is
 * damaged passes for a member, so what it says of the loss may be less. */
static void skim(const struct sample *s, const struct truth *t)
{
    struct acq_reader *reader;
    struct acq_member m;
    struct acq_err err;
    uint64_t at;
    size_t i = 0;
    int r;
    assert_int_equal(acq_reader_new(&reader, damaged, &err), ACQ_OK);
    while ((r = acq_reader_skim(reader, &m, &at, &err)) == ACQ_OK) {
        while (i < s->list.n && !(t->header[i] && t->place[i] == at)) {
            CHECK(!t->whole[i]);
            i++;
        }
        CHECK(i < s->list.n);
        SAME(m.first_seq, s->list.m[i].first_seq);
        SAME(m.size, s->list.m[i].size);
        i++;
    }
    SAME(r, ACQ_END);
    for (; i < s->list.n; i++) CHECK(!t->whole[i]);
    CHECK(acq_reader_get_loss(reader)->damaged_bytes <= t->damaged_bytes);
    CHECK(acq_reader_get_loss(reader)->missing_frames <= t->missing);
    acq_reader_free(reader);
}

/* read_selected: from where the reader stands, all whole members from i to j come, perhaps others too, in order */
static void read_selected(const struct sample *s, const struct truth *t, struct acq_reader *reader, size_t i, size_t j)
{
    struct acq_batch batch;
    struct acq_err err;
    uint64_t at;
    size_t k = 0;
    int r;
    i = next_whole(s, t, i);
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK) {
        uint64_t seq = acq_reader_member(reader, &at)->first_seq;
        while (k < s->list.n && s->list.m[k].first_seq != seq) k++;
        CHECK(k < s->list.n && t->whole[k]);
        check_batch(s, k, &batch);
        if (k >= i && k <= j) {
            SAME(k, i);
            i = next_whole(s, t, i + 1);
        }
    }
    SAME(r, ACQ_END);
    CHECK(i > j);
}

/* look_for: a frame by its number, a stretch by its time */
static void look_for(const struct sample *s, const struct truth *t, uint64_t *random)
{
    struct acq_reader *reader;
    struct acq_err err;
    uint64_t seq = 1 + random_below(random, FRAMES);
    size_t i = 0, j;
    while (s->list.m[i].first_seq + s->list.m[i].frames <= seq && i < s->list.n - 1) i++;
    assert_int_equal(acq_reader_new(&reader, damaged, &err), ACQ_OK);
    CHECK(acq_reader_skip_to(reader, seq, &err) >= 0);
    read_selected(s, t, reader, i, s->list.n - 1);
    acq_reader_free(reader);
    assert_int_equal(acq_reader_new(&reader, damaged, &err), ACQ_OK);
    int64_t first = acq_reader_first_t_ns(reader);
    struct acq_select select = {.from_ns = (int64_t)(seq * STEP_NS)};
    select.to_ns = select.from_ns + (int64_t)(random_below(random, 500) * STEP_NS) + 1;
    for (i = 0; i < s->list.n - 1 && s->list.m[i].last_t_ns < first + select.from_ns;) i++;
    for (j = i; j < s->list.n - 1 && s->list.m[j].first_t_ns < first + select.to_ns;) j++;
    CHECK(acq_reader_select(reader, &select, &err) == ACQ_OK);
    if (j > i) read_selected(s, t, reader, i, j - 1);
    acq_reader_free(reader);
}

/* ---- all of it, for one damage ---- */

static void check(const struct sample *s, struct damage d)
{
    static const char *const names[] = {"cut at", "bit flipped at", "zeros at", "removed at"};
    static struct acq_loss loss, joined;
    struct truth t = {0};
    uint64_t random = seed + d.at + d.n;
    snprintf(what, sizeof what, "ACQ_SEED=%" PRIu64 ", %s, %s %zu (%zu)", seed, s->leaves_out ? "hole" : "plain",
             names[d.kind], d.at, d.n);
    uint8_t *bytes = apply(s, &d, &t);
    for (size_t i = 0; i < s->list.n; i++) place_member(s, &d, &t, bytes, i);
    free(bytes);
    find_gaps(s, &t);
    if (!read_in_order(s, &t, &loss)) return;
    if (!s->leaves_out) check_loss(&t, &loss);
    read_in_parts(s, &t, 1 + random_below(&random, 600), &joined);
    same_loss(&loss, &joined);
    skim(s, &t);
    look_for(s, &t, &random);
}

static void check_both(struct damage d)
{
    check(&plain, d);
    if (d.at + d.n < with_hole.size) check(&with_hole, d);
}

/* ---- what is tried ---- */

static void undamaged(void **state)
{
    (void)state;
    check(&plain, (struct damage){CUT, plain.size, 0});
    check(&with_hole, (struct damage){CUT, with_hole.size, 0});
}

static void cut_at_every_byte(void **state)
{
    size_t from = plain.list.at[plain.list.n - 3], step = soak ? 1 : 7;
    (void)state;
    for (size_t at = from; at < plain.size; at += step) check(&plain, (struct damage){CUT, at, 0});
    for (size_t i = plain.list.n - 3; i < plain.list.n; i++) /* and closely around where members begin */
        for (size_t at = plain.list.at[i] - 3; at < plain.list.at[i] + ACQ_MEMBER_HEADER + 3; at++)
            check(&plain, (struct damage){CUT, at, 0});
}

static void cut_anywhere(void **state)
{
    uint64_t random = seed;
    (void)state;
    for (int i = 0; i < (soak ? 1000 : 150); i++)
        check_both((struct damage){CUT, random_below(&random, plain.size), 0});
}

static void flip_bits(void **state)
{
    uint64_t random = seed + 1;
    (void)state;
    for (int i = 0; i < (soak ? 1000 : 250); i++)
        check_both((struct damage){FLIP, random_below(&random, plain.size), random_below(&random, 8)});
    for (size_t i = 0; i < plain.list.n; i += plain.list.n - 2) /* each bit of a first and of a late header */
        for (size_t bit = 0; bit < 8 * ACQ_MEMBER_HEADER; bit += soak ? 1 : 3)
            check(&plain, (struct damage){FLIP, plain.list.at[i] + bit / 8, bit % 8});
}

static void lose_blocks(void **state)
{
    uint64_t random = seed + 2;
    (void)state;
    for (int i = 0; i < (soak ? 100 : 50); i++) {
        size_t at = random_below(&random, plain.size - HOLE);
        check_both((struct damage){ZEROS, at, HOLE});
        check_both((struct damage){REMOVED, at, HOLE});
    }
}

/* pieces of any length, also such as begin and end where members do */
static void lose_pieces(void **state)
{
    uint64_t random = seed + 3;
    const struct members *l = &plain.list;
    (void)state;
    for (int i = 0; i < (soak ? 1000 : 150); i++) {
        size_t a = 1 + random_below(&random, l->n - 1), b = 1 + random_below(&random, l->n - 1);
        size_t from = l->at[a < b ? a : b], to = l->at[a < b ? b : a];
        if (i % 3) from += random_below(&random, l->m[a < b ? a : b].size);
        if (i % 3 == 1) to += random_below(&random, l->m[a < b ? b : a].size);
        if (from < to) check(&plain, (struct damage){i % 2 ? REMOVED : ZEROS, from, to - from});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undamaged), cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(flip_bits), cmocka_unit_test(lose_blocks),       cmocka_unit_test(lose_pieces),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
