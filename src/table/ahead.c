#include "table/ahead.h"

#include "table/ring.h"

#include <stdlib.h>

struct slot {
    struct acq_chunk chunk;
    struct acq_rows_state state;
    struct acq_err err;
};

struct acq_ahead {
    struct acq_rows *rows;
    struct slot slots[ACQ_RING_SLOTS];
    struct acq_ring ring;
    bool started;
};

static int make(void *user, size_t i)
{
    struct acq_ahead *a = user;
    struct slot *slot = &a->slots[i];
    int result = acq_rows_next(a->rows, &slot->chunk, &slot->err);
    slot->state = acq_rows_get_state(a->rows);
    return result;
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
    for (size_t i = 0; i < ACQ_RING_SLOTS && result == ACQ_OK; i++)
        result = acq_rows_select(rows, fields, n, &a->slots[i].chunk, err);
    if (result == ACQ_OK) result = acq_ring_start(&a->ring, make, a, err);
    a->started = result == ACQ_OK;
    if (result < 0)
        acq_ahead_free(a);
    else
        *ahead = a;
    return result;
}

void acq_ahead_free(struct acq_ahead *a)
{
    if (!a) return;
    if (a->started) acq_ring_stop(&a->ring);
    for (size_t i = 0; i < ACQ_RING_SLOTS; i++) acq_chunk_fini(&a->slots[i].chunk);
    acq_rows_free(a->rows);
    free(a);
}

int acq_ahead_next(struct acq_ahead *a, struct acq_chunk **chunk, struct acq_rows_state *state, struct acq_err *err)
{
    size_t i;
    int result = acq_ring_next(&a->ring, &i);
    const struct slot *slot = &a->slots[i];
    if (state) *state = slot->state;
    if (result < 0 && err) *err = slot->err;
    *chunk = &a->slots[i].chunk;
    return result;
}
