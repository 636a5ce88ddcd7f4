/* The simulator: its pages must agree with themselves as the game's do, and have the game's habits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page/text.h"
#include "sim/sim.h"

#define STEP 0.003
#define GRAVITY 9.81
#define FILE_NAME "test_sim_track.csv"

static struct acq_sim *start(const char *track, uint64_t seed, int laps, double seconds)
{
    struct acq_sim_config config = {.track = track, .seed = seed, .laps = laps, .seconds = seconds};
    struct acq_err err = {0, ""};
    struct acq_sim *sim = acq_sim_new(&config, &err);

    if (sim == NULL) fail_msg("%s", err.text);
    return sim;
}

/* digest drives and returns a number that stands for all bytes of all pages. */
static uint64_t digest(uint64_t seed, double seconds)
{
    struct acq_sim *sim = start("short", seed, 0, seconds);
    struct acq_pages pages;
    uint64_t sum = 0xcbf29ce484222325u;
    bool drawn;

    memset(&pages, 0xaa, sizeof pages); /* what was there before must not matter */
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const unsigned char *p = (const unsigned char *)&pages;

        for (size_t i = 0; i < sizeof pages; i++) sum = (sum ^ p[i]) * 0x100000001b3u;
    }
    acq_sim_free(sim);
    return sum;
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    assert_true(digest(1, 40) == digest(1, 40));
    assert_true(digest(1, 40) != digest(2, 40));
}

/* A straight line through the origin, fitted. */
struct fit {
    double xx, xy, yy, worst;
};

static void fit_add(struct fit *f, double x, double y)
{
    f->xx += x * x;
    f->xy += x * y;
    f->yy += y * y;
    if (fabs(y - x) > f->worst) f->worst = fabs(y - x);
}

static void fit_check(const struct fit *f, const char *what, double slope_error, double r_least)
{
    const double slope = f->xy / f->xx, r = f->xy / sqrt(f->xx * f->yy);

    if (!(fabs(slope - 1) <= slope_error) || !(r >= r_least)) fail_msg("%s: slope %.4f, r %.5f", what, slope, r);
}

static double turned(double to, double from)
{
    double d = to - from;

    if (d > 3.14159265) d -= 2 * 3.14159265358979;
    if (d < -3.14159265) d += 2 * 3.14159265358979;
    return d;
}

struct relations {
    struct fit speed, heading, yaw, lateral, along, pitch, roll, body;
    double steer_left, steer_right; /* mean of local_angular_vel[1] with the wheel to each side */
};

static void relate(struct relations *r, const struct acq_page_physics *p, const struct acq_page_physics *was)
{
    const double v = sqrt((double)p->velocity[0] * p->velocity[0] + (double)p->velocity[1] * p->velocity[1] +
                          (double)p->velocity[2] * p->velocity[2]);
    const double l =
        sqrt((double)p->local_velocity[0] * p->local_velocity[0] + (double)p->local_velocity[1] * p->local_velocity[1] +
             (double)p->local_velocity[2] * p->local_velocity[2]);

    fit_add(&r->speed, v * 3.6, p->speed_kmh);
    fit_add(&r->body, v, l);
    fit_add(&r->heading, 1, 1 + turned(p->heading, atan2(-(double)p->velocity[0], p->velocity[2])));
    fit_add(&r->yaw, -turned(p->heading, was->heading) / STEP, p->local_angular_vel[1]);
    fit_add(&r->pitch, -(p->pitch - was->pitch) / STEP, p->local_angular_vel[0]);
    fit_add(&r->roll, -(p->roll - was->roll) / STEP, p->local_angular_vel[2]);
    fit_add(&r->lateral, p->local_angular_vel[1] * v / GRAVITY, p->acc_g[0]);
    fit_add(&r->along, (p->local_velocity[2] - was->local_velocity[2]) / STEP / GRAVITY, p->acc_g[2]);
    if (p->steer_angle > 0.05f) r->steer_right += p->local_angular_vel[1];
    if (p->steer_angle < -0.05f) r->steer_left += p->local_angular_vel[1];
}

