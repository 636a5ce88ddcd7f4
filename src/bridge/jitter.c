#include "bridge/jitter.h"

/* bin: below 16 each value has its own; above, the power of two and the four bits behind the first. */
static unsigned bin(uint64_t ns)
{
    unsigned power = 0;
    while (power < 35 && ns >> power >= 2 * ACQ_LATE_PARTS) power++;
    if (ns >> power >= 2 * ACQ_LATE_PARTS) return ACQ_LATE_BINS - 1;
    return power * ACQ_LATE_PARTS + (unsigned)(ns >> power);
}

/* last: the largest value of a bin */
static uint64_t last(unsigned bin)
{
    if (bin < 2 * ACQ_LATE_PARTS) return bin;
    unsigned power = bin / ACQ_LATE_PARTS - 1;
    return ((uint64_t)(bin % ACQ_LATE_PARTS + ACQ_LATE_PARTS + 1) << power) - 1;
}

void acq_jitter_add(struct acq_jitter *jitter, int64_t late_ns)
{
    uint64_t ns = late_ns > 0 ? (uint64_t)late_ns : 0;
    jitter->bins[bin(ns)]++;
    jitter->n++;
    if (ns > jitter->max_ns) jitter->max_ns = ns;
}

uint64_t acq_jitter_at(const struct acq_jitter *jitter, double part)
{
    uint64_t below = 0;
    double wanted = part * (double)jitter->n;
    for (unsigned i = 0; i < ACQ_LATE_BINS - 1; i++) {
        below += jitter->bins[i];
        if (below && (double)below >= wanted) return last(i) < jitter->max_ns ? last(i) : jitter->max_ns;
    }
    return jitter->max_ns;
}
