/* power.c - preloaded into a server: writes a journal of what it does to the files of one folder, so that a test can
 * work out what a power cut would have left of them.
 *
 * Environment: POWER_FOLDER, the folder; POWER_JOURNAL, the file that records are appended to. A record is a header and
 * `n` bytes. W: written at `at`. T: cut or grown to `at`. A: grown to `at`. B, S: a sync of the file begins, has ended
 * well. N: made, the bytes are its path. D: its folder's entries are on the disk. R: renamed, the bytes are both paths,
 * NUL between. U: deleted. `file` is the inode's number, `thread` who did it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 4096 };

struct header {
    uint64_t file, at, thread;
    uint32_t n;
    char what;
} __attribute__((packed));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static const char *folder;
static uint64_t files[FILES]; /* by descriptor: the inode's number, 0: not of the folder */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    folder = getenv("POWER_FOLDER");
    journal = REAL(open)(getenv("POWER_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (!folder || journal < 0) abort();
}

static void note(char what, uint64_t file, uint64_t at, const void *bytes, size_t n)
{
    struct header h = {file, at, (uint64_t)pthread_self(), (uint32_t)n, what};
    struct iovec parts[] = {{&h, sizeof h}, {(void *)(uintptr_t)bytes, n}};
    pthread_mutex_lock(&lock);
    if (writev(journal, parts, n ? 2 : 1) != (ssize_t)(sizeof h + n)) abort();
    pthread_mutex_unlock(&lock);
}

static uint64_t file_of(int fd)
{
    return fd >= 0 && fd < FILES ? files[fd] : 0;
}

static int ours(const char *path)
{
    return folder && !strncmp(path, folder, strlen(folder));
}

int open(const char *path, int flags, ...)
{
    struct stat st;
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int there = access(path, F_OK) == 0;
    int fd = REAL(open)(path, flags, mode);
    if (fd < 0 || fd >= FILES || !ours(path) || fstat(fd, &st)) return fd;
    files[fd] = st.st_ino;
    if (!there) note('N', st.st_ino, 0, path, strlen(path));
    return fd;
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES) files[fd] = 0;
    return REAL(close)(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    ssize_t done = REAL(pwrite)(fd, bytes, n, at);
    if (done > 0 && file_of(fd)) note('W', file_of(fd), (uint64_t)at, bytes, (size_t)done);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t done = REAL(write)(fd, bytes, n);
    if (done > 0 && file_of(fd)) note('W', file_of(fd), (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), bytes, (size_t)done);
    return done;
}

int ftruncate(int fd, off_t size)
{
    int r = REAL(ftruncate)(fd, size);
    if (r == 0 && file_of(fd)) note('T', file_of(fd), (uint64_t)size, NULL, 0);
    return r;
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    int r = REAL(fallocate)(fd, mode, at, size);
    if (r == 0 && file_of(fd)) note('A', file_of(fd), (uint64_t)(at + size), NULL, 0);
    return r;
}

static int sync_file(int fd, int (*real)(int))
{
    struct stat st;
    int is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (file_of(fd) && !is_folder) note('B', file_of(fd), 0, NULL, 0);
    int r = real(fd);
    if (r == 0 && file_of(fd)) note(is_folder ? 'D' : 'S', file_of(fd), 0, NULL, 0);
    return r;
}

int fdatasync(int fd)
{
    return sync_file(fd, REAL(fdatasync));
}

int fsync(int fd)
{
    return sync_file(fd, REAL(fsync));
}

int rename(const char *from, const char *to)
{
    char both[8192];
    size_t n = strlen(from) + 1 + strlen(to);
    int r = REAL(rename)(from, to);
    if (r || !ours(to) || n > sizeof both) return r;
    memcpy(both, from, strlen(from) + 1);
    memcpy(both + strlen(from) + 1, to, strlen(to));
    note('R', 0, 0, both, n);
    return r;
}

int unlink(const char *path)
{
    int r = REAL(unlink)(path);
    if (r == 0 && ours(path)) note('U', 0, 0, path, strlen(path));
    return r;
}
