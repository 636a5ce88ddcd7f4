/* test_sampling.c - what the bridge's sampler knows of time and of half-written pages: phase, jitter, halves, picture.
 */
#include "help.h"

#include "bridge/halves.h"
#include "bridge/jitter.h"
#include "bridge/phase.h"
#include "bridge/picture.h"

#define MS INT64_C(1000000)
#define HOUR (INT64_C(3600) * 1000 * MS)

/* ---- phase ---- */

static void the_grid_is_learned(void **state)
{
    struct acq_phase phase = {0};
    (void)state;
    assert_int_equal(acq_phase_late(&phase, 7, 1000 * MS), -1); /* no grid yet */
    assert_int_equal(acq_phase_next(&phase, 7, 1000 * MS), 1000 * MS);
    acq_phase_seen(&phase, 7, 1000 * MS, true);
    assert_int_equal(acq_phase_late(&phase, 8, 1003 * MS), 0);
    assert_int_equal(acq_phase_late(&phase, 8, 1003 * MS + 250000), 250000);
    assert_int_equal(acq_phase_late(&phase, 8, 1002 * MS), 0); /* earlier is not late */
    int64_t next = acq_phase_next(&phase, 7, 1000 * MS);
    assert_in_range(next, 1003 * MS, 1003 * MS + MS / 10);
    acq_phase_seen(&phase, 8, next, false); /* was there already: look a little earlier, step by step */
    assert_true(acq_phase_next(&phase, 8, next) < next + 3 * MS);
    assert_true(acq_phase_next(&phase, 8, next) > next + 3 * MS - MS / 10);
    acq_phase_seen(&phase, 9, 1007 * MS, true); /* was waited for: it came now */
    assert_int_equal(acq_phase_late(&phase, 10, 1010 * MS), 0);
}

/* The steady clock leaps when a computer that slept goes on; some systems let it. */
static void clocks_that_leap(void **state)
{
    static const int64_t leaps[] = {HOUR, -HOUR, 60 * MS, -60 * MS};
    (void)state;
    for (size_t i = 0; i < sizeof leaps / sizeof *leaps; i++) {
        struct acq_phase phase = {0};
        acq_phase_seen(&phase, 100, 10 * HOUR, true);
        int64_t after = 10 * HOUR + 3 * MS + leaps[i];
        assert_int_equal(acq_phase_late(&phase, 101, after), -1); /* no lateness of a sample */
        acq_phase_seen(&phase, 101, after, false);
        assert_int_equal(acq_phase_late(&phase, 102, after + 3 * MS + 1000), 1000); /* the next is on a grid again */
        assert_in_range(acq_phase_next(&phase, 101, after) - after, 3 * MS, 4 * MS);
    }
}

/* Whatever comes, the next look is never in the past nor further away than two steps. */
static void next_look_is_near(void **state)
{
    static const int32_t ids[] = {INT32_MIN, -1, 0, 1, 2000000000, INT32_MAX - 1, INT32_MAX};
    uint64_t dice = 3;
    struct acq_phase phase = {0};
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int32_t id = i % 3 ? (int32_t)random_next(&dice) : ids[random_below(&dice, 7)];
        int64_t now = (int64_t)random_below(&dice, (uint64_t)(1000 * HOUR));
        assert_true(acq_phase_late(&phase, id, now) >= -1);
        acq_phase_seen(&phase, id, now, i % 2);
        int64_t next = acq_phase_next(&phase, ids[random_below(&dice, 7)], now);
        assert_in_range(next - now, 0, 6 * MS);
    }
}

