/* health.h - grpc.health.v1: load balancers, container managers and clients ask whether this server serves.
 *
 * Known are the services "" (the server as a whole) and telemetry.v1.TelemetryIngest; both are always in one state.
 * Memory  a struct acq_health is the caller's and lives longer than its connections; each watch has some bytes of heap,
 *         and there are at most ACQ_HEALTH_WATCHES.
 * Threads the loop's.
 * Errors  a call that asks for something else, or in a wrong way, ends with its gRPC status; so does one whose client
 *         does not read what it is told (RESOURCE_EXHAUSTED).
 * Source  gRPC, "GRPC Health Checking Protocol"; proto/grpc/health/v1/health.proto. */
#ifndef ACQ_INGEST_HEALTH_H
#define ACQ_INGEST_HEALTH_H

#include "rpc/rpc.h"

#define ACQ_HEALTH_CHECK "/grpc.health.v1.Health/Check"
#define ACQ_HEALTH_LIST "/grpc.health.v1.Health/List"
#define ACQ_HEALTH_WATCH "/grpc.health.v1.Health/Watch"
#define ACQ_HEALTH_WATCHES 1000 /* at once; one more is told RESOURCE_EXHAUSTED */

struct acq_health_watch;

struct acq_health {
    bool serving;
    struct acq_health_watch *watches;
    size_t count; /* of watches */
};

/* acq_health_init: not serving, nobody watches. acq_health_fini ends all watches, as acq_health_end does. */
void acq_health_init(struct acq_health *health);
void acq_health_fini(struct acq_health *health);

/* acq_health_set changes the state; watches are told when it is another. Flush the connections afterwards. */
void acq_health_set(struct acq_health *health, bool serving);

/* acq_health_end ends all watches with UNAVAILABLE, so that they do not keep a server that drains waiting. Flush the
 * connections afterwards. */
void acq_health_end(struct acq_health *health);

/* The events of the three methods; their user is the struct acq_health. */
extern const struct acq_rpc_events acq_health_check_events, acq_health_list_events, acq_health_watch_events;

#endif
