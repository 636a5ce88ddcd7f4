/* Engine, turbo, clutch and gearbox. */
#include "sim/car.h"

#include <math.h>

#define PI 3.14159265358979323846
#define RPM_PER_RAD (30 / PI)
#define FINAL 3.60
#define EFFICIENCY 0.93
#define INERTIA 0.14     /* kg m^2 of engine and flywheel */
#define CLUTCH_MAX 900.0 /* Nm that the closed clutch can carry */
#define LIMITER 60       /* rpm that the limiter waits for */

static const double ratios[ACQ_CAR_GEARS + 1] = {0, 2.90, 2.10, 1.62, 1.31, 1.09, 0.93};

/* full throttle with full boost, Nm at every 1000 rpm */
static const double torque_curve[] = {180, 300, 390, 455, 505, 535, 540, 515, 470, 400};

static double full_torque(double rpm)
{
    double u = fmin(fmax(rpm, 0), 8999) / 1000;
    int i = (int)u;

    return torque_curve[i] + (torque_curve[i + 1] - torque_curve[i]) * (u - i);
}

static double friction_torque(double rpm)
{
    return 18 + 0.0075 * rpm;
}

/* torque returns what the crankshaft gives; the turbo makes a quarter of it. */
static double torque(double rpm, double gas, double boost)
{
    double part = 0.75 + 0.25 * boost / ACQ_CAR_BOOST_MAX, friction = friction_torque(rpm);

    return gas * (full_torque(rpm) * part + friction) - friction;
}

double acq_sim_engine_rpm(double speed, int gear)
{
    return speed / ACQ_CAR_RADIUS * ratios[gear] * FINAL * RPM_PER_RAD;
}

double acq_sim_engine_force(double speed, int gear, double gas, double boost)
{
    double rpm = fmax(acq_sim_engine_rpm(speed, gear), ACQ_CAR_RPM_IDLE);

    if (rpm > ACQ_CAR_RPM_MAX) gas = 0;
    return torque(rpm, gas, boost) * ratios[gear] * FINAL * EFFICIENCY / ACQ_CAR_RADIUS;
}

/* idle_gas is what the idle control adds. */
static double idle_gas(double rpm)
{
    return fmin(fmax((ACQ_CAR_RPM_IDLE - rpm) / 400 + 0.07, 0), 0.4);
}

static void turbo(struct acq_sim_car *car, double gas)
{
    double want = ACQ_CAR_BOOST_MAX * gas * fmin(fmax((car->rpm - 1500) / 3000, 0), 1);

    car->boost += (want - car->boost) * ACQ_SIM_STEP / (want > car->boost ? 0.35 : 0.15);
}

/* slip_clutch moves an engine that turns at its own speed. Returns the torque that goes through the clutch. */
static double slip_clutch(struct acq_sim_car *car, double gas, double driven_rpm, double clutch)
{
    double lag = (car->rpm - driven_rpm) / RPM_PER_RAD;
    double through = CLUTCH_MAX * clutch * fmin(fmax(lag / 40, -1), 1);
    double own = torque(car->rpm, fmax(gas, idle_gas(car->rpm)), car->boost);

    car->rpm += (own - through) / INERTIA * ACQ_SIM_STEP * RPM_PER_RAD;
    car->rpm = fmin(fmax(car->rpm, 0.6 * ACQ_CAR_RPM_IDLE), ACQ_CAR_RPM_MAX + LIMITER);
    return through;
}

void acq_sim_engine_step(struct acq_sim_car *car, const struct acq_sim_control *control, struct acq_sim_rng *rng)
{
    const double tremor = acq_sim_rng_between(rng, -1, 1);
    const int gear = control->gear;
    double spin = (car->wheel[2].spin + car->wheel[3].spin) / 2;
    double driven = fmax(spin, 0) * ratios[gear] * FINAL * RPM_PER_RAD, gas = control->gas, carried;

    if (car->rpm > ACQ_CAR_RPM_MAX) gas = 0;
    if (control->shifting) {
        /* the gearbox's own control brings the engine to the speed of the gear that comes */
        double want = fmax(acq_sim_engine_rpm(car->forward, control->next_gear), ACQ_CAR_RPM_IDLE);

        car->rpm += (want - car->rpm) * ACQ_SIM_STEP / 0.022;
        car->locked = 0;
        carried = 0;
    } else if (gear == 0) {
        car->locked = 0;
        slip_clutch(car, gas, 0, 0);
        carried = 0;
    } else if (car->locked && control->clutch > 0.5 && driven > 0.7 * ACQ_CAR_RPM_IDLE) {
        car->rpm += (driven - car->rpm) * 0.3;
        carried = torque(car->rpm, gas, car->boost);
    } else {
        carried = slip_clutch(car, gas, driven, control->clutch);
        car->locked = control->clutch > 0.3 && fabs(car->rpm - driven) < 250;
    }
    car->rpm += tremor * (gear == 0 ? 3 : 1.2);
    turbo(car, gas);
    car->drive_force = carried * ratios[gear] * FINAL * (carried > 0 ? EFFICIENCY : 1 / EFFICIENCY) / ACQ_CAR_RADIUS;
}
