/* server.h - the ingest server: TelemetryIngest.StreamFrames on a TCP port, with health and reflection beside it.
 *
 * Threads  acq_server_run is one libuv loop; it returns when the user stops the program. The commit log has a thread of
 *          its own, recordings are written by libuv's workers.
 * Source   docs/protocol.md. */
#ifndef ACQ_INGEST_SERVER_H
#define ACQ_INGEST_SERVER_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_server_config {
    const char *listen;              /* HOST:PORT; port 0: any that is free */
    const char *data;                /* folder of the recordings */
    const char *cert, *key;          /* files (PEM) of the certificate chain and its key; NULL: without TLS */
    bool insecure;                   /* allow an address that others can reach: whoever can may send */
    int64_t connections, streams;    /* at once; streams: on one connection */
    int64_t message_kib, header_kib; /* the longest message, the longest headers of a call */
    int64_t buffer_mib;              /* frames in memory: not yet in their recordings, or held back */
    int64_t log_mib;                 /* the commit log on the disk */
    int64_t drain_s;                 /* how long streams may take to end when the server is stopped */
    int64_t ping_s;                  /* a silent client is asked after this whether it lives; 0: never */
};

/* acq_server_run serves until it is told to end (stop.h), then makes all durable and ends the streams. Returns 0,
 * ACQ_USAGE for a bad address, ACQ_EXISTS if another server has the folder, or ACQ_IO if it cannot listen, or if the
 * disk failed. */
int acq_server_run(const struct acq_server_config *config, struct acq_err *err);

#endif
