/* ahead.h - the rows of a recording, made by a thread of its own while the caller works with those before.
 *
 * Memory  acq_ahead_new's object is the caller's until acq_ahead_free; a chunk is valid until the next call. A few
 *         chunks are ready at most.
 * Threads one caller at a time. */
#ifndef ACQ_TABLE_AHEAD_H
#define ACQ_TABLE_AHEAD_H

#include "table/rows.h"

struct acq_ahead;

/* acq_ahead_new starts to read n fields of `rows`, and owns `rows` also if it fails. Returns 0 and *ahead, or
 * ACQ_MEMORY. */
int acq_ahead_new(struct acq_ahead **ahead, struct acq_rows *rows, const size_t *fields, size_t n, struct acq_err *err);
void acq_ahead_free(struct acq_ahead *ahead);

/* acq_ahead_next gives the next rows. Returns 0 and *chunk, ACQ_END, or an error. *state, unless NULL, says how far the
 * recording had been read when the chunk was made. */
int acq_ahead_next(struct acq_ahead *ahead, struct acq_chunk **chunk, struct acq_rows_state *state,
                   struct acq_err *err);

#endif
