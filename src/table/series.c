#include "table/series.h"

#include "table/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read: the columns asked for and, behind them, the one that t_s comes from. */
struct job {
    struct acq_table *table;
    size_t *fields, n;
    size_t room; /* rows that fit the arrays */
};

void acq_series_free(struct acq_series *s)
{
    for (size_t i = 0; s->values && i < s->columns; i++) free(s->values[i]);
    free(s->values);
    free(s->names);
    free(s->units);
    free(s->t_s);
    *s = (struct acq_series){0};
}

/* choose: finds the columns, checks that they are numbers, and takes over their names and units */
static int choose(struct job *job, struct acq_series *s, const char *const *columns, struct acq_err *err)
{
    size_t all;
    const struct acq_field *fields = acq_table_fields(job->table, &all);
    for (size_t i = 0; i < job->n; i++) {
        const char *name = i < s->columns ? columns[i] : "t_s";
        int result = acq_table_find(job->table, name, &job->fields[i], err);
        if (result < 0 && i == s->columns)
            return acq_fail(err, ACQ_USAGE, "the file has neither t_s nor t_ns, so nothing says when its rows were");
        if (result < 0) return result;
        const struct acq_field *f = &fields[job->fields[i]];
        if (f->type == ACQ_CELL_TEXT)
            return acq_fail(err, ACQ_USAGE, "the column '%s' is text: choose columns of numbers", name);
        if (i == s->columns) break;
        snprintf(s->names[i], sizeof s->names[i], "%s", f->name);
        snprintf(s->units[i], sizeof s->units[i], "%s", f->unit);
    }
    return ACQ_OK;
}

/* more_room: room for another chunk in all arrays */
static int more_room(struct job *job, struct acq_series *s)
{
    if (s->rows + ACQ_CHUNK_ROWS <= job->room) return ACQ_OK;
    size_t room = job->room ? 2 * job->room : 8 * ACQ_CHUNK_ROWS;
    for (size_t i = 0; i < job->n; i++) {
        double **array = i < s->columns ? &s->values[i] : &s->t_s;
        double *bigger = realloc(*array, room * sizeof **array);
        if (!bigger) return ACQ_MEMORY;
        *array = bigger;
    }
    job->room = room;
    return ACQ_OK;
}

static void take(double *dst, const struct acq_cells *cells, size_t rows)
{
    for (size_t i = 0; i < rows; i++) switch (cells->type) {
        case ACQ_CELL_F32: dst[i] = (double)((const float *)cells->values)[i]; break;
        case ACQ_CELL_F64: dst[i] = ((const double *)cells->values)[i]; break;
        case ACQ_CELL_I32: dst[i] = (double)((const int32_t *)cells->values)[i]; break;
        default: dst[i] = (double)((const int64_t *)cells->values)[i]; break;
        }
    if (acq_cells_full(cells, rows)) return;
    for (size_t i = 0; i < rows; i++)
        if (!acq_cell_valid(cells, i)) dst[i] = (double)NAN;
}

static int read_all(struct job *job, struct acq_series *s, int64_t limit, struct acq_err *err)
{
    struct acq_chunk *chunk;
    int result = acq_table_select(job->table, job->fields, job->n, limit, err);
    while (result == ACQ_OK && (result = acq_table_next(job->table, &chunk, err)) == ACQ_OK) {
        if (more_room(job, s) < 0) return acq_fail(err, ACQ_MEMORY, "no memory for so many rows: choose fewer");
        for (size_t i = 0; i < job->n; i++)
            take((i < s->columns ? s->values[i] : s->t_s) + s->rows, &chunk->cells[i], chunk->rows);
        s->rows += chunk->rows;
    }
    return result == ACQ_END ? ACQ_OK : result;
}

int acq_series_read(struct acq_series *s, const char *path, const char *const *columns, size_t n, int64_t limit,
                    struct acq_err *err)
{
    struct job job = {.n = n + 1, .fields = calloc(n + 1, sizeof *job.fields)};
    *s = (struct acq_series){.columns = n,
                             .names = calloc(n + 1, sizeof *s->names),
                             .units = calloc(n + 1, sizeof *s->units),
                             .values = calloc(n + 1, sizeof *s->values)};
    int result = ACQ_OK;
    if (!job.fields || !s->names || !s->units || !s->values)
        result = acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (result == ACQ_OK) result = acq_table_open(&job.table, path, err);
    if (result == ACQ_OK) result = choose(&job, s, columns, err);
    if (result == ACQ_OK) result = read_all(&job, s, limit, err);
    if (result == ACQ_OK) snprintf(s->loss, sizeof s->loss, "%s", acq_table_loss(job.table));
    acq_table_close(job.table);
    free(job.fields);
    if (result < 0) acq_series_free(s);
    return result;
}
