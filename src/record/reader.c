#include "record/reader.h"

#include "base/buf.h"
#include "base/file.h"
#include "frame/frame.h"
#include "record/member.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { READ = 256 * 1024, FOREIGN_BATCH = 512 * 1024 };

struct acq_reader {
    int fd;
    bool eof, ended, stream_open, stream_complete;
    char path[ACQ_PATH_MAX];
    int64_t size;      /* of the file, or < 0 */
    uint64_t consumed; /* bytes of the file before in.bytes[0] */
    struct acq_buf in; /* read, not yet used; `at` bytes of it are */
    size_t at;
    struct acq_buf out;     /* what the latest batch points to */
    size_t given;           /* bytes of `out` that the latest batch took (foreign) */
    struct acq_batch first; /* the batch that acq_reader_new looked into */
    bool has_first;
    uint64_t next_seq; /* that should come next, 0: not known */
    struct libdeflate_decompressor *inflate;
    z_stream z;
    struct acq_reader_loss loss;
};

void acq_reader_free(struct acq_reader *r)
{
    if (!r) return;
    if (r->fd >= 0) acq_file_close(r->fd);
    if (r->stream_open) inflateEnd(&r->z);
    libdeflate_free_decompressor(r->inflate);
    acq_buf_fini(&r->in);
    acq_buf_fini(&r->out);
    free(r);
}

const struct acq_reader_loss *acq_reader_get_loss(const struct acq_reader *r)
{
    return &r->loss;
}

double acq_reader_progress(const struct acq_reader *r)
{
    return r->size > 0 ? (double)(r->consumed + r->at) / (double)r->size : -1;
}

/* have: makes at least n unused bytes stand at in.bytes + at. Returns how many stand there: fewer only at the file's
 * end. */
static ptrdiff_t have(struct acq_reader *r, size_t n, struct acq_err *err)
{
    while (r->in.len - r->at < n && !r->eof) {
        if (r->at > READ) {
            r->consumed += r->at;
            acq_buf_drop(&r->in, r->at);
            r->at = 0;
        }
        if (acq_buf_reserve(&r->in, READ) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->path);
        ptrdiff_t got = acq_file_read(r->fd, r->in.bytes + r->in.len, READ);
        if (got < 0) return acq_fail(err, ACQ_IO, "cannot read %s: the disk or the connection failed", r->path);
        if (got == 0) r->eof = true;
        r->in.len += (size_t)got;
    }
    return (ptrdiff_t)(r->in.len - r->at);
}

static void lose(struct acq_reader *r, const char *text)
{
    if (!*r->loss.text) snprintf(r->loss.text, sizeof r->loss.text, "%s", text);
}

/* say_loss: the sentence on a file of ours, when all has been read */
static void say_loss(struct acq_reader *r)
{
    struct acq_reader_loss *l = &r->loss;
    if (l->missing_frames)
        snprintf(l->text, sizeof l->text,
                 "the file is damaged: %" PRIu64 " frames are missing, %" PRIu64 " bytes are unreadable",
                 l->missing_frames, l->damaged_bytes);
    else if (l->damaged_bytes)
        snprintf(l->text, sizeof l->text, "the file is cut: its last %" PRIu64 " bytes are no whole member",
                 l->damaged_bytes);
}

/* find_member: makes *m the next member whose header is whole and goes to it; what was passed over is damage. Returns
 * 0, ACQ_END, or an error. */
static int find_member(struct acq_reader *r, struct acq_member *m, struct acq_err *err)
{
    for (;;) {
        ptrdiff_t n = have(r, ACQ_MEMBER_HEADER, err);
        if (n < 0) return (int)n;
        if (n == 0) return ACQ_END;
        int result = acq_member_parse(m, r->in.bytes + r->at, (size_t)n);
        if (result == ACQ_OK) return ACQ_OK;
        if (result == ACQ_VERSION && !r->next_seq && !r->loss.damaged_bytes)
            return acq_fail(err, ACQ_VERSION, "%s is of a newer format: use a newer version of this program", r->path);
        /* on to the next byte that could begin a member */
        const uint8_t *from = r->in.bytes + r->at + 1, *next = memchr(from, 0x1f, (size_t)n - 1);
        size_t skip = next ? (size_t)(next - from) + 1 : (size_t)n;
        r->at += skip;
        r->loss.damaged_bytes += skip;
    }
}

