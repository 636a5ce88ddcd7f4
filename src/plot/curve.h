/* curve.h - draws one curve into its box. */
#ifndef ACQ_PLOT_CURVE_H
#define ACQ_PLOT_CURVE_H

#include "plot/canvas.h"
#include "plot/figure.h"
#include "plot/layout.h"

/* acq_curve_draw draws `rows` points with the current colour: t over box.width, values over box.height by `range`. */
void acq_curve_draw(struct acq_canvas *canvas, const struct acq_curve *curve, const double *t, size_t rows,
                    const struct acq_box *box, struct acq_range time, struct acq_range range, double line_width);

/* acq_curve_spread returns how far the values lie from their mean on average, estimated from some of them. */
double acq_curve_spread(const struct acq_curve *curve, size_t rows);

/* acq_box_x and acq_box_y say where a time and a value lie in a box. A few pixels stay free above and below. */
double acq_box_x(const struct acq_box *box, struct acq_range time, double t);
double acq_box_y(const struct acq_box *box, struct acq_range range, double v);

#endif
