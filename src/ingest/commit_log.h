/* commit_log.h - the server's commit log: what has come, in the order in which it came, on the disk before it is acked.
 *
 * Frames are gathered into groups. A thread of the log writes a group and waits for the disk (fdatasync), while the
 * next one is gathered. The log is a row of segments, preallocated files of one size that are used again when all in
 * them is durable in the recordings; they are private to the server, and bounded. Every group has a header with its own
 * checksum, so that after damage the groups behind it are found again.
 *
 * Units   bytes, nanoseconds. Groups are numbered from 1 in each run of the program.
 * Shapes  a group's content is a batch: [varint length][TelemetryFrame] ... (frame/batch.h).
 * Memory  acq_commit_log_open's log is the caller's until acq_commit_log_close. Frames are copied.
 * Threads one thread calls these functions; `committed` is called from the log's own thread, and may call
 *         acq_commit_log_state.
 * Errors  a full or failing disk is no error here: the group stays in memory and is tried again until it is written,
 *         in a fresh segment after a failed flush, because what a failed flush left on the disk is not known. Meanwhile
 *         the log fills up, and acq_commit_log_full says so. */
#ifndef ACQ_INGEST_COMMIT_LOG_H
#define ACQ_INGEST_COMMIT_LOG_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acq_commit_log;

struct acq_commit_config {
    const char *dir;               /* folder of the segments; made where it is missing */
    uint64_t size_max;             /* of all segments together; at least four segments' */
    uint32_t segment_size;         /* of one: a multiple of 4 KiB, at least 776 KiB; longer than any group has to be */
    uint32_t waiting_max;          /* of the frames in memory that are not on the disk yet: at least 768 KiB */
    int64_t interval_ns;           /* a group is not begun sooner than this after the one before */
    void (*committed)(void *user); /* the state has changed: see acq_commit_log_state. Called from the log's thread */
    void *user;
};

/* acq_commit_log_open opens the folder, alone: returns 0; ACQ_EXISTS if another process has it; ACQ_VERSION if a newer
 * version has left something in it; ACQ_RANGE for limits that are too small; ACQ_IO, ACQ_MEMORY. */
int acq_commit_log_open(struct acq_commit_log **log, const struct acq_commit_config *config, struct acq_err *err);

/* What a replay found. */
struct acq_commit_found {
    uint64_t groups, frames;
    uint64_t damaged_places,
        damaged_bytes; /* stretches that are no whole group, without the end where writing stopped */
    char kept[400];    /* the file with the damaged stretches, "" where there are none */
};

/* acq_commit_log_replay gives all whole frames of an earlier run to `frame`, in their order, until it returns < 0; what
 * is damaged in between is kept in a file beside the segments, reported by a warning, and passed over. The end of a
 * group that was being written when the program was killed is no damage. Call it once, before the first append. Returns
 * 0, what `frame` returned, or ACQ_IO. acq_commit_log_forget then frees those segments: what was replayed is durable
 * elsewhere. */
int acq_commit_log_replay(struct acq_commit_log *log, int (*frame)(void *user, const uint8_t *bytes, size_t n),
                          void *user, struct acq_commit_found *found, struct acq_err *err);
void acq_commit_log_forget(struct acq_commit_log *log);

/* acq_commit_log_append adds a frame (of at most ACQ_FRAME_LIMIT) to the group that is being gathered. Returns that
 * group's number; or 0, and the frame is not taken, if there is no room at all: a caller that asks acq_commit_log_full
 * first never sees that. The log's thread may have to wait from then on until acq_commit_log_commit: call that before
 * waiting for anything. */
uint64_t acq_commit_log_append(struct acq_commit_log *log, const uint8_t *bytes, size_t n);

/* acq_commit_log_full says whether callers should stop: either the frames in memory or the log on the disk are so near
 * their limits that only a few frames (of ACQ_FRAME_LIMIT) more have room. */
bool acq_commit_log_full(const struct acq_commit_log *log);

/* acq_commit_log_commit tells the log's thread that what was gathered shall go to the disk now (or when the interval is
 * over). Call it once for all that came together. */
void acq_commit_log_commit(struct acq_commit_log *log);

/* acq_commit_log_release says that the frames that have come, of all groups up to `group`, are not needed any more.
 * What is added to that group afterwards is. */
void acq_commit_log_release(struct acq_commit_log *log, uint64_t group);

struct acq_commit_state {
    uint64_t durable_group; /* all groups up to this are on the disk */
    uint64_t used;          /* [byte] of the log that are needed */
    uint64_t waiting;       /* [byte] in memory that are not on the disk yet */
    int64_t flush_ns;       /* how long the latest group took to get there */
    bool failing;           /* the disk takes nothing; `reason` says why */
    char reason[200];
};
void acq_commit_log_state(const struct acq_commit_log *log, struct acq_commit_state *state);

/* acq_commit_log_close writes what is gathered, ends the thread and frees the log. With `clean`, all in it is durable
 * in the recordings, and nothing is left to be replayed. Returns 0, or ACQ_IO if the last frames could not be written.
 */
int acq_commit_log_close(struct acq_commit_log *log, bool clean, struct acq_err *err);

#endif
