#include "record/values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* RANGE(type, group, channel, least, most), by the channel's type in the table */
#define RANGES(RANGE)                                  \
    RANGE(f32, physics, speed_kmh, 0, 600)             \
    RANGE(f32, physics, gas, 0, 1)                     \
    RANGE(f32, physics, brake, 0, 1)                   \
    RANGE(f32, physics, clutch, 0, 1)                  \
    RANGE(i32, physics, gear, -1, 12)                  \
    RANGE(f32, physics, steer, -1, 1)                  \
    RANGE(f32, physics, engine_rpm, -5000, 30000)      \
    RANGE(f32, physics, fuel, 0, 1000)                 \
    RANGE(i32, physics, tyres_out, 0, 4)               \
    RANGE(f32, physics, brake_bias, 0, 1)              \
    RANGE(f32, physics, air_temp, -60, 80)             \
    RANGE(f32, physics, road_temp, -60, 120)           \
    RANGE(i32, graphics, status, 0, 3)                 \
    RANGE(i32, graphics, completed_laps, 0, 100000)    \
    RANGE(f32, graphics, normalized_car_pos, 0, 1)     \
    RANGE(i32, graphics, current_time_ms, 0, 86400000) \
    RANGE(i32, graphics, last_time_ms, 0, 86400000)    \
    RANGE(i32, graphics, best_time_ms, 0, 86400000)

static const struct range {
    enum acq_id id;
    float least, most;
} ranges[] = {
#define RANGE(type, group, name, least, most) {ACQ_##group##_##name, least, most},
    RANGES(RANGE)
#undef RANGE
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

/* ---- the same, counted fast ----
 *
 * Nearly all frames have nothing odd. So the frame is looked at as it lies in memory, whether its channels are there or
 * not, without a branch for any of them; only what looks odd then is looked at in the way above. */

#define EXPONENT 0x7f800000u /* of a float; all of its bits are set in what is infinite or not a number */
#define LANES 4              /* words that compilers take at once; they do so where the count is a multiple of it */

enum {
    FIRST = offsetof(struct acq_frame, physics),
    WORDS = (offsetof(struct acq_frame, stat) - FIRST) / 4 / LANES * LANES + LANES
};
_Static_assert(FIRST % 4 == 0 && FIRST + 4 * WORDS <= sizeof(struct acq_frame), "the words are all in a frame");
_Static_assert((int)ACQ_physics < (int)ACQ_graphics && (int)ACQ_graphics < (int)ACQ_stat, "side by side");

/* A frame whose numbers that must be finite are infinity: as words, a mask of exponents. */
#define MASK_f32(group, name) .group.name = INFINITY,
#define MASK_vec3f(group, name) .group.name = {INFINITY, INFINITY, INFINITY},
#define MASK_wheel4f(group, name) .group.name = {INFINITY, INFINITY, INFINITY, INFINITY},
#define MASK_i32(group, name)
#define MASK_str(group, name)
#define IN_head(type, name)
#define IN_physics(type, name) MASK_##type(physics, name)
#define IN_graphics(type, name) MASK_##type(graphics, name)
#define IN_stat(type, name)
#define IN_capture(type, name)
static const struct acq_frame must_be_finite = {
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    IN_##group(type, name)
#include "frame/channels.def"
};

/* full: 1 if all bits of an exponent are set, else 0 */
static uint32_t full(uint32_t exponent)
{
    return (exponent + (1u << 23)) >> 31;
}

/* not_finite returns how many floats of physics and graphics are not finite, but for the time left in the session. */
static uint32_t not_finite(const struct acq_frame *f)
{
    const char *words = (const char *)f + FIRST, *masks = (const char *)&must_be_finite + FIRST;
    uint32_t word, mask, count = 0;
    for (unsigned i = 0; i < 4 * WORDS; i += 4) {
        memcpy(&word, words + i, 4);
        memcpy(&mask, masks + i, 4);
        count += full(word & mask);
    }
    memcpy(&word, &f->graphics.session_time_left, 4);
    return count - full(word & EXPONENT);
}

/* outside: does any value look as if it were outside of its range? */
static int outside(const struct acq_frame *f)
{
    int odd = 0;
#define OUTSIDE_f32(x, least, most) ((x) < (least)-TOLERANCE) | ((x) > (most) + TOLERANCE)
#define OUTSIDE_i32(x, least, most) ((x) < (least)) | ((x) > (most)) /* the tolerance is less than 1 */
#define RANGE(type, group, name, least, most) odd |= OUTSIDE_##type(f->group.name, least, most);
    RANGES(RANGE)
#undef RANGE
    return odd;
}

static void count_one(void *user, unsigned kind, double value)
{
    (void)kind, (void)value;
    ++*(unsigned *)user;
}

unsigned acq_values_odd(const struct acq_frame *f)
{
    unsigned count = 0;
    if (not_finite(f) | (uint32_t)outside(f)) acq_values_check(f, count_one, &count);
    return count;
}

void acq_values_text(char dst[128], unsigned kind)
{
    if (kind < ACQ_IDS)
        snprintf(dst, 128, "%s is no finite number", acq_channels[kind].column);
    else
        snprintf(dst, 128, "%s is outside %g to %g", acq_channels[ranges[kind - ACQ_IDS].id].column,
                 (double)ranges[kind - ACQ_IDS].least, (double)ranges[kind - ACQ_IDS].most);
}
