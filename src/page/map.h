/* map.h - the door to the game: its three pages in shared memory.
 *
 * Windows  named mappings Local\acpmf_physics, Local\acpmf_graphics, Local\acpmf_static.
 * Linux    files /dev/shm/acpmf_physics and so on, where bridges for Proton put the game's pages.
 * Memory   a map is the caller's; its pointers are valid until acq_map_close.
 * Threads  one thread per map.
 * Errors   ACQ_MISSING: no such page, the game is not running; ACQ_IO: it is there and cannot be used. */
#ifndef ACQ_PAGE_MAP_H
#define ACQ_PAGE_MAP_H

#include "base/err.h"
#include "page/page.h"

#include <stdbool.h>

/* Which page. */
enum acq_map_page { ACQ_MAP_PHYSICS, ACQ_MAP_GRAPHICS, ACQ_MAP_STATIC, ACQ_MAP_PAGES };

struct acq_map {
    uint8_t *bytes[ACQ_MAP_PAGES]; /* NULL: not open */
    size_t size[ACQ_MAP_PAGES];    /* [byte] that may be read */
    void *handle[ACQ_MAP_PAGES];   /* Windows: of the mapping */
    uint64_t file[ACQ_MAP_PAGES];  /* Linux: of each page's file, its inode number */
    struct acq_map_guard *guard;   /* Linux: notices a file that is cut while it is mapped */
    bool owner;                    /* made by acq_map_create */
    char prefix[64];
};

/* acq_map_prefix returns the first part of the pages' names: `given` unless NULL, else the environment's ACQ_PAGES,
 * else "acpmf", the game's own. */
const char *acq_map_prefix(const char *given);

/* acq_map_open opens the pages that are there, for reading only; it never makes one. Returns 0 when all three are open,
 * or ACQ_MISSING, ACQ_IO and closes what it opened. */
int acq_map_open(struct acq_map *map, const char *prefix, struct acq_err *err);

/* acq_map_create makes the pages, for the simulator, or takes those that are there; they are all zero then. */
int acq_map_create(struct acq_map *map, const char *prefix, struct acq_err *err);

/* acq_map_busy says whether another program writes these pages right now: then they are a game's, and not to be
 * overwritten. It looks for a tenth of a second. */
bool acq_map_busy(const char *prefix);

/* acq_map_gone says whether the pages that are mapped have lost their names, or others have them now: the game has
 * ended. Call it when nothing has moved for a while. Windows keeps a mapping as long as anybody holds it, so there ours
 * is let go and taken anew. If the pages are gone, the map is closed. */
bool acq_map_gone(struct acq_map *map);

/* acq_map_broken says whether a page was taken away under the map, so that what was read since may be zeros: throw that
 * away, close the map and open it anew. Linux alone knows such a thing: /dev/shm holds files, and files can be cut. */
bool acq_map_broken(const struct acq_map *map);

/* acq_map_close closes what is open; the owner takes the names away, where the system has not done that. */
void acq_map_close(struct acq_map *map);

/* Between map.c and map_posix.c, map_win32.c: the name of a page; mapping one, to read or, with `make`, to write and
 * then made where it is missing. */
int acq_map_name(char *dst, size_t size, const char *prefix, enum acq_map_page page, struct acq_err *err);
int acq_map_one(struct acq_map *map, enum acq_map_page page, bool make, struct acq_err *err);

/* the bytes that a page of ours takes */
extern const size_t acq_map_sizes[ACQ_MAP_PAGES];

#endif
