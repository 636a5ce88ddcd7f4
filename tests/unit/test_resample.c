/* Rows at a fixed rate: what stands between two rows for each kind of channel, where nothing is made up, sessions, and
 * that it does not matter how the rows come in chunks. */
#include "help.h"

#include "table/resample.h"
#include "table/rows.h"

#include <math.h>

enum { MS = 1000000, COLUMNS = 12, MAX = 20000 };
#define NONE INT64_MIN

/* The columns of the tests, in this order. */
enum { T, SESSION, SEQ, PACKET, SPEED, GEAR, HEADING, POS, CLOCK, CLOCK_S, UTC, T_S };
static const char *const names[COLUMNS] = {"t_ns",
                                           "session",
                                           "seq",
                                           "physics_packet_id",
                                           "speed_kmh",
                                           "gear",
                                           "heading_rad",
                                           "normalized_car_pos",
                                           "current_time_ms",
                                           "i_current_time_s",
                                           "utc_ns",
                                           "t_s"};

/* One row. Numbers in double are exact here; NAN is NULL. */
struct row {
    int64_t t;
    const char *session;
    int64_t seq;
    double packet, speed, gear, heading, pos, clock, clock_s;
    int64_t utc;
    double t_s;
};

static struct acq_err err;
static size_t chosen[COLUMNS];
static enum acq_cell_type types[COLUMNS];

static size_t index_of(const char *name)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    acq_rows_fields(fields);
    size_t i = 0;
    while (strcmp(fields[i].name, name)) i++;
    return i;
}

static int set_up(void **state)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    (void)state;
    acq_rows_fields(fields);
    for (size_t i = 0; i < COLUMNS; i++) {
        chosen[i] = index_of(names[i]);
        types[i] = fields[chosen[i]].type;
    }
    return 0;
}

static double *number_of(struct row *row, size_t column)
{
    double *const numbers[COLUMNS] = {
        [PACKET] = &row->packet, [SPEED] = &row->speed, [GEAR] = &row->gear,       [HEADING] = &row->heading,
        [POS] = &row->pos,       [CLOCK] = &row->clock, [CLOCK_S] = &row->clock_s, [T_S] = &row->t_s};
    return numbers[column];
}

static int64_t *integer_of(struct row *row, size_t column)
{
    return column == T ? &row->t : column == SEQ ? &row->seq : column == UTC ? &row->utc : NULL;
}

static bool put_value(struct acq_cells *cells, size_t at, struct row *row, size_t column)
{
    if (column == SESSION) {
        if (row->session)
            ((struct acq_text *)cells->values)[at] = (struct acq_text){row->session, strlen(row->session)};
        return row->session;
    }
    int64_t *integer = integer_of(row, column);
    if (integer) {
        ((int64_t *)cells->values)[at] = *integer;
        return *integer != NONE;
    }
    double x = *number_of(row, column);
    if (cells->type == ACQ_CELL_F64) ((double *)cells->values)[at] = x;
    if (cells->type == ACQ_CELL_F32) ((float *)cells->values)[at] = (float)x;
    if (cells->type == ACQ_CELL_I32) ((int32_t *)cells->values)[at] = isnan(x) ? 0 : (int32_t)x;
    return !isnan(x);
}

static void fill_chunk(struct acq_chunk *chunk, struct row *rows, size_t n)
{
    acq_chunk_reset(chunk);
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t k = 0; k < n; k++)
            chunk->cells[i].valid[k / 64] |= (uint64_t)put_value(&chunk->cells[i], k, &rows[k], i) << k % 64;
    chunk->rows = n;
}

static void get_value(const struct acq_cells *cells, size_t at, struct row *row, size_t column)
{
    static char texts[16][64]; /* more sessions than any test has */
    bool valid = acq_cell_valid(cells, at);
    if (column == SESSION) {
        const struct acq_text *text = &((struct acq_text *)cells->values)[at];
        row->session = NULL;
        for (size_t i = 0; valid && !row->session; i++) {
            if (!*texts[i]) memcpy(texts[i], text->bytes, text->len);
            if (strlen(texts[i]) == text->len && !memcmp(texts[i], text->bytes, text->len)) row->session = texts[i];
        }
    } else if (integer_of(row, column)) {
        *integer_of(row, column) = valid ? ((int64_t *)cells->values)[at] : NONE;
    } else {
        double x = cells->type == ACQ_CELL_F64   ? ((double *)cells->values)[at]
                   : cells->type == ACQ_CELL_F32 ? (double)((float *)cells->values)[at]
                                                 : ((int32_t *)cells->values)[at];
        *number_of(row, column) = valid ? x : NAN;
    }
}

