/* resample.c - decides for each new row between which old rows it lies; blend.c then fills the columns, one after the
 * other. An old row is an index into the pushed chunk, or KEPT: the last one of the chunk before, of which there is a
 * copy. */
#include "table/resample.h"

#include "table/blend.h"
#include "table/rows.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = ACQ_BLEND_KEPT, STEP_NS = 3000000 };
#define T_NS_MAX (INT64_MAX - 1000000000) /* so that sums with times do not overflow */

/* The time by packet ids is drawn to the clock's by 1 / DRAW of a step with each: the game's steps are not quite 3 ms.
 */
enum { DRAW = 200 };

enum { NEEDED = 4 }; /* columns that it takes to place a row */

struct acq_resample {
    size_t fields[ACQ_ROW_FIELDS + NEEDED], n, all; /* n are wanted; those behind, up to `all`, only place the rows */
    size_t t_ns, session, seq, packet;              /* which of them these are */
    struct acq_blend_way way[ACQ_ROW_FIELDS];
    double rate_hz;
    const struct acq_chunk *in;
    size_t row; /* the next one of `in` */
    bool ended, given;
    struct acq_chunk kept, out;
    struct acq_blend_row rows[ACQ_CHUNK_ROWS]; /* new ones, behind those that `out` has */
    size_t count;
    bool any; /* is there a newest row that has its place? */
    ptrdiff_t latest;
    int64_t latest_ns, first_ns; /* its place in time; the one of new row 0 */
    uint64_t next;               /* number of the next new row */
};

/* ---- fields ---- */

/* need returns which of the fields channel id is; it becomes one if it is none. */
static size_t need(struct acq_resample *r, const struct acq_column *columns, unsigned id)
{
    size_t field = 0, i = 0;
    while (columns[field].id != id) field++;
    while (i < r->all && r->fields[i] != field) i++;
    if (i == r->all) r->fields[r->all++] = field;
    return i;
}

static int make_chunks(struct acq_resample *r)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    enum acq_cell_type types[ACQ_ROW_FIELDS + NEEDED];
    acq_rows_fields(fields);
    for (size_t i = 0; i < r->all; i++) types[i] = fields[r->fields[i]].type;
    int result = acq_chunk_init(&r->kept, types, r->all);
    return result ? result : acq_chunk_init(&r->out, types, r->n);
}

int acq_resample_new(struct acq_resample **resample, const size_t *fields, size_t n, double rate_hz,
                     struct acq_err *err)
{
    struct acq_column columns[ACQ_COLUMNS];
    if (!(rate_hz >= ACQ_RESAMPLE_HZ_MIN && rate_hz <= ACQ_RESAMPLE_HZ_MAX))
        return acq_fail(err, ACQ_RANGE, "a rate is between %g and %g Hz", ACQ_RESAMPLE_HZ_MIN, ACQ_RESAMPLE_HZ_MAX);
    if (n > ACQ_ROW_FIELDS) return acq_fail(err, ACQ_USAGE, "these are more columns than there are: name each once");
    struct acq_resample *r = calloc(1, sizeof *r);
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory to resample");
    acq_columns(columns);
    memcpy(r->fields, fields, n * sizeof *fields);
    r->n = r->all = n;
    r->rate_hz = rate_hz;
    r->t_ns = need(r, columns, ACQ_head_monotonic_ns);
    r->session = need(r, columns, ACQ_head_session_id);
    r->seq = need(r, columns, ACQ_head_seq);
    r->packet = need(r, columns, ACQ_physics_packet_id);
    for (size_t i = 0; i < n; i++) r->way[i] = acq_blend_way_of(fields[i] == ACQ_ROW_T_S ? NULL : &columns[fields[i]]);
    if (make_chunks(r) < 0) {
        acq_resample_free(r);
        return acq_fail(err, ACQ_MEMORY, "no memory to resample");
    }
    *resample = r;
    return ACQ_OK;
}

void acq_resample_free(struct acq_resample *r)
{
    if (!r) return;
    acq_chunk_fini(&r->kept);
    acq_chunk_fini(&r->out);
    free(r);
}

const size_t *acq_resample_fields(const struct acq_resample *r, size_t *n)
{
    *n = r->all;
    return r->fields;
}

/* ---- old rows ---- */

static const void *cell(const struct acq_resample *r, size_t i, ptrdiff_t row)
{
    return acq_blend_cell(&r->kept, r->in, i, row);
}

static bool get_i64(const struct acq_resample *r, size_t i, ptrdiff_t row, int64_t *value)
{
    const void *p = cell(r, i, row);
    if (p) memcpy(value, p, sizeof *value);
    return p != NULL;
}

static bool get_i32(const struct acq_resample *r, size_t i, ptrdiff_t row, int32_t *value)
{
    const void *p = cell(r, i, row);
    if (p) memcpy(value, p, sizeof *value);
    return p != NULL;
}

static bool new_session(const struct acq_resample *r, ptrdiff_t row)
{
    int64_t was, is;
    if (!acq_blend_same(cell(r, r->session, r->latest), cell(r, r->session, row))) return true;
    return get_i64(r, r->seq, r->latest, &was) && get_i64(r, r->seq, row, &is) && is < was;
}

/* place returns the time of a row that was sampled at t_ns, behind the latest one: the one that its packet id says,
 * drawn a little to t_ns, or t_ns where they do not agree. */
