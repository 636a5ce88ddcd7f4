#include "ingest/commit_log.h"

#include "base/os.h"
#include "frame/batch.h"
#include "frame/frame.h"
#include "ingest/commit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_LEAST = 4, ROOM_LEAST = 12 * ACQ_FRAME_LIMIT, NAMES = 64 /* of the files in the folder */ };

/* ---- opened ---- */

static int check(const struct acq_commit_config *c, struct acq_err *err)
{
    if (strlen(c->dir) + NAMES > ACQ_PATH_MAX)
        return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long for the commit log", c->dir);
    if (c->segment_size % ACQ_SEGMENT_EDGE || c->segment_size < ROOM_LEAST + 2 * ACQ_SEGMENT_EDGE)
        return acq_fail(err, ACQ_RANGE, "a segment of the commit log has at least 776 KiB, in steps of 4 KiB");
    if (c->size_max / c->segment_size < SEGMENTS_LEAST)
        return acq_fail(err, ACQ_RANGE, "the commit log needs at least %u MiB",
                        (SEGMENTS_LEAST * (c->segment_size >> 10) + 1023) >> 10);
    if (c->waiting_max < ROOM_LEAST) return acq_fail(err, ACQ_RANGE, "the commit log needs at least 768 KiB of memory");
    return ACQ_OK;
}

static int lock(struct acq_commit_log *log, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    acq_path_join(path, sizeof path, log->dir, "lock");
    log->lock = acq_file_open(path, ACQ_FILE_CREATE, err);
    if (log->lock == ACQ_EXISTS) log->lock = acq_file_open(path, ACQ_FILE_UPDATE, err);
    if (log->lock < 0) return log->lock;
    if (acq_file_lock(log->lock)) return ACQ_OK;
    return acq_fail(err, ACQ_EXISTS, "another acq serve uses %s: stop it or choose another folder", log->dir);
}

static int prepare(struct acq_commit_log *log, struct acq_err *err)
{
    if (!acq_random(&log->run, sizeof log->run))
        return acq_fail(err, ACQ_IO, "the system gives no random numbers for the commit log");
    int r = acq_path_mkdirs(log->dir, err);
    if (r == ACQ_OK) r = lock(log, err);
    if (r == ACQ_OK) r = acq_commit_find(log, err);
    if (r < 0) return r;
    if (acq_commit_buffer_init(log, &log->gathered) < 0 || acq_commit_buffer_init(log, &log->writing) < 0)
        return acq_fail(err, ACQ_MEMORY, "no memory for the commit log");
    return ACQ_OK;
}

static void release_memory(struct acq_commit_log *log)
{
    if (log->lock >= 0) acq_file_close(log->lock);
    free(log->slots);
    free(log->gathered.bytes);
    free(log->writing.bytes);
    free(log);
}

static int start(struct acq_commit_log *log, struct acq_err *err)
{
    if (uv_mutex_init(&log->mutex) == 0) {
        if (uv_cond_init(&log->wake) == 0) {
            if (uv_thread_create(&log->thread, acq_commit_run, log) == 0) return ACQ_OK;
            uv_cond_destroy(&log->wake);
        }
        uv_mutex_destroy(&log->mutex);
    }
    return acq_fail(err, ACQ_MEMORY, "cannot start the thread of the commit log");
}

int acq_commit_log_open(struct acq_commit_log **result, const struct acq_commit_config *config, struct acq_err *err)
{
    int r = check(config, err);
    if (r < 0) return r;
    struct acq_commit_log *log = calloc(1, sizeof *log);
    if (!log) return acq_fail(err, ACQ_MEMORY, "no memory for the commit log");
    log->config = *config;
    snprintf(log->dir, sizeof log->dir, "%s", config->dir);
    log->config.dir = log->dir;
    log->lock = -1;
    log->gathering = 1;
    log->next_file = 1;
    log->slots_max = (size_t)(config->size_max / config->segment_size);
    log->group_max = config->segment_size - 2 * ACQ_SEGMENT_EDGE - ACQ_SEGMENT_GROUP;
    if (log->group_max > config->waiting_max) log->group_max = config->waiting_max;
    r = prepare(log, err);
    if (r == ACQ_OK) r = start(log, err);
    if (r < 0)
        release_memory(log);
    else
        *result = log;
    return r;
}

/* ---- filled ---- */

static void wake_for_work(struct acq_commit_log *log)
{
    if (log->waits == ACQ_COMMIT_WORK || log->waits == ACQ_COMMIT_IDLE) uv_cond_signal(&log->wake);
}