static void channels_agree(void **state)
{
    struct acq_sim *sim = start("long", 4, 0, 240);
    struct acq_pages pages, was;
    struct relations r;
    bool drawn;
    long steps = 0;

    (void)state;
    memset(&r, 0, sizeof r);
    memset(&was, 0, sizeof was);
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        if (steps++ > 0) assert_int_equal(pages.physics.packet_id, was.physics.packet_id + 1);
        if (pages.physics.speed_kmh > 20) relate(&r, &pages.physics, &was.physics);
        was = pages;
    }
    assert_true(r.speed.worst < 1e-3);
    assert_true(r.body.worst < 1e-3);
    assert_true(r.heading.worst < 0.12);
    fit_check(&r.yaw, "yaw rate from heading", 0.001, 0.9999);
    fit_check(&r.pitch, "pitch rate", 0.002, 0.999);
    fit_check(&r.roll, "roll rate", 0.002, 0.999);
    fit_check(&r.lateral, "lateral acceleration from yaw rate and speed", 0.02, 0.99);
    fit_check(&r.along, "acceleration from speed", 0.02, 0.995);
    assert_true(r.steer_left > 0 && r.steer_right < 0);
    acq_sim_free(sim);
}

/* Positions on the graphics page must follow from the velocities on the physics page, wheels and loads from the car. */
static void car_moves_as_it_says(void **state)
{
    struct acq_sim *sim = start("long", 5, 0, 200);
    struct acq_pages pages;
    double at[3] = {0, 0, 0}, way = 0, wheel = 0, road = 0, load = 0, weight = 0;
    bool drawn, known = false;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const struct acq_page_physics *p = &pages.physics;
        const double v = p->speed_kmh / 3.6;

        for (int i = 0; i < 3 && known; i++) at[i] += p->velocity[i] * STEP;
        way += v * STEP;
        for (int i = 0; i < 4; i++) {
            wheel += p->wheel_angular_speed[i] * pages.stat.tyre_radius[i] / 4 * STEP;
            load += p->wheel_load[i];
        }
        road += p->local_velocity[2] * STEP;
        weight += (1260 + 0.75 * p->fuel) * GRAVITY + 1.55 * v * v;
        if (!drawn) continue;
        for (int i = 0; i < 3; i++) {
            if (known) assert_true(fabs(at[i] - pages.graphics.car_coordinates[i]) < 0.2);
            if (!known) at[i] = pages.graphics.car_coordinates[i];
        }
        known = true;
        assert_true(fabs(way - pages.graphics.distance_traveled) < 0.5);
    }
    assert_true(way > 5000);
    assert_true(fabs(wheel / road - 1) < 0.02);
    assert_true(fabs(load / weight - 1) < 0.01);
    acq_sim_free(sim);
}

static void text_equals(const acq_char16 *text, const char *ascii)
{
    size_t i = 0;

    for (; ascii[i] != '\0'; i++) assert_int_equal(text[i], ascii[i]);
    assert_int_equal(text[i], 0);
}

static void laps_are_timed(void **state)
{
    struct acq_sim *sim = start(NULL, 11, 4, 0);
    struct acq_pages pages;
    int32_t best = INT32_MAX, sum = 0, different = 0;
    char text[32];
    bool drawn;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) assert_true(acq_sim_seconds(sim) < 200);
    assert_int_equal(acq_sim_laps(sim), 4);
    for (int i = 0; i < 4; i++) {
        const int32_t ms = acq_sim_lap_ms(sim, i);

        assert_in_range(ms, i == 0 ? 24000 : 22000, i == 0 ? 34000 : 28000);
        assert_int_equal(ms % 3, 0);
        if (ms < best) best = ms;
        if (i > 1) different += ms != acq_sim_lap_ms(sim, i - 1);
        sum += ms;
    }
    assert_true(different > 0);
    assert_int_equal(acq_sim_lap_ms(sim, 4), 0);
    assert_int_equal(acq_sim_lap_ms(sim, -1), 0);
    assert_int_equal(pages.graphics.completed_laps, 4);
    assert_int_equal(pages.graphics.i_last_time, acq_sim_lap_ms(sim, 3));
    assert_int_equal(pages.graphics.i_best_time, best);
    snprintf(text, sizeof text, "0:%02d:%03d", (int)best / 1000, (int)best % 1000);
    text_equals(pages.graphics.best_time, text);
    /* one second of loading before the first clock, one second after the last lap */
    assert_true(fabs(acq_sim_seconds(sim) - sum / 1000.0 - 2) < 0.01);
    assert_in_range(pages.graphics.i_current_time, 950, 1002);
    assert_int_equal(acq_sim_step(sim, &pages, &drawn), ACQ_END);
    acq_sim_free(sim);
}

