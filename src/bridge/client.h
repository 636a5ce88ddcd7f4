/* client.h - the way to a server: finds its host, connects to the first of its addresses that answers, with TLS if that
 * is wished, begins streams.
 *
 * Memory  a client is the caller's, from acq_client_init until the loop has run to its end after acq_client_stop.
 * Threads the loop's.
 * Source  docs/protocol.md. */
#ifndef ACQ_BRIDGE_CLIENT_H
#define ACQ_BRIDGE_CLIENT_H

#include "base/addr.h"
#include "rpc/link.h"

struct acq_client_events {
    struct acq_rpc_events rpc; /* of the calls */
    /* A connection is there: streams may begin. */
    void (*connected)(void *user);
    /* It is gone, or there was none at any address, for the reason `why`; acq_client_connect tries again. */
    void (*lost)(void *user, const char *why);
};

struct acq_client {
    uv_loop_t *loop;
    struct acq_addr addr;
    const struct acq_client_events *events;
    void *user;
    struct acq_tls_context *tls; /* NULL: without TLS */
    struct acq_link *link;       /* NULL: no connection */
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    bool resolving, stopping;
    bool shaking;     /* the last attempt has come to a TLS handshake, and not to its end */
    unsigned address; /* which of the host's addresses is tried; localhost, for one, has two */
    bool more_addresses;
    int64_t began_ns;  /* when the attempt at a connection, or its TLS handshake, began */
    int64_t ticked_ns; /* the last acq_client_tick that did something */
};

/* acq_client_init prepares; acq_client_connect begins to connect: `connected` or `lost` follows. */
void acq_client_init(struct acq_client *client, uv_loop_t *loop, const struct acq_addr *addr,
                     const struct acq_client_events *events, void *user);
void acq_client_connect(struct acq_client *client);

/* acq_client_secure makes all connections from now on be over TLS: with `tls`, of which the client takes a hold of its
 * own; NULL: without. */
void acq_client_secure(struct acq_client *client, struct acq_tls_context *tls);

/* acq_client_tls makes what acq_client_secure takes, as the options --tls and --ca say: NULL without --tls. Returns 0,
 * ACQ_USAGE for a `ca` without TLS, or as acq_tls_client_new. */
int acq_client_tls(struct acq_tls_context **tls, bool wanted, const char *ca, struct acq_err *err);

/* acq_client_idle says whether there is neither a connection nor an attempt at one. acq_client_ready says whether
 * streams may begin. acq_client_closing says whether the connection is about to be lost. */
bool acq_client_idle(const struct acq_client *client);
bool acq_client_ready(const struct acq_client *client);
bool acq_client_closing(const struct acq_client *client);

/* acq_client_stream begins a stream for a session with our hello. Returns the call, or NULL, and the connection is
 * closed then. Needs acq_client_ready. */
struct acq_rpc_call *acq_client_stream(struct acq_client *client, const char *session_id);

/* acq_client_flush writes what is queued; not from an event of a call. */
void acq_client_flush(struct acq_client *client);

/* acq_client_tick gives up an attempt at a connection that takes too long, and a connection on which nothing has come
 * for long and whose other side does not answer a PING. Call it often; it does something four times a second. */
void acq_client_tick(struct acq_client *client, int64_t now_ns);

/* acq_client_stop closes the connection for good; `lost` is not called any more. */
void acq_client_stop(struct acq_client *client);

#endif
