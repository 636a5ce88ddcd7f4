/* ring.h - samples on their way from the sampler to the rest of the bridge.
 *
 * Units   nanoseconds on the steady clock.
 * Memory  a ring has all its memory from the start: adding never allocates.
 * Threads one thread adds, one takes; neither waits for the other. */
#ifndef ACQ_BRIDGE_RING_H
#define ACQ_BRIDGE_RING_H

#include "page/page.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define ACQ_RING_SAMPLES 2700 /* 8.1 s of the game */

/* What the sampler has counted since it opened the pages. */
struct acq_counts {
    uint64_t seen;         /* steps sampled */
    uint64_t missed;       /* steps that packetId skipped */
    uint64_t duplicates;   /* looks, while steps came, that found the one already sampled */
    uint64_t torn_retried; /* copies thrown away and taken again */
    uint64_t torn_dropped; /* steps given up, because no copy of them was whole */
    uint64_t ring_dropped; /* samples for which the ring had no room */
};

/* What a sample is. */
enum acq_sample_kind {
    ACQ_SAMPLE_STEP,   /* a new step */
    ACQ_SAMPLE_STATUS, /* no new step, but the game's status has changed: its menu, a pause */
    ACQ_SAMPLE_GONE    /* the pages are gone; what the sample has of them is from before */
};

/* One sample: all three pages at one moment. */
struct acq_sample {
    enum acq_sample_kind kind;
    int64_t t_ns;
    struct acq_counts counts;
    int64_t late_ns;                                   /* acq_phase_late, -1: not known */
    uint32_t lost_before;                              /* samples lost just before this one */
    uint16_t physics_size, graphics_size, static_size; /* [byte] that the game has of each page */
    bool opened;                                       /* the first since the pages were opened */
    bool torn_before; /* shows that the step sampled before it had the beginning of this one: that one is worth nothing
                       */
    struct acq_pages pages;
};

struct acq_ring {
    struct acq_sample *samples;
    atomic_uint_fast64_t added, taken;
};

/* acq_ring_init returns 0 or ACQ_MEMORY. */
int acq_ring_init(struct acq_ring *ring);
void acq_ring_fini(struct acq_ring *ring);

/* acq_ring_room returns the sample to fill next, or NULL if the ring is full; acq_ring_add gives it to the other side.
 */
struct acq_sample *acq_ring_room(struct acq_ring *ring);
void acq_ring_add(struct acq_ring *ring);

/* acq_ring_peek returns the oldest sample, or NULL if there is none; it stays valid until acq_ring_take. */
const struct acq_sample *acq_ring_peek(struct acq_ring *ring);
void acq_ring_take(struct acq_ring *ring);

#endif
