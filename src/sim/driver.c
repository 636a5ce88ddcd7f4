#include "sim/driver.h"

#include <math.h>
#include <string.h>

#define DT ACQ_SIM_STEP
#define SIGHT 0.10 /* s: the driver acts on what lies this far ahead */
#define PACE_SPREAD 0.012
#define FORM_SPREAD 0.006
#define PLACE_SPREAD 0.35 /* m */
#define ROOM 1.15         /* m that the middle of the car keeps from an edge */
#define PULL 2.0          /* rad/s: how firmly the car is led back to the line */
#define YAW_PULL 7.0      /* 1/s: how firmly the turning is held */
#define HAND 0.12         /* share of the way that the hands go in a step */
#define LAUNCH_RPM 5200
#define HARD 11.0 /* m/s^2: the hardest braking to keep to a limit */
#define SLOW 2.5  /* m/s: a limit below is a place to stop at */

/* wander returns the number at a place: smooth between knots, whose values the seed gives. */
static double wander(struct acq_sim_wander *w, double at)
{
    const double u = at / w->spacing, whole = floor(u), f = u - whole, g = f * f * (3 - 2 * f);
    const int64_t knot = (int64_t)whole;

    if (knot != w->knot) {
        w->knot = knot;
        w->from = 2 * acq_sim_unit(acq_sim_hash(w->seed + (uint64_t)knot)) - 1;
        w->to = 2 * acq_sim_unit(acq_sim_hash(w->seed + (uint64_t)knot + 1)) - 1;
    }
    return w->from + (w->to - w->from) * g;
}

void acq_sim_driver_init(struct acq_sim_driver *driver, uint64_t seed, double wait)
{
    memset(driver, 0, sizeof *driver);
    acq_sim_rng_init(&driver->rng, seed);
    driver->pace = (struct acq_sim_wander){acq_sim_rng_next(&driver->rng), 0, 0, 70, INT64_MIN};
    driver->place = (struct acq_sim_wander){acq_sim_rng_next(&driver->rng), 0, 0, 95, INT64_MIN};
    driver->launch = wait;
    driver->upshift = ACQ_CAR_RPM_MAX - 300;
    driver->since_shift = 1;
    driver->clutch = 1;
    acq_sim_driver_lap(driver);
}

void acq_sim_driver_wait(struct acq_sim_driver *driver, double wait)
{
    driver->launch = wait;
    driver->gear = driver->next_gear = 0;
    driver->shift_left = 0;
    driver->since_shift = 1;
    driver->rolling = 0;
}

void acq_sim_driver_lap(struct acq_sim_driver *driver)
{
    driver->form = acq_sim_rng_between(&driver->rng, -FORM_SPREAD, FORM_SPREAD);
}

/* ease moves a pedal towards where it should be, at most up or down per second. */
static double ease(double now, double want, double up, double down)
{
    return fmin(fmax(want, now - down * DT), now + up * DT);
}

/* bend returns the curvature to drive: what the road bends ahead, and what leads back to the line. */
static double bend(struct acq_sim_driver *driver, const struct acq_sim_car *car, const struct acq_sim_track *track,
                   const struct acq_sim_place *place, double s, double travelled)
{
    const struct acq_sim_node ahead = acq_sim_track_at(track, s + car->forward * SIGHT);
    const double v = fmax(car->forward, 6), speed = fmax(hypot(car->vx, car->vz), 1);
    /* sine of the angle between the car's way and the line */
    const double drift = (car->vx * place->node.tz - car->vz * place->node.tx) / speed;
    double want = PLACE_SPREAD * wander(&driver->place, travelled);

    want = fmax(fmin(want, place->node.left - ROOM), ROOM - place->node.right);
    if (driver->astray) want = driver->aside;
    return ahead.curvature - PULL * PULL / (v * v) * (place->offset - want) - 2 * PULL / v * drift;
}

/* felt returns the load of an axle as a driver feels it: without the single bumps. */
static double felt(const struct acq_sim_wheel *left, const struct acq_sim_wheel *right)
{
    return left->load - left->bump + right->load - right->bump;
}

/* front_slip returns the slip angle at which the front tyres give the force for curve, and for the turning that still
 * lacks. */
static double front_slip(const struct acq_sim_car *car, double curve, double grip)
{
    const double v = car->forward, load = felt(&car->wheel[0], &car->wheel[1]);
    const double force = acq_sim_car_mass(car) * v * v * curve * ACQ_CAR_REAR / ACQ_CAR_BASE +
                         ACQ_CAR_YAW_INERTIA * YAW_PULL * (v * curve - car->yaw_rate) / ACQ_CAR_BASE;
    const double used = fmin(fmax(force / fmax(grip * load, 1), -0.96), 0.96), u4 = used * used * used * used;

    return used / sqrt(sqrt(1 - u4)) * grip / ACQ_CAR_STIFFNESS;
}

/* steer turns the front wheels: where the front axle goes, and as much further as their tyres need. A car that begins
 * to slide is so caught by itself. */
static double steer(struct acq_sim_driver *driver, const struct acq_sim_car *car, double curve, double grip, double now)
{
    const double v = car->forward;
    double angle = curve * ACQ_CAR_BASE;

    if (v > 5) angle = (car->left + ACQ_CAR_FRONT * car->yaw_rate) / v + front_slip(car, curve, grip);
    driver->tremor += (acq_sim_rng_between(&driver->rng, -0.018, 0.018) - driver->tremor) * 0.03;
    angle += driver->tremor * fmin(v / 10, 1);
    angle = fmin(fmax(angle, -ACQ_CAR_STEER_MAX), ACQ_CAR_STEER_MAX);
    return ease(now, now + (angle - now) * HAND, 1.4, 1.4);
}