/* resample: n rows, pushed in chunks of `size`. Returns the number of new rows. */
static size_t resample(struct row *rows, size_t n, size_t size, double hz, struct row *made)
{
    struct acq_resample *r;
    struct acq_chunk in, *out;
    size_t count = 0, at = 0, all;
    int result;
    assert_int_equal(acq_resample_new(&r, chosen, COLUMNS, hz, &err), ACQ_OK);
    acq_resample_fields(r, &all);
    assert_int_equal(all, COLUMNS); /* what it needs is among them */
    assert_int_equal(acq_chunk_init(&in, types, COLUMNS), ACQ_OK);
    while ((result = acq_resample_next(r, &out)) != ACQ_END) {
        if (result == ACQ_AGAIN) {
            size_t part = n - at < size ? n - at : size;
            fill_chunk(&in, rows + at, part);
            acq_resample_push(r, part ? &in : NULL);
            at += part;
            continue;
        }
        assert_int_equal(result, ACQ_OK);
        assert_in_range(out->rows, 1, ACQ_CHUNK_ROWS);
        assert_int_equal(out->columns, COLUMNS);
        for (size_t k = 0; k < out->rows; k++)
            for (size_t i = 0; i < COLUMNS; i++) get_value(&out->cells[i], k, &made[count + k], i);
        count += out->rows;
        assert_true(count <= MAX);
    }
    acq_chunk_fini(&in);
    acq_resample_free(r);
    return count;
}

static struct row row_at(int64_t t, double speed)
{
    return (struct row){.t = t,
                        .session = "a",
                        .seq = 1 + t / (3 * MS),
                        .packet = NAN,
                        .speed = speed,
                        .gear = 3,
                        .heading = 0,
                        .pos = 0.5,
                        .clock = 0,
                        .clock_s = 0,
                        .utc = 1000 + t,
                        .t_s = (double)t / 1e9};
}

static void assert_double(double a, double b)
{
    if (!(a == b || (isnan(a) && isnan(b)))) fail_msg("%.17g, not %.17g", a, b);
}

static void assert_near(double a, double b, double most)
{
    if (!(fabs(a - b) <= most)) fail_msg("%.17g, not %.17g", a, b);
}

static void assert_same_row(struct row *a, struct row *b)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (integer_of(a, i))
            assert_int_equal(*integer_of(a, i), *integer_of(b, i));
        else if (i != SESSION)
            assert_double(*number_of(a, i), *number_of(b, i));
    }
    assert_string_equal(a->session, b->session);
}

/* ---- rates ---- */

static struct row *random_rows(size_t n, uint64_t random)
{
    struct row *rows = calloc(n, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < n; i++) {
        rows[i] = row_at((int64_t)i * 3 * MS, (double)(float)random_below(&random, 1000) / 8);
        rows[i].packet = (double)(100 + i);
        rows[i].gear = (double)random_below(&random, 9) - 1;
        rows[i].heading = random_below(&random, 9) ? (double)random_below(&random, 300) / 128 : NAN;
        rows[i].clock = (double)random_below(&random, 100000);
    }
    return rows;
}

/* Rows that are at the rate already come out bit for bit, whatever they hold, in chunks of any size. */
static void test_identity(void **state)
{
    enum { N = 5000 };
    struct row *rows = random_rows(N, 1), *made = calloc(MAX, sizeof *made);
    (void)state;
    const size_t sizes[] = {2048, 1, 7, 2047};
    for (size_t k = 0; k < 4; k++) {
        assert_int_equal(resample(rows, N, sizes[k], 1000.0 / 3, made), N);
        for (size_t i = 0; i < N; i++) assert_same_row(&rows[i], &made[i]);
    }
    free(rows);
    free(made);
}

/* At every third of their rate, every third row. */
static void test_every_third(void **state)
{
    enum { N = 4000 };
    struct row *rows = random_rows(N, 2), *made = calloc(MAX, sizeof *made);
    (void)state;
    assert_int_equal(resample(rows, N, 100, 1000.0 / 9, made), (N + 2) / 3);
    for (size_t i = 0; i < (N + 2) / 3; i++) assert_same_row(&rows[3 * i], &made[i]);
    free(rows);
    free(made);
}

