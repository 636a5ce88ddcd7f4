/* Plausible values: the fast count agrees with the check that names each value. */
#include "help.h"

#include "record/values.h"

#include <math.h>

static struct acq_frame f;

static void count_one(void *user, unsigned kind, double value)
{
    (void)value;
    assert_true(kind < ACQ_VALUES_KINDS);
    ++*(unsigned *)user;
}

static unsigned checked(void)
{
    unsigned count = 0;
    acq_values_check(&f, count_one, &count);
    assert_int_equal(acq_values_odd(&f), count);
    return count;
}

/* sound: a full frame with nothing odd */
static void sound(void)
{
    acq_frame_clear(&f);
    for (unsigned id = 0; id < ACQ_IDS; id++) f.has[id] = true;
    f.graphics.session_time_left = INFINITY;
}

static void random_frames(void **state)
{
    uint64_t random = 5, odd = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        random_frame(&random, &f, (unsigned)(i % 17));
        odd += checked();
    }
    assert_true(odd > 20000);
}

/* each float of each channel, one at a time, there and not there */
static void each_float(void **state)
{
    static const uint32_t odd[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffffffff, 0x7f800001};
    (void)state;
    sound();
    assert_int_equal(checked(), 0);
    for (unsigned id = ACQ_physics; id < ACQ_stat; id++) {
        const struct acq_channel *c = &acq_channels[id];
        unsigned n = c->type == ACQ_TYPE_FLOATS ? c->n : c->type == ACQ_TYPE_F32;
        for (unsigned k = 0; k < 5 * n; k++) {
            sound();
            memcpy(value_at(&f, id) + 4 * (k / 5), &odd[k % 5], 4);
            if (id == ACQ_graphics_session_time_left)
                assert_int_equal(checked(), 0);
            else
                assert_true(checked() >= 1);
            f.has[id] = false;
            assert_int_equal(checked(), 0);
        }
    }
}

/* values at both ends of each range, and just beyond */
static void each_range(void **state)
{
    unsigned odd = 0;
    (void)state;
    for (unsigned id = ACQ_physics; id < ACQ_stat; id++) {
        const struct acq_channel *c = &acq_channels[id];
        static const int32_t numbers[] = {-60,  -5001, -2,   -1,    0,        1,         3,        4,        5,
                                          12,   13,    80,   100,   120,      600,       1000,     30000,    100000,
                                          1001, 601,   5000, 30001, 86399999, 86400000,  100001,   86400001, 1 << 30,
                                          -61,  -62,   -63,  81,    121,      INT32_MAX, INT32_MIN};
        for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            sound();
            float x = (float)numbers[i] + (i % 2 ? 0.009F : -0.009F);
            if (c->type == ACQ_TYPE_I32)
                memcpy(value_at(&f, id), &numbers[i], 4);
            else if (c->type == ACQ_TYPE_F32)
                memcpy(value_at(&f, id), &x, 4);
            odd += checked();
        }
    }
    assert_true(odd > 100);
}

/* integers and texts that have the bits of a float that is none */
static void other_types(void **state)
{
    (void)state;
    sound();
    f.physics.packet_id = f.physics.engine_brake = f.graphics.flag = -1;
    memset(f.graphics.tyre_compound, 0xff, sizeof f.graphics.tyre_compound - 1);
    memset(f.graphics.split, 0x7f, sizeof f.graphics.split - 1);
    memset(&f.stat, 0xff, sizeof f.stat);
    assert_int_equal(checked(), 0);
}

static void texts(void **state)
{
    char text[128];
    (void)state;
    acq_values_text(text, ACQ_physics_gas);
    assert_string_equal(text, "gas is no finite number");
    acq_values_text(text, ACQ_IDS + 4);
    assert_string_equal(text, "gear is outside -1 to 12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_frames), cmocka_unit_test(each_float), cmocka_unit_test(each_range),
        cmocka_unit_test(other_types),   cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
