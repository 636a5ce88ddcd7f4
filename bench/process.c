#include "process.h"

#include "measure.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double whole(int pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t)) bench_fail("process %d is gone", pid);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* read_file reads the first line of a file of /proc, without its end. Returns false if it is gone. */
static bool read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "r");
    bool ok = file && fgets(line, size, file);
    if (file) fclose(file);
    if (ok) line[strcspn(line, "\n")] = 0;
    return ok;
}

static void add(struct process_cpu *cpu, const char *name, double ns)
{
    size_t i = 0;
    while (i < cpu->n && strcmp(cpu->threads[i].name, name)) i++;
    if (i == PROCESS_THREADS_MAX) bench_fail("too many kinds of threads");
    if (i == cpu->n) {
        snprintf(cpu->threads[i].name, sizeof cpu->threads[i].name, "%s", name);
        cpu->n++;
    }
    cpu->threads[i].ns += ns;
}

void process_cpu(int pid, struct process_cpu *cpu)
{
    char path[400], name[32], times[200];
    *cpu = (struct process_cpu){.ns = whole(pid)};
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (!folder) bench_fail("process %d is gone", pid);
    for (struct dirent *entry; (entry = readdir(folder));) {
        int thread = atoi(entry->d_name);
        if (thread <= 0) continue;
        snprintf(path, sizeof path, "/proc/%d/task/%d/comm", pid, thread);
        bool ok = read_line(path, name, sizeof name);
        snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", pid, thread);
        if (ok && read_line(path, times, sizeof times)) add(cpu, thread == pid ? "main" : name, atof(times));
    }
    closedir(folder);
}

double process_thread_ns(const struct process_cpu *cpu, const char *name)
{
    for (size_t i = 0; i < cpu->n; i++)
        if (!strcmp(cpu->threads[i].name, name)) return cpu->threads[i].ns;
    return 0;
}

/* field finds a number behind its name in a file of /proc/PID. */
static double field(int pid, const char *file, const char *name)
{
    char path[64], line[200];
    double value = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    FILE *f = fopen(path, "r");
    if (!f) bench_fail("process %d is gone", pid);
    while (value < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name))) value = atof(line + strlen(name));
    fclose(f);
    return value;
}

double process_written(int pid)
{
    return field(pid, "io", "write_bytes:");
}

double process_private(int pid)
{
    return field(pid, "smaps_rollup", "Private_Dirty:") * 1024;
}
