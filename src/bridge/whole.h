/* whole.h - copies of the game's pages that agree with themselves.
 *
 * Memory  the destination is the caller's.
 * Threads the one that has the map. */
#ifndef ACQ_BRIDGE_WHOLE_H
#define ACQ_BRIDGE_WHOLE_H

#include "bridge/ring.h"
#include "page/map.h"

/* acq_whole_size returns how many bytes of this page are copied: what the game has of it, and we know. */
uint16_t acq_whole_size(const struct acq_map *map, enum acq_map_page page);

/* acq_whole_copy copies one page. Returns false if it was written meanwhile. */
bool acq_whole_copy(const struct acq_map *map, void *dst, enum acq_map_page page);

/* acq_whole_same says whether the page still reads as `taken`. */
bool acq_whole_same(const struct acq_map *map, const void *taken, enum acq_map_page page);

/* acq_whole_take copies all pages until they are whole, and adds to *retried how often it had to begin again. Returns
 * false if they never were: then the sample's pages are worth nothing. It takes a tenth of a millisecond at most. */
bool acq_whole_take(const struct acq_map *map, struct acq_sample *dst, uint64_t *retried);

#endif
