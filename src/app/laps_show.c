#include "app/laps_show.h"

#include "app/say.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static float mean4(const float v[4])
{
    return (v[0] + v[1] + v[2] + v[3]) / 4;
}

static float most4(const float v[4])
{
    return fmaxf(fmaxf(v[0], v[1]), fmaxf(v[2], v[3]));
}

enum {
    LAP,
    STINT,
    KIND,
    TIME,
    GAP,
    SECTOR,
    TOP = SECTOR + ACQ_LAP_SECTORS,
    LOW,
    FUEL,
    TYRES,
    BRAKES,
    AIR,
    VALID,
    CELLS
};
struct row {
    char cell[CELLS][160];
};

static void say_number(char *dst, double x, int decimals)
{
    snprintf(dst, 24, isfinite(x) ? "%.*f" : "-", decimals, x);
}

static void say_time(char *dst, int32_t ms, bool about, bool best)
{
    char text[ACQ_SAY];
    snprintf(dst, 24, "%s%s%s", about ? "~" : "", acq_say_lap(text, ms), best ? "*" : " ");
}

static void say_valid(char *dst, size_t size, const struct acq_lap *lap)
{
    static const char *const words[] = {"no", "yes", "?"};
    char why[140];
    acq_lap_why(lap, why, sizeof why);
    snprintf(dst, size, "%s%s%s", words[lap->valid], *why ? ": " : "", why);
}

static void say_sectors(struct row *row, const struct acq_lap *lap, const struct acq_lap_best *best)
{
    for (int i = 0; i < ACQ_LAP_SECTORS; i++) {
        bool fastest = i < best->sectors && best->sector[i] == lap;
        if (i < lap->sectors)
            snprintf(row->cell[SECTOR + i], 24, "%.3f%s", lap->sector_ms[i] / 1e3, fastest ? "*" : " ");
        else
            snprintf(row->cell[SECTOR + i], 24, "- ");
    }
}

static void fill(struct row *row, const struct acq_lap *lap, const struct acq_lap_best *best)
{
    *row = (struct row){{""}};
    snprintf(row->cell[LAP], 24, "%" PRId32, lap->number);
    snprintf(row->cell[STINT], 24, "%" PRId32, lap->stint);
    snprintf(row->cell[KIND], 24, "%s", acq_lap_kind_name(lap->kind));
    if (lap->time_ms > 0)
        say_time(row->cell[TIME], lap->time_ms, !lap->from_game, lap == best->lap);
    else
        snprintf(row->cell[TIME], 24, "- ");
    if (acq_laps_has_gap(lap, best))
        snprintf(row->cell[GAP], 24, "%+.3f", (lap->time_ms - best->lap->time_ms) / 1e3);
    else
        snprintf(row->cell[GAP], 24, "-");
    say_sectors(row, lap, best);
    say_number(row->cell[TOP], (double)lap->speed_max_kmh, 0);
    say_number(row->cell[LOW], (double)lap->speed_min_kmh, 0);
    say_number(row->cell[FUEL], lap->fuel_used_l, 2);
    say_number(row->cell[TYRES], (double)mean4(lap->tyre_c), 0);
    say_number(row->cell[BRAKES], (double)most4(lap->brake_max_c), 0);
    say_number(row->cell[AIR], (double)lap->air_c, 0);
    strcat(row->cell[AIR], "/");
    say_number(row->cell[AIR] + strlen(row->cell[AIR]), (double)lap->road_c, 0);
    say_valid(row->cell[VALID], sizeof row->cell[VALID], lap);
}

static void fill_heads(struct row heads[2])
{
    static const char *const names[][3] = {{"lap", ""},   {"stint", ""},     {"kind", ""},       {"time ", "m:s "},
                                           {"gap", "s"},  {"", ""},          {"top", "km/h"},    {"low", "km/h"},
                                           {"fuel", "l"}, {"tyres", "degC"}, {"brakes", "degC"}, {"air/road", "degC"},
                                           {"valid", ""}};
    for (int i = 0; i < CELLS; i++) {
        int name = i < SECTOR ? i : i < TOP ? SECTOR : i - ACQ_LAP_SECTORS + 1;
        for (int k = 0; k < 2; k++) {
            if (name == SECTOR)
                snprintf(heads[k].cell[i], 24, k ? "s " : "S%d ", i - SECTOR + 1);
            else
                snprintf(heads[k].cell[i], 24, "%s", names[name][k]);
        }
    }
}

