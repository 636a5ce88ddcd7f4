/* The tracks that need no file, given as a polygon whose corners are rounded: every list closes by itself. */
#include "sim/track.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* one corner: where the straights would meet (m), the radius of the middle of the road (m) */
struct corner {
    double x, z, radius;
};

struct design {
    const char *option, *name, *layout;
    double half_width;
    size_t corners;
    const struct corner *corner;
};

/* The first corner of each list is no corner: the start line on a straight. */
static const struct corner short_corners[] = {
    {0, 0, 0},      {77, 63, 26},  {15, 110, 24},   {42, 182, 20},
    {-50, 158, 28}, {-78, 10, 34}, {-160, -20, 24}, {-88, -72, 38},
};
static const struct corner long_corners[] = {
    {0, 0, 0},        {-480, 0, 45},   {-560, -210, 70}, {-800, -260, 60}, {-760, -560, 60}, {-480, -520, 50},
    {-420, -760, 90}, {-20, -800, 48}, {-60, -560, 44},  {150, -520, 80},  {260, -800, 60},  {700, -720, 110},
    {620, -400, 42},  {540, -330, 40}, {640, -150, 50},  {520, 0, 60},
};

static const struct design designs[] = {
    {"short", "acq_short", "", 5, sizeof short_corners / sizeof *short_corners, short_corners},
    {"long", "acq_long", "gp", 6, sizeof long_corners / sizeof *long_corners, long_corners},
};

#define SPACING 2.0 /* m between the points of the road's middle */

struct list {
    struct acq_sim_point *points;
    size_t count, room;
    double half_width;
};

static int add(struct list *list, double x, double z)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 1024;
        void *p = realloc(list->points, room * sizeof *list->points);

        if (p == NULL) return ACQ_MEMORY;
        list->points = p;
        list->room = room;
    }
    list->points[list->count++] = (struct acq_sim_point){x, z, list->half_width, list->half_width};
    return ACQ_OK;
}

/* add_straight adds points from a to b, a included, b not. */
static int add_straight(struct list *list, double ax, double az, double bx, double bz)
{
    size_t steps = (size_t)(hypot(bx - ax, bz - az) / SPACING) + 1;
    int r = ACQ_OK;

    for (size_t i = 0; i < steps && r == ACQ_OK; i++) {
        double f = (double)i / (double)steps;

        r = add(list, ax + (bx - ax) * f, az + (bz - az) * f);
    }
    return r;
}

/* add_corner adds the straight from *x, *z to the arc at c, then the arc, and leaves its end in *x, *z. */
static int add_corner(struct list *list, const struct corner *c, const struct corner *next, double *x, double *z)
{
    double in = hypot(c->x - *x, c->z - *z), out = hypot(next->x - c->x, next->z - c->z);
    double ux = (c->x - *x) / in, uz = (c->z - *z) / in, vx = (next->x - c->x) / out, vz = (next->z - c->z) / out;
    double turn = atan2(uz * vx - ux * vz, ux * vx + uz * vz), reach = c->radius * tan(fabs(turn) / 2);
    double ax = c->x - ux * reach, az = c->z - uz * reach, side = turn > 0 ? c->radius : -c->radius;
    double cx = ax + uz * side, cz = az - ux * side; /* the middle of the circle lies to the left of a left turn */
    size_t steps = (size_t)(c->radius * fabs(turn) / SPACING) + 1;
    int r = add_straight(list, *x, *z, ax, az);

    for (size_t i = 0; i < steps && r == ACQ_OK; i++) {
        double a = turn * (double)i / (double)steps, tx = ux * cos(a) + uz * sin(a), tz = uz * cos(a) - ux * sin(a);

        r = add(list, cx - tz * side, cz + tx * side);
    }
    *x = c->x + vx * reach;
    *z = c->z + vz * reach;
    return r;
}

int acq_sim_track_builtin(struct acq_sim_track *track, const char *name, struct acq_sim_point **points, size_t *count,
                          struct acq_err *err)
{
    const struct design *d = designs, *end = designs + sizeof designs / sizeof *designs;
    struct list list = {NULL, 0, 0, 0};
    int r = ACQ_OK;

    while (d < end && strcmp(d->option, name) != 0) d++;
    if (d == end) return ACQ_MISSING;
    list.half_width = d->half_width;
    double x = d->corner[0].x, z = d->corner[0].z;
    for (size_t i = 1; i < d->corners && r == ACQ_OK; i++) {
        r = add_corner(&list, &d->corner[i], &d->corner[i + 1 < d->corners ? i + 1 : 0], &x, &z);
    }
    if (r == ACQ_OK) r = add_straight(&list, x, z, d->corner[0].x, d->corner[0].z);
    if (r != ACQ_OK) {
        free(list.points);
        return acq_fail(err, r, "no memory for the track: close other programs and try again");
    }
    snprintf(track->name, sizeof track->name, "%s", d->name);
    snprintf(track->layout, sizeof track->layout, "%s", d->layout);
    *points = list.points;
    *count = list.count;
    return ACQ_OK;
}
