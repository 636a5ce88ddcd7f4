/* blend.h - the values between rows of a table, column by column, by the kind of each column's channel: what resample.h
 * says of them. Used by resample.c alone.
 *
 * Shapes  an old row is an index into the chunk `in`, or ACQ_BLEND_KEPT: the only row of the chunk `kept`.
 * Memory  all of it is the caller's; texts are copied into `out`.
 * Threads one at a time. */
#ifndef ACQ_TABLE_BLEND_H
#define ACQ_TABLE_BLEND_H

#include "frame/frame.h"
#include "table/chunk.h"

enum { ACQ_BLEND_KEPT = -1 };

/* How the values of a column go from one row to the next. */
struct acq_blend_way {
    enum { ACQ_BLEND_HOLD, ACQ_BLEND_LINE, ACQ_BLEND_ROUND, ACQ_BLEND_CLOCK, ACQ_BLEND_TIME, ACQ_BLEND_SECONDS } way;
    double cycle; /* where it is ACQ_BLEND_ROUND */
};

/* A new row: a part of the way from old row `from` to old row `to`. */
struct acq_blend_row {
    ptrdiff_t from, to;
    double part;   /* 0 <= part < 1 */
    int64_t later; /* [ns] than row `from` was sampled */
};

/* n new rows, which come behind those that `out` has. */
struct acq_blend {
    const struct acq_chunk *kept, *in;
    struct acq_chunk *out;
    const struct acq_blend_row *rows;
    size_t n;
};

/* acq_blend_way_of returns the way of a column; NULL: the column t_s. */
struct acq_blend_way acq_blend_way_of(const struct acq_column *column);

/* acq_blend_column fills column i of the new rows. */
void acq_blend_column(const struct acq_blend *blend, size_t i, struct acq_blend_way way);

/* acq_blend_cell returns the value of column i in an old row, or NULL for NULL. */
const void *acq_blend_cell(const struct acq_chunk *kept, const struct acq_chunk *in, size_t i, ptrdiff_t row);

/* acq_blend_same says whether two texts, or NULLs, are the same. */
bool acq_blend_same(const struct acq_text *a, const struct acq_text *b);

/* acq_blend_text copies a text, or NULL, into a row of column i: the bytes of the row before where it is the same. */
void acq_blend_text(struct acq_chunk *chunk, size_t i, size_t row, const struct acq_text *text);

#endif
