/* join.h - recordings into one: the parts and copies of one session, and sessions that follow each other.
 *
 * The frames of the first session keep their bytes; whole members are copied as they are. Those of later sessions are
 * encoded anew: with the id of the first one, with seq and the counts of capture going on, and with monotonic_ns on the
 * first one's clock.
 *
 * Memory  bounded, however long the recordings are.
 * Threads one at a time.
 * Errors  ACQ_USAGE, in a sentence that says why, for recordings that do not belong together; those of reading and
 *         writing; ACQ_STOPPED after Ctrl+C. The file at `out` is then the caller's to remove. */
#ifndef ACQ_RECORD_JOIN_H
#define ACQ_RECORD_JOIN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acq_joined {
    size_t sessions;
    uint64_t frames;     /* written */
    uint64_t anew;       /* of them encoded anew */
    uint64_t duplicates; /* frames that were in more than one recording */
    uint64_t missing;    /* frames that are in none */
    uint64_t unreadable; /* frames left out because they could not be decoded */
    bool cut;            /* at the end more is missing, nobody knows how much */
    char session[64];
};

/* acq_join_files writes the recordings at `paths` to a new file at `out`. Sessions are joined where each names the one
 * before it (capture.previous_session), or, with `any`, where they are of the same car, track and driver and follow
 * each other in time. Returns 0 or an error. */
int acq_join_files(const char *const *paths, size_t n, bool any, const char *out, struct acq_joined *done,
                   struct acq_err *err);

#endif
