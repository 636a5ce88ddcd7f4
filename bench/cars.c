/* cars.c - the clients of the load generator. */
#include "load.h"

#include "base/err.h"
#include "base/os.h"
#include "frame/ack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLICE = 64 * 1024, READ = 64 * 1024, EVENTS = 256, PATIENCE_S = 60, LATENCIES_MAX = 1 << 24 };

/* ---- acks ---- */

static void keep_latency(struct load *load, int64_t ns)
{
    if (load->latencies == load->latency_room) {
        load->latency_room = load->latency_room ? 2 * load->latency_room : 1 << 16;
        load->latency = realloc(load->latency, load->latency_room * sizeof *load->latency);
        if (!load->latency || load->latency_room > LATENCIES_MAX) bench_fail("no memory for so many latencies");
    }
    load->latency[load->latencies++] = (uint32_t)(ns / 1000);
}

static void on_ack(struct h2 *h2, const uint8_t *bytes, size_t n)
{
    struct car *c = (struct car *)h2;
    struct cargo *cargo = &c->load->cargo;
    struct acq_ack ack;
    if (acq_ack_decode(&ack, bytes, n) < 0) bench_fail("an ack is no StreamAck");
    if (ack.last_seq > c->composed || ack.last_seq < c->acked)
        bench_fail("%llu frames are acked, %llu were before, %llu sent", (unsigned long long)ack.last_seq,
                   (unsigned long long)c->acked, (unsigned long long)c->composed);
    if (ack.last_seq && ack.last_monotonic_ns != cargo->t_ns[(ack.last_seq - 1) % cargo->frames.n])
        bench_fail("the server acks frame %llu with the time of another", (unsigned long long)ack.last_seq);
    if (c->sent_ns && c->load->measuring && ack.last_seq > c->acked) {
        int64_t now = acq_now_ns();
        /* where each frame is acked as soon as may be, all count; a server that acks every so many is not blamed */
        uint64_t first = c->load->sessions ? c->acked + 1 : ack.last_seq;
        for (uint64_t i = first; i <= ack.last_seq; i++) keep_latency(c->load, now - c->sent_ns[i % SENT_RING]);
    }
    c->acked = ack.last_seq;
}

/* ---- sending ---- */

static uint64_t frames_now(const struct car *c)
{
    uint64_t end = c->load->raw || c->granted < c->acked + c->load->ahead ? c->granted : c->acked + c->load->ahead;
    uint64_t n = end > c->composed ? end - c->composed : 0;
    uint64_t most = c->load->per_write > 0 ? (uint64_t)(c->load->per_write + 0.999) : UINT64_MAX;
    return n < most ? n : most;
}

/* fit returns how many of n frames the server takes now, and a slice holds; their size as DATA is *size. */
static size_t fit(const struct car *c, uint64_t n, size_t *size)
{
    const struct bench_frames *d = &c->load->cargo.data;
    size_t first = (size_t)(c->composed % d->n), count = 0;
    size_t room = c->load->raw ? SLICE : h2_allowed(&c->h2);
    if (room > SLICE) room = SLICE;
    if (n > d->n - first) n = d->n - first;
    /* a number that we write may be longer than the recording's: 10 bytes more are always enough */
    while (count < n && d->at[first + count + 1] - d->at[first] + 10 * (count + 1) <= room) count++;
    *size = d->at[first + count] - d->at[first];
    return count;
}

static bool compose(struct car *c)
{
    struct load *load = c->load;
    size_t size, n = fit(c, frames_now(c), &size);
    if (!n) return false;
    if (load->sessions) {
        c->data.len = 0;
        h2_took(&c->h2, cargo_add(&load->cargo, c->composed + 1, n, c->session, &load->scratch, &c->data));
        c->next = c->data.bytes;
        c->left = c->data.len;
    } else {
        c->next = load->cargo.data.bytes + load->cargo.data.at[c->composed % load->cargo.data.n];
        c->left = size;
        h2_took(&c->h2, size - n * H2_HEADER);
    }
    if (c->sent_ns) {
        int64_t now = acq_now_ns();
        for (size_t i = 1; i <= n; i++) c->sent_ns[(c->composed + i) % SENT_RING] = now;
    }
    c->composed += n;
    return true;
}

/* refill takes what is to be written next: control frames, then frames. */
static bool refill(struct car *c)
{
    if (!c->h2.out.len) return compose(c);
    struct acq_buf control = c->control;
    c->control = c->h2.out;
    c->h2.out = control;
    c->h2.out.len = 0;
    c->next = c->control.bytes;
    c->left = c->control.len;
    return true;
}

static void pump(struct car *c)
{
    while (c->left || refill(c)) {
        ssize_t n = send(c->fd, c->next, c->left, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n < 0) bench_fail("the server has gone: %s", strerror(errno));
        c->next += n;
        c->left -= (size_t)n;
        c->bytes += (uint64_t)n;
    }
    if (c->load->raw && c->h2.closing) shutdown(c->fd, SHUT_WR);
}

/* ---- receiving ---- */

static void receive_raw(struct car *c, const uint8_t *bytes, size_t n)
{
    if (n != 8 || acq_get_le(bytes, 8) != c->bytes) bench_fail("the server did not read what was sent");
    c->ended = true;
}

