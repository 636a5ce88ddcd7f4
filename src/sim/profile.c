/* How fast the road can be driven: grip in the corners, brakes before them, engine after them. */
#include "sim/track.h"

#include <math.h>

#include "sim/car.h"

#define USED 0.96      /* of the grip: what a driver dares */
#define SPEED_MAX 84.0 /* m/s */
#define SPEED_MIN 4.0

static const double mass = ACQ_CAR_MASS + ACQ_CAR_FUEL_DENSITY * ACQ_CAR_FUEL_MAX / 2;

/* most returns the acceleration that the grip allows at a speed squared. */
static double most(double v2)
{
    return USED * ACQ_CAR_GRIP * (ACQ_SIM_GRAVITY + ACQ_CAR_DOWNFORCE * v2 / mass);
}

/* bending returns the share of the grip that a corner takes, 0..1. */
static double bending(double v2, double curvature)
{
    return fmin(v2 * fabs(curvature) / most(v2), 1);
}

static double corner_speed(double curvature)
{
    const double grip = USED * ACQ_CAR_GRIP, k = fabs(curvature) - grip * ACQ_CAR_DOWNFORCE / mass;
    const double v = k > 1e-6 ? sqrt(grip * ACQ_SIM_GRAVITY / k) : SPEED_MAX;

    return fmin(fmax(v, SPEED_MIN), SPEED_MAX);
}

/* braking returns the deceleration; less than the circle of grip leaves, because the rear gets light. */
static double braking(double v2, double curvature)
{
    const double corner = bending(v2, curvature);

    return 0.9 * most(v2) * (1 - corner * sqrt(corner)) + ACQ_CAR_DRAG * v2 / mass;
}

/* driving returns the acceleration that engine, rear tyres and drag allow. */
static double driving(double v, double curvature)
{
    const double corner = bending(v * v, curvature);
    double engine = 0;

    for (int gear = 1; gear <= ACQ_CAR_GEARS; gear++) {
        engine = fmax(engine, acq_sim_engine_force(fmax(v, 14), gear, 1, ACQ_CAR_BOOST_MAX));
    }
    engine = (engine - ACQ_CAR_DRAG * v * v) / mass;
    return fmin(engine, 0.55 * most(v * v) * sqrt(1 - corner * corner));
}

void acq_sim_profile_build(struct acq_sim_track *track)
{
    struct acq_sim_node *n = track->nodes;
    const size_t count = track->count;
    const double ds = track->step;

    for (size_t i = 0; i < count; i++) n[i].speed = corner_speed(n[i].curvature);
    /* twice around, so that the slowest corner reaches over the start line */
    for (size_t k = 2 * count; k > 0; k--) {
        struct acq_sim_node *at = &n[(k - 1) % count];
        const double v2 = n[k % count].speed * n[k % count].speed;
        const double slow = braking(v2, at->curvature) + ACQ_SIM_GRAVITY * at->slope;

        at->speed = fmin(at->speed, sqrt(v2 + 2 * ds * fmax(slow, 0)));
    }
    for (size_t k = 0; k < 2 * count; k++) {
        const struct acq_sim_node *at = &n[k % count];
        const double v2 = at->speed * at->speed, fast = driving(at->speed, at->curvature) - ACQ_SIM_GRAVITY * at->slope;
        struct acq_sim_node *next = &n[(k + 1) % count];

        next->speed = fmin(next->speed, sqrt(fmax(v2 + 2 * ds * fast, 1)));
    }
    for (size_t i = 0; i < count; i++) {
        const double a = n[i].speed, b = n[(i + 1) % count].speed;

        n[i].accel = (b * b - a * a) / (2 * ds);
    }
}
