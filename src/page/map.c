#include "page/map.h"

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
