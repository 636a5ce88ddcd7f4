/* rows.h - a recording's frames as rows of a table, in their order.
 *
 * Every channel is a column (acq_columns), what is absent is NULL, and t_s stands behind them: seconds since the
 * recording's first frame. The groups stat and capture come only in some frames; each row carries the newest of its
 * session so far.
 *
 * Units   those of the channels. Numbers without sign become int64, so that differences in SQL may be negative; what
 *         does not fit is NULL.
 * Memory  acq_rows_new's object is the caller's until acq_rows_free; its size does not depend on the recording's.
 * Threads one at a time.
 * Errors  those of record/reader.h. A frame that cannot be decoded is left out and counted. */
#ifndef ACQ_TABLE_ROWS_H
#define ACQ_TABLE_ROWS_H

#include "frame/frame.h"
#include "record/reader.h"
#include "table/chunk.h"

enum { ACQ_ROW_T_S = ACQ_COLUMNS, ACQ_ROW_FIELDS };

/* acq_rows_fields fills the fields of the table, with texts that live for ever. */
void acq_rows_fields(struct acq_field fields[ACQ_ROW_FIELDS]);

/* acq_rows_unit returns the unit of the column of that name, "" where there is no such column. */
const char *acq_rows_unit(const char *name);

/* Which rows are made, and how. */
struct acq_rows_options {
    const size_t *fields; /* columns, by index into acq_rows_fields */
    size_t n;
    const struct acq_select *select; /* lives as long as the rows */
    bool restore;                    /* frame/original.h */
    bool timed;                      /* the recording's first sample time is known: */
    uint64_t first_ns;
};

struct acq_rows;

/* acq_rows_new makes rows of the frames that `reader` gives, which stays the caller's. Returns 0 and *rows;
 * ACQ_USAGE for more fields than there are; or ACQ_MEMORY. */
int acq_rows_new(struct acq_rows **rows, struct acq_reader *reader, const struct acq_rows_options *options,
                 struct acq_err *err);
void acq_rows_free(struct acq_rows *rows);

/* acq_rows_chunk makes a chunk that fits. Returns 0 or ACQ_MEMORY. */
int acq_rows_chunk(const struct acq_rows *rows, struct acq_chunk *chunk, struct acq_err *err);

/* acq_rows_start goes on with `batch`, which the reader has given already, or none, and then with what it gives. What
 * was known of stat and capture is forgotten. */
void acq_rows_start(struct acq_rows *rows, struct acq_batch batch);

/* acq_rows_next fills the chunk with the next rows. Returns 0; ACQ_END behind the last row, or ACQ_AGAIN, with none; or
 * an error. A chunk with less than ACQ_CHUNK_ROWS rows is the last before ACQ_END or ACQ_AGAIN. */
int acq_rows_next(struct acq_rows *rows, struct acq_chunk *chunk, struct acq_err *err);

/* acq_rows_faults says what was found since acq_rows_new: frames that could not be decoded; whether some without seq,
 * as the original project writes them, do not come in the order of time. */
void acq_rows_faults(const struct acq_rows *rows, uint64_t *unreadable, bool *unsorted);

#endif
