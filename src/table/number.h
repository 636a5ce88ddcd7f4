/* number.h - numbers as text: the fewest digits that read back as the same number, whatever the locale.
 *
 * Units   ACQ_NUMBER_MAX bytes are room for any result; nothing ends it with a NUL. All functions return the length.
 * Shapes  floats: 0.5, 120.0, 1e-7, -1.5e22, nan, inf, -inf; always with a point or an exponent. Times: RFC 3339 in UTC
 *         with nanoseconds, 2026-01-01T12:00:00.003000000Z.
 * Threads any.
 * Source  IEEE 754; the calendar: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
#ifndef ACQ_TABLE_NUMBER_H
#define ACQ_TABLE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum { ACQ_NUMBER_MAX = 32 };

size_t acq_number_i64(char *dst, int64_t x);
size_t acq_number_f32(char *dst, float x);
size_t acq_number_f64(char *dst, double x);
size_t acq_number_time(char *dst, int64_t ns);

/* acq_number_round writes x with at most `digits` (1..10) digits that count, without a needless point: for people. */
size_t acq_number_round(char *dst, double x, int digits);

/* acq_number_fixed writes x with so many decimals (0..9); what is too large for that as acq_number_round does. */
size_t acq_number_fixed(char *dst, double x, int decimals);

#endif
