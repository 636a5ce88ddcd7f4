#include "base/file.h"

#include "base/os.h"
#include "base/stop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int acq_file_open(const char *path, enum acq_file_mode mode, struct acq_err *err)
{
    static const int flags[] = {O_RDONLY, O_WRONLY | O_CREAT | O_EXCL, O_RDWR};
    bool standard_input = mode == ACQ_FILE_READ && !strcmp(path, "-");
    int fd = standard_input ? dup(0) : open(path, flags[mode] | O_CLOEXEC, 0666);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        return acq_fail(err, ACQ_IO, "%s is a folder, not a file", path);
    }
    if (fd >= 0) return fd;
    if (errno == ENOENT && mode != ACQ_FILE_CREATE)
        return acq_fail(err, ACQ_MISSING, "there is no file %s: check the name", path);
    if (errno == ENOENT) return acq_fail(err, ACQ_MISSING, "cannot make %s: its folder is not there", path);
    if (errno == EEXIST) return acq_fail(err, ACQ_EXISTS, "%s exists already and is not overwritten", path);
    return acq_fail(err, ACQ_IO, "cannot open %s: %s", path, strerror(errno));
}

FILE *acq_file_stream(int fd)
{
    return fdopen(fd, "wb");
}

void acq_file_close(int fd)
{
    close(fd);
}

ptrdiff_t acq_file_read(int fd, void *bytes, size_t n)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t got;
    /* a pipe may be silent for long, and Ctrl+C may interrupt another thread than this */
    while (poll(&ready, 1, 100) <= 0)
        if (acq_stopped()) return ACQ_IO;
    do got = read(fd, bytes, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? ACQ_IO : got;
}

ptrdiff_t acq_file_read_at(int fd, uint64_t position, void *bytes, size_t n)
{
    ssize_t got;
    if (position > INT64_MAX) return 0;
    do got = pread(fd, bytes, n, (off_t)position);
    while (got < 0 && errno == EINTR);
    return got < 0 ? ACQ_IO : got;
}

int acq_file_write(int fd, const void *bytes, size_t n, struct acq_err *err)
{
    const char *p = bytes;
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return acq_fail(err, ACQ_IO, "cannot write: %s", strerror(errno));
        p += done;
        n -= (size_t)done;
    }
    return ACQ_OK;
}

int acq_file_write_at(int fd, uint64_t position, const void *bytes, size_t n, struct acq_err *err)
{
    const char *p = bytes;
    while (n) {
        ssize_t done = pwrite(fd, p, n, (off_t)position);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return acq_fail(err, ACQ_IO, "cannot write: %s", strerror(errno));
        p += done;
        position += (uint64_t)done;
        n -= (size_t)done;
    }
    return ACQ_OK;
}

int acq_file_sync(int fd, struct acq_err *err)
{
    if (fdatasync(fd) == 0 || errno == EINVAL) return ACQ_OK; /* EINVAL: a pipe, which has no disk */
    return acq_fail(err, ACQ_IO, "cannot write to the disk: %s", strerror(errno));
}

int acq_file_seek(int fd, uint64_t position)
{
    return lseek(fd, (off_t)position, SEEK_SET) < 0 ? ACQ_IO : ACQ_OK;
}

int acq_file_truncate(int fd, uint64_t size, struct acq_err *err)
{
    if (ftruncate(fd, (off_t)size) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot cut the file: %s", strerror(errno));
}

/* fill: zeros up to `size`, for file systems that cannot reserve space */
static int fill(int fd, uint64_t size, struct acq_err *err)
{
    static const char zeros[65536];
    int64_t end = acq_file_size(fd);
    int r = end < 0 ? acq_fail(err, ACQ_IO, "cannot reserve space: this is no file") : ACQ_OK;
    for (uint64_t at = (uint64_t)end, n; r == ACQ_OK && at < size; at += n) {
        n = size - at < sizeof zeros ? size - at : sizeof zeros;
        r = acq_file_write_at(fd, at, zeros, (size_t)n, err);
    }
    return r;
}

int acq_file_allocate(int fd, uint64_t size, struct acq_err *err)
{
    int r;
    if (!size) return ACQ_OK;
    do r = fallocate(fd, 0, 0, (off_t)size);
    while (r < 0 && errno == EINTR);
    if (r == 0) return ACQ_OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return fill(fd, size, err);
    return acq_fail(err, ACQ_IO, "cannot reserve space: %s", strerror(errno));
}

bool acq_file_lock(int fd)
{
    /* more than once: acq_file_locked of another process has it for a moment */
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (errno != EWOULDBLOCK) return errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS;
        if (i == 5) return false;
        acq_sleep_ms(2);
    }
    return true;
}

bool acq_file_locked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB) < 0) return errno == EWOULDBLOCK;
    flock(fd, LOCK_UN);
    return false;
}

int64_t acq_file_size(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : ACQ_IO;
}

int64_t acq_file_free_space(const char *dir)
{
    struct statvfs st;
    if (statvfs(dir, &st) != 0) return ACQ_IO;
    uint64_t most = INT64_MAX / (st.f_frsize ? st.f_frsize : 1);
    return (int64_t)((st.f_bavail < most ? st.f_bavail : most) * st.f_frsize);
}

bool acq_path_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool acq_path_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool acq_path_is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool acq_path_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int acq_path_mkdir(const char *path)
{
    return mkdir(path, 0777) == 0 ? ACQ_OK : ACQ_IO;
}

int acq_path_rename(const char *from, const char *to, struct acq_err *err)
{
    if (rename(from, to) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot rename %s to %s: %s", from, to, strerror(errno));
}

int acq_path_remove(const char *path)
{
    return unlink(path) == 0 ? ACQ_OK : ACQ_IO;
}

int acq_path_sync_dir(const char *dir, struct acq_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0) close(fd);
    return failed ? acq_fail(err, ACQ_IO, "cannot write the folder %s to the disk: %s", dir, strerror(errno)) : ACQ_OK;
}

int acq_dir_each(const char *dir, int (*fn)(void *user, const char *name), void *user, struct acq_err *err)
{
    DIR *d = opendir(dir);
    int r = 0;
    if (!d) return acq_fail(err, ACQ_IO, "cannot read the folder %s: %s", dir, strerror(errno));
    for (struct dirent *e; !r && (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) r = fn(user, e->d_name);
    closedir(d);
    return r;
}
