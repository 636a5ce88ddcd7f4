/* Tables as text: numbers with the fewest digits that read back, every format with every kind of value, outputs that
 * fail. */
#include "help.h"

#include "table/number.h"
#include "table/print.h"

#include <locale.h>
#include <math.h>
#include <signal.h>
#include <time.h>

static struct acq_err err;

/* ---- numbers ---- */

static const char *f32(float x)
{
    static char text[ACQ_NUMBER_MAX + 1];
    size_t n = acq_number_f32(text, x);
    assert_in_range(n, 1, ACQ_NUMBER_MAX);
    text[n] = 0;
    return text;
}

static const char *f64(double x)
{
    static char text[ACQ_NUMBER_MAX + 1];
    size_t n = acq_number_f64(text, x);
    assert_in_range(n, 1, ACQ_NUMBER_MAX);
    text[n] = 0;
    return text;
}

static void shapes(void **state)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {{0, "0.0"},
                 {-0.0, "-0.0"},
                 {1, "1.0"},
                 {-120, "-120.0"},
                 {0.5, "0.5"},
                 {0.1, "0.1"},
                 {0.0001, "0.0001"},
                 {0.00001, "1e-5"},
                 {1e15, "1000000000000000.0"},
                 {1e16, "1e16"},
                 {1.5e22, "1.5e22"},
                 {-2.5e-7, "-2.5e-7"},
                 {123456.789, "123456.789"},
                 {3599.998123, "3599.998123"},
                 {0.003, "0.003"},
                 {1.0 / 3, "0.3333333333333333"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e308"},
                 {-2.2250738585072014e-308, "-2.2250738585072014e-308"},
                 {(double)NAN, "nan"},
                 {(double)INFINITY, "inf"},
                 {-(double)INFINITY, "-inf"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_string_equal(f64(cases[i].x), cases[i].text);
    assert_string_equal(f32(0.1f), "0.1");
    assert_string_equal(f32(16777216), "16777216.0");
    assert_string_equal(f32(3.4028235e38f), "3.4028235e38");
    assert_string_equal(f32(1e-45f), "1e-45");
    assert_string_equal(f32(1.1754944e-38f), "1.1754944e-38");
    assert_string_equal(f32(-0.0f), "-0.0");
    assert_string_equal(f32(NAN), "nan");
}

/* digits_of: of a text, without zeros in front and at the end */
static size_t digits_of(const char *text)
{
    size_t n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (!n && *text == '0')) continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

static size_t fewest_f32(float x)
{
    char text[64];
    for (int n = 1;; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, (double)x);
        if (strtof(text, NULL) == x) return (size_t)n;
    }
}

static size_t fewest_f64(double x)
{
    char text[64];
    for (int n = 1;; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, x);
        if (strtod(text, NULL) == x) return (size_t)n;
    }
}

/* decimal: a number as people write it */
static double decimal(uint64_t *random)
{
    return (double)(int64_t)(random_next(random) >> random_below(random, 64)) /
           pow(10, (double)random_below(random, 20));
}

static void check_f32(float x)
{
    const char *text = f32(x);
    float back = strtof(text, NULL);
    if (isnan(x)) {
        assert_string_equal(text, "nan");
        return;
    }
    if (memcmp(&x, &back, sizeof x)) fail_msg("%a is written as %s", (double)x, text);
    if (x != 0 && isfinite(x) && digits_of(text) != fewest_f32(x))
        fail_msg("%a needs fewer digits: %s", (double)x, text);
}

static void check_f64(double x)
{
    const char *text = f64(x);
    double back = strtod(text, NULL);
    if (isnan(x)) {
        assert_string_equal(text, "nan");
        return;
    }
    if (memcmp(&x, &back, sizeof x)) fail_msg("%a is written as %s", x, text);
    if (x != 0 && isfinite(x) && digits_of(text) != fewest_f64(x)) fail_msg("%a needs fewer digits: %s", x, text);
}

