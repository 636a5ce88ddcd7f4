/* cmd_sim.c - `acq sim`: a simulated car, into the pages at the game's pace or into a recording as fast as it can. */
#include "app/cmd.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "frame/frame.h"
#include "page/map.h"
#include "record/recorder.h"
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STEP_NS INT64_C(3000000)

struct options {
    const char *track, *out, *pages;
    int64_t laps, seed;
    double seconds;
    bool quiet;
};

static const struct acq_option table[] = {
    {'t', "track", "TRACK", ACQ_OPT_TEXT, offsetof(struct options, track), 0, 0,
     "short (25 s a lap, the default), long (100 s), or a CSV file: x, y, width right, left [m]"},
    {'l', "laps", "N", ACQ_OPT_INT, offsetof(struct options, laps), 0, 100000, "end after so many laps"},
    {'s', "seconds", "S", ACQ_OPT_NUMBER, offsetof(struct options, seconds), 0, 1e7, "end after so much driving"},
    {0, "seed", "N", ACQ_OPT_INT, offsetof(struct options, seed), 0, 9e15, "same seed, same drive; default 1"},
    {'o', "out", "FILE", ACQ_OPT_TEXT, offsetof(struct options, out), 0, 0,
     "write a recording instead of pages, as fast as it goes"},
    {0, "pages", "PREFIX", ACQ_OPT_TEXT, offsetof(struct options, pages), 0, 0,
     "first part of the pages' names; default: $ACQ_PAGES, or acpmf as the game"},
    {'q', "quiet", NULL, ACQ_OPT_FLAG, offsetof(struct options, quiet), 0, 0, "show no progress"},
};

static const struct acq_command command = {
    .name = "acq sim",
    .usage = "[OPTION...]",
    .summary = "Drive a simulated car round a track and write the shared-memory pages as Assetto Corsa does.",
    .more = "Examples:\n"
            "  acq sim                                 drive until Ctrl+C, for a telemetry_bridge beside it\n"
            "  acq sim --laps 2 --track long           two laps of the long track\n"
            "  acq sim --seconds 3600 -o hour.pb.gz    an hour of driving, in seconds\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
};

static void show(const struct options *o, const struct acq_sim *sim, const struct acq_pages *pages, int64_t late)
{
    if (o->quiet) return;
    acq_status("driving: %.1f s, lap %d, %.0f km/h, gear %d%s", acq_sim_seconds(sim), acq_sim_laps(sim) + 1,
               (double)pages->physics.speed_kmh, pages->physics.gear - 1, late > STEP_NS ? ", behind its clock" : "");
}

/* publish copies what changed into shared memory, as the game would. */
static void publish(struct acq_map *map, const struct acq_pages *pages, bool graphics)
{
    memcpy(map->bytes[ACQ_MAP_PHYSICS], &pages->physics, sizeof pages->physics);
    if (graphics) memcpy(map->bytes[ACQ_MAP_GRAPHICS], &pages->graphics, sizeof pages->graphics);
}

static int drive_pages(const struct options *o, struct acq_sim *sim, struct acq_err *err)
{
    struct acq_map map;
    struct acq_pages pages = {0};
    const char *prefix = acq_map_prefix(o->pages);
    bool graphics;
    int r;
    if (acq_map_busy(prefix))
        return acq_fail(err, ACQ_EXISTS,
                        "another program is writing the pages %s_*: end it, or choose others by --pages", prefix);
    if ((r = acq_map_create(&map, prefix, err)) < 0) return r;
    struct acq_timer *timer = acq_timer_new();
    acq_raise_priority(); /* best effort: an unprivileged run may be late under load, and says so */
    int64_t due = acq_now_ns();
    uint64_t steps = 0;
    while ((r = acq_sim_step(sim, &pages, &graphics)) == ACQ_OK && !acq_stopped()) {
        if (!steps++) memcpy(map.bytes[ACQ_MAP_STATIC], &pages.stat, sizeof pages.stat);
        publish(&map, &pages, graphics);
        due += STEP_NS;
        acq_timer_sleep_until(timer, due);
        int64_t late = acq_now_ns() - due;
        if (late > STEP_NS)
            due += late; /* the system was busy: lose time rather than write steps that nobody can see */
        if (steps % 33 == 0) show(o, sim, &pages, late);
    }
    pages.graphics.status = ACQ_STATUS_OFF;
    publish(&map, &pages, true);
    acq_sleep_ms(100); /* so that a reader sees the end, as it does when the game goes back to its menu */
    acq_timer_free(timer);
    acq_map_close(&map);
    acq_status("%s", "");
    printf("Drove %.1f s, %d laps, %" PRIu64 " steps\n", acq_sim_seconds(sim), acq_sim_laps(sim), steps);
    return r < 0 ? r : ACQ_OK;
}

