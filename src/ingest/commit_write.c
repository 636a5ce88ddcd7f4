/* The commit log's thread: groups to the disk, and what has to be tidied up when there is little to do. */
#include "base/os.h"
#include "frame/frame.h"
#include "ingest/commit_internal.h"

#include <libdeflate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS INT64_C(200000000)
#define TIDY_NS INT64_C(1000000000)
#define BIG_NS INT64_C(10000000000) /* so long a buffer that has grown stays as it is */

enum {
    MARGIN = 4 * (ACQ_FRAME_LIMIT + 10), /* room for the few frames that may still come when the log is full */
    LEAST = 4 * MARGIN,                  /* of a buffer's room; what is never used of that is never there */
    ZEROED_AT_ONCE = 256 * 1024
};

/* ---- buffers ---- */

int acq_commit_buffer_init(struct acq_commit_log *log, struct acq_commit_buffer *b)
{
    size_t room = log->group_max < LEAST ? log->group_max : LEAST;
    *b = (struct acq_commit_buffer){.bytes = malloc(ACQ_SEGMENT_GROUP + room + ACQ_SEGMENT_ALIGN), .room = room};
    return b->bytes ? ACQ_OK : ACQ_MEMORY;
}

/* grow doubles the room, up to group_max, if there is memory */
static void grow(struct acq_commit_log *log, struct acq_commit_buffer *b)
{
    size_t room = b->room < log->group_max / 2 ? b->room * 2 : log->group_max;
    uint8_t *bytes = room > b->room ? realloc(b->bytes, ACQ_SEGMENT_GROUP + room + ACQ_SEGMENT_ALIGN) : NULL;
    if (!bytes) return;
    b->bytes = bytes;
    b->room = room;
}

static void shrink(struct acq_commit_log *log, struct acq_commit_buffer *b, int64_t now_ns)
{
    struct acq_commit_buffer small;
    if (b->len > b->room / 4) b->big_ns = now_ns;
    if (b->len || b->room <= LEAST || now_ns - b->big_ns < BIG_NS) return;
    if (acq_commit_buffer_init(log, &small) < 0) return;
    free(b->bytes);
    *b = small;
}

void acq_commit_full_look(struct acq_commit_log *log)
{
    struct acq_commit_buffer *b = &log->gathered;
    size_t most = log->config.waiting_max;
    if (b->len + MARGIN > b->room) grow(log, b);
    bool little = log->waiting + MARGIN > most || b->len + MARGIN > b->room || log->disk_full;
    bool plenty = log->waiting <= most / 2 && b->len <= log->group_max / 2 && !log->disk_full;
    if (little) atomic_store_explicit(&log->full, true, memory_order_relaxed);
    if (plenty && !little) atomic_store_explicit(&log->full, false, memory_order_relaxed);
}

/* ---- one group ---- */

/* zero writes what follows the group once, so that the file system has not to note for each later group anew which
 * blocks hold something: that would be a second write in each flush. Long groups are not worth it. */
static int zero(struct acq_commit_log *log, uint64_t at, uint64_t n, struct acq_err *err)
{
    static const uint8_t zeros[64 * 1024];
    uint64_t end = (at / ZEROED_AT_ONCE + 1) * ZEROED_AT_ONCE, limit = log->at->size - ACQ_SEGMENT_EDGE;
    if (at <= log->zeroed) return ACQ_OK;
    log->zeroed = n >= ZEROED_AT_ONCE / 2 ? at : end < limit ? end : limit;
    int r = ACQ_OK;
    while (at < log->zeroed && r == ACQ_OK) {
        size_t part = log->zeroed - at < sizeof zeros ? (size_t)(log->zeroed - at) : sizeof zeros;
        r = acq_file_write_at(log->fd, at, zeros, part, err);
        at += part;
    }
    return r;
}

/* seal completes the group in memory: head, content, zeros. Returns its mark. */
static uint64_t seal(struct acq_commit_log *log, uint64_t serial)
{
    struct acq_commit_buffer *b = &log->writing;
    uint8_t *content = b->bytes + ACQ_SEGMENT_GROUP;
    struct acq_segment_group_head head = {.run = log->run, .serial = serial, .number = log->at->head.number};
    uv_mutex_lock(&log->mutex);
    head.released = acq_commit_mark(log);
    uv_mutex_unlock(&log->mutex);
    head.len = (uint32_t)b->len;
    head.frames = b->frames;
    head.crc = libdeflate_crc32(0, content, b->len);
    acq_segment_group_put(b->bytes, &head);
    memset(content + b->len, 0, (size_t)acq_segment_group_size(b->len) - ACQ_SEGMENT_GROUP - b->len);
    return head.released;
}

int acq_commit_write(struct acq_commit_log *log, uint64_t serial, struct acq_err *err)
{
    uint64_t n = acq_segment_group_size(log->writing.len);
    if (log->at && (log->broken || log->at->end + n > log->at->size - ACQ_SEGMENT_EDGE)) acq_commit_segment_end(log);
    int r = log->at ? ACQ_OK : acq_commit_segment_begin(log, serial, err);
    if (r != ACQ_OK) return r;
    uint64_t at = log->at->end, mark = seal(log, serial);
    r = acq_file_write_at(log->fd, at, log->writing.bytes, (size_t)n, err);
    if (r == ACQ_OK) r = zero(log, at + n, n, err);
    if (r == ACQ_OK) r = acq_file_sync(log->fd, err);
    log->broken = r < 0;
    if (r < 0) return r;
    log->mark = mark;
    uv_mutex_lock(&log->mutex);
    log->at->end = (uint32_t)(at + n);
    log->at->last_serial = serial;
    acq_commit_slots_look(log);
    uv_mutex_unlock(&log->mutex);
    return ACQ_OK;
}

