/* fuzz_rpc.c - bytes of the other side of a gRPC connection.
 *
 * The first byte: bit 0 we are the server, otherwise the client; bit 1 the other side's greeting and a good call come
 * before the bytes; the next says in which pieces they come. Every call that began must end, once. */
#include "base/buf.h"
#include "rpc/rpc.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

struct side {
    struct acq_rpc *rpc;
    bool server;
    unsigned began, ended, messages;
};

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
    CHECK(n <= ACQ_RPC_MESSAGE_MAX);
    s->messages++;
    if (n && bytes[0] == 'c')
        acq_rpc_cancel(call);
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
    (void)call;
    s->ended++;
    CHECK(status >= 0 && strlen(message) < 1000);
}

static const struct acq_rpc_events events = {on_begin, on_message, on_half_close, on_end};

/* good: what the other side sends for a good beginning, made by our own other end */
static void good(struct side *s)
{
    struct side other = {.server = !s->server};
    struct acq_err err;
    const uint8_t *bytes;
    ptrdiff_t n;
    CHECK(acq_rpc_new(&other.rpc, other.server, &events, &other, &err) == ACQ_OK);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acq_err err;
    const uint8_t *out;
    if (size < 2) return 0;
    struct side s = {.server = data[0] & 1};
    size_t piece = data[1] ? data[1] : size;
    CHECK(acq_rpc_new(&s.rpc, s.server, &events, &s, &err) == ACQ_OK);
    if (!s.server) {
        struct acq_rpc_call *call = acq_rpc_call(s.rpc, "/a.B/C", "h", NULL, 0);
        CHECK(call && acq_rpc_write(call, (const uint8_t *)"hello", 5) == ACQ_OK);
        s.began++;
    }
    if (data[0] & 2) good(&s);
    data += 2;
    size -= 2;
    while (size) {
        size_t n = piece < size ? piece : size;
        int r = acq_rpc_receive(s.rpc, data, n, &err);
        for (int i = 0; i < 1000 && acq_rpc_send(s.rpc, &out) > 0; i++) continue;
        if (r < 0 || acq_rpc_done(s.rpc)) break;
        data += n;
        size -= n;
    }
    acq_rpc_free(s.rpc);
    CHECK(s.began == s.ended);
    return 0;
}
