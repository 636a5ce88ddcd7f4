/* laps_read.h - the laps of recordings and Parquet files, session by session.
 *
 * A file may hold several sessions; a session that names another one as its previous one goes on with its laps. Rows of
 * a Parquet file that are not in the order of time are sorted first.
 *
 * Memory  the list owns everything until acq_laps_free.
 * Threads one at a time.
 * Errors  those of the files, ACQ_FORMAT for one that does not say where laps end, ACQ_STOPPED after Ctrl+C. */
#ifndef ACQ_APP_LAPS_READ_H
#define ACQ_APP_LAPS_READ_H

#include "base/err.h"
#include "lap/lap.h"

#include <stdbool.h>

/* One session of the game's, and what is known of it. */
struct acq_laps_session {
    char session[64], previous[64]; /* the first of those that are joined */
    char last[64];                  /* the last of them */
    char car[100], track[100], layout[100], driver[200];
    char files[400];    /* their names, separated by ", " */
    int64_t utc_ns;     /* of the first row, 0: not known */
    int64_t first_t_ns; /* of it, on the clock of the samples */
    double spline_m;
    int sectors;
    uint64_t rows, late; /* late: left out, as they are older than those before */
    struct acq_lap_split *split;
};

struct acq_laps {
    struct acq_laps_session *session;
    size_t n;
    /* of the file that was read last: */
    char loss[200]; /* one sentence, "" for nothing */
    bool joined;    /* it goes on with a session of another file */
};

/* acq_laps_read adds the laps of one file ("-": a recording from standard input); `wheels` may be out. Returns 0 or an
 * error, and then the list may have some of its laps. */
int acq_laps_read(struct acq_laps *laps, const char *path, int wheels, struct acq_err *err);

/* acq_laps_order puts the files so that those of a session stand behind those of its previous one; one that cannot be
 * read stays where it is. */
int acq_laps_order(char **paths, size_t n, struct acq_err *err);

/* acq_laps_end: no more files come. */
int acq_laps_end(struct acq_laps *laps, struct acq_err *err);
void acq_laps_free(struct acq_laps *laps);

#endif
