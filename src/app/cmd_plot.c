/* cmd_plot.c - `acq plot`: channels of a recording or a Parquet file over time, as one picture. */
#include "app/cmd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/stop.h"
#include "plot/laps.h"
#include "plot/panels.h"
#include "table/series.h"
#include "table/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    struct acq_texts columns;
    int64_t limit, width, height;
    const char *out;
    bool force, dark;
};

static const struct acq_option table[] = {
    {'c', "cols", "COLUMN...", ACQ_OPT_LIST, offsetof(struct options, columns), 0, 0,
     "what to draw; default: speed, rpm, gear, pedals, steer, acceleration, lap"},
    {'n', "limit", "N", ACQ_OPT_INT, offsetof(struct options, limit), 1, 1e15, "only the first N rows"},
    {'o', "out", "FILE", ACQ_OPT_TEXT, offsetof(struct options, out), 0, 0,
     "a .png, .svg or .pdf; default: FILE with .png in place of its ending"},
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "replace the picture where it exists"},
    {0, "width", "N", ACQ_OPT_INT, offsetof(struct options, width), ACQ_FIGURE_WIDTH_MIN, ACQ_CANVAS_MAX,
     "pixels (PNG) or points (SVG, PDF); default 1600"},
    {0, "height", "N", ACQ_OPT_INT, offsetof(struct options, height), 100, ACQ_CANVAS_MAX,
     "default: about 150 for each panel"},
    {0, "dark", NULL, ACQ_OPT_FLAG, offsetof(struct options, dark), 0, 0, "light on dark"},
};

static const struct acq_command command = {
    .name = "acq plot",
    .usage = "FILE [OPTION...]",
    .summary = "Draw channels of a recording or a Parquet file over time, one panel above the other.",
    .more = "The wheels of one channel share a panel, as do the pedals. `acq channels` lists all columns.\n"
            "\nExamples:\n"
            "  acq plot drive.pb.gz                               drive.png beside it\n"
            "  acq plot drive.pb.gz -c speed_kmh gas brake -o drive.svg\n"
            "  acq plot lap.parquet -c tyre_temp_c_fl tyre_temp_c_fr -o tyres.pdf --force\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but the recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = 1,
};

static const char *const defaults[] = {"speed_kmh", "rpm",  "gear", "gas", "brake", "steer",
                                       "ax_g",      "ay_g", "az_g", "lap", "pos"};

/* read beside what is drawn, for the laps and the date; the first of the two lap times that there is */
static const char *const extras[] = {"lap", "last_time_ms", "i_last_time_s", "utc_ns"};
static const double seconds_per_last[] = {0, 0.001, 1, 0};
enum { DEFAULTS = sizeof defaults / sizeof *defaults, EXTRAS = sizeof extras / sizeof *extras };

/* what the title says, of the first row that knows it */
enum { CAR, TRACK, LAYOUT, FIRST_NAME, SURNAME, NICK, TEXTS };
static const char *const text_columns[TEXTS] = {"car_model",   "track",          "track_configuration",
                                                "player_name", "player_surname", "player_nick"};
#define TEXT_ROWS 4096 /* the static page comes with the first frame; a foreign table may have it later */

struct plot {
    struct options o;
    const char *in;
    char out[ACQ_PATH_MAX];
    const char *names[ACQ_TEXTS_MAX + EXTRAS];
    size_t shown, all; /* columns that are drawn; with those for laps and date */
    char texts[TEXTS][100];
    struct acq_series series;
    struct acq_panel panels[ACQ_PANELS_MAX];
    struct acq_figure_lap laps[ACQ_FIGURE_LAPS_MAX];
    char title[512], detail[ACQ_PATH_MAX + 256];
};

/* name_out: where the picture goes */
static int name_out(struct plot *p, struct acq_err *err)
{
    static const char *const suffixes[] = {".pb.gz", ".pb.gz.part", ".parquet"};
    const char *out = p->o.out;
    enum acq_picture kind;
    size_t stem = strlen(p->in);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (acq_has_suffix(p->in, suffixes[i])) stem = strlen(p->in) - strlen(suffixes[i]);
    if (!out && stem == strlen(p->in))
        return acq_fail(err, ACQ_USAGE, "%s ends neither in .pb.gz nor in .parquet: name the picture with -o", p->in);
    int n = out ? snprintf(p->out, sizeof p->out, "%s", out)
                : snprintf(p->out, sizeof p->out, "%.*s.png", (int)stem, p->in);
    if (n >= (int)sizeof p->out) return acq_fail(err, ACQ_RANGE, "the picture's name is too long: choose one with -o");
    return acq_picture_of(p->out, &kind, err);
}

