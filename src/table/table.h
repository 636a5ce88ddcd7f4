/* table.h - a recording or a Parquet file (any one, not only ours) as a table that is read chunk by chunk.
 *
 * The columns of a recording are those of rows.h. A Parquet file has its own ones and, where it has t_ns and no t_s,
 * t_s behind them: seconds since the least t_ns. Types that cells have no type for are read as text.
 *
 * Memory  acq_table_open's table is the caller's until acq_table_close; a chunk is valid until the next call.
 * Threads one at a time.
 * Errors  ACQ_USAGE for a column that is not there; ACQ_STOPPED after Ctrl+C; otherwise those of the file. */
#ifndef ACQ_TABLE_TABLE_H
#define ACQ_TABLE_TABLE_H

#include "table/chunk.h"
#include "table/stat.h"

struct acq_sql;
struct acq_table;

int acq_table_open(struct acq_table **table, const char *path, struct acq_err *err);
void acq_table_close(struct acq_table *table);

/* acq_table_fields returns the fields and their number; they live as long as the table. */
const struct acq_field *acq_table_fields(const struct acq_table *table, size_t *n);

/* acq_table_find sets *index to the field of that name. Returns 0, or ACQ_USAGE with the nearest name. */
int acq_table_find(const struct acq_table *table, const char *name, size_t *index, struct acq_err *err);

/* acq_table_select chooses n fields by index and starts at the first row; at most `limit` rows are read (0: all). A
 * second time it needs a file that can be opened again. Returns 0 or an error. */
int acq_table_select(struct acq_table *table, const size_t *fields, size_t n, int64_t limit, struct acq_err *err);

/* acq_table_next gives the next rows. Returns 0 and *chunk, ACQ_END, or an error. */
int acq_table_next(struct acq_table *table, struct acq_chunk **chunk, struct acq_err *err);

/* acq_table_stats makes the statistics of all rows of n fields, by several threads: stats[n] and *rows. On the way it
 * gives `take` the first `limit` rows, chunk by chunk, and ends when that returns an error. The statistics are the
 * caller's, to be freed by acq_stat_fini also after an error. Returns 0 or an error. */
typedef int (*acq_table_take)(void *user, const struct acq_chunk *chunk, struct acq_err *err);
int acq_table_stats(struct acq_table *table, const size_t *fields, size_t n, size_t limit, acq_table_take take,
                    void *user, struct acq_stat *stats, uint64_t *rows, struct acq_err *err);

/* acq_table_loss returns one sentence on what the recording has lost, "" for nothing; certain behind the last row. */
const char *acq_table_loss(const struct acq_table *table);

/* acq_table_from, acq_table_column add the table, and a field of it, to a statement of DuckDB; the one of a recording
 * needs acq_source_add. */
void acq_table_from(const struct acq_table *table, struct acq_sql *sql);
void acq_table_column(const struct acq_table *table, size_t field, struct acq_sql *sql);

#endif
