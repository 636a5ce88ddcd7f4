/* What an earlier run has left in the commit log: given on, set aside where it is damaged, forgotten. */
#include "base/log.h"
#include "base/os.h"
#include "frame/batch.h"
#include "ingest/commit_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READ_AT_ONCE = 1024 * 1024, BLOCK = 4096, FILE_LIMIT = 1 << 30 };

struct replay {
    struct acq_commit_log *log;
    int (*frame)(void *user, const uint8_t *bytes, size_t n);
    void *user;
    struct acq_commit_found *found;
    struct acq_err *err;
    struct acq_commit_slot **slots; /* of earlier runs, in the order of their numbers */
    size_t n;
    uint64_t mark, last; /* serial numbers: needed are those behind `mark`; given on was `last` */
    bool headless;       /* there was a segment whose head is lost */
    int kept;            /* the file with what is damaged; -1: none yet */
    uint8_t *bytes;      /* of one segment */
    size_t size;
};

/* ---- read ---- */

/* read_part: what a failing disk does not give back becomes zeros, and so a damaged place */
static void read_part(int fd, uint64_t at, uint8_t *dst, size_t n)
{
    if (acq_file_read_at(fd, at, dst, n) == (ptrdiff_t)n) return;
    if (n <= BLOCK) memset(dst, 0, n);
    for (size_t done = 0; n > BLOCK && done < n; done += BLOCK)
        read_part(fd, at + done, dst + done, n - done < BLOCK ? n - done : BLOCK);
}

static int load(struct replay *r, const struct acq_commit_slot *slot)
{
    char path[ACQ_PATH_MAX];
    acq_commit_path(r->log, slot, path);
    r->size = slot->size < FILE_LIMIT ? (size_t)slot->size : FILE_LIMIT;
    free(r->bytes);
    r->bytes = malloc(r->size + 1);
    if (!r->bytes) return acq_fail(r->err, ACQ_MEMORY, "no memory to read the commit log");
    int fd = acq_file_open(path, ACQ_FILE_READ, r->err);
    if (fd < 0) return ACQ_IO;
    for (size_t at = 0; at < r->size; at += READ_AT_ONCE)
        read_part(fd, at, r->bytes + at, r->size - at < READ_AT_ONCE ? r->size - at : READ_AT_ONCE);
    acq_file_close(fd);
    return ACQ_OK;
}

/* ---- set aside ---- */

static int open_kept(struct replay *r)
{
    char name[40], path[ACQ_PATH_MAX];
    time_t seconds = (time_t)(acq_utc_ns() / 1000000000);
    struct tm *utc = gmtime(&seconds);
    size_t n = utc ? strftime(name, sizeof name, "damaged-%Y%m%dT%H%M%SZ.log", utc) : 0;
    if (!n) snprintf(name, sizeof name, "damaged.log");
    acq_path_join(path, sizeof path, r->log->dir, name);
    if (acq_path_unused(r->found->kept, sizeof r->found->kept, path) < 0)
        return acq_fail(r->err, ACQ_IO, "the path %.60s... is too long for the commit log", r->log->dir);
    r->kept = acq_file_open(r->found->kept, ACQ_FILE_CREATE, r->err);
    return r->kept < 0 ? ACQ_IO : ACQ_OK;
}

static int keep(struct replay *r, const struct acq_commit_slot *slot, uint64_t from, uint64_t n)
{
    char heading[80];
    int heading_n = snprintf(heading, sizeof heading, "\n%08u.log from %llu, %llu bytes\n", slot->file,
                             (unsigned long long)from, (unsigned long long)n);
    int result = r->kept < 0 ? open_kept(r) : ACQ_OK;
    if (result == ACQ_OK) result = acq_file_write(r->kept, heading, (size_t)heading_n, r->err);
    return result < 0 ? result : acq_file_write(r->kept, r->bytes + from, (size_t)n, r->err);
}

/* set_aside: a stretch of the segment that should be whole groups, and is not */
static int set_aside(struct replay *r, const struct acq_commit_slot *slot, uint64_t from, uint64_t to)
{
    uint64_t there = to < r->size ? to : r->size; /* a file that was cut has not all of it */
    int result = keep(r, slot, from, there > from ? there - from : 0);
    if (result < 0) return result;
    r->found->damaged_places++;
    r->found->damaged_bytes += to - from;
    acq_log(ACQ_LOG_WARN,
            "the commit log is damaged: %08u.log from byte %llu, %llu bytes, kept in %s; the frames in it are missing "
            "unless their senders still have them",
            slot->file, (unsigned long long)from, (unsigned long long)(to - from), r->found->kept);
    return ACQ_OK;
}

/* ---- given on ---- */

static int give(struct replay *r, const struct acq_segment_group *g)
{
    struct acq_batch batch = {g->content, g->head.len};
    const uint8_t *frame;
    size_t n;
    if (g->head.serial <= r->mark || g->head.serial <= r->last) return ACQ_OK; /* not needed; written a second time */
    r->last = g->head.serial;
    r->found->groups += g->head.frames > 0;
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        int result = r->frame(r->user, frame, n);
        if (result < 0) return result;
        r->found->frames++;
    }
    return ACQ_OK;
}

/* follower: the segment that was begun behind this one; NULL: none */
static const struct acq_segment_head *follower(const struct replay *r, const struct acq_segment_head *head)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct acq_segment_head *next = &r->slots[i]->head;
        if (r->slots[i]->headed && next->run == head->run && next->before_number == head->number) return next;
    }
    return NULL;
}

/* needed_end: how far the segment's groups are known to reach, as far as they are needed. Behind the last group of all
 * is what was being written when the program ended, and nobody was told that it is there. */
