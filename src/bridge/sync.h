/* sync.h - sends a server what it lacks of the recordings in a folder, and ends.
 *
 * Memory  texts are the caller's.
 * Threads the caller's; Ctrl+C is seen through acq_stopped. */
#ifndef ACQ_BRIDGE_SYNC_H
#define ACQ_BRIDGE_SYNC_H

#include "base/err.h"
#include "bridge/backlog.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_sync_config {
    const char *dir;
    const char *server; /* HOST:PORT */
    const char *ca;     /* file of certificates to trust with TLS, NULL: the system's */
    bool tls, quiet;
};

struct acq_synced {
    size_t recordings; /* of our own sessions */
    size_t done;       /* of those how many were asked for, and sent as far as they can be */
    size_t sent;       /* of those how many the server lacked something of */
    size_t damaged;    /* not all of them could be sent */
    size_t refused;    /* the server does not want them */
    uint64_t frames;   /* sent and acked */
    size_t others[ACQ_BACKLOG_OTHERS];
};

/* acq_sync returns 0 when the server has all that can be sent; ACQ_STOPPED; or an error: ACQ_MISSING if there is no
 * such folder or `ca`, ACQ_CLOSED if there has been no progress for half a minute. *synced is filled in any case. */
int acq_sync(const struct acq_sync_config *config, struct acq_synced *synced, struct acq_err *err);

#endif
