/* Foreign files, cut and damaged, and what is no recording: the reader gives every whole frame, says what is missing,
 * and never crashes. What our own files survive is in test_survival.c. */
#include "recording.h"

enum { FRAMES = 900 };

static char folder[64];
static uint8_t *whole; /* a recording of FRAMES small frames */
static size_t size;
static struct members list;

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    record_file(file_in(folder, "whole.pb.gz"), FRAMES);
    whole = file_read(file_in(folder, "whole.pb.gz"), &size);
    members_of(&list, whole, size);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(whole);
    folder_remove(folder);
    return 0;
}

/* ---- our own files ---- */

/* read_damaged reads the first n bytes at `bytes` as a file. The frames must rise, which check_frame has compared. */
static struct got read_damaged(const uint8_t *bytes, size_t n)
{
    const char *path = file_in(folder, "damaged.pb.gz");
    file_write(path, bytes, n);
    struct got got = read_file(path);
    for (size_t i = 1; i < got.n; i++) assert_true(got.seq[i] > got.seq[i - 1]);
    return got;
}

/* intact: all frames of member i are in what was read */
static bool intact(const struct got *got, const struct acq_member *m)
{
    size_t found = 0;
    for (size_t i = 0; i < got->n; i++) found += got->seq[i] >= m->first_seq && got->seq[i] < m->first_seq + m->frames;
    return found == m->frames;
}

/* damage at [from, to) of the file: every other member is read, and what is missing is counted */
static void check_damage(struct got *got, size_t from, size_t to)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < list.n; i++) {
        if (list.m[i].kind == ACQ_MEMBER_END) continue;
        bool hit = from < list.at[i + 1] && to > list.at[i];
        bool there = intact(got, &list.m[i]);
        if (!hit && !there) fail_msg("damage at %zu..%zu: member %zu is lost", from, to, i);
        if (!there) missing += list.m[i].frames;
    }
    assert_int_equal(got->result, ACQ_END);
    assert_int_equal(got->n + missing, FRAMES);
    if (missing) assert_true(*got->loss.text || got->loss.missing_frames);
    bool end_is_there = to <= list.at[list.n - 1];
    if (end_is_there && !got->loss.foreign) {
        assert_int_equal(got->loss.missing_frames, missing);
        assert_true(got->loss.closed);
    }
}

static void newer_version(void **state)
{
    uint8_t *bytes = malloc(size);
    (void)state;
    memcpy(bytes, whole, size);
    bytes[10] = (uint8_t)(bytes[10] + 4); /* a longer header */
    bytes[14] = (uint8_t)(bytes[14] + 4);
    bytes[16] = 2;
    struct got got = read_damaged(bytes, size);
    assert_int_equal(got.result, ACQ_VERSION);
    got_free(&got);
    /* the same in the middle of a recording can only be damage */
    memcpy(bytes + list.at[2], bytes, 17);
    memcpy(bytes, whole, 17);
    got = read_damaged(bytes, size);
    check_damage(&got, list.at[2], list.at[2] + 17);
    got_free(&got);
    free(bytes);
}

/* two recordings in one file, as `cat` makes it */
static void concatenated(void **state)
{
    const char *path = file_in(folder, "two.pb.gz");
    uint8_t *bytes = malloc(2 * size);
    (void)state;
    memcpy(bytes, whole, size);
    memcpy(bytes + size, whole, size);
    file_write(path, bytes, 2 * size);
    struct got got = read_file(path);
    assert_int_equal(got.result, ACQ_END);
    assert_int_equal(got.n, 2 * FRAMES);
    assert_true(got.loss.closed && !got.loss.missing_frames && !*got.loss.text);
    got_free(&got);
    free(bytes);
}

/* ---- foreign files ---- */

/* frames makes the content of a foreign file: length-delimited frames of the original schema. Returns its length, and
 * where each frame ends. */
static size_t foreign_content(uint8_t *dst, unsigned count, size_t *ends)
{
    size_t n = 0;
    for (unsigned i = 0; i < count; i++) {
        struct wire w = {.n = 0}, in = {.n = 0};
        wire_number(&w, 1, 1000 + i);
        wire_text(&w, 2, "assetto_corsa");
        wire_text(&w, 3, "b7a0");
        wire_float(&in, 1, (float)i);
        wire_float(&in, 2, 0.5f);
        wire_block(&w, 4, in.bytes, in.n);
        n += acq_varint_put(dst + n, w.n);
        memcpy(dst + n, w.bytes, w.n);
        n += w.n;
        ends[i] = n;
    }
    return n;
}

