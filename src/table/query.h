/* query.h - one statement of the user, run and printed: what of its columns no cell can hold is cast.
 *
 * Exact numbers of any length (DECIMAL, HUGEINT) become texts. For JSON these, booleans, lists and structs are texts of
 * unit "json", which are put in as they are (table/print.h).
 *
 * Memory  acq_query_init's query is the caller's until acq_query_fini.
 * Threads one at a time.
 * Errors  ACQ_IO with DuckDB's own words. */
#ifndef ACQ_TABLE_QUERY_H
#define ACQ_TABLE_QUERY_H

#include "table/answer.h"
#include "table/print.h"

#include <stdio.h>

struct acq_query {
    duckdb_statement_type type;
    size_t n; /* columns */
    struct acq_field *fields;
    enum acq_cell_type *types;
    const char *odd; /* the name of a column that a statement of this kind cannot be given cast; NULL: none */
    const char *text;
    struct acq_sql sql; /* what `text` lies in */
};

/* acq_query_init prepares the statement, n bytes of SQL; `lines` stand before it in the user's text, which DuckDB's
 * messages count. Returns 0 or an error, and then nothing is to be freed. */
int acq_query_init(struct acq_query *query, struct acq_duck *duck, const char *sql, size_t n, size_t lines, bool json,
                   struct acq_err *err);
void acq_query_fini(struct acq_query *query);

/* acq_query_run starts it. Returns 0, and *answer is the caller's until acq_answer_end; ACQ_END where it is done and
 * gives no rows; or an error. */
int acq_query_run(const struct acq_query *query, struct acq_duck *duck, struct acq_answer *answer, struct acq_err *err);

/* acq_query_print prints what it gives, `most` rows of it; behind a table how many there are; of EXPLAIN the plan as
 * DuckDB draws it. Returns 0 or an error; ACQ_CLOSED as print.h. */
int acq_query_print(const struct acq_query *query, struct acq_answer *answer, enum acq_print_format format,
                    uint64_t most, FILE *out, struct acq_err *err);

#endif
