/* The commit log at work: round trips, kills, limits, and disks that are full or fail. */
#include "commit_help.h"

#include "base/file.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[64];
static struct test_log t;
static struct acq_err err;

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    t = (struct test_log){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

/* ---- written, read again ---- */

/* fill_and_release writes `groups`, each with up to 400 frames, and releases all but the last few. Returns the number
 * of the last frame that was released. */
static uint64_t fill_and_release(uint64_t *random, unsigned groups)
{
    enum { KEPT = 20 };
    uint64_t last_of[KEPT] = {0}, released = 0;
    for (unsigned i = 0; i < groups; i++) {
        write_group(&t, 1 + random_below(random, 400));
        if (t.group > KEPT) acq_commit_log_release(t.log, t.group - KEPT);
        if (last_of[t.group % KEPT]) released = last_of[t.group % KEPT];
        last_of[t.group % KEPT] = t.number;
    }
    return released;
}

static void round_trip(void **state)
{
    struct acq_commit_found found;
    uint64_t random = 7;
    (void)state;
    for (unsigned run = 0; run < 4; run++) {
        struct got got = {0};
        open_log(&t, folder);
        replay(&t, &got);
        acq_commit_log_forget(t.log);
        uint64_t number = t.number,
                 released = fill_and_release(&random, 300); /* some 12 MiB: every file several times */
        assert_true(released > number);
        close_log(&t, false);
        got = (struct got){0};
        found = found_in(folder, &got);
        assert_true(got.first <= released + 1 && got.first > number);
        assert_true(got.last == t.number && got.holes == 0);
        assert_true(found.frames == t.number - got.first + 1 && found.groups >= 20 && found.groups < 24);
        assert_true(!found.damaged_places && !found.damaged_bytes && !found.kept[0]);
        assert_in_range(count_segments(folder), 3, 6);
    }
}

static void ended_cleanly(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    close_log(&t, true); /* empty */
    assert_int_equal(count_segments(folder), 0);
    open_log(&t, folder);
    for (unsigned i = 0; i < 20; i++) write_group(&t, 400);
    append(&t, 10);
    close_log(&t, true);
    assert_int_equal(count_segments(folder), 0);
    assert_true(found_in(folder, &got).frames == 0 && !got.last);
}

static void written_at_the_end(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    append(&t, 1000);
    close_log(&t, false); /* writes what was never committed */
    found_in(folder, &got);
    assert_true(got.first == 1 && got.last == 1000 && !got.holes);
}

/* whatever happens before forget, all is there the next time; then nothing is */
static void forgotten_or_not(void **state)
{
    struct acq_commit_found found;
    struct got got;
    (void)state;
    open_log(&t, folder);
    for (unsigned i = 0; i < 12; i++) write_group(&t, 600);
    close_log(&t, false);
    size_t segments = count_segments(folder);
    assert_true(segments >= 2);
    open_log(&t, folder);
    got = (struct got){.stop_at = 3000};
    assert_int_equal(acq_commit_log_replay(t.log, on_frame, &got, &found, &err), ACQ_STOPPED);
    assert_true(got.last == 2999);
    close_log(&t, true); /* not even this takes away what was not forgotten */
    got = (struct got){0};
    open_log(&t, folder);
    replay(&t, &got);
    assert_true(got.first == 1 && got.last == t.number);
    write_group(&t, 5);
    acq_commit_log_release(t.log, t.group); /* not the earlier ones */
    close_log(&t, false);
    got = (struct got){0};
    found_in(folder, &got);
    assert_true(got.first == 1 && got.last == t.number && !got.holes);
    open_log(&t, folder);
    replay(&t, &(struct got){0});
    acq_commit_log_forget(t.log);
    write_group(&t, 5);
    close_log(&t, false);
    got = (struct got){0};
    assert_true(found_in(folder, &got).frames == 5 && got.last == t.number);
}

/* what comes into a group after that was released is needed all the same */
static void released_early(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    write_group(&t, 3);
    append(&t, 1);
    acq_commit_log_release(t.log, t.group);
    append(&t, 1);
    acq_commit_log_commit(t.log);
    wait_until(t.durable >= t.group);
    close_log(&t, false);
    found_in(folder, &got);
    assert_true(got.first == 4 && got.last == 5);
    open_log(&t, folder);
    append(&t, 1);
    acq_commit_log_release(t.log, t.group);
    acq_commit_log_commit(t.log);
    wait_until(t.durable >= t.group);
    struct acq_commit_state s;
    acq_commit_log_state(t.log, &s);
    acq_commit_log_forget(t.log);
    acq_commit_log_state(t.log, &s);
    assert_true(s.used == 0); /* nothing came: it is not */
    close_log(&t, false);
}

/* ---- killed ---- */

/* child writes groups until it is killed, and says which frames are durable. */
static void child(int out)
{
    uint64_t random = (uint64_t)getpid();
    open_log(&t, folder);
    struct got got = {0};
    replay(&t, &got);
    acq_commit_log_forget(t.log);
    for (;;) {
        write_group(&t, 1 + random_below(&random, 300));
        if (write(out, &t.number, sizeof t.number) != sizeof t.number) _exit(1);
        if (t.group > 10) acq_commit_log_release(t.log, t.group - 10);
    }
}

static void killed(void **state)
{
    uint64_t random = 3, told, said;
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        struct got got = {0};
        int pipes[2], status;
        assert_int_equal(pipe(pipes), 0);
        pid_t pid = fork();
        assert_true(pid >= 0); /* kill(-1) would be everybody */
        if (pid == 0) child(pipes[1]);
        close(pipes[1]);
        told = 0;
        unsigned reads = (unsigned)random_below(&random, 150);
        for (unsigned i = 0; i <= reads; i++) assert_int_equal(read(pipes[0], &told, sizeof told), sizeof told);
        usleep((unsigned)random_below(&random, 2000));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        while (read(pipes[0], &said, sizeof said) == sizeof said) told = said;
        close(pipes[0]);
        struct acq_commit_found found = found_in(folder, &got);
        assert_true(!got.holes && !found.damaged_places);
        assert_true(got.last >= told && got.last <= told + 300);
        t.number = got.last;
    }
}

