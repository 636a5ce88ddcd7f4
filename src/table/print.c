/* print.c - Most channels keep their value for many rows, so each column remembers its latest number as text. */
#include "table/print.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/opt.h"
#include "table/grid.h"
#include "table/number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 128 * 1024,          /* [byte] so many are written at once */
    ROW_MAX = 256 * 1024 * 1024, /* [byte] the longest row, texts and all */
    WIDE = 40,                   /* [character] no column is made wider for longer values */
    LONG = 1000,                 /* [row] a table of so many, and perhaps more */
    NARROW = 8,                  /* [character] of a float, for people */
    GAP = 2,
    GROWS = 6 /* a text by escapes: \u001f */
};

struct column {
    enum acq_cell_type type;
    bool seconds, raw;  /* raw: a text that is JSON already */
    char *name, *label; /* label: what stands before each value in CSV and JSON: a comma, a key */
    size_t label_len;
    size_t width;    /* [character] for people only */
    uint64_t bits;   /* of the latest number */
    size_t text_len; /* of its text; 0: there was none yet */
    char text[ACQ_NUMBER_MAX];
};

struct acq_print {
    FILE *out;
    enum acq_print_format format;
    bool json, begun; /* begun: what stands before the first row is printed */
    uint64_t rows;
    struct acq_buf buf;
    struct column *columns;
    size_t n, row_size; /* row_size: [byte] of a row without texts, at most */
    struct acq_err err; /* the first one */
};

int acq_print_format_find(const char *name, enum acq_print_format *format, struct acq_err *err)
{
    static const char *const names[] = {"text", "csv", "json", "ndjson"};
    enum { NAMES = sizeof names / sizeof *names };
    for (unsigned i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *format = (enum acq_print_format)i;
        return ACQ_OK;
    }
    int near = acq_nearest(name, names, NAMES);
    return acq_fail(err, ACQ_USAGE, "there is no format '%s'%s%s%s: choose text, csv, json or ndjson", name,
                    near >= 0 ? "; did you mean '" : "", near >= 0 ? names[near] : "", near >= 0 ? "'?" : "");
}

/* ---- texts ---- */

/* put_plain: for a terminal: neither a line break nor an escape sequence gets through, but '?'. *width: its characters.
 * Returns its length in bytes, which is no more than before. */
static size_t put_plain(char *dst, const char *text, size_t len, size_t *width)
{
    size_t n = 0;
    *width = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0; /* U+0080 to U+009F */
        dst[n++] = c < 0x20 || c == 0x7f || c1 ? '?' : (char)c;
        *width += (c & 0xc0) != 0x80;
        i += c1;
    }
    return n;
}

