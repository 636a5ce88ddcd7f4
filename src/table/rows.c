/* rows.c - frames to columns. Frames are decoded to structs, 64 at a time, and these turned into columns: that is much
 * faster than to scatter each frame over hundreds of arrays, and 64 rows are one word of the bits that say NULL. */
#include "table/rows.h"

#include "table/feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BLOCK = 64 };

struct acq_rows {
    struct acq_feed *feed;
    struct acq_batch batch;
    const struct acq_column *columns;
    size_t fields[ACQ_ROW_FIELDS], n; /* the chosen ones */
    struct acq_frame block[BLOCK];
    size_t ahead; /* frames that stand in the block before it is filled: the first one, at first */
    struct acq_frame first, context;
    bool has_first, timed;
    uint64_t first_ns, last_ns;
    struct acq_rows_state state;
};

static enum acq_cell_type cell_type(const struct acq_column *c)
{
    switch (c->type) {
    case ACQ_TYPE_F32: return ACQ_CELL_F32;
    case ACQ_TYPE_I32: return ACQ_CELL_I32;
    case ACQ_TYPE_STR: return ACQ_CELL_TEXT;
    default: return c->id == ACQ_head_utc_ns ? ACQ_CELL_TIME : ACQ_CELL_I64;
    }
}

static struct acq_column all_columns[ACQ_COLUMNS];

static void make_columns(void)
{
    acq_columns(all_columns);
}

static const struct acq_column *the_columns(void)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, make_columns);
    return all_columns;
}

void acq_rows_fields(struct acq_field fields[ACQ_ROW_FIELDS])
{
    const struct acq_column *c = the_columns();
    for (size_t i = 0; i < ACQ_COLUMNS; i++)
        fields[i] = (struct acq_field){c[i].name, acq_channels[c[i].id].unit, cell_type(&c[i])};
    fields[ACQ_ROW_T_S] = (struct acq_field){"t_s", "s", ACQ_CELL_F64};
}

const char *acq_rows_unit(const char *name)
{
    const struct acq_column *c = the_columns();
    for (size_t i = 0; i < ACQ_COLUMNS; i++)
        if (!strcmp(c[i].name, name)) return acq_channels[c[i].id].unit;
    return strcmp(name, "t_s") ? "" : "s";
}

const struct acq_frame *acq_rows_first(const struct acq_rows *r)
{
    return r->has_first ? &r->first : NULL;
}

struct acq_rows_state acq_rows_get_state(const struct acq_rows *r)
{
    struct acq_rows_state state = r->state;
    state.progress = acq_feed_progress(r->feed);
    snprintf(state.loss, sizeof state.loss, "%s", acq_feed_loss(r->feed)->text);
    if (!*state.loss && state.unreadable)
        snprintf(state.loss, sizeof state.loss, "%" PRIu64 " frame%s could not be read: left out", state.unreadable,
                 state.unreadable == 1 ? "" : "s");
    return state;
}

/* next_frame: decodes the next frame that can be decoded. Returns 0, ACQ_END, or an error of the file. */
static int next_frame(struct acq_rows *r, struct acq_frame *f, struct acq_err *err)
{
    const uint8_t *bytes;
    size_t n;
    for (;;) {
        int result = acq_batch_next(&r->batch, &bytes, &n);
        if (result == ACQ_OK && acq_decode(f, bytes, n) == ACQ_OK) return ACQ_OK;
        if (result != ACQ_END) r->state.unreadable++;
        if (result == ACQ_OK) continue;
        result = acq_feed_next(r->feed, &r->batch, err);
        if (result) return result;
    }
}

int acq_rows_new(struct acq_rows **rows, const char *path, struct acq_err *err)
{
    struct acq_rows *r = calloc(1, sizeof *r);
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    r->columns = the_columns();
    int result = acq_feed_new(&r->feed, path, err);
    if (result == ACQ_OK) result = next_frame(r, &r->block[0], err);
    if (result < 0) {
        acq_rows_free(r);
        return result;
    }
    r->has_first = result == ACQ_OK;
    r->ahead = r->has_first;
    r->first = r->block[0];
    *rows = r;
    return ACQ_OK;
}

void acq_rows_free(struct acq_rows *r)
{
    if (!r) return;
    acq_feed_free(r->feed);
    free(r);
}

int acq_rows_select(struct acq_rows *r, const size_t *fields, size_t n, struct acq_chunk *chunk, struct acq_err *err)
{
    enum acq_cell_type types[ACQ_ROW_FIELDS];
    if (n > ACQ_ROW_FIELDS) return acq_fail(err, ACQ_USAGE, "these are more columns than there are: name each once");
    for (size_t i = 0; i < n; i++) {
        r->fields[i] = fields[i];
        types[i] = fields[i] == ACQ_ROW_T_S ? ACQ_CELL_F64 : cell_type(&r->columns[fields[i]]);
    }
    r->n = n;
    if (acq_chunk_init(chunk, types, n) == ACQ_OK) return ACQ_OK;
    return acq_fail(err, ACQ_MEMORY, "no memory for the table");
}

