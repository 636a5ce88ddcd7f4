/* ack.h - StreamAck, what the server answers: how far a session's frames are durable.
 *
 * Units  nanoseconds. */
#ifndef ACQ_FRAME_ACK_H
#define ACQ_FRAME_ACK_H

#include <stddef.h>
#include <stdint.h>

/* values of acq_ack.status, as the original project has them */
enum acq_ack_status {
    ACQ_ACK_UNSPECIFIED,
    ACQ_ACK_OK,
    ACQ_ACK_INVALID,
    ACQ_ACK_BACKPRESSURE,
    ACQ_ACK_DROPPED,
    ACQ_ACK_ERROR
};

/* All frames of the session up to last_seq are on the server's disk. */
struct acq_ack {
    uint64_t last_monotonic_ns; /* of the frame last_seq */
    uint64_t last_seq;          /* 0: a server of the original kind, which knows only times */
    uint32_t status;            /* enum acq_ack_status; other servers may send others */
    uint32_t buffered_frames;   /* that have come and are not on the disk yet */
};

#define ACQ_ACK_MAX 40

/* acq_ack_encode writes a StreamAck to dst. Returns its length. */
size_t acq_ack_encode(const struct acq_ack *ack, uint8_t dst[ACQ_ACK_MAX]);

/* acq_ack_decode reads a StreamAck, skipping what it does not know. Returns 0 or ACQ_FORMAT. */
int acq_ack_decode(struct acq_ack *ack, const uint8_t *src, size_t n);

#endif
