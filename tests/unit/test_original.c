/* Frames of the original project: written here as its bridge did it, with its structs laid over the game's pages, so
 * that what should come back is what stands in the pages. */
#include "help.h"

#include "frame/original.h"

#include <math.h>

enum { PHYSICS = 580, GRAPHICS = 296, STATIC = 684 };

/* The structs of the original project. */
#pragma pack(push, 4)
struct original_physics {
    int32_t packet_id;
    float gas, brake, fuel;
    int32_t gear, rpms;
    float steer_angle, speed_kmh;
    float acc_g[3], velocity[3], angular_velocity[3];
    float tyre_slip[4], tyre_load[4], tyre_core_temp[4], suspension_travel[4];
};
struct original_graphics {
    int32_t packet_id, status, completed_laps, position;
    float i_current_time, i_last_time, i_best_time, lap_time, delta_lap_time, normalized_car_position;
};
struct original_static {
    char sm_version[15], ac_version[15], car_model[33], track[33], track_configuration[33];
    int32_t max_rpm;
};
#pragma pack(pop)

/* The game's three pages. */
struct pages {
    uint8_t physics[PHYSICS], graphics[GRAPHICS], statics[STATIC];
};

static void put_float(uint8_t *page, size_t offset, float x)
{
    memcpy(page + offset, &x, sizeof x);
}

static void put_int(uint8_t *page, size_t offset, int32_t x)
{
    memcpy(page + offset, &x, sizeof x);
}

static void put_text(uint8_t *page, size_t offset, size_t units, const char *text)
{
    acq_text_to_utf16(page + offset, units, text);
}

/* make_pages: a car at `kmh` in a left turn; every value of the physics page is another */
static void make_pages(struct pages *p, float kmh, const char *clock)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 4; i < PHYSICS; i += 4) put_float(p->physics, i, 10 + (float)i / 128);
    put_int(p->physics, 0, 4711);
    put_int(p->physics, 16, 4);  /* third gear */
    put_int(p->physics, 20, -7); /* rpm */
    put_float(p->physics, 24, -0.37f);
    put_float(p->physics, 28, kmh);
    put_float(p->physics, 32, kmh / 3.6f * 0.6f);
    put_float(p->physics, 36, 0);
    put_float(p->physics, 40, kmh / 3.6f * 0.8f);
    for (size_t i = 0; i < 3; i++) put_float(p->physics, 44 + 4 * i, 1.25f - (float)i);
    put_int(p->graphics, 4, 2);
    put_int(p->graphics, 8, 3); /* hotlap */
    put_text(p->graphics, 12, 15, clock);
    put_text(p->graphics, 42, 15, "1:59:999");
    put_int(p->graphics, 132, 5);
    put_text(p->statics, 0, 15, "1.7");
    put_text(p->statics, 30, 15, "1.16.4");
    put_int(p->statics, 60, 1);
    put_int(p->statics, 64, 12);
    put_text(p->statics, 68, 33, "rss_formula_hybrid_2023");
    put_text(p->statics, 134, 33, "ks_nurburgring");
    put_int(p->statics, 412, 13000);
    put_text(p->statics, 524, 33, "layout_gp_a");
}

static void set_f32(struct acq_frame *f, enum acq_id id, float x)
{
    memcpy((char *)f + acq_channels[id].offset, &x, sizeof x);
    f->has[id] = true;
}

static void set_i32(struct acq_frame *f, enum acq_id id, int32_t x)
{
    memcpy((char *)f + acq_channels[id].offset, &x, sizeof x);
    f->has[id] = true;
}

static void set_floats(struct acq_frame *f, enum acq_id id, const float *x)
{
    memcpy((char *)f + acq_channels[id].offset, x, 4u * acq_channels[id].n);
    f->has[id] = true;
}

static void set_text(struct acq_frame *f, enum acq_id id, const char *text)
{
    if (*text) acq_frame_set_text(f, id, text);
}

