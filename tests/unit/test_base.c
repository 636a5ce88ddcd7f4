/* The base: addresses, buffers, paths, files, errors, ids, log lines. */
#include "help.h"

#include "base/addr.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/os.h"
#include "base/timer.h"

#include <sys/stat.h>
#include <sys/wait.h>

static struct acq_err err;
static char folder[64];

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* ---- addresses ---- */

static void good(const char *text, const char *host, const char *port)
{
    struct acq_addr addr;
    assert_int_equal(acq_addr_parse(&addr, text, &err), ACQ_OK);
    assert_string_equal(addr.host, host);
    assert_string_equal(addr.port, port);
}

static void bad(const char *text)
{
    struct acq_addr addr;
    err.text[0] = 0;
    if (acq_addr_parse(&addr, text, &err) != ACQ_USAGE) fail_msg("'%s' was taken for an address", text);
    assert_non_null(strstr(err.text, "HOST:PORT"));
}

static void addresses(void **state)
{
    char longest[300];
    (void)state;
    good("example.org:80", "example.org", "80");
    good("example.org", "example.org", "50051");
    good(":1234", "127.0.0.1", "1234");
    good("", "127.0.0.1", "50051");
    good("[::1]:80", "::1", "80");
    good("[fe80::1]", "fe80::1", "50051");
    good("127.0.0.1:0", "127.0.0.1", "0");
    good("h:65535", "h", "65535");
    bad("h:65536");
    bad("h:");
    bad("h:-1");
    bad("h:8o");
    bad("h: 80");
    bad("h:000080");
    bad("::1");
    bad("[::1");
    bad("[::1]80");
    bad("[::1]:");
    bad("a:b:c");
    bad("http://h:80");
    memset(longest, 'a', sizeof longest);
    longest[254] = 0;
    bad(longest);
    longest[253] = 0;
    good(longest, longest, "50051");
}

static bool loopback(const char *text)
{
    struct acq_addr addr;
    assert_int_equal(acq_addr_parse(&addr, text, &err), ACQ_OK);
    return acq_addr_is_loopback(&addr);
}

static void loopbacks(void **state)
{
    (void)state;
    assert_true(loopback(""));
    assert_true(loopback("127.0.0.1"));
    assert_true(loopback("127.1.2.3:50051"));
    assert_true(loopback("localhost"));
    assert_true(loopback("[::1]"));
    assert_false(loopback("0.0.0.0"));
    assert_false(loopback("[::]"));
    assert_false(loopback("192.168.0.1"));
    assert_false(loopback("128.0.0.1"));
    assert_false(loopback("127.example.org")); /* a name that anybody may register */
    assert_false(loopback("127.0.0.1.example.org"));
    assert_false(loopback("localhost.example.org"));
}

/* ---- buffers ---- */

static void buffers(void **state)
{
    struct acq_buf b;
    uint64_t random = 81;
    uint8_t expected[5000], piece[300];
    size_t n = 0;
    (void)state;
    acq_buf_init(&b, 4000);
    assert_true(!b.bytes && !b.len);
    for (unsigned i = 0; i < 20000; i++) {
        size_t size = random_below(&random, sizeof piece);
        if (random_below(&random, 2)) {
            random_bytes(&random, piece, size);
            int r = acq_buf_add(&b, piece, size);
            assert_int_equal(r, n + size <= 4000 ? ACQ_OK : ACQ_RANGE);
            if (r == ACQ_OK) memcpy(expected + n, piece, size);
            if (r == ACQ_OK) n += size;
        } else {
            if (size > n) size = n;
            acq_buf_drop(&b, size);
            memmove(expected, expected + size, n -= size);
        }
        assert_int_equal(b.len, n);
        assert_true(b.room <= 4000 && b.room >= n);
        if (n) assert_memory_equal(b.bytes, expected, n);
    }
    assert_int_equal(acq_buf_reserve(&b, SIZE_MAX), ACQ_RANGE);
    assert_int_equal(acq_buf_reserve(&b, 4000 - n), ACQ_OK);
    assert_int_equal(acq_buf_reserve(&b, 4001 - n), ACQ_RANGE);
    assert_int_equal(acq_buf_add(&b, NULL, 0), ACQ_OK);
    acq_buf_fini(&b);
    acq_buf_fini(&b);
}

