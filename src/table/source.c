#include "table/source.h"

#include "base/file.h"
#include "table/vector.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILENAME = ACQ_ROW_FIELDS }; /* the column behind those of rows.h */

/* What one read_recording in a statement means. */
struct request {
    struct acq_paths paths;
    struct acq_scan_options options;
};

/* One reading of its files. */
struct reading {
    struct acq_source *source;
    const struct request *request;
    size_t next; /* file */
    struct acq_scan *scan;
    struct acq_rows_state state;    /* of the file that is read */
    size_t fields[ACQ_ROW_FIELDS];  /* the columns that are wanted */
    size_t vectors[ACQ_ROW_FIELDS]; /* in which vector of DuckDB's chunk each goes */
    size_t n;
    size_t filename; /* its vector, SIZE_MAX: not wanted */
};

const char *acq_source_fail(struct acq_source *source, const struct acq_err *err)
{
    uv_mutex_lock(&source->lock);
    if (!source->err.code) source->err = *err;
    uv_mutex_unlock(&source->lock);
    return err->text;
}

static void free_request(void *data)
{
    struct request *request = data;
    acq_paths_fini(&request->paths);
    free(request);
}

/* named: a named parameter as text, for acq_duckdb.free; NULL where it is not given */
static char *named(duckdb_bind_info info, const char *name)
{
    duckdb_value value = acq_duckdb.bind_get_named_parameter(info, name);
    char *text = value && !acq_duckdb.is_null_value(value) ? acq_duckdb.get_varchar(value) : NULL;
    if (value) acq_duckdb.destroy_value(&value);
    return text;
}

static int take_rate(struct acq_scan_options *options, const char *text, struct acq_err *err)
{
    options->rate_hz = strtod(text, NULL);
    if (options->rate_hz > 0 && options->rate_hz <= 10000) return ACQ_OK;
    return acq_fail(err, ACQ_USAGE, "the rate is from above 0 to 10000 Hz, not %s", text);
}

/* take_named: one of the named parameters, `which` of the table below, into the options */
static int take_named(struct acq_scan_options *options, size_t which, const char *text, struct acq_err *err)
{
    switch (which) {
    case 0: return acq_select_laps(&options->select, text, err);
    case 1: return acq_select_time(text, &options->select.from_ns, err);
    case 2: return acq_select_time(text, &options->select.to_ns, err);
    case 3: return take_rate(options, text, err);
    default: options->restore = !strcmp(text, "true"); return ACQ_OK;
    }
}

static const struct {
    const char *name;
    duckdb_type type;
} parameters[] = {{"laps", DUCKDB_TYPE_VARCHAR},
                  {"from", DUCKDB_TYPE_VARCHAR},
                  {"to", DUCKDB_TYPE_VARCHAR},
                  {"rate", DUCKDB_TYPE_DOUBLE},
                  {"original", DUCKDB_TYPE_BOOLEAN}};
enum { PARAMETERS = sizeof parameters / sizeof *parameters };

static int understand(duckdb_bind_info info, struct request *request, struct acq_err *err)
{
    request->options = (struct acq_scan_options)ACQ_SCAN_ALL;
    int result = acq_vector_paths(info, &request->paths, err);
    for (size_t i = 0; i < PARAMETERS && result == ACQ_OK; i++) {
        char *text = named(info, parameters[i].name);
        if (!text) continue;
        result = take_named(&request->options, i, text, err);
        acq_duckdb.free(text);
    }
    return result;
}

static void take_request(duckdb_bind_info info)
{
    struct acq_source *source = acq_duckdb.bind_get_extra_info(info);
    struct acq_field fields[ACQ_ROW_FIELDS];
    struct acq_err err = {0};
    struct request *request = calloc(1, sizeof *request);
    if (!request) {
        acq_duckdb.bind_set_error(info, "no memory for the table");
        return;
    }
    acq_duckdb.bind_set_bind_data(info, request, free_request);
    if (understand(info, request, &err) < 0) {
        acq_duckdb.bind_set_error(info, acq_source_fail(source, &err));
        return;
    }
    acq_rows_fields(fields);
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++) acq_vector_column(info, fields[i].name, fields[i].type);
    acq_vector_column(info, "filename", ACQ_CELL_TEXT);
}

/* end_file: frees the reading of a file, when it is at its end or no more rows are wanted, and says what it had lost */
static void end_file(struct reading *r)
{
    struct acq_source *source = r->source;
    const char *path = r->request->paths.path[r->next - 1], *lost = r->state.loss;
    acq_scan_free(r->scan);
    r->scan = NULL;
    uv_mutex_lock(&source->lock);
    struct acq_rows_state *all = &source->state;
    all->rows += r->state.rows;
    all->unreadable += r->state.unreadable;
    all->unsorted |= r->state.unsorted;
    if (*lost && !*all->loss && r->request->paths.n > 1)
        snprintf(all->loss, sizeof all->loss, "%.60s: %.90s", acq_path_base(path), lost);
    else if (*lost && !*all->loss)
        snprintf(all->loss, sizeof all->loss, "%s", lost);
    if (*lost && source->lost) source->lost(source->user, path, lost);
    uv_mutex_unlock(&source->lock);
}

static void free_reading(void *data)
{
    struct reading *r = data;
    if (r->scan) end_file(r);
    free(r);
}

/* next_file: opens it, unless the caller has done that. Returns 0, ACQ_END, or an error. */
static int next_file(struct reading *r, struct acq_err *err)
{
    const struct request *request = r->request;
    if (r->next == request->paths.n) return ACQ_END;
    const char *path = request->paths.path[r->next];
    uv_mutex_lock(&r->source->lock);
    if (request->paths.n == 1) {
        r->scan = r->source->scan;
        r->source->scan = NULL;
    }
    uv_mutex_unlock(&r->source->lock);
    int result = r->scan ? ACQ_OK : acq_scan_new(&r->scan, path, &request->options, err);
    if (result < 0) return result;
    r->next++;
    r->state = (struct acq_rows_state){0};
    return acq_scan_start(r->scan, r->fields, r->n, err);
}

