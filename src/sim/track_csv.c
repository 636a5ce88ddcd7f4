/* Tracks from CSV files: x, y, width to the right, width to the left, in metres; y points up on the map. */
#include "sim/track.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"

#define FILE_MAX (16 << 20)
#define WIDTH_MAX 1000.0 /* m */
#define NEAR 0.01        /* m: closer neighbours are one point */

struct reader {
    const char *path;
    struct acq_err *err;
    struct acq_sim_point *points;
    size_t count, room;
    unsigned long row;
    int header; /* one row of names may stand above the numbers */
};

/* numbers reads up to max numbers, divided by commas, semicolons or blanks. Returns how many, or -1. */
static int numbers(const char *line, double *to, int max)
{
    int n = 0;

    for (;;) {
        char *end;

        while (isspace((unsigned char)*line) || *line == ',' || *line == ';') line++;
        if (*line == '\0') return n;
        if (n == max) return -1;
        to[n++] = strtod(line, &end);
        if (end == line || (*end != '\0' && !isspace((unsigned char)*end) && *end != ',' && *end != ';')) return -1;
        line = end;
    }
}

static int check(const struct reader *r, const double *v)
{
    for (int i = 0; i < 4; i++) {
        if (!(fabs(v[i]) < HUGE_VAL)) {
            return acq_fail(r->err, ACQ_FORMAT, "%.250s, line %lu: every value must be a finite number", r->path,
                            r->row);
        }
    }
    if (fabs(v[0]) > ACQ_SIM_COORDINATE_MAX || fabs(v[1]) > ACQ_SIM_COORDINATE_MAX) {
        return acq_fail(r->err, ACQ_RANGE, "%.250s, line %lu: the point lies more than %.0f km out; give metres",
                        r->path, r->row, ACQ_SIM_COORDINATE_MAX / 1000);
    }
    if (v[2] <= 0 || v[3] <= 0 || v[2] > WIDTH_MAX || v[3] > WIDTH_MAX) {
        return acq_fail(r->err, ACQ_RANGE, "%.250s, line %lu: the widths must be above 0 and at most %.0f m", r->path,
                        r->row, WIDTH_MAX);
    }
    if (r->count > 0) {
        const struct acq_sim_point *last = &r->points[r->count - 1];

        if (hypot(v[0] - last->x, -v[1] - last->z) < NEAR) {
            return acq_fail(r->err, ACQ_FORMAT, "%.250s, line %lu: the point repeats the one before; remove it",
                            r->path, r->row);
        }
    }
    return ACQ_OK;
}

static int add(struct reader *r, const double *v)
{
    if (r->count == ACQ_SIM_POINTS_MAX) {
        return acq_fail(r->err, ACQ_RANGE, "%.250s has more than %d points: thin it out", r->path, ACQ_SIM_POINTS_MAX);
    }
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 1024;
        void *p = realloc(r->points, room * sizeof *r->points);

        if (p == NULL) return acq_fail(r->err, ACQ_MEMORY, "no memory for the track %.250s", r->path);
        r->points = p;
        r->room = room;
    }
    r->points[r->count++] = (struct acq_sim_point){v[0], -v[1], v[2], v[3]};
    return ACQ_OK;
}

static int take_row(struct reader *r, char *line)
{
    double v[4];
    int n, result;

    while (isspace((unsigned char)*line)) line++;
    if (*line == '#' || *line == '\0') return ACQ_OK;
    n = numbers(line, v, 4);
    if (n == -1 && r->count == 0 && !r->header && isalpha((unsigned char)*line)) {
        r->header = 1;
        return ACQ_OK;
    }
    if (n != 4) {
        return acq_fail(r->err, ACQ_FORMAT, "%.250s, line %lu: expected x, y, width right, width left in metres",
                        r->path, r->row);
    }
    result = check(r, v);
    return result == ACQ_OK ? add(r, v) : result;
}