static void random_numbers(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_next(&random);
        uint32_t low = (uint32_t)bits;
        float x;
        double y;
        memcpy(&x, &low, sizeof x);
        memcpy(&y, &bits, sizeof y);
        check_f32(i % 2 ? x : (float)decimal(&random));
        if (i % 4 == 0) check_f64(i % 8 ? y : decimal(&random));
    }
    for (int e = -149; e < 128; e++) check_f32(ldexpf(1, e)); /* where the distance to the neighbours differs */
}

static void other_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8")) skip(); /* it is not installed everywhere */
    assert_string_equal(f64(1.7976931348623157e308), "1.7976931348623157e308");
    assert_string_equal(f64(0.5), "0.5");
    setlocale(LC_NUMERIC, "C");
}

static void integers_and_rounding(void **state)
{
    static const int64_t integers[] = {0, 1, -1, 9, 10, 99, 100, 12345, -67890, INT64_MAX, INT64_MIN};
    char text[ACQ_NUMBER_MAX + 1], expected[64];
    uint64_t random = 2;
    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        text[acq_number_i64(text, integers[i])] = 0;
        snprintf(expected, sizeof expected, "%lld", (long long)integers[i]);
        assert_string_equal(text, expected);
    }
    for (int i = 0; i < 100000; i++) {
        double x = decimal(&random), unit;
        int digits = 1 + (int)random_below(&random, 10);
        text[acq_number_round(text, x, digits)] = 0;
        assert_true(digits_of(text) <= (size_t)digits);
        unit = x != 0 ? pow(10, floor(log10(fabs(x))) + 1 - digits) : 1;
        if (!(fabs(strtod(text, NULL) - x) <= 0.5001 * unit)) fail_msg("%.17g to %d digits: %s", x, digits, text);
    }
    text[acq_number_fixed(text, -1.0005, 3)] = 0;
    assert_true(!strcmp(text, "-1.000") || !strcmp(text, "-1.001"));
    text[acq_number_fixed(text, -0.0001, 3)] = 0;
    assert_string_equal(text, "0.000");
    text[acq_number_fixed(text, 3599.9996, 3)] = 0;
    assert_string_equal(text, "3600.000");
    text[acq_number_fixed(text, 7.5, 0)] = 0;
    assert_string_equal(text, "8");
}

static void times(void **state)
{
    char text[ACQ_NUMBER_MAX + 1], expected[64];
    uint64_t random = 3;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t ns = i == 0 ? INT64_MIN : i == 1 ? INT64_MAX : i == 2 ? -1 : (int64_t)random_next(&random);
        time_t second = (time_t)(ns / 1000000000 - (ns % 1000000000 < 0));
        struct tm tm;
        gmtime_r(&second, &tm);
        size_t n = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(expected + n, sizeof expected - n, ".%09lldZ",
                 (long long)((ns % 1000000000 + 1000000000) % 1000000000));
        text[acq_number_time(text, ns)] = 0;
        assert_string_equal(text, expected);
    }
}

/* ---- tables ---- */

static const struct acq_field fields[] = {{"t_s", "s", ACQ_CELL_F64},   {"speed", "km/h", ACQ_CELL_F32},
                                          {"gear", "", ACQ_CELL_I32},   {"seq", "", ACQ_CELL_I64},
                                          {"utc", "ns", ACQ_CELL_TIME}, {"a \"name\", so", "", ACQ_CELL_TEXT}};
enum { FIELDS = sizeof fields / sizeof *fields };

static void make_chunk(struct acq_chunk *chunk, size_t n)
{
    enum acq_cell_type types[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) types[i] = fields[i].type;
    assert_int_equal(acq_chunk_init(chunk, types, n), ACQ_OK);
}

static void there(struct acq_chunk *chunk, size_t column, size_t row)
{
    chunk->cells[column].valid[row / 64] |= UINT64_C(1) << row % 64;
}