/* ---- the thread: all below is called under the mutex, and gives it up meanwhile ---- */

static void report(struct acq_commit_log *log)
{
    acq_commit_full_look(log);
    if (!log->config.committed) return;
    uv_mutex_unlock(&log->mutex);
    log->config.committed(log->config.user);
    uv_mutex_lock(&log->mutex);
}

/* wait_for sleeps until `timeout_ns` is over (0: for ever), somebody wakes the thread or the log is closed. Returns
 * false if the time is over. */
static bool wait_for(struct acq_commit_log *log, enum acq_commit_wait what, int64_t timeout_ns)
{
    int r = 0;
    log->waits = what;
    if (timeout_ns <= 0)
        uv_cond_wait(&log->wake, &log->mutex);
    else
        r = uv_cond_timedwait(&log->wake, &log->mutex, (uint64_t)timeout_ns);
    log->waits = ACQ_COMMIT_BUSY;
    return r == 0;
}

static void wait_until(struct acq_commit_log *log, int64_t deadline_ns)
{
    for (int64_t left; !log->closing && (left = deadline_ns - acq_now_ns()) > 0;) wait_for(log, ACQ_COMMIT_TIME, left);
}

/* mark_is_late: a replay would take more for needed than is */
static bool mark_is_late(const struct acq_commit_log *log)
{
    return log->mark < acq_commit_mark(log) && (log->at || acq_commit_slots_count(log, ACQ_COMMIT_FREE));
}

/* tidy: `idle`: nothing has come for some time */
static void tidy(struct acq_commit_log *log, bool idle)
{
    int64_t now = acq_now_ns();
    bool late = idle && mark_is_late(log);
    uint64_t serial = log->base + log->durable;
    log->tidied_ns = now;
    if (!log->gathered.len) shrink(log, &log->gathered, now);
    shrink(log, &log->writing, now);
    uv_mutex_unlock(&log->mutex);
    if (late) (void)acq_commit_write(log, serial, NULL); /* writing is empty; the next try is soon enough */
    acq_commit_trim(log, now);
    uv_mutex_lock(&log->mutex);
    acq_commit_full_look(log);
}

static bool untidy(const struct acq_commit_log *log)
{
    return mark_is_late(log) || log->gathered.room > LEAST || log->writing.room > LEAST ||
           acq_commit_slots_count(log, ACQ_COMMIT_FREE) > 2;
}

static void wait_for_work(struct acq_commit_log *log)
{
    if (acq_now_ns() - log->tidied_ns > TIDY_NS) tidy(log, false);
    while (!log->wanted && !log->closing)
        if (!untidy(log))
            wait_for(log, ACQ_COMMIT_IDLE, 0);
        else if (!wait_for(log, ACQ_COMMIT_WORK, TIDY_NS))
            tidy(log, true);
}

static void swap(struct acq_commit_log *log)
{
    struct acq_commit_buffer empty = log->writing;
    log->writing = log->gathered;
    log->gathered = empty;
    log->gathering++;
    log->wanted = false;
    acq_commit_release(log);
}

static void fail(struct acq_commit_log *log, const struct acq_err *err)
{
    bool new = !log->failing || strncmp(log->reason, err->text, sizeof log->reason - 1);
    log->failing = true;
    snprintf(log->reason, sizeof log->reason, "%.199s", err->text);
    if (new) report(log);
}

/* put_down writes log->writing, however long that takes. Returns false if it was not written, and the log is closed. */
static bool put_down(struct acq_commit_log *log, uint64_t group)
{
    struct acq_err err;
    for (;;) {
        uv_mutex_unlock(&log->mutex);
        int64_t begin = acq_now_ns();
        int r = acq_commit_write(log, log->base + group, &err);
        uv_mutex_lock(&log->mutex);
        bool last = log->closing;
        if (r == ACQ_OK) log->flush_ns = acq_now_ns() - begin;
        if (r == ACQ_OK) return true;
        if (r < 0) fail(log, &err);
        if (r < 0 && !last) wait_until(log, acq_now_ns() + RETRY_NS);
        if (r == ACQ_AGAIN) report(log); /* it is full */
        while (r == ACQ_AGAIN && !log->closing && !acq_commit_slots_room(log)) wait_for(log, ACQ_COMMIT_ROOM, 0);
        if (last) return false;
    }
}

static void end_group(struct acq_commit_log *log, uint64_t group)
{
    log->waiting -= log->writing.len;
    if (log->writing.len > log->writing.room / 4) log->writing.big_ns = acq_now_ns();
    log->writing.len = log->writing.frames = 0;
    log->durable = group;
    log->failing = false;
    log->reason[0] = 0;
    report(log);
}

void acq_commit_run(void *user)
{
    struct acq_commit_log *log = user;
    int64_t begin_ns = acq_now_ns() - log->config.interval_ns;
    acq_thread_name("acq commit log");
    uv_mutex_lock(&log->mutex);
    for (bool going = true; going;) {
        wait_for_work(log);
        if (!log->gathered.len) break; /* closing */
        wait_until(log, begin_ns + log->config.interval_ns);
        begin_ns = acq_now_ns();
        uint64_t group = log->gathering;
        swap(log);
        going = put_down(log, group);
        if (going) end_group(log, group);
    }
    uv_mutex_unlock(&log->mutex);
}