/* ---- jitter ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void quantiles(void **state)
{
    enum { N = 5000 };
    static int64_t values[N];
    static const double parts[] = {0, 0.01, 0.5, 0.9, 0.99, 1};
    uint64_t dice = 11;
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct acq_jitter jitter = {0};
        assert_int_equal(acq_jitter_at(&jitter, 0.5), 0);
        for (int i = 0; i < N; i++) {
            values[i] = (int64_t)random_below(&dice, UINT64_C(1) << (1 + random_below(&dice, 39)));
            acq_jitter_add(&jitter, values[i]);
        }
        qsort(values, N, sizeof *values, by_value);
        assert_true(jitter.n == N && jitter.max_ns == (uint64_t)values[N - 1]);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            int at = (int)(parts[i] * N + 0.999999) - 1;
            int64_t right = values[at < 0 ? 0 : at], said = (int64_t)acq_jitter_at(&jitter, parts[i]);
            assert_in_range(said, right, right + right / 16 + 1);
        }
        assert_true(acq_jitter_at(&jitter, 1) == jitter.max_ns);
    }
}

static void jitter_of_any_size(void **state)
{
    static const int64_t values[] = {INT64_MIN, -1, 0, 31, 32, (INT64_C(1) << 40) - 1, INT64_C(1) << 40, INT64_MAX};
    struct acq_jitter jitter = {0};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        acq_jitter_add(&jitter, values[i]);
        uint64_t largest = values[i] > 0 ? (uint64_t)values[i] : 0;
        assert_true(jitter.max_ns == largest && acq_jitter_at(&jitter, 1) == largest);
    }
    assert_int_equal(acq_jitter_at(&jitter, 0.375), 0);
    assert_int_equal(acq_jitter_at(&jitter, 0.5), 31);
}

/* ---- halves ---- */

enum { SIZE = sizeof(struct acq_page_physics), WORDS = SIZE / 4, LEARNED = 150 };

/* moving: a page of a car that drives, the step's number in each field */
static void moving(uint32_t *page, uint32_t step)
{
    for (size_t i = 0; i < WORDS; i++) page[i] = step * 1000 + (uint32_t)i;
}

/* mix: the first `split` words of step a, the rest of step b, and a packetId */
static void mix(uint32_t *page, uint32_t a, uint32_t b, size_t split, uint32_t id)
{
    uint32_t rest[WORDS];
    moving(page, a);
    moving(rest, b);
    memcpy(page + split, rest + split, (WORDS - split) * sizeof *page);
    page[0] = id;
}

static void learn_steps(struct acq_halves *halves, uint32_t from, uint32_t to)
{
    uint32_t page[WORDS];
    for (; from <= to; from++) {
        moving(page, from);
        acq_halves_learn(halves, page, SIZE);
    }
}

static void every_split_is_told(void **state)
{
    uint32_t page[WORDS];
    struct acq_halves halves = {0};
    (void)state;
    learn_steps(&halves, 1, LEARNED);
    moving(page, LEARNED + 1);
    assert_int_equal(acq_halves_judge(&halves, page, SIZE), ACQ_WHOLE);
    for (size_t split = 1; split < WORDS; split++) { /* a step, of which the rest is still the one before */
        mix(page, LEARNED + 1, LEARNED, split, LEARNED + 1);
        assert_int_equal(acq_halves_judge(&halves, page, SIZE), split == 1          ? ACQ_HALF_MAYBE
                                                                : split > WORDS - 3 ? ACQ_WHOLE
                                                                                    : ACQ_HALF_DONE);
    }
    for (size_t split = 12; split < WORDS; split++) { /* the step before was taken with the beginning of this one */
        struct acq_halves learned = halves;
        mix(page, LEARNED + 1, LEARNED, split, LEARNED);
        learned.before[WORDS - 1] -= 1000; /* as behind the one before that */
        acq_halves_learn(&learned, page, SIZE);
        moving(page, LEARNED + 1);
        assert_int_equal(acq_halves_judge(&learned, page, SIZE), ACQ_HALF_BEFORE);
    }
}

/* Pedals, steering and engine speed stop and go on as they like; that is no half page. */
static void what_the_driver_does(void **state)
{
    uint32_t page[WORDS];
    struct acq_halves halves = {0};
    (void)state;
    learn_steps(&halves, 1, LEARNED);
    for (size_t still = 1; still < 8; still++) {
        moving(page, LEARNED + 1);
        for (size_t i = 1; i <= still; i++) page[i] = halves.before[i];
        assert_int_equal(acq_halves_judge(&halves, page, SIZE), ACQ_WHOLE);
    }
    moving(page, LEARNED + 1);
    for (size_t i = 20; i < 100; i++) page[i] = halves.before[i];
    assert_int_equal(acq_halves_judge(&halves, page, SIZE), ACQ_WHOLE);
}

