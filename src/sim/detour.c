#include "sim/detour.h"

#include <math.h>
#include <string.h>

#define BEFORE 220.0 /* m of pit lane before the line, and behind it */
#define BEHIND 120.0
#define BOX 60.0 /* m before the line */
#define LANE 4.0 /* m from the road's edge to the middle of the lane */
#define LIMIT (80 / 3.6)
#define APPROACH 7.0  /* m/s^2 towards the entry */
#define GENTLE 3.0    /* towards the box */
#define SIDEWAYS 2.5  /* m/s to the side */
#define OFF 2.4       /* m from the edge to the middle of a car whose wheels are all out */
#define OUT 1.2       /* where they are out */
#define CUT_PACE 0.55 /* of the line's speed: off the road there is little grip */
#define ARRIVED 1.0   /* m */

/* along: m behind the pit lane's entry; negative before it */
static double along(const struct acq_sim_track *track, double s)
{
    const double before = fmin(BEFORE, track->length / 6);

    return s > track->length / 2 ? s - (track->length - before) : s + before;
}

static double box_at(const struct acq_sim_track *track)
{
    return along(track, track->length - fmin(BOX, track->length / 12));
}

static double exit_at(const struct acq_sim_track *track)
{
    return along(track, fmin(BEHIND, track->length / 12));
}

/* go leads the driver sideways towards `to`. */
static void go(struct acq_sim_driver *driver, const struct acq_sim_place *place, double to)
{
    if (!driver->astray) driver->aside = place->offset;
    driver->astray = 1;
    driver->aside += fmin(fmax(to - driver->aside, -SIDEWAYS * ACQ_SIM_STEP), SIDEWAYS * ACQ_SIM_STEP);
}

/* come_back leads him to the line again. */
static void come_back(struct acq_sim_driver *driver, const struct acq_sim_place *place)
{
    if (!driver->astray) return;
    go(driver, place, 0);
    driver->limit = place->node.speed;
    if (fabs(driver->aside) > 0.3 || fabs(place->offset) > 1.5) return;
    driver->astray = 0;
    driver->limit = 0;
}

int acq_sim_detour_begin(struct acq_sim_detour *d, enum acq_sim_way way, double seconds)
{
    if (d->way != ACQ_SIM_ROAD) return 0;
    d->way = way;
    d->stop = seconds;
    d->ready = 0;
    return 1;
}

double acq_sim_detour_box(struct acq_sim_detour *d, const struct acq_sim_track *track, struct acq_sim_car *car,
                          struct acq_sim_driver *driver, double seconds)
{
    const double s = track->length - fmin(BOX, track->length / 12), distance = car->distance;
    const struct acq_sim_node n = acq_sim_track_at(track, s);
    const double aside = -n.right - LANE;

    acq_sim_car_init(car, n.x + aside * n.tz, n.z - aside * n.tx, n.y, atan2(n.tx, n.tz));
    car->ground_pitch = atan(n.slope);
    car->distance = distance; /* goes on counting, as the game's does */
    d->way = ACQ_SIM_BOX;
    driver->astray = 1;
    driver->aside = aside;
    driver->limit = LIMIT;
    acq_sim_driver_wait(driver, seconds);
    return s;
}

/* enter: the entry comes nearer, or is there */
static void enter(struct acq_sim_detour *d, const struct acq_sim_track *track, double at, struct acq_sim_driver *driver)
{
    if (at < 0) d->ready = 1;
    if (at < 0 || !d->ready) {
        const double away = at < 0 ? -at : track->length - at;

        driver->limit = sqrt(LIMIT * LIMIT + 2 * APPROACH * away);
        return;
    }
    d->way = ACQ_SIM_PIT_LANE;
}

/* to_box: along the lane up to the box */
static void to_box(struct acq_sim_detour *d, double left, struct acq_sim_car *car, struct acq_sim_driver *driver)
{
    driver->limit = fmin(LIMIT, sqrt(2 * GENTLE * fmax(left, 0)) + 0.05);
    if (car->forward > 0.05 || left > ARRIVED) return;
    d->way = ACQ_SIM_BOX;
    acq_sim_driver_wait(driver, d->stop);
}

static void cut(struct acq_sim_detour *d, const struct acq_sim_place *place, struct acq_sim_driver *driver)
{
    go(driver, place, -place->node.right - OFF);
    driver->limit = fmax(CUT_PACE * place->node.speed, 10);
    if (-place->offset < place->node.right + OUT) return; /* not yet out with all wheels */
    d->stop -= ACQ_SIM_STEP;
    if (d->stop <= 0) d->way = ACQ_SIM_ROAD;
}

void acq_sim_detour_step(struct acq_sim_detour *d, const struct acq_sim_track *track, const struct acq_sim_place *place,
                         double s, struct acq_sim_car *car, struct acq_sim_driver *driver)
{
    const double at = along(track, s), lane = -place->node.right - LANE;

    switch (d->way) {
    case ACQ_SIM_ROAD: come_back(driver, place); break;
    case ACQ_SIM_TO_PITS: enter(d, track, at, driver); break;
    case ACQ_SIM_PIT_LANE:
        go(driver, place, lane);
        to_box(d, box_at(track) - at, car, driver);
        break;
    case ACQ_SIM_BOX:
        if (driver->launch > 0) break;
        acq_sim_car_service(car);
        d->way = ACQ_SIM_FROM_PITS;
        break;
    case ACQ_SIM_FROM_PITS:
        go(driver, place, at > exit_at(track) ? 0 : lane);
        driver->limit = LIMIT;
        if (at > exit_at(track) && place->offset > 1 - place->node.right) d->way = ACQ_SIM_ROAD; /* in the road again */
        break;
    case ACQ_SIM_CUTTING: cut(d, place, driver); break;
    }
}

int acq_sim_detour_lane(const struct acq_sim_detour *d)
{
    return d->way == ACQ_SIM_PIT_LANE || d->way == ACQ_SIM_BOX || d->way == ACQ_SIM_FROM_PITS;
}
