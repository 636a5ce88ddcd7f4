/* parquet.h - a Parquet file as a table, read by DuckDB. Used through table.h, which says what the functions do.
 *
 * Memory  acq_parquet_open's table is the caller's until acq_parquet_close; a chunk is valid until the next call.
 * Threads one at a time; DuckDB reads ahead in its own. */
#ifndef ACQ_TABLE_PARQUET_H
#define ACQ_TABLE_PARQUET_H

#include "table/chunk.h"
#include "table/duck.h"
#include "table/stat.h"

struct acq_parquet;

/* acq_parquet_is sets *yes to whether the file begins like one of Parquet. A pipe is not looked into: what is read from
 * it is gone. Returns 0, or an error where the file cannot be opened. */
int acq_parquet_is(const char *path, bool *yes, struct acq_err *err);

/* acq_parquet_read adds the function of DuckDB that reads this file alone to a statement: DuckDB takes *, ? and [ in a
 * name for a pattern. */
void acq_parquet_read(struct acq_sql *sql, const char *path);

int acq_parquet_open(struct acq_parquet **parquet, const char *path, struct acq_err *err);
void acq_parquet_close(struct acq_parquet *parquet);
const struct acq_field *acq_parquet_fields(const struct acq_parquet *parquet, size_t *n);
int acq_parquet_select(struct acq_parquet *parquet, const size_t *fields, size_t n, int64_t limit, struct acq_err *err);
int acq_parquet_stats(struct acq_parquet *parquet, const size_t *fields, size_t n, struct acq_stat *stats,
                      uint64_t *rows, struct acq_err *err);
int acq_parquet_next(struct acq_parquet *parquet, struct acq_chunk **chunk, struct acq_err *err);
void acq_parquet_from(const struct acq_parquet *parquet, struct acq_sql *sql);
void acq_parquet_column(const struct acq_parquet *parquet, size_t field, struct acq_sql *sql);

#endif
