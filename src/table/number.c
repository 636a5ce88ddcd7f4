/* number.c - Most numbers take a way with a few multiplications: a decimal of n digits is digits x 10^k, and while
 * digits < 2^53 and |k| <= 22 both factors are exact doubles, so that their product or quotient is the double nearest
 * to that decimal: what strtod would return. The rest, tiny or huge, is left to printf and strtod. */
#include "table/number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENS = 23 };
static const double tens[TENS] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* digits x 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

/* put_u64: the digits of v. Returns how many. */
static size_t put_u64(char *dst, uint64_t v)
{
    char text[20];
    size_t at = sizeof text;
    for (; v >= 100; v /= 100) memcpy(text + (at -= 2), pairs + 2 * (v % 100), 2);
    if (v >= 10)
        memcpy(text + (at -= 2), pairs + 2 * v, 2);
    else
        text[--at] = (char)('0' + v);
    memcpy(dst, text + at, sizeof text - at);
    return sizeof text - at;
}

/* put_padded: the digits of v, n of them with zeros in front */
static void put_padded(char *dst, uint64_t v, size_t n)
{
    while (n) {
        dst[--n] = (char)('0' + v % 10);
        v /= 10;
    }
}

size_t acq_number_i64(char *dst, int64_t x)
{
    if (x >= 0) return put_u64(dst, (uint64_t)x);
    *dst = '-';
    return 1 + put_u64(dst + 1, -(uint64_t)x);
}

/* scale: y x 10^k, |k| < TENS */
static double scale(double y, int k)
{
    return k < 0 ? y / tens[-k] : y * tens[k];
}

/* magnitude: the decimal exponent of y > 0, or one less: that of the power of two below it. 78913 / 2^18 is log10(2).
 */
static int magnitude(double y)
{
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    int e = (int)(bits >> 52) - 1023;
    return e >= 0 ? e * 78913 >> 18 : -(-e * 78913 >> 18) - 1;
}

/* rounded: y to n digits, where its first digit is that of 10^e. |n - 1 - e| < TENS, n <= 15 */
static struct decimal rounded(double y, int n, int e)
{
    return (struct decimal){(uint64_t)(scale(y, n - 1 - e) + 0.5), e + 1 - n};
}

/* parse: the decimal that printf has written as d.ddde[+-]dd, whatever it takes for the point */
static struct decimal parse(const char *text)
{
    struct decimal d = {0};
    int behind = -1; /* digits behind the point */
    for (; *text != 'e'; text++) {
        if (*text < '0' || *text > '9') continue;
        d.digits = 10 * d.digits + (uint64_t)(*text - '0');
        behind++;
    }
    d.exponent = atoi(text + 1) - behind;
    return d;
}

/* by_printf: the shortest decimal of from .. to digits that reads back, or else that of `to` digits */
static struct decimal by_printf(double y, int from, int to, bool is_float)
{
    char text[48];
    for (int n = from; n <= to; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, y);
        if (is_float ? strtof(text, NULL) == (float)y : strtod(text, NULL) == y) break;
    }
    return parse(text);
}

/* reads_back: is x the float nearest to the decimal? A double just between two floats is a no, unless it is exact:
 * there, rounding twice can differ from rounding once. */
static bool reads_back(float x, struct decimal d)
{
    double y = scale((double)d.digits, d.exponent);
    uint64_t bits;
    memcpy(&bits, &y, sizeof bits);
    bool between = (bits & 0x1fffffff) == 0x10000000, exact = d.exponent >= 0 && y < 9007199254740992.0;
    return (float)y == x && (!between || exact);
}

/* of_f32: the shortest decimal of x > 0. One of 6 digits is the only one that short, 9 always read back. */
static struct decimal of_f32(float x)
{
    double y = (double)x;
    if (x < 16777216 && (float)(uint32_t)x == x) return (struct decimal){(uint32_t)x, 0};
    int e = magnitude(y);
    if (e < -14 || e > 26) return by_printf(y, x < FLT_MIN ? 1 : 6, 9, true);
    if (scale(y, 8 - e) >= 999999999.5) e++;
    struct decimal d = rounded(y, 8, e), shorter;
    if (!reads_back(x, d)) return rounded(y, 9, e);
    for (int n = 7; n >= 6 && reads_back(x, shorter = rounded(y, n, e)); n--) d = shorter;
    return d;
}

/* of_f64: the shortest decimal of x > 0. Of at most 15 digits there is only one. */
static struct decimal of_f64(double x)
{
    if (x < 1e15 && x == floor(x)) return (struct decimal){(uint64_t)x, 0};
    if (x < 1e6) { /* a number of nanoseconds in seconds, and much else */
        struct decimal d = {(uint64_t)(x * 1e9 + 0.5), -9};
        if ((double)d.digits / 1e9 == x) return d;
    }
    return by_printf(x, x < DBL_MIN ? 1 : 15, 17, false);
}

