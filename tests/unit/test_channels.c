/* The channel table: its rows against the structs of the pages, its columns, and pages to frames and back. */
#include "help.h"

#include "page/page.h"

#include <math.h>

/* The pages' fields by hand, so that a wrong offset in the table does not agree with itself. */
struct field {
    enum acq_id id;
    enum acq_page page;
    size_t offset, size;
};
#define SIZE(type, field) sizeof(((struct type *)0)->field)
#define P(channel, field)                                                                  \
    {                                                                                      \
        ACQ_physics_##channel, ACQ_PAGE_physics, offsetof(struct acq_page_physics, field), \
            SIZE(acq_page_physics, field)                                                  \
    }
#define G(channel, field)                                                                     \
    {                                                                                         \
        ACQ_graphics_##channel, ACQ_PAGE_graphics, offsetof(struct acq_page_graphics, field), \
            SIZE(acq_page_graphics, field)                                                    \
    }
#define S(channel, field)                                                                                           \
    {                                                                                                               \
        ACQ_stat_##channel, ACQ_PAGE_statics, offsetof(struct acq_page_static, field), SIZE(acq_page_static, field) \
    }
static const struct field fields[] = {
    P(packet_id, packet_id),
    P(gas, gas),
    P(brake, brake),
    P(fuel, fuel),
    P(gear, gear),
    P(engine_rpm, rpms),
    P(steer, steer_angle),
    P(speed_kmh, speed_kmh),
    P(velocity, velocity),
    P(acc_g, acc_g),
    P(tyre_slip, wheel_slip),
    P(tyre_load, wheel_load),
    P(tyre_pressure, wheels_pressure),
    P(wheel_angular_speed, wheel_angular_speed),
    P(tyre_wear, tyre_wear),
    P(tyre_dirty_level, tyre_dirty_level),
    P(tyre_temp_c, tyre_core_temperature),
    P(camber, camber_rad),
    P(suspension_travel, suspension_travel),
    P(drs, drs),
    P(tc, tc),
    P(heading, heading),
    P(pitch, pitch),
    P(roll, roll),
    P(cg_height, cg_height),
    P(car_damage_front, car_damage[0]),
    P(car_damage_rear, car_damage[1]),
    P(car_damage_left, car_damage[2]),
    P(car_damage_right, car_damage[3]),
    P(car_damage_centre, car_damage[4]),
    P(tyres_out, number_of_tyres_out),
    P(pit_limiter_on, pit_limiter_on),
    P(abs, abs),
    P(kers_charge, kers_charge),
    P(kers_input, kers_input),
    P(auto_shifter_on, auto_shifter_on),
    P(ride_height_front, ride_height[0]),
    P(ride_height_rear, ride_height[1]),
    P(turbo_boost, turbo_boost),
    P(ballast, ballast),
    P(air_density, air_density),
    P(air_temp, air_temp),
    P(road_temp, road_temp),
    P(angular_velocity, local_angular_vel),
    P(final_ff, final_ff),
    P(engine_brake, engine_brake),
    P(ers_recovery_level, ers_recovery_level),
    P(ers_power_level, ers_power_level),
    P(ers_heat_charging, ers_heat_charging),
    P(ers_is_charging, ers_is_charging),
    P(kers_current, kers_current_kj),
    P(drs_available, drs_available),
    P(drs_enabled, drs_enabled),
    P(brake_temp, brake_temp),
    P(clutch, clutch),
    P(tyre_temp_inner, tyre_temp_i),
    P(tyre_temp_middle, tyre_temp_m),
    P(tyre_temp_outer, tyre_temp_o),
    P(is_ai_controlled, is_ai_controlled),
    P(tyre_contact_point_fl, tyre_contact_point[0]),
    P(tyre_contact_point_fr, tyre_contact_point[1]),
    P(tyre_contact_point_rl, tyre_contact_point[2]),
    P(tyre_contact_point_rr, tyre_contact_point[3]),
    P(tyre_contact_normal_fl, tyre_contact_normal[0]),
    P(tyre_contact_normal_fr, tyre_contact_normal[1]),
    P(tyre_contact_normal_rl, tyre_contact_normal[2]),
    P(tyre_contact_normal_rr, tyre_contact_normal[3]),
    P(tyre_contact_heading_fl, tyre_contact_heading[0]),
    P(tyre_contact_heading_fr, tyre_contact_heading[1]),
    P(tyre_contact_heading_rl, tyre_contact_heading[2]),
    P(tyre_contact_heading_rr, tyre_contact_heading[3]),
    P(brake_bias, brake_bias),
    P(local_velocity, local_velocity),
    {ACQ_graphics_delta_lap_s, ACQ_PAGE_physics, offsetof(struct acq_page_physics, performance_meter), 4},
    G(packet_id, packet_id),
    G(status, status),
    G(session_type, session),
    G(split, split),
    G(completed_laps, completed_laps),
    G(position, position),
    G(current_time_ms, i_current_time),
    G(last_time_ms, i_last_time),
    G(best_time_ms, i_best_time),
    G(i_current_time_s, i_current_time),
    G(i_last_time_s, i_last_time),
    G(i_best_time_s, i_best_time),
    G(session_time_left, session_time_left),
    G(distance_traveled, distance_traveled),
    G(is_in_pit, is_in_pit),
    G(current_sector_index, current_sector_index),
    G(last_sector_time_ms, last_sector_time),
    G(number_of_laps, number_of_laps),
    G(tyre_compound, tyre_compound),
    G(replay_time_multiplier, replay_time_multiplier),
    G(normalized_car_pos, normalized_car_position),
    G(car_coordinates, car_coordinates),
    G(penalty_time, penalty_time),
    G(flag, flag),
    G(ideal_line_on, ideal_line_on),
    G(is_in_pit_lane, is_in_pit_lane),
    G(surface_grip, surface_grip),
    G(mandatory_pit_done, mandatory_pit_done),
    G(wind_speed, wind_speed),
    G(wind_direction, wind_direction),
    S(sm_version, sm_version),
    S(ac_version, ac_version),
    S(number_of_sessions, number_of_sessions),
    S(num_cars, num_cars),
    S(car_model, car_model),
    S(track, track),
    S(player_name, player_name),
    S(player_surname, player_surname),
    S(player_nick, player_nick),
    S(sector_count, sector_count),
    S(max_torque, max_torque),
    S(max_power, max_power),
    S(max_rpm, max_rpm),
    S(max_fuel, max_fuel),
    S(suspension_max_travel, suspension_max_travel),
    S(tyre_radius, tyre_radius),
    S(max_turbo_boost, max_turbo_boost),
    S(deprecated_1, deprecated_1),
    S(deprecated_2, deprecated_2),
    S(penalties_enabled, penalties_enabled),
    S(aid_fuel_rate, aid_fuel_rate),
    S(aid_tire_rate, aid_tire_rate),
    S(aid_mechanical_damage, aid_mechanical_damage),
    S(aid_allow_tyre_blankets, aid_allow_tyre_blankets),
    S(aid_stability, aid_stability),
    S(aid_auto_clutch, aid_auto_clutch),
    S(aid_auto_blip, aid_auto_blip),
    S(has_drs, has_drs),
    S(has_ers, has_ers),
    S(has_kers, has_kers),
    S(kers_max, kers_max_j),
    S(engine_brake_settings_count, engine_brake_settings_count),
    S(ers_power_controller_count, ers_power_controller_count),
    S(track_spline_length, track_spline_length),
    S(track_configuration, track_configuration),
    S(ers_max, ers_max_j),
    S(is_timed_race, is_timed_race),
    S(has_extra_lap, has_extra_lap),
    S(car_skin, car_skin),
    S(reversed_grid_positions, reversed_grid_positions),
    S(pit_window_start, pit_window_start),
    S(pit_window_end, pit_window_end),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const size_t page_sizes[ACQ_PAGES] = {0, 580, 296, 684};

static size_t size_in_page(const struct acq_channel *c)
{
    if (c->type == ACQ_TYPE_STR) return c->n / 3u * 2u;
    return c->type == ACQ_TYPE_FLOATS ? 4u * c->n : 4u;
}

static void rows_match_pages(void **state)
{
    bool seen[ACQ_IDS] = {false};
    (void)state;
    for (size_t i = 0; i < FIELDS; i++) {
        const struct acq_channel *c = &acq_channels[fields[i].id];
        assert_false(seen[fields[i].id]);
        seen[fields[i].id] = true;
        if (c->page != fields[i].page || c->page_offset != fields[i].offset || size_in_page(c) != fields[i].size)
            fail_msg("%s: page %d offset %d, but the struct has page %d offset %zu", c->name, c->page, c->page_offset,
                     fields[i].page, fields[i].offset);
    }
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (acq_channels[id].page && !seen[id]) fail_msg("%s is not in the test's list", acq_channels[id].name);
}

/* every byte of each page is in one channel, but for what is left out on purpose; none is in two, but for the times */
static void pages_are_covered(void **state)
{
    static const struct {
        enum acq_page page;
        size_t from, to;
    } left_out[] = {{ACQ_PAGE_graphics, 12, 102},  /* currentTime, lastTime, bestTime */
                    {ACQ_PAGE_graphics, 242, 244}, /* padding, here and below */
                    {ACQ_PAGE_statics, 398, 400},
                    {ACQ_PAGE_statics, 590, 592},
                    {ACQ_PAGE_statics, 670, 672}};
    static uint8_t count[ACQ_PAGES][700];
    (void)state;
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP || !c->page || c->conversion == ACQ_CONVERT_seconds) continue;
        assert_true(c->page_offset + size_in_page(c) <= page_sizes[c->page]);
        for (size_t i = 0; i < size_in_page(c); i++) count[c->page][c->page_offset + i]++;
    }
    for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++)
        for (size_t i = left_out[k].from; i < left_out[k].to; i++) count[left_out[k].page][i]++;
    for (unsigned page = 1; page < ACQ_PAGES; page++)
        for (size_t i = 0; i < page_sizes[page]; i++)
            if (count[page][i] != 1) fail_msg("page %u: byte %zu is in %u channels", page, i, count[page][i]);
}