static void long_track_takes_about_100_s(void **state)
{
    struct acq_sim *sim = start("long", 3, 2, 0);
    struct acq_pages pages;
    bool drawn;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) assert_true(acq_sim_seconds(sim) < 400);
    assert_in_range(acq_sim_lap_ms(sim, 1), 90000, 112000);
    assert_true(pages.stat.track_spline_length > 4000 && pages.stat.track_spline_length < 5500);
    acq_sim_free(sim);
}

static void start_is_from_rest_before_the_line(void **state)
{
    struct acq_sim *sim = start("short", 6, 1, 0);
    struct acq_pages pages;
    float position = -1;
    bool drawn, crossed = false;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const struct acq_page_graphics *g = &pages.graphics;
        const double t = acq_sim_seconds(sim);

        if (t < 2.5) {
            assert_true(pages.physics.speed_kmh < 0.1f);
            assert_true(g->normalized_car_position > 0.98f && g->normalized_car_position < 1);
        }
        if (t < 1) assert_int_equal(g->i_current_time, 0);
        if (t > 1.1 && acq_sim_laps(sim) == 0) assert_true(fabs(g->i_current_time / 1000.0 - (t - 1)) < 0.02);
        if (!crossed && g->normalized_car_position < position) {
            crossed = true;
            assert_true(g->i_current_time > 2000); /* the clock runs on: no lap is done */
            assert_int_equal(g->completed_laps, 0);
            assert_int_equal(g->current_sector_index, 0);
            text_equals(g->last_time, "-:--:---");
        }
        position = g->normalized_car_position;
    }
    assert_true(crossed);
    acq_sim_free(sim);
}

/* what the pictures around one lap's end showed */
struct rollover {
    int laps, since_wrap, held_clock, late_one, late_two;
    float position;
    int32_t completed, clock;
};

static void watch(struct rollover *r, const struct acq_page_graphics *g, int32_t ended)
{
    if (g->normalized_car_position < r->position - 0.5f && g->i_last_time + r->completed + ended > 0) {
        r->since_wrap = 0;
        r->laps++;
        assert_int_equal(g->completed_laps, r->completed); /* never in the same picture */
        if (g->i_current_time == ended)
            r->held_clock++;
        else
            assert_true(g->i_current_time < 100);
    } else {
        r->since_wrap++;
    }
    if (g->completed_laps != r->completed) {
        assert_int_equal(g->completed_laps, r->completed + 1);
        assert_in_range(r->since_wrap, 1, 2);
        assert_int_equal(g->i_last_time, ended);
        assert_true(g->i_current_time < 100);
        *(r->since_wrap == 1 ? &r->late_one : &r->late_two) += 1;
    } else if (r->since_wrap > 2 && r->laps > 0) {
        assert_int_equal(r->completed, r->laps);
    }
    r->position = g->normalized_car_position;
    r->completed = g->completed_laps;
}

static void rollover_is_not_atomic(void **state)
{
    struct acq_sim *sim = start("short", 21, 30, 0);
    struct acq_pages pages;
    struct rollover r;
    bool drawn;

    (void)state;
    memset(&r, 0, sizeof r);
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const int laps = acq_sim_laps(sim);

        if (drawn) watch(&r, &pages.graphics, laps > 0 ? acq_sim_lap_ms(sim, laps - 1) : 0);
    }
    assert_int_equal(r.laps, 30);
    assert_true(r.held_clock > 2 && r.held_clock < 20);
    assert_true(r.late_one > 2 && r.late_two > 2);
    acq_sim_free(sim);
}

