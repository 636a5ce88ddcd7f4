#include "table/scan.h"

#include "base/file.h"
#include "base/stop.h"
#include "frame/original.h"
#include "table/crew.h"
#include "table/resample.h"
#include "table/stat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acq_scan {
    char path[ACQ_PATH_MAX];
    struct acq_scan_options options;
    struct acq_reader *reader;
    struct acq_batch batch; /* that was read from it already */
    struct acq_frame first;
    bool has_first, original, parts, stats;
    struct acq_crew *crew; /* makes the rows; or, with options.follow, this thread by itself: */
    struct acq_rows *rows;
    struct acq_chunk chunk;
    struct acq_resample *resample;
    struct acq_rows_state state;
    bool summed; /* it is complete */
};

/* says: what the frames of a batch say about who wrote them; -1: nothing */
static int says(struct acq_batch batch, struct acq_frame *f)
{
    const uint8_t *bytes;
    size_t n;
    int original = -1;
    while (original < 0 && acq_batch_next(&batch, &bytes, &n) == ACQ_OK)
        if (acq_decode(f, bytes, n) == ACQ_OK) original = acq_frame_original(f);
    return original;
}

/* look_on: the first frames of a recording do not tell, so looks at all until one does */
static int look_on(const char *path, bool *original, struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_frame *f = malloc(sizeof *f);
    int said = -1, result = f ? acq_reader_new(&reader, path, err) : acq_fail(err, ACQ_MEMORY, "no memory");
    if (result == ACQ_OK) {
        while (said < 0 && (result = acq_reader_next(reader, &batch, err)) == ACQ_OK) said = says(batch, f);
        acq_reader_free(reader);
    }
    free(f);
    *original = said == 1;
    return result < 0 ? result : ACQ_OK;
}

/* can_reopen: is it a file, from which nothing is gone when it has been read? */
static bool can_reopen(const char *path)
{
    if (!strcmp(path, "-")) return false;
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    if (fd < 0) return false;
    bool file = acq_file_size(fd) >= 0;
    acq_file_close(fd);
    return file;
}

/* take_first: reads the first batch and from it the first frame, and what it says about the recording */
static int take_first(struct acq_scan *s, struct acq_err *err)
{
    int result = acq_reader_next(s->reader, &s->batch, err);
    struct acq_batch batch = s->batch;
    const uint8_t *bytes;
    size_t n;
    if (result) return result == ACQ_END ? ACQ_OK : result;
    while (!s->has_first && acq_batch_next(&batch, &bytes, &n) == ACQ_OK)
        s->has_first = acq_decode(&s->first, bytes, n) == ACQ_OK;
    if (!s->has_first || acq_frame_original(&s->first) == 0) return ACQ_OK;
    struct acq_frame *f = malloc(sizeof *f);
    if (!f) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", s->path);
    int said = says(s->batch, f);
    free(f);
    s->original = said == 1;
    return said < 0 && can_reopen(s->path) ? look_on(s->path, &s->original, err) : ACQ_OK;
}

/* open_again: in a file of our own, parts of it are chosen before anything is read */
static int open_again(struct acq_scan *s, struct acq_err *err)
{
    acq_reader_free(s->reader);
    s->reader = NULL;
    s->batch = (struct acq_batch){0};
    int result = acq_reader_new(&s->reader, s->path, err);
    if (result == ACQ_OK && !acq_select_all(&s->options.select))
        result = acq_reader_select(s->reader, &s->options.select, err);
    s->parts = true;
    return result;
}

int acq_scan_new(struct acq_scan **scan, const char *path, const struct acq_scan_options *options, struct acq_err *err)
{
    static const struct acq_scan_options all = ACQ_SCAN_ALL;
    struct acq_scan *s = calloc(1, sizeof *s);
    if (!s) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    snprintf(s->path, sizeof s->path, "%s", path);
    s->options = options ? *options : all;
    int result = acq_reader_new(&s->reader, path, err);
    if (result == ACQ_OK) result = take_first(s, err);
    if (result == ACQ_OK && acq_reader_seekable(s->reader)) result = open_again(s, err);
    if (result < 0) {
        acq_scan_free(s);
        return acq_stopped() ? acq_fail(err, ACQ_STOPPED, "stopped before it was done") : result;
    }
    if (s->options.follow) acq_reader_follow(s->reader);
    *scan = s;
    return ACQ_OK;
}

