/* cmd_sim.c - `acq sim`: a simulated car, into the pages at the game's pace or into a recording as fast as it can. */
#include "app/cmd.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "base/stop.h"
#include "base/timer.h"
#include "frame/frame.h"
#include "page/map.h"
#include "record/recorder.h"
#include "sim/play.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STEP_NS INT64_C(3000000)

struct options {
    const char *track, *out, *pages;
    int64_t laps, seed;
    double seconds;
    bool quiet;
    struct acq_texts events;
};

static const struct acq_option table[] = {
    {'t', "track", "TRACK", ACQ_OPT_TEXT, offsetof(struct options, track), 0, 0,
     "short (25 s a lap, the default), long (100 s), or a CSV file: x, y, width right, left [m]"},
    {'l', "laps", "N", ACQ_OPT_INT, offsetof(struct options, laps), 0, 100000, "end after so many laps"},
    {'s', "seconds", "S", ACQ_OPT_NUMBER, offsetof(struct options, seconds), 0, 1e7, "end after so much driving"},
    {0, "seed", "N", ACQ_OPT_INT, offsetof(struct options, seed), 0, 9e15, "same seed, same drive; default 1"},
    {'o', "out", "FILE", ACQ_OPT_TEXT, offsetof(struct options, out), 0, 0,
     "write a recording instead of pages, as fast as it goes"},
    {'e', "event", "NAME@TIME", ACQ_OPT_LIST, offsetof(struct options, events), 0, 0,
     "NAME@TIME[:DURATION] ...: what happens beside driving; the list is below"},
    {0, "pages", "PREFIX", ACQ_OPT_TEXT, offsetof(struct options, pages), 0, 0,
     "first part of the pages' names; default: $ACQ_PAGES, or acpmf as the game"},
    {'q', "quiet", NULL, ACQ_OPT_FLAG, offsetof(struct options, quiet), 0, 0, "show no progress"},
};

static char more[3000]; /* filled before it is shown */

static const struct acq_command command = {
    .name = "acq sim",
    .usage = "[OPTION...]",
    .summary = "Drive a simulated car round a track and write the shared-memory pages as Assetto Corsa does.",
    .more = more,
    .options = table,
    .option_count = sizeof table / sizeof *table,
};

static const char examples[] = "\nExamples:\n"
                               "  acq sim                                 drive until Ctrl+C, for a telemetry_bridge\n"
                               "                                          beside it\n"
                               "  acq sim --laps 2 --track long           two laps of the long track\n"
                               "  acq sim --seconds 3600 -o hour.pb.gz    an hour of driving, in seconds\n"
                               "  acq sim -e pause@20s:5s restart@40s     with a pause of five seconds, and a restart\n"
                               "\nExit codes: 0 done, 1 failed, 2 wrong usage.";

/* write_more: the events come from their table */
static void write_more(void)
{
    char events[2000];
    acq_events_help(events, sizeof events);
    snprintf(more, sizeof more,
             "Events (DURATION where none is given; a time is 40s, 2m or 1:10, pauses included):\n%s%s", events,
             examples);
}

static void show(const struct options *o, struct acq_play *play, int64_t late)
{
    const struct acq_page_physics *physics = &acq_play_pages(play)->physics;
    if (o->quiet) return;
    acq_status("driving: %.1f s, lap %d, %.0f km/h, gear %d%s", acq_play_seconds(play), acq_play_laps(play) + 1,
               (double)physics->speed_kmh, physics->gear - 1, late > STEP_NS ? ", behind its clock" : "");
}

/* publish copies what changed into shared memory, as the game would, and makes and closes that where the game comes and
 * goes. */
static int publish(struct acq_map *map, const char *prefix, const struct acq_pages *pages,
                   const struct acq_play_now *now, struct acq_err *err)
{
    int r = ACQ_OK;
    if (now->state == ACQ_PLAY_GONE) acq_map_close(map);
    if (now->state != ACQ_PLAY_ON) return ACQ_OK;
    if (!map->bytes[ACQ_MAP_PHYSICS]) r = acq_map_create(map, prefix, err);
    if (r < 0) return r;
    if (now->stat) memcpy(map->bytes[ACQ_MAP_STATIC], &pages->stat, sizeof pages->stat);
    if (now->physics) memcpy(map->bytes[ACQ_MAP_PHYSICS], &pages->physics, sizeof pages->physics);
    if (now->graphics) memcpy(map->bytes[ACQ_MAP_GRAPHICS], &pages->graphics, sizeof pages->graphics);
    return ACQ_OK;
}

