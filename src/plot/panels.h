/* panels.h - which columns share a panel, what it is called, and how its curves are drawn.
 *
 * Memory  panels point to the columns' values; labels are copied. */
#ifndef ACQ_PLOT_PANELS_H
#define ACQ_PLOT_PANELS_H

#include "plot/figure.h"

#include <stddef.h>

struct acq_plot_column {
    const char *name, *unit;
    const double *values; /* [row] */
};

/* acq_panels_make groups `n` columns (1 .. ACQ_PANELS_MAX) into panels, in the order of each one's first column: the
 * wheels or axes of one channel, and what a driver reads together, as the pedals. Any other column has its own panel,
 * also one that is in no channel table. Returns how many panels there are. */
size_t acq_panels_make(struct acq_panel panels[ACQ_PANELS_MAX], const struct acq_plot_column *columns, size_t n);

#endif
