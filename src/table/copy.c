#include "table/copy.h"

#include "base/log.h"
#include "base/os.h"
#include "base/output.h"
#include "table/metadata.h"
#include "table/number.h"
#include "table/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What DuckDB is told of each format. It writes to a file that is a temporary one already. Version 1 has fewer ways to
 * encode numbers, so more of them are worth a dictionary. */
static const char *const format_options[] = {
    [ACQ_COPY_PARQUET] = "FORMAT parquet, USE_TMP_FILE false, " ACQ_COPY_PARQUET_OPTIONS,
    [ACQ_COPY_COMPAT] = "FORMAT parquet, USE_TMP_FILE false, PARQUET_VERSION v1, COMPRESSION snappy, "
                        "ROW_GROUP_SIZE 40960",
    [ACQ_COPY_CSV] = "FORMAT csv, HEADER true, USE_TMP_FILE false"};

/* One copying: SELECT columns FROM from, with these options. */
struct copy {
    struct acq_sql columns, from, options;
    struct acq_sql order; /* of several recordings, where rows have to be sorted */
    const char *name;
    bool some; /* not all rows are wanted: none is not a table then */
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
        acq_status("%s: %d %%, %.2f million rows, %.2f million a second", c->name, permille / 10, rows, rate);
    else if (rows > 0)
        acq_status("%s: %.2f million rows, %.2f million a second", c->name, rows, rate);
}

/* statement: the COPY in the order of the files or, sorted, by time in each; rows of equal time stay in the file's
 * order */
static const char *statement(struct copy *c, bool sorted, struct acq_sql *sql, struct acq_err *err)
{
    const char *columns = acq_sql_end(&c->columns, err), *from = acq_sql_end(&c->from, err);
    const char *options = acq_sql_end(&c->options, err), *order = acq_sql_end(&c->order, err);
    if (!columns || !from || !options || !order) return NULL;
    acq_sql_add(sql, "COPY (SELECT ");
    acq_sql_add(sql, columns);
    acq_sql_add(sql, " FROM ");
    if (sorted)
        acq_sql_add(sql, "(SELECT * REPLACE ((t_ns - min(t_ns) OVER (PARTITION BY filename)) / 1e9 AS t_s), "
                         "row_number() OVER () AS acq_row FROM ");
    acq_sql_add(sql, from);
    if (sorted) {
        acq_sql_add(sql, ") ORDER BY ");
        acq_sql_add(sql, order);
        acq_sql_add(sql, "t_ns NULLS FIRST, acq_row");
    }
    acq_sql_add(sql, ") TO ");
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
        acq_status("%s: the frames do not come in the order of time: sorting them", c->name);
        c->source.lost = NULL; /* is said already */
        r = copy_once(c, true, &copied->rows, err);
    }
    if (r == ACQ_OK && c->some && !copied->rows) r = ACQ_END;
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

static struct copy *copy_new(const char *name, struct acq_err *err)
{
    struct copy *c = calloc(1, sizeof *c);
    if (!c) {
        acq_fail(err, ACQ_MEMORY, "no memory to write a file");
        return NULL;
    }
    c->name = name;
    acq_sql_init(&c->columns);
    acq_sql_init(&c->from);
    acq_sql_init(&c->options);
    acq_sql_init(&c->order);
    return c;
}

static void copy_free(struct copy *c)
{
    acq_source_fini(&c->source);
    acq_sql_fini(&c->columns);
    acq_sql_fini(&c->from);
    acq_sql_fini(&c->options);
    acq_sql_fini(&c->order);
    free(c);
}

int acq_copy_csv(const struct acq_table *table, const size_t *fields, size_t n, const char *out, bool force,
                 struct acq_copied *copied, struct acq_err *err)
{
    struct copy *c = copy_new(acq_path_base(out), err);
    if (!c) return ACQ_MEMORY;
    for (size_t i = 0; i < n; i++) {
        acq_sql_add(&c->columns, i ? ", " : "");
        acq_table_column(table, fields[i], &c->columns);
    }
    acq_table_from(table, &c->from);
    acq_sql_add(&c->options, format_options[ACQ_COPY_CSV]);
    int r = run(c, out, force, copied, err);
    copy_free(c);
    return r;
}

