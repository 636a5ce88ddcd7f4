/* test_map.c - the files that hold the game's pages on Linux, the name that one bridge has, and how sessions that come
 * too often are kept back. */
#include "help.h"

#include "base/single.h"
#include "bridge/calm.h"
#include "page/map.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char prefix[40];

static const char *path(enum acq_map_page page)
{
    static char text[120];
    char name[80];
    assert_int_equal(acq_map_name(name, sizeof name, prefix, page, NULL), ACQ_OK);
    snprintf(text, sizeof text, "/dev/shm/%s", name);
    return text;
}

static void make(off_t size, int value)
{
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        int fd = open(path((enum acq_map_page)page), O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, size), 0);
        assert_int_equal(pwrite(fd, &value, size < 4 ? (size_t)size : 4, 0), size < 4 ? size : 4);
        close(fd);
    }
}

static int unmake(void **state)
{
    (void)state;
    for (int page = 0; page < ACQ_MAP_PAGES; page++) remove(path((enum acq_map_page)page));
    return 0;
}

/* Every page that is cut reads as zeros, is noticed, and can be had anew when it is back. */
static void test_cut(void **state)
{
    struct acq_map map;
    struct acq_err err;
    (void)state;
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        make(580, 7);
        assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_OK);
        assert_int_equal(map.bytes[page][0], 7);
        assert_int_equal(truncate(path((enum acq_map_page)page), 0), 0);
        assert_false(acq_map_broken(&map)); /* nobody has looked yet */
        assert_int_equal(((volatile uint8_t *)map.bytes[page])[100], 0);
        assert_true(acq_map_broken(&map));
        assert_true(acq_map_gone(&map));
        assert_null(map.bytes[0]);
        assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_MISSING);
        make(580, 8);
        assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_OK);
        assert_false(acq_map_broken(&map));
        assert_int_equal(map.bytes[page][0], 8);
        acq_map_close(&map);
    }
}

/* A SIGBUS that is no page's still ends the program. */
static void test_other_bus_errors(void **state)
{
    struct acq_map map;
    (void)state;
    make(580, 7);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGBUS, SIG_DFL); /* not a sanitizer's handler, which would print */
        FILE *file = tmpfile();
        if (!file || ftruncate(fileno(file), 4096) || acq_map_open(&map, prefix, NULL) < 0) _exit(1);
        volatile uint8_t *bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
        if (bytes == MAP_FAILED || ftruncate(fileno(file), 0)) _exit(1);
        _exit(bytes[0] ? 2 : 3);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void test_sizes(void **state)
{
    static const off_t sizes[] = {1, 3, 580, 2048, 4096, (off_t)1 << 40};
    struct acq_map map;
    struct acq_err err;
    (void)state;
    make(0, 0);
    assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_MISSING);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        make(sizes[i], 1);
        assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_OK);
        assert_int_equal(map.size[0], sizes[i] < 4096 ? sizes[i] : 4096);
        assert_false(acq_map_gone(&map));
        assert_int_equal(truncate(path(ACQ_MAP_STATIC), 100), 0); /* still one page of memory: only its size tells */
        assert_true(acq_map_gone(&map));
    }
}

/* Many maps at once, more than there are guards, work all the same. */
static void test_many(void **state)
{
    enum { MANY = 40 };
    struct acq_map maps[MANY];
    (void)state;
    make(580, 7);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) assert_int_equal(acq_map_open(&maps[i], prefix, NULL), ACQ_OK);
        for (int i = 0; i < MANY; i++) acq_map_close(&maps[i]);
    }
}

static void test_refused(void **state)
{
    struct acq_map map;
    struct acq_err err;
    char path_of_another[140];
    (void)state;
    snprintf(path_of_another, sizeof path_of_another, "/dev/shm/%s_another", prefix);
    make(580, 7);
    remove(path(ACQ_MAP_GRAPHICS));
    assert_int_equal(mkfifo(path(ACQ_MAP_GRAPHICS), 0600), 0);
    assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_IO); /* and does not wait */
    assert_non_null(strstr(err.text, "_graphics is not a page but"));
    assert_null(map.bytes[ACQ_MAP_PHYSICS]); /* what was open is closed */
    assert_int_equal(acq_map_create(&map, prefix, &err), ACQ_IO);
    unmake(NULL);
    make(580, 7);
    assert_int_equal(rename(path(ACQ_MAP_GRAPHICS), path_of_another), 0);
    assert_int_equal(symlink(path_of_another, path(ACQ_MAP_GRAPHICS)), 0);
    assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_IO);
    assert_int_equal(acq_map_create(&map, prefix, &err), ACQ_IO);
    unmake(NULL);
    assert_int_equal(remove(path_of_another), 0);
    assert_int_equal(acq_map_open(&map, prefix, &err), ACQ_MISSING);
}

static void test_single(void **state)
{
    struct acq_single one, two, other;
    struct acq_err err;
    char longest[200];
    (void)state;
    assert_int_equal(acq_single_take(&one, prefix, &err), ACQ_OK);
    assert_int_equal(acq_single_take(&two, prefix, &err), ACQ_EXISTS);
    assert_non_null(strstr(err.text, prefix));
    acq_single_release(&two);
    assert_int_equal(acq_single_take(&two, prefix, &err), ACQ_EXISTS);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(acq_single_take(&other, longest, &err), ACQ_OK);
    acq_single_release(&other);
    acq_single_release(&one);
    acq_single_release(&one); /* twice does no harm */
    assert_int_equal(acq_single_take(&two, prefix, &err), ACQ_OK);
    acq_single_release(&two);
}

static void test_calm(void **state)
{
    enum { MS = 1000000 };
    struct acq_calm calm = {0};
    int64_t now = 1000, wait = 0;
    (void)state;
    for (int i = 1; i < ACQ_CALM_FREE; i++) {
        assert_true(acq_calm_allows(&calm, now));
        assert_int_equal(acq_calm_ended(&calm, now, now + 3 * MS), 0);
        now += 3 * MS;
    }
    for (int i = 0; i < 12; i++) { /* twice as long each time, to a minute */
        assert_true(acq_calm_allows(&calm, now));
        int64_t next = acq_calm_ended(&calm, now, now);
        assert_true(next == (wait ? 2 * wait : ACQ_CALM_FIRST_NS) || next == ACQ_CALM_MOST_NS);
        wait = next;
        assert_false(acq_calm_allows(&calm, now));
        assert_false(acq_calm_allows(&calm, now + wait - 1));
        now += wait;
    }
    assert_true(wait == ACQ_CALM_MOST_NS);
    calm.told = true;
    assert_int_equal(acq_calm_ended(&calm, now, now + ACQ_CALM_SHORT_NS), 0); /* one real session, and all is well */
    assert_true(acq_calm_allows(&calm, now) && !calm.told && !calm.brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_cut, unmake),
        cmocka_unit_test_teardown(test_other_bus_errors, unmake),
        cmocka_unit_test_teardown(test_sizes, unmake),
        cmocka_unit_test_teardown(test_many, unmake),
        cmocka_unit_test_teardown(test_refused, unmake),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_calm),
    };
    snprintf(prefix, sizeof prefix, "unit%ld", (long)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
