#include "record/select.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int bad_time(const char *text, struct acq_err *err)
{
    return acq_fail(err, ACQ_USAGE, "'%s' is no time: write 30:10, 1:02:03.5, 90s, 5m or 1h", text);
}

/* number: the digits at *p, with a fraction where that is allowed; false if there are none or too many */
static bool number(const char **p, bool fraction, double *value)
{
    const char *begin = *p;
    double v = 0;
    for (; isdigit((unsigned char)**p); (*p)++) v = v * 10 + (**p - '0');
    if (*p == begin || *p - begin > 9) return false;
    *value = v;
    if (!fraction || **p != '.') return true;
    (*p)++;
    for (double unit = 0.1; isdigit((unsigned char)**p); (*p)++, unit /= 10) *value += (**p - '0') * unit;
    return true;
}

int acq_select_time(const char *text, int64_t *ns, struct acq_err *err)
{
    const char *p = text;
    double seconds = 0, part;
    int parts = 0;
    do {
        if (!number(&p, true, &part) || ++parts > 3 || (parts > 1 && part >= 60)) return bad_time(text, err);
        seconds = seconds * 60 + part;
    } while (*p == ':' && p++);
    if (parts == 1 && *p && !p[1]) { /* one number with a unit */
        if (!strchr("smh", *p)) return bad_time(text, err);
        seconds *= *p == 'h' ? 3600 : *p == 'm' ? 60 : 1;
        p++;
    }
    if (*p || seconds > 1e9) return bad_time(text, err);
    *ns = (int64_t)(seconds * 1e9 + 0.5);
    return ACQ_OK;
}

static int bad_laps(const char *text, struct acq_err *err)
{
    return acq_fail(err, ACQ_USAGE, "'%s' are no laps: write 3, 3-5, 7- or several with commas; the first lap is 1",
                    text);
}

int acq_select_laps(struct acq_select *s, const char *text, struct acq_err *err)
{
    for (const char *p = text;; p++) {
        double first = 1, last = INT32_MAX;
        bool has_first = number(&p, false, &first);
        if (*p == '-') {
            p++;
            if (!number(&p, false, &last) && !has_first) return bad_laps(text, err);
        } else if (has_first) {
            last = first;
        } else {
            return bad_laps(text, err);
        }
        if (first < 1 || last < first || (*p && *p != ',')) return bad_laps(text, err);
        if (s->lap_ranges == ACQ_SELECT_LAPS)
            return acq_fail(err, ACQ_USAGE, "these are too many laps: name at most %d ranges", ACQ_SELECT_LAPS);
        s->laps[s->lap_ranges++] = (struct acq_lap_range){(int32_t)first, last > INT32_MAX ? INT32_MAX : (int32_t)last};
        if (!*p) return ACQ_OK;
    }
}

bool acq_select_all(const struct acq_select *s)
{
    return s->from_ns <= 0 && s->to_ns == INT64_MAX && !s->lap_ranges;
}

/* any_lap: is one of the laps first..last wanted? */
static bool any_lap(const struct acq_select *s, int64_t first, int64_t last)
{
    for (size_t i = 0; i < s->lap_ranges; i++)
        if (s->laps[i].first <= last && first <= s->laps[i].last) return true;
    return !s->lap_ranges;
}

/* since: the time from `first` to t, which may both be any number */
static int64_t since(int64_t first, int64_t t)
{
    if (first < 0 ? t > INT64_MAX + first : t < INT64_MIN + first) return first < 0 ? INT64_MAX : INT64_MIN;
    return t - first;
}

bool acq_select_has(const struct acq_select *s, int64_t first_t_ns, const struct acq_frame *f)
{
    int64_t t = since(first_t_ns, f->has[ACQ_head_monotonic_ns] ? (int64_t)f->head.monotonic_ns : first_t_ns);
    if ((s->from_ns > 0 && t < s->from_ns) || t >= s->to_ns) return false;
    if (!s->lap_ranges) return true;
    int64_t lap = (int64_t)f->graphics.completed_laps + 1;
    return f->has[ACQ_graphics_completed_laps] && any_lap(s, lap, lap);
}

bool acq_select_may(const struct acq_select *s, int64_t first_t_ns, const struct acq_member *m, int32_t laps_before)
{
    if (since(first_t_ns, m->last_t_ns) < s->from_ns || since(first_t_ns, m->first_t_ns) >= s->to_ns) return false;
    if (laps_before < 0) return true;
    int64_t a = (int64_t)laps_before + 1, b = (int64_t)m->laps + 1;
    return any_lap(s, a < b ? a : b, a < b ? b : a);
}
