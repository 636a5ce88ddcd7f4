/* recording.h - recordings for tests: small ones of our own and foreign ones, and what a reader gives back of a file.
 *
 * Memory  everything is the caller's; struct got is freed by got_free. */
#ifndef ACQ_TESTS_RECORDING_H
#define ACQ_TESTS_RECORDING_H

#include "help.h"

#include "frame/batch.h"
#include "record/member.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <zlib.h>

#define STEP_NS UINT64_C(3000000)

/* small_frame makes the frame `seq` of a session: few channels, all depending on seq. Returns its bytes' number. */
HELP size_t small_frame(struct acq_frame *f, uint64_t seq, bool context, uint8_t bytes[ACQ_FRAME_MAX])
{
    uint64_t random = seq;
    acq_frame_clear(f);
    acq_frame_set_text(f, ACQ_head_session_id, "a-session");
    f->head.seq = seq;
    f->head.monotonic_ns = 1000000000 + seq * STEP_NS;
    f->head.utc_ns = UINT64_C(1767268800000000000) + seq * STEP_NS;
    f->physics.speed_kmh = (float)(random_next(&random) >> 44);
    f->graphics.completed_laps = (int32_t)(seq / 300);
    f->graphics.best_time_ms = (int32_t)(100000 - seq / 300);
    f->has[ACQ_head_seq] = f->has[ACQ_head_monotonic_ns] = f->has[ACQ_head_utc_ns] = f->has[ACQ_physics] = true;
    f->has[ACQ_physics_speed_kmh] = f->has[ACQ_graphics] = f->has[ACQ_graphics_completed_laps] = true;
    f->has[ACQ_graphics_best_time_ms] = true;
    if (context) {
        acq_frame_set_text(f, ACQ_stat_track, "monza");
        f->capture.steps_seen = seq;
        f->has[ACQ_capture] = f->has[ACQ_capture_steps_seen] = true;
    }
    return acq_encode(f, bytes, NULL);
}

/* record writes small frames `from` to `to`, members closed when they are due. */
HELP void record_frames(struct acq_recorder *recorder, uint64_t from, uint64_t to)
{
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_err err;
    for (uint64_t seq = from; seq <= to; seq++) {
        if (acq_recorder_due(recorder)) assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
        size_t n = small_frame(&f, seq, seq == 1, bytes);
        assert_int_equal(acq_recorder_add(recorder, &f, bytes, n), ACQ_OK);
    }
}

HELP void record_file(const char *path, uint64_t frames)
{
    struct acq_recorder *recorder;
    struct acq_err err;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    record_frames(recorder, 1, frames);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
}

/* Where the members of a whole file of ours are. */
struct members {
    struct acq_member m[256];
    size_t at[257], n; /* the last is the end member; at[n] is the file's size */
};

HELP void members_of(struct members *list, const uint8_t *bytes, size_t n)
{
    size_t at = 0;
    for (list->n = 0; at < n; at += list->m[list->n++].size) {
        assert_true(list->n < 256);
        assert_int_equal(acq_member_parse(&list->m[list->n], bytes + at, n - at), ACQ_OK);
        list->at[list->n] = at;
    }
    assert_int_equal(at, n);
    list->at[list->n] = n;
}

/* What a reader gave of a file: the seq of each frame, and the loss. */
struct got {
    int result; /* of opening, or ACQ_END, or an error of reading */
    uint64_t *seq;
    size_t n, room;
    struct acq_loss loss;
    struct acq_err err;
};

HELP void got_free(struct got *got)
{
    free(got->seq);
}

/* check_frame: every frame that comes out of a file must be one that went in, with or without context behind it */
HELP uint64_t check_frame(const uint8_t *bytes, size_t n)
{
    static struct acq_frame f;
    uint8_t expected[ACQ_FRAME_MAX];
    uint64_t seq, t;
    assert_int_equal(acq_frame_peek(bytes, n, &seq, &t), ACQ_OK);
    size_t body = small_frame(&f, seq, false, expected);
    assert_int_equal(acq_frame_body(bytes, n), body);
    assert_memory_equal(bytes, expected, body);
    return seq;
}

/* check_values: the same, where the fields may stand in another order */
HELP uint64_t check_values(const uint8_t *bytes, size_t n)
{
    static struct acq_frame f, expected;
    uint8_t scratch[ACQ_FRAME_MAX];
    assert_int_equal(acq_decode(&f, bytes, n), ACQ_OK);
    small_frame(&expected, f.head.seq, false, scratch);
    for (unsigned id = 0; id < ACQ_stat; id++) assert_same_value(&expected, &f, (enum acq_id)id);
    return f.head.seq;
}

HELP void got_all(struct got *got, struct acq_reader *reader, uint64_t (*check)(const uint8_t *bytes, size_t n))
{
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n;
    while ((got->result = acq_reader_next(reader, &batch, &got->err)) == ACQ_OK) {
        assert_true(batch.len > 0);
        while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
            if (got->n == got->room) {
                got->room = got->room ? 2 * got->room : 1024;
                got->seq = realloc(got->seq, got->room * sizeof *got->seq);
                assert_non_null(got->seq);
            }
            got->seq[got->n++] = check(frame, n);
        }
        assert_int_equal(batch.len, 0); /* whole frames only */
    }
    if (got->result < 0) assert_true(*got->err.text);
    if (got->result == ACQ_END) assert_int_equal(acq_reader_next(reader, &batch, &got->err), ACQ_END);
    got->loss = *acq_reader_get_loss(reader);
}

HELP struct got read_with(const char *path, uint64_t (*check)(const uint8_t *bytes, size_t n))
{
    struct got got = {.n = 0};
    struct acq_reader *reader;
    got.result = acq_reader_new(&reader, path, &got.err);
    if (got.result < 0) {
        assert_true(*got.err.text);
        return got;
    }
    got_all(&got, reader, check);
    acq_reader_free(reader);
    return got;
}

HELP struct got read_file(const char *path)
{
    return read_with(path, check_frame);
}

/* gzip_write: `bytes` as one gzip member made by zlib, as the original project writes its files */
HELP void gzip_write(const char *path, const void *bytes, size_t n)
{
    gzFile file = gzopen(path, "wb6");
    assert_non_null(file);
    if (n) assert_int_equal(gzwrite(file, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(file), Z_OK);
}

#endif
