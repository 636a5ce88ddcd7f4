#include "table/blend.h"

#include <math.h>
#include <string.h>

struct acq_blend_way acq_blend_way_of(const struct acq_column *column)
{
    if (!column) return (struct acq_blend_way){.way = ACQ_BLEND_SECONDS};
    const struct acq_channel *c = &acq_channels[column->id];
    bool clock = !strcmp(c->unit, "s") || !strcmp(c->unit, "ms");
    if (column->id == ACQ_head_monotonic_ns || column->id == ACQ_head_utc_ns)
        return (struct acq_blend_way){.way = ACQ_BLEND_TIME};
    if (c->kind == ACQ_KIND_continuous) return (struct acq_blend_way){.way = ACQ_BLEND_LINE};
    if (c->kind != ACQ_KIND_cyclic) return (struct acq_blend_way){.way = ACQ_BLEND_HOLD};
    if (clock) return (struct acq_blend_way){.way = ACQ_BLEND_CLOCK};
    double cycle = !strcmp(c->unit, "rad") ? 6.283185307179586 : !strcmp(c->unit, "deg") ? 360 : 1;
    return (struct acq_blend_way){.way = ACQ_BLEND_ROUND, .cycle = cycle};
}

static const struct acq_cells *old_cells(const struct acq_chunk *kept, const struct acq_chunk *in, size_t i,
                                         ptrdiff_t row, size_t *at)
{
    *at = row == ACQ_BLEND_KEPT ? 0 : (size_t)row;
    return row == ACQ_BLEND_KEPT ? &kept->cells[i] : &in->cells[i];
}

const void *acq_blend_cell(const struct acq_chunk *kept, const struct acq_chunk *in, size_t i, ptrdiff_t row)
{
    size_t at;
    const struct acq_cells *cells = old_cells(kept, in, i, row, &at);
    return acq_cell_valid(cells, at) ? (const char *)cells->values + at * acq_cell_size(cells->type) : NULL;
}

bool acq_blend_same(const struct acq_text *a, const struct acq_text *b)
{
    if (!a || !b) return a == b;
    return a->len == b->len && (a->bytes == b->bytes || !memcmp(a->bytes, b->bytes, a->len));
}

void acq_blend_text(struct acq_chunk *chunk, size_t i, size_t row, const struct acq_text *text)
{
    struct acq_cells *cells = &chunk->cells[i];
    struct acq_text *dst = cells->values;
    if (!text) return;
    if (row && acq_cell_valid(cells, row - 1) && acq_blend_same(&dst[row - 1], text))
        dst[row] = dst[row - 1];
    else
        dst[row] = acq_chunk_text(chunk, text->bytes, text->len);
    cells->valid[row / 64] |= UINT64_C(1) << row % 64;
}

static double number(enum acq_cell_type type, const void *p)
{
    float f;
    double d;
    int32_t i;
    int64_t l;
    switch (type) {
    case ACQ_CELL_F32: memcpy(&f, p, sizeof f); return (double)f;
    case ACQ_CELL_F64: memcpy(&d, p, sizeof d); return d;
    case ACQ_CELL_I32: memcpy(&i, p, sizeof i); return i;
    default: memcpy(&l, p, sizeof l); return (double)l;
    }
}

static void put_number(enum acq_cell_type type, void *p, double x)
{
    float f = (float)x;
    int32_t i;
    switch (type) {
    case ACQ_CELL_F32: memcpy(p, &f, sizeof f); break;
    case ACQ_CELL_I32:
        i = (int32_t)lround(x); /* between two of them, so it is one */
        memcpy(p, &i, sizeof i);
        break;
    default: memcpy(p, &x, sizeof x); break;
    }
}

/* between returns the value a part of the way from a to b. */
static double between(struct acq_blend_way w, double a, double b, double part)
{
    bool low = a < 0 || b < 0, over = w.way == ACQ_BLEND_ROUND && fabs(b - a) > w.cycle / 2;
    if (a == b || !isfinite(a) || !isfinite(b) || (w.way == ACQ_BLEND_CLOCK && b < a)) return a;
    if (!over) return a + (b - a) * part;
    double x = a + (b > a ? b - w.cycle - a : b + w.cycle - a) * part, end = low ? w.cycle / 2 : w.cycle;
    return x >= end ? x - w.cycle : x < end - w.cycle ? x + w.cycle : x;
}