static void write_physics(struct acq_frame *f, const struct original_physics *p)
{
    f->has[ACQ_physics] = true;
    set_f32(f, ACQ_physics_speed_kmh, p->speed_kmh);
    set_f32(f, ACQ_physics_gas, p->gas);
    set_f32(f, ACQ_physics_brake, p->brake);
    set_f32(f, ACQ_physics_clutch, 0);
    set_i32(f, ACQ_physics_gear, p->gear);
    set_f32(f, ACQ_physics_steer, p->steer_angle / 180.0f);
    set_f32(f, ACQ_physics_engine_rpm, (float)p->rpms);
    set_floats(f, ACQ_physics_tyre_slip, p->tyre_slip);
    set_floats(f, ACQ_physics_tyre_load, p->tyre_load);
    set_floats(f, ACQ_physics_tyre_temp_c, p->tyre_core_temp);
    set_floats(f, ACQ_physics_suspension_travel, p->suspension_travel);
    set_floats(f, ACQ_physics_acc_g, p->acc_g);
    set_floats(f, ACQ_physics_velocity, p->velocity);
    set_floats(f, ACQ_physics_angular_velocity, p->angular_velocity);
}

static void write_graphics(struct acq_frame *f, const struct original_graphics *g)
{
    f->has[ACQ_graphics] = true;
    set_i32(f, ACQ_graphics_status, g->status);
    set_i32(f, ACQ_graphics_completed_laps, g->completed_laps);
    set_i32(f, ACQ_graphics_position, g->position);
    set_f32(f, ACQ_graphics_i_current_time_s, g->i_current_time);
    set_f32(f, ACQ_graphics_i_last_time_s, g->i_last_time);
    set_f32(f, ACQ_graphics_i_best_time_s, g->i_best_time);
    set_f32(f, ACQ_graphics_lap_time_s, g->lap_time);
    set_f32(f, ACQ_graphics_delta_lap_s, g->delta_lap_time);
    set_f32(f, ACQ_graphics_normalized_car_pos, g->normalized_car_position);
}

/* original_frame: the frame that the original's bridge makes of the pages, through the bytes of a message */
static struct acq_frame original_frame(const struct pages *pages)
{
    struct original_physics p;
    struct original_graphics g;
    struct original_static s;
    struct acq_frame f, decoded;
    uint8_t bytes[ACQ_FRAME_MAX];
    assert_int_equal(sizeof p, 132);
    assert_int_equal(sizeof g, 40);
    assert_int_equal(sizeof s, 136);
    memcpy(&p, pages->physics, sizeof p);
    memcpy(&g, pages->graphics, sizeof g);
    memcpy(&s, pages->statics, sizeof s);
    acq_frame_clear(&f);
    f.head.monotonic_ns = 1000;
    f.has[ACQ_head_monotonic_ns] = true;
    set_text(&f, ACQ_head_game, "assetto_corsa");
    set_text(&f, ACQ_head_session_id, "6f1c");
    write_physics(&f, &p);
    write_graphics(&f, &g);
    f.has[ACQ_stat] = true;
    set_text(&f, ACQ_stat_car_model, s.car_model);
    set_text(&f, ACQ_stat_track, s.track);
    set_text(&f, ACQ_stat_track_configuration, s.track_configuration);
    set_i32(&f, ACQ_stat_max_rpm, s.max_rpm);
    size_t n = acq_encode(&f, bytes, NULL);
    assert_int_equal(acq_decode(&decoded, bytes, n), ACQ_OK);
    return decoded;
}

/* right_frame: what the pages really say, as our bridge reads them */
static struct acq_frame right_frame(const struct pages *pages)
{
    struct acq_frame f;
    acq_frame_clear(&f);
    acq_frame_from_page(&f, ACQ_PAGE_physics, pages->physics, PHYSICS);
    acq_frame_from_page(&f, ACQ_PAGE_graphics, pages->graphics, GRAPHICS);
    acq_frame_from_page(&f, ACQ_PAGE_statics, pages->statics, STATIC);
    /* the clock is put back from the text */
    f.graphics.current_time_ms = 83456;
    f.graphics.i_current_time_s = 83.456f;
    return f;
}

/* right_original: a frame with the original's channels alone, and right values, as a mended bridge would write it */
static struct acq_frame right_original(const struct pages *pages)
{
    struct acq_frame f = right_frame(pages);
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (acq_channels[id].type != ACQ_TYPE_GROUP &&
            (acq_channels[id].tag >= 16 || acq_channels[id].group == ACQ_IN_capture))
            f.has[id] = false;
    f.has[ACQ_capture] = false;
    return f;
}

