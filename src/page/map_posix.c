#include "page/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int acq_map_one(struct acq_map *map, enum acq_map_page page, bool make, struct acq_err *err)
{
    char name[80], shown[96];
    struct stat st;
    int r = acq_map_name(name + 1, sizeof name - 1, map->prefix, page, err);
    if (r < 0) return r;
    name[0] = '/';
    snprintf(shown, sizeof shown, "/dev/shm%s", name);
    int fd = shm_open(name, make ? O_RDWR | O_CREAT : O_RDONLY, 0666);
    if (fd < 0 && errno == ENOENT) return acq_fail(err, ACQ_MISSING, "there is no page %s: no game is running", shown);
    if (fd < 0) return acq_fail(err, ACQ_IO, "cannot open the page %s: %s", shown, strerror(errno));
    if (fstat(fd, &st) < 0) st.st_size = 0;
    if (make && (size_t)st.st_size < acq_map_sizes[page] && ftruncate(fd, (off_t)acq_map_sizes[page]) == 0)
        st.st_size = (off_t)acq_map_sizes[page];
    if (st.st_size <= 0) {
        close(fd);
        return acq_fail(err, ACQ_MISSING, "the page %s is empty: no game is running", shown);
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, make ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED) return acq_fail(err, ACQ_IO, "cannot map the page %s: %s", shown, strerror(errno));
    map->bytes[page] = bytes;
    map->size[page] = (size_t)st.st_size;
    if (page == ACQ_MAP_PHYSICS) map->file = st.st_ino;
    return ACQ_OK;
}

bool acq_map_gone(struct acq_map *map)
{
    char name[80] = "/";
    struct stat st = {0};
    int fd = -1;
    if (acq_map_name(name + 1, sizeof name - 1, map->prefix, ACQ_MAP_PHYSICS, NULL) == ACQ_OK)
        fd = shm_open(name, O_RDONLY, 0);
    bool gone = fd < 0 || fstat(fd, &st) < 0 || st.st_ino != map->file;
    if (fd >= 0) close(fd);
    if (gone) acq_map_close(map);
    return gone;
}

void acq_map_close(struct acq_map *map)
{
    char name[80];
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        if (!map->bytes[page]) continue;
        munmap(map->bytes[page], map->size[page]);
        map->bytes[page] = NULL;
        name[0] = '/';
        if (map->owner && acq_map_name(name + 1, sizeof name - 1, map->prefix, (enum acq_map_page)page, NULL) == ACQ_OK)
            shm_unlink(name);
    }
}