/* set_cell writes column i of a new row to dst. Returns false for NULL. */
static bool set_cell(const struct acq_blend *blend, size_t i, struct acq_blend_way w, const struct acq_blend_row *row,
                     enum acq_cell_type type, void *dst)
{
    const void *a = acq_blend_cell(blend->kept, blend->in, i, row->from), *b;
    int64_t time;
    if (!a) return false;
    memcpy(dst, a, acq_cell_size(type));
    if (w.way == ACQ_BLEND_TIME) {
        memcpy(&time, a, sizeof time);
        time = (int64_t)((uint64_t)time + (uint64_t)row->later);
        memcpy(dst, &time, sizeof time);
    } else if (w.way == ACQ_BLEND_SECONDS) {
        /* seconds are whole nanoseconds, and the sum is the one that is nearest to those: 0.02, not 0.01999… */
        put_number(type, dst, (floor(number(type, a) * 1e9 + 0.5) + (double)row->later) / 1e9);
    } else if (row->part > 0) {
        b = acq_blend_cell(blend->kept, blend->in, i, row->to);
        if (!b) return false;
        put_number(type, dst, between(w, number(type, a), number(type, b), row->part));
    }
    return true;
}

static void blend_any(const struct acq_blend *blend, size_t i, struct acq_blend_way w)
{
    struct acq_cells *cells = &blend->out->cells[i];
    size_t row = blend->out->rows, size = acq_cell_size(cells->type);
    for (size_t k = 0; k < blend->n; k++, row++) {
        bool valid = set_cell(blend, i, w, &blend->rows[k], cells->type, (char *)cells->values + row * size);
        cells->valid[row / 64] |= (uint64_t)valid << row % 64;
    }
}

/* Most columns are held, or lines of floats: these two ways have short loops of their own. */

static void blend_held(const struct acq_blend *blend, size_t i)
{
    struct acq_cells *cells = &blend->out->cells[i];
    bool wide = acq_cell_size(cells->type) == 8;
    for (size_t k = 0, row = blend->out->rows, from; k < blend->n; k++, row++) {
        const struct acq_cells *old = old_cells(blend->kept, blend->in, i, blend->rows[k].from, &from);
        if (wide)
            ((int64_t *)cells->values)[row] = ((const int64_t *)old->values)[from];
        else
            memcpy((char *)cells->values + 4 * row, (const char *)old->values + 4 * from, 4); /* floats or integers */
        cells->valid[row / 64] |= (uint64_t)acq_cell_valid(old, from) << row % 64;
    }
}

static void blend_lines(const struct acq_blend *blend, size_t i, struct acq_blend_way w)
{
    struct acq_cells *cells = &blend->out->cells[i];
    float *dst = cells->values;
    for (size_t k = 0, row = blend->out->rows, from, to; k < blend->n; k++, row++) {
        const struct acq_blend_row *new = &blend->rows[k];
        const struct acq_cells *old = old_cells(blend->kept, blend->in, i, new->from, &from);
        const struct acq_cells *next = old_cells(blend->kept, blend->in, i, new->to, &to);
        float a = ((const float *)old->values)[from], b = ((const float *)next->values)[to];
        bool on = new->part > 0;
        dst[row] = on ? (float)between(w, (double)a, (double)b, new->part) : a;
        cells->valid[row / 64] |= (uint64_t)(acq_cell_valid(old, from) && (!on || acq_cell_valid(next, to)))
                                  << row % 64;
    }
}

static void blend_texts(const struct acq_blend *blend, size_t i)
{
    for (size_t k = 0; k < blend->n; k++)
        acq_blend_text(blend->out, i, blend->out->rows + k,
                       acq_blend_cell(blend->kept, blend->in, i, blend->rows[k].from));
}

void acq_blend_column(const struct acq_blend *blend, size_t i, struct acq_blend_way way)
{
    enum acq_cell_type type = blend->out->cells[i].type;
    if (type == ACQ_CELL_TEXT)
        blend_texts(blend, i);
    else if (way.way == ACQ_BLEND_HOLD)
        blend_held(blend, i);
    else if (way.way == ACQ_BLEND_LINE && type == ACQ_CELL_F32)
        blend_lines(blend, i, way);
    else
        blend_any(blend, i, way);
}
