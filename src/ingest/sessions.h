/* sessions.h - all sessions together: start, what is done now and then, end.
 *
 * Threads the loop's. */
#ifndef ACQ_INGEST_SESSIONS_H
#define ACQ_INGEST_SESSIONS_H

#include "ingest/session.h"

/* acq_sessions_open finds the recordings in the folder `dir`, opens the commit log in it and replays that into them.
 * `log` has the log's limits; its folder and callback are filled in: `committed` is called from another thread.
 * all->queued, failed, user and unsealed_max are set by the caller before. Returns 0, ACQ_EXISTS if another server has
 * the folder, or ACQ_IO, ACQ_MEMORY, ACQ_VERSION. */
int acq_sessions_open(struct acq_sessions *all, uv_loop_t *loop, const char *dir, const struct acq_commit_config *log,
                      struct acq_err *err);

/* acq_sessions_committed acks what has become durable. Call it in the loop after the log's `committed`. */
void acq_sessions_committed(struct acq_sessions *all);

/* acq_sessions_gathered lets streams flow again that have room, and tells the log of the frames that came since the
 * last call. Call it once in each turn, before what is queued is flushed. */
void acq_sessions_gathered(struct acq_sessions *all);

/* acq_sessions_tick does what is due by the clock: members, flushes, streams that were held, room in the log; and
 * forgets sessions that nothing is left of in memory. */
void acq_sessions_tick(struct acq_sessions *all, int64_t now_ns);

/* acq_sessions_finish ends all streams with `status` when what they sent is durable. acq_sessions_finished says whether
 * that is done. */
void acq_sessions_finish(struct acq_sessions *all, enum acq_rpc_status status, const char *message);
bool acq_sessions_finished(const struct acq_sessions *all);

/* acq_sessions_close brings all to the disk, closes the recordings and the log and frees the sessions; no job may run.
 * With `broken` it leaves all as it is, for the next start. Returns 0, or ACQ_IO: the next start finds the rest in the
 * log. */
int acq_sessions_close(struct acq_sessions *all, bool broken, struct acq_err *err);

#endif
