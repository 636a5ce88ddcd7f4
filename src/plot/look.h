/* look.h - colours and letters of the figures.
 *
 * Source  the curves: M. Okabe, K. Ito, "Color Universal Design": eight colours that the colour-blind tell apart. */
#ifndef ACQ_PLOT_LOOK_H
#define ACQ_PLOT_LOOK_H

#include "plot/canvas.h"
#include "plot/figure.h"

/* numbers of the curves' colours, on white and on dark ground */
enum { ACQ_BLUE, ACQ_VERMILION, ACQ_GREEN, ACQ_PURPLE, ACQ_ORANGE, ACQ_SKY, ACQ_YELLOW, ACQ_GREY };

struct acq_look {
    struct acq_colour ground, grid, zero, axis, lap, band;
    struct acq_colour curves[ACQ_PANEL_CURVES];
    struct acq_letters title, detail, label, unit, legend, tick, extremes, lap_text, best_lap;
};

/* acq_look_get returns the look on white or on dark ground. */
const struct acq_look *acq_look_get(bool dark);

#endif
