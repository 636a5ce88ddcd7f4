/* replay.h - plays a recording again: into a server, or into the game's pages.
 *
 * Units   seconds, for people; speeds as multiples of the recorded one.
 * Memory  texts are the caller's.
 * Threads the caller's; Ctrl+C is seen through acq_stopped. */
#ifndef ACQ_BRIDGE_REPLAY_H
#define ACQ_BRIDGE_REPLAY_H

#include "base/err.h"
#include "record/select.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_replay_config {
    const char *path; /* of the recording; "-": standard input */
    struct acq_select select;
    double speed; /* 0, for a server alone: as fast as it acks */
    bool quiet;
    const char *server; /* HOST:PORT */
    const char *ca;     /* file of certificates to trust with TLS, NULL: the system's */
    bool tls;
    bool new_session;   /* a session of its own, numbered from 1 */
    const char *prefix; /* of the pages' names */
    bool loop;          /* again and again, until Ctrl+C; pages alone */
};

/* What has been played. */
struct acq_replayed {
    char session[64];
    uint64_t frames;  /* sent, or written */
    uint64_t there;   /* frames of the session that the server had before */
    uint64_t doubled; /* not sent: frames without seq whose time is not above the last one's */
    double seconds;   /* between the sample times of the first and the last */
    char loss[160];   /* what is wrong with the recording, "" for nothing */
};

/* acq_replay_to_server sends what the server has not. Returns 0 when all is acked; ACQ_STOPPED; or an error: ACQ_CLOSED
 * where the server refused or the connection was lost, ACQ_FORMAT where the recording lacks a frame that comes next. */
int acq_replay_to_server(const struct acq_replay_config *config, struct acq_replayed *replayed, struct acq_err *err);

/* acq_replay_to_pages writes each frame when it is due. Returns 0, also where it was stopped; ACQ_EXISTS if another
 * program writes these pages; or an error. */
int acq_replay_to_pages(const struct acq_replay_config *config, struct acq_replayed *replayed, struct acq_err *err);

#endif
