/* views.h - files as views in DuckDB: one for each file, `frames` of all, `sessions` with a row for each session.
 *
 * A view is named after its file: drive-1.pb.gz is drive_1. A Parquet file with t_ns has t_s too, and every view has
 * `filename`. `frames` puts the recordings and the Parquet files that have t_ns under each other, by the names of their
 * columns; `sessions` is of these too.
 *
 * Memory  nothing is kept; recordings are read by read_recording, which has been added to the connection.
 * Threads one at a time.
 * Errors  those of the files; ACQ_IO with DuckDB's own words. */
#ifndef ACQ_TABLE_VIEWS_H
#define ACQ_TABLE_VIEWS_H

#include "base/paths.h"
#include "table/duck.h"

/* acq_views_add makes the views of these files, if there are any. Returns 0 or an error. */
int acq_views_add(struct acq_duck *duck, const struct acq_paths *paths, struct acq_err *err);

#endif
