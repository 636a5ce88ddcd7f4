/* crew.c - the workers fill slots, which form a ring, in the order of the file: who takes the next slot takes the next
 * stretch with it, under the lock. The caller waits for the slots in the same order. A chunk mostly holds its whole
 * stretch; where it does not, the worker waits until the caller is done with it and goes on in the same slot. */
#include "table/crew.h"

#include "base/stop.h"
#include "table/stat.h"

#include <stdlib.h>
#include <uv.h>

enum { WORKERS_MAX = 16, SLOTS = ACQ_CREW_AHEAD / ACQ_CHUNK_ROWS + WORKERS_MAX };

struct slot {
    enum { FREE, BUSY, READY } state;
    bool more;  /* the stretch goes on: its worker waits for the slot to come back */
    int result; /* not 0: it is the last */
    struct acq_err err;
    struct acq_chunk chunk;
    double progress;
    struct acq_loss loss; /* of the stretch */
};

struct worker {
    struct acq_crew *crew;
    struct acq_reader *part; /* of a recording that is read in parts */
    struct acq_rows *rows;
    uv_thread_t thread;
};

struct acq_crew {
    struct acq_reader *reader; /* plans the stretches, or reads all */
    bool parts, stats;
    struct worker workers[WORKERS_MAX];
    size_t wanted, started; /* of them */

    struct slot slots[SLOTS];
    size_t ahead;         /* how many of them are used */
    uint64_t taken, used; /* slots, since the start: by workers; by the caller, who has slot used - 1, if lent */
    bool lent, ended, stop, locks;
    uv_mutex_t lock;
    uv_cond_t slot_free, slot_ready;

    struct acq_loss loss; /* of all parts up to the caller's */
    double progress;
};

/* take: waits until a slot is free and takes it, and the next stretch. Returns NULL if there is nothing more to do. The
 * last worker helps only where the caller is about to wait: a caller that is busy with the rows needs its core. */
static struct slot *take(struct acq_crew *c, const struct worker *w, struct acq_span *span)
{
    bool last = w > c->workers && w == c->workers + c->wanted - 1;
    size_t most = last ? c->wanted : c->ahead;
    while (!c->stop && !c->ended && c->taken - c->used + c->lent >= most) uv_cond_wait(&c->slot_free, &c->lock);
    if (c->stop || c->ended) return NULL;
    struct slot *slot = &c->slots[c->taken++ % c->ahead];
    slot->state = BUSY;
    slot->result = c->parts ? acq_reader_plan(c->reader, ACQ_CHUNK_ROWS - 1, span, &slot->err) : ACQ_OK;
    if (c->parts) slot->progress = acq_reader_progress(c->reader);
    return slot;
}

/* give: the slot is the caller's now. With the lock. */
static void give(struct acq_crew *c, struct slot *slot, int result)
{
    slot->result = result;
    slot->state = READY;
    c->ended |= result != ACQ_OK;
    uv_cond_signal(&c->slot_ready);
}

/* fill: the slot's chunk with the worker's next rows. The end of a stretch is not the end of all. */
static int fill(const struct worker *w, struct slot *slot)
{
    int result = slot->chunk.cells ? ACQ_OK : acq_rows_chunk(w->rows, &slot->chunk, &slot->err);
    if (result == ACQ_OK) result = acq_rows_next(w->rows, &slot->chunk, &slot->err);
    if (result >= 0 && w->crew->stats && acq_stat_chunk(&slot->chunk) < 0)
        result = acq_fail(&slot->err, ACQ_MEMORY, "no memory for the statistics");
    slot->more = false;
    if (!w->part) {
        slot->progress = acq_reader_progress(w->crew->reader);
        return result;
    }
    slot->more = result == ACQ_OK && slot->chunk.rows == ACQ_CHUNK_ROWS;
    if (!slot->more) slot->loss = *acq_reader_get_loss(w->part);
    return result == ACQ_END ? ACQ_OK : result;
}

/* work: fills one slot, as often as its stretch needs it. Called with the lock, which is free while rows are made. */
static void work(struct worker *w, struct slot *slot, const struct acq_span *span)
{
    struct acq_crew *c = w->crew;
    uv_mutex_unlock(&c->lock);
    int result = w->part ? acq_reader_part_start(w->part, span, &slot->err) : ACQ_OK;
    if (w->part) acq_rows_start(w->rows, (struct acq_batch){0});
    for (;;) {
        if (result == ACQ_OK) result = fill(w, slot);
        uv_mutex_lock(&c->lock);
        give(c, slot, result);
        if (result < 0 || !slot->more) return;
        while (slot->state == READY && !c->stop) uv_cond_wait(&c->slot_free, &c->lock);
        if (c->stop) return;
        uv_mutex_unlock(&c->lock);
    }
}

static void run(void *arg)
{
    struct worker *w = arg;
    struct acq_crew *c = w->crew;
    struct acq_span span;
    struct slot *slot;
    uv_mutex_lock(&c->lock);
    while ((slot = take(c, w, &span))) {
        if (slot->result == ACQ_OK)
            work(w, slot, &span);
        else
            give(c, slot, slot->result);
    }
    uv_mutex_unlock(&c->lock);
}

static size_t cores(void)
{
    size_t n;
#if UV_VERSION_HEX >= (1 << 16 | 44 << 8)
    n = uv_available_parallelism();
#else
    uv_cpu_info_t *info;
    int count;
    if (uv_cpu_info(&info, &count)) return 1;
    uv_free_cpu_info(info, count);
    n = (size_t)count;
#endif
    return n < 1 ? 1 : n < WORKERS_MAX ? n : WORKERS_MAX;
}

