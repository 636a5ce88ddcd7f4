#include "base/os.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t acq_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t acq_utc_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

double acq_cpu_seconds(void)
{
    return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}

void acq_sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

void acq_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void acq_thread_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}

bool acq_random(void *bytes, size_t n)
{
    return getrandom(bytes, n, 0) == (ssize_t)n; /* up to 256 bytes are never cut: getrandom(2) */
}

bool acq_args(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN); /* a reader that goes away is an error of write(), not the program's end */
    return true;
}

bool acq_executable_dir(char *dst, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", dst, size);
    if (n <= 0 || (size_t)n >= size) return false;
    dst[n] = 0;
    char *slash = strrchr(dst, '/');
    if (!slash) return false;
    *slash = 0;
    return true;
}
