#include "lap/sectors.h"

#include <stdlib.h>

#define WAIT_S 1.0    /* the index of the sector and its time change in different pictures */
#define LIKELY_MS 500 /* by the clock, which was read some time after the sector's end */
#define SAME_MS 30    /* a time that has not changed is this sector's if the clock says nearly the same */

/* by_clock: the time of the sector that ends when the clock reads clock_ms; 0: one before it is not known */
static int32_t by_clock(const struct acq_stretch *s, int sector, int32_t clock_ms)
{
    int64_t left = clock_ms;
    if (clock_ms == ACQ_LAP_ABSENT) return 0;
    for (int i = 0; i < sector; i++) {
        if (!s->sector_ms[i]) return 0;
        left -= s->sector_ms[i];
    }
    return left > 0 ? (int32_t)left : 0;
}

static void set(struct acq_sector_watch *w, struct acq_stretch *s, int32_t ms, bool game)
{
    s->sector_ms[w->sector] = ms;
    s->sector_by_game[w->sector] = game;
    w->waiting = false;
}

void acq_sectors_settle(struct acq_sector_watch *w, struct acq_stretch *s, int32_t sector_ms)
{
    if (!w->waiting) return;
    bool changed = sector_ms != w->before_ms;
    bool game = sector_ms > 0 && (w->clock_ms ? labs((long)sector_ms - w->clock_ms) <= (changed ? LIKELY_MS : SAME_MS)
                                              : changed && w->before_ms != ACQ_LAP_ABSENT);
    set(w, s, game ? sector_ms : w->clock_ms, game);
}

void acq_sectors_add(struct acq_sector_watch *w, struct acq_stretch *s, const struct acq_lap_sample *a,
                     const struct acq_lap_sample *b)
{
    bool changed = w->waiting && b->sector_ms != w->before_ms;
    if (changed && w->clock_ms) changed = labs((long)b->sector_ms - w->clock_ms) <= LIKELY_MS;
    if (changed || (w->waiting && b->t_s - w->since_s > WAIT_S)) acq_sectors_settle(w, s, b->sector_ms);
    if (a->sector < 0 || a->sector >= ACQ_LAP_SECTORS - 1 || b->sector != a->sector + 1) return;
    acq_sectors_settle(w, s, a->sector_ms);
    *w = (struct acq_sector_watch){.waiting = true,
                                   .sector = a->sector,
                                   .since_s = b->t_s,
                                   .before_ms = a->sector_ms,
                                   .clock_ms = by_clock(s, a->sector, b->clock_ms)};
    if (b->sector_ms != a->sector_ms) acq_sectors_settle(w, s, b->sector_ms);
}