/* end_pages: what the game leaves behind when it ends */
static void end_pages(struct acq_map *map, struct acq_pages *pages, const struct acq_play_now *now)
{
    if (now->state == ACQ_PLAY_ON) {
        pages->graphics.status = ACQ_STATUS_OFF;
        memcpy(map->bytes[ACQ_MAP_GRAPHICS], &pages->graphics, sizeof pages->graphics);
        acq_sleep_ms(100); /* so that a reader sees the end, as it does when the game goes back to its menu */
    }
    if (now->state == ACQ_PLAY_CRASHED) map->owner = false; /* then the names stay, where the system lets them */
    acq_map_close(map);
}

/* run_pages plays at the game's pace until the end. Returns ACQ_OK, ACQ_END or an error. */
static int run_pages(const struct options *o, struct acq_play *play, struct acq_map *map, struct acq_play_now *now,
                     struct acq_err *err)
{
    struct acq_timer *timer = acq_timer_new();
    const char *prefix = acq_map_prefix(o->pages);
    acq_raise_priority(); /* best effort: an unprivileged run may be late under load, and says so */
    int64_t due = acq_now_ns();
    int r;
    while ((r = acq_play_step(play, now, err)) == ACQ_OK && !acq_stopped()) {
        if ((r = publish(map, prefix, acq_play_pages(play), now, err)) < 0) break;
        due += STEP_NS;
        acq_timer_sleep_until(timer, due);
        int64_t late = acq_now_ns() - due;
        if (late > STEP_NS)
            due += late; /* the system was busy: lose time rather than write steps that nobody can see */
        if (acq_play_steps(play) % 33 == 0) show(o, play, late);
    }
    acq_timer_free(timer);
    return r;
}

static int drive_pages(const struct options *o, struct acq_play *play, struct acq_err *err)
{
    struct acq_map map;
    struct acq_play_now now = {0};
    const char *prefix = acq_map_prefix(o->pages);
    int r;
    if (acq_map_busy(prefix))
        return acq_fail(err, ACQ_EXISTS,
                        "another program is writing the pages %s_*: end it, or choose others by --pages", prefix);
    if ((r = acq_map_create(&map, prefix, err)) < 0) return r;
    r = run_pages(o, play, &map, &now, err);
    end_pages(&map, acq_play_pages(play), &now);
    acq_status("%s", "");
    printf("Drove %.1f s, %d laps, %" PRId64 " steps\n", acq_play_seconds(play), acq_play_laps(play),
           (int64_t)(acq_play_seconds(play) / 0.003 + 0.5));
    return r < 0 ? r : ACQ_OK;
}

/* The start of every simulated recording, so that the same seed gives the same bytes: 2026-01-01 12:00:00 UTC. */
#define SIM_UTC_NS INT64_C(1767268800000000000)

/* fill makes the frame of one step, with the static page where a member begins. */
static void fill(struct acq_frame *f, const struct acq_pages *pages, uint64_t seq, int64_t t_ns, bool context)
{
    f->head.seq = seq;
    f->head.monotonic_ns = (uint64_t)t_ns;
    f->head.utc_ns = (uint64_t)(SIM_UTC_NS + t_ns);
    f->has[ACQ_head_seq] = f->has[ACQ_head_monotonic_ns] = f->has[ACQ_head_utc_ns] = true;
    acq_frame_from_page(f, ACQ_PAGE_physics, &pages->physics, sizeof pages->physics);
    acq_frame_from_page(f, ACQ_PAGE_graphics, &pages->graphics, sizeof pages->graphics);
    for (unsigned id = ACQ_stat; id < ACQ_IDS; id++) f->has[id] = false;
    if (!context) return;
    acq_frame_from_page(f, ACQ_PAGE_statics, &pages->stat, sizeof pages->stat);
    f->capture.steps_seen = seq;
    f->capture.steps_missed = 0;
    f->has[ACQ_capture_steps_seen] = f->has[ACQ_capture_steps_missed] = true;
    acq_frame_set_text(f, ACQ_capture_program, "acq sim " ACQ_VERSION_TEXT);
}

