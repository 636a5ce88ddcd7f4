/* batch.h - encoded frames of one session, consecutive: what flows from sources to sinks.
 *
 * Shapes  [varint length][TelemetryFrame] ..., whole frames only.
 * Memory  the bytes are borrowed from whoever made the batch, and valid as long as that says. */
#ifndef ACQ_FRAME_BATCH_H
#define ACQ_FRAME_BATCH_H

#include <stddef.h>
#include <stdint.h>

struct acq_batch {
    const uint8_t *bytes;
    size_t len; /* [byte] */
};

/* acq_batch_next takes the first frame off the batch: *frame and *n are its bytes. Returns 0; ACQ_END behind the last;
 * ACQ_AGAIN if the bytes end inside a frame; ACQ_FORMAT for a length that is malformed or above ACQ_FRAME_LIMIT. */
int acq_batch_next(struct acq_batch *batch, const uint8_t **frame, size_t *n);

/* acq_varint_put writes v as a varint to dst, at most 10 bytes. Returns the number of bytes. */
size_t acq_varint_put(uint8_t *dst, uint64_t v);

#endif
