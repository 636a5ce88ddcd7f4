/* info.h - what a recording holds, and what it lacks, at a glance.
 *
 * Units   nanoseconds, bytes, milliseconds (laps).
 * Shapes  of a file of our own only the members' headers are read, and the content of the first and last member and of
 *         those where a lap ends; of other files, and from a pipe, everything.
 * Memory  struct acq_info is the caller's, about 20 kB, without pointers.
 * Threads any; one at a time for one struct.
 * Errors  those of reader.h. Damage is no error: `loss` says it. */
#ifndef ACQ_RECORD_INFO_H
#define ACQ_RECORD_INFO_H

#include "base/err.h"
#include "frame/frame.h"
#include "record/loss.h"
#include "record/member.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACQ_INFO_LAPS = 100 }; /* as many are listed: each costs the content of a member or two */

/* One lap that was completed in the recording. */
struct acq_info_lap {
    int32_t number;  /* from 1, in the game's session */
    int32_t time_ms; /* the game's own, 0: it gave none */
    int64_t end_ns;  /* when it was completed, since the first frame */
};

struct acq_info {
    int64_t file_bytes; /* -1: not known, a pipe */
    uint64_t raw_bytes; /* of the content: frames and their lengths */
    uint64_t members;   /* with frames; 0 in a file that is not of ours */
    uint64_t frames;
    struct acq_frame first; /* the first frame, with its context */
    struct acq_frame last;  /* the last frame, with the newest context that is known */
    int64_t first_t_ns, last_t_ns;
    int64_t sampled_ns;  /* the time between them without pauses and without what is missing */
    uint64_t stretches;  /* of time without such a break */
    uint64_t pauses;     /* breaks in which no frame is missing */
    bool steps_known;    /* frames have the step's number; otherwise a step is new where the frame's content is */
    bool pictures_known; /* frames have the picture's number */
    uint64_t steps;      /* different physics steps; frames - steps were taken twice */
    uint64_t missed;     /* steps that packet_id jumped over */
    uint64_t pictures;   /* different graphics pages */
    uint64_t lost;       /* samples that were taken and could not be kept: sum of lost_before */
    uint64_t jitter[ACQ_JITTER_BINS];
    uint64_t completed; /* laps completed in the recording */
    size_t laps;        /* how many of them stand in lap */
    struct acq_info_lap lap[ACQ_INFO_LAPS];
    int32_t best_lap_ms; /* of the game's session so far, 0: none */
    int original;        /* as acq_frame_original: 1 written by the original project, and its values are shifted */
    struct acq_loss loss;
};

/* acq_info_read reads the recording at `path` ("-": standard input). Returns 0 or an error. A file without a frame is
 * no error: frames is 0. */
int acq_info_read(struct acq_info *info, const char *path, struct acq_err *err);

/* acq_info_text returns text channel `id` (game, session, car ...), "" where the recording does not say. It points into
 * info. */
const char *acq_info_text(const struct acq_info *info, enum acq_id id);

/* acq_info_track writes "track" or "track, layout" to dst; acq_info_driver "name surname", or the nick where there is
 * no other; "" where the recording does not say. */
void acq_info_track(char dst[256], const struct acq_info *info);
void acq_info_driver(char dst[256], const struct acq_info *info);

/* acq_info_utc_ns returns the UTC of the first frame, 0 where the recording does not say. */
int64_t acq_info_utc_ns(const struct acq_info *info);

/* acq_info_rate returns how many of `count` different values (steps, pictures) came in a second, or -1 where the
 * recording is too short to tell. */
double acq_info_rate(const struct acq_info *info, uint64_t count);

/* acq_info_duration_ns returns the time from the first frame to the last, 0 where their times are absurd. */
int64_t acq_info_duration_ns(const struct acq_info *info);

#endif
