/* sim.h - a car on a track, as the game's shared-memory pages show it, without the game.
 *
 * Each step is one physics step of the game, 3 ms. Same configuration and same build: same bytes. The car starts from
 * rest 5 m before the line; the first crossing of the line ends no lap. Low on fuel at the line, it is filled up and
 * gets new tyres in no time.
 *
 * Units   m, s; lap times in ms.
 * Memory  acq_sim_new and acq_sim_free own everything; pages are the caller's.
 * Threads one simulator belongs to one thread at a time. No clock, no waiting: the caller sets the pace.
 * Errors  acq_sim_new says what is wrong with its configuration or the track's file. */
#ifndef ACQ_SIM_SIM_H
#define ACQ_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "page/page.h"

#define ACQ_SIM_GRAPHICS_HZ 83.0

struct acq_sim_config {
    /* NULL or "short" (25 s a lap), "long" (100 s), or the path of a CSV file: x, y, width right, width left in m, a
     * closed line, '#' before comments, as the public racetrack-database of TUM has it */
    const char *track;
    uint64_t seed;
    int laps;           /* ends 1 s after so many laps; 0 = no limit */
    double seconds;     /* ends after so much time; 0 = no limit */
    double graphics_hz; /* pictures a second, 1..333; 0 = ACQ_SIM_GRAPHICS_HZ */
};

struct acq_sim;

/* acq_sim_new makes a simulator. Returns NULL with err filled: ACQ_RANGE for a bad number; ACQ_MISSING, ACQ_IO,
 * ACQ_FORMAT or ACQ_RANGE for a bad track file; ACQ_MEMORY. Nothing of config is kept. */
struct acq_sim *acq_sim_new(const struct acq_sim_config *config, struct acq_err *err);

/* acq_sim_free ends it; NULL is allowed. */
void acq_sim_free(struct acq_sim *sim);

/* acq_sim_step drives 3 ms on and updates *pages in place, which must be the same struct each time; the first step
 * fills all of it, the static page included. *graphics_changed says whether the graphics page has a new picture.
 * Returns ACQ_OK, or ACQ_END when laps or seconds are done, with nothing changed. */
int acq_sim_step(struct acq_sim *sim, struct acq_pages *pages, bool *graphics_changed);

/* What may befall the drive, from the next step on. acq_sim_restart begins the session anew, on the grid: no laps, no
 * times; the distance driven goes on counting. acq_sim_teleport puts the car into its pit box, where it stands for
 * `seconds`, and its lap does not count. acq_sim_pit_stop lets it drive into the pit lane when it next comes there,
 * stand so long with new tyres and fuel, and leave. acq_sim_cut lets it cut over the right edge of the road, with all
 * wheels out for so long; that lap counts as no best one. They return false while the car is on such a way already. */
void acq_sim_restart(struct acq_sim *sim);
bool acq_sim_teleport(struct acq_sim *sim, double seconds);
bool acq_sim_pit_stop(struct acq_sim *sim, double seconds);
bool acq_sim_cut(struct acq_sim *sim, double seconds);

/* What really happened, whatever the pages show at the moment. */

/* acq_sim_laps returns the number of finished laps. */
int acq_sim_laps(const struct acq_sim *sim);

/* acq_sim_lap_ms returns the time of a lap, counted from 0, in ms; 0 for a lap that is not finished or beyond the
 * first ten thousand. */
int32_t acq_sim_lap_ms(const struct acq_sim *sim, int lap);

/* acq_sim_seconds returns how long the simulator has driven. */
double acq_sim_seconds(const struct acq_sim *sim);

/* acq_sim_edge returns how far the middle of the car is from the nearer edge of the road; below 0 it is off. */
double acq_sim_edge(const struct acq_sim *sim);

#endif
