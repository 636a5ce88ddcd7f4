/* fuzz_reader.c - bytes as a recording.
 *
 * The first byte says how: 0 the rest is the file; 1 it is the content of a member of ours, whose header tells lies but
 * has its checksum; 2 it is the content of a foreign gzip file; 3 a whole recording with a byte changed here and there.
 * The reader reads it and goes to a frame in it; the recorder goes on with it, and then it must be readable. */
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

/* read_all reads the file, from frame `seq` on unless 0. Returns the number of frames, or an error. */
static int64_t read_all(uint64_t seq, struct acq_loss *loss)
{
    static struct acq_frame f;
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err = {0, ""};
    const uint8_t *frame;
    size_t n;
    int64_t frames = 0;
    int r = acq_reader_new(&reader, path, &err);
    if (r == ACQ_OK && seq) {
        r = acq_reader_skip_to(reader, seq, &err);
        if (r != ACQ_OK) acq_reader_free(reader);
    }
    if (r != ACQ_OK) {
        CHECK(r == ACQ_END || *err.text);
        return r;
    }
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK) {
        CHECK(batch.len > 0 || !acq_reader_get_loss(reader)->foreign);
        for (; acq_batch_next(&batch, &frame, &n) == ACQ_OK; frames++) acq_decode(&f, frame, n);
    }
    CHECK(r == ACQ_END || *err.text);
    *loss = *acq_reader_get_loss(reader);
    acq_reader_free(reader);
    return frames;
}

static void go_on(void)
{
    static struct acq_frame f;
    struct acq_loss loss;
    struct acq_recorder *recorder;
    struct acq_err err = {0, ""};
    uint8_t bytes[ACQ_FRAME_MAX];
    if (acq_recorder_resume(&recorder, path, &err) < 0) {
        CHECK(*err.text);
        return;
    }
    f.has[ACQ_head_seq] = true;
    f.head.seq = acq_recorder_get_state(recorder).last_seq + 1;
    CHECK(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)) == ACQ_OK);
    CHECK(acq_recorder_close(recorder, &err) == ACQ_OK);
    if (read_all(0, &loss) > 0) CHECK(loss.foreign || loss.closed);
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
    struct acq_loss loss;
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
    read_all(0, &loss);
    read_all(1 + (size ? data[0] : 0), &loss);
    go_on();
    return 0;
}