/* What comes back; all else is absent. */
static const enum acq_id restored[] = {ACQ_physics_speed_kmh,
                                       ACQ_physics_gas,
                                       ACQ_physics_brake,
                                       ACQ_physics_gear,
                                       ACQ_physics_steer,
                                       ACQ_physics_engine_rpm,
                                       ACQ_physics_tyre_slip,
                                       ACQ_physics_tyre_load,
                                       ACQ_physics_acc_g,
                                       ACQ_physics_velocity,
                                       ACQ_physics_tyre_pressure,
                                       ACQ_physics_wheel_angular_speed,
                                       ACQ_physics_tyre_wear,
                                       ACQ_graphics_status,
                                       ACQ_graphics_session_type,
                                       ACQ_graphics_current_time_ms,
                                       ACQ_graphics_i_current_time_s};

static bool comes_back(unsigned id)
{
    for (size_t i = 0; i < sizeof restored / sizeof *restored; i++)
        if (restored[i] == id) return true;
    return id < ACQ_physics && id != ACQ_head; /* time, game, session */
}

static void test_restore(void **state)
{
    struct pages pages;
    (void)state;
    make_pages(&pages, 187.5f, "1:23:456");
    struct acq_frame f = original_frame(&pages), right = right_frame(&pages);
    assert_true(f.physics.acc_g[0] == right.physics.velocity[0]); /* it is shifted */
    assert_string_equal(f.stat.car_model, "1");
    assert_string_equal(f.stat.track_configuration, "b"); /* the 15th letter of the car */
    acq_frame_restore(&f);
    assert_false(f.has[ACQ_stat]);
    assert_true(f.has[ACQ_head_session_id]);
    for (unsigned id = ACQ_physics; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP) continue;
        if (f.has[id] != comes_back(id)) fail_msg("%s", c->name);
        if (!f.has[id]) continue;
        size_t size = id == ACQ_physics_tyre_wear ? 12 : value_size(id);
        if (memcmp(value_at(&f, id), value_at(&right, id), size) != 0) fail_msg("%s is not the page's", c->name);
    }
    assert_true(isnan(f.physics.tyre_wear[3]));
    assert_int_equal(f.physics.gear, 3);
    assert_int_equal(f.graphics.session_type, 3);
}

/* Whatever the bits, what is only moved comes back with them; steer within half of its last bit but one. */
static void test_restore_bits(void **state)
{
    uint64_t random = 7;
    struct pages pages;
    (void)state;
    for (int k = 0; k < 20000; k++) {
        make_pages(&pages, 100, "0:00:000");
        random_bytes(&random, pages.physics + 32, 100);
        float steer = (float)random_below(&random, 2000001) / 1e6f - 1;
        put_float(pages.physics, 24, steer);
        struct acq_frame f = original_frame(&pages), right = right_frame(&pages);
        acq_frame_restore(&f);
        for (size_t i = 0; i < sizeof restored / sizeof *restored; i++) {
            enum acq_id id = restored[i];
            if (id < ACQ_physics_tyre_slip || id >= ACQ_graphics) continue;
            size_t size = id == ACQ_physics_tyre_wear ? 12 : value_size(id);
            assert_memory_equal(value_at(&f, id), value_at(&right, id), size);
        }
        assert_true(fabsf(f.physics.steer - steer) <= ldexpf(fabsf(steer), -23));
    }
}

static void check_clock(const char *text, int32_t expected)
{
    struct pages pages;
    make_pages(&pages, 100, text);
    struct acq_frame f = original_frame(&pages);
    acq_frame_restore(&f);
    if (f.has[ACQ_graphics_current_time_ms] != (expected >= 0)) fail_msg("'%s'", text);
    assert_int_equal(f.has[ACQ_graphics_i_current_time_s], expected >= 0);
    if (expected < 0) return;
    assert_int_equal(f.graphics.current_time_ms, expected);
    assert_true(f.graphics.i_current_time_s == (float)((double)expected / 1000));
}

