#include "base/move.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* move_by_link: for file systems that know no RENAME_NOREPLACE. Returns 0 or -1 with errno. */
static int move_by_link(const char *from, const char *to)
{
    if (link(from, to) == 0) return unlink(from);
    if (errno == EEXIST || errno == ENOENT) return -1;
    if (acq_path_exists(to)) { /* no links either, as on FAT: the look and the renaming are two steps */
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

int acq_path_move(const char *from, const char *to, struct acq_err *err)
{
    int r = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (r < 0 && (errno == EINVAL || errno == ENOSYS)) r = move_by_link(from, to);
    if (r == 0) return ACQ_OK;
    if (errno == EEXIST) return acq_fail(err, ACQ_EXISTS, "%s exists already and is not overwritten", to);
    if (errno == ENOENT) return acq_fail(err, ACQ_MISSING, "there is no file %s: check the name", from);
    return acq_fail(err, ACQ_IO, "cannot rename %s to %s: %s", from, to, strerror(errno));
}