/* ---- limits ---- */

static void too_small(void **state)
{
    struct acq_commit_config c = config_of(&t, folder);
    (void)state;
    c.segment_size = 4096;
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_RANGE);
    c.segment_size = SEGMENT + 1;
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_RANGE);
    c = config_of(&t, folder);
    c.size_max = 4 * SEGMENT - 1;
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_RANGE);
    c = config_of(&t, folder);
    c.waiting_max = 1000;
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_RANGE);
    c = config_of(&t, "/dev/null/x");
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_IO);
}

static void for_one_process(void **state)
{
    int status;
    (void)state;
    open_log(&t, folder);
    pid_t pid = fork();
    if (pid == 0) {
        struct acq_commit_config c = config_of(&t, folder);
        int r = acq_commit_log_open(&t.log, &c, &err);
        _exit(r == ACQ_EXISTS && strstr(err.text, "another acq serve uses") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close_log(&t, true);
    open_log(&t, folder);
    close_log(&t, true);
}

/* fill appends the longest frames until the log is full: none of them may be refused. */
static size_t fill(void)
{
    static uint8_t frame[64 * 1024];
    size_t n = 0;
    for (; !acq_commit_log_full(t.log); n++) {
        t.group = acq_commit_log_append(t.log, frame, sizeof frame);
        assert_true(t.group > 0);
        acq_commit_log_commit(t.log);
        assert_true(n < 1000);
    }
    return n;
}

static void full_in_memory(void **state)
{
    static uint8_t frame[64 * 1024 + 1];
    struct acq_commit_state s;
    (void)state;
    open_log(&t, folder);
    assert_true(acq_commit_log_append(t.log, frame, sizeof frame) == 0); /* no frame is so long */
    for (unsigned round = 0; round < 5; round++) {
        syncs_wait = true;
        assert_true(fill() > 4);
        t.group = acq_commit_log_append(t.log, frame, 64 * 1024); /* a few more have room */
        assert_true(t.group > 0);
        acq_commit_log_state(t.log, &s);
        assert_true(s.waiting > 500000 && s.waiting <= 2 * SEGMENT && !s.failing);
        for (uint64_t group; (group = acq_commit_log_append(t.log, frame, 64 * 1024));) t.group = group; /* then not */
        assert_true(acq_commit_log_full(t.log));
        syncs_wait = false;
        acq_commit_log_commit(t.log);
        wait_until(!acq_commit_log_full(t.log));
        wait_until(t.durable >= t.group);
        acq_commit_log_release(t.log, t.group);
    }
    acq_commit_log_state(t.log, &s);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(s.used, 0);
    assert_int_equal(s.durable_group, t.group);
    assert_true(s.flush_ns > 0);
    close_log(&t, true);
}

/* filled appends what there is room for. Returns whether there are as many segments as there may be, and no more room
 * comes by itself. */
static bool filled(void)
{
    fill();
    for (unsigned i = 0; i < 100 && acq_commit_log_full(t.log); i++) acq_sleep_ms(1);
    return acq_commit_log_full(t.log) && count_segments(folder) == 6;
}

static void full_on_the_disk(void **state)
{
    struct acq_commit_state s;
    (void)state;
    open_log(&t, folder);
    for (unsigned round = 0; round < 5; round++) {
        wait_until(filled());
        acq_commit_log_state(t.log, &s);
        assert_true(s.used > 2 * SEGMENT && !s.failing);
        acq_commit_log_release(t.log, t.durable);
        wait_until(t.durable >= t.group);
        wait_until(!acq_commit_log_full(t.log));
        acq_commit_log_release(t.log, t.group);
    }
    close_log(&t, true);
}

/* stuck: with the disk full of what nobody has released, closing says that the last frames are lost */
static void closed_while_full(void **state)
{
    static uint8_t frame[60 * 1024];
    (void)state;
    open_log(&t, folder);
    for (int64_t quiet = acq_now_ns(); acq_now_ns() - quiet < 300000000;)
        if (acq_commit_log_append(t.log, frame, sizeof frame)) quiet = acq_now_ns();
    err.text[0] = 0;
    assert_int_equal(acq_commit_log_close(t.log, false, &err), ACQ_IO);
    assert_non_null(strstr(err.text, "it is full"));
}

static void interval(void **state)
{
    struct acq_commit_config c = config_of(&t, folder);
    (void)state;
    c.interval_ns = 20000000;
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_OK);
    int64_t start = acq_now_ns();
    for (unsigned i = 0; i < 10; i++) write_group(&t, 1);
    assert_true(acq_now_ns() - start >= 9 * INT64_C(20000000));
    append(&t, 1);
    start = (int64_t)t.group;
    for (unsigned i = 0; i < 100; i++) { /* what comes meanwhile shares a group */
        append(&t, 1);
        acq_commit_log_commit(t.log);
    }
    assert_true((int64_t)t.group - start < 50);
    close_log(&t, false);
}

/* ---- little to do ---- */

static void tidied_up(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    while (count_segments(folder) < 6) write_group(&t, 400);
    acq_commit_log_release(t.log, t.group);
    wait_until(count_segments(folder) <= 3);
    close_log(&t, false); /* as if it was killed: it had noted what is not needed */
    struct acq_commit_found found = found_in(folder, &got);
    assert_true(found.frames == 0 && found.damaged_places == 0);
}

/* ---- a disk that fails ---- */

static void check_all_there(void)
{
    struct got got = {0};
    close_log(&t, false);
    struct acq_commit_found found = found_in(folder, &got);
    assert_true(got.first == 1 && got.last == t.number && !got.holes && !found.damaged_places);
}

static void failing(atomic_int *what, const char *reason)
{
    struct acq_commit_state s;
    open_log(&t, folder);
    write_group(&t, 10);
    *what = 4; /* four tries */
    append(&t, 100);
    acq_commit_log_commit(t.log);
    wait_until(t.failing);
    acq_commit_log_state(t.log, &s);
    assert_true(s.failing && s.durable_group < t.group);
    assert_non_null(strstr(s.reason, reason));
    append(&t, 100); /* goes on in memory */
    acq_commit_log_commit(t.log);
    wait_until(t.durable >= t.group);
    acq_commit_log_state(t.log, &s);
    assert_true(!s.failing && !s.reason[0] && !t.failing && *what == 0);
    write_group(&t, 100);
    assert_in_range(count_segments(folder), 2, 3);
    check_all_there();
}

static void flush_fails(void **state)
{
    (void)state;
    failing(&syncs_fail, "cannot write to the disk");
}

static void write_fails(void **state)
{
    (void)state;
    failing(&writes_fail, "cannot write");
}

static void closed_while_failing(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    write_group(&t, 10);
    syncs_fail = 1000000;
    append(&t, 10);
    acq_commit_log_commit(t.log);
    wait_until(t.failing);
    assert_int_equal(acq_commit_log_close(t.log, false, &err), ACQ_IO);
    assert_non_null(strstr(err.text, "the last frames could not be written"));
    syncs_fail = 0;
    found_in(folder, &got);
    assert_true(got.first == 1 && got.last >= 10 && !got.holes);
}

/* a disk of 2 MiB, full at first */
static void full_disk(void **state)
{
    static uint8_t filler[1600 * 1024];
    (void)state;
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=2m") != 0) {
        print_message("not run: this needs the right to mount a small disk\n");
        skip();
    }
    file_write(file_in(folder, "filler"), filler, sizeof filler);
    open_log(&t, folder);
    append(&t, 100);
    acq_commit_log_commit(t.log);
    wait_until(t.failing);
    append(&t, 100);
    acq_sleep_ms(500);
    assert_true(t.failing && t.durable == 0 && count_segments(folder) <= 1);
    struct acq_commit_state s;
    acq_commit_log_state(t.log, &s);
    assert_non_null(strstr(s.reason, "No space left"));
    unlink(file_in(folder, "filler"));
    acq_commit_log_commit(t.log);
    wait_until(t.durable >= t.group);
    assert_false(t.failing);
    check_all_there();
    umount(folder);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(round_trip),     T(ended_cleanly),    T(written_at_the_end), T(forgotten_or_not),
        T(released_early), T(killed),           T(too_small),          T(for_one_process),
        T(full_in_memory), T(full_on_the_disk), T(closed_while_full),  T(interval),
        T(tidied_up),      T(flush_fails),      T(write_fails),        T(closed_while_failing),
        T(full_disk),
    };
    return cmocka_run_group_tests_name("commit log", tests, NULL, NULL);
}
