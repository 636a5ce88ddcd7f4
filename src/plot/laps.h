/* laps.h - where laps begin and end on the time axis, and the strip that shows them.
 *
 * Units   seconds. */
#ifndef ACQ_PLOT_LAPS_H
#define ACQ_PLOT_LAPS_H

#include "plot/canvas.h"
#include "plot/figure.h"
#include "plot/layout.h"
#include "plot/look.h"

#define ACQ_FIGURE_LAPS_MAX 500

/* acq_figure_find_laps fills `laps` from lap[row], the number of completed laps, and last_s[row], the time of the last
 * lap in units of `last_unit` seconds (NULL: not known). Returns how many there are: 0 if the car was never on track or
 * `lap` is no such count, as where it changes in most rows. */
size_t acq_figure_find_laps(struct acq_figure_lap laps[ACQ_FIGURE_LAPS_MAX], const double *t, const double *lap,
                            const double *last, double last_unit, size_t rows);

/* acq_lap_band_draw draws the strip; each lap has number and time where there is room. */
void acq_lap_band_draw(struct acq_canvas *canvas, const struct acq_look *look, const struct acq_figure_lap *laps,
                       size_t n, const struct acq_box *box, struct acq_range time);

#endif
