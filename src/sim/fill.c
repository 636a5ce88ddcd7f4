#include "sim/fill.h"

#include <math.h>
#include <string.h>

#include "page/text.h"

#define PI 3.14159265358979323846
#define CAMBER_FRONT 0.056 /* rad, static */
#define CAMBER_REAR 0.028
#define HALF_TYRE 0.15 /* m */

/* number makes the page's float; what has decayed to nothing is 0, never a denormal. */
static float number(double x)
{
    return fabs(x) < 1e-12 ? 0.0f : (float)x;
}

/* angle puts an angle between -pi and pi. */
static double angle(double a)
{
    return a - 2 * PI * floor((a + PI) / (2 * PI));
}

/* put writes a vector of the world given in the car's frame: to the left, up, forward. */
static void put(float to[3], const struct acq_sim_car *car, double left, double up, double forward)
{
    to[0] = number(forward * car->sin_yaw + left * car->cos_yaw);
    to[1] = number(up);
    to[2] = number(forward * car->cos_yaw - left * car->sin_yaw);
}

static void fill_motion(struct acq_page_physics *page, const struct acq_sim_car *car)
{
    const double pitch = car->pitch.value + car->ground_pitch, sp = sin(pitch), cp = cos(pitch);
    const double speed = sqrt(car->vx * car->vx + car->vy * car->vy + car->vz * car->vz);

    page->speed_kmh = number(speed * 3.6);
    page->velocity[0] = number(car->vx);
    page->velocity[1] = number(car->vy);
    page->velocity[2] = number(car->vz);
    page->acc_g[0] = number(car->accel_left / ACQ_SIM_GRAVITY);
    page->acc_g[1] = number(car->heave / ACQ_SIM_GRAVITY);
    page->acc_g[2] = number(car->accel_forward / ACQ_SIM_GRAVITY);
    page->heading = number(angle(-car->yaw));
    page->pitch = number(pitch);
    page->roll = number(car->roll.value);
    page->local_angular_vel[0] = number(-car->pitch_rate);
    page->local_angular_vel[1] = number(car->yaw_rate);
    page->local_angular_vel[2] = number(-car->roll_rate);
    page->local_velocity[0] = number(car->left);
    page->local_velocity[1] = number(car->vy * cp - car->forward * sp);
    page->local_velocity[2] = number(car->forward * cp + car->vy * sp);
}

static void fill_wheel(struct acq_page_physics *page, const struct acq_sim_car *car, int i)
{
    const struct acq_sim_wheel *w = &car->wheel[i];
    const double side = (i & 1) ? 1 : -1; /* right wheels positive, as the game's camber */
    const double lean = car->roll.value * 0.6;

    page->wheel_slip[i] =
        number(0.07 + 0.42 * w->force * w->force + 4 * fmax(fabs(w->slip) - 0.12, 0) + 3e-6 * fabs(w->bump));
    page->wheel_load[i] = number(w->load);
    page->wheels_pressure[i] = number(w->pressure);
    page->wheel_angular_speed[i] = number(w->spin);
    page->tyre_wear[i] = number(w->wear);
    page->tyre_dirty_level[i] = number(w->dirt);
    page->tyre_core_temperature[i] = number(w->core);
    page->camber_rad[i] = number(side * (i < 2 ? CAMBER_FRONT : CAMBER_REAR) + lean + side * (w->travel - 0.06) * 0.5);
    page->suspension_travel[i] = number(w->travel);
    page->brake_temp[i] = number(w->brake_temp);
    page->tyre_temp_i[i] = number(w->inner);
    page->tyre_temp_m[i] = number(w->middle);
    page->tyre_temp_o[i] = number(w->outer);
}

/* fill_contact: where a tyre meets the road, the road's normal there, and the tyre's direction (backwards, as the
 * game has it). */
static void fill_contact(struct acq_page_physics *page, const struct acq_sim_car *car, double slope, int i)
{
    const double left = (i & 1) ? -ACQ_CAR_HALF_TRACK : ACQ_CAR_HALF_TRACK;
    const double ahead = i < 2 ? ACQ_CAR_FRONT : -ACQ_CAR_REAR;
    const double turn = i < 2 ? car->steer : 0, st = turn - turn * turn * turn / 6, ct = 1 - turn * turn / 2;
    const double flat = 1 / sqrt(1 + slope * slope);
    float *point = page->tyre_contact_point[i];

    put(point, car, left, 0, ahead);
    point[0] = (float)(car->x + point[0]);
    point[1] = (float)(car->y + ahead * slope);
    point[2] = (float)(car->z + point[2]);
    put(page->tyre_contact_normal[i], car, 0, flat, -slope * flat);
    put(page->tyre_contact_heading[i], car, -st * flat, -slope * flat, -ct * flat);
}

