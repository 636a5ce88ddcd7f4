#include "table/grid.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2 };

int acq_grid_init(struct acq_grid *g, size_t columns)
{
    *g = (struct acq_grid){.columns = columns, .right = calloc(columns ? columns : 1, sizeof *g->right)};
    return g->right ? ACQ_OK : ACQ_MEMORY;
}

void acq_grid_fini(struct acq_grid *g)
{
    free(g->cells);
    free(g->right);
    *g = (struct acq_grid){0};
}

char (*acq_grid_add(struct acq_grid *g))[ACQ_GRID_CELL]
{
    if (g->rows == g->room) {
        size_t room = g->room ? 2 * g->room : 64;
        void *cells = realloc(g->cells, room * (g->columns ? g->columns : 1) * ACQ_GRID_CELL);
        if (!cells) return NULL;
        g->cells = cells;
        g->room = room;
    }
    char(*row)[ACQ_GRID_CELL] = g->cells + g->rows++ * g->columns;
    for (size_t i = 0; i < g->columns; i++) row[i][0] = 0;
    return row;
}

/* step: the bytes of the character at p, 1 for what is not UTF-8 */
static size_t step(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return n <= (size_t)(end - p) ? n : 1;
}

void acq_grid_text(char dst[ACQ_GRID_CELL], const char *bytes, size_t len, size_t most)
{
    const char *end = bytes + len;
    size_t at = 0;
    for (size_t characters = 0; bytes < end; characters++) {
        size_t n = step(bytes, end);
        if (characters == most || at + n + 4 > ACQ_GRID_CELL) {
            memcpy(dst + at, "...", 3);
            at += 3;
            break;
        }
        if (n == 1 && ((unsigned char)*bytes < 0x20 || (unsigned char)*bytes >= 0x7f))
            dst[at] = '?'; /* neither a line break nor an escape sequence comes out of a file */
        else
            memcpy(dst + at, bytes, n);
        at += n;
        bytes += n;
    }
    dst[at] = 0;
}

void acq_grid_number(char dst[ACQ_GRID_CELL], double x)
{
    if (isnan(x))
        strcpy(dst, "NaN");
    else
        snprintf(dst, ACQ_GRID_CELL, "%.7g", x);
}

/* acq_grid_time: the calendar date of a number of days, by Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days */
void acq_grid_time(char dst[ACQ_GRID_CELL], int64_t ns)
{
    int64_t second = ns / 1000000000, part = ns % 1000000000;
    if (part < 0) {
        part += 1000000000;
        second--;
    }
    int64_t day = second / 86400 - (second % 86400 < 0), left = second - day * 86400;
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2);
    snprintf(dst, ACQ_GRID_CELL,
             "%04" PRId64 "-%02" PRId64 "-%02" PRId64 " %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%09" PRId64, year,
             month, doy - (153 * mp + 2) / 5 + 1, left / 3600, left / 60 % 60, left % 60, part);
}

void acq_grid_cell(char dst[ACQ_GRID_CELL], const struct acq_cells *cells, size_t row)
{
    if (!acq_cell_valid(cells, row)) {
        strcpy(dst, ACQ_GRID_NULL);
        return;
    }
    switch (cells->type) {
    case ACQ_CELL_F32: snprintf(dst, ACQ_GRID_CELL, "%.6g", (double)((const float *)cells->values)[row]); break;
    case ACQ_CELL_F64: acq_grid_number(dst, ((const double *)cells->values)[row]); break;
    case ACQ_CELL_I32: snprintf(dst, ACQ_GRID_CELL, "%" PRId32, ((const int32_t *)cells->values)[row]); break;
    case ACQ_CELL_I64: snprintf(dst, ACQ_GRID_CELL, "%" PRId64, ((const int64_t *)cells->values)[row]); break;
    case ACQ_CELL_TIME: acq_grid_time(dst, ((const int64_t *)cells->values)[row]); break;
    case ACQ_CELL_TEXT: {
        struct acq_text text = ((const struct acq_text *)cells->values)[row];
        acq_grid_text(dst, text.bytes, text.len, ACQ_GRID_TEXT_MAX);
        break;
    }
    }
}

/* shown: characters that a text takes on the terminal; of UTF-8, all bytes but those that go on with a character */
static size_t shown(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static size_t column_width(const struct acq_grid *g, size_t column)
{
    size_t width = 0;
    for (size_t row = 0; row < g->rows; row++) {
        size_t n = shown(g->cells[row * g->columns + column]);
        width = n > width ? n : width;
    }
    return width;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last, bool dim)
{
    int pad = (int)(width - shown(text));
    bool grey = dim && !strcmp(text, ACQ_GRID_NULL);
    if (right) fprintf(out, "%*s", pad, "");
    fprintf(out, grey ? "\033[2m%s\033[0m" : "%s", text);
    if (!right && !last) fprintf(out, "%*s", pad, "");
    if (!last) fprintf(out, "%*s", GAP, "");
}

/* print_block: the key columns and columns from .. to - 1 */
static void print_block(const struct acq_grid *g, FILE *out, const size_t *widths, size_t keys, size_t from, size_t to,
                        bool dim)
{
    for (size_t row = 0; row < g->rows; row++) {
        for (size_t i = 0; i < to; i++) {
            if (i >= keys && i < from) continue;
            print_cell(out, g->cells[row * g->columns + i], widths[i], g->right[i], i + 1 == to, dim);
        }
        fputc('\n', out);
    }
}

size_t acq_grid_print(const struct acq_grid *g, FILE *out, unsigned width, size_t keys, bool all, bool dim)
{
    size_t *widths = calloc(g->columns + 1, sizeof *widths), from = keys, head = 0;
    if (!widths) return 0;
    for (size_t i = 0; i < g->columns; i++) widths[i] = column_width(g, i);
    for (size_t i = 0; i < keys; i++) head += widths[i] + GAP;
    while (from < g->columns) {
        size_t to = from, used = head;
        do used += widths[to++] + GAP; /* one at least, however wide it is */
        while (to < g->columns && used + widths[to] <= width);
        if (from > keys) fputc('\n', out);
        print_block(g, out, widths, keys, from, to, dim);
        from = to;
        if (!all) break;
    }
    free(widths);
    return from;
}
