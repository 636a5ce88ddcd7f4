/* trial.h - what `telemetry_bridge check` tries before a session depends on it: pages, disk, server, clock, timer.
 *
 * Units   nanoseconds, bytes.
 * Memory  a trial is the caller's.
 * Threads the caller's; each takes about half a second at most, a server that does not answer ten seconds. */
#ifndef ACQ_BRIDGE_TRIAL_H
#define ACQ_BRIDGE_TRIAL_H

#include "base/err.h"

#include <stdbool.h>

enum acq_trial_result {
    ACQ_TRIAL_OK,
    ACQ_TRIAL_WARNING, /* it works, but something is worth a look */
    ACQ_TRIAL_PROBLEM  /* it does not work */
};

/* One trial: how it went, and a sentence that says what was seen, and where it is needed what to do. */
struct acq_trial {
    enum acq_trial_result result;
    char text[400];
};

/* acq_trial_say sets both. */
void acq_trial_say(struct acq_trial *trial, enum acq_trial_result result, const char *format, ...) ACQ_PRINTF(3, 4);

/* acq_trial_pages looks for the game's pages of this prefix, and at what comes through them in half a second. That
 * there are none is no problem: no game runs. */
void acq_trial_pages(struct acq_trial *trial, const char *prefix);

/* acq_trial_disk looks at the folder for recordings, `record`, or at that of the file to record to: it is made where it
 * is missing, and a small file is written there and removed. */
void acq_trial_disk(struct acq_trial *trial, const char *record);

/* acq_trial_server connects to HOST:PORT and asks as for a session. Nothing is stored there. */
void acq_trial_server(struct acq_trial *trial, const char *server, bool tls, const char *ca);

/* acq_trial_clock looks at UTC and at the steady clock; acq_trial_timer at how late a thread like the sampler's wakes
 * up. */
void acq_trial_clock(struct acq_trial *trial);
void acq_trial_timer(struct acq_trial *trial);

#endif
