#include "table/aggregate.h"

#include "table/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const enum acq_cell_type types[] = {ACQ_CELL_F32, ACQ_CELL_F64,  ACQ_CELL_I32,
                                           ACQ_CELL_I64, ACQ_CELL_TIME, ACQ_CELL_TEXT};

/* What DuckDB keeps for one column: a pointer, since its rows of states are of limited length. */
struct state {
    struct acq_stat *stat;
};

static idx_t state_size(duckdb_function_info info)
{
    (void)info;
    return sizeof(struct state);
}

static void init(duckdb_function_info info, duckdb_aggregate_state state)
{
    const enum acq_cell_type *type = acq_duckdb.aggregate_function_get_extra_info(info);
    struct state *s = (struct state *)state;
    s->stat = malloc(sizeof *s->stat);
    if (s->stat)
        acq_stat_init(s->stat, *type);
    else
        acq_duckdb.aggregate_function_set_error(info, "no memory for the statistics");
}

static void destroy(duckdb_aggregate_state *states, idx_t count)
{
    for (idx_t i = 0; i < count; i++) {
        struct state *s = (struct state *)states[i];
        if (s->stat) acq_stat_fini(s->stat);
        free(s->stat);
        s->stat = NULL;
    }
}

/* update: without GROUP BY all rows have the same state */
static void update(duckdb_function_info info, duckdb_data_chunk input, duckdb_aggregate_state *states)
{
    struct acq_text values[ACQ_CHUNK_ROWS]; /* or smaller ones */
    struct acq_stat *stat = ((struct state *)states[0])->stat;
    size_t rows = acq_duckdb.data_chunk_get_size(input);
    struct acq_cells cells = {.values = values};
    (void)info;
    if (!stat || !rows) return;
    cells.type = stat->type;
    acq_answer_cells(acq_duckdb.data_chunk_get_vector(input, 0), &cells, rows);
    acq_stat_add(stat, &cells, rows);
}

static void combine(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_aggregate_state *target,
                    idx_t count)
{
    (void)info;
    for (idx_t i = 0; i < count; i++) {
        const struct state *from = (const struct state *)source[i];
        struct state *to = (struct state *)target[i];
        if (from->stat && to->stat) acq_stat_join(to->stat, from->stat);
    }
}

/* finalize: the bytes of struct acq_stat; its set of texts stays behind */
static void finalize(duckdb_function_info info, duckdb_aggregate_state *source, duckdb_vector result, idx_t count,
                     idx_t offset)
{
    for (idx_t i = 0; i < count; i++) {
        const struct state *s = (const struct state *)source[i];
        if (!s->stat) {
            acq_duckdb.aggregate_function_set_error(info, "no memory for the statistics");
            return;
        }
        struct acq_stat copy = *s->stat;
        copy.seen = NULL;
        acq_duckdb.vector_assign_string_element_len(result, offset + i, (const char *)&copy, sizeof copy);
    }
}

static bool add(struct acq_duck *duck, const enum acq_cell_type *type)
{
    static const duckdb_type duck_types[] = {
        [ACQ_CELL_F32] = DUCKDB_TYPE_FLOAT,         [ACQ_CELL_F64] = DUCKDB_TYPE_DOUBLE,
        [ACQ_CELL_I32] = DUCKDB_TYPE_INTEGER,       [ACQ_CELL_I64] = DUCKDB_TYPE_BIGINT,
        [ACQ_CELL_TIME] = DUCKDB_TYPE_TIMESTAMP_NS, [ACQ_CELL_TEXT] = DUCKDB_TYPE_VARCHAR};
    char name[32];
    duckdb_aggregate_function f = acq_duckdb.create_aggregate_function();
    duckdb_logical_type in = acq_duckdb.create_logical_type(duck_types[*type]);
    duckdb_logical_type out = acq_duckdb.create_logical_type(DUCKDB_TYPE_BLOB);
    snprintf(name, sizeof name, "acq_stat_%s", acq_answer_type(*type));
    acq_duckdb.aggregate_function_set_name(f, name);
    acq_duckdb.aggregate_function_add_parameter(f, in);
    acq_duckdb.aggregate_function_set_return_type(f, out);
    acq_duckdb.aggregate_function_set_functions(f, state_size, init, update, combine, finalize);
    acq_duckdb.aggregate_function_set_destructor(f, destroy);
    acq_duckdb.aggregate_function_set_special_handling(f); /* NULLs are counted too */
    acq_duckdb.aggregate_function_set_extra_info(f, (void *)(uintptr_t)type, NULL);
    bool taken = acq_duckdb.register_aggregate_function(duck->connection, f) == DuckDBSuccess;
    acq_duckdb.destroy_logical_type(&in);
    acq_duckdb.destroy_logical_type(&out);
    acq_duckdb.destroy_aggregate_function(&f);
    return taken;
}

int acq_aggregate_add(struct acq_duck *duck, struct acq_err *err)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!add(duck, &types[i]))
            return acq_fail(err, ACQ_IO, "DuckDB does not take an aggregate function: take another version of it");
    return ACQ_OK;
}

void acq_aggregate_call(struct acq_sql *sql, enum acq_cell_type type)
{
    acq_sql_add(sql, "acq_stat_");
    acq_sql_add(sql, acq_answer_type(type));
}

struct acq_stat acq_aggregate_get(duckdb_data_chunk chunk, size_t column)
{
    const duckdb_string_t *blob = acq_duckdb.vector_get_data(acq_duckdb.data_chunk_get_vector(chunk, column));
    struct acq_stat stat;
    memcpy(&stat, blob->value.pointer.ptr, sizeof stat); /* it is longer than what stands inline */
    return stat;
}
