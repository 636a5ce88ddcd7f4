#include "plot/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUTES_FROM 120.0 /* [s] a longer range is told in minutes */
#define PLAIN_DECIMALS 5
#define HOURS_FROM 3600.0 /* [s] */

struct acq_range acq_range_empty(void)
{
    return (struct acq_range){HUGE_VAL, -HUGE_VAL};
}

void acq_range_add(struct acq_range *r, const double *values, size_t n)
{
    double lo = r->lo, hi = r->hi;
    for (size_t i = 0; i < n; i++) {
        double v = values[i];
        if (!(fabs(v) <= ACQ_PLOT_VALUE_MAX)) continue;
        if (v < lo) lo = v;
        if (v > hi) hi = v;
    }
    *r = (struct acq_range){lo, hi};
}

struct acq_range acq_range_axis(struct acq_range r, bool whole)
{
    if (r.lo > r.hi) return (struct acq_range){0, 1};
    if (r.lo > 0 && r.lo < 0.4 * r.hi) r.lo = 0;
    if (r.hi < 0 && r.hi > 0.4 * r.lo) r.hi = 0;
    double middle = r.lo / 2 + r.hi / 2;
    if (r.hi - r.lo <= fabs(middle) * 1e-9) { /* one value, or as good as one: the float's last digits are no curve */
        double half = fmax(whole || middle == 0 ? 1 : fabs(middle) * 0.05, fabs(middle) * 1e-6);
        r = (struct acq_range){middle == 0 ? 0 : middle - half, middle + half};
    }
    return r;
}

static void fill(struct acq_ticks *ticks, struct acq_range r, double step)
{
    double first = ceil(r.lo / step - 1e-6), last = floor(r.hi / step + 1e-6);
    *ticks = (struct acq_ticks){.step = step};
    for (double i = first; i <= last && ticks->n < ACQ_TICKS_MAX; i++) {
        double v = i == 0 ? 0 : i * step; /* no minus zero */
        ticks->at[ticks->n++] = v;
        if (fabs(v) > ticks->largest) ticks->largest = fabs(v);
    }
}

/* fits: a step of this length gives at most `most` ticks */
static bool fits(struct acq_range r, double step, size_t most)
{
    return floor(r.hi / step + 1e-6) - ceil(r.lo / step - 1e-6) < (double)most;
}

void acq_ticks_number(struct acq_ticks *ticks, struct acq_range r, size_t most, bool whole)
{
    static const double nice[] = {1, 2, 5};
    double ten = pow(10, floor(log10((r.hi - r.lo) / (double)most)) - 1);
    double step = ten;
    for (size_t i = 0; i < 9 && !fits(r, step, most); i++)
        step = nice[(i + 1) % 3] * ten * pow(10, (double)((i + 1) / 3));
    fill(ticks, r, whole && step < 1 ? 1 : step);
}

void acq_ticks_time(struct acq_ticks *ticks, struct acq_range r, size_t most)
{
    static const double nice[] = {10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200};
    double length = r.hi - r.lo;
    if (length <= MINUTES_FROM) {
        acq_ticks_number(ticks, r, most, false);
        return;
    }
    double step = 0;
    for (size_t i = 0; i < sizeof nice / sizeof *nice; i++) {
        step = nice[i];
        if (fits(r, step, most)) break;
    }
    if (!fits(r, step, most)) step *= ceil(length / step / (double)most);
    fill(ticks, r, step);
}

static void minus_sign(char text[ACQ_TICK_TEXT])
{
    char plain[ACQ_TICK_TEXT];
    if (text[0] != '-') return;
    memcpy(plain, text, sizeof plain);
    snprintf(text, ACQ_TICK_TEXT, "\xe2\x88\x92%.28s", plain + 1);
}

static int power_of(double v)
{
    return (int)floor(log10(v) + 1e-9);
}

/* number_text: v with what a difference of 10^finest shows of it; as a power of ten where that is shorter */
static void number_text(double v, double largest, int finest, char dst[ACQ_TICK_TEXT])
{
    if (fabs(v) < pow(10, finest) / 2) v = 0; /* no "-0.00" */
    if (largest < 1e7 && finest >= -PLAIN_DECIMALS) {
        snprintf(dst, ACQ_TICK_TEXT, "%.*f", finest < 0 ? -finest : 0, v);
    } else if (v == 0) {
        snprintf(dst, ACQ_TICK_TEXT, "0");
    } else {
        int exponent = power_of(largest), digits = exponent - finest;
        snprintf(dst, ACQ_TICK_TEXT, "%.*fe%d",
                 digits < 0    ? 0
                 : digits > 12 ? 12
                               : digits,
                 v / pow(10, exponent), exponent);
    }
    minus_sign(dst);
}

void acq_tick_number(const struct acq_ticks *ticks, size_t i, char dst[ACQ_TICK_TEXT])
{
    number_text(ticks->at[i], ticks->largest, power_of(ticks->step), dst);
}

void acq_value_text(const struct acq_ticks *ticks, double v, char dst[ACQ_TICK_TEXT])
{
    number_text(v, fmax(ticks->largest, fabs(v)), power_of(ticks->step) - 1, dst);
}

/* clock_text: h:mm:ss or m:ss */
static void clock_text(double seconds, bool hours, char dst[ACQ_TICK_TEXT])
{
    const char *sign = seconds < 0 ? "\xe2\x88\x92" : "";
    double whole = fmin(floor(fabs(seconds) + 0.5), 1e9);
    unsigned s = (unsigned)whole;
    if (hours)
        snprintf(dst, ACQ_TICK_TEXT, "%s%u:%02u:%02u", sign, s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(dst, ACQ_TICK_TEXT, "%s%u:%02u", sign, s / 60, s % 60);
}

void acq_tick_time(const struct acq_ticks *ticks, size_t i, struct acq_range r, char dst[ACQ_TICK_TEXT])
{
    if (r.hi - r.lo <= MINUTES_FROM)
        acq_tick_number(ticks, i, dst);
    else
        clock_text(ticks->at[i], r.hi - r.lo >= HOURS_FROM, dst);
}

const char *acq_time_unit(struct acq_range r)
{
    double length = r.hi - r.lo;
    return length <= MINUTES_FROM ? "s" : length < HOURS_FROM ? "min:s" : "h:min:s";
}

void acq_lap_time_text(double seconds, char dst[ACQ_TICK_TEXT])
{
    double ms = fmin(floor(seconds * 1000 + 0.5), 4e9);
    unsigned v = (unsigned)ms;
    snprintf(dst, ACQ_TICK_TEXT, "%u:%02u.%03u", v / 60000, v / 1000 % 60, v % 1000);
}
