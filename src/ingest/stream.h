/* stream.h - TelemetryIngest.StreamFrames: the events of its calls, from hello to end.
 *
 * Threads the loop's.
 * Errors  each ends its call with the gRPC status that docs/protocol.md names.
 * Source  docs/protocol.md. */
#ifndef ACQ_INGEST_STREAM_H
#define ACQ_INGEST_STREAM_H

#include "ingest/session.h"

#define ACQ_STREAM_FRAMES "/telemetry.v1.TelemetryIngest/StreamFrames"

/* The user of the events. */
struct acq_stream {
    struct acq_sessions *sessions;
    char peer[ACQ_PEER_MAX]; /* of the connection */
};

extern const struct acq_rpc_events acq_stream_events;

#endif
