/* keep.h - takes old recordings away that the server has: `--keep 30d,20GB`.
 *
 * A recording is removed only if all of this holds:
 * - it lies in the folder itself and has the name that the bridge gave it: ..._SESSION.pb.gz, or ..._SESSION-2.pb.gz
 *   where that was taken; one file of that session;
 * - the server has said in this process's life that it has the session, up to exactly the recording's last frame;
 * - read through to its end mark it is whole: frames 1 to the last of that session, none left out, nothing damaged;
 * - no program is writing it.
 *
 * Units   nanoseconds, bytes.
 * Memory  acq_keep_new's struct is the caller's until acq_keep_free.
 * Threads the loop's. Files are looked at, read and removed on a thread of its own, which gives way to others. */
#ifndef ACQ_BRIDGE_KEEP_H
#define ACQ_BRIDGE_KEEP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What stays. */
struct acq_keep_limits {
    int64_t age_ns; /* of what ended this long ago or later; 0: however old */
    int64_t bytes;  /* of all recordings together, the newest first; 0: however many */
};

/* acq_keep_parse reads "30d", "12h", "500MB", "20GB", "1.5TB", one of each with a comma between them, or "all" for no
 * limit. 1 GB is 1000000000 bytes. Returns 0 or ACQ_USAGE. */
int acq_keep_parse(struct acq_keep_limits *limits, const char *text, struct acq_err *err);

struct acq_keep;

/* acq_keep_new prepares to tidy the folder `dir`. Returns 0 or ACQ_MEMORY. */
int acq_keep_new(struct acq_keep **keep, const char *dir, const struct acq_keep_limits *limits, struct acq_err *err);

/* acq_keep_has: the server has just said that it has the session `id` up to frame `seq`, and that is all of it as far
 * as we know. Tidying is due then. */
void acq_keep_has(struct acq_keep *keep, const char *id, uint64_t seq);

/* acq_keep_tick tidies if that is due, which it is also once an hour, and says what has been done. Call it often.
 * `asked`: the server has been asked for all older recordings; before, nothing is done. */
void acq_keep_tick(struct acq_keep *keep, bool asked);

/* acq_keep_free ends the work and frees; NULL is fine. */
void acq_keep_free(struct acq_keep *keep);

#endif