/* set_row fills a whole row. */
static void set_row(struct acq_chunk *chunk, size_t row, double t, float speed, int64_t seq, const char *text)
{
    const int32_t gear = -1;
    const int64_t utc = INT64_C(1767268800003000000);
    const struct acq_text cell = {text, strlen(text)};
    const void *values[FIELDS] = {&t, &speed, &gear, &seq, &utc, &cell};
    for (size_t i = 0; i < chunk->columns; i++) {
        size_t size = acq_cell_size(fields[i].type);
        memcpy((char *)chunk->cells[i].values + row * size, values[i], size);
        there(chunk, i, row);
    }
    chunk->rows = row + 1;
}

/* printed: the chunk, printed `times` times, for free() */
static char *printed(enum acq_print_format format, const struct acq_chunk *chunk, unsigned times)
{
    char *text;
    size_t size;
    struct acq_print *print;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(acq_print_new(&print, out, format, fields, chunk->columns, &err), ACQ_OK);
    for (unsigned i = 0; i < times; i++) assert_int_equal(acq_print_rows(print, chunk, &err), ACQ_OK);
    assert_int_equal(acq_print_end(print, &err), ACQ_OK);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), size);
    return text;
}

static void check(enum acq_print_format format, const struct acq_chunk *chunk, unsigned times, const char *expected)
{
    char *text = printed(format, chunk, times);
    assert_string_equal(text, expected);
    free(text);
}

static void formats(void **state)
{
    struct acq_chunk chunk;
    (void)state;
    make_chunk(&chunk, FIELDS);
    set_row(&chunk, 0, 0.003, 120.25f, 1, "a,b \"c\"\n\x1b[2J\xc2\x9b ü");
    set_row(&chunk, 1, 1e-7, NAN, INT64_MIN, "");
    chunk.rows = 3; /* the last one all NULL */
    check(ACQ_PRINT_CSV, &chunk, 1,
          "t_s,speed,gear,seq,utc,\"a \"\"name\"\", so\"\n"
          "0.003,120.25,-1,1,2026-01-01T12:00:00.003000000Z,\"a,b \"\"c\"\"\n\x1b[2J\xc2\x9b ü\"\n"
          "1e-7,nan,-1,-9223372036854775808,2026-01-01T12:00:00.003000000Z,\"\"\n"
          ",,,,,\n");
#define FIRST                                                                                           \
    "{\"t_s\":0.003,\"speed\":120.25,\"gear\":-1,\"seq\":1,\"utc\":\"2026-01-01T12:00:00.003000000Z\"," \
    "\"a \\\"name\\\", so\":\"a,b \\\"c\\\"\\n\\u001b[2J\\u009b ü\"}"
#define SECOND                                                               \
    "{\"t_s\":1e-7,\"speed\":null,\"gear\":-1,\"seq\":-9223372036854775808," \
    "\"utc\":\"2026-01-01T12:00:00.003000000Z\",\"a \\\"name\\\", so\":\"\"}"
#define THIRD "{\"t_s\":null,\"speed\":null,\"gear\":null,\"seq\":null,\"utc\":null,\"a \\\"name\\\", so\":null}"
    check(ACQ_PRINT_NDJSON, &chunk, 1, FIRST "\n" SECOND "\n" THIRD "\n");
    check(ACQ_PRINT_JSON, &chunk, 2, "[\n" FIRST ",\n" SECOND ",\n" THIRD ",\n" FIRST ",\n" SECOND ",\n" THIRD "\n]\n");
    check(ACQ_PRINT_TEXT, &chunk, 1,
          "  t_s   speed  gear                   seq  utc                             a \"name\", so\n"
          "0.003  120.25    -1                     1  2026-01-01T12:00:00.003000000Z  a,b \"c\"??[2J? ü\n"
          "0.000     nan    -1  -9223372036854775808  2026-01-01T12:00:00.003000000Z  \n"
          "    -       -     -                     -  -                               -\n");
    acq_chunk_fini(&chunk);
}

