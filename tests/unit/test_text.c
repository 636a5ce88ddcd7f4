/* Texts: the game's UTF-16 and our UTF-8, both ways, whatever stands in the arrays. */
#include "help.h"

#include "page/text.h"

static char out[3 * 33 + 1];

/* from: units (as numbers) to UTF-8, read from an array of just that size */
static const char *from(const uint16_t *units, size_t n)
{
    uint8_t *bytes = malloc(2 * n + 1);
    char *dst = malloc(3 * n + 1);
    for (size_t i = 0; i < n; i++) bytes[2 * i] = (uint8_t)units[i], bytes[2 * i + 1] = (uint8_t)(units[i] >> 8);
    size_t len = acq_text_from_utf16(dst, bytes, n);
    assert_int_equal(len, strlen(dst));
    assert_true(len < sizeof out);
    memcpy(out, dst, len + 1);
    free(bytes);
    free(dst);
    return out;
}
#define FROM(...) from((const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

static void from_utf16(void **state)
{
    (void)state;
    assert_string_equal(FROM('a', 'b', 0, 'c'), "ab");
    assert_string_equal(FROM(0), "");
    assert_string_equal(FROM('a', 'b', 'c'), "abc"); /* not terminated */
    assert_string_equal(FROM(0x7f, 0x80, 0x7ff, 0x800, 0xffff), "\x7f\xc2\x80\u07ff\u0800\uffff");
    assert_string_equal(FROM(0xd800, 0xdc00, 0xdbff, 0xdfff), "\U00010000\U0010ffff");
    assert_string_equal(FROM(0xd83c, 0xdfce, 'x'), "\U0001f3cex");
    /* lone surrogates */
    assert_string_equal(FROM(0xd800), "\ufffd");
    assert_string_equal(FROM(0xdc00), "\ufffd");
    assert_string_equal(FROM(0xd800, 'a'), "\ufffda");
    assert_string_equal(FROM(0xdc00, 0xd800), "\ufffd\ufffd");
    assert_string_equal(FROM(0xd800, 0xd83c, 0xdfce), "\ufffd\U0001f3ce");
    assert_string_equal(FROM('a', 0xd83c, 0), "a\ufffd");
    assert_string_equal(FROM('a', 0xd83c), "a\ufffd"); /* cut by the array's end */
    assert_int_equal(acq_text_from_utf16(out, (const uint8_t *)"", 0), 0);
}

/* whatever the units are, the result is UTF-8 that a frame may carry, and fits */
static void from_anything(void **state)
{
    static struct acq_frame f, g;
    static uint8_t bytes[ACQ_FRAME_MAX];
    uint64_t random = 21;
    uint8_t page[66];
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        random_bytes(&random, page, sizeof page);
        if (i % 2) /* surrogates are rare in random bytes */
            for (size_t k = 1; k < sizeof page; k += 2) page[k] = (uint8_t)(0xd8 | (page[k] & 7));
        acq_frame_clear(&f);
        f.has[ACQ_stat] = f.has[ACQ_stat_track] = f.has[ACQ_head_seq] = true;
        size_t n = acq_text_from_utf16(f.stat.track, page, 33);
        assert_in_range(n, 0, 99);
        assert_int_equal(acq_decode(&g, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
        assert_string_equal(f.stat.track, g.stat.track);
    }
}

static void to_utf16_cut(const char *text, size_t units, const uint16_t *expected)
{
    uint8_t got[2 * 16 + 2];
    memset(got, 0xee, sizeof got);
    acq_text_to_utf16(got, units, text);
    for (size_t i = 0; i < units; i++) assert_int_equal(got[2 * i] | got[2 * i + 1] << 8, expected[i]);
    assert_int_equal(got[2 * units], 0xee);
}

static void to_utf16(void **state)
{
    (void)state;
    to_utf16_cut("ab", 4, (const uint16_t[]){'a', 'b', 0, 0});
    to_utf16_cut("abcd", 3, (const uint16_t[]){'a', 'b', 'c'});
    to_utf16_cut("", 2, (const uint16_t[]){0, 0});
    to_utf16_cut("a\U0001f3ce", 3, (const uint16_t[]){'a', 0xd83c, 0xdfce});
    to_utf16_cut("ab\U0001f3ce", 3, (const uint16_t[]){'a', 'b', 0}); /* a pair is never split */
    to_utf16_cut("éß語", 3, (const uint16_t[]){0xe9, 0xdf, 0x8a9e});
    to_utf16_cut("x", 0, NULL);
}

static void there_and_back(void **state)
{
    uint64_t random = 22;
    char text[34];
    uint8_t page[66];
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        random_text(&random, text, 33);
        acq_text_to_utf16(page, 33, text);
        acq_text_from_utf16(out, page, 33);
        assert_string_equal(out, text);
    }
}

/* acq_frame_set_text cuts at a character, whatever its length */
static void set_text(void **state)
{
    static struct acq_frame f;
    static const char *const tails[] = {"x", "é", "語", "\U0001f3ce"};
    char text[64], expected[64];
    (void)state;
    for (size_t t = 0; t < 4; t++)
        for (size_t n = 24; n < 36; n++) {
            memset(text, 'a', n);
            strcpy(text + n, tails[t]);
            size_t keep = n + strlen(tails[t]) <= 31 ? n + strlen(tails[t]) : n < 31 ? n : 31;
            snprintf(expected, sizeof expected, "%.*s", (int)keep, text);
            acq_frame_clear(&f);
            acq_frame_set_text(&f, ACQ_head_game, text);
            assert_string_equal(f.head.game, expected);
            assert_true(f.has[ACQ_head_game] && f.has[ACQ_head]);
        }
    acq_frame_set_text(&f, ACQ_stat_track, "");
    assert_true(f.has[ACQ_stat_track] && f.has[ACQ_stat] && !*f.stat.track);
}

/* what the simulator writes into the pages */
static void page_text(void **state)
{
    acq_char16 u[4];
    (void)state;
    acq_page_text(u, 4, "abcd");
    assert_true(u[0] == 'a' && u[1] == 'b' && u[2] == 'c' && u[3] == 0); /* at least one NUL */
    acq_page_text(u, 4, "ab\U0001f3ce");
    assert_true(u[0] == 'a' && u[1] == 'b' && u[2] == 0 && u[3] == 0);
    acq_page_text(u, 4, "\U0001f3ce");
    assert_true(u[0] == 0xd83c && u[1] == 0xdfce && u[2] == 0);
    acq_page_text(u, 4, "a\xc3");
    assert_true(u[0] == 'a' && u[1] == 0xfffd && u[2] == 0);
    acq_page_text(u, 4,
                  "\xed\xa0\x80"
                  "b");
    assert_true(u[0] == 0xfffd);
}

static void check_time(int32_t ms, const char *expected)
{
    acq_char16 u[15];
    uint8_t bytes[30];
    acq_page_time_text(u, ms);
    memcpy(bytes, u, sizeof bytes);
    acq_text_from_utf16(out, bytes, 15);
    assert_string_equal(out, expected);
}

static void times(void **state)
{
    (void)state;
    check_time(0, "-:--:---");
    check_time(-5, "-:--:---");
    check_time(1, "0:00:001");
    check_time(61234, "1:01:234");
    check_time(3600000, "60:00:000");
    check_time(INT32_MAX, "35791:23:647");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_utf16),     cmocka_unit_test(from_anything), cmocka_unit_test(to_utf16),
        cmocka_unit_test(there_and_back), cmocka_unit_test(set_text),      cmocka_unit_test(page_text),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
