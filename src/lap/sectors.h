/* sectors.h - the times of sectors as they end: the game's own, or by the clock where it gives none.
 *
 * The last sector ends with the lap and is not among them.
 *
 * Memory  plain memory of the caller. Threads none. */
#ifndef ACQ_LAP_SECTORS_H
#define ACQ_LAP_SECTORS_H

#include "lap/stretch.h"

/* A sector that has ended and whose time the game may still have to show. */
struct acq_sector_watch {
    bool waiting;
    int sector;        /* from 0 */
    double since_s;    /* when its end was seen */
    int32_t before_ms; /* what the game showed until then */
    int32_t clock_ms;  /* its time by the clock; 0: not known */
};

/* acq_sectors_add takes the sample `b` behind `a`, for the lap that `stretch` is of. */
void acq_sectors_add(struct acq_sector_watch *watch, struct acq_stretch *stretch, const struct acq_lap_sample *a,
                     const struct acq_lap_sample *b);

/* acq_sectors_settle waits no longer; sector_ms is what the game shows. */
void acq_sectors_settle(struct acq_sector_watch *watch, struct acq_stretch *stretch, int32_t sector_ms);

#endif
