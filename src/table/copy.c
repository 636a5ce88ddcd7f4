#include "table/copy.h"

#include "base/log.h"
#include "base/os.h"
#include "table/metadata.h"
#include "table/output.h"
#include "table/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version 2 and zstd make files a third smaller. A dictionary of more values than this costs more time than it saves
 * bytes. Row groups are held in memory, so theirs is half of DuckDB's usual size: our rows are long. */
#define PARQUET_OPTIONS                                                                 \
    "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 200, " \
    "ROW_GROUP_SIZE 61440, USE_TMP_FILE false"
#define CSV_OPTIONS "FORMAT csv, HEADER true, USE_TMP_FILE false"

/* One copying: SELECT columns FROM from, with these options. */
struct copy {
    struct acq_sql columns, from, options;
    struct acq_source source;
    struct acq_duck duck;
    struct acq_output output;
    int64_t started_ns, shown_ns;
};

static void show_progress(void *user)
{
    struct copy *c = user;
    int64_t now = acq_now_ns();
    if (now - c->shown_ns < 100000000) return;
    c->shown_ns = now;
    double rows = (double)atomic_load(&c->source.done) / 1e6;
    double rate = rows / ((double)(now - c->started_ns) / 1e9);
    int permille = atomic_load(&c->source.permille);
    if (permille > 0)
        acq_status("%d %%: %.2f million rows, %.2f million a second", permille / 10, rows, rate);
    else if (rows > 0)
        acq_status("%.2f million rows, %.2f million a second", rows, rate);
}

/* statement: the COPY in the order of the file or, sorted, by time; rows of equal time stay in the file's order */
static const char *statement(struct copy *c, bool sorted, struct acq_sql *sql, struct acq_err *err)
{
    const char *columns = acq_sql_end(&c->columns, err), *from = acq_sql_end(&c->from, err);
    const char *options = acq_sql_end(&c->options, err);
    if (!columns || !from || !options) return NULL;
    acq_sql_add(sql, "COPY (SELECT ");
    acq_sql_add(sql, columns);
    acq_sql_add(sql, " FROM ");
    if (sorted)
        acq_sql_add(
            sql, "(SELECT * REPLACE ((t_ns - min(t_ns) OVER ()) / 1e9 AS t_s), row_number() OVER () AS acq_row FROM ");
    acq_sql_add(sql, from);
    acq_sql_add(sql, sorted ? ") ORDER BY t_ns NULLS FIRST, acq_row) TO " : ") TO ");
    acq_sql_quote(sql, '\'', c->output.temporary);
    acq_sql_add(sql, " (");
    acq_sql_add(sql, options);
    acq_sql_add(sql, ")");
    return acq_sql_end(sql, err);
}

static int copy_once(struct copy *c, bool sorted, uint64_t *rows, struct acq_err *err)
{
    struct acq_sql sql;
    duckdb_result result;
    acq_sql_init(&sql);
    const char *text = statement(c, sorted, &sql, err);
    int r = text ? acq_duck_query(&c->duck, text, false, show_progress, c, &result, err) : ACQ_MEMORY;
    if (r == ACQ_OK) {
        *rows = acq_duckdb.rows_changed(&result);
        acq_duckdb.destroy_result(&result);
    } else if (c->source.err.code) { /* in the reader's words */
        *err = c->source.err;
        r = err->code;
    }
    acq_sql_fini(&sql);
    return r;
}

static int copy_all(struct copy *c, struct acq_copied *copied, struct acq_err *err)
{
    int r = acq_duck_open(&c->duck, err);
    if (r == ACQ_OK) r = acq_source_add(&c->source, &c->duck, err);
    if (r == ACQ_OK) r = copy_once(c, false, &copied->rows, err);
    if (r == ACQ_OK && c->source.state.unsorted) {
        acq_status("the frames do not come in the order of time: sorting them");
        r = copy_once(c, true, &copied->rows, err);
    }
    acq_status("%s", "");
    acq_duck_close(&c->duck);
    snprintf(copied->loss, sizeof copied->loss, "%s", c->source.state.loss);
    return r;
}

static int run(struct copy *c, const char *out, bool force, struct acq_copied *copied, struct acq_err *err)
{
    *copied = (struct acq_copied){0};
    c->started_ns = acq_now_ns();
    int r = acq_output_begin(&c->output, out, force, err);
    if (r == ACQ_OK) r = acq_output_end(&c->output, copy_all(c, copied, err), err);
    return r;
}

static struct copy *copy_new(struct acq_err *err)
{
    struct copy *c = calloc(1, sizeof *c);
    if (!c) {
        acq_fail(err, ACQ_MEMORY, "no memory to write a file");
        return NULL;
    }
    acq_sql_init(&c->columns);
    acq_sql_init(&c->from);
    acq_sql_init(&c->options);
    return c;
}

static void copy_free(struct copy *c)
{
    acq_source_fini(&c->source);
    acq_sql_fini(&c->columns);
    acq_sql_fini(&c->from);
    acq_sql_fini(&c->options);
    free(c);
}

int acq_copy_csv(const struct acq_table *table, const size_t *fields, size_t n, const char *out, bool force,
                 struct acq_copied *copied, struct acq_err *err)
{
    struct copy *c = copy_new(err);
    if (!c) return ACQ_MEMORY;
    for (size_t i = 0; i < n; i++) {
        acq_sql_add(&c->columns, i ? ", " : "");
        acq_table_column(table, fields[i], &c->columns);
    }
    acq_table_from(table, &c->from);
    acq_sql_add(&c->options, CSV_OPTIONS);
    int r = run(c, out, force, copied, err);
    copy_free(c);
    return r;
}

int acq_copy_parquet(const char *in, const char *out, bool force, struct acq_copied *copied, struct acq_err *err)
{
    struct copy *c = copy_new(err);
    if (!c) return ACQ_MEMORY;
    int r = acq_rows_new(&c->source.rows, in, err);
    if (r == ACQ_OK) {
        acq_sql_add(&c->columns, "* EXCLUDE (t_s)");
        acq_sql_add(&c->from, "acq_table(");
        acq_sql_quote(&c->from, '\'', in);
        acq_sql_add(&c->from, ")");
        acq_sql_add(&c->options, PARQUET_OPTIONS ", KV_METADATA ");
        acq_metadata_add(&c->options, acq_rows_first(c->source.rows));
        r = run(c, out, force, copied, err);
    }
    copy_free(c);
    return r;
}
