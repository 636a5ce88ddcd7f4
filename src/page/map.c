#include "page/map.h"

#include "base/os.h"
#include "page/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const size_t acq_map_sizes[ACQ_MAP_PAGES] = {sizeof(struct acq_page_physics), sizeof(struct acq_page_graphics),
                                             sizeof(struct acq_page_static)};

const char *acq_map_prefix(const char *given)
{
    const char *set = getenv("ACQ_PAGES");
    return given ? given : set && *set ? set : "acpmf";
}

int acq_map_name(char *dst, size_t size, const char *prefix, enum acq_map_page page, struct acq_err *err)
{
    static const char *const names[ACQ_MAP_PAGES] = {"physics", "graphics", "static"};
    if (!*prefix || strlen(prefix) > 40 ||
        strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(prefix))
        return acq_fail(err, ACQ_USAGE, "the pages' prefix '%.60s' is not one: use letters, digits, _ and -", prefix);
    int n = snprintf(dst, size, "%s_%s", prefix, names[page]);
    return n > 0 && (size_t)n < size ? ACQ_OK : ACQ_RANGE;
}

static int map_all(struct acq_map *map, const char *prefix, bool make, struct acq_err *err)
{
    int r = ACQ_OK;
    *map = (struct acq_map){.owner = make};
    snprintf(map->prefix, sizeof map->prefix, "%s", prefix);
    for (int page = 0; page < ACQ_MAP_PAGES && r == ACQ_OK; page++)
        r = acq_map_one(map, (enum acq_map_page)page, make, err);
    if (r < 0) acq_map_close(map);
    return r;
}

int acq_map_open(struct acq_map *map, const char *prefix, struct acq_err *err)
{
    return map_all(map, prefix, false, err);
}

int acq_map_create(struct acq_map *map, const char *prefix, struct acq_err *err)
{
    int r = map_all(map, prefix, true, err);
    for (int page = 0; page < ACQ_MAP_PAGES && r == ACQ_OK; page++) memset(map->bytes[page], 0, acq_map_sizes[page]);
    return r;
}

bool acq_map_busy(const char *prefix)
{
    enum { LOOKS = 10, LOOK_MS = 10 };
    struct acq_map map;
    if (acq_map_open(&map, prefix, NULL) < 0) return false;
    int32_t id = acq_page_id(map.bytes[ACQ_MAP_PHYSICS]);
    bool moves = false;
    for (int i = 0; i < LOOKS && !moves; i++) {
        acq_sleep_ms(LOOK_MS);
        moves = acq_page_id(map.bytes[ACQ_MAP_PHYSICS]) != id;
    }
    acq_map_close(&map);
    return moves;
}