static bool is_context(const struct acq_column *c)
{
    unsigned group = acq_channels[c->id].group;
    return group == ACQ_IN_stat || group == ACQ_IN_capture;
}

/* text_of: text in the chunk's memory; the same as the latest one of this column where that is equal */
static struct acq_text text_of(struct acq_chunk *chunk, struct acq_text latest, const char *text)
{
    size_t n = strlen(text);
    if (latest.bytes && latest.len == n && !memcmp(latest.bytes, text, n)) return latest;
    return acq_chunk_text(chunk, text, n);
}

/* fill_context: the newest context into rows from .. to - 1, which lie in one word of valid bits, of all its columns */
static void fill_context(const struct acq_rows *r, struct acq_chunk *chunk, size_t from, size_t to)
{
    if (from == to) return;
    uint64_t mask = (to - from == 64 ? UINT64_MAX : (UINT64_C(1) << (to - from)) - 1) << from % 64;
    for (size_t i = 0; i < r->n; i++) {
        const struct acq_column *c = &r->columns[r->fields[i]];
        if (r->fields[i] == ACQ_ROW_T_S || !is_context(c) || !r->context.has[c->id]) continue;
        struct acq_cells *cells = &chunk->cells[i];
        const char *src = (const char *)&r->context + c->offset;
        uint64_t u = 0;
        uint32_t v;
        if (c->type == ACQ_TYPE_STR) {
            struct acq_text *texts = cells->values;
            struct acq_text latest = from && acq_cell_valid(cells, from - 1) ? texts[from - 1] : (struct acq_text){0};
            struct acq_text text = text_of(chunk, latest, src);
            for (size_t row = from; row < to; row++) texts[row] = text;
        } else if (cells->type == ACQ_CELL_I64) {
            memcpy(&u, src, 8);
            for (size_t row = from; row < to; row++) ((int64_t *)cells->values)[row] = (int64_t)u;
        } else {
            memcpy(&v, src, 4); /* a float is copied as the same bits */
            char *dst = (char *)cells->values + 4 * from;
            for (size_t row = from; row < to; row++, dst += 4) memcpy(dst, &v, 4);
        }
        if (u <= INT64_MAX) cells->valid[from / 64] |= mask;
    }
}

/* same_group: does frame f say of this group what the context says already? */
static bool same_group(const struct acq_frame *context, const struct acq_frame *f, unsigned group)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->group != group) continue;
        if (context->has[id] != f->has[id]) return false;
        if (!f->has[id] || c->type == ACQ_TYPE_GROUP) continue;
        const char *a = (const char *)context + c->offset, *b = (const char *)f + c->offset;
        size_t size = c->type == ACQ_TYPE_U64 || c->type == ACQ_TYPE_X64 ? 8 : 4u * c->n;
        if (c->type == ACQ_TYPE_STR ? strcmp(a, b) != 0 : memcmp(a, b, size) != 0) return false;
    }
    return true;
}

static void take_group(struct acq_frame *context, const struct acq_frame *f, unsigned group)
{
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (acq_channels[id].group == group) context->has[id] = f->has[id];
    if (group == ACQ_IN_stat)
        context->stat = f->stat;
    else
        context->capture = f->capture;
}

/* take_context: brings the context up to date with the frame of row `row`; *filled is the first row whose context is
 * not in the chunk yet */
static void take_context(struct acq_rows *r, const struct acq_frame *f, struct acq_chunk *chunk, size_t *filled,
                         size_t row)
{
    bool other = strcmp(r->context.head.session_id, f->has[ACQ_head_session_id] ? f->head.session_id : "") != 0;
    bool stat = f->has[ACQ_stat] && !same_group(&r->context, f, ACQ_IN_stat);
    bool capture = f->has[ACQ_capture] && !same_group(&r->context, f, ACQ_IN_capture);
    if (!other && !stat && !capture) return;
    fill_context(r, chunk, *filled, row);
    *filled = row;
    if (other) {
        acq_frame_clear(&r->context);
        if (f->has[ACQ_head_session_id]) r->context.head = f->head;
        stat = f->has[ACQ_stat];
        capture = f->has[ACQ_capture];
    }
    if (stat) take_group(&r->context, f, ACQ_IN_stat);
    if (capture) take_group(&r->context, f, ACQ_IN_capture);
}

static void take_time(struct acq_rows *r, const struct acq_frame *f)
{
    if (!f->has[ACQ_head_monotonic_ns]) return;
    uint64_t t = f->head.monotonic_ns;
    if (!r->timed) r->first_ns = t;
    r->state.unsorted |= r->timed && !f->has[ACQ_head_seq] && t < r->last_ns;
    r->last_ns = t;
    r->timed = true;
}

