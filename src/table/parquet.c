#include "table/parquet.h"

#include "base/file.h"
#include "table/aggregate.h"
#include "table/answer.h"
#include "table/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 10000 };

struct acq_parquet {
    struct acq_duck duck;
    char *path;
    struct acq_field *fields;
    bool *cast; /* [field] is it read as another type than it has? */
    size_t n;
    bool derived;             /* t_s, the last field, is not in the file */
    struct acq_answer answer; /* of the latest select */
};

int acq_parquet_is(const char *path, bool *yes, struct acq_err *err)
{
    char magic[4] = {0};
    *yes = false;
    if (!strcmp(path, "-")) return ACQ_OK;
    int fd = acq_file_open(path, ACQ_FILE_READ, err);
    if (fd < 0) return fd;
    *yes = acq_file_size(fd) >= 4 && acq_file_read(fd, magic, 4) == 4 && !memcmp(magic, "PAR1", 4);
    acq_file_close(fd);
    return ACQ_OK;
}

/* without_prefix: the path behind the prefix of Windows for long paths, whose ? DuckDB would take for a pattern; *share
 * says that a share's \\\\ has to come before it */
static const char *without_prefix(const char *path, bool *share)
{
    *share = !strncmp(path, "\\\\?\\UNC\\", 8);
    return *share ? path + 8 : !strncmp(path, "\\\\?\\", 4) ? path + 4 : path;
}

void acq_parquet_read(struct acq_sql *sql, const char *path)
{
    char one[2] = {0};
    bool share;
    path = without_prefix(path, &share);
    acq_sql_add(sql, share ? "read_parquet('\\\\" : "read_parquet('");
    for (; *path; path++) { /* *, ? and [ stand for themselves in [] */
        bool special = strchr("*?[", *path) != NULL;
        one[0] = *path;
        acq_sql_add(sql, special ? "[" : *path == '\'' ? "'" : "");
        acq_sql_add(sql, one);
        acq_sql_add(sql, special ? "]" : "");
    }
    acq_sql_add(sql, "')");
}

void acq_parquet_from(const struct acq_parquet *p, struct acq_sql *sql)
{
    acq_parquet_read(sql, p->path);
}

/* add_value: the column as an expression */
static void add_value(const struct acq_parquet *p, size_t field, struct acq_sql *sql)
{
    if (!p->derived || field != p->n - 1) {
        acq_sql_quote(sql, '"', p->fields[field].name);
        return;
    }
    acq_sql_add(sql, "(t_ns - (SELECT min(t_ns) FROM ");
    acq_parquet_from(p, sql);
    acq_sql_add(sql, ")) / 1e9");
}

void acq_parquet_column(const struct acq_parquet *p, size_t field, struct acq_sql *sql)
{
    add_value(p, field, sql);
    if (p->derived && field == p->n - 1) acq_sql_add(sql, " AS t_s");
}

/* derive: adds t_s where t_ns is there and counts something */
static void derive(struct acq_parquet *p)
{
    bool t_ns = false;
    for (size_t i = 0; i < p->n; i++) {
        if (!strcmp(p->fields[i].name, "t_s")) return;
        t_ns |= !strcmp(p->fields[i].name, "t_ns") && p->fields[i].type == ACQ_CELL_I64;
    }
    if (!t_ns) return;
    p->derived = true;
    p->fields[p->n++] = (struct acq_field){strdup("t_s"), "s", ACQ_CELL_F64};
}

static int take_fields(struct acq_parquet *p, duckdb_prepared_statement statement, struct acq_err *err)
{
    size_t n = acq_duckdb.prepared_statement_column_count(statement);
    if (n > FIELDS_MAX) return acq_fail(err, ACQ_RANGE, "%s has more than %d columns", p->path, FIELDS_MAX);
    p->fields = calloc(n + 1, sizeof *p->fields);
    p->cast = calloc(n + 1, sizeof *p->cast);
    if (!p->fields || !p->cast) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
    for (; p->n < n; p->n++) {
        struct acq_field *f = &p->fields[p->n];
        const char *name = acq_duckdb.prepared_statement_column_name(statement, p->n);
        f->name = name ? strdup(name) : NULL;
        acq_duckdb.free((void *)(uintptr_t)name);
        f->type = acq_answer_cell(acq_duckdb.prepared_statement_column_type(statement, p->n), &p->cast[p->n]);
        if (!f->name) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
        f->unit = acq_rows_unit(f->name);
    }
    derive(p);
    return !p->n || p->fields[p->n - 1].name ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
}

/* prepare: makes a statement of all columns, which is not run: its columns are those of the file */
static int prepare(struct acq_parquet *p, duckdb_prepared_statement *statement, struct acq_err *err)
{
    struct acq_sql sql;
    struct acq_err reason;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT * FROM ");
    acq_parquet_from(p, &sql);
    const char *text = acq_sql_end(&sql, err);
    int r = text ? ACQ_OK : ACQ_MEMORY;
    if (text && acq_duckdb.prepare(p->duck.connection, text, statement) == DuckDBError) {
        acq_duck_fail(&reason, acq_duckdb.prepare_error(*statement));
        r = acq_fail(err, ACQ_FORMAT, "cannot read %s as Parquet: %s", p->path, reason.text);
    }
    acq_sql_fini(&sql);
    return r;
}

