#include "table/ring.h"

/* room: waits until a slot is free. Returns false if the caller wants no more. */
static bool room(struct acq_ring *r)
{
    uv_mutex_lock(&r->lock);
    while (!r->stop && r->made - r->used + r->lent == ACQ_RING_SLOTS) uv_cond_wait(&r->changed, &r->lock);
    bool go = !r->stop;
    uv_mutex_unlock(&r->lock);
    return go;
}

static void run(void *arg)
{
    struct acq_ring *r = arg;
    int result = ACQ_OK;
    while (result == ACQ_OK && room(r)) {
        size_t slot = r->made % ACQ_RING_SLOTS; /* only this thread changes `made` */
        result = r->results[slot] = r->make(r->user, slot);
        uv_mutex_lock(&r->lock);
        r->made++;
        uv_cond_signal(&r->changed);
        uv_mutex_unlock(&r->lock);
    }
}

int acq_ring_start(struct acq_ring *r, acq_ring_make make, void *user, struct acq_err *err)
{
    *r = (struct acq_ring){.make = make, .user = user};
    if (uv_mutex_init(&r->lock)) return acq_fail(err, ACQ_MEMORY, "the system gives no lock");
    if (uv_cond_init(&r->changed)) {
        uv_mutex_destroy(&r->lock);
        return acq_fail(err, ACQ_MEMORY, "the system gives no lock");
    }
    if (uv_thread_create(&r->thread, run, r) == 0) return ACQ_OK;
    uv_cond_destroy(&r->changed);
    uv_mutex_destroy(&r->lock);
    return acq_fail(err, ACQ_MEMORY, "the system gives no thread to read with");
}

void acq_ring_stop(struct acq_ring *r)
{
    uv_mutex_lock(&r->lock);
    r->stop = true;
    uv_cond_signal(&r->changed);
    uv_mutex_unlock(&r->lock);
    uv_thread_join(&r->thread);
    uv_cond_destroy(&r->changed);
    uv_mutex_destroy(&r->lock);
}

int acq_ring_next(struct acq_ring *r, size_t *slot)
{
    uv_mutex_lock(&r->lock);
    if (r->lent) uv_cond_signal(&r->changed);
    r->lent = false;
    while (r->made == r->used) uv_cond_wait(&r->changed, &r->lock);
    *slot = r->used % ACQ_RING_SLOTS;
    int result = r->results[*slot];
    if (result == ACQ_OK) { /* the last slot is not used up, so that a call behind the end gets the same answer */
        r->used++;
        r->lent = true;
    }
    uv_mutex_unlock(&r->lock);
    return result;
}