/* strip: without zeros at the end */
static struct decimal strip(struct decimal d)
{
    while (d.digits && d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* put_power: d x 10^exponent with n digits, the first of which is that of 10^e, as d.ddde-7 */
static size_t put_power(char *dst, size_t n, int e)
{
    size_t at = n;
    if (n > 1) {
        memmove(dst + 2, dst + 1, n - 1);
        dst[1] = '.';
        at++;
    }
    dst[at++] = 'e';
    return at + acq_number_i64(dst + at, e);
}

/* put: the decimal, stripped, in the shape that Python and others give it; `point`: also behind whole numbers */
static size_t put(char *dst, struct decimal d, bool point)
{
    size_t n = put_u64(dst, d.digits);
    int e = (int)n - 1 + d.exponent;
    if (e < -4 || e >= 16) return put_power(dst, n, e);
    if (e < 0) { /* 0.00ddd */
        size_t zeros = (size_t)(1 - e);
        memmove(dst + zeros, dst, n);
        memset(dst, '0', zeros);
        dst[1] = '.';
        return zeros + n;
    }
    size_t whole = (size_t)e + 1;
    if (n > whole) { /* ddd.ddd */
        memmove(dst + whole + 1, dst + whole, n - whole);
        dst[whole] = '.';
        return n + 1;
    }
    memset(dst + n, '0', whole - n);
    if (!point) return whole;
    memcpy(dst + whole, ".0", 2);
    return whole + 2;
}

/* special: NaN, infinities; 0 for other numbers */
static size_t special(char *dst, double x)
{
    const char *text = isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
    if (isfinite(x)) return 0;
    memcpy(dst, text, strlen(text));
    return strlen(text);
}

/* sign: writes it. Returns its length. */
static size_t sign(char *dst, double x)
{
    *dst = '-';
    return signbit(x) ? 1 : 0;
}

size_t acq_number_f32(char *dst, float x)
{
    size_t n = special(dst, (double)x);
    if (n) return n;
    n = sign(dst, (double)x);
    return n + put(dst + n, strip(of_f32(fabsf(x))), true);
}

size_t acq_number_f64(char *dst, double x)
{
    size_t n = special(dst, x);
    if (n) return n;
    n = sign(dst, x);
    return n + put(dst + n, strip(of_f64(fabs(x))), true);
}

size_t acq_number_round(char *dst, double x, int digits)
{
    struct decimal d = {0};
    size_t n = special(dst, x);
    if (n) return n;
    double y = fabs(x);
    if (y > 0) {
        int e = magnitude(y);
        bool exact = digits - 1 - e < TENS && digits - 2 - e > -TENS;
        if (exact && scale(y, digits - 1 - e) >= tens[digits] - 0.5) e++;
        d = exact ? rounded(y, digits, e) : by_printf(y, digits, digits, false);
    }
    n = x < 0 ? sign(dst, x) : 0;
    return n + put(dst + n, strip(d), false);
}

size_t acq_number_fixed(char *dst, double x, int decimals)
{
    double y = fabs(x) * tens[decimals];
    if (!(y < 1e15)) return acq_number_round(dst, x, 10);
    uint64_t v = (uint64_t)(y + 0.5), unit = (uint64_t)tens[decimals];
    size_t n = x < 0 && v ? sign(dst, x) : 0;
    n += put_u64(dst + n, v / unit);
    if (!decimals) return n;
    dst[n] = '.';
    put_padded(dst + n + 1, v % unit, (size_t)decimals);
    return n + 1 + (size_t)decimals;
}

size_t acq_number_time(char *dst, int64_t ns)
{
    int64_t below = ns % 1000000000, second = ns / 1000000000 - (below < 0);
    int64_t part = below < 0 ? below + 1000000000 : below;
    int64_t day = second / 86400 - (second % 86400 < 0), left = second - day * 86400;
    int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097; /* z > 0: int64 begins in 1677 */
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
    memcpy(dst, "0000-00-00T00:00:00.000000000Z", 30);
    put_padded(dst, (uint64_t)year, 4);
    put_padded(dst + 5, (uint64_t)month, 2);
    put_padded(dst + 8, (uint64_t)(doy - (153 * mp + 2) / 5 + 1), 2);
    put_padded(dst + 11, (uint64_t)(left / 3600), 2);
    put_padded(dst + 14, (uint64_t)(left / 60 % 60), 2);
    put_padded(dst + 17, (uint64_t)(left % 60), 2);
    put_padded(dst + 20, (uint64_t)part, 9);
    return 30;
}
