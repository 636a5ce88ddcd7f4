/* Laps of made-up samples: the fields of a lap's end in every order and at every rate, fields left out, and noise. */
#include "help.h"

#include "lap/lap.h"

#include <math.h>

#define LENGTH 3000.0 /* m */
#define STEP 0.003

static const struct acq_lap_rules rules = {LENGTH, 3, ACQ_LAP_WHEELS};

/* A car that drives round and round, as pictures show it: every `picture` steps, each field with a delay of its own. */
struct car {
    double speed, at;    /* m/s; m since its first line */
    double t, lap_t;     /* s; when the lap's clock was 0 */
    double picture, due; /* s */
    int32_t laps, last, best;
    int lag[3]; /* pictures: clock, count, last and best time */
    int hold[3];
    struct acq_lap_sample shown;
};

static void picture(struct car *car)
{
    struct acq_lap_sample *a = &car->shown;
    bool showing[3];
    for (int i = 0; i < 3; i++) showing[i] = car->hold[i]-- <= 0;
    a->pos = (float)(car->at / LENGTH);
    if (showing[0]) a->clock_ms = (int32_t)((car->t - car->lap_t) * 1000);
    if (showing[1]) a->laps = car->laps;
    if (!showing[2]) return;
    a->last_ms = car->last;
    a->best_ms = car->best;
}

static void step(struct car *car)
{
    car->t += STEP;
    car->at += car->speed * STEP;
    if (car->at >= LENGTH) {
        car->at -= LENGTH;
        double line = car->t - car->at / car->speed;
        car->last = (int32_t)lround((line - car->lap_t) * 1000);
        if (!car->best || car->last < car->best) car->best = car->last;
        car->lap_t = line;
        car->laps++;
        memcpy(car->hold, car->lag, sizeof car->hold);
    }
    if (car->t >= car->due) {
        car->due = car->t + car->picture;
        picture(car);
    }
    car->shown.t_s = car->t;
    car->shown.speed_kmh = (float)(car->speed * 3.6);
}

static void begin(struct car *car, double lap_s, double picture_s)
{
    *car = (struct car){.speed = LENGTH / lap_s, .picture = picture_s};
    acq_lap_sample_clear(&car->shown);
    car->shown.status = 2;
    car->shown.tyres_out = 0;
    car->shown.in_pit = car->shown.in_pit_lane = 0;
}

static struct acq_lap_split *new_split(void)
{
    struct acq_lap_split *split = acq_lap_split_new(&rules);
    assert_non_null(split);
    return split;
}

static void add(struct acq_lap_split *split, const struct acq_lap_sample *sample)
{
    assert_int_equal(acq_lap_split_add(split, sample), ACQ_OK);
}

/* check_laps: `n` whole laps of lap_ms, as the game says and, to `within` ms, the sample times; and the rest of one */
static void check_laps(struct acq_lap_split *split, size_t n, int32_t lap_ms, long within)
{
    size_t found;
    assert_int_equal(acq_lap_split_end(split), ACQ_OK);
    const struct acq_lap *laps = acq_lap_split_laps(split, &found);
    assert_int_equal(found, n + 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(laps[i].number, i + 1);
        assert_int_equal(laps[i].kind, ACQ_LAP_FLYING);
        assert_true(labs((long)laps[i].samples_ms - lap_ms) <= within);
        assert_true(labs((long)laps[i].time_ms - lap_ms) <= 1);
        assert_true(laps[i].from_game);
        assert_int_equal(laps[i].valid, ACQ_LAP_VALID_YES);
        assert_true(fabs(laps[i].distance_m - LENGTH) < 5);
    }
    assert_int_equal(laps[n].kind, ACQ_LAP_INCOMPLETE);
    assert_int_equal(laps[n].reasons, ACQ_LAP_NO_END);
}

static void any_order(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct acq_lap_split *split = new_split();
        struct car car;
        double lap_s = 20 + (double)random_below(&random, 4000) / 1000;
        begin(&car, lap_s, 0.004 + (double)random_below(&random, 20) / 1000);
        for (int i = 0; i < 3; i++) car.lag[i] = (int)random_below(&random, round % 2 ? 3 : 40);
        size_t every = round % 3 ? 1 : 1 + random_below(&random, 12), laps = 3; /* of so many steps one is sampled */
        for (size_t n = 0; car.t < lap_s * (double)laps + 5; n++) {
            step(&car);
            if (n % every == 0) add(split, &car.shown);
        }
        check_laps(split, laps, (int32_t)lround(lap_s * 1000), every == 1 ? 3 : 3 * (long)every);
        acq_lap_split_free(split);
    }
}

/* leave_out: what remains is enough */
static void leave_out(struct acq_lap_sample *a, int which)
{
    a->last_ms = a->best_ms = ACQ_LAP_ABSENT;
    if (which != 0) a->laps = ACQ_LAP_ABSENT;
    if (which != 1) a->pos = (float)NAN;
    if (which != 0 && which != 2) a->clock_ms = ACQ_LAP_ABSENT;
}