/* put_csv: in quotes where it needs them; an empty text is two quotes, since nothing stands for NULL */
static size_t put_csv(char *dst, const char *text, size_t len)
{
    size_t n = 0;
    bool quote = !len;
    for (size_t i = 0; i < len && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (quote) dst[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') dst[n++] = '"';
        dst[n++] = text[i];
    }
    if (quote) dst[n++] = '"';
    return n;
}

/* ---- columns ---- */

static void free_print(struct acq_print *p)
{
    for (size_t i = 0; p->columns && i < p->n; i++) {
        free(p->columns[i].name);
        free(p->columns[i].label);
    }
    free(p->columns);
    acq_buf_fini(&p->buf);
    free(p);
}

static bool make_column(struct acq_print *p, size_t i, const struct acq_field *field)
{
    struct column *c = &p->columns[i];
    size_t len = strlen(field->name), room = GROWS * len + 8, n = 0;
    c->type = field->type;
    c->seconds = !strcmp(field->unit, "s");
    c->raw = p->json && !strcmp(field->unit, "json");
    c->name = malloc(room);
    c->label = malloc(room);
    if (!c->name || !c->label) return false;
    memcpy(c->name, field->name, len + 1);
    put_plain(c->label, field->name, len, &c->width);
    if (i || p->json) c->label[n++] = i ? ',' : '{';
    if (p->json) n += acq_json_text(c->label + n, field->name, len);
    if (p->json) c->label[n++] = ':';
    c->label_len = n;
    p->row_size += room + ACQ_NUMBER_MAX + (c->width > WIDE ? c->width : WIDE) + GAP;
    return true;
}

int acq_print_new(struct acq_print **print, FILE *out, enum acq_print_format format, const struct acq_field *fields,
                  size_t n, struct acq_err *err)
{
    struct acq_print *p = calloc(1, sizeof *p);
    if (!p) return acq_fail(err, ACQ_MEMORY, "no memory to print a table");
    *p = (struct acq_print){.out = out, .format = format, .n = n, .row_size = 16};
    p->json = format == ACQ_PRINT_JSON || format == ACQ_PRINT_NDJSON;
    acq_buf_init(&p->buf, ROW_MAX + 2 * BLOCK);
    p->columns = calloc(n ? n : 1, sizeof *p->columns);
    bool made = p->columns != NULL;
    for (size_t i = 0; made && i < n; i++) made = make_column(p, i, &fields[i]);
    if (!made) {
        free_print(p);
        return acq_fail(err, ACQ_MEMORY, "no memory to print a table");
    }
    *print = p;
    return ACQ_OK;
}

/* ---- values ---- */

static uint64_t bits_of(const struct acq_cells *cells, size_t row)
{
    uint64_t bits;
    uint32_t low;
    if (cells->type != ACQ_CELL_F32 && cells->type != ACQ_CELL_I32) {
        memcpy(&bits, (const char *)cells->values + row * sizeof bits, sizeof bits);
        return bits;
    }
    memcpy(&low, (const char *)cells->values + row * sizeof low, sizeof low);
    return low;
}

/* put_short: 6 digits, or as many as fit NARROW */
static size_t put_short(char *dst, double x)
{
    size_t n = 0;
    for (int digits = 6; digits >= 2 && (n = acq_number_round(dst, x, digits)) > NARROW;) digits--;
    return n <= NARROW ? n : acq_number_round(dst, x, 6);
}

static size_t put_float(const struct acq_print *p, char *dst, float x)
{
    if (p->format == ACQ_PRINT_TEXT) return put_short(dst, (double)x);
    if (!p->json || isfinite((double)x)) return acq_number_f32(dst, x);
    memcpy(dst, "null", 4);
    return 4;
}

static size_t put_double(const struct acq_print *p, const struct column *c, char *dst, double x)
{
    if (p->format == ACQ_PRINT_TEXT) return c->seconds ? acq_number_fixed(dst, x, 3) : acq_number_round(dst, x, 9);
    if (!p->json || isfinite(x)) return acq_number_f64(dst, x);
    memcpy(dst, "null", 4);
    return 4;
}

static size_t put_time(const struct acq_print *p, char *dst, int64_t ns)
{
    if (!p->json) return acq_number_time(dst, ns);
    size_t n = acq_number_time(dst + 1, ns);
    dst[0] = dst[1 + n] = '"';
    return n + 2;
}

/* set_text: the text of a number, into the column's memory */
static void set_text(const struct acq_print *p, struct column *c, const struct acq_cells *cells, size_t row)
{
    uint64_t bits = bits_of(cells, row);
    uint32_t low = (uint32_t)bits;
    float f;
    double d;
    if (c->text_len && bits == c->bits) return;
    c->bits = bits;
    memcpy(&f, &low, sizeof f);
    memcpy(&d, &bits, sizeof d);
    switch (c->type) {
    case ACQ_CELL_F32: c->text_len = put_float(p, c->text, f); break;
    case ACQ_CELL_F64: c->text_len = put_double(p, c, c->text, d); break;
    case ACQ_CELL_I32: c->text_len = acq_number_i64(c->text, (int32_t)low); break;
    case ACQ_CELL_TIME: c->text_len = put_time(p, c->text, (int64_t)bits); break;
    default: c->text_len = acq_number_i64(c->text, (int64_t)bits); break;
    }
}

/* ---- rows for people ---- */

/* put_cell: one cell, without what fills it up. Returns its length in bytes. */
static size_t put_cell(struct acq_print *p, char *dst, size_t i, const struct acq_cells *cells, size_t row,
                       size_t *width)
{
    struct column *c = &p->columns[i];
    if (!acq_cell_valid(cells, row)) return put_plain(dst, ACQ_GRID_NULL, strlen(ACQ_GRID_NULL), width);
    if (c->type == ACQ_CELL_TEXT) {
        struct acq_text text = ((const struct acq_text *)cells->values)[row];
        return put_plain(dst, text.bytes, text.len, width);
    }
    set_text(p, c, cells, row);
    memcpy(dst, c->text, c->text_len);
    return *width = c->text_len;
}

/* align fills up what stands at dst, `len` bytes, `width` characters wide. Returns the end. */
static char *align(const struct acq_print *p, size_t i, char *dst, size_t len, size_t width)
{
    const struct column *c = &p->columns[i];
    size_t fill = c->width > width ? c->width - width : 0;
    bool left = c->type == ACQ_CELL_TEXT || c->type == ACQ_CELL_TIME, last = i + 1 == p->n;
    if (!left) memmove(dst + fill, dst, len);
    if (left && last) fill = 0;
    memset(left ? dst + len : dst, ' ', fill);
    dst += len + fill;
    if (!last) memset(dst, ' ', GAP);
    return last ? dst : dst + GAP;
}

static void widen(struct column *c, size_t width)
{
    if (width > WIDE) width = WIDE;
    if (width > c->width) c->width = width;
}

static char *put_heading(const struct acq_print *p, char *dst)
{
    for (size_t i = 0; i < p->n; i++) {
        const char *name = p->columns[i].name;
        size_t width, len = put_plain(dst, name, strlen(name), &width);
        dst = align(p, i, dst, len, width);
    }
    *dst++ = '\n';
    return dst;
}

static char *put_row(struct acq_print *p, char *dst, const struct acq_chunk *chunk, size_t row)
{
    for (size_t i = 0; i < p->n; i++) {
        size_t width, len = put_cell(p, dst, i, &chunk->cells[i], row, &width);
        widen(&p->columns[i], width);
        dst = align(p, i, dst, len, width);
    }
    *dst++ = '\n';
    return dst;
}

/* ---- rows for programs ---- */

static char *put_null(const struct acq_print *p, char *dst)
{
    if (p->json) {
        memcpy(dst, "null", 4);
        return dst + 4;
    }
    if (p->n > 1) return dst;
    memcpy(dst, "\"\"", 2); /* a line with nothing in it is no row to most readers */
    return dst + 2;
}

static char *put_value(struct acq_print *p, char *dst, size_t i, const struct acq_cells *cells, size_t row)
{
    struct column *c = &p->columns[i];
    if (!acq_cell_valid(cells, row)) return put_null(p, dst);
    if (c->type == ACQ_CELL_TEXT) {
        struct acq_text text = ((const struct acq_text *)cells->values)[row];
        if (c->raw && !text.len) return put_null(p, dst);
        if (!c->raw) return dst + (p->json ? acq_json_text : put_csv)(dst, text.bytes, text.len);
        memcpy(dst, text.bytes, text.len);
        return dst + text.len;
    }
    set_text(p, c, cells, row);
    memcpy(dst, c->text, sizeof c->text); /* all of it: faster than so many bytes as there are */
    return dst + c->text_len;
}

static char *put_record(struct acq_print *p, char *dst, const struct acq_chunk *chunk, size_t row)
{
    if (p->format == ACQ_PRINT_JSON && p->rows) *dst++ = ',';
    if (p->format == ACQ_PRINT_JSON) *dst++ = '\n';
    for (size_t i = 0; i < p->n; i++) {
        memcpy(dst, p->columns[i].label, p->columns[i].label_len);
        dst = put_value(p, dst + p->columns[i].label_len, i, &chunk->cells[i], row);
    }
    if (p->json) *dst++ = '}';
    if (p->format != ACQ_PRINT_JSON) *dst++ = '\n';
    return dst;
}

static char *put_names(const struct acq_print *p, char *dst)
{
    for (size_t i = 0; i < p->n; i++) {
        if (i) *dst++ = ',';
        dst += put_csv(dst, p->columns[i].name, strlen(p->columns[i].name));
    }
    *dst++ = '\n';
    return dst;
}

/* ---- the table ---- */

/* hand_over: all that is buffered, to the file. Returns 0 or an error. */
static int hand_over(struct acq_print *p)
{
    size_t n = p->buf.len;
    p->buf.len = 0;
    errno = 0;
    if (fwrite(p->buf.bytes, 1, n, p->out) == n && fflush(p->out) == 0) return ACQ_OK;
    int number = errno;
    if (number != EPIPE) {
        const char *why = number ? strerror(number) : "the system does not say why";
        return acq_fail(&p->err, ACQ_IO, "cannot write the output: %s", why);
    }
    clearerr(p->out); /* told by the result, which who calls takes for the end */
    return acq_fail(&p->err, ACQ_CLOSED, "nobody reads the output any more");
}

/* room: makes it for n more bytes. Returns where they go, or NULL. */
static char *room(struct acq_print *p, size_t n)
{
    if (p->buf.len >= BLOCK && hand_over(p) < 0) return NULL;
    if (acq_buf_reserve(&p->buf, n) == ACQ_OK) return (char *)p->buf.bytes + p->buf.len;
    acq_fail(&p->err, ACQ_MEMORY, "no memory for so long a row");
    return NULL;
}

/* row_room: the most bytes that a row can need */
static size_t row_room(const struct acq_print *p, const struct acq_chunk *chunk, size_t row)
{
    size_t n = p->row_size;
    for (size_t i = 0; i < p->n; i++)
        if (p->columns[i].type == ACQ_CELL_TEXT && acq_cell_valid(&chunk->cells[i], row))
            n += GROWS * ((const struct acq_text *)chunk->cells[i].values)[row].len + 2;
    return n;
}

/* usual_width: what later values of a long table mostly need */
static size_t usual_width(const struct column *c)
{
    switch (c->type) {
    case ACQ_CELL_F32: return NARROW;
    case ACQ_CELL_F64: return 8; /* 3599.999 s */
    case ACQ_CELL_I64: return 7; /* the frames of an hour */
    default: return 0;
    }
}

/* measure: makes the columns as wide as the first rows need */
static int measure(struct acq_print *p, const struct acq_chunk *chunk)
{
    for (size_t i = 0; chunk->rows >= LONG && i < p->n; i++) widen(&p->columns[i], usual_width(&p->columns[i]));
    for (size_t row = 0; row < chunk->rows; row++) {
        char *dst = room(p, row_room(p, chunk, row));
        size_t width;
        if (!dst) return p->err.code;
        for (size_t i = 0; i < p->n; i++) {
            put_cell(p, dst, i, &chunk->cells[i], row, &width);
            widen(&p->columns[i], width);
        }
    }
    return ACQ_OK;
}

/* begin: what stands before the first row. `chunk` has it, or there is none. */
static int begin(struct acq_print *p, const struct acq_chunk *chunk)
{
    if (p->begun) return ACQ_OK;
    p->begun = true;
    if (p->format == ACQ_PRINT_TEXT && chunk && measure(p, chunk) < 0) return p->err.code;
    char *dst = room(p, p->row_size), *end = dst;
    if (!dst) return p->err.code;
    if (p->format == ACQ_PRINT_TEXT) end = put_heading(p, dst);
    if (p->format == ACQ_PRINT_CSV) end = put_names(p, dst);
    if (p->format == ACQ_PRINT_JSON) *end++ = '[';
    p->buf.len += (size_t)(end - dst);
    return ACQ_OK;
}

int acq_print_rows(struct acq_print *p, const struct acq_chunk *chunk, struct acq_err *err)
{
    bool text = p->format == ACQ_PRINT_TEXT;
    if (!p->err.code) begin(p, chunk);
    for (size_t row = 0; !p->err.code && row < chunk->rows; row++, p->rows++) {
        char *dst = room(p, row_room(p, chunk, row));
        if (dst) p->buf.len += (size_t)((text ? put_row : put_record)(p, dst, chunk, row) - dst);
    }
    return p->err.code ? acq_fail(err, p->err.code, "%s", p->err.text) : ACQ_OK;
}

int acq_print_flush(struct acq_print *p, struct acq_err *err)
{
    if (!p->err.code) hand_over(p);
    return p->err.code ? acq_fail(err, p->err.code, "%s", p->err.text) : ACQ_OK;
}

int acq_print_end(struct acq_print *p, struct acq_err *err)
{
    if (!p) return ACQ_OK;
    if (!p->err.code) begin(p, NULL);
    char *dst = p->format == ACQ_PRINT_JSON && !p->err.code ? room(p, 8) : NULL;
    if (dst) p->buf.len += (size_t)sprintf(dst, p->rows ? "\n]\n" : "]\n");
    int result = acq_print_flush(p, err);
    free_print(p);
    return result;
}
