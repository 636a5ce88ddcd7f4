/* measure.h - what the benchmarks in C share: frames of a real recording, CPU time, alternated rounds, one line for
 * each figure. bench/run.py makes the table.
 *
 * Units   nanoseconds of CPU time.
 * Memory  bench_frames are read once and live as long as the program.
 * Errors  whatever fails ends the program with a sentence: a benchmark has nothing to save. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "frame/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All frames of a recording, encoded: frame i is bytes[at[i]] .. bytes[at[i + 1]] - 1. */
struct bench_frames {
    uint8_t *bytes;
    size_t *at;
    size_t n;
};

/* bench_read reads the recording at `path`. */
struct bench_frames bench_read(const char *path);

/* bench_fail prints the sentence and ends the program. */
void bench_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* bench_cpu_ns returns the CPU time of this process. */
double bench_cpu_ns(void);

/* bench_sink keeps the compiler from leaving out what nobody looks at. */
extern volatile uint64_t bench_sink;

/* One thing to measure: run() does it `operations` times. */
struct bench_case {
    const char *name;
    void (*run)(void *user);
    void *user;
    size_t operations;
};

/* bench_alternate runs the cases one after the other, `rounds` times, each as often as takes about 2 ms, and prints for
 * each "name<TAB>median of the rounds" and "name_best<TAB>shortest round", per operation. Where other programs or other
 * virtual machines share the processor, the shortest round is the one that they left alone. */
void bench_alternate(const struct bench_case *cases, size_t n, unsigned rounds);

/* bench_median sorts the n values and returns the middle one. */
double bench_median(double *values, size_t n);

#ifdef __cplusplus
}
#endif

#endif