/* Fields that have stopped are no sign any more after a few pages, and nothing is said where little moves. */
static void what_stops_is_forgotten(void **state)
{
    uint32_t page[WORDS], last[WORDS];
    struct acq_halves halves = {0};
    unsigned alarms = 0;
    (void)state;
    moving(page, 1);
    assert_int_equal(acq_halves_judge(&halves, page, SIZE), ACQ_WHOLE); /* nothing learned */
    learn_steps(&halves, 1, LEARNED);
    moving(last, LEARNED);
    for (uint32_t step = LEARNED + 1; step < 300; step++) { /* the local velocity has stopped, all else moves */
        moving(page, step);
        memcpy(page + WORDS - 3, last + WORDS - 3, 3 * sizeof *page);
        alarms += acq_halves_judge(&halves, page, SIZE) != ACQ_WHOLE;
        acq_halves_learn(&halves, page, SIZE);
    }
    assert_in_range(alarms, 1, 4);
    for (uint32_t step = 300; step < 400; step++) { /* only packetId moves */
        page[0] = step;
        alarms += acq_halves_judge(&halves, page, SIZE) != ACQ_WHOLE;
        acq_halves_learn(&halves, page, SIZE);
    }
    assert_in_range(alarms, 2, 8);
}

/* ---- picture ---- */

static void picture(struct acq_page_graphics *g, int32_t id)
{
    memset(g, 0, sizeof *g);
    for (size_t i = 8; i < sizeof *g / 4; i++) memcpy((uint8_t *)g + 4 * i, &(int32_t){id * 1000 + (int32_t)i}, 4);
    g->packet_id = id;
    g->status = 2;
}

static void half_pictures(void **state)
{
    struct acq_picture p = {0};
    struct acq_page_graphics g, next;
    int64_t t = HOUR;
    (void)state;
    for (int32_t id = 1; id <= LEARNED; id++, t += 12 * MS) {
        picture(&g, id);
        acq_picture_take(&p, &g, sizeof g, t);
        assert_int_equal(g.packet_id, id);
    }
    picture(&g, LEARNED);
    picture(&next, LEARNED + 1);
    memcpy((uint8_t *)&g + 4, (uint8_t *)&next + 4, 200); /* the id comes last */
    acq_picture_take(&p, &g, sizeof g, t);
    picture(&next, LEARNED);
    assert_memory_equal(&g, &next, sizeof g);
    picture(&g, LEARNED + 1);
    memcpy((uint8_t *)&g + 200, (uint8_t *)&next + 200, sizeof g - 200); /* the id comes first */
    acq_picture_take(&p, &g, sizeof g, t + MS);
    assert_memory_equal(&g, &next, sizeof g);
    picture(&g, LEARNED + 1);
    picture(&next, LEARNED + 1);
    acq_picture_take(&p, &g, sizeof g, t + 4 * MS); /* now it is whole */
    assert_memory_equal(&g, &next, sizeof g);
}

/* A status that changes alone counts at once, and a car that stops a little later. */
static void quiet_pictures(void **state)
{
    struct acq_picture p = {0};
    struct acq_page_graphics g;
    int64_t t = HOUR;
    int looks = 0;
    (void)state;
    for (int32_t id = 1; id <= LEARNED; id++, t += 3 * MS) {
        picture(&g, id);
        acq_picture_take(&p, &g, sizeof g, t);
    }
    picture(&g, LEARNED);
    g.status = 3;
    acq_picture_take(&p, &g, sizeof g, t);
    assert_int_equal(g.status, 3);
    do { /* the car stops: the end of the page is that of the picture before */
        picture(&g, LEARNED + 1);
        memcpy(g.car_coordinates, p.whole.car_coordinates,
               sizeof g - offsetof(struct acq_page_graphics, car_coordinates));
        acq_picture_take(&p, &g, sizeof g, t += 3 * MS);
        looks++;
    } while (g.packet_id != LEARNED + 1 && looks < 50);
    assert_in_range(looks, 2, 4);
    for (looks = 0; looks < 1000; looks++) { /* other content at every look under one id: never stays the same */
        picture(&g, LEARNED + 1);
        g.status = 1;
        g.i_current_time = looks;
        acq_picture_take(&p, &g, sizeof g, t += 3 * MS);
        if (g.status == 1) break;
    }
    assert_in_range(looks, 50, 200);
    acq_picture_take(&p, &g, 2, t); /* too short to be a page: left alone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grid_is_learned),  cmocka_unit_test(clocks_that_leap),
        cmocka_unit_test(next_look_is_near),    cmocka_unit_test(quantiles),
        cmocka_unit_test(jitter_of_any_size),   cmocka_unit_test(every_split_is_told),
        cmocka_unit_test(what_the_driver_does), cmocka_unit_test(what_stops_is_forgotten),
        cmocka_unit_test(half_pictures),        cmocka_unit_test(quiet_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
