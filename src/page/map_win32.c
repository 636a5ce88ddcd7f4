#include "page/map.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

/* open_mapping: OpenFileMapping never makes a mapping, so a reader that comes first leaves nothing behind that the game
 * would find: Microsoft, "OpenFileMappingW function". */
static HANDLE open_mapping(const wchar_t *name, size_t size, bool make)
{
    if (!make) return OpenFileMappingW(FILE_MAP_READ, FALSE, name);
    return CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, name);
}

int acq_map_one(struct acq_map *map, enum acq_map_page page, bool make, struct acq_err *err)
{
    char name[80], shown[96];
    wchar_t wide[96];
    MEMORY_BASIC_INFORMATION info;
    int r = acq_map_name(name, sizeof name, map->prefix, page, err);
    if (r < 0) return r;
    snprintf(shown, sizeof shown, "Local\\%s", name);
    MultiByteToWideChar(CP_UTF8, 0, shown, -1, wide, 96);
    HANDLE handle = open_mapping(wide, acq_map_sizes[page], make);
    if (!handle && GetLastError() == ERROR_FILE_NOT_FOUND)
        return acq_fail(err, ACQ_MISSING, "there is no page %s: no game is running", shown);
    if (!handle) return acq_fail(err, ACQ_IO, "cannot open the page %s: Windows error %lu", shown, GetLastError());
    /* size 0 maps what is there: older games have shorter pages */
    void *bytes = MapViewOfFile(handle, make ? FILE_MAP_ALL_ACCESS : FILE_MAP_READ, 0, 0, 0);
    if (!bytes || !VirtualQuery(bytes, &info, sizeof info)) {
        CloseHandle(handle);
        return acq_fail(err, ACQ_IO, "cannot map the page %s: Windows error %lu", shown, GetLastError());
    }
    map->handle[page] = handle;
    map->bytes[page] = bytes;
    map->size[page] = info.RegionSize;
    return ACQ_OK;
}

bool acq_map_gone(struct acq_map *map)
{
    char prefix[sizeof map->prefix];
    snprintf(prefix, sizeof prefix, "%s", map->prefix);
    acq_map_close(map);
    return acq_map_open(map, prefix, NULL) < 0;
}

bool acq_map_broken(const struct acq_map *map)
{
    (void)map; /* a mapping keeps its size as long as anybody holds it */
    return false;
}

void acq_map_close(struct acq_map *map)
{
    for (int page = 0; page < ACQ_MAP_PAGES; page++) {
        if (!map->bytes[page]) continue;
        UnmapViewOfFile(map->bytes[page]);
        CloseHandle(map->handle[page]);
        map->bytes[page] = NULL;
    }
}
