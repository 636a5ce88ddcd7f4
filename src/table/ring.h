/* ring.h - a thread that makes things into slots, one after another, while the caller uses those made before.
 *
 * Memory  the caller's; the slots are the caller's too, the ring only counts them.
 * Threads acq_ring_next by one thread at a time; `make` runs on the ring's own.
 * Errors  ACQ_MEMORY where the system gives no thread. */
#ifndef ACQ_TABLE_RING_H
#define ACQ_TABLE_RING_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum { ACQ_RING_SLOTS = 4 };

/* make fills a slot. Returns 0, or what acq_ring_next shall return from then on: that slot is the last. */
typedef int (*acq_ring_make)(void *user, size_t slot);

struct acq_ring {
    acq_ring_make make;
    void *user;
    int results[ACQ_RING_SLOTS];
    size_t made, used; /* slots so far; the one before `used` is lent to the caller, if `lent` */
    bool lent, stop;
    uv_mutex_t lock;
    uv_cond_t changed;
    uv_thread_t thread;
};

/* acq_ring_start starts the thread. Returns 0 or an error, and then there is nothing to stop. */
int acq_ring_start(struct acq_ring *ring, acq_ring_make make, void *user, struct acq_err *err);

/* acq_ring_stop waits until the thread has ended, which it does behind the slot that it is at. */
void acq_ring_stop(struct acq_ring *ring);

/* acq_ring_next waits for the next slot and sets *slot; it stays as it is until the next call. Returns what make
 * returned for it. */
int acq_ring_next(struct acq_ring *ring, size_t *slot);

#endif
