/* The segments' files: found, made, used again, deleted. */
#include "base/os.h"
#include "ingest/commit_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define TRIM_NS INT64_C(6000000000) /* longer than recordings take to become durable, which is what frees segments */

enum { SPARE = 3 }; /* so many segments stay in any case */

void acq_commit_path(const struct acq_commit_log *log, const struct acq_commit_slot *slot, char dst[ACQ_PATH_MAX])
{
    char name[24];
    snprintf(name, sizeof name, "%08u.log", slot->file);
    acq_path_join(dst, ACQ_PATH_MAX, log->dir, name); /* fits: acq_commit_log_open has seen to that */
}

static void delete_file(const struct acq_commit_log *log, const struct acq_commit_slot *slot)
{
    char path[ACQ_PATH_MAX];
    acq_commit_path(log, slot, path);
    acq_path_remove(path);
}

/* ---- found ---- */

struct finding {
    struct acq_commit_log *log;
    size_t n, room;
    struct acq_err *err;
};

/* file_number: that of a segment's name, eight digits or more and ".log"; 0: it is another name */
static uint32_t file_number(const char *name)
{
    char *end;
    if (name[0] < '0' || name[0] > '9') return 0;
    unsigned long long number = strtoull(name, &end, 10);
    return end - name >= 8 && end - name <= 10 && number < UINT32_MAX && acq_has_suffix(end, ".log") && end[4] == 0
               ? (uint32_t)number
               : 0;
}

static int count_segment(void *user, const char *name)
{
    struct finding *f = user;
    f->room += file_number(name) != 0;
    return ACQ_OK;
}

/* read_head: of the two copies of the head the newer one; the older may stand beside it where a crash came in between
 */
static int read_head(struct acq_commit_slot *slot, int fd)
{
    struct acq_segment_head head;
    uint8_t bytes[ACQ_SEGMENT_HEAD];
    const uint64_t places[] = {0, slot->size - ACQ_SEGMENT_HEAD};
    for (int i = 0; i < 2 && slot->size >= ACQ_SEGMENT_HEAD; i++) {
        if (acq_file_read_at(fd, places[i], bytes, sizeof bytes) != sizeof bytes) continue;
        int r = acq_segment_head_get(&head, bytes);
        if (r == ACQ_VERSION) return r;
        if (r == ACQ_OK && (!slot->headed || head.number > slot->head.number)) slot->head = head;
        slot->headed |= r == ACQ_OK;
    }
    return ACQ_OK;
}

static int take_segment(void *user, const char *name)
{
    struct finding *f = user;
    struct acq_commit_log *log = f->log;
    struct acq_commit_slot slot = {.use = ACQ_COMMIT_OLD, .file = file_number(name)};
    char path[ACQ_PATH_MAX];
    if (!slot.file || f->n == f->room) return ACQ_OK;
    acq_commit_path(log, &slot, path);
    int fd = acq_file_open(path, ACQ_FILE_READ, f->err);
    if (fd < 0) return fd;
    int64_t size = acq_file_size(fd);
    slot.size = size > 0 ? (uint64_t)size : 0;
    int r = read_head(&slot, fd);
    acq_file_close(fd);
    if (r == ACQ_VERSION)
        return acq_fail(f->err, ACQ_VERSION, "%s was written by a newer acq: run that one until it has ended cleanly",
                        path);
    slot.end = slot.size < UINT32_MAX ? (uint32_t)slot.size : UINT32_MAX;
    log->slots[f->n++] = slot;
    return ACQ_OK;
}

int acq_commit_find(struct acq_commit_log *log, struct acq_err *err)
{
    struct finding f = {.log = log, .err = err};
    int r = acq_dir_each(log->dir, count_segment, &f, err);
    if (r < 0) return r;
    log->slots_n = f.room + log->slots_max;
    log->slots = calloc(log->slots_n, sizeof *log->slots);
    if (!log->slots) return acq_fail(err, ACQ_MEMORY, "no memory for the commit log");
    r = acq_dir_each(log->dir, take_segment, &f, err);
    for (size_t i = 0; i < f.n && r == ACQ_OK; i++) {
        const struct acq_commit_slot *slot = &log->slots[i];
        uint64_t most = slot->head.first_serial + slot->size / ACQ_SEGMENT_ALIGN; /* it cannot have more groups */
        if (slot->file >= log->next_file) log->next_file = slot->file + 1;
        if (slot->head.number > log->number) log->number = slot->head.number;
        if (slot->headed && most > log->base) log->base = most;
    }
    log->old = f.n > 0;
    return r;
}