static uint64_t needed_end(const struct replay *r, const struct acq_segment_head *head)
{
    const struct acq_segment_head *next = follower(r, head);
    return next && next->first_serial > r->mark + 1 ? next->before_end : 0;
}

static int give_segment(struct replay *r, const struct acq_commit_slot *slot)
{
    struct acq_segment_group g;
    uint64_t at = ACQ_SEGMENT_EDGE;
    int result = ACQ_OK;
    while (result == ACQ_OK && acq_segment_next(r->bytes, r->size, &slot->head, at, &g)) {
        if (g.start > at && g.head.serial > r->mark + 1) result = set_aside(r, slot, at, g.start);
        if (result == ACQ_OK) result = give(r, &g);
        at = g.end;
    }
    uint64_t end = needed_end(r, &slot->head);
    return result == ACQ_OK && at < end ? set_aside(r, slot, at, end) : result;
}

/* keep_headless: nothing tells which groups of the file are needed. One of zeros was never begun. */
static int keep_headless(struct replay *r, const struct acq_commit_slot *slot)
{
    size_t n = r->size;
    while (n && !r->bytes[n - 1]) n--;
    if (r->size <= ACQ_SEGMENT_EDGE) n = 0; /* it was just being made */
    r->headless |= n > 0;
    return n ? set_aside(r, slot, 0, n) : ACQ_OK;
}

/* look_for_hole: the segment before this one is not there any more */
static void look_for_hole(struct replay *r, const struct acq_segment_head *head)
{
    if (!head->before_number || head->first_serial <= r->mark + 1 || r->headless) return;
    for (size_t i = 0; i < r->n; i++)
        if (r->slots[i]->headed && r->slots[i]->head.number == head->before_number) return;
    r->found->damaged_places++;
    acq_log(ACQ_LOG_WARN,
            "segment %u of the commit log in %s is missing; the frames in it are missing unless their senders still "
            "have them",
            head->before_number, r->log->dir);
}

static int replay_slot(struct replay *r, const struct acq_commit_slot *slot)
{
    int result = load(r, slot);
    if (result < 0) return result;
    if (!slot->headed) return keep_headless(r, slot);
    look_for_hole(r, &slot->head);
    return give_segment(r, slot);
}

/* ---- the whole ---- */

static int by_number(const void *a, const void *b)
{
    const struct acq_commit_slot *x = *(struct acq_commit_slot *const *)a, *y = *(struct acq_commit_slot *const *)b;
    return (x->head.number > y->head.number) - (x->head.number < y->head.number);
}

static int list_slots(struct replay *r)
{
    struct acq_commit_log *log = r->log;
    r->slots = calloc(log->slots_n, sizeof(struct acq_commit_slot *));
    if (!r->slots) return acq_fail(r->err, ACQ_MEMORY, "no memory to read the commit log");
    for (size_t i = 0; i < log->slots_n; i++)
        if (log->slots[i].use == ACQ_COMMIT_OLD) r->slots[r->n++] = &log->slots[i];
    qsort(r->slots, r->n, sizeof(struct acq_commit_slot *), by_number);
    return ACQ_OK;
}

/* find_mark looks for the last group of all: it knows best what was released. */
static int find_mark(struct replay *r)
{
    struct acq_segment_group g;
    for (size_t i = r->n; i-- > 0;) {
        const struct acq_commit_slot *slot = r->slots[i];
        uint64_t at = ACQ_SEGMENT_EDGE;
        if (!slot->headed) continue;
        int result = load(r, slot);
        if (result < 0) return result;
        if (slot->head.released > r->mark) r->mark = slot->head.released;
        for (; acq_segment_next(r->bytes, r->size, &slot->head, at, &g); at = g.end)
            if (g.head.released > r->mark) r->mark = g.head.released;
        if (at > ACQ_SEGMENT_EDGE) break;
    }
    return ACQ_OK;
}

static int finish(struct replay *r, int result)
{
    if (r->kept >= 0) {
        if (result == ACQ_OK) result = acq_file_sync(r->kept, r->err);
        if (result == ACQ_OK) result = acq_path_sync_dir(r->log->dir, r->err);
        acq_file_close(r->kept);
    }
    free(r->bytes);
    free(r->slots);
    return result;
}

int acq_commit_log_replay(struct acq_commit_log *log, int (*frame)(void *user, const uint8_t *bytes, size_t n),
                          void *user, struct acq_commit_found *found, struct acq_err *err)
{
    struct replay r = {.log = log, .frame = frame, .user = user, .found = found, .err = err, .kept = -1};
    *found = (struct acq_commit_found){0};
    int result = list_slots(&r);
    if (result == ACQ_OK) result = find_mark(&r);
    for (size_t i = 0; i < r.n && result == ACQ_OK; i++) result = replay_slot(&r, r.slots[i]);
    acq_commit_enter(log);
    log->old_mark = r.mark;
    acq_commit_leave(log);
    return finish(&r, result);
}

void acq_commit_log_forget(struct acq_commit_log *log)
{
    char path[ACQ_PATH_MAX];
    acq_commit_enter(log);
    for (size_t i = 0; i < log->slots_n; i++) {
        struct acq_commit_slot *slot = &log->slots[i];
        if (slot->use != ACQ_COMMIT_OLD) continue;
        bool usable = slot->headed && slot->size == log->config.segment_size;
        slot->last_serial = log->base;
        slot->use = usable ? ACQ_COMMIT_FREE : ACQ_COMMIT_NONE;
        acq_commit_path(log, slot, path);
        if (!usable) acq_path_remove(path);
    }
    log->old = false;
    if (log->released < log->base) log->released = log->base;
    acq_commit_slots_look(log);
    acq_commit_full_look(log);
    uv_cond_signal(&log->wake);
    acq_commit_leave(log);
}
