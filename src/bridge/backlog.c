#include "bridge/backlog.h"

#include "base/log.h"
#include "base/os.h"
#include "bridge/part.h"
#include "record/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_NS INT64_C(20000000) /* how long a worker looks at files before the loop is asked whether to go on */

struct acq_backlog_file {
    char *name;
    char id[64]; /* its session */
    enum acq_backlog_other kind;
};

/* ---- one file; on the worker ---- */

/* path_of: a recording loses its ACQ_PART when its session has ended, maybe since the folder was read. */
static int path_of(const struct acq_backlog *b, const struct acq_backlog_file *file, char path[ACQ_PATH_MAX])
{
    int r = acq_path_join(path, ACQ_PATH_MAX, b->dir, file->name);
    if (r == ACQ_OK && acq_has_suffix(path, ACQ_PART) && !acq_path_exists(path))
        path[strlen(path) - strlen(ACQ_PART)] = 0;
    return r;
}

static bool is_written(const char *path)
{
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    bool locked = fd >= 0 && acq_file_locked(fd);
    if (fd >= 0) acq_file_close(fd);
    return locked;
}

/* is_sendable: can the name be sent in a header? */
static bool is_sendable(const char *id)
{
    size_t n = strlen(id);
    for (size_t i = 0; i < n; i++)
        if (id[i] <= ' ' || id[i] > '~') return false;
    return n > 0;
}

static enum acq_backlog_other unusable(const char *path, const char *why)
{
    acq_log(ACQ_LOG_WARN, "%s cannot be sent: %s", path, why);
    return ACQ_BACKLOG_UNUSABLE;
}

/* judge_first looks at the first frame of an open recording. */
static enum acq_backlog_other judge_first(struct acq_backlog *b, struct acq_backlog_file *file, const char *path,
                                          struct acq_reader *reader)
{
    struct acq_batch batch;
    struct acq_err err;
    struct acq_frame *f = &b->frame;
    const uint8_t *bytes;
    size_t n;
    uint64_t at;
    int r = acq_reader_next(reader, &batch, &err);
    if (r < 0) return unusable(path, err.text);
    if (r != ACQ_OK) return ACQ_BACKLOG_NONE;
    if (acq_batch_next(&batch, &bytes, &n) != ACQ_OK || acq_decode(f, bytes, n) != ACQ_OK) return ACQ_BACKLOG_NONE;
    const struct acq_member *m = acq_reader_member(reader, &at);
    if (!m || !acq_reader_seekable(reader) || !f->has[ACQ_head_seq] || !is_sendable(f->head.session_id))
        return ACQ_BACKLOG_FOREIGN;
    if (m->left_out) return ACQ_BACKLOG_PART;
    if (f->head.seq != 1) return unusable(path, "its first frames are missing; `acq recover` may help");
    snprintf(file->id, sizeof file->id, "%s", f->head.session_id);
    return ACQ_BACKLOG_OURS;
}

static enum acq_backlog_other judge(struct acq_backlog *b, struct acq_backlog_file *file)
{
    char path[ACQ_PATH_MAX];
    struct acq_reader *reader;
    struct acq_err err;
    if (path_of(b, file, path) < 0) return unusable(file->name, "its path is too long");
    if (acq_path_exists(path) && !acq_path_is_file(path)) return ACQ_BACKLOG_NONE;
    if (is_written(path)) return ACQ_BACKLOG_WRITTEN;
    int r = acq_reader_new(&reader, path, &err);
    if (r == ACQ_FORMAT || r == ACQ_MISSING) {
        acq_log(ACQ_LOG_DEBUG, "%s", err.text);
        return ACQ_BACKLOG_NONE;
    }
    if (r < 0) return unusable(path, err.text);
    enum acq_backlog_other kind = judge_first(b, file, path, reader);
    if (kind == ACQ_BACKLOG_FOREIGN) acq_log(ACQ_LOG_DEBUG, "%s is of another program, and is left alone", path);
    acq_reader_free(reader);
    return kind;
}

/* ---- the folder; on the worker ---- */

static int add(void *user, const char *name)
{
    struct acq_backlog *b = user;
    if (!acq_has_suffix(name, ".gz") && !acq_has_suffix(name, ".gz" ACQ_PART)) return ACQ_OK;
    if (b->n == b->room) {
        size_t room = b->room ? 2 * b->room : 64;
        struct acq_backlog_file *files = realloc(b->files, room * sizeof *files);
        if (!files) return ACQ_MEMORY;
        b->files = files;
        b->room = room;
    }
    struct acq_backlog_file *file = &b->files[b->n];
    *file = (struct acq_backlog_file){.name = malloc(strlen(name) + 1)};
    if (!file->name) return ACQ_MEMORY;
    memcpy(file->name, name, strlen(name) + 1);
    b->n++;
    return atomic_load(&b->stop) ? ACQ_STOPPED : ACQ_OK;
}

static void list(struct acq_backlog *b)
{
    struct acq_err err = {0};
    acq_part_adopt(b->dir, false);
    int r = acq_dir_each(b->dir, add, b, &err);
    if (r == ACQ_MEMORY) acq_fail(&err, r, "no memory for the files of %s", b->dir);
    snprintf(b->error, sizeof b->error, "%s", err.text);
    b->listed = true;
}

/* by_session: the recordings of one session stand side by side; sessions in the order of their time, as far as their
 * names say it */
static int by_session(const void *a, const void *b)
{
    const struct acq_backlog_file *x = a, *y = b;
    if (x->kind != y->kind) return x->kind == ACQ_BACKLOG_OURS ? -1 : y->kind == ACQ_BACKLOG_OURS ? 1 : 0;
    int order = strcmp(x->id, y->id);
    return order ? order : strcmp(x->name, y->name);
}

