/* stretch.h - what is gathered of some samples in a row: a lap, or the beginning of what may be the next one.
 *
 * Units, shapes  as in lap.h.
 * Memory  plain memory of the caller, without pointers.
 * Threads none. */
#ifndef ACQ_LAP_STRETCH_H
#define ACQ_LAP_STRETCH_H

#include "lap/lap.h"

struct acq_stretch {
    uint64_t first_row, rows;
    double first_s, last_s;
    double origin_s;  /* when its clock read 0, by its first second; NaN: not known */
    double clocked_s; /* when its clock was first seen to run; NaN */
    double line_s;    /* when the line was crossed, by the position; NaN */
    float first_pos, last_pos, first_speed;
    bool pit_first, pit_last, pit, box, ai, penalty, cut;
    bool out_known, out_on_path; /* samples have tyres_out; out_m is along the path, not the spline */
    double path_m, hole_s, paused_s;
    double out_s, out_m;
    int32_t out_max;
    float out_pos, speed_max, speed_min, fuel;
    double fuel_used, fuel_added, fuel_added_at;
    double tyre[4], brake[4], air, road; /* sums */
    uint32_t tyres, brakes, airs, roads; /* samples in them */
    float brake_max[4];
    int32_t sector_ms[ACQ_LAP_SECTORS]; /* 0: not known */
    bool sector_by_game[ACQ_LAP_SECTORS];
};

/* acq_stretch_begin empties it; it begins at sample `row`. */
void acq_stretch_begin(struct acq_stretch *stretch, uint64_t row);

/* acq_stretch_add takes a sample, dt_s after the one before it. `clocked`: its clock is this lap's own. */
void acq_stretch_add(struct acq_stretch *stretch, const struct acq_lap_rules *rules,
                     const struct acq_lap_sample *sample, double dt_s, bool clocked);

/* acq_stretch_join appends `next`, the stretch behind it. */
void acq_stretch_join(struct acq_stretch *stretch, const struct acq_stretch *next);

#endif
