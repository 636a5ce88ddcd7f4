/* rows.c - frames to columns. Frames are decoded to structs, 64 at a time, and these turned into columns: that is much
 * faster than to scatter each frame over hundreds of arrays, and 64 rows are one word of the bits that say NULL. */
#include "table/rows.h"

#include "frame/original.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { BLOCK = 64 };

struct acq_rows {
    struct acq_reader *reader;
    struct acq_batch batch;
    const struct acq_column *columns;
    size_t fields[ACQ_ROW_FIELDS], n; /* the chosen ones */
    const struct acq_select *select;  /* NULL: all */
    struct acq_frame block[BLOCK];
    struct acq_frame context;
    bool restore, timed, unsorted;
    uint64_t first_ns, last_ns;
    uint64_t unreadable;
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

int acq_rows_new(struct acq_rows **rows, struct acq_reader *reader, const struct acq_rows_options *options,
                 struct acq_err *err)
{
    if (options->n > ACQ_ROW_FIELDS)
        return acq_fail(err, ACQ_USAGE, "these are more columns than there are: name each once");
    struct acq_rows *r = calloc(1, sizeof *r);
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory for the table");
    r->reader = reader;
    r->columns = the_columns();
    r->n = options->n;
    memcpy(r->fields, options->fields, r->n * sizeof *r->fields);
    r->select = acq_select_all(options->select) ? NULL : options->select;
    r->restore = options->restore;
    r->timed = options->timed;
    r->first_ns = r->last_ns = options->first_ns;
    *rows = r;
    return ACQ_OK;
}

void acq_rows_free(struct acq_rows *r)
{
    free(r);
}

int acq_rows_chunk(const struct acq_rows *r, struct acq_chunk *chunk, struct acq_err *err)
{
    enum acq_cell_type types[ACQ_ROW_FIELDS];
    for (size_t i = 0; i < r->n; i++)
        types[i] = r->fields[i] == ACQ_ROW_T_S ? ACQ_CELL_F64 : cell_type(&r->columns[r->fields[i]]);
    if (acq_chunk_init(chunk, types, r->n) == ACQ_OK) return ACQ_OK;
    return acq_fail(err, ACQ_MEMORY, "no memory for the table");
}

void acq_rows_start(struct acq_rows *r, struct acq_batch batch)
{
    r->batch = batch;
    acq_frame_clear(&r->context);
}

void acq_rows_faults(const struct acq_rows *r, uint64_t *unreadable, bool *unsorted)
{
    *unreadable = r->unreadable;
    *unsorted = r->unsorted;
}

/* next_frame: decodes the next frame that can be decoded. Returns 0, ACQ_END, ACQ_AGAIN, or an error of the file. */
static int next_frame(struct acq_rows *r, struct acq_frame *f, struct acq_err *err)
{
    const uint8_t *bytes;
    size_t n;
    for (;;) {
        int result = acq_batch_next(&r->batch, &bytes, &n);
        if (result == ACQ_OK && acq_decode(f, bytes, n) == ACQ_OK) break;
        if (result != ACQ_END) r->unreadable++;
        if (result == ACQ_OK) continue;
        result = acq_reader_next(r->reader, &r->batch, err);
        if (result) {
            r->batch.len = 0;
            return result;
        }
    }
    if (r->restore) acq_frame_restore(f);
    return ACQ_OK;
}

static bool is_context(const struct acq_column *c)
{
    unsigned group = acq_channels[c->id].group;
    return group == ACQ_IN_stat || group == ACQ_IN_capture;
}

/* text_of: text in the chunk's memory; the same as the latest one of this column where that is equal. Texts of a column
 * have the same room, so as many bytes as the latest one had can be looked at. */
static struct acq_text text_of(struct acq_chunk *chunk, struct acq_text latest, const char *text)
{
    if (latest.bytes && !memcmp(latest.bytes, text, latest.len) && !text[latest.len]) return latest;
    return acq_chunk_text(chunk, text, strlen(text));
}

/* text_before: the text in the row before `row`, of no bytes where there is none */
static struct acq_text text_before(const struct acq_cells *cells, size_t row)
{
    return row && acq_cell_valid(cells, row - 1) ? ((const struct acq_text *)cells->values)[row - 1]
                                                 : (struct acq_text){0};
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
            struct acq_text text = text_of(chunk, text_before(cells, from), src);
            for (size_t row = from; row < to; row++) ((struct acq_text *)cells->values)[row] = text;
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
    r->unsorted |= r->timed && !f->has[ACQ_head_seq] && t < r->last_ns;
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
                      const struct acq_cells *cells, size_t row, size_t n)
{
    struct acq_text latest = text_before(cells, row), *dst = (struct acq_text *)cells->values + row;
    const char *src = (const char *)r->block + c->offset;
    for (size_t i = 0; i < n; i++, src += sizeof *r->block)
        if (r->block[i].has[c->id]) dst[i] = latest = text_of(chunk, latest, src);
}

static void fill_4(const struct acq_rows *r, const struct acq_column *c, char *dst, size_t n)
{
    const char *src = (const char *)r->block + c->offset;
    for (size_t i = 0; i < n; i++) memcpy(dst + 4 * i, src + i * sizeof *r->block, 4);
}

/* numbers: which of n floats are not NaN, with which acq_frame_restore marks single elements as absent */
static uint64_t numbers(const char *src, size_t n)
{
    uint64_t valid = 0;
    for (size_t i = 0; i < n; i++) {
        float x;
        memcpy(&x, src + 4 * i, 4);
        valid |= (uint64_t)(x == x) << i;
    }
    return valid;
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
            fill_text(r, c, chunk, cells, row, n);
        else if (cells->type == ACQ_CELL_I64 || cells->type == ACQ_CELL_TIME)
            cells->valid[row / 64] &= fill_u64(r, c, (int64_t *)(void *)dst, n);
        else
            fill_4(r, c, dst, n);
        if (r->restore && c->type == ACQ_TYPE_F32) cells->valid[row / 64] &= numbers(dst, n);
    }
}

/* fill_block: decodes frames until the block is full of wanted ones, which become the rows from chunk->rows on; and
 * gives these rows their context. Returns what the reader said, and *n frames. */
static int fill_block(struct acq_rows *r, struct acq_chunk *chunk, size_t *n, struct acq_err *err)
{
    size_t filled = chunk->rows;
    int result = ACQ_OK;
    for (*n = 0; *n < BLOCK;) {
        struct acq_frame *f = &r->block[*n];
        result = next_frame(r, f, err);
        if (result) break;
        take_time(r, f);
        take_context(r, f, chunk, &filled, chunk->rows + *n);
        *n += !r->select || acq_select_has(r->select, (int64_t)r->first_ns, f);
    }
    fill_context(r, chunk, filled, chunk->rows + *n);
    return result;
}

int acq_rows_next(struct acq_rows *r, struct acq_chunk *chunk, struct acq_err *err)
{
    int result = ACQ_OK;
    acq_chunk_reset(chunk);
    while (result == ACQ_OK && chunk->rows < ACQ_CHUNK_ROWS) {
        size_t n;
        result = fill_block(r, chunk, &n, err);
        if (result < 0) return result;
        fill_columns(r, chunk, chunk->rows, n);
        chunk->rows += n;
    }
    return chunk->rows ? ACQ_OK : result;
}
