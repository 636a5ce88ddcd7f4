/* select.h - which part of a recording is wanted: by time since its first frame, by laps.
 *
 * Lap N is what is driven while `completed_laps` is N - 1: the first lap, also an out lap, is 1.
 *
 * Units   nanoseconds since the first frame.
 * Errors  ACQ_USAGE with a sentence that shows what is right. */
#ifndef ACQ_RECORD_SELECT_H
#define ACQ_RECORD_SELECT_H

#include "base/err.h"
#include "frame/frame.h"
#include "record/member.h"

#include <stdbool.h>
#include <stdint.h>

enum { ACQ_SELECT_LAPS = 32 };

struct acq_lap_range {
    int32_t first, last;
};

struct acq_select {
    int64_t from_ns, to_ns; /* from <= time < to */
    struct acq_lap_range laps[ACQ_SELECT_LAPS];
    size_t lap_ranges; /* 0: all laps */
};
#define ACQ_SELECT_ALL     \
    {                      \
        .to_ns = INT64_MAX \
    }

/* acq_select_time reads a time since the start: "30:10", "1:02:03.5", "90", "12.5s", "5m", "1h". Returns 0 or
 * ACQ_USAGE. */
int acq_select_time(const char *text, int64_t *ns, struct acq_err *err);

/* acq_select_laps adds "3", "3-5", "3-" (to the end), "-2", or several of these with commas. Returns 0 or ACQ_USAGE. */
int acq_select_laps(struct acq_select *select, const char *text, struct acq_err *err);

/* acq_select_all says whether all is wanted. */
bool acq_select_all(const struct acq_select *select);

/* acq_select_has says whether frame f is wanted; first_t_ns is the sample time of the recording's first frame. */
bool acq_select_has(const struct acq_select *select, int64_t first_t_ns, const struct acq_frame *f);

/* acq_select_may says, by a member's header, whether a frame in it may be wanted; laps_before: completed laps at the
 * end of the member before it, < 0: not known. */
bool acq_select_may(const struct acq_select *select, int64_t first_t_ns, const struct acq_member *member,
                    int32_t laps_before);

#endif
