/* server.h - the ingest server: TelemetryIngest.StreamFrames on a TCP port.
 *
 * Threads  acq_server_run is one libuv loop; it returns when the user stops the program.
 * Source   docs/protocol.md. */
#ifndef ACQ_INGEST_SERVER_H
#define ACQ_INGEST_SERVER_H

#include "base/err.h"

#include <stdbool.h>

struct acq_server_config {
    const char *listen; /* HOST:PORT; port 0: any that is free */
    const char *data;   /* folder of the recordings */
    bool insecure;      /* allow an address that others can reach, without TLS */
};

/* acq_server_run serves until SIGINT or SIGTERM, then makes all durable and ends the streams. Returns 0, ACQ_USAGE for
 * a bad address, or ACQ_IO if it cannot listen or write. */
int acq_server_run(const struct acq_server_config *config, struct acq_err *err);

#endif
