/* outgoing.h - what one session still has to send: its newest frames from memory, older ones from its recording.
 *
 * Memory  the caller's, from acq_outgoing_init to acq_outgoing_fini; a frame that is given is valid until the next
 * call. Threads the loop's. Errors  ACQ_MISSING, ACQ_FORMAT, ACQ_IO: a frame that is neither in memory nor to be read
 * back. */
#ifndef ACQ_BRIDGE_OUTGOING_H
#define ACQ_BRIDGE_OUTGOING_H

#include "base/file.h"
#include "bridge/queue.h"
#include "bridge/tape.h"

struct acq_outgoing {
    char id[64];
    char path[ACQ_PATH_MAX]; /* of its recording, "" without one */
    struct acq_queue queue;  /* of an older recording: empty */
    uint64_t last_seq;       /* of the newest frame that there is */
    uint64_t safe_seq;       /* frames up to this can be read back from the recording */
    uint64_t acked_seq;
    uint64_t next_seq;      /* to be sent */
    int64_t sent_t_ns;      /* sample time of the frame that was sent last */
    bool ended;             /* no more frames come */
    bool recorded;          /* safe_seq goes on */
    struct acq_buf context; /* stat and capture of the newest frame that had them, encoded */
    struct acq_tape *tape;  /* reads back; NULL when not needed */
};

void acq_outgoing_init(struct acq_outgoing *outgoing, const char *id, const char *path);
void acq_outgoing_fini(struct acq_outgoing *outgoing);

/* acq_outgoing_room says whether one more frame has a place, in memory or in the recording. acq_outgoing_push takes it;
 * its seq is the one behind last_seq. */
bool acq_outgoing_room(const struct acq_outgoing *outgoing);
void acq_outgoing_push(struct acq_outgoing *outgoing, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n);

/* acq_outgoing_acked: the server has all frames up to seq. */
void acq_outgoing_acked(struct acq_outgoing *outgoing, uint64_t seq);

/* acq_outgoing_release frees the memory of an ended session that is in its recording as a whole. */
void acq_outgoing_release(struct acq_outgoing *outgoing);

/* acq_outgoing_from makes `seq` the next to be sent. */
void acq_outgoing_from(struct acq_outgoing *outgoing, uint64_t seq);

/* acq_outgoing_next gives the frame next_seq, and does not go on to the one behind it: acq_outgoing_sent does. Returns
 * 0, ACQ_AGAIN if there is none now, or an error. */
int acq_outgoing_next(struct acq_outgoing *outgoing, struct acq_queued *frame, struct acq_err *err);
void acq_outgoing_sent(struct acq_outgoing *outgoing, int64_t t_ns);

/* acq_outgoing_seq_at returns the seq of the newest frame that was sampled at t_ns or before, as far as is known: of
 * those in memory, and of the one that was sent last; otherwise 0. */
uint64_t acq_outgoing_seq_at(const struct acq_outgoing *outgoing, int64_t t_ns);

/* acq_outgoing_context returns stat and capture, encoded, for the frame that was given last. */
const struct acq_buf *acq_outgoing_context(const struct acq_outgoing *outgoing);

#endif
