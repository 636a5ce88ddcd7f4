/* store.h - the server's folder of recordings: which session is in which file.
 *
 * Memory  a store is the caller's, from acq_store_init to acq_store_fini.
 * Threads the loop's. */
#ifndef ACQ_INGEST_STORE_H
#define ACQ_INGEST_STORE_H

#include "base/err.h"
#include "base/file.h"
#include "frame/frame.h"

struct acq_recorder;

struct acq_store_entry {
    char session_id[64];
    char path[ACQ_PATH_MAX];
};

struct acq_store {
    char dir[ACQ_PATH_MAX];
    struct acq_store_entry *entries;
    size_t n, room;
};

/* acq_store_init finds the recordings in the folder. A file without a single whole frame is renamed to ….damaged, with
 * a warning; an empty one, that a crash left, is removed. Returns 0, ACQ_IO or ACQ_MEMORY. */
int acq_store_init(struct acq_store *store, const char *dir, struct acq_err *err);
void acq_store_fini(struct acq_store *store);

/* acq_store_resume opens the recording of a session to go on with it, lazily. One that is damaged in the middle is set
 * aside, and the session begins anew; with `cut`, a copy of it is, and it goes on behind its last whole member before
 * the damage, because the commit log may have what follows. Returns 0 and *recorder, ACQ_MISSING if there is none, or
 * an error. */
int acq_store_resume(struct acq_store *store, const char *session_id, bool cut, struct acq_recorder **recorder,
                     struct acq_err *err);

/* acq_store_create makes the recording of a new session, named after its first frame, lazily; the name in the
 * folder is not durable yet. Returns 0 and *recorder, or an error. */
int acq_store_create(struct acq_store *store, const struct acq_frame *first, struct acq_recorder **recorder,
                     struct acq_err *err);

#endif
