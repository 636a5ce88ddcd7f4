/* latency.h - how long things took: a histogram whose bins grow by a fifth each, and what it says.
 *
 * Units   nanoseconds.
 * Memory  the caller's; all zero is empty. */
#ifndef ACQ_INGEST_LATENCY_H
#define ACQ_INGEST_LATENCY_H

#include <stdint.h>

enum { ACQ_LATENCY_BINS = 128 }; /* from 10 us up; the last one takes the rest, from about a day on */

struct acq_latency {
    uint32_t bins[ACQ_LATENCY_BINS];
    uint64_t n;
};

void acq_latency_add(struct acq_latency *latency, int64_t ns);

/* acq_latency_at returns the time that the fraction `part` (0..1) of all that were added did not exceed, rounded up to
 * a bin; 0 where there are none. */
int64_t acq_latency_at(const struct acq_latency *latency, double part);

#endif
