/* page.h - the three structs that Assetto Corsa keeps in shared memory.
 *
 * Units   as the game has them; src/frame/channels.def says what each field means.
 * Shapes  little-endian, packed to 4 bytes, text as UTF-16 in fixed arrays. Wheels in the order FL FR RL RR.
 * Memory  plain structs without pointers.
 * Source  Kunos, "Assetto Corsa Shared Memory Documentation" (SPageFilePhysics, SPageFileGraphic, SPageFileStatic),
 *         state of Assetto Corsa 1.16, shared memory version 1.7. */
#ifndef ACQ_PAGE_PAGE_H
#define ACQ_PAGE_PAGE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t acq_char16; /* one UTF-16 unit: wchar_t is four bytes on Linux */

/* The physics page: one step of the physics engine, 3 ms. */
struct acq_page_physics {
    int32_t packet_id;
    float gas, brake, fuel;
    int32_t gear, rpms;
    float steer_angle, speed_kmh;
    float velocity[3], acc_g[3];
    float wheel_slip[4], wheel_load[4], wheels_pressure[4], wheel_angular_speed[4];
    float tyre_wear[4], tyre_dirty_level[4], tyre_core_temperature[4], camber_rad[4], suspension_travel[4];
    float drs, tc, heading, pitch, roll, cg_height;
    float car_damage[5];
    int32_t number_of_tyres_out, pit_limiter_on;
    float abs, kers_charge, kers_input;
    int32_t auto_shifter_on;
    float ride_height[2];
    float turbo_boost, ballast, air_density, air_temp, road_temp;
    float local_angular_vel[3];
    float final_ff, performance_meter;
    int32_t engine_brake, ers_recovery_level, ers_power_level, ers_heat_charging, ers_is_charging;
    float kers_current_kj;
    int32_t drs_available, drs_enabled;
    float brake_temp[4];
    float clutch;
    float tyre_temp_i[4], tyre_temp_m[4], tyre_temp_o[4];
    int32_t is_ai_controlled;
    float tyre_contact_point[4][3], tyre_contact_normal[4][3], tyre_contact_heading[4][3];
    float brake_bias;
    float local_velocity[3];
};

/* The graphics page: one rendered picture. */
struct acq_page_graphics {
    int32_t packet_id, status, session;
    acq_char16 current_time[15], last_time[15], best_time[15], split[15];
    int32_t completed_laps, position;
    int32_t i_current_time, i_last_time, i_best_time;
    float session_time_left, distance_traveled;
    int32_t is_in_pit, current_sector_index, last_sector_time, number_of_laps;
    acq_char16 tyre_compound[33];
    float replay_time_multiplier, normalized_car_position;
    float car_coordinates[3];
    float penalty_time;
    int32_t flag, ideal_line_on, is_in_pit_lane;
    float surface_grip;
    int32_t mandatory_pit_done;
    float wind_speed, wind_direction;
};

/* The static page: the session, the car, the track. Empty at first. */
struct acq_page_static {
    acq_char16 sm_version[15], ac_version[15];
    int32_t number_of_sessions, num_cars;
    acq_char16 car_model[33], track[33], player_name[33], player_surname[33], player_nick[33];
    int32_t sector_count;
    float max_torque, max_power;
    int32_t max_rpm;
    float max_fuel;
    float suspension_max_travel[4], tyre_radius[4];
    float max_turbo_boost, deprecated_1, deprecated_2;
    int32_t penalties_enabled;
    float aid_fuel_rate, aid_tire_rate, aid_mechanical_damage;
    int32_t aid_allow_tyre_blankets;
    float aid_stability;
    int32_t aid_auto_clutch, aid_auto_blip, has_drs, has_ers, has_kers;
    float kers_max_j;
    int32_t engine_brake_settings_count, ers_power_controller_count;
    float track_spline_length;
    acq_char16 track_configuration[33];
    float ers_max_j;
    int32_t is_timed_race, has_extra_lap;
    acq_char16 car_skin[33];
    int32_t reversed_grid_positions, pit_window_start, pit_window_end;
};

/* All three, as one sample takes them. */
struct acq_pages {
    struct acq_page_physics physics;
    struct acq_page_graphics graphics;
    struct acq_page_static stat;
};

/* values of graphics.status */
enum acq_status { ACQ_STATUS_OFF, ACQ_STATUS_REPLAY, ACQ_STATUS_LIVE, ACQ_STATUS_PAUSE };

/* values of graphics.session */
enum acq_session_type {
    ACQ_SESSION_UNKNOWN = -1,
    ACQ_SESSION_PRACTICE,
    ACQ_SESSION_QUALIFY,
    ACQ_SESSION_RACE,
    ACQ_SESSION_HOTLAP,
    ACQ_SESSION_TIME_ATTACK,
    ACQ_SESSION_DRIFT,
    ACQ_SESSION_DRAG
};

/* values of graphics.flag */
enum acq_flag {
    ACQ_FLAG_NONE,
    ACQ_FLAG_BLUE,
    ACQ_FLAG_YELLOW,
    ACQ_FLAG_BLACK,
    ACQ_FLAG_WHITE,
    ACQ_FLAG_CHECKERED,
    ACQ_FLAG_PENALTY
};

static_assert(sizeof(struct acq_page_physics) == 580, "physics page");
static_assert(offsetof(struct acq_page_physics, velocity) == 32, "physics page");
static_assert(offsetof(struct acq_page_physics, acc_g) == 44, "physics page");
static_assert(offsetof(struct acq_page_physics, wheel_slip) == 56, "physics page");
static_assert(offsetof(struct acq_page_physics, suspension_travel) == 184, "physics page");
static_assert(offsetof(struct acq_page_physics, car_damage) == 224, "physics page");
static_assert(offsetof(struct acq_page_physics, turbo_boost) == 276, "physics page");
static_assert(offsetof(struct acq_page_physics, local_angular_vel) == 296, "physics page");
static_assert(offsetof(struct acq_page_physics, brake_temp) == 348, "physics page");
static_assert(offsetof(struct acq_page_physics, clutch) == 364, "physics page");
static_assert(offsetof(struct acq_page_physics, tyre_contact_point) == 420, "physics page");
static_assert(offsetof(struct acq_page_physics, local_velocity) == 568, "physics page");
static_assert(sizeof(struct acq_page_graphics) == 296, "graphics page");
static_assert(offsetof(struct acq_page_graphics, completed_laps) == 132, "graphics page");
static_assert(offsetof(struct acq_page_graphics, is_in_pit) == 160, "graphics page");
static_assert(offsetof(struct acq_page_graphics, replay_time_multiplier) == 244, "graphics page");
static_assert(offsetof(struct acq_page_graphics, car_coordinates) == 252, "graphics page");
static_assert(offsetof(struct acq_page_graphics, wind_direction) == 292, "graphics page");
static_assert(sizeof(struct acq_page_static) == 684, "static page");
static_assert(offsetof(struct acq_page_static, car_model) == 68, "static page");
static_assert(offsetof(struct acq_page_static, sector_count) == 400, "static page");
static_assert(offsetof(struct acq_page_static, max_turbo_boost) == 452, "static page");
static_assert(offsetof(struct acq_page_static, track_spline_length) == 520, "static page");
static_assert(offsetof(struct acq_page_static, track_configuration) == 524, "static page");
static_assert(offsetof(struct acq_page_static, ers_max_j) == 592, "static page");
static_assert(offsetof(struct acq_page_static, car_skin) == 604, "static page");
static_assert(offsetof(struct acq_page_static, pit_window_end) == 680, "static page");

#endif
