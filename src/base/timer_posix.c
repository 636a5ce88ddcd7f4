#include "base/timer.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

struct acq_timer {
    char unused; /* Linux needs no object */
};

struct acq_timer *acq_timer_new(void)
{
    /* Ordinary threads are woken up to 50 us late unless they ask not to be: prctl(2), PR_SET_TIMERSLACK. */
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    return malloc(sizeof(struct acq_timer));
}

bool acq_timer_fine(const struct acq_timer *timer)
{
    struct timespec resolution;
    (void)timer;
    /* a kernel without high-resolution timers says its tick here: clock_getres(2), time(7) */
    return clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec < 1000000;
}

void acq_timer_sleep_until(struct acq_timer *timer, int64_t deadline_ns)
{
    struct timespec t = {.tv_sec = deadline_ns / 1000000000, .tv_nsec = deadline_ns % 1000000000};
    (void)timer;
    if (deadline_ns > 0) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void acq_timer_free(struct acq_timer *timer)
{
    free(timer);
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
