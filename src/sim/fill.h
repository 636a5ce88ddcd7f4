/* fill.h - from the simulator's world to the game's pages.
 *
 * Units   the pages'. Threads none. */
#ifndef ACQ_SIM_FILL_H
#define ACQ_SIM_FILL_H

#include "page/page.h"
#include "sim/car.h"
#include "sim/track.h"

/* acq_sim_fill_static fills the whole static page and what never changes in the other two. */
void acq_sim_fill_static(struct acq_pages *pages, const struct acq_sim_track *track);

/* acq_sim_fill_physics fills what a step changes. place is where the car is; delta is the performance meter. */
void acq_sim_fill_physics(struct acq_page_physics *page, const struct acq_sim_car *car, const struct acq_sim_road *road,
                          const struct acq_sim_place *place, double delta);

#endif
