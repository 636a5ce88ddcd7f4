#include "base/output.h"

#include <stdio.h>
#include <string.h>

static int check_free(const struct acq_output *o, struct acq_err *err)
{
    if (o->force || !acq_path_exists(o->path)) return ACQ_OK;
    return acq_fail(err, ACQ_EXISTS, "%s exists already: choose another name, or overwrite it with --force", o->path);
}

int acq_output_begin(struct acq_output *o, const char *path, bool force, struct acq_err *err)
{
    char wanted[ACQ_PATH_MAX];
    int n = snprintf(o->path, sizeof o->path, "%s", path);
    int m = snprintf(wanted, sizeof wanted, "%s.part", path);
    o->force = force;
    if (n < 0 || (size_t)n >= sizeof o->path || m < 0 || (size_t)m >= sizeof wanted)
        return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long", path);
    if (acq_path_is_dir(path)) return acq_fail(err, ACQ_IO, "%s is a folder: name a file in it", path);
    int result = check_free(o, err);
    if (result) return result;
    if (acq_path_unused(o->temporary, sizeof o->temporary, wanted) < 0)
        return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long", path);
    int fd = acq_file_open(o->temporary, ACQ_FILE_CREATE, err);
    if (fd == ACQ_MISSING) return acq_fail(err, ACQ_MISSING, "cannot write %s: there is no such folder", path);
    if (fd < 0) return fd;
    acq_file_close(fd);
    return ACQ_OK;
}

static int sync_file(const char *path, struct acq_err *err)
{
    int fd = acq_file_open(path, ACQ_FILE_UPDATE, err);
    if (fd < 0) return fd;
    int result = acq_file_sync(fd, err);
    acq_file_close(fd);
    return result;
}

static int sync_folder(const char *path, struct acq_err *err)
{
    char dir[ACQ_PATH_MAX];
    size_t n = (size_t)(acq_path_base(path) - path);
    memcpy(dir, path, n);
    memcpy(dir + n, n ? "" : ".", n ? 1 : 2);
    return acq_path_sync_dir(dir, err);
}

int acq_output_end(struct acq_output *o, int result, struct acq_err *err)
{
    if (result == ACQ_OK) result = sync_file(o->temporary, err);
    if (result == ACQ_OK) result = check_free(o, err);
    if (result == ACQ_OK) result = acq_path_rename(o->temporary, o->path, err);
    if (result == ACQ_OK) return sync_folder(o->path, err);
    acq_path_remove(o->temporary);
    return result;
}
