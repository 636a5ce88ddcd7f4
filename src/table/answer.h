/* answer.h - what a statement of DuckDB gives, as chunks.
 *
 * Cells have fewer types than DuckDB: what has none of its own is cast in the statement, acq_answer_cell says to what.
 *
 * Memory  acq_answer_start's answer is the caller's until acq_answer_end; a chunk is valid until the next call.
 * Threads one at a time; DuckDB works ahead in its own.
 * Errors  those of acq_duck_query. */
#ifndef ACQ_TABLE_ANSWER_H
#define ACQ_TABLE_ANSWER_H

#include "table/chunk.h"
#include "table/duck.h"

struct acq_answer {
    duckdb_result result;
    bool open, ended;
    duckdb_data_chunk raw; /* what the texts of the chunk point into */
    struct acq_chunk chunk;
};

/* acq_answer_cell returns the type of cell for a type of DuckDB and sets *cast where the statement has to cast to it.
 */
enum acq_cell_type acq_answer_cell(duckdb_type type, bool *cast);

/* acq_answer_type returns the name of a cell's type in SQL. */
const char *acq_answer_type(enum acq_cell_type type);

/* acq_answer_cells copies the first `rows` values of a vector into cells of its type; texts point into the vector. */
void acq_answer_cells(duckdb_vector vector, struct acq_cells *cells, size_t rows);

/* acq_answer_start runs a statement whose n columns have these types of cells. Returns 0 or an error, and then nothing
 * is to be ended. */
int acq_answer_start(struct acq_answer *answer, struct acq_duck *duck, const char *sql, const enum acq_cell_type *types,
                     size_t n, struct acq_err *err);
void acq_answer_end(struct acq_answer *answer);

/* acq_answer_next gives the next rows. Returns 0 and *chunk, ACQ_END, or an error. */
int acq_answer_next(struct acq_answer *answer, struct acq_chunk **chunk, struct acq_err *err);

#endif
