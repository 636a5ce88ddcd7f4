/* timing.h - laps, sectors, and the graphics page with the game's habits.
 *
 * Units   ms for times, m, s.
 * Memory  acq_sim_timing_init allocates the best lap's course, acq_sim_timing_fini frees it.
 * Threads none. */
#ifndef ACQ_SIM_TIMING_H
#define ACQ_SIM_TIMING_H

#include <stdint.h>

#include "page/page.h"
#include "sim/car.h"
#include "sim/track.h"

#define ACQ_SIM_LAPS_MAX 10000 /* lap times that are remembered; later laps are only counted */

/* What the game has worked out and the graphics page shows sooner or later. */
struct acq_sim_score {
    int32_t laps, last, best, sector_time;
};

struct acq_sim_timing {
    int64_t steps;    /* since the session began */
    int64_t lap_step; /* when this lap's clock began to run */
    int64_t sector_step;
    int64_t session_step; /* when the session began */
    int crossings;        /* of the line; the first one ends no lap */
    int sector;
    struct acq_sim_score score;
    int32_t lap_ms[ACQ_SIM_LAPS_MAX];
    float *best, *current; /* time at every node of the best lap and of this one, s */
    size_t filled;
    double delta; /* against the best lap, s */
    /* the picture */
    double frame_time, next_frame; /* s */
    int hold_clock;                /* frames for which the clock still shows what it showed before, held_ms */
    int32_t held_ms;
    int hold_score; /* frames until the score of the ended lap shows */
    int stopped;    /* the clock waits at 0: the car stands in its box */
    int cut;        /* wheels were out in this lap: it does not count as a best one */
    struct acq_sim_rng rng;
};

/* acq_sim_timing_init prepares a session on a track with hz pictures a second. Returns ACQ_OK or ACQ_MEMORY. */
int acq_sim_timing_init(struct acq_sim_timing *timing, const struct acq_sim_track *track, double hz, uint64_t seed);

/* acq_sim_timing_fini frees what timing holds. */
void acq_sim_timing_fini(struct acq_sim_timing *timing);

/* acq_sim_timing_restart begins the session anew: no laps, no times, and a clock that has run for a second when it is
 * first seen. acq_sim_timing_box throws the running lap away: its clock stands at 0 until acq_sim_timing_leave, and the
 * next crossing of the line ends no lap. */
void acq_sim_timing_restart(struct acq_sim_timing *timing);
void acq_sim_timing_box(struct acq_sim_timing *timing);
void acq_sim_timing_leave(struct acq_sim_timing *timing);

/* acq_sim_timing_step counts one step that ended at s, after passing the line when crossed. Returns 1 when a lap is
 * done, else 0. */
int acq_sim_timing_step(struct acq_sim_timing *timing, const struct acq_sim_track *track, double s, int crossed);

/* acq_sim_timing_page draws a picture when one is due: changes page and returns 1, else 0. */
int acq_sim_timing_page(struct acq_sim_timing *timing, const struct acq_sim_track *track, const struct acq_sim_car *car,
                        double s, struct acq_page_graphics *page);

/* acq_sim_timing_clock returns the running lap's time in ms. */
int32_t acq_sim_timing_clock(const struct acq_sim_timing *timing);

#endif
