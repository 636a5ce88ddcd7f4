/* way.c PREFIX SERVER_PORT SECONDS - how long a step takes from the game's page to the socket, and to the ack: drives
 * the simulator into pages named PREFIX_*, passes on one connection of a telemetry_bridge to the server, and looks at
 * what passes. Prints the port to connect to, and at the end the figures.
 *
 * Units   nanoseconds on the steady clock; the figures in ms.
 * Threads two: one writes the pages, as the game would, one passes bytes on.
 * Source  RFC 9113, 4.1 and 6.1 (frames, DATA); gRPC over HTTP2 (PROTOCOL-HTTP2.md), length-prefixed messages. */
#include "measure.h"

#include "base/buf.h"
#include "base/os.h"
#include "base/timer.h"
#include "frame/ack.h"
#include "page/map.h"
#include "sim/sim.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP_NS INT64_C(3000000)
enum {
    PREFACE = 24,
    HEADER = 9,
    PREFIX = 5,
    READ = 64 * 1024,
    WAITING = 1 << 20,
    STEPS_MAX = 1 << 20,
    WARM_STEPS = 700
};

static const char *pages_prefix;
static atomic_int_fast64_t written_ns[STEPS_MAX]; /* by packetId */
static atomic_bool stop;
static int32_t step_of[STEPS_MAX]; /* packetId by seq */

/* ---- the game ---- */

static void *drive(void *unused)
{
    struct acq_err err;
    struct acq_map map;
    struct acq_pages pages = {0};
    struct acq_sim_config config = {.seed = 1};
    struct acq_sim *sim = acq_sim_new(&config, &err);
    bool graphics;
    if (!sim || acq_map_create(&map, pages_prefix, &err) < 0) bench_fail("%s", err.text);
    struct acq_timer *timer = acq_timer_new();
    acq_raise_priority();
    int64_t due = acq_now_ns();
    for (size_t n = 0; !atomic_load(&stop) && n < STEPS_MAX && acq_sim_step(sim, &pages, &graphics) == ACQ_OK; n++) {
        if (!n) memcpy(map.bytes[ACQ_MAP_STATIC], &pages.stat, sizeof pages.stat);
        if (graphics) memcpy(map.bytes[ACQ_MAP_GRAPHICS], &pages.graphics, sizeof pages.graphics);
        memcpy(map.bytes[ACQ_MAP_PHYSICS], &pages.physics, sizeof pages.physics);
        if (pages.physics.packet_id < STEPS_MAX) atomic_store(&written_ns[pages.physics.packet_id], acq_now_ns());
        due += STEP_NS;
        acq_timer_sleep_until(timer, due);
        if (acq_now_ns() - due > STEP_NS) due = acq_now_ns();
    }
    acq_map_close(&map);
    acq_timer_free(timer);
    acq_sim_free(sim);
    return unused;
}

/* ---- what passes ---- */

/* One way of the connection. */
struct way {
    int from, to;
    size_t skip, left;       /* bytes of a frame that is no DATA; of the DATA frame at hand */
    struct acq_buf in, data; /* what is not looked at yet: of the connection, of its one stream of messages */
    void (*message)(const uint8_t *bytes, size_t n, int64_t now);
};

static double *to_socket, *to_ack; /* [ms] */
static size_t sent, acked;
static uint64_t last_acked;

static double ms_since(int32_t id, int64_t now)
{
    return (double)(now - atomic_load(&written_ns[id])) / 1e6;
}

static void on_frame(const uint8_t *bytes, size_t n, int64_t now)
{
    static struct acq_frame f;
    if (acq_decode(&f, bytes, n) < 0 || f.head.seq >= STEPS_MAX) bench_fail("what the bridge sends is no frame");
    step_of[f.head.seq] = f.physics.packet_id;
    if (f.head.seq > WARM_STEPS) to_socket[sent++] = ms_since(f.physics.packet_id, now);
}

static void on_ack(const uint8_t *bytes, size_t n, int64_t now)
{
    struct acq_ack ack;
    if (acq_ack_decode(&ack, bytes, n) < 0 || ack.last_seq >= STEPS_MAX) bench_fail("an ack is no StreamAck");
    for (; last_acked < ack.last_seq; last_acked++)
        if (last_acked >= WARM_STEPS) to_ack[acked++] = ms_since(step_of[last_acked + 1], now);
}

