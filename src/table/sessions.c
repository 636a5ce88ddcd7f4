#include "table/sessions.h"

#include "record/info.h"
#include "table/vector.h"

#include <stdlib.h>
#include <string.h>

enum column {
    FILENAME,
    SESSION,
    GAME,
    CAR,
    TRACK,
    LAYOUT,
    DRIVER,
    START,
    DURATION,
    LAPS,
    BEST_LAP,
    FRAMES,
    MISSING,
    MISSED_STEPS,
    RATE,
    CLOSED,
    ORIGINAL,
    DAMAGE,
    BYTES,
    COLUMNS
};

static const struct {
    const char *name;
    duckdb_type type;
} columns[COLUMNS] = {
    [FILENAME] = {"filename", DUCKDB_TYPE_VARCHAR},  [SESSION] = {"session", DUCKDB_TYPE_VARCHAR},
    [GAME] = {"game", DUCKDB_TYPE_VARCHAR},          [CAR] = {"car", DUCKDB_TYPE_VARCHAR},
    [TRACK] = {"track", DUCKDB_TYPE_VARCHAR},        [LAYOUT] = {"layout", DUCKDB_TYPE_VARCHAR},
    [DRIVER] = {"driver", DUCKDB_TYPE_VARCHAR},      [START] = {"start_utc", DUCKDB_TYPE_TIMESTAMP_NS},
    [DURATION] = {"duration_s", DUCKDB_TYPE_DOUBLE}, [LAPS] = {"laps", DUCKDB_TYPE_BIGINT},
    [BEST_LAP] = {"best_lap_s", DUCKDB_TYPE_DOUBLE}, [FRAMES] = {"frames", DUCKDB_TYPE_BIGINT},
    [MISSING] = {"missing", DUCKDB_TYPE_BIGINT},     [MISSED_STEPS] = {"missed_steps", DUCKDB_TYPE_BIGINT},
    [RATE] = {"rate_hz", DUCKDB_TYPE_DOUBLE},        [CLOSED] = {"closed", DUCKDB_TYPE_BOOLEAN},
    [ORIGINAL] = {"original", DUCKDB_TYPE_BOOLEAN},  [DAMAGE] = {"damage", DUCKDB_TYPE_VARCHAR},
    [BYTES] = {"bytes", DUCKDB_TYPE_BIGINT}};

/* One reading of the files of a request. */
struct listing {
    const struct acq_paths *paths;
    size_t next;              /* file */
    size_t vectors[COLUMNS];  /* [column] its vector in DuckDB's chunk, SIZE_MAX: not wanted */
    bool only_names;          /* no file has to be read */
    struct acq_info info;     /* of the file that is read */
    duckdb_data_chunk output; /* where its row goes */
    size_t row;
};

static void free_paths(void *data)
{
    acq_paths_fini(data);
    free(data);
}

static void take_request(duckdb_bind_info info)
{
    struct acq_err err = {0};
    struct acq_paths *paths = calloc(1, sizeof *paths);
    if (!paths) {
        acq_duckdb.bind_set_error(info, "no memory for the table");
        return;
    }
    acq_duckdb.bind_set_bind_data(info, paths, free_paths);
    if (acq_vector_paths(info, paths, &err) < 0) {
        acq_duckdb.bind_set_error(info, acq_source_fail(acq_duckdb.bind_get_extra_info(info), &err));
        return;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        duckdb_logical_type type = acq_duckdb.create_logical_type(columns[i].type);
        acq_duckdb.bind_add_result_column(info, columns[i].name, type);
        acq_duckdb.destroy_logical_type(&type);
    }
}

static void begin(duckdb_init_info info)
{
    struct listing *l = calloc(1, sizeof *l);
    if (!l) {
        acq_duckdb.init_set_error(info, "no memory for the table");
        return;
    }
    l->paths = acq_duckdb.init_get_bind_data(info);
    l->only_names = true;
    memset(l->vectors, 0xff, sizeof l->vectors);
    for (size_t i = 0, n = acq_duckdb.init_get_column_count(info); i < n; i++) {
        uint64_t column = acq_duckdb.init_get_column_index(info, i);
        if (column >= COLUMNS) continue;
        l->vectors[column] = i;
        l->only_names &= column == FILENAME;
    }
    acq_duckdb.init_set_init_data(info, l, free);
    acq_duckdb.init_set_max_threads(info, 1);
}

/* cell: where the value of a column goes, of `size` bytes each; NULL where the column is not wanted. Without `there`
 * the value is SQL's NULL. */
