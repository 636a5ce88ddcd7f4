#include "page/read.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { TAKE_MAX = 1024 };

int32_t acq_page_id(const uint8_t *page)
{
    return *(const volatile int32_t *)(const void *)page; /* another process writes it; pages are aligned */
}

bool acq_page_take(uint8_t *dst, const uint8_t *page, size_t n)
{
    uint8_t again[TAKE_MAX];
    if (n > sizeof again) return false;
    int32_t before = acq_page_id(page);
    atomic_thread_fence(memory_order_acquire); /* keeps the reads in this order */
    memcpy(dst, page, n);
    atomic_thread_fence(memory_order_acquire);
    memcpy(again, page, n);
    atomic_thread_fence(memory_order_acquire);
    return before == acq_page_id(page) && !memcmp(dst, &before, sizeof before) && !memcmp(dst, again, n);
}

bool acq_page_same(const uint8_t *copy, const uint8_t *page, size_t n)
{
    uint8_t again[TAKE_MAX];
    if (n > sizeof again) return false;
    atomic_thread_fence(memory_order_acquire);
    memcpy(again, page, n);
    atomic_thread_fence(memory_order_acquire);
    return !memcmp(copy, again, n);
}

/* version: "1.7" as 107; 0 if the text is empty, -1 if it is no version */
static int version(const acq_char16 *text)
{
    char s[16];
    unsigned major, minor;
    for (int i = 0; i < 15; i++) {
        s[i] = (char)(text[i] < 128 ? text[i] : '?');
        if (!text[i]) break;
    }
    s[15] = 0;
    if (!*s) return 0;
    return sscanf(s, "%2u.%2u", &major, &minor) == 2 ? (int)(major * 100 + minor) : -1;
}

static bool is_flag(int32_t v)
{
    return v == 0 || v == 1;
}

/* is_text: characters, then only what a text's tail may hold: anything; at least no control character before its end */
static bool is_text(const acq_char16 *text, size_t units)
{
    for (size_t i = 0; i < units && text[i]; i++)
        if (text[i] < ' ') return false;
    return true;
}

/* plausible: do the fields behind trackConfiguration look like what they should be? A page that is read at the wrong
 * place shows denormals and letters. */
static bool plausible(const struct acq_page_static *s)
{
    bool energy = s->ers_max_j == 0 || (isnormal(s->ers_max_j) && s->ers_max_j > 0 && s->ers_max_j < 1e9f);
    return energy && is_flag(s->is_timed_race) && is_flag(s->has_extra_lap) && is_text(s->car_skin, 33) &&
           s->reversed_grid_positions > -1000 && s->reversed_grid_positions < 1000 && s->pit_window_start >= -1 &&
           s->pit_window_start < 100000 && s->pit_window_end >= -1 && s->pit_window_end < 100000;
}

enum {
    LAYOUT = offsetof(struct acq_page_static, track_configuration),
    LAYOUT_UNITS = 33,
    LAYOUT_UNITS_OLD = 15,
    TAIL = offsetof(struct acq_page_static, ers_max_j),
    TAIL_OLD = (LAYOUT + 2 * LAYOUT_UNITS_OLD + 3) / 4 * 4, /* the next field is aligned to four */
    TAIL_SIZE = sizeof(struct acq_page_static) - TAIL
};

/* from_old makes a page of 33 characters out of one of 15. */
static void from_old(struct acq_page_static *s, const uint8_t *page)
{
    memset(s, 0, sizeof *s);
    memcpy(s, page, LAYOUT + 2 * LAYOUT_UNITS_OLD);
    memcpy((uint8_t *)s + TAIL, page + TAIL_OLD, TAIL_SIZE);
}

static int check_game(const struct acq_page_static *s, size_t n, struct acq_err *err)
{
    if (n < offsetof(struct acq_page_static, player_name)) return ACQ_AGAIN;
    int v = version(s->sm_version);
    if (v == 0) return ACQ_AGAIN;
    if (v < 0)
        return acq_fail(err, ACQ_VERSION,
                        "this is another game than Assetto Corsa: its shared memory states no version of the kind that "
                        "Assetto Corsa does; only Assetto Corsa, versions 1.0 to 1.7, can be recorded");
    if (v < 100 || v > 107)
        return acq_fail(
            err, ACQ_VERSION,
            "this is another game than Assetto Corsa: its shared memory has version %d.%d and another layout; "
            "only Assetto Corsa, versions 1.0 to 1.7, can be recorded",
            v / 100, v % 100);
    return s->car_model[0] && s->track[0] ? ACQ_OK : ACQ_AGAIN;
}

int acq_static_read(struct acq_page_static *s, size_t *size, const uint8_t *page, size_t n, struct acq_err *err)
{
    if (n > sizeof *s) n = sizeof *s;
    memset(s, 0, sizeof *s);
    memcpy(s, page, n);
    int r = check_game(s, n, err);
    if (r != ACQ_OK) return r;
    *size = n;
    if (n < TAIL_OLD + TAIL_SIZE) return ACQ_OK; /* an old, shorter page */
    struct acq_page_static old;
    from_old(&old, page);
    bool fits = n == sizeof *s && plausible(s), old_fits = plausible(&old);
    /* where nearly all is 0 both fit: then the one with a skin is right, since every car has one */
    if (fits && !(old_fits && !s->car_skin[0] && old.car_skin[0])) return ACQ_OK;
    if (old_fits) {
        *s = old;
        *size = sizeof *s;
    } else {
        memset((uint8_t *)s + TAIL, 0, TAIL_SIZE);
        *size = TAIL;
        for (int i = LAYOUT_UNITS_OLD; i < LAYOUT_UNITS; i++) s->track_configuration[i] = 0;
    }
    return ACQ_OK;
}
