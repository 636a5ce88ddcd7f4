/* session_rules.h - when a session ends because something else begins, and which session one goes on from.
 *
 * Units   nanoseconds.
 * Memory  plain structs of the caller, without pointers to keep. Pure functions.
 * Source  docs/bridge.md, "Sessions". */
#ifndef ACQ_BRIDGE_SESSION_RULES_H
#define ACQ_BRIDGE_SESSION_RULES_H

#include "bridge/ring.h"
#include "frame/frame.h"

/* A session in which nothing is driven for so long is closed, unless the owner says otherwise. */
#define ACQ_IDLE_NS INT64_C(600000000000)

/* Steps by which packetId may jump within a session, a minute: the sampler counts no more as missed. */
enum { ACQ_STEPS_MISSED_MAX = 20000 };

/* What identifies the running session in the game's pages. */
struct acq_running {
    struct acq_page_static stat; /* as acq_static_read gives it */
    int32_t session_type;
    int32_t physics_id; /* of the newest sample */
    bool replay;        /* it is a recording of a replay */
};

/* acq_session_moved says what is another one by the static page: the car, the track; NULL if nothing is. */
const char *acq_session_moved(const struct acq_running *running, const struct acq_page_static *stat);

/* acq_session_other says why this sample, with its static page as acq_static_read gives it, is not of the running
 * session; NULL if it is. */
const char *acq_session_other(const struct acq_running *running, const struct acq_sample *sample,
                              const struct acq_page_static *stat);

/* Where a drive stands at one frame. */
struct acq_mark {
    char session[64]; /* "": there is no such drive */
    char drive[600];  /* car, track, layout, driver and session type */
    int32_t physics_id, laps, clock_ms;
    bool replay;
    int64_t utc_ns;
};

/* acq_mark_set takes it from a frame that has its context. */
void acq_mark_set(struct acq_mark *mark, const struct acq_frame *f);

/* acq_mark_goes_on says whether the drive `now` is `before` going on: the same car, track, layout, driver and session
 * type in the same run of the game. */
bool acq_mark_goes_on(const struct acq_mark *before, const struct acq_mark *now);

#endif
