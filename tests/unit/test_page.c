/* Pages: the static page in its two layouts, other games' pages, torn copies, and the pages in shared memory. */
#include "help.h"

#include "base/os.h"
#include "page/map.h"
#include "page/read.h"
#include "page/text.h"

#include <pthread.h>
#include <stdatomic.h>

static struct acq_err err;

/* ---- the static page ---- */

/* letters: n of them, the same for the same n */
static const char *letters(size_t n)
{
    static char text[40];
    for (size_t i = 0; i < n; i++) text[i] = (char)('a' + (i + n) % 26);
    text[n] = 0;
    return text;
}

static void fill(struct acq_page_static *s, size_t layout, size_t skin)
{
    memset(s, 0, sizeof *s);
    acq_page_text(s->sm_version, 15, "1.7");
    acq_page_text(s->ac_version, 15, "1.16.4");
    s->num_cars = 24;
    acq_page_text(s->car_model, 33, "ks_bmw_m4");
    acq_page_text(s->track, 33, "ks_nordschleife");
    acq_page_text(s->player_name, 33, "Ada");
    s->max_rpm = 7500;
    s->track_spline_length = 20832;
    acq_text_to_utf16((uint8_t *)s->track_configuration, 33, letters(layout));
    acq_text_to_utf16((uint8_t *)s->car_skin, 33, letters(skin));
    s->ers_max_j = 4e6f;
    s->is_timed_race = 1;
    s->has_extra_lap = 1;
    s->reversed_grid_positions = 8;
    s->pit_window_start = 15;
    s->pit_window_end = 25;
}

/* as_old writes the page with 15 characters of trackConfiguration: all behind it comes 36 bytes earlier. */
static void as_old(uint8_t *page, const struct acq_page_static *s)
{
    const size_t tail = offsetof(struct acq_page_static, ers_max_j);
    memcpy(page, s, 524 + 30);
    memset(page + 554, 0, 2);
    memcpy(page + 556, (const uint8_t *)s + tail, sizeof *s - tail);
}

/* read_static reads from memory of just n bytes */
static int read_static(struct acq_page_static *s, size_t *size, const void *page, size_t n)
{
    uint8_t *exact = calloc(1, n + !n);
    if (n) memcpy(exact, page, n);
    *size = 99999;
    int r = acq_static_read(s, size, exact, n, &err);
    free(exact);
    return r;
}

static void layout_of_33(void **state)
{
    struct acq_page_static page, got;
    size_t size;
    uint8_t big[4096] = {0};
    (void)state;
    for (size_t layout = 0; layout <= 33; layout++)
        for (size_t skin = 0; skin <= 33; skin++)
            for (int plain = 0; plain < 2; plain++) {
                fill(&page, layout, skin);
                if (plain) { /* most cars have no ERS, most races no window: 0 everywhere */
                    page.ers_max_j = 0;
                    page.is_timed_race = page.has_extra_lap = page.reversed_grid_positions = 0;
                    page.pit_window_start = page.pit_window_end = 0;
                }
                memcpy(big, &page, sizeof page);
                assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_OK);
                assert_int_equal(size, sizeof page);
                if (memcmp(&got, &page, sizeof page)) fail_msg("layout of %zu, skin of %zu", layout, skin);
                assert_int_equal(read_static(&got, &size, big, sizeof big), ACQ_OK); /* as Windows maps it */
                assert_memory_equal(&got, &page, sizeof page);
            }
}

static void layout_of_15(void **state)
{
    struct acq_page_static page, got;
    size_t size;
    uint8_t big[4096];
    static const size_t sizes[] = {648, 684, 2048, 4096};
    (void)state;
    for (size_t layout = 0; layout <= 15; layout++)
        for (size_t skin = 1; skin <= 33; skin++) /* every car has a skin */
            for (int plain = 0; plain < 2; plain++)
                for (size_t i = 0; i < 4; i++) {
                    fill(&page, layout, skin);
                    if (plain) {
                        page.ers_max_j = 0;
                        page.is_timed_race = page.has_extra_lap = page.reversed_grid_positions = 0;
                        page.pit_window_start = page.pit_window_end = 0;
                    }
                    memset(big, 0, sizeof big);
                    as_old(big, &page);
                    assert_int_equal(read_static(&got, &size, big, sizes[i]), ACQ_OK);
                    assert_int_equal(size, sizeof page);
                    if (memcmp(&got, &page, sizeof page))
                        fail_msg("layout of %zu, skin of %zu, page of %zu", layout, skin, sizes[i]);
                }
}

