/* series.h - some columns of a recording or of a Parquet file as arrays of numbers, in the file's order.
 *
 * Units   those of the columns, named in `units`; t_s is seconds since the first row.
 * Shapes  values[column][row]; columns stand in the order in which they were asked for. NaN stands for NULL. Without
 *         rows the arrays are NULL.
 * Memory  acq_series_read fills the caller's struct, which owns its arrays until acq_series_free. The numbers need
 *         8 bytes per row and column.
 * Threads any thread; nothing is shared.
 * Errors  ACQ_USAGE for a column that is not there, or is text, with the nearest name; otherwise those of the file. */
#ifndef ACQ_TABLE_SERIES_H
#define ACQ_TABLE_SERIES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct acq_series {
    size_t rows, columns;
    char (*names)[48]; /* [column] */
    char (*units)[16]; /* [column] "" where there is none or, in a foreign Parquet file, it is not known */
    double **values;   /* [column][row] */
    double *t_s;       /* [row] */
    char loss[160];    /* one sentence on what the recording had lost, "" for nothing */
};

/* acq_series_read reads `n` columns of the file at `path`, at most `limit` rows of it (0: all). The column t_s may be
 * asked for like any other. Returns 0, or an error, and then *out is empty and needs no acq_series_free. */
int acq_series_read(struct acq_series *out, const char *path, const char *const *columns, size_t n, int64_t limit,
                    struct acq_err *err);
void acq_series_free(struct acq_series *series);

#endif
