#include "plot/layout.h"

#include "plot/canvas.h"

#define MARGIN 28.0
#define TITLE 72.0       /* both lines at the top */
#define NO_TITLE 20.0    /* in their place when there are none */
#define AXIS 56.0        /* below the last panel: ticks and label of the time axis */
#define PANEL 152.0      /* a panel with its head, if the height is ours to choose */
#define PANEL_LEAST 40.0 /* the least height of a panel without its head */
#define LABEL_GAP 10.0
#define SHALLOW 0.72 /* height of a panel of whole numbers, as gears: it has little to show */

static double weight(const struct acq_panel *p)
{
    return p->whole ? SHALLOW : 1;
}

int acq_layout_make(struct acq_layout *l, const struct acq_figure *f, const struct acq_figure_size *size,
                    double label_width, struct acq_err *err)
{
    double weights = 0, n = (double)f->panel_count;
    for (size_t i = 0; i < f->panel_count; i++) weights += weight(&f->panels[i]);
    double top = f->title[0] || f->detail[0] ? TITLE : NO_TITLE;
    double fixed = top + (f->lap_count ? ACQ_LAP_BAND : 0) + n * ACQ_PANEL_HEAD + AXIS;
    double unit = PANEL - ACQ_PANEL_HEAD; /* height of a panel of weight 1 */
    double most = (ACQ_CANVAS_MAX - fixed) / weights;
    if (size->height > 0) unit = (size->height - fixed) / weights;
    if (size->height <= 0 && unit > most) unit = most;
    if (unit < PANEL_LEAST)
        return acq_fail(err, ACQ_RANGE, "%.0f panels need a height of at least %.0f; choose fewer columns or --height",
                        n, fixed + PANEL_LEAST * weights);
    double left = MARGIN + label_width + LABEL_GAP;
    *l = (struct acq_layout){.width = size->width, .panel_count = f->panel_count, .title_y = 36, .detail_y = 60};
    if (size->width - left - MARGIN < size->width / 3)
        return acq_fail(err, ACQ_RANGE, "a picture %.0f wide has no room for its axes: choose a wider one",
                        size->width);
    double y = top;
    if (f->lap_count) {
        l->laps = (struct acq_box){left, y, size->width - left - MARGIN, ACQ_LAP_BAND};
        y += ACQ_LAP_BAND;
    }
    for (size_t i = 0; i < f->panel_count; i++) {
        y += ACQ_PANEL_HEAD;
        double height = weight(&f->panels[i]) * unit;
        l->panels[i] = (struct acq_box){left, y, size->width - left - MARGIN, height};
        y += height;
    }
    l->height = size->height > 0 ? size->height : (double)(int)(y + AXIS + 0.5);
    return ACQ_OK;
}
