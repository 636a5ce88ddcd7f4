#include "record/filter.h"

#include "base/stop.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_BLOCK = 1 << 20, STREAM_LEVEL = 6 };

/* A gzip stream of frames, in blocks. */
struct stream {
    int fd;
    struct acq_buf raw, packed;
    struct libdeflate_compressor *deflate;
};

struct work {
    const struct acq_filter *filter;
    struct acq_filtered *done;
    struct acq_reader *reader;
    struct acq_recorder *recorder; /* or, of frames without seq: */
    struct stream stream;
    const char *out;
    struct acq_frame frame;
    int64_t first_t_ns;
    uint64_t next_seq, missing, unreadable; /* missing: what the reader missed up to the latest frame written */
    bool left_out;                          /* frames were left out since that one */
    uint8_t bytes[ACQ_FRAME_MAX];
};

/* ---- frames without seq ---- */

static int stream_write(struct stream *s, struct acq_err *err)
{
    if (!s->raw.len) return ACQ_OK;
    s->packed.len = 0;
    if (acq_buf_reserve(&s->packed, libdeflate_gzip_compress_bound(s->deflate, s->raw.len)) < 0)
        return acq_fail(err, ACQ_MEMORY, "no memory to write the recording");
    size_t n = libdeflate_gzip_compress(s->deflate, s->raw.bytes, s->raw.len, s->packed.bytes, s->packed.room);
    s->raw.len = 0;
    return n ? acq_file_write(s->fd, s->packed.bytes, n, err) : acq_fail(err, ACQ_RANGE, "the recording is too large");
}

static int stream_add(struct stream *s, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    uint8_t length[10];
    size_t len = acq_varint_put(length, n);
    if (acq_buf_add(&s->raw, length, len) < 0 || acq_buf_add(&s->raw, bytes, n) < 0)
        return acq_fail(err, ACQ_MEMORY, "no memory to write the recording");
    return s->raw.len < STREAM_BLOCK ? ACQ_OK : stream_write(s, err);
}

static int stream_open(struct stream *s, const char *path, struct acq_err *err)
{
    acq_buf_init(&s->raw, 2 * STREAM_BLOCK);
    acq_buf_init(&s->packed, 4 * STREAM_BLOCK);
    s->deflate = libdeflate_alloc_compressor(STREAM_LEVEL);
    if (!s->deflate) return acq_fail(err, ACQ_MEMORY, "no memory to write the recording");
    s->fd = acq_file_open(path, ACQ_FILE_CREATE, err);
    return s->fd < 0 ? s->fd : ACQ_OK;
}

static int stream_close(struct stream *s, int result, struct acq_err *err)
{
    if (result == ACQ_OK) result = stream_write(s, err);
    if (s->fd >= 0) acq_file_close(s->fd);
    libdeflate_free_compressor(s->deflate);
    acq_buf_fini(&s->raw);
    acq_buf_fini(&s->packed);
    return result;
}

/* ---- writing ---- */

/* open_out: the file is made when it is known what kind of frames come */
static int open_out(struct work *w, bool numbered, struct acq_err *err)
{
    if (w->recorder || w->stream.fd >= 0) return ACQ_OK;
    if (!numbered && w->filter->drop)
        return acq_fail(err, ACQ_USAGE,
                        "the original project wrote this recording, without frame numbers: there, no channel can be "
                        "dropped; `acq convert` writes a table of some");
    if (!numbered) return stream_open(&w->stream, w->out, err);
    int result = acq_recorder_new(&w->recorder, w->out, err);
    if (result == ACQ_OK) acq_recorder_offline(w->recorder);
    return result;
}

/* mark: the frame or member to be written begins with `seq`: says whether what lies before was left out on purpose, by
 * us or by who wrote the recording, or is lost */
static int mark(struct work *w, uint64_t seq, bool marked, struct acq_err *err)
{
    uint64_t missing = acq_reader_get_loss(w->reader)->missing_frames;
    bool passed_over = seq > w->next_seq && missing == w->missing;
    bool left_out = w->left_out || marked || passed_over;
    w->missing = missing;
    w->left_out = false;
    return left_out ? acq_recorder_leave_out(w->recorder, err) : ACQ_OK;
}

static void count(struct work *w, int64_t first_ns, int64_t last_ns, uint64_t frames)
{
    if (!w->done->frames) w->done->first_ns = first_ns;
    w->done->last_ns = last_ns;
    w->done->frames += frames;
}

/* write_frame: the frame at hand, which these bytes are */
static int write_frame(struct work *w, const uint8_t *bytes, size_t n, bool marked, struct acq_err *err)
{
    struct acq_frame *f = &w->frame;
    int64_t t = (int64_t)f->head.monotonic_ns;
    count(w, t, t, 1);
    int result = open_out(w, f->has[ACQ_head_seq], err);
    if (result < 0) return result;
    if (!w->recorder) return stream_add(&w->stream, bytes, n, err);
    if (!f->has[ACQ_head_seq])
        return acq_fail(err, ACQ_FORMAT, "some frames have no seq: this is no recording of ours");
    for (unsigned id = 0; w->filter->drop && id < ACQ_IDS; id++) f->has[id] = f->has[id] && w->filter->keep[id];
    if (w->filter->drop) n = acq_encode(f, w->bytes, NULL);
    result = mark(w, f->head.seq, marked, err);
    if (result == ACQ_OK && acq_recorder_due(w->recorder)) result = acq_recorder_flush(w->recorder, err);
    if (result < 0) return result;
    result = acq_recorder_add(w->recorder, f, w->filter->drop ? w->bytes : bytes, n);
    return result < 0 ? acq_fail(err, result, "cannot write frame %" PRIu64 ": the disk failed", f->head.seq) : ACQ_OK;
}