/* A line stays the same line at 100 Hz and at 1000 Hz, and steps stay at the row before. */
static void test_line(void **state)
{
    enum { N = 2000 };
    struct row *rows = random_rows(N, 3), *made = calloc(MAX, sizeof *made);
    (void)state;
    for (size_t i = 0; i < N; i++) {
        rows[i].speed = (double)i * 0.375; /* exact in float: 125 in a second */
        rows[i].gear = (double)(i % 7);
    }
    const double rates[] = {100, 1000, 333};
    for (size_t k = 0; k < 3; k++) {
        size_t n = resample(rows, N, 512, rates[k], made), expected = (size_t)(5.997 * rates[k]) + 1;
        assert_int_equal(n, expected);
        for (size_t i = 0; i < n; i++) {
            int64_t t = (int64_t)((double)i * 1e9 / rates[k] + 0.5);
            size_t before = (size_t)(t / (3 * MS));
            assert_int_equal(made[i].t, t);
            assert_int_equal(made[i].utc, 1000 + t);
            assert_near(made[i].t_s, (double)t / 1e9, 1e-12);
            assert_near(made[i].speed, (double)t / 1e9 * 125, 3.1e-5); /* half of a float's last digit at 750 */
            assert_double(made[i].gear, (double)(before % 7));
            assert_int_equal(made[i].seq, rows[before].seq);
            assert_double(made[i].packet, rows[before].packet);
            assert_string_equal(made[i].session, "a");
        }
    }
    free(rows);
    free(made);
}

/* ---- what stands between two rows ---- */

/* quarter: the row a quarter of the way from a to b */
static struct row quarter(struct row a, struct row b)
{
    struct row rows[] = {a, b}, made[8];
    rows[0].t = 0;
    rows[1].t = 8 * MS;
    assert_int_equal(resample(rows, 2, 2, 500, made), 5);
    return made[1];
}

static double heading_between(double a, double b)
{
    struct row from = row_at(0, 0), to = row_at(0, 0);
    from.heading = a;
    to.heading = b;
    return quarter(from, to).heading;
}

static double pos_between(double a, double b)
{
    struct row from = row_at(0, 0), to = row_at(0, 0);
    from.pos = a;
    to.pos = b;
    return quarter(from, to).pos;
}

static void test_cyclic(void **state)
{
    const double pi = 3.14159265358979323846;
    (void)state;
    assert_near(heading_between(0.5, 0.9), 0.6, 1e-6);
    assert_near(heading_between(-0.2, 0.2), -0.1, 1e-6);
    assert_near(heading_between(3.1, -3.1), 3.1 + (2 * pi - 6.2) / 4, 1e-6);
    assert_near(heading_between(-3.1, 3.1), -3.1 - (2 * pi - 6.2) / 4, 1e-6);
    assert_near(heading_between(3.14, -3.0), 3.14 + (2 * pi - 6.14) / 4 - 2 * pi, 1e-6); /* beyond pi: the other side */
    assert_near(heading_between(-3.14, 3.0), -3.14 - (2 * pi - 6.14) / 4 + 2 * pi, 1e-6);
    assert_near(pos_between(0.25, 0.5), 0.3125, 1e-6);
    assert_near(pos_between(0.98, 0.02), 0.99, 1e-6);
    assert_near(pos_between(0.998, 0.018), 0.003, 1e-6);
    assert_near(pos_between(0.001, 0.981), 0.996, 1e-6); /* backwards over the line */
}

static void test_lap_clock(void **state)
{
    struct row from = row_at(0, 0), to = row_at(0, 0);
    (void)state;
    from.clock = 1000;
    from.clock_s = 1;
    to.clock = 1010;
    to.clock_s = 1.5;
    struct row made = quarter(from, to);
    assert_double(made.clock, 1003); /* 1002.5, to the nearest */
    assert_double(made.clock_s, 1.125);
    from.clock = 93456;
    from.clock_s = 93.5;
    to.clock = 4;
    to.clock_s = 0.25;
    made = quarter(from, to);
    assert_double(made.clock, 93456);
    assert_double(made.clock_s, 93.5);
}

