/* tape.h - the frames of a recording that are to be played again, one after the other.
 *
 * Units   nanoseconds.
 * Memory  a tape is the caller's, from acq_tape_open to acq_tape_close; the frame in it is valid until the next call.
 * Threads one.
 * Errors  those of record/reader.h. */
#ifndef ACQ_BRIDGE_TAPE_H
#define ACQ_BRIDGE_TAPE_H

#include "base/buf.h"
#include "frame/batch.h"
#include "frame/frame.h"
#include "record/reader.h"
#include "record/select.h"

struct acq_tape {
    const char *path;
    const struct acq_select *select;
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_frame frame; /* the one that acq_tape_next has found */
    const uint8_t *bytes;   /* the same, encoded */
    size_t n;
    uint64_t seq;                 /* its own, or where it has none, its place among those with a time of their own */
    uint64_t missing;             /* frames that the recording lacks just before it */
    bool jumped;                  /* what stands just before it was not asked for */
    uint64_t doubled;             /* frames without seq that were passed over: their time is not above the last one's */
    uint64_t last_seq, last_t_ns; /* of the frames without seq that were given */
    uint64_t read_seq;            /* of the last frame that was read, 0: none, or one without */
    bool after_left_out;          /* the batch begins behind frames that were left out on purpose */
    struct acq_buf context;       /* the latest stat and capture that were read, encoded */
};

/* acq_tape_open opens the recording at `path`, which is kept as `select` is. Returns 0 or an error. */
int acq_tape_open(struct acq_tape *tape, const char *path, const struct acq_select *select, struct acq_err *err);
void acq_tape_close(struct acq_tape *tape);

/* acq_tape_next finds the next frame that is selected. Returns 0, ACQ_END, or an error. */
int acq_tape_next(struct acq_tape *tape, struct acq_err *err);

/* acq_tape_skip_to goes to the member that holds frame `seq`, where there are members to be found; otherwise it stays
 * where it is, and the caller reads on. Returns 0 or an error. */
int acq_tape_skip_to(struct acq_tape *tape, uint64_t seq, struct acq_err *err);

#endif
