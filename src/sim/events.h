/* events.h - what happens in a simulated game beside driving: "restart@40s", "pause@1:10:5s" ...
 *
 * Units   s since the start of the play, pauses and all.
 * Memory  plain structs of the caller.
 * Threads none. */
#ifndef ACQ_SIM_EVENTS_H
#define ACQ_SIM_EVENTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum acq_event_kind {
    ACQ_EVENT_RESTART,
    ACQ_EVENT_PITS,
    ACQ_EVENT_PITSTOP,
    ACQ_EVENT_CUT,
    ACQ_EVENT_PAUSE,
    ACQ_EVENT_SILENT_PAUSE,
    ACQ_EVENT_REPLAY,
    ACQ_EVENT_MENU,
    ACQ_EVENT_SESSION,
    ACQ_EVENT_CAR,
    ACQ_EVENT_TRACK,
    ACQ_EVENT_EMPTY_STATIC,
    ACQ_EVENT_QUIT,
    ACQ_EVENT_CRASH,
    ACQ_EVENT_RELAUNCH,
    ACQ_EVENT_KINDS
};

/* One row for each kind. */
struct acq_event_row {
    const char *name;
    double usual_s;   /* how long it takes where nothing is said; 0: no time, or for good */
    bool one_session; /* what comes behind it is still the same session: it can stand in one recording */
    const char *doc;
};
extern const struct acq_event_row acq_event_rows[ACQ_EVENT_KINDS];

struct acq_event {
    enum acq_event_kind kind;
    double at_s, for_s;
};

enum { ACQ_EVENTS_MAX = 64 };
struct acq_events {
    struct acq_event event[ACQ_EVENTS_MAX]; /* in the order of their times */
    size_t n;
};

/* acq_events_add reads NAME@TIME or NAME@TIME:DURATION and adds it. A time is 40, 40s, 2m, or 1:10. Returns 0, or
 * ACQ_USAGE with a sentence that names the nearest event. */
int acq_events_add(struct acq_events *events, const char *text, struct acq_err *err);

/* acq_events_help writes the list of events for --help, a line each, to dst; what does not fit is left out. */
void acq_events_help(char *dst, size_t size);

#endif
