/* duckdb_extension.c - acq.duckdb_extension: read_recording() and read_recording_info() for any DuckDB, 1.2 or
 * newer, of the same platform.
 *
 * Only what DuckDB promises to keep is used, the stable part of its C API for extensions, so that one file serves all
 * versions. DuckDB hands over the functions in a struct; they go where the program's own loading would put them.
 * Source: DuckDB, duckdb_extension.h; the extension-template-c project of DuckDB. */
#include "table/sessions.h"

#include <stdlib.h>

#define DUCKDB_EXTENSION_NAME acq
#define DUCKDB_EXTENSION_API_VERSION_MAJOR 1
#define DUCKDB_EXTENSION_API_VERSION_MINOR 2
#define DUCKDB_EXTENSION_API_VERSION_PATCH 0
#include <duckdb_extension.h> /* from here on duckdb_x is a pointer in the struct */

static int add_functions(struct acq_duck *duck, struct acq_err *err)
{
    /* lives as long as the process: DuckDB never unloads an extension */
    struct acq_source *source = calloc(1, sizeof *source);
    if (!source) return acq_fail(err, ACQ_MEMORY, "no memory for the table");
    int result = acq_source_add(source, duck, err);
    return result ? result : acq_sessions_add(source, duck, err);
}

DUCKDB_EXTENSION_ENTRYPOINT_CUSTOM(duckdb_extension_info info, struct duckdb_extension_access *access)
{
    struct acq_duck duck = {0};
    struct acq_err err = {0};
#define TAKE(name) acq_duckdb.name = duckdb_##name;
    ACQ_DUCK_TABLE_FUNCTIONS(TAKE)
#undef TAKE
    duckdb_database *database = access->get_database(info);
    if (!database) return false; /* DuckDB knows why */
    duck.database = *database;
    int result = ACQ_OK;
    if (acq_duckdb.vector_size() != ACQ_CHUNK_ROWS)
        result = acq_fail(&err, ACQ_VERSION, "this DuckDB has vectors of another size than 2048: take another");
    else if (acq_duckdb.connect(duck.database, &duck.connection) == DuckDBError)
        result = acq_fail(&err, ACQ_IO, "it takes no connection");
    if (result == ACQ_OK) result = add_functions(&duck, &err);
    if (result < 0) access->set_error(info, err.text);
    if (duck.connection) acq_duckdb.disconnect(&duck.connection);
    return result == ACQ_OK;
}
