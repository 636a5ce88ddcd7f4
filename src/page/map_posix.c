#include "page/map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4096 /* what is mapped of a page, in bytes: more than any game of this family fills */, GUARDS = 16 };

/* ---- pages that are cut while they are mapped ---- */

/* A page here is a file, and whoever may write it may also cut it. Reading what has gone raises SIGBUS, which would end
 * the bridge in the middle of a session. The handler puts zeros there, so that the read goes on, and says so; looking
 * for that is one load, where asking for the file's size before each sample would be system calls. systemd does the
 * same (src/basic/sigbus.c). */
struct acq_map_guard {
    atomic_uintptr_t at[ACQ_MAP_PAGES]; /* 0: none */
    atomic_size_t size[ACQ_MAP_PAGES];
    atomic_bool taken, broken;
};

static struct acq_map_guard guards[GUARDS];
static struct sigaction before;

static bool holds(struct acq_map_guard *g, uintptr_t address)
{
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        uintptr_t at = atomic_load(&g->at[page]);
        if (at && address >= at && address - at < atomic_load(&g->size[page])) return true;
    }
    return false;
}

/* on_bus: an address that is no page's is an error like any other: it is raised once more for whom it was before. */
static void on_bus(int number, siginfo_t *info, void *context)
{
    int error = errno;
    uintptr_t address = (uintptr_t)info->si_addr, page = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *start = (void *)(address / page * page);
    (void)context;
    for (int i = 0; i < GUARDS; i++) {
        if (!holds(&guards[i], address)) continue;
        if (mmap(start, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            break;
        atomic_store(&guards[i].broken, true);
        errno = error;
        return;
    }
    sigaction(number, &before, NULL);
}

static void install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
}

/* guard_page: from now on the handler knows this page. Where all guards are taken it goes without. */
static void guard_page(struct acq_map *map, enum acq_map_page page)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    for (int i = 0; i < GUARDS && !map->guard; i++) {
        if (atomic_exchange(&guards[i].taken, true)) continue;
        atomic_store(&guards[i].broken, false);
        map->guard = &guards[i];
    }
    if (!map->guard) return;
    atomic_store(&map->guard->size[page], map->size[page]);
    atomic_store(&map->guard->at[page], (uintptr_t)map->bytes[page]);
}

bool acq_map_broken(const struct acq_map *map)
{
    return map->guard && atomic_load_explicit(&map->guard->broken, memory_order_relaxed);
}

/* ---- the files ---- */

/* open_page: O_NONBLOCK because a pipe would wait for its other end. shm_open itself follows no link. */
static int open_page(const struct acq_map *map, enum acq_map_page page, bool make, struct stat *st)
{
    char name[80] = "/";
    if (acq_map_name(name + 1, sizeof name - 1, map->prefix, page, NULL) < 0) return -1;
    int fd = shm_open(name, (make ? O_RDWR | O_CREAT : O_RDONLY) | O_NONBLOCK, 0666);
    if (fd < 0 || fstat(fd, st) == 0) return fd;
    close(fd);
    return -1;
}

static int refuse(const char *shown, int reason, struct acq_err *err)
{
    if (reason == ENOENT) return acq_fail(err, ACQ_MISSING, "there is no page %s: no game is running", shown);
    if (reason == ELOOP || reason == ENXIO || reason == EISDIR)
        return acq_fail(err, ACQ_IO, "%s is not a page but a link, a pipe or a folder: remove it", shown);
    if (reason == EACCES || reason == EPERM)
        return acq_fail(err, ACQ_IO,
                        "the page %s belongs to another user and may not be read: run this program as the user who "
                        "runs the game, or let that user allow it (chmod a+r %s)",
                        shown, shown);
    return acq_fail(err, ACQ_IO, "cannot open the page %s: %s", shown, strerror(reason));
}

static size_t mapped(const struct stat *st)
{
    return st->st_size < MOST ? (size_t)st->st_size : MOST;
}

static int map_file(struct acq_map *map, enum acq_map_page page, bool make, int fd, struct stat *st, const char *shown,
                    struct acq_err *err)
{
    if (!S_ISREG(st->st_mode)) return refuse(shown, ELOOP, err);
    if (make && (size_t)st->st_size < acq_map_sizes[page] && ftruncate(fd, (off_t)acq_map_sizes[page]) == 0)
        st->st_size = (off_t)acq_map_sizes[page];
    if (st->st_size <= 0) return acq_fail(err, ACQ_MISSING, "the page %s is empty: no game is running", shown);
    void *bytes = mmap(NULL, mapped(st), make ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) return acq_fail(err, ACQ_IO, "cannot map the page %s: %s", shown, strerror(errno));
    map->bytes[page] = bytes;
    map->size[page] = mapped(st);
    map->file[page] = st->st_ino;
    guard_page(map, page);
    return ACQ_OK;
}

int acq_map_one(struct acq_map *map, enum acq_map_page page, bool make, struct acq_err *err)
{
    char name[80], shown[96];
    struct stat st;
    int r = acq_map_name(name, sizeof name, map->prefix, page, err);
    if (r < 0) return r;
    snprintf(shown, sizeof shown, "/dev/shm/%s", name);
    int fd = open_page(map, page, make, &st);
    if (fd < 0) return refuse(shown, errno, err);
    r = map_file(map, page, make, fd, &st, shown, err);
    close(fd);
    return r;
}

bool acq_map_gone(struct acq_map *map)
{
    bool gone = acq_map_broken(map);
    for (int page = 0; page < ACQ_MAP_PAGES && !gone; page++) {
        struct stat st;
        int fd = open_page(map, (enum acq_map_page)page, false, &st);
        gone = fd < 0 || st.st_ino != map->file[page] || mapped(&st) != map->size[page];
        if (fd >= 0) close(fd);
    }
    if (gone) acq_map_close(map);
    return gone;
}

/* let_go: the guard forgets the page before its memory can be another's. */
static void let_go(struct acq_map *map, int page)
{
    if (map->guard) atomic_store(&map->guard->at[page], 0);
    munmap(map->bytes[page], map->size[page]);
    map->bytes[page] = NULL;
}

void acq_map_close(struct acq_map *map)
{
    char name[80] = "/";
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        if (!map->bytes[page]) continue;
        let_go(map, page);
        if (map->owner && acq_map_name(name + 1, sizeof name - 1, map->prefix, (enum acq_map_page)page, NULL) == ACQ_OK)
            shm_unlink(name);
    }
    if (map->guard) atomic_store(&map->guard->taken, false);
    map->guard = NULL;
}
