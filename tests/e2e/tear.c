/* tear.c - a game that takes its time: makes the three pages and writes physics and graphics with pauses inside a page.
 *
 * Usage: tear PREFIX first|last pieces|halves STEPS TRUTH. packetId is written first or last. Pieces: eight with a
 * pause of 1.5 us behind each, some steps close together. Halves: a pause of 1 us to 1.2 ms somewhere in the middle, at
 * a step every 3 ms. Some packetIds are left out. The first LEARN steps, nearly three seconds, are written without
 * pauses: the bridge looks for the game twice a second and has to see how its pages change.
 *
 * Every number of a page, but status and session, is the number of the step (the picture) that it belongs to. TRUTH
 * gets "step ID" for each one written, and "long physics|graphics ID NS" where writing took more than LONG_NS, or
 * HUNG_NS more than it should have, because another program had the processor. */
#include "page/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECES = 8,
    PAUSE_NS = 1500,
    LONG_NS = 1400000,
    HUNG_NS = 50000,
    STEP_NS = 3000000,
    PICTURE = 4 /* steps */,
    LEARN = 900
};

#ifdef _WIN32
#include <windows.h>

static int64_t now_ns(void)
{
    LARGE_INTEGER t, f;
    QueryPerformanceFrequency(&f);
    QueryPerformanceCounter(&t);
    return (int64_t)((double)t.QuadPart * 1e9 / (double)f.QuadPart);
}

static void sleep_ns(int64_t ns)
{
    Sleep((DWORD)(ns / 1000000));
}

static uint8_t *page(const char *prefix, const char *name, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "Local\\%s_%s", prefix, name);
    HANDLE handle = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, path);
    uint8_t *bytes = handle ? MapViewOfFile(handle, FILE_MAP_ALL_ACCESS, 0, 0, 0) : NULL;
    if (bytes) return bytes;
    fprintf(stderr, "%s: Windows error %lu\n", path, GetLastError());
    exit(1);
}
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_ns(int64_t ns)
{
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

static uint8_t *page(const char *prefix, const char *name, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "/dev/shm/%s_%s", prefix, name);
    int fd = open(path, O_RDWR | O_CREAT, 0644);
    uint8_t *bytes = fd < 0 || ftruncate(fd, (off_t)size) < 0
                         ? MAP_FAILED
                         : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED) return bytes;
    perror(path);
    exit(1);
}
#endif

static void wait_until(int64_t t)
{
    int64_t left = t - now_ns();
    if (left > 400000) sleep_ns(left - 300000); /* Windows: whole milliseconds of it */
    while (now_ns() < t) continue;
}

static int64_t random_below(int64_t n)
{
    return (((int64_t)rand() << 15) ^ rand()) % n;
}

/* from 1 us to 1.2 ms, short ones as often as long ones */
static int64_t random_pause(void)
{
    static const int64_t up_to[] = {2000, 6000, 20000, 60000, 200000, 600000, 1200000};
    return 1000 + random_below(up_to[random_below(7)] - 999);
}

struct how {
    int first, halves;
    FILE *truth;
};

static void write_id(volatile uint8_t *dst, const uint8_t *src)
{
    *(volatile int32_t *)(volatile void *)dst = *(const int32_t *)(const void *)src;
}

/* write_page: bytes 4.. of src with pauses, packetId before or behind them. Returns how long it took, or 0 if that
 * is neither long nor longer than meant. */
static int64_t write_page(const struct how *how, volatile uint8_t *dst, const uint8_t *src, size_t n, int pauses)
{
    int pieces = how->halves ? 2 : PIECES;
    int64_t t = now_ns(), planned = 0;
    if (how->first) write_id(dst, src);
    for (int piece = 0, at = 4; piece < pieces; piece++) {
        int64_t pause = !pauses || piece == pieces - 1 ? 0 : how->halves ? random_pause() : PAUSE_NS;
        int end = how->halves ? (int)(n / 4 + (size_t)random_below((int64_t)(n / 2))) : (int)n / pieces * (piece + 1);
        if (piece == pieces - 1) end = (int)n;
        for (; at < end / 4 * 4; at++) dst[at] = src[at];
        if (pause) wait_until(now_ns() + pause);
        planned += pause;
    }
    if (!how->first) write_id(dst, src);
    int64_t took = now_ns() - t;
    return took > LONG_NS || took - planned > HUNG_NS ? took : 0;
}