static void take_messages(struct way *w, int64_t now)
{
    size_t at = 0;
    while (w->data.len - at >= PREFIX) {
        const uint8_t *p = w->data.bytes + at;
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (w->data.len - at - PREFIX < n) break;
        w->message(p + PREFIX, n, now);
        at += PREFIX + n;
    }
    acq_buf_drop(&w->data, at);
}

/* look takes the messages out of the bytes that have passed. */
static void look(struct way *w, int64_t now)
{
    for (;;) {
        size_t part = w->left ? w->left : w->skip;
        if (part > w->in.len) part = w->in.len;
        if (w->left && acq_buf_add(&w->data, w->in.bytes, part) < 0) bench_fail("no memory");
        if (w->left)
            w->left -= part;
        else
            w->skip -= part;
        acq_buf_drop(&w->in, part);
        if (w->left || w->skip || w->in.len < HEADER) break;
        size_t n = (size_t)w->in.bytes[0] << 16 | (size_t)w->in.bytes[1] << 8 | w->in.bytes[2];
        bool data = w->in.bytes[3] == 0;
        *(data ? &w->left : &w->skip) = n;
        acq_buf_drop(&w->in, HEADER);
    }
    take_messages(w, now);
}

/* pass returns false when the way is at its end. */
static bool pass(struct way *w)
{
    static uint8_t bytes[READ];
    ssize_t n = read(w->from, bytes, sizeof bytes);
    int64_t now = acq_now_ns();
    if (n <= 0) return false;
    for (ssize_t done = 0, r; done < n; done += r)
        if ((r = send(w->to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL)) <= 0) return false;
    if (acq_buf_add(&w->in, bytes, (size_t)n) < 0) bench_fail("no memory");
    look(w, now);
    return true;
}

static void pass_on(int bridge, int server, int64_t until_ns)
{
    struct way up = {bridge, server, .skip = PREFACE, .in.max = WAITING, .data.max = WAITING, .message = on_frame};
    struct way down = {server, bridge, .in.max = WAITING, .data.max = WAITING, .message = on_ack};
    struct pollfd ready[] = {{.fd = bridge, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    while (acq_now_ns() < until_ns) {
        poll(ready, 2, 100);
        if (ready[0].revents && !pass(&up)) bench_fail("the bridge closed the connection");
        if (ready[1].revents && !pass(&down)) bench_fail("the server closed the connection");
    }
}

/* ---- sockets ---- */

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) bench_fail("cannot make a socket");
    return fd;
}

static int no_delay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static int listen_anywhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = new_socket();
    if (bind(fd, (struct sockaddr *)&at, n) || listen(fd, 1) || getsockname(fd, (struct sockaddr *)&at, &n))
        bench_fail("cannot listen");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static int connect_to(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = new_socket();
    if (connect(fd, (struct sockaddr *)&at, sizeof at)) bench_fail("no server at port %d", port);
    return no_delay(fd);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *name, double *ms, size_t n)
{
    if (!n) bench_fail("nothing has passed");
    qsort(ms, n, sizeof *ms, by_size);
    printf("%s_p50\t%.3f\n%s_p99\t%.3f\n%s_most\t%.3f\n", name, ms[n / 2], name, ms[n - n / 100 - 1], name, ms[n - 1]);
}

int main(int argc, char **argv)
{
    if (argc != 4) bench_fail("usage: bench_way PREFIX SERVER_PORT SECONDS");
    pthread_t game;
    pages_prefix = argv[1];
    to_socket = calloc(STEPS_MAX, sizeof *to_socket);
    to_ack = calloc(STEPS_MAX, sizeof *to_ack);
    if (!to_socket || !to_ack || pthread_create(&game, NULL, drive, NULL)) bench_fail("no memory, or no thread");
    int listener = listen_anywhere();
    int bridge = no_delay(accept(listener, NULL, NULL));
    pass_on(bridge, connect_to(atoi(argv[2])), acq_now_ns() + atoll(argv[3]) * 1000000000);
    atomic_store(&stop, true);
    pthread_join(game, NULL);
    print("socket", to_socket, sent);
    print("ack", to_ack, acked);
    printf("frames\t%zu\n", acked);
    return 0;
}
