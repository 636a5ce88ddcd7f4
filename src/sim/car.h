/* car.h - the car: a GT with a turbo engine, six gears and rear-wheel drive.
 *
 * Units   SI, degrees Celsius, psi, litres. Frame of the car: forward, and to the left.
 *         Angles: yaw 0 looks along +z and grows to the left; pitch grows with the nose up, roll with the right side
 * up. Shapes  wheels in the order FL FR RL RR; gear 0 = neutral, 1 = first. Memory  plain structs; the caller owns
 * them. Threads none. Source  Pacejka, "Tyre and Vehicle Dynamics": the single-track model with load transfer and
 * saturating tyres. */
#ifndef ACQ_SIM_CAR_H
#define ACQ_SIM_CAR_H

#include "sim/rng.h"

#define ACQ_SIM_STEP 0.003 /* s */
#define ACQ_SIM_STEP_MS 3
#define ACQ_SIM_GRAVITY 9.81

/* measures of the car */
#define ACQ_CAR_MASS 1260.0       /* kg, with driver, without fuel */
#define ACQ_CAR_FUEL_DENSITY 0.75 /* kg/l */
#define ACQ_CAR_FUEL_MAX 120.0
#define ACQ_CAR_YAW_INERTIA 1900.0
#define ACQ_CAR_FRONT 1.36 /* centre of gravity to front axle */
#define ACQ_CAR_REAR 1.29
#define ACQ_CAR_BASE (ACQ_CAR_FRONT + ACQ_CAR_REAR)
#define ACQ_CAR_HALF_TRACK 0.82
#define ACQ_CAR_CG_HEIGHT 0.40
#define ACQ_CAR_RADIUS 0.34    /* of a tyre */
#define ACQ_CAR_DRAG 0.63      /* N per (m/s)^2 */
#define ACQ_CAR_DOWNFORCE 1.55 /* N per (m/s)^2 */
#define ACQ_CAR_ROLLING 0.012  /* of the load */
#define ACQ_CAR_GRIP 1.60      /* friction of a warm tyre */
#define ACQ_CAR_STIFFNESS 25.0 /* of a front tyre: force per load and rad of slip */
#define ACQ_CAR_REAR_STIFFNESS 32.0
#define ACQ_CAR_REAR_GRIP 1.09    /* the wider rear tyres against the front ones */
#define ACQ_CAR_BRAKE_MAX 23000.0 /* N, all wheels, whole pedal */
#define ACQ_CAR_BRAKE_BIAS 0.76
#define ACQ_CAR_STEER_MAX 0.52 /* rad of a front wheel at full lock */
#define ACQ_CAR_RPM_MAX 8500
#define ACQ_CAR_RPM_IDLE 1100
#define ACQ_CAR_BOOST_MAX 0.85 /* bar */
#define ACQ_CAR_GEARS 6

/* What the driver does. */
struct acq_sim_control {
    double gas, brake; /* 0..1 */
    double clutch;     /* 1 = engaged, pedal up */
    double steer;      /* rad of the front wheels, positive to the left */
    int gear;
    int shifting; /* between two gears; gear is neutral, the engine goes to the speed of gear next_gear */
    int next_gear;
};

/* What the road does. */
struct acq_sim_road {
    double slope, grip, air_temp, road_temp;
};

/* A value that follows another as a damped spring does. */
struct acq_sim_follow {
    double value, rate;
};

struct acq_sim_wheel {
    double load, slip, slip_angle, spin; /* N; ratio; rad; rad/s */
    double force;                        /* used share of the grip, 0..1 and above when it spins */
    double bump, travel;
    double core, inner, middle, outer; /* temperatures */
    double brake_temp, pressure, wear, dirt;
};

struct acq_sim_car {
    double x, y, z, yaw;
    double forward, left, yaw_rate;          /* speeds in the car's frame */
    double accel_forward, accel_left, heave; /* m/s^2, without gravity */
    double vx, vy, vz;                       /* world */
    double sin_yaw, cos_yaw;
    struct acq_sim_follow pitch, roll; /* of the body on its springs */
    double ground_pitch, pitch_rate, roll_rate;
    double rpm, boost, fuel;
    double steer, gas, brake, clutch; /* as used last */
    double drive_force;               /* at the rear wheels */
    double distance;
    int gear, locked; /* the clutch holds */
    struct acq_sim_wheel wheel[4];
};

/* acq_sim_car_init puts a car with full tank and warm tyres on the road, at rest. */
void acq_sim_car_init(struct acq_sim_car *car, double x, double z, double y, double yaw);

/* acq_sim_car_step moves the car by one step. */
void acq_sim_car_step(struct acq_sim_car *car, const struct acq_sim_control *control, const struct acq_sim_road *road,
                      struct acq_sim_rng *rng);

/* acq_sim_car_service fills the tank and gives new tyres. */
void acq_sim_car_service(struct acq_sim_car *car);

/* acq_sim_car_grip returns the friction that the tyres have now, with a road of grip 1. */
double acq_sim_car_grip(const struct acq_sim_car *car);

/* acq_sim_car_mass returns the mass with fuel. */
double acq_sim_car_mass(const struct acq_sim_car *car);

/* acq_sim_engine_force returns the force at the rear wheels at speed in gear with gas 0..1 and the clutch engaged. */
double acq_sim_engine_force(double speed, int gear, double gas, double boost);

/* acq_sim_engine_rpm returns the engine's speed at a speed in gear with the clutch engaged and no slip. */
double acq_sim_engine_rpm(double speed, int gear);

/* The parts below are for the files of this folder. */

/* acq_sim_engine_step moves engine, clutch and turbo by one step and sets the drive force. */
void acq_sim_engine_step(struct acq_sim_car *car, const struct acq_sim_control *control, struct acq_sim_rng *rng);

/* acq_sim_wear_step moves temperatures, pressures, wear, brakes and fuel by one step. */
void acq_sim_wear_step(struct acq_sim_car *car, const struct acq_sim_road *road);

/* acq_sim_wear_init gives tyres and brakes the temperatures and the state of a car that leaves the garage. */
void acq_sim_wear_init(struct acq_sim_car *car);

#endif