/* tyres_out counts the wheels beyond an edge of the road. */
static int32_t tyres_out(const struct acq_sim_car *car, const struct acq_sim_place *place)
{
    const double across = car->sin_yaw * place->node.tz - car->cos_yaw * place->node.tx; /* of the car's nose */
    const double along = car->sin_yaw * place->node.tx + car->cos_yaw * place->node.tz;
    int32_t out = 0;

    for (int i = 0; i < 4; i++) {
        const double left = (i & 1) ? -ACQ_CAR_HALF_TRACK : ACQ_CAR_HALF_TRACK;
        const double at = place->offset + left * along + (i < 2 ? ACQ_CAR_FRONT : -ACQ_CAR_REAR) * across;

        out += at - HALF_TYRE > place->node.left || -at - HALF_TYRE > place->node.right;
    }
    return out;
}

void acq_sim_fill_physics(struct acq_page_physics *page, const struct acq_sim_car *car, const struct acq_sim_road *road,
                          const struct acq_sim_place *place, double delta)
{
    double mean[2];

    page->packet_id++;
    page->gas = number(car->gas);
    page->brake = number(car->brake);
    page->clutch = number(car->clutch);
    page->fuel = number(car->fuel);
    page->gear = car->gear + 1;
    page->rpms = (int32_t)car->rpm;
    page->steer_angle = number(-car->steer / ACQ_CAR_STEER_MAX);
    fill_motion(page, car);
    for (int i = 0; i < 4; i++) {
        fill_wheel(page, car, i);
        fill_contact(page, car, road->slope, i);
    }
    for (int i = 0; i < 2; i++) mean[i] = (car->wheel[2 * i].travel + car->wheel[2 * i + 1].travel) / 2 - 0.06;
    page->ride_height[0] = number(0.062 - 0.9 * mean[0]);
    page->ride_height[1] = number(0.078 - 0.9 * mean[1]);
    page->cg_height = number(ACQ_CAR_CG_HEIGHT - 0.45 * (mean[0] + mean[1]));
    page->number_of_tyres_out = tyres_out(car, place);
    page->turbo_boost = number(car->boost);
    page->air_temp = number(road->air_temp);
    page->road_temp = number(road->road_temp);
    page->air_density = number(101325 / (287.05 * (273.15 + road->air_temp)));
    /* the aligning torque: grows with the front tyres' force and falls off when they slide */
    const double front = car->wheel[0].slip_angle * ACQ_CAR_STIFFNESS / ACQ_CAR_GRIP,
                 shape = front / (1 + front * front);
    page->final_ff = number(-0.5 * shape * (car->wheel[0].load + car->wheel[1].load) / 9000 +
                            1e-5 * (car->wheel[0].bump - car->wheel[1].bump));
    page->performance_meter = number(delta);
}

static void fill_car(struct acq_page_static *s)
{
    acq_page_text(s->car_model, 33, "acq_sim_gt");
    acq_page_text(s->car_skin, 33, "00_blue");
    s->max_torque = 540;
    s->max_power = 394000;
    s->max_rpm = ACQ_CAR_RPM_MAX;
    s->max_fuel = (float)ACQ_CAR_FUEL_MAX;
    for (int i = 0; i < 4; i++) {
        s->suspension_max_travel[i] = 0.15f;
        s->tyre_radius[i] = (float)ACQ_CAR_RADIUS;
    }
    s->max_turbo_boost = (float)ACQ_CAR_BOOST_MAX;
}

static void fill_fixed(struct acq_pages *pages)
{
    struct acq_page_graphics *g = &pages->graphics;
    struct acq_page_physics *p = &pages->physics;

    g->status = ACQ_STATUS_LIVE;
    g->session = ACQ_SESSION_PRACTICE;
    acq_page_time_text(g->last_time, 0);
    acq_page_time_text(g->best_time, 0);
    acq_page_text(g->split, 15, " ");
    acq_page_text(g->tyre_compound, 33, "Slick Medium (M)");
    g->position = 1;
    g->replay_time_multiplier = 1;
    g->ideal_line_on = 0;
    g->flag = ACQ_FLAG_NONE;
    p->tc = 0.10f;
    p->abs = 0.12f;
    p->brake_bias = (float)ACQ_CAR_BRAKE_BIAS;
}

void acq_sim_fill_static(struct acq_pages *pages, const struct acq_sim_track *track)
{
    struct acq_page_static *s = &pages->stat;

    memset(pages, 0, sizeof *pages);
    acq_page_text(s->sm_version, 15, "1.7");
    acq_page_text(s->ac_version, 15, "1.16.4");
    s->number_of_sessions = 1;
    s->num_cars = 1;
    acq_page_text(s->track, 33, track->name);
    acq_page_text(s->track_configuration, 33, track->layout);
    s->track_spline_length = (float)track->length;
    acq_page_text(s->player_name, 33, "Sim");
    acq_page_text(s->player_surname, 33, "Driver");
    acq_page_text(s->player_nick, 33, "sim");
    s->sector_count = 3;
    s->penalties_enabled = 1;
    s->aid_fuel_rate = 1;
    s->aid_tire_rate = 1;
    s->aid_mechanical_damage = 1;
    s->aid_allow_tyre_blankets = 1;
    s->aid_auto_clutch = 1;
    s->aid_auto_blip = 1;
    fill_car(s);
    fill_fixed(pages);
}