static void one_field_alone(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) { /* count and clock; position; clock */
        struct acq_lap_split *split = new_split();
        struct car car;
        begin(&car, 21.5, 0.012);
        car.at = LENGTH - 1; /* just before the line, and moving: with the position alone the first line is no end */
        car.lap_t = -21.5 + 1 / car.speed;
        while (car.t < 3 * 21.5 + 6) {
            step(&car);
            struct acq_lap_sample a = car.shown;
            leave_out(&a, which);
            if (a.t_s > 0.1) add(split, &a);
        }
        if (which == 1) { /* what came before the line is a part of nothing that has a time */
            size_t n;
            assert_int_equal(acq_lap_split_end(split), ACQ_OK);
            const struct acq_lap *laps = acq_lap_split_laps(split, &n);
            assert_true(n >= 4);
            for (size_t i = n - 4; i < n - 1; i++) assert_true(labs((long)laps[i].samples_ms - 21500) <= 3 || i == 0);
        } else {
            size_t n;
            assert_int_equal(acq_lap_split_end(split), ACQ_OK);
            const struct acq_lap *laps = acq_lap_split_laps(split, &n);
            assert_int_equal(n, 4);
            for (size_t i = 0; i < 3; i++) {
                assert_int_equal(laps[i].kind, ACQ_LAP_FLYING);
                assert_true(labs((long)laps[i].time_ms - 21500) <= 3);
                assert_false(laps[i].from_game);
            }
        }
        acq_lap_split_free(split);
    }
}

/* random_sample: any value in any field, sometimes a likely one */
static void random_sample(uint64_t *random, struct acq_lap_sample *a, double *t)
{
    static const float floats[] = {0, 0.5f, 0.999f, 0.001f, 1, -1, 1e30f, 300};
    int32_t *ints = &a->status;
    float *reals = &a->pos;
    size_t all = (size_t)((char *)(a + 1) - (char *)reals) / sizeof *reals;
    for (size_t i = 0; i < 12; i++)
        if (random_below(random, 8) == 0)
            ints[i] = random_below(random, 3) ? (int32_t)random_below(random, 5) : (int32_t)random_number(random);
    for (size_t i = 0; i < all; i++)
        if (random_below(random, 8) == 0)
            reals[i] = random_below(random, 9) ? floats[random_below(random, 8)] : (float)NAN;
    if (random_below(random, 2)) a->status = 2;
    *t += (double)random_below(random, 1000) / 1000;
    if (random_below(random, 500) == 0) *t -= 100;
    a->t_s = random_below(random, 100) ? *t : (double)INFINITY;
}

static void noise(void **state)
{
    uint64_t random = 7;
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct acq_lap_split *split = new_split();
        struct acq_lap_sample a;
        struct acq_lap_best best;
        double t = 0;
        size_t n;
        uint64_t rows = 0;
        acq_lap_sample_clear(&a);
        for (int i = 0; i < 5000; i++) {
            random_sample(&random, &a, &t);
            add(split, &a);
            if (random_below(&random, 1000) == 0) assert_int_equal(acq_lap_split_break(split), ACQ_OK);
        }
        assert_int_equal(acq_lap_split_end(split), ACQ_OK);
        const struct acq_lap *laps = acq_lap_split_laps(split, &n);
        acq_lap_find_best(&best, laps, n);
        for (size_t i = 0; i < n; i++) {
            char why[64];
            acq_lap_why(&laps[i], why, sizeof why);
            assert_true(strlen(why) < sizeof why);
            assert_true(laps[i].kind < ACQ_LAP_KINDS && laps[i].time_ms >= 0 && laps[i].sectors <= ACQ_LAP_SECTORS);
            assert_true(laps[i].first_row >= rows && laps[i].rows > 0);
            rows = laps[i].first_row + laps[i].rows;
        }
        assert_true(rows <= 5000);
        acq_lap_split_free(split);
    }
}

static void nothing(void **state)
{
    struct acq_lap_split *split = new_split();
    struct acq_lap_sample a;
    size_t n;
    (void)state;
    acq_lap_sample_clear(&a);
    add(split, &a); /* without a time it says nothing */
    assert_int_equal(acq_lap_split_late(split), 1);
    assert_int_equal(acq_lap_split_end(split), ACQ_OK);
    acq_lap_split_laps(split, &n);
    assert_int_equal(n, 0);
    a.t_s = 1;
    a.status = 0; /* the game's menu */
    add(split, &a);
    assert_int_equal(acq_lap_split_end(split), ACQ_OK);
    acq_lap_split_laps(split, &n);
    assert_int_equal(n, 0);
    acq_lap_split_free(split);
    acq_lap_split_free(NULL);
}

static void best_of(void **state)
{
    struct acq_lap laps[4] = {
        {.number = 1,
         .kind = ACQ_LAP_OUT,
         .valid = ACQ_LAP_VALID_YES,
         .time_ms = 50,
         .sectors = 2,
         .sector_ms = {1, 49}},
        {.number = 2, .kind = ACQ_LAP_FLYING, .time_ms = 60, .sectors = 2, .sector_ms = {2, 58}},
        {.number = 3, .valid = ACQ_LAP_VALID_YES, .time_ms = 101, .sectors = 2, .sector_ms = {41, 60}},
        {.number = 4, .valid = ACQ_LAP_VALID_UNKNOWN, .time_ms = 102, .sectors = 2, .sector_ms = {40, 62}}};
    struct acq_lap_best best;
    (void)state;
    acq_lap_find_best(&best, laps, 4); /* lap 1 is none that counts, lap 2 is not valid */
    assert_ptr_equal(best.lap, &laps[2]);
    assert_int_equal(best.theoretical_ms, 100);
    assert_ptr_equal(best.sector[0], &laps[3]);
    acq_lap_find_best(&best, laps, 2);
    assert_null(best.lap);
    assert_int_equal(best.theoretical_ms, 0);
    for (uint32_t bit = 1; bit <= ACQ_LAP_PAUSED; bit <<= 1) assert_non_null(acq_lap_reason_name(bit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_order), cmocka_unit_test(one_field_alone),
                                       cmocka_unit_test(noise), cmocka_unit_test(nothing), cmocka_unit_test(best_of)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
