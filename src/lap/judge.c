#include "lap/judge.h"

#include <math.h>

#define SAME_MS 30     /* a last time that has not changed is this lap's if the sample times say nearly the same */
#define LIKELY_MS 2000 /* one that has changed, without a count of laps, if they say about the same */
#define DRIVEN 0.97    /* of the spline's length, at least, along any line through a lap */
#define HOLE_S 0.1

static float mean(double sum, uint32_t n)
{
    return n ? (float)(sum / n) : (float)NAN;
}

static void take_values(struct acq_lap *lap, const struct acq_stretch *s)
{
    lap->first_row = s->first_row;
    lap->rows = s->rows;
    lap->distance_m = s->path_m;
    lap->paused_s = s->paused_s;
    lap->hole_s = s->hole_s;
    lap->out_s = s->out_s;
    lap->out_m = s->out_m;
    lap->out_max = s->out_max;
    lap->out_pos = s->out_pos;
    lap->speed_max_kmh = s->speed_max;
    lap->speed_min_kmh = s->speed_min;
    lap->fuel_used_l = isnan(s->fuel) ? (double)NAN : s->fuel_used;
    lap->fuel_added_l = isnan(s->fuel) ? (double)NAN : s->fuel_added;
    for (int i = 0; i < 4; i++) {
        lap->tyre_c[i] = mean(s->tyre[i], s->tyres);
        lap->brake_c[i] = mean(s->brake[i], s->brakes);
        lap->brake_max_c[i] = s->brake_max[i];
    }
    lap->air_c = mean(s->air, s->airs);
    lap->road_c = mean(s->road, s->roads);
}

/* stated: the time that the game gives for this lap, 0 for none: its last time, where that is not the one of the lap
 * before */
static int32_t stated(const struct acq_lap_facts *f, int32_t samples_ms)
{
    if (f->last_ms == ACQ_LAP_ABSENT || f->last_ms <= 0) return 0;
    int32_t off = samples_ms > f->last_ms ? samples_ms - f->last_ms : f->last_ms - samples_ms;
    if (f->last_before_ms == ACQ_LAP_ABSENT || f->last_ms == f->last_before_ms)
        return samples_ms > 0 && off <= SAME_MS ? f->last_ms : 0;
    return f->sure || (samples_ms > 0 && off <= LIKELY_MS) ? f->last_ms : 0;
}

static void take_time(struct acq_lap *lap, const struct acq_stretch *s, const struct acq_lap_facts *f)
{
    bool begun = f->clocked || !(f->reasons & ACQ_LAP_NO_START);
    lap->begin_s = isnan(f->begin_s) ? s->first_s : f->begin_s;
    lap->end_s = isnan(f->end_s) ? s->last_s : f->end_s;
    double ms = (f->end_s - f->begin_s - s->paused_s) * 1e3;
    if (!f->finished) return;
    if (begun && ms > 0 && ms < INT32_MAX) lap->samples_ms = (int32_t)(ms + 0.5);
    int32_t game = stated(f, lap->samples_ms);
    lap->from_game = game > 0;
    lap->time_ms = game > 0 ? game : lap->samples_ms;
}

/* take_sectors: those that ended, one after the other from the first, and as the last what is left of the lap */
static void take_sectors(struct acq_lap *lap, const struct acq_stretch *s, const struct acq_lap_rules *rules, bool done)
{
    int n = 0;
    int64_t sum = 0;
    bool game = true;
    while (n < ACQ_LAP_SECTORS - 1 && s->sector_ms[n] > 0) {
        lap->sector_ms[n] = s->sector_ms[n];
        game &= s->sector_by_game[n];
        sum += s->sector_ms[n++];
    }
    bool all = done && n && sum < lap->time_ms && (!rules->sectors || n + 1 == rules->sectors);
    if (all) lap->sector_ms[n++] = (int32_t)(lap->time_ms - sum);
    for (int i = n; i < ACQ_LAP_SECTORS; i++) lap->sector_ms[i] = 0;
    lap->sectors = all || !done ? n : 0;
    lap->sectors_by_game = n && game;
}

/* counted: did the game take the lap as its best one? 1: yes; 0: no, though it was faster; -1: it had no reason to */
static int counted(const struct acq_lap *lap, const struct acq_lap_facts *f)
{
    if (!lap->from_game || f->best_ms == ACQ_LAP_ABSENT || f->best_before_ms == ACQ_LAP_ABSENT) return -1;
    if (f->best_ms == lap->time_ms && f->best_ms != f->best_before_ms) return 1;
    bool faster = f->best_before_ms <= 0 || lap->time_ms < f->best_before_ms;
    return faster && f->settled && f->best_ms == f->best_before_ms ? 0 : -1;
}

static void take_reasons(struct acq_lap *lap, const struct acq_stretch *s, const struct acq_lap_rules *rules,
                         const struct acq_lap_facts *f)
{
    int best = f->finished ? counted(lap, f) : -1;
    bool whole = f->finished && s->hole_s <= HOLE_S && !s->pit_first && !(f->reasons & ACQ_LAP_NO_START);
    lap->reasons = f->reasons;
    if (s->out_max && best != 1) lap->reasons |= ACQ_LAP_WHEELS_OUT;
    if (s->cut) lap->reasons |= ACQ_LAP_CUT;
    if (whole && rules->spline_m > 0 && s->path_m > 0 && s->path_m < DRIVEN * rules->spline_m)
        lap->reasons |= ACQ_LAP_CUT;
    if (best == 0) lap->reasons |= ACQ_LAP_NOT_COUNTED;
    if (s->fuel_added > 0) lap->reasons |= ACQ_LAP_REFUELLED;
    if (s->penalty) lap->reasons |= ACQ_LAP_PENALTY;
    if (s->ai) lap->reasons |= ACQ_LAP_AI;
    if (s->hole_s > HOLE_S) lap->reasons |= ACQ_LAP_HOLE;
    if (s->paused_s > HOLE_S) lap->reasons |= ACQ_LAP_PAUSED;
    lap->valid = lap->reasons & ACQ_LAP_INVALID ? ACQ_LAP_VALID_NO
                 : best == 1 || s->out_known    ? ACQ_LAP_VALID_YES
                                                : ACQ_LAP_VALID_UNKNOWN;
}

static enum acq_lap_kind kind_of(const struct acq_stretch *s, const struct acq_lap_facts *f)
{
    const uint32_t partial =
        ACQ_LAP_NO_START | ACQ_LAP_NO_END | ACQ_LAP_RESTARTED | ACQ_LAP_TELEPORTED | ACQ_LAP_MISSED | ACQ_LAP_BROKEN;
    bool out = s->pit_first || f->reasons & ACQ_LAP_STANDING;
    if (f->reasons & partial) return ACQ_LAP_INCOMPLETE;
    if (out) return s->pit_last ? ACQ_LAP_OUT_IN : ACQ_LAP_OUT;
    if (s->pit_last) return ACQ_LAP_IN;
    return s->pit ? ACQ_LAP_PIT : ACQ_LAP_FLYING;
}

void acq_lap_judge(struct acq_lap *lap, const struct acq_stretch *s, const struct acq_lap_rules *rules,
                   const struct acq_lap_facts *f)
{
    *lap = (struct acq_lap){.number = f->number, .stint = f->stint};
    take_values(lap, s);
    take_time(lap, s, f);
    lap->kind = kind_of(s, f);
    take_sectors(lap, s, rules, f->finished && lap->kind != ACQ_LAP_INCOMPLETE);
    take_reasons(lap, s, rules, f);
}