/* wanted returns the force along the road with which the car follows the speed of the line. */
static double wanted(struct acq_sim_driver *driver, const struct acq_sim_car *car, const struct acq_sim_track *track,
                     double s, double travelled, double grip)
{
    const double v = car->forward, mass = acq_sim_car_mass(car);
    const struct acq_sim_node ahead = acq_sim_track_at(track, s + v * SIGHT);
    const double dare = 1 + driver->form + PACE_SPREAD * (wander(&driver->pace, travelled) - 1);
    const double pace = sqrt(grip / ACQ_CAR_GRIP) * dare;
    double accel = ahead.accel * pace * pace + 3.5 * (ahead.speed * pace - v);

    if (driver->limit > 0) accel = fmin(accel, fmax(3.5 * (driver->limit - v), -HARD));
    return mass * (accel + ACQ_SIM_GRAVITY * (ahead.slope + ACQ_CAR_ROLLING)) + ACQ_CAR_DRAG * v * v;
}

/* hold returns the force along that the rear tyres can take besides the corner, with some room. */
static double hold(const struct acq_sim_car *car, double grip)
{
    const double most = 0.9 * grip * felt(&car->wheel[2], &car->wheel[3]);
    const double side = acq_sim_car_mass(car) * car->accel_left * ACQ_CAR_FRONT / ACQ_CAR_BASE;

    return sqrt(fmax(most * most - side * side, 1e5));
}

/* pedals sets gas and brake to give a force. */
static void pedals(const struct acq_sim_driver *driver, const struct acq_sim_car *car, double force, double most,
                   struct acq_sim_control *control)
{
    const double idle = acq_sim_engine_force(car->forward, driver->gear, 0, car->boost);
    const double full = acq_sim_engine_force(car->forward, driver->gear, 1, car->boost);
    double gas = 0, brake = 0;

    if (force > idle) {
        gas = (fmin(force, most) - idle) / fmax(full - idle, 1);
    } else {
        const double rear = fmax(most + idle, 0) / (ACQ_CAR_BRAKE_MAX * (1 - ACQ_CAR_BRAKE_BIAS));

        brake = fmin((idle - force) / ACQ_CAR_BRAKE_MAX, rear);
    }
    if (control->shifting && driver->next_gear > driver->gear) gas *= 0.15;
    if (gas > 0.97) gas = 1;
    if (brake < 0.015) brake = 0;
    control->gas = ease(control->gas, fmin(fmax(gas, 0), 1), 7, 14);
    control->brake = ease(control->brake, fmin(brake, 1), 9, 7);
    if (control->brake > 0) control->gas = ease(control->gas, 0, 0, 25);
}

/* stand waits on the grid, then lets the car go. */
static void stand(struct acq_sim_driver *driver, const struct acq_sim_car *car, struct acq_sim_control *control)
{
    const double revs = driver->launch < 0.9 ? 0.30 + (LAUNCH_RPM - car->rpm) / 1800 : 0;

    driver->launch -= DT;
    control->brake = ease(control->brake, driver->launch > 0 ? 0.42 : 0, 5, 9);
    control->gas = ease(control->gas, fmin(fmax(revs, 0), 1), 4, 6);
    driver->clutch = ease(driver->clutch, driver->launch < 1.4 ? 0 : 1, 6, 12);
    if (driver->launch < 1.1) driver->gear = 1;
    control->gear = driver->gear;
    control->clutch = driver->clutch;
    control->shifting = 0;
}

/* pull_away slips the clutch until it holds. */
static void pull_away(struct acq_sim_driver *driver, const struct acq_sim_car *car, struct acq_sim_control *control)
{
    driver->clutch = car->locked ? ease(driver->clutch, 1, 3, 0) : ease(driver->clutch, 0.47, 1.3, 1);
    control->clutch = driver->clutch;
    control->brake = ease(control->brake, 0, 0, 9);
    control->gas = ease(control->gas, fmin(fmax(0.75 + (LAUNCH_RPM - car->rpm) / 1500, 0), 1), 5, 8);
    if (driver->clutch >= 1) driver->rolling = 1;
}

/* halt brings a car that rolls slowly to a stand: declutched, on the brake. */
static void halt(struct acq_sim_driver *driver, struct acq_sim_control *control)
{
    driver->clutch = ease(driver->clutch, 0, 0, 12);
    control->clutch = driver->clutch;
    control->shifting = 0;
    control->gas = ease(control->gas, 0, 0, 14);
    control->brake = ease(control->brake, 0.2, 2, 4);
}

void acq_sim_driver_step(struct acq_sim_driver *driver, const struct acq_sim_car *car,
                         const struct acq_sim_track *track, const struct acq_sim_place *place, double s,
                         double travelled, double road_grip, struct acq_sim_control *control)
{
    const double grip = acq_sim_car_grip(car) * road_grip;
    const double curve = bend(driver, car, track, place, s, travelled);

    control->steer = steer(driver, car, curve, grip, control->steer);
    if (driver->launch > 0) {
        stand(driver, car, control);
    } else if (!driver->rolling) {
        pull_away(driver, car, control);
    } else if (driver->limit > 0 && driver->limit < SLOW && car->forward < SLOW) {
        halt(driver, control);
    } else {
        acq_sim_driver_shift(driver, car, control);
        pedals(driver, car, wanted(driver, car, track, s, travelled, grip), hold(car, grip), control);
    }
}