static void little_end_first(void **state)
{
    uint8_t bytes[9] = {0};
    (void)state;
    acq_put_le(bytes, 0x1122334455667788, 8);
    assert_memory_equal(bytes, "\x88\x77\x66\x55\x44\x33\x22\x11\x00", 9);
    assert_true(acq_get_le(bytes, 8) == 0x1122334455667788);
    assert_int_equal(acq_get_le(bytes, 4), 0x55667788);
    acq_put_le(bytes, 0xabcd, 2);
    assert_int_equal(acq_get_le(bytes, 3), 0x66abcd);
}

/* ---- paths and files ---- */

static void paths(void **state)
{
    char dst[32];
    (void)state;
    assert_int_equal(acq_path_join(dst, sizeof dst, "a", "b"), ACQ_OK);
    assert_string_equal(dst, "a/b");
    acq_path_join(dst, sizeof dst, "a/", "b");
    assert_string_equal(dst, "a/b");
    acq_path_join(dst, sizeof dst, "", "b");
    assert_string_equal(dst, "b");
    acq_path_join(dst, sizeof dst, "/", "b");
    assert_string_equal(dst, "/b");
    assert_int_equal(acq_path_join(dst, 3, "a", "b"), ACQ_RANGE);
    assert_string_equal(acq_path_base("/a/b.c"), "b.c");
    assert_string_equal(acq_path_base("b"), "b");
    assert_string_equal(acq_path_base("a/"), "");
    assert_true(acq_has_suffix("x.pb.gz", ".pb.gz") && acq_has_suffix("x", "") && !acq_has_suffix("gz", ".gz"));
}

static void unused_names(void **state)
{
    char dst[200], expected[200];
    static const char *const names[] = {"run.pb.gz", "run-2.pb.gz", "run-3.pb.gz"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(acq_path_unused(dst, sizeof dst, file_in(folder, "run.pb.gz")), ACQ_OK);
        assert_string_equal(dst, file_in(folder, names[i]));
        file_write(dst, "", 0);
    }
    file_write(file_in(folder, "plain"), "", 0);
    snprintf(expected, sizeof expected, "%s/plain-2", folder);
    assert_int_equal(acq_path_unused(dst, sizeof dst, file_in(folder, "plain")), ACQ_OK);
    assert_string_equal(dst, expected);
    assert_int_equal(acq_path_unused(dst, strlen(expected) - 1, file_in(folder, "plain")), ACQ_RANGE);
    assert_int_equal(acq_path_unused(dst, strlen(expected), file_in(folder, "plain")), ACQ_RANGE);
    /* a dot in a folder's name is no extension */
    assert_int_equal(acq_path_unused(dst, sizeof dst, "/a.b/c"), ACQ_OK);
    assert_string_equal(dst, "/a.b/c");
}

static int count_names(void *user, const char *name)
{
    assert_true(strcmp(name, ".") && strcmp(name, ".."));
    ++*(int *)user;
    return 0;
}

static int first_name(void *user, const char *name)
{
    (void)user, (void)name;
    return 7;
}

static void files(void **state)
{
    const char *path = file_in(folder, "é file");
    char bytes[16];
    int names = 0;
    (void)state;
    int fd = acq_file_open(path, ACQ_FILE_CREATE, &err);
    assert_true(fd >= 0);
    assert_int_equal(acq_file_write(fd, "hello world", 11, &err), ACQ_OK);
    assert_int_equal(acq_file_sync(fd, &err), ACQ_OK);
    assert_int_equal(acq_file_truncate(fd, 5, &err), ACQ_OK);
    assert_true(acq_file_size(fd) == 5);
    acq_file_close(fd);
    assert_int_equal(acq_file_open(path, ACQ_FILE_CREATE, &err), ACQ_EXISTS);
    fd = acq_file_open(path, ACQ_FILE_READ, &err);
    assert_int_equal(acq_file_read(fd, bytes, sizeof bytes), 5);
    assert_int_equal(acq_file_read(fd, bytes, sizeof bytes), 0);
    assert_int_equal(acq_file_seek(fd, 4), ACQ_OK);
    assert_int_equal(acq_file_read(fd, bytes, sizeof bytes), 1);
    assert_int_equal(acq_file_write(fd, "x", 1, &err), ACQ_IO); /* opened to be read */
    acq_file_close(fd);
    assert_int_equal(acq_file_read(fd, bytes, 1), ACQ_IO);
    assert_int_equal(acq_file_open(file_in(folder, "none"), ACQ_FILE_READ, &err), ACQ_MISSING);
    assert_int_equal(acq_file_open(file_in(folder, "none"), ACQ_FILE_UPDATE, &err), ACQ_MISSING);
    assert_int_equal(acq_file_open(folder, ACQ_FILE_READ, &err), ACQ_IO);
    assert_int_equal(acq_path_rename(path, file_in(folder, "b"), &err), ACQ_OK);
    assert_false(acq_path_exists(path));
    assert_int_equal(acq_path_rename(path, file_in(folder, "b"), &err), ACQ_IO);
    assert_int_equal(acq_path_sync_dir(folder, &err), ACQ_OK);
    assert_int_equal(acq_path_sync_dir(file_in(folder, "b"), &err), ACQ_IO);
    assert_int_equal(acq_dir_each(folder, count_names, &names, &err), 0);
    assert_true(names >= 1);
    assert_int_equal(acq_dir_each(folder, first_name, NULL, &err), 7);
    assert_int_equal(acq_dir_each(file_in(folder, "b"), first_name, NULL, &err), ACQ_IO);
    assert_int_equal(acq_path_remove(file_in(folder, "b")), ACQ_OK);
    assert_int_equal(acq_path_remove(file_in(folder, "b")), ACQ_IO);
}

