#include "app/laps_read.h"

#include "app/laps_columns.h"
#include "base/file.h"
#include "base/stop.h"
#include "table/parquet.h"
#include "table/scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEARS_S 3e8 /* no session lasts so long */

/* A file that is read. */
struct file {
    const char *path;
    struct acq_laps_columns c;
    struct acq_laps *laps;
    int wheels;
    size_t current; /* session that is read, by index; SIZE_MAX: none */
    size_t first;   /* its first session */
    double offset_s;
    bool parquet;
    struct acq_laps_session *known; /* Parquet: what its first row, or all of them, say of sessions */
    size_t known_n;
    bool known_all;
    bool located;                 /* some row says where in a lap it is */
    bool unnumbered;              /* no seq, as in what the original project wrote */
    struct acq_lap_sample *block; /* [ACQ_CHUNK_ROWS] */
    struct sorted *sorted;        /* all rows, where they have to be sorted */
    size_t rows, room;
};

struct sorted {
    size_t session, row;
    struct acq_lap_sample sample;
};

/* ---- sessions ---- */

static void take_metas(struct acq_laps_session *s, const struct file *f, const struct acq_chunk *chunk, size_t row)
{
    char name[100] = "", surname[100] = "";
    double utc = acq_laps_number(&f->c, chunk, ACQ_META_UTC, row),
           sectors = acq_laps_number(&f->c, chunk, ACQ_META_SECTORS, row);
    acq_laps_copy_text(s->session, sizeof s->session, &f->c, chunk, ACQ_META_SESSION, row);
    acq_laps_copy_text(s->previous, sizeof s->previous, &f->c, chunk, ACQ_META_PREVIOUS, row);
    acq_laps_copy_text(s->car, sizeof s->car, &f->c, chunk, ACQ_META_CAR, row);
    acq_laps_copy_text(s->track, sizeof s->track, &f->c, chunk, ACQ_META_TRACK, row);
    acq_laps_copy_text(s->layout, sizeof s->layout, &f->c, chunk, ACQ_META_LAYOUT, row);
    acq_laps_copy_text(name, sizeof name, &f->c, chunk, ACQ_META_NAME, row);
    acq_laps_copy_text(surname, sizeof surname, &f->c, chunk, ACQ_META_SURNAME, row);
    if (!*s->driver) snprintf(s->driver, sizeof s->driver, "%s%s%s", name, *name && *surname ? " " : "", surname);
    s->spline_m = acq_laps_number(&f->c, chunk, ACQ_META_SPLINE, row);
    s->sectors = sectors > 0 && sectors <= ACQ_LAP_SECTORS ? (int)sectors : 0;
    s->utc_ns = utc > 0 && utc < 9e18 ? (int64_t)utc : 0;
    s->first_t_ns = acq_laps_time(&f->c, chunk, row);
    snprintf(s->last, sizeof s->last, "%s", s->session);
}

static void add_file(struct acq_laps_session *s, const char *path)
{
    const char *name = strcmp(path, "-") ? acq_path_base(path) : "standard input";
    size_t used = strlen(s->files);
    snprintf(s->files + used, sizeof s->files - used, "%s%s", used ? ", " : "", name);
}

/* since: seconds from `first` to `t`; NaN where one is not known, or they are further apart than clocks are */
static double since(int64_t t, int64_t first)
{
    bool far = first < 0 ? t > INT64_MAX + first : t < INT64_MIN + first;
    return far || t == INT64_MIN || first == INT64_MIN ? (double)NAN : (double)(t - first) / 1e9;
}

/* join_session: goes on with the one that it names as its previous one. Returns whether there is one. */
static bool join_session(struct file *f, const struct acq_laps_session *s)
{
    struct acq_laps *laps = f->laps;
    for (size_t i = 0; i < laps->n && *s->previous; i++) {
        struct acq_laps_session *old = &laps->session[i];
        if (strcmp(old->last, s->previous) != 0) continue;
        double clock = since(s->first_t_ns, old->first_t_ns);
        f->offset_s = s->utc_ns && old->utc_ns ? since(s->utc_ns, old->utc_ns) - clock : 0;
        snprintf(old->last, sizeof old->last, "%s", s->session);
        if (i != f->current) add_file(old, f->path);
        f->current = i;
        laps->joined = true;
        return true;
    }
    return false;
}

