/* session.h - the sessions of the server: frames come in by a stream, go into the commit log and into the session's
 * recording, and are acked when the log has them on the disk.
 *
 * A frame is durable when its group of the commit log is; that is what an ack says. The recording is written beside
 * that (sealer.h), and what is durable there is not needed in the log any more.
 *
 * Units   nanoseconds, bytes.
 * Memory  sessions belong to the list in struct acq_sessions.
 * Threads the loop's; the disk is waited for by the log's thread and by libuv's workers.
 * Errors  a disk that takes nothing stops the streams by flow control, nothing else: what was taken waits in memory and
 * in the log. A recording that cannot be opened ends its stream with UNAVAILABLE; the next stream tries again. */
#ifndef ACQ_INGEST_SESSION_H
#define ACQ_INGEST_SESSION_H

#include "base/buf.h"
#include "frame/frame.h"
#include "ingest/commit_log.h"
#include "ingest/latency.h"
#include "ingest/sealer.h"
#include "ingest/store.h"
#include "record/recorder.h"
#include "rpc/rpc.h"

enum { ACQ_SESSION_ID_MAX = 63, ACQ_PEER_MAX = 64 };

/* A frame that was taken last into one group of the commit log: durable when the group is. */
struct acq_mark {
    uint64_t group; /* 0: none */
    uint64_t seq, t_ns;
    int64_t since_ns; /* when the first frame of the session for this group came */
};

struct acq_session {
    struct acq_session *next;
    struct acq_sessions *all;
    char id[ACQ_SESSION_ID_MAX + 1];
    char peer[ACQ_PEER_MAX]; /* whose stream it is, or was last */
    char car[100], track[201], driver[201];

    /* the stream */
    struct acq_rpc_call *call; /* the one that feeds it now, or NULL */
    bool greets;               /* the answer to its hello is owed */
    bool owes_ack;             /* frames came that were durable already */
    bool told;                 /* its first frame came, and people were told */
    bool held;                 /* it waits for room in the open member */
    bool finishing;            /* no more frames: the stream ends when all is durable, with this: */
    enum acq_rpc_status end_status;
    const char *end_message;
    bool ended;      /* its client has said that there is no more */
    int64_t idle_ns; /* when the last stream ended */

    /* its frames */
    uint64_t last_seq, last_t_ns;       /* of the last one taken */
    uint64_t durable_seq, durable_t_ns; /* of the last one that is on the disk */
    struct acq_mark marks[2];           /* taken and not durable yet, the older one first */
    int64_t taken_ns;                   /* when the first one of the latest group came */
    uint64_t frames, duplicates, odd;   /* taken; dropped; with values that cannot be */

    /* its recording: NULL before the first frame, and when it was closed */
    struct acq_recorder *recorder;
    struct acq_session_seal seal;
};

/* All sessions, and what happened so far. */
struct acq_sessions {
    struct acq_session *first;
    struct acq_store store;
    struct acq_commit_log *log;
    struct acq_sealer sealer;
    size_t unsealed_max;                                   /* of frames in members that are not written yet */
    void (*queued)(void *user, struct acq_rpc_call *call); /* something was queued on the call: flush its link */
    void (*failed)(void *user, const struct acq_err *err); /* the disk lost what was written: the server must end */
    void *user;
    bool gathered; /* frames were appended since the log was told */
    bool full;     /* streams are held: the log, or the memory for members, is full */
    size_t unsealed;
    size_t count; /* of sessions, at the last tick */
    uint64_t frames, bytes;
    struct acq_latency latency; /* from the first frame of a group to its ack */
    struct acq_buf scratch;     /* a frame that the server numbers */
    struct acq_frame frame;     /* the one that is being looked at */
};

/* acq_session_get finds the session `id` in memory or on the disk, or begins a new one. `replays`: for frames of the
 * commit log, which may go on in the middle of a recording whose end was damaged. Returns it, or NULL with err. */
struct acq_session *acq_session_get(struct acq_sessions *all, const char *id, bool replays, struct acq_err *err);

/* acq_session_attach makes `call` the stream that feeds the session; an older one gets ABORTED. `hello`: its client
 * waits for acq-last-seq, which is answered when all that was taken is durable; otherwise the call is answered already.
 * acq_session_detach: the stream is over. */
void acq_session_attach(struct acq_session *session, struct acq_rpc_call *call, const char *peer, bool hello);
void acq_session_detach(struct acq_session *session, struct acq_rpc_call *call, int status);

/* acq_session_take takes one frame, decoded in all->frame, of n bytes. Returns 0, also for a duplicate, which is
 * dropped and counted; or ends the stream with the right status and returns < 0. */
int acq_session_take(struct acq_session *session, const uint8_t *bytes, size_t n);

/* acq_session_replay takes one frame of the commit log likewise, into the recording alone. Returns 1 if it was new; 0
 * if the recording has it; ACQ_RANGE if it does not follow, because what stood between was damaged; or an error. */
int acq_session_replay(struct acq_session *session, const uint8_t *bytes, size_t n, struct acq_err *err);

/* acq_session_finish takes no more frames; the stream ends with `status` when what has come is durable and acked. */
void acq_session_finish(struct acq_session *session, enum acq_rpc_status status, const char *message);

/* acq_stream_refuse ends a call with `status` and says so in an event; `session` is its id, NULL where it has none. */
void acq_stream_refuse(struct acq_rpc_call *call, const char *session, const char *peer, enum acq_rpc_status status,
                       const char *why);

/* acq_session_settle acks, answers and ends what can be, after the log or the recording has come further. */
void acq_session_settle(struct acq_session *session, uint64_t durable_group, int64_t now_ns);

#endif
