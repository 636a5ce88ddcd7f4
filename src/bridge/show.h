/* show.h - what people see of a bridge: its status line, a line for each thing that happens, and the end.
 *
 * Memory  a show is the caller's, and what it points to lives longer. It changes nothing there but the sampler's
 *         `troubled`.
 * Threads the loop's. */
#ifndef ACQ_BRIDGE_SHOW_H
#define ACQ_BRIDGE_SHOW_H

#include "bridge/bridge.h"
#include "bridge/capture.h"
#include "bridge/sampler.h"
#include "bridge/sender.h"

/* What a bridge has done: the sessions that have ended. */
struct acq_totals {
    uint64_t sessions, frames, missed, dropped;
};

struct acq_show {
    const struct acq_bridge_config *config;
    struct acq_sampler *sampler;
    const struct acq_capture *capture;
    const struct acq_sender *sender;
    const struct acq_totals *total;
    int32_t told_laps; /* laps whose time has been said */
    unsigned settled;  /* how often a new lap has been looked at: the game's fields do not change all at once */
    bool told_older;
    struct acq_err told_trouble; /* with the game's pages: said once */
    double hz;                   /* steps a second that were seen, looked at when hz_ns was: */
    int64_t hz_ns, hz_t_ns;      /* then, and when the last of them was sampled */
    uint64_t hz_seen;            /* steps until then */
};

/* acq_show_init makes a new one. */
void acq_show_init(struct acq_show *show, const struct acq_bridge_config *config, struct acq_sampler *sampler,
                   const struct acq_capture *capture, const struct acq_sender *sender, const struct acq_totals *total);

/* acq_show_start: the bridge has begun to look for the game. */
void acq_show_start(struct acq_show *show);

/* acq_show_begin, acq_show_end: a session has begun; has ended. */
void acq_show_begin(struct acq_show *show, const struct acq_capture_session *session);
void acq_show_end(struct acq_show *show, const struct acq_capture_session *session, const char *why);

/* acq_show_now shows what goes on; call it some times a second. */
void acq_show_now(struct acq_show *show, int64_t now_ns);

/* acq_show_finishing: all is recorded, and the last acks are waited for. acq_show_summary prints what remains on the
 * screen, when all has ended. */
void acq_show_finishing(struct acq_show *show);
void acq_show_summary(struct acq_show *show);

/* acq_show_loss says what is not in the recordings that should be. Returns ACQ_RANGE then, else 0. */
int acq_show_loss(const struct acq_show *show, bool unrecorded, struct acq_err *err);

#endif
