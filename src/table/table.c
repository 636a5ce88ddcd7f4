#include "table/table.h"

#include "base/file.h"
#include "base/opt.h"
#include "base/stop.h"
#include "table/parquet.h"
#include "table/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acq_table {
    char path[ACQ_PATH_MAX];
    struct acq_parquet *parquet; /* or, of a recording: */
    struct acq_scan *scan;
    bool started;
    struct acq_rows_state state;
    uint64_t left; /* rows up to the limit */
    struct acq_field fields[ACQ_ROW_FIELDS];
};

int acq_table_open(struct acq_table **table, const char *path, struct acq_err *err)
{
    struct acq_table *t = calloc(1, sizeof *t);
    bool parquet;
    if (!t) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    snprintf(t->path, sizeof t->path, "%s", path);
    int result = acq_parquet_is(path, &parquet, err);
    if (result == ACQ_OK)
        result = parquet ? acq_parquet_open(&t->parquet, path, err) : acq_scan_new(&t->scan, path, NULL, err);
    if (result < 0) {
        acq_table_close(t);
        return result;
    }
    acq_rows_fields(t->fields);
    *table = t;
    return ACQ_OK;
}

void acq_table_close(struct acq_table *t)
{
    if (!t) return;
    acq_parquet_close(t->parquet);
    acq_scan_free(t->scan);
    free(t);
}

const struct acq_field *acq_table_fields(const struct acq_table *t, size_t *n)
{
    if (t->parquet) return acq_parquet_fields(t->parquet, n);
    *n = ACQ_ROW_FIELDS;
    return t->fields;
}

int acq_table_find(const struct acq_table *t, const char *name, size_t *index, struct acq_err *err)
{
    const char *names[1024];
    size_t n;
    const struct acq_field *fields = acq_table_fields(t, &n);
    for (size_t i = 0; i < n; i++) {
        *index = i;
        if (!strcmp(fields[i].name, name)) return ACQ_OK;
    }
    if (n > sizeof names / sizeof *names) n = sizeof names / sizeof *names;
    for (size_t i = 0; i < n; i++) names[i] = fields[i].name;
    int near = acq_nearest(name, names, n);
    if (near >= 0)
        return acq_fail(err, ACQ_USAGE, "there is no column '%s'; did you mean '%s'? `acq view FILE` lists all", name,
                        names[near]);
    return acq_fail(err, ACQ_USAGE, "there is no column '%s'; `acq view FILE` lists all", name);
}

/* start_scan starts at the first row, also a second time */
static int start_scan(struct acq_table *t, const size_t *fields, size_t n, bool stats, struct acq_err *err)
{
    if (t->started) {
        acq_scan_free(t->scan);
        t->scan = NULL;
        int result = acq_scan_new(&t->scan, t->path, NULL, err);
        if (result < 0) return result;
    }
    t->started = true;
    if (stats) acq_scan_stats(t->scan);
    return acq_scan_start(t->scan, fields, n, err);
}

int acq_table_select(struct acq_table *t, const size_t *fields, size_t n, int64_t limit, struct acq_err *err)
{
    if (t->parquet) return acq_parquet_select(t->parquet, fields, n, limit, err);
    t->left = limit ? (uint64_t)limit : UINT64_MAX;
    return start_scan(t, fields, n, false, err);
}

int acq_table_next(struct acq_table *t, struct acq_chunk **chunk, struct acq_err *err)
{
    if (acq_stopped()) return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
    if (t->parquet) return acq_parquet_next(t->parquet, chunk, err);
    if (!t->left) return ACQ_END;
    int result = acq_scan_next(t->scan, chunk, &t->state, err);
    if (result) return result;
    if ((*chunk)->rows > t->left) (*chunk)->rows = (size_t)t->left;
    t->left -= (*chunk)->rows;
    return ACQ_OK;
}

/* A caller who takes the first rows. */
struct taker {
    acq_table_take take;
    void *user;
    size_t left; /* rows that it still wants */
};

static int offer(struct taker *taker, const struct acq_chunk *chunk, struct acq_err *err)
{
    struct acq_chunk part = *chunk;
    if (part.rows > taker->left) part.rows = taker->left;
    taker->left -= part.rows;
    return part.rows ? taker->take(taker->user, &part, err) : ACQ_OK;
}

/* parquet_stats: two statements, of which the second uses all cores */
static int parquet_stats(struct acq_table *t, const size_t *fields, size_t n, struct taker *taker,
                         struct acq_stat *stats, uint64_t *rows, struct acq_err *err)
{
    struct acq_chunk *chunk;
    int result = taker->left ? acq_parquet_select(t->parquet, fields, n, (int64_t)taker->left, err) : ACQ_END;
    while (result == ACQ_OK && (result = acq_parquet_next(t->parquet, &chunk, err)) == ACQ_OK)
        result = offer(taker, chunk, err);
    return result < 0 ? result : acq_parquet_stats(t->parquet, fields, n, stats, rows, err);
}

int acq_table_stats(struct acq_table *t, const size_t *fields, size_t n, size_t limit, acq_table_take take, void *user,
                    struct acq_stat *stats, uint64_t *rows, struct acq_err *err)
{
    struct taker taker = {take, user, limit};
    struct acq_chunk *chunk;
    size_t all;
    const struct acq_field *table_fields = acq_table_fields(t, &all);
    for (size_t i = 0; i < n; i++) acq_stat_init(&stats[i], table_fields[fields[i]].type);
    *rows = 0;
    if (t->parquet) return parquet_stats(t, fields, n, &taker, stats, rows, err);
    t->left = UINT64_MAX;
    int result = start_scan(t, fields, n, true, err);
    while (result == ACQ_OK && (result = acq_table_next(t, &chunk, err)) == ACQ_OK) {
        for (size_t i = 0; i < n; i++) acq_stat_take(&stats[i], chunk, i);
        *rows += chunk->rows;
        result = offer(&taker, chunk, err);
    }
    return result == ACQ_END ? ACQ_OK : result;
}

const char *acq_table_loss(const struct acq_table *t)
{
    return t->state.loss;
}

void acq_table_from(const struct acq_table *t, struct acq_sql *sql)
{
    if (t->parquet) {
        acq_parquet_from(t->parquet, sql);
        return;
    }
    acq_sql_add(sql, "read_recording(");
    acq_sql_quote(sql, '\'', t->path);
    acq_sql_add(sql, ")");
}

void acq_table_column(const struct acq_table *t, size_t field, struct acq_sql *sql)
{
    if (t->parquet)
        acq_parquet_column(t->parquet, field, sql);
    else
        acq_sql_quote(sql, '"', t->fields[field].name);
}
