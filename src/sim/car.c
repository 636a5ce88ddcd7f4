#include "sim/car.h"

#include <math.h>
#include <string.h>

#define SLOW 3.0            /* m/s: below this the slip of a tyre is measured against this speed */
#define BODY_FREQUENCY 13.0 /* rad/s of the body on its springs */
#define ROLL_PER_ACCEL 0.0021
#define PITCH_PER_ACCEL 0.0013
#define SPRING 155000.0 /* N/m at a wheel */

enum { FL, FR, RL, RR };

double acq_sim_car_mass(const struct acq_sim_car *car)
{
    return ACQ_CAR_MASS + ACQ_CAR_FUEL_DENSITY * car->fuel;
}

double acq_sim_car_grip(const struct acq_sim_car *car)
{
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        double off = (car->wheel[i].core - 88) / 60, worn = (100 - car->wheel[i].wear) / 100;

        sum += 1 - fmin(0.25 * off * off, 0.15) - 0.3 * worn;
    }
    return ACQ_CAR_GRIP * sum / 4;
}

void acq_sim_car_init(struct acq_sim_car *car, double x, double z, double y, double yaw)
{
    memset(car, 0, sizeof *car);
    car->x = x;
    car->y = y;
    car->z = z;
    car->yaw = yaw;
    car->sin_yaw = sin(yaw);
    car->cos_yaw = cos(yaw);
    car->rpm = ACQ_CAR_RPM_IDLE;
    acq_sim_wear_init(car);
    acq_sim_car_service(car);
}

void acq_sim_car_service(struct acq_sim_car *car)
{
    car->fuel = ACQ_CAR_FUEL_MAX - 5;
    for (int i = 0; i < 4; i++) car->wheel[i].wear = 100;
}

static void follow(struct acq_sim_follow *f, double want)
{
    double push = BODY_FREQUENCY * BODY_FREQUENCY * (want - f->value) - 1.4 * BODY_FREQUENCY * f->rate;

    f->rate += push * ACQ_SIM_STEP;
    f->value += f->rate * ACQ_SIM_STEP;
}

/* bumps lets the road shake each wheel and the body: one draw, sixteen bits a wheel. */
static void bumps(struct acq_sim_car *car, struct acq_sim_rng *rng)
{
    const uint64_t bits = acq_sim_rng_next(rng);
    const double rough = 4200 * fmin(car->forward / 45, 1);
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        double kick = ((double)((bits >> (16 * i)) & 0xffff) / 65535 - 0.5) * rough;

        car->wheel[i].bump += (kick - car->wheel[i].bump) * 0.12;
        sum += car->wheel[i].bump;
    }
    car->heave = sum / ACQ_CAR_MASS;
}

/* loads shares weight, downforce and what the body's leaning moves between the wheels. */
static void loads(struct acq_sim_car *car, double mass)
{
    const double down = ACQ_CAR_DOWNFORCE * car->forward * car->forward;
    const double along = mass * (car->pitch.value / PITCH_PER_ACCEL) * ACQ_CAR_CG_HEIGHT / ACQ_CAR_BASE;
    const double aside = mass * (car->roll.value / ROLL_PER_ACCEL) * ACQ_CAR_CG_HEIGHT / (4 * ACQ_CAR_HALF_TRACK);
    const double front = (mass * ACQ_SIM_GRAVITY * ACQ_CAR_REAR / ACQ_CAR_BASE + 0.44 * down - along) / 2;
    const double rear = (mass * ACQ_SIM_GRAVITY * ACQ_CAR_FRONT / ACQ_CAR_BASE + 0.56 * down + along) / 2;
    /* roll is negative in a left turn, which loads the right */
    const double share[4] = {front + 1.06 * aside, front - 1.06 * aside, rear + 0.94 * aside, rear - 0.94 * aside};

    for (int i = 0; i < 4; i++) {
        struct acq_sim_wheel *w = &car->wheel[i];

        w->load = fmax(share[i] + w->bump, 0);
        w->travel += ((i < RL ? 0.062 : 0.058) + (w->load - 3300) / SPRING - w->travel) * 0.08;
    }
}

/* saturate: 0 to 1 as a tyre's force grows with its slip: nearly straight, then full. */
static double saturate(double x)
{
    return x / sqrt(sqrt(1 + x * x * x * x));
}

/* unsaturate: the slip that a used share of the grip needs. */
static double unsaturate(double y)
{
    double a = fmin(fabs(y), 0.98), over = fmax(fabs(y) - 0.98, 0);

    return copysign(a / sqrt(sqrt(1 - a * a * a * a)) + 12 * over, y);
}

/* axle returns the sideways force of two wheels that lie at slip angle and already carry along. */
static double axle(double load, double along, double angle, double grip, double stiffness)
{
    const double most = grip * load;
    const double rest = sqrt(fmax(most * most - along * along, 0.04 * most * most));

    return rest * saturate(stiffness * angle * load / fmax(rest, 1));
}

static double clip(double x, double most)
{
    return fmin(fmax(x, -most), most);
}

/* wheels sets slip and spin of every wheel from the forces along and the slip angles of the axles. */
static void wheels(struct acq_sim_car *car, const double along[2], const double angle[2], double grip)
{
    for (int i = 0; i < 4; i++) {
        struct acq_sim_wheel *w = &car->wheel[i];
        const int ax = i / 2;
        const double side = (i & 1) ? ACQ_CAR_HALF_TRACK : -ACQ_CAR_HALF_TRACK;
        const double hub = car->forward + side * car->yaw_rate,
                     axle_load = car->wheel[2 * ax].load + car->wheel[2 * ax + 1].load;
        const double limit = ax == 0 ? grip : grip * ACQ_CAR_REAR_GRIP;
        const double stiffness = ax == 0 ? ACQ_CAR_STIFFNESS : ACQ_CAR_REAR_STIFFNESS;
        const double used = along[ax] / fmax(limit * axle_load, 1), want = unsaturate(used) * limit / stiffness;

        w->slip += (want - w->slip) * 0.1;
        w->slip_angle = angle[ax];
        w->force = hypot(used, saturate(stiffness * angle[ax] / limit));
        w->spin = (hub + w->slip * fmax(fabs(hub), SLOW)) / ACQ_CAR_RADIUS;
        if (car->forward == 0 && used == 0) w->spin = w->slip = 0;
    }
}

