/* Laps for other programs: JSON and CSV. */
#include "app/laps_show.h"
#include "app/say.h"
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const wheels[4] = {"fl", "fr", "rl", "rr"};

bool acq_laps_has_gap(const struct acq_lap *lap, const struct acq_lap_best *best)
{
    return best->lap && lap != best->lap && lap->time_ms > 0 && lap->kind != ACQ_LAP_INCOMPLETE;
}

/* ---- JSON ---- */

static void json_known(struct acq_json *j, const char *key, const char *text)
{
    acq_json_str(j, key, *text ? text : NULL);
}

static void json_ms(struct acq_json *j, const char *key, int32_t ms)
{
    if (ms > 0)
        acq_json_int(j, key, ms);
    else
        acq_json_null(j, key);
}

static void json_four(struct acq_json *j, const char *key, const float v[4])
{
    acq_json_open(j, key, '{');
    for (int i = 0; i < 4; i++) acq_json_real(j, wheels[i], (double)v[i], 2);
    acq_json_close(j, '}');
}

static void json_reasons(struct acq_json *j, const struct acq_lap *lap)
{
    char why[300];
    acq_json_open(j, "reasons", '[');
    for (uint32_t bit = 1; bit && bit <= lap->reasons; bit <<= 1)
        if (lap->reasons & bit) acq_json_str(j, NULL, acq_lap_reason_name(bit));
    acq_json_close(j, ']');
    acq_lap_why(lap, why, sizeof why);
    acq_json_str(j, "why", why);
}

static void json_times(struct acq_json *j, const struct acq_lap *lap, const struct acq_lap_best *best)
{
    json_ms(j, "time_ms", lap->time_ms);
    acq_json_str(j, "time_from", !lap->time_ms ? NULL : lap->from_game ? "game" : "samples");
    json_ms(j, "samples_ms", lap->samples_ms);
    if (acq_laps_has_gap(lap, best))
        acq_json_int(j, "gap_ms", lap->time_ms - best->lap->time_ms);
    else
        acq_json_null(j, "gap_ms");
    acq_json_bool(j, "best", lap == best->lap);
    acq_json_open(j, "sectors_ms", '[');
    for (int i = 0; i < lap->sectors; i++) acq_json_int(j, NULL, lap->sector_ms[i]);
    acq_json_close(j, ']');
    acq_json_str(j, "sectors_from", !lap->sectors ? NULL : lap->sectors_by_game ? "game" : "samples");
}

static void json_values(struct acq_json *j, const struct acq_lap *lap)
{
    acq_json_real(j, "begin_s", lap->begin_s, 4);
    acq_json_real(j, "end_s", lap->end_s, 4);
    acq_json_uint(j, "first_row", lap->first_row);
    acq_json_uint(j, "rows", lap->rows);
    acq_json_real(j, "distance_m", lap->distance_m, 1);
    acq_json_real(j, "paused_s", lap->paused_s, 3);
    acq_json_real(j, "not_sampled_s", lap->hole_s, 3);
    acq_json_int(j, "wheels_out", lap->out_max);
    acq_json_real(j, "wheels_out_s", lap->out_s, 3);
    acq_json_real(j, "wheels_out_at_m", lap->out_m, 1);
    acq_json_real(j, "wheels_out_at_pos", (double)lap->out_pos, 5);
    acq_json_real(j, "speed_max_kmh", (double)lap->speed_max_kmh, 2);
    acq_json_real(j, "speed_min_kmh", (double)lap->speed_min_kmh, 2);
    acq_json_real(j, "fuel_used_l", lap->fuel_used_l, 3);
    acq_json_real(j, "fuel_added_l", lap->fuel_added_l, 3);
    json_four(j, "tyre_temp_mean_c", lap->tyre_c);
    json_four(j, "brake_temp_mean_c", lap->brake_c);
    json_four(j, "brake_temp_max_c", lap->brake_max_c);
    acq_json_real(j, "air_temp_c", (double)lap->air_c, 1);
    acq_json_real(j, "road_temp_c", (double)lap->road_c, 1);
}

static void json_lap(struct acq_json *j, const struct acq_lap *lap, const struct acq_lap_best *best)
{
    acq_json_open(j, NULL, '{');
    acq_json_int(j, "lap", lap->number);
    acq_json_int(j, "stint", lap->stint);
    acq_json_str(j, "kind", acq_lap_kind_name(lap->kind));
    if (lap->valid == ACQ_LAP_VALID_UNKNOWN)
        acq_json_null(j, "valid");
    else
        acq_json_bool(j, "valid", lap->valid == ACQ_LAP_VALID_YES);
    json_reasons(j, lap);
    json_times(j, lap, best);
    json_values(j, lap);
    acq_json_close(j, '}');
}

static void json_session(struct acq_json *j, const struct acq_laps_session *s)
{
    char utc[ACQ_SAY] = "";
    if (s->utc_ns) acq_say_iso(utc, s->utc_ns);
    acq_json_str(j, "files", s->files);
    json_known(j, "session", s->session);
    json_known(j, "start_utc", utc);
    json_known(j, "car", s->car);
    json_known(j, "track", s->track);
    json_known(j, "layout", s->layout);
    json_known(j, "driver", s->driver);
    acq_json_real(j, "track_spline_length_m", s->spline_m, 3);
    acq_json_uint(j, "rows", s->rows);
    acq_json_uint(j, "rows_left_out", s->late);
}

