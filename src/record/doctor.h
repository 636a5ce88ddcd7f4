/* doctor.h - checks all of a recording: checksums, headers against what the frames say, order, totals, values.
 *
 * A fault is something that a recording must not have: damage, missing frames, a header or an order that is wrong. A
 * warning is something unlikely: a value outside its range, a clock that jumps.
 *
 * Units   bytes of the file, nanoseconds.
 * Memory  the caller's struct; nothing is kept of a finding.
 * Threads any; `found` is called on the caller's thread.
 * Errors  those of reader.h; a fault is no error. */
#ifndef ACQ_RECORD_DOCTOR_H
#define ACQ_RECORD_DOCTOR_H

#include "base/err.h"
#include "record/loss.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_finding {
    bool fault;      /* otherwise a warning */
    int64_t at;      /* [byte] where the member begins, or the damage; -1: not known */
    uint64_t member; /* which of the whole members with frames, from 1; 0: none */
    uint64_t seq;    /* of the frame, 0: none */
    int64_t t_ns;    /* its time since the first frame, -1: none */
    uint64_t count;  /* how many frames are so; what is said above is the first */
    const char *text;
};

struct acq_doctor {
    uint64_t members, frames;
    uint64_t faults, warnings;
    int original; /* as in struct acq_info */
    struct acq_loss loss;
};

/* acq_doctor_check reads the recording at `path` ("-": standard input) and calls `found` with each finding: faults in
 * the order of the file, then what is wrong with end marks, then warnings. `stopped`, unless NULL, is asked now and
 * then. Returns 0, ACQ_STOPPED, or an error: nothing could be read. */
int acq_doctor_check(struct acq_doctor *doctor, const char *path,
                     void (*found)(void *user, const struct acq_finding *finding), void *user, bool (*stopped)(void),
                     struct acq_err *err);

#endif
