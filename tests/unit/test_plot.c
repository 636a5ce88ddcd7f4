/* Pictures: round ticks, a reduction that keeps every peak, panels, laps, a layout without overlaps, files whole or not
 * at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plot/canvas.h"
#include "plot/laps.h"
#include "plot/layout.h"
#include "plot/look.h"
#include "plot/panels.h"
#include "plot/reduce.h"
#include "plot/scale.h"

#define ROWS 20000
#define WIDTH 300

static uint64_t state = 1;

static double random_unit(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 40) / (double)(1 << 24);
}

/* is_nice: 1, 2 or 5 times a power of ten */
static bool is_nice(double step)
{
    double ten = pow(10, floor(log10(step) + 1e-9)), first = step / ten;
    return fabs(first - 1) < 1e-6 || fabs(first - 2) < 1e-6 || fabs(first - 5) < 1e-6;
}

static void ticks_are_round_and_inside(void **unused)
{
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        double size = pow(10, random_unit() * 24 - 12), lo = (random_unit() - 0.5) * size * 4;
        struct acq_range r = {lo, lo + size * (0.01 + random_unit())};
        size_t most = 2 + (size_t)(random_unit() * 14);
        struct acq_ticks t;
        acq_ticks_number(&t, r, most, false);
        assert_in_range(t.n, 1, most);
        assert_true(is_nice(t.step));
        assert_true((r.hi - r.lo) / t.step > (double)most / 4 - 1); /* not far fewer than there is room for */
        for (size_t k = 0; k < t.n; k++) {
            assert_true(t.at[k] >= r.lo - t.step * 1e-5 && t.at[k] <= r.hi + t.step * 1e-5);
            assert_true(fabs(t.at[k] / t.step - floor(t.at[k] / t.step + 0.5)) < 1e-3);
        }
    }
}

static void ticks_of_whole_numbers_are_whole(void **unused)
{
    struct acq_ticks t;
    (void)unused;
    acq_ticks_number(&t, (struct acq_range){0, 2}, 10, true);
    assert_int_equal(t.n, 3);
    assert_true(t.step == 1);
}

static void expect_text(double lo, double hi, size_t most, size_t i, const char *text)
{
    struct acq_ticks t;
    char got[ACQ_TICK_TEXT];
    acq_ticks_number(&t, (struct acq_range){lo, hi}, most, false);
    assert_true(i < t.n);
    acq_tick_number(&t, i, got);
    assert_string_equal(got, text);
}

static void ticks_have_texts(void **unused)
{
    (void)unused;
    expect_text(-1, 1, 5, 0,
                "\xe2\x88\x92"
                "1.0");
    expect_text(-1, 1, 5, 2, "0.0");
    expect_text(0, 260, 6, 5, "250");
    expect_text(0, 0.00123, 5, 1, "0.0005");
    expect_text(0, 3e-7, 4, 1, "1e-7");
    expect_text(1.7e18, 1.7e18 + 4e9, 5, 1, "1.700000001e18");
    expect_text(0, 12000, 5, 2, "10000");
}

