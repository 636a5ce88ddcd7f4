/* source.h - acq_table('FILE.pb.gz'): a recording as a table in DuckDB's SQL.
 *
 * Columns are those of rows.h, of which only the ones that a statement uses are made.
 *
 * Memory  the caller owns struct acq_source and keeps it until the connection is closed.
 * Threads rows and permille may be read from any thread; the rest when no statement runs. */
#ifndef ACQ_TABLE_SOURCE_H
#define ACQ_TABLE_SOURCE_H

#include "table/duck.h"
#include "table/rows.h"

#include <stdatomic.h>

struct acq_source {
    struct acq_rows *rows;       /* a recording already opened, which the first acq_table takes over; or NULL */
    atomic_uint_least64_t done;  /* rows that the latest acq_table has given so far */
    atomic_int permille;         /* of its file; < 0: not known */
    struct acq_rows_state state; /* of the latest acq_table that was read to the end */
    struct acq_err err;          /* why it failed; code 0 if it did not */
};

/* acq_source_add makes acq_table known to a connection. Returns 0 or an error. */
int acq_source_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err);

/* acq_source_fini frees what nobody took over. */
void acq_source_fini(struct acq_source *source);

#endif
