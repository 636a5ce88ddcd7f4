/* The driver's right hand and left foot. */
#include "sim/driver.h"

#include <math.h>

#define SHIFT_SHORTEST 0.055 /* s in neutral */
#define SHIFT_LONGEST 0.095
#define UP_AGAIN 0.35 /* s between shifts up */
#define DOWN_AGAIN 0.28

static void begin(struct acq_sim_driver *driver, int gear)
{
    driver->next_gear = gear;
    driver->shift_left = acq_sim_rng_between(&driver->rng, SHIFT_SHORTEST, SHIFT_LONGEST);
    driver->upshift = ACQ_CAR_RPM_MAX - acq_sim_rng_between(&driver->rng, -40, 520);
}

static void decide(struct acq_sim_driver *driver, const struct acq_sim_car *car, const struct acq_sim_control *control)
{
    const int gear = driver->gear;
    const double lower = gear > 1 ? acq_sim_engine_rpm(car->forward, gear - 1) : 0;

    if (gear < ACQ_CAR_GEARS && control->gas > 0.3 && driver->since_shift > UP_AGAIN &&
        (car->rpm > driver->upshift || car->rpm > ACQ_CAR_RPM_MAX)) {
        begin(driver, gear + 1);
    } else if (gear > 1 && driver->since_shift > DOWN_AGAIN &&
               ((control->brake > 0.05 && lower < 6900) || lower < 4900)) {
        begin(driver, gear - 1);
    }
}

void acq_sim_driver_shift(struct acq_sim_driver *driver, const struct acq_sim_car *car, struct acq_sim_control *control)
{
    if (driver->shift_left <= 0) {
        driver->since_shift += ACQ_SIM_STEP;
        decide(driver, car, control);
    }
    if (driver->shift_left > 0) {
        /* the pedal goes down at once, and comes back over the last third of the shift and a little longer */
        driver->clutch = fmax(driver->clutch - ACQ_SIM_STEP / 0.02, 0.05);
        driver->shift_left -= ACQ_SIM_STEP;
        if (driver->shift_left <= 0) {
            driver->gear = driver->next_gear;
            driver->since_shift = 0;
        }
    } else {
        driver->clutch = fmin(driver->clutch + ACQ_SIM_STEP / 0.06, 1);
    }
    control->shifting = driver->shift_left > 0;
    control->gear = control->shifting ? 0 : driver->gear;
    control->next_gear = driver->next_gear;
    control->clutch = driver->clutch;
}
