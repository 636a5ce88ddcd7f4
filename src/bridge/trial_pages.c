#include "base/os.h"
#include "base/timer.h"
#include "bridge/trial.h"
#include "frame/frame.h"
#include "page/map.h"
#include "page/read.h"

#include <stdio.h>

#define LOOK_NS INT64_C(500000000)
#define PAUSE_NS INT64_C(1000000)
enum { FULL_HZ = 333, SLOW_HZ = 300 };

/* What came by. */
struct seen {
    int64_t steps; /* that the game made */
    int64_t found; /* of those how many were there when we looked */
    double seconds;
};

/* watch looks at the physics page every millisecond. */
static bool watch(const struct acq_map *map, struct seen *seen)
{
    struct acq_timer *timer = acq_timer_new();
    int64_t begin = acq_now_ns(), now = begin;
    int32_t last = acq_page_id(map->bytes[ACQ_MAP_PHYSICS]);
    *seen = (struct seen){0};
    if (!timer) return false;
    for (int64_t due = begin; now - begin < LOOK_NS; now = acq_now_ns()) {
        acq_timer_sleep_until(timer, due += PAUSE_NS);
        int32_t id = acq_page_id(map->bytes[ACQ_MAP_PHYSICS]);
        if (id > last) seen->steps += (int64_t)id - last;
        seen->found += id > last;
        last = id;
    }
    acq_timer_free(timer);
    seen->seconds = (double)(now - begin) / 1e9;
    return !acq_map_broken(map);
}

static void text_of(char *dst, const acq_char16 *text, size_t units)
{
    acq_text_from_utf16(dst, (const uint8_t *)text, units);
}

/* name_game writes which game, car and track it is. */
static void name_game(char *dst, size_t size, const struct acq_page_static *s)
{
    char version[46], memory[46], car[100], track[100], layout[100];
    text_of(version, s->ac_version, 15);
    text_of(memory, s->sm_version, 15);
    text_of(car, s->car_model, 33);
    text_of(track, s->track, 33);
    text_of(layout, s->track_configuration, 33);
    snprintf(dst, size, "Assetto Corsa %.15s (pages %.15s), %.60s @ %.60s%s%.60s", version, memory, car, track,
             *layout ? "-" : "", layout);
}

static void say_seen(struct acq_trial *trial, const char *game, const struct seen *s)
{
    double hz = (double)s->steps / s->seconds;
    if (!s->steps)
        acq_trial_say(trial, ACQ_TRIAL_OK, "%s; nothing moves now: a menu or a pause", game);
    else if (s->steps - s->found > s->steps / 50)
        acq_trial_say(trial, ACQ_TRIAL_WARNING,
                      "%s; %.0f Hz, but %lld of %lld steps were missed: this computer is very busy", game, hz,
                      (long long)(s->steps - s->found), (long long)s->steps);
    else if (hz < SLOW_HZ)
        acq_trial_say(trial, ACQ_TRIAL_WARNING, "%s; %.0f Hz instead of %d: the game cannot keep up", game, hz,
                      FULL_HZ);
    else
        acq_trial_say(trial, ACQ_TRIAL_OK, "%s; %.0f Hz, %lld of %lld steps seen", game, hz, (long long)s->found,
                      (long long)s->steps);
}

static void look(struct acq_trial *trial, const struct acq_map *map)
{
    char game[300];
    struct acq_err err;
    struct acq_page_static stat;
    struct seen seen;
    size_t size;
    int r = acq_static_read(&stat, &size, map->bytes[ACQ_MAP_STATIC], map->size[ACQ_MAP_STATIC], &err);
    if (r < 0)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "%s", err.text);
    else if (r == ACQ_AGAIN)
        acq_trial_say(trial, ACQ_TRIAL_OK, "the game is there, and has not chosen car and track yet");
    else if (!watch(map, &seen))
        acq_trial_say(trial, ACQ_TRIAL_WARNING, "the pages were taken away meanwhile: try again");
    else {
        name_game(game, sizeof game, &stat);
        say_seen(trial, game, &seen);
    }
}

void acq_trial_pages(struct acq_trial *trial, const char *prefix)
{
    struct acq_map map;
    struct acq_err err;
    int r = acq_map_open(&map, prefix, &err);
    if (r == ACQ_MISSING)
        acq_trial_say(trial, ACQ_TRIAL_OK,
                      "no game runs; check again with Assetto Corsa on the track to try the pages");
    else if (r < 0)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "%s", err.text);
    if (r < 0) return;
    look(trial, &map);
    acq_map_close(&map);
}