const struct acq_frame *acq_scan_first(const struct acq_scan *s)
{
    return s->has_first ? &s->first : NULL;
}

bool acq_scan_original(const struct acq_scan *s)
{
    return s->original;
}

void acq_scan_stats(struct acq_scan *s)
{
    s->stats = true;
}

/* start_rows: with options.follow the caller's own thread does the work, since nobody could wait for what is not
 * written yet */
static int start_rows(struct acq_scan *s, const struct acq_rows_options *options, struct acq_err *err)
{
    if (s->options.follow) {
        int result = acq_rows_new(&s->rows, s->reader, options, err);
        if (result == ACQ_OK) acq_rows_start(s->rows, s->batch);
        return result < 0 ? result : acq_rows_chunk(s->rows, &s->chunk, err);
    }
    struct acq_crew_options crew = {.rows = *options, .parts = s->parts, .batch = s->batch, .stats = s->stats};
    return acq_crew_new(&s->crew, s->reader, &crew, err);
}

int acq_scan_start(struct acq_scan *s, const size_t *fields, size_t n, struct acq_err *err)
{
    if (s->options.rate_hz > 0) {
        int result = acq_resample_new(&s->resample, fields, n, s->options.rate_hz, err);
        if (result < 0) return result;
        fields = acq_resample_fields(s->resample, &n);
    }
    struct acq_rows_options options = {.fields = fields,
                                       .n = n,
                                       .select = &s->options.select,
                                       .restore = s->options.restore && s->original,
                                       .timed = s->has_first && acq_reader_seekable(s->reader),
                                       .first_ns = (uint64_t)acq_reader_first_t_ns(s->reader)};
    return start_rows(s, &options, err);
}

void acq_scan_free(struct acq_scan *s)
{
    if (!s) return;
    acq_crew_free(s->crew);
    acq_rows_free(s->rows);
    acq_chunk_fini(&s->chunk);
    acq_resample_free(s->resample);
    acq_reader_free(s->reader);
    free(s);
}

static int next_rows(struct acq_scan *s, struct acq_chunk **chunk, struct acq_err *err)
{
    if (s->crew) return acq_crew_next(s->crew, chunk, &s->state.progress, err);
    int result = acq_rows_next(s->rows, &s->chunk, err);
    if (result >= 0 && s->stats && acq_stat_chunk(&s->chunk) < 0)
        result = acq_fail(err, ACQ_MEMORY, "no memory for the statistics");
    s->state.progress = acq_reader_progress(s->reader);
    *chunk = &s->chunk;
    return result;
}

/* next_resampled: rows at another rate */
static int next_resampled(struct acq_scan *s, struct acq_chunk **chunk, struct acq_err *err)
{
    struct acq_chunk *in;
    int result;
    while ((result = acq_resample_next(s->resample, chunk)) == ACQ_AGAIN) {
        result = next_rows(s, &in, err);
        if (result < 0 || result == ACQ_AGAIN) return result;
        acq_resample_push(s->resample, result == ACQ_END ? NULL : in);
    }
    return result;
}

/* sum_up: what has been found, at the end */
static void sum_up(struct acq_scan *s)
{
    struct acq_rows_state *state = &s->state;
    struct acq_loss loss;
    if (s->summed) return;
    s->summed = true;
    if (s->crew) {
        acq_crew_sum(s->crew, &loss, &state->unreadable, &state->unsorted);
    } else {
        loss = *acq_reader_get_loss(s->reader);
        acq_rows_faults(s->rows, &state->unreadable, &state->unsorted);
    }
    snprintf(state->loss, sizeof state->loss, "%s", loss.text);
    if (!*state->loss && state->unreadable)
        snprintf(state->loss, sizeof state->loss, "%" PRIu64 " frame%s could not be read: left out", state->unreadable,
                 state->unreadable == 1 ? "" : "s");
}

int acq_scan_next(struct acq_scan *s, struct acq_chunk **chunk, struct acq_rows_state *state, struct acq_err *err)
{
    int result = s->resample ? next_resampled(s, chunk, err) : next_rows(s, chunk, err);
    if (result < 0 && acq_stopped()) result = acq_fail(err, ACQ_STOPPED, "stopped before it was done");
    if (result == ACQ_OK) s->state.rows += (*chunk)->rows;
    if (result == ACQ_END) sum_up(s);
    if (state) *state = s->state;
    return result;
}
