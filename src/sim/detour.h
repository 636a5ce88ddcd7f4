/* detour.h - where a driver goes who does not follow the line: into the pits, over an edge of the road.
 *
 * The pit lane lies to the right of the road, beside the line; the box is in it, before the line.
 *
 * Units   m, s, m/s; offsets positive to the left.
 * Memory  plain struct, the caller's, zeroed at first.
 * Threads none. */
#ifndef ACQ_SIM_DETOUR_H
#define ACQ_SIM_DETOUR_H

#include "sim/car.h"
#include "sim/driver.h"
#include "sim/track.h"

enum acq_sim_way {
    ACQ_SIM_ROAD,
    ACQ_SIM_TO_PITS, /* will go into the pit lane when it comes there */
    ACQ_SIM_PIT_LANE,
    ACQ_SIM_BOX, /* stands */
    ACQ_SIM_FROM_PITS,
    ACQ_SIM_CUTTING
};

struct acq_sim_detour {
    enum acq_sim_way way;
    double stop; /* s to stand in the box; while cutting: s that are left of it */
    int ready;   /* the car has been seen before the pit lane's entry */
};

/* acq_sim_detour_begin lets the driver drive into the pits and stand there for `seconds` (way ACQ_SIM_TO_PITS), or over
 * the road's right edge for so long (ACQ_SIM_CUTTING). Returns 0 if he is on another detour. */
int acq_sim_detour_begin(struct acq_sim_detour *detour, enum acq_sim_way way, double seconds);

/* acq_sim_detour_box puts the car into its box at once, where it stands for `seconds`. Returns where that is along the
 * line. */
double acq_sim_detour_box(struct acq_sim_detour *detour, const struct acq_sim_track *track, struct acq_sim_car *car,
                          struct acq_sim_driver *driver, double seconds);

/* acq_sim_detour_step goes on by one step; s is where the car is. */
void acq_sim_detour_step(struct acq_sim_detour *detour, const struct acq_sim_track *track,
                         const struct acq_sim_place *place, double s, struct acq_sim_car *car,
                         struct acq_sim_driver *driver);

/* acq_sim_detour_lane says whether the car is in the pit lane, its box included. */
int acq_sim_detour_lane(const struct acq_sim_detour *detour);

#endif
