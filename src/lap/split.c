/* Where laps begin and end. What comes behind the first sign of an end is gathered apart (`next`) until the fields
 * agree; then it is the beginning of the next lap, or it is put to the one that goes on. */
#include "lap/judge.h"
#include "lap/sample.h"
#include "lap/sectors.h"

#include <math.h>
#include <stdlib.h>

#define DROP_MS 50     /* the clock runs back by more than that only when it starts anew */
#define WRAP 0.5f      /* of the spline: no car drives so far from one sample to the next */
#define GRID 0.8f      /* behind this place is the grid */
#define GRID_MS 60000  /* and a car that still stands there has not begun its lap */
#define AT_LINE_MS 250 /* whose clock reads less, and moves, has just crossed the line */
#define FROZEN_S 0.25  /* a clock that stands so long is in a pause, or samples are missing */
#define CLOCK_S 0.05   /* by so much the picture's clock may be late */
#define GAP 5          /* times the usual time between samples */
#define REST_S 0.25
#define FORGET 1000      /* so many samples in a row that are older than those before: another clock */
#define BLIND_S 10.0     /* in a hole so long, without a count, more than one lap may have ended */
#define FUEL_LATE_S 0.05 /* pictures are late: fuel added just before a lap's end was added at the line */

enum outcome { NOTHING, START_LINE, FINISH, MISSED, RESTART, TELEPORT };

struct acq_lap_split {
    struct acq_lap_rules rules;
    struct acq_lap *laps;
    size_t n, room;
    uint64_t row, late;
    unsigned late_run;
    bool running; /* a lap is being driven, and prev is known */
    struct acq_lap_sample prev;
    double frozen_s; /* when the clock got the value that it has */
    double placed_s; /* when the position got the value that it has */
    struct acq_stretch cur, next;
    struct acq_sector_watch watch;
    /* of the lap that is being driven */
    bool begun, line, standing; /* its start was seen; the line was crossed since; it began standing */
    int32_t stint, done;        /* laps done in this run */
    int32_t laps_before, last_before, best_before; /* what the game showed when it began */
    /* signs of its end */
    bool pending, wrapped, back, dropped, jumped, moved;
    double pending_s, blind_s;
    struct acq_lap_sample anew; /* where the clock fell back, or the car was put */
    double usual_s;             /* between samples */
};

struct acq_lap_split *acq_lap_split_new(const struct acq_lap_rules *rules)
{
    struct acq_lap_split *s = calloc(1, sizeof *s);
    if (s) s->rules = *rules;
    return s;
}

void acq_lap_split_free(struct acq_lap_split *s)
{
    if (s) free(s->laps);
    free(s);
}

const struct acq_lap *acq_lap_split_laps(const struct acq_lap_split *s, size_t *n)
{
    *n = s->n;
    return s->laps;
}

uint64_t acq_lap_split_late(const struct acq_lap_split *s)
{
    return s->late;
}

static bool has(int32_t v)
{
    return v != ACQ_LAP_ABSENT;
}

/* ---- laps ---- */

static int make_room(struct acq_lap_split *s)
{
    if (s->n < s->room) return ACQ_OK;
    size_t room = s->room ? 2 * s->room : 16;
    struct acq_lap *bigger = realloc(s->laps, room * sizeof *bigger);
    if (!bigger) return ACQ_MEMORY;
    s->laps = bigger;
    s->room = room;
    return ACQ_OK;
}

/* emit: the lap that was driven until now */
static int emit(struct acq_lap_split *s, uint32_t reasons, bool finished, double end_s, bool settled)
{
    const struct acq_lap_sample *now = &s->prev;
    if (make_room(s) < 0) return ACQ_MEMORY;
    bool clocked = !isnan(s->cur.origin_s), counts = has(s->laps_before) && has(now->laps);
    struct acq_lap_facts facts = {.number = has(s->laps_before) ? s->laps_before + 1 : s->done + 1,
                                  .stint = s->stint,
                                  .reasons = reasons | (s->begun ? 0 : ACQ_LAP_NO_START) |
                                             (s->standing ? ACQ_LAP_STANDING : 0),
                                  .begin_s = clocked                ? s->cur.origin_s
                                             : isnan(s->cur.line_s) ? s->cur.first_s
                                                                    : s->cur.line_s,
                                  .end_s = end_s,
                                  .clocked = clocked,
                                  .finished = finished,
                                  .last_before_ms = s->last_before,
                                  .last_ms = now->last_ms,
                                  .best_before_ms = s->best_before,
                                  .best_ms = now->best_ms,
                                  .sure = counts && now->laps == s->laps_before + 1,
                                  .settled = settled};
    acq_lap_judge(&s->laps[s->n++], &s->cur, &s->rules, &facts);
    return ACQ_OK;
}