/* pass_frame: the frame at hand is not wanted; but its context holds for those behind it */
static int pass_frame(struct work *w, const uint8_t *bytes, size_t n, bool numbered, struct acq_err *err)
{
    w->left_out = true;
    if (!w->frame.has[ACQ_stat] && !w->frame.has[ACQ_capture]) return ACQ_OK;
    int result = open_out(w, numbered, err);
    if (result < 0 || !w->recorder) return result;
    result = acq_recorder_keep_context(w->recorder, bytes, n);
    return result < 0 ? acq_fail(err, result, "no memory to write the recording") : ACQ_OK;
}

/* ---- reading ---- */

/* all_wanted: are all frames of the member wanted, and is it as its header says? */
static bool all_wanted(struct work *w, const struct acq_member *m, struct acq_batch batch)
{
    const uint8_t *bytes;
    size_t n;
    uint32_t frames = 0;
    if (w->filter->drop) return false;
    for (; acq_batch_next(&batch, &bytes, &n) == ACQ_OK; frames++)
        if (acq_decode(&w->frame, bytes, n) < 0 || !acq_select_has(&w->filter->select, w->first_t_ns, &w->frame) ||
            w->frame.head.seq != m->first_seq + frames)
            return false;
    return frames == m->frames;
}

static int copy_member(struct work *w, const struct acq_member *m, struct acq_err *err)
{
    count(w, m->first_t_ns, m->last_t_ns, m->frames);
    int result = open_out(w, true, err);
    if (result == ACQ_OK) result = mark(w, m->first_seq, m->left_out, err);
    if (result == ACQ_OK) result = acq_recorder_copy(w->recorder, m, acq_reader_packed(w->reader), err);
    w->next_seq = m->first_seq + m->frames;
    return result;
}

/* take_frames: the frames of a batch, one by one */
static int take_frames(struct work *w, struct acq_batch batch, bool marked, struct acq_err *err)
{
    const uint8_t *bytes;
    size_t n;
    int result = ACQ_OK;
    while (result == ACQ_OK && acq_batch_next(&batch, &bytes, &n) == ACQ_OK) {
        if (acq_decode(&w->frame, bytes, n) < 0) {
            w->unreadable++;
            continue;
        }
        bool numbered = w->frame.has[ACQ_head_seq];
        uint64_t seq = w->frame.head.seq;
        result = acq_select_has(&w->filter->select, w->first_t_ns, &w->frame) ? write_frame(w, bytes, n, marked, err)
                                                                              : pass_frame(w, bytes, n, numbered, err);
        if (numbered) w->next_seq = seq + 1;
        marked = false;
    }
    return result;
}

static int take_all(struct work *w, struct acq_err *err)
{
    struct acq_batch batch;
    uint64_t at;
    int result = acq_reader_select(w->reader, &w->filter->select, err);
    while (result == ACQ_OK && (result = acq_reader_next(w->reader, &batch, err)) == ACQ_OK) {
        const struct acq_member *m = acq_reader_member(w->reader, &at);
        if (m && all_wanted(w, m, batch))
            result = copy_member(w, m, err);
        else
            result = take_frames(w, batch, m && m->left_out, err);
        if (result == ACQ_OK && acq_stopped()) result = acq_fail(err, ACQ_STOPPED, "stopped: nothing was written");
    }
    return result == ACQ_END ? ACQ_OK : result;
}

static void say_loss(struct work *w)
{
    const struct acq_loss *loss = acq_reader_get_loss(w->reader);
    w->done->missing = loss->missing_frames;
    snprintf(w->done->loss, sizeof w->done->loss, "%s", loss->text);
    if (!*w->done->loss && w->unreadable)
        snprintf(w->done->loss, sizeof w->done->loss, "%" PRIu64 " frame%s could not be read: left out", w->unreadable,
                 w->unreadable == 1 ? "" : "s");
}

int acq_filter_file(const struct acq_filter *filter, const char *in, const char *out, struct acq_filtered *done,
                    struct acq_err *err)
{
    struct work *w = calloc(1, sizeof *w);
    *done = (struct acq_filtered){0};
    if (!w) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", in);
    *w = (struct work){.filter = filter, .done = done, .out = out, .next_seq = 1, .stream = {.fd = -1}};
    int result = acq_reader_new(&w->reader, in, err);
    if (result == ACQ_OK) {
        w->first_t_ns = acq_reader_first_t_ns(w->reader);
        result = take_all(w, err);
        say_loss(w);
    }
    if (w->recorder && result == ACQ_OK)
        result = acq_recorder_close(w->recorder, err);
    else
        acq_recorder_free(w->recorder);
    result = stream_close(&w->stream, result, err);
    acq_reader_free(w->reader);
    free(w);
    return result;
}