static int make_worker(struct acq_crew *c, struct worker *w, const struct acq_crew_options *options,
                       struct acq_err *err)
{
    w->crew = c;
    int result = c->parts ? acq_reader_part(&w->part, c->reader, err) : ACQ_OK;
    if (result == ACQ_OK) result = acq_rows_new(&w->rows, w->part ? w->part : c->reader, &options->rows, err);
    if (result == ACQ_OK) acq_rows_start(w->rows, options->batch);
    return result;
}

static void free_worker(struct worker *w)
{
    acq_rows_free(w->rows);
    acq_reader_free(w->part);
}

/* init_locks: all of them or none */
static bool init_locks(struct acq_crew *c)
{
    if (uv_mutex_init(&c->lock)) return false;
    if (uv_cond_init(&c->slot_free)) {
        uv_mutex_destroy(&c->lock);
        return false;
    }
    if (uv_cond_init(&c->slot_ready)) {
        uv_cond_destroy(&c->slot_free);
        uv_mutex_destroy(&c->lock);
        return false;
    }
    return c->locks = true;
}

/* start: one worker is enough where the system gives no more threads */
static int start(struct acq_crew *c, const struct acq_crew_options *options, struct acq_err *err)
{
    if (!init_locks(c)) return acq_fail(err, ACQ_MEMORY, "the system gives no lock");
    c->wanted = c->parts ? cores() : 1;
    c->ahead = ACQ_CREW_AHEAD / ACQ_CHUNK_ROWS + c->wanted;
    while (c->started < c->wanted) {
        struct worker *w = &c->workers[c->started];
        int result = make_worker(c, w, options, err);
        if (result < 0) return result;
        if (uv_thread_create(&w->thread, run, w)) break;
        c->started++;
    }
    return c->started ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "the system gives no thread to read with");
}

int acq_crew_new(struct acq_crew **crew, struct acq_reader *reader, const struct acq_crew_options *options,
                 struct acq_err *err)
{
    struct acq_crew *c = calloc(1, sizeof *c);
    if (!c) return acq_fail(err, ACQ_MEMORY, "no memory for the table");
    c->reader = reader;
    c->parts = options->parts;
    c->stats = options->stats;
    acq_loss_init(&c->loss);
    acq_loss_start(&c->loss, 1);
    int result = start(c, options, err);
    if (result < 0)
        acq_crew_free(c);
    else
        *crew = c;
    return result;
}

void acq_crew_free(struct acq_crew *c)
{
    if (!c) return;
    if (c->locks) {
        uv_mutex_lock(&c->lock);
        c->stop = true;
        uv_cond_broadcast(&c->slot_free);
        uv_mutex_unlock(&c->lock);
        for (size_t i = 0; i < c->started; i++) uv_thread_join(&c->workers[i].thread);
        uv_cond_destroy(&c->slot_ready);
        uv_cond_destroy(&c->slot_free);
        uv_mutex_destroy(&c->lock);
    }
    for (size_t i = 0; i < WORKERS_MAX; i++) free_worker(&c->workers[i]);
    for (size_t i = 0; i < SLOTS; i++) acq_chunk_fini(&c->slots[i].chunk);
    free(c);
}

/* return_slot: the caller needs the chunk no more, which it had from the slot before. With the lock. */
static void return_slot(struct acq_crew *c)
{
    if (!c->lent) return;
    struct slot *slot = &c->slots[(c->used - 1) % c->ahead];
    c->lent = false;
    slot->state = slot->more ? BUSY : FREE;
    c->used -= slot->more; /* its next rows come in the same one */
    uv_cond_broadcast(&c->slot_free);
}

/* wait_slot: the next slot, when it is ready. Returns NULL after Ctrl+C. With the lock. */
static struct slot *wait_slot(struct acq_crew *c)
{
    struct slot *slot = &c->slots[c->used % c->ahead];
    while (slot->state != READY) {
        if (acq_stopped()) return NULL;
        uv_cond_timedwait(&c->slot_ready, &c->lock, 100000000); /* a signal ends no wait */
    }
    return slot;
}

/* next_slot: the next slot with rows, or the last. With the lock. */
static int next_slot(struct acq_crew *c, struct slot **found, struct acq_err *err)
{
    for (;;) {
        return_slot(c);
        struct slot *slot = *found = wait_slot(c);
        if (!slot) return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
        c->progress = slot->progress;
        if (slot->result < 0 && err) *err = slot->err;
        if (slot->result) return slot->result; /* it stays where it is, so that the next call gets the same */
        if (c->parts && !slot->more) acq_loss_join(&c->loss, &slot->loss);
        c->used++;
        c->lent = true;
        if (slot->chunk.rows) return ACQ_OK;
    }
}

int acq_crew_next(struct acq_crew *c, struct acq_chunk **chunk, double *progress, struct acq_err *err)
{
    struct slot *slot;
    uv_mutex_lock(&c->lock);
    int result = next_slot(c, &slot, err);
    uv_mutex_unlock(&c->lock);
    if (result == ACQ_OK) *chunk = &slot->chunk;
    *progress = c->progress;
    return result;
}

void acq_crew_sum(struct acq_crew *c, struct acq_loss *loss, uint64_t *unreadable, bool *unsorted)
{
    *loss = c->parts ? c->loss : *acq_reader_get_loss(c->reader);
    if (c->parts) acq_loss_end(loss);
    *unreadable = 0;
    *unsorted = false;
    for (size_t i = 0; i < WORKERS_MAX && c->workers[i].rows; i++) {
        uint64_t n;
        bool mixed;
        acq_rows_faults(c->workers[i].rows, &n, &mixed);
        *unreadable += n;
        *unsorted |= mixed;
    }
}
