/* test_event.c - the server's lines on stderr, and its measure of time. */
#include "help.h"

#include "ingest/event.h"
#include "ingest/latency.h"

static void test_words(void **state)
{
    struct acq_event e;
    (void)state;
    acq_event_begin(&e, "session-is");
    acq_event_text(&e, "car", "ks_audi_r8");
    acq_event_text(&e, "driver", "Jo \"the\" Doe");
    acq_event_text(&e, "none", "");
    acq_event_text(&e, "null", NULL);
    acq_event_number(&e, "seq", UINT64_MAX);
    assert_string_equal(e.line, "session-is car=ks_audi_r8 driver=\"Jo \\\"the\\\" Doe\" seq=18446744073709551615");
}

static void test_nothing_breaks_a_line(void **state)
{
    static const char *const bad[] = {"a\nb", "a\rb", "\x1b[2J", "a=b", "a\x7f", "\xff\xfe", "x y", "\\"};
    struct acq_event e;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        acq_event_begin(&e, "e");
        acq_event_text(&e, "k", bad[i]);
        assert_memory_equal(e.line, "e k=\"", 5);
        assert_int_equal(e.line[e.len - 1], '"');
        for (size_t k = 0; k < e.len; k++) assert_true((unsigned char)e.line[k] >= ' ' && e.line[k] != 0x7f);
    }
}

static void test_long(void **state)
{
    struct acq_event e;
    char text[3000];
    (void)state;
    memset(text, '\n', sizeof text - 1); /* each becomes two characters */
    text[sizeof text - 1] = 0;
    acq_event_begin(&e, "e");
    for (int i = 0; i < 10; i++) acq_event_text(&e, "key", text);
    acq_event_number(&e, "n", 7);
    assert_true(e.len < ACQ_EVENT_MAX);
    assert_int_equal(strlen(e.line), e.len);
    assert_non_null(strstr(e.line, " n=7")); /* what fits is there, also behind what did not */
}

static void test_latency(void **state)
{
    struct acq_latency l = {0};
    (void)state;
    assert_int_equal(acq_latency_at(&l, 0.99), 0);
    for (int i = 1; i <= 1000; i++) acq_latency_add(&l, i * INT64_C(100000)); /* 0.1 to 100 ms */
    int64_t half = acq_latency_at(&l, 0.5), most = acq_latency_at(&l, 0.99);
    assert_true(half >= 50 * INT64_C(1000000) && half <= 61 * INT64_C(1000000));
    assert_true(most >= 99 * INT64_C(1000000) && most <= 120 * INT64_C(1000000));
    acq_latency_add(&l, -1);
    acq_latency_add(&l, INT64_MAX);
    assert_true(acq_latency_at(&l, 1) > 3600 * INT64_C(1000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_nothing_breaks_a_line),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
