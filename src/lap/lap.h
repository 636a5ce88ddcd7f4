/* lap.h - laps, sectors and stints: what the samples of a drive say about them.
 *
 * A lap is what is driven while `completed_laps` is its number - 1, from the line to the line. The game shows the end
 * of a lap in several fields, not at once: its position wraps, its clock starts anew, its count rises, its last time
 * changes, in any order within some pictures. So a lap is ended only when ACQ_LAP_SETTLE_S have passed and the fields
 * agree. A field that is not there is done without: the count, the clock and the position each suffice alone, the clock
 * where the car goes on moving.
 *
 * Units   s, ms (the game's times), m, km/h, l, degC. Position: 0..1 of the track's spline. Wheels: FL FR RL RR.
 * Shapes  samples in the order of time, at any rate, also an uneven one; NaN and ACQ_LAP_ABSENT: not there.
 * Memory  a splitter is the caller's until acq_lap_split_free and owns its laps; some 300 bytes a lap.
 * Threads one at a time for one splitter.
 * Errors  ACQ_MEMORY. No sample is an error: what cannot be is treated as absent.
 * Source  the meaning of the fields: Kunos, "Assetto Corsa Shared Memory Documentation". */
#ifndef ACQ_LAP_LAP_H
#define ACQ_LAP_LAP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACQ_LAP_ABSENT INT32_MIN
#define ACQ_LAP_SETTLE_S 2.0 /* so long after the first sign of a lap's end the fields have come to agree */
enum { ACQ_LAP_SECTORS = 12, ACQ_LAP_WHEELS = 2 /* wheels that may be out: the game server's own default */ };

/* One moment of a drive. */
struct acq_lap_sample {
    double t_s; /* rising, from any start */
    int32_t status, session_type, laps, clock_ms, last_ms, best_ms, sector, sector_ms;
    int32_t in_pit, in_pit_lane, tyres_out, is_ai;
    float pos, speed_kmh, fuel_l, penalty_s, x_m, z_m, tyre_c[4], brake_c[4], air_c, road_c;
};

/* acq_lap_sample_clear makes all of it absent. */
void acq_lap_sample_clear(struct acq_lap_sample *sample);

enum acq_lap_kind {
    ACQ_LAP_FLYING,
    ACQ_LAP_OUT,    /* began in the pits, or from a standing start */
    ACQ_LAP_IN,     /* ended in the pits */
    ACQ_LAP_OUT_IN, /* both */
    ACQ_LAP_PIT,    /* went through the pits on its way */
    ACQ_LAP_INCOMPLETE,
    ACQ_LAP_KINDS
};

/* What there is to say of a lap. Those up to ACQ_LAP_INVALID make it invalid. */
enum acq_lap_reason {
    ACQ_LAP_NO_START = 1 << 0,    /* it had begun before the first sample */
    ACQ_LAP_NO_END = 1 << 1,      /* it goes on behind the last sample */
    ACQ_LAP_RESTARTED = 1 << 2,   /* the session was restarted in it */
    ACQ_LAP_TELEPORTED = 1 << 3,  /* the car was put into the pits, or elsewhere */
    ACQ_LAP_MISSED = 1 << 4,      /* its end was not sampled: several laps were done since */
    ACQ_LAP_BROKEN = 1 << 5,      /* another session followed, or the times make no sense */
    ACQ_LAP_WHEELS_OUT = 1 << 6,  /* more wheels off the track than allowed */
    ACQ_LAP_CUT = 1 << 7,         /* a part of the track was not driven */
    ACQ_LAP_NOT_COUNTED = 1 << 8, /* faster than the best one, and the game did not take it as such */
    ACQ_LAP_REFUELLED = 1 << 9,
    ACQ_LAP_PENALTY = 1 << 10,
    ACQ_LAP_AI = 1 << 11, /* the game drove */
    ACQ_LAP_INVALID = (1 << 12) - 1,
    ACQ_LAP_STANDING = 1 << 12, /* from a standing start */
    ACQ_LAP_HOLE = 1 << 13,     /* samples are missing in it */
    ACQ_LAP_PAUSED = 1 << 14
};