/* next_member: the frames of the next whole member. */
static int next_member(struct acq_reader *r, struct acq_batch *batch, struct acq_err *err)
{
    struct acq_member m;
    for (;;) {
        int result = find_member(r, &m, err);
        if (result == ACQ_END) say_loss(r);
        if (result) return result;
        ptrdiff_t n = have(r, m.size, err);
        if (n < 0) return (int)n;
        result = (size_t)n < m.size ? ACQ_FORMAT : acq_member_open(&m, r->in.bytes + r->at, r->inflate, &r->out);
        if (result == ACQ_MEMORY) return acq_fail(err, result, "no memory to read %s", r->path);
        if (result <
            0) { /* the header is good, what follows is not: look for the next from the byte behind its start */
            r->at++;
            r->loss.damaged_bytes++;
            continue;
        }
        r->at += m.size;
        if (!r->next_seq && r->loss.damaged_bytes) r->next_seq = 1; /* the damage is where the session begins */
        if (r->next_seq && m.first_seq > r->next_seq) r->loss.missing_frames += m.first_seq - r->next_seq;
        r->next_seq = m.first_seq + m.frames;
        r->loss.closed = m.kind == ACQ_MEMBER_END;
        if (m.kind == ACQ_MEMBER_END) continue;
        *batch = (struct acq_batch){r->out.bytes, r->out.len};
        return ACQ_OK;
    }
}

/* inflate_some: more content of a foreign file into `out`. Returns 0, ACQ_END, or an error of the file. */
static int inflate_some(struct acq_reader *r, struct acq_err *err)
{
    ptrdiff_t n = have(r, 1, err);
    if (n < 0) return (int)n;
    if (n == 0) return ACQ_END;
    if (r->stream_complete) { /* another gzip member may follow */
        if (r->in.bytes[r->at] != 0x1f || inflateReset(&r->z) != Z_OK) return ACQ_END;
        r->stream_complete = false;
    }
    if (acq_buf_reserve(&r->out, READ) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->path);
    r->z.next_in = r->in.bytes + r->at;
    r->z.avail_in = (unsigned)(n > READ ? READ : n);
    r->z.next_out = r->out.bytes + r->out.len;
    r->z.avail_out = READ;
    unsigned in = r->z.avail_in;
    int z = inflate(&r->z, Z_NO_FLUSH);
    r->at += in - r->z.avail_in;
    r->out.len += READ - r->z.avail_out;
    r->stream_complete = z == Z_STREAM_END;
    if (z == Z_OK || z == Z_STREAM_END || (z == Z_BUF_ERROR && in)) return ACQ_OK;
    lose(r, "the gzip stream is damaged: what stands before the damage is read");
    r->loss.damaged_bytes += (uint64_t)n;
    return ACQ_END;
}

/* whole_frames: how many bytes of a batch are whole frames; *result is how it ends, as acq_batch_next says it */
static size_t whole_frames(struct acq_batch b, int *result)
{
    const uint8_t *begin = b.bytes, *frame;
    size_t n;
    do *result = acq_batch_next(&b, &frame, &n);
    while (*result == ACQ_OK);
    return (size_t)(b.bytes - begin);
}

static int end_foreign(struct acq_reader *r)
{
    r->ended = true;
    r->loss.damaged_bytes += r->out.len;
    r->loss.closed = r->stream_complete && !*r->loss.text;
    if (!r->stream_complete)
        lose(r, "the file is cut: it ends inside its gzip stream, as after a crash");
    else if (r->out.len)
        lose(r, "the file is cut: it ends inside a frame");
    return ACQ_END;
}

/* next_foreign: some whole frames of a foreign file. */
static int next_foreign(struct acq_reader *r, struct acq_batch *batch, struct acq_err *err)
{
    if (r->ended) return ACQ_END;
    acq_buf_drop(&r->out, r->given);
    r->given = 0;
    for (;;) {
        int more = r->out.len < FOREIGN_BATCH ? inflate_some(r, err) : ACQ_OK, how;
        if (more < 0) return more;
        size_t n = whole_frames((struct acq_batch){r->out.bytes, r->out.len}, &how);
        if (how == ACQ_FORMAT) lose(r, "a frame has an impossible length: what stands before it is read");
        if (n && (more == ACQ_END || how == ACQ_FORMAT || n >= FOREIGN_BATCH / 2)) {
            *batch = (struct acq_batch){r->out.bytes, n};
            r->given = n;
            return ACQ_OK;
        }
        if (more == ACQ_END || how == ACQ_FORMAT) return end_foreign(r);
    }
}

int acq_reader_next(struct acq_reader *r, struct acq_batch *batch, struct acq_err *err)
{
    if (r->has_first) {
        *batch = r->first;
        r->has_first = false;
        return batch->len ? ACQ_OK : ACQ_END;
    }
    return r->loss.foreign ? next_foreign(r, batch, err) : next_member(r, batch, err);
}

/* ours_ahead: does a member of ours begin somewhere near the start of the file? Then what stands before is damaged. */
static bool ours_ahead(struct acq_reader *r, struct acq_err *err)
{
    struct acq_member m;
    if (have(r, READ, err) < 0) return false;
    for (size_t at = 1; r->consumed == 0 && at < r->in.len; at++)
        if (r->in.bytes[at] == 0x1f && acq_member_parse(&m, r->in.bytes + at, r->in.len - at) == ACQ_OK) return true;
    return false;
}

