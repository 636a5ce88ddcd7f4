/* sealer.h - brings the frames of the sessions from memory into their recordings: compresses members, writes them, and
 * waits for the disk, on libuv's worker threads, a few sessions at a time.
 *
 * Members are written when they span a quarter of a second, so that readers see them at once, but flushed to the disk
 * only every few seconds: until then the commit log has their frames.
 *
 * Units   nanoseconds, bytes.
 * Threads the loop's; compressors are lent to one worker at a time.
 * Errors  a member that cannot be written (the disk is full) is kept and tried again. A flush that fails is fatal: what
 *         the disk has is not known then, and only a start with the commit log's replay finds out (all->failed). */
#ifndef ACQ_INGEST_SEALER_H
#define ACQ_INGEST_SEALER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct acq_session;
struct acq_sessions;
struct libdeflate_compressor;

enum { ACQ_SEALERS = 4 }; /* libuv's workers are so many */

/* What the sealer knows of one session. The groups are those of the commit log whose frames are not durable in the
 * recording: from which one on, 0 for none. */
struct acq_session_seal {
    uint64_t open_group, sealing_group, unsynced_group;
    size_t open_bytes, sealing_bytes;
    unsigned unsynced_members;
    int64_t unsynced_ns; /* since when */
    int64_t again_ns;    /* the disk was full: not before this */
    bool new_file;       /* its name is not durable yet */
    bool waiting, working;
    struct acq_session *next;
};

struct acq_seal_job {
    uv_work_t work;
    struct acq_session *session;                  /* NULL: free */
    struct libdeflate_compressor *deflate, *fast; /* fast: for when many sessions wait */
    const char *dir;                              /* to be flushed too, or NULL */
    bool seals, syncs, sync_failed;
    int result;
    struct acq_err error;
};

struct acq_sealer {
    uv_loop_t *loop;
    struct acq_seal_job jobs[ACQ_SEALERS];
    struct acq_session *first, **last; /* sessions that wait for a worker */
    unsigned waiting;
    bool took;    /* open members since the caller set it back: their sessions have room */
    bool failing; /* the disk took nothing the last time */
};

/* acq_sealer_init makes the compressors. Returns 0 or ACQ_MEMORY. acq_sealer_fini frees them; no job may run. */
int acq_sealer_init(struct acq_sealer *sealer, uv_loop_t *loop, struct acq_err *err);
void acq_sealer_fini(struct acq_sealer *sealer);

/* acq_sealer_added takes note of n bytes in the open member, that stand in `group` of the commit log, and begins to
 * seal when the member is due. */
void acq_sealer_added(struct acq_session *session, size_t n, uint64_t group);

/* acq_sealer_room says whether the session may take more frames: not while its open member is large and the one before
 * is not written yet. So each session needs little memory, and always the same. */
bool acq_sealer_room(const struct acq_session *session);

/* acq_sealer_tick does for one session what is due by the clock, or because the commit log needs room. */
void acq_sealer_tick(struct acq_session *session, int64_t now_ns);

/* acq_sealer_needs returns the first group of the commit log whose frames are not durable in the session's recording,
 * or 0: all are. */
uint64_t acq_sealer_needs(const struct acq_session *session);

/* acq_sealer_busy says whether the session's recorder is in use, or has something that is not durable. */
bool acq_sealer_busy(const struct acq_session *session);

#endif
