/* original.c - what the original project's structs put where. They are packed to 4 bytes like the game's, but leave out
 * fields, so that all behind the first of these reads the bytes of something else:
 *
 *   byte  game's page               original's name for it
 *     32  velocity[3]               accG[3]
 *     44  accG[3]                   velocity[3]
 *     56  wheelSlip[4]              angularVelocity[3], tyreSlip[1]
 *     72  wheelLoad[4]              tyreSlip[3], tyreLoad[1]
 *     88  wheelsPressure[4]         tyreLoad[3], tyreCoreTemp[1]
 *    104  wheelAngularSpeed[4]      tyreCoreTemp[3], suspensionTravel[1]
 *    120  tyreWear[3 of 4]          suspensionTravel[3]
 *
 *      8  session                   completedLaps
 *     12  currentTime[14 of 15]     position and six floats: two UTF-16 units in each
 *
 * and the static page's texts read as 8-bit ones: carModel is the first character of acVersion, trackConfiguration the
 * 15th of carModel; maxRpm is the last unit of carModel and the first one of track. */
#include "frame/original.h"

#include <math.h>
#include <string.h>

/* Above this, an acceleration is never so great that its number of g is taken for the speed in m/s. */
#define TELLING_KMH 20

enum { CLOCK_UNITS = 14 };

/* is_ours: has it a channel that the original project does not have? A seq alone may come from a server. */
static bool is_ours(const struct acq_frame *f)
{
    if (f->has[ACQ_capture]) return true;
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (f->has[id] && id != ACQ_head_seq && acq_channels[id].type != ACQ_TYPE_GROUP && acq_channels[id].tag >= 16)
            return true;
    return false;
}

/* is_speed: is the length of this vector, in m/s, the speed? */
static bool is_speed(const struct acq_frame *f, bool there, const float v[3])
{
    double length = there ? 3.6 * sqrt((double)v[0] * v[0] + (double)v[1] * v[1] + (double)v[2] * v[2]) : 0;
    return fabs(length - (double)f->physics.speed_kmh) <= 0.01 * (double)f->physics.speed_kmh;
}

/* is_text: is what should be the highest engine speed the first letter of the track's name? (a NUL in the low half) */
static bool is_text(const struct acq_frame *f)
{
    int32_t rpm = f->stat.max_rpm;
    return f->has[ACQ_stat_max_rpm] && rpm >= ' ' << 16 && (rpm & 0xffff) == 0;
}

int acq_frame_original(const struct acq_frame *f)
{
    if (is_ours(f)) return 0;
    if (f->has[ACQ_physics_speed_kmh] && f->physics.speed_kmh >= TELLING_KMH) {
        bool right = is_speed(f, f->has[ACQ_physics_velocity], f->physics.velocity);
        bool shifted = is_speed(f, f->has[ACQ_physics_acc_g], f->physics.acc_g);
        if (right != shifted) return shifted;
    }
    return is_text(f) ? 1 : -1;
}

/* take: count elements of the channel `from` from its element `first` on, to the end of dst, which has *n */
static void take(const struct acq_frame *f, unsigned from, unsigned first, unsigned count, float *dst, unsigned *n)
{
    memcpy(dst + *n, (const char *)f + acq_channels[from].offset + 4 * first, sizeof *dst * count);
    *n += count;
}

/* The physics page from byte 56 on as the frame has it: five wheels' values, of which the last is not whole. */
static void take_wheels(const struct acq_frame *f, float wheels[20])
{
    unsigned n = 0;
    take(f, ACQ_physics_angular_velocity, 0, 3, wheels, &n);
    take(f, ACQ_physics_tyre_slip, 0, 4, wheels, &n);
    take(f, ACQ_physics_tyre_load, 0, 4, wheels, &n);
    take(f, ACQ_physics_tyre_temp_c, 0, 4, wheels, &n);
    take(f, ACQ_physics_suspension_travel, 0, 4, wheels, &n);
    wheels[n] = NAN;
}

