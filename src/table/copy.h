/* copy.h - a whole table into a Parquet or CSV file.
 *
 * Memory  bounded: about 300 MB however long the recording is, except where rows have to be sorted.
 * Threads one at a time: the program's main thread.
 * Errors  those of the input; ACQ_EXISTS, ACQ_IO of the output; ACQ_STOPPED after Ctrl+C. Nothing is left behind. */
#ifndef ACQ_TABLE_COPY_H
#define ACQ_TABLE_COPY_H

#include "table/table.h"

struct acq_copied {
    uint64_t rows;
    char loss[160]; /* what the recording had lost, in one sentence, "" for nothing */
};

/* acq_copy_parquet writes the recording `in` to `out`, an existing one only if `force` is set. Rows are in the file's
 * order; those of a recording without frame numbers, by time. Returns 0 and *copied, or an error. */
int acq_copy_parquet(const char *in, const char *out, bool force, struct acq_copied *copied, struct acq_err *err);

/* acq_copy_csv writes n fields of a table, by index, to `out`; else as above. */
int acq_copy_csv(const struct acq_table *table, const size_t *fields, size_t n, const char *out, bool force,
                 struct acq_copied *copied, struct acq_err *err);

#endif