static void sectors_add_up_to_laps(void **state)
{
    struct acq_sim *sim = start("short", 8, 5, 0);
    struct acq_pages pages;
    int32_t sector = 0, sum = 0, times = 0, laps = 0, last = 0;
    bool drawn;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const struct acq_page_graphics *g = &pages.graphics;

        if (!drawn) continue;
        if (g->current_sector_index != sector) assert_int_equal(g->current_sector_index, (sector + 1) % 3);
        sector = g->current_sector_index;
        if (g->last_sector_time != last) {
            sum += g->last_sector_time;
            times++;
        }
        last = g->last_sector_time;
        if (g->completed_laps != laps) {
            assert_int_equal(times, 3);
            assert_int_equal(sum, g->i_last_time);
            sum = times = 0;
        }
        laps = g->completed_laps;
    }
    assert_int_equal(laps, 5);
    acq_sim_free(sim);
}

static void performance_meter_ends_at_the_difference(void **state)
{
    struct acq_sim *sim = start("short", 9, 4, 0);
    struct acq_pages pages;
    float before = 0;
    int32_t best = 0;
    int laps = 0;
    bool drawn;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        if (acq_sim_laps(sim) != laps) {
            const int32_t ms = acq_sim_lap_ms(sim, laps++);

            if (laps > 1) assert_true(fabs(before - (ms - best) / 1000.0) < 0.02);
            if (best == 0 || ms < best) best = ms;
        }
        before = pages.physics.performance_meter;
        if (laps == 0) assert_true(before == 0);
    }
    assert_int_equal(laps, 4);
    acq_sim_free(sim);
}

static void every_shift_shows_neutral(void **state)
{
    struct acq_sim *sim = start("long", 2, 0, 230);
    struct acq_pages pages;
    int gear = 1, neutral = 0, ups = 0, downs = 0, from = 0;
    float clutch = 1;
    bool drawn;

    (void)state;
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        const struct acq_page_physics *p = &pages.physics;

        if (p->gear == 1) {
            if (gear != 1) from = gear, neutral = 0, clutch = 1;
            neutral++;
            clutch = fminf(clutch, p->clutch);
        } else if (gear == 1 && from != 0) {
            assert_in_range(neutral * 3, 50, 100);
            assert_int_equal(abs(p->gear - from), 1);
            assert_true(p->speed_kmh > 40 && clutch < 0.2f);
            *(p->gear > from ? &ups : &downs) += 1;
        } else if (gear != 1) {
            assert_int_equal(p->gear, gear);
        }
        gear = p->gear;
    }
    assert_true(ups > 20 && downs > 20);
    acq_sim_free(sim);
}

static void pictures_have_their_own_rate(void **state)
{
    struct acq_sim_config config = {.track = "short", .seconds = 60, .graphics_hz = 40};
    struct acq_sim *sim = acq_sim_new(&config, NULL);
    struct acq_pages pages;
    struct acq_page_graphics was;
    long pictures = 0;
    bool drawn;

    (void)state;
    assert_non_null(sim);
    memset(&was, 0, sizeof was);
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        if (drawn) {
            assert_int_equal(pages.graphics.packet_id, was.packet_id + 2);
            assert_true(pages.graphics.session_time_left < was.session_time_left);
            pictures++;
        } else {
            assert_memory_equal(&pages.graphics, &was, sizeof was);
        }
        was = pages.graphics;
    }
    assert_in_range(pictures, 2350, 2450);
    acq_sim_free(sim);
}

/* The stretches of the physics page that hold floats. */
struct span {
    size_t from, to;
};

#define AT(field) offsetof(struct acq_page_physics, field)
static const struct span floats[] = {
    {AT(gas), AT(gear)},
    {AT(steer_angle), AT(number_of_tyres_out)},
    {AT(abs), AT(auto_shifter_on)},
    {AT(ride_height), AT(engine_brake)},
    {AT(kers_current_kj), AT(drs_available)},
    {AT(brake_temp), AT(is_ai_controlled)},
    {AT(tyre_contact_point), sizeof(struct acq_page_physics)},
};
/* those that a car without these things holds still */
static const struct span still[] = {
    {AT(drs), AT(heading)},         {AT(car_damage), AT(number_of_tyres_out)}, {AT(abs), AT(auto_shifter_on)},
    {AT(ballast), AT(air_density)}, {AT(kers_current_kj), AT(drs_available)},  {AT(brake_bias), AT(local_velocity)},
};

