#include "table/answer.h"

#include "base/stop.h"

#include <string.h>

enum acq_cell_type acq_answer_cell(duckdb_type type, bool *cast)
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

const char *acq_answer_type(enum acq_cell_type type)
{
    static const char *const names[] = {
        [ACQ_CELL_F32] = "FLOAT",  [ACQ_CELL_F64] = "DOUBLE",        [ACQ_CELL_I32] = "INTEGER",
        [ACQ_CELL_I64] = "BIGINT", [ACQ_CELL_TIME] = "TIMESTAMP_NS", [ACQ_CELL_TEXT] = "VARCHAR"};
    return names[type];
}

int acq_answer_start(struct acq_answer *r, struct acq_duck *duck, const char *sql, const enum acq_cell_type *types,
                     size_t n, struct acq_err *err)
{
    *r = (struct acq_answer){0};
    if (acq_chunk_init(&r->chunk, types, n) < 0) return acq_fail(err, ACQ_MEMORY, "no memory for %zu columns", n);
    int result = acq_duck_query(duck, sql, true, NULL, NULL, &r->result, err);
    r->open = result == ACQ_OK;
    if (result < 0) acq_answer_end(r);
    return result;
}

void acq_answer_end(struct acq_answer *r)
{
    if (r->raw) acq_duckdb.destroy_data_chunk(&r->raw);
    if (r->open) acq_duckdb.destroy_result(&r->result);
    r->open = false;
    acq_chunk_fini(&r->chunk);
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

void acq_answer_cells(duckdb_vector vector, struct acq_cells *cells, size_t rows)
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

int acq_answer_next(struct acq_answer *r, struct acq_chunk **chunk, struct acq_err *err)
{
    if (r->ended) return ACQ_END;
    if (acq_stopped()) return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
    if (r->raw) acq_duckdb.destroy_data_chunk(&r->raw);
    r->raw = acq_duckdb.fetch_chunk(r->result);
    r->ended = !r->raw || !acq_duckdb.data_chunk_get_size(r->raw);
    if (r->ended) {
        const char *text = acq_duckdb.result_error(&r->result);
        return text && *text ? acq_duck_fail(err, text) : ACQ_END;
    }
    acq_chunk_reset(&r->chunk);
    r->chunk.rows = acq_duckdb.data_chunk_get_size(r->raw);
    for (size_t i = 0; i < r->chunk.columns; i++)
        acq_answer_cells(acq_duckdb.data_chunk_get_vector(r->raw, i), &r->chunk.cells[i], r->chunk.rows);
    *chunk = &r->chunk;
    return ACQ_OK;
}