static struct acq_laps_session *find_known(const struct file *f, struct acq_text session)
{
    for (size_t i = 0; i < f->known_n; i++)
        if (strlen(f->known[i].session) == session.len && !memcmp(f->known[i].session, session.bytes, session.len))
            return &f->known[i];
    return NULL;
}

/* learn_chunk: what the rows say of sessions that are not known yet */
static int learn_chunk(struct file *f, const struct file *m, const struct acq_chunk *chunk)
{
    struct acq_text before = {"", 0};
    for (size_t row = 0; row < chunk->rows; row++) {
        struct acq_text t = acq_laps_text(&m->c, chunk, ACQ_META_SESSION, row);
        bool same = row && t.len == before.len && !memcmp(t.bytes, before.bytes, t.len);
        before = t;
        if (same || find_known(f, t)) continue;
        struct acq_laps_session *more = realloc(f->known, (f->known_n + 1) * sizeof *more);
        if (!more) return ACQ_MEMORY;
        f->known = more;
        f->known[f->known_n] = (struct acq_laps_session){.rows = 0};
        take_metas(&f->known[f->known_n++], m, chunk, row);
    }
    return ACQ_OK;
}

/* learn: texts of all rows take long, so of a Parquet file they are read apart, and mostly of the first row alone */
static int learn(struct file *f, int64_t limit, struct acq_err *err)
{
    struct file m = {.path = f->path, .c.path = f->path};
    struct acq_chunk *chunk;
    int r = acq_table_open(&m.c.table, m.path, err);
    if (r < 0) return r;
    acq_laps_choose_metas(&m.c, true);
    if (!m.c.n) r = ACQ_END;
    if (r == ACQ_OK) r = acq_table_select(m.c.table, m.c.fields, m.c.n, limit, err);
    while (r == ACQ_OK && (r = acq_table_next(m.c.table, &chunk, err)) == ACQ_OK)
        if (learn_chunk(f, &m, chunk) < 0) r = acq_fail(err, ACQ_MEMORY, "no memory to read %s", f->path);
    acq_table_close(m.c.table);
    f->known_all = !limit;
    return r == ACQ_END ? ACQ_OK : r;
}

/* learn_session: what is known of the session of this row */
static int learn_session(struct file *f, const struct acq_chunk *chunk, size_t row, struct acq_laps_session *s,
                         struct acq_err *err)
{
    if (!f->parquet) {
        f->unnumbered |= isnan(acq_laps_number(&f->c, chunk, ACQ_META_SEQ, row));
        take_metas(s, f, chunk, row);
        return ACQ_OK;
    }
    struct acq_text session = acq_laps_text(&f->c, chunk, ACQ_META_SESSION, row);
    const struct acq_laps_session *known = find_known(f, session);
    int r = known || f->known_all ? ACQ_OK : learn(f, 0, err);
    if (r == ACQ_OK && !known) known = find_known(f, session);
    if (known)
        *s = *known;
    else
        take_metas(s, f, chunk, row);
    return r;
}

/* find_session: the one of this row, which is another one than that of the row before */
static int find_session(struct file *f, const struct acq_chunk *chunk, size_t row, struct acq_err *err)
{
    struct acq_laps *laps = f->laps;
    struct acq_laps_session s = {.rows = 0};
    int r = learn_session(f, chunk, row, &s, err);
    if (r < 0) return r;
    f->offset_s = 0;
    for (size_t i = f->first; i < laps->n && *s.session; i++)
        if (!strcmp(laps->session[i].session, s.session)) {
            f->current = i;
            return ACQ_OK;
        }
    if (join_session(f, &s)) return ACQ_OK;
    struct acq_laps_session *more = realloc(laps->session, (laps->n + 1) * sizeof *more);
    if (more) laps->session = more;
    struct acq_lap_rules rules = {s.spline_m, s.sectors, f->wheels};
    if (more) s.split = acq_lap_split_new(&rules);
    if (!s.split) return acq_fail(err, ACQ_MEMORY, "no memory for the laps of %s", f->path);
    add_file(&s, f->path);
    laps->session[laps->n] = s;
    f->current = laps->n++;
    return ACQ_OK;
}

/* same_session: is this row of the session that is being read? */
static bool same_session(const struct file *f, const struct acq_chunk *chunk, size_t row)
{
    if (f->current == SIZE_MAX) return false;
    struct acq_text t = acq_laps_text(&f->c, chunk, ACQ_META_SESSION, row);
    const char *now = f->laps->session[f->current].last;
    return t.len >= sizeof f->laps->session->last || (t.len == strlen(now) && !memcmp(t.bytes, now, t.len));
}

