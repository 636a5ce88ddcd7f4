/* What changes slowly: tyres, brakes, fuel. */
#include "sim/car.h"

#include <math.h>

#define PSI_ATMOSPHERE 14.7
#define KELVIN 273.15

void acq_sim_wear_init(struct acq_sim_car *car)
{
    for (int i = 0; i < 4; i++) {
        struct acq_sim_wheel *w = &car->wheel[i];

        w->core = w->inner = w->middle = w->outer = 66;
        w->brake_temp = 28;
        w->wear = 100;
        w->travel = 0.06;
        w->load = 3300;
        w->pressure = 21.5;
    }
}

/* heat moves a temperature towards its surroundings while power heats it. */
static double heat(double temp, double power, double cooling, double around)
{
    return temp + (power - cooling * (temp - around)) * ACQ_SIM_STEP;
}

static void tyre(struct acq_sim_wheel *w, int i, double speed, const struct acq_sim_road *road)
{
    const double slide = (fabs(w->slip) + fabs(w->slip_angle)) * fmax(speed, 1), share = fmin(w->force, 1.2);
    const double work = fmin(slide * share * (1.6 + w->load / 1700) * 0.40, 16); /* kW or so that the tread takes up */
    const double roll = speed * w->load * 0.9e-5, cooling = 0.024 + 0.0011 * speed;
    /* leaning outwards loads the outer shoulder, and camber the inner one always */
    const double lean = fmin(fmax((w->load - 3300) / 9000, -0.3), 0.3);
    const double around = 0.5 * (road->air_temp + road->road_temp);

    w->inner = heat(w->inner, (1.12 - lean) * (1.25 * work + roll), cooling, around);
    w->middle = heat(w->middle, 1.25 * work + 1.05 * roll, cooling, around);
    w->outer = heat(w->outer, (0.9 + lean) * (1.25 * work + roll), cooling, around);
    double tread = (w->inner + w->middle + w->outer) / 3, flow = (tread - w->core) * 0.35;
    w->inner -= flow * ACQ_SIM_STEP;
    w->middle -= flow * ACQ_SIM_STEP;
    w->outer -= flow * ACQ_SIM_STEP;
    w->core += (0.03 * (tread - w->core) + 0.012 * roll) * ACQ_SIM_STEP;
    const double cold = i < 2 ? 20.6 : 21.2; /* psi at 60 degrees */
    w->pressure = (cold + PSI_ATMOSPHERE) * (w->core + KELVIN) / (60 + KELVIN) - PSI_ATMOSPHERE;
    w->wear -= work * 1.1e-6 * (w->wear - 78) / 22;
    w->dirt += ((speed > 1 ? 0.04 * fmax(w->force - 0.7, 0) : 0) - w->dirt) * ACQ_SIM_STEP / 4;
}

static void brake(struct acq_sim_wheel *w, int i, double pedal, double speed, double air)
{
    const double share = (i < 2 ? ACQ_CAR_BRAKE_BIAS : 1 - ACQ_CAR_BRAKE_BIAS) / 2;
    const double power = pedal * ACQ_CAR_BRAKE_MAX * share * speed;

    w->brake_temp = heat(w->brake_temp, power / 1900, 0.018 + 0.0016 * speed, air);
}

/* burn takes fuel: a little at idle, about 100 l an hour of racing. */
static void burn(struct acq_sim_car *car)
{
    const double rate = 4.0e-4 + car->gas * car->rpm * 6.2e-6;

    car->fuel = fmax(car->fuel - rate * ACQ_SIM_STEP, 0.5);
}

void acq_sim_wear_step(struct acq_sim_car *car, const struct acq_sim_road *road)
{
    for (int i = 0; i < 4; i++) {
        tyre(&car->wheel[i], i, car->forward, road);
        brake(&car->wheel[i], i, car->brake, car->forward, road->air_temp);
    }
    burn(car);
}
