/* rpc_pair.h - two ends of an rpc connection in memory, and what happens at each.
 *
 * Memory  pair_init to pair_fini. Threads one. */
#ifndef ACQ_TESTS_RPC_PAIR_H
#define ACQ_TESTS_RPC_PAIR_H

#include "help.h"

#include "base/buf.h"
#include "rpc/rpc.h"

/* One end: the rpc connection, and what its events said. */
struct side {
    struct acq_rpc *rpc;
    struct acq_rpc_call *call; /* the latest that began */
    bool many;                 /* several calls at once */
    unsigned begins, messages, half_closes, ends;
    int status; /* of the latest end */
    char message[700], path[128], header[128];
    struct acq_buf got; /* all messages, each behind its length in 4 bytes */
    /* what the test does in an event, or NULL */
    void (*on_begin)(struct side *side);
    void (*on_message)(struct side *side);
    void (*on_half_close)(struct side *side);
    void (*on_end)(struct side *side);
};

HELP void side_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct side *s = user;
    const char *header = acq_rpc_find(headers, n, "acq-test");
    s->begins++;
    s->call = call;
    snprintf(s->path, sizeof s->path, "%s", path ? path : "");
    snprintf(s->header, sizeof s->header, "%s", header ? header : "");
    if (s->on_begin) s->on_begin(s);
}

HELP void side_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct side *s = user;
    uint8_t length[4];
    if (!s->many) assert_ptr_equal(call, s->call);
    s->messages++;
    acq_put_le(length, n, 4);
    assert_int_equal(acq_buf_add(&s->got, length, 4), ACQ_OK);
    assert_int_equal(acq_buf_add(&s->got, bytes, n), ACQ_OK);
    if (s->on_message) s->on_message(s);
}

HELP void side_half_close(void *user, struct acq_rpc_call *call)
{
    struct side *s = user;
    s->half_closes++;
    s->call = call;
    if (s->on_half_close) s->on_half_close(s);
}

HELP void side_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct side *s = user;
    s->ends++;
    s->status = status;
    snprintf(s->message, sizeof s->message, "%s", message);
    if (s->call == call) s->call = NULL;
    if (s->on_end) s->on_end(s);
}

static const struct acq_rpc_events side_events = {side_begin, side_message, side_half_close, side_end};

HELP void side_init_with(struct side *s, bool server, const struct acq_rpc_limits *limits)
{
    struct acq_err err;
    *s = (struct side){.status = -1};
    acq_buf_init(&s->got, 64 << 20);
    assert_int_equal(acq_rpc_new(&s->rpc, server, limits, &side_events, s, &err), ACQ_OK);
}

HELP void side_init(struct side *s, bool server)
{
    side_init_with(s, server, NULL);
}

HELP void side_fini(struct side *s)
{
    acq_rpc_free(s->rpc);
    acq_buf_fini(&s->got);
}

/* side_message_at: message i of what came */
HELP const uint8_t *side_message_at(const struct side *s, unsigned i, size_t *n)
{
    const uint8_t *p = s->got.bytes;
    for (*n = (size_t)acq_get_le(p, 4); i; i--, *n = (size_t)acq_get_le(p, 4)) p += 4 + *n;
    return p + 4;
}

/* give hands bytes to an end in pieces of at most `piece` bytes, 0: of random sizes. Returns the first error. */
HELP int give(struct side *to, const uint8_t *bytes, size_t n, size_t piece, uint64_t *random)
{
    struct acq_err err;
    while (n) {
        size_t part = piece ? piece : 1 + random_below(random, 1u << random_below(random, 15));
        if (part > n) part = n;
        uint8_t *exact = malloc(part);
        memcpy(exact, bytes, part);
        int r = acq_rpc_receive(to->rpc, exact, part, &err);
        free(exact);
        if (r < 0) return r;
        bytes += part;
        n -= part;
    }
    return ACQ_OK;
}

/* pump moves what `from` has to send to `to`. Returns how many bytes that were. */
HELP size_t pump(struct side *from, struct side *to, size_t piece, uint64_t *random)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    size_t all = 0;
    while ((n = acq_rpc_send(from->rpc, &bytes)) > 0) {
        all += (size_t)n;
        assert_int_equal(give(to, bytes, (size_t)n, piece, random), ACQ_OK);
    }
    assert_int_equal(n, 0);
    return all;
}

struct pair {
    struct side client, server;
    uint64_t random;
    size_t piece;
};

/* pair_init_with: the limits are the server's */
HELP void pair_init_with(struct pair *p, size_t piece, const struct acq_rpc_limits *limits)
{
    side_init(&p->client, false);
    side_init_with(&p->server, true, limits);
    p->random = 91;
    p->piece = piece;
}

HELP void pair_init(struct pair *p, size_t piece)
{
    pair_init_with(p, piece, NULL);
}

HELP void pair_fini(struct pair *p)
{
    side_fini(&p->client);
    side_fini(&p->server);
}

/* settle moves bytes both ways until there are none. */
HELP void settle(struct pair *p)
{
    while (pump(&p->client, &p->server, p->piece, &p->random) + pump(&p->server, &p->client, p->piece, &p->random))
        continue;
}

HELP struct acq_rpc_call *begin_call(struct pair *p)
{
    p->client.call = acq_rpc_call(p->client.rpc, "/a.B/C", "host:1", NULL, 0);
    assert_non_null(p->client.call);
    return p->client.call;
}

HELP void side_nothing(struct side *s)
{
    (void)s;
}

HELP void side_hold(struct side *s)
{
    acq_rpc_hold(s->call, true);
}

HELP void respond(struct side *s)
{
    assert_int_equal(acq_rpc_respond(s->call, NULL, 0), ACQ_OK);
}

HELP void finish_ok(struct side *s)
{
    acq_rpc_finish(s->call, ACQ_RPC_OK, "");
}

#endif
