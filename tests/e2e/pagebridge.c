/* pagebridge.c - what public page bridges for Proton do, for our tests: a Windows program that runs in the game's
 * prefix and makes the game's pages files of Linux.
 *
 * Usage: pagebridge map PREFIX SIZE [keep]    before the game: named mappings backed by Z:\dev\shm\PREFIX_* of SIZE
 * bytes each, which the game then takes for its own pagebridge copy PREFIX HZ [keep]     opens the game's mappings and
 * copies them there so many times a second It says "ready" when the files are there, ends with Ctrl+C, and takes the
 * files away, unless it shall keep them. */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES = 3 };
static const char *const names[PAGES] = {"physics", "graphics", "static"};
static HANDLE ends;

struct page {
    char name[100], path[140];
    HANDLE file, mapping; /* of the file */
    void *bytes;
    HANDLE game; /* copy: the game's mapping */
    void *from;
    SIZE_T size;
};

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    SetEvent(ends);
    return TRUE;
}

static void fail(const char *what, const char *name)
{
    fprintf(stderr, "cannot %s %s: Windows error %lu\n", what, name, GetLastError());
    exit(1);
}

/* make_file: the file, of that size, and a mapping of it; `name` makes the mapping others' too */
static void make_file(struct page *p, const char *name)
{
    LARGE_INTEGER size = {.QuadPart = (LONGLONG)p->size};
    p->file = CreateFileA(p->path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                          NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_TEMPORARY, NULL);
    if (p->file == INVALID_HANDLE_VALUE || !SetFilePointerEx(p->file, size, NULL, FILE_BEGIN) || !SetEndOfFile(p->file))
        fail("make", p->path);
    p->mapping = CreateFileMappingA(p->file, NULL, PAGE_READWRITE, 0, (DWORD)p->size, name);
    if (!p->mapping) fail("map", p->path);
    if (name && GetLastError() == ERROR_ALREADY_EXISTS) {
        fprintf(stderr, "the game was here first: it has made %s\n", name);
        exit(1);
    }
    p->bytes = MapViewOfFile(p->mapping, FILE_MAP_ALL_ACCESS, 0, 0, p->size);
    if (!p->bytes) fail("see", p->path);
}

/* open_game waits for the game's mapping. */
static void open_game(struct page *p)
{
    MEMORY_BASIC_INFORMATION info;
    while (!(p->game = OpenFileMappingA(FILE_MAP_READ, FALSE, p->name)))
        if (WaitForSingleObject(ends, 50) == WAIT_OBJECT_0) exit(0);
    p->from = MapViewOfFile(p->game, FILE_MAP_READ, 0, 0, 0);
    if (!p->from || !VirtualQuery(p->from, &info, sizeof info)) fail("see", p->name);
    p->size = info.RegionSize;
    make_file(p, NULL);
}

static void copy_until_end(const struct page *pages, double hz)
{
    LARGE_INTEGER frequency, start, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&start);
    for (unsigned long long round = 1;; round++) {
        for (int i = 0; i < PAGES; i++) memcpy(pages[i].bytes, pages[i].from, pages[i].size);
        QueryPerformanceCounter(&now);
        double left_ms =
            (double)round * 1e3 / hz - (double)(now.QuadPart - start.QuadPart) * 1e3 / (double)frequency.QuadPart;
        if (WaitForSingleObject(ends, left_ms > 0 ? (DWORD)(left_ms + 0.5) : 0) == WAIT_OBJECT_0) return;
    }
}

int main(int argc, char **argv)
{
    struct page pages[PAGES] = {0};
    if (argc < 4) return 2;
    int maps = !strcmp(argv[1], "map"), keep = argc > 4;
    ends = CreateEventA(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_control, TRUE);
    for (int i = 0; i < PAGES; i++) {
        snprintf(pages[i].name, sizeof pages[i].name, "%s_%s", argv[2], names[i]);
        snprintf(pages[i].path, sizeof pages[i].path, "Z:\\dev\\shm\\%s", pages[i].name);
        pages[i].size = (SIZE_T)atoi(argv[3]);
        if (maps)
            make_file(&pages[i], pages[i].name);
        else
            open_game(&pages[i]);
    }
    fprintf(stderr, "ready\n");
    fflush(stderr);
    if (maps)
        WaitForSingleObject(ends, INFINITE);
    else
        copy_until_end(pages, atof(argv[3]));
    for (int i = 0; i < PAGES && !keep; i++) {
        UnmapViewOfFile(pages[i].bytes);
        CloseHandle(pages[i].mapping);
        CloseHandle(pages[i].file);
        DeleteFileA(pages[i].path);
    }
    return 0;
}
