#include "table/duck.h"

#include "base/dl.h"
#include "base/env.h"
#include "base/file.h"
#include "base/os.h"
#include "base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUCKDB_FILE ACQ_DL_FILE("duckdb")

enum { SQL_MAX = 4 * 1024 * 1024 };

struct acq_duck_functions acq_duckdb;

static int take_functions(struct acq_dl *library, struct acq_err *err)
{
#define TAKE(name)                                                                       \
    acq_duckdb.name = (__typeof__(duckdb_##name) *)acq_dl_sym(library, "duckdb_" #name); \
    if (!acq_duckdb.name)                                                                \
        return acq_fail(err, ACQ_VERSION, "the DuckDB that was found lacks duckdb_%s: take another version", #name);
    ACQ_DUCK_TABLE_FUNCTIONS(TAKE)
    ACQ_DUCK_PROGRAM_FUNCTIONS(TAKE)
#undef TAKE
    if (acq_duckdb.vector_size() == 2048) return ACQ_OK;
    return acq_fail(err, ACQ_VERSION, "the DuckDB that was found has vectors of another size than 2048: take another");
}

static struct acq_dl *open_beside(const char *dir, const char *below)
{
    char path[ACQ_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s%s/" DUCKDB_FILE, dir, below);
    return n > 0 && (size_t)n < sizeof path && acq_path_exists(path) ? acq_dl_open(path, NULL) : NULL;
}

/* open_library: what the user names; beside the program; where the system looks */
static struct acq_dl *open_library(struct acq_err *err)
{
    char dir[ACQ_PATH_MAX];
    char named[ACQ_PATH_MAX];
    struct acq_dl *library = NULL;
    if (acq_env("ACQ_DUCKDB", named, sizeof named)) return acq_dl_open(named, err);
    if (acq_executable_dir(dir, sizeof dir)) library = open_beside(dir, "");
    if (!library && acq_executable_dir(dir, sizeof dir)) library = open_beside(dir, "/lib");
    if (!library) library = acq_dl_open(DUCKDB_FILE, NULL);
    if (!library)
        acq_fail(err, ACQ_MISSING, "DuckDB is not there: put %s beside the program or name it in ACQ_DUCKDB",
                 DUCKDB_FILE);
    return library;
}

static int load(struct acq_err *err)
{
    static bool loaded;
    if (loaded) return ACQ_OK;
    struct acq_dl *library = open_library(err);
    if (!library) return ACQ_MISSING;
    int result = take_functions(library, err);
    loaded = result == ACQ_OK;
    if (!loaded) acq_dl_close(library);
    return result;
}

/* add_hint: what DuckDB puts into further lines of a message: what may have been meant, and which line of a long
 * statement it speaks of */
static void add_hint(char *dst, size_t size, const char *message)
{
    size_t n = strlen(dst);
    const char *line = strchr(message, '\n'), *meant = strstr(message, "\nDid you mean"), *number;
    const char *near = strstr(message, "\nCandidate bindings: "), *at = strstr(message, "\nLINE ");
    if (line && (line == meant || !strncmp(line, "\nEither ", 8)))
        n += (size_t)snprintf(dst + n, size - n, " %.*s", (int)strcspn(line + 1, "\r\n"), line + 1);
    else if (near && (near = strchr(near, '"')))
        n += (size_t)snprintf(dst + n, size - n, " Did you mean %.*s?", (int)strcspn(near, ",\r\n"), near);
    if (at && n < size && (number = at + strlen("\nLINE ")) && strncmp(number, "1:", 2) != 0)
        snprintf(dst + n, size - n, " (line %.*s)", (int)strcspn(number, ":\r\n"), number);
}

int acq_duck_fail(struct acq_err *err, const char *message)
{
    char text[sizeof err->text];
    if (!message) message = "it gave no reason";
    const char *kind = strstr(message, " Error: "), *first = message; /* its class says nothing to the user */
    if (kind && (size_t)(kind - message) < strcspn(message, "\r\n:")) first = kind + strlen(" Error: ");
    snprintf(text, sizeof text - 120, "%.*s", (int)strcspn(first, "\r\n"), first);
    add_hint(text, sizeof text - 10, message);
    return acq_fail(err, ACQ_IO, "DuckDB: %s", text);
}

int acq_duck_open(struct acq_duck *duck, struct acq_err *err)
{
    duckdb_config config = NULL;
    char *text = NULL;
    *duck = (struct acq_duck){0};
    int result = load(err);
    if (result) return result;
    /* nothing is fetched from the network, and no scratch folder appears where the user stands */
    if (acq_duckdb.create_config(&config) == DuckDBError ||
        acq_duckdb.set_config(config, "autoinstall_known_extensions", "false") == DuckDBError ||
        acq_duckdb.set_config(config, "autoload_known_extensions", "false") == DuckDBError ||
        acq_duckdb.set_config(config, "temp_directory", "") == DuckDBError ||
        acq_duckdb.open_ext(NULL, &duck->database, config, &text) == DuckDBError)
        result = acq_duck_fail(err, text);
    else if (acq_duckdb.connect(duck->database, &duck->connection) == DuckDBError)
        result = acq_duck_fail(err, "it takes no connection");
    if (text) acq_duckdb.free(text);
    acq_duckdb.destroy_config(&config);
    if (result) acq_duck_close(duck);
    return result;
}

void acq_duck_close(struct acq_duck *duck)
{
    if (duck->connection) acq_duckdb.disconnect(&duck->connection);
    if (duck->database) acq_duckdb.close(&duck->database);
}

/* execute: runs the statement task by task, so that Ctrl+C is seen between them. An interrupted statement is run on
 * until DuckDB says that it has ended: before, its threads may still be at work, and open files. */
static int execute(struct acq_duck *duck, duckdb_pending_result pending, acq_duck_tick tick, void *user,
                   duckdb_result *result, struct acq_err *err)
{
    bool interrupted = false;
    for (;;) {
        duckdb_pending_state state = acq_duckdb.pending_execute_task(pending);
        if (state == DUCKDB_PENDING_ERROR && interrupted)
            return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
        if (state == DUCKDB_PENDING_ERROR) return acq_duck_fail(err, acq_duckdb.pending_error(pending));
        if (acq_duckdb.pending_execution_is_finished(state)) break;
        if (acq_stopped()) {
            acq_duckdb.interrupt(duck->connection);
            interrupted = true;
        } else if (tick) {
            tick(user);
        }
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) acq_sleep_ms(1); /* DuckDB's own threads have them all */
    }
    if (acq_duckdb.execute_pending(pending, result) == DuckDBSuccess) return ACQ_OK;
    acq_duck_fail(err, acq_duckdb.result_error(result));
    acq_duckdb.destroy_result(result);
    return ACQ_IO;
}

int acq_duck_query(struct acq_duck *duck, const char *sql, bool stream, acq_duck_tick tick, void *user,
                   duckdb_result *result, struct acq_err *err)
{
    duckdb_prepared_statement statement = NULL;
    duckdb_pending_result pending = NULL;
    int r = ACQ_OK;
    if (acq_duckdb.prepare(duck->connection, sql, &statement) == DuckDBError) {
        r = acq_duck_fail(err, acq_duckdb.prepare_error(statement));
    } else {
        duckdb_state state = stream ? acq_duckdb.pending_prepared_streaming(statement, &pending)
                                    : acq_duckdb.pending_prepared(statement, &pending);
        r = state == DuckDBError ? acq_duck_fail(err, acq_duckdb.pending_error(pending))
                                 : execute(duck, pending, tick, user, result, err);
        acq_duckdb.destroy_pending(&pending);
    }
    acq_duckdb.destroy_prepare(&statement);
    return r;
}

int acq_duck_run(struct acq_duck *duck, const char *sql, acq_duck_tick tick, void *user, struct acq_err *err)
{
    duckdb_result result;
    int r = acq_duck_query(duck, sql, false, tick, user, &result, err);
    if (r == ACQ_OK) acq_duckdb.destroy_result(&result);
    return r;
}

void acq_sql_init(struct acq_sql *sql)
{
    acq_buf_init(&sql->buf, SQL_MAX);
    sql->failed = false;
}

void acq_sql_fini(struct acq_sql *sql)
{
    acq_buf_fini(&sql->buf);
}

void acq_sql_add_bytes(struct acq_sql *sql, const char *text, size_t n)
{
    sql->failed |= acq_buf_add(&sql->buf, text, n) < 0;
}

void acq_sql_add(struct acq_sql *sql, const char *text)
{
    acq_sql_add_bytes(sql, text, strlen(text));
}

void acq_sql_number(struct acq_sql *sql, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    acq_sql_add(sql, text);
}

void acq_sql_quote(struct acq_sql *sql, char quote, const char *text)
{
    acq_sql_add_bytes(sql, &quote, 1);
    for (; *text; text++) {
        if (*text == quote) acq_sql_add_bytes(sql, &quote, 1);
        acq_sql_add_bytes(sql, text, 1);
    }
    acq_sql_add_bytes(sql, &quote, 1);
}

const char *acq_sql_end(struct acq_sql *sql, struct acq_err *err)
{
    acq_sql_add_bytes(sql, "", 1);
    if (!sql->failed) {
        sql->buf.len--; /* the NUL is no part of it, so that it may be asked for again */
        return (const char *)sql->buf.bytes;
    }
    acq_fail(err, ACQ_MEMORY, "no memory for a statement of this length");
    return NULL;
}
