#include "lap/stretch.h"

#include <math.h>

#define ORIGIN_S                                                                                        \
    1.0 /* pictures show the clock a little late, so its start is the earliest that so long a time says \
         */
#define FUEL_ADDED_L 0.05f
#define CUT_M 50.0 /* so much further along the spline than the car drove, from one sample to the next */

void acq_stretch_begin(struct acq_stretch *s, uint64_t row)
{
    const float none = NAN;
    *s = (struct acq_stretch){.first_row = row};
    s->first_s = s->last_s = s->origin_s = s->clocked_s = s->line_s = s->out_m = s->fuel_added_at = (double)NAN;
    s->first_pos = s->last_pos = s->first_speed = s->out_pos = s->speed_max = s->speed_min = s->fuel = none;
    for (int i = 0; i < 4; i++) s->brake_max[i] = none;
}

/* take_clock: the line was crossed when the clock read 0. A clock that stands at 0 has not been started. */
static void take_clock(struct acq_stretch *s, const struct acq_lap_sample *a)
{
    if (a->clock_ms == ACQ_LAP_ABSENT || a->clock_ms <= 0) return;
    double origin = a->t_s - a->clock_ms / 1e3;
    if (isnan(s->clocked_s)) s->clocked_s = a->t_s;
    if (a->t_s - s->clocked_s > ORIGIN_S) return;
    if (isnan(s->origin_s) || origin < s->origin_s) s->origin_s = origin;
}

static void take_fuel(struct acq_stretch *s, const struct acq_lap_sample *a)
{
    if (isnan(a->fuel_l)) return;
    float more = a->fuel_l - s->fuel;
    if (more > FUEL_ADDED_L) {
        s->fuel_added += (double)more;
        s->fuel_added_at = a->t_s;
    } else if (more < 0) {
        s->fuel_used -= (double)more;
    }
    /* a rise too small to be fuel from outside is noise, and the next fall takes it back */
    if (isnan(s->fuel) || more > FUEL_ADDED_L || more < 0) s->fuel = a->fuel_l;
}

/* take_four: the wheels of one channel, where all are there */
static void take_four(double sum[4], uint32_t *n, float most[4], const float v[4])
{
    if (isnan(v[0] + v[1] + v[2] + v[3])) return;
    for (int i = 0; i < 4; i++) {
        sum[i] += (double)v[i];
        if (most) most[i] = fmaxf(most[i], v[i]);
    }
    ++*n;
}

static void take_temperatures(struct acq_stretch *s, const struct acq_lap_sample *a)
{
    take_four(s->tyre, &s->tyres, NULL, a->tyre_c);
    take_four(s->brake, &s->brakes, s->brake_max, a->brake_c);
    if (!isnan(a->air_c)) {
        s->air += (double)a->air_c;
        s->airs++;
    }
    if (!isnan(a->road_c)) {
        s->road += (double)a->road_c;
        s->roads++;
    }
}

/* take_place: the path, the pits, and where the car left the track */
static void take_place(struct acq_stretch *s, const struct acq_lap_rules *rules, const struct acq_lap_sample *a,
                       double dt)
{
    bool box = a->in_pit > 0, pit = box || a->in_pit_lane > 0;
    double step = isnan(a->speed_kmh) ? 0 : (double)a->speed_kmh / 3.6 * dt;
    double along = rules->spline_m > 0 ? (double)(a->pos - s->last_pos) * rules->spline_m : 0;
    if (!s->rows) s->pit_first = pit;
    s->pit_last = pit;
    s->pit |= pit;
    s->box |= box;
    s->path_m += step;
    if (!pit && !isnan(a->speed_kmh) && dt < 1 && along > step + CUT_M && along < rules->spline_m / 2) s->cut = true;
    if (a->tyres_out == ACQ_LAP_ABSENT) return;
    s->out_known = true;
    if (pit || a->tyres_out <= rules->wheels) return;
    if (!s->out_max) {
        s->out_pos = a->pos;
        s->out_on_path = !(rules->spline_m > 0) || isnan(a->pos);
        s->out_m = s->out_on_path ? s->path_m : (double)a->pos * rules->spline_m;
    }
    if (a->tyres_out > s->out_max) s->out_max = a->tyres_out;
    s->out_s += dt;
}

void acq_stretch_add(struct acq_stretch *s, const struct acq_lap_rules *rules, const struct acq_lap_sample *a,
                     double dt, bool clocked)
{
    if (!s->rows) s->first_s = a->t_s;
    if (isnan(s->first_pos)) s->first_pos = a->pos;
    if (isnan(s->first_speed)) s->first_speed = a->speed_kmh;
    if (clocked) take_clock(s, a);
    take_place(s, rules, a, dt);
    take_fuel(s, a);
    take_temperatures(s, a);
    s->speed_max = fmaxf(s->speed_max, a->speed_kmh);
    s->speed_min = fminf(s->speed_min, a->speed_kmh);
    s->ai |= a->is_ai > 0;
    s->penalty |= a->penalty_s > 0;
    if (!isnan(a->pos)) s->last_pos = a->pos;
    s->last_s = a->t_s;
    s->rows++;
}

static void join_fuel(struct acq_stretch *s, const struct acq_stretch *next)
{
    s->fuel_used += next->fuel_used;
    s->fuel_added += next->fuel_added;
    if (!isnan(next->fuel)) s->fuel = next->fuel;
    if (!isnan(next->fuel_added_at)) s->fuel_added_at = next->fuel_added_at;
}

static void join_sums(struct acq_stretch *s, const struct acq_stretch *next)
{
    for (int i = 0; i < 4; i++) {
        s->tyre[i] += next->tyre[i];
        s->brake[i] += next->brake[i];
        s->brake_max[i] = fmaxf(s->brake_max[i], next->brake_max[i]);
    }
    s->air += next->air;
    s->road += next->road;
    s->tyres += next->tyres;
    s->brakes += next->brakes;
    s->airs += next->airs;
    s->roads += next->roads;
}

static void join_place(struct acq_stretch *s, const struct acq_stretch *next)
{
    if (!s->out_max && next->out_max) {
        s->out_pos = next->out_pos;
        s->out_on_path = next->out_on_path;
        s->out_m = next->out_on_path ? s->path_m + next->out_m : next->out_m;
    }
    if (next->out_max > s->out_max) s->out_max = next->out_max;
    s->out_s += next->out_s;
    s->path_m += next->path_m;
    s->pit_last = next->pit_last;
    s->pit |= next->pit;
    s->box |= next->box;
    s->ai |= next->ai;
    s->penalty |= next->penalty;
    s->cut |= next->cut;
    s->out_known |= next->out_known;
    if (!isnan(next->last_pos)) s->last_pos = next->last_pos;
}

void acq_stretch_join(struct acq_stretch *s, const struct acq_stretch *next)
{
    join_place(s, next);
    join_fuel(s, next);
    join_sums(s, next);
    s->speed_max = fmaxf(s->speed_max, next->speed_max);
    s->speed_min = fminf(s->speed_min, next->speed_min);
    s->hole_s += next->hole_s;
    s->paused_s += next->paused_s;
    s->rows += next->rows;
    s->last_s = next->last_s;
    for (int i = 0; i < ACQ_LAP_SECTORS; i++)
        if (next->sector_ms[i]) {
            s->sector_ms[i] = next->sector_ms[i];
            s->sector_by_game[i] = next->sector_by_game[i];
        }
}