/* ---- counted, under the mutex ---- */

uint64_t acq_commit_mark(const struct acq_commit_log *log)
{
    return log->old ? log->old_mark : log->released;
}

uint32_t acq_commit_slots_count(const struct acq_commit_log *log, enum acq_commit_use use)
{
    uint32_t n = 0;
    for (size_t i = 0; i < log->slots_n; i++) n += log->slots[i].use == use;
    return n;
}

static size_t files(const struct acq_commit_log *log)
{
    return log->slots_n - acq_commit_slots_count(log, ACQ_COMMIT_NONE);
}

/* find_free: the one that was released first; NULL where there is none */
static struct acq_commit_slot *find_free(const struct acq_commit_log *log)
{
    struct acq_commit_slot *best = NULL;
    for (size_t i = 0; i < log->slots_n; i++) {
        struct acq_commit_slot *slot = &log->slots[i];
        if (slot->use == ACQ_COMMIT_FREE && (!best || slot->last_serial < best->last_serial)) best = slot;
    }
    return best;
}

static struct acq_commit_slot *find_place(const struct acq_commit_log *log)
{
    struct acq_commit_slot *slot = find_free(log);
    if (slot || files(log) >= log->slots_max) return slot;
    for (slot = log->slots; slot->use != ACQ_COMMIT_NONE;) slot++;
    return slot;
}

bool acq_commit_slots_room(const struct acq_commit_log *log)
{
    return find_place(log) != NULL;
}

void acq_commit_slots_look(struct acq_commit_log *log)
{
    uint64_t rest = 0;
    for (size_t i = 0; i < log->slots_n; i++) {
        struct acq_commit_slot *slot = &log->slots[i];
        if (slot->use == ACQ_COMMIT_NEEDED && slot->last_serial <= log->released) slot->use = ACQ_COMMIT_FREE;
        if (slot->use == ACQ_COMMIT_TAKEN && slot->size - slot->end > rest) rest = slot->size - slot->end;
    }
    log->disk_full = rest < log->config.segment_size / 4 && !acq_commit_slots_room(log);
}

void acq_commit_release(struct acq_commit_log *log)
{
    uint64_t group = log->asked < log->gathering ? log->asked : log->gathering - 1;
    if (group && log->base + group > log->released) log->released = log->base + group;
    acq_commit_slots_look(log);
}

/* ---- made and used again ---- */

static struct acq_commit_slot *take_place(struct acq_commit_log *log, bool *fresh)
{
    uv_mutex_lock(&log->mutex);
    struct acq_commit_slot *slot = find_place(log);
    if (slot) {
        *fresh = slot->use == ACQ_COMMIT_NONE;
        if (*fresh) *slot = (struct acq_commit_slot){.file = log->next_file++, .size = log->config.segment_size};
        slot->use = ACQ_COMMIT_TAKEN;
        uint32_t used = acq_commit_slots_count(log, ACQ_COMMIT_TAKEN) + acq_commit_slots_count(log, ACQ_COMMIT_NEEDED);
        if (used > log->peak) log->peak = used;
    }
    uv_mutex_unlock(&log->mutex);
    return slot;
}

static void free_place(struct acq_commit_log *log, struct acq_commit_slot *slot)
{
    delete_file(log, slot);
    uv_mutex_lock(&log->mutex);
    slot->use = ACQ_COMMIT_NONE;
    acq_commit_slots_look(log);
    uv_mutex_unlock(&log->mutex);
}

static int write_heads(struct acq_commit_log *log, struct acq_commit_slot *slot, uint64_t serial, struct acq_err *err)
{
    uint8_t bytes[ACQ_SEGMENT_HEAD];
    uv_mutex_lock(&log->mutex);
    slot->head = (struct acq_segment_head){.run = log->run,
                                           .first_serial = serial,
                                           .released = acq_commit_mark(log),
                                           .number = ++log->number,
                                           .size = log->config.segment_size,
                                           .before_number = log->before_number,
                                           .before_end = log->before_end};
    slot->headed = true;
    slot->end = ACQ_SEGMENT_EDGE;
    slot->last_serial = 0;
    uv_mutex_unlock(&log->mutex);
    acq_segment_head_put(bytes, &slot->head);
    int r = acq_file_write_at(log->fd, 0, bytes, sizeof bytes, err);
    return r < 0 ? r : acq_file_write_at(log->fd, slot->size - sizeof bytes, bytes, sizeof bytes, err);
}