/* fill makes the frame of one step, with the static page where a member begins. */
static void fill(struct acq_frame *f, const struct acq_pages *pages, uint64_t seq, int64_t utc_start, bool context)
{
    f->head.seq = seq;
    f->head.monotonic_ns = (uint64_t)STEP_NS * seq;
    f->head.utc_ns = (uint64_t)(utc_start + STEP_NS * (int64_t)seq);
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

/* The start of every simulated recording, so that the same seed gives the same bytes: 2026-01-01 12:00:00 UTC. */
#define SIM_UTC_NS INT64_C(1767268800000000000)

static int drive_file(const struct options *o, struct acq_sim *sim, struct acq_recorder *recorder, struct acq_err *err)
{
    static struct acq_frame f;
    static uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_pages pages = {0};
    bool graphics;
    char session[40];
    int r = ACQ_OK;
    uint64_t seq = 0;
    snprintf(session, sizeof session, "019b7960-0a00-7000-8000-%012" PRIx64, (uint64_t)o->seed & 0xffffffffffff);
    acq_frame_set_text(&f, ACQ_head_game, "assetto_corsa");
    acq_frame_set_text(&f, ACQ_head_session_id, session);
    while (r == ACQ_OK && !acq_stopped() && acq_sim_step(sim, &pages, &graphics) == ACQ_OK) {
        if (acq_recorder_due(recorder)) r = acq_recorder_flush(recorder, err);
        if (r < 0) break;
        fill(&f, &pages, ++seq, SIM_UTC_NS, acq_recorder_empty(recorder));
        r = acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL));
        if (seq % 4096 == 0) show(o, sim, &pages, 0);
    }
    struct acq_recorder_state state = acq_recorder_get_state(recorder);
    int closed = acq_recorder_close(recorder, r < 0 ? NULL : err);
    acq_status("%s", "");
    if (r == ACQ_OK) r = closed;
    if (r == ACQ_OK)
        printf("Wrote %s with %" PRIu64 " frames, %.1f s, %d laps\n", o->out, state.frames, acq_sim_seconds(sim),
               acq_sim_laps(sim));
    return r;
}

static int run(const struct options *o, struct acq_err *err)
{
    struct acq_sim_config config = {
        .track = o->track, .seed = (uint64_t)o->seed, .laps = (int)o->laps, .seconds = o->seconds};
    struct acq_recorder *recorder = NULL;
    if (o->out && !o->laps && o->seconds <= 0)
        return acq_fail(err, ACQ_USAGE, "a recording needs an end: give --laps or --seconds");
    struct acq_sim *sim = acq_sim_new(&config, err);
    if (!sim) return err->code;
    int r = o->out ? acq_recorder_new(&recorder, o->out, err) : ACQ_OK;
    if (recorder) acq_recorder_offline(recorder);
    if (r == ACQ_OK) r = o->out ? drive_file(o, sim, recorder, err) : drive_pages(o, sim, err);
    acq_sim_free(sim);
    return r;
}

int acq_cmd_sim(int argc, char **argv)
{
    struct options o = {.seed = 1};
    struct acq_texts arguments;
    struct acq_err err = {0};
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    acq_on_stop();
    if (r == ACQ_OK) r = run(&o, &err);
    return r < 0 ? acq_cmd_fail(&err) : ACQ_EXIT_OK;
}
