#include "table/stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_SLOTS = 2 * ACQ_STAT_DISTINCT_MAX };

void acq_stat_init(struct acq_stat *s, enum acq_cell_type type)
{
    *s = (struct acq_stat){.type = type, .min = INFINITY, .max = -INFINITY, .least = INT64_MAX, .most = INT64_MIN};
}

void acq_stat_fini(struct acq_stat *s)
{
    free(s->seen);
    s->seen = NULL;
}

double acq_stat_deviation(const struct acq_stat *s)
{
    return s->count > 1 ? sqrt(s->squares / (double)(s->count - 1)) : NAN;
}

/* What one look at numbers gives. */
struct sums {
    double sum, min, max;
};

/* LOOK: copies n numbers to x and sums them up, in four lanes that do not wait for each other. A comparison with NaN is
 * false, so the sum alone tells of one. */
#define LOOK(type)                                                                          \
    static struct sums look_##type(double *x, const type *v, size_t n)                      \
    {                                                                                       \
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0, min0 = INFINITY, min1 = INFINITY;            \
        double min2 = INFINITY, min3 = INFINITY, max0 = -INFINITY, max1 = -INFINITY;        \
        double max2 = -INFINITY, max3 = -INFINITY;                                          \
        size_t i = 0;                                                                       \
        for (; i + 4 <= n; i += 4) {                                                        \
            double a = (double)v[i], b = (double)v[i + 1];                                  \
            double c = (double)v[i + 2], d = (double)v[i + 3];                              \
            x[i] = a, x[i + 1] = b, x[i + 2] = c, x[i + 3] = d;                             \
            s0 += a, s1 += b, s2 += c, s3 += d;                                             \
            min0 = a < min0 ? a : min0, min1 = b < min1 ? b : min1;                         \
            min2 = c < min2 ? c : min2, min3 = d < min3 ? d : min3;                         \
            max0 = a > max0 ? a : max0, max1 = b > max1 ? b : max1;                         \
            max2 = c > max2 ? c : max2, max3 = d > max3 ? d : max3;                         \
        }                                                                                   \
        for (; i < n; i++) {                                                                \
            double a = x[i] = (double)v[i];                                                 \
            s0 += a;                                                                        \
            min0 = a < min0 ? a : min0;                                                     \
            max0 = a > max0 ? a : max0;                                                     \
        }                                                                                   \
        return (struct sums){s0 + s1 + (s2 + s3), fmin(fmin(min0, min1), fmin(min2, min3)), \
                             fmax(fmax(max0, max1), fmax(max2, max3))};                     \
    }
LOOK(float)
LOOK(double)
LOOK(int32_t)
LOOK(int64_t)

static struct sums look(double *x, const struct acq_cells *cells, size_t n)
{
    switch (cells->type) {
    case ACQ_CELL_F32: return look_float(x, cells->values, n);
    case ACQ_CELL_F64: return look_double(x, cells->values, n);
    case ACQ_CELL_I32: return look_int32_t(x, cells->values, n);
    default: return look_int64_t(x, cells->values, n);
    }
}

/* drop: of the n numbers at x, which were cells, leaves those that are there and no NaN. Returns how many. */
static size_t drop(double *x, const struct acq_cells *cells, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) { /* without a branch: what is to go is overwritten by the next */
        x[kept] = x[i];
        kept += (size_t)(x[i] == x[i] && acq_cell_valid(cells, i));
    }
    return kept;
}

/* squares: the sum of (x - mean)^2 */
static double squares(const double *x, size_t n, double mean)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        double a = x[i] - mean, b = x[i + 1] - mean, c = x[i + 2] - mean, d = x[i + 3] - mean;
        s0 += a * a, s1 += b * b, s2 += c * c, s3 += d * d;
    }
    for (; i < n; i++) s0 += (x[i] - mean) * (x[i] - mean);
    return s0 + s1 + (s2 + s3);
}

double acq_stat_mean(const struct acq_stat *s)
{
    return s->count ? s->sum / (double)s->count : (double)NAN;
}

/* join_numbers: by Chan and others, `count` numbers with these sums and squares around their mean */
static void join_numbers(struct acq_stat *s, uint64_t count, struct sums sums, double squared)
{
    double n = (double)count, before = (double)s->count;
    double delta = s->count ? sums.sum / n - s->sum / before : 0;
    s->squares += squared + delta * delta * before * n / (before + n);
    s->sum += sums.sum;
    s->count += count;
    s->min = sums.min < s->min ? sums.min : s->min;
    s->max = sums.max > s->max ? sums.max : s->max;
}

static void join_integers(struct acq_stat *s, int64_t least, int64_t most)
{
    s->least = least < s->least ? least : s->least;
    s->most = most > s->most ? most : s->most;
}

