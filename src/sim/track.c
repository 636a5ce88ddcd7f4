#include "sim/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define PI 3.14159265358979323846

/* hills gives a built-in track a gentle height: at most about 3 %, and the same at both ends. */
static void hills(struct acq_sim_track *track)
{
    const double turn = 2 * PI / track->length, size = track->length / 1000;

    for (size_t i = 0; i < track->count; i++) {
        struct acq_sim_node *n = &track->nodes[i];
        double a = turn * track->step * (double)i;

        n->y = 20 + size * (1.9 * sin(a + 0.6) + 0.8 * sin(2 * a + 2.1) + 0.25 * sin(5 * a));
        n->slope = turn * size * (1.9 * cos(a + 0.6) + 1.6 * cos(2 * a + 2.1) + 1.25 * cos(5 * a));
    }
}

/* drivable refuses a line that no car can follow. */
static int drivable(struct acq_sim_track *track, struct acq_err *err)
{
    double tightest = 0;

    for (size_t i = 0; i < track->count; i++) tightest = fmax(tightest, fabs(track->nodes[i].curvature));
    if (tightest * ACQ_SIM_RADIUS_MIN <= 1) return ACQ_OK;
    acq_sim_track_fini(track);
    return acq_fail(err, ACQ_RANGE, "the track bends with a radius of %.1f m: a car needs %.0f m", 1 / tightest,
                    ACQ_SIM_RADIUS_MIN);
}

int acq_sim_track_init(struct acq_sim_track *track, const char *name, struct acq_err *err)
{
    struct acq_sim_point *points = NULL;
    size_t count = 0;
    int builtin, r;

    memset(track, 0, sizeof *track);
    r = acq_sim_track_builtin(track, name != NULL ? name : "short", &points, &count, err);
    builtin = r == ACQ_OK;
    if (r == ACQ_MISSING) r = acq_sim_track_read(track, name, &points, &count, err);
    if (r == ACQ_OK) r = acq_sim_line_build(track, points, count, err);
    free(points);
    if (r == ACQ_OK) r = drivable(track, err);
    if (r != ACQ_OK) return r;
    if (builtin) hills(track);
    acq_sim_profile_build(track);
    return ACQ_OK;
}

void acq_sim_track_fini(struct acq_sim_track *track)
{
    free(track->nodes);
    track->nodes = NULL;
    track->count = 0;
}

/* between puts the node at fraction f (0..1) between a and b into n. */
static void between(struct acq_sim_node *n, const struct acq_sim_node *a, const struct acq_sim_node *b, double f,
                    double step)
{
    const double g = 1 - f;

    n->curvature = a->curvature * g + b->curvature * f;
    n->slope = a->slope * g + b->slope * f;
    n->left = a->left * g + b->left * f;
    n->right = a->right * g + b->right * f;
    n->speed = a->speed * g + b->speed * f;
    n->accel = a->accel * g + b->accel * f;
    n->tx = a->tx * g + b->tx * f;
    n->tz = a->tz * g + b->tz * f;
    /* the chord lies inside the arc: add the arc's height, along the right */
    double bow = 0.5 * n->curvature * f * g * step * step;
    n->x = a->x * g + b->x * f - bow * n->tz;
    n->z = a->z * g + b->z * f + bow * n->tx;
    n->y = a->y * g + b->y * f;
}

struct acq_sim_node acq_sim_track_at(const struct acq_sim_track *track, double s)
{
    struct acq_sim_node n;
    double u, f;
    size_t i;

    s -= track->length * floor(s / track->length);
    u = s / track->step;
    i = (size_t)u;
    f = u - (double)i;
    if (i >= track->count) i = 0, f = 0; /* rounding at the very end */
    between(&n, &track->nodes[i], &track->nodes[i + 1 < track->count ? i + 1 : 0], f, track->step);
    return n;
}

struct acq_sim_place acq_sim_track_locate(const struct acq_sim_track *track, double x, double z, double *s,
                                          int *wrapped)
{
    struct acq_sim_place p;

    *wrapped = 0;
    p.node = acq_sim_track_at(track, *s);
    /* one Newton step on the foot of the perpendicular; a car moves a fraction of a step at a time */
    double dx = x - p.node.x, dz = z - p.node.z;
    double along = dx * p.node.tx + dz * p.node.tz, aside = dx * p.node.tz - dz * p.node.tx;
    double stretch = 1 - aside * p.node.curvature;

    *s += along / (stretch > 0.2 ? stretch : 0.2);
    if (*s >= track->length) *s -= track->length, *wrapped = 1;
    if (*s < 0) *s += track->length, *wrapped = -1;
    p.node = acq_sim_track_at(track, *s);
    dx = x - p.node.x, dz = z - p.node.z;
    p.offset = dx * p.node.tz - dz * p.node.tx;
    return p;
}
