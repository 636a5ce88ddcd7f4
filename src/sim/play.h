/* play.h - a simulated game: a car that is driven, and everything else that a game does meanwhile with its pages.
 *
 * Each step is 3 ms of the game's time, whether the car moves in it or not. Same configuration, events and build: same
 * bytes.
 *
 * Units   as sim.h.
 * Memory  acq_play_new and acq_play_free own everything.
 * Threads one play belongs to one thread at a time. No clock, no waiting: the caller sets the pace.
 * Errors  those of acq_sim_new. */
#ifndef ACQ_SIM_PLAY_H
#define ACQ_SIM_PLAY_H

#include "sim/events.h"
#include "sim/sim.h"

/* how the game stands */
enum acq_play_state {
    ACQ_PLAY_ON,      /* it has its pages */
    ACQ_PLAY_GONE,    /* it has ended, and its pages with it */
    ACQ_PLAY_CRASHED, /* it has ended, and its pages stay as they are */
};

/* What one step changed. */
struct acq_play_now {
    enum acq_play_state state;
    bool physics, graphics, stat; /* pages that are new */
};

struct acq_play;

/* acq_play_new: config->seconds is time in which the car is driven; config->laps are counted since the last restart.
 * Nothing of the arguments is kept, but config->track. Returns NULL with err filled. */
struct acq_play *acq_play_new(const struct acq_sim_config *config, const struct acq_events *events,
                              struct acq_err *err);
void acq_play_free(struct acq_play *play);

/* acq_play_step goes on by one step. Returns 0; ACQ_END when the drive is over, or the game has ended for good: then
 * now->state says how; or an error, when the game comes again. */
int acq_play_step(struct acq_play *play, struct acq_play_now *now, struct acq_err *err);

/* acq_play_pages returns the pages as the game shows them. acq_play_seconds: how long the car has been driven.
 * acq_play_laps: how many laps have been finished. acq_play_steps: how many steps the play has taken. */
struct acq_pages *acq_play_pages(struct acq_play *play);
double acq_play_seconds(const struct acq_play *play);
int acq_play_laps(const struct acq_play *play);
int64_t acq_play_steps(const struct acq_play *play);

#endif