static void rows_are_sane(void **state)
{
    bool tag[ACQ_GROUPS][256] = {{false}};
    (void)state;
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        assert_non_null(c->name);
        assert_true(*c->doc);
        if (c->type == ACQ_TYPE_GROUP) {
            assert_true(*c->message);
            if (c->tag && tag[ACQ_IN_head][c->tag]) fail_msg("tag %d of %s is taken", c->tag, c->name);
            tag[ACQ_IN_head][c->tag] = true;
            continue;
        }
        if (tag[c->group][c->tag]) fail_msg("tag %d of %s is taken", c->tag, c->name);
        tag[c->group][c->tag] = true;
        assert_in_range(c->tag, 1, 127); /* the decoder's tables */
        assert_true(*c->column);
        if (c->type == ACQ_TYPE_STR) assert_in_range(c->n, 1, 127); /* the encoder writes one byte of length */
        if (c->type == ACQ_TYPE_STR) assert_int_equal(c->kind, ACQ_KIND_text);
        assert_true(!c->page == !c->page_type);
        if (c->page_type == ACQ_PAGE_TYPE_u16) assert_true(c->type == ACQ_TYPE_STR && c->n % 3 == 0);
        if (c->page_type == ACQ_PAGE_TYPE_f32) assert_true(c->type == ACQ_TYPE_F32 || c->type == ACQ_TYPE_FLOATS);
        if (c->page_type == ACQ_PAGE_TYPE_i32)
            assert_true(c->type == (c->conversion == ACQ_CONVERT_number || c->conversion == ACQ_CONVERT_seconds
                                        ? ACQ_TYPE_F32
                                        : ACQ_TYPE_I32));
        assert_true(!*c->motec == !c->hz);
    }
}

