/* fuzz_reader.c - bytes as a recording.
 *
 * The first byte says how: 0 the rest is the file; 1 it is the content of a member of ours, whose header tells lies but
 * has its checksum; 2 it is the content of a foreign gzip file; 3 a whole recording with a byte changed here and there.
 * The reader reads it in order, in parts, which must give the same frames and the same loss, and by headers alone. It
 * looks for frames by number and by time: in the fourth case it must find those that reading in order finds. The
 * recorder goes on with it, and then it must be readable. */
#include "frame/frame.h"
#include "record/member.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

static char path[64];
static int memory = -1;

static void make_file(const void *bytes, size_t n)
{
    if (memory < 0) {
        memory = memfd_create("recording", 0);
        CHECK(memory >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    }
    CHECK(ftruncate(memory, 0) == 0);
    CHECK(pwrite(memory, bytes, n, 0) == (ssize_t)n);
}

/* What came out of a reading: how many frames, and a sum over their bytes in their order. */
struct got {
    int result; /* ACQ_END, or an error */
    uint64_t frames, sum;
    struct acq_loss loss;
};

/* What is looked for. */
struct goal {
    uint64_t seq; /* frames from this one on */
    const struct acq_select *select;
};

static bool hits(const struct goal *goal, int64_t first_t_ns, const uint8_t *frame, size_t n)
{
    static struct acq_frame f;
    bool good = acq_decode(&f, frame, n) == ACQ_OK;
    if (!goal) return true;
    return good && f.head.seq >= goal->seq && (!goal->select || acq_select_has(goal->select, first_t_ns, &f));
}

static void add(struct got *got, struct acq_batch batch, const struct goal *goal, int64_t first_t_ns)
{
    const uint8_t *frame;
    size_t n;
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        if (!hits(goal, first_t_ns, frame, n)) continue;
        got->frames++;
        got->sum = (got->sum ^ n) * 0x100000001b3u;
        for (size_t i = 0; i < n; i++) got->sum = (got->sum ^ frame[i]) * 0x100000001b3u; /* FNV-1a */
    }
}

/* read_all reads the file in order and counts what is looked for; with `jump` the reader may look for it itself. */
static void read_all(struct got *got, const struct goal *goal, bool jump)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err = {0, ""};
    *got = (struct got){.result = acq_reader_new(&reader, path, &err)};
    if (got->result < 0) {
        CHECK(*err.text);
        return;
    }
    if (jump && goal->seq) got->result = acq_reader_skip_to(reader, goal->seq, &err);
    if (jump && goal->select) got->result = acq_reader_select(reader, goal->select, &err);
    while (got->result == ACQ_OK && (got->result = acq_reader_next(reader, &batch, &err)) == ACQ_OK) {
        CHECK(batch.len > 0 || !acq_reader_get_loss(reader)->foreign);
        add(got, batch, goal, acq_reader_first_t_ns(reader));
    }
    CHECK(got->result == ACQ_END || *err.text);
    got->loss = *acq_reader_get_loss(reader);
    acq_reader_free(reader);
}

/* read_parts reads stretches of so many frames, as several threads would. */
static void read_parts(struct got *got, struct acq_reader *reader, uint64_t frames)
{
    struct acq_reader *part;
    struct acq_batch batch;
    struct acq_span span;
    struct acq_err err = {0, ""};
    uint64_t position = 0;
    int r;
    *got = (struct got){0};
    acq_loss_init(&got->loss);
    acq_loss_start(&got->loss, 1);
    CHECK(acq_reader_part(&part, reader, &err) == ACQ_OK);
    while ((r = acq_reader_plan(reader, frames, &span, &err)) == ACQ_OK) {
        CHECK(span.from == position && span.to > position);
        position = span.to;
        CHECK(acq_reader_part_start(part, &span, &err) == ACQ_OK);
        while ((r = acq_reader_next(part, &batch, &err)) == ACQ_OK) add(got, batch, NULL, 0);
        CHECK(r == ACQ_END);
        acq_loss_join(&got->loss, acq_reader_get_loss(part));
    }
    CHECK(r == ACQ_END);
    acq_loss_end(&got->loss);
    got->result = r;
    acq_reader_free(part);
}

static void same(const struct got *a, const struct got *b)
{
    const struct acq_loss *x = &a->loss, *y = &b->loss;
    CHECK(a->frames == b->frames && a->sum == b->sum);
    CHECK(x->closed == y->closed && x->damaged_bytes == y->damaged_bytes && x->missing_frames == y->missing_frames);
    CHECK(x->left_out == y->left_out && x->gaps == y->gaps && !strcmp(x->text, y->text));
    for (size_t i = 0; i < x->gaps && i < ACQ_GAPS_MAX; i++) CHECK(!memcmp(&x->gap[i], &y->gap[i], sizeof x->gap[i]));
}

/* by_headers: parts and skimming, of a file of ours that could be read */
static void by_headers(const struct got *all, uint64_t frames)
{
    static struct got parts;
    struct acq_reader *reader;
    struct acq_member m;
    struct acq_err err = {0, ""};
    uint64_t at, last = 0, size = (uint64_t)lseek(memory, 0, SEEK_END);
    CHECK(acq_reader_new(&reader, path, &err) == ACQ_OK);
    CHECK(acq_reader_seekable(reader));
    read_parts(&parts, reader, frames);
    acq_reader_free(reader);
    same(all, &parts);
    CHECK(acq_reader_new(&reader, path, &err) == ACQ_OK);
    while (acq_reader_skim(reader, &m, &at, &err) == ACQ_OK) {
        CHECK(at >= last && at + m.size <= size);
        last = at + 1;
    }
    acq_reader_free(reader);
}