static void values_are_as_fine_as_their_axis(void **unused)
{
    static const struct {
        double lo, hi, value;
        const char *text;
    } cases[] = {{0, 260, 143.28, "143"},
                 {-1, 1, -0.2468,
                  "\xe2\x88\x92"
                  "0.25"},
                 {0, 9000, 8504.4, "8504"},
                 {0, 1, -0.001, "0.00"},
                 {-3e38, 3e38, 3e38, "3.0e38"},
                 {1.7e18, 1.7e18 + 4e9, 1.7e18, "1.7000000000e18"}};
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct acq_ticks t;
        char text[ACQ_TICK_TEXT];
        acq_ticks_number(&t, (struct acq_range){cases[i].lo, cases[i].hi}, 5, false);
        acq_value_text(&t, cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_are_read_as_a_clock(void **unused)
{
    struct acq_ticks t;
    char text[ACQ_TICK_TEXT];
    struct acq_range short_one = {0, 84}, long_one = {0, 361}, hours = {0, 4000};
    (void)unused;
    acq_ticks_time(&t, short_one, 10);
    acq_tick_time(&t, 1, short_one, text);
    assert_string_equal(text, "10");
    assert_string_equal(acq_time_unit(short_one), "s");
    acq_ticks_time(&t, long_one, 13);
    acq_tick_time(&t, 3, long_one, text);
    assert_string_equal(text, "1:30");
    assert_string_equal(acq_time_unit(long_one), "min:s");
    acq_ticks_time(&t, hours, 8);
    acq_tick_time(&t, t.n - 1, hours, text);
    assert_string_equal(text, "1:00:00");
    assert_string_equal(acq_time_unit(hours), "h:min:s");
    acq_ticks_time(&t, (struct acq_range){0, 3e7}, 10); /* a year */
    assert_in_range(t.n, 2, 10);
    acq_lap_time_text(112.3104, text);
    assert_string_equal(text, "1:52.310");
}

static void axes_have_a_length(void **unused)
{
    static const double odd[] = {0, 1, -1, 5, 1e-30, -1e18, 1.7e18, 1e299, -1e299};
    (void)unused;
    struct acq_range none = acq_range_axis(acq_range_empty(), false);
    assert_true(none.hi > none.lo);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        for (int whole = 0; whole < 2; whole++) {
            struct acq_ticks t;
            struct acq_range r = acq_range_axis((struct acq_range){odd[i], odd[i]}, whole);
            assert_true(r.lo <= odd[i] && r.hi >= odd[i] && r.hi > r.lo);
            acq_ticks_number(&t, r, 5, whole);
            assert_in_range(t.n, 1, 5);
        }
    }
    struct acq_range r = acq_range_empty();
    acq_range_add(&r, (double[]){NAN, INFINITY, -INFINITY, 3, 1e308}, 5);
    assert_true(r.lo == 3 && r.hi == 3);
}

/* What a picture of WIDTH columns shows of a curve: in each column the lowest and highest point, and the first and
 * last, which the lines to its neighbours come from. */
struct seen {
    double low[WIDTH], high[WIDTH], first[WIDTH], last[WIDTH];
    size_t points, begins;
};

static void see(void *user, double x, double y, bool begins)
{
    struct seen *s = user;
    int c = (int)floor(x);
    if (isnan(s->first[c])) s->first[c] = s->low[c] = s->high[c] = y;
    s->low[c] = fmin(s->low[c], y);
    s->high[c] = fmax(s->high[c], y);
    s->last[c] = y;
    s->points++;
    s->begins += begins;
}

static void blank(struct seen *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < WIDTH; i++) s->first[i] = s->last[i] = s->low[i] = s->high[i] = NAN;
}

static void reduction_shows_what_all_points_show(void **unused)
{
    static struct seen all, few;
    struct acq_reduce r;
    (void)unused;
    for (int round = 0; round < 20; round++) {
        double x = 0, y = 0;
        blank(&all);
        blank(&few);
        acq_reduce_init(&r, 1, see, &few);
        for (int i = 0; i < ROWS; i++) {
            y = round % 2 ? y + random_unit() - 0.5 : random_unit() > 0.999 ? 1000 * random_unit() : 0;
            see(&all, x, y, i == 0);
            acq_reduce_add(&r, x, y);
            x += 2 * random_unit() * (WIDTH - 1) / ROWS;
            if (x >= WIDTH) break;
        }
        acq_reduce_gap(&r);
        assert_memory_equal(&all, &few, offsetof(struct seen, points));
        assert_true(few.points <= 4 * WIDTH);
        assert_int_equal(few.begins, 1);
    }
}

struct list {
    double y[16];
    bool begins[16];
    size_t n;
};

static void collect(void *user, double x, double y, bool begins)
{
    struct list *l = user;
    (void)x;
    assert_true(l->n < 16);
    l->begins[l->n] = begins;
    l->y[l->n++] = y;
}

static void reduction_keeps_order_and_gaps(void **unused)
{
    static const double values[] = {1, 9, 5, -3, 4}, expected[] = {1, 9, -3, 4, 7, 8};
    struct list l = {.n = 0};
    struct acq_reduce r;
    (void)unused;
    acq_reduce_init(&r, 10, collect, &l);
    for (int i = 0; i < 5; i++) acq_reduce_add(&r, i, values[i]);
    acq_reduce_gap(&r);
    acq_reduce_add(&r, 6, 7);
    acq_reduce_add(&r, 12, 8);
    acq_reduce_gap(&r);
    acq_reduce_gap(&r);
    assert_int_equal(l.n, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(l.y[i] == expected[i]);
        assert_int_equal(l.begins[i], i == 0 || i == 4);
    }
}

static size_t make(struct acq_panel *panels, const char *const *names, const char *const *units, size_t n)
{
    static const double values[1];
    struct acq_plot_column columns[ACQ_PANELS_MAX];
    for (size_t i = 0; i < n; i++) columns[i] = (struct acq_plot_column){names[i], units[i], values};
    return acq_panels_make(panels, columns, n);
}

