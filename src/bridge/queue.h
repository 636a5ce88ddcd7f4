/* queue.h - encoded frames of one session that the server has not acked yet, in memory up to a limit.
 *
 * Units   bytes, nanoseconds.
 * Memory  frames are copied into blocks; what acq_queue_next returns is valid until the next call that changes the
 *         queue.
 * Threads the loop's. */
#ifndef ACQ_BRIDGE_QUEUE_H
#define ACQ_BRIDGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACQ_QUEUE_MAX (8 << 20)    /* about 24 s of the game */
#define ACQ_QUEUE_LIMIT (24 << 20) /* with frames that are nowhere else yet: a recorder has at most 16 MB of them */

struct acq_block;

struct acq_queue {
    struct acq_block *first, *last;
    struct acq_block *at; /* the block of the frame that is next to be sent, and its place in there */
    size_t at_offset;
    uint64_t at_seq;
    uint64_t last_seq; /* of the newest frame in the queue, 0: none yet */
    size_t size;
};

/* One frame in the queue. */
struct acq_queued {
    const uint8_t *bytes;
    size_t n;
    uint64_t seq;
    int64_t t_ns;
};

/* acq_queue_push adds the frame `seq`, the one behind last_seq. Above ACQ_QUEUE_MAX the oldest frames make room, as far
 * as safe_seq: those can be read back from the recording. Returns 0, ACQ_RANGE at ACQ_QUEUE_LIMIT, or ACQ_MEMORY. */
int acq_queue_push(struct acq_queue *queue, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n,
                   uint64_t safe_seq);

/* acq_queue_room says whether the queue would stay within ACQ_QUEUE_MAX with one more frame of ours. */
bool acq_queue_room(const struct acq_queue *queue, uint64_t safe_seq);

/* acq_queue_first_seq returns the seq of the oldest frame, or last_seq + 1 if the queue is empty. */
uint64_t acq_queue_first_seq(const struct acq_queue *queue);

/* acq_queue_seek makes `seq`, which is in the queue or last_seq + 1, the next to be sent. */
void acq_queue_seek(struct acq_queue *queue, uint64_t seq);

/* acq_queue_next gives the next frame and goes on to the one behind it. Returns 0 or ACQ_AGAIN if there is none. */
int acq_queue_next(struct acq_queue *queue, struct acq_queued *frame);

/* acq_queue_seq_at returns the seq of the newest frame sampled at t_ns or before, 0 if all that are left are newer. */
uint64_t acq_queue_seq_at(const struct acq_queue *queue, int64_t t_ns);

/* acq_queue_acked forgets the frames up to seq. acq_queue_clear forgets all. */
void acq_queue_acked(struct acq_queue *queue, uint64_t seq);
void acq_queue_clear(struct acq_queue *queue);

#endif
