/* reduce.h - a long curve as the few points that a picture can show, with every peak.
 *
 * Shapes  the picture is cut into columns of one width; of each run of points in one column the first, the lowest, the
 *         highest and the last remain, in their order. What is drawn then covers the same pixels as all points would.
 * Memory  a struct of the caller. Threads  one per struct. Errors  none.
 * Source  U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014. */
#ifndef ACQ_PLOT_REDUCE_H
#define ACQ_PLOT_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

/* acq_reduce_fn takes one remaining point; `begins`: no line leads to it. */
typedef void acq_reduce_fn(void *user, double x, double y, bool begins);

struct acq_reduce_point {
    double x, y;
    size_t i; /* number in its column */
};

struct acq_reduce {
    double per_width; /* columns per unit of x */
    acq_reduce_fn *fn;
    void *user;
    double column;
    size_t n; /* points in this column */
    bool begins;
    struct acq_reduce_point first, low, high, last;
};

void acq_reduce_init(struct acq_reduce *r, double column_width, acq_reduce_fn *fn, void *user);

/* acq_reduce_add takes the next point, of finite x and y; acq_reduce_gap ends the line, and the next point begins
 * another. Call acq_reduce_gap behind the last point too. */
void acq_reduce_add(struct acq_reduce *r, double x, double y);
void acq_reduce_gap(struct acq_reduce *r);

#endif