#define WORDS (sizeof(struct acq_page_physics) / 4)

static bool inside(const struct span *spans, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (at >= spans[i].from && at < spans[i].to) return true;
    }
    return false;
}

static bool is_float[WORDS], is_still[WORDS];
static float least[WORDS], most[WORDS];

static void look(const struct acq_page_physics *page)
{
    float word[WORDS];

    memcpy(word, page, sizeof word);
    for (size_t i = 0; i < WORDS; i++) {
        if (!is_float[i]) continue;
        int class = fpclassify(word[i]);
        if (class != FP_NORMAL && class != FP_ZERO) fail_msg("offset %zu holds %g", i * 4, (double)word[i]);
        if (word[i] < least[i]) least[i] = word[i];
        if (word[i] > most[i]) most[i] = word[i];
    }
}

static void sane(const struct acq_page_physics *p)
{
    assert_true(p->gas >= 0 && p->gas <= 1 && p->brake >= 0 && p->brake <= 1 && p->clutch >= 0 && p->clutch <= 1);
    assert_true(fabsf(p->steer_angle) <= 1);
    assert_true(p->speed_kmh < 330 && p->rpms >= 500 && p->rpms < 8700);
    assert_true(fabsf(p->acc_g[0]) < 3 && fabsf(p->acc_g[1]) < 2 && fabsf(p->acc_g[2]) < 3);
    assert_int_equal(p->number_of_tyres_out, 0);
    for (int i = 0; i < 4; i++) {
        const float *n = p->tyre_contact_normal[i], *h = p->tyre_contact_heading[i];

        assert_true(p->tyre_core_temperature[i] > 40 && p->tyre_core_temperature[i] < 130);
        assert_true(p->wheels_pressure[i] > 18 && p->wheels_pressure[i] < 30);
        assert_true(p->tyre_wear[i] > 90 && p->tyre_wear[i] <= 100);
        assert_true(p->brake_temp[i] > 15 && p->brake_temp[i] < 900);
        assert_true(p->wheel_load[i] >= 0 && p->wheel_load[i] < 12000);
        assert_true(fabsf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2] - 1) < 0.01f);
        assert_true(fabsf(h[0] * h[0] + h[1] * h[1] + h[2] * h[2] - 1) < 0.01f);
    }
}

static void ten_minutes(const char *track)
{
    struct acq_sim *sim = start(track, 77, 0, 600);
    struct acq_pages pages;
    bool drawn;

    for (size_t i = 0; i < WORDS; i++) {
        is_float[i] = inside(floats, sizeof floats / sizeof *floats, 4 * i);
        is_still[i] = inside(still, sizeof still / sizeof *still, 4 * i);
        least[i] = INFINITY;
        most[i] = -INFINITY;
    }
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        look(&pages.physics);
        sane(&pages.physics);
        assert_true(acq_sim_edge(sim) > 0.9);
        assert_true(pages.graphics.normalized_car_position >= 0 && pages.graphics.normalized_car_position < 1);
    }
    for (size_t i = 0; i < WORDS; i++) {
        if (is_float[i] && (least[i] == most[i]) != is_still[i]) {
            fail_msg("offset %zu goes from %g to %g", i * 4, (double)least[i], (double)most[i]);
        }
    }
    assert_true(acq_sim_laps(sim) > 4);
    acq_sim_free(sim);
}

static void ten_minutes_on_the_short_track(void **state)
{
    (void)state;
    ten_minutes("short");
}

static void ten_minutes_on_the_long_track(void **state)
{
    (void)state;
    ten_minutes("long");
}

static void static_page_is_filled(void **state)
{
    struct acq_sim *sim = start("long", 1, 0, 1);
    struct acq_pages pages;
    bool drawn;

    (void)state;
    assert_int_equal(acq_sim_step(sim, &pages, &drawn), ACQ_OK);
    assert_true(drawn);
    text_equals(pages.stat.sm_version, "1.7");
    text_equals(pages.stat.car_model, "acq_sim_gt");
    text_equals(pages.stat.track, "acq_long");
    text_equals(pages.stat.track_configuration, "gp");
    assert_int_equal(pages.stat.sector_count, 3);
    assert_int_equal(pages.stat.max_rpm, 8500);
    assert_int_equal(pages.graphics.status, ACQ_STATUS_LIVE);
    assert_int_equal(pages.graphics.session, ACQ_SESSION_PRACTICE);
    acq_sim_free(sim);
}

