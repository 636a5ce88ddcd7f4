/* aggregate.h - the statistics of stat.h as functions of DuckDB's SQL: acq_stat_FLOAT(column), and so on for each type
 * of cell. DuckDB's own aggregates need several times as long for the same.
 *
 * Memory  nothing is kept; DuckDB frees what the functions need.
 * Threads DuckDB calls the functions from its own.
 * Errors  ACQ_IO where DuckDB does not take the functions. */
#ifndef ACQ_TABLE_AGGREGATE_H
#define ACQ_TABLE_AGGREGATE_H

#include "table/duck.h"
#include "table/stat.h"

/* acq_aggregate_add makes the functions known to a connection. Statements may use them without GROUP BY alone. Returns
 * 0 or an error. */
int acq_aggregate_add(struct acq_duck *duck, struct acq_err *err);

/* acq_aggregate_call adds "acq_stat_TYPE" to a statement, for a column of that type. */
void acq_aggregate_call(struct acq_sql *sql, enum acq_cell_type type);

/* acq_aggregate_get takes the statistics out of the first row of a column that such a function has made. */
struct acq_stat acq_aggregate_get(duckdb_data_chunk chunk, size_t column);

#endif