static void *cell(const struct listing *l, enum column column, size_t size, bool there)
{
    if (l->vectors[column] == SIZE_MAX) return NULL;
    duckdb_vector vector = acq_duckdb.data_chunk_get_vector(l->output, l->vectors[column]);
    if (there) return (char *)acq_duckdb.vector_get_data(vector) + l->row * size;
    acq_duckdb.vector_ensure_validity_writable(vector);
    acq_duckdb.vector_get_validity(vector)[l->row / 64] &= ~(UINT64_C(1) << l->row % 64);
    return NULL;
}

static void put_text(const struct listing *l, enum column column, const char *text)
{
    if (!cell(l, column, sizeof(duckdb_string_t), *text != 0)) return;
    duckdb_vector vector = acq_duckdb.data_chunk_get_vector(l->output, l->vectors[column]);
    acq_duckdb.vector_assign_string_element_len(vector, l->row, text, strlen(text));
}

static void put_count(const struct listing *l, enum column column, int64_t count, bool there)
{
    int64_t *dst = cell(l, column, sizeof count, there);
    if (dst) *dst = count;
}

static void put_number(const struct listing *l, enum column column, double number, bool there)
{
    double *dst = cell(l, column, sizeof number, there);
    if (dst) *dst = number;
}

static void put_bool(const struct listing *l, enum column column, bool yes, bool there)
{
    bool *dst = cell(l, column, sizeof yes, there);
    if (dst) *dst = yes;
}

/* put_row: what the info says of the recording */
static void put_row(const struct listing *l)
{
    const struct acq_info *i = &l->info;
    char driver[256];
    double rate = acq_info_rate(i, i->steps);
    bool any = i->frames > 0;
    acq_info_driver(driver, i);
    put_text(l, SESSION, acq_info_text(i, ACQ_head_session_id));
    put_text(l, GAME, acq_info_text(i, ACQ_head_game));
    put_text(l, CAR, acq_info_text(i, ACQ_stat_car_model));
    put_text(l, TRACK, acq_info_text(i, ACQ_stat_track));
    put_text(l, LAYOUT, acq_info_text(i, ACQ_stat_track_configuration));
    put_text(l, DRIVER, driver);
    put_count(l, START, acq_info_utc_ns(i), acq_info_utc_ns(i) != 0);
    put_number(l, DURATION, (double)acq_info_duration_ns(i) / 1e9, any);
    put_count(l, LAPS, (int64_t)i->completed, true);
    put_number(l, BEST_LAP, i->best_lap_ms / 1e3, i->best_lap_ms > 0);
    put_count(l, FRAMES, (int64_t)i->frames, true);
    put_count(l, MISSING, (int64_t)i->loss.missing_frames, !i->loss.foreign);
    put_count(l, MISSED_STEPS, (int64_t)i->missed, i->steps_known);
    put_number(l, RATE, rate, rate >= 0);
    put_bool(l, CLOSED, i->loss.closed, true);
    put_bool(l, ORIGINAL, i->original == 1, i->original >= 0);
    put_text(l, DAMAGE, i->loss.text);
    put_count(l, BYTES, i->file_bytes, i->file_bytes >= 0);
}

static void give(duckdb_function_info info, duckdb_data_chunk output)
{
    struct listing *l = acq_duckdb.function_get_init_data(info);
    struct acq_source *source = acq_duckdb.function_get_extra_info(info);
    struct acq_err err = {0};
    int result = ACQ_OK;
    l->output = output;
    for (l->row = 0; l->row < 16 && l->next < l->paths->n && result == ACQ_OK; l->row++) { /* few: they take time */
        const char *path = l->paths->path[l->next++];
        put_text(l, FILENAME, path);
        if (l->only_names) continue;
        result = acq_info_read(&l->info, path, &err);
        if (result == ACQ_OK) put_row(l);
    }
    if (result < 0) acq_duckdb.function_set_error(info, acq_source_fail(source, &err));
    acq_duckdb.data_chunk_set_size(output, result < 0 ? 0 : l->row);
}

int acq_sessions_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err)
{
    duckdb_table_function f = acq_duckdb.create_table_function();
    duckdb_logical_type any = acq_duckdb.create_logical_type(DUCKDB_TYPE_ANY);
    acq_duckdb.table_function_set_name(f, "read_recording_info");
    acq_duckdb.table_function_add_parameter(f, any);
    acq_duckdb.table_function_set_extra_info(f, source, NULL);
    acq_duckdb.table_function_set_bind(f, take_request);
    acq_duckdb.table_function_set_init(f, begin);
    acq_duckdb.table_function_set_function(f, give);
    acq_duckdb.table_function_supports_projection_pushdown(f, true);
    duckdb_state state = acq_duckdb.register_table_function(duck->connection, f);
    acq_duckdb.destroy_logical_type(&any);
    acq_duckdb.destroy_table_function(&f);
    if (state == DuckDBSuccess) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "DuckDB does not take a table function: take another version of it");
}
