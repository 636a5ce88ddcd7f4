#include "app/pick.h"

#include "record/info.h"
#include "record/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* is_date: 2026-01-01T12:00:05Z, not a time since the start */
static bool is_date(const char *text)
{
    return text && strchr(text, '-') != NULL;
}

/* days: since 1970-01-01, by Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil */
static int64_t days(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, yoe = year - era * 400;
    int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* read_date reads a date and time in UTC as nanoseconds since 1970. */
static int read_date(const char *text, int64_t *ns, struct acq_err *err)
{
    int year, month, day, hour, minute, n = 0;
    double second;
    char zone;
    bool good =
        sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%lf%c%n", &year, &month, &day, &hour, &minute, &second, &zone, &n) == 7;
    good = good && !text[n] && zone == 'Z' && year >= 1970 && year < 2262 && month >= 1 && month <= 12 && day >= 1 &&
           day <= 31 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 61;
    if (!good) return acq_fail(err, ACQ_USAGE, "'%s' is no time in UTC: write 2026-01-01T12:00:05Z", text);
    int64_t minutes = (days(year, month, day) * 24 + hour) * 60 + minute;
    *ns = minutes * INT64_C(60000000000) + (int64_t)(second * 1e9 + 0.5);
    return ACQ_OK;
}

/* first_utc: when the recording begins */
static int first_utc(const char *path, int64_t *utc_ns, struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *bytes;
    size_t n;
    if (!strcmp(path, "-"))
        return acq_fail(err, ACQ_USAGE, "with standard input, give times since the start, as 30:10, not a date");
    struct acq_frame *f = calloc(1, sizeof *f);
    int result = f ? acq_reader_new(&reader, path, err) : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (result == ACQ_OK) {
        result = acq_reader_next(reader, &batch, err);
        bool known = result == ACQ_OK && acq_batch_next(&batch, &bytes, &n) == ACQ_OK &&
                     acq_decode(f, bytes, n) == ACQ_OK && f->has[ACQ_head_utc_ns];
        known = known && f->head.utc_ns <= INT64_MAX;
        *utc_ns = known ? (int64_t)f->head.utc_ns : 0;
        if (result >= 0 && !known)
            result = acq_fail(err, ACQ_USAGE, "%s does not say when it was driven: give times since its start", path);
        acq_reader_free(reader);
    }
    free(f);
    return result;
}

/* read_time: either kind of time as one since the recording's start */
static int read_time(const char *text, const char *path, int64_t *ns, struct acq_err *err)
{
    int64_t start;
    if (!text) return ACQ_OK;
    if (!is_date(text)) return acq_select_time(text, ns, err);
    int result = read_date(text, ns, err);
    if (result == ACQ_OK) result = first_utc(path, &start, err);
    if (result == ACQ_OK) *ns -= start;
    return result;
}

int acq_pick_select(const struct acq_pick *p, const char *path, struct acq_select *select, struct acq_err *err)
{
    *select = (struct acq_select)ACQ_SELECT_ALL;
    int result = read_time(p->from, path, &select->from_ns, err);
    if (result == ACQ_OK) result = read_time(p->to, path, &select->to_ns, err);
    if (result == ACQ_OK && p->laps) result = acq_select_laps(select, p->laps, err);
    if (result == ACQ_OK && p->from && p->to && select->from_ns >= select->to_ns)
        result = acq_fail(err, ACQ_USAGE, "--from %s is not before --to %s", p->from, p->to);
    return result;
}

int acq_pick_nothing(const char *path, struct acq_err *err)
{
    char laps[64] = "";
    if (!strcmp(path, "-")) return acq_fail(err, ACQ_MISSING, "no frame of standard input is in what was asked for");
    struct acq_info *info = malloc(sizeof *info);
    int result = info ? acq_info_read(info, path, err) : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (result == ACQ_OK) {
        const struct acq_frame *first = &info->first, *last = &info->last;
        double seconds = (double)acq_info_duration_ns(info) / 1e9;
        int minutes = (int)(seconds / 60);
        if (first->has[ACQ_graphics_completed_laps] && last->has[ACQ_graphics_completed_laps])
            snprintf(laps, sizeof laps, " and has the laps %" PRId64 " to %" PRId64,
                     (int64_t)first->graphics.completed_laps + 1, (int64_t)last->graphics.completed_laps + 1);
        result = acq_fail(err, ACQ_MISSING, "no frame of %s is in what was asked for: it is %d:%06.3f long%s", path,
                          minutes, seconds - 60.0 * minutes, laps);
    }
    free(info);
    return result;
}

static int no_column(const char *name, const char *const *names, size_t n, struct acq_err *err)
{
    int near = acq_nearest(name, names, n);
    if (near >= 0)
        return acq_fail(err, ACQ_USAGE, "there is no column '%s'; did you mean '%s'? `acq channels` lists all", name,
                        names[near]);
    return acq_fail(err, ACQ_USAGE, "there is no column '%s'; `acq channels` lists all", name);
}

int acq_pick_columns(const struct acq_texts *names, size_t index[ACQ_COLUMNS + 1], struct acq_err *err)
{
    struct acq_column columns[ACQ_COLUMNS];
    const char *known[ACQ_COLUMNS + 1];
    bool named[ACQ_COLUMNS + 1] = {false};
    acq_columns(columns);
    for (size_t i = 0; i < ACQ_COLUMNS; i++) known[i] = columns[i].name;
    known[ACQ_COLUMNS] = "t_s";
    for (size_t i = 0; i < names->n; i++) {
        size_t k = 0;
        while (k <= ACQ_COLUMNS && strcmp(names->text[i], known[k]) != 0) k++;
        if (k > ACQ_COLUMNS) return no_column(names->text[i], known, ACQ_COLUMNS + 1, err);
        if (named[k]) return acq_fail(err, ACQ_USAGE, "the column '%s' is named twice", known[k]);
        named[k] = true;
        index[i] = k;
    }
    return ACQ_OK;
}
