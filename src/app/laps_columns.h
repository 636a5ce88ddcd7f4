/* laps_columns.h - the columns of a table that laps are made of.
 *
 * Units   those of the columns (docs/channels.md).
 * Memory  struct acq_laps_columns is the caller's; texts are the chunk's.
 * Threads none.
 * Errors  ACQ_FORMAT where the table cannot say where laps end. */
#ifndef ACQ_APP_LAPS_COLUMNS_H
#define ACQ_APP_LAPS_COLUMNS_H

#include "lap/lap.h"
#include "table/table.h"

enum { ACQ_LAPS_CHANNELS = 40 };

/* What says when a row is and whose laps it is of: numbers, then texts. */
enum acq_laps_meta {
    ACQ_META_T_NS,
    ACQ_META_T_S,
    ACQ_META_UTC,
    ACQ_META_SPLINE,
    ACQ_META_SECTORS,
    ACQ_META_SEQ,
    ACQ_META_SESSION,
    ACQ_META_PREVIOUS,
    ACQ_META_CAR,
    ACQ_META_TRACK,
    ACQ_META_LAYOUT,
    ACQ_META_NAME,
    ACQ_META_SURNAME,
    ACQ_META_METAS
};

struct acq_laps_columns {
    const char *path;
    struct acq_table *table;
    size_t fields[ACQ_LAPS_CHANNELS + ACQ_META_METAS], n; /* to be selected from the table */
    int place[ACQ_LAPS_CHANNELS + ACQ_META_METAS]; /* of a field: its channel; a number behind all channels: a meta */
    int column[ACQ_META_METAS];                    /* of a meta: its column in the chunks, -1: it has none */
};

/* acq_laps_choose_channels adds those of the sample's channels that the table has; acq_laps_choose_metas the metas:
 * all, or those that say when and of which session a row is. acq_laps_check_columns: are they enough? Returns 0 or
 * ACQ_FORMAT. */
void acq_laps_choose_channels(struct acq_laps_columns *columns);
void acq_laps_choose_metas(struct acq_laps_columns *columns, bool all);
int acq_laps_check_columns(const struct acq_laps_columns *columns, struct acq_err *err);

/* acq_laps_fill makes samples of the chunk's rows, without their times. acq_laps_time returns the time of a row in ns,
 * INT64_MIN where it has none. */
void acq_laps_fill(const struct acq_laps_columns *columns, const struct acq_chunk *chunk,
                   struct acq_lap_sample *samples);
int64_t acq_laps_time(const struct acq_laps_columns *columns, const struct acq_chunk *chunk, size_t row);

/* acq_laps_text, acq_laps_number: a meta of a row; "" or NaN where it has none. acq_laps_copy_text copies it to dst, if
 * that is empty. */
struct acq_text acq_laps_text(const struct acq_laps_columns *columns, const struct acq_chunk *chunk, int meta,
                              size_t row);
double acq_laps_number(const struct acq_laps_columns *columns, const struct acq_chunk *chunk, int meta, size_t row);
void acq_laps_copy_text(char *dst, size_t size, const struct acq_laps_columns *columns, const struct acq_chunk *chunk,
                        int meta, size_t row);

#endif
