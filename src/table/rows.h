/* rows.h - a recording as rows of a table: one for each frame, in the file's order.
 *
 * Every channel is a column (acq_columns), what is absent is NULL, and t_s stands behind them: seconds since the first
 * frame. The groups stat and capture come only in some frames; each row carries the newest of its session so far.
 *
 * Units   those of the channels. Numbers without sign become int64, so that differences in SQL may be negative; what
 *         does not fit is NULL.
 * Memory  acq_rows_new's object is the caller's until acq_rows_free; its size does not depend on the file's.
 * Threads one at a time.
 * Errors  those of record/reader.h. A frame that cannot be decoded is left out and counted. */
#ifndef ACQ_TABLE_ROWS_H
#define ACQ_TABLE_ROWS_H

#include "frame/frame.h"
#include "table/chunk.h"

enum { ACQ_ROW_T_S = ACQ_COLUMNS, ACQ_ROW_FIELDS };

struct acq_rows;

/* What is known of the recording; all of it only when acq_rows_next has returned ACQ_END. */
struct acq_rows_state {
    uint64_t rows;
    uint64_t unreadable; /* frames left out */
    bool unsorted;       /* frames without seq, as the original project writes them, do not come in the order of time */
    double progress;     /* 0..1 of the file, -1 where its size is not known */
    char loss[160];      /* one sentence, "" when nothing is lost */
};

/* acq_rows_fields fills the fields of the table, with texts that live for ever. */
void acq_rows_fields(struct acq_field fields[ACQ_ROW_FIELDS]);

/* acq_rows_unit returns the unit of the column of that name, "" where there is no such column. */
const char *acq_rows_unit(const char *name);

/* acq_rows_new opens the recording and reads its first frame. Returns 0 and *rows, or an error. */
int acq_rows_new(struct acq_rows **rows, const char *path, struct acq_err *err);
void acq_rows_free(struct acq_rows *rows);

/* acq_rows_first returns the first frame, or NULL if there is none. */
const struct acq_frame *acq_rows_first(const struct acq_rows *rows);

/* acq_rows_select chooses the n fields that chunks get, by index into acq_rows_fields, and makes `chunk` fit them.
 * Returns 0, ACQ_MEMORY, or ACQ_USAGE for more fields than there are. Call it before acq_rows_next, for each chunk that
 * is used. */
int acq_rows_select(struct acq_rows *rows, const size_t *fields, size_t n, struct acq_chunk *chunk,
                    struct acq_err *err);

/* acq_rows_next fills the chunk with the next rows. Returns 0; ACQ_END, with no row, behind the last; or an error. */
int acq_rows_next(struct acq_rows *rows, struct acq_chunk *chunk, struct acq_err *err);

/* acq_rows_get_state says how far it is. */
struct acq_rows_state acq_rows_get_state(const struct acq_rows *rows);

#endif
