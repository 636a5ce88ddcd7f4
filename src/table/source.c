#include "table/source.h"

#include "table/ahead.h"

#include <stdlib.h>
#include <string.h>

static const duckdb_type duck_types[] = {
    [ACQ_CELL_F32] = DUCKDB_TYPE_FLOAT,         [ACQ_CELL_F64] = DUCKDB_TYPE_DOUBLE,
    [ACQ_CELL_I32] = DUCKDB_TYPE_INTEGER,       [ACQ_CELL_I64] = DUCKDB_TYPE_BIGINT,
    [ACQ_CELL_TIME] = DUCKDB_TYPE_TIMESTAMP_NS, [ACQ_CELL_TEXT] = DUCKDB_TYPE_VARCHAR};

/* One reading of a recording. */
struct scan {
    struct acq_ahead *ahead;
    size_t vectors[ACQ_ROW_FIELDS]; /* in which vector of DuckDB's chunk each column goes */
};

static void bind(duckdb_bind_info info)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    duckdb_value value = acq_duckdb.bind_get_parameter(info, 0);
    char *path = acq_duckdb.get_varchar(value);
    acq_duckdb.destroy_value(&value);
    acq_duckdb.bind_set_bind_data(info, path, acq_duckdb.free);
    acq_rows_fields(fields);
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++) {
        duckdb_logical_type type = acq_duckdb.create_logical_type(duck_types[fields[i].type]);
        acq_duckdb.bind_add_result_column(info, fields[i].name, type);
        acq_duckdb.destroy_logical_type(&type);
    }
}

static void free_scan(void *data)
{
    struct scan *scan = data;
    acq_ahead_free(scan->ahead);
    free(scan);
}

static int start(struct acq_source *source, const char *path, duckdb_init_info info, struct scan *scan)
{
    size_t fields[ACQ_ROW_FIELDS], n = 0, count = acq_duckdb.init_get_column_count(info);
    for (size_t i = 0; i < count && n < ACQ_ROW_FIELDS; i++) {
        uint64_t field = acq_duckdb.init_get_column_index(info, i);
        if (field >= ACQ_ROW_FIELDS) continue; /* a statement that uses no column asks for a made-up one */
        scan->vectors[n] = i;
        fields[n++] = (size_t)field;
    }
    struct acq_rows *rows = source->rows;
    source->rows = NULL;
    int result = rows ? ACQ_OK : acq_rows_new(&rows, path, &source->err);
    return result ? result : acq_ahead_new(&scan->ahead, rows, fields, n, &source->err);
}

static void init(duckdb_init_info info)
{
    struct acq_source *source = acq_duckdb.init_get_extra_info(info);
    struct scan *scan = calloc(1, sizeof *scan);
    atomic_store(&source->done, 0);
    if (!scan) {
        acq_duckdb.init_set_error(info, "no memory for the table");
        return;
    }
    acq_duckdb.init_set_init_data(info, scan, free_scan);
    acq_duckdb.init_set_max_threads(info, 1); /* keeps the order of the rows */
    if (start(source, acq_duckdb.init_get_bind_data(info), info, scan) < 0)
        acq_duckdb.init_set_error(info, source->err.text);
}

static void copy_texts(duckdb_vector vector, const struct acq_cells *cells, size_t rows)
{
    const struct acq_text *texts = cells->values;
    duckdb_string_t *dst = acq_duckdb.vector_get_data(vector);
    const struct acq_text *latest = NULL;
    for (size_t i = 0; i < rows; i++) {
        if (!acq_cell_valid(cells, i)) continue;
        if (latest && texts[i].bytes == latest->bytes && texts[i].len == latest->len)
            dst[i] = dst[latest - texts]; /* the same bytes in the vector's own memory */
        else
            acq_duckdb.vector_assign_string_element_len(vector, i, texts[i].bytes, texts[i].len);
        latest = &texts[i];
    }
}

static void copy_cells(duckdb_vector vector, const struct acq_cells *cells, size_t rows)
{
    if (!acq_cells_full(cells, rows)) {
        acq_duckdb.vector_ensure_validity_writable(vector);
        memcpy(acq_duckdb.vector_get_validity(vector), cells->valid, (rows + 63) / 64 * 8);
    }
    if (cells->type == ACQ_CELL_TEXT)
        copy_texts(vector, cells, rows);
    else
        memcpy(acq_duckdb.vector_get_data(vector), cells->values, rows * acq_cell_size(cells->type));
}

static void give(duckdb_function_info info, duckdb_data_chunk output)
{
    struct acq_source *source = acq_duckdb.function_get_extra_info(info);
    struct scan *scan = acq_duckdb.function_get_init_data(info);
    struct acq_chunk *chunk;
    int result = acq_ahead_next(scan->ahead, &chunk, &source->state, &source->err);
    if (result < 0) acq_duckdb.function_set_error(info, source->err.text);
    acq_duckdb.data_chunk_set_size(output, 0); /* a chunk without rows is the end */
    if (result) return;
    for (size_t i = 0; i < chunk->columns; i++)
        copy_cells(acq_duckdb.data_chunk_get_vector(output, scan->vectors[i]), &chunk->cells[i], chunk->rows);
    acq_duckdb.data_chunk_set_size(output, chunk->rows);
    atomic_fetch_add(&source->done, chunk->rows);
    atomic_store(&source->permille, (int)(source->state.progress * 1000));
}

int acq_source_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err)
{
    duckdb_table_function f = acq_duckdb.create_table_function();
    duckdb_logical_type text = acq_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    acq_duckdb.table_function_set_name(f, "acq_table");
    acq_duckdb.table_function_add_parameter(f, text);
    acq_duckdb.table_function_set_extra_info(f, source, NULL);
    acq_duckdb.table_function_set_bind(f, bind);
    acq_duckdb.table_function_set_init(f, init);
    acq_duckdb.table_function_set_function(f, give);
    acq_duckdb.table_function_supports_projection_pushdown(f, true);
    duckdb_state state = acq_duckdb.register_table_function(duck->connection, f);
    acq_duckdb.destroy_logical_type(&text);
    acq_duckdb.destroy_table_function(&f);
    if (state == DuckDBSuccess) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "DuckDB does not take a table function: take another version of it");
}

void acq_source_fini(struct acq_source *source)
{
    acq_rows_free(source->rows);
    source->rows = NULL;
}