/* look_for: frames from a number on, frames of some time; `exact`: what is there is found */
static void look_for(uint64_t seq, bool exact)
{
    static struct got jumped, in_order;
    struct acq_select select = ACQ_SELECT_ALL;
    struct goal by_seq = {.seq = seq}, by_time = {.select = &select};
    select.from_ns = (int64_t)(seq / 2);
    select.to_ns = (int64_t)seq;
    for (int i = 0; i < 2; i++) {
        const struct goal *goal = i ? &by_time : &by_seq;
        read_all(&jumped, goal, true);
        read_all(&in_order, goal, false);
        if (exact && in_order.result == ACQ_END && !in_order.loss.foreign)
            CHECK(jumped.frames == in_order.frames && jumped.sum == in_order.sum);
    }
}

static void go_on(void)
{
    static struct acq_frame f;
    static struct got got;
    struct acq_recorder *recorder;
    struct acq_err err = {0, ""};
    uint8_t bytes[ACQ_FRAME_MAX];
    if (acq_recorder_resume(&recorder, path, false, &err) < 0) {
        CHECK(*err.text);
        return;
    }
    f.has[ACQ_head_seq] = true;
    f.head.seq = acq_recorder_get_state(recorder).last_seq + 1;
    CHECK(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)) == ACQ_OK);
    CHECK(acq_recorder_close(recorder, &err) == ACQ_OK);
    read_all(&got, NULL, false);
    if (got.frames) CHECK(got.loss.foreign || got.loss.closed);
}

/* as_member makes a file of two members with this content; the first bytes of it are what the headers say. */
static void as_member(const uint8_t *data, size_t size)
{
    static struct libdeflate_compressor *deflate;
    struct acq_buf file;
    struct acq_member m = {.raw_size = (uint32_t)size};
    if (!deflate) deflate = libdeflate_alloc_compressor(1);
    uint8_t says[24] = {0};
    memcpy(says, data, size < sizeof says ? size : sizeof says);
    m.kind = says[0] & 1;
    m.frames = says[1];
    m.first_seq = acq_get_le(says + 2, says[1] & 7);
    m.first_t_ns = (int64_t)acq_get_le(says + 10, 8);
    m.last_t_ns = m.first_t_ns + says[18];
    acq_buf_init(&file, 1 << 25);
    for (int i = 0; i < 2; i++) CHECK(acq_member_seal(&m, data, deflate, &file) == ACQ_OK);
    make_file(file.bytes, file.len);
    acq_buf_fini(&file);
}

static void as_foreign(const uint8_t *data, size_t size)
{
    z_stream z = {0};
    CHECK(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    uLong bound = deflateBound(&z, (uLong)size);
    uint8_t *out = malloc(bound);
    CHECK(out);
    z.next_in = (uint8_t *)(uintptr_t)data;
    z.avail_in = (unsigned)size;
    z.next_out = out;
    z.avail_out = (unsigned)bound;
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    make_file(out, z.total_out);
    deflateEnd(&z);
    free(out);
}

/* changed: a recording of some members; each three bytes of the input change one byte of it. */
static void changed(const uint8_t *data, size_t size)
{
    static uint8_t whole[1 << 16], bytes[1 << 16];
    static size_t n;
    if (!n) {
        static struct acq_frame f;
        struct acq_recorder *recorder;
        uint8_t frame[ACQ_FRAME_MAX];
        char name[] = "/tmp/acq-fuzz-XXXXXX";
        struct acq_err err;
        close(mkstemp(name));
        unlink(name);
        CHECK(acq_recorder_new(&recorder, name, &err) == ACQ_OK);
        for (uint64_t seq = 1; seq <= 40; seq++) {
            f.head.seq = seq;
            f.head.monotonic_ns = seq;
            f.has[ACQ_head_seq] = f.has[ACQ_head_monotonic_ns] = true;
            if (seq == 1) acq_frame_set_text(&f, ACQ_stat_track, "monza");
            if (seq > 1) f.has[ACQ_stat] = f.has[ACQ_stat_track] = false;
            CHECK(acq_recorder_add(recorder, &f, frame, acq_encode(&f, frame, NULL)) == ACQ_OK);
            if (seq % 8 == 0) CHECK(acq_recorder_flush(recorder, &err) == ACQ_OK);
        }
        CHECK(acq_recorder_close(recorder, &err) == ACQ_OK);
        FILE *file = fopen(name, "rb");
        CHECK(file);
        n = fread(whole, 1, sizeof whole, file);
        fclose(file);
        unlink(name);
    }
    memcpy(bytes, whole, n);
    for (; size >= 3; size -= 3, data += 3) bytes[(data[0] | (size_t)data[1] << 8) % n] = data[2];
    make_file(bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct got all;
    if (!size) return 0;
    unsigned how = data[0] % 4;
    data++;
    size--;
    if (how == 0)
        make_file(data, size);
    else if (how == 1)
        as_member(data, size);
    else if (how == 2)
        as_foreign(data, size);
    else
        changed(data, size);
    uint64_t number = 1 + (size ? data[0] : 0);
    read_all(&all, NULL, false);
    if (all.result == ACQ_END && !all.loss.foreign) by_headers(&all, number);
    look_for(how == 3 ? number % 44 + 1 : number, how == 3);
    go_on();
    return 0;
}
