#include "base/single.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket with a name that is no file (unix(7), "abstract"): the kernel takes it away with the process, so neither a
 * crash nor a full disk leaves a lock that nobody holds. */
int acq_single_take(struct acq_single *single, const char *name, struct acq_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "acq %ld %.80s", (long)getuid(), name);
    single->handle = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0) {
        single->handle = fd + 1;
        return ACQ_OK;
    }
    int reason = errno;
    if (fd >= 0) close(fd);
    if (reason == EADDRINUSE) return acq_fail(err, ACQ_EXISTS, "another process is '%s'", name);
    return acq_fail(err, ACQ_IO, "cannot see whether another process is '%s': %s", name, strerror(reason));
}

void acq_single_release(struct acq_single *single)
{
    if (single->handle) close((int)single->handle - 1);
    single->handle = 0;
}
