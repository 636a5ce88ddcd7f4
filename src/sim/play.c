#include "sim/play.h"

#include <stdlib.h>
#include <string.h>

#include "page/text.h"
#include "sim/car.h"

#define LOAD 0.5   /* s that a game stands still when it comes, before the car can move */
#define HISTORY 20 /* s that a replay can show */

enum { PAST = HISTORY * 1000 / ACQ_SIM_STEP_MS, FILL = 4 /* steps in which the static page is filled */ };

enum mode { DRIVING, STILL, SHOWING, AWAY, LOADING };

/* What a step showed. */
struct past {
    struct acq_page_physics physics;
    struct acq_page_graphics graphics;
};

struct acq_play {
    struct acq_sim_config config;
    struct acq_events events;
    size_t next; /* event */
    struct acq_sim *sim;
    struct acq_pages pages, shown; /* of the car that is driven; what the game shows */
    enum mode mode;
    enum acq_play_state state;
    int64_t steps, until;  /* the mode ends at this step */
    int64_t driven, moved; /* steps that the car was driven, in all and since the game came */
    int64_t blank;         /* the static page is empty up to this step, and then filled */
    int laps, laps_before; /* finished in all; of the simulator at the step before */
    unsigned launches, changes;
    bool ends;         /* the game does not come again */
    struct past *past; /* of the last PAST steps, where a replay comes */
    size_t kept, at;   /* at: of the replay */
};

static int64_t in_steps(double seconds)
{
    return (int64_t)(seconds / ACQ_SIM_STEP + 0.5);
}

/* launch starts the game: another drive each time. */
static int launch(struct acq_play *p, struct acq_err *err)
{
    struct acq_sim_config config = p->config;
    config.seed += p->launches++;
    config.seconds = 0;
    acq_sim_free(p->sim);
    p->sim = acq_sim_new(&config, err);
    memset(&p->pages, 0, sizeof p->pages);
    p->shown = p->pages;
    p->moved = 0;
    p->laps_before = 0;
    p->kept = 0;
    return p->sim ? ACQ_OK : err->code;
}

struct acq_play *acq_play_new(const struct acq_sim_config *config, const struct acq_events *events, struct acq_err *err)
{
    struct acq_play *p = calloc(1, sizeof *p);
    bool replay = false;
    for (size_t i = 0; i < events->n; i++) replay = replay || events->event[i].kind == ACQ_EVENT_REPLAY;
    if (p && replay) p->past = malloc(PAST * sizeof *p->past);
    if (!p || (replay && !p->past)) {
        acq_fail(err, ACQ_MEMORY, "no memory for the simulator: close other programs and try again");
        free(p);
        return NULL;
    }
    p->config = *config;
    p->events = *events;
    if (launch(p, err) == ACQ_OK) return p;
    acq_play_free(p);
    return NULL;
}

void acq_play_free(struct acq_play *p)
{
    if (!p) return;
    acq_sim_free(p->sim);
    free(p->past);
    free(p);
}

/* ---- events ---- */

static void stand_still(struct acq_play *p, struct acq_play_now *now, int status, double seconds)
{
    p->mode = STILL;
    p->until = p->steps + in_steps(seconds);
    now->graphics = p->shown.graphics.status != status;
    p->shown.graphics.status = status;
}

/* go_away: the game ends, with its pages or without them. */
static void go_away(struct acq_play *p, enum acq_play_state state, double seconds)
{
    p->mode = AWAY;
    p->state = state;
    p->until = p->steps + in_steps(seconds);
    p->ends = seconds <= 0;
}

/* come: the game is there again, and loads; its static page is filled last. */
static int come(struct acq_play *p, struct acq_play_now *now, double seconds, struct acq_err *err)
{
    int r = launch(p, err);
    p->mode = LOADING;
    p->state = ACQ_PLAY_ON;
    p->until = p->steps + in_steps(LOAD);
    p->blank = p->until + in_steps(seconds);
    now->physics = now->graphics = now->stat = true;
    return r;
}

static void show_replay(struct acq_play *p, double seconds)
{
    size_t n = (size_t)in_steps(seconds);
    p->mode = SHOWING;
    p->until = p->steps + in_steps(seconds);
    p->at = p->kept > n ? p->kept - n : 0;
    if (p->kept > PAST && p->at < p->kept - PAST) p->at = p->kept - PAST;
}

/* change: another car, track or session type. The road stays the same. */
static void change(struct acq_play *p, struct acq_play_now *now, enum acq_event_kind kind)
{
    struct acq_page_static *s = &p->pages.stat;
    p->changes++;
    if (kind == ACQ_EVENT_CAR) acq_page_text(s->car_model, 33, p->changes % 2 ? "acq_sim_cup" : "acq_sim_gt3");
    if (kind == ACQ_EVENT_TRACK) acq_page_text(s->track, 33, p->changes % 2 ? "acq_elsewhere" : "acq_nowhere");
    if (kind == ACQ_EVENT_SESSION) p->pages.graphics.session = (p->pages.graphics.session + 1) % 3;
    now->stat = kind != ACQ_EVENT_SESSION;
    acq_sim_restart(p->sim);
}

