/* gRPC when memory runs out: whichever allocation fails, the ends report it or carry on, and all calls end once. */
#include "rpc_pair.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int main(void)
{
    puts("the sanitizer has the allocator to itself");
    return 77;
}
#else
/* This program's own allocator stands before the C library's, for nghttp2 too. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static long left = -1; /* allocations until one fails; < 0: none does */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

static void count_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                        size_t n)
{
    struct side *s = user;
    (void)headers, (void)n;
    s->begins++;
    s->call = call;
    if (path && acq_rpc_respond(call, NULL, 0) < 0) acq_rpc_cancel(call);
}

static void count_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct side *s = user;
    s->messages++;
    (void)call;
    if (s->path[0] != 's') return;
    if (s->messages == 2) acq_rpc_hold(call, true);
    (void)acq_rpc_write(call, bytes, n);
}

static void count_half_close(void *user, struct acq_rpc_call *call)
{
    ((struct side *)user)->half_closes++;
    acq_rpc_finish(call, ACQ_RPC_OK, "fine");
}

static void count_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct side *s = user;
    (void)message;
    if (s->call == call) s->call = NULL;
    s->ends++;
    s->status = status;
}

static const struct acq_rpc_events counting = {count_begin, count_message, count_half_close, count_end};

/* move: bytes from one end to the other until there are none, or an end fails */
static bool move(struct side *from, struct side *to)
{
    const uint8_t *bytes;
    struct acq_err err;
    ptrdiff_t n;
    bool moved = false;
    while ((n = acq_rpc_send(from->rpc, &bytes)) > 0) {
        moved = true;
        if (acq_rpc_receive(to->rpc, bytes, (size_t)n, &err) < 0) return false;
    }
    return moved;
}

/* scenario: a call with messages both ways. Returns true if all went well. */
static bool scenario(void)
{
    static uint8_t bytes[30000];
    struct side client = {.status = -1}, server = {.status = -1, .path = "server"};
    struct acq_err err;
    struct acq_rpc_call *call = NULL;
    struct acq_rpc_header timeout = {"grpc-timeout", "1H"};
    bool good = false;
    if (acq_rpc_new(&client.rpc, false, NULL, &counting, &client, &err) < 0) client.rpc = NULL;
    if (acq_rpc_new(&server.rpc, true, NULL, &counting, &server, &err) < 0) server.rpc = NULL;
    if (client.rpc && server.rpc) call = acq_rpc_call(client.rpc, "/a.B/C", "host:1", &timeout, 1);
    if (call) {
        for (int i = 0; i < 5; i++) (void)acq_rpc_write(call, bytes, sizeof bytes);
        acq_rpc_half_close(call);
        while (move(&client, &server) || move(&server, &client)) continue;
        if (server.call) acq_rpc_hold(server.call, false);
        while (move(&client, &server) || move(&server, &client)) continue;
        acq_rpc_shutdown(server.rpc);
        while (move(&server, &client) || move(&client, &server)) continue;
        for (int64_t s = 0; s < 5; s++) acq_rpc_tick(server.rpc, s * 1000000000);
        while (move(&server, &client) || move(&client, &server)) continue;
        /* nobody waits for ever: the calls have ended, or an end knows that it is lost */
        assert_true(client.ends || acq_rpc_done(client.rpc) || acq_rpc_done(server.rpc));
        good = client.ends == 1 && client.status == ACQ_RPC_OK && client.messages == 5;
    }
    acq_rpc_free(client.rpc);
    acq_rpc_free(server.rpc);
    left = -1;
    assert_int_equal(client.ends, call != NULL);
    assert_int_equal(server.ends, server.begins);
    return good;
}

static void each_allocation(void **state)
{
    long n = 0;
    bool good;
    (void)state;
    assert_true(scenario());
    do {
        left = n++;
        good = scenario();
        /* the failure may have done no harm: then look whether there were so many allocations at all */
        if (good) {
            left = 1000000;
            assert_true(scenario());
        }
    } while (!good || n < 60);
    assert_in_range(n, 60, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation)};
    return cmocka_run_group_tests_name("rpc_memory", tests, NULL, NULL);
}
#endif
