#include "table/query.h"

#include "table/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What stands for a type of DuckDB in what is printed. */
struct form {
    enum acq_cell_type cell;
    const char *before, *behind; /* around the column, NULL: as it is */
    bool json;                   /* its text is JSON already */
};

static struct form form_of(duckdb_type type, bool json)
{
    static const struct form text = {ACQ_CELL_TEXT, "CAST(", " AS VARCHAR)", false};
    static const struct form exact = {ACQ_CELL_TEXT, "CAST(", " AS VARCHAR)", true};
    static const struct form nested = {ACQ_CELL_TEXT, "CAST(to_json(", ") AS VARCHAR)", true};
    static const struct form time = {ACQ_CELL_TIME, "TRY_CAST(", " AS TIMESTAMP_NS)", false};
    static const struct form small = {ACQ_CELL_I32, "CAST(", " AS INTEGER)", false};
    static const struct form big = {ACQ_CELL_I64, "CAST(", " AS BIGINT)", false};
    bool cast;
    switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_BIGNUM:
    case DUCKDB_TYPE_DECIMAL: return exact;
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_UNION: return json ? nested : text;
    default: break;
    }
    enum acq_cell_type cell = acq_answer_cell(type, &cast);
    if (!cast) return (struct form){cell, NULL, NULL, false};
    return cell == ACQ_CELL_TIME ? time : cell == ACQ_CELL_I32 ? small : cell == ACQ_CELL_I64 ? big : text;
}

static void add_number(struct acq_sql *sql, char letter, size_t number)
{
    char text[2] = {letter, 0};
    acq_sql_add(sql, text);
    acq_sql_number(sql, (int64_t)number);
}

/* add_cast: SELECT casts FROM (the statement) under names of our own, since its own may come twice */
static void add_cast(struct acq_query *q, const struct form *forms, const char *sql, size_t n)
{
    acq_sql_add(&q->sql, "SELECT ");
    for (size_t i = 0; i < q->n; i++) {
        acq_sql_add(&q->sql, i ? ", " : "");
        acq_sql_add(&q->sql, forms[i].before ? forms[i].before : "");
        add_number(&q->sql, 'c', i);
        acq_sql_add(&q->sql, forms[i].before ? forms[i].behind : "");
    }
    acq_sql_add(&q->sql, " FROM (");
    acq_sql_add_bytes(&q->sql, sql, n);
    acq_sql_add(&q->sql, "\n) AS acq("); /* a comment may have been its end */
    for (size_t i = 0; i < q->n; i++) {
        acq_sql_add(&q->sql, i ? ", " : "");
        add_number(&q->sql, 'c', i);
    }
    acq_sql_add(&q->sql, ")");
}

/* take_cast: makes the statement one that casts; PRAGMA counts as SELECT, but cannot be selected from: it stays */
static int take_cast(struct acq_query *q, struct acq_duck *duck, const struct form *forms, const char *sql, size_t n,
                     struct acq_err *err)
{
    duckdb_prepared_statement statement = NULL;
    struct acq_sql plain = q->sql;
    acq_sql_init(&q->sql);
    add_cast(q, forms, sql, n);
    const char *text = acq_sql_end(&q->sql, err);
    bool good = text && acq_duckdb.prepare(duck->connection, text, &statement) == DuckDBSuccess;
    if (statement) acq_duckdb.destroy_prepare(&statement);
    acq_sql_fini(good ? &plain : &q->sql);
    if (good)
        q->odd = NULL;
    else
        q->sql = plain;
    return text ? ACQ_OK : ACQ_MEMORY;
}

static int take_columns(struct acq_query *q, duckdb_prepared_statement statement, struct form *forms, bool json,
                        bool *cast, struct acq_err *err)
{
    for (size_t i = 0; i < q->n; i++) {
        const char *name = acq_duckdb.prepared_statement_column_name(statement, i);
        forms[i] = form_of(acq_duckdb.prepared_statement_column_type(statement, i), json);
        q->fields[i].name = strdup(name ? name : "");
        acq_duckdb.free((void *)name);
        if (!q->fields[i].name) return acq_fail(err, ACQ_MEMORY, "no memory for %zu columns", q->n);
        q->fields[i].type = q->types[i] = forms[i].cell;
        q->fields[i].unit = forms[i].json && json ? "json" : acq_rows_unit(q->fields[i].name);
        if (forms[i].before && !q->odd) q->odd = q->fields[i].name;
        *cast |= forms[i].before != NULL;
    }
    return ACQ_OK;
}

static int take_statement(struct acq_query *q, struct acq_duck *duck, duckdb_prepared_statement statement,
                          const char *sql, size_t n, bool json, struct acq_err *err)
{
    bool cast = false;
    q->type = acq_duckdb.prepared_statement_type(statement);
    size_t columns = acq_duckdb.prepared_statement_column_count(statement);
    struct form *forms = calloc(columns + 1, sizeof *forms);
    q->fields = calloc(columns + 1, sizeof *q->fields);
    q->types = calloc(columns + 1, sizeof *q->types);
    q->n = forms && q->fields && q->types ? columns : 0;
    int r = q->n == columns ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for %zu columns", columns);
    if (r == ACQ_OK) r = take_columns(q, statement, forms, json, &cast, err);
    if (r == ACQ_OK && cast && q->type == DUCKDB_STATEMENT_TYPE_SELECT) r = take_cast(q, duck, forms, sql, n, err);
    free(forms);
    if (r == ACQ_OK) q->text = acq_sql_end(&q->sql, err);
    return r < 0 || q->text ? r : ACQ_MEMORY;
}

