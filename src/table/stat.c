#include "table/stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_SLOTS = 2 * ACQ_STAT_DISTINCT_MAX, LANES = 4 };

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

/* numbers: the valid cells that are numbers, as doubles. Returns how many. */
static size_t numbers(double *dst, const struct acq_cells *cells, size_t rows)
{
    bool full = acq_cells_full(cells, rows);
    size_t n = 0;
#define TAKE(type)                                                                       \
    for (size_t i = 0; i < rows; i++) {                                                  \
        double x = (double)((const type *)cells->values)[i];                             \
        dst[n] = x; /* without a branch: what is no number is overwritten by the next */ \
        n += (size_t)(x == x && (full || acq_cell_valid(cells, i)));                     \
    }
    switch (cells->type) {
    case ACQ_CELL_F32: TAKE(float) break;
    case ACQ_CELL_F64: TAKE(double) break;
    case ACQ_CELL_I32: TAKE(int32_t) break;
    default: TAKE(int64_t) break;
    }
#undef TAKE
    return n;
}

/* sum_up: sum, least and greatest, in lanes that do not wait for each other */
static double sum_up(const double *x, size_t n, double *min, double *max)
{
    double sum[LANES] = {0}, least[LANES], most[LANES];
    for (size_t k = 0; k < LANES; k++) least[k] = most[k] = x[0];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            sum[k] += x[i + k];
            least[k] = x[i + k] < least[k] ? x[i + k] : least[k];
            most[k] = x[i + k] > most[k] ? x[i + k] : most[k];
        }
    for (; i < n; i++) {
        sum[0] += x[i];
        least[0] = x[i] < least[0] ? x[i] : least[0];
        most[0] = x[i] > most[0] ? x[i] : most[0];
    }
    for (size_t k = 0; k < LANES; k++) {
        *min = least[k] < *min ? least[k] : *min;
        *max = most[k] > *max ? most[k] : *max;
    }
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

static double squares(const double *x, size_t n, double mean)
{
    double sum[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) sum[k] += (x[i + k] - mean) * (x[i + k] - mean);
    for (; i < n; i++) sum[0] += (x[i] - mean) * (x[i] - mean);
    return sum[0] + sum[1] + (sum[2] + sum[3]);
}

static void add_numbers(struct acq_stat *s, const struct acq_cells *cells, size_t rows)
{
    double x[ACQ_CHUNK_ROWS];
    size_t n = numbers(x, cells, rows);
    s->nulls += rows - n;
    if (!n) return;
    double mean = sum_up(x, n, &s->min, &s->max) / (double)n;
    double before = (double)s->count, count = before + (double)n, delta = mean - s->mean;
    s->squares += squares(x, n, mean) + delta * delta * before * (double)n / count;
    s->mean += delta * (double)n / count;
    s->count += n;
    if (cells->type != ACQ_CELL_I64 && cells->type != ACQ_CELL_TIME) return;
    const int64_t *v = cells->values;
    for (size_t i = 0; i < rows; i++) {
        if (!acq_cell_valid(cells, i)) continue;
        s->least = v[i] < s->least ? v[i] : s->least;
        s->most = v[i] > s->most ? v[i] : s->most;
    }
}

/* hash: FNV-1a, never 0 */
static uint64_t hash(struct acq_text t)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < t.len; i++) h = (h ^ (uint8_t)t.bytes[i]) * UINT64_C(1099511628211);
    return h ? h : 1;
}

static void note(struct acq_stat *s, struct acq_text t)
{
    if (!s->seen) s->seen = calloc(SEEN_SLOTS, sizeof *s->seen);
    if (!s->seen || s->distinct >= ACQ_STAT_DISTINCT_MAX) return;
    uint64_t h = hash(t);
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
        note(s, t);
    }
}

void acq_stat_add(struct acq_stat *s, const struct acq_cells *cells, size_t rows)
{
    if (cells->type == ACQ_CELL_TEXT)
        add_texts(s, cells, rows);
    else
        add_numbers(s, cells, rows);
}
