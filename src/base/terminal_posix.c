#include "base/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 100 };

static int own_fd = -1; /* stderr again, one that does not wait */
static bool patient = true;

bool acq_is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

unsigned acq_terminal_width(int fd)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col) return size.ws_col;
    unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
    return n >= 20 && n <= 1000 ? (unsigned)n : 80;
}

bool acq_terminal_colours(int fd)
{
    const char *none = getenv("NO_COLOR");
    return acq_is_terminal(fd) && !(none && *none);
}

void acq_stderr_never_wait(void)
{
    /* O_NONBLOCK belongs to the open file, which other programs share: so it is opened anew. That is no help with a
     * socket, or another user's terminal; and a file on the disk never waits for a reader. */
    struct stat st;
    if (own_fd >= 0 || fstat(2, &st) < 0 || (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))) return;
    own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool acq_stderr_write(const char *text, size_t n)
{
    int fd = own_fd < 0 ? 2 : own_fd;
    while (n) {
        ssize_t done = write(fd, text, n);
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (done >= 0) {
            text += done;
            n -= (size_t)done;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return true;                                          /* nobody is there at all */
        if (!patient || poll(&ready, 1, PATIENCE_MS) <= 0) return patient = false; /* next time not even so long */
    }
    return patient = true;
}
