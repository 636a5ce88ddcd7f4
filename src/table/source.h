/* source.h - read_recording(FILES): recordings as a table in DuckDB's SQL.
 *
 *   SELECT * FROM read_recording('recordings/2026*.pb.gz', laps := '3-5', rate := 100)
 *
 * FILES is a file, a folder, a pattern (base/paths.h), or a list of those; they are read one after another. Columns are
 * those of rows.h and `filename`; only the ones that a statement uses are made. Named parameters: laps, "from" and "to"
 * (record/select.h), rate in Hz (table/resample.h), original (frame/original.h). FROM 'x.pb.gz' means FROM
 * read_recording('x.pb.gz').
 *
 * Memory  the caller owns struct acq_source and keeps it until the connection is closed.
 * Threads done and permille may be read from any thread; the rest when no statement runs.
 * Errors  DuckDB reports them; `err` has them in the reader's own words. */
#ifndef ACQ_TABLE_SOURCE_H
#define ACQ_TABLE_SOURCE_H

#include "table/duck.h"
#include "table/scan.h"

#include <stdatomic.h>
#include <uv.h>

struct acq_source {
    struct acq_scan *scan; /* opened already: the first read_recording of a single file takes it over; or NULL */
    void (*lost)(void *user, const char *path, const char *sentence); /* a file that lost something; one at a time */
    void *user;
    atomic_uint_least64_t done;  /* rows that the latest read_recording has given so far */
    atomic_int permille;         /* of its files; < 0: not known */
    struct acq_rows_state state; /* of its files together, as far as they were read */
    struct acq_err err;          /* why the first one failed; code 0 if none did */
    uv_mutex_t lock;             /* for state and err, and while `lost` is called */
    bool added;
};

/* acq_source_add makes read_recording known to a connection, and FROM 'x.pb.gz' to its database. Returns 0 or an error.
 */
int acq_source_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err);

/* acq_source_fini frees what nobody took over. */
void acq_source_fini(struct acq_source *source);

/* acq_source_fail keeps err, unless there is one already, and returns its text, for DuckDB. */
const char *acq_source_fail(struct acq_source *source, const struct acq_err *err);

#endif
