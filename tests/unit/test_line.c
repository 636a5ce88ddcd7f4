/* The status line: what of it fits into a terminal, and text from outside on it. */
#include "help.h"

#include "base/line.h"
#include "base/utf8.h"

static void cleaned(const char *from, const char *to)
{
    char text[200];
    snprintf(text, sizeof text, "%s", from);
    assert_int_equal(acq_line_clean(text), strlen(to));
    assert_string_equal(text, to);
}

static void clean(void **state)
{
    (void)state;
    cleaned("", "");
    cleaned("ks_ferrari_488", "ks_ferrari_488");
    cleaned("Нюрбургринг 日本 🏎", "Нюрбургринг 日本 🏎");
    cleaned("\033[2J\r\n\t\x7f", "?[2J????");
    cleaned("a\xc2\x9b"
            "31m",
            "a?31m"); /* CSI as one character */
    cleaned("a\u2028b\u2029", "a?b?");
    cleaned("\xc3(\xff\xe2\x82", "?(???");
}

static void clean_anything(void **state)
{
    uint64_t random = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[41], again[41];
        size_t n = random_below(&random, sizeof text);
        random_bytes(&random, text, n);
        text[n] = 0;
        n = strlen(text);
        assert_true(acq_line_clean(text) <= n);
        for (const char *p = text; *p;) {
            size_t length = acq_utf8_length((const uint8_t *)p, strlen(p));
            assert_true(length > 0 && (unsigned char)*p >= ' ' && *p != 0x7f);
            p += length;
        }
        strcpy(again, text);
        acq_line_clean(again);
        assert_string_equal(again, text);
    }
}

static void columns_are(const char *text, size_t n)
{
    assert_int_equal(acq_utf8_columns(text, strlen(text)), n);
}

static void columns(void **state)
{
    (void)state;
    columns_are("", 0);
    columns_are("lap 3", 5);
    columns_are("Нюрбургринг", 11);
    columns_are("日本", 4);
    columns_are("ｆｕｌｌ", 8);
    columns_are("한국", 4);
    columns_are("🏎🏁", 4);
    columns_are("e\u0301", 1); /* a combining accent */
    columns_are("a\u200bb", 2);
    columns_are("…", 1);
    columns_are("\U00020000", 2);
    assert_int_equal(acq_utf8_fit("日本語", 9, 5), 6);
    assert_int_equal(acq_utf8_fit("日本語", 9, 6), 9);
    assert_int_equal(acq_utf8_fit("e\u0301x", 4, 1), 3);
}

/* ---- what fits ---- */

static void drive(struct acq_line *line, const char *car)
{
    *line = (struct acq_line){0};
    acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_GOOD, "recording");
    acq_line_join(line, ACQ_LINE_STATE, ACQ_TONE_BAD, "server away");
    acq_line_add(line, 3 | ACQ_LINE_CUTTABLE, ACQ_TONE_PLAIN, "%s @ monza", car);
    acq_line_add(line, 1, ACQ_TONE_PLAIN, "333 Hz");
    acq_line_add(line, 4, ACQ_TONE_PLAIN, "45123 frames");
    acq_line_join(line, 2, ACQ_TONE_PLAIN, "0 missed");
}

static void written(const struct acq_line *line, size_t width, const char *expected)
{
    char text[ACQ_LINE_MAX];
    assert_int_equal(acq_line_write(text, line, width, false), strlen(expected));
    assert_string_equal(text, expected);
}

static void fits(void **state)
{
    struct acq_line line;
    (void)state;
    drive(&line, "ferrari");
    written(&line, 200, "recording, server away | ferrari @ monza | 333 Hz | 45123 frames, 0 missed");
    written(&line, 76, "recording, server away | ferrari @ monza | 333 Hz | 45123 frames, 0 missed");
    written(&line, 75, "recording, server away | ferrari @ monza | 333 Hz | 0 missed");
    written(&line, 61, "recording, server away | ferrari @ monza | 333 Hz | 0 missed");
    written(&line, 60, "recording, server away | ferrari @ mon… | 333 Hz | 0 missed");
    written(&line, 56, "recording, server away | ferrari @… | 333 Hz | 0 missed");
    written(&line, 55, "recording, server away | 333 Hz | 0 missed");
    written(&line, 46, "recording, server away | 333 Hz | 0 missed");
    written(&line, 42, "recording, server away | 333 Hz");
    written(&line, 31, "recording, server away");
    written(&line, 22, "recording | 333 Hz");
    written(&line, 9, "recording");
    written(&line, 5, "reco…");
    written(&line, 1, "…");
    written(&line, 0, "");
    drive(&line, "日本の車");
    written(&line, 62, "recording, server away | 日本の車 @ monza | 333 Hz | 0 missed");
    written(&line, 57, "recording, server away | 日本の車 @… | 333 Hz | 0 missed");
    written(&line, 56, "recording, server away | 日本の車 … | 333 Hz | 0 missed");
}

static void state_alone(void **state)
{
    struct acq_line line;
    char text[ACQ_LINE_MAX];
    (void)state;
    drive(&line, "x");
    acq_line_state(text, &line);
    assert_string_equal(text, "recording, server away");
}

static void colours(void **state)
{
    struct acq_line line;
    char text[ACQ_LINE_MAX];
    (void)state;
    drive(&line, "a\033[31mb");
    acq_line_write(text, &line, 200, true);
    assert_string_equal(
        text, "\033[32mrecording\033[0m, \033[31mserver away\033[0m | a?[31mb @ monza | 333 Hz | 45123 frames, "
              "0 missed");
}

/* strip takes the sequences for colours out. */
static void strip(char *text)
{
    char *to = text;
    for (const char *p = text; *p;) {
        if (*p == '\033')
            p = strchr(p, 'm') + 1;
        else
            *to++ = *p++;
    }
    *to = 0;
}

/* Whatever the parts are and however wide the terminal: never wider, never a half character, colours change nothing,
 * the line has room for them, and too many parts are left out. */
static void anything(void **state)
{
    uint64_t random = 2;
    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct acq_line line = {0};
        for (uint64_t n = random_below(&random, 20); n; n--) {
            char text[200];
            random_text(&random, text, random_below(&random, 10) ? 40 : 190);
            unsigned rank = (unsigned)random_below(&random, 6) | (random_below(&random, 2) ? ACQ_LINE_CUTTABLE : 0);
            (random_below(&random, 2) ? acq_line_add : acq_line_join)(
                &line, rank, (enum acq_tone)random_below(&random, 4), "%s", text);
        }
        for (size_t width = 0; width < 220; width += 1 + random_below(&random, 9)) {
            char text[ACQ_LINE_MAX], coloured[ACQ_LINE_MAX];
            size_t n = acq_line_write(text, &line, width, false);
            assert_int_equal(n, strlen(text));
            assert_true(acq_utf8_columns(text, n) <= width);
            assert_int_equal(acq_line_clean(text), n);
            acq_line_write(coloured, &line, width, true);
            strip(coloured);
            assert_string_equal(coloured, text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(clean),       cmocka_unit_test(clean_anything),
                                       cmocka_unit_test(columns),     cmocka_unit_test(fits),
                                       cmocka_unit_test(state_alone), cmocka_unit_test(colours),
                                       cmocka_unit_test(anything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
