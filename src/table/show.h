/* show.h - the first rows and the statistics of a table, for a person at a terminal.
 *
 * Memory  that of the rows shown, and a few kilobytes per column.
 * Threads one at a time.
 * Errors  those of table.h. */
#ifndef ACQ_TABLE_SHOW_H
#define ACQ_TABLE_SHOW_H

#include "table/table.h"

#include <stdio.h>

enum { ACQ_SHOW_ROWS_MAX = 10000 };

struct acq_show {
    const size_t *fields; /* which ones, by index */
    size_t n;
    bool all;       /* show rows in as many blocks of columns as are needed, not only what fits beside each other */
    int64_t rows;   /* the first ones, up to ACQ_SHOW_ROWS_MAX */
    bool stats;     /* of all rows */
    unsigned width; /* [character] of the terminal */
    bool dim;       /* it can write in grey */
};

/* acq_show prints to `out`. Returns 0 or an error. */
int acq_show(struct acq_table *table, const struct acq_show *show, FILE *out, struct acq_err *err);

#endif
