#include "base/file.h"

#include <stdio.h>
#include <string.h>

bool acq_has_suffix(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && !strcmp(text + n - m, suffix);
}

int acq_path_join(char *dst, size_t size, const char *dir, const char *name)
{
    bool slash = *dir && strchr("/\\", dir[strlen(dir) - 1]);
    int n = snprintf(dst, size, "%s%s%s", dir, slash || !*dir ? "" : "/", name);
    return n >= 0 && (size_t)n < size ? ACQ_OK : ACQ_RANGE;
}

const char *acq_path_base(const char *path)
{
    const char *base = path;
    for (; *path; path++)
        if (*path == '/' || *path == '\\') base = path + 1;
    return base;
}

int acq_path_unused(char *dst, size_t size, const char *path)
{
    const char *dot = strchr(acq_path_base(path), '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    int n = snprintf(dst, size, "%s", path);
    for (unsigned i = 2; n >= 0 && (size_t)n < size && acq_path_exists(dst); i++)
        n = snprintf(dst, size, "%.*s-%u%s", stem, path, i, dot ? dot : "");
    return n >= 0 && (size_t)n < size ? ACQ_OK : ACQ_RANGE;
}

int acq_path_mkdirs(const char *path, struct acq_err *err)
{
    char part[ACQ_PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part) return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long", path);
    if (acq_path_is_dir(path)) return ACQ_OK;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && path[i] != '/' && path[i] != '\\') continue;
        memcpy(part, path, i);
        part[i] = 0;
        acq_path_mkdir(part);
    }
    if (acq_path_is_dir(path)) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot make the folder %s: choose one that you may write to", path);
}
