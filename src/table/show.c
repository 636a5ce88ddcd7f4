#include "table/show.h"

#include "table/grid.h"
#include "table/stat.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAT_TEXT = 16 }; /* [character] of a text in the statistics, which have many columns */

/* What is being shown. */
struct work {
    const struct acq_show *show;
    const struct acq_field *fields; /* of the table */
    FILE *out;
    struct acq_grid head;
    bool head_done;
    struct acq_stat *stats; /* [show->n], or NULL */
    uint64_t rows;
};

enum { NAMES_MAX = 40 }; /* more names fill a screen, and the statistics list them anyway */

/* print_names: all columns that are chosen, in lines of the terminal's width */
static void print_names(const struct work *w)
{
    if (w->show->stats && w->show->n > NAMES_MAX) {
        fprintf(w->out, "Columns: %zu, listed with their statistics below\n\n", w->show->n);
        return;
    }
    size_t used = (size_t)fprintf(w->out, "Columns:");
    for (size_t i = 0; i < w->show->n; i++) {
        const char *name = w->fields[w->show->fields[i]].name;
        if (i && used + 1 + strlen(name) + 1 > w->show->width) used = (size_t)fprintf(w->out, "\n        ") - 1;
        used += (size_t)fprintf(w->out, " %s%s", name, i + 1 < w->show->n ? "," : "");
    }
    fputs("\n\n", w->out);
}

/* init_head: of many columns only those that may fit: each takes at least a character and the gap */
static int init_head(struct work *w)
{
    size_t n = w->show->n, most = w->show->width / 3 + 1;
    if (!w->show->all && n > most) n = most;
    int result = acq_grid_init(&w->head, n);
    char(*row)[ACQ_GRID_CELL] = result == ACQ_OK ? acq_grid_add(&w->head) : NULL;
    if (!row) return ACQ_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct acq_field *f = &w->fields[w->show->fields[i]];
        acq_grid_text(row[i], f->name, strlen(f->name), ACQ_GRID_TEXT_MAX);
        w->head.right[i] = f->type != ACQ_CELL_TEXT;
    }
    return ACQ_OK;
}

static int add_head(struct work *w, const struct acq_chunk *chunk)
{
    for (size_t k = 0; k < chunk->rows && (int64_t)w->head.rows <= w->show->rows; k++) {
        char(*row)[ACQ_GRID_CELL] = acq_grid_add(&w->head);
        if (!row) return ACQ_MEMORY;
        for (size_t i = 0; i < w->head.columns; i++) acq_grid_cell(row[i], &chunk->cells[i], k);
    }
    return ACQ_OK;
}

static void print_head(struct work *w)
{
    const struct acq_show *s = w->show;
    w->head_done = true;
    if (!s->rows) return;
    size_t shown = acq_grid_print(&w->head, w->out, s->width, 0, s->all, s->dim);
    if (shown < s->n)
        fprintf(w->out, "... and %zu more column%s: choose with -c\n", s->n - shown, s->n - shown == 1 ? "" : "s");
    if (w->head.rows == 1) fputs("There are no rows.\n", w->out);
    fflush(w->out);
}

static void stat_number(char dst[ACQ_GRID_CELL], double x)
{
    if (isnan(x))
        strcpy(dst, ACQ_GRID_NULL);
    else
        snprintf(dst, ACQ_GRID_CELL, "%.6g", x);
}

/* stat_range: least and greatest, as their type writes them */
static void stat_range(char (*row)[ACQ_GRID_CELL], const struct acq_stat *s)
{
    if (!s->count) {
        strcpy(row[0], ACQ_GRID_NULL);
        strcpy(row[1], ACQ_GRID_NULL);
    } else if (s->type == ACQ_CELL_TEXT) {
        acq_grid_text(row[0], s->first, strlen(s->first), STAT_TEXT);
        acq_grid_text(row[1], s->last, strlen(s->last), STAT_TEXT);
    } else if (s->type == ACQ_CELL_TIME) {
        acq_grid_time(row[0], s->least);
        acq_grid_time(row[1], s->most);
    } else if (s->type == ACQ_CELL_I64) {
        snprintf(row[0], ACQ_GRID_CELL, "%" PRId64, s->least);
        snprintf(row[1], ACQ_GRID_CELL, "%" PRId64, s->most);
    } else {
        acq_grid_number(row[0], s->min);
        acq_grid_number(row[1], s->max);
    }
}