/* remember what the game shows now, as a lap has begun */
static void remember(struct acq_lap_split *s)
{
    s->laps_before = s->prev.laps;
    s->last_before = s->prev.last_ms;
    s->best_before = s->prev.best_ms;
}

/* look_at_start: the lap begins with a stretch that nothing was sampled before. Is its start in it? */
static void look_at_start(struct acq_lap_split *s, const struct acq_lap_sample *a, bool anew)
{
    bool stands = !(a->speed_kmh >= ACQ_SAMPLE_STANDING_KMH) && !isnan(a->speed_kmh);
    bool early = has(a->clock_ms) && a->clock_ms <= AT_LINE_MS;
    bool grid = isnan(a->pos) ? early : a->pos > GRID && (!has(a->clock_ms) || a->clock_ms < GRID_MS);
    s->standing = stands && !acq_sample_in_pits(a) && (grid || early);
    s->begun = anew || s->standing || acq_sample_in_pits(a) || early;
    s->line = isnan(s->prev.pos) || s->prev.pos < GRID;
}

/* begin_run: nothing was sampled before */
static void begin_run(struct acq_lap_split *s, const struct acq_lap_sample *a)
{
    acq_stretch_begin(&s->cur, s->row);
    s->running = true;
    s->pending = s->watch.waiting = false;
    s->done = 0;
    s->stint++;
    s->prev = *a;
    s->frozen_s = s->placed_s = a->t_s;
    s->usual_s = 0;
    look_at_start(s, a, false);
    remember(s);
}

/* next_begins: what was gathered apart is the lap that is being driven now */
static void next_begins(struct acq_lap_split *s)
{
    s->cur = s->next;
    s->begun = true;
    s->line = true;
    s->standing = false;
    remember(s);
}

/* share_hole: of a hole over the line, a part is the next lap's */
static void share_hole(struct acq_lap_split *s, double line_s)
{
    double behind = s->next.first_s - line_s;
    if (!(behind > FROZEN_S) || !(s->blind_s > FROZEN_S)) return;
    double part = fmin(behind, s->cur.hole_s);
    s->cur.hole_s -= part;
    s->next.hole_s += part;
}

/* finish ends the lap where the next one begins */
static int finish(struct acq_lap_split *s, bool settled)
{
    double end = isnan(s->next.origin_s) ? s->next.line_s : s->next.origin_s;
    if (isnan(end)) end = s->next.first_s;
    share_hole(s, end);
    if (s->cur.fuel_added_at > s->cur.last_s - FUEL_LATE_S) {
        s->next.fuel_added += s->cur.fuel_added;
        s->cur.fuel_added = 0;
    }
    bool stop = s->next.pit_first || (s->cur.box && !s->cur.pit_first);
    int r = emit(s, 0, true, end, settled);
    s->done++;
    s->stint += stop;
    next_begins(s);
    return r;
}

/* start_again ends the lap without a finish: the car was put somewhere else */
static int start_again(struct acq_lap_split *s, uint32_t reason)
{
    if (reason == ACQ_LAP_MISSED) share_hole(s, s->next.origin_s);
    int r = emit(s, reason, false, s->cur.last_s, true);
    s->stint++;
    if (reason == ACQ_LAP_MISSED) s->stint--;
    if (reason == ACQ_LAP_RESTARTED) s->done = 0;
    s->next.fuel_added = 0; /* it began with what it was given */
    next_begins(s);
    if (reason != ACQ_LAP_MISSED) look_at_start(s, &s->anew, reason == ACQ_LAP_RESTARTED || s->dropped);
    return r;
}

/* ---- signs ---- */