/* the original messages keep their numbers */
static void original_tags(void **state)
{
    static const struct {
        enum acq_id id;
        unsigned tag, type;
    } rows[] = {{ACQ_head_monotonic_ns, 1, ACQ_TYPE_U64},
                {ACQ_head_game, 2, ACQ_TYPE_STR},
                {ACQ_head_session_id, 3, ACQ_TYPE_STR},
                {ACQ_physics, 4, ACQ_TYPE_GROUP},
                {ACQ_graphics, 5, ACQ_TYPE_GROUP},
                {ACQ_stat, 6, ACQ_TYPE_GROUP},
                {ACQ_physics_speed_kmh, 1, ACQ_TYPE_F32},
                {ACQ_physics_gas, 2, ACQ_TYPE_F32},
                {ACQ_physics_brake, 3, ACQ_TYPE_F32},
                {ACQ_physics_clutch, 4, ACQ_TYPE_F32},
                {ACQ_physics_gear, 5, ACQ_TYPE_I32},
                {ACQ_physics_steer, 6, ACQ_TYPE_F32},
                {ACQ_physics_engine_rpm, 7, ACQ_TYPE_F32},
                {ACQ_physics_tyre_slip, 8, ACQ_TYPE_FLOATS},
                {ACQ_physics_tyre_load, 9, ACQ_TYPE_FLOATS},
                {ACQ_physics_tyre_temp_c, 10, ACQ_TYPE_FLOATS},
                {ACQ_physics_suspension_travel, 11, ACQ_TYPE_FLOATS},
                {ACQ_physics_acc_g, 12, ACQ_TYPE_FLOATS},
                {ACQ_physics_velocity, 13, ACQ_TYPE_FLOATS},
                {ACQ_physics_angular_velocity, 14, ACQ_TYPE_FLOATS},
                {ACQ_graphics_status, 1, ACQ_TYPE_I32},
                {ACQ_graphics_completed_laps, 2, ACQ_TYPE_I32},
                {ACQ_graphics_position, 3, ACQ_TYPE_I32},
                {ACQ_graphics_i_current_time_s, 4, ACQ_TYPE_F32},
                {ACQ_graphics_i_last_time_s, 5, ACQ_TYPE_F32},
                {ACQ_graphics_i_best_time_s, 6, ACQ_TYPE_F32},
                {ACQ_graphics_lap_time_s, 7, ACQ_TYPE_F32},
                {ACQ_graphics_delta_lap_s, 8, ACQ_TYPE_F32},
                {ACQ_graphics_normalized_car_pos, 9, ACQ_TYPE_F32},
                {ACQ_stat_car_model, 1, ACQ_TYPE_STR},
                {ACQ_stat_track, 2, ACQ_TYPE_STR},
                {ACQ_stat_track_configuration, 3, ACQ_TYPE_STR},
                {ACQ_stat_max_rpm, 4, ACQ_TYPE_I32}};
    size_t low = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(acq_channels[rows[i].id].tag, rows[i].tag);
        assert_int_equal(acq_channels[rows[i].id].type, rows[i].type);
    }
    for (unsigned id = 1; id < ACQ_IDS; id++)
        low += acq_channels[id].tag < 16 && acq_channels[id].group != ACQ_IN_capture;
    assert_int_equal(low, sizeof rows / sizeof *rows);
}

