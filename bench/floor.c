/* floor.c PORT - the least that a server can do: it reads what comes into a buffer, on one thread, and does nothing
 * with it. When a client is at its end it is told how many bytes there were. */
#include "measure.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = 64 * 1024, EVENTS = 256 };

struct client {
    int fd;
    uint64_t bytes;
};

static void watch(int epoll, int fd, void *user)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = user};
    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) bench_fail("cannot take a connection");
}

static int listen_on(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1024)) bench_fail("cannot listen");
    return fd;
}

static void take(int epoll, int listener)
{
    struct client *c = calloc(1, sizeof *c);
    if (!c) bench_fail("no memory");
    c->fd = accept(listener, NULL, NULL);
    watch(epoll, c->fd, c);
}

static void read_from(struct client *c)
{
    static uint8_t bytes[READ];
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n > 0) {
        c->bytes += (uint64_t)n;
        return;
    }
    uint8_t answer[8];
    acq_put_le(answer, c->bytes, sizeof answer);
    (void)!send(c->fd, answer, sizeof answer, MSG_NOSIGNAL);
    close(c->fd);
    free(c);
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS];
    if (argc != 2) bench_fail("usage: bench_floor PORT");
    int epoll = epoll_create1(EPOLL_CLOEXEC), listener = listen_on(atoi(argv[1]));
    watch(epoll, listener, NULL);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                read_from(events[i].data.ptr);
            else
                take(epoll, listener);
        }
    }
}
