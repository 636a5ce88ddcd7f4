/* load.h - what the files of the load generator share: many clients of one server, each with one stream.
 *
 * Units   nanoseconds, bytes.
 * Threads one. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "cargo.h"
#include "h2.h"

enum { ACK_EACH = 32, SENT_RING = 4096, LATE_NS = 2000000 };

/* One client. */
struct car {
    struct h2 h2; /* first, so that its address is the car's */
    struct load *load;
    int fd;
    uint64_t granted, composed, acked; /* frames that it may send, has given to the socket, and that were acked */
    uint64_t bytes;                    /* given to the socket */
    double credit;                     /* parts of a frame that it may send */
    const uint8_t *next;               /* what is being written */
    size_t left;
    struct acq_buf control, data; /* memory of what is being written */
    char session[37];
    int64_t *sent_ns; /* when a frame was written, by its number modulo SENT_RING; NULL where nobody asks */
    bool ended;       /* without HTTP/2: the server has confirmed all bytes */
};

struct load {
    struct cargo cargo;
    struct car *cars;
    size_t n;
    int epoll;
    bool raw;              /* bytes without a protocol, for a server that only reads */
    bool sessions;         /* each car has its own session and numbers its frames */
    uint64_t ahead;        /* frames of one car that may be under way */
    double per_write;      /* frames; 0: as many as may be */
    int64_t period_ns;     /* of a car's writes */
    int64_t tick_ns;       /* how finely the clock is looked at; 0: all the time */
    int64_t next_ns;       /* when the next car writes */
    size_t next_car;       /* which that is */
    bool going;            /* new frames are sent */
    uint64_t writes, late; /* while measuring: those that had their time, and were more than LATE_NS behind it */
    uint32_t *latency;     /* [us] of acked frames */
    size_t latencies, latency_room;
    bool measuring;
    struct acq_buf scratch;
};

/* cars_connect opens connections `first` to n - 1. */
void cars_connect(struct load *load, size_t first, int port);

/* cars_request begins a call on connections `first` to n - 1. */
void cars_request(struct load *load, size_t first);

/* cars_grant lets each car from `first` on send frames until it has sent `frames`. */
void cars_grant(struct load *load, size_t first, uint64_t frames);

/* cars_go and cars_stop begin and end sending. A car stops behind a multiple of ACK_EACH frames, so that all are acked.
 */
void cars_go(struct load *load);
void cars_stop(struct load *load);

/* cars_end ends all calls. */
void cars_end(struct load *load);

/* What to wait for. */
bool cars_are_ready(const struct load *load);    /* the servers' settings have come */
bool cars_are_answered(const struct load *load); /* their initial metadata have */
bool cars_are_acked(const struct load *load);    /* all that was to be sent has been, and is acked */
bool cars_are_ended(const struct load *load);    /* the calls have ended with status OK */

/* cars_run sends and receives until done() or, where that is NULL, for `seconds`. If it takes longer than a minute the
 * program ends. */
void cars_run(struct load *load, bool (*done)(const struct load *load), double seconds);

/* cars_frames returns how many frames have been sent. */
uint64_t cars_frames(const struct load *load);

#endif
