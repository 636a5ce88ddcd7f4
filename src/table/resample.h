/* resample.h - rows at a fixed rate from rows at any times.
 *
 * The new rows stand at the first row's t_ns + k / rate. What is between two rows is, by the kind of its channel:
 *   continuous     on the line between them
 *   cyclic         the same, along the shorter way round; a lap clock stays where it is until it has fallen to 0
 *   stepped, text  what the row before says; also seq and the packet ids
 *   t_ns           the new row's own time; utc_ns and t_s go with it
 * A row at the very time of an old one has its values bit for bit. NULL on one side of a line is NULL; NaN and the
 * infinities are not calculated with, the row before counts. Where two rows are more than ACQ_RESAMPLE_GAP_NS apart (a
 * pause, a loss) nothing is made up between them. A new session starts the new rows anew. Rows without t_ns, and those
 * that go back in time within a session, are passed over.
 *
 * A sample is taken up to about a millisecond after the game has made it. So rows whose packet ids say that they are 3
 * ms apart are placed by these, as long as that agrees with t_ns within ACQ_RESAMPLE_JITTER_NS.
 *
 * Memory  acq_resample_new's object is the caller's until acq_resample_free. Its size does not depend on the rows.
 * Threads one at a time.
 * Errors  ACQ_RANGE for a rate, ACQ_USAGE for too many fields, ACQ_MEMORY. */
#ifndef ACQ_TABLE_RESAMPLE_H
#define ACQ_TABLE_RESAMPLE_H

#include "table/chunk.h"

enum { ACQ_RESAMPLE_GAP_NS = 250000000, ACQ_RESAMPLE_JITTER_NS = 2000000 };
#define ACQ_RESAMPLE_HZ_MIN 0.001
#define ACQ_RESAMPLE_HZ_MAX 10000.0

struct acq_resample;

/* acq_resample_new makes rows of n fields, which are indexes into acq_rows_fields, rate_hz times a second. Returns 0
 * and *resample, or an error. */
int acq_resample_new(struct acq_resample **resample, const size_t *fields, size_t n, double rate_hz,
                     struct acq_err *err);
void acq_resample_free(struct acq_resample *resample);

/* acq_resample_fields returns the fields that the chunks given to acq_resample_push must have, in this order, and their
 * number: those of acq_resample_new, and behind them what it takes to place a row. */
const size_t *acq_resample_fields(const struct acq_resample *resample, size_t *n);

/* acq_resample_push gives the next old rows, NULL behind the last. They stay the caller's and must not change until
 * acq_resample_next has returned ACQ_AGAIN. */
void acq_resample_push(struct acq_resample *resample, const struct acq_chunk *in);

/* acq_resample_next makes new rows. Returns 0 and *out, valid until the next call, which has up to ACQ_CHUNK_ROWS rows;
 * ACQ_AGAIN: push more; ACQ_END behind the last. */
int acq_resample_next(struct acq_resample *resample, struct acq_chunk **out);

#endif
