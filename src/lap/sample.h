/* sample.h - what samples say on their own, and two of them about the way from one to the other.
 *
 * Units, shapes  as in lap.h.
 * Memory  plain memory of the caller. Threads none. */
#ifndef ACQ_LAP_SAMPLE_H
#define ACQ_LAP_SAMPLE_H

#include "lap/lap.h"

#define ACQ_SAMPLE_STANDING_KMH 5.0f /* below it a car stands */

/* acq_sample_clean makes absent what cannot be. What says where in a lap the car is stays as in `before` (NULL: there
 * is none) where the sample does not have it. */
void acq_sample_clean(struct acq_lap_sample *sample, const struct acq_lap_sample *before, double spline_m);

/* acq_sample_in_pits: in the pit lane, or in the box. */
bool acq_sample_in_pits(const struct acq_lap_sample *sample);

/* acq_sample_moves_on: does the car move behind a as it did before, dt_s later at b? acq_sample_jumps: has it been put
 * somewhere else between them? */
bool acq_sample_moves_on(const struct acq_lap_sample *a, const struct acq_lap_sample *b, double dt_s);
bool acq_sample_jumps(const struct acq_lap_sample *a, const struct acq_lap_sample *b, double dt_s);

#endif