enum acq_lap_valid { ACQ_LAP_VALID_NO, ACQ_LAP_VALID_YES, ACQ_LAP_VALID_UNKNOWN };

struct acq_lap {
    int32_t number, stint; /* from 1 */
    enum acq_lap_kind kind;
    enum acq_lap_valid valid; /* unknown: nothing says whether the car kept to the track */
    uint32_t reasons;         /* enum acq_lap_reason */
    uint64_t first_row, rows; /* its samples, counted from 0 */
    double begin_s, end_s;    /* on the samples' clock; of its line crossings where they were sampled */
    int32_t time_ms;          /* 0: it has none */
    bool from_game;           /* time_ms is what the game states, otherwise from the sample times: */
    int32_t samples_ms;       /* 0: not known */
    int32_t sector_ms[ACQ_LAP_SECTORS];
    int sectors;          /* of the lap where all are known; of an incomplete one those that ended; 0: none is known */
    bool sectors_by_game; /* all but the last, which is the lap less their sum, are the game's own times */
    double distance_m;    /* along the car's path */
    double paused_s, hole_s;
    double out_s;    /* for so long more wheels were out than allowed, */
    int32_t out_max; /* at most so many, */
    double out_m;    /* and first at this place behind the line; NaN: it is not known */
    float out_pos;
    float speed_max_kmh, speed_min_kmh; /* here and below: NaN where no sample has it */
    double fuel_used_l, fuel_added_l;
    float tyre_c[4], brake_max_c[4], brake_c[4], air_c, road_c; /* means but for brake_max_c */
};

/* What is known of the track, and what is allowed. */
struct acq_lap_rules {
    double spline_m; /* length of the track's spline; 0: it has none, so positions say nothing; NaN: not known */
    int sectors;     /* of the track; 0: not known */
    int wheels;      /* that may be out */
};

struct acq_lap_split;

/* acq_lap_split_new makes a splitter. Returns NULL without memory. */
struct acq_lap_split *acq_lap_split_new(const struct acq_lap_rules *rules);
void acq_lap_split_free(struct acq_lap_split *split);

/* acq_lap_split_add takes the next sample. One that is older than the one before is left out and counted. Returns 0 or
 * ACQ_MEMORY. */
int acq_lap_split_add(struct acq_lap_split *split, const struct acq_lap_sample *sample);

/* acq_lap_split_break ends the lap that is being driven: what comes then is another session, on any clock. */
int acq_lap_split_break(struct acq_lap_split *split);

/* acq_lap_split_end: no more samples come. */
int acq_lap_split_end(struct acq_lap_split *split);

/* acq_lap_split_laps returns the laps so far, in their order, and *n; valid until the next call that adds. */
const struct acq_lap *acq_lap_split_laps(const struct acq_lap_split *split, size_t *n);

/* acq_lap_split_late returns how many samples were left out because they were older than those before. */
uint64_t acq_lap_split_late(const struct acq_lap_split *split);

/* The fastest lap, and the sum of the fastest sectors, of all flying laps that are not invalid. */
struct acq_lap_best {
    const struct acq_lap *lap; /* NULL: there is none */
    int sectors;               /* 0: no lap has all its sectors */
    const struct acq_lap *sector[ACQ_LAP_SECTORS];
    int32_t theoretical_ms; /* 0: not known */
};
void acq_lap_find_best(struct acq_lap_best *best, const struct acq_lap *laps, size_t n);

/* acq_lap_kind_name returns "flying" ...; acq_lap_why writes what there is to say of the lap, "" for nothing, to dst of
 * `size` bytes; acq_lap_reason_name returns one word for a bit of reasons, or NULL. */
const char *acq_lap_kind_name(enum acq_lap_kind kind);
const char *acq_lap_reason_name(uint32_t reason);
void acq_lap_why(const struct acq_lap *lap, char *dst, size_t size);

#endif