/* write_ring writes a ring of radius m as a track file, with extra lines before it and behind it. */
static void write_ring(const char *before, const char *after, int points, double radius)
{
    FILE *file = fopen(FILE_NAME, "wb");

    assert_non_null(file);
    fputs(before, file);
    for (int i = 0; i < points; i++) {
        double a = 2 * 3.14159265358979 * i / points;

        fprintf(file, "%.3f,%.3f,5.5,4.5\n", radius * cos(a), 0.7 * radius * sin(a));
    }
    fputs(after, file);
    assert_int_equal(fclose(file), 0);
}

static void track_files_work(void **state)
{
    struct acq_sim *sim;
    struct acq_pages pages;
    bool drawn;
    double left = 0;

    (void)state;
    write_ring("# x_m,y_m,w_tr_right_m,w_tr_left_m\nx, y, right, left\n\n", "200.000,0.000,5.5,4.5\r\n", 40, 200);
    sim = start(FILE_NAME, 1, 2, 0);
    while (acq_sim_step(sim, &pages, &drawn) == ACQ_OK) {
        assert_true(acq_sim_seconds(sim) < 200);
        assert_true(acq_sim_edge(sim) > 0.5);
        left += pages.physics.local_angular_vel[1];
    }
    text_equals(pages.stat.track, "test_sim_track");
    /* counter-clockwise on a map whose y points up is a left turn; on the game's map z points down */
    assert_true(left > 0);
    assert_true(pages.graphics.car_coordinates[0] > 150);
    assert_true(pages.graphics.car_coordinates[2] < 0);
    acq_sim_free(sim);
    remove(FILE_NAME);
}

static void refuses(int code, const char *word)
{
    struct acq_sim_config config = {.track = FILE_NAME};
    struct acq_err err = {0, ""};
    struct acq_sim *sim = acq_sim_new(&config, &err);

    remove(FILE_NAME);
    if (sim != NULL) acq_sim_free(sim);
    assert_null(sim);
    if (err.code != code || strstr(err.text, word) == NULL) fail_msg("expected '%s': %d %s", word, err.code, err.text);
}

static void bad_track_files_are_refused(void **state)
{
    (void)state;
    remove(FILE_NAME);
    refuses(ACQ_MISSING, "there is no track");
    write_ring("", "", 9, 100);
    refuses(ACQ_FORMAT, "at least 10");
    write_ring("", "", 0, 100);
    refuses(ACQ_FORMAT, "at least 10");
    write_ring("", "nan,1,5,5\n", 40, 100);
    refuses(ACQ_FORMAT, "line 41: every value must be a finite");
    write_ring("", "1,inf,5,5\n", 40, 100);
    refuses(ACQ_FORMAT, "finite");
    write_ring("", "200000,0,5,5\n", 40, 100);
    refuses(ACQ_RANGE, "100 km");
    write_ring("", "90,-10,0,5\n", 40, 100);
    refuses(ACQ_RANGE, "widths");
    write_ring("", "90,-10,5,-1\n", 40, 100);
    refuses(ACQ_RANGE, "widths");
    write_ring("", "90,-10,5,5\n90,-10,5,5\n", 40, 100);
    refuses(ACQ_FORMAT, "line 42: the point repeats");
    write_ring("", "90,-10,5\n", 40, 100);
    refuses(ACQ_FORMAT, "expected x, y");
    write_ring("", "90,-10,5,5,5\n", 40, 100);
    refuses(ACQ_FORMAT, "expected x, y");
    write_ring("", "hello\n", 40, 100);
    refuses(ACQ_FORMAT, "expected x, y");
    write_ring("a,b,c,d\na,b,c,d\n", "", 40, 100);
    refuses(ACQ_FORMAT, "line 2: expected");
    write_ring("", "", 40, 10);
    refuses(ACQ_RANGE, "m long");
    write_ring("", "", 40, 40000);
    refuses(ACQ_RANGE, "m long");
    write_ring("", "", 100001, 9000);
    refuses(ACQ_RANGE, "more than 100000");
    write_ring("0,500,5,5\n0,0.1,5,5\n0,500.5,5,5\n", "", 40, 100);
    refuses(ACQ_RANGE, "radius");
}

