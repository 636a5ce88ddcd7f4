#include "table/ahead.h"

#include <stdlib.h>
#include <uv.h>

enum { SLOTS = 4 };

/* What the thread made: a chunk, or in the last slot how it ended. */
struct slot {
    struct acq_chunk chunk;
    struct acq_rows_state state;
    int result;
    struct acq_err err;
};

struct acq_ahead {
    struct acq_rows *rows;
    struct slot slots[SLOTS];
    size_t made, used; /* slots so far; made - used of them are ready, the one before `used` is lent to the caller */
    bool lent, stop, started;
    uv_mutex_t lock;
    uv_cond_t changed;
    uv_thread_t thread;
};

/* room: waits until a slot is free. Returns false if the caller wants no more. */
static bool room(struct acq_ahead *a)
{
    uv_mutex_lock(&a->lock);
    while (!a->stop && a->made - a->used + a->lent == SLOTS) uv_cond_wait(&a->changed, &a->lock);
    bool go = !a->stop;
    uv_mutex_unlock(&a->lock);
    return go;
}

static void run(void *arg)
{
    struct acq_ahead *a = arg;
    int result = ACQ_OK;
    while (result == ACQ_OK && room(a)) {
        struct slot *slot = &a->slots[a->made % SLOTS];
        result = slot->result = acq_rows_next(a->rows, &slot->chunk, &slot->err);
        slot->state = acq_rows_get_state(a->rows);
        uv_mutex_lock(&a->lock);
        a->made++;
        uv_cond_signal(&a->changed);
        uv_mutex_unlock(&a->lock);
    }
}

int acq_ahead_new(struct acq_ahead **ahead, struct acq_rows *rows, const size_t *fields, size_t n, struct acq_err *err)
{
    struct acq_ahead *a = calloc(1, sizeof *a);
    int result = a ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for the table");
    if (!a) {
        acq_rows_free(rows);
        return result;
    }
    a->rows = rows;
    uv_mutex_init(&a->lock);
    uv_cond_init(&a->changed);
    for (size_t i = 0; i < SLOTS && result == ACQ_OK; i++)
        result = acq_rows_select(rows, fields, n, &a->slots[i].chunk, err);
    if (result == ACQ_OK) {
        a->started = uv_thread_create(&a->thread, run, a) == 0;
        if (!a->started) result = acq_fail(err, ACQ_MEMORY, "the system gives no thread to read with");
    }
    if (result < 0) {
        acq_ahead_free(a);
        return result;
    }
    *ahead = a;
    return ACQ_OK;
}

void acq_ahead_free(struct acq_ahead *a)
{
    if (!a) return;
    if (a->started) {
        uv_mutex_lock(&a->lock);
        a->stop = true;
        uv_cond_signal(&a->changed);
        uv_mutex_unlock(&a->lock);
        uv_thread_join(&a->thread);
    }
    uv_cond_destroy(&a->changed);
    uv_mutex_destroy(&a->lock);
    for (size_t i = 0; i < SLOTS; i++) acq_chunk_fini(&a->slots[i].chunk);
    acq_rows_free(a->rows);
    free(a);
}

int acq_ahead_next(struct acq_ahead *a, struct acq_chunk **chunk, struct acq_rows_state *state, struct acq_err *err)
{
    uv_mutex_lock(&a->lock);
    if (a->lent) uv_cond_signal(&a->changed);
    a->lent = false;
    while (a->made == a->used) uv_cond_wait(&a->changed, &a->lock);
    struct slot *slot = &a->slots[a->used % SLOTS];
    if (slot->result == ACQ_OK) { /* the last slot stays, so that a call behind the end gets the same answer */
        a->used++;
        a->lent = true;
    }
    uv_mutex_unlock(&a->lock);
    if (state) *state = slot->state;
    if (slot->result < 0 && err) *err = slot->err;
    *chunk = &slot->chunk;
    return slot->result;
}
