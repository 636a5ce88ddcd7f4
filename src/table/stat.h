/* stat.h - count, least, greatest, mean and standard deviation of a column, from chunk after chunk.
 *
 * Units   the column's.
 * Memory  acq_stat_init takes nothing; texts need a bounded set. The caller calls acq_stat_fini.
 * Threads one at a time.
 * Source  mean and deviation: Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
 *         Variances" (1979). */
#ifndef ACQ_TABLE_STAT_H
#define ACQ_TABLE_STAT_H

#include "table/chunk.h"

enum { ACQ_STAT_TEXT = 64, ACQ_STAT_DISTINCT_MAX = 4096 };

struct acq_stat {
    enum acq_cell_type type;
    uint64_t count, nulls;                          /* NaN counts among the nulls */
    double min, max, mean, squares;                 /* squares: sum of (x - mean)^2 */
    int64_t least, most;                            /* of I64 and TIME, exact */
    char first[ACQ_STAT_TEXT], last[ACQ_STAT_TEXT]; /* of TEXT, by bytes; cut to what fits */
    uint64_t *seen;                                 /* hashes of different texts, 0: free */
    size_t distinct;                                /* ACQ_STAT_DISTINCT_MAX: that many or more */
};

void acq_stat_init(struct acq_stat *stat, enum acq_cell_type type);
void acq_stat_fini(struct acq_stat *stat);

/* acq_stat_add takes the first `rows` cells into account. */
void acq_stat_add(struct acq_stat *stat, const struct acq_cells *cells, size_t rows);

/* acq_stat_deviation returns the standard deviation of a sample (n - 1), NaN for fewer than two values. */
double acq_stat_deviation(const struct acq_stat *stat);

#endif