/* crossing: when the position, which steps with the pictures, passed the line between a and b */
static double crossing(const struct acq_lap_split *s, const struct acq_lap_sample *b)
{
    double before = 1 - (double)s->prev.pos, behind = (double)b->pos, all = before + behind;
    if (!(all > 0)) return b->t_s;
    double share = before / all;
    return s->placed_s + (b->t_s - s->placed_s) * (share < 0 ? 0 : share > 1 ? 1 : share);
}

static enum outcome outcome_of(const struct acq_lap_split *s, bool end)
{
    bool counts = has(s->laps_before) && has(s->prev.laps), clock = has(s->prev.clock_ms), place = !isnan(s->prev.pos);
    int32_t more = counts ? s->prev.laps - s->laps_before : 0;
    if (more > 1) return MISSED;
    if (more < 0) return RESTART;
    if (more == 1 && (s->dropped || s->wrapped || end || (!clock && !place))) return FINISH;
    bool forward = s->wrapped && s->moved, seen = counts || s->blind_s < BLIND_S;
    bool from_grid = !s->line && s->cur.first_pos > GRID; /* the first crossing ends no lap */
    if (forward && from_grid) return START_LINE;
    if (forward && s->dropped) return seen ? FINISH : MISSED;
    if (forward && (!clock || end)) return FINISH;
    if (s->dropped && s->moved && !counts && !place && !s->jumped) return seen ? FINISH : MISSED;
    if (s->dropped) return s->prev.in_pit > 0 ? TELEPORT : RESTART;
    if (s->jumped) return clock || s->prev.in_pit > 0 ? TELEPORT : RESTART;
    return s->wrapped ? START_LINE : NOTHING;
}

/* decide: the fields have had their time */
static int decide(struct acq_lap_split *s, bool settled)
{
    enum outcome outcome = outcome_of(s, !settled);
    int r = ACQ_OK;
    s->pending = false;
    switch (outcome) {
    case FINISH: return finish(s, settled);
    case MISSED: return start_again(s, ACQ_LAP_MISSED);
    case RESTART: return start_again(s, ACQ_LAP_RESTARTED);
    case TELEPORT: return start_again(s, ACQ_LAP_TELEPORTED);
    case START_LINE:
        s->line = true;
        s->cur.line_s = s->next.line_s;
        if (s->dropped) s->cur.origin_s = s->next.origin_s;
        break;
    case NOTHING: s->line = s->line && !s->back; break;
    }
    acq_stretch_join(&s->cur, &s->next);
    return r;
}

/* mark: a sign has been seen at b */
static void mark(struct acq_lap_split *s, const struct acq_lap_sample *b)
{
    if (s->pending) return;
    acq_sectors_settle(&s->watch, &s->cur, s->prev.sector_ms);
    acq_stretch_begin(&s->next, s->row);
    s->next.fuel = s->cur.fuel;
    s->pending = s->moved = true;
    s->wrapped = s->back = s->dropped = s->jumped = false;
    s->pending_s = b->t_s;
    s->blind_s = 0;
}

/* look_for_signs compares b with the sample before it */
static int look_for_signs(struct acq_lap_split *s, const struct acq_lap_sample *b, double dt)
{
    const struct acq_lap_sample *a = &s->prev;
    bool wrapped = b->pos<a->pos - WRAP, back = b->pos> a->pos + WRAP;
    bool dropped = has(a->clock_ms) && has(b->clock_ms) && b->clock_ms < a->clock_ms - DROP_MS;
    bool counted = has(a->laps) && has(b->laps) && b->laps != a->laps, jumped = acq_sample_jumps(a, b, dt);
    int r = ACQ_OK;
    if (!wrapped && !back && !dropped && !counted && !jumped) return ACQ_OK;
    if (s->pending && dropped && s->dropped) r = decide(s, true); /* of two starts the first is over */
    mark(s, b);
    s->moved = s->moved && acq_sample_moves_on(a, b, dt) && !jumped;
    if (dropped || jumped) s->anew = *b;
    if (wrapped) s->next.line_s = crossing(s, b);
    if (dropped) s->next.origin_s = s->next.clocked_s = (double)NAN;
    if (dt > s->blind_s) s->blind_s = dt;
    s->wrapped |= wrapped;
    s->back |= back;
    s->dropped |= dropped;
    s->jumped |= jumped;
    return r;
}

