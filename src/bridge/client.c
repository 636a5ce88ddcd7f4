#include "bridge/client.h"

#include "base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_NS INT64_C(5000000000)    /* a host that drops our packets says nothing */
#define HANDSHAKE_NS INT64_C(10000000000) /* some round trips on a slow line, and a server's busy hour */
#define TICK_NS INT64_C(250000000)
#define PING_NS INT64_C(5000000000)

#define STREAM_FRAMES "/telemetry.v1.TelemetryIngest/StreamFrames"

/* A link that knows whose it is. */
struct owned {
    struct acq_link link; /* first, so that the link's address is this one's */
    struct acq_client *client;
};

void acq_client_init(struct acq_client *c, uv_loop_t *loop, const struct acq_addr *addr,
                     const struct acq_client_events *events, void *user)
{
    *c = (struct acq_client){.loop = loop, .addr = *addr, .events = events, .user = user};
}

void acq_client_secure(struct acq_client *c, struct acq_tls_context *tls)
{
    acq_tls_release(c->tls);
    c->tls = acq_tls_keep(tls);
}

int acq_client_tls(struct acq_tls_context **tls, bool wanted, const char *ca, struct acq_err *err)
{
    *tls = NULL;
    if (wanted) return acq_tls_client_new(tls, ca, err);
    return ca ? acq_fail(err, ACQ_USAGE, "--ca is for TLS: add --tls") : ACQ_OK;
}

bool acq_client_idle(const struct acq_client *c)
{
    return !c->link && !c->resolving;
}

bool acq_client_ready(const struct acq_client *c)
{
    return c->link && acq_link_ready(c->link) && !c->stopping;
}

bool acq_client_closing(const struct acq_client *c)
{
    return c->link && c->link->closing;
}

static void on_closed(struct acq_link *link, const char *why)
{
    struct acq_client *c = ((struct owned *)link)->client;
    char text[sizeof link->why];
    snprintf(text, sizeof text, "%s", why);
    c->link = NULL;
    free(link); /* and `why` with it */
    if (c->stopping) return;
    if (c->address) /* the host has more addresses: the next one, now */
        acq_client_connect(c);
    else
        c->events->lost(c->user, text);
}

/* connected_to says how it went with one of the host's addresses. */
static void connected_to(struct acq_client *c, int status)
{
    c->address = status < 0 && c->more_addresses ? c->address + 1 : 0;
    if (status < 0) acq_link_close(c->link, uv_strerror(status));
}

static int new_rpc(struct acq_client *c, struct acq_rpc **rpc, struct acq_err *err)
{
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    limits.ping_after_ns = limits.ping_answer_ns = PING_NS; /* a half-open connection must not hide that frames wait */
    return acq_rpc_new(rpc, false, &limits, &c->events->rpc, c->user, err);
}

static void on_secured(struct acq_link *link)
{
    struct acq_client *c = ((struct owned *)link)->client;
    c->shaking = false;
    c->events->connected(c->user);
}

/* start begins to speak on a connection. */
static int start(struct acq_client *c, struct acq_err *err)
{
    struct acq_rpc *rpc;
    struct acq_tls *tls = NULL;
    int r = c->tls ? acq_tls_new(&tls, c->tls, c->addr.host, err) : ACQ_OK;
    if (r == ACQ_OK) r = new_rpc(c, &rpc, err);
    if (r < 0) {
        acq_tls_free(tls);
        return r;
    }
    c->shaking = tls != NULL;
    c->link->secured = on_secured;
    acq_link_secure(c->link, tls);
    return acq_link_start(c->link, rpc, err);
}

static void on_connect(uv_connect_t *request, int status)
{
    struct acq_client *c = request->data;
    struct acq_err err;
    if (!c->link || status == UV_ECANCELED) return;
    connected_to(c, status);
    if (status < 0) return;
    c->began_ns = acq_now_ns();
    if (start(c, &err) < 0)
        acq_link_close(c->link, err.text);
    else if (c->tls)
        acq_link_flush(c->link); /* the client speaks first */
    else
        c->events->connected(c->user);
}

static struct acq_link *new_link(struct acq_client *c)
{
    struct owned *owned = calloc(1, sizeof *owned);
    if (!owned) return NULL;
    if (acq_link_init(&owned->link, c->loop, on_closed, NULL) < 0) {
        free(owned);
        return NULL;
    }
    owned->client = c;
    return &owned->link;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct acq_client *c = request->data;
    char why[160];
    c->resolving = false;
    if (status == 0 && !c->stopping) c->link = new_link(c);
    if (c->link) {
        struct addrinfo *one = found;
        for (unsigned i = 0; i < c->address && one->ai_next; i++) one = one->ai_next;
        c->more_addresses = one->ai_next != NULL;
        c->connect.data = c;
        c->began_ns = acq_now_ns();
        int r = uv_tcp_connect(&c->connect, &c->link->tcp, one->ai_addr, on_connect);
        if (r < 0) connected_to(c, r);
    } else if (!c->stopping) {
        c->address = 0;
        snprintf(why, sizeof why, "the name %.80s is not known: %s", c->addr.host, uv_strerror(status));
        c->events->lost(c->user, status < 0 ? why : "cannot make a socket");
    }
    uv_freeaddrinfo(found);
}

void acq_client_connect(struct acq_client *c)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    c->resolve.data = c;
    c->shaking = false;
    c->resolving = uv_getaddrinfo(c->loop, &c->resolve, on_resolved, c->addr.host, c->addr.port, &hints) == 0;
    if (!c->resolving) c->events->lost(c->user, "cannot look for the host's address");
}

struct acq_rpc_call *acq_client_stream(struct acq_client *c, const char *session_id)
{
    char authority[280];
    struct acq_rpc_header hello = {"acq-session", session_id};
    bool v6 = strchr(c->addr.host, ':');
    snprintf(authority, sizeof authority, "%s%s%s:%s", v6 ? "[" : "", c->addr.host, v6 ? "]" : "", c->addr.port);
    struct acq_rpc_call *call = acq_rpc_call(c->link->rpc, STREAM_FRAMES, authority, &hello, 1);
    if (!call) acq_link_close(c->link, "the server takes no more calls on this connection");
    return call;
}

void acq_client_flush(struct acq_client *c)
{
    if (c->link) acq_link_flush(c->link);
}

void acq_client_tick(struct acq_client *c, int64_t now_ns)
{
    if (!c->link || c->link->closing || now_ns - c->ticked_ns < TICK_NS) return;
    c->ticked_ns = now_ns;
    if (!c->link->rpc) {
        if (now_ns - c->began_ns > CONNECT_NS) connected_to(c, UV_ETIMEDOUT);
    } else if (!acq_link_ready(c->link)) {
        if (now_ns - c->began_ns > HANDSHAKE_NS)
            acq_link_close(c->link, "the server does not answer in TLS: does it speak that?");
    } else if (acq_rpc_tick(c->link->rpc, now_ns) == ACQ_CLOSED) {
        acq_link_close(c->link, "the server does not answer");
    }
}

void acq_client_stop(struct acq_client *c)
{
    c->stopping = true;
    if (c->link) acq_link_close(c->link, "this side ends");
    if (c->resolving) uv_cancel((uv_req_t *)&c->resolve);
    acq_client_secure(c, NULL);
}
