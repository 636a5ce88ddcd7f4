/* filter.h - a part of a recording as a recording of its own: some of its time, of its laps, of its channels.
 *
 * Frames keep their bytes, unless channels are dropped, and always their session and seq. Members that are wanted as
 * they are, are copied as they are. What is left out is marked as such, so that no reader calls it missing. Frames
 * without seq, as the original project writes them, come out as one gzip stream again.
 *
 * Memory  bounded, however long the recording is.
 * Threads one at a time.
 * Errors  those of reading and writing; ACQ_STOPPED after Ctrl+C. The file at `out` is then the caller's to remove. */
#ifndef ACQ_RECORD_FILTER_H
#define ACQ_RECORD_FILTER_H

#include "frame/frame.h"
#include "record/select.h"

struct acq_filter {
    struct acq_select select;
    bool drop;          /* drop the channels that are not to be kept */
    bool keep[ACQ_IDS]; /* by channel, and by group */
};

struct acq_filtered {
    uint64_t frames;           /* written */
    uint64_t missing;          /* of what was wanted: lost in the recording before */
    int64_t first_ns, last_ns; /* sample times of the first and the last frame written */
    char loss[160];            /* what the recording had lost, in one sentence, "" for nothing */
};

/* acq_filter_file writes what is wanted of the recording at `in` ("-": standard input) to a new file at `out`. Returns
 * 0 and *done, which has no frames where nothing was found; or an error. */
int acq_filter_file(const struct acq_filter *filter, const char *in, const char *out, struct acq_filtered *done,
                    struct acq_err *err);

#endif
