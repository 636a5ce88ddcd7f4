#include "plot/curve.h"

#include "plot/reduce.h"

#include <math.h>

#define FREE 5.0          /* above and below the curves */
#define STROKE_POINTS 256 /* long lines are stroked in parts: the time for one grows with more than its length */
#define DOT 2.2           /* radius of a point without neighbours */
#define SPREAD_SAMPLES 5000
#define FINE 0.5 /* width of a column where the picture can be enlarged */

double acq_box_x(const struct acq_box *box, struct acq_range time, double t)
{
    return box->x + (t - time.lo) / (time.hi - time.lo) * box->width;
}

double acq_box_y(const struct acq_box *box, struct acq_range range, double v)
{
    return box->y + box->height - FREE - (v - range.lo) / (range.hi - range.lo) * (box->height - 2 * FREE);
}

struct pen {
    cairo_t *cr;
    bool stepped, coarse;
    bool alone; /* the last point has no line yet */
    double x, y;
    unsigned points; /* in the path */
};

static void stroke(struct pen *pen)
{
    cairo_stroke(pen->cr);
    pen->points = 0;
}

/* lift: ends a line; one of a single point becomes a dot */
static void lift(struct pen *pen)
{
    if (pen->points) stroke(pen);
    if (!pen->alone) return;
    cairo_arc(pen->cr, pen->x, pen->y, DOT, 0, 6.2831853);
    cairo_fill(pen->cr);
    pen->alone = false;
}

static void join(struct pen *pen, double x, double y)
{
    if (!pen->points) cairo_move_to(pen->cr, pen->x, pen->y);
    if (pen->stepped && y != pen->y) cairo_line_to(pen->cr, x, pen->y);
    cairo_line_to(pen->cr, x, y);
    pen->alone = false;
    if (++pen->points >= STROKE_POINTS) stroke(pen);
}

/* draw: takes the points that acq_reduce leaves */
static void draw(void *user, double x, double y, bool begins)
{
    struct pen *pen = user;
    if (!pen->coarse) { /* an eighth of a point is finer than any eye, and a third of the digits */
        x = floor(x * 8 + 0.5) / 8;
        y = floor(y * 8 + 0.5) / 8;
    }
    if (begins)
        lift(pen);
    else if (x != pen->x || y != pen->y)
        join(pen, x, y);
    if (begins) pen->alone = true;
    pen->x = x;
    pen->y = y;
}

/* mean_distance: of the sampled values from `from`, signed or not */
static double mean_distance(const struct acq_curve *c, size_t rows, double from, bool is_signed)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < rows; i += rows / SPREAD_SAMPLES + 1) {
        double distance = c->values[i] - from;
        if (!(fabs(distance) <= ACQ_PLOT_VALUE_MAX)) continue;
        sum += is_signed ? distance : fabs(distance);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

double acq_curve_spread(const struct acq_curve *c, size_t rows)
{
    return mean_distance(c, rows, mean_distance(c, rows, 0, true), false);
}

/* turn: how far apart two values of a cyclic curve are if a new turn or lap begins between them */
static double turn(const struct acq_curve *c, struct acq_range range)
{
    return c->cyclic ? (range.hi - range.lo) / 2 : HUGE_VAL;
}

/* feed: gives all points to the reducer, in pixels */
static void feed(struct acq_reduce *reduce, const struct acq_curve *c, const double *t, size_t rows,
                 const struct acq_box *box, struct acq_range time, struct acq_range range)
{
    double x0 = acq_box_x(box, time, time.lo), per_second = box->width / (time.hi - time.lo);
    double y0 = acq_box_y(box, range, range.lo),
           per_unit = (acq_box_y(box, range, range.hi) - y0) / (range.hi - range.lo);
    double jump = turn(c, range), last_x = -HUGE_VAL, last_v = 0;
    bool missing = true;
    for (size_t i = 0; i < rows; i++) {
        double v = c->values[i], x = x0 + (t[i] - time.lo) * per_second;
        if (!isfinite(x) || !(fabs(v) <= ACQ_PLOT_VALUE_MAX)) {
            missing = true;
            continue;
        }
        /* a gap that is narrower than a column cannot be seen, and a million of them would be a million dots */
        if ((missing && x - last_x >= 1) || fabs(v - last_v) >= jump) acq_reduce_gap(reduce);
        acq_reduce_add(reduce, x, y0 + (v - range.lo) * per_unit);
        missing = false;
        last_x = x;
        last_v = v;
    }
    acq_reduce_gap(reduce);
}

void acq_curve_draw(struct acq_canvas *canvas, const struct acq_curve *c, const double *t, size_t rows,
                    const struct acq_box *box, struct acq_range time, struct acq_range range, double line_width)
{
    struct pen pen = {.cr = canvas->cr, .stepped = c->stepped, .coarse = canvas->kind == ACQ_PICTURE_PNG};
    struct acq_reduce reduce;
    acq_reduce_init(&reduce, pen.coarse ? 1 : FINE, draw, &pen);
    cairo_set_line_width(canvas->cr, line_width);
    cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
    feed(&reduce, c, t, rows, box, time, range);
    lift(&pen);
}
