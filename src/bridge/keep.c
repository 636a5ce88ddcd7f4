#include "bridge/keep.h"

#include "base/log.h"
#include "base/os.h"
#include "base/timer.h"
#include "bridge/keep_files.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define HOUR_NS INT64_C(3600000000000)
#define YEARS_NS (INT64_C(100) * 365 * 24 * HOUR_NS) /* no limit is above that */
#define BYTES_MAX 1e18

/* ---- what was asked for ---- */

/* take_one reads a number with its unit and goes behind it. Returns false if it is none. */
static bool take_one(struct acq_keep_limits *l, const char **text)
{
    static const struct {
        const char *unit;
        double factor;
        bool is_age;
    } units[] = {{"d", 24.0 * (double)HOUR_NS, true},
                 {"h", (double)HOUR_NS, true},
                 {"MB", 1e6, false},
                 {"GB", 1e9, false},
                 {"TB", 1e12, false}};
    char *end;
    double v = **text >= '0' && **text <= '9' ? strtod(*text, &end) : -1;
    if (!(v > 0)) return false;
    size_t n = strcspn(end, ", ");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].unit) != n || strncmp(end, units[i].unit, n)) continue;
        int64_t *limit = units[i].is_age ? &l->age_ns : &l->bytes;
        double most = units[i].is_age ? (double)YEARS_NS : BYTES_MAX, value = v * units[i].factor;
        if (*limit || value < 1 || value > most) return false;
        *limit = (int64_t)value;
        *text = end + n;
        return true;
    }
    return false;
}

int acq_keep_parse(struct acq_keep_limits *l, const char *text, struct acq_err *err)
{
    const char *p = text;
    *l = (struct acq_keep_limits){0};
    if (!strcmp(text, "all")) return ACQ_OK;
    while (take_one(l, &p)) {
        if (!*p) return ACQ_OK;
        if (*p != ',') break;
        p += 1 + strspn(p + 1, " ");
    }
    return acq_fail(err, ACQ_USAGE,
                    "'%.60s' is not what may be kept: write an age (30d, 12h), a size (500MB, 20GB, 1TB), "
                    "both as in 30d,20GB, or all",
                    text);
}

/* ---- the work; on its own thread ---- */

struct acq_keep {
    char dir[ACQ_PATH_MAX];
    struct acq_keep_limits limits;
    bool due;       /* there is something new */
    int64_t run_ns; /* when it was last tidied */
    struct acq_keep_session *sessions;
    size_t n, room;
    struct acq_keep_session *fresh; /* what acq_keep_has brought since the work began */
    size_t fresh_n, fresh_room;
    uv_thread_t thread;
    bool started; /* the thread is to be joined; it has `sessions` and what follows for itself until then */
    bool told_full, told_stuck;
    atomic_bool stop, done;
    int64_t total; /* [byte] of the recordings in the folder */
    size_t files;  /* and how many they are */
    int64_t removed_bytes;
    size_t removed, stuck;
};

static struct acq_keep_session *find(struct acq_keep_session *list, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (!strncmp(list[i].id, id, ACQ_KEEP_ID)) return &list[i];
    return NULL;
}

static int64_t size_of(const char *path)
{
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    int64_t size = fd >= 0 ? acq_file_size(fd) : 0;
    if (fd >= 0) acq_file_close(fd);
    return size > 0 ? size : 0;
}

/* see_file: one name of the folder */
static int see_file(void *user, const char *name)
{
    struct acq_keep *k = user;
    char path[ACQ_PATH_MAX];
    const char *id = acq_keep_id(name);
    if (!id || acq_path_join(path, sizeof path, k->dir, name) < 0 || !acq_path_is_file(path)) return ACQ_OK;
    int64_t size = size_of(path);
    k->total += size;
    k->files++;
    struct acq_keep_session *s = find(k->sessions, k->n, id);
    if (s && strlen(name) < sizeof s->name) {
        s->files++;
        s->size = size;
        memcpy(s->name, name, strlen(name) + 1);
    }
    return atomic_load(&k->stop) ? ACQ_STOPPED : ACQ_OK;
}

static bool path_of(const struct acq_keep *k, const struct acq_keep_session *s, char path[ACQ_PATH_MAX])
{
    return acq_path_join(path, ACQ_PATH_MAX, k->dir, s->name) == ACQ_OK;
}

/* is_candidate: may this session's recording be removed, as far as can be told without reading it all? */
static bool is_candidate(const struct acq_keep *k, struct acq_keep_session *s)
{
    char path[ACQ_PATH_MAX];
    if (s->unfit || s->files != 1 || !acq_has_suffix(s->name, ".pb.gz") || !path_of(k, s, path)) return false;
    if (!s->end_ns) s->end_ns = acq_keep_end(path, s->seq);
    s->unfit = !s->end_ns;
    return s->end_ns;
}

static int by_end(const void *a, const void *b)
{
    const struct acq_keep_session *x = *(struct acq_keep_session *const *)a, *y = *(struct acq_keep_session *const *)b;
    return x->end_ns < y->end_ns ? -1 : x->end_ns > y->end_ns;
}