/* fill_t_s: seconds since the first frame, before which a frame of the original project may lie */
static uint64_t fill_t_s(const struct acq_rows *r, double *dst, size_t n)
{
    uint64_t valid = 0;
    for (size_t i = 0; i < n; i++) {
        dst[i] = (double)(int64_t)(r->block[i].head.monotonic_ns - r->first_ns) / 1e9;
        valid |= (uint64_t)r->block[i].has[ACQ_head_monotonic_ns] << i;
    }
    return valid;
}

static uint64_t fill_u64(const struct acq_rows *r, const struct acq_column *c, int64_t *dst, size_t n)
{
    uint64_t valid = 0;
    const char *src = (const char *)r->block + c->offset;
    for (size_t i = 0; i < n; i++, src += sizeof *r->block) {
        uint64_t v;
        memcpy(&v, src, 8);
        dst[i] = (int64_t)v;
        valid |= (uint64_t)(v <= INT64_MAX) << i;
    }
    return valid;
}

static void fill_text(const struct acq_rows *r, const struct acq_column *c, struct acq_chunk *chunk,
                      struct acq_text *dst, size_t n)
{
    struct acq_text latest = {0};
    const char *src = (const char *)r->block + c->offset;
    for (size_t i = 0; i < n; i++, src += sizeof *r->block)
        if (r->block[i].has[c->id]) dst[i] = latest = text_of(chunk, latest, src);
}

static void fill_4(const struct acq_rows *r, const struct acq_column *c, char *dst, size_t n)
{
    const char *src = (const char *)r->block + c->offset;
    for (size_t i = 0; i < n; i++) memcpy(dst + 4 * i, src + i * sizeof *r->block, 4);
}

/* presence: in which of the n frames channel id is there; frames mostly have all the same channels */
static uint64_t presence(const struct acq_rows *r, unsigned id, size_t n, bool alike)
{
    uint64_t there = 0;
    if (alike) return r->block[0].has[id] ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++) there |= (uint64_t)r->block[i].has[id] << i;
    return there;
}

/* same_channels: do all of the n frames have the same channels, apart from context? */
static bool same_channels(const struct acq_rows *r, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (memcmp(r->block[0].has, r->block[i].has, ACQ_stat * sizeof(bool)) != 0) return false;
    return true;
}

/* fill_columns: the block's n frames into row `row` and following, a multiple of 64, of all columns but the context's
 */
static void fill_columns(const struct acq_rows *r, struct acq_chunk *chunk, size_t row, size_t n)
{
    unsigned id = ACQ_IDS;
    uint64_t there = 0;
    bool alike = same_channels(r, n);
    for (size_t i = 0; i < r->n; i++) {
        struct acq_cells *cells = &chunk->cells[i];
        const struct acq_column *c = &r->columns[r->fields[i]];
        char *dst = (char *)cells->values + row * acq_cell_size(cells->type);
        if (r->fields[i] == ACQ_ROW_T_S) {
            cells->valid[row / 64] = fill_t_s(r, (double *)(void *)dst, n);
            continue;
        }
        if (is_context(c)) continue;
        if (c->id != id) { /* the elements of a wheel or a vector are there together */
            id = c->id;
            there = presence(r, id, n, alike);
        }
        cells->valid[row / 64] = there;
        if (cells->type == ACQ_CELL_TEXT)
            fill_text(r, c, chunk, (struct acq_text *)(void *)dst, n);
        else if (cells->type == ACQ_CELL_I64 || cells->type == ACQ_CELL_TIME)
            cells->valid[row / 64] &= fill_u64(r, c, (int64_t *)(void *)dst, n);
        else
            fill_4(r, c, dst, n);
    }
}

int acq_rows_next(struct acq_rows *r, struct acq_chunk *chunk, struct acq_err *err)
{
    int result = ACQ_OK;
    acq_chunk_reset(chunk);
    while (result == ACQ_OK && chunk->rows + BLOCK <= ACQ_CHUNK_ROWS) {
        size_t n = 0, filled = chunk->rows;
        for (; n < BLOCK; n++) {
            if (n >= r->ahead) result = next_frame(r, &r->block[n], err);
            if (result) break;
            take_time(r, &r->block[n]);
            take_context(r, &r->block[n], chunk, &filled, chunk->rows + n);
        }
        r->ahead = 0;
        if (result < 0) return result;
        fill_context(r, chunk, filled, chunk->rows + n);
        fill_columns(r, chunk, chunk->rows, n);
        chunk->rows += n;
        r->state.rows += n;
    }
    return chunk->rows ? ACQ_OK : ACQ_END;
}
