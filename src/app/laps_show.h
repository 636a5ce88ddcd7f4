/* laps_show.h - what `acq laps` prints of sessions and their laps: tables, JSON, CSV.
 *
 * Memory  the caller's. */
#ifndef ACQ_APP_LAPS_SHOW_H
#define ACQ_APP_LAPS_SHOW_H

#include "app/laps_read.h"

#include <stdio.h>

/* acq_laps_show_table prints a session's laps for a person. */
void acq_laps_show_table(FILE *out, const struct acq_laps_session *session);

/* acq_laps_show_json prints a session as one object on one line. */
void acq_laps_show_json(FILE *out, const struct acq_laps_session *session);

/* acq_laps_show_csv prints all laps of all sessions, below a line with the columns' names. */
void acq_laps_show_csv(FILE *out, const struct acq_laps *laps);

/* acq_laps_has_gap says whether the lap is one to compare with the best one. */
bool acq_laps_has_gap(const struct acq_lap *lap, const struct acq_lap_best *best);

#endif