/* NULL on one side is NULL on the line; steps go by the row before alone; NaN and infinity are not calculated with. */
static void test_null(void **state)
{
    struct row a = row_at(0, 10), b = row_at(0, 20), null = row_at(0, NAN);
    (void)state;
    null.gear = null.clock = null.pos = NAN;
    null.utc = NONE;
    assert_double(quarter(a, b).speed, 12.5);
    struct row made = quarter(a, null);
    assert_double(made.speed, NAN);
    assert_double(made.clock, NAN);
    assert_double(made.pos, NAN);
    assert_double(made.gear, 3);
    assert_int_equal(made.utc, 1000 + 2 * MS);
    made = quarter(null, a);
    assert_double(made.speed, NAN);
    assert_double(made.gear, NAN);
    assert_int_equal(made.utc, NONE);

    struct row rows[] = {row_at(0, 5), row_at(8 * MS, NAN), row_at(16 * MS, 7)}, all[16];
    assert_int_equal(resample(rows, 3, 3, 250, all), 5);
    const double expected[] = {5, NAN, NAN, NAN, 7};
    for (size_t i = 0; i < 5; i++) assert_double(all[i].speed, expected[i]);

    assert_double(quarter(row_at(0, 10), row_at(0, (double)INFINITY)).speed, 10);
    assert_double(quarter(row_at(0, (double)INFINITY), row_at(0, (double)INFINITY)).speed, (double)INFINITY);
    assert_double(quarter(row_at(0, -(double)INFINITY), row_at(0, 10)).speed, -(double)INFINITY);
}

/* ---- when rows are ---- */

/* In a pause nothing is made up, and the new rows behind it keep their beat. */
static void test_pause(void **state)
{
    struct row rows[] = {row_at(0, 1), row_at(20 * MS, 2), row_at(1003 * MS, 3), row_at(1033 * MS, 6)}, made[64];
    const int64_t expected[] = {0, 10 * MS, 20 * MS, 1010 * MS, 1020 * MS, 1030 * MS};
    (void)state;
    assert_int_equal(resample(rows, 4, 2, 100, made), 6);
    for (size_t i = 0; i < 6; i++) assert_int_equal(made[i].t, expected[i]);
    assert_double(made[2].speed, 2);
    assert_near(made[3].speed, 3.7, 1e-6);

    rows[2] = row_at(270 * MS, 3); /* 250 ms apart are no pause; one more is */
    assert_int_equal(resample(rows, 3, 3, 100, made), 28);
    rows[2].t = 270 * MS + 1;
    assert_int_equal(resample(rows, 3, 3, 100, made), 3);

    rows[1] = row_at(INT64_MAX - 2000 * (int64_t)MS, 3); /* a pause of 292 years does not take long */
    assert_int_equal(resample(rows, 2, 2, ACQ_RESAMPLE_HZ_MAX, made), 1);
    rows[1].t = INT64_MAX; /* no time at all */
    assert_int_equal(resample(rows, 2, 2, ACQ_RESAMPLE_HZ_MAX, made), 1);
}

static void test_sessions(void **state)
{
    struct row rows[] = {row_at(0, 1),         row_at(7 * MS, 2),    row_at(500 * MS, 10),
                         row_at(507 * MS, 20), row_at(100 * MS, 30), row_at(110 * MS, 40)};
    const int64_t expected[] = {0, 5 * MS, 500 * MS, 505 * MS, 100 * MS, 105 * MS, 110 * MS};
    struct row made[64];
    (void)state;
    rows[2].session = rows[3].session = rows[4].session = rows[5].session = "other";
    rows[2].seq = 1;
    rows[3].seq = 2;
    rows[4].seq = 1; /* the same name, but it begins again */
    rows[5].seq = 2;
    for (size_t size = 1; size <= 6; size++) {
        assert_int_equal(resample(rows, 6, size, 200, made), 7);
        for (size_t i = 0; i < 7; i++) {
            assert_int_equal(made[i].t, expected[i]);
            assert_string_equal(made[i].session, i < 2 ? "a" : "other");
        }
        assert_double(made[1].speed, (double)(float)(1 + 5.0 / 7));
        assert_double(made[2].speed, 10);
        assert_double(made[6].speed, 40);
    }
}