static void not_a_text_is_refused(void **state)
{
    FILE *file = fopen(FILE_NAME, "wb");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fwrite("1,2\0,3", 1, 6, file), 6);
    fclose(file);
    refuses(ACQ_FORMAT, "not a text file");
}

static void bad_numbers_are_refused(void **state)
{
    static const struct acq_sim_config bad[] = {
        {.laps = -1},          {.seconds = -1},      {.seconds = NAN},      {.seconds = INFINITY},
        {.graphics_hz = -0.5}, {.graphics_hz = 0.5}, {.graphics_hz = 5000}, {.graphics_hz = NAN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct acq_err err = {0, ""};

        assert_null(acq_sim_new(&bad[i], &err));
        assert_int_equal(err.code, ACQ_RANGE);
        assert_true(strlen(err.text) > 10);
    }
    acq_sim_free(NULL);
}

static void page_text(void **state)
{
    acq_char16 t[6], pair[4], time[15];

    (void)state;
    memset(t, 0xff, sizeof t);
    acq_page_text(t, 6, "abc");
    assert_memory_equal(t, ((acq_char16[]){'a', 'b', 'c', 0, 0, 0}), sizeof t);
    acq_page_text(t, 6, "abcdefgh");
    assert_memory_equal(t, ((acq_char16[]){'a', 'b', 'c', 'd', 'e', 0}), sizeof t);
    acq_page_text(t, 6, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\x81");
    assert_memory_equal(t, ((acq_char16[]){0xe4, 0x20ac, 0xd83c, 0xdfc1, 0, 0}), sizeof t);
    acq_page_text(pair, 4, "ab\xf0\x9f\x8f\x81"); /* half of the pair would fit */
    assert_memory_equal(pair, ((acq_char16[]){'a', 'b', 0, 0}), sizeof pair);
    acq_page_text(t, 6, "a\x80z\xc3");
    assert_memory_equal(t, ((acq_char16[]){'a', 0xfffd, 'z', 0xfffd, 0, 0}), sizeof t);
    acq_page_text(t, 6, "\xed\xa0\x80\xc0z\xf4\x90\x80\x80"); /* a surrogate, a byte that never is, beyond the last */
    assert_memory_equal(t, ((acq_char16[]){0xfffd, 0xfffd, 'z', 0xfffd, 0, 0}), sizeof t);
    acq_page_time_text(time, 0);
    text_equals(time, "-:--:---");
    acq_page_time_text(time, -3);
    text_equals(time, "-:--:---");
    acq_page_time_text(time, 83456);
    text_equals(time, "1:23:456");
    acq_page_time_text(time, 7);
    text_equals(time, "0:00:007");
    acq_page_time_text(time, INT32_MAX);
    text_equals(time, "35791:23:647");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(channels_agree),
        cmocka_unit_test(car_moves_as_it_says),
        cmocka_unit_test(laps_are_timed),
        cmocka_unit_test(long_track_takes_about_100_s),
        cmocka_unit_test(start_is_from_rest_before_the_line),
        cmocka_unit_test(rollover_is_not_atomic),
        cmocka_unit_test(sectors_add_up_to_laps),
        cmocka_unit_test(performance_meter_ends_at_the_difference),
        cmocka_unit_test(every_shift_shows_neutral),
        cmocka_unit_test(pictures_have_their_own_rate),
        cmocka_unit_test(ten_minutes_on_the_short_track),
        cmocka_unit_test(ten_minutes_on_the_long_track),
        cmocka_unit_test(static_page_is_filled),
        cmocka_unit_test(track_files_work),
        cmocka_unit_test(bad_track_files_are_refused),
        cmocka_unit_test(not_a_text_is_refused),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(page_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