static void restore_wheels(struct acq_frame *f)
{
    bool angular = f->has[ACQ_physics_angular_velocity], slip = f->has[ACQ_physics_tyre_slip];
    bool load = f->has[ACQ_physics_tyre_load], temp = f->has[ACQ_physics_tyre_temp_c];
    bool travel = f->has[ACQ_physics_suspension_travel];
    float wheels[20];
    take_wheels(f, wheels);
    memcpy(f->physics.tyre_slip, wheels, 16);
    memcpy(f->physics.tyre_load, wheels + 4, 16);
    memcpy(f->physics.tyre_pressure, wheels + 8, 16);
    memcpy(f->physics.wheel_angular_speed, wheels + 12, 16);
    memcpy(f->physics.tyre_wear, wheels + 16, 16);
    f->has[ACQ_physics_tyre_slip] = angular && slip;
    f->has[ACQ_physics_tyre_load] = slip && load;
    f->has[ACQ_physics_tyre_pressure] = load && temp;
    f->has[ACQ_physics_wheel_angular_speed] = temp && travel;
    f->has[ACQ_physics_tyre_wear] = travel;
    f->has[ACQ_physics_angular_velocity] = f->has[ACQ_physics_tyre_temp_c] = false;
    f->has[ACQ_physics_suspension_travel] = false;
}

static void restore_physics(struct acq_frame *f)
{
    struct acq_group_physics was = f->physics;
    bool acc = f->has[ACQ_physics_acc_g];
    memcpy(f->physics.velocity, was.acc_g, sizeof was.acc_g);
    memcpy(f->physics.acc_g, was.velocity, sizeof was.velocity);
    f->has[ACQ_physics_acc_g] = f->has[ACQ_physics_velocity];
    f->has[ACQ_physics_velocity] = acc;
    f->physics.gear = (int32_t)((uint32_t)was.gear - 1);
    f->physics.steer = (float)((double)was.steer * 180);
    f->has[ACQ_physics_clutch] = false; /* the original did not read it: always 0 */
    restore_wheels(f);
}

static bool digits(const uint16_t *units, size_t n, int32_t *number)
{
    *number = 0;
    for (size_t i = 0; i < n; i++) {
        if (units[i] < '0' || units[i] > '9') return false;
        *number = *number * 10 + units[i] - '0';
    }
    return n > 0;
}

/* lap_clock: minutes:seconds:thousandths, as the game writes the time in this lap; -:--:--- is none */
static bool lap_clock(const struct acq_frame *f, int32_t *ms)
{
    uint16_t units[CLOCK_UNITS + 1] = {0};
    const struct acq_group_graphics *g = &f->graphics;
    const float floats[] = {g->i_current_time_s, g->i_last_time_s, g->i_best_time_s,
                            g->lap_time_s,       g->delta_lap_s,   g->normalized_car_pos};
    int32_t minutes, seconds, rest;
    size_t n = 0, end = 0;
    memcpy(units, &g->position, 4);
    memcpy(units + 2, floats, sizeof floats);
    while (n <= CLOCK_UNITS && units[n] && units[n] != ':') n++;
    while (end < CLOCK_UNITS && units[end]) end++;
    if (n > 4 || end != n + 7 || units[n] != ':' || units[n + 3] != ':') return false;
    if (!digits(units, n, &minutes) || !digits(units + n + 1, 2, &seconds) || !digits(units + n + 4, 3, &rest))
        return false;
    *ms = (minutes * 60 + seconds) * 1000 + rest;
    return seconds < 60;
}

static void restore_graphics(struct acq_frame *f)
{
    static const unsigned unknown[] = {ACQ_graphics_completed_laps,    ACQ_graphics_position,
                                       ACQ_graphics_i_last_time_s,     ACQ_graphics_i_best_time_s,
                                       ACQ_graphics_lap_time_s,        ACQ_graphics_delta_lap_s,
                                       ACQ_graphics_normalized_car_pos};
    int32_t ms = 0;
    bool clock = lap_clock(f, &ms);
    f->graphics.session_type = f->graphics.completed_laps;
    f->has[ACQ_graphics_session_type] = f->has[ACQ_graphics_completed_laps];
    f->graphics.current_time_ms = ms;
    f->graphics.i_current_time_s = (float)((double)ms / 1000);
    f->has[ACQ_graphics_current_time_ms] = f->has[ACQ_graphics_i_current_time_s] = clock;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) f->has[unknown[i]] = false;
}

void acq_frame_restore(struct acq_frame *f)
{
    if (f->has[ACQ_physics]) restore_physics(f);
    if (f->has[ACQ_graphics]) restore_graphics(f);
    for (unsigned id = 0; id < ACQ_IDS; id++) /* of the static page there are single characters */
        if (acq_channels[id].group == ACQ_IN_stat) f->has[id] = false;
}