/* where neither layout fits, what stands behind the layout is left out rather than misread */
static void neither_layout(void **state)
{
    struct acq_page_static page, got;
    size_t size;
    (void)state;
    fill(&page, 5, 5);
    memset((uint8_t *)&page + 556, 0x77, sizeof page - 556);
    assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_OK);
    assert_int_equal(size, offsetof(struct acq_page_static, ers_max_j));
    assert_int_equal(got.is_timed_race, 0);
    assert_int_equal(got.max_rpm, 7500);
    for (size_t i = 5; i < 33; i++) assert_int_equal(got.track_configuration[i], 0);
}

/* older games have shorter pages; a page that is not filled, or is gone, is nothing yet */
static void short_static(void **state)
{
    struct acq_page_static page, got;
    size_t size;
    (void)state;
    fill(&page, 5, 5);
    for (size_t n = 0; n < 648; n++) {
        int r = read_static(&got, &size, &page, n);
        assert_int_equal(r, n < offsetof(struct acq_page_static, player_name) ? ACQ_AGAIN : ACQ_OK);
        if (r != ACQ_OK) continue;
        assert_int_equal(size, n);
        assert_memory_equal(&got, &page, n);
    }
}

static void not_filled(void **state)
{
    struct acq_page_static page = {.max_rpm = 0}, got;
    size_t size;
    (void)state;
    assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_AGAIN);
    acq_page_text(page.sm_version, 15, "1.7");
    assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_AGAIN);
    acq_page_text(page.car_model, 33, "car");
    assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_AGAIN);
    acq_page_text(page.track, 33, "track");
    assert_int_equal(read_static(&got, &size, &page, sizeof page), ACQ_OK);
}

static int with_version(const char *version)
{
    struct acq_page_static page, got;
    size_t size;
    fill(&page, 5, 5);
    acq_text_to_utf16((uint8_t *)page.sm_version, 15, version);
    err = (struct acq_err){0};
    int r = read_static(&got, &size, &page, sizeof page);
    if (r < 0) assert_true(strlen(err.text) > 40 && strstr(err.text, "Assetto Corsa"));
    return r;
}

static void versions(void **state)
{
    (void)state;
    for (unsigned minor = 0; minor <= 7; minor++) {
        char text[8];
        snprintf(text, sizeof text, "1.%u", minor);
        assert_int_equal(with_version(text), ACQ_OK);
    }
    assert_int_equal(with_version("1.9"), ACQ_VERSION);
    assert_non_null(strstr(err.text, "1.9"));
    assert_int_equal(with_version("1.8"), ACQ_VERSION);
    assert_int_equal(with_version("0.9"), ACQ_VERSION);
    assert_int_equal(with_version("2.0"), ACQ_VERSION);
    assert_int_equal(with_version("1.17"), ACQ_VERSION);
    assert_int_equal(with_version("x"), ACQ_VERSION);
    assert_int_equal(with_version("ééé"), ACQ_VERSION);
    assert_int_equal(with_version("999999999999999"), ACQ_VERSION); /* all 15 units, no end */
    assert_int_equal(with_version("-1.7"), ACQ_VERSION);
}

static void garbage(void **state)
{
    struct acq_page_static got;
    uint64_t random = 71;
    uint8_t page[684];
    size_t size;
    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        random_bytes(&random, page, sizeof page);
        if (i % 2) acq_text_to_utf16(page, 15, "1.7");
        size_t n = random_below(&random, sizeof page + 1);
        int r = read_static(&got, &size, page, n);
        assert_true(r == ACQ_OK || r == ACQ_AGAIN || r == ACQ_VERSION);
        if (r == ACQ_OK) assert_true(size <= sizeof got && size <= n + 36);
    }
}

/* ---- torn copies ---- */

enum { PAGE = 580 };
static struct {
    atomic_uint count; /* odd while the page is written */
    atomic_bool stop;
    _Alignas(8) uint8_t page[PAGE];
} shared;

/* writer writes the id first, then the rest, as fast as it can, all bytes from the id. */
static void *writer(void *user)
{
    volatile uint8_t *page = shared.page;
    (void)user;
    for (uint32_t id = 1; !atomic_load(&shared.stop); id++) {
        atomic_fetch_add(&shared.count, 1);
        *(volatile uint32_t *)(void *)shared.page = id;
        atomic_thread_fence(memory_order_seq_cst);
        for (size_t i = 4; i < PAGE; i++) page[i] = (uint8_t)id;
        atomic_fetch_add(&shared.count, 1);
        for (volatile unsigned pause = 0; pause < id % 512; pause++) continue;
    }
    return NULL;
}

/* A copy that begins while the page is at rest, and is of that step, must be of that step alone, whatever the writer
 * did then. (A copy that begins inside a write may be mixed and agree with itself: the two copies are faster than the
 * writer's stores reach another core. The sampler looks again later.) */
