/* sampler.h - the thread that takes every step of the game into the ring, and does nothing else: it does not allocate,
 * log, send or wait for anybody.
 *
 * Threads its own. acq_sampler_start and acq_sampler_stop belong to the thread that owns the bridge. */
#ifndef ACQ_BRIDGE_SAMPLER_H
#define ACQ_BRIDGE_SAMPLER_H

#include "base/err.h"
#include "bridge/ring.h"
#include "page/map.h"

#include <uv.h>

/* what the sampler sees, for people */
enum acq_sampler_state {
    ACQ_SAMPLER_NO_GAME, /* there are no pages */
    ACQ_SAMPLER_STILL,   /* there are, and nothing moves: a menu, a pause */
    ACQ_SAMPLER_MOVING
};

struct acq_sampler {
    struct acq_ring ring;
    char prefix[64];
    uv_thread_t thread;
    atomic_bool stop;
    uv_mutex_t mutex; /* only for waiting while there is no game, which `wake` ends */
    uv_cond_t wake;
    atomic_int state;       /* enum acq_sampler_state */
    atomic_bool raised;     /* the system runs this thread before others */
    struct acq_err trouble; /* why pages that are there cannot be used */
    atomic_bool troubled;   /* there is a trouble to tell: whoever has told it sets this to false */
    bool ready, started;    /* mutex and wake are made; the thread runs */
};

/* acq_sampler_start looks for pages of this prefix and samples them from now on. Returns 0, ACQ_MEMORY or ACQ_IO. */
int acq_sampler_start(struct acq_sampler *sampler, const char *prefix, struct acq_err *err);

/* acq_sampler_stop ends the thread; the ring keeps what is in it. acq_sampler_fini frees the ring. */
void acq_sampler_stop(struct acq_sampler *sampler);
void acq_sampler_fini(struct acq_sampler *sampler);

#endif
