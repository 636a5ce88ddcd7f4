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
    if (s->rpc && s->path[0] == 's') (void)acq_rpc_write(call, bytes, n);
}

static void count_half_close(void *user, struct acq_rpc_call *call)
{
    ((struct side *)user)->half_closes++;
    acq_rpc_finish(call, ACQ_RPC_OK, "fine");
}

static void count_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct side *s = user;
    (void)call, (void)message;
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
    bool good = false;
    if (acq_rpc_new(&client.rpc, false, &counting, &client, &err) < 0) client.rpc = NULL;
    if (acq_rpc_new(&server.rpc, true, &counting, &server, &err) < 0) server.rpc = NULL;
    if (client.rpc && server.rpc) call = acq_rpc_call(client.rpc, "/a.B/C", "host:1", NULL, 0);
    if (call) {
        for (int i = 0; i < 5; i++) (void)acq_rpc_write(call, bytes, sizeof bytes);
        acq_rpc_half_close(call);
        while (move(&client, &server) || move(&server, &client)) continue;
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
