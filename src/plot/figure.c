#include "plot/figure.h"

#include "base/file.h"
#include "plot/canvas.h"
#include "plot/curve.h"
#include "plot/laps.h"
#include "plot/layout.h"
#include "plot/look.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_ROOM 26.0  /* height that the text of a tick on the left asks for */
#define TIME_ROOM 105.0 /* width that the text of a tick below asks for */
#define LAP_ROOM 6.0    /* laps that are narrower on average have no lines: these would hide the curves */
#define SWATCH 20.0     /* line beside a name in a legend */
#define NAME_GAP 18.0   /* between two names of a legend */

/* Everything that drawing needs. */
struct drawing {
    const struct acq_figure *figure;
    const struct acq_look *look;
    struct acq_canvas *canvas;
    struct acq_layout layout;
    struct acq_range time;
    struct acq_ticks time_ticks;
    struct {
        struct acq_range range;
        struct acq_ticks ticks;
        struct acq_range data; /* empty: no values */
    } axes[ACQ_PANELS_MAX];
};

/* crisp: the middle of a pixel, so that a line of one pixel fills one and not half of two */
static double crisp(double v)
{
    return floor(v) + 0.5;
}

static void line(struct drawing *d, double x0, double y0, double x1, double y1, struct acq_colour colour)
{
    acq_canvas_colour(d->canvas, colour);
    cairo_set_line_cap(d->canvas->cr, CAIRO_LINE_CAP_BUTT);
    cairo_set_line_width(d->canvas->cr, 1);
    cairo_move_to(d->canvas->cr, crisp(x0), crisp(y0));
    cairo_line_to(d->canvas->cr, crisp(x1), crisp(y1));
    cairo_stroke(d->canvas->cr);
}

static void set_time(struct drawing *d)
{
    d->time = acq_range_empty();
    acq_range_add(&d->time, d->figure->t, d->figure->rows);
    if (d->time.lo > d->time.hi) d->time = (struct acq_range){0, 1};
    if (!(d->time.hi > d->time.lo)) {
        d->time.lo -= 0.5;
        d->time.hi += 0.5;
    }
}

static void set_range(struct drawing *d, size_t i)
{
    const struct acq_panel *p = &d->figure->panels[i];
    struct acq_range r = acq_range_empty();
    for (size_t k = 0; k < p->n; k++) acq_range_add(&r, p->curves[k].values, d->figure->rows);
    d->axes[i].data = r;
    if (p->must.lo <= p->must.hi) acq_range_add(&r, (double[]){p->must.lo, p->must.hi}, 2);
    d->axes[i].range = acq_range_axis(r, p->whole);
}

static bool is_empty(const struct drawing *d, size_t i)
{
    return d->axes[i].data.lo > d->axes[i].data.hi;
}

static void set_ticks(struct drawing *d, size_t i, double height)
{
    double most = floor(height / TICK_ROOM) + 1;
    acq_ticks_number(&d->axes[i].ticks, d->axes[i].range, (size_t)fmin(fmax(most, 2), ACQ_TICKS_MAX),
                     d->figure->panels[i].whole);
}

/* label_width: the widest text beside the axes on the left */
static double label_width(struct drawing *d)
{
    double widest = 0;
    for (size_t i = 0; i < d->figure->panel_count; i++) {
        for (size_t k = 0; k < d->axes[i].ticks.n; k++) {
            char text[ACQ_TICK_TEXT];
            acq_tick_number(&d->axes[i].ticks, k, text);
            widest = fmax(widest, acq_canvas_width(d->canvas, text, &d->look->tick));
        }
    }
    return ceil(widest);
}

static void draw_grid(struct drawing *d, size_t i)
{
    const struct acq_box *box = &d->layout.panels[i];
    const struct acq_ticks *ticks = &d->axes[i].ticks;
    for (size_t k = 0; k < d->time_ticks.n; k++) {
        double x = acq_box_x(box, d->time, d->time_ticks.at[k]);
        line(d, x, box->y, x, box->y + box->height, d->look->grid);
    }
    for (size_t k = 0; k < ticks->n && !is_empty(d, i); k++) {
        char text[ACQ_TICK_TEXT];
        double y = acq_box_y(box, d->axes[i].range, ticks->at[k]);
        line(d, box->x, y, box->x + box->width, y, ticks->at[k] == 0 ? d->look->zero : d->look->grid);
        acq_tick_number(ticks, k, text);
        acq_canvas_text(d->canvas, box->x - 8, y + d->look->tick.size * 0.36, ACQ_ALIGN_RIGHT, text, &d->look->tick);
    }
    bool crowded = (double)d->figure->lap_count * LAP_ROOM > box->width;
    for (size_t k = 1; k < d->figure->lap_count && !crowded; k++) {
        double x = acq_box_x(box, d->time, d->figure->laps[k].from);
        line(d, x, box->y, x, box->y + box->height, d->look->lap);
    }
}