/* look_at_files does a piece of the work that comes before the first session. */
static void look_at_files(struct acq_backlog *b)
{
    int64_t until = acq_now_ns() + PIECE_NS;
    if (!b->listed) list(b);
    while (b->looked_at < b->n && !atomic_load(&b->stop) && acq_now_ns() < until) {
        struct acq_backlog_file *file = &b->files[b->looked_at++];
        file->kind = judge(b, file);
    }
    b->sorted = b->looked_at == b->n;
    if (b->sorted && b->n) qsort(b->files, b->n, sizeof *b->files, by_session);
}

/* ---- what a session has; on the worker ---- */

/* measure finds how far the frames behind `have` go without a hole. Returns 0, ACQ_END for a part of a recording, or an
 * error. */
static int measure(struct acq_backlog *b, const char *path, uint64_t have, struct acq_backlog_find *find,
                   struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_member m;
    uint64_t at, last = have;
    int r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    *find = (struct acq_backlog_find){0};
    while (r == ACQ_OK && !atomic_load(&b->stop) && (r = acq_reader_skim(reader, &m, &at, err)) == ACQ_OK) {
        if (m.left_out) break;
        if (m.kind == ACQ_MEMBER_END || m.first_seq + m.frames <= last + 1) continue;
        find->damaged = m.first_seq > last + 1;
        if (find->damaged) break;
        last = m.first_seq + m.frames - 1;
    }
    acq_reader_free(reader);
    if (r == ACQ_OK && !find->damaged) return ACQ_END;
    find->last_seq = last > have ? last : 0;
    snprintf(find->path, sizeof find->path, "%s", path);
    return r < 0 ? r : ACQ_OK;
}

/* has_more: does the recording go on behind frame `have`? Quick, by bisection. */
static bool has_more(const char *path, uint64_t have)
{
    struct acq_reader *reader;
    if (acq_reader_new(&reader, path, NULL) < 0) return false;
    bool more = acq_reader_skip_to(reader, have + 1, NULL) == ACQ_OK;
    acq_reader_free(reader);
    return more;
}

static void look_at_session(struct acq_backlog *b)
{
    struct acq_err err;
    b->found = (struct acq_backlog_find){0};
    for (size_t i = b->looked_at; i < b->end; i++) {
        char path[ACQ_PATH_MAX];
        struct acq_backlog_find find;
        path_of(b, &b->files[i], path);
        if (!has_more(path, b->server_seq)) continue;
        int r = measure(b, path, b->server_seq, &find, &err);
        if (r < 0) acq_log(ACQ_LOG_WARN, "%s cannot be sent: %s", path, err.text);
        if (r == ACQ_OK && (find.last_seq > b->found.last_seq || !*b->found.path)) b->found = find;
    }
}

/* ---- on the loop ---- */

static void find_end(struct acq_backlog *b)
{
    b->end = b->looked_at;
    while (b->end < b->n && b->files[b->end].kind == ACQ_BACKLOG_OURS &&
           !strcmp(b->files[b->end].id, b->files[b->looked_at].id))
        b->end++;
}

/* count: all files have been looked at */
static void count(struct acq_backlog *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct acq_backlog_file *file = &b->files[i];
        if (file->kind != ACQ_BACKLOG_OURS)
            b->others[file->kind]++;
        else if (i && !strcmp(file->id, file[-1].id))
            b->others[ACQ_BACKLOG_COPY]++;
        else
            b->sessions++;
    }
    b->known = true;
    b->looked_at = 0;
    find_end(b);
}

static void begin_work(struct acq_backlog *b);

static void on_work(uv_work_t *work)
{
    struct acq_backlog *b = work->data;
    if (b->looking)
        look_at_session(b);
    else
        look_at_files(b);
}

static void after_work(uv_work_t *work, int status)
{
    struct acq_backlog *b = work->data;
    (void)status;
    b->working = false;
    if (atomic_load(&b->stop)) return;
    if (!b->sorted) {
        begin_work(b);
        return;
    }
    if (!b->known) count(b);
    b->ready(b->user);
}

static void begin_work(struct acq_backlog *b)
{
    b->work.data = b;
    b->working = uv_queue_work(b->loop, &b->work, on_work, after_work) == 0;
}

void acq_backlog_init(struct acq_backlog *b, uv_loop_t *loop, const char *dir, void (*ready)(void *user), void *user)
{
    *b = (struct acq_backlog){.loop = loop, .ready = ready, .user = user};
    snprintf(b->dir, sizeof b->dir, "%s", dir);
    begin_work(b);
}

void acq_backlog_stop(struct acq_backlog *b)
{
    atomic_store(&b->stop, true);
}

void acq_backlog_fini(struct acq_backlog *b)
{
    for (size_t i = 0; i < b->n; i++) free(b->files[i].name);
    free(b->files);
    b->files = NULL;
    b->n = 0;
}

const char *acq_backlog_session(const struct acq_backlog *b)
{
    return b->known && b->done < b->sessions ? b->files[b->looked_at].id : NULL;
}

bool acq_backlog_over(const struct acq_backlog *b)
{
    return b->known && !b->working && b->done == b->sessions;
}

void acq_backlog_look(struct acq_backlog *b, uint64_t server_seq)
{
    b->server_seq = server_seq;
    b->looking = true;
    begin_work(b);
}

const struct acq_backlog_find *acq_backlog_found(struct acq_backlog *b)
{
    if (!b->looking || b->working) return NULL;
    b->looking = false;
    return &b->found;
}

void acq_backlog_next(struct acq_backlog *b)
{
    b->done++;
    b->looked_at = b->end;
    find_end(b);
}
