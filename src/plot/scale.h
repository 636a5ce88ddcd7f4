/* scale.h - from values to axes: ranges, ticks at round numbers, and their texts.
 *
 * Units   those of the values; times in seconds.
 * Memory  nothing is kept. Threads  any. Errors  none: any finite range gives at least one tick. */
#ifndef ACQ_PLOT_SCALE_H
#define ACQ_PLOT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* What is drawn must lie within this, so that the difference of two values is a number too. */
#define ACQ_PLOT_VALUE_MAX 1e300

struct acq_range {
    double lo, hi; /* lo > hi: empty */
};

/* acq_range_empty is the range of no values. acq_range_add widens it by n values; NaN, infinities and what is beyond
 * ACQ_PLOT_VALUE_MAX do not count. */
struct acq_range acq_range_empty(void);
void acq_range_add(struct acq_range *r, const double *values, size_t n);

/* acq_range_axis makes a range fit for an axis: neither empty nor of one value, and from 0 where that is near. `whole`:
 * the values are whole numbers. */
struct acq_range acq_range_axis(struct acq_range r, bool whole);

#define ACQ_TICKS_MAX 64
struct acq_ticks {
    double at[ACQ_TICKS_MAX];
    size_t n;
    double step;
    double largest; /* of the absolute values */
};

/* acq_ticks_number puts at most `most` (2..ACQ_TICKS_MAX) ticks at multiples of 1, 2 or 5 times a power of ten. */
void acq_ticks_number(struct acq_ticks *ticks, struct acq_range r, size_t most, bool whole);

/* acq_ticks_time does so for seconds: from a minute's length on at parts and multiples of minutes and hours. */
void acq_ticks_time(struct acq_ticks *ticks, struct acq_range r, size_t most);

#define ACQ_TICK_TEXT 32
/* acq_tick_number and acq_tick_time write the text of tick i; the latter gives "12", "1:05", "1:02:05" by the length of
 * the range, which acq_time_unit names: "s", "min:s", "h:min:s". */
void acq_tick_number(const struct acq_ticks *ticks, size_t i, char dst[ACQ_TICK_TEXT]);
void acq_tick_time(const struct acq_ticks *ticks, size_t i, struct acq_range r, char dst[ACQ_TICK_TEXT]);
const char *acq_time_unit(struct acq_range r);

/* acq_value_text writes any value as finely as it can be read off an axis with these ticks. */
void acq_value_text(const struct acq_ticks *ticks, double v, char dst[ACQ_TICK_TEXT]);

/* acq_lap_time_text writes a lap time: "1:52.310". */
void acq_lap_time_text(double seconds, char dst[ACQ_TICK_TEXT]);

#endif