static void columns(void **state)
{
    static const char *const first[] = {"t_ns",  "game", "session", "speed_kmh", "gas",  "brake", "gear",
                                        "steer", "rpm",  "ax_g",    "ay_g",      "az_g", "lap",   "pos"};
    static struct acq_column list[ACQ_COLUMNS];
    size_t elements = 0;
    (void)state;
    acq_columns(list);
    for (size_t i = 0; i < 14; i++) assert_string_equal(list[i].name, first[i]);
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (acq_channels[id].type != ACQ_TYPE_GROUP)
            elements += acq_channels[id].type == ACQ_TYPE_FLOATS ? acq_channels[id].n : 1;
    assert_int_equal(elements, ACQ_COLUMNS);
    for (size_t i = 0; i < ACQ_COLUMNS; i++) {
        const struct acq_channel *c = &acq_channels[list[i].id];
        const char *name = list[i].name;
        assert_in_range(strlen(name), 1, sizeof list[i].name - 2); /* not cut */
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_true(name[0] < '0' || name[0] > '9');
        assert_true(c->type != ACQ_TYPE_GROUP && list[i].element < (c->type == ACQ_TYPE_FLOATS ? c->n : 1));
        assert_int_equal(list[i].offset, c->offset + 4u * list[i].element);
        assert_int_equal(list[i].type, c->type == ACQ_TYPE_FLOATS ? ACQ_TYPE_F32 : c->type);
        assert_string_not_equal(name, "t_s"); /* derived in tables */
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(list[k].name, name);
            assert_false(list[k].id == list[i].id && list[k].element == list[i].element);
        }
    }
}

