/* server_model.h - for fuzz_server.c: what the server was given and has acked, and whether its folder holds it.
 *
 * Memory  the caller's struct; `given` is freed by the caller.
 * Errors  what must not be ends the program. */
#ifndef ACQ_TESTS_SERVER_MODEL_H
#define ACQ_TESTS_SERVER_MODEL_H

#include "base/err.h"
#include "base/file.h"
#include "frame/batch.h"
#include "frame/frame.h"
#include "record/reader.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition) \
    if (!(condition)) abort()

enum { SESSIONS = 4, FILES = 16 };

/* A frame that the server was given. */
struct given {
    char session[64];
    uint64_t seq, t_ns; /* seq 0: without */
    uint64_t body;      /* hash */
};

/* A recording, as far as the disk has been waited for: a loss of power may take the rest. */
struct file {
    char path[ACQ_PATH_MAX];
    uint64_t durable;
};

struct model {
    char dir[64]; /* the server's */
    struct given *given;
    size_t count, room;
    uint64_t sent[SESSIONS], acked[SESSIONS]; /* highest seq */
    struct file files[FILES];
    size_t file_count;
    bool power_lost; /* at some time */
};

static uint64_t hash(const uint8_t *bytes, size_t n)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < n; i++) h = (h ^ bytes[i]) * 1099511628211u;
    return h;
}

/* session_of: 0 to 3 for "s0" to "s3", -1 for others */
static int session_of(const char *id)
{
    return id[0] == 's' && id[1] >= '0' && id[1] < '0' + SESSIONS && !id[2] ? id[1] - '0' : -1;
}

/* note keeps what the server is given. */
static void note(struct model *m, const uint8_t *bytes, size_t n)
{
    static struct acq_frame f;
    if (n > ACQ_FRAME_LIMIT || acq_decode(&f, bytes, n) < 0 || !f.has[ACQ_head_session_id]) return;
    if (m->count == m->room) {
        m->room = m->room ? 2 * m->room : 64;
        m->given = realloc(m->given, m->room * sizeof *m->given);
        CHECK(m->given);
    }
    struct given *g = &m->given[m->count++];
    *g = (struct given){.seq = f.has[ACQ_head_seq] ? f.head.seq : 0, .t_ns = f.head.monotonic_ns};
    g->body = hash(bytes, acq_frame_body(bytes, n));
    strcpy(g->session, f.head.session_id);
    int k = session_of(g->session);
    if (k < 0) return;
    if (!g->seq)
        m->sent[k]++; /* it may become the next one */
    else if (g->seq == m->sent[k] + 1)
        m->sent[k] = g->seq;
}

/* ---- the folder ---- */

static void clear_folder(const char *path)
{
    char name[600];
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink(name)) clear_folder(name);
    }
    closedir(dir);
    rmdir(path);
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 16];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    CHECK(in && out);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0) CHECK(fwrite(bytes, 1, n, out) == n);
    fclose(in);
    CHECK(fclose(out) == 0);
}

/* copy_folder copies a folder of folders of files. */
static void copy_folder(const char *from, const char *to)
{
    char a[600], b[600];
    struct stat there;
    DIR *dir = opendir(from);
    CHECK(dir && mkdir(to, 0700) == 0);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        if (e->d_name[0] == '.' && (!e->d_name[1] || !strcmp(e->d_name, ".."))) continue;
        if (stat(a, &there) < 0) continue; /* the log has just taken it away */
        if (S_ISDIR(there.st_mode))
            copy_folder(a, b);
        else
            copy_file(a, b);
    }
    closedir(dir);
}

/* was_given: a frame as it stands in a recording came from somebody */
static bool was_given(const struct model *m, const struct acq_frame *f, uint64_t body)
{
    for (size_t i = m->count; i-- > 0;) {
        const struct given *g = &m->given[i];
        if (strcmp(g->session, f->head.session_id)) continue;
        if (g->seq ? g->seq == f->head.seq && g->body == body : g->t_ns == f->head.monotonic_ns) return true;
    }
    return false;
}

static uint64_t read_recording(const struct model *m, const char *path, char session[64])
{
    static struct acq_frame f;
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err;
    const uint8_t *bytes;
    size_t n;
    uint64_t seq = 0;
    CHECK(acq_reader_new(&reader, path, &err) == ACQ_OK);
    while (acq_reader_next(reader, &batch, &err) == ACQ_OK) {
        while (acq_batch_next(&batch, &bytes, &n) == ACQ_OK) {
            CHECK(acq_decode(&f, bytes, n) == ACQ_OK && f.has[ACQ_head_seq] && f.has[ACQ_head_session_id]);
            CHECK(f.head.seq == ++seq);
            CHECK(seq == 1 || !strcmp(session, f.head.session_id));
            strcpy(session, f.head.session_id);
            CHECK(was_given(m, &f, hash(bytes, acq_frame_body(bytes, n))));
        }
        CHECK(!batch.len);
    }
    acq_reader_free(reader);
    return seq;
}

/* check_folder: each session in one recording, with all that was ever acked of it */
static void check_folder(const struct model *m)
{
    char path[600], session[64];
    uint64_t there[SESSIONS] = {0};
    DIR *dir = opendir(m->dir);
    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        CHECK(m->power_lost || !strstr(e->d_name, ".damaged"));
        if (strstr(e->d_name, ".damaged") || !strstr(e->d_name, ".pb.gz")) continue;
        snprintf(path, sizeof path, "%s/%s", m->dir, e->d_name);
        uint64_t last = read_recording(m, path, session);
        CHECK(last > 0);
        int k = session_of(session);
        if (k < 0) continue;
        CHECK(!there[k]);
        there[k] = last;
    }
    closedir(dir);
    for (int k = 0; k < SESSIONS; k++) CHECK(there[k] >= m->acked[k]);
}

static struct file *file_of(struct model *m, const char *path)
{
    for (size_t i = 0; i < m->file_count; i++)
        if (!strcmp(m->files[i].path, path)) return &m->files[i];
    if (m->file_count == FILES) return NULL;
    snprintf(m->files[m->file_count].path, sizeof m->files->path, "%s", path);
    m->files[m->file_count].durable = 0;
    return &m->files[m->file_count++];
}

/* lose_power takes away what the disk was never waited for, or a part of it. */
static void lose_power(struct model *m, const uint8_t part[FILES])
{
    struct stat there;
    m->power_lost = true;
    for (size_t i = 0; i < m->file_count; i++) {
        struct file *f = &m->files[i];
        if (stat(f->path, &there) < 0) continue;
        uint64_t size = (uint64_t)there.st_size;
        CHECK(size >= f->durable);
        size = f->durable + (size - f->durable) * part[i] / 255;
        CHECK(size || part[i] ? truncate(f->path, (off_t)size) == 0 : unlink(f->path) == 0);
    }
}

#endif