static int open_file(struct acq_parquet *p, struct acq_err *err)
{
    duckdb_prepared_statement statement = NULL;
    int r = acq_duck_open(&p->duck, err);
    /* its footer, which is long where there are many columns, is read once and not by each statement */
    if (r == ACQ_OK) r = acq_duck_run(&p->duck, "SET parquet_metadata_cache = true", NULL, NULL, err);
    if (r == ACQ_OK) r = prepare(p, &statement, err);
    if (r == ACQ_OK) r = take_fields(p, statement, err);
    if (statement) acq_duckdb.destroy_prepare(&statement);
    return r;
}

int acq_parquet_open(struct acq_parquet **parquet, const char *path, struct acq_err *err)
{
    struct acq_parquet *p = calloc(1, sizeof *p);
    if (p) p->path = strdup(path);
    int r = p && p->path ? open_file(p, err) : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (r < 0)
        acq_parquet_close(p);
    else
        *parquet = p;
    return r;
}

void acq_parquet_close(struct acq_parquet *p)
{
    if (!p) return;
    acq_answer_end(&p->answer);
    acq_duck_close(&p->duck);
    for (size_t i = 0; i < p->n; i++) free((char *)p->fields[i].name);
    free(p->fields);
    free(p->cast);
    free(p->path);
    free(p);
}

const struct acq_field *acq_parquet_fields(const struct acq_parquet *p, size_t *n)
{
    *n = p->n;
    return p->fields;
}

/* add_cell: the column as the type that it is read as */
static void add_cell(const struct acq_parquet *p, size_t field, struct acq_sql *sql)
{
    if (p->cast[field]) acq_sql_add(sql, "TRY_CAST(");
    add_value(p, field, sql);
    if (!p->cast[field]) return;
    acq_sql_add(sql, " AS ");
    acq_sql_add(sql, acq_answer_type(p->fields[field].type));
    acq_sql_add(sql, ")");
}

int acq_parquet_select(struct acq_parquet *p, const size_t *fields, size_t n, int64_t limit, struct acq_err *err)
{
    enum acq_cell_type *types = calloc(n ? n : 1, sizeof *types);
    struct acq_sql sql;
    acq_answer_end(&p->answer);
    if (!types) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        types[i] = p->fields[fields[i]].type;
        acq_sql_add(&sql, i ? ", " : "");
        add_cell(p, fields[i], &sql);
    }
    acq_sql_add(&sql, " FROM ");
    acq_parquet_from(p, &sql);
    if (limit) acq_sql_add(&sql, " LIMIT ");
    if (limit) acq_sql_number(&sql, limit);
    const char *text = acq_sql_end(&sql, err);
    int r = text ? acq_answer_start(&p->answer, &p->duck, text, types, n, err) : ACQ_MEMORY;
    acq_sql_fini(&sql);
    free(types);
    return r;
}

int acq_parquet_next(struct acq_parquet *p, struct acq_chunk **chunk, struct acq_err *err)
{
    return acq_answer_next(&p->answer, chunk, err);
}

/* take_stats: the only row of the answer: statistics of each field and, behind them, the number of rows */
static int take_stats(duckdb_result result, struct acq_stat *stats, size_t n, uint64_t *rows, struct acq_err *err)
{
    duckdb_data_chunk chunk = acq_duckdb.fetch_chunk(result);
    if (!chunk) return acq_fail(err, ACQ_IO, "DuckDB gives no answer: take another version of it");
    for (size_t i = 0; i < n; i++) stats[i] = acq_aggregate_get(chunk, i);
    *rows = *(const uint64_t *)acq_duckdb.vector_get_data(acq_duckdb.data_chunk_get_vector(chunk, n));
    acq_duckdb.destroy_data_chunk(&chunk);
    return ACQ_OK;
}

int acq_parquet_stats(struct acq_parquet *p, const size_t *fields, size_t n, struct acq_stat *stats, uint64_t *rows,
                      struct acq_err *err)
{
    struct acq_sql sql;
    duckdb_result result;
    int r = acq_aggregate_add(&p->duck, err);
    if (r < 0) return r;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        acq_aggregate_call(&sql, p->fields[fields[i]].type);
        acq_sql_add(&sql, "(");
        add_cell(p, fields[i], &sql);
        acq_sql_add(&sql, "), ");
    }
    acq_sql_add(&sql, "count(*) FROM ");
    acq_parquet_from(p, &sql);
    const char *text = acq_sql_end(&sql, err);
    r = text ? acq_duck_query(&p->duck, text, false, NULL, NULL, &result, err) : ACQ_MEMORY;
    acq_sql_fini(&sql);
    if (r < 0) return r;
    r = take_stats(result, stats, n, rows, err);
    acq_duckdb.destroy_result(&result);
    return r;
}
