#include "table/parquet.h"

#include "table/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 10000 };

struct acq_parquet {
    struct acq_duck duck;
    char *path, *pattern;
    struct acq_field *fields;
    bool *cast; /* [field] is it read as another type than it has? */
    size_t n;
    bool derived; /* t_s, the last field, is not in the file */
    duckdb_result result;
    bool has_result, ended;
    duckdb_data_chunk raw; /* what the texts of the chunk point into */
    struct acq_chunk chunk;
};

/* What stands for a type of DuckDB: the type of cell, and what it is cast to, if to anything. */
static enum acq_cell_type cell_type(duckdb_type type, bool *cast)
{
    *cast = true;
    switch (type) {
    case DUCKDB_TYPE_FLOAT: *cast = false; return ACQ_CELL_F32;
    case DUCKDB_TYPE_DOUBLE: *cast = false; return ACQ_CELL_F64;
    case DUCKDB_TYPE_INTEGER: *cast = false; return ACQ_CELL_I32;
    case DUCKDB_TYPE_BIGINT: *cast = false; return ACQ_CELL_I64;
    case DUCKDB_TYPE_VARCHAR: *cast = false; return ACQ_CELL_TEXT;
    case DUCKDB_TYPE_TIMESTAMP_NS: *cast = false; return ACQ_CELL_TIME;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS: return ACQ_CELL_TIME;
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT: return ACQ_CELL_I32;
    case DUCKDB_TYPE_UINTEGER: return ACQ_CELL_I64;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL: return ACQ_CELL_F64;
    default: return ACQ_CELL_TEXT;
    }
}

static const char *const type_names[] = {
    [ACQ_CELL_F32] = "FLOAT",  [ACQ_CELL_F64] = "DOUBLE",        [ACQ_CELL_I32] = "INTEGER",
    [ACQ_CELL_I64] = "BIGINT", [ACQ_CELL_TIME] = "TIMESTAMP_NS", [ACQ_CELL_TEXT] = "VARCHAR"};

void acq_parquet_from(const struct acq_parquet *p, struct acq_sql *sql)
{
    acq_sql_add(sql, "read_parquet(");
    acq_sql_quote(sql, '\'', p->pattern);
    acq_sql_add(sql, ")");
}

/* pattern_of: the pattern that stands for this path alone, since DuckDB takes *, ? and [ in a name for one */
static char *pattern_of(const char *path)
{
    char *pattern = malloc(3 * strlen(path) + 1), *dst = pattern;
    if (!pattern) return NULL;
    for (; *path; path++) {
        bool special = strchr("*?[", *path) != NULL;
        if (special) *dst++ = '[';
        *dst++ = *path;
        if (special) *dst++ = ']';
    }
    *dst = 0;
    return pattern;
}

void acq_parquet_column(const struct acq_parquet *p, size_t field, struct acq_sql *sql)
{
    if (!p->derived || field != p->n - 1) {
        acq_sql_quote(sql, '"', p->fields[field].name);
        return;
    }
    acq_sql_add(sql, "(t_ns - (SELECT min(t_ns) FROM ");
    acq_parquet_from(p, sql);
    acq_sql_add(sql, ")) / 1e9 AS t_s");
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

static int take_fields(struct acq_parquet *p, duckdb_result *result, struct acq_err *err)
{
    size_t n = acq_duckdb.column_count(result);
    if (n > FIELDS_MAX) return acq_fail(err, ACQ_RANGE, "%s has more than %d columns", p->path, FIELDS_MAX);
    p->fields = calloc(n + 1, sizeof *p->fields);
    p->cast = calloc(n + 1, sizeof *p->cast);
    if (!p->fields || !p->cast) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
    for (; p->n < n; p->n++) {
        struct acq_field *f = &p->fields[p->n];
        f->name = strdup(acq_duckdb.column_name(result, p->n));
        f->type = cell_type(acq_duckdb.column_type(result, p->n), &p->cast[p->n]);
        if (!f->name) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
        f->unit = acq_rows_unit(f->name);
    }
    derive(p);
    return p->fields[p->n - 1].name ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path);
}

static int open_file(struct acq_parquet *p, struct acq_err *err)
{
    struct acq_sql sql;
    duckdb_result result;
    struct acq_err reason = {0};
    int r = acq_duck_open(&p->duck, err);
    if (r < 0) return r;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT * FROM ");
    acq_parquet_from(p, &sql);
    acq_sql_add(&sql, " LIMIT 0");
    const char *text = acq_sql_end(&sql, err);
    r = text ? acq_duck_query(&p->duck, text, false, NULL, NULL, &result, &reason) : ACQ_MEMORY;
    acq_sql_fini(&sql);
    if (r == ACQ_IO) return acq_fail(err, ACQ_FORMAT, "cannot read %s as Parquet: %s", p->path, reason.text);
    if (r < 0) return r;
    r = take_fields(p, &result, err);
    acq_duckdb.destroy_result(&result);
    return r;
}