/* ---- pages to frames and back ---- */

static struct acq_frame f;

static void put_text(uint8_t *page, size_t at, size_t units, const char *text)
{
    acq_text_to_utf16(page + at, units, text);
}

/* random_page: any bits, but texts without garbage behind their end, and numbers that their conversions can give back
 */
static void random_page(uint64_t *random, enum acq_page page, uint8_t *bytes)
{
    random_bytes(random, bytes, page_sizes[page]);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        char text[100];
        int32_t i = (int32_t)random_below(random, 1u << 24) * (random_below(random, 2) ? 1 : -1);
        float x = (float)random_below(random, 1025) / 1024;
        if (c->page != page) continue;
        if (c->type == ACQ_TYPE_STR) random_text(random, text, c->n / 3u);
        if (c->type == ACQ_TYPE_STR) put_text(bytes, c->page_offset, c->n / 3u, text);
        if (c->conversion == ACQ_CONVERT_number) memcpy(bytes + c->page_offset, &i, 4);
        if (c->conversion == ACQ_CONVERT_invert) memcpy(bytes + c->page_offset, &x, 4);
    }
}

/* blank makes 0 of what is no channel */
static void blank(enum acq_page page, uint8_t *bytes)
{
    if (page == ACQ_PAGE_graphics) memset(bytes + 12, 0, 90), memset(bytes + 242, 0, 2);
    if (page == ACQ_PAGE_statics) memset(bytes + 398, 0, 2), memset(bytes + 590, 0, 2), memset(bytes + 670, 0, 2);
}

static void page_round_trip(void **state)
{
    uint64_t random = 11;
    uint8_t page[700], back[700];
    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        for (enum acq_page p = ACQ_PAGE_physics; p < ACQ_PAGES; p++) {
            random_page(&random, p, page);
            blank(p, page);
            memset(back, 0, sizeof back);
            acq_frame_clear(&f);
            acq_frame_from_page(&f, p, page, page_sizes[p]);
            acq_frame_to_page(&f, p, back, page_sizes[p]);
            assert_memory_equal(page, back, page_sizes[p]);
        }
}

