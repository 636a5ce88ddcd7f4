/* scan.h - the rows of a recording in the file's order, or of a part of it, made by as many threads as there are cores
 * (crew.h) while the caller works with those before.
 *
 * Memory  acq_scan_new's object is the caller's until acq_scan_free; a chunk is valid until the next call. A bounded
 *         number of rows is ready at most, however long the recording is.
 * Threads one caller at a time.
 * Errors  those of record/reader.h; ACQ_STOPPED after Ctrl+C where the recording comes from a pipe. A frame that cannot
 * be decoded is left out and counted. */
#ifndef ACQ_TABLE_SCAN_H
#define ACQ_TABLE_SCAN_H

#include "table/rows.h"

struct acq_scan;

/* Which rows, and how. */
struct acq_scan_options {
    struct acq_select select;
    bool restore;   /* put back what the original project's bridge misread: frame/original.h */
    double rate_hz; /* > 0: resampled to this rate, table/resample.h */
    bool follow;    /* acq_scan_next returns ACQ_AGAIN at the end of a recording that is still being written */
};
#define ACQ_SCAN_ALL             \
    {                            \
        .select = ACQ_SELECT_ALL \
    }

/* What is known of the recording so far; all of it only when acq_scan_next has returned ACQ_END. */
struct acq_rows_state {
    uint64_t rows;
    uint64_t unreadable; /* frames left out */
    bool unsorted;       /* frames without seq, as the original project writes them, do not come in the order of time */
    double progress;     /* 0..1 of the file, -1 where its size is not known */
    char loss[160];      /* one sentence, "" when nothing is lost */
};

/* acq_scan_new opens the recording ("-": standard input) and reads its first frame; `options` NULL: all rows, as they
 * are. Returns 0 and *scan, or an error. */
int acq_scan_new(struct acq_scan **scan, const char *path, const struct acq_scan_options *options, struct acq_err *err);
void acq_scan_free(struct acq_scan *scan);

/* acq_scan_first returns the recording's first frame, or NULL if there is none. */
const struct acq_frame *acq_scan_first(const struct acq_scan *scan);

/* acq_scan_original says whether the original project wrote the recording: then some of its values are misread. */
bool acq_scan_original(const struct acq_scan *scan);

/* acq_scan_stats: the chunks shall come with chunk->stats, made by the threads; not with options.rate_hz. Call it
 * before acq_scan_start. */
void acq_scan_stats(struct acq_scan *scan);

/* acq_scan_start chooses the n fields that chunks get, by index into acq_rows_fields, and begins to read. Call it once.
 * Returns 0; ACQ_USAGE for more fields than there are; or an error. */
int acq_scan_start(struct acq_scan *scan, const size_t *fields, size_t n, struct acq_err *err);

/* acq_scan_next gives the next rows. Returns 0 and *chunk; ACQ_END; ACQ_AGAIN, see options; or an error. *state, unless
 * NULL, says how far the recording has been read, up to this chunk; behind the last, all of it. */
int acq_scan_next(struct acq_scan *scan, struct acq_chunk **chunk, struct acq_rows_state *state, struct acq_err *err);

#endif