/* draw_legend: the names of the curves from x on, as far as there is room up to `end` */
static void draw_legend(struct drawing *d, const struct acq_panel *p, double x, double end, double y)
{
    for (size_t k = 0; k < p->n; k++) {
        const struct acq_curve *c = &p->curves[k];
        if (x + SWATCH + 6 + acq_canvas_width(d->canvas, c->name, &d->look->legend) > end) return;
        acq_canvas_colour(d->canvas, d->look->curves[c->colour]);
        cairo_set_line_width(d->canvas->cr, 3);
        cairo_set_line_cap(d->canvas->cr, CAIRO_LINE_CAP_BUTT);
        cairo_move_to(d->canvas->cr, x, floor(y - 5) + 0.5);
        cairo_line_to(d->canvas->cr, x + SWATCH, floor(y - 5) + 0.5);
        cairo_stroke(d->canvas->cr);
        x += SWATCH + 6;
        x += acq_canvas_text(d->canvas, x, y, ACQ_ALIGN_LEFT, c->name, &d->look->legend) + NAME_GAP;
    }
}

/* draw_extremes: lowest and highest value of a panel of one curve, on the right if there is room */
static void draw_extremes(struct drawing *d, size_t i, double x, double end, double y)
{
    char lo[ACQ_TICK_TEXT], hi[ACQ_TICK_TEXT], text[2 * ACQ_TICK_TEXT + 16];
    if (is_empty(d, i)) return;
    acq_value_text(&d->axes[i].ticks, d->axes[i].data.lo, lo);
    acq_value_text(&d->axes[i].ticks, d->axes[i].data.hi, hi);
    snprintf(text, sizeof text, "min %s  max %s", lo, hi);
    if (x + acq_canvas_width(d->canvas, text, &d->look->extremes) > end) return;
    acq_canvas_text(d->canvas, end, y, ACQ_ALIGN_RIGHT, text, &d->look->extremes);
}

static void draw_head(struct drawing *d, size_t i)
{
    const struct acq_panel *p = &d->figure->panels[i];
    const struct acq_box *box = &d->layout.panels[i];
    double x = box->x, y = box->y - 8, end = box->x + box->width;
    x += acq_canvas_text_fit(d->canvas, x, y, end - x, p->label, &d->look->label);
    if (p->unit[0]) {
        char unit[sizeof p->unit + 2];
        snprintf(unit, sizeof unit, "[%s]", p->unit);
        x += 6;
        x += acq_canvas_text_fit(d->canvas, x, y, end - x, unit, &d->look->unit);
    }
    if (p->n > 1)
        draw_legend(d, p, x + 24, end, y);
    else if (!p->whole)
        draw_extremes(d, i, x + 24, end, y);
}

/* draw_curves: those that spread widely first, so that they do not hide the others where the curves are dense */
static void draw_curves(struct drawing *d, const struct acq_panel *p, const struct acq_box *box, struct acq_range range)
{
    double spread[ACQ_PANEL_CURVES];
    bool done[ACQ_PANEL_CURVES] = {false};
    for (size_t k = 0; k < p->n; k++) spread[k] = acq_curve_spread(&p->curves[k], d->figure->rows);
    for (size_t drawn = 0; drawn < p->n; drawn++) {
        size_t next = ACQ_PANEL_CURVES;
        for (size_t k = p->n; k-- > 0;)
            if (!done[k] && (next == ACQ_PANEL_CURVES || spread[k] > spread[next])) next = k;
        done[next] = true;
        acq_canvas_colour(d->canvas, d->look->curves[p->curves[next].colour]);
        acq_curve_draw(d->canvas, &p->curves[next], d->figure->t, d->figure->rows, box, d->time, range,
                       p->n > 1 ? 1.3 : 1.5);
    }
}

static void draw_panel(struct drawing *d, size_t i)
{
    const struct acq_panel *p = &d->figure->panels[i];
    const struct acq_box *box = &d->layout.panels[i];
    draw_grid(d, i);
    line(d, box->x, box->y, box->x, box->y + box->height, d->look->axis);
    line(d, box->x, box->y + box->height, box->x + box->width, box->y + box->height, d->look->axis);
    draw_head(d, i);
    draw_curves(d, p, box, d->axes[i].range);
    if (is_empty(d, i))
        acq_canvas_text(d->canvas, box->x + box->width / 2, box->y + box->height / 2 + 5, ACQ_ALIGN_CENTRE, "no values",
                        &d->look->unit);
}