static void written_in_place(void **state)
{
    const char *path = file_in(folder, "in-place");
    uint8_t bytes[12];
    (void)state;
    int fd = acq_file_open(path, ACQ_FILE_CREATE, &err);
    assert_int_equal(acq_file_write_at(fd, 6, "world", 5, &err), ACQ_OK);
    assert_int_equal(acq_file_write_at(fd, 0, "hello", 5, &err), ACQ_OK);
    assert_int_equal(acq_file_write_at(fd, 3, "", 0, &err), ACQ_OK);
    acq_file_close(fd);
    assert_int_equal(acq_file_write_at(fd, 0, "x", 1, &err), ACQ_IO);
    assert_non_null(strstr(err.text, "cannot write"));
    fd = acq_file_open(path, ACQ_FILE_READ, &err);
    assert_int_equal(acq_file_read(fd, bytes, sizeof bytes), 11);
    assert_memory_equal(bytes, "hello\0world", 11);
    acq_file_close(fd);
    unlink(path);
}

static void allocated(void **state)
{
    enum { SIZE = 300000 };
    const char *path = file_in(folder, "allocated");
    struct stat st;
    uint8_t bytes[8];
    (void)state;
    int fd = acq_file_open(path, ACQ_FILE_CREATE, &err);
    assert_int_equal(acq_file_allocate(fd, 0, &err), ACQ_OK);
    assert_true(acq_file_size(fd) == 0);
    assert_int_equal(acq_file_write(fd, "abc", 3, &err), ACQ_OK);
    assert_int_equal(acq_file_allocate(fd, SIZE, &err), ACQ_OK);
    assert_true(acq_file_size(fd) == SIZE);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_blocks * 512 >= SIZE);
    assert_int_equal(acq_file_allocate(fd, 10, &err), ACQ_OK); /* never cuts */
    assert_true(acq_file_size(fd) == SIZE);
    assert_int_equal(acq_file_allocate(fd, UINT64_C(1) << 60, &err), ACQ_IO);
    assert_non_null(strstr(err.text, "cannot reserve space"));
    acq_file_close(fd);
    assert_int_equal(acq_file_allocate(fd, 10, &err), ACQ_IO);
    fd = acq_file_open(path, ACQ_FILE_READ, &err);
    assert_int_equal(acq_file_read_at(fd, 0, bytes, 8), 8);
    assert_memory_equal(bytes, "abc\0\0\0\0", 8);
    assert_int_equal(acq_file_read_at(fd, SIZE - 4, bytes, 8), 4);
    assert_memory_equal(bytes, "\0\0\0", 4);
    acq_file_close(fd);
    unlink(path);
}