int acq_query_init(struct acq_query *q, struct acq_duck *duck, const char *sql, size_t n, size_t lines, bool json,
                   struct acq_err *err)
{
    duckdb_prepared_statement statement = NULL;
    *q = (struct acq_query){0};
    acq_sql_init(&q->sql);
    for (size_t i = 0; i < lines; i++) acq_sql_add(&q->sql, "\n");
    acq_sql_add_bytes(&q->sql, sql, n);
    const char *text = acq_sql_end(&q->sql, err);
    int r = text ? ACQ_OK : ACQ_MEMORY;
    if (text && acq_duckdb.prepare(duck->connection, text, &statement) == DuckDBError)
        r = acq_duck_fail(err, acq_duckdb.prepare_error(statement));
    if (r == ACQ_OK) r = take_statement(q, duck, statement, sql, n, json, err);
    if (statement) acq_duckdb.destroy_prepare(&statement);
    if (r < 0) acq_query_fini(q);
    return r;
}

void acq_query_fini(struct acq_query *q)
{
    for (size_t i = 0; i < q->n; i++) free((char *)q->fields[i].name);
    free(q->fields);
    free(q->types);
    acq_sql_fini(&q->sql);
    *q = (struct acq_query){0};
}

int acq_query_run(const struct acq_query *q, struct acq_duck *duck, struct acq_answer *answer, struct acq_err *err)
{
    int r = acq_answer_start(answer, duck, q->text, q->types, q->n, err);
    if (r < 0) return r;
    r = acq_duckdb.result_return_type(answer->result) == DUCKDB_RESULT_TYPE_QUERY_RESULT ? ACQ_OK : ACQ_END;
    if (r == ACQ_OK && q->odd)
        r = acq_fail(err, ACQ_USAGE, "the column %s has a type that is printed from a SELECT alone: cast it to VARCHAR",
                     q->odd);
    if (r) acq_answer_end(answer);
    return r;
}

/* print_explain: DuckDB has drawn the plan already, in the second column */
static int print_explain(struct acq_answer *answer, FILE *out, struct acq_err *err)
{
    struct acq_chunk *chunk;
    int r;
    while ((r = acq_answer_next(answer, &chunk, err)) == ACQ_OK) {
        const struct acq_cells *cells = &chunk->cells[chunk->columns - 1];
        const struct acq_text *texts = cells->values;
        for (size_t i = 0; cells->type == ACQ_CELL_TEXT && i < chunk->rows; i++)
            if (acq_cell_valid(cells, i)) fwrite(texts[i].bytes, texts[i].len, 1, out);
    }
    return r < 0 ? r : ACQ_OK;
}

static void print_count(uint64_t rows, uint64_t printed, FILE *out)
{
    if (printed < rows)
        fprintf(out, "(%" PRIu64 " of %" PRIu64 " rows; --limit 0 prints all)\n", printed, rows);
    else
        fprintf(out, rows == 1 ? "(1 row)\n" : "(%" PRIu64 " rows)\n", rows);
}

/* print_rows: up to `most`; those of a table are counted to the end */
static int print_rows(struct acq_print *print, struct acq_answer *answer, bool count, uint64_t most, uint64_t *rows,
                      uint64_t *printed, struct acq_err *err)
{
    struct acq_chunk *chunk;
    int r = ACQ_OK;
    while (r == ACQ_OK && (count || *printed < most)) {
        r = acq_answer_next(answer, &chunk, err);
        if (r) break;
        *rows += chunk->rows;
        if (chunk->rows > most - *printed) chunk->rows = (size_t)(most - *printed);
        if (chunk->rows) r = acq_print_rows(print, chunk, err);
        *printed += chunk->rows;
    }
    return r < 0 ? r : ACQ_OK;
}

int acq_query_print(const struct acq_query *q, struct acq_answer *answer, enum acq_print_format format, uint64_t most,
                    FILE *out, struct acq_err *err)
{
    bool text = format == ACQ_PRINT_TEXT;
    struct acq_print *print;
    uint64_t rows = 0, printed = 0;
    if (text && q->type == DUCKDB_STATEMENT_TYPE_EXPLAIN) return print_explain(answer, out, err);
    int r = acq_print_new(&print, out, format, q->fields, q->n, err);
    if (r < 0) return r;
    r = print_rows(print, answer, text, most, &rows, &printed, err);
    int ended = acq_print_end(print, r < 0 ? NULL : err);
    if (r == ACQ_OK) r = ended;
    if (r == ACQ_OK && text) print_count(rows, printed, out);
    return r;
}
