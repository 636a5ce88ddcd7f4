/* connections.h - the clients' connections of a server: whom it admits, what is flushed when, who is asked whether it
 * lives.
 *
 * Units   nanoseconds, bytes.
 * Memory  connections belong to the list in struct acq_connections; the caller's, all zero, with the first block of its
 *         fields set.
 * Threads the loop's. */
#ifndef ACQ_INGEST_CONNECTIONS_H
#define ACQ_INGEST_CONNECTIONS_H

#include "ingest/stream.h"
#include "rpc/link.h"

/* One client's connection; the owner of its calls (acq_rpc_owner). */
struct acq_connection {
    struct acq_link link; /* first, so that the link's address is the connection's */
    struct acq_stream stream;
    struct acq_connections *all;
    struct acq_connection *next, **place;
    struct acq_connection *next_queued;
    bool queued;
    bool called;  /* a call has begun on it */
    bool waiting; /* for its turn in the TLS handshakes */
    bool secured; /* its handshake is done */
    size_t waits; /* [byte] that have come on it and are not handled yet */
    int64_t since_ns;
};

struct acq_connections {
    uv_loop_t *loop;
    struct acq_sessions *sessions;
    struct acq_rpc_limits limits;
    const struct acq_rpc_events *events; /* their user is the connection */
    void *user;                          /* the caller's */
    struct acq_tls_context *tls;         /* the caller's; NULL: without TLS */
    size_t most;                         /* connections at once */
    size_t waits_max;                    /* bytes that may wait in all connections together */

    struct acq_connection *first, *queued;
    size_t count, waits;
    unsigned handshakes;  /* TLS handshakes that began since the last acq_connections_check */
    uint64_t round_bytes; /* read since the last acq_connections_flush */
};

/* acq_connections_accept takes the next connection of a listening socket, or refuses it. */
void acq_connections_accept(struct acq_connections *all, uv_stream_t *listener);

/* acq_connections_queue notes that the connection of a call has something to send; acq_connections_flush sends what all
 * have. Once in each turn of the loop. */
void acq_connections_queue(struct acq_rpc_call *call);
void acq_connections_flush(struct acq_connections *all);

/* acq_connections_check asks those that are silent, closes those that are gone, never began a call or do not come to
 * the end of their TLS handshake, and reads again where reading was stopped because what waits would have filled the
 * memory. A few times in a second. */
void acq_connections_check(struct acq_connections *all, int64_t now_ns);

/* acq_connections_shutdown says on all that no new calls are taken. acq_connections_close closes all, and runs the loop
 * until they are gone. */
void acq_connections_shutdown(struct acq_connections *all);
void acq_connections_close(struct acq_connections *all);

/* acq_connections_address writes "1.2.3.4:567" or "[::1]:567". */
void acq_connections_address(char dst[ACQ_PEER_MAX], const struct sockaddr_storage *name);

#endif
