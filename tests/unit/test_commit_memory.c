/* The commit log when memory runs out: whichever allocation fails, what was taken is durable, and nothing is lost. */
#include "commit_help.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int main(void)
{
    puts("the sanitizer has the allocator to itself");
    return 77;
}
#else
/* This program's own allocator stands before the C library's. */
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static atomic_long left = -1;     /* allocations until one fails; < 0: none does */
static atomic_bool all_from_then; /* and all behind it */

static bool fails(void)
{
    long n = left;
    if (n < 0) return false;
    if (n > 0) left = n - 1;
    if (n == 0 && !all_from_then) left = -1;
    return n == 0;
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

/* try opens the log, replays it into `got`, and appends until it is full or has `most` frames more. Returns whether it
 * came to its end. */
static bool try(struct test_log *t, const char *folder, size_t most, struct got *got)
{
    struct acq_commit_config c = config_of(t, folder);
    struct acq_commit_found found;
    struct acq_err err;
    uint8_t frame[FRAME_MOST];
    c.segment_size *= 4; /* room for buffers to grow */
    c.size_max *= 4;
    c.waiting_max *= 3;
    int r = acq_commit_log_open(&t->log, &c, &err);
    if (r < 0) {
        assert_int_equal(r, r == ACQ_IO ? ACQ_IO : ACQ_MEMORY); /* IO: the system has no memory to open a folder */
        return false;
    }
    r = acq_commit_log_replay(t->log, on_frame, got, &found, &err);
    for (size_t i = 0; r == ACQ_OK && i < most && !acq_commit_log_full(t->log); i++)
        assert_true(acq_commit_log_append(t->log, frame, make_frame(frame, ++t->number)) > 0);
    if (r < 0) assert_int_equal(r, ACQ_MEMORY);
    left = -1;
    assert_int_equal(acq_commit_log_close(t->log, false, &err), ACQ_OK);
    return r == ACQ_OK;
}

static void memory_fails(bool all)
{
    char folder[64];
    struct test_log t = {0};
    unsigned ended = 0, rounds = 0;
    folder_make(folder);
    for (; ended < 5 && rounds < 100; rounds++) {
        struct got got = {0};
        uint64_t before = t.number;
        all_from_then = all;
        left = rounds;
        bool ends = try(&t, folder, 15000, &got);
        if (ends) assert_true(got.last == before);
        ended += ends;
        left = -1;
        got = (struct got){0};
        found_in(folder, &got);
        assert_true(got.last == t.number && got.holes == 0 && (got.first == 1 || !t.number));
    }
    assert_true(ended == 5 && rounds > 5); /* the first ones have failed */
    folder_remove(folder);
}

static void one_fails(void **state)
{
    (void)state;
    memory_fails(false);
}

static void all_fail(void **state)
{
    (void)state;
    memory_fails(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_fails), cmocka_unit_test(all_fail)};
    return cmocka_run_group_tests_name("commit log without memory", tests, NULL, NULL);
}
#endif