static void columns_that_belong_together_share_a_panel(void **unused)
{
    static const char *const names[] = {"speed_kmh", "gas",  "gear", "tyre_temp_c_fl", "brake", "ax_g",
                                        "foreign_x", "az_g", "rpm",  "tyre_temp_c_rr", "lap",   "heading_rad"};
    static const char *const units[] = {"km/h", "", "", "degC", "", "g", "V", "g", "rpm", "degC", "", "rad"};
    static struct acq_panel p[ACQ_PANELS_MAX];
    (void)unused;
    assert_int_equal(make(p, names, units, 12), 9);
    assert_string_equal(p[0].label, "speed");
    assert_string_equal(p[0].unit, "km/h");
    assert_string_equal(p[1].label, "pedals");
    assert_int_equal(p[1].n, 2);
    assert_string_equal(p[1].curves[1].name, "brake");
    assert_true(p[1].must.lo == 0 && p[1].must.hi == 1);
    assert_true(p[2].whole && p[2].curves[0].stepped);
    assert_string_equal(p[3].label, "tyre temp");
    assert_string_equal(p[3].unit, "\xc2\xb0"
                                   "C");
    assert_string_equal(p[3].curves[0].name, "FL");
    assert_string_equal(p[3].curves[1].name, "RR");
    assert_int_not_equal(p[3].curves[0].colour, p[3].curves[1].colour);
    assert_string_equal(p[4].label, "acceleration");
    assert_int_equal(p[4].n, 2);
    assert_string_equal(p[5].label, "foreign x");
    assert_string_equal(p[5].unit, "V");
    assert_string_equal(p[6].label, "rpm");
    assert_string_equal(p[6].unit, "");
    assert_string_equal(p[7].label, "lap");
    assert_true(p[8].curves[0].cyclic && !p[8].whole);
}

static void laps_come_from_their_count(void **unused)
{
    /* the game writes the time of a lap late, at row 3; at row 8 the session restarts */
    static const double lap[] = {0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 1}, last[] = {0, 0, 0, 61, 61, 62, 62, 62, 0, 0, 63};
    double t[11];
    static struct acq_figure_lap laps[ACQ_FIGURE_LAPS_MAX];
    (void)unused;
    for (int i = 0; i < 11; i++) t[i] = i * 10;
    assert_int_equal(acq_figure_find_laps(laps, t, lap, last, 1, 11), 5);
    assert_int_equal(laps[0].number, 1);
    assert_true(laps[0].time_s == 61 && laps[1].time_s == 62);
    assert_true(laps[2].time_s == 0 && laps[3].number == 1); /* broken off */
    assert_true(laps[3].time_s == 63 && laps[4].time_s == 0);
    assert_true(laps[1].from == 20 && laps[1].to == 50 && laps[4].to == 100);
    assert_int_equal(acq_figure_find_laps(laps, t, lap, NULL, 1, 11), 5);
    assert_true(laps[0].time_s == 0);
}

static void a_count_that_is_none_gives_no_laps(void **unused)
{
    static double t[2000], lap[2000];
    static struct acq_figure_lap laps[ACQ_FIGURE_LAPS_MAX];
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        t[i] = i;
        lap[i] = NAN;
    }
    assert_int_equal(acq_figure_find_laps(laps, t, lap, NULL, 1, 2000), 0);
    for (int i = 0; i < 2000; i++) lap[i] = i % 7;
    assert_int_equal(acq_figure_find_laps(laps, t, lap, NULL, 1, 2000), 0);
}

static void parts_of_a_layout_do_not_overlap(void **unused)
{
    static struct acq_panel panels[ACQ_PANELS_MAX];
    static struct acq_layout l;
    struct acq_figure_lap lap = {0, 1, 1, 0};
    struct acq_figure f = {.title = "t", .detail = "", .panels = panels, .laps = &lap};
    size_t made = 0;
    (void)unused;
    for (int i = 0; i < 5000; i++) {
        f.panel_count = 1 + (size_t)(random_unit() * (ACQ_PANELS_MAX - 1));
        f.lap_count = random_unit() > 0.5;
        for (size_t k = 0; k < f.panel_count; k++) panels[k].whole = random_unit() > 0.5;
        struct acq_figure_size size = {ACQ_FIGURE_WIDTH_MIN + floor(random_unit() * 3000),
                                       random_unit() > 0.5 ? floor(random_unit() * ACQ_CANVAS_MAX) : 0, false};
        struct acq_err err = {0};
        int r = acq_layout_make(&l, &f, &size, floor(random_unit() * 200), &err);
        if (r) {
            assert_int_equal(r, ACQ_RANGE);
            assert_true(strlen(err.text) > 10);
            continue;
        }
        made++;
        assert_true(l.height <= ACQ_CANVAS_MAX && l.detail_y < l.panels[0].y - ACQ_PANEL_HEAD + 12);
        double y = f.lap_count ? l.laps.y + l.laps.height : 0;
        for (size_t k = 0; k < f.panel_count; k++) {
            assert_true(l.panels[k].y - ACQ_PANEL_HEAD >= y - 1e-6);
            assert_true(l.panels[k].height > 20 && l.panels[k].width > 100);
            assert_true(l.panels[k].x > 0 && l.panels[k].x + l.panels[k].width < l.width);
            y = l.panels[k].y + l.panels[k].height;
        }
        assert_true(y + 40 < l.height);
    }
    assert_true(made > 500 && made < 5000);
}

