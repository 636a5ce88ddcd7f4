/* tear.c - a game that takes its time: writes the physics and the graphics page in pieces, with pauses between them.
 *
 * Usage: tear PREFIX first|last STEPS. The pages /dev/shm/PREFIX_* must be there. Every number of a page, but status
 * and session, is the number of the step (the picture) that it belongs to; packetId is written first or last. Steps
 * come at random distances, some close together. A writing that the system interrupted for longer than LONGEST is said
 * on stdout, "physics ID" or "graphics ID": then nobody could have seen that the page was half. */
#include "page/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PIECES = 8, PAUSE_NS = 1500, LONGEST_NS = 3500 };

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_until(int64_t t)
{
    while (now_ns() < t) continue;
}

static uint8_t *page(const char *prefix, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "/dev/shm/%s_%s", prefix, name);
    int fd = open(path, O_RDWR);
    uint8_t *bytes = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes != MAP_FAILED) return bytes;
    perror(path);
    exit(1);
}

/* write_page: bytes 4.. of src in pieces, packetId before or behind them. Returns whether it went without a stop. */
static int write_page(volatile uint8_t *dst, const uint8_t *src, size_t n, int first)
{
    int64_t t = now_ns(), longest = 0;
    if (first) *(volatile int32_t *)(volatile void *)dst = *(const int32_t *)(const void *)src;
    for (size_t piece = 0, at = 4; piece < PIECES; piece++) {
        size_t end = piece == PIECES - 1 ? n : (n / PIECES * (piece + 1)) / 4 * 4;
        for (; at < end; at++) dst[at] = src[at];
        wait_until(t + PAUSE_NS);
        int64_t after = now_ns();
        if (after - t > longest) longest = after - t;
        t = after;
    }
    if (!first) *(volatile int32_t *)(volatile void *)dst = *(const int32_t *)(const void *)src;
    return now_ns() - t <= LONGEST_NS && longest <= LONGEST_NS;
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
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    uint8_t *physics = page(argv[1], "physics"), *graphics = page(argv[1], "graphics");
    int first = !strcmp(argv[2], "first");
    struct acq_page_physics p;
    struct acq_page_graphics g;
    memcpy(&g, graphics, sizeof g);
    srand(1);
    for (int32_t number = 1, last = atoi(argv[3]); number <= last; number++) {
        fill_physics(&p, number);
        if (!write_page(physics, (const uint8_t *)&p, sizeof p, first)) printf("physics %d\n", number);
        fill_graphics(&g, number);
        if (!write_page(graphics, (const uint8_t *)&g, sizeof g, first)) printf("graphics %d\n", number);
        if (rand() % 3 == 0)
            wait_until(now_ns() + rand() % 30000); /* the next comes while this one is being read */
        else
            usleep((useconds_t)(1000 + rand() % 2000));
    }
    return 0;
}