size_t acq_copy_fields(size_t fields[ACQ_ROW_FIELDS])
{
    size_t n = 0;
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++)
        if (i != ACQ_ROW_T_S) fields[n++] = i;
    return n;
}

static void add_columns(struct acq_sql *sql, const struct acq_copy *copy)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    acq_rows_fields(fields);
    for (size_t i = 0; i < copy->field_count; i++) {
        acq_sql_add(sql, i ? ", " : "");
        acq_sql_quote(sql, '"', fields[copy->fields[i]].name);
    }
}

static void add_paths(struct acq_sql *sql, const struct acq_copy *copy)
{
    acq_sql_add(sql, "[");
    for (size_t i = 0; i < copy->n; i++) {
        acq_sql_add(sql, i ? ", " : "");
        acq_sql_quote(sql, '\'', copy->parts[i].path);
    }
    acq_sql_add(sql, "]");
}

static void add_time(struct acq_sql *sql, const char *name, int64_t ns)
{
    char text[64];
    if (ns < 0) ns = 0;
    snprintf(text, sizeof text, ", \"%s\" := '%" PRId64 ".%09" PRId64 "s'", name, ns / 1000000000, ns % 1000000000);
    acq_sql_add(sql, text);
}

static void add_from(struct acq_sql *sql, const struct acq_copy *copy)
{
    char rate[ACQ_NUMBER_MAX + 1] = "";
    acq_sql_add(sql, "read_recording(");
    add_paths(sql, copy);
    if (copy->options.select.from_ns > 0) add_time(sql, "from", copy->options.select.from_ns);
    if (copy->options.select.to_ns < INT64_MAX) add_time(sql, "to", copy->options.select.to_ns);
    if (copy->options.select.lap_ranges) {
        acq_sql_add(sql, ", laps := ");
        acq_sql_quote(sql, '\'', copy->laps);
    }
    if (copy->options.rate_hz > 0) {
        rate[acq_number_f64(rate, copy->options.rate_hz)] = 0;
        acq_sql_add(sql, ", rate := ");
        acq_sql_add(sql, rate);
    }
    acq_sql_add(sql, copy->options.restore ? ", original := true)" : ")");
}

static void add_options(struct acq_sql *sql, const struct acq_copy *copy)
{
    const struct acq_metadata metadata = {.parts = copy->parts,
                                          .n = copy->n,
                                          .fields = copy->fields,
                                          .field_count = copy->field_count,
                                          .laps = copy->laps,
                                          .from = copy->from,
                                          .to = copy->to,
                                          .rate_hz = copy->options.rate_hz,
                                          .restored = copy->options.restore};
    acq_sql_add(sql, format_options[copy->format]);
    if (copy->format == ACQ_COPY_CSV) return;
    acq_sql_add(sql, ", KV_METADATA ");
    acq_metadata_add(sql, &metadata);
}

int acq_copy_recordings(const struct acq_copy *copy, struct acq_copied *copied, struct acq_err *err)
{
    struct copy *c = copy_new(copy->name, err);
    if (!c) {
        acq_scan_free(copy->scan);
        return ACQ_MEMORY;
    }
    c->source.scan = copy->scan;
    c->source.lost = copy->lost;
    c->source.user = copy->user;
    c->some = !acq_select_all(&copy->options.select);
    add_columns(&c->columns, copy);
    add_from(&c->from, copy);
    add_options(&c->options, copy);
    if (copy->n > 1) {
        acq_sql_add(&c->order, "list_position(");
        add_paths(&c->order, copy);
        acq_sql_add(&c->order, ", filename), ");
    }
    int r = run(c, copy->out, copy->force, copied, err);
    copy_free(c);
    return r;
}
