#include "base/file.h"

#include "base/os.h"
#include "base/wide.h"

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int opened(HANDLE file, int flags)
{
    int fd = _open_osfhandle((intptr_t)file, flags | _O_BINARY);
    if (fd < 0) CloseHandle(file);
    return fd;
}

int acq_file_open(const char *path, enum acq_file_mode mode, struct acq_err *err)
{
    static const DWORD access[] = {GENERIC_READ, GENERIC_WRITE, GENERIC_READ | GENERIC_WRITE};
    static const DWORD how[] = {OPEN_EXISTING, CREATE_NEW, OPEN_EXISTING};
    wchar_t w[ACQ_WIDE_MAX];
    if (mode == ACQ_FILE_READ && !strcmp(path, "-")) {
        _setmode(0, _O_BINARY);
        int fd = _dup(0);
        return fd >= 0 ? fd : acq_fail(err, ACQ_IO, "cannot read standard input: it is closed");
    }
    /* others may read, rename and delete the file while it is open, as on Linux */
    HANDLE file =
        CreateFileW(acq_wide_path(path, w), access[mode], FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    how[mode], FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        int fd = opened(file, mode == ACQ_FILE_READ ? _O_RDONLY : 0);
        return fd >= 0 ? fd : acq_fail(err, ACQ_IO, "cannot open %s: too many files are open", path);
    }
    DWORD e = GetLastError();
    if (e == ERROR_ACCESS_DENIED && acq_path_is_dir(path))
        return acq_fail(err, ACQ_IO, "%s is a folder, not a file", path);
    if (mode == ACQ_FILE_CREATE && e == ERROR_PATH_NOT_FOUND)
        return acq_fail(err, ACQ_MISSING, "cannot make %s: its folder is not there", path);
    if (mode == ACQ_FILE_CREATE && e == ERROR_INVALID_NAME)
        return acq_fail(err, ACQ_IO, "cannot make %s: Windows allows no such name", path);
    if (e == ERROR_FILE_NOT_FOUND || e == ERROR_PATH_NOT_FOUND || e == ERROR_INVALID_NAME)
        return acq_fail(err, ACQ_MISSING, "there is no file %s: check the name", path);
    if (e == ERROR_FILE_EXISTS) return acq_fail(err, ACQ_EXISTS, "%s exists already and is not overwritten", path);
    return acq_fail(err, ACQ_IO, "cannot open %s: Windows error %lu", path, e);
}

FILE *acq_file_stream(int fd)
{
    return _fdopen(fd, "wb");
}

void acq_file_close(int fd)
{
    _close(fd);
}

ptrdiff_t acq_file_read(int fd, void *bytes, size_t n)
{
    int got = _read(fd, bytes, n > 1u << 30 ? 1u << 30 : (unsigned)n);
    return got < 0 ? ACQ_IO : got;
}

ptrdiff_t acq_file_read_at(int fd, uint64_t position, void *bytes, size_t n)
{
    OVERLAPPED at = {.Offset = (DWORD)position, .OffsetHigh = (DWORD)(position >> 32)};
    DWORD got, most = n > 1u << 30 ? 1u << 30 : (DWORD)n;
    if (ReadFile((HANDLE)_get_osfhandle(fd), bytes, most, &got, &at)) return (ptrdiff_t)got;
    return GetLastError() == ERROR_HANDLE_EOF ? 0 : ACQ_IO;
}

int acq_file_write(int fd, const void *bytes, size_t n, struct acq_err *err)
{
    const char *p = bytes;
    while (n) {
        int done = _write(fd, p, n > 1u << 30 ? 1u << 30 : (unsigned)n);
        if (done <= 0) return acq_fail(err, ACQ_IO, "cannot write: %s", done ? strerror(errno) : "the disk is full");
        p += done;
        n -= (size_t)done;
    }
    return ACQ_OK;
}

