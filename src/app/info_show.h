/* info_show.h - what `acq info` prints of a recording: a page, a row of a table, a JSON object.
 *
 * Memory  the caller's. */
#ifndef ACQ_APP_INFO_SHOW_H
#define ACQ_APP_INFO_SHOW_H

#include "record/info.h"

#include <stdio.h>

/* acq_info_show_page prints everything for a person. */
void acq_info_show_page(FILE *out, const char *path, const struct acq_info *info);

/* acq_info_show_json prints one object on one line; with `error`, only the file and what went wrong. */
void acq_info_show_json(FILE *out, const char *path, const struct acq_info *info, const char *error);

/* What the table shows of one recording, and of all. */
enum {
    ACQ_INFO_START,
    ACQ_INFO_CAR,
    ACQ_INFO_TRACK,
    ACQ_INFO_DRIVER,
    ACQ_INFO_LAPS_DONE,
    ACQ_INFO_BEST,
    ACQ_INFO_DURATION,
    ACQ_INFO_FRAMES,
    ACQ_INFO_MISSED,
    ACQ_INFO_STATE,
    ACQ_INFO_FILE,
    ACQ_INFO_CELLS
};
struct acq_info_row {
    char cell[ACQ_INFO_CELLS][48];
};
struct acq_info_sum {
    uint64_t files, laps, frames, missed;
    int64_t duration_ns;
};
void acq_info_row(struct acq_info_row *row, struct acq_info_sum *sum, const char *path, const struct acq_info *info);
void acq_info_show_table(FILE *out, const struct acq_info_row *rows, size_t n, const struct acq_info_sum *sum);

#endif
