#include "table/vector.h"

#include <string.h>

static const duckdb_type duck_types[] = {
    [ACQ_CELL_F32] = DUCKDB_TYPE_FLOAT,         [ACQ_CELL_F64] = DUCKDB_TYPE_DOUBLE,
    [ACQ_CELL_I32] = DUCKDB_TYPE_INTEGER,       [ACQ_CELL_I64] = DUCKDB_TYPE_BIGINT,
    [ACQ_CELL_TIME] = DUCKDB_TYPE_TIMESTAMP_NS, [ACQ_CELL_TEXT] = DUCKDB_TYPE_VARCHAR};

void acq_vector_column(duckdb_bind_info info, const char *name, enum acq_cell_type cell)
{
    duckdb_logical_type type = acq_duckdb.create_logical_type(duck_types[cell]);
    acq_duckdb.bind_add_result_column(info, name, type);
    acq_duckdb.destroy_logical_type(&type);
}

static void fill_texts(duckdb_vector vector, const struct acq_cells *cells, size_t rows)
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

void acq_vector_fill(duckdb_vector vector, const struct acq_cells *cells, size_t rows)
{
    if (!acq_cells_full(cells, rows)) {
        acq_duckdb.vector_ensure_validity_writable(vector);
        memcpy(acq_duckdb.vector_get_validity(vector), cells->valid, (rows + 63) / 64 * 8);
    }
    if (cells->type == ACQ_CELL_TEXT)
        fill_texts(vector, cells, rows);
    else
        memcpy(acq_duckdb.vector_get_data(vector), cells->values, rows * acq_cell_size(cells->type));
}

void acq_vector_text(duckdb_vector vector, const char *text, size_t rows)
{
    duckdb_string_t *dst = acq_duckdb.vector_get_data(vector);
    if (rows) acq_duckdb.vector_assign_string_element_len(vector, 0, text, strlen(text));
    for (size_t i = 1; i < rows; i++) dst[i] = dst[0];
}

static int add_word(duckdb_value value, struct acq_paths *paths, struct acq_err *err)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    char *word = acq_duckdb.is_null_value(value) ? NULL : acq_duckdb.get_varchar(value);
    if (!word) return acq_fail(err, ACQ_USAGE, "NULL is no file: name a file, a folder or a pattern");
    int result = acq_paths_add(paths, word, suffixes, err);
    acq_duckdb.free(word);
    return result;
}

int acq_vector_paths(duckdb_bind_info info, struct acq_paths *paths, struct acq_err *err)
{
    duckdb_value value = acq_duckdb.bind_get_parameter(info, 0);
    duckdb_type type = acq_duckdb.get_type_id(acq_duckdb.get_value_type(value));
    bool list = type == DUCKDB_TYPE_LIST && !acq_duckdb.is_null_value(value);
    int result = list || type == DUCKDB_TYPE_VARCHAR
                     ? ACQ_OK
                     : acq_fail(err, ACQ_USAGE, "recordings are named by a text or a list of texts");
    for (size_t i = 0, n = list ? acq_duckdb.get_list_size(value) : 0; i < n && result == ACQ_OK; i++) {
        duckdb_value child = acq_duckdb.get_list_child(value, i);
        result = add_word(child, paths, err);
        acq_duckdb.destroy_value(&child);
    }
    if (!list && result == ACQ_OK) result = add_word(value, paths, err);
    if (!paths->n && result == ACQ_OK) result = acq_fail(err, ACQ_USAGE, "the list of recordings is empty");
    acq_duckdb.destroy_value(&value);
    return result;
}
