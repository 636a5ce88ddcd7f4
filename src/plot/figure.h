/* figure.h - one picture of panels that stand above each other and share their time axis.
 *
 * Units   t in seconds; values in the unit that each panel names; sizes in pixels (PNG) or points (SVG, PDF).
 * Shapes  t[row], values[row] of each curve. What is not finite is a gap in the curve.
 * Memory  everything stays the caller's; a figure only points to it.
 * Threads one figure at a time. */
#ifndef ACQ_PLOT_FIGURE_H
#define ACQ_PLOT_FIGURE_H

#include "base/err.h"
#include "plot/scale.h"

#include <stdbool.h>
#include <stddef.h>

#define ACQ_PANEL_CURVES 8
#define ACQ_PANELS_MAX 256

struct acq_curve {
    char name[48];
    const double *values;
    unsigned colour; /* 0 .. ACQ_PANEL_CURVES - 1, see look.h */
    bool stepped;    /* a value holds until the next one */
    bool cyclic;     /* a jump of half the range or more is a new turn or lap: no line is drawn */
};

struct acq_panel {
    char label[64], unit[16];
    struct acq_curve curves[ACQ_PANEL_CURVES];
    size_t n;
    bool whole;            /* all values are whole numbers */
    struct acq_range must; /* is part of the axis in any case; empty: nothing */
};

/* One lap or part of it, as far as it is in the picture. */
struct acq_figure_lap {
    double from, to; /* [s] on the axis */
    int number;      /* from 1 */
    double time_s;   /* lap time, 0: not known */
};

struct acq_figure {
    const char *title, *detail; /* two lines at the top; "" for nothing */
    const double *t;
    size_t rows;
    const struct acq_panel *panels;
    size_t panel_count; /* 1 .. ACQ_PANELS_MAX */
    const struct acq_figure_lap *laps;
    size_t lap_count; /* 0: no laps are shown */
};

#define ACQ_FIGURE_WIDTH 1600
#define ACQ_FIGURE_WIDTH_MIN 400
struct acq_figure_size {
    double width, height; /* height 0: by the number of panels */
    bool dark;            /* light on dark */
};

/* acq_figure_may_save says beforehand whether acq_figure_save would refuse `path`. Returns 0; ACQ_USAGE for a suffix
 * that is no picture's; ACQ_EXISTS if there is such a file and `replace` is not set; ACQ_IO if it is a folder. */
int acq_figure_may_save(const char *path, bool replace, struct acq_err *err);

/* acq_figure_save draws the figure into the file `path`, whose suffix says the format. The file appears whole or not at
 * all. Returns 0; ACQ_USAGE for another suffix; ACQ_RANGE if the panels do not fit into the size; ACQ_EXISTS if there
 * is such a file and `replace` is not set; ACQ_IO; ACQ_MEMORY. */
int acq_figure_save(const struct acq_figure *figure, const struct acq_figure_size *size, const char *path, bool replace,
                    struct acq_err *err);

#endif