/* the frame survives its bytes: what the game has in its pages, a reader gets as the same pages */
static void page_through_bytes(void **state)
{
    uint64_t random = 12;
    uint8_t page[ACQ_PAGES][700], back[ACQ_PAGES][700] = {{0}}, bytes[ACQ_FRAME_MAX];
    static struct acq_frame g;
    (void)state;
    acq_frame_clear(&f);
    f.has[ACQ_head_seq] = true;
    for (enum acq_page p = ACQ_PAGE_physics; p < ACQ_PAGES; p++) {
        random_page(&random, p, page[p]);
        blank(p, page[p]);
        acq_frame_from_page(&f, p, page[p], page_sizes[p]);
    }
    assert_int_equal(acq_decode(&g, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    for (enum acq_page p = ACQ_PAGE_physics; p < ACQ_PAGES; p++) {
        acq_frame_to_page(&g, p, back[p], page_sizes[p]);
        assert_memory_equal(page[p], back[p], page_sizes[p]);
    }
}

static void conversions(void **state)
{
    struct acq_page_physics p = {.gear = 0, .rpms = -786, .clutch = 1, .performance_meter = -0.25f};
    struct acq_page_graphics g = {.i_current_time = 61234, .i_last_time = 0, .i_best_time = INT32_MAX};
    int32_t times[3];
    (void)state;
    acq_frame_clear(&f);
    acq_frame_from_page(&f, ACQ_PAGE_physics, &p, sizeof p);
    assert_int_equal(f.physics.gear, -1);
    assert_true(f.physics.engine_rpm == -786 && f.physics.clutch == 0 && f.graphics.delta_lap_s == -0.25f);
    p.gear = INT32_MIN;
    acq_frame_from_page(&f, ACQ_PAGE_physics, &p, sizeof p);
    assert_int_equal(f.physics.gear, INT32_MAX);
    acq_frame_from_page(&f, ACQ_PAGE_graphics, &g, sizeof g);
    assert_true(fabsf(f.graphics.i_current_time_s - 61.234f) < 1e-5f && f.graphics.i_last_time_s == 0);
    assert_int_equal(f.graphics.current_time_ms, 61234);
    assert_false(f.has[ACQ_graphics_lap_time_s]); /* no such field in any page */

    /* without the raw times, the seconds alone give them back; what is no number does no harm */
    f.has[ACQ_graphics_current_time_ms] = f.has[ACQ_graphics_last_time_ms] = f.has[ACQ_graphics_best_time_ms] = false;
    f.graphics.i_last_time_s = NAN;
    f.graphics.i_best_time_s = INFINITY;
    acq_frame_to_page(&f, ACQ_PAGE_graphics, &g, sizeof g);
    memcpy(times, &g.i_current_time, sizeof times);
    assert_int_equal(times[0], 61234);
    assert_int_equal(times[1], 0);
    assert_int_equal(times[2], INT32_MAX);
    f.graphics.i_best_time_s = -1e30f;
    acq_frame_to_page(&f, ACQ_PAGE_graphics, &g, sizeof g);
    memcpy(times, &g.i_current_time, sizeof times);
    assert_int_equal(times[2], INT32_MIN);
}

/* an older game has shorter pages: what lies beyond is absent, and nothing beyond is read or written */
static void short_pages(void **state)
{
    uint64_t random = 13;
    (void)state;
    for (enum acq_page p = ACQ_PAGE_physics; p < ACQ_PAGES; p++)
        for (size_t size = 0; size <= page_sizes[p]; size++) {
            uint8_t *page = malloc(size ? size : 1), full[700], back[700];
            random_page(&random, p, full);
            blank(p, full);
            if (size) memcpy(page, full, size);
            acq_frame_clear(&f);
            memset(f.has + ACQ_physics, true, ACQ_stat - ACQ_physics);
            acq_frame_from_page(&f, p, page, size);
            for (unsigned id = 0; id < ACQ_IDS; id++) {
                const struct acq_channel *c = &acq_channels[id];
                if (c->page == p) assert_int_equal(f.has[id], c->page_offset + size_in_page(c) <= size);
            }
            memset(back, 0x5a, sizeof back);
            acq_frame_to_page(&f, p, back, size);
            for (size_t i = size; i < sizeof back; i++) assert_int_equal(back[i], 0x5a);
            acq_frame_to_page(&f, p, page, size);
            free(page);
        }
}

static void groups_are_marked(void **state)
{
    uint8_t page[700] = {0};
    (void)state;
    acq_frame_clear(&f);
    acq_frame_from_page(&f, ACQ_PAGE_statics, page, 40);
    assert_true(f.has[ACQ_stat] && !f.has[ACQ_physics] && !f.has[ACQ_graphics]);
    acq_frame_clear(&f);
    acq_frame_from_page(&f, ACQ_PAGE_physics, page, 0);
    assert_false(f.has[ACQ_physics] || f.has[ACQ_graphics]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_match_pages), cmocka_unit_test(pages_are_covered),
        cmocka_unit_test(rows_are_sane),    cmocka_unit_test(original_tags),
        cmocka_unit_test(columns),          cmocka_unit_test(page_round_trip),
        cmocka_unit_test(conversions),      cmocka_unit_test(page_through_bytes),
        cmocka_unit_test(short_pages),      cmocka_unit_test(groups_are_marked),
    };
    return cmocka_run_group_tests_name("channels", tests, NULL, NULL);
}
