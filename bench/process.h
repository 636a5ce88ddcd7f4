/* process.h - what another process takes, as Linux's /proc tells it.
 *
 * Units   nanoseconds, bytes.
 * Errors  a process that is not there ends the program with a sentence. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stddef.h>

enum { PROCESS_THREADS_MAX = 64 };

/* CPU time of a process, and of its threads that live, by their names: the main thread is "main". */
struct process_cpu {
    double ns;
    struct process_thread {
        char name[32];
        double ns;
    } threads[PROCESS_THREADS_MAX];
    size_t n;
};

void process_cpu(int pid, struct process_cpu *cpu);

/* process_thread_ns returns the CPU time of the threads `name`, 0 where there is none. */
double process_thread_ns(const struct process_cpu *cpu, const char *name);

/* process_written returns how many bytes the process has made the disk write. */
double process_written(int pid);

/* process_private returns the memory that the process has written and shares with nobody. */
double process_private(int pid);

#endif
