#include "plot/laps.h"

#include "plot/curve.h"

#include <math.h>
#include <stdio.h>

#define LABELS 3     /* kinds of labels, from long to short */
#define PADDING 10.0 /* a label keeps free in its lap */

/* lap_time: the time of the lap that ended where rows from..to begin. The game writes it near the change of the count,
 * sometimes a few steps before or behind it, so it is read in the middle of the next lap. */
static double lap_time(const double *last, double last_unit, size_t from, size_t to)
{
    double v = last ? last[from + (to - from) / 2] * last_unit : 0;
    return v > 0 && v < 24 * 3600 ? v : 0;
}

size_t acq_figure_find_laps(struct acq_figure_lap laps[ACQ_FIGURE_LAPS_MAX], const double *t, const double *lap,
                            const double *last, double last_unit, size_t rows)
{
    size_t n = 0, begin = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!(lap[i] >= 0 && lap[i] < 1e6) || !isfinite(t[i])) continue;
        int number = (int)lap[i] + 1;
        if (n && number == laps[n - 1].number) {
            laps[n - 1].to = t[i];
            continue;
        }
        if (n == ACQ_FIGURE_LAPS_MAX) return 0;
        if (n > 1 && laps[n - 1].number == laps[n - 2].number + 1)
            laps[n - 2].time_s = lap_time(last, last_unit, begin, i);
        if (n) laps[n - 1].to = t[i];
        laps[n++] = (struct acq_figure_lap){.from = t[i], .to = t[i], .number = number};
        begin = i;
    }
    if (n > 1 && laps[n - 1].number == laps[n - 2].number + 1)
        laps[n - 2].time_s = lap_time(last, last_unit, begin, rows);
    return n;
}

static const struct acq_figure_lap *find_best(const struct acq_figure_lap *laps, size_t n)
{
    const struct acq_figure_lap *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (laps[i].time_s > 0 && (!best || laps[i].time_s < best->time_s)) best = &laps[i];
    return best;
}

/* label: from the longest text of a lap to the shortest */
static void label(const struct acq_figure_lap *lap, int shorter, char dst[64])
{
    char time[ACQ_TICK_TEXT];
    acq_lap_time_text(lap->time_s, time);
    if (shorter == 0 && lap->time_s > 0)
        snprintf(dst, 64, "lap %d \xc2\xb7 %s", lap->number, time);
    else if (shorter <= 1)
        snprintf(dst, 64, "lap %d", lap->number);
    else
        snprintf(dst, 64, "%d", lap->number);
}

/* place: where lap i begins and ends in the strip, which the first and the last one fill to its ends */
static struct acq_box place(const struct acq_figure_lap *laps, size_t n, size_t i, const struct acq_box *box,
                            struct acq_range time)
{
    double x0 = i == 0 ? box->x : acq_box_x(box, time, laps[i].from);
    double x1 = i == n - 1 ? box->x + box->width : acq_box_x(box, time, laps[i].to);
    return (struct acq_box){x0, box->y, x1 - x0, box->height};
}

/* length: the longest kind of label for which most laps have room, so that they look alike */
static int length(struct acq_canvas *canvas, const struct acq_look *look, const struct acq_figure_lap *laps, size_t n,
                  const struct acq_box *box, struct acq_range time)
{
    for (int shorter = 0; shorter < LABELS - 1; shorter++) {
        size_t good = 0;
        for (size_t i = 0; i < n; i++) {
            char text[64];
            label(&laps[i], shorter, text);
            good += acq_canvas_width(canvas, text, &look->best_lap) + PADDING <= place(laps, n, i, box, time).width;
        }
        if (2 * good >= n) return shorter;
    }
    return LABELS - 1;
}

/* every: number only each so manieth lap, where the numbers of all have no room */
static int every(struct acq_canvas *canvas, const struct acq_look *look, size_t n, const struct acq_box *box)
{
    static const int nice[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};
    double need = acq_canvas_width(canvas, n < 100 ? "88" : "888", &look->best_lap) + PADDING;
    size_t i = 0;
    while (i < sizeof nice / sizeof *nice - 1 && nice[i] * box->width / (double)n < need) i++;
    return nice[i];
}

/* draw_label: the longest label from `shorter` on that has room in its lap. A number may stand out where others are
 * left out for it, but not out of the strip. */
static void draw_label(struct acq_canvas *canvas, const struct acq_figure_lap *lap, int shorter, bool stand_out,
                       const struct acq_box *own, const struct acq_box *strip, const struct acq_letters *how)
{
    for (; shorter < LABELS; shorter++) {
        char text[64];
        label(lap, shorter, text);
        double width = acq_canvas_width(canvas, text, how), centre = own->x + own->width / 2;
        bool inside = centre - width / 2 > strip->x && centre + width / 2 < strip->x + strip->width;
        if (width + PADDING > own->width && !(stand_out && inside && shorter == LABELS - 1)) continue;
        acq_canvas_text(canvas, centre, own->y + own->height - 6.5, ACQ_ALIGN_CENTRE, text, how);
        return;
    }
}

void acq_lap_band_draw(struct acq_canvas *canvas, const struct acq_look *look, const struct acq_figure_lap *laps,
                       size_t n, const struct acq_box *box, struct acq_range time)
{
    const struct acq_figure_lap *best = n > 2 ? find_best(laps, n) : NULL;
    int shorter = length(canvas, look, laps, n, box, time);
    int step = shorter == LABELS - 1 ? every(canvas, look, n, box) : 1;
    double before = box->x;
    acq_canvas_colour(canvas, look->band);
    cairo_rectangle(canvas->cr, box->x, box->y, box->width, box->height);
    cairo_fill(canvas->cr);
    for (size_t i = 0; i < n; i++) {
        struct acq_box lap = place(laps, n, i, box, time);
        bool alone = step > 1 && laps[i].number % step == 0;
        if (step == 1 || alone)
            draw_label(canvas, &laps[i], shorter, alone, &lap, box,
                       &laps[i] == best ? &look->best_lap : &look->lap_text);
        if (i == 0 || step > 1 || lap.x - before < 2) continue; /* a strip of lines alone says nothing */
        before = lap.x;
        acq_canvas_colour(canvas, look->lap);
        cairo_rectangle(canvas->cr, floor(lap.x), lap.y, 1, lap.height);
        cairo_fill(canvas->cr);
    }
}