static void torn(void **state)
{
    pthread_t thread;
    uint8_t dst[PAGE];
    unsigned taken = 0, refused = 0;
    int64_t until = acq_now_ns() + INT64_C(20000000000);
    (void)state;
    memset(&shared, 0, sizeof shared);
    assert_int_equal(pthread_create(&thread, NULL, writer, NULL), 0);
    while ((taken < 20000 || refused < 2000) && acq_now_ns() < until) {
        unsigned count = atomic_load(&shared.count);
        int32_t id = acq_page_id(shared.page), got;
        if (count & 1 || atomic_load(&shared.count) != count) continue;
        if (!acq_page_take(dst, shared.page, PAGE)) {
            refused++;
            continue;
        }
        memcpy(&got, dst, 4);
        if (got != id) continue;
        taken++;
        for (size_t i = 4; i < PAGE; i++)
            if (dst[i] != dst[0]) fail_msg("a torn page was taken: byte %zu", i);
    }
    atomic_store(&shared.stop, true);
    pthread_join(thread, NULL);
    assert_true(taken >= 20000 && refused >= 2000); /* else the test has not tested */
}

static void at_rest(void **state)
{
    _Alignas(8) uint8_t page[1024];
    uint8_t dst[1025] = {0};
    uint64_t random = 72;
    (void)state;
    random_bytes(&random, page, sizeof page);
    for (size_t n = 4; n <= 1024; n += 4) {
        assert_true(acq_page_take(dst, page, n));
        assert_memory_equal(dst, page, n);
    }
    assert_int_equal(dst[1024], 0);
    assert_false(acq_page_take(dst, page, 1025));
    int32_t id;
    memcpy(&id, page, 4);
    assert_int_equal(acq_page_id(page), id);
}

/* ---- pages in shared memory ---- */

static void shared_pages(void **state)
{
    struct acq_map game, reader, more;
    char prefix[40];
    (void)state;
    snprintf(prefix, sizeof prefix, "acqtest%d", (int)getpid());
    assert_int_equal(acq_map_open(&reader, prefix, &err), ACQ_MISSING);
    assert_int_equal(acq_map_open(&reader, prefix, &err), ACQ_MISSING); /* looking has made none */
    assert_int_equal(acq_map_create(&game, prefix, &err), ACQ_OK);
    assert_int_equal(acq_map_open(&reader, prefix, &err), ACQ_OK);
    assert_true(reader.size[ACQ_MAP_PHYSICS] >= 580 && reader.size[ACQ_MAP_STATIC] >= 684);
    game.bytes[ACQ_MAP_GRAPHICS][295] = 77;
    assert_int_equal(reader.bytes[ACQ_MAP_GRAPHICS][295], 77);
    assert_false(acq_map_gone(&reader));
    acq_map_close(&game);
    assert_true(acq_map_gone(&reader));
    assert_int_equal(acq_map_open(&more, prefix, &err), ACQ_MISSING);
    assert_int_equal(acq_map_create(&game, prefix, &err), ACQ_OK);
    assert_int_equal(game.bytes[ACQ_MAP_GRAPHICS][295], 0);
    assert_true(acq_map_gone(&reader)); /* the name belongs to newer pages */
    acq_map_close(&reader);
    acq_map_close(&reader);
    acq_map_close(&game);
    assert_int_equal(acq_map_create(&game, "a/b", &err), ACQ_USAGE);
    assert_int_equal(acq_map_create(&game, "", &err), ACQ_USAGE);
    assert_int_equal(acq_map_create(&game, "a..", &err), ACQ_USAGE);
    assert_int_equal(acq_map_open(&game, "12345678901234567890123456789012345678901", &err), ACQ_USAGE);
}

static void prefixes(void **state)
{
    (void)state;
    setenv("ACQ_PAGES", "other", 1);
    assert_string_equal(acq_map_prefix("given"), "given");
    assert_string_equal(acq_map_prefix(NULL), "other");
    setenv("ACQ_PAGES", "", 1);
    assert_string_equal(acq_map_prefix(NULL), "acpmf");
    unsetenv("ACQ_PAGES");
    assert_string_equal(acq_map_prefix(NULL), "acpmf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_of_33), cmocka_unit_test(layout_of_15), cmocka_unit_test(neither_layout),
        cmocka_unit_test(short_static), cmocka_unit_test(not_filled),   cmocka_unit_test(versions),
        cmocka_unit_test(garbage),      cmocka_unit_test(torn),         cmocka_unit_test(at_rest),
        cmocka_unit_test(shared_pages), cmocka_unit_test(prefixes),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
