#include "lap/sample.h"

#include <math.h>

#define JUMP 0.01f /* of the spline, and then stopping, is no driving */
#define JUMP_M 50.0

void acq_lap_sample_clear(struct acq_lap_sample *a)
{
    const float none = NAN;
    a->t_s = (double)NAN;
    a->status = a->session_type = a->laps = a->clock_ms = a->last_ms = a->best_ms = a->sector = a->sector_ms =
        ACQ_LAP_ABSENT;
    a->in_pit = a->in_pit_lane = a->tyres_out = a->is_ai = ACQ_LAP_ABSENT;
    a->pos = a->speed_kmh = a->fuel_l = a->penalty_s = a->x_m = a->z_m = a->air_c = a->road_c = none;
    for (int i = 0; i < 4; i++) a->tyre_c[i] = a->brake_c[i] = none;
}

static void keep_int(int32_t *v, int32_t min, int32_t max, int32_t before)
{
    if (*v < min || *v > max) *v = before;
}

static void keep_float(float *v, float min, float max, float before)
{
    if (!(*v >= min && *v <= max)) *v = before;
}

void acq_sample_clean(struct acq_lap_sample *a, const struct acq_lap_sample *before, double spline_m)
{
    static const int32_t day_ms = 86400000;
    struct acq_lap_sample none;
    acq_lap_sample_clear(&none);
    const struct acq_lap_sample *p = before ? before : &none;
    keep_int(&a->laps, 0, 1000000, p->laps);
    keep_int(&a->clock_ms, 0, day_ms, p->clock_ms);
    keep_int(&a->last_ms, 0, day_ms, p->last_ms);
    keep_int(&a->best_ms, 0, day_ms, p->best_ms);
    keep_int(&a->sector, 0, 1000, p->sector);
    keep_int(&a->sector_ms, 0, day_ms, p->sector_ms);
    keep_int(&a->in_pit, 0, 1, p->in_pit);
    keep_int(&a->in_pit_lane, 0, 1, p->in_pit_lane);
    keep_int(&a->tyres_out, 0, 4, ACQ_LAP_ABSENT);
    keep_int(&a->session_type, -1, 1000, p->session_type);
    keep_float(&a->pos, -0.1f, 1.1f, p->pos);
    keep_float(&a->speed_kmh, 0, 2000, none.speed_kmh);
    keep_float(&a->fuel_l, 0, 10000, none.fuel_l);
    keep_float(&a->x_m, -1e6f, 1e6f, p->x_m);
    keep_float(&a->z_m, -1e6f, 1e6f, p->z_m);
    keep_float(&a->air_c, -273.0f, 5000, none.air_c);
    keep_float(&a->road_c, -273.0f, 5000, none.road_c);
    for (int i = 0; i < 4; i++) {
        keep_float(&a->tyre_c[i], -273.0f, 5000, none.air_c);
        keep_float(&a->brake_c[i], -273.0f, 5000, none.air_c);
    }
    if (spline_m <= 0) a->pos = none.pos; /* without a spline it means nothing */
}

bool acq_sample_in_pits(const struct acq_lap_sample *a)
{
    return a->in_pit > 0 || a->in_pit_lane > 0;
}

bool acq_sample_moves_on(const struct acq_lap_sample *a, const struct acq_lap_sample *b, double dt)
{
    if (!isnan(b->speed_kmh) && b->speed_kmh < ACQ_SAMPLE_STANDING_KMH && !acq_sample_in_pits(b)) return false;
    if (isnan(a->speed_kmh) || isnan(b->speed_kmh)) return true;
    return fabs((double)(b->speed_kmh - a->speed_kmh)) < 20 + 150 * dt;
}

bool acq_sample_jumps(const struct acq_lap_sample *a, const struct acq_lap_sample *b, double dt)
{
    float along = fabsf(b->pos - a->pos);
    if (isnan(a->speed_kmh) || isnan(b->speed_kmh)) return false;
    if (fminf(along, 1 - along) > JUMP && !acq_sample_moves_on(a, b, dt)) return true;
    double fastest = (double)fmaxf(a->speed_kmh, b->speed_kmh) / 3.6;
    double x = (double)(b->x_m - a->x_m), z = (double)(b->z_m - a->z_m), far = JUMP_M + 3 * fastest * dt;
    return x * x + z * z > far * far;
}
