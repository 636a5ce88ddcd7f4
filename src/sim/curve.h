/* curve.h - a closed smooth curve through given points, and points at equal steps along it.
 *
 * Units   m.
 * Memory  acq_sim_curve_init allocates, acq_sim_curve_fini frees. */
#ifndef ACQ_SIM_CURVE_H
#define ACQ_SIM_CURVE_H

#include <stddef.h>

/* Periodic cubic splines x(u), z(u); u is the length of the straight pieces between the points. */
struct acq_sim_curve {
    size_t count;
    double *x, *z;   /* the points */
    double *mx, *mz; /* second derivatives there */
    double *h;       /* length of the piece that begins there */
};

/* A place on the curve: the piece and the fraction of it that is passed. */
struct acq_sim_sample {
    size_t piece;
    double t;
};

struct acq_sim_curve_point {
    double x, z;
    double dx, dz; /* direction, about of length 1 */
};

/* acq_sim_curve_init makes the curve through count points (at least 3, no two neighbours alike), which it copies.
 * Returns ACQ_OK or ACQ_MEMORY; after ACQ_MEMORY there is nothing to free. */
int acq_sim_curve_init(struct acq_sim_curve *curve, const double *x, const double *z, size_t count);

/* acq_sim_curve_fini frees what curve holds. */
void acq_sim_curve_fini(struct acq_sim_curve *curve);

/* acq_sim_curve_length returns the length of the whole curve. */
double acq_sim_curve_length(const struct acq_sim_curve *curve);

/* acq_sim_curve_divide finds want places at equal steps along the curve, the first at the first point. */
void acq_sim_curve_divide(const struct acq_sim_curve *curve, struct acq_sim_sample *samples, size_t want);

/* acq_sim_curve_at returns what lies at one place. */
struct acq_sim_curve_point acq_sim_curve_at(const struct acq_sim_curve *curve, struct acq_sim_sample sample);

#endif