/* load reads the whole file: *text, which the caller frees, ends in NUL. */
static int load(const struct reader *r, char **text)
{
    const int fd = acq_file_open(r->path, ACQ_FILE_READ, r->err);
    char *to = NULL;
    size_t size = 0;
    ptrdiff_t got = 1;
    int result = ACQ_OK;

    if (fd == ACQ_MISSING) {
        return acq_fail(r->err, ACQ_MISSING, "there is no track %.250s: give short, long or a CSV file", r->path);
    }
    if (fd < 0) return fd;
    to = malloc(FILE_MAX + 1);
    if (to == NULL) result = acq_fail(r->err, ACQ_MEMORY, "no memory for the track %.250s", r->path);
    while (result == ACQ_OK && got > 0 && size < FILE_MAX) {
        got = acq_file_read(fd, to + size, FILE_MAX - size);
        if (got < 0) result = acq_fail(r->err, ACQ_IO, "cannot read %.250s: is it a file?", r->path);
        if (got > 0) size += (size_t)got;
    }
    acq_file_close(fd);
    if (result == ACQ_OK && size == FILE_MAX) {
        result = acq_fail(r->err, ACQ_RANGE, "%.250s is larger than %d MB: thin it out", r->path, FILE_MAX >> 20);
    }
    if (result == ACQ_OK && memchr(to, '\0', size) != NULL) {
        result = acq_fail(r->err, ACQ_FORMAT, "%.250s is not a text file: give a CSV file", r->path);
    }
    if (result != ACQ_OK) {
        free(to);
        return result;
    }
    to[size] = '\0';
    *text = to;
    return ACQ_OK;
}

static int read_rows(struct reader *r, char *text)
{
    int result = ACQ_OK;

    while (result == ACQ_OK && *text != '\0') {
        char *end = text + strcspn(text, "\n"), *next = *end == '\n' ? end + 1 : end;

        *end = '\0';
        r->row++;
        result = take_row(r, text);
        text = next;
    }
    return result;
}

/* close_line checks the whole: a last point that repeats the first closes the line in the file; here it is one. */
static int close_line(struct reader *r)
{
    if (r->count > 1) {
        const struct acq_sim_point *a = &r->points[0], *b = &r->points[r->count - 1];

        if (hypot(a->x - b->x, a->z - b->z) < NEAR) r->count--;
    }
    if (r->count < ACQ_SIM_POINTS_MIN) {
        return acq_fail(r->err, ACQ_FORMAT, "%.250s has %d points: a track needs at least %d", r->path, (int)r->count,
                        ACQ_SIM_POINTS_MIN);
    }
    return ACQ_OK;
}

/* name_track makes the game's kind of name from a path: the file's name without its ending, in [a-z0-9_]. */
static void name_track(struct acq_sim_track *track, const char *path)
{
    const char *stem = path, *dot;
    size_t n = 0;

    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '/' || *p == '\\') stem = p + 1;
    }
    dot = strrchr(stem, '.');
    for (const char *p = stem; *p != '\0' && (dot == NULL || dot == stem || p < dot); p++) {
        int c = tolower((unsigned char)*p);

        if (n + 1 == sizeof track->name) break;
        track->name[n++] = (char)((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_');
    }
    if (n == 0) track->name[n++] = '_';
    track->name[n] = '\0';
}

int acq_sim_track_read(struct acq_sim_track *track, const char *path, struct acq_sim_point **points, size_t *count,
                       struct acq_err *err)
{
    struct reader r = {.path = path, .err = err};
    char *text = NULL;
    int result = load(&r, &text);

    if (result == ACQ_OK) result = read_rows(&r, text);
    free(text);
    if (result == ACQ_OK) result = close_line(&r);
    if (result != ACQ_OK) {
        free(r.points);
        return result;
    }
    name_track(track, path);
    *points = r.points;
    *count = r.count;
    return ACQ_OK;
}