/* choose: the columns that the statement uses; one that uses none asks for a made-up one */
static void choose(struct reading *r, duckdb_init_info info)
{
    size_t count = acq_duckdb.init_get_column_count(info);
    r->filename = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t field = acq_duckdb.init_get_column_index(info, i);
        if (field == FILENAME) r->filename = i;
        if (field >= ACQ_ROW_FIELDS || r->n == ACQ_ROW_FIELDS) continue;
        r->vectors[r->n] = i;
        r->fields[r->n++] = (size_t)field;
    }
}

static void begin(duckdb_init_info info)
{
    struct acq_source *source = acq_duckdb.init_get_extra_info(info);
    struct reading *r = calloc(1, sizeof *r);
    if (!r) {
        acq_duckdb.init_set_error(info, "no memory for the table");
        return;
    }
    r->source = source;
    r->request = acq_duckdb.init_get_bind_data(info);
    choose(r, info);
    acq_duckdb.init_set_init_data(info, r, free_reading);
    acq_duckdb.init_set_max_threads(info, 1); /* keeps the order of the rows */
    atomic_store(&source->done, 0);
    uv_mutex_lock(&source->lock);
    source->state = (struct acq_rows_state){0};
    uv_mutex_unlock(&source->lock);
}

/* next_rows: of the file that is read, or of the one behind it. Returns 0, ACQ_END, or an error. */
static int next_rows(struct reading *r, struct acq_chunk **chunk, struct acq_err *err)
{
    for (;;) {
        int result = r->scan ? ACQ_OK : next_file(r, err);
        if (result == ACQ_OK) result = acq_scan_next(r->scan, chunk, &r->state, err);
        if (result != ACQ_END || !r->scan) return result;
        end_file(r);
    }
}

static void give(duckdb_function_info info, duckdb_data_chunk output)
{
    struct reading *r = acq_duckdb.function_get_init_data(info);
    struct acq_chunk *chunk;
    struct acq_err err = {0};
    int result = next_rows(r, &chunk, &err);
    if (result < 0) acq_duckdb.function_set_error(info, acq_source_fail(r->source, &err));
    acq_duckdb.data_chunk_set_size(output, 0); /* a chunk without rows is the end */
    if (result) return;
    for (size_t i = 0; i < chunk->columns; i++)
        acq_vector_fill(acq_duckdb.data_chunk_get_vector(output, r->vectors[i]), &chunk->cells[i], chunk->rows);
    if (r->filename != SIZE_MAX)
        acq_vector_text(acq_duckdb.data_chunk_get_vector(output, r->filename), r->request->paths.path[r->next - 1],
                        chunk->rows);
    acq_duckdb.data_chunk_set_size(output, chunk->rows);
    atomic_fetch_add(&r->source->done, chunk->rows);
    double files = (double)(r->next - 1) + r->state.progress;
    atomic_store(&r->source->permille, r->state.progress < 0 ? -1 : (int)(1000 * files / (double)r->request->paths.n));
}

static int add_function(struct acq_source *source, duckdb_connection connection, struct acq_err *err)
{
    duckdb_table_function f = acq_duckdb.create_table_function();
    duckdb_logical_type any = acq_duckdb.create_logical_type(DUCKDB_TYPE_ANY);
    acq_duckdb.table_function_set_name(f, "read_recording");
    acq_duckdb.table_function_add_parameter(f, any);
    for (size_t i = 0; i < PARAMETERS; i++) {
        duckdb_logical_type type = acq_duckdb.create_logical_type(parameters[i].type);
        acq_duckdb.table_function_add_named_parameter(f, parameters[i].name, type);
        acq_duckdb.destroy_logical_type(&type);
    }
    acq_duckdb.table_function_set_extra_info(f, source, NULL);
    acq_duckdb.table_function_set_bind(f, take_request);
    acq_duckdb.table_function_set_init(f, begin);
    acq_duckdb.table_function_set_function(f, give);
    acq_duckdb.table_function_supports_projection_pushdown(f, true);
    duckdb_state state = acq_duckdb.register_table_function(connection, f);
    acq_duckdb.destroy_logical_type(&any);
    acq_duckdb.destroy_table_function(&f);
    if (state == DuckDBSuccess) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "DuckDB does not take a table function: take another version of it");
}

/* replace: FROM 'x.pb.gz' is FROM read_recording('x.pb.gz') */
static void replace(duckdb_replacement_scan_info info, const char *table, void *user)
{
    (void)user;
    if (!acq_has_suffix(table, ".pb.gz") && !acq_has_suffix(table, ".pb.gz.part")) return;
    duckdb_value path = acq_duckdb.create_varchar(table);
    acq_duckdb.replacement_scan_set_function_name(info, "read_recording");
    acq_duckdb.replacement_scan_add_parameter(info, path);
    acq_duckdb.destroy_value(&path);
}

int acq_source_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err)
{
    if (!source->added && uv_mutex_init(&source->lock) != 0)
        return acq_fail(err, ACQ_MEMORY, "no memory for the table");
    source->added = true;
    int result = add_function(source, duck->connection, err);
    if (result == ACQ_OK) acq_duckdb.add_replacement_scan(duck->database, replace, NULL, NULL);
    return result;
}

void acq_source_fini(struct acq_source *source)
{
    acq_scan_free(source->scan);
    source->scan = NULL;
    if (source->added) uv_mutex_destroy(&source->lock);
    source->added = false;
}
