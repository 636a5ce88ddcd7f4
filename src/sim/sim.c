#include "sim/sim.h"

#include <math.h>
#include <stdlib.h>

#include "sim/car.h"
#include "sim/detour.h"
#include "sim/driver.h"
#include "sim/fill.h"
#include "sim/timing.h"
#include "sim/track.h"

#define GRID 5.0         /* m before the line */
#define START 2.6        /* s from the first step to the start */
#define AFTER 1.0        /* s that the simulator runs on after the last lap */
#define FUEL_RESERVE 4.0 /* l */

struct acq_sim {
    struct acq_sim_config config;
    struct acq_sim_track track;
    struct acq_sim_car car;
    struct acq_sim_driver driver;
    struct acq_sim_detour detour;
    struct acq_sim_control control;
    struct acq_sim_timing timing;
    struct acq_sim_road road;
    struct acq_sim_place place;
    struct acq_sim_rng rng;
    double s;                 /* along the line */
    double travelled;         /* along the line since the start, never wrapped */
    int64_t steps, last_step; /* last_step: where laps end it; 0 = not known yet */
};

/* weather lets air and road drift: slow waves of periods that do not fit together. */
static void weather(struct acq_sim *sim)
{
    const double t = acq_sim_seconds(sim);

    sim->road.air_temp = 24 + 0.6 * sin(t / 173) + 0.1 * sin(t / 61 + 1);
    sim->road.road_temp = 31 + 1.1 * sin(t / 173) + 0.3 * sin(t / 61 + 1);
    sim->road.grip = 0.97 + 0.03 * (1 - exp(-t / 600)); /* the line rubbers in */
}

/* show_weather puts what the drivers see of it into a new picture. */
static void show_weather(const struct acq_sim *sim, struct acq_page_graphics *page)
{
    const double t = acq_sim_seconds(sim), gust = sin(t / 17 + 2);

    page->surface_grip = (float)sim->road.grip;
    page->wind_speed = (float)(7 + 2 * sin(t / 61 + 1) + gust);
    page->wind_direction = (float)(215 + 12 * sin(t / 173) + 5 * gust);
}

static int check(const struct acq_sim_config *config, struct acq_err *err)
{
    if (config->laps < 0) return acq_fail(err, ACQ_RANGE, "the number of laps must be 0 (no limit) or more");
    if (!(config->seconds >= 0 && config->seconds < HUGE_VAL)) {
        return acq_fail(err, ACQ_RANGE, "the number of seconds must be 0 (no limit) or more");
    }
    if (!(config->graphics_hz == 0 || (config->graphics_hz >= 1 && config->graphics_hz <= 333))) {
        return acq_fail(err, ACQ_RANGE, "the pictures a second must be between 1 and 333");
    }
    return ACQ_OK;
}

/* place_car puts the car on the grid. */
static void place_car(struct acq_sim *sim)
{
    sim->s = sim->track.length - GRID;
    sim->place.node = acq_sim_track_at(&sim->track, sim->s);
    const struct acq_sim_node *n = &sim->place.node;
    acq_sim_car_init(&sim->car, n->x, n->z, n->y, atan2(n->tx, n->tz));
    sim->car.ground_pitch = atan(n->slope);
    sim->control.clutch = 1;
    sim->control.brake = 0.42;
}

struct acq_sim *acq_sim_new(const struct acq_sim_config *config, struct acq_err *err)
{
    struct acq_sim *sim;
    const double hz = config->graphics_hz > 0 ? config->graphics_hz : ACQ_SIM_GRAPHICS_HZ;

    if (check(config, err) != ACQ_OK) return NULL;
    sim = calloc(1, sizeof *sim);
    if (sim == NULL) {
        acq_fail(err, ACQ_MEMORY, "no memory for the simulator: close other programs and try again");
        return NULL;
    }
    sim->config = *config;
    sim->config.track = NULL;
    if (acq_sim_track_init(&sim->track, config->track, err) != ACQ_OK) {
        free(sim);
        return NULL;
    }
    if (acq_sim_timing_init(&sim->timing, &sim->track, hz, acq_sim_hash(config->seed + 1)) != ACQ_OK) {
        acq_fail(err, ACQ_MEMORY, "no memory for the simulator: close other programs and try again");
        acq_sim_free(sim);
        return NULL;
    }
    acq_sim_rng_init(&sim->rng, acq_sim_hash(config->seed + 2));
    acq_sim_driver_init(&sim->driver, acq_sim_hash(config->seed + 3), START);
    place_car(sim);
    return sim;
}

void acq_sim_restart(struct acq_sim *sim)
{
    const double distance = sim->car.distance;

    sim->detour = (struct acq_sim_detour){.way = ACQ_SIM_ROAD};
    sim->control = (struct acq_sim_control){0};
    acq_sim_driver_init(&sim->driver, acq_sim_rng_next(&sim->rng), START);
    place_car(sim);
    sim->car.distance = distance;
    acq_sim_timing_restart(&sim->timing);
}

