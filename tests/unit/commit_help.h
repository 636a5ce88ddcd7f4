/* commit_help.h - what the tests of the commit log share: frames that say their number, a disk that fails when it is
 * told to, and what a replay gives.
 *
 * The program's own pwrite and fdatasync stand before the C library's. Threads the log's own writes; the test reads. */
#ifndef ACQ_TESTS_COMMIT_HELP_H
#define ACQ_TESTS_COMMIT_HELP_H

#include "help.h"

#include "base/os.h"
#include "ingest/commit_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SEGMENT = 800 * 1024, FRAME_MOST = 3000, PATIENCE_S = 60 };

/* ---- the disk ---- */

static atomic_int writes_fail, syncs_fail; /* so many of the next */
static atomic_bool syncs_wait;             /* until this is false again */
HELP void no_sync(void)
{
}

HELP void no_write(int fd, uint64_t at, size_t n)
{
    (void)fd, (void)at, (void)n;
}

static void (*_Atomic before_sync)(void) = no_sync;
static void (*_Atomic before_write)(int fd, uint64_t at, size_t n) = no_write;

static bool one_of(atomic_int *count)
{
    return atomic_load(count) > 0 && atomic_fetch_sub(count, 1) > 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    before_write(fd, (uint64_t)at, n);
    if (one_of(&writes_fail)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, n, at);
}

int fdatasync(int fd)
{
    before_sync();
    while (syncs_wait) acq_sleep_ms(1);
    if (one_of(&syncs_fail)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

/* ---- frames: number and length are in them, and all else follows from the number ---- */

HELP size_t make_frame(uint8_t dst[FRAME_MOST], uint64_t number)
{
    uint64_t random = number;
    size_t n = 8 + random_below(&random, number % 50 ? 300 : FRAME_MOST - 8);
    random_bytes(&random, dst, n);
    memcpy(dst, &number, 8);
    return n;
}

HELP uint64_t check_frame(const uint8_t *bytes, size_t n)
{
    uint8_t expected[FRAME_MOST];
    uint64_t number;
    assert_in_range(n, 8, FRAME_MOST);
    memcpy(&number, bytes, 8);
    assert_int_equal(make_frame(expected, number), n);
    assert_memory_equal(bytes, expected, n);
    return number;
}

/* ---- a log ---- */

struct test_log {
    struct acq_commit_log *log;
    _Atomic uint64_t durable; /* group */
    atomic_bool failing;
    uint64_t number; /* of the latest frame */
    uint64_t group;  /* that it is in */
};

HELP void on_committed(void *user)
{
    struct test_log *t = user;
    struct acq_commit_state state;
    acq_commit_log_state(t->log, &state);
    t->failing = state.failing;
    t->durable = state.durable_group;
}

HELP struct acq_commit_config config_of(struct test_log *t, const char *dir)
{
    return (struct acq_commit_config){.dir = dir,
                                      .size_max = 6 * SEGMENT,
                                      .segment_size = SEGMENT,
                                      .waiting_max = 2 * SEGMENT,
                                      .committed = on_committed,
                                      .user = t};
}

HELP void open_log(struct test_log *t, const char *dir)
{
    struct acq_commit_config config = config_of(t, dir);
    struct acq_err err = {0};
    t->durable = t->group = 0;
    t->failing = false;
    if (acq_commit_log_open(&t->log, &config, &err) != ACQ_OK) fail_msg("%s", err.text);
}

HELP void close_log(struct test_log *t, bool clean)
{
    struct acq_err err = {0};
    if (acq_commit_log_close(t->log, clean, &err) != ACQ_OK) fail_msg("%s", err.text);
}

HELP void append(struct test_log *t, size_t frames)
{
    uint8_t frame[FRAME_MOST];
    for (size_t i = 0; i < frames; i++) {
        t->group = acq_commit_log_append(t->log, frame, make_frame(frame, ++t->number));
        assert_true(t->group > 0);
    }
}

#define wait_until(condition)                                                                                      \
    do {                                                                                                           \
        int64_t begin_ = acq_now_ns();                                                                             \
        while (!(condition)) {                                                                                     \
            if (acq_now_ns() - begin_ > PATIENCE_S * INT64_C(1000000000)) fail_msg("waited in vain: " #condition); \
            acq_sleep_ms(1);                                                                                       \
        }                                                                                                          \
    } while (0)

/* write_group gathers frames, and waits until they are durable. */
HELP void write_group(struct test_log *t, size_t frames)
{
    append(t, frames);
    acq_commit_log_commit(t->log);
    wait_until(t->durable >= t->group);
}

/* ---- replayed ---- */

struct got {
    uint64_t first, last; /* numbers of frames; 0: none */
    uint64_t holes;       /* frames that lack in between */
    bool *seen;           /* by number, up to `most`; NULL: not wanted */
    uint64_t most, stop_at;
};

HELP int on_frame(void *user, const uint8_t *bytes, size_t n)
{
    struct got *got = user;
    uint64_t number = check_frame(bytes, n);
    assert_true(number > got->last); /* never one twice, never out of order */
    if (number == got->stop_at) return ACQ_STOPPED;
    if (!got->first) got->first = number;
    if (got->last) got->holes += number - got->last - 1;
    got->last = number;
    if (got->seen && number <= got->most) got->seen[number] = true;
    return ACQ_OK;
}

HELP struct acq_commit_found replay(struct test_log *t, struct got *got)
{
    struct acq_commit_found found;
    struct acq_err err = {0};
    if (acq_commit_log_replay(t->log, on_frame, got, &found, &err) != ACQ_OK) fail_msg("%s", err.text);
    return found;
}

/* found_in opens the folder, replays it, and leaves it as it is. */
HELP struct acq_commit_found found_in(const char *dir, struct got *got)
{
    struct test_log t;
    open_log(&t, dir);
    struct acq_commit_found found = replay(&t, got);
    close_log(&t, false);
    return found;
}

/* ---- files ---- */

HELP bool is_segment(const char *name)
{
    return name[0] >= '0' && name[0] <= '9' && strlen(name) == 12 && !strcmp(name + 8, ".log");
}

HELP size_t count_segments(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) n += is_segment(e->d_name);
    closedir(d);
    return n;
}

/* copy_segments copies the segments to another folder, and deletes all else there. */
HELP void copy_segments(const char *from, const char *to)
{
    char name[300];
    DIR *d = opendir(to);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') unlink(file_in(to, e->d_name));
    closedir(d);
    d = opendir(from);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n;
        if (!is_segment(e->d_name)) continue;
        snprintf(name, sizeof name, "%s", e->d_name);
        uint8_t *bytes = file_read(file_in(from, name), &n);
        file_write(file_in(to, name), bytes, n);
        free(bytes);
    }
    closedir(d);
}

#endif
