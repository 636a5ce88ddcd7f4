/* calls.c - runs a program and counts the system calls of one of its threads.
 *
 * Usage: calls THREAD GO OUT SECONDS PROGRAM ARGUMENTS... When the file GO exists, the calls of the thread with this
 * name are counted for so long; OUT gets a line "NAME COUNT" for each kind. A SIGINT goes to the program. Exit code:
 * the program's, or 77 where the system does not let one program look at another. Source: ptrace(2). */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERS = 1024 };
static pid_t child;
static unsigned long counts[NUMBERS];

static void on_signal(int number)
{
    kill(child, number);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* thread_of returns the child's thread of this name, or 0. */
static pid_t thread_of(const char *name)
{
    char path[300], text[40];
    pid_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)child);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        snprintf(path, sizeof path, "/proc/%d/task/%s/comm", (int)child, entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file) continue;
        if (fgets(text, sizeof text, file) && !strncmp(text, name, strlen(name))) found = atoi(entry->d_name);
        fclose(file);
    }
    if (folder) closedir(folder);
    return found;
}

static int watch(pid_t thread, double seconds)
{
    int status;
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_SEIZE, thread, 0, PTRACE_O_TRACESYSGOOD) < 0) return -1;
    ptrace(PTRACE_INTERRUPT, thread, 0, 0);
    for (double end = now() + seconds;;) {
        pid_t stopped;
        while ((stopped = waitpid(thread, &status, __WALL)) < 0 && errno == EINTR) continue;
        if (stopped < 0 || !WIFSTOPPED(status)) return 0; /* the thread has ended */
        if (WSTOPSIG(status) == (SIGTRAP | 0x80) && ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 &&
            info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr < NUMBERS)
            counts[info.entry.nr]++;
        if (now() > end) return ptrace(PTRACE_DETACH, thread, 0, 0) < 0 ? -1 : 0;
        ptrace(PTRACE_SYSCALL, thread, 0, 0);
    }
}

static const char *name_of(int number)
{
    static char other[20];
    if (number == SYS_clock_nanosleep) return "clock_nanosleep";
    if (number == SYS_clock_gettime) return "clock_gettime";
    if (number == SYS_restart_syscall) return "restart_syscall"; /* the sleep that the counting itself interrupted */
    snprintf(other, sizeof other, "%d", number);
    return other;
}

static void report(const char *path)
{
    char part[500];
    snprintf(part, sizeof part, "%s.part", path);
    FILE *file = fopen(part, "w");
    for (int i = 0; file && i < NUMBERS; i++)
        if (counts[i]) fprintf(file, "%s %lu\n", name_of(i), counts[i]);
    if (file) fclose(file);
    rename(part, path);
}

int main(int argc, char **argv)
{
    int status;
    if (argc < 6) return 2;
    child = fork();
    if (child == 0) {
        execv(argv[5], argv + 5);
        _exit(127);
    }
    signal(SIGINT, on_signal);
    while (access(argv[2], F_OK) < 0 && kill(child, 0) == 0) usleep(10000);
    pid_t thread = thread_of(argv[1]);
    if (!thread || watch(thread, atof(argv[4])) < 0) {
        fprintf(stderr, "cannot look at the thread '%s': %s\n", argv[1], thread ? strerror(errno) : "it is not there");
        kill(child, SIGKILL);
        return thread ? 77 : 1;
    }
    report(argv[3]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