static uint64_t check_foreign(const uint8_t *bytes, size_t n)
{
    static struct acq_frame f;
    assert_int_equal(acq_decode(&f, bytes, n), ACQ_OK);
    assert_true(!f.has[ACQ_head_seq] && f.physics.speed_kmh == (float)(f.head.monotonic_ns - 1000));
    return f.head.monotonic_ns - 1000;
}

/* check_maybe: zlib finds damage a little later than it begins, so what was last is not what it was */
static uint64_t check_maybe(const uint8_t *bytes, size_t n)
{
    static struct acq_frame f;
    return acq_decode(&f, bytes, n) == ACQ_OK ? f.head.monotonic_ns - 1000 : UINT64_MAX;
}

/* inflated: what zlib gets out of n bytes of a gzip file */
static size_t inflated(const uint8_t *bytes, size_t n, uint8_t *dst, size_t room)
{
    z_stream z = {0};
    uint8_t *in = malloc(n + 1);
    memcpy(in, bytes, n);
    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    z.next_in = in;
    z.avail_in = (unsigned)n;
    z.next_out = dst;
    z.avail_out = (unsigned)room;
    inflate(&z, Z_SYNC_FLUSH);
    size_t got = room - z.avail_out;
    inflateEnd(&z);
    free(in);
    return got;
}

static void foreign_cut_anywhere(void **state)
{
    enum { COUNT = 400, ROOM = 1 << 17 };
    const char *path = file_in(folder, "foreign.pb.gz");
    static uint8_t content[ROOM], scratch[ROOM];
    static size_t ends[COUNT];
    size_t n, all = foreign_content(content, COUNT, ends);
    (void)state;
    gzip_write(path, content, all);
    uint8_t *bytes = file_read(path, &n);
    for (size_t cut = 0; cut <= n; cut++) {
        size_t raw = inflated(bytes, cut, scratch, ROOM), frames = 0;
        while (frames < COUNT && ends[frames] <= raw) frames++;
        file_write(path, bytes, cut);
        struct got got = read_with(path, check_foreign);
        if (!frames) {
            assert_int_equal(got.result, ACQ_FORMAT);
        } else {
            assert_int_equal(got.result, ACQ_END);
            assert_int_equal(got.n, frames);
            for (size_t i = 0; i < got.n; i++) assert_int_equal(got.seq[i], i);
            assert_true(got.loss.foreign);
            assert_int_equal(got.loss.closed, cut == n);
            assert_int_equal(got.loss.damaged_bytes, raw - ends[frames - 1]);
            assert_int_equal(!*got.loss.text, cut == n);
        }
        got_free(&got);
    }
    free(bytes);
}

/* many frames, more than fit into one batch; several gzip members; something behind the end */
static void foreign_long(void **state)
{
    enum { COUNT = 60000 };
    const char *path = file_in(folder, "long.pb.gz"), *two = file_in(folder, "two.pb.gz");
    uint8_t *content = malloc(COUNT * 64);
    size_t *ends = malloc(COUNT * sizeof *ends), n, all = foreign_content(content, COUNT, ends);
    (void)state;
    gzip_write(path, content, ends[9999]);
    gzip_write(two, content + ends[9999], all - ends[9999]);
    uint8_t *first = file_read(path, &n), *both = malloc(2 * COUNT * 64);
    memcpy(both, first, n);
    free(first);
    size_t more;
    uint8_t *second = file_read(two, &more);
    memcpy(both + n, second, more);
    free(second);
    memset(both + n + more, 0, 1000);
    for (int zeros = 0; zeros < 2; zeros++) {
        file_write(path, both, n + more + (zeros ? 1000 : 0));
        struct got got = read_with(path, check_foreign);
        assert_int_equal(got.result, ACQ_END);
        assert_int_equal(got.n, COUNT);
        assert_true(got.loss.foreign && got.loss.closed);
        got_free(&got);
    }
    /* a damaged byte far inside: what stands before is read */
    both[n + more / 2] ^= 0x55;
    file_write(path, both, n + more);
    struct got got = read_with(path, check_maybe);
    assert_int_equal(got.result, ACQ_END);
    assert_true(got.n > 20000 && got.n < COUNT && !got.loss.closed && *got.loss.text);
    for (size_t i = 0; i < 20000; i++) assert_int_equal(got.seq[i], i);
    got_free(&got);
    free(both);
    free(content);
    free(ends);
}