static bool is_named(const struct plot *p, const char *name)
{
    for (size_t i = 0; i < p->all; i++)
        if (!strcmp(p->names[i], name)) return true;
    return false;
}

static bool has(const struct acq_table *t, const char *name)
{
    size_t index;
    return !t || !acq_table_find(t, name, &index, NULL); /* standard input is a recording, and that has them all */
}

/* choose: which columns are read. The ones of the user have to be there; of the others those that are. */
static int choose(struct plot *p, const struct acq_table *t, struct acq_err *err)
{
    size_t index;
    for (size_t i = 0; i < p->o.columns.n; i++) {
        int r = t ? acq_table_find(t, p->o.columns.text[i], &index, err) : ACQ_OK;
        if (r) return r;
        if (!is_named(p, p->o.columns.text[i])) p->names[p->all++] = p->o.columns.text[i];
    }
    for (size_t i = 0; !p->o.columns.n && i < DEFAULTS; i++)
        if (has(t, defaults[i])) p->names[p->all++] = defaults[i];
    p->shown = p->all;
    if (!p->shown)
        return acq_fail(err, ACQ_USAGE, "%s has none of the usual columns: choose with -c; `acq view %s` lists all",
                        p->in, p->in);
    for (size_t i = 0; i < EXTRAS; i++)
        if (has(t, extras[i]) && !is_named(p, extras[i])) p->names[p->all++] = extras[i];
    return ACQ_OK;
}

static void take_texts(struct plot *p, const struct acq_chunk *chunk, const int *place)
{
    for (size_t c = 0; c < chunk->columns; c++) {
        const struct acq_cells *cells = &chunk->cells[c];
        char *dst = p->texts[place[c]];
        for (size_t row = 0; row < chunk->rows && !*dst; row++) {
            const struct acq_text *text = (const struct acq_text *)cells->values + row;
            if (acq_cell_valid(cells, row)) snprintf(dst, sizeof p->texts[0], "%.*s", (int)text->len, text->bytes);
        }
    }
}

/* read_texts: what the title needs */
static int read_texts(struct plot *p, struct acq_table *t, struct acq_err *err)
{
    size_t fields[TEXTS], n = 0, count;
    int place[TEXTS], r = ACQ_OK;
    const struct acq_field *all = acq_table_fields(t, &count);
    struct acq_chunk *chunk;
    for (int i = 0; i < TEXTS; i++) {
        if (acq_table_find(t, text_columns[i], &fields[n], NULL) || all[fields[n]].type != ACQ_CELL_TEXT) continue;
        place[n++] = i;
    }
    if (n) r = acq_table_select(t, fields, n, TEXT_ROWS, err);
    while (n && !r && !(r = acq_table_next(t, &chunk, err))) take_texts(p, chunk, place);
    return r == ACQ_END ? ACQ_OK : r;
}

static int look_into(struct plot *p, struct acq_err *err)
{
    struct acq_table *t;
    if (!strcmp(p->in, "-")) return choose(p, NULL, err);
    int r = acq_table_open(&t, p->in, err);
    if (r) return r;
    r = choose(p, t, err);
    if (!r) r = read_texts(p, t, err);
    acq_table_close(t);
    return r;
}

static const double *values_of(const struct plot *p, const char *name)
{
    for (size_t i = 0; i < p->all; i++)
        if (!strcmp(p->names[i], name)) return p->series.values[i];
    return NULL;
}

static size_t find_laps(struct plot *p)
{
    const double *lap = values_of(p, "lap"), *last = NULL;
    size_t e = 0;
    while (++e < EXTRAS - 1 && !last) last = values_of(p, extras[e]);
    return lap ? acq_figure_find_laps(p->laps, p->series.t_s, lap, last, seconds_per_last[e - 1], p->series.rows) : 0;
}