/* a figure of one panel, with a name that is no UTF-8 in its title */
static int save(const char *path, bool replace, struct acq_err *err)
{
    static double t[100], v[100];
    static struct acq_panel panel = {.label = "v", .n = 1, .must = {1, 0}};
    for (int i = 0; i < 100; i++) {
        t[i] = i;
        v[i] = i % 10 == 5 ? (double)NAN : i % 10;
    }
    panel.curves[0].values = v;
    struct acq_figure f = {
        .title = "bad \xff\xc0 name", .detail = "", .t = t, .rows = 100, .panels = &panel, .panel_count = 1};
    struct acq_figure_size size = {800, 0, false};
    return acq_figure_save(&f, &size, path, replace, err);
}

static size_t head_of(const char *path, char *head, size_t n)
{
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    ptrdiff_t got = fd < 0 ? -1 : acq_file_read(fd, head, n);
    if (fd >= 0) acq_file_close(fd);
    return got < 0 ? 0 : (size_t)got;
}

static void every_format_is_written(void **unused)
{
    static const struct {
        const char *path, *magic;
    } formats[] = {{"test_plot.png", "\x89PNG"}, {"test_plot.svg", "<?xml"}, {"test_plot.pdf", "%PDF"}};
    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        char head[8] = "";
        struct acq_err err = {0};
        acq_path_remove(formats[i].path);
        assert_int_equal(save(formats[i].path, false, &err), ACQ_OK);
        assert_int_equal(head_of(formats[i].path, head, 8), 8);
        assert_memory_equal(head, formats[i].magic, strlen(formats[i].magic));
        assert_int_equal(save(formats[i].path, false, &err), ACQ_EXISTS);
        assert_non_null(strstr(err.text, "--force"));
        assert_int_equal(save(formats[i].path, true, &err), ACQ_OK);
        acq_path_remove(formats[i].path);
    }
}

static void nothing_is_written_where_it_cannot_be(void **unused)
{
    struct acq_err err = {0};
    char long_name[1200];
    (void)unused;
    assert_int_equal(save("test_plot.gif", false, &err), ACQ_USAGE);
    assert_false(acq_path_exists("test_plot.gif"));
    assert_int_equal(save("no_such_folder/test_plot.png", false, &err), ACQ_IO);
    assert_non_null(strstr(err.text, "no such folder"));
    acq_path_mkdir("test_plot_folder.png");
    assert_int_equal(save("test_plot_folder.png", true, &err), ACQ_IO);
    remove("test_plot_folder.png");
    memset(long_name, 'a', sizeof long_name);
    strcpy(long_name + sizeof long_name - 5, ".png");
    assert_int_equal(save(long_name, false, &err), ACQ_RANGE);
}

static void long_texts_end_in_an_ellipsis(void **unused)
{
    struct acq_canvas *c;
    struct acq_err err = {0};
    struct acq_letters how = {14, false, {0, 0, 0}};
    (void)unused;
    assert_int_equal(acq_canvas_new(&c, ACQ_PICTURE_PNG, -1, 100, 100, "", &err), ACQ_OK);
    for (double room = 0; room < 300; room += 3) {
        double width = acq_canvas_text_fit(c, 0, 50, room, "n\xc3\xbcrburgring \xc2\xb7 t\xc3\xa4glich \xff", &how);
        assert_true(width <= room);
        assert_true(room < 200 || width > 100);
    }
    assert_int_equal(cairo_status(c->cr), CAIRO_STATUS_SUCCESS);
    acq_canvas_free(c);
    assert_int_equal(acq_canvas_new(&c, ACQ_PICTURE_PNG, -1, 0, 1e9, "", &err), ACQ_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_and_inside),
        cmocka_unit_test(ticks_of_whole_numbers_are_whole),
        cmocka_unit_test(ticks_have_texts),
        cmocka_unit_test(values_are_as_fine_as_their_axis),
        cmocka_unit_test(times_are_read_as_a_clock),
        cmocka_unit_test(axes_have_a_length),
        cmocka_unit_test(reduction_shows_what_all_points_show),
        cmocka_unit_test(reduction_keeps_order_and_gaps),
        cmocka_unit_test(columns_that_belong_together_share_a_panel),
        cmocka_unit_test(laps_come_from_their_count),
        cmocka_unit_test(a_count_that_is_none_gives_no_laps),
        cmocka_unit_test(parts_of_a_layout_do_not_overlap),
        cmocka_unit_test(every_format_is_written),
        cmocka_unit_test(nothing_is_written_where_it_cannot_be),
        cmocka_unit_test(long_texts_end_in_an_ellipsis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