static void refused(const char *name, const void *bytes, size_t n, bool packed, int expected)
{
    const char *path = file_in(folder, name);
    if (packed)
        gzip_write(path, bytes, n);
    else
        file_write(path, bytes, n);
    struct got got = read_with(path, check_foreign);
    if (got.result != expected) fail_msg("%s: %d", name, got.result);
    if (expected < 0) assert_non_null(strstr(got.err.text, name));
    got_free(&got);
}

static void not_recordings(void **state)
{
    uint8_t many[5000];
    (void)state;
    refused("empty", "", 0, false, ACQ_FORMAT);
    refused("text", "t_ns,game,session\n1,2,3\n", 24, false, ACQ_FORMAT);
    refused("one_byte", "\x1f", 1, false, ACQ_FORMAT);
    refused("parquet", "PAR1\x15\x04", 6, false, ACQ_FORMAT);
    refused("text.gz", "t_ns,game,session\n1,2,3\n", 24, true, ACQ_FORMAT);
    memset(many, 'a', sizeof many);
    refused("letters.gz", many, sizeof many, true, ACQ_FORMAT);
    memset(many, 0, sizeof many); /* each byte would be the length of an empty frame */
    refused("zeros.gz", many, sizeof many, true, ACQ_FORMAT);
    refused("length.gz", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01xxxx", 14, true, ACQ_FORMAT); /* 2^63 */
    refused("varint.gz", "\x80", 1, true, ACQ_FORMAT);
    refused("endless.gz", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12, true, ACQ_FORMAT);
    refused("nothing.gz", "", 0, true, ACQ_END); /* a session in which no frame came */
    struct got got = read_file(file_in(folder, "there_is_none"));
    assert_int_equal(got.result, ACQ_MISSING);
    got = read_file(folder);
    assert_int_equal(got.result, ACQ_IO);
}

/* an impossible length behind good frames: those are read, and the loss is told */
static void foreign_bad_length(void **state)
{
    const char *path = file_in(folder, "bad.pb.gz");
    uint8_t content[4096];
    size_t ends[20], n = foreign_content(content, 20, ends);
    (void)state;
    memcpy(content + n, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01xxxxxxxxxx", 20);
    gzip_write(path, content, n + 20);
    struct got got = read_with(path, check_foreign);
    assert_int_equal(got.result, ACQ_END);
    assert_true(got.n == 20 && !got.loss.closed && got.loss.damaged_bytes == 20 && *got.loss.text);
    got_free(&got);
}

/* through a pipe: no size, no seeking */
static void standard_input(void **state)
{
    int saved = dup(0), file;
    FILE *pipe;
    char command[600];
    struct acq_err err;
    struct acq_reader *reader;
    (void)state;
    snprintf(command, sizeof command, "cat %s/whole.pb.gz", folder);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    file = fileno(pipe);
    assert_int_equal(dup2(file, 0), 0);
    struct got got = {.n = 0};
    assert_int_equal(acq_reader_new(&reader, "-", &err), ACQ_OK);
    assert_int_equal(acq_reader_skip_to(reader, 5, &err), ACQ_FORMAT);
    got_all(&got, reader, check_frame);
    assert_true(acq_reader_progress(reader) < 0);
    assert_true(got.n == FRAMES && got.loss.closed);
    acq_reader_free(reader);
    got_free(&got);
    pclose(pipe);
    close(0);
    got = read_file("-");
    assert_int_equal(got.result, ACQ_IO);
    dup2(saved, 0);
    close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newer_version),  cmocka_unit_test(concatenated),       cmocka_unit_test(foreign_cut_anywhere),
        cmocka_unit_test(foreign_long),   cmocka_unit_test(foreign_bad_length), cmocka_unit_test(not_recordings),
        cmocka_unit_test(standard_input),
    };
    return cmocka_run_group_tests_name("damage", tests, begin, end);
}