static void draw_time_axis(struct drawing *d)
{
    const struct acq_box *box = &d->layout.panels[d->layout.panel_count - 1];
    double y = box->y + box->height;
    char text[ACQ_TICK_TEXT];
    for (size_t k = 0; k < d->time_ticks.n; k++) {
        double x = acq_box_x(box, d->time, d->time_ticks.at[k]);
        line(d, x, y, x, y + 5, d->look->axis);
        acq_tick_time(&d->time_ticks, k, d->time, text);
        acq_canvas_text(d->canvas, x, y + 20, ACQ_ALIGN_CENTRE, text, &d->look->tick);
    }
    snprintf(text, sizeof text, "time [%s]", acq_time_unit(d->time));
    acq_canvas_text(d->canvas, box->x + box->width / 2, y + 42, ACQ_ALIGN_CENTRE, text, &d->look->unit);
}

static void draw_all(struct drawing *d)
{
    double left = d->layout.panels[0].x, room = d->layout.panels[0].width;
    acq_canvas_colour(d->canvas, d->look->ground);
    cairo_paint(d->canvas->cr);
    acq_canvas_text_fit(d->canvas, left, d->layout.title_y, room, d->figure->title, &d->look->title);
    acq_canvas_text_fit(d->canvas, left, d->layout.detail_y, room, d->figure->detail, &d->look->detail);
    for (size_t i = 0; i < d->figure->panel_count; i++) draw_panel(d, i);
    draw_time_axis(d);
    if (d->figure->lap_count)
        acq_lap_band_draw(d->canvas, d->look, d->figure->laps, d->figure->lap_count, &d->layout.laps, d->time);
}

/* lay_out: ranges, ticks and places. The ticks depend on the height of the panels, the panels' place on the ticks'
 * texts, so heights come first, from a layout without texts. */
static int lay_out(struct drawing *d, const struct acq_figure_size *size, struct acq_err *err)
{
    int r = acq_layout_make(&d->layout, d->figure, size, 0, err);
    if (r) return r;
    set_time(d);
    for (size_t i = 0; i < d->figure->panel_count; i++) {
        set_range(d, i);
        set_ticks(d, i, d->layout.panels[i].height);
    }
    return ACQ_OK;
}

static int draw_file(struct drawing *d, enum acq_picture kind, int fd, const struct acq_figure_size *size,
                     struct acq_err *err)
{
    int r = lay_out(d, size, err);
    if (r) return r;
    r = acq_canvas_new(&d->canvas, kind, fd, d->layout.width, d->layout.height, d->figure->title, err);
    if (r) return r;
    r = acq_layout_make(&d->layout, d->figure, size, label_width(d), err);
    if (!r) {
        double most = floor(d->layout.panels[0].width / TIME_ROOM) + 1;
        acq_ticks_time(&d->time_ticks, d->time, (size_t)fmin(fmax(most, 2), ACQ_TICKS_MAX));
        draw_all(d);
        r = acq_canvas_finish(d->canvas, err);
    }
    acq_canvas_free(d->canvas);
    return r;
}

int acq_figure_may_save(const char *path, bool replace, struct acq_err *err)
{
    enum acq_picture kind;
    int r = acq_picture_of(path, &kind, err);
    if (r) return r;
    if (acq_path_is_dir(path)) return acq_fail(err, ACQ_IO, "%s is a folder: give the picture a file's name", path);
    if (!replace && acq_path_exists(path))
        return acq_fail(err, ACQ_EXISTS, "%s exists already: use --force to replace it, or -o for another name", path);
    return ACQ_OK;
}

/* save_as: draws into another name first, so that nobody ever sees half a picture */
static int save_as(struct drawing *d, const char *part, const char *path, const struct acq_figure_size *size,
                   bool replace, struct acq_err *err)
{
    enum acq_picture kind;
    int r = acq_picture_of(path, &kind, err), fd = r ? r : acq_file_open(part, ACQ_FILE_CREATE, err);
    if (fd == ACQ_MISSING) return acq_fail(err, ACQ_IO, "cannot write %s: there is no such folder", path);
    if (fd < 0) return fd;
    r = draw_file(d, kind, fd, size, err);
    acq_file_close(fd);
    if (!r) r = acq_figure_may_save(path, replace, err); /* someone else may have made it meanwhile */
    if (!r) r = acq_path_rename(part, path, err);
    if (r) acq_path_remove(part);
    return r;
}

int acq_figure_save(const struct acq_figure *figure, const struct acq_figure_size *size, const char *path, bool replace,
                    struct acq_err *err)
{
    char wanted[ACQ_PATH_MAX], part[ACQ_PATH_MAX];
    int r = acq_figure_may_save(path, replace, err), n = snprintf(wanted, sizeof wanted, "%s.part", path);
    if (r) return r;
    if (n >= (int)sizeof wanted || acq_path_unused(part, sizeof part, wanted))
        return acq_fail(err, ACQ_RANGE, "the name %.100s... is too long: choose a shorter one", path);
    struct drawing *d = calloc(1, sizeof *d);
    if (!d) return acq_fail(err, ACQ_MEMORY, "no memory for the picture");
    d->figure = figure;
    d->look = acq_look_get(size->dark);
    r = save_as(d, part, path, size, replace, err);
    free(d);
    return r;
}