/* Rows without a time, and those that go back in it, are passed over. */
static void test_passed_over(void **state)
{
    struct row rows[] = {row_at(NONE, 99),   row_at(0, 1),       row_at(NONE, 99), row_at(10 * MS, 2),
                         row_at(5 * MS, 99), row_at(20 * MS, 3), row_at(NONE, 99)};
    struct row made[16];
    (void)state;
    for (size_t i = 0; i < 7; i++) rows[i].seq = NONE;
    for (size_t size = 1; size <= 7; size++) {
        assert_int_equal(resample(rows, 7, size, 100, made), 3);
        for (size_t i = 0; i < 3; i++) assert_double(made[i].speed, (double)(i + 1));
    }
}

static void test_few(void **state)
{
    struct row row = row_at(123, 42), made[4];
    (void)state;
    assert_int_equal(resample(&row, 0, 1, 100, made), 0);
    assert_int_equal(resample(&row, 1, 1, 100, made), 1);
    assert_same_row(&made[0], &row);
}

/* Samples are late by up to a millisecond. By the packet ids they stand on the line again: what the derivative of a
 * line says is steady. */
static void test_late_samples(void **state)
{
    enum { N = 9000 };
    struct row *rows = random_rows(N, 4), *made = calloc(MAX, sizeof *made);
    uint64_t random = 5;
    double most = 0;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        int64_t step = (int64_t)i * 2999400; /* 333.4 in a second: not quite 3 ms */
        rows[i].t = step + (int64_t)random_below(&random, MS);
        rows[i].speed = (double)(float)((double)step / 1e9 * 36); /* 10 m/s2 */
        rows[i].seq = (int64_t)i + 1;
    }
    size_t n = resample(rows, N, 2048, 100, made);
    assert_in_range(n, 2699, 2700);
    for (size_t i = 101; i < n; i++) { /* it takes some rows until it has found the middle */
        double slope = (made[i].speed - made[i - 1].speed) / (double)(made[i].t - made[i - 1].t) * 1e9;
        most = fmax(most, fabs(slope - 36));
    }
    assert_true(most < 0.36); /* 1 %; by the times of the samples alone it is 9 % */
    assert_near(made[n - 1].speed, (double)made[n - 1].t / 1e9 * 36, 36 * 1e-3);

    for (size_t i = 0; i < N; i++)
        rows[i].packet = (double)(2 * i); /* ids that do not agree with the times: the times count */
    assert_int_equal(resample(rows, N, 2048, 100, made), n);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (rows[k].t < made[i].t) k++;
        if (rows[k].t == made[i].t) assert_double(made[i].speed, rows[k].speed);
        if (k) assert_true(made[i].speed >= rows[k - 1].speed && made[i].speed <= rows[k].speed);
    }
    free(rows);
    free(made);
}

/* The columns that it needs to place rows are asked for where the caller does not want them. */
static void test_needed_fields(void **state)
{
    size_t speed = index_of("speed_kmh"), n, every[ACQ_ROW_FIELDS];
    struct acq_resample *r;
    (void)state;
    assert_int_equal(acq_resample_new(&r, &speed, 1, 100, &err), ACQ_OK);
    const size_t *fields = acq_resample_fields(r, &n),
                 expected[] = {speed, chosen[T], chosen[SESSION], chosen[SEQ], chosen[PACKET]};
    assert_int_equal(n, 5);
    assert_memory_equal(fields, expected, sizeof expected);
    acq_resample_free(r);
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++) every[i] = i;
    assert_int_equal(acq_resample_new(&r, every, ACQ_ROW_FIELDS, 100, &err), ACQ_OK);
    acq_resample_fields(r, &n);
    assert_int_equal(n, ACQ_ROW_FIELDS);
    acq_resample_free(r);
    const double bad[] = {0, -1, NAN, INFINITY, ACQ_RESAMPLE_HZ_MAX * 1.01};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(acq_resample_new(&r, &speed, 1, bad[i], &err), ACQ_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_every_third),  cmocka_unit_test(test_line),
        cmocka_unit_test(test_cyclic),   cmocka_unit_test(test_lap_clock),    cmocka_unit_test(test_null),
        cmocka_unit_test(test_pause),    cmocka_unit_test(test_sessions),     cmocka_unit_test(test_passed_over),
        cmocka_unit_test(test_few),      cmocka_unit_test(test_late_samples), cmocka_unit_test(test_needed_fields)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