static int begin(struct acq_play *p, const struct acq_event *e, struct acq_play_now *now, struct acq_err *err)
{
    switch (e->kind) {
    case ACQ_EVENT_RESTART: acq_sim_restart(p->sim); break;
    case ACQ_EVENT_PITS: acq_sim_teleport(p->sim, e->for_s); break;
    case ACQ_EVENT_PITSTOP: acq_sim_pit_stop(p->sim, e->for_s); break;
    case ACQ_EVENT_CUT: acq_sim_cut(p->sim, e->for_s); break;
    case ACQ_EVENT_PAUSE: stand_still(p, now, ACQ_STATUS_PAUSE, e->for_s); break;
    case ACQ_EVENT_SILENT_PAUSE: stand_still(p, now, ACQ_STATUS_LIVE, e->for_s); break;
    case ACQ_EVENT_MENU: stand_still(p, now, ACQ_STATUS_OFF, e->for_s); break;
    case ACQ_EVENT_REPLAY: show_replay(p, e->for_s); break;
    case ACQ_EVENT_EMPTY_STATIC: p->blank = p->steps + in_steps(e->for_s); break;
    case ACQ_EVENT_QUIT: go_away(p, ACQ_PLAY_GONE, e->for_s); break;
    case ACQ_EVENT_CRASH: go_away(p, ACQ_PLAY_CRASHED, e->for_s); break;
    case ACQ_EVENT_RELAUNCH: return come(p, now, e->for_s, err);
    default: change(p, now, e->kind); break;
    }
    return ACQ_OK;
}

/* ---- steps ---- */

static void keep_past(struct acq_play *p)
{
    if (p->past) p->past[p->kept++ % PAST] = (struct past){p->shown.physics, p->shown.graphics};
}

/* drive moves the car. The numbers of the pages go on where what was shown last has them. */
static int drive(struct acq_play *p, struct acq_play_now *now)
{
    struct acq_pages *pages = &p->pages;
    bool other_status = p->shown.graphics.status != ACQ_STATUS_LIVE;
    pages->physics.packet_id = p->shown.physics.packet_id;
    pages->graphics.packet_id = p->shown.graphics.packet_id;
    int r = acq_sim_step(p->sim, pages, &now->graphics);
    if (r != ACQ_OK) return r;
    now->physics = true;
    now->graphics = now->graphics || other_status;
    now->stat = now->stat || p->moved == 0;
    p->driven++;
    p->moved++;
    int laps = acq_sim_laps(p->sim);
    if (laps > p->laps_before) p->laps += laps - p->laps_before;
    p->laps_before = laps;
    p->shown = *pages;
    keep_past(p);
    return ACQ_OK;
}

/* show goes on with the replay. */
static void show(struct acq_play *p, struct acq_play_now *now)
{
    int32_t id = p->shown.physics.packet_id, picture = p->shown.graphics.packet_id;
    if (p->at >= p->kept) return; /* it has come to its end, and stands still there */
    const struct past *past = &p->past[p->at++ % PAST];
    now->graphics = p->shown.graphics.status != ACQ_STATUS_REPLAY ||
                    past->graphics.i_current_time != p->shown.graphics.i_current_time;
    p->shown.physics = past->physics;
    p->shown.physics.packet_id = id + 1;
    if (now->graphics) p->shown.graphics = past->graphics;
    p->shown.graphics.packet_id = picture + (now->graphics ? 2 : 0);
    p->shown.graphics.status = ACQ_STATUS_REPLAY;
    now->physics = true;
}

/* fill_static empties the static page, or fills it, which the game does not do in one go. */
static void fill_static(struct acq_play *p, struct acq_play_now *now)
{
    static const size_t ends[FILL] = {offsetof(struct acq_page_static, car_model),
                                      offsetof(struct acq_page_static, track),
                                      offsetof(struct acq_page_static, max_rpm), sizeof(struct acq_page_static)};
    int64_t done = p->steps - p->blank;
    if (!p->blank) return;
    size_t n = done < 0 ? 0 : ends[done < FILL ? done : FILL - 1];
    memset(&p->shown.stat, 0, sizeof p->shown.stat);
    memcpy(&p->shown.stat, &p->pages.stat, n);
    now->stat = true;
    if (done >= FILL - 1) p->blank = 0;
}

/* take_events begins those that are due, one after the other. */
static int take_events(struct acq_play *p, struct acq_play_now *now, struct acq_err *err)
{
    int r = ACQ_OK;
    while (r == ACQ_OK && p->mode == DRIVING && p->next < p->events.n &&
           p->steps >= in_steps(p->events.event[p->next].at_s))
        r = begin(p, &p->events.event[p->next++], now, err);
    return r;
}

int acq_play_step(struct acq_play *p, struct acq_play_now *now, struct acq_err *err)
{
    int r = ACQ_OK;
    *now = (struct acq_play_now){.state = p->state};
    if (p->mode == AWAY && p->ends) return ACQ_END;
    if (p->mode == AWAY && p->steps >= p->until) r = come(p, now, 1, err);
    if (p->mode != DRIVING && p->mode != AWAY && p->steps >= p->until) p->mode = DRIVING;
    if (r == ACQ_OK) r = take_events(p, now, err);
    if (r == ACQ_OK && p->mode == DRIVING && p->config.seconds > 0 && acq_play_seconds(p) >= p->config.seconds)
        r = ACQ_END;
    if (r == ACQ_OK && p->mode == DRIVING) r = drive(p, now);
    if (r == ACQ_OK && p->mode == SHOWING) show(p, now);
    if (r == ACQ_OK && p->state == ACQ_PLAY_ON) fill_static(p, now);
    now->state = p->state;
    if (r == ACQ_OK) p->steps++;
    return r;
}

struct acq_pages *acq_play_pages(struct acq_play *p)
{
    return &p->shown;
}

double acq_play_seconds(const struct acq_play *p)
{
    return (double)p->driven * ACQ_SIM_STEP;
}

int acq_play_laps(const struct acq_play *p)
{
    return p->laps;
}

int64_t acq_play_steps(const struct acq_play *p)
{
    return p->steps;
}
