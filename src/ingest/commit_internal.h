/* commit_internal.h - what the files of the commit log share. Private to ingest/commit_*.c.
 *
 * Threads what the log's own thread alone touches while it runs is said below; `full` is atomic; all else is under
 *         `mutex`, which nobody holds while the disk works. The caller's thread keeps the mutex from the first frame
 * that it appends until it has told the log of all that came together: a mutex for each frame costs more than the
 *         frame. */
#ifndef ACQ_INGEST_COMMIT_INTERNAL_H
#define ACQ_INGEST_COMMIT_INTERNAL_H

#include "base/file.h"
#include "ingest/commit_log.h"
#include "ingest/commit_segment.h"

#include <uv.h>

#include <stdatomic.h>

enum acq_commit_use {
    ACQ_COMMIT_NONE,   /* no file */
    ACQ_COMMIT_OLD,    /* of an earlier run: to be replayed, or not forgotten yet */
    ACQ_COMMIT_FREE,   /* to be used again */
    ACQ_COMMIT_TAKEN,  /* the log's thread works on it: it writes there, makes it, deletes it */
    ACQ_COMMIT_NEEDED, /* written, and not released */
};

/* One file, and the segment in it. */
struct acq_commit_slot {
    enum acq_commit_use use;
    uint32_t file; /* the number in its name */
    uint64_t size; /* of the file */
    bool headed;   /* the head is known; always, except in damaged files of an earlier run */
    struct acq_segment_head head;
    uint32_t end;         /* of its groups */
    uint64_t last_serial; /* of its groups; 0: none */
};

/* A group being gathered or written; `bytes` has room for the group's head in front of the content. */
struct acq_commit_buffer {
    uint8_t *bytes;
    size_t len, room; /* of the content */
    uint32_t frames;
    int64_t big_ns; /* when much of the room was last needed */
};

/* what the log's thread waits for */
enum acq_commit_wait {
    ACQ_COMMIT_BUSY, /* nothing */
    ACQ_COMMIT_IDLE, /* work, for ever */
    ACQ_COMMIT_WORK, /* work, until it is time to tidy up */
    ACQ_COMMIT_ROOM, /* a free segment */
    ACQ_COMMIT_TIME  /* nothing that could come sooner */
};

struct acq_commit_log {
    /* as acq_commit_log_open has set it */
    struct acq_commit_config config;
    char dir[ACQ_PATH_MAX];
    int lock;
    uint64_t run, base;            /* serial = base + group */
    size_t group_max;              /* of a group's content */
    struct acq_commit_slot *slots; /* never moves */
    size_t slots_n, slots_max;     /* slots_max: as many segments as the log may have */

    bool held; /* the caller's own: it has the mutex */

    /* under mutex */
    uv_mutex_t mutex;
    uv_cond_t wake;
    uv_thread_t thread;
    bool running, closing, wanted; /* wanted: what is gathered shall be written */
    enum acq_commit_wait waits;
    struct acq_commit_buffer gathered;
    uint64_t gathering; /* its group number */
    size_t waiting;     /* of gathered, and of what is being written */
    uint64_t released;  /* serial */
    uint64_t
        asked; /* to be released once it is not gathered any more: a group; frames that come make it needed again */
    bool old;  /* there are segments of earlier runs; of them, groups up to old_mark are not needed */
    uint64_t old_mark;
    uint64_t durable; /* group */
    int64_t flush_ns;
    bool failing, disk_full; /* disk_full: the segments are used up but for a rest */
    char reason[200];
    atomic_bool full;

    /* the thread's own */
    struct acq_commit_buffer writing;
    struct acq_commit_slot *at; /* where groups are written; NULL: none yet */
    int fd;                     /* of it */
    bool broken;                /* what its latest write has left is not known */
    uint64_t zeroed;            /* up to here every block of it has been written once */
    uint64_t mark;              /* `released` of the latest durable group: a replay begins behind that */
    uint32_t number, next_file; /* of the latest segment; of the next file */
    uint32_t before_number, before_end;
    uint32_t peak, peak_before; /* segments in use at once, in this and the last period */
    int64_t trimmed_ns, tidied_ns;
};

/* acq_commit_enter and acq_commit_leave: the mutex for a function that the caller calls. */
static inline void acq_commit_enter(struct acq_commit_log *log)
{
    if (!log->held) uv_mutex_lock(&log->mutex);
}

static inline void acq_commit_leave(struct acq_commit_log *log)
{
    if (!log->held) uv_mutex_unlock(&log->mutex);
}

/* ---- commit_files.c: the segments' files ---- */

/* acq_commit_find finds the segments of earlier runs. Returns 0, ACQ_VERSION, ACQ_IO or ACQ_MEMORY. */
int acq_commit_find(struct acq_commit_log *log, struct acq_err *err);

void acq_commit_path(const struct acq_commit_log *log, const struct acq_commit_slot *slot, char dst[ACQ_PATH_MAX]);

/* acq_commit_segment_begin makes a new segment the one that is written to. Returns 0; ACQ_AGAIN if the log has as many
 * as it may and none is free; ACQ_IO. acq_commit_segment_end ends it; one with nothing durable in it is deleted. */
int acq_commit_segment_begin(struct acq_commit_log *log, uint64_t serial, struct acq_err *err);
void acq_commit_segment_end(struct acq_commit_log *log);

/* acq_commit_mark, under mutex, is the serial number behind which a replay would have to begin. */
uint64_t acq_commit_mark(const struct acq_commit_log *log);

/* acq_commit_release, under mutex, releases what was asked for, but never the group that is being gathered. */
void acq_commit_release(struct acq_commit_log *log);

/* acq_commit_slots_room, under mutex, says whether acq_commit_segment_begin finds a place. acq_commit_slots_look, under
 * mutex, sees what `released` frees and whether the log is nearly full. acq_commit_slots_count counts under mutex. */
bool acq_commit_slots_room(const struct acq_commit_log *log);
void acq_commit_slots_look(struct acq_commit_log *log);
uint32_t acq_commit_slots_count(const struct acq_commit_log *log, enum acq_commit_use use);

/* acq_commit_trim deletes free segments that the last seconds had no use for. acq_commit_delete_all deletes all. */
void acq_commit_trim(struct acq_commit_log *log, int64_t now_ns);
void acq_commit_delete_all(struct acq_commit_log *log);

/* ---- commit_write.c: groups to the disk ---- */

/* acq_commit_write writes log->writing as a group, or without content as a mark of what was released. Returns when it
 * is durable: 0; or ACQ_AGAIN or ACQ_IO: not written. */
int acq_commit_write(struct acq_commit_log *log, uint64_t serial, struct acq_err *err);

/* acq_commit_run is the log's thread. */
void acq_commit_run(void *log);

/* acq_commit_buffer_init takes the least room. Returns 0 or ACQ_MEMORY. acq_commit_full_look, under mutex, lets the
 * gathered buffer grow where it has to, and sets log->full. */
int acq_commit_buffer_init(struct acq_commit_log *log, struct acq_commit_buffer *b);
void acq_commit_full_look(struct acq_commit_log *log);

#endif
