/* fuzz_rpc.c - bytes of the other side of a gRPC connection.
 *
 * The first byte: bit 0 we are the server, otherwise the client; bit 1 the other side's greeting and a good call come
 * before the bytes; bit 2 windows and limits are small; bit 3 a shutdown begins half-way. The next says in which pieces
 * the bytes come; between two of them the clock goes on, and every few, calls that are held are let go. A message's
 * first byte says what its receiver does: c cancels, f ends the call, h holds it, another writes it back.
 *
 * Every call that began must end, once; no call gets a message while it is held; what waits stays within its bounds. */
#include "base/buf.h"
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

enum { CALLS = 4 };

struct side {
    struct acq_rpc *rpc;
    bool server;
    unsigned began, ended, messages;
    struct acq_rpc_call *held[CALLS];
    uint32_t message_max;
};

static const struct acq_rpc_limits small = {.streams = CALLS,
                                            .message = 300,
                                            .headers = 600,
                                            .window = 2000,
                                            .unsent = 1000,
                                            .ping_after_ns = 3000000,
                                            .ping_answer_ns = 50000000};

/* find returns where a call stands among those that are held, or an empty place for NULL. */
static struct acq_rpc_call **find(struct side *s, const struct acq_rpc_call *call)
{
    for (int i = 0; i < CALLS; i++)
        if (s->held[i] == call) return &s->held[i];
    return NULL;
}

static void hold(struct side *s, struct acq_rpc_call *call)
{
    struct acq_rpc_call **place = find(s, NULL);
    if (!place) return;
    *place = call;
    acq_rpc_hold(call, true);
}

static void let_go(struct side *s)
{
    for (int i = 0; i < CALLS; i++) {
        struct acq_rpc_call *call = s->held[i];
        s->held[i] = NULL; /* it may be held again in its events */
        if (call) acq_rpc_hold(call, false);
    }
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct side *s = user;
    CHECK((path != NULL) == s->server);
    for (size_t i = 0; i < n; i++) CHECK(*headers[i].name && strlen(headers[i].value) < 10000);
    if (!s->server) return;
    s->began++;
    acq_rpc_set_user(call, s);
    if (strstr(path, "Refuse"))
        acq_rpc_finish(call, ACQ_RPC_UNIMPLEMENTED, path);
    else
        acq_rpc_respond(call, headers, 0);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct side *s = user;
    CHECK(n <= s->message_max);
    CHECK(!find(s, call));
    s->messages++;
    if (n && bytes[0] == 'c')
        acq_rpc_cancel(call);
    else if (n && bytes[0] == 'h')
        hold(s, call);
    else if (n && bytes[0] == 'f' && s->server)
        acq_rpc_finish(call, ACQ_RPC_ABORTED, "f");
    else
        (void)acq_rpc_write(call, bytes, n);
}

static void on_half_close(void *user, struct acq_rpc_call *call)
{
    CHECK(((struct side *)user)->server);
    acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct side *s = user;
    struct acq_rpc_call **place = find(s, call);
    if (place) *place = NULL;
    s->ended++;
    CHECK(status >= 0 && strlen(message) < 1000);
}

static const struct acq_rpc_events events = {on_begin, on_message, on_half_close, on_end};

/* good: what the other side sends for a good beginning, made by our own other end */
static void good(struct side *s)
{
    struct side other = {.server = !s->server, .message_max = ACQ_RPC_MESSAGE_MAX};
    struct acq_err err;
    const uint8_t *bytes;
    ptrdiff_t n;
    CHECK(acq_rpc_new(&other.rpc, other.server, NULL, &events, &other, &err) == ACQ_OK);
    if (!other.server) {
        struct acq_rpc_call *call = acq_rpc_call(other.rpc, "/a.B/C", "h", NULL, 0);
        CHECK(call && acq_rpc_write(call, (const uint8_t *)"hello", 5) == ACQ_OK);
        other.began++;
    }
    while ((n = acq_rpc_send(s->rpc, &bytes)) > 0) CHECK(acq_rpc_receive(other.rpc, bytes, (size_t)n, &err) == ACQ_OK);
    while ((n = acq_rpc_send(other.rpc, &bytes)) > 0) CHECK(acq_rpc_receive(s->rpc, bytes, (size_t)n, &err) == ACQ_OK);
    acq_rpc_free(other.rpc);
    CHECK(other.began == other.ended);
}

/* begin makes the end that is tested. */
static void begin(struct side *s, uint8_t how)
{
    struct acq_err err;
    const struct acq_rpc_limits *limits = how & 4 ? &small : &acq_rpc_default_limits;
    *s = (struct side){.server = how & 1, .message_max = limits->message};
    CHECK(acq_rpc_new(&s->rpc, s->server, limits, &events, s, &err) == ACQ_OK);
    if (!s->server) {
        struct acq_rpc_header timeout = {"grpc-timeout", "1H"};
        struct acq_rpc_call *call = acq_rpc_call(s->rpc, "/a.B/C", "h", &timeout, 1);
        CHECK(call && acq_rpc_write(call, (const uint8_t *)"hello", 5) == ACQ_OK);
        s->began++;
    }
    if (how & 2) good(s);
}

/* meanwhile: what a program does between two pieces. Returns false when the connection is at its end. */
static bool meanwhile(struct side *s, unsigned step, bool stop)
{
    const uint8_t *out;
    if (step % 3 == 2) let_go(s);
    if (stop) acq_rpc_shutdown(s->rpc);
    int r = acq_rpc_tick(s->rpc, 1 + (int64_t)step * 1000000);
    for (int i = 0; i < 1000 && acq_rpc_send(s->rpc, &out) > 0; i++) continue;
    CHECK(acq_rpc_held(s->rpc) <= CALLS * (size_t)((1 << 20) + ACQ_RPC_MESSAGE_MAX + 5));
    return r == ACQ_OK && !acq_rpc_done(s->rpc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acq_err err;
    struct side s;
    if (size < 2) return 0;
    begin(&s, data[0]);
    size_t piece = data[1] ? data[1] : size, half = size / 2;
    bool stops = data[0] & 8;
    data += 2;
    size -= 2;
    for (unsigned step = 0; size; step++) {
        size_t n = piece < size ? piece : size;
        int r = acq_rpc_receive(s.rpc, data, n, &err);
        if (!meanwhile(&s, step, stops && size <= half) || r < 0) break;
        data += n;
        size -= n;
    }
    let_go(&s);
    if (data[-1] & 1) acq_rpc_tick(s.rpc, INT64_MAX - 1); /* all deadlines pass */
    (void)meanwhile(&s, 0, false);
    acq_rpc_free(s.rpc);
    CHECK(s.began == s.ended);
    return 0;
}
