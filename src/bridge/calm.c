#include "bridge/calm.h"

int64_t acq_calm_ended(struct acq_calm *calm, int64_t began_ns, int64_t now_ns)
{
    int64_t wait = ACQ_CALM_FIRST_NS;
    calm->brief = now_ns - began_ns < ACQ_CALM_SHORT_NS ? calm->brief + 1 : 0;
    if (!calm->brief) calm->told = false;
    if (calm->brief < ACQ_CALM_FREE) return 0;
    for (unsigned i = ACQ_CALM_FREE; i < calm->brief && wait < ACQ_CALM_MOST_NS; i++) wait *= 2;
    if (wait > ACQ_CALM_MOST_NS) wait = ACQ_CALM_MOST_NS;
    calm->until_ns = now_ns + wait;
    return wait;
}

bool acq_calm_allows(const struct acq_calm *calm, int64_t now_ns)
{
    return calm->brief < ACQ_CALM_FREE || now_ns >= calm->until_ns;
}
