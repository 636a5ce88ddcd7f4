#include "ingest/connections.h"

#include "base/log.h"
#include "base/os.h"
#include "ingest/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CALL_NS INT64_C(30000000000) /* a connection without a single call is closed after this, */
#define HANDSHAKE_NS INT64_C(10000000000)  /* one without a TLS handshake after this */

/* TLS handshakes that begin from one check to the next: each is a signature, of which a core makes some 15 000 in a
 * second with an elliptic curve's key, but only 200 with RSA of 4096 bits. Streams that run go on beside a flood. */
enum { HANDSHAKES = 20 };

/* ---- what is to be sent ---- */

static void queue(struct acq_connection *c)
{
    if (c->queued) return;
    c->queued = true;
    c->next_queued = c->all->queued;
    c->all->queued = c;
}

void acq_connections_queue(struct acq_rpc_call *call)
{
    queue(acq_rpc_owner(call));
}

void acq_connections_flush(struct acq_connections *all)
{
    while (all->queued) {
        struct acq_connection *c = all->queued;
        all->queued = c->next_queued;
        c->queued = false;
        acq_link_flush(&c->link);
    }
    all->round_bytes = 0;
}

static void unqueue(struct acq_connection *c)
{
    struct acq_connection **place = &c->all->queued;
    while (*place && *place != c) place = &(*place)->next_queued;
    if (*place) *place = c->next_queued;
}

/* ---- begin and end ---- */

/* count_waiting sees what waits on a connection now. Returns whether that of all is too much. */
static bool count_waiting(struct acq_connection *c)
{
    size_t waits = acq_rpc_held(c->link.rpc) + acq_rpc_unfinished(c->link.rpc);
    c->all->waits += waits - c->waits;
    c->waits = waits;
    return c->all->waits > c->all->waits_max;
}

static void on_received(struct acq_link *link)
{
    struct acq_connection *c = (struct acq_connection *)link;
    c->all->round_bytes += link->read_bytes;
    link->read_bytes = 0;
    if (count_waiting(c) && c->waits) acq_link_read(link, false);
    queue(c);
}

static void tell_refused(const struct acq_connection *c, const char *why)
{
    struct acq_event e;
    acq_event_begin(&e, "connection-refused");
    acq_event_text(&e, "from", c->stream.peer);
    acq_event_text(&e, "why", why);
    acq_event_end_some(&e, ACQ_LOG_WARN);
}

static void on_closed(struct acq_link *link, const char *why)
{
    struct acq_connection *c = (struct acq_connection *)link;
    acq_log(ACQ_LOG_DEBUG, "connection from %s ended: %s", c->stream.peer, why);
    if (c->all->tls && link->heard && !c->secured) tell_refused(c, why);
    unqueue(c);
    if (c->place) {
        *c->place = c->next;
        if (c->next) c->next->place = c->place;
        c->all->count--;
        c->all->waits -= c->waits;
    }
    free(c);
}

void acq_connections_address(char dst[ACQ_PEER_MAX], const struct sockaddr_storage *name)
{
    char host[48] = "?";
    uv_ip_name((const struct sockaddr *)name, host, sizeof host);
    int port = ntohs(name->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)(const void *)name)->sin6_port
                                                 : ((const struct sockaddr_in *)(const void *)name)->sin_port);
    snprintf(dst, ACQ_PEER_MAX, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port);
}

static void refuse(struct acq_connection *c, const char *why)
{
    tell_refused(c, why);
    acq_link_close(&c->link, why);
}

static void add(struct acq_connection *c)
{
    struct acq_connections *all = c->all;
    c->next = all->first;
    c->place = &all->first;
    if (c->next) c->next->place = &c->next;
    all->first = c;
    all->count++;
}

/* make_room closes the oldest connection without a call, so that such ones do not shut out others. Returns whether
 * there is room for one more. */
static bool make_room(struct acq_connections *all)
{
    struct acq_connection *oldest = NULL;
    if (all->count < all->most) return true;
    for (struct acq_connection *c = all->first; c; c = c->next)
        if (acq_rpc_idle(c->link.rpc) && !c->link.closing) oldest = c; /* the newest stands first */
    if (oldest) acq_link_close(&oldest->link, "it has no call, and others wait");
    return oldest;
}

