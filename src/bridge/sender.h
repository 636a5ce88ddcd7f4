/* sender.h - sends sessions to a server: keeps the connection, and decides which session has a stream of its own now.
 *
 * Each session that is being sent has a call of its own on one connection. The running one always has its call; ended
 * ones, and behind them the recordings of earlier sessions, go one at a time beside it.
 *
 * Units   nanoseconds, bytes.
 * Memory  a sender is the caller's, from acq_sender_init to acq_sender_fini.
 * Threads the loop's.
 * Source  docs/protocol.md. */
#ifndef ACQ_BRIDGE_SENDER_H
#define ACQ_BRIDGE_SENDER_H

#include "bridge/client.h"
#include "bridge/older.h"
#include "bridge/upload.h"

/* what the sender does, for people */
enum acq_sender_state {
    ACQ_SENDER_IDLE, /* nothing to send */
    ACQ_SENDER_AWAY, /* the server is not there, or does not take it */
    ACQ_SENDER_STREAMING
};

struct acq_sender {
    struct acq_client client;
    uv_timer_t retry;
    bool stopping, told;
    bool told_shaking;            /* that the TLS handshake fails: another reason than that there is no server */
    unsigned failures;            /* of the connection, since the last ack */
    bool ours, foreign;           /* the server has said hello on this connection; has answered without one */
    struct acq_upload *first;     /* sessions of this process that are not fully acked, the oldest first */
    struct acq_upload *live;      /* the one of them that runs, or NULL */
    bool live_lost;               /* a session runs, and is not sent */
    uint64_t sent;                /* frames of these sessions: sent, for the first time or again */
    uint64_t acked;               /* the server has them */
    uint64_t lacking;             /* they cannot be sent any more */
    struct acq_older *older;      /* recordings of earlier sessions; NULL: not to be sent */
    struct acq_buf scratch;       /* a frame with its context */
    int64_t slice_ns;             /* how long acq_sender_flush may read recordings */
    int64_t moved_ns;             /* when there was last something new */
    char why[240];                /* the last failure */
    void (*stranded)(void *user); /* unless NULL: the running session cannot be sent any further; begin another one */
    /* unless NULL: the server says that it has all of this session of ours, up to frame seq */
    void (*has)(void *user, const char *id, uint64_t seq);
    void *user;
};

/* acq_sender_init prepares to send to addr; it connects when there is something to send. */
void acq_sender_init(struct acq_sender *sender, uv_loop_t *loop, const struct acq_addr *addr);

/* acq_sender_send_older sends what the server lacks of the recordings in a folder. Returns 0 or ACQ_MEMORY. */
int acq_sender_send_older(struct acq_sender *sender, const char *dir, struct acq_err *err);

/* acq_sender_begin: a session begins, recorded at `path` or "". acq_sender_end: it has its last frame; a server that
 * was away is tried again at once. */
void acq_sender_begin(struct acq_sender *sender, const char *id, const char *path);
void acq_sender_end(struct acq_sender *sender);

/* acq_sender_moved: the recording that was `from` is `to` now. */
void acq_sender_moved(struct acq_sender *sender, const char *from, const char *to);

/* acq_sender_recorded: the running session's frames up to seq are in its recording, on the disk. acq_sender_unrecorded:
 * no more will be. */
void acq_sender_recorded(struct acq_sender *sender, uint64_t seq);
void acq_sender_unrecorded(struct acq_sender *sender);

/* acq_sender_room says whether a frame of the running session, which is not recorded, can be taken. acq_sender_push
 * takes it. */
bool acq_sender_room(const struct acq_sender *sender);
void acq_sender_push(struct acq_sender *sender, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n);

/* acq_sender_flush sends what is there; call it every few milliseconds. */
void acq_sender_flush(struct acq_sender *sender);

/* acq_sender_behind returns how many frames of this process's sessions the server has not acked. */
uint64_t acq_sender_behind(const struct acq_sender *sender);

enum acq_sender_state acq_sender_get_state(const struct acq_sender *sender);

/* acq_sender_stop closes the connection at once and the handles with it; acq_sender_fini frees the rest, when the loop
 * has run to its end. */
void acq_sender_stop(struct acq_sender *sender);
void acq_sender_fini(struct acq_sender *sender);

#endif
