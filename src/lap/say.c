/* The best lap, and laps in words. */
#include "lap/lap.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool counts(const struct acq_lap *lap)
{
    return lap->kind == ACQ_LAP_FLYING && lap->valid != ACQ_LAP_VALID_NO && lap->time_ms > 0;
}

static void take_sectors(struct acq_lap_best *best, const struct acq_lap *lap)
{
    if (lap->sectors > best->sectors) *best = (struct acq_lap_best){.lap = best->lap, .sectors = lap->sectors};
    for (int i = 0; i < best->sectors && lap->sectors == best->sectors; i++)
        if (!best->sector[i] || lap->sector_ms[i] < best->sector[i]->sector_ms[i]) best->sector[i] = lap;
}

void acq_lap_find_best(struct acq_lap_best *best, const struct acq_lap *laps, size_t n)
{
    *best = (struct acq_lap_best){0};
    for (size_t i = 0; i < n; i++) {
        if (!counts(&laps[i])) continue;
        if (!best->lap || laps[i].time_ms < best->lap->time_ms) best->lap = &laps[i];
        take_sectors(best, &laps[i]);
    }
    for (int i = 0; i < best->sectors; i++) best->theoretical_ms += best->sector[i]->sector_ms[i];
}

const char *acq_lap_kind_name(enum acq_lap_kind kind)
{
    static const char *const names[ACQ_LAP_KINDS] = {"flying", "out", "in", "out-in", "pit", "incomplete"};
    return kind < ACQ_LAP_KINDS ? names[kind] : "";
}

static const struct {
    uint32_t reason;
    const char *name, *text;
} reasons[] = {
    {ACQ_LAP_NO_START, "no_start", "began before recording"},
    {ACQ_LAP_NO_END, "no_end", "recording ends"},
    {ACQ_LAP_RESTARTED, "restarted", "session restarted"},
    {ACQ_LAP_TELEPORTED, "teleported", "car put elsewhere"},
    {ACQ_LAP_MISSED, "missed", "its end was not sampled"},
    {ACQ_LAP_BROKEN, "broken", "another session followed"},
    {ACQ_LAP_WHEELS_OUT, "wheels_out", NULL},
    {ACQ_LAP_CUT, "cut", "a part of the track was cut"},
    {ACQ_LAP_NOT_COUNTED, "not_counted", "fastest, but not counted by the game"},
    {ACQ_LAP_REFUELLED, "refuelled", NULL},
    {ACQ_LAP_PENALTY, "penalty", "penalty"},
    {ACQ_LAP_AI, "ai", "driven by the game"},
    {ACQ_LAP_STANDING, "standing", "standing start"},
    {ACQ_LAP_HOLE, "hole", NULL},
    {ACQ_LAP_PAUSED, "paused", NULL},
};
enum { REASONS = sizeof reasons / sizeof *reasons };

const char *acq_lap_reason_name(uint32_t reason)
{
    for (size_t i = 0; i < REASONS; i++)
        if (reasons[i].reason == reason) return reasons[i].name;
    return NULL;
}

static void add(char *dst, size_t size, const char *format, ...) ACQ_PRINTF(3, 4);

static void add(char *dst, size_t size, const char *format, ...)
{
    size_t used = strlen(dst);
    va_list args;
    if (used && used + 2 < size) {
        memcpy(dst + used, "; ", 3);
        used += 2;
    }
    va_start(args, format);
    vsnprintf(dst + used, size - used, format, args);
    va_end(args);
}

void acq_lap_why(const struct acq_lap *lap, char *dst, size_t size)
{
    if (size) *dst = 0;
    for (size_t i = 0; size && i < REASONS; i++) {
        if (!(lap->reasons & reasons[i].reason)) continue;
        switch (reasons[i].reason) {
        case ACQ_LAP_WHEELS_OUT:
            add(dst, size, "%" PRId32 " wheels out at %.0f m, %.1f s", lap->out_max, lap->out_m, lap->out_s);
            break;
        case ACQ_LAP_REFUELLED: add(dst, size, "refuelled %.1f l", lap->fuel_added_l); break;
        case ACQ_LAP_HOLE: add(dst, size, "%.1f s not sampled", lap->hole_s); break;
        case ACQ_LAP_PAUSED: add(dst, size, "paused %.1f s", lap->paused_s); break;
        default: add(dst, size, "%s", reasons[i].text); break;
        }
    }
}
