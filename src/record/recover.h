/* recover.h - saves what can be saved of a damaged recording into a new one.
 *
 * Whole members are copied byte for byte. Of a member whose content is damaged those frames are taken that stand before
 * the damage: where the file is cut, or where what is unpacked makes no sense any more. Where it can be unpacked to its
 * end and only its checksum is wrong, a wrong value may stand anywhere: no frame of it can be vouched for, and none is
 * taken. A file that is not of ours becomes one: a frame without seq gets
 * the next number, as the server numbers it, and one that is not later than the frame before is left out.
 *
 * Units   nanoseconds of the steady clock.
 * Memory  the caller's struct; a few members at most are held.
 * Threads any.
 * Errors  those of reader.h and recorder.h; ACQ_FORMAT where there is nothing to save. */
#ifndef ACQ_RECORD_RECOVER_H
#define ACQ_RECORD_RECOVER_H

#include "base/err.h"
#include "record/loss.h"

#include <stdbool.h>
#include <stdint.h>

/* Frames that are missing in what was written. */
struct acq_missing {
    uint64_t first_seq, frames; /* frames 0: at the end, and how many is not known */
    int64_t from_t_ns, to_t_ns; /* as in struct acq_gap */
};

enum { ACQ_MISSING_MAX = 256 };

struct acq_recovered {
    uint64_t frames;     /* written */
    uint64_t members;    /* of these, whole members copied */
    uint64_t rescued;    /* frames out of damaged members */
    uint64_t doubtful;   /* frames of damaged members that decode, but cannot be vouched for: not written */
    uint64_t repeated;   /* frames that had been there already: not written */
    uint64_t unreadable; /* frames that do not decode: not written */
    uint64_t foreign;    /* frames of another session: not written */
    uint64_t numbered;   /* frames that had no seq and got one */
    uint64_t missing_frames;
    size_t places; /* where frames are missing; may be more than are kept */
    struct acq_missing missing[ACQ_MISSING_MAX];
    int64_t first_t_ns;
    struct acq_loss loss; /* of the file that was read */
};

/* acq_recover writes what can be saved of `in` ("-": standard input; then damaged members are left out) to the new file
 * `out`. `stopped`, unless NULL, is asked now and then. Returns 0, ACQ_STOPPED, or an error; then `out` may be there,
 * and is of no use. */
int acq_recover(struct acq_recovered *recovered, const char *in, const char *out, bool (*stopped)(void),
                struct acq_err *err);

/* acq_recovered_all says whether nothing was lost. */
bool acq_recovered_all(const struct acq_recovered *recovered);

#endif