static void add(char *dst, size_t size, const char *gap, const char *text)
{
    size_t used = strlen(dst);
    if (*text) snprintf(dst + used, size - used, "%s%s", used ? gap : "", text);
}

/* add_date: of the first row that has one */
static void add_date(const struct plot *p, char *dst, size_t size)
{
    const double *utc = values_of(p, "utc_ns");
    char text[40];
    for (size_t i = 0; utc && i < p->series.rows; i++) {
        if (!(utc[i] > 0 && utc[i] < 9e18)) continue; /* NaN, or no time that there has been */
        time_t seconds = (time_t)(utc[i] / 1e9);
        const struct tm *tm = gmtime(&seconds);
        if (tm && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", tm)) add(dst, size, " \xc2\xb7 ", text);
        return;
    }
}

/* write_title: "car · track layout", and below "file · rows · date · driver"; without a car the file comes first */
static void write_title(struct plot *p)
{
    static const char dot[] = " \xc2\xb7 ";
    char rows[64], track[256] = "", driver[256] = "";
    const char *file = strcmp(p->in, "-") ? acq_path_base(p->in) : "standard input";
    size_t n = p->series.rows;
    add(track, sizeof track, " ", p->texts[TRACK]);
    add(track, sizeof track, " ", p->texts[LAYOUT]);
    add(p->title, sizeof p->title, dot, p->texts[CAR]);
    add(p->title, sizeof p->title, dot, track);
    add(*p->title ? p->detail : p->title, *p->title ? sizeof p->detail : sizeof p->title, dot, file);
    snprintf(rows, sizeof rows, "%zu row%s", n, n == 1 ? "" : "s");
    add(p->detail, sizeof p->detail, dot, rows);
    add_date(p, p->detail, sizeof p->detail);
    add(driver, sizeof driver, " ", p->texts[FIRST_NAME]);
    add(driver, sizeof driver, " ", p->texts[SURNAME]);
    add(p->detail, sizeof p->detail, dot, *driver ? driver : p->texts[NICK]);
}

static int draw(struct plot *p, struct acq_err *err)
{
    struct acq_plot_column columns[ACQ_TEXTS_MAX];
    for (size_t i = 0; i < p->shown; i++)
        columns[i] = (struct acq_plot_column){p->series.names[i], p->series.units[i], p->series.values[i]};
    write_title(p);
    struct acq_figure figure = {.title = p->title,
                                .detail = p->detail,
                                .t = p->series.t_s,
                                .rows = p->series.rows,
                                .panels = p->panels,
                                .panel_count = acq_panels_make(p->panels, columns, p->shown),
                                .laps = p->laps,
                                .lap_count = find_laps(p)};
    struct acq_figure_size size = {(double)p->o.width, (double)p->o.height, p->o.dark};
    return acq_figure_save(&figure, &size, p->out, p->o.force, err);
}

static int run(struct plot *p, int argc, char **argv, struct acq_err *err)
{
    struct acq_texts arguments;
    p->o.width = ACQ_FIGURE_WIDTH;
    int r = acq_opt_parse(&command, argc, argv, &p->o, &arguments, err);
    if (r) return r;
    p->in = arguments.text[0];
    acq_on_stop();
    r = name_out(p, err);
    if (!r) r = look_into(p, err);
    if (!r) r = acq_figure_may_save(p->out, p->o.force, err); /* before the long work */
    if (!r) r = acq_series_read(&p->series, p->in, p->names, p->all, p->o.limit, err);
    if (r) return r;
    if (!p->series.rows) return acq_fail(err, ACQ_FORMAT, "%s has no rows: there is nothing to draw", p->in);
    r = draw(p, err);
    if (!r) printf("Wrote %s\n", p->out);
    return r;
}

int acq_cmd_plot(int argc, char **argv)
{
    struct acq_err err = {0};
    int code = ACQ_EXIT_OK;
    struct plot *p = calloc(1, sizeof *p);
    if (!p) return ACQ_EXIT_FAILED;
    int r = run(p, argc, argv, &err);
    if (r < 0) {
        code = acq_cmd_fail(&err);
    } else if (*p->series.loss) {
        acq_log(ACQ_LOG_WARN, "%s", p->series.loss);
        code = ACQ_EXIT_LOSSY;
    }
    acq_series_free(&p->series);
    free(p);
    return code;
}
