/* stat.h - count, least, greatest, mean and standard deviation of a column, from chunk after chunk or from parts that
 * several threads have made.
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
    double min, max, sum, squares;                  /* squares: sum of (x - mean)^2 */
    int64_t least, most;                            /* of I64 and TIME, exact */
    char first[ACQ_STAT_TEXT], last[ACQ_STAT_TEXT]; /* of TEXT, by bytes; cut to what fits */
    uint64_t *seen;                                 /* hashes of different texts, 0: free */
    size_t distinct;                                /* ACQ_STAT_DISTINCT_MAX: that many or more */
};

void acq_stat_init(struct acq_stat *stat, enum acq_cell_type type);
void acq_stat_fini(struct acq_stat *stat);

/* acq_stat_add takes the first `rows` cells into account. */
void acq_stat_add(struct acq_stat *stat, const struct acq_cells *cells, size_t rows);

/* acq_stat_join takes what is in another into account. */
void acq_stat_join(struct acq_stat *stat, const struct acq_stat *part);

/* acq_stat_chunk makes chunk->stats: those of its columns of numbers. acq_stat_take takes a column of a chunk into
 * account, by chunk->stats where that is there. acq_stat_chunk returns 0 or ACQ_MEMORY. */
int acq_stat_chunk(struct acq_chunk *chunk);
void acq_stat_take(struct acq_stat *stat, const struct acq_chunk *chunk, size_t column);

/* acq_stat_mean returns the mean, NaN for no value.
 * acq_stat_deviation returns the standard deviation of a sample (n - 1), NaN for fewer than two values. */
double acq_stat_mean(const struct acq_stat *stat);
double acq_stat_deviation(const struct acq_stat *stat);

#endif
