#include "sim/curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SUBPIECES 16 /* for measuring lengths */

/* moments solves the spline's equations. They are so strongly diagonal that each sweep halves the error. */
static void moments(double *m, const double *y, const double *h, size_t n)
{
    memset(m, 0, n * sizeof *m);
    for (int sweep = 0; sweep < 60; sweep++) {
        for (size_t i = 0; i < n; i++) {
            size_t a = i > 0 ? i - 1 : n - 1, b = i + 1 < n ? i + 1 : 0;
            double rise = 6 * ((y[b] - y[i]) / h[i] - (y[i] - y[a]) / h[a]);

            m[i] = (rise - h[a] * m[a] - h[i] * m[b]) / (2 * (h[a] + h[i]));
        }
    }
}

int acq_sim_curve_init(struct acq_sim_curve *curve, const double *x, const double *z, size_t count)
{
    double *block = malloc(5 * count * sizeof *block);

    if (block == NULL) return ACQ_MEMORY;
    curve->count = count;
    curve->x = block;
    curve->z = block + count;
    curve->mx = block + 2 * count;
    curve->mz = block + 3 * count;
    curve->h = block + 4 * count;
    memcpy(curve->x, x, count * sizeof *x);
    memcpy(curve->z, z, count * sizeof *z);
    for (size_t i = 0; i < count; i++) {
        size_t b = i + 1 < count ? i + 1 : 0;

        curve->h[i] = hypot(x[b] - x[i], z[b] - z[i]);
    }
    moments(curve->mx, curve->x, curve->h, count);
    moments(curve->mz, curve->z, curve->h, count);
    return ACQ_OK;
}

void acq_sim_curve_fini(struct acq_sim_curve *curve)
{
    free(curve->x);
    memset(curve, 0, sizeof *curve);
}

struct acq_sim_curve_point acq_sim_curve_at(const struct acq_sim_curve *curve, struct acq_sim_sample sample)
{
    const size_t a = sample.piece, b = a + 1 < curve->count ? a + 1 : 0;
    const double t = sample.t, r = 1 - t, h = curve->h[a], h2 = h * h / 6, h1 = h / 6;
    const double wa = h2 * (r * r * r - r), wb = h2 * (t * t * t - t);
    const double da = h1 * (1 - 3 * r * r), db = h1 * (3 * t * t - 1);
    struct acq_sim_curve_point p;

    p.x = r * curve->x[a] + t * curve->x[b] + wa * curve->mx[a] + wb * curve->mx[b];
    p.z = r * curve->z[a] + t * curve->z[b] + wa * curve->mz[a] + wb * curve->mz[b];
    p.dx = (curve->x[b] - curve->x[a]) / h + da * curve->mx[a] + db * curve->mx[b];
    p.dz = (curve->z[b] - curve->z[a]) / h + da * curve->mz[a] + db * curve->mz[b];
    return p;
}

/* subpiece returns the length of part k of a piece. */
static double subpiece(const struct acq_sim_curve *curve, size_t piece, int k)
{
    struct acq_sim_sample a = {piece, (double)k / SUBPIECES}, b = {piece, (double)(k + 1) / SUBPIECES};
    struct acq_sim_curve_point p = acq_sim_curve_at(curve, a), q = acq_sim_curve_at(curve, b);

    return hypot(q.x - p.x, q.z - p.z);
}

double acq_sim_curve_length(const struct acq_sim_curve *curve)
{
    double length = 0;

    for (size_t i = 0; i < curve->count; i++) {
        for (int k = 0; k < SUBPIECES; k++) length += subpiece(curve, i, k);
    }
    return length;
}

void acq_sim_curve_divide(const struct acq_sim_curve *curve, struct acq_sim_sample *samples, size_t want)
{
    const double step = acq_sim_curve_length(curve) / (double)want;
    double passed = 0;
    size_t done = 0;

    for (size_t i = 0; i < curve->count; i++) {
        for (int k = 0; k < SUBPIECES; k++) {
            double part = subpiece(curve, i, k);

            while (done < want && step * (double)done <= passed + part) {
                double f = part > 0 ? (step * (double)done - passed) / part : 0;

                samples[done++] = (struct acq_sim_sample){i, (k + f) / SUBPIECES};
            }
            passed += part;
        }
    }
    while (done < want) samples[done++] = (struct acq_sim_sample){curve->count - 1, 1}; /* rounding at the end */
}
