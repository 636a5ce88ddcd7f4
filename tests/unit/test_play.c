/* What a simulated game does beside driving: each event has the habits of the game. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/play.h"

static struct acq_play *start(double seconds, const char *event, const char *another)
{
    struct acq_sim_config config = {.seed = 1, .seconds = seconds};
    struct acq_events events = {.n = 0};
    struct acq_err err = {0, ""};
    if (event && acq_events_add(&events, event, &err) < 0) fail_msg("%s", err.text);
    if (another && acq_events_add(&events, another, &err) < 0) fail_msg("%s", err.text);
    struct acq_play *play = acq_play_new(&config, &events, &err);
    if (!play) fail_msg("%s", err.text);
    return play;
}

/* What came to pass in a play. */
struct seen {
    int64_t steps, still, longest_still; /* still: steps in which the physics did not move, in a row */
    int clock_drops, laps_back, gone, crashed, blank, replay, off, pause, in_pit, in_lane, wheels_out, sessions;
    int cars, tracks, restarts; /* packetId went back */
    int64_t dropped_at;
    int32_t dropped_laps;
    float distance;
    bool distance_back, id_jumped;
    struct acq_pages last;
};

/* look_at_clock counts where it fell back and no lap was done: of a rollover the fields follow one after the other. */
static void look_at_clock(struct seen *s, const struct acq_pages *p)
{
    bool live = p->graphics.status == ACQ_STATUS_LIVE && s->last.graphics.status == ACQ_STATUS_LIVE;
    if (live && p->graphics.i_current_time < s->last.graphics.i_current_time - 50) {
        s->dropped_at = s->steps;
        s->dropped_laps = s->last.graphics.completed_laps;
    }
    if (s->dropped_at && s->steps == s->dropped_at + 60)
        s->clock_drops += p->graphics.completed_laps <= s->dropped_laps;
}

static void look(struct seen *s, const struct acq_pages *p, const struct acq_play_now *now)
{
    const struct acq_pages *a = &s->last;
    int32_t id = p->physics.packet_id, step = id - a->physics.packet_id;
    s->still = now->physics ? 0 : s->still + 1;
    if (s->still > s->longest_still) s->longest_still = s->still;
    look_at_clock(s, p);
    s->laps_back += p->graphics.completed_laps < a->graphics.completed_laps;
    s->gone += now->state == ACQ_PLAY_GONE;
    s->crashed += now->state == ACQ_PLAY_CRASHED;
    s->blank += !p->stat.track[0];
    s->replay += p->graphics.status == ACQ_STATUS_REPLAY;
    s->off += p->graphics.status == ACQ_STATUS_OFF;
    s->pause += p->graphics.status == ACQ_STATUS_PAUSE;
    s->in_pit += p->graphics.is_in_pit;
    s->in_lane += p->graphics.is_in_pit_lane;
    s->wheels_out += p->physics.number_of_tyres_out == 4;
    s->sessions += p->graphics.session != a->graphics.session;
    s->cars += memcmp(p->stat.car_model, a->stat.car_model, sizeof a->stat.car_model) != 0;
    s->tracks += memcmp(p->stat.track, a->stat.track, sizeof a->stat.track) != 0;
    s->restarts += step < 0;
    s->id_jumped = s->id_jumped || step > 1;
    if (p->graphics.status == ACQ_STATUS_LIVE && !s->restarts && p->graphics.distance_traveled < s->distance)
        s->distance_back = true;
    if (p->graphics.status == ACQ_STATUS_LIVE) s->distance = p->graphics.distance_traveled;
    s->last = *p;
    s->steps++;
}

static struct seen play(double seconds, const char *event, const char *another)
{
    struct acq_play *play = start(seconds, event, another);
    struct acq_play_now now;
    struct acq_err err = {0, ""};
    struct seen s = {0};
    int r;
    while ((r = acq_play_step(play, &now, &err)) == ACQ_OK) look(&s, acq_play_pages(play), &now);
    assert_int_equal(r, ACQ_END);
    s.gone += now.state == ACQ_PLAY_GONE;
    s.crashed += now.state == ACQ_PLAY_CRASHED;
    acq_play_free(play);
    return s;
}

static void without_events(void **state)
{
    (void)state;
    struct seen s = play(30, NULL, NULL);
    assert_int_equal(s.steps, 10000);
    assert_int_equal(s.longest_still + s.clock_drops + s.off + s.pause + s.in_lane + s.wheels_out + s.blank, 0);
    assert_false(s.id_jumped);
}

static void pauses(void **state)
{
    (void)state;
    struct seen s = play(20, "pause@10s:2", NULL), silent = play(20, "silent-pause@10:2s", NULL);
    assert_int_equal(s.longest_still, 667);
    assert_int_equal(s.pause, 667);
    assert_int_equal(silent.longest_still, 667);
    assert_int_equal(silent.pause, 0);
    assert_false(s.id_jumped || silent.id_jumped);
    assert_memory_equal(&s.last, &silent.last, sizeof s.last); /* and the drive is the same */
}

static void restart(void **state)
{
    (void)state;
    struct seen s = play(45, "restart@40", NULL);
    assert_int_equal(s.clock_drops, 1);
    assert_int_equal(s.laps_back, 1);
    assert_int_equal(s.last.graphics.completed_laps + s.last.graphics.i_last_time, 0);
    assert_true(s.last.physics.packet_id == 15000 && !s.id_jumped && !s.distance_back && !s.restarts);
}

