#include "ingest/latency.h"

#include <math.h>

#define FIRST_NS 10000.0
#define GROWTH 1.2

void acq_latency_add(struct acq_latency *l, int64_t ns)
{
    double bin = (double)ns <= FIRST_NS ? 0 : ceil(log((double)ns / FIRST_NS) / log(GROWTH));
    l->bins[bin < ACQ_LATENCY_BINS ? (unsigned)bin : ACQ_LATENCY_BINS - 1]++;
    l->n++;
}

int64_t acq_latency_at(const struct acq_latency *l, double part)
{
    uint64_t sum = 0;
    double need = part * (double)l->n;
    unsigned bin = 0;
    if (!l->n) return 0;
    for (; bin < ACQ_LATENCY_BINS - 1; bin++) {
        sum += l->bins[bin];
        if ((double)sum >= need) break;
    }
    return (int64_t)(FIRST_NS * pow(GROWTH, bin));
}
