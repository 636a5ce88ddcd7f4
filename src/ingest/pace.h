/* pace.h - how often a server's loop looks at its sockets.
 *
 * Where many clients send at once, a frame each, waking up for every frame costs three times the work of taking it. So
 * a turn of the loop that found little is followed by a wait until a round's time is over: what comes meanwhile is
 * taken together. That costs latency, at most a round's. Where much came at once the loop does not wait: the work is
 * not in the waking.
 *
 * Units   nanoseconds, bytes.
 * Memory  the caller's, until acq_pace_fini.
 * Threads the loop's. */
#ifndef ACQ_INGEST_PACE_H
#define ACQ_INGEST_PACE_H

#include <stdint.h>

struct acq_timer;

struct acq_pace {
    struct acq_timer *timer; /* NULL where the system has none: then there is no waiting */
    int64_t turned_ns;       /* the end of the last turn */
};

void acq_pace_init(struct acq_pace *pace);
void acq_pace_fini(struct acq_pace *pace);

/* acq_pace_wait is called in each turn of the loop, before it looks at its sockets again; `came` is how many bytes they
 * gave in the last turn. */
void acq_pace_wait(struct acq_pace *pace, uint64_t came);

#endif
