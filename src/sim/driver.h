/* driver.h - who drives: follows the line, brakes late, shifts, and is never twice the same.
 *
 * Units   SI; offsets positive to the left.
 * Memory  plain struct, the caller's.
 * Threads none. */
#ifndef ACQ_SIM_DRIVER_H
#define ACQ_SIM_DRIVER_H

#include <stdint.h>

#include "sim/car.h"
#include "sim/track.h"

/* A number that wanders smoothly along the track, from knot to knot. */
struct acq_sim_wander {
    uint64_t seed;
    double from, to, spacing;
    int64_t knot;
};

struct acq_sim_driver {
    struct acq_sim_wander pace, place; /* of speed (share), of the line (m) */
    struct acq_sim_rng rng;
    double form;                    /* of this lap: share of speed */
    double tremor;                  /* rad at the front wheels */
    double launch;                  /* s until the start */
    double upshift;                 /* rpm of the next one */
    double shift_left, since_shift; /* s */
    double clutch;
    int gear, next_gear;
    int rolling; /* the clutch has held once */
    int astray;  /* does not follow the line, but drives at `aside` (m, left of it) */
    double aside;
    double limit; /* m/s, no faster; 0 = as fast as it goes */
};

/* acq_sim_driver_init makes a driver who starts wait seconds from now. */
void acq_sim_driver_init(struct acq_sim_driver *driver, uint64_t seed, double wait);

/* acq_sim_driver_wait lets a car that stands wait, out of gear, and drive off after `wait` seconds. */
void acq_sim_driver_wait(struct acq_sim_driver *driver, double wait);

/* acq_sim_driver_lap tells the driver that a lap begins: a new try. */
void acq_sim_driver_lap(struct acq_sim_driver *driver);

/* acq_sim_driver_step decides what hands and feet do in this step. place is where the car is, travelled how far the
 * race has gone along the line. control holds what they did in the step before. */
void acq_sim_driver_step(struct acq_sim_driver *driver, const struct acq_sim_car *car,
                         const struct acq_sim_track *track, const struct acq_sim_place *place, double s,
                         double travelled, double road_grip, struct acq_sim_control *control);

/* acq_sim_driver_shift decides about gear and clutch; for the files of this folder. */
void acq_sim_driver_shift(struct acq_sim_driver *driver, const struct acq_sim_car *car,
                          struct acq_sim_control *control);

#endif