/* another_process_locks: whether a child process gets the lock of the file */
static bool another_process_locks(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        int fd = acq_file_open(path, ACQ_FILE_UPDATE, NULL);
        _exit(fd < 0 ? 2 : acq_file_lock(fd) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 1;
}

static void locks(void **state)
{
    const char *path = file_in(folder, "lock");
    (void)state;
    file_write(path, "free", 4);
    assert_true(another_process_locks(path)); /* and loses it as it ends */
    int a = acq_file_open(path, ACQ_FILE_UPDATE, &err), b = acq_file_open(path, ACQ_FILE_READ, &err);
    char bytes[4];
    assert_true(acq_file_lock(a));
    assert_true(acq_file_lock(a)); /* it has it */
    assert_false(acq_file_lock(b));
    assert_true(acq_file_locked(b));
    assert_false(another_process_locks(path));
    assert_int_equal(acq_file_read(b, bytes, 4), 4); /* reading needs no lock */
    acq_file_close(a);
    assert_false(acq_file_locked(b));
    assert_true(another_process_locks(path)); /* asking has not taken it */
    assert_true(acq_file_lock(b));
    acq_file_close(b);
    assert_false(acq_file_lock(b));
    unlink(path);
}

static void free_space(void **state)
{
    (void)state;
    assert_true(acq_file_free_space(folder) > 0);
    assert_true(acq_file_free_space(file_in(folder, "none")) == ACQ_IO);
}

static void folders(void **state)
{
    char path[200], longest[1100];
    (void)state;
    snprintf(path, sizeof path, "%s/x/y/z", folder);
    assert_int_equal(acq_path_mkdirs(path, &err), ACQ_OK);
    assert_true(acq_path_is_dir(path));
    assert_int_equal(acq_path_mkdirs(path, &err), ACQ_OK);
    file_write(file_in(folder, "x/y/z/file"), "", 0);
    assert_false(acq_path_is_dir(file_in(folder, "x/y/z/file")));
    assert_int_equal(acq_path_mkdirs(file_in(folder, "x/y/z/file"), &err), ACQ_IO);
    assert_int_equal(acq_path_mkdirs(file_in(folder, "x/y/z/file/deeper"), &err), ACQ_IO);
    assert_int_equal(acq_path_mkdirs("", &err), ACQ_IO);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(acq_path_mkdirs(longest, &err), ACQ_RANGE);
    unlink(file_in(folder, "x/y/z/file"));
    rmdir(path);
    rmdir(file_in(folder, "x/y"));
    rmdir(file_in(folder, "x"));
}

/* ---- errors, ids, clocks ---- */

static void errors(void **state)
{
    char big[1000];
    (void)state;
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    assert_int_equal(acq_fail(&err, ACQ_IO, "%d%%", 5), ACQ_IO);
    assert_true(err.code == ACQ_IO && !strcmp(err.text, "5%"));
    assert_int_equal(acq_fail(NULL, ACQ_FORMAT, "%s", big), ACQ_FORMAT);
    acq_fail(&err, ACQ_RANGE, "%s", big);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_int_equal(acq_exit_code(ACQ_OK), 0);
    assert_int_equal(acq_exit_code(ACQ_END), 0);
    assert_int_equal(acq_exit_code(ACQ_IO), 1);
    assert_int_equal(acq_exit_code(ACQ_USAGE), 2);
}

static void ids(void **state)
{
    char a[37], b[37], ms[13] = {0};
    int64_t before = acq_utc_ns() / 1000000;
    (void)state;
    assert_true(acq_uuid7(a) && acq_uuid7(b));
    int64_t after = acq_utc_ns() / 1000000;
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    for (size_t i = 0; i < 36; i++)
        assert_true(i == 8 || i == 13 || i == 18 || i == 23 ? a[i] == '-' : strchr("0123456789abcdef", a[i]) != NULL);
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    memcpy(ms, a, 8);
    memcpy(ms + 8, a + 9, 4);
    assert_in_range(strtoll(ms, NULL, 16), before, after);
}

static void clocks(void **state)
{
    struct acq_timer *timer = acq_timer_new();
    int64_t start = acq_now_ns();
    (void)state;
    assert_non_null(timer);
    acq_timer_sleep_until(timer, start + 2000000);
    assert_true(acq_now_ns() >= start + 2000000);
    int64_t again = acq_now_ns();
    acq_timer_sleep_until(timer, again - 1000000000); /* past: at once */
    assert_true(acq_now_ns() - again < 1000000000);
    acq_sleep_ms(2);
    assert_true(acq_now_ns() - again >= 2000000);
    acq_timer_free(timer);
    assert_true(acq_utc_ns() > INT64_C(1700000000000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),  cmocka_unit_test(loopbacks),
        cmocka_unit_test(buffers),    cmocka_unit_test(little_end_first),
        cmocka_unit_test(paths),      cmocka_unit_test(unused_names),
        cmocka_unit_test(files),      cmocka_unit_test(written_in_place),
        cmocka_unit_test(allocated),  cmocka_unit_test(locks),
        cmocka_unit_test(free_space), cmocka_unit_test(folders),
        cmocka_unit_test(errors),     cmocka_unit_test(ids),
        cmocka_unit_test(clocks),
    };
    return cmocka_run_group_tests_name("base", tests, begin, end);
}
