/* vector.h - between DuckDB's vectors and values and ours, for table functions.
 *
 * Memory  nothing is kept.
 * Threads any. */
#ifndef ACQ_TABLE_VECTOR_H
#define ACQ_TABLE_VECTOR_H

#include "base/paths.h"
#include "table/chunk.h"
#include "table/duck.h"

/* acq_vector_column adds a column of that name and type to what a table function gives. */
void acq_vector_column(duckdb_bind_info info, const char *name, enum acq_cell_type type);

/* acq_vector_fill makes the first `rows` values of a vector those of the cells. */
void acq_vector_fill(duckdb_vector vector, const struct acq_cells *cells, size_t rows);

/* acq_vector_text makes the first `rows` values of a vector the same text. */
void acq_vector_text(duckdb_vector vector, const char *text, size_t rows);

/* acq_vector_paths adds the recordings that a table function's first parameter means, a text or a list of texts, to
 * `paths`. Returns 0 or an error. */
int acq_vector_paths(duckdb_bind_info info, struct acq_paths *paths, struct acq_err *err);

#endif
