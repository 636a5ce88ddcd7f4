#include "bridge/whole.h"

#include "base/os.h"
#include "page/read.h"

/* A copy must still be what stands there this much later. Two copies in a row are taken within 100 ns and agree also
 * when the game stands still between two fields for longer than that: then the page was half of one step, half of
 * another. What stands still for longer, bridge/halves.h has to tell. */
#define SETTLE_NS INT64_C(5000)
enum { TRIES = 20 };

uint16_t acq_whole_size(const struct acq_map *map, enum acq_map_page page)
{
    return (uint16_t)(map->size[page] < acq_map_sizes[page] ? map->size[page] : acq_map_sizes[page]);
}

bool acq_whole_copy(const struct acq_map *map, void *dst, enum acq_map_page page)
{
    return acq_page_take(dst, map->bytes[page], acq_whole_size(map, page));
}

bool acq_whole_same(const struct acq_map *map, const void *taken, enum acq_map_page page)
{
    return acq_page_same(taken, map->bytes[page], acq_whole_size(map, page));
}

bool acq_whole_take(const struct acq_map *map, struct acq_sample *dst, uint64_t *retried)
{
    struct acq_pages *p = &dst->pages;
    dst->physics_size = acq_whole_size(map, ACQ_MAP_PHYSICS);
    dst->graphics_size = acq_whole_size(map, ACQ_MAP_GRAPHICS);
    dst->static_size = acq_whole_size(map, ACQ_MAP_STATIC);
    for (int i = 0; i < TRIES; i++) {
        bool whole = acq_whole_copy(map, &p->physics, ACQ_MAP_PHYSICS) &&
                     acq_whole_copy(map, &p->graphics, ACQ_MAP_GRAPHICS) &&
                     acq_whole_copy(map, &p->stat, ACQ_MAP_STATIC);
        for (int64_t from = acq_now_ns(); acq_now_ns() - from < SETTLE_NS;) continue; /* too short to sleep */
        if (whole && acq_whole_same(map, &p->physics, ACQ_MAP_PHYSICS) &&
            acq_whole_same(map, &p->graphics, ACQ_MAP_GRAPHICS) && acq_whole_same(map, &p->stat, ACQ_MAP_STATIC))
            return true;
        ++*retried;
    }
    return false;
}
