/* parts.h - the recordings that become rows of one table: what each of them is, and their order.
 *
 * Units   nanoseconds; INT64_MIN where a time is not known.
 * Memory  the caller's; path stays the caller's text.
 * Threads one at a time.
 * Errors  those of record/reader.h; ACQ_FORMAT where a recording is not what was asked for. */
#ifndef ACQ_TABLE_PARTS_H
#define ACQ_TABLE_PARTS_H

#include "table/scan.h"

/* What a recording's first frame says; texts are "" where it does not. */
struct acq_part {
    const char *path;
    char session[64], game[32], car[100], track[100], layout[100], driver[200];
    int64_t utc_ns, t_ns;
    uint64_t seq;  /* 0: its frames have none */
    bool original; /* written by the original project: what it says of car and track is left out */
    size_t given;  /* its place before acq_parts_sort */
};

/* acq_part_open opens a recording and fills *part. With options->restore it has to be one of the original project, with
 * laps in options->select it must be none. Returns 0 and *scan, the caller's until acq_scan_free, not started; or an
 * error. */
int acq_part_open(struct acq_part *part, const char *path, const struct acq_scan_options *options,
                  struct acq_scan **scan, struct acq_err *err);

/* acq_parts_sort puts n parts in order: by the start of their session, by seq in it; where no time of day is known, as
 * they were given. Returns 0; ACQ_USAGE where two hold the same frames; or an error. */
int acq_parts_sort(struct acq_part *parts, size_t n, struct acq_err *err);

#endif