static void no_rows(void **state)
{
    struct acq_chunk chunk;
    (void)state;
    make_chunk(&chunk, 3);
    check(ACQ_PRINT_CSV, &chunk, 0, "t_s,speed,gear\n");
    check(ACQ_PRINT_CSV, &chunk, 2, "t_s,speed,gear\n");
    check(ACQ_PRINT_JSON, &chunk, 0, "[]\n");
    check(ACQ_PRINT_JSON, &chunk, 1, "[]\n");
    check(ACQ_PRINT_NDJSON, &chunk, 1, "");
    check(ACQ_PRINT_TEXT, &chunk, 0, "t_s  speed  gear\n");
    acq_chunk_fini(&chunk);
    make_chunk(&chunk, 1); /* one column: a NULL must not be an empty line */
    chunk.rows = 1;
    check(ACQ_PRINT_CSV, &chunk, 2, "t_s\n\"\"\n\"\"\n");
    acq_chunk_fini(&chunk);
}

/* what a column remembers of the row before must not show in another */
static void same_and_other_values(void **state)
{
    struct acq_chunk chunk;
    (void)state;
    make_chunk(&chunk, 2);
    for (size_t row = 0; row < 6; row++) set_row(&chunk, row, row < 3 ? 1 : 2, row % 2 ? 0.0f : -0.0f, 0, "");
    chunk.cells[0].valid[0] &= ~UINT64_C(2);
    check(ACQ_PRINT_CSV, &chunk, 1, "t_s,speed\n1.0,-0.0\n,0.0\n1.0,-0.0\n2.0,0.0\n2.0,-0.0\n2.0,0.0\n");
    acq_chunk_fini(&chunk);
}

static void wide_and_long(void **state)
{
    enum { LONG = 3 << 20 };
    struct acq_chunk chunk;
    char *text = malloc(LONG + 1), *out;
    (void)state;
    assert_non_null(text);
    memset(text, '\x01', LONG);
    text[LONG] = 0;
    make_chunk(&chunk, FIELDS);
    set_row(&chunk, 0, 123456.7891, 1.23456789e-12f, 1, text);
    out = printed(ACQ_PRINT_NDJSON, &chunk, 1);
    assert_true(strlen(out) > 6 * (size_t)LONG && !strcmp(out + strlen(out) - 15, "\\u0001\\u0001\"}\n"));
    free(out);
    out = printed(ACQ_PRINT_TEXT, &chunk, 1);
    assert_true(strstr(out, "\n123456.789  1.23e-12    -1    1  2026") && strlen(out) < LONG + 300);
    free(out);
    free(text);
    acq_chunk_fini(&chunk);
    make_chunk(&chunk, 4); /* a value that is wider than those of the first rows moves what follows, once */
    set_row(&chunk, 0, 0, 1, 1, "");
    set_row(&chunk, 1, 0, 2, 99, "");
    chunk.rows = 1;
    struct acq_print *print;
    size_t size;
    FILE *file = open_memstream(&out, &size);
    assert_int_equal(acq_print_new(&print, file, ACQ_PRINT_TEXT, fields, 4, &err), ACQ_OK);
    assert_int_equal(acq_print_rows(print, &chunk, &err), ACQ_OK);
    assert_int_equal(acq_print_flush(print, &err), ACQ_OK);
    assert_string_equal(out, "  t_s  speed  gear  seq\n0.000      1    -1    1\n"); /* is there without an end */
    set_row(&chunk, 0, 0, 2, 123456, "");
    set_row(&chunk, 1, 0, 2, 99, "");
    assert_int_equal(acq_print_rows(print, &chunk, &err), ACQ_OK);
    assert_int_equal(acq_print_end(print, &err), ACQ_OK);
    fclose(file);
    assert_non_null(strstr(out, "0.000      2    -1  123456\n0.000      2    -1      99\n"));
    free(out);
    acq_chunk_fini(&chunk);
}

