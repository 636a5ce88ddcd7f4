/* The racing line: of all lines within the edges the one that bends least, which is close to the fastest. */
#include "sim/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/curve.h"

#define GRID 4.0    /* m between the points that the search moves */
#define COARSEST 16 /* the search begins with every 16th of them */
#define SWEEPS 150  /* at each fineness */
#define MARGIN 1.7  /* m that the line keeps from the edges: half a car and some room */
#define STEP 1.0    /* m between the nodes of the finished line */
#define NODES_MAX 100000

/* the road's middle on the search's grid, and how far the line lies left of it */
struct road {
    size_t count;
    double *x, *z, *nx, *nz, *low, *high, *offset, *left, *right;
};

static int road_init(struct road *road, size_t count)
{
    double *block = calloc(9 * count, sizeof *block);

    if (block == NULL) return ACQ_MEMORY;
    road->count = count;
    road->x = block;
    road->z = block + count;
    road->nx = block + 2 * count;
    road->nz = block + 3 * count;
    road->low = block + 4 * count;
    road->high = block + 5 * count;
    road->offset = block + 6 * count;
    road->left = block + 7 * count;
    road->right = block + 8 * count;
    return ACQ_OK;
}

/* road_fill puts the middle of the road onto the grid. */
static void road_fill(struct road *road, const struct acq_sim_curve *curve, const struct acq_sim_sample *samples,
                      const struct acq_sim_point *points)
{
    for (size_t i = 0; i < road->count; i++) {
        struct acq_sim_curve_point c = acq_sim_curve_at(curve, samples[i]);
        const struct acq_sim_point *a = &points[samples[i].piece];
        const struct acq_sim_point *b = &points[samples[i].piece + 1 < curve->count ? samples[i].piece + 1 : 0];
        double t = samples[i].t, norm = hypot(c.dx, c.dz);

        road->x[i] = c.x;
        road->z[i] = c.z;
        road->nx[i] = c.dz / norm; /* to the left */
        road->nz[i] = -c.dx / norm;
        road->left[i] = a->left * (1 - t) + b->left * t;
        road->right[i] = a->right * (1 - t) + b->right * t;
        road->low[i] = MARGIN - road->right[i];
        road->high[i] = road->left[i] - MARGIN;
        if (road->low[i] > road->high[i]) { /* no room: the middle of what there is */
            road->low[i] = road->high[i] = (road->left[i] - road->right[i]) / 2;
        }
        road->offset[i] = fmin(fmax(0, road->low[i]), road->high[i]);
    }
}

static double line_x(const struct road *road, size_t i)
{
    return road->x[i] + road->offset[i] * road->nx[i];
}

static double line_z(const struct road *road, size_t i)
{
    return road->z[i] + road->offset[i] * road->nz[i];
}

/* relax moves every stride-th point to where the line through its neighbours bends least. */
static void relax(struct road *road, size_t stride)
{
    const size_t n = road->count;

    for (size_t i = 0; i < n; i += stride) {
        size_t a = (i + n - stride) % n, b = (i + stride) % n;
        size_t aa = (i + n - 2 * stride) % n, bb = (i + 2 * stride) % n;
        double px = (4 * (line_x(road, a) + line_x(road, b)) - line_x(road, aa) - line_x(road, bb)) / 6;
        double pz = (4 * (line_z(road, a) + line_z(road, b)) - line_z(road, aa) - line_z(road, bb)) / 6;
        double aside = (px - road->x[i]) * road->nx[i] + (pz - road->z[i]) * road->nz[i];

        road->offset[i] = fmin(fmax(aside, road->low[i]), road->high[i]);
    }
}

/* refine gives the points halfway between those of stride the mean of their neighbours. */
static void refine(struct road *road, size_t stride)
{
    for (size_t i = stride / 2; i < road->count; i += stride) {
        double mean = (road->offset[i - stride / 2] + road->offset[(i + stride / 2) % road->count]) / 2;

        road->offset[i] = fmin(fmax(mean, road->low[i]), road->high[i]);
    }
}

static void search(struct road *road)
{
    for (size_t stride = COARSEST; stride > 0; stride /= 2) {
        for (int sweep = 0; sweep < SWEEPS; sweep++) relax(road, stride);
        if (stride > 1) refine(road, stride);
    }
}