/* add_stat: a row of column, unit, count, nulls, min, max, mean, std and, if there are texts, distinct */
static int add_stat(struct acq_grid *grid, const struct acq_field *field, const struct acq_stat *s)
{
    char(*row)[ACQ_GRID_CELL] = acq_grid_add(grid);
    if (!row) return ACQ_MEMORY;
    acq_grid_text(row[0], field->name, strlen(field->name), ACQ_GRID_TEXT_MAX);
    acq_grid_text(row[1], field->unit, strlen(field->unit), STAT_TEXT);
    snprintf(row[2], ACQ_GRID_CELL, "%" PRIu64, s->count);
    snprintf(row[3], ACQ_GRID_CELL, "%" PRIu64, s->nulls);
    stat_range(row + 4, s);
    if (s->type == ACQ_CELL_TEXT) {
        bool many = s->distinct >= ACQ_STAT_DISTINCT_MAX;
        snprintf(row[8], ACQ_GRID_CELL, "%s%zu", many ? ">=" : "", s->distinct);
    } else if (s->type != ACQ_CELL_TIME) {
        stat_number(row[6], acq_stat_mean(s));
        stat_number(row[7], acq_stat_deviation(s));
    }
    return ACQ_OK;
}

static int print_stats(const struct work *w)
{
    static const char *const names[] = {"column", "unit", "count", "nulls", "min", "max", "mean", "std", "distinct"};
    struct acq_grid grid;
    bool texts = false;
    for (size_t i = 0; i < w->show->n; i++) texts |= w->stats[i].type == ACQ_CELL_TEXT;
    size_t columns = texts ? 9 : 8;
    int result = acq_grid_init(&grid, columns);
    char(*row)[ACQ_GRID_CELL] = result == ACQ_OK ? acq_grid_add(&grid) : NULL;
    result = row ? ACQ_OK : ACQ_MEMORY;
    for (size_t i = 0; row && i < columns; i++) {
        snprintf(row[i], ACQ_GRID_CELL, "%s", names[i]);
        grid.right[i] = i > 1;
    }
    for (size_t i = 0; result == ACQ_OK && i < w->show->n; i++)
        result = add_stat(&grid, &w->fields[w->show->fields[i]], &w->stats[i]);
    if (result == ACQ_OK) {
        fprintf(w->out, "\nStatistics of %" PRIu64 " rows:\n", w->rows);
        acq_grid_print(&grid, w->out, w->show->width, 1, true, w->show->dim);
    }
    acq_grid_fini(&grid);
    return result;
}

/* take_chunk: rows of the head, which is shown before the rest is read */
static int take_chunk(void *user, const struct acq_chunk *chunk, struct acq_err *err)
{
    struct work *w = user;
    if (add_head(w, chunk) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to show this: choose fewer rows");
    if ((int64_t)w->head.rows > w->show->rows) print_head(w);
    return ACQ_OK;
}

/* read_head: only what the head needs */
static int read_head(struct work *w, struct acq_table *table, struct acq_err *err)
{
    struct acq_chunk *chunk;
    if (!w->show->rows) return ACQ_OK;
    int result = acq_table_select(table, w->show->fields, w->head.columns, w->show->rows, err);
    while (result == ACQ_OK && (result = acq_table_next(table, &chunk, err)) == ACQ_OK)
        result = take_chunk(w, chunk, err);
    return result == ACQ_END ? ACQ_OK : result;
}

static int read_table(struct work *w, struct acq_table *table, struct acq_err *err)
{
    const struct acq_show *s = w->show;
    int result = s->stats
                     ? acq_table_stats(table, s->fields, s->n, (size_t)s->rows, take_chunk, w, w->stats, &w->rows, err)
                     : read_head(w, table, err);
    if (result == ACQ_OK && !w->head_done && (s->stats || s->rows)) print_head(w);
    return result;
}

static int init_stats(struct work *w)
{
    if (!w->show->stats) return ACQ_OK;
    w->stats = calloc(w->show->n ? w->show->n : 1, sizeof *w->stats);
    return w->stats ? ACQ_OK : ACQ_MEMORY;
}

int acq_show(struct acq_table *table, const struct acq_show *show, FILE *out, struct acq_err *err)
{
    size_t all;
    struct work w = {.show = show, .fields = acq_table_fields(table, &all), .out = out};
    print_names(&w);
    int result = init_head(&w) < 0 || init_stats(&w) < 0 ? acq_fail(err, ACQ_MEMORY, "no memory to show this") : ACQ_OK;
    if (result == ACQ_OK) result = read_table(&w, table, err);
    if (result == ACQ_OK && w.stats && print_stats(&w) < 0) result = acq_fail(err, ACQ_MEMORY, "no memory");
    for (size_t i = 0; w.stats && i < show->n; i++) acq_stat_fini(&w.stats[i]);
    free(w.stats);
    acq_grid_fini(&w.head);
    return result;
}