static void ready_json(void **state)
{
    static const struct acq_field one = {"x", "json", ACQ_CELL_TEXT};
    enum acq_cell_type type = ACQ_CELL_TEXT;
    struct acq_chunk chunk;
    struct acq_print *print;
    char *text;
    size_t size;
    (void)state;
    assert_int_equal(acq_chunk_init(&chunk, &type, 1), ACQ_OK);
    ((struct acq_text *)chunk.cells[0].values)[0] = (struct acq_text){"[1, true]", 9};
    there(&chunk, 0, 0);
    there(&chunk, 0, 1); /* of no bytes */
    chunk.rows = 2;
    for (int csv = 0; csv < 2; csv++) {
        FILE *out = open_memstream(&text, &size);
        enum acq_print_format format = csv ? ACQ_PRINT_CSV : ACQ_PRINT_NDJSON;
        assert_int_equal(acq_print_new(&print, out, format, &one, 1, &err), ACQ_OK);
        assert_int_equal(acq_print_rows(print, &chunk, &err), ACQ_OK);
        assert_int_equal(acq_print_end(print, &err), ACQ_OK);
        fclose(out);
        assert_string_equal(text, csv ? "x\n\"[1, true]\"\n\"\"\n" : "{\"x\":[1, true]}\n{\"x\":null}\n");
        free(text);
    }
    acq_chunk_fini(&chunk);
}

/* print_to: how printing ends that writes much to `out`, which is closed */
static int print_to(FILE *out)
{
    struct acq_chunk chunk;
    struct acq_print *print;
    int result = ACQ_OK;
    assert_non_null(out);
    make_chunk(&chunk, FIELDS);
    for (size_t row = 0; row < ACQ_CHUNK_ROWS; row++) set_row(&chunk, row, (double)row, (float)row, 7, "text");
    assert_int_equal(acq_print_new(&print, out, ACQ_PRINT_CSV, fields, FIELDS, &err), ACQ_OK);
    for (int i = 0; result == ACQ_OK && i < 20; i++) result = acq_print_rows(print, &chunk, &err);
    if (result < 0) assert_int_equal(acq_print_rows(print, &chunk, &err), result);
    assert_int_equal(acq_print_end(print, &err), result);
    acq_chunk_fini(&chunk);
    fclose(out);
    return result;
}

static void outputs_that_fail(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(print_to(fopen("/dev/full", "w")), ACQ_IO);
    assert_non_null(strstr(err.text, "No space left"));
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(print_to(fdopen(ends[1], "w")), ACQ_CLOSED);
}

static void names_of_formats(void **state)
{
    enum acq_print_format format;
    (void)state;
    assert_int_equal(acq_print_format_find("ndjson", &format, &err), ACQ_OK);
    assert_int_equal(format, ACQ_PRINT_NDJSON);
    assert_int_equal(acq_print_format_find("text", &format, &err), ACQ_OK);
    assert_int_equal(format, ACQ_PRINT_TEXT);
    assert_int_equal(acq_print_format_find("jsno", &format, &err), ACQ_USAGE);
    assert_non_null(strstr(err.text, "'json'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes),
                                       cmocka_unit_test(random_numbers),
                                       cmocka_unit_test(other_locale),
                                       cmocka_unit_test(integers_and_rounding),
                                       cmocka_unit_test(times),
                                       cmocka_unit_test(formats),
                                       cmocka_unit_test(no_rows),
                                       cmocka_unit_test(same_and_other_values),
                                       cmocka_unit_test(wide_and_long),
                                       cmocka_unit_test(ready_json),
                                       cmocka_unit_test(outputs_that_fail),
                                       cmocka_unit_test(names_of_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