/* let_go gives the log's thread what is gathered. */
static void let_go(struct acq_commit_log *log)
{
    log->wanted = log->gathered.len > 0;
    if (log->wanted) wake_for_work(log);
    log->held = false;
    uv_mutex_unlock(&log->mutex);
}

uint64_t acq_commit_log_append(struct acq_commit_log *log, const uint8_t *bytes, size_t n)
{
    struct acq_commit_buffer *b = &log->gathered;
    acq_commit_enter(log);
    log->held = true;
    uint8_t *dst = b->bytes + ACQ_SEGMENT_GROUP + b->len;
    uint64_t group = 0;
    if (n <= ACQ_FRAME_LIMIT && n + 10 <= b->room - b->len && n + 10 <= log->config.waiting_max - log->waiting) {
        size_t length_n = acq_varint_put(dst, n);
        memcpy(dst + length_n, bytes, n);
        b->len += length_n + n;
        b->frames++;
        log->waiting += length_n + n;
        group = log->gathering;
        if (log->asked >= group) log->asked = group - 1; /* what was released is what had come until then */
    }
    acq_commit_full_look(log);
    if (!group || acq_commit_log_full(log)) let_go(log); /* nothing more comes now */
    return group;
}

bool acq_commit_log_full(const struct acq_commit_log *log)
{
    return atomic_load_explicit(&log->full, memory_order_relaxed);
}

void acq_commit_log_commit(struct acq_commit_log *log)
{
    acq_commit_enter(log);
    let_go(log);
}

/* ---- freed ---- */

void acq_commit_log_release(struct acq_commit_log *log, uint64_t group)
{
    acq_commit_enter(log);
    uint64_t before = log->released;
    if (group > log->asked) log->asked = group;
    acq_commit_release(log);
    if (log->released > before) {
        acq_commit_full_look(log);
        /* the thread waits for room, or has to note soon what is not needed */
        if (log->waits == ACQ_COMMIT_ROOM || log->waits == ACQ_COMMIT_IDLE) uv_cond_signal(&log->wake);
    }
    acq_commit_leave(log);
}

static uint64_t used(const struct acq_commit_log *log)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < log->slots_n; i++) {
        const struct acq_commit_slot *slot = &log->slots[i];
        bool needed = slot->use == ACQ_COMMIT_OLD || slot->last_serial > log->released;
        if (needed && slot->use != ACQ_COMMIT_NONE) sum += slot->end;
    }
    return sum;
}

void acq_commit_log_state(const struct acq_commit_log *log, struct acq_commit_state *state)
{
    struct acq_commit_log *entered = (struct acq_commit_log *)(uintptr_t)log; /* nothing in it is changed */
    uv_thread_t self = uv_thread_self();
    bool own = uv_thread_equal(&self, &log->thread) != 0; /* from `committed`: `held` is not about this thread */
    if (own)
        uv_mutex_lock(&entered->mutex);
    else
        acq_commit_enter(entered);
    *state = (struct acq_commit_state){.durable_group = log->durable,
                                       .used = used(log),
                                       .waiting = log->waiting,
                                       .flush_ns = log->flush_ns,
                                       .failing = log->failing};
    memcpy(state->reason, log->reason, sizeof state->reason);
    if (own)
        uv_mutex_unlock(&entered->mutex);
    else
        acq_commit_leave(entered);
}

/* ---- closed ---- */

/* leave_nothing: all is durable elsewhere. A replay after a crash in the midst of this must know that too. */
static void leave_nothing(struct acq_commit_log *log)
{
    log->released = log->base + log->gathering;
    log->writing.len = log->writing.frames = 0;
    if (acq_commit_slots_count(log, ACQ_COMMIT_NONE) + acq_commit_slots_count(log, ACQ_COMMIT_OLD) < log->slots_n)
        (void)acq_commit_write(log, log->base + log->durable, NULL);
    acq_commit_segment_end(log);
    acq_commit_delete_all(log);
    (void)acq_path_sync_dir(log->dir, NULL);
}

int acq_commit_log_close(struct acq_commit_log *log, bool clean, struct acq_err *err)
{
    acq_commit_enter(log);
    log->held = false;
    log->closing = true;
    uv_cond_signal(&log->wake);
    uv_mutex_unlock(&log->mutex);
    uv_thread_join(&log->thread);
    int r = ACQ_OK;
    if (log->waiting && !clean)
        r = acq_fail(err, ACQ_IO, "the last frames could not be written to the commit log: %s",
                     log->failing ? log->reason : "it is full");
    if (clean)
        leave_nothing(log);
    else
        acq_commit_segment_end(log);
    uv_cond_destroy(&log->wake);
    uv_mutex_destroy(&log->mutex);
    release_memory(log);
    return r;
}