/* ---- rows ---- */

/* keep: a row, to be sorted later */
static int keep(struct file *f, const struct acq_lap_sample *a)
{
    if (f->rows == f->room) {
        size_t room = f->room ? 2 * f->room : 65536;
        struct sorted *bigger = realloc(f->sorted, room * sizeof *bigger);
        if (!bigger) return ACQ_MEMORY;
        f->sorted = bigger;
        f->room = room;
    }
    f->sorted[f->rows] = (struct sorted){f->current, f->rows, *a};
    f->rows++;
    return ACQ_OK;
}

static int take_row(struct file *f, const struct acq_chunk *chunk, size_t row, bool sort, struct acq_err *err)
{
    struct acq_lap_sample *a = &f->block[row];
    int r = same_session(f, chunk, row) ? ACQ_OK : find_session(f, chunk, row, err);
    if (r < 0) return r;
    struct acq_laps_session *s = &f->laps->session[f->current];
    int64_t t = acq_laps_time(&f->c, chunk, row);
    if (s->first_t_ns == INT64_MIN) s->first_t_ns = t;
    a->t_s = since(t, s->first_t_ns) + f->offset_s;
    if (fabs(a->t_s) > YEARS_S) a->t_s = (double)NAN;
    f->located |= a->laps != ACQ_LAP_ABSENT || a->clock_ms != ACQ_LAP_ABSENT || !isnan(a->pos);
    s->rows++;
    if ((sort ? keep(f, a) : acq_lap_split_add(s->split, a)) < 0)
        return acq_fail(err, ACQ_MEMORY, "no memory for the laps of %s", f->path);
    return ACQ_OK;
}

static int take_chunk(struct file *f, const struct acq_chunk *chunk, bool sort, struct acq_err *err)
{
    int r = ACQ_OK;
    acq_laps_fill(&f->c, chunk, f->block);
    for (size_t i = 0; i < chunk->rows && r == ACQ_OK; i++) r = take_row(f, chunk, i, sort, err);
    return r;
}

static int by_time(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (x->session != y->session) return x->session < y->session ? -1 : 1;
    if (x->sample.t_s < y->sample.t_s) return -1;
    if (x->sample.t_s > y->sample.t_s) return 1;
    return x->row < y->row ? -1 : 1;
}

static int take_sorted(struct file *f, struct acq_err *err)
{
    if (f->rows) qsort(f->sorted, f->rows, sizeof *f->sorted, by_time);
    for (size_t i = 0; i < f->rows; i++)
        if (acq_lap_split_add(f->laps->session[f->sorted[i].session].split, &f->sorted[i].sample) < 0)
            return acq_fail(err, ACQ_MEMORY, "no memory for the laps of %s", f->path);
    return ACQ_OK;
}

static int take_all(struct file *f, bool sort, struct acq_err *err)
{
    struct acq_chunk *chunk;
    f->current = SIZE_MAX;
    f->first = f->laps->n;
    int r = acq_table_select(f->c.table, f->c.fields, f->c.n, 0, err);
    while (r == ACQ_OK && (r = acq_table_next(f->c.table, &chunk, err)) == ACQ_OK) r = take_chunk(f, chunk, sort, err);
    if (r == ACQ_END) r = ACQ_OK;
    return r == ACQ_OK && sort ? take_sorted(f, err) : r;
}

/* ---- files ---- */

/* is_mixed: rows were left out, as they are not in the order of time, of sessions that this file began */
static bool is_mixed(const struct file *f)
{
    uint64_t late = 0;
    for (size_t i = f->first; i < f->laps->n; i++) late += acq_lap_split_late(f->laps->session[i].split);
    return late > 0;
}

static void forget(struct acq_laps *laps, size_t n)
{
    while (laps->n > n) acq_lap_split_free(laps->session[--laps->n].split);
}

/* check_original: in what the original project wrote, a lap's fields are others */
static int check_original(const char *path, struct acq_err *err)
{
    struct acq_scan *scan;
    int r = acq_scan_new(&scan, path, NULL, err);
    if (r < 0) return r;
    bool original = acq_scan_original(scan);
    acq_scan_free(scan);
    return original ? acq_fail(err, ACQ_FORMAT,
                               "%s was written by the original project, whose bridge did not read lap, lap times and "
                               "position: no lap can be found in it",
                               path)
                    : ACQ_OK;
}

