#include "base/os.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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

struct acq_timer {
    char unused; /* Linux needs no object */
};

struct acq_timer *acq_timer_new(void)
{
    /* Ordinary threads are woken up to 50 us late unless they ask not to be: prctl(2), PR_SET_TIMERSLACK. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    return malloc(sizeof(struct acq_timer));
}

void acq_timer_sleep_until(struct acq_timer *timer, int64_t deadline_ns)
{
    struct timespec t = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    (void)timer;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void acq_timer_free(struct acq_timer *timer)
{
    free(timer);
}

void acq_sleep_ms(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

bool acq_raise_priority(void)
{
    struct sched_param param = {.sched_priority = 20};
    return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
}

void acq_lower_priority(void)
{
    setpriority(PRIO_PROCESS, 0, 5); /* on Linux: of this thread alone */
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

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    if (stopped) _exit(1);
    stopped = 1;
}

void acq_on_stop(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: sleeping and reading end at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool acq_stopped(void)
{
    return stopped;
}

bool acq_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

unsigned acq_terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col) return size.ws_col;
    unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
    return n >= 20 && n <= 1000 ? (unsigned)n : 80;
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
