#include "record/values.h"

#include <stdio.h>
#include <string.h>

static const struct range {
    enum acq_id id;
    float least, most;
} ranges[] = {
    {ACQ_physics_speed_kmh, 0, 600},
    {ACQ_physics_gas, 0, 1},
    {ACQ_physics_brake, 0, 1},
    {ACQ_physics_clutch, 0, 1},
    {ACQ_physics_gear, -1, 12},
    {ACQ_physics_steer, -1, 1},
    {ACQ_physics_engine_rpm, -5000, 30000},
    {ACQ_physics_fuel, 0, 1000},
    {ACQ_physics_tyres_out, 0, 4},
    {ACQ_physics_brake_bias, 0, 1},
    {ACQ_physics_air_temp, -60, 80},
    {ACQ_physics_road_temp, -60, 120},
    {ACQ_graphics_status, 0, 3},
    {ACQ_graphics_completed_laps, 0, 100000},
    {ACQ_graphics_normalized_car_pos, 0, 1},
    {ACQ_graphics_current_time_ms, 0, 86400000},
    {ACQ_graphics_last_time_ms, 0, 86400000},
    {ACQ_graphics_best_time_ms, 0, 86400000},
};
_Static_assert(sizeof ranges / sizeof *ranges == ACQ_VALUES_RANGES, "one kind for each range");

/* The game's own values lie a little outside at times: pedals by rounding, the position before the start line. */
#define TOLERANCE 0.01F

static double value_of(const struct acq_frame *f, enum acq_id id)
{
    const char *at = (const char *)f + acq_channels[id].offset;
    float x;
    int32_t i;
    memcpy(&x, at, 4);
    memcpy(&i, at, 4);
    return acq_channels[id].type == ACQ_TYPE_I32 ? (double)i : (double)x;
}

static void check_finite(const struct acq_frame *f, enum acq_id id, void (*odd)(void *, unsigned, double), void *user)
{
    const struct acq_channel *c = &acq_channels[id];
    for (unsigned k = 0; k < c->n; k++) {
        uint32_t bits;
        memcpy(&bits, (const char *)f + c->offset + 4 * k, 4);
        if ((bits & 0x7f800000) != 0x7f800000) continue;
        float x;
        memcpy(&x, &bits, 4);
        odd(user, id, (double)x);
        return;
    }
}

void acq_values_check(const struct acq_frame *f, void (*odd)(void *user, unsigned kind, double value), void *user)
{
    for (unsigned id = ACQ_physics; id < ACQ_stat; id++) {
        uint8_t type = acq_channels[id].type;
        bool number = type == ACQ_TYPE_F32 || type == ACQ_TYPE_FLOATS;
        /* the time left in a session without an end is infinite */
        if (number && f->has[id] && id != ACQ_graphics_session_time_left) check_finite(f, (enum acq_id)id, odd, user);
    }
    for (unsigned i = 0; i < ACQ_VALUES_RANGES; i++) {
        const struct range *r = &ranges[i];
        if (!f->has[r->id]) continue;
        double x = value_of(f, r->id);
        if (x < (double)(r->least - TOLERANCE) || x > (double)(r->most + TOLERANCE)) odd(user, ACQ_IDS + i, x);
    }
}

void acq_values_text(char dst[128], unsigned kind)
{
    if (kind < ACQ_IDS)
        snprintf(dst, 128, "%s is no finite number", acq_channels[kind].column);
    else
        snprintf(dst, 128, "%s is outside %g to %g", acq_channels[ranges[kind - ACQ_IDS].id].column,
                 (double)ranges[kind - ACQ_IDS].least, (double)ranges[kind - ACQ_IDS].most);
}
