/* layout.h - where the parts of a figure lie.
 *
 * Units   pixels (PNG) or points (SVG, PDF) from the top left corner. */
#ifndef ACQ_PLOT_LAYOUT_H
#define ACQ_PLOT_LAYOUT_H

#include "base/err.h"
#include "plot/figure.h"

/* sizes that drawing and layout share */
#define ACQ_PANEL_HEAD 28.0 /* above each panel: its label, its legend */
#define ACQ_LAP_BAND 22.0   /* the strip with the laps */

struct acq_box {
    double x, y, width, height;
};

struct acq_layout {
    double width, height;
    double title_y, detail_y; /* base lines */
    struct acq_box laps;      /* height 0: none */
    struct acq_box panels[ACQ_PANELS_MAX];
    size_t panel_count;
};

/* acq_layout_make lays out a figure with the axis labels on the left being label_width wide. Returns 0, or ACQ_RANGE if
 * the panels do not fit into the size. */
int acq_layout_make(struct acq_layout *layout, const struct acq_figure *figure, const struct acq_figure_size *size,
                    double label_width, struct acq_err *err);

#endif