/* forces computes what the tyres give, and from it the accelerations. */
static void forces(struct acq_sim_car *car, const struct acq_sim_control *c, const struct acq_sim_road *road,
                   double mass, double *yaw_accel)
{
    const double grip = acq_sim_car_grip(car) * road->grip, grip_rear = grip * ACQ_CAR_REAR_GRIP;
    const double v = car->forward, slow = fmax(v, SLOW);
    const double front = car->wheel[FL].load + car->wheel[FR].load, rear = car->wheel[RL].load + car->wheel[RR].load;
    const double braking = c->brake * ACQ_CAR_BRAKE_MAX * fmin(v / 0.5, 1);
    const double wish[2] = {-braking * ACQ_CAR_BRAKE_BIAS, car->drive_force - braking * (1 - ACQ_CAR_BRAKE_BIAS)};
    const double along[2] = {clip(wish[0], 0.98 * grip * front), clip(wish[1], 0.98 * grip_rear * rear)};
    const double angle[2] = {c->steer * fmin(v / SLOW, 1) - (car->left + ACQ_CAR_FRONT * car->yaw_rate) / slow,
                             -(car->left - ACQ_CAR_REAR * car->yaw_rate) / slow};
    const double side_front = axle(front, along[0], angle[0], grip, ACQ_CAR_STIFFNESS);
    const double side_rear = axle(rear, along[1], angle[1], grip_rear, ACQ_CAR_REAR_STIFFNESS);
    const double drag = ACQ_CAR_DRAG * v * v + ACQ_CAR_ROLLING * (front + rear) * fmin(v, 1);
    const double cs = 1 - c->steer * c->steer / 2, sn = c->steer;

    car->accel_forward = (along[0] * cs - side_front * sn + along[1] - drag) / mass - ACQ_SIM_GRAVITY * road->slope;
    car->accel_left = (side_front * cs + along[0] * sn + side_rear) / mass;
    *yaw_accel = (ACQ_CAR_FRONT * (side_front * cs + along[0] * sn) - ACQ_CAR_REAR * side_rear) / ACQ_CAR_YAW_INERTIA;
    wheels(car, wish, angle, grip);
}

/* rest keeps a car that nothing drives where it is. */
static void rest(struct acq_sim_car *car)
{
    car->accel_forward = car->accel_left = car->yaw_rate = 0;
    car->forward = car->left = 0;
    for (int i = 0; i < 4; i++) car->wheel[i].spin = car->wheel[i].slip = 0;
}

/* move carries speeds and place one step on. */
static void move(struct acq_sim_car *car, const struct acq_sim_road *road, double yaw_accel)
{
    const double slope_was = car->ground_pitch;
    double pitch_was = car->pitch.value, roll_was = car->roll.value, climb = car->vy;

    car->yaw_rate += yaw_accel * ACQ_SIM_STEP;
    car->yaw += car->yaw_rate * ACQ_SIM_STEP;
    double forward = car->forward + (car->accel_forward + car->yaw_rate * car->left) * ACQ_SIM_STEP;
    car->left += (car->accel_left - car->yaw_rate * car->forward) * ACQ_SIM_STEP;
    car->forward = fmax(forward, 0);
    car->sin_yaw = sin(car->yaw);
    car->cos_yaw = cos(car->yaw);
    car->vx = car->forward * car->sin_yaw + car->left * car->cos_yaw;
    car->vz = car->forward * car->cos_yaw - car->left * car->sin_yaw;
    car->vy = car->forward * road->slope;
    car->x += car->vx * ACQ_SIM_STEP;
    car->y += car->vy * ACQ_SIM_STEP;
    car->z += car->vz * ACQ_SIM_STEP;
    car->heave += (car->vy - climb) / ACQ_SIM_STEP;
    car->distance += sqrt(car->vx * car->vx + car->vy * car->vy + car->vz * car->vz) * ACQ_SIM_STEP;
    follow(&car->pitch, PITCH_PER_ACCEL * car->accel_forward);
    follow(&car->roll, -ROLL_PER_ACCEL * car->accel_left);
    car->ground_pitch = atan(road->slope);
    car->pitch_rate = (car->pitch.value + car->ground_pitch - pitch_was - slope_was) / ACQ_SIM_STEP;
    car->roll_rate = (car->roll.value - roll_was) / ACQ_SIM_STEP;
}

void acq_sim_car_step(struct acq_sim_car *car, const struct acq_sim_control *control, const struct acq_sim_road *road,
                      struct acq_sim_rng *rng)
{
    const double mass = acq_sim_car_mass(car);
    double yaw_accel = 0;

    bumps(car, rng);
    loads(car, mass);
    acq_sim_engine_step(car, control, rng);
    if (car->forward < 0.02 && car->drive_force < 200) {
        rest(car);
    } else {
        forces(car, control, road, mass, &yaw_accel);
    }
    move(car, road, yaw_accel);
    car->gear = control->gear;
    car->clutch = control->clutch;
    car->gas = control->gas;
    car->brake = control->brake;
    car->steer = control->steer;
    acq_sim_wear_step(car, road);
}
