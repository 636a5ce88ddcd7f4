#include "measure.h"

#include "frame/batch.h"
#include "record/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CASES_MAX = 16, ROUNDS_MAX = 101 };

volatile uint64_t bench_sink;

void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static void *grow(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory) bench_fail("no memory for the frames");
    return memory;
}

static void append(struct bench_frames *all, const uint8_t *frame, size_t n)
{
    size_t end = all->n ? all->at[all->n] : 0;
    if (all->n % 4096 == 0) {
        all->at = grow(all->at, (all->n + 4097) * sizeof *all->at);
        all->bytes = grow(all->bytes, end + 4096 * (size_t)ACQ_FRAME_MAX);
    }
    if (n > ACQ_FRAME_MAX) bench_fail("a frame of %zu bytes: none of our own is longer than %d", n, ACQ_FRAME_MAX);
    memcpy(all->bytes + end, frame, n);
    all->at[all->n++] = end;
    all->at[all->n] = end + n;
}

struct bench_frames bench_read(const char *path)
{
    struct bench_frames all = {0};
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err = {0};
    const uint8_t *frame;
    size_t n;
    int r = acq_reader_new(&reader, path, &err);
    if (r < 0) bench_fail("%s", err.text);
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK)
        while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) append(&all, frame, n);
    if (r < 0) bench_fail("%s", err.text);
    if (!all.n) bench_fail("%s has no frames", path);
    acq_reader_free(reader);
    return all;
}

double bench_cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* once: CPU time of one operation, over `times` runs of the case */
static double once(const struct bench_case *c, size_t times)
{
    double start = bench_cpu_ns();
    for (size_t i = 0; i < times; i++) c->run(c->user);
    return (bench_cpu_ns() - start) / (double)(times * c->operations);
}

void bench_alternate(const struct bench_case *cases, size_t n, unsigned rounds)
{
    static double ns[CASES_MAX][ROUNDS_MAX];
    size_t times[CASES_MAX];
    if (n > CASES_MAX || rounds > ROUNDS_MAX) bench_fail("too many cases or rounds");
    for (size_t i = 0; i < n; i++) {
        once(&cases[i], 1); /* warm */
        times[i] = (size_t)(2e6 / (once(&cases[i], 1) * (double)cases[i].operations)) + 1;
    }
    for (unsigned round = 0; round < rounds; round++)
        for (size_t i = 0; i < n; i++) ns[i][round] = once(&cases[i], times[i]);
    for (size_t i = 0; i < n; i++) {
        printf("%s\t%.2f\n", cases[i].name, bench_median(ns[i], rounds)); /* sorts */
        printf("%s_best\t%.2f\n", cases[i].name, ns[i][0]);
    }
}