static void add_numbers(struct acq_stat *s, const struct acq_cells *cells, size_t rows)
{
    double x[ACQ_CHUNK_ROWS];
    size_t n = rows;
    struct sums sums = look(x, cells, n);
    if (isnan(sums.sum) || !acq_cells_full(cells, rows)) {
        n = drop(x, cells, n);
        sums = look_double(x, x, n);
    }
    s->nulls += rows - n;
    if (!n) return;
    join_numbers(s, n, sums, squares(x, n, sums.sum / (double)n));
    if (cells->type != ACQ_CELL_I64 && cells->type != ACQ_CELL_TIME) return;
    const int64_t *v = cells->values;
    for (size_t i = 0; i < rows; i++)
        if (acq_cell_valid(cells, i)) join_integers(s, v[i], v[i]);
}

/* hash: FNV-1a, never 0 */
static uint64_t hash(struct acq_text t)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < t.len; i++) h = (h ^ (uint8_t)t.bytes[i]) * UINT64_C(1099511628211);
    return h ? h : 1;
}

/* note: a text with this hash was seen */
static void note(struct acq_stat *s, uint64_t h)
{
    if (!s->seen) s->seen = calloc(SEEN_SLOTS, sizeof *s->seen);
    if (!s->seen || s->distinct >= ACQ_STAT_DISTINCT_MAX) return;
    size_t i = h % SEEN_SLOTS;
    while (s->seen[i] && s->seen[i] != h) i = (i + 1) % SEEN_SLOTS;
    s->distinct += !s->seen[i];
    s->seen[i] = h;
}

static int compare(struct acq_text t, const char *text)
{
    size_t n = strlen(text);
    int c = memcmp(t.bytes, text, t.len < n ? t.len : n);
    return c ? c : (t.len > n) - (t.len < n);
}

static void keep(char dst[ACQ_STAT_TEXT], struct acq_text t)
{
    size_t n = t.len < ACQ_STAT_TEXT - 1 ? t.len : ACQ_STAT_TEXT - 1;
    memcpy(dst, t.bytes, n);
    dst[n] = 0;
}

static void add_texts(struct acq_stat *s, const struct acq_cells *cells, size_t rows)
{
    const struct acq_text *texts = cells->values, *latest = NULL;
    for (size_t i = 0; i < rows; i++) {
        if (!acq_cell_valid(cells, i)) {
            s->nulls++;
            continue;
        }
        struct acq_text t = texts[i];
        bool same =
            latest && t.len == latest->len && (t.bytes == latest->bytes || !memcmp(t.bytes, latest->bytes, t.len));
        latest = &texts[i];
        if (s->count++ && same) continue;
        if (s->count == 1 || compare(t, s->first) < 0) keep(s->first, t);
        if (s->count == 1 || compare(t, s->last) > 0) keep(s->last, t);
        note(s, hash(t));
    }
}

void acq_stat_add(struct acq_stat *s, const struct acq_cells *cells, size_t rows)
{
    if (cells->type == ACQ_CELL_TEXT)
        add_texts(s, cells, rows);
    else
        add_numbers(s, cells, rows);
}

static void join_texts(struct acq_stat *s, const struct acq_stat *part)
{
    if (!s->count || strcmp(part->first, s->first) < 0) memcpy(s->first, part->first, sizeof s->first);
    if (!s->count || strcmp(part->last, s->last) > 0) memcpy(s->last, part->last, sizeof s->last);
    for (size_t i = 0; part->seen && i < SEEN_SLOTS; i++)
        if (part->seen[i]) note(s, part->seen[i]);
    s->count += part->count;
}

void acq_stat_join(struct acq_stat *s, const struct acq_stat *part)
{
    s->nulls += part->nulls;
    if (!part->count) return;
    if (s->type == ACQ_CELL_TEXT) {
        join_texts(s, part);
        return;
    }
    join_numbers(s, part->count, (struct sums){part->sum, part->min, part->max}, part->squares);
    join_integers(s, part->least, part->most);
}

int acq_stat_chunk(struct acq_chunk *chunk)
{
    if (!chunk->stats) chunk->stats = calloc(chunk->columns ? chunk->columns : 1, sizeof *chunk->stats);
    if (!chunk->stats) return ACQ_MEMORY;
    for (size_t i = 0; i < chunk->columns; i++) {
        acq_stat_init(&chunk->stats[i], chunk->cells[i].type);
        if (chunk->cells[i].type != ACQ_CELL_TEXT) add_numbers(&chunk->stats[i], &chunk->cells[i], chunk->rows);
    }
    return ACQ_OK;
}

void acq_stat_take(struct acq_stat *s, const struct acq_chunk *chunk, size_t column)
{
    if (chunk->stats && s->type != ACQ_CELL_TEXT)
        acq_stat_join(s, &chunk->stats[column]);
    else
        acq_stat_add(s, &chunk->cells[column], chunk->rows);
}
