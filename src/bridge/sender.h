/* sender.h - the client side of the stream: says hello, sends what the server lacks, takes the acks, and
 * begins again when the connection is lost.
 *
 * Units   nanoseconds, bytes.
 * Memory  a sender is the caller's, from acq_sender_init to acq_sender_fini.
 * Threads the loop's.
 * Source  docs/protocol.md. */
#ifndef ACQ_BRIDGE_SENDER_H
#define ACQ_BRIDGE_SENDER_H

#include "base/file.h"
#include "bridge/client.h"
#include "bridge/queue.h"
#include "record/reader.h"

/* what the sender does, for people */
enum acq_sender_state {
    ACQ_SENDER_IDLE, /* nothing to send */
    ACQ_SENDER_AWAY, /* the server is not there */
    ACQ_SENDER_STREAMING
};

/* What one session still has to send. */
struct acq_outgoing {
    struct acq_outgoing *next;
    char id[64];
    char path[ACQ_PATH_MAX]; /* of its recording, "" without one */
    struct acq_queue queue;
    uint64_t acked_seq;
    bool ended;             /* no more frames come */
    bool recorded;          /* frames that leave the memory can be read back */
    struct acq_buf context; /* stat and capture of the newest frame that had them, encoded */
};

struct acq_sender {
    struct acq_client client;
    struct acq_rpc_call *call;
    uv_timer_t retry;
    bool hello, half_closed, stopping, told;
    int64_t called_ns;                 /* when the call began */
    unsigned failures;                 /* since the last ack */
    struct acq_outgoing *first, *last; /* the oldest session that is not fully acked, and the one that runs */
    bool first_of_stream;
    uint64_t next_seq;         /* to be sent on this stream */
    struct acq_reader *reader; /* frames that have left the memory; NULL when not needed */
    struct acq_batch batch;    /* of the reader */
    struct acq_frame *frame;   /* for looking into them */
    struct acq_buf scratch;    /* a frame with its context */
    uint64_t sent, acked;      /* frames of all sessions: sent, for the first time or again; acked */
};

/* acq_sender_init prepares to send to addr; it connects when there is something to send. Returns 0 or ACQ_MEMORY. */
int acq_sender_init(struct acq_sender *sender, uv_loop_t *loop, const struct acq_addr *addr, struct acq_err *err);

/* acq_sender_begin: a session begins, recorded at `path` or "". acq_sender_end: the newest session has its last frame;
 * a server that was away is tried again at once. */
void acq_sender_begin(struct acq_sender *sender, const char *id, const char *path);
void acq_sender_end(struct acq_sender *sender);

/* acq_sender_unrecorded: the recording of the newest session has failed, and what leaves the memory would be lost. */
void acq_sender_unrecorded(struct acq_sender *sender);

/* acq_sender_room says whether a frame of the newest session can be taken. acq_sender_push takes it. */
bool acq_sender_room(const struct acq_sender *sender);
void acq_sender_push(struct acq_sender *sender, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n);

/* acq_sender_flush sends what is there; call it every few milliseconds. */
void acq_sender_flush(struct acq_sender *sender);

/* acq_sender_behind returns how many frames the server has not acked. */
uint64_t acq_sender_behind(const struct acq_sender *sender);

enum acq_sender_state acq_sender_get_state(const struct acq_sender *sender);

/* acq_sender_stop closes the connection at once and the handles with it; acq_sender_fini frees the rest, when the loop
 * has run to its end. */
void acq_sender_stop(struct acq_sender *sender);
void acq_sender_fini(struct acq_sender *sender);

#endif