static int read_file(struct file *f, struct acq_err *err)
{
    int r = acq_parquet_is(f->path, &f->parquet, err);
    if (r == ACQ_OK && f->parquet) r = learn(f, 1, err);
    if (r == ACQ_OK) r = acq_table_open(&f->c.table, f->path, err);
    if (r < 0) return r;
    acq_laps_choose_channels(&f->c);
    acq_laps_choose_metas(&f->c, !f->parquet);
    f->block = malloc(ACQ_CHUNK_ROWS * sizeof *f->block);
    if (!f->block) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", f->path);
    r = acq_laps_check_columns(&f->c, err);
    if (r == ACQ_OK) r = take_all(f, false, err);
    if (r == ACQ_OK && f->parquet && is_mixed(f)) {
        forget(f->laps, f->first);
        r = take_all(f, true, err);
    }
    if (r == ACQ_OK) snprintf(f->laps->loss, sizeof f->laps->loss, "%s", acq_table_loss(f->c.table));
    if (r == ACQ_OK && !f->parquet && f->unnumbered && strcmp(f->path, "-") != 0) r = check_original(f->path, err);
    if (r == ACQ_OK && f->current != SIZE_MAX && !f->located)
        r = acq_fail(
            err, ACQ_FORMAT,
            "%s has no value of lap, current_time_ms or normalized_car_pos: one of them is needed to find laps",
            f->path);
    return r;
}

int acq_laps_read(struct acq_laps *laps, const char *path, int wheels, struct acq_err *err)
{
    struct file f = {.path = path, .c.path = path, .laps = laps, .wheels = wheels, .first = laps->n};
    *laps->loss = 0;
    laps->joined = false;
    int r = read_file(&f, err);
    acq_table_close(f.c.table);
    free(f.block);
    free(f.sorted);
    free(f.known);
    if (r < 0) forget(laps, f.first);
    return r;
}

/* ---- order ---- */

/* What is known of a file before its laps are read. */
struct link {
    char *path, session[64], previous[64];
    bool placed;
};

static int look_into(struct link *link, struct acq_err *err)
{
    struct file f = {.path = link->path, .c.path = link->path};
    struct acq_chunk *chunk;
    int r = acq_table_open(&f.c.table, f.path, err);
    if (r < 0) return r;
    acq_laps_choose_metas(&f.c, true);
    r = acq_table_select(f.c.table, f.c.fields, f.c.n, 1, err);
    if (r == ACQ_OK) r = acq_table_next(f.c.table, &chunk, err);
    if (r == ACQ_OK && chunk->rows) {
        acq_laps_copy_text(link->session, sizeof link->session, &f.c, chunk, ACQ_META_SESSION, 0);
        acq_laps_copy_text(link->previous, sizeof link->previous, &f.c, chunk, ACQ_META_PREVIOUS, 0);
    }
    acq_table_close(f.c.table);
    return r;
}

/* waits: does a file that is not placed yet come before this one? */
static bool waits(const struct link *links, size_t n, const struct link *link)
{
    for (size_t i = 0; i < n && *link->previous; i++)
        if (&links[i] != link && !links[i].placed && !strcmp(links[i].session, link->previous)) return true;
    return false;
}

int acq_laps_order(char **paths, size_t n, struct acq_err *err)
{
    struct link *links = calloc(n ? n : 1, sizeof *links);
    if (!links) return acq_fail(err, ACQ_MEMORY, "no memory for so many files");
    for (size_t i = 0; i < n; i++) {
        links[i].path = paths[i];
        if (!acq_stopped()) look_into(&links[i], NULL); /* what is wrong with it is said when it is read */
    }
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n && (links[k].placed || waits(links, n, &links[k]))) k++;
        for (size_t m = 0; k == n && m < n; m++) /* they name each other in a ring */
            if (!links[m].placed) k = m;
        links[k].placed = true;
        paths[i] = links[k].path;
    }
    free(links);
    return ACQ_OK;
}

int acq_laps_end(struct acq_laps *laps, struct acq_err *err)
{
    for (size_t i = 0; i < laps->n; i++) {
        if (acq_lap_split_end(laps->session[i].split) < 0) return acq_fail(err, ACQ_MEMORY, "no memory for laps");
        laps->session[i].late = acq_lap_split_late(laps->session[i].split);
    }
    return ACQ_OK;
}

void acq_laps_free(struct acq_laps *laps)
{
    forget(laps, 0);
    free(laps->session);
    *laps = (struct acq_laps){0};
}
