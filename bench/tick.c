/* tick.c PERIOD_US SECONDS - a loop that only waits for the next tick: what waking up alone costs on this machine.
 * Prints the CPU time in percent of one core, and how many ticks came. */
#include "measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    if (argc != 3) bench_fail("usage: bench_tick PERIOD_US SECONDS");
    int64_t period = atoll(argv[1]) * 1000, seconds = atoll(argv[2]), ticks = 0, start, now;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double cpu = bench_cpu_ns();
    for (start = now = t.tv_sec * INT64_C(1000000000) + t.tv_nsec; now - start < seconds * INT64_C(1000000000);
         ticks++) {
        now += period;
        t.tv_sec = (time_t)(now / 1000000000);
        t.tv_nsec = (long)(now % 1000000000);
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    }
    printf("cpu_percent\t%.3f\nticks\t%" PRId64 "\n", (bench_cpu_ns() - cpu) / (double)(now - start) * 100, ticks);
    return 0;
}