/* look_for_gap: time that the clock does not have is a pause; time without samples that it has is a hole. Returns how
 * much of dt was driven. */
static double look_for_gap(struct acq_lap_split *s, const struct acq_lap_sample *b, double dt, struct acq_stretch *to)
{
    const struct acq_lap_sample *a = &s->prev;
    bool clock = has(a->clock_ms) && has(b->clock_ms), moved = clock && b->clock_ms != a->clock_ms;
    bool anew = clock && b->clock_ms < a->clock_ms; /* nothing says how much of the time was a pause */
    double still = b->t_s - s->frozen_s, ran = clock && !anew ? (b->clock_ms - a->clock_ms) / 1e3 : dt;
    double driven = dt > FROZEN_S && ran < dt ? ran : dt;
    if (s->usual_s <= 0) s->usual_s = dt < 1 ? dt : 1;
    if (dt > FROZEN_S && dt > GAP * s->usual_s) to->hole_s += driven;
    if (moved && !anew && a->clock_ms > 0 && still > FROZEN_S && still - ran > CLOCK_S) to->paused_s += still - ran;
    if (moved || !clock) s->frozen_s = b->t_s;
    s->usual_s += ((dt < 1 ? dt : 1) - s->usual_s) / 16;
    return driven;
}

/* ---- the stream ---- */

static int end_run(struct acq_lap_split *s, uint32_t reason)
{
    int r = ACQ_OK;
    if (!s->running) return ACQ_OK;
    if (s->pending) r = decide(s, false);
    acq_sectors_settle(&s->watch, &s->cur, s->prev.sector_ms);
    s->running = false;
    bool rest = s->n && s->cur.last_s - s->cur.first_s < REST_S; /* what the line leaves of a part that was cut there */
    return r < 0 || !s->cur.rows || rest ? r : emit(s, reason, false, s->cur.last_s, false);
}

/* is_old: a sample that comes too late; when many do, the clock is another one */
static bool is_old(struct acq_lap_split *s, const struct acq_lap_sample *a)
{
    if (!isfinite(a->t_s) || (s->running && a->t_s < s->prev.t_s)) {
        s->late++;
        return ++s->late_run < FORGET || !isfinite(a->t_s);
    }
    return false;
}

/* drives: not in the menu, not in a replay, not paused */
static bool drives(const struct acq_lap_sample *a)
{
    return !has(a->status) || a->status == 2;
}

int acq_lap_split_add(struct acq_lap_split *s, const struct acq_lap_sample *sample)
{
    struct acq_lap_sample b = *sample;
    int r = ACQ_OK;
    if (is_old(s, &b) || !drives(&b)) {
        s->row++;
        return ACQ_OK;
    }
    acq_sample_clean(&b, s->running ? &s->prev : NULL, s->rules.spline_m);
    bool other =
        s->running && has(b.session_type) && has(s->prev.session_type) && b.session_type != s->prev.session_type;
    if (s->running && (other || b.t_s < s->prev.t_s)) r = end_run(s, ACQ_LAP_BROKEN);
    s->late_run = 0;
    if (!s->running) begin_run(s, &b);
    double dt = b.t_s - s->prev.t_s;
    if (r == ACQ_OK && s->pending && b.t_s - s->pending_s >= ACQ_LAP_SETTLE_S) r = decide(s, true);
    if (r == ACQ_OK) r = look_for_signs(s, &b, dt);
    struct acq_stretch *to = s->pending ? &s->next : &s->cur;
    double driven = look_for_gap(s, &b, dt, to->rows ? to : &s->cur);
    acq_sectors_add(&s->watch, to, &s->prev, &b);
    acq_stretch_add(to, &s->rules, &b, driven, !s->pending || s->dropped);
    if (b.pos != s->prev.pos) s->placed_s = b.t_s;
    s->prev = b;
    s->row++;
    return r;
}

int acq_lap_split_break(struct acq_lap_split *s)
{
    return end_run(s, ACQ_LAP_BROKEN);
}

int acq_lap_split_end(struct acq_lap_split *s)
{
    return end_run(s, ACQ_LAP_NO_END);
}