/* check_file: what ends a session has no place in a recording, which holds one */
static int check_file(const struct acq_events *events, struct acq_err *err)
{
    for (size_t i = 0; i < events->n; i++) {
        const struct acq_event_row *row = &acq_event_rows[events->event[i].kind];
        if (!row->one_session)
            return acq_fail(err, ACQ_USAGE,
                            "the event %s ends a session, and a recording holds one: play it on pages, without --out",
                            row->name);
    }
    return ACQ_OK;
}

static int drive_file(const struct options *o, struct acq_play *play, struct acq_recorder *recorder,
                      struct acq_err *err)
{
    static struct acq_frame f;
    static uint8_t bytes[ACQ_FRAME_MAX];
    const struct acq_pages *pages = acq_play_pages(play);
    struct acq_play_now now;
    char session[40];
    int r = ACQ_OK;
    uint64_t seq = 0;
    snprintf(session, sizeof session, "019b7960-0a00-7000-8000-%012" PRIx64, (uint64_t)o->seed & 0xffffffffffff);
    acq_frame_set_text(&f, ACQ_head_game, "assetto_corsa");
    acq_frame_set_text(&f, ACQ_head_session_id, session);
    while (r == ACQ_OK && !acq_stopped() && acq_play_step(play, &now, err) == ACQ_OK) {
        if (!now.physics || pages->graphics.status != ACQ_STATUS_LIVE) continue; /* a pause; a replay */
        if (acq_recorder_due(recorder)) r = acq_recorder_flush(recorder, err);
        if (r < 0) break;
        fill(&f, pages, ++seq, STEP_NS * acq_play_steps(play), acq_recorder_empty(recorder));
        r = acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL));
        if (seq % 4096 == 0) show(o, play, 0);
    }
    struct acq_recorder_state state = acq_recorder_get_state(recorder);
    int closed = acq_recorder_close(recorder, r < 0 ? NULL : err);
    acq_status("%s", "");
    if (r == ACQ_OK) r = closed;
    if (r == ACQ_OK)
        printf("Wrote %s with %" PRIu64 " frames, %.1f s, %d laps\n", o->out, state.frames, acq_play_seconds(play),
               acq_play_laps(play));
    return r;
}

static int run(const struct options *o, struct acq_err *err)
{
    struct acq_sim_config config = {
        .track = o->track, .seed = (uint64_t)o->seed, .laps = (int)o->laps, .seconds = o->seconds};
    struct acq_events events = {.n = 0};
    struct acq_recorder *recorder = NULL;
    int r = ACQ_OK;
    for (size_t i = 0; i < o->events.n && r == ACQ_OK; i++) r = acq_events_add(&events, o->events.text[i], err);
    if (r == ACQ_OK && o->out) r = check_file(&events, err);
    if (r < 0) return r;
    if (o->out && !o->laps && o->seconds <= 0)
        return acq_fail(err, ACQ_USAGE, "a recording needs an end: give --laps or --seconds");
    struct acq_play *play = acq_play_new(&config, &events, err);
    if (!play) return err->code;
    r = o->out ? acq_recorder_new(&recorder, o->out, err) : ACQ_OK;
    if (recorder) acq_recorder_offline(recorder);
    if (r == ACQ_OK) r = o->out ? drive_file(o, play, recorder, err) : drive_pages(o, play, err);
    acq_play_free(play);
    return r;
}

int acq_cmd_sim(int argc, char **argv)
{
    struct options o = {.seed = 1};
    struct acq_texts arguments;
    struct acq_err err = {0};
    write_more();
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    acq_on_stop();
    if (r == ACQ_OK) r = run(&o, &err);
    return r < 0 ? acq_cmd_fail(&err) : ACQ_EXIT_OK;
}