/* print_row: the columns of which width is not 0. A time ends in a mark or in a space, which is a part of the gap. */
static void print_row(FILE *out, const struct row *row, const size_t width[CELLS])
{
    const char *gap = "";
    for (int i = 0; i < CELLS; i++) {
        if (!width[i] || (i == VALID && !*row->cell[i])) continue;
        int pad = i == VALID ? 0 : (int)(width[i] - acq_say_width(row->cell[i]));
        bool left = i == KIND, mark = i == KIND || i == TIME || (i >= SECTOR && i < TOP);
        fprintf(out, "%s%*s%s%*s", gap, left ? 0 : pad, "", row->cell[i], left ? pad : 0, "");
        gap = mark ? " " : "  ";
    }
    putc('\n', out);
}

static void widen(size_t width[CELLS], const struct row *row)
{
    for (int i = 0; i < CELLS; i++)
        if (width[i] && acq_say_width(row->cell[i]) > width[i]) width[i] = acq_say_width(row->cell[i]);
}

/* choose_columns: sets the width of those that have something to say to 1, of the others to 0 */
static void choose_columns(size_t width[CELLS], const struct acq_lap *laps, size_t n)
{
    int sectors = 0;
    for (int i = 0; i < CELLS; i++) width[i] = i < SECTOR || i == VALID;
    width[STINT] = 0;
    for (size_t i = 0; i < n; i++) {
        const struct acq_lap *lap = &laps[i];
        if (lap->sectors > sectors) sectors = lap->sectors;
        if (lap->stint != laps[0].stint) width[STINT] = 1;
        if (!isnan(lap->speed_max_kmh)) width[TOP] = 1;
        if (!isnan(lap->fuel_used_l)) width[FUEL] = 1;
        if (!isnan(mean4(lap->tyre_c))) width[TYRES] = 1;
        if (!isnan(most4(lap->brake_max_c))) width[BRAKES] = 1;
        if (!isnan(lap->air_c) || !isnan(lap->road_c)) width[AIR] = 1;
    }
    for (int i = 0; i < sectors; i++) width[SECTOR + i] = 1;
    width[LOW] = width[TOP];
}

static void show_head(FILE *out, const struct acq_laps_session *s)
{
    char text[256], utc[ACQ_SAY];
    fprintf(out, "%s", acq_say_text(text, sizeof text, s->files));
    if (s->utc_ns) fprintf(out, "  %s UTC", acq_say_utc(utc, s->utc_ns, 0));
    if (*s->car) fprintf(out, "  %s", acq_say_text(text, sizeof text, s->car));
    if (*s->track) fprintf(out, "  %s", acq_say_text(text, sizeof text, s->track));
    if (*s->layout) fprintf(out, ", %s", acq_say_text(text, sizeof text, s->layout));
    if (*s->driver) fprintf(out, "  %s", acq_say_text(text, sizeof text, s->driver));
    fputs("\n", out);
}

static void show_best(FILE *out, const struct acq_lap_best *best, const struct acq_lap *laps, size_t n)
{
    char text[ACQ_SAY];
    bool about = false;
    for (size_t i = 0; i < n; i++) about |= laps[i].time_ms > 0 && !laps[i].from_game;
    if (best->lap)
        fprintf(out, "* best: lap %" PRId32 ", %s\n", best->lap->number, acq_say_lap(text, best->lap->time_ms));
    if (best->theoretical_ms) {
        fprintf(out, "* theoretical best: %s =", acq_say_lap(text, best->theoretical_ms));
        for (int i = 0; i < best->sectors; i++)
            fprintf(out, "%s %.3f (lap %" PRId32 ")", i ? " +" : "", best->sector[i]->sector_ms[i] / 1e3,
                    best->sector[i]->number);
        putc('\n', out);
    }
    if (about) fputs("~ from the sample times: the game states none\n", out);
}

void acq_laps_show_table(FILE *out, const struct acq_laps_session *s)
{
    struct acq_lap_best best;
    struct row heads[2] = {{{""}}}, row;
    size_t n, width[CELLS];
    const struct acq_lap *laps = acq_lap_split_laps(s->split, &n);
    acq_lap_find_best(&best, laps, n);
    show_head(out, s);
    if (!n) fputs("no lap: in all of its frames the game shows a menu, a pause or a replay\n", out);
    if (!n) return;
    choose_columns(width, laps, n);
    fill_heads(heads);
    for (int k = 0; k < 2; k++) widen(width, &heads[k]);
    for (size_t i = 0; i < n; i++) {
        fill(&row, &laps[i], &best);
        widen(width, &row);
    }
    for (int k = 0; k < 2; k++) print_row(out, &heads[k], width);
    for (size_t i = 0; i < n; i++) {
        fill(&row, &laps[i], &best);
        print_row(out, &row, width);
    }
    show_best(out, &best, laps, n);
}