static void receive(struct car *c)
{
    static uint8_t bytes[READ];
    for (;;) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
        if (n > 0 && c->load->raw) {
            receive_raw(c, bytes, (size_t)n);
        } else if (n > 0) {
            h2_receive(&c->h2, bytes, (size_t)n);
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            if (c->h2.status != 0 && !c->ended) bench_fail("the server closed a connection");
            return;
        }
    }
}

/* ---- all of them ---- */

static void make_quick(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* other congestion controls, such as bbr, pace what is sent by timers: on a loopback that only costs */
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void cars_connect(struct load *load, size_t first, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = first; i < load->n; i++) {
        struct car *c = &load->cars[i];
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
        c->load = load;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
            bench_fail("cannot connect: %s", strerror(errno));
        make_quick(c->fd);
        if (!acq_uuid7(c->session)) bench_fail("no random bytes for a session");
        h2_init(&c->h2, on_ack);
        if (load->raw) c->h2.out.len = 0;
        acq_buf_init(&c->control, 1 << 20);
        acq_buf_init(&c->data, 1 << 20);
        if (load->per_write > 0) c->sent_ns = calloc(SENT_RING, sizeof *c->sent_ns);
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event)) bench_fail("epoll: %s", strerror(errno));
        pump(c);
    }
}

void cars_request(struct load *load, size_t first)
{
    for (size_t i = first; i < load->n; i++) {
        h2_request(&load->cars[i].h2, load->sessions ? load->cars[i].session : NULL);
        pump(&load->cars[i]);
    }
}

void cars_grant(struct load *load, size_t first, uint64_t frames)
{
    for (size_t i = first; i < load->n; i++) {
        load->cars[i].granted = frames;
        pump(&load->cars[i]);
    }
}

void cars_go(struct load *load)
{
    load->going = true;
    load->next_ns = acq_now_ns();
    if (!(load->per_write > 0)) cars_grant(load, 0, UINT64_MAX);
}

void cars_stop(struct load *load)
{
    load->going = false;
    for (size_t i = 0; i < load->n; i++) {
        struct car *c = &load->cars[i];
        c->granted = (c->composed + ACK_EACH - 1) / ACK_EACH * ACK_EACH;
        c->credit = 0;
        pump(c);
    }
}

void cars_end(struct load *load)
{
    for (size_t i = 0; i < load->n; i++) {
        struct car *c = &load->cars[i];
        if (load->raw)
            c->h2.closing = true;
        else
            h2_end(&c->h2);
        pump(c);
    }
}

/* write_on_time lets the cars write whose time has come. */
static void write_on_time(struct load *load)
{
    if (!(load->per_write > 0) || !load->going) return;
    for (int64_t now = acq_now_ns(); now >= load->next_ns; load->next_ns += load->period_ns / (int64_t)load->n) {
        struct car *c = &load->cars[load->next_car];
        load->next_car = (load->next_car + 1) % load->n;
        load->writes += load->measuring;
        load->late += load->measuring && now - load->next_ns > LATE_NS;
        c->credit += load->per_write;
        c->granted += (uint64_t)(c->credit + 1e-9);
        c->credit -= (double)(uint64_t)(c->credit + 1e-9);
        pump(c);
    }
}

static int wait_for_events(struct load *load, struct epoll_event *events)
{
    struct timespec tick = {.tv_nsec = (long)load->tick_ns};
    if (!(load->per_write > 0) || !load->going) tick.tv_nsec = 1000000;
    return epoll_pwait2(load->epoll, events, EVENTS, &tick, NULL);
}

void cars_run(struct load *load, bool (*done)(const struct load *load), double seconds)
{
    int64_t start = acq_now_ns(), end = start + (int64_t)((done ? PATIENCE_S : seconds) * 1e9);
    struct epoll_event events[EVENTS];
    while (!done || !done(load)) {
        write_on_time(load);
        int n = wait_for_events(load, events);
        for (int i = 0; i < n; i++) {
            if (events[i].events & ~(uint32_t)EPOLLOUT) receive(events[i].data.ptr);
            pump(events[i].data.ptr);
        }
        if (acq_now_ns() < end) continue;
        if (done) bench_fail("the server has not answered for %d s", PATIENCE_S);
        return;
    }
}

bool cars_are_ready(const struct load *load)
{
    for (size_t i = 0; i < load->n; i++)
        if (!load->cars[i].h2.ready) return false;
    return true;
}

bool cars_are_answered(const struct load *load)
{
    for (size_t i = 0; i < load->n; i++)
        if (!load->cars[i].h2.answered) return false;
    return true;
}

bool cars_are_acked(const struct load *load)
{
    for (size_t i = 0; i < load->n; i++)
        if (load->cars[i].left || load->cars[i].acked != load->cars[i].granted) return false;
    return true;
}

bool cars_are_ended(const struct load *load)
{
    for (size_t i = 0; i < load->n; i++)
        if (load->cars[i].h2.status < 0 && !load->cars[i].ended) return false;
    return true;
}

uint64_t cars_frames(const struct load *load)
{
    uint64_t n = 0;
    for (size_t i = 0; i < load->n; i++) n += load->cars[i].composed;
    return n;
}