int acq_file_write_at(int fd, uint64_t position, const void *bytes, size_t n, struct acq_err *err)
{
    const char *p = bytes;
    while (n) {
        OVERLAPPED at = {.Offset = (DWORD)position, .OffsetHigh = (DWORD)(position >> 32)};
        DWORD done = 0, most = n > 1u << 30 ? 1u << 30 : (DWORD)n;
        if (!WriteFile((HANDLE)_get_osfhandle(fd), p, most, &done, &at) || !done)
            return acq_fail(err, ACQ_IO, "cannot write: Windows error %lu", GetLastError());
        p += done;
        position += done;
        n -= done;
    }
    return ACQ_OK;
}

int acq_file_sync(int fd, struct acq_err *err)
{
    if (_commit(fd) == 0 || errno == EBADF) return ACQ_OK; /* EBADF: a pipe, which has no disk */
    return acq_fail(err, ACQ_IO, "cannot write to the disk: %s", strerror(errno));
}

int acq_file_seek(int fd, uint64_t position)
{
    return _lseeki64(fd, (int64_t)position, SEEK_SET) < 0 ? ACQ_IO : ACQ_OK;
}

int acq_file_truncate(int fd, uint64_t size, struct acq_err *err)
{
    if (_chsize_s(fd, (int64_t)size) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot cut the file: %s", strerror(errno));
}

/* fill: zeros from one position to another, where the system cannot reserve space otherwise */
static int fill(int fd, uint64_t from, uint64_t to, struct acq_err *err)
{
    static const char zeros[65536];
    int result = ACQ_OK;
    while (from < to && result == ACQ_OK) {
        size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        result = acq_file_write_at(fd, from, zeros, n, err);
        from += n;
    }
    return result;
}

int acq_file_allocate(int fd, uint64_t size, struct acq_err *err)
{
    FILE_ALLOCATION_INFO room = {.AllocationSize.QuadPart = (LONGLONG)size};
    int64_t end = acq_file_size(fd);
    if (end < 0) return acq_fail(err, ACQ_IO, "cannot reserve space: this is no file");
    if ((uint64_t)end >= size) return ACQ_OK;
    /* space that is reserved but lies behind the end is given back at the close: the end has to move too */
    if (!SetFileInformationByHandle((HANDLE)_get_osfhandle(fd), FileAllocationInfo, &room, sizeof room)) {
        DWORD e = GetLastError();
        bool unknown = e == ERROR_CALL_NOT_IMPLEMENTED || e == ERROR_NOT_SUPPORTED || e == ERROR_INVALID_FUNCTION;
        if (unknown) return fill(fd, (uint64_t)end, size, err);
        return acq_fail(err, ACQ_IO, "cannot reserve space: Windows error %lu", e);
    }
    if (_chsize_s(fd, (int64_t)size) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot reserve space: %s", strerror(errno));
}

/* try_lock: one byte that no file reaches, because Windows keeps others from reading and writing what is locked */
static bool try_lock(int fd, DWORD how)
{
    OVERLAPPED far_behind = {.OffsetHigh = 0x40000000};
    return LockFileEx((HANDLE)_get_osfhandle(fd), how | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &far_behind);
}

bool acq_file_lock(int fd)
{
    /* more than once: acq_file_locked of another process has it for a moment */
    for (int i = 0; !try_lock(fd, LOCKFILE_EXCLUSIVE_LOCK); i++) {
        DWORD why = GetLastError();
        if (why == ERROR_INVALID_FUNCTION || why == ERROR_NOT_SUPPORTED) return true;
        if (i == 5) return false;
        acq_sleep_ms(2);
    }
    return true;
}

bool acq_file_locked(int fd)
{
    OVERLAPPED far_behind = {.OffsetHigh = 0x40000000};
    if (!try_lock(fd, 0)) return GetLastError() == ERROR_LOCK_VIOLATION || GetLastError() == ERROR_IO_PENDING;
    UnlockFileEx((HANDLE)_get_osfhandle(fd), 0, 1, 0, &far_behind);
    return false;
}

int64_t acq_file_size(int fd)
{
    struct _stat64 st;
    return _fstat64(fd, &st) == 0 && (st.st_mode & _S_IFREG) ? st.st_size : ACQ_IO;
}

int64_t acq_file_free_space(const char *dir)
{
    wchar_t w[ACQ_WIDE_MAX];
    ULARGE_INTEGER room;
    if (!GetDiskFreeSpaceExW(acq_wide_path(dir, w), &room, NULL, NULL)) return ACQ_IO;
    return room.QuadPart < INT64_MAX ? (int64_t)room.QuadPart : INT64_MAX;
}

static DWORD attributes(const char *path)
{
    wchar_t w[ACQ_WIDE_MAX];
    return GetFileAttributesW(acq_wide_path(path, w));
}

bool acq_path_exists(const char *path)
{
    return attributes(path) != INVALID_FILE_ATTRIBUTES;
}

bool acq_path_is_dir(const char *path)
{
    DWORD a = attributes(path);
    return a != INVALID_FILE_ATTRIBUTES && (a & FILE_ATTRIBUTE_DIRECTORY);
}

bool acq_path_is_file(const char *path)
{
    return acq_path_exists(path) && !acq_path_is_dir(path);
}

static bool identity(const char *path, BY_HANDLE_FILE_INFORMATION *info)
{
    wchar_t w[ACQ_WIDE_MAX];
    HANDLE file = CreateFileW(acq_wide_path(path, w), 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    bool known = file != INVALID_HANDLE_VALUE && GetFileInformationByHandle(file, info);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    return known;
}

bool acq_path_same(const char *a, const char *b)
{
    BY_HANDLE_FILE_INFORMATION x, y;
    return identity(a, &x) && identity(b, &y) && x.dwVolumeSerialNumber == y.dwVolumeSerialNumber &&
           x.nFileIndexHigh == y.nFileIndexHigh && x.nFileIndexLow == y.nFileIndexLow;
}

int acq_path_mkdir(const char *path)
{
    wchar_t w[ACQ_WIDE_MAX];
    return CreateDirectoryW(acq_wide_path(path, w), NULL) ? ACQ_OK : ACQ_IO;
}

int acq_path_rename(const char *from, const char *to, struct acq_err *err)
{
    wchar_t a[ACQ_WIDE_MAX], b[ACQ_WIDE_MAX];
    if (MoveFileExW(acq_wide_path(from, a), acq_wide_path(to, b), MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot rename %s to %s: Windows error %lu", from, to, GetLastError());
}

int acq_path_remove(const char *path)
{
    wchar_t w[ACQ_WIDE_MAX];
    return DeleteFileW(acq_wide_path(path, w)) ? ACQ_OK : ACQ_IO;
}

int acq_path_sync_dir(const char *dir, struct acq_err *err)
{
    (void)dir; /* Windows makes names durable by itself */
    (void)err;
    return ACQ_OK;
}

int acq_dir_each(const char *dir, int (*fn)(void *user, const char *name), void *user, struct acq_err *err)
{
    char pattern[ACQ_PATH_MAX], name[3 * MAX_PATH];
    wchar_t w[ACQ_WIDE_MAX];
    WIN32_FIND_DATAW found;
    int r = acq_path_join(pattern, sizeof pattern, dir, "*");
    HANDLE search = r < 0 ? INVALID_HANDLE_VALUE : FindFirstFileW(acq_wide_path(pattern, w), &found);
    if (search == INVALID_HANDLE_VALUE) return acq_fail(err, ACQ_IO, "cannot read the folder %s", dir);
    do {
        if (WideCharToMultiByte(CP_UTF8, 0, found.cFileName, -1, name, sizeof name, NULL, NULL) > 0 &&
            strcmp(name, ".") && strcmp(name, ".."))
            r = fn(user, name);
    } while (!r && FindNextFileW(search, &found));
    FindClose(search);
    return r;
}