/* fill_physics, fill_graphics: the number everywhere, as what the field is */
static void fill_physics(struct acq_page_physics *p, int32_t number)
{
    static const size_t ints[] = {0, 16, 20, 244, 248, 264, 316, 320, 324, 328, 332, 340, 344, 416};
    float x = (float)number;
    for (size_t at = 0; at < sizeof *p; at += 4) memcpy((uint8_t *)p + at, &x, 4);
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) memcpy((uint8_t *)p + ints[i], &number, 4);
}

static void fill_graphics(struct acq_page_graphics *g, int32_t number)
{
    float x = (float)number;
    g->packet_id = g->completed_laps = g->position = g->i_current_time = g->i_last_time = g->i_best_time = number;
    g->session_time_left = g->distance_traveled = g->replay_time_multiplier = g->normalized_car_position = x;
    for (int i = 0; i < 3; i++) g->car_coordinates[i] = x;
    g->penalty_time = g->surface_grip = g->wind_speed = g->wind_direction = x;
    g->is_in_pit = g->current_sector_index = g->last_sector_time = g->number_of_laps = number;
    g->flag = g->ideal_line_on = g->is_in_pit_lane = g->mandatory_pit_done = number;
    g->status = g->session = 2; /* live, race */
}

static void text(acq_char16 *dst, const char *src)
{
    for (; *src; src++) *dst++ = (acq_char16)*src;
}

static void fill_static(struct acq_page_static *s)
{
    text(s->sm_version, "1.7");
    text(s->ac_version, "1.16");
    text(s->car_model, "tearing_car");
    text(s->track, "tearing_track");
}

static void say(const struct how *how, const char *page, int32_t id, int64_t ns)
{
    if (ns) fprintf(how->truth, "long %s %d %lld\n", page, (int)id, (long long)ns);
}

int main(int argc, char **argv)
{
    if (argc != 6) return 2;
    uint8_t *physics = page(argv[1], "physics", sizeof(struct acq_page_physics));
    uint8_t *graphics = page(argv[1], "graphics", sizeof(struct acq_page_graphics));
    fill_static((struct acq_page_static *)(void *)page(argv[1], "static", sizeof(struct acq_page_static)));
    struct how how = {!strcmp(argv[2], "first"), !strcmp(argv[3], "halves"), fopen(argv[5], "w")};
    struct acq_page_physics p;
    struct acq_page_graphics g = {0};
    if (!how.truth) return 1;
    srand(1);
    int64_t due = now_ns();
    int32_t id = 0;
    for (int step = 0, last = atoi(argv[4]); step < last; step++) {
        int pauses = step >= LEARN;
        id += pauses && random_below(50) == 0 ? 2 + (int32_t)random_below(6) : 1;
        fprintf(how.truth, "step %d\n", (int)id);
        fill_physics(&p, id);
        say(&how, "physics", id, write_page(&how, physics, (const uint8_t *)&p, sizeof p, pauses));
        if (step % PICTURE == 0) {
            fill_graphics(&g, id);
            say(&how, "graphics", id, write_page(&how, graphics, (const uint8_t *)&g, sizeof g, pauses));
        }
        if (pauses && !how.halves && random_below(3) == 0)
            due = now_ns() + random_below(30000); /* the next comes while this one is being read */
        else
            due += how.halves || !pauses ? STEP_NS : 1000000 + random_below(2000000);
        if (due < now_ns()) due = now_ns();
        wait_until(due);
    }
    sleep_ns(300000000); /* the last step shows for a while */
    return fclose(how.truth) != 0;
}
