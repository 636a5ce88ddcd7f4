#include "app/info_show.h"

#include "app/say.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { TEXT = 512, GAPS = 8, LAPS = 20, BAR = 40, GAME_BYTES = 1560 };

/* line prints "  Name        what" */
static void line(FILE *out, const char *name, const char *format, ...) ACQ_PRINTF(3, 4);

static void line(FILE *out, const char *name, const char *format, ...)
{
    char raw[TEXT], text[TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    acq_say_text(text, sizeof text, raw);
    if (*name)
        fprintf(out, "  %-11s %s\n", name, text);
    else
        fprintf(out, "              %s\n", text);
}

static void heading(FILE *out, const char *text)
{
    fprintf(out, "\n  %s\n", text);
}

static const char *or_unknown(const char *text)
{
    return *text ? text : "not known";
}

/* state: how the file ends, in few words */
static const char *state(const struct acq_info *info)
{
    const struct acq_loss *l = &info->loss;
    if (*l->text) return strstr(l->text, "is cut") ? "cut" : "damaged";
    return l->closed ? "whole" : "open";
}

/* ---- the parts of a page ---- */

static void show_session(FILE *out, const struct acq_info *info)
{
    char track[256], driver[256];
    const char *game = acq_info_text(info, ACQ_head_game), *version = acq_info_text(info, ACQ_stat_ac_version);
    const char *skin = acq_info_text(info, ACQ_stat_car_skin), *nick = acq_info_text(info, ACQ_stat_player_nick);
    const char *car = acq_info_text(info, ACQ_stat_car_model);
    acq_info_track(track, info);
    acq_info_driver(driver, info);
    line(out, "Session", "%s", or_unknown(acq_info_text(info, ACQ_head_session_id)));
    line(out, "Game", "%s%s%s", or_unknown(game), *version ? " " : "", version);
    line(out, "Car", "%s%s%s", or_unknown(car), *car && *skin ? ", skin " : "", *car ? skin : "");
    line(out, "Track", "%s", or_unknown(track));
    if (*nick && strcmp(nick, driver))
        line(out, "Driver", "%s (%s)", or_unknown(driver), nick);
    else
        line(out, "Driver", "%s", or_unknown(driver));
    if (*acq_info_text(info, ACQ_capture_previous_session))
        line(out, "Goes on", "from session %s", acq_info_text(info, ACQ_capture_previous_session));
}

static void show_time(FILE *out, const struct acq_info *info)
{
    char a[ACQ_SAY], b[ACQ_SAY], c[ACQ_SAY];
    int64_t utc = acq_info_utc_ns(info), duration = acq_info_duration_ns(info);
    if (utc && *acq_say_utc(a, utc, 0))
        line(out, "Start", "%s UTC  =  %s here", a, or_unknown(acq_say_local(b, utc)));
    else
        line(out, "Start", "not known: the frames have no UTC");
    acq_say_time(a, duration);
    int64_t without = duration - info->sampled_ns;
    if (info->stretches > 1 && without > 0)
        line(out, "Duration", "%s, of which %s in %" PRIu64 " breaks (%" PRIu64 " pauses)", a, acq_say_time(b, without),
             info->stretches - 1, info->pauses);
    else
        line(out, "Duration", "%s", a);
    if (info->original == 1)
        line(out, "Laps", "not known");
    else if (!info->last.has[ACQ_graphics_completed_laps])
        line(out, "Laps", "not known: the frames have no lap count");
    else
        line(out, "Laps", "%s completed%s%s", acq_say_count(a, info->completed),
             info->best_lap_ms > 0 ? ", best lap of the session " : "",
             info->best_lap_ms > 0 ? acq_say_lap(c, info->best_lap_ms) : "");
}

static void show_rates(FILE *out, const struct acq_info *info)
{
    double steps = acq_info_rate(info, info->steps), pictures = acq_info_rate(info, info->pictures);
    double context = acq_info_rate(info, info->members + info->stretches);
    char text[TEXT];
    size_t n = 0;
    *text = 0;
    if (steps >= 0) n += (size_t)snprintf(text + n, sizeof text - n, "physics %.1f Hz", steps);
    if (pictures >= 0 && info->pictures_known)
        n += (size_t)snprintf(text + n, sizeof text - n, "%sgraphics %.1f Hz", n ? ", " : "", pictures);
    if (context >= 0 && info->members && info->last.has[ACQ_stat])
        n += (size_t)snprintf(text + n, sizeof text - n, "%sstatic %.1f Hz", n ? ", " : "", context);
    line(out, "Rates", "%s", *text ? text : "not known: too short");
}

static void show_counts(FILE *out, const struct acq_info *info)
{
    char a[ACQ_SAY], b[ACQ_SAY], c[ACQ_SAY];
    const struct acq_group_capture *capture = &info->last.capture;
    const bool *has = info->last.has;
    uint64_t all = info->steps + info->missed, again = info->frames > info->steps ? info->frames - info->steps : 0;
    if (info->members)
        line(out, "Frames", "%s in %s members", acq_say_count(a, info->frames), acq_say_count(b, info->members));
    else
        line(out, "Frames", "%s", acq_say_count(a, info->frames));
    show_rates(out, info);
    if (!info->steps_known && !info->steps)
        line(out, "Steps", "not known: the frames do not have the step's number");
    else if (!info->steps_known)
        line(out, "Steps", "%s different by content, %s frames repeated; missed: not known",
             acq_say_count(a, info->steps), acq_say_count(b, again));
    else
        line(out, "Steps", "%s seen, %s missed (%.3g %%), %s frames repeated", acq_say_count(a, info->steps),
             acq_say_count(b, info->missed), all ? 100.0 * (double)info->missed / (double)all : 0,
             acq_say_count(c, again));
    if (has[ACQ_capture_torn_retried] || has[ACQ_capture_torn_dropped])
        line(out, "Torn", "%s copies taken again, %s steps given up", acq_say_count(a, capture->torn_retried),
             acq_say_count(b, capture->torn_dropped));
    else
        line(out, "Torn", "not known: whoever sampled did not say");
    if (has[ACQ_capture_duplicates])
        line(out, "Duplicates", "%s looks found no new step", acq_say_count(a, capture->duplicates));
    if (has[ACQ_capture_jitter_max_ns])
        line(out, "Jitter", "%.3f ms p50, %.3f ms p99, %.3f ms at most", (double)capture->jitter_p50_ns * 1e-6,
             (double)capture->jitter_p99_ns * 1e-6, (double)capture->jitter_max_ns * 1e-6);
    line(out, "Lost", "%s samples that could not be kept", acq_say_count(a, info->lost));
}

static void show_size(FILE *out, const struct acq_info *info)
{
    char a[ACQ_SAY], b[ACQ_SAY];
    if (info->file_bytes < 0) {
        line(out, "Size", "not known: read from a pipe; content %s", acq_say_size(a, info->raw_bytes));
    } else if (!info->frames) {
        line(out, "Size", "%s", acq_say_size(a, (uint64_t)info->file_bytes));
    } else {
        double size = (double)info->file_bytes, frames = (double)info->frames;
        line(out, "Size", "%s, %.0f bytes per frame", acq_say_size(a, (uint64_t)info->file_bytes), size / frames);
        line(out, "", "content %s, %.2f : 1; the game's pages of as many steps %.2f : 1",
             acq_say_size(b, info->raw_bytes), (double)info->raw_bytes / size, frames * GAME_BYTES / size);
    }
}

static void show_state(FILE *out, const struct acq_info *info)
{
    const struct acq_loss *l = &info->loss;
    const char *why = acq_info_text(info, ACQ_capture_end_reason), *program = acq_info_text(info, ACQ_capture_program);
    if (!l->closed && !l->foreign && !l->damaged_bytes)
        line(out, "State", "not closed: still being written, or its program was killed; what is there is whole");
    else if (l->closed)
        line(out, "State", "closed cleanly%s%s", *why ? ": " : "", why);
    else
        line(out, "State", "not closed");
    if (*l->text) line(out, "", "%s", l->text);
    if (*program) line(out, "Written by", "%s", program);
    if (l->foreign) line(out, "Format", "one gzip stream: no members, so it can only be read from its start");
    if (info->original != 1) return;
    line(out, "Careful", "written by the original project, whose bridge read the game's memory at wrong places:");
    line(out, "", "the values are shifted (acc_g is the velocity ...); `acq convert --original` puts them back");
}

static void show_gap(FILE *out, const struct acq_info *info, const struct acq_gap *g)
{
    char frames[ACQ_SAY], from[ACQ_SAY], to[ACQ_SAY], bytes[ACQ_SAY], at[ACQ_SAY];
    bool begins = g->from_t_ns == INT64_MIN, ends = g->to_t_ns == INT64_MAX;
    acq_say_since(from, info->first_t_ns, begins ? info->first_t_ns : g->from_t_ns);
    acq_say_since(to, info->first_t_ns, ends ? info->first_t_ns : g->to_t_ns);
    line(out, "", "%s frames %s%s%s%s; %s damaged at byte %s",
         g->frames ? acq_say_count(frames, g->frames) : "unknown many",
         begins ? "before "
         : ends ? "after "
                : "between ",
         begins ? to : from, begins || ends ? "" : " and ", begins || ends ? "" : to, acq_say_size(bytes, g->bytes),
         acq_say_count(at, g->at));
}

static void show_gaps(FILE *out, const struct acq_info *info)
{
    const struct acq_loss *l = &info->loss;
    char a[ACQ_SAY];
    if (l->left_out) line(out, "Left out", "%s frames, on purpose", acq_say_count(a, l->left_out));
    if (!l->gaps) return;
    heading(out, "Missing");
    for (size_t i = 0; i < l->gaps && i < GAPS && i < ACQ_GAPS_MAX; i++) show_gap(out, info, &l->gap[i]);
    if (l->gaps > GAPS) line(out, "", "and %s more: `acq doctor` lists them", acq_say_count(a, l->gaps - GAPS));
}

static void show_laps(FILE *out, const struct acq_info *info)
{
    char at[ACQ_SAY], time[ACQ_SAY];
    int32_t best = 0;
    size_t shown = info->laps < LAPS ? info->laps : LAPS;
    if (!info->laps) return;
    for (size_t i = 0; i < info->laps; i++)
        if (info->lap[i].time_ms > 0 && (!best || info->lap[i].time_ms < best)) best = info->lap[i].time_ms;
    heading(out, "  Lap        time  ended at");
    for (size_t i = 0; i < shown; i++) {
        const struct acq_info_lap *lap = &info->lap[i];
        fprintf(out, "  %5" PRId32 "  %10s  %s%s\n", lap->number,
                lap->time_ms > 0 ? acq_say_lap(time, lap->time_ms) : "-", acq_say_time(at, lap->end_ns),
                lap->time_ms > 0 && lap->time_ms == best ? "  fastest" : "");
    }
    if (info->completed > shown)
        line(out, "", "and %s more: --json lists up to %d", acq_say_count(at, info->completed - shown), ACQ_INFO_LAPS);
}

static void show_jitter(FILE *out, const struct acq_info *info)
{
    uint64_t all = 0, most = 1;
    char count[ACQ_SAY], bound[ACQ_SAY];
    for (size_t i = 0; i < ACQ_JITTER_BINS; i++) {
        all += info->jitter[i];
        if (info->jitter[i] > most) most = info->jitter[i];
    }
    if (!all) return;
    heading(out, "Sample times against the game's steps of 3 ms");
    size_t first = 0, last = ACQ_JITTER_BINS;
    while (last > first + 1 && !info->jitter[last - 1]) last--;
    for (size_t i = first; i < last; i++) {
        bool over = i == ACQ_JITTER_BINS - 1;
        uint32_t us = acq_jitter_us[over ? i - 1 : i];
        snprintf(bound, sizeof bound, us < 1000 ? "%s %u us" : "%s %u ms",
                 over ? " >" : "<=", us < 1000 ? us : us / 1000);
        int bar = (int)((double)info->jitter[i] / (double)most * BAR + 0.5);
        if (!bar && info->jitter[i]) bar = 1;
        fprintf(out, "  %9s %12s  %6.2f %%%s%.*s\n", bound, acq_say_count(count, info->jitter[i]),
                100.0 * (double)info->jitter[i] / (double)all, bar ? "  " : "", bar,
                "########################################");
    }
}

void acq_info_show_page(FILE *out, const char *path, const struct acq_info *info)
{
    char name[TEXT];
    fprintf(out, "%s\n", acq_say_text(name, sizeof name, strcmp(path, "-") ? path : "standard input"));
    putc('\n', out);
    if (!info->frames) {
        line(out, "Frames", "0: nothing was recorded in it");
        show_size(out, info);
        show_state(out, info);
        return;
    }
    show_session(out, info);
    show_time(out, info);
    putc('\n', out);
    show_counts(out, info);
    putc('\n', out);
    show_size(out, info);
    show_state(out, info);
    show_gaps(out, info);
    if (info->original != 1) show_laps(out, info);
    show_jitter(out, info);
}

/* ---- the table ---- */

static void cell(struct acq_info_row *row, int which, const char *text)
{
    acq_say_text(row->cell[which], sizeof row->cell[which], *text ? text : "-");
}

void acq_info_row(struct acq_info_row *row, struct acq_info_sum *sum, const char *path, const struct acq_info *info)
{
    char text[256], number[ACQ_SAY];
    bool laps = info->original != 1 && info->last.has[ACQ_graphics_completed_laps];
    cell(row, ACQ_INFO_START, acq_info_utc_ns(info) ? acq_say_utc(number, acq_info_utc_ns(info), 0) : "");
    cell(row, ACQ_INFO_CAR, acq_info_text(info, ACQ_stat_car_model));
    acq_info_track(text, info);
    cell(row, ACQ_INFO_TRACK, text);
    acq_info_driver(text, info);
    cell(row, ACQ_INFO_DRIVER, text);
    cell(row, ACQ_INFO_LAPS_DONE, laps ? acq_say_count(number, info->completed) : "");
    cell(row, ACQ_INFO_BEST, laps && info->best_lap_ms > 0 ? acq_say_lap(number, info->best_lap_ms) : "");
    cell(row, ACQ_INFO_DURATION, acq_say_time(number, acq_info_duration_ns(info)));
    cell(row, ACQ_INFO_FRAMES, acq_say_count(number, info->frames));
    cell(row, ACQ_INFO_MISSED, info->steps_known ? acq_say_count(number, info->missed) : "");
    cell(row, ACQ_INFO_STATE, info->original == 1 && !*info->loss.text ? "original" : state(info));
    cell(row, ACQ_INFO_FILE, acq_path_base(path));
    int64_t ns = acq_info_duration_ns(info);
    sum->files++;
    sum->laps += laps ? info->completed : 0;
    sum->frames += info->frames;
    sum->missed += info->missed;
    sum->duration_ns = ns > INT64_MAX - sum->duration_ns ? INT64_MAX : sum->duration_ns + ns;
}

static void print_row(FILE *out, const struct acq_info_row *row, const size_t width[ACQ_INFO_CELLS])
{
    for (int i = 0; i < ACQ_INFO_CELLS; i++) {
        bool right = i >= ACQ_INFO_LAPS_DONE && i <= ACQ_INFO_MISSED, last = i == ACQ_INFO_CELLS - 1;
        int pad = (int)(width[i] - acq_say_width(row->cell[i]));
        if (last && !*row->cell[i]) break;
        fprintf(out, "%s%*s%s%*s", i ? "  " : "", right ? pad : 0, "", row->cell[i], right || last ? 0 : pad, "");
    }
    putc('\n', out);
}

void acq_info_show_table(FILE *out, const struct acq_info_row *rows, size_t n, const struct acq_info_sum *sum)
{
    static const struct acq_info_row heads = {
        {"start (UTC)", "car", "track", "driver", "laps", "best", "duration", "frames", "missed", "state", "file"}};
    struct acq_info_row all = {{""}};
    size_t width[ACQ_INFO_CELLS];
    char number[ACQ_SAY];
    snprintf(all.cell[ACQ_INFO_START], sizeof all.cell[0], "%" PRIu64 " recording%s", sum->files,
             sum->files == 1 ? "" : "s");
    cell(&all, ACQ_INFO_LAPS_DONE, acq_say_count(number, sum->laps));
    cell(&all, ACQ_INFO_DURATION, acq_say_time(number, sum->duration_ns));
    cell(&all, ACQ_INFO_FRAMES, acq_say_count(number, sum->frames));
    cell(&all, ACQ_INFO_MISSED, acq_say_count(number, sum->missed));
    for (int i = 0; i < ACQ_INFO_CELLS; i++) {
        width[i] = acq_say_width(heads.cell[i]);
        if (acq_say_width(all.cell[i]) > width[i]) width[i] = acq_say_width(all.cell[i]);
        for (size_t k = 0; k < n; k++)
            if (acq_say_width(rows[k].cell[i]) > width[i]) width[i] = acq_say_width(rows[k].cell[i]);
    }
    print_row(out, &heads, width);
    for (size_t k = 0; k < n; k++) print_row(out, &rows[k], width);
    print_row(out, &all, width);
}
