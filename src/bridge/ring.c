#include "bridge/ring.h"

#include "base/err.h"

#include <stdlib.h>

int acq_ring_init(struct acq_ring *ring)
{
    ring->samples = calloc(ACQ_RING_SAMPLES, sizeof *ring->samples);
    atomic_init(&ring->added, 0);
    atomic_init(&ring->taken, 0);
    return ring->samples ? ACQ_OK : ACQ_MEMORY;
}

void acq_ring_fini(struct acq_ring *ring)
{
    free(ring->samples);
    ring->samples = NULL;
}

struct acq_sample *acq_ring_room(struct acq_ring *ring)
{
    uint64_t added = atomic_load_explicit(&ring->added, memory_order_relaxed);
    if (added - atomic_load_explicit(&ring->taken, memory_order_acquire) == ACQ_RING_SAMPLES) return NULL;
    return &ring->samples[added % ACQ_RING_SAMPLES];
}

void acq_ring_add(struct acq_ring *ring)
{
    atomic_fetch_add_explicit(&ring->added, 1, memory_order_release);
}

const struct acq_sample *acq_ring_peek(struct acq_ring *ring)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (taken == atomic_load_explicit(&ring->added, memory_order_acquire)) return NULL;
    return &ring->samples[taken % ACQ_RING_SAMPLES];
}

void acq_ring_take(struct acq_ring *ring)
{
    atomic_fetch_add_explicit(&ring->taken, 1, memory_order_release);
}
