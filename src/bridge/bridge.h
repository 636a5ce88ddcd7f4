/* bridge.h - the heart of telemetry_bridge: sampler, capture and sender together.
 *
 * Threads acq_bridge_run is one libuv loop beside the sampler's thread and the disk's. */
#ifndef ACQ_BRIDGE_BRIDGE_H
#define ACQ_BRIDGE_BRIDGE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_bridge_config {
    const char *server; /* HOST:PORT */
    const char *record; /* folder or file */
    const char *pages;  /* prefix of the pages' names, NULL: the game's */
    const char *keep;   /* how much of the sent recordings stays, NULL: all */
    const char *ca;     /* file of certificates to trust, NULL: the system's */
    bool no_record, no_stream, once;
    bool replay; /* record replays too */
    double idle; /* [min] a session in which nothing is driven for so long ends; 0: ACQ_IDLE_NS */
    bool tls;
    int64_t flush_ms; /* how long a frame may wait for others to share a write */
};

/* acq_bridge_run samples, records and streams until it is told to end (stop.h), or with `once` until the first session
 * has ended. Returns 0, ACQ_RANGE if samples were lost (what was lost is in the recording and has been printed), or
 * another error if it could not start. */
int acq_bridge_run(const struct acq_bridge_config *config, struct acq_err *err);

#endif