static void on_secured(struct acq_link *link)
{
    ((struct acq_connection *)link)->secured = true;
}

/* start begins to speak with a client; with TLS when it is its turn. */
static int start(struct acq_connection *c, struct acq_err *err)
{
    struct acq_connections *all = c->all;
    struct acq_rpc *rpc;
    struct acq_tls *tls = NULL;
    int r = all->tls ? acq_tls_new(&tls, all->tls, NULL, err) : ACQ_OK;
    if (r == ACQ_OK) r = acq_rpc_new(&rpc, true, &all->limits, all->events, c, err);
    if (r < 0) {
        acq_tls_free(tls);
        return r;
    }
    add(c);
    c->link.secured = on_secured;
    acq_link_secure(&c->link, tls);
    r = acq_link_start(&c->link, rpc, err);
    c->waiting = tls && all->handshakes++ >= HANDSHAKES;
    if (c->waiting) acq_link_read(&c->link, false);
    return r;
}

static void admit(struct acq_connection *c)
{
    struct sockaddr_storage name;
    struct acq_err err;
    int size = sizeof name;
    if (uv_tcp_getpeername(&c->link.tcp, (struct sockaddr *)&name, &size) == 0)
        acq_connections_address(c->stream.peer, &name);
    if (!make_room(c->all))
        refuse(c, "too many connections: see --connections");
    else if (start(c, &err) < 0)
        refuse(c, err.text);
    else
        queue(c);
}

void acq_connections_accept(struct acq_connections *all, uv_stream_t *listener)
{
    struct acq_connection *c = calloc(1, sizeof *c);
    if (!c) return;
    c->all = all;
    if (acq_link_init(&c->link, all->loop, on_closed, NULL) < 0) {
        free(c);
        return;
    }
    c->link.received = on_received;
    c->stream.sessions = all->sessions;
    c->since_ns = acq_now_ns();
    if (uv_accept(listener, (uv_stream_t *)&c->link.tcp) < 0)
        acq_link_close(&c->link, "it was gone at once");
    else
        admit(c);
}

/* ---- all of them ---- */

/* look_at_new looks at a connection whose TLS handshake is not done. Returns why it has to be closed, or NULL. */
static const char *look_at_new(struct acq_connection *c, int64_t now_ns)
{
    if (now_ns - c->since_ns > HANDSHAKE_NS) return "it does not come to the end of its TLS handshake";
    if (c->waiting && c->all->handshakes < HANDSHAKES) {
        c->all->handshakes++;
        c->waiting = false;
        acq_link_read(&c->link, true);
    }
    return NULL;
}

/* look_at one connection. Returns why it has to be closed, or NULL. */
static const char *look_at(struct acq_connection *c, size_t share, int64_t now_ns)
{
    bool much = count_waiting(c) && c->waits > share;
    acq_link_read(&c->link, !much);
    if (acq_rpc_tick(c->link.rpc, now_ns) < 0) return "it does not answer";
    if (!c->called && now_ns - c->since_ns > FIRST_CALL_NS) return "it began no call";
    /* what is held goes on by itself, but unfinished messages of a client that is not read would stay for ever */
    return much && !acq_rpc_held(c->link.rpc) ? "its messages fill the memory" : NULL;
}

void acq_connections_check(struct acq_connections *all, int64_t now_ns)
{
    size_t share = all->count ? all->waits_max / all->count : 0;
    all->handshakes = 0;
    for (struct acq_connection *c = all->first, *next; c; c = next) {
        next = c->next;
        const char *why = acq_link_ready(&c->link) ? look_at(c, share, now_ns) : look_at_new(c, now_ns);
        if (why)
            acq_link_close(&c->link, why);
        else
            queue(c);
    }
}

void acq_connections_shutdown(struct acq_connections *all)
{
    for (struct acq_connection *c = all->first; c; c = c->next) {
        acq_rpc_shutdown(c->link.rpc);
        queue(c);
    }
}

void acq_connections_close(struct acq_connections *all)
{
    for (struct acq_connection *c = all->first; c; c = c->next) acq_link_close(&c->link, "the server ends");
    while (all->first) uv_run(all->loop, UV_RUN_ONCE);
}
