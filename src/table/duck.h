/* duck.h - DuckDB, loaded at run time: a program that needs no SQL starts without it.
 *
 * Memory  acq_duck_open's connection is the caller's until acq_duck_close. The library stays loaded.
 * Threads acq_duck_open first from one thread; then one thread per connection.
 * Errors  ACQ_MISSING where there is no DuckDB; ACQ_IO with DuckDB's own words; ACQ_STOPPED after Ctrl+C.
 * Source  DuckDB, "C API", duckdb.h. */
#ifndef ACQ_TABLE_DUCK_H
#define ACQ_TABLE_DUCK_H

#include "base/buf.h"
#include "base/err.h"

#include <duckdb.h>

/* the functions of DuckDB that are used, without their prefix duckdb_: those that table functions need, all of which
 * DuckDB hands to an extension too, and those that a program needs beside */
#define ACQ_DUCK_TABLE_FUNCTIONS(X)                \
    X(connect)                                     \
    X(disconnect)                                  \
    X(free)                                        \
    X(vector_size)                                 \
    X(vector_get_data)                             \
    X(vector_get_validity)                         \
    X(vector_ensure_validity_writable)             \
    X(vector_assign_string_element_len)            \
    X(data_chunk_get_vector)                       \
    X(data_chunk_set_size)                         \
    X(create_logical_type)                         \
    X(destroy_logical_type)                        \
    X(create_table_function)                       \
    X(destroy_table_function)                      \
    X(table_function_set_name)                     \
    X(table_function_add_parameter)                \
    X(table_function_add_named_parameter)          \
    X(table_function_set_extra_info)               \
    X(table_function_set_bind)                     \
    X(table_function_set_init)                     \
    X(table_function_set_function)                 \
    X(table_function_supports_projection_pushdown) \
    X(register_table_function)                     \
    X(bind_get_extra_info)                         \
    X(bind_get_parameter)                          \
    X(bind_get_named_parameter)                    \
    X(bind_add_result_column)                      \
    X(bind_set_bind_data)                          \
    X(bind_set_error)                              \
    X(create_varchar)                              \
    X(get_varchar)                                 \
    X(get_value_type)                              \
    X(get_type_id)                                 \
    X(get_list_size)                               \
    X(get_list_child)                              \
    X(is_null_value)                               \
    X(destroy_value)                               \
    X(init_get_extra_info)                         \
    X(init_get_bind_data)                          \
    X(init_get_column_count)                       \
    X(init_get_column_index)                       \
    X(init_set_init_data)                          \
    X(init_set_max_threads)                        \
    X(init_set_error)                              \
    X(function_get_extra_info)                     \
    X(function_get_init_data)                      \
    X(function_set_error)                          \
    X(add_replacement_scan)                        \
    X(replacement_scan_set_function_name)          \
    X(replacement_scan_add_parameter)
#define ACQ_DUCK_PROGRAM_FUNCTIONS(X)          \
    X(open_ext)                                \
    X(close)                                   \
    X(interrupt)                               \
    X(create_config)                           \
    X(set_config)                              \
    X(destroy_config)                          \
    X(prepare)                                 \
    X(prepare_error)                           \
    X(destroy_prepare)                         \
    X(pending_prepared)                        \
    X(pending_prepared_streaming)              \
    X(pending_execute_task)                    \
    X(pending_execution_is_finished)           \
    X(pending_error)                           \
    X(destroy_pending)                         \
    X(execute_pending)                         \
    X(result_error)                            \
    X(destroy_result)                          \
    X(rows_changed)                            \
    X(column_count)                            \
    X(column_name)                             \
    X(column_type)                             \
    X(fetch_chunk)                             \
    X(destroy_data_chunk)                      \
    X(data_chunk_get_size)                     \
    X(create_aggregate_function)               \
    X(destroy_aggregate_function)              \
    X(aggregate_function_set_name)             \
    X(aggregate_function_add_parameter)        \
    X(aggregate_function_set_return_type)      \
    X(aggregate_function_set_functions)        \
    X(aggregate_function_set_destructor)       \
    X(aggregate_function_set_special_handling) \
    X(aggregate_function_set_extra_info)       \
    X(aggregate_function_get_extra_info)       \
    X(aggregate_function_set_error)            \
    X(register_aggregate_function)             \
    X(prepared_statement_type)                 \
    X(result_return_type)                      \
    X(prepared_statement_column_count)         \
    X(prepared_statement_column_name)          \
    X(prepared_statement_column_type)

struct acq_duck_functions {
#define ACQ_DUCK_FIELD(name) __typeof__(duckdb_##name) *name;
    ACQ_DUCK_TABLE_FUNCTIONS(ACQ_DUCK_FIELD)
    ACQ_DUCK_PROGRAM_FUNCTIONS(ACQ_DUCK_FIELD)
#undef ACQ_DUCK_FIELD
};
extern struct acq_duck_functions acq_duckdb; /* filled by the first acq_duck_open, or by the extension */

/* A database in memory and a connection to it. */
struct acq_duck {
    duckdb_database database;
    duckdb_connection connection;
};

/* acq_duck_open loads DuckDB, unless that is done, and opens an empty database. Returns 0 or an error. */
int acq_duck_open(struct acq_duck *duck, struct acq_err *err);
void acq_duck_close(struct acq_duck *duck);

/* acq_duck_query runs one statement. `tick`, unless NULL, is called now and then meanwhile. With `stream` the result is
 * made while it is fetched. Returns 0, and *result is the caller's until destroy_result; or an error. */
typedef void (*acq_duck_tick)(void *user);
int acq_duck_query(struct acq_duck *duck, const char *sql, bool stream, acq_duck_tick tick, void *user,
                   duckdb_result *result, struct acq_err *err);

/* acq_duck_run is acq_duck_query for a statement whose result does not matter. */
int acq_duck_run(struct acq_duck *duck, const char *sql, acq_duck_tick tick, void *user, struct acq_err *err);

/* acq_duck_fail fills err with DuckDB's message as one sentence and returns ACQ_IO. */
int acq_duck_fail(struct acq_err *err, const char *message);

/* A statement that is put together. acq_sql_end closes it. Returns its text, valid until acq_sql_fini, or NULL where
 * there was no memory or it was too long. */
struct acq_sql {
    struct acq_buf buf;
    bool failed;
};
void acq_sql_init(struct acq_sql *sql);
void acq_sql_fini(struct acq_sql *sql);
void acq_sql_add(struct acq_sql *sql, const char *text);
void acq_sql_add_bytes(struct acq_sql *sql, const char *text, size_t n);
void acq_sql_quote(struct acq_sql *sql, char quote, const char *text); /* "name" or 'text' */
void acq_sql_number(struct acq_sql *sql, int64_t number);
const char *acq_sql_end(struct acq_sql *sql, struct acq_err *err);

#endif