static int64_t place(const struct acq_resample *r, ptrdiff_t row, int64_t t_ns)
{
    int32_t was, is;
    bool ids = get_i32(r, r->packet, r->latest, &was) && get_i32(r, r->packet, row, &is);
    int64_t steps = ids ? (int64_t)is - was : 0;
    if (steps > 0 && steps <= ACQ_RESAMPLE_GAP_NS / STEP_NS) {
        int64_t due = r->latest_ns + steps * STEP_NS, off = t_ns - due, most = steps * STEP_NS / DRAW;
        if (off >= -ACQ_RESAMPLE_JITTER_NS && off <= ACQ_RESAMPLE_JITTER_NS)
            return due + (off > most ? most : off < -most ? -most : off);
    }
    return t_ns > r->latest_ns ? t_ns : r->latest_ns + 1;
}

/* ---- new rows ---- */

/* time_of returns when new row k is. */
static int64_t time_of(const struct acq_resample *r, uint64_t k)
{
    double since = (double)k * 1e9 / r->rate_hz;
    if (since >= (double)(T_NS_MAX - r->first_ns)) return T_NS_MAX;
    return r->first_ns + (int64_t)(since + 0.5);
}

/* add makes the next new row, which is at `ns`, between the latest old row and `to` at `to_ns`. Returns false if there
 * is no room. */
static bool add(struct acq_resample *r, int64_t ns, ptrdiff_t to, int64_t to_ns)
{
    int64_t sampled = 0;
    if (r->out.rows + r->count == ACQ_CHUNK_ROWS) return false;
    get_i64(r, r->t_ns, r->latest, &sampled);
    double part = ns == r->latest_ns ? 0 : (double)(ns - r->latest_ns) / (double)(to_ns - r->latest_ns);
    r->rows[r->count++] = (struct acq_blend_row){r->latest, to, part, ns - sampled};
    r->next++;
    return true;
}

/* add_until makes the new rows before old row `row` at `at`; behind a gap they go on with the first one from there. */
static bool add_until(struct acq_resample *r, ptrdiff_t row, int64_t at)
{
    bool gap = at - r->latest_ns > ACQ_RESAMPLE_GAP_NS;
    for (int64_t ns; (ns = time_of(r, r->next)) < at;) {
        if (gap && ns > r->latest_ns) {
            uint64_t near = (uint64_t)((double)(at - r->first_ns) * r->rate_hz / 1e9);
            if (near > r->next + 1) r->next = near - 1;
            while (time_of(r, r->next) < at) r->next++;
            return true;
        }
        if (!add(r, ns, row, at)) return false;
    }
    return true;
}

/* add_last makes the new row that is just at the latest old one, if there is one. */
static bool add_last(struct acq_resample *r)
{
    return !r->any || time_of(r, r->next) != r->latest_ns || add(r, r->latest_ns, r->latest, r->latest_ns);
}

/* take makes the new rows up to old row `row`. Returns false if there was no room for all: call it again. */
static bool take(struct acq_resample *r, ptrdiff_t row)
{
    int64_t t_ns, latest_t_ns = 0;
    if (!get_i64(r, r->t_ns, row, &t_ns) || t_ns < 0 || t_ns > T_NS_MAX) return true;
    if (!r->any || new_session(r, row)) {
        if (!add_last(r)) return false;
        r->any = true;
        r->next = 0;
        r->first_ns = r->latest_ns = t_ns;
    } else {
        get_i64(r, r->t_ns, r->latest, &latest_t_ns);
        if (t_ns < latest_t_ns) return true;
        int64_t at = place(r, row, t_ns);
        if (!add_until(r, row, at)) return false;
        r->latest_ns = at;
    }
    r->latest = row;
    return true;
}

/* ---- chunks ---- */

static void fill(struct acq_resample *r)
{
    const struct acq_blend blend = {&r->kept, r->in, &r->out, r->rows, r->count};
    for (size_t i = 0; i < r->n; i++) acq_blend_column(&blend, i, r->way[i]);
    r->out.rows += r->count;
    r->count = 0;
}

/* keep copies the latest row out of the chunk that the caller takes back. */
static void keep(struct acq_resample *r)
{
    if (!r->any || r->latest == KEPT) return;
    acq_chunk_reset(&r->kept);
    for (size_t i = 0; i < r->all; i++) {
        struct acq_cells *cells = &r->kept.cells[i];
        const void *p = cell(r, i, r->latest);
        if (cells->type == ACQ_CELL_TEXT) {
            acq_blend_text(&r->kept, i, 0, p);
        } else if (p) {
            memcpy(cells->values, p, acq_cell_size(cells->type));
            cells->valid[0] = 1;
        }
    }
    r->latest = KEPT;
}

void acq_resample_push(struct acq_resample *r, const struct acq_chunk *in)
{
    r->in = in;
    r->row = 0;
    r->ended = !in;
}

int acq_resample_next(struct acq_resample *r, struct acq_chunk **out)
{
    bool full = false;
    if (r->given) acq_chunk_reset(&r->out);
    r->given = false;
    while (r->in && r->row < r->in->rows && !full) {
        full = !take(r, (ptrdiff_t)r->row);
        r->row += !full;
    }
    if (r->ended && r->any && add_last(r)) r->any = false;
    fill(r);
    full = r->out.rows == ACQ_CHUNK_ROWS;
    if (r->in && r->row == r->in->rows) {
        keep(r);
        r->in = NULL;
    }
    *out = &r->out;
    r->given = full || (r->ended && r->out.rows);
    if (r->given) return ACQ_OK;
    return r->ended ? ACQ_END : ACQ_AGAIN;
}
