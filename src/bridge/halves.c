#include "bridge/halves.h"

#include <string.h>

enum {
    LIVE = 100, /* a field that changed in so many pages is expected to change again: a car that begins to move, or
                   is about to stop, has fields that change for a while */
    MOST = 120, /* as far as is counted */
    LESS =
        10,  /* what one page without a change costs: a single half page, taken for whole, blinds for none behind it */
    END = 3, /* fields at the page's end that have to be old: one alone may well be the same twice */
    ENOUGH = 4,  /* live fields; with fewer nothing is said */
    MOTION = 11, /* words up to the velocity. Pedals, steering and fuel, before it, may stop at any step; a velocity
                    that stays the same in all its bits while the rest moves does not occur. */
};

static size_t words(size_t n)
{
    return n / 4 < ACQ_HALVES_WORDS ? n / 4 : ACQ_HALVES_WORDS;
}

/* What the fields of a page that are expected to change have done. */
struct change {
    size_t live, changed;
    size_t first; /* of those that changed, in words */
    size_t end;   /* how many at the end have not changed */
};

static struct change look(const struct acq_halves *halves, const void *page, size_t n)
{
    struct change c = {0};
    for (size_t i = 1; i < words(n); i++) { /* behind packetId */
        uint32_t word;
        if (halves->changed[i] < LIVE) continue;
        memcpy(&word, (const uint8_t *)page + 4 * i, sizeof word);
        bool changed = word != halves->before[i];
        c.end = changed ? 0 : c.end + 1;
        if (changed && !c.changed++) c.first = i;
        c.live++;
    }
    return c;
}

enum acq_half acq_halves_judge(const struct acq_halves *halves, const void *page, size_t n)
{
    struct change c = look(halves, page, n);
    if (c.live < ENOUGH || c.changed == c.live) return ACQ_WHOLE;
    if (!c.changed) return ACQ_HALF_MAYBE;
    if (c.end >= END) return ACQ_HALF_DONE;
    bool motion = halves->changed[MOTION - 1] >= LIVE; /* the velocity was moving */
    return motion && c.first >= MOTION ? ACQ_HALF_BEFORE : ACQ_WHOLE;
}

bool acq_halves_moved(const struct acq_halves *halves, const void *page, size_t n)
{
    return look(halves, page, n).changed > 0;
}

void acq_halves_learn(struct acq_halves *halves, const void *page, size_t n)
{
    for (size_t i = 1; i < words(n); i++) {
        uint32_t word;
        memcpy(&word, (const uint8_t *)page + 4 * i, sizeof word);
        bool changed = word != halves->before[i];
        int score = halves->changed[i] + (changed ? 1 : -LESS);
        halves->changed[i] = (uint8_t)(score < 0 ? 0 : score > MOST ? MOST : score);
        halves->before[i] = word;
    }
}
