/* commit.c FOLDER MIB - what the commit log costs: nanoseconds of CPU of the calling thread and of the log's own for a
 * frame of 600 bytes, at saturation and paced; and microseconds from the append until a paced group is durable. The
 * log is made in FOLDER, which should be on the disk that is meant; MIB of frames may wait in memory. Prints one line
 * for each figure. */
#include "measure.h"

#include "base/os.h"
#include "ingest/commit_log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRAME = 600, FRAMES = 1000000, AT_ONCE = 64, PACED = 400, KEPT = 20, MIB = 1024 * 1024 };

struct run {
    struct acq_commit_log *log;
    uint64_t released;
    atomic_ullong thread_ns; /* CPU time of the log's thread */
    _Atomic uint64_t durable;
};

static double thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void committed(void *user)
{
    struct run *run = user;
    struct acq_commit_state state;
    acq_commit_log_state(run->log, &state);
    run->thread_ns = (unsigned long long)thread_ns();
    run->durable = state.durable_group;
}

static void wait_for(struct run *run, uint64_t group)
{
    while (run->durable < group) acq_sleep_ms(1);
}

/* release frees all but some groups: recordings would have them later */
static void release(struct run *run)
{
    if (run->durable <= run->released + KEPT) return;
    run->released = run->durable - KEPT;
    acq_commit_log_release(run->log, run->released);
}

/* saturated appends FRAMES as fast as the log takes them */
static void saturated(struct run *run, const uint8_t *frame, const char *name)
{
    uint64_t group = 0;
    double own = 0, log_ns = (double)run->thread_ns;
    int64_t begin = acq_now_ns();
    for (size_t done = 0; done < FRAMES;) {
        for (; acq_commit_log_full(run->log); acq_sleep_ms(1)) release(run);
        double start = thread_ns();
        for (size_t k = 0; k < AT_ONCE && !acq_commit_log_full(run->log); k++, done++)
            group = acq_commit_log_append(run->log, frame, FRAME);
        acq_commit_log_commit(run->log);
        own += thread_ns() - start;
        release(run);
    }
    wait_for(run, group);
    double seconds = (double)(acq_now_ns() - begin) / 1e9;
    printf("%s_append_ns\t%.1f\n", name, own / FRAMES);
    printf("%s_thread_ns\t%.1f\n", name, ((double)run->thread_ns - log_ns) / FRAMES);
    printf("%s_mb_s\t%.0f\n", name, FRAMES * (FRAME / 1e6) / seconds);
}

/* paced: groups of so many frames, one every five milliseconds */
static void paced(struct run *run, const uint8_t *frame, size_t frames)
{
    double *us = malloc(PACED * sizeof *us), log_ns = (double)run->thread_ns;
    if (!us) bench_fail("no memory");
    for (size_t i = 0; i < PACED; i++) {
        uint64_t group = 0;
        int64_t begin = acq_now_ns();
        for (size_t k = 0; k < frames; k++) group = acq_commit_log_append(run->log, frame, FRAME);
        acq_commit_log_commit(run->log);
        while (run->durable < group) {
        }
        us[i] = (double)(acq_now_ns() - begin) / 1e3;
        acq_commit_log_release(run->log, run->released = group);
        acq_sleep_ms(5);
    }
    printf("paced_%zu_thread_ns\t%.0f\n", frames, ((double)run->thread_ns - log_ns) / PACED / (double)frames);
    printf("paced_%zu_us\t%.0f\n", frames, bench_median(us, PACED));
    printf("paced_%zu_p99_us\t%.0f\n", frames, us[PACED * 99 / 100]);
    free(us);
}

int main(int argc, char **argv)
{
    struct run run = {0};
    struct acq_err err = {0};
    uint8_t frame[FRAME];
    if (argc != 3) bench_fail("usage: %s FOLDER MIB", argv[0]);
    const struct acq_commit_config config = {.dir = argv[1],
                                             .size_max = (uint64_t)512 * MIB,
                                             .segment_size = 16 * MIB,
                                             .waiting_max = (uint32_t)atoi(argv[2]) * MIB,
                                             .committed = committed,
                                             .user = &run};
    memset(frame, 0x55, sizeof frame);
    if (acq_commit_log_open(&run.log, &config, &err) < 0) bench_fail("%s", err.text);
    paced(&run, frame, 10);
    paced(&run, frame, 500);
    saturated(&run, frame, "first");
    saturated(&run, frame, "again");
    acq_commit_log_close(run.log, true, &err);
    return 0;
}