static int open_file(struct acq_commit_log *log, const struct acq_commit_slot *slot, bool fresh, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    acq_commit_path(log, slot, path);
    int fd = acq_file_open(path, fresh ? ACQ_FILE_CREATE : ACQ_FILE_UPDATE, err);
    if (fd < 0) return fd;
    int r = fresh ? acq_file_allocate(fd, slot->size, err) : ACQ_OK;
    if (r == ACQ_OK) return fd;
    acq_file_close(fd);
    return r;
}

int acq_commit_segment_begin(struct acq_commit_log *log, uint64_t serial, struct acq_err *err)
{
    bool fresh;
    struct acq_commit_slot *slot = take_place(log, &fresh);
    if (!slot) return ACQ_AGAIN;
    /* A replay after a crash must know that what was here is not needed, or it would take the rest of it for damaged:
     * from a group that is on the disk, or from the new head, which then has to get there before groups do. */
    bool known = !fresh && slot->last_serial <= log->mark;
    log->fd = open_file(log, slot, fresh, err);
    int r = log->fd < 0 ? log->fd : write_heads(log, slot, serial, err);
    if (r == ACQ_OK && !known) r = acq_file_sync(log->fd, err);
    if (r == ACQ_OK && fresh) r = acq_path_sync_dir(log->dir, err);
    if (r == ACQ_OK) {
        log->at = slot;
        log->broken = false;
        log->zeroed = fresh ? ACQ_SEGMENT_EDGE : slot->size;
        return ACQ_OK;
    }
    if (log->fd >= 0) acq_file_close(log->fd);
    free_place(log, slot);
    return r;
}

void acq_commit_segment_end(struct acq_commit_log *log)
{
    struct acq_commit_slot *slot = log->at;
    if (!slot) return;
    acq_file_close(log->fd);
    log->at = NULL;
    if (!slot->last_serial) {
        free_place(log, slot);
        return;
    }
    log->before_number = slot->head.number;
    log->before_end = slot->end;
    uv_mutex_lock(&log->mutex);
    slot->use = ACQ_COMMIT_NEEDED;
    acq_commit_slots_look(log);
    uv_mutex_unlock(&log->mutex);
}

/* ---- deleted ---- */

/* take_spare: a free segment beyond `keep` of which a replay would know that it is not needed; NULL where there is none
 */
static struct acq_commit_slot *take_spare(struct acq_commit_log *log, uint32_t keep)
{
    uv_mutex_lock(&log->mutex);
    struct acq_commit_slot *slot = files(log) > keep ? find_free(log) : NULL;
    if (slot && slot->last_serial > log->mark) slot = NULL;
    if (slot) slot->use = ACQ_COMMIT_TAKEN;
    uv_mutex_unlock(&log->mutex);
    return slot;
}

void acq_commit_trim(struct acq_commit_log *log, int64_t now_ns)
{
    if (now_ns - log->trimmed_ns < TRIM_NS) return;
    uint32_t most = log->peak > log->peak_before ? log->peak : log->peak_before, keep = most + 1;
    struct acq_commit_slot *slot;
    if (keep < SPARE) keep = SPARE;
    while ((slot = take_spare(log, keep))) free_place(log, slot);
    log->trimmed_ns = now_ns;
    log->peak_before = log->peak;
    uv_mutex_lock(&log->mutex);
    log->peak = acq_commit_slots_count(log, ACQ_COMMIT_TAKEN) + acq_commit_slots_count(log, ACQ_COMMIT_NEEDED);
    uv_mutex_unlock(&log->mutex);
}

void acq_commit_delete_all(struct acq_commit_log *log)
{
    for (;;) { /* the latest segment, which knows that the others are not needed, is the last to go */
        struct acq_commit_slot *first = NULL;
        for (size_t i = 0; i < log->slots_n; i++) {
            struct acq_commit_slot *slot = &log->slots[i];
            if (slot->use == ACQ_COMMIT_NONE || slot->use == ACQ_COMMIT_OLD) continue;
            if (!first || slot->head.number < first->head.number) first = slot;
        }
        if (!first) return;
        delete_file(log, first);
        first->use = ACQ_COMMIT_NONE;
    }
}