/* bend computes the curvature from the directions of neighbours, and smooths it. */
static int bend(struct acq_sim_track *track)
{
    const size_t n = track->count;
    struct acq_sim_node *nodes = track->nodes;
    double *raw = malloc(n * sizeof *raw);

    if (raw == NULL) return ACQ_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct acq_sim_node *a = &nodes[i > 0 ? i - 1 : n - 1], *b = &nodes[i + 1 < n ? i + 1 : 0];
        double turn = atan2(a->tz * b->tx - a->tx * b->tz, a->tx * b->tx + a->tz * b->tz);

        raw[i] = turn / (2 * track->step);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;

        for (size_t k = 0; k < 5; k++) sum += raw[(i + n + k - 2) % n];
        nodes[i].curvature = sum / 5;
    }
    free(raw);
    return ACQ_OK;
}

/* divide makes the track's nodes from the found line. */
static int divide(struct acq_sim_track *track, const struct road *road, const struct acq_sim_curve *curve,
                  struct acq_sim_sample *samples)
{
    acq_sim_curve_divide(curve, samples, track->count);
    for (size_t i = 0; i < track->count; i++) {
        struct acq_sim_node *n = &track->nodes[i];
        struct acq_sim_curve_point p = acq_sim_curve_at(curve, samples[i]);
        size_t a = samples[i].piece, b = a + 1 < road->count ? a + 1 : 0;
        double t = samples[i].t, norm = hypot(p.dx, p.dz);

        n->x = p.x;
        n->z = p.z;
        n->tx = p.dx / norm;
        n->tz = p.dz / norm;
        n->left = (road->left[a] - road->offset[a]) * (1 - t) + (road->left[b] - road->offset[b]) * t;
        n->right = (road->right[a] + road->offset[a]) * (1 - t) + (road->right[b] + road->offset[b]) * t;
    }
    return bend(track);
}

/* finish makes the curve through the found line and divides it. */
static int finish(struct acq_sim_track *track, struct road *road)
{
    struct acq_sim_curve curve = {0};
    struct acq_sim_sample *samples = NULL;
    size_t n = road->count;
    int r;

    for (size_t i = 0; i < n; i++) {
        double x = line_x(road, i), z = line_z(road, i);

        road->x[i] = x;
        road->z[i] = z;
    }
    r = acq_sim_curve_init(&curve, road->x, road->z, n);
    if (r != ACQ_OK) return r;
    track->length = acq_sim_curve_length(&curve);
    track->count = (size_t)fmin(track->length / STEP, NODES_MAX);
    track->step = track->length / (double)track->count;
    track->nodes = calloc(track->count, sizeof *track->nodes);
    samples = malloc(track->count * sizeof *samples);
    r = track->nodes != NULL && samples != NULL ? divide(track, road, &curve, samples) : ACQ_MEMORY;
    free(samples);
    acq_sim_curve_fini(&curve);
    return r;
}

/* middle_curve makes the curve through the middle of the road. */
static int middle_curve(struct acq_sim_curve *curve, const struct acq_sim_point *points, size_t count)
{
    double *xz = malloc(2 * count * sizeof *xz);
    int r;

    if (xz == NULL) return ACQ_MEMORY;
    for (size_t i = 0; i < count; i++) {
        xz[i] = points[i].x;
        xz[count + i] = points[i].z;
    }
    r = acq_sim_curve_init(curve, xz, xz + count, count);
    free(xz);
    return r;
}

int acq_sim_line_build(struct acq_sim_track *track, const struct acq_sim_point *points, size_t count,
                       struct acq_err *err)
{
    struct acq_sim_curve curve = {0};
    struct acq_sim_sample *samples = NULL;
    struct road road = {0};
    double length = 0;
    size_t grid;
    int r = middle_curve(&curve, points, count);

    if (r != ACQ_OK) goto out;
    length = acq_sim_curve_length(&curve);
    r = ACQ_RANGE;
    if (!(length >= ACQ_SIM_LENGTH_MIN && length <= ACQ_SIM_LENGTH_MAX)) goto out;
    grid = (size_t)(length / GRID / COARSEST) * COARSEST + COARSEST;
    r = ACQ_MEMORY;
    samples = malloc(grid * sizeof *samples);
    if (samples == NULL || road_init(&road, grid) != ACQ_OK) goto out;
    acq_sim_curve_divide(&curve, samples, grid);
    road_fill(&road, &curve, samples, points);
    search(&road);
    r = finish(track, &road);
out:
    free(road.x);
    free(samples);
    acq_sim_curve_fini(&curve);
    if (r != ACQ_OK) acq_sim_track_fini(track);
    if (r == ACQ_RANGE) {
        return acq_fail(err, r, "the track is %.0f m long: give one between %.0f m and %.0f km", length,
                        ACQ_SIM_LENGTH_MIN, ACQ_SIM_LENGTH_MAX / 1000);
    }
    return r == ACQ_OK ? r : acq_fail(err, r, "no memory for the track: close other programs and try again");
}
