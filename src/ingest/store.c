#include "ingest/store.h"

#include "base/log.h"
#include "base/os.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add(struct acq_store *store, const char *session_id, const char *path)
{
    if (store->n == store->room) {
        size_t room = store->room ? 2 * store->room : 16;
        struct acq_store_entry *entries = realloc(store->entries, room * sizeof *entries);
        if (!entries) return ACQ_MEMORY;
        store->entries = entries;
        store->room = room;
    }
    struct acq_store_entry *e = &store->entries[store->n++];
    snprintf(e->session_id, sizeof e->session_id, "%s", session_id);
    snprintf(e->path, sizeof e->path, "%s", path);
    return ACQ_OK;
}

/* session_of reads the session's id from the first frame of a recording. */
static int session_of(const char *path, char id[64], struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *bytes;
    size_t n;
    int r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    struct acq_frame *f = malloc(sizeof *f);
    r = f && acq_reader_next(reader, &batch, err) == ACQ_OK && acq_batch_next(&batch, &bytes, &n) == ACQ_OK &&
                acq_decode(f, bytes, n) == ACQ_OK && f->has[ACQ_head_session_id]
            ? ACQ_OK
            : acq_fail(err, ACQ_FORMAT, "%s has no frame with a session", path);
    if (r == ACQ_OK) snprintf(id, 64, "%s", f->head.session_id);
    free(f);
    acq_reader_free(reader);
    return r;
}

/* is_empty: a file that a crash left between its making and its first member */
static bool is_empty(const char *path)
{
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    bool empty = fd >= 0 && acq_file_size(fd) == 0;
    if (fd >= 0) acq_file_close(fd);
    return empty;
}

enum { DAMAGED_MAX = ACQ_PATH_MAX + 32 };

/* damaged_name writes a name for what is kept of a recording. Returns 0 or ACQ_RANGE. */
static int damaged_name(char dst[DAMAGED_MAX], const char *path)
{
    char name[ACQ_PATH_MAX + 16];
    snprintf(name, sizeof name, "%s.damaged", path);
    return acq_path_unused(dst, DAMAGED_MAX, name);
}

/* put_away renames what can be no recording: its begin never reached the disk. */
static void put_away(const char *path, const char *why)
{
    char unused[DAMAGED_MAX];
    struct acq_err err;
    if (damaged_name(unused, path) == ACQ_OK && acq_path_rename(path, unused, &err) == ACQ_OK)
        acq_log(ACQ_LOG_WARN, "%s; kept as %s", why, unused);
    else
        acq_log(ACQ_LOG_WARN, "left alone: %s", why);
}

static int found(void *user, const char *name)
{
    struct acq_store *store = user;
    char path[ACQ_PATH_MAX], id[64];
    struct acq_err err;
    if (!acq_has_suffix(name, ".pb.gz") || acq_path_join(path, sizeof path, store->dir, name) < 0) return 0;
    if (is_empty(path) && acq_path_remove(path) == ACQ_OK) return 0;
    int r = session_of(path, id, &err);
    if (r == ACQ_OK) return add(store, id, path);
    if (r == ACQ_FORMAT)
        put_away(path, err.text);
    else
        acq_log(ACQ_LOG_WARN, "left alone: %s", err.text);
    return 0;
}

int acq_store_init(struct acq_store *store, const char *dir, struct acq_err *err)
{
    *store = (struct acq_store){0};
    snprintf(store->dir, sizeof store->dir, "%s", dir);
    int r = acq_dir_each(dir, found, store, err);
    if (r < 0) acq_store_fini(store);
    return r;
}

void acq_store_fini(struct acq_store *store)
{
    free(store->entries);
    *store = (struct acq_store){0};
}

/* set_aside renames a recording that cannot be gone on with: it is kept for people, and the client sends again. */
static int set_aside(struct acq_store *store, size_t i, struct acq_err *err)
{
    char unused[DAMAGED_MAX];
    int r = damaged_name(unused, store->entries[i].path);
    if (r == ACQ_OK) r = acq_path_rename(store->entries[i].path, unused, err);
    if (r < 0) return r;
    acq_log(ACQ_LOG_WARN, "%s; kept as %s, and the session is taken from its begin", err->text, unused);
    store->entries[i] = store->entries[--store->n];
    return acq_fail(err, ACQ_MISSING, "there is no whole recording of this session");
}

/* keep_copy copies a recording whose damaged end is about to be cut off. */
static int keep_copy(const char *path, struct acq_err *err)
{
    char unused[DAMAGED_MAX];
    uint8_t bytes[64 * 1024];
    ptrdiff_t n = 0;
    int r = damaged_name(unused, path);
    int from = r < 0 ? r : acq_file_open(path, ACQ_FILE_READ, err);
    int out = from < 0 ? from : acq_file_open(unused, ACQ_FILE_CREATE, err);
    r = out < 0 ? out : ACQ_OK;
    while (r == ACQ_OK && (n = acq_file_read(from, bytes, sizeof bytes)) > 0)
        r = acq_file_write(out, bytes, (size_t)n, err);
    if (r == ACQ_OK && n < 0) r = acq_fail(err, ACQ_IO, "cannot read %s", path);
    if (r == ACQ_OK) r = acq_file_sync(out, err);
    if (out >= 0) acq_file_close(out);
    if (from >= 0) acq_file_close(from);
    if (r == ACQ_OK)
        acq_log(ACQ_LOG_WARN, "%s is damaged near its end: kept as %s, and repaired from the commit log", path, unused);
    return r;
}

static int resume(struct acq_store *store, size_t i, bool cut, struct acq_recorder **recorder, struct acq_err *err)
{
    const char *path = store->entries[i].path;
    int r = acq_recorder_resume(recorder, path, false, err);
    if (r == ACQ_FORMAT && cut) {
        r = keep_copy(path, err);
        if (r == ACQ_OK) r = acq_recorder_resume(recorder, path, true, err);
    }
    return r == ACQ_FORMAT ? set_aside(store, i, err) : r;
}

int acq_store_resume(struct acq_store *store, const char *session_id, bool cut, struct acq_recorder **recorder,
                     struct acq_err *err)
{
    for (size_t i = store->n; i-- > 0;) {
        if (strcmp(store->entries[i].session_id, session_id)) continue;
        int r = resume(store, i, cut, recorder, err);
        if (r == ACQ_OK) acq_recorder_lazy(*recorder);
        return r;
    }
    return acq_fail(err, ACQ_MISSING, "there is no recording of session %s", session_id);
}

int acq_store_create(struct acq_store *store, const struct acq_frame *first, struct acq_recorder **recorder,
                     struct acq_err *err)
{
    char name[ACQ_RECORDING_NAME_MAX], path[ACQ_PATH_MAX], unused[ACQ_PATH_MAX];
    int64_t utc_ns = first->has[ACQ_head_utc_ns] ? (int64_t)first->head.utc_ns : acq_utc_ns();
    acq_recording_name(name, first, utc_ns);
    if (acq_path_join(path, sizeof path, store->dir, name) < 0 || acq_path_unused(unused, sizeof unused, path) < 0)
        return acq_fail(err, ACQ_RANGE, "the folder's name %s is too long", store->dir);
    int r = acq_recorder_new(recorder, unused, err);
    if (r < 0) return r;
    r = add(store, first->head.session_id, unused);
    if (r == ACQ_OK) {
        acq_recorder_lazy(*recorder);
        return ACQ_OK;
    }
    acq_recorder_free(*recorder);
    *recorder = NULL;
    acq_path_remove(unused);
    return acq_fail(err, r, "no memory for a session");
}