void acq_laps_show_json(FILE *out, const struct acq_laps_session *s)
{
    struct acq_json j = {.out = out};
    struct acq_lap_best best;
    size_t n;
    const struct acq_lap *laps = acq_lap_split_laps(s->split, &n);
    acq_lap_find_best(&best, laps, n);
    acq_json_open(&j, NULL, '{');
    json_session(&j, s);
    json_ms(&j, "best_ms", best.lap ? best.lap->time_ms : 0);
    json_ms(&j, "theoretical_ms", best.theoretical_ms);
    acq_json_open(&j, "theoretical_laps", '[');
    for (int i = 0; i < best.sectors; i++) acq_json_int(&j, NULL, best.sector[i]->number);
    acq_json_close(&j, ']');
    acq_json_open(&j, "laps", '[');
    for (size_t i = 0; i < n; i++) json_lap(&j, &laps[i], &best);
    acq_json_close(&j, ']');
    acq_json_close(&j, '}');
    putc('\n', out);
}

/* ---- CSV ---- */

/* csv_text: in quotes where it needs them (RFC 4180) */
static void csv_text(FILE *out, const char *text)
{
    bool quotes = strpbrk(text, ",\"\r\n") != NULL;
    if (quotes) putc('"', out);
    for (; *text; text++) {
        if (*text == '"') putc('"', out);
        putc(*text, out);
    }
    if (quotes) putc('"', out);
    putc(',', out);
}

static void csv_ms(FILE *out, int32_t ms)
{
    if (ms > 0) fprintf(out, "%.3f", ms / 1e3);
    putc(',', out);
}

static void csv_number(FILE *out, double x, int decimals)
{
    if (isfinite(x)) fprintf(out, "%.*f", decimals, x);
    putc(',', out);
}

static void csv_head(FILE *out, int sectors)
{
    fputs("files,session,car,track,layout,lap,stint,kind,valid,why,time_s,time_from,samples_s,gap_s,", out);
    for (int i = 1; i <= sectors; i++) fprintf(out, "sector_%d_s,", i);
    fputs("begin_s,end_s,distance_m,speed_max_kmh,speed_min_kmh,fuel_used_l,fuel_added_l,", out);
    for (int i = 0; i < 4; i++) fprintf(out, "tyre_temp_mean_c_%s,", wheels[i]);
    for (int i = 0; i < 4; i++) fprintf(out, "brake_temp_max_c_%s,", wheels[i]);
    fputs("air_temp_c,road_temp_c,best\n", out);
}

static void csv_values(FILE *out, const struct acq_lap *lap)
{
    csv_number(out, lap->begin_s, 4);
    csv_number(out, lap->end_s, 4);
    csv_number(out, lap->distance_m, 1);
    csv_number(out, (double)lap->speed_max_kmh, 2);
    csv_number(out, (double)lap->speed_min_kmh, 2);
    csv_number(out, lap->fuel_used_l, 3);
    csv_number(out, lap->fuel_added_l, 3);
    for (int i = 0; i < 4; i++) csv_number(out, (double)lap->tyre_c[i], 2);
    for (int i = 0; i < 4; i++) csv_number(out, (double)lap->brake_max_c[i], 2);
    csv_number(out, (double)lap->air_c, 1);
    csv_number(out, (double)lap->road_c, 1);
}

static void csv_lap(FILE *out, const struct acq_laps_session *s, const struct acq_lap *lap,
                    const struct acq_lap_best *best, int sectors)
{
    static const char *const valid[] = {"false", "true", ""};
    char why[300];
    csv_text(out, s->files);
    csv_text(out, s->session);
    csv_text(out, s->car);
    csv_text(out, s->track);
    csv_text(out, s->layout);
    acq_lap_why(lap, why, sizeof why);
    fprintf(out, "%" PRId32 ",%" PRId32 ",%s,%s,", lap->number, lap->stint, acq_lap_kind_name(lap->kind),
            valid[lap->valid]);
    csv_text(out, why);
    csv_ms(out, lap->time_ms);
    fprintf(out, "%s,", !lap->time_ms ? "" : lap->from_game ? "game" : "samples");
    csv_ms(out, lap->samples_ms);
    csv_number(out, acq_laps_has_gap(lap, best) ? (lap->time_ms - best->lap->time_ms) / 1e3 : (double)NAN, 3);
    for (int i = 0; i < sectors; i++) csv_ms(out, i < lap->sectors ? lap->sector_ms[i] : 0);
    csv_values(out, lap);
    fprintf(out, "%d\n", lap == best->lap);
}

void acq_laps_show_csv(FILE *out, const struct acq_laps *all)
{
    int sectors = 3; /* as most tracks have, so that most tables have the same columns */
    size_t n;
    for (size_t i = 0; i < all->n; i++) {
        const struct acq_lap *laps = acq_lap_split_laps(all->session[i].split, &n);
        for (size_t k = 0; k < n; k++)
            if (laps[k].sectors > sectors) sectors = laps[k].sectors;
    }
    csv_head(out, sectors);
    for (size_t i = 0; i < all->n; i++) {
        struct acq_lap_best best;
        const struct acq_lap *laps = acq_lap_split_laps(all->session[i].split, &n);
        acq_lap_find_best(&best, laps, n);
        for (size_t k = 0; k < n; k++) csv_lap(out, &all->session[i], &laps[k], &best, sectors);
    }
}
