/* jitter.h - how late samples were taken: a histogram of constant size, and what it says.
 *
 * Jitter is the deviation of a moment from its ideal position in time (ITU-T G.810, definition of jitter). Here the
 * moment is the sample's, and the ideal position is the step's place on the grid of 3 ms that the steps before it
 * made: acq_phase_late. So it holds the sampler's own lateness, and the game's where a step itself came late.
 *
 * Units   nanoseconds.
 * Memory  the caller's; all zero is empty. Nothing is allocated.
 * Threads one at a time. */
#ifndef ACQ_BRIDGE_JITTER_H
#define ACQ_BRIDGE_JITTER_H

#include <stdint.h>

/* Sixteen bins for each power of two: a value is known to 1/16. From 2^40 ns (18 minutes) on all are in the last one.
 */
enum { ACQ_LATE_PARTS = 16, ACQ_LATE_BINS = (40 - 4 + 1) * ACQ_LATE_PARTS + 1 };

struct acq_jitter {
    uint32_t bins[ACQ_LATE_BINS];
    uint64_t n, max_ns;
};

/* acq_jitter_add counts one sample; what is below 0 counts as 0. */
void acq_jitter_add(struct acq_jitter *jitter, int64_t late_ns);

/* acq_jitter_at returns what the fraction `part` (0..1) of the samples did not exceed, rounded up to a bin but never
 * above the largest; 0 where there are none. */
uint64_t acq_jitter_at(const struct acq_jitter *jitter, double part);

#endif