int acq_parquet_open(struct acq_parquet **parquet, const char *path, struct acq_err *err)
{
    struct acq_parquet *p = calloc(1, sizeof *p);
    if (p) p->path = strdup(path);
    if (p) p->pattern = pattern_of(path);
    int r = p && p->path && p->pattern ? open_file(p, err) : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (r < 0)
        acq_parquet_close(p);
    else
        *parquet = p;
    return r;
}

/* end_select: frees what the latest select has begun */
static void end_select(struct acq_parquet *p)
{
    if (p->raw) acq_duckdb.destroy_data_chunk(&p->raw);
    if (p->has_result) acq_duckdb.destroy_result(&p->result);
    p->has_result = false;
    acq_chunk_fini(&p->chunk);
}

void acq_parquet_close(struct acq_parquet *p)
{
    if (!p) return;
    end_select(p);
    acq_duck_close(&p->duck);
    for (size_t i = 0; i < p->n; i++) free((char *)p->fields[i].name);
    free(p->fields);
    free(p->cast);
    free(p->path);
    free(p->pattern);
    free(p);
}

const struct acq_field *acq_parquet_fields(const struct acq_parquet *p, size_t *n)
{
    *n = p->n;
    return p->fields;
}

static void add_cell(const struct acq_parquet *p, size_t field, struct acq_sql *sql)
{
    if (!p->cast[field]) {
        acq_parquet_column(p, field, sql);
        return;
    }
    acq_sql_add(sql, "TRY_CAST(");
    acq_parquet_column(p, field, sql);
    acq_sql_add(sql, " AS ");
    acq_sql_add(sql, type_names[p->fields[field].type]);
    acq_sql_add(sql, ")");
}

static int start(struct acq_parquet *p, const size_t *fields, size_t n, int64_t limit, struct acq_err *err)
{
    struct acq_sql sql;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        acq_sql_add(&sql, i ? ", " : "");
        add_cell(p, fields[i], &sql);
    }
    acq_sql_add(&sql, " FROM ");
    acq_parquet_from(p, &sql);
    if (limit) acq_sql_add(&sql, " LIMIT ");
    if (limit) acq_sql_number(&sql, limit);
    const char *text = acq_sql_end(&sql, err);
    int r = text ? acq_duck_query(&p->duck, text, true, NULL, NULL, &p->result, err) : ACQ_MEMORY;
    p->has_result = r == ACQ_OK;
    p->ended = false;
    acq_sql_fini(&sql);
    return r;
}

int acq_parquet_select(struct acq_parquet *p, const size_t *fields, size_t n, int64_t limit, struct acq_err *err)
{
    enum acq_cell_type *types = calloc(n ? n : 1, sizeof *types);
    end_select(p);
    for (size_t i = 0; types && i < n; i++) types[i] = p->fields[fields[i]].type;
    int r = types ? acq_chunk_init(&p->chunk, types, n) : ACQ_MEMORY;
    free(types);
    return r < 0 ? acq_fail(err, ACQ_MEMORY, "no memory to read %s", p->path) : start(p, fields, n, limit, err);
}

static void take_texts(duckdb_vector vector, struct acq_cells *cells, size_t rows)
{
    const duckdb_string_t *src = acq_duckdb.vector_get_data(vector);
    struct acq_text *dst = cells->values;
    for (size_t i = 0; i < rows; i++) {
        if (!acq_cell_valid(cells, i)) continue;
        uint32_t len = src[i].value.inlined.length;
        dst[i].len = len;
        dst[i].bytes =
            len <= sizeof src[i].value.inlined.inlined ? src[i].value.inlined.inlined : src[i].value.pointer.ptr;
    }
}

static void take_cells(duckdb_vector vector, struct acq_cells *cells, size_t rows)
{
    const uint64_t *valid = acq_duckdb.vector_get_validity(vector);
    if (valid)
        memcpy(cells->valid, valid, (rows + 63) / 64 * 8);
    else
        memset(cells->valid, 0xff, sizeof cells->valid);
    if (cells->type == ACQ_CELL_TEXT)
        take_texts(vector, cells, rows);
    else
        memcpy(cells->values, acq_duckdb.vector_get_data(vector), rows * acq_cell_size(cells->type));
}

int acq_parquet_next(struct acq_parquet *p, struct acq_chunk **chunk, struct acq_err *err)
{
    if (p->ended) return ACQ_END;
    if (p->raw) acq_duckdb.destroy_data_chunk(&p->raw);
    p->raw = acq_duckdb.fetch_chunk(p->result);
    p->ended = !p->raw;
    if (p->ended) {
        const char *text = acq_duckdb.result_error(&p->result);
        return text && *text ? acq_duck_fail(err, text) : ACQ_END;
    }
    acq_chunk_reset(&p->chunk);
    p->chunk.rows = acq_duckdb.data_chunk_get_size(p->raw);
    if (!p->chunk.rows) return ACQ_END;
    for (size_t i = 0; i < p->chunk.columns; i++)
        take_cells(acq_duckdb.data_chunk_get_vector(p->raw, i), &p->chunk.cells[i], p->chunk.rows);
    *chunk = &p->chunk;
    return ACQ_OK;
}