bool acq_sim_teleport(struct acq_sim *sim, double seconds)
{
    if (sim->detour.way != ACQ_SIM_ROAD) return false;
    sim->s = acq_sim_detour_box(&sim->detour, &sim->track, &sim->car, &sim->driver, seconds);
    sim->control = (struct acq_sim_control){.brake = 0.42, .clutch = 1};
    sim->place.node = acq_sim_track_at(&sim->track, sim->s);
    sim->place.offset = sim->driver.aside;
    acq_sim_timing_box(&sim->timing);
    return true;
}

bool acq_sim_pit_stop(struct acq_sim *sim, double seconds)
{
    return acq_sim_detour_begin(&sim->detour, ACQ_SIM_TO_PITS, seconds);
}

bool acq_sim_cut(struct acq_sim *sim, double seconds)
{
    if (!acq_sim_detour_begin(&sim->detour, ACQ_SIM_CUTTING, seconds)) return false;
    sim->timing.cut = 1;
    return true;
}

/* show_pits puts into the pages what the game says of a car in the pits. */
static void show_pits(const struct acq_sim *sim, struct acq_pages *pages, bool picture)
{
    const bool lane = acq_sim_detour_lane(&sim->detour);

    pages->physics.pit_limiter_on = lane && sim->detour.way != ACQ_SIM_BOX;
    if (lane) pages->physics.number_of_tyres_out = 0; /* the lane is a part of the track */
    if (!picture) return;
    pages->graphics.is_in_pit_lane = lane;
    pages->graphics.is_in_pit = sim->detour.way == ACQ_SIM_BOX;
}

void acq_sim_free(struct acq_sim *sim)
{
    if (sim == NULL) return;
    acq_sim_timing_fini(&sim->timing);
    acq_sim_track_fini(&sim->track);
    free(sim);
}

static bool done(const struct acq_sim *sim)
{
    if (sim->last_step > 0 && sim->steps >= sim->last_step) return true;
    return sim->config.seconds > 0 && acq_sim_seconds(sim) >= sim->config.seconds;
}

/* cross is what happens at the line. */
static void cross(struct acq_sim *sim, int lap_done)
{
    acq_sim_driver_lap(&sim->driver);
    if (sim->car.fuel < FUEL_RESERVE) acq_sim_car_service(&sim->car);
    if (lap_done && sim->config.laps > 0 && sim->timing.score.laps == sim->config.laps) {
        sim->last_step = sim->steps + (int64_t)(AFTER / ACQ_SIM_STEP);
    }
}

int acq_sim_step(struct acq_sim *sim, struct acq_pages *pages, bool *graphics_changed)
{
    int wrapped, lap_done;
    double before = sim->s;

    *graphics_changed = false;
    if (done(sim)) return ACQ_END;
    if (sim->steps == 0) acq_sim_fill_static(pages, &sim->track);
    sim->steps++;
    weather(sim);
    sim->road.slope = sim->place.node.slope;
    acq_sim_detour_step(&sim->detour, &sim->track, &sim->place, sim->s, &sim->car, &sim->driver);
    if (sim->timing.stopped && sim->detour.way != ACQ_SIM_BOX) acq_sim_timing_leave(&sim->timing);
    acq_sim_driver_step(&sim->driver, &sim->car, &sim->track, &sim->place, sim->s, sim->travelled, sim->road.grip,
                        &sim->control);
    acq_sim_car_step(&sim->car, &sim->control, &sim->road, &sim->rng);
    sim->place = acq_sim_track_locate(&sim->track, sim->car.x, sim->car.z, &sim->s, &wrapped);
    sim->travelled += sim->s - before + wrapped * sim->track.length;
    lap_done = acq_sim_timing_step(&sim->timing, &sim->track, sim->s, wrapped > 0);
    if (wrapped > 0) cross(sim, lap_done);
    acq_sim_fill_physics(&pages->physics, &sim->car, &sim->road, &sim->place, sim->timing.delta);
    *graphics_changed = acq_sim_timing_page(&sim->timing, &sim->track, &sim->car, sim->s, &pages->graphics) != 0;
    if (*graphics_changed) show_weather(sim, &pages->graphics);
    show_pits(sim, pages, *graphics_changed);
    return ACQ_OK;
}

int acq_sim_laps(const struct acq_sim *sim)
{
    return sim->timing.score.laps;
}

int32_t acq_sim_lap_ms(const struct acq_sim *sim, int lap)
{
    return lap >= 0 && lap < sim->timing.score.laps && lap < ACQ_SIM_LAPS_MAX ? sim->timing.lap_ms[lap] : 0;
}

double acq_sim_seconds(const struct acq_sim *sim)
{
    return (double)sim->steps * ACQ_SIM_STEP;
}

double acq_sim_edge(const struct acq_sim *sim)
{
    return fmin(sim->place.node.left - sim->place.offset, sim->place.node.right + sim->place.offset);
}
