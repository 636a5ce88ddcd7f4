#include "app/say.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *acq_say_count(char dst[ACQ_SAY], uint64_t n)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) dst[at++] = ',';
        dst[at++] = digits[i];
    }
    dst[at] = 0;
    return dst;
}

const char *acq_say_size(char dst[ACQ_SAY], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double x = (double)bytes;
    int unit = 0;
    while (x >= 999.95 && unit < 4) {
        x /= 1000;
        unit++;
    }
    snprintf(dst, ACQ_SAY, unit ? "%.1f %s" : "%.0f %s", x, units[unit]);
    return dst;
}

const char *acq_say_time(char dst[ACQ_SAY], int64_t ns)
{
    int64_t ms = ns / 1000000;
    const char *sign = ms < 0 ? "-" : "";
    if (ms < 0) ms = -ms;
    int64_t h = ms / 3600000, m = ms / 60000 % 60, s = ms / 1000 % 60;
    if (h)
        snprintf(dst, ACQ_SAY, "%s%" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64, sign, h, m, s, ms % 1000);
    else
        snprintf(dst, ACQ_SAY, "%s%" PRId64 ":%02" PRId64 ".%03" PRId64, sign, m, s, ms % 1000);
    return dst;
}

const char *acq_say_since(char dst[ACQ_SAY], int64_t first_ns, int64_t t_ns)
{
    bool back = t_ns < first_ns;
    uint64_t ns = back ? (uint64_t)first_ns - (uint64_t)t_ns : (uint64_t)t_ns - (uint64_t)first_ns;
    int64_t size = ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
    return acq_say_time(dst, back ? -size : size);
}

const char *acq_say_lap(char dst[ACQ_SAY], int32_t ms)
{
    return acq_say_time(dst, (int64_t)ms * 1000000);
}

/* whole seconds since 1970, rounded down, and the rest */
static time_t seconds_of(int64_t utc_ns, int64_t *rest)
{
    int64_t s = utc_ns / 1000000000;
    if (utc_ns % 1000000000 < 0) s--;
    *rest = utc_ns - s * 1000000000;
    return (time_t)s;
}

static const char *put(char dst[ACQ_SAY], const struct tm *tm, const char *format)
{
    dst[0] = 0;
    if (tm && !strftime(dst, ACQ_SAY, format, tm)) dst[0] = 0;
    return dst;
}

const char *acq_say_utc(char dst[ACQ_SAY], int64_t utc_ns, int decimals)
{
    int64_t rest;
    time_t s = seconds_of(utc_ns, &rest);
    put(dst, gmtime(&s), "%Y-%m-%d %H:%M:%S");
    size_t n = strlen(dst);
    if (n && decimals) snprintf(dst + n, ACQ_SAY - n, ".%03d", (int)(rest / 1000000));
    return dst;
}

const char *acq_say_local(char dst[ACQ_SAY], int64_t utc_ns)
{
    int64_t rest;
    time_t s = seconds_of(utc_ns, &rest);
    struct tm *tm = gmtime(&s);
    struct tm utc = tm ? *tm : (struct tm){0};
    put(dst, tm = tm ? localtime(&s) : NULL, "%Y-%m-%d %H:%M:%S");
    if (!*dst) return dst;
    /* C has no function for the offset; the two are at most one day apart */
    int days = tm->tm_year != utc.tm_year ? (tm->tm_year > utc.tm_year ? 1 : -1) : tm->tm_yday - utc.tm_yday;
    int minutes = (days * 24 + tm->tm_hour - utc.tm_hour) * 60 + tm->tm_min - utc.tm_min;
    int size = minutes < 0 ? -minutes : minutes;
    size_t n = strlen(dst);
    snprintf(dst + n, ACQ_SAY - n, " %c%02d:%02d", minutes < 0 ? '-' : '+', size / 60 % 100, size % 60);
    return dst;
}

const char *acq_say_iso(char dst[ACQ_SAY], int64_t utc_ns)
{
    int64_t rest;
    time_t s = seconds_of(utc_ns, &rest);
    put(dst, gmtime(&s), "%Y-%m-%dT%H:%M:%S");
    size_t n = strlen(dst);
    if (n) snprintf(dst + n, ACQ_SAY - n, ".%09" PRId64 "Z", rest);
    return dst;
}

const char *acq_say_text(char *dst, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (n >= size) {
        n = size - 1;
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80) n--;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        /* C1 controls are two bytes in UTF-8: c2 80 .. c2 9f */
        bool control = c < ' ' || c == 0x7f || (i && (unsigned char)text[i - 1] == 0xc2 && c < 0xa0);
        dst[i] = control ? '?' : (char)c;
        if (control && c >= 0x80) dst[i - 1] = '?'; /* its first byte alone would be no character */
    }
    dst[n] = 0;
    return dst;
}

size_t acq_say_width(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}