static bool is_beyond(const struct acq_keep *k, const struct acq_keep_session *s)
{
    bool old = k->limits.age_ns && acq_utc_ns() - s->end_ns > k->limits.age_ns;
    return old || (k->limits.bytes && k->total > k->limits.bytes);
}

static void remove_one(struct acq_keep *k, struct acq_keep_session *s)
{
    char path[ACQ_PATH_MAX];
    path_of(k, s, path);
    if (!acq_keep_whole(path, s->id, s->seq, &k->stop)) {
        s->unfit = !atomic_load(&k->stop);
        return;
    }
    if (acq_path_remove(path) < 0) {
        k->stuck++;
        return;
    }
    s->unfit = true; /* it is done with */
    k->total -= s->size;
    k->files--;
    k->removed++;
    k->removed_bytes += s->size;
}

static void tidy(struct acq_keep *k)
{
    struct acq_keep_session **order = malloc((k->n + 1) * sizeof *order);
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) k->sessions[i].files = 0;
    if (!order || acq_dir_each(k->dir, see_file, k, NULL) != ACQ_OK) {
        free(order);
        return;
    }
    for (size_t i = 0; i < k->n && !atomic_load(&k->stop); i++)
        if (is_candidate(k, &k->sessions[i])) order[n++] = &k->sessions[i];
    qsort(order, n, sizeof *order, by_end);
    for (size_t i = 0; i < n && !atomic_load(&k->stop); i++)
        if (is_beyond(k, order[i])) remove_one(k, order[i]);
    free(order);
}

static void on_thread(void *user)
{
    struct acq_keep *k = user;
    acq_thread_name("tidy");
    acq_lower_priority();
    tidy(k);
    atomic_store(&k->done, true);
}

/* ---- on the loop ---- */

int acq_keep_new(struct acq_keep **keep, const char *dir, const struct acq_keep_limits *limits, struct acq_err *err)
{
    struct acq_keep *k = calloc(1, sizeof *k);
    if (!k) return acq_fail(err, ACQ_MEMORY, "no memory to tidy recordings");
    snprintf(k->dir, sizeof k->dir, "%s", dir);
    k->limits = *limits;
    k->due = true;
    *keep = k;
    return ACQ_OK;
}

/* put adds a session, or what is new of one. What has no place is not removed. */
static void put(struct acq_keep_session **list, size_t *n, size_t *room, const char *id, uint64_t seq)
{
    struct acq_keep_session *s = find(*list, *n, id);
    if (s && s->seq == seq) return;
    if (!s && *n == *room) {
        size_t more = *room ? 2 * *room : 64;
        struct acq_keep_session *bigger = realloc(*list, more * sizeof *bigger);
        if (!bigger) return;
        *list = bigger;
        *room = more;
    }
    if (!s) s = &(*list)[(*n)++];
    *s = (struct acq_keep_session){.seq = seq};
    memcpy(s->id, id, ACQ_KEEP_ID);
}

void acq_keep_has(struct acq_keep *k, const char *id, uint64_t seq)
{
    if (strlen(id) != ACQ_KEEP_ID || !seq) return;
    put(&k->fresh, &k->fresh_n, &k->fresh_room, id, seq);
    k->due = true;
}

static void start(struct acq_keep *k)
{
    for (size_t i = 0; i < k->fresh_n; i++) put(&k->sessions, &k->n, &k->room, k->fresh[i].id, k->fresh[i].seq);
    k->fresh_n = 0;
    k->due = false;
    k->run_ns = acq_now_ns();
    k->total = k->removed_bytes = 0;
    k->files = k->removed = k->stuck = 0;
    atomic_store(&k->done, false);
    k->started = k->n && uv_thread_create(&k->thread, on_thread, k) == 0;
}

static void report(struct acq_keep *k)
{
    if (k->removed)
        acq_log(ACQ_LOG_INFO, "tidied up: %zu %s removed (%.1f MB), which the server has; %zu stay (%.1f MB)",
                k->removed, k->removed == 1 ? "recording" : "recordings", (double)k->removed_bytes / 1e6, k->files,
                (double)k->total / 1e6);
    if (k->stuck && !k->told_stuck)
        acq_log(ACQ_LOG_WARN, "%zu recordings in %s could not be removed: may you write there?", k->stuck, k->dir);
    k->told_stuck = k->told_stuck || k->stuck;
    if (!k->limits.bytes || k->total <= k->limits.bytes || k->told_full) return;
    k->told_full = true;
    acq_log(ACQ_LOG_WARN,
            "the recordings take %.1f MB, more than --keep allows, and stay: not all of the rest is on the server",
            (double)k->total / 1e6);
}

void acq_keep_tick(struct acq_keep *k, bool asked)
{
    if (k->started && !atomic_load(&k->done)) return;
    if (k->started) {
        uv_thread_join(&k->thread);
        k->started = false;
        report(k);
    }
    if (asked && (k->due || acq_now_ns() - k->run_ns > HOUR_NS)) start(k);
}

void acq_keep_free(struct acq_keep *k)
{
    if (!k) return;
    atomic_store(&k->stop, true);
    if (k->started) uv_thread_join(&k->thread);
    if (k->started) report(k);
    free(k->sessions);
    free(k->fresh);
    free(k);
}
