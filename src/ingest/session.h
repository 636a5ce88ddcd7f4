/* session.h - one session on the server: frames come in, are recorded, and are acked when they are on the disk.
 *
 * Units   nanoseconds.
 * Memory  sessions belong to the list in struct acq_sessions.
 * Threads the loop's; the disk is waited for on libuv's worker threads.
 * Errors  a session whose recording cannot be written ends its stream with UNAVAILABLE; the next stream tries again. */
#ifndef ACQ_INGEST_SESSION_H
#define ACQ_INGEST_SESSION_H

#include "base/buf.h"
#include "frame/frame.h"
#include "ingest/store.h"
#include "record/recorder.h"
#include "rpc/rpc.h"

#include <uv.h>

struct acq_session {
    struct acq_session *next;
    struct acq_sessions *all;
    char id[64];
    struct acq_recorder *recorder; /* NULL before the first frame of a new session, and after a failure of the disk */
    struct acq_rpc_call *call;     /* the stream that feeds it now, or NULL */
    uint64_t last_seq;             /* of the last frame taken */
    uint64_t last_t_ns;            /* its sample time */
    uint64_t frames, duplicates;   /* taken, dropped */
    bool owes_ack;                 /* frames came that are durable already */
    bool finishing;                /* no more frames: the stream ends when all is durable, with this: */
    enum acq_rpc_status end_status;
    const char *end_message;
    bool failed;       /* the disk failed */
    uint64_t taken_ms; /* when the last frame came, by the loop's clock */
    int64_t idle_ns;   /* when the last stream ended */
    uv_work_t work;    /* seals a member */
    bool working;
    int result; /* of the work */
    struct acq_err error;
    char car[100], track[201];
};

/* All sessions, and what happened so far. */
struct acq_sessions {
    struct acq_session *first;
    struct acq_store store;
    uv_loop_t *loop;
    void (*acked)(void *user, struct acq_session *session); /* something was queued on session->call: flush its link */
    void *user;
    uint64_t frames, duplicates;
    struct acq_buf scratch; /* a frame that the server numbers */
    struct acq_frame frame; /* the one that is being looked at */
};

/* acq_session_get finds the session `id` in memory or on the disk, or begins a new one. Returns it, or NULL with err.
 */
struct acq_session *acq_session_get(struct acq_sessions *all, const char *id, struct acq_err *err);

/* acq_session_attach makes `call` the stream that feeds the session; an older one gets ABORTED. acq_session_detach: the
 * stream is over. */
void acq_session_attach(struct acq_session *session, struct acq_rpc_call *call);
void acq_session_detach(struct acq_session *session, struct acq_rpc_call *call);

/* acq_session_take takes one frame, decoded in all->frame, of n bytes. Returns 0, also for a duplicate, which is
 * dropped and counted; or ends the stream with the right status and returns < 0. */
int acq_session_take(struct acq_session *session, const uint8_t *bytes, size_t n);

/* acq_session_tick seals what is due and closes the recording of a session that has been without a stream for long. */
void acq_session_tick(struct acq_session *session, int64_t now_ns);

/* acq_sessions_tick does that for all, and forgets sessions that nothing is left of in memory. */
void acq_sessions_tick(struct acq_sessions *all, int64_t now_ns);

/* acq_session_finish takes no more frames; the stream ends with `status` when what has come is durable and acked. */
void acq_session_finish(struct acq_session *session, enum acq_rpc_status status, const char *message);

/* acq_sessions_close waits for the disk, acks, closes all recordings and frees the sessions. */
void acq_sessions_close(struct acq_sessions *all);

#endif
