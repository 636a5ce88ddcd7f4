/* extension_threads.c - the few functions of libuv that reading needs, for the DuckDB extension, straight on POSIX
 * threads: libuv's archive is not made to be part of a loadable file, and the library is not everywhere.
 *
 * Source: libuv, docs, "Threading and synchronization utilities"; its types are those of POSIX on these systems. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

struct start {
    uv_thread_cb entry;
    void *user;
};

static void *run(void *data)
{
    struct start start = *(struct start *)data;
    free(data);
    start.entry(start.user);
    return NULL;
}

int uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *user)
{
    struct start *start = malloc(sizeof *start);
    if (!start) return UV_ENOMEM;
    *start = (struct start){entry, user};
    int failed = pthread_create(thread, NULL, run, start);
    if (failed) free(start);
    return -failed;
}

int uv_thread_join(uv_thread_t *thread)
{
    return -pthread_join(*thread, NULL);
}

int uv_mutex_init(uv_mutex_t *mutex)
{
    return -pthread_mutex_init(mutex, NULL);
}

void uv_mutex_destroy(uv_mutex_t *mutex)
{
    pthread_mutex_destroy(mutex);
}

void uv_mutex_lock(uv_mutex_t *mutex)
{
    if (pthread_mutex_lock(mutex)) abort();
}

void uv_mutex_unlock(uv_mutex_t *mutex)
{
    if (pthread_mutex_unlock(mutex)) abort();
}

int uv_cond_init(uv_cond_t *cond)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    if (failed) return -failed;
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (!failed) failed = pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
    return -failed;
}

void uv_cond_destroy(uv_cond_t *cond)
{
    pthread_cond_destroy(cond);
}

void uv_cond_signal(uv_cond_t *cond)
{
    pthread_cond_signal(cond);
}

void uv_cond_broadcast(uv_cond_t *cond)
{
    pthread_cond_broadcast(cond);
}

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex)
{
    if (pthread_cond_wait(cond, mutex)) abort();
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout_ns)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t end_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec + timeout_ns;
    t.tv_sec = (time_t)(end_ns / 1000000000);
    t.tv_nsec = (long)(end_ns % 1000000000);
    int failed = pthread_cond_timedwait(cond, mutex, &t);
    if (failed && failed != ETIMEDOUT) abort();
    return -failed;
}

void uv_once(uv_once_t *once, void (*call)(void))
{
    if (pthread_once(once, call)) abort();
}

unsigned int uv_available_parallelism(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}
