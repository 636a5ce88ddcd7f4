#include "table/table.h"

#include "base/file.h"
#include "base/opt.h"
#include "base/os.h"
#include "table/ahead.h"
#include "table/parquet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acq_table {
    char path[ACQ_PATH_MAX];
    struct acq_parquet *parquet; /* or, of a recording: */
    struct acq_rows *rows;       /* opened and not yet read from */
    struct acq_ahead *ahead;
    struct acq_rows_state state;
    uint64_t left; /* rows up to the limit */
    struct acq_field fields[ACQ_ROW_FIELDS];
};

/* is_parquet: does the file begin like one? A pipe is not looked into: what is read from it is gone. */
static int is_parquet(const char *path, bool *yes, struct acq_err *err)
{
    char magic[4] = {0};
    *yes = false;
    if (!strcmp(path, "-")) return ACQ_OK;
    int fd = acq_file_open(path, ACQ_FILE_READ, err);
    if (fd < 0) return fd;
    *yes = acq_file_size(fd) >= 4 && acq_file_read(fd, magic, 4) == 4 && !memcmp(magic, "PAR1", 4);
    acq_file_close(fd);
    return ACQ_OK;
}

int acq_table_open(struct acq_table **table, const char *path, struct acq_err *err)
{
    struct acq_table *t = calloc(1, sizeof *t);
    bool parquet;
    if (!t) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    snprintf(t->path, sizeof t->path, "%s", path);
    int result = is_parquet(path, &parquet, err);
    if (result == ACQ_OK)
        result = parquet ? acq_parquet_open(&t->parquet, path, err) : acq_rows_new(&t->rows, path, err);
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
    acq_rows_free(t->rows);
    acq_ahead_free(t->ahead);
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

int acq_table_select(struct acq_table *t, const size_t *fields, size_t n, int64_t limit, struct acq_err *err)
{
    if (t->parquet) return acq_parquet_select(t->parquet, fields, n, limit, err);
    acq_ahead_free(t->ahead);
    t->ahead = NULL;
    t->left = limit ? (uint64_t)limit : UINT64_MAX;
    int result = t->rows ? ACQ_OK : acq_rows_new(&t->rows, t->path, err);
    if (result < 0) return result;
    struct acq_rows *rows = t->rows;
    t->rows = NULL;
    return acq_ahead_new(&t->ahead, rows, fields, n, err);
}

int acq_table_next(struct acq_table *t, struct acq_chunk **chunk, struct acq_err *err)
{
    if (acq_stopped()) return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
    if (t->parquet) return acq_parquet_next(t->parquet, chunk, err);
    if (!t->left) return ACQ_END;
    int result = acq_ahead_next(t->ahead, chunk, &t->state, err);
    if (result) return result;
    if ((*chunk)->rows > t->left) (*chunk)->rows = (size_t)t->left;
    t->left -= (*chunk)->rows;
    return ACQ_OK;
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
    acq_sql_add(sql, "acq_table(");
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