static void test_clock(void **state)
{
    (void)state;
    check_clock("0:00:000", 0);
    check_clock("0:11:370", 11370);
    check_clock("1:23:456", 83456);
    check_clock("59:59:999", 3599999);
    check_clock("123:00:001", 7380001);
    check_clock("9999:59:999", 599999999);
    const char *const none[] = {
        "-:--:---", "",         "1:60:000",  "1:23:45",      "1:23:4567",      "1:23.456",
        ":23:456",  "1:2a:456", "1:23:456 ", "99999:00:000", "1:23:456789012", "aaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) check_clock(none[i], -1);
}

static void test_recognise(void **state)
{
    struct pages pages;
    (void)state;
    make_pages(&pages, 187.5f, "1:23:456");
    struct acq_frame f = original_frame(&pages);
    assert_int_equal(acq_frame_original(&f), 1);
    f.has[ACQ_stat_max_rpm] = false; /* without the static page: by the velocity */
    assert_int_equal(acq_frame_original(&f), 1);

    struct acq_frame right = right_frame(&pages);
    assert_int_equal(acq_frame_original(&right), 0);
    right = right_original(&pages);
    assert_int_equal(acq_frame_original(&right), 0);
    right.has[ACQ_head_seq] = true;
    right.head.seq = 1;
    assert_int_equal(acq_frame_original(&right), 0);
    right = right_original(&pages);
    right.has[ACQ_capture] = true;
    assert_int_equal(acq_frame_original(&right), 0);
    f.has[ACQ_head_seq] = true; /* as a server numbers such frames */
    assert_int_equal(acq_frame_original(&f), 1);
    f.has[ACQ_head_utc_ns] = true; /* shifted it may look, but no bridge of theirs says the time */
    assert_int_equal(acq_frame_original(&f), 0);
}

/* At a standstill only the static page tells; frames that neither fit cannot tell. */
static void test_cannot_tell(void **state)
{
    struct pages pages;
    (void)state;
    make_pages(&pages, 0, "0:00:000");
    struct acq_frame f = original_frame(&pages), right = right_original(&pages);
    assert_int_equal(acq_frame_original(&f), 1); /* a highest engine speed of 7 million is the letter k */
    assert_int_equal(acq_frame_original(&right), -1);
    f.has[ACQ_stat_max_rpm] = false;
    assert_int_equal(acq_frame_original(&f), -1);
    memset(pages.statics, 0, STATIC); /* not filled yet by the game */
    f = original_frame(&pages);
    assert_int_equal(acq_frame_original(&f), -1);

    acq_frame_clear(&f); /* a frame of little */
    assert_int_equal(acq_frame_original(&f), -1);
    f.has[ACQ_physics] = f.has[ACQ_physics_speed_kmh] = true;
    f.physics.speed_kmh = 100;
    assert_int_equal(acq_frame_original(&f), -1);
    f.has[ACQ_physics_velocity] = f.has[ACQ_physics_acc_g] = true; /* neither is the speed */
    memset(f.physics.velocity, 0, sizeof f.physics.velocity);
    memset(f.physics.acc_g, 0, sizeof f.physics.acc_g);
    assert_int_equal(acq_frame_original(&f), -1);
    f.physics.acc_g[2] = f.physics.velocity[0] = 100 / 3.6f; /* both are */
    assert_int_equal(acq_frame_original(&f), -1);
    f.physics.velocity[0] = NAN;
    assert_int_equal(acq_frame_original(&f), 1);
    f.physics.speed_kmh = NAN;
    assert_int_equal(acq_frame_original(&f), -1);
}

/* Frames with parts only: nothing comes of what is not there. */
static void test_parts(void **state)
{
    struct pages pages;
    struct acq_frame f;
    (void)state;
    acq_frame_clear(&f);
    acq_frame_restore(&f);
    for (unsigned id = 0; id < ACQ_IDS; id++) assert_false(f.has[id]);

    make_pages(&pages, 100, "0:01:000");
    f = original_frame(&pages);
    f.has[ACQ_physics_tyre_load] = f.has[ACQ_physics_acc_g] = false;
    acq_frame_restore(&f);
    assert_false(f.has[ACQ_physics_velocity] || f.has[ACQ_physics_tyre_load] || f.has[ACQ_physics_tyre_pressure]);
    assert_true(f.has[ACQ_physics_acc_g] && f.has[ACQ_physics_tyre_slip] && f.has[ACQ_physics_wheel_angular_speed]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_restore),     cmocka_unit_test(test_restore_bits),
                                       cmocka_unit_test(test_clock),       cmocka_unit_test(test_recognise),
                                       cmocka_unit_test(test_cannot_tell), cmocka_unit_test(test_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