/* look: is it ours, or another gzip file? */
static int look(struct acq_reader *r, struct acq_err *err)
{
    struct acq_member m;
    ptrdiff_t n = have(r, ACQ_MEMBER_HEADER, err);
    if (n < 0) return (int)n;
    if (n == 0) return acq_fail(err, ACQ_FORMAT, "%s is empty: nothing was recorded in it", r->path);
    const uint8_t *p = r->in.bytes; /* whose bytes ours_ahead may move */
    int kind = acq_member_parse(&m, p, (size_t)n);
    bool gzip = n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
    if (kind == ACQ_OK || kind == ACQ_VERSION || (!gzip && ours_ahead(r, err))) return ACQ_OK;
    if (!gzip) return acq_fail(err, ACQ_FORMAT, "%s is not a recording: it is no gzip file", r->path);
    r->loss.foreign = true;
    r->stream_open = inflateInit2(&r->z, 15 + 16) == Z_OK; /* + 16: gzip, not zlib */
    return r->stream_open ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->path);
}

/* check_first: a file of whatever content is refused before anyone works with it. */
static int check_first(struct acq_reader *r, struct acq_err *err)
{
    struct acq_batch b;
    const uint8_t *bytes;
    size_t n;
    int result = acq_reader_next(r, &r->first, err);
    if (result < 0) return result;
    if (result == ACQ_END && r->loss.foreign && ours_ahead(r, err)) { /* ours, after all */
        r->loss = (struct acq_reader_loss){0};
        r->at = r->given = r->out.len = 0;
        result = acq_reader_next(r, &r->first, err);
        if (result < 0) return result;
    }
    if (result == ACQ_END) {
        r->first = (struct acq_batch){0};
        r->has_first = true;
        /* a recording without a frame, if nothing speaks against it */
        if (!r->loss.damaged_bytes && (!r->loss.foreign || r->loss.closed)) return ACQ_OK;
        return acq_fail(err, ACQ_FORMAT, "%s holds no whole frame: %s", r->path, r->loss.text);
    }
    b = r->first;
    r->has_first = true;
    struct acq_frame *f = malloc(sizeof *f);
    if (!f) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->path);
    bool good = acq_batch_next(&b, &bytes, &n) == ACQ_OK && acq_decode(f, bytes, n) == ACQ_OK;
    free(f);
    return good ? ACQ_OK : acq_fail(err, ACQ_FORMAT, "%s is not a recording: it is gzip of something else", r->path);
}

int acq_reader_new(struct acq_reader **reader, const char *path, struct acq_err *err)
{
    struct acq_reader *r = calloc(1, sizeof *r);
    int result = r ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (result == ACQ_OK) {
        snprintf(r->path, sizeof r->path, "%s", strcmp(path, "-") ? path : "standard input");
        acq_buf_init(&r->in, ACQ_MEMBER_SIZE_MAX + 4 * READ);
        acq_buf_init(&r->out, ACQ_MEMBER_RAW_MAX + 4 * READ);
        r->inflate = libdeflate_alloc_decompressor();
        result = r->fd = acq_file_open(path, ACQ_FILE_READ, err);
    }
    if (result >= 0 && !r->inflate) result = acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    if (result >= 0) {
        r->size = acq_file_size(r->fd);
        result = look(r, err);
    }
    if (result >= 0) result = check_first(r, err);
    if (result < 0) {
        acq_reader_free(r);
        return result;
    }
    *reader = r;
    return ACQ_OK;
}

int acq_reader_skip_to(struct acq_reader *r, uint64_t seq, struct acq_err *err)
{
    struct acq_member m;
    if (r->loss.foreign || r->size < 0)
        return acq_fail(err, ACQ_FORMAT, "%s has no member headers to find frames by", r->path);
    r->has_first = r->eof = false;
    r->next_seq = 1;
    for (uint64_t at = 0;; at += m.size) {
        r->in.len = r->at = 0;
        r->consumed = at;
        if (acq_file_seek(r->fd, at) < 0) return acq_fail(err, ACQ_IO, "cannot read %s", r->path);
        uint8_t header[ACQ_MEMBER_HEADER];
        ptrdiff_t n = acq_file_read(r->fd, header, sizeof header);
        if (n < 0) return acq_fail(err, ACQ_IO, "cannot read %s", r->path);
        if (n == 0) return ACQ_END;
        /* behind a damaged header nothing can be skipped: from there on, all is read */
        bool good = acq_member_parse(&m, header, (size_t)n) == ACQ_OK;
        if (good && m.kind == ACQ_MEMBER_FRAMES) r->next_seq = m.first_seq;
        if (!good || (m.kind == ACQ_MEMBER_FRAMES && m.first_seq + m.frames > seq))
            return acq_file_seek(r->fd, at) < 0 ? acq_fail(err, ACQ_IO, "cannot read %s", r->path) : ACQ_OK;
        r->next_seq += m.frames;
    }
}