static void pits(void **state)
{
    (void)state;
    struct seen s = play(60, "pits@45:3", NULL);
    assert_int_equal(s.clock_drops, 1);
    assert_int_equal(s.laps_back, 0);
    assert_in_range(s.in_pit, 900, 1100);
    assert_true(s.in_lane > s.in_pit + 500 && !s.wheels_out && !s.distance_back && !s.id_jumped);
    s = play(75, "pitstop@35:3", NULL);
    assert_int_equal(s.clock_drops, 0);
    assert_in_range(s.in_pit, 900, 1300);
    assert_true(s.in_lane > s.in_pit + 500 && !s.wheels_out && !s.distance_back);
    assert_int_equal(s.last.graphics.completed_laps, 2);
    assert_false(s.last.graphics.is_in_pit_lane);
}

static void cut(void **state)
{
    (void)state;
    struct seen s = play(60, "cut@32:0.5", NULL);
    assert_in_range(s.wheels_out, 100, 1500);
    assert_int_equal(s.last.graphics.completed_laps, 2);
    assert_true(s.last.graphics.i_last_time > 0 && s.last.graphics.i_best_time > s.last.graphics.i_last_time);
}

static void replay(void **state)
{
    (void)state;
    struct seen s = play(20, "replay@10:3", NULL), plain = play(20, NULL, NULL);
    assert_int_equal(s.replay, 1000);
    assert_int_equal(s.steps, plain.steps + 1000);
    assert_false(s.id_jumped);
    s.last.physics.packet_id -= 1000;
    assert_memory_equal(&s.last.physics, &plain.last.physics, sizeof s.last.physics); /* the drive went on from there */
}

static void other_sessions(void **state)
{
    (void)state;
    struct seen s = play(20, "session@10", "menu@5:1");
    assert_int_equal(s.sessions, 1);
    assert_int_equal(s.off, 333);
    s = play(20, "car@10", "track@12");
    assert_int_equal(s.cars, 2); /* the first one came with the first step */
    assert_int_equal(s.tracks, 2);
    assert_false(s.id_jumped || s.restarts);
}

static void comings_and_goings(void **state)
{
    (void)state;
    struct seen s = play(20, "quit@10", NULL);
    assert_true(s.gone && s.steps == 3333 + 1);
    s = play(20, "crash@10", NULL);
    assert_true(s.crashed && !s.gone);
    s = play(20, "quit@10:2", NULL);
    assert_int_equal(s.gone, 667);
    assert_int_equal(s.restarts, 1);
    assert_in_range(s.blank, 300, 700);
    s = play(20, "relaunch@10:1", NULL);
    assert_int_equal(s.restarts, 1);
    assert_in_range(s.last.physics.packet_id, 3300, 3400);
    s = play(20, "empty-static@0:1", NULL);
    assert_in_range(s.blank, 333, 340);
    assert_int_equal(s.restarts, 0);
}

static void refused(const char *text, const char *words)
{
    struct acq_events events = {.n = 0};
    struct acq_err err;
    assert_int_equal(acq_events_add(&events, text, &err), ACQ_USAGE);
    if (!strstr(err.text, words)) fail_msg("%s: %s", text, err.text);
    assert_int_equal(events.n, 0);
}

static void words(void **state)
{
    (void)state;
    struct acq_events events = {.n = 0};
    struct acq_err err;
    static const char *const good[] = {"pause@40",      "pause@40s",   "pause@1:10",
                                       "pause@1:10:5s", "pause@2m:1m", "off@0.5:2"};
    static const double at[] = {40, 40, 70, 70, 120, 0.5}, length[] = {5, 5, 5, 5, 60, 2};
    for (int i = 0; i < 6; i++) {
        events.n = 0;
        if (acq_events_add(&events, good[i], &err) < 0) fail_msg("%s", err.text);
        if (events.event[0].at_s != at[i] || events.event[0].for_s != length[i]) fail_msg("%s", good[i]);
    }
    events.n = 0;
    acq_events_add(&events, "quit@9", &err);
    acq_events_add(&events, "car@3", &err);
    acq_events_add(&events, "track@9", &err);
    assert_true(events.event[0].kind == ACQ_EVENT_CAR && events.event[2].kind == ACQ_EVENT_TRACK);
    refused("resart@4", "did you mean restart?");
    refused("pitsop@4", "did you mean pitstop?");
    refused("zzzzzzzzzz@4", "--help");
    refused("", "--help");
    refused("pause", "pause@40s");
    refused("pause@", "pause@40s");
    refused("pause@-1", "pause@40s");
    refused("pause@nan", "pause@40s");
    refused("pause@1e300", "pause@40s");
    refused("pause@4s5", "pause@40s");
    refused("pause@4:", "pause@40s");
    for (int i = 0; i < ACQ_EVENTS_MAX; i++) acq_events_add(&events, "pause@4", &err);
    assert_int_equal(events.n, ACQ_EVENTS_MAX);
    assert_int_equal(acq_events_add(&events, "pause@4", &err), ACQ_USAGE);
}

/* Same events, same bytes. */
static void same_again(void **state)
{
    (void)state;
    struct seen a = play(40, "pitstop@20:2", "relaunch@35"), b = play(40, "pitstop@20:2", "relaunch@35");
    assert_memory_equal(&a.last, &b.last, sizeof a.last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_events),
        cmocka_unit_test(pauses),
        cmocka_unit_test(restart),
        cmocka_unit_test(pits),
        cmocka_unit_test(cut),
        cmocka_unit_test(replay),
        cmocka_unit_test(other_sessions),
        cmocka_unit_test(comings_and_goings),
        cmocka_unit_test(words),
        cmocka_unit_test(same_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
