#include "record/recorder.h"

#include "base/buf.h"
#include "frame/batch.h"
#include "record/member.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libdeflate's level: 2 packs 4 % better than 1, and 6 only 0.6 % better than 2 for 40 % more time (`make bench`) */
enum { LEVEL = 2, FAST = 1, USUAL = 128 * 1024 /* [byte] a member of a quarter of a second has less */ };

/* frames that are not in the file yet, and what the header will say of them */
struct part {
    struct acq_member member;
    struct acq_buf raw;
};

enum { CONTEXTS = 2 };
static const enum acq_id context_ids[CONTEXTS] = {ACQ_stat, ACQ_capture};

struct acq_recorder {
    int fd;
    bool sealing_now, failed, offline, lazy;
    bool again; /* the part aside could not be written yet */
    char path[ACQ_PATH_MAX];
    struct part open, sealing;
    struct acq_buf packed;                 /* the sealed member on its way to the file */
    struct acq_buf context[CONTEXTS];      /* the latest stat and capture, encoded */
    struct libdeflate_compressor *deflate; /* NULL before the first seal, or lent */
    bool lent;
    struct acq_member_trace trace;
    bool seal_failed; /* written by the thread that seals */
    struct acq_recorder_state state;
};

void acq_recorder_free(struct acq_recorder *r)
{
    if (!r) return;
    if (r->fd >= 0) acq_file_close(r->fd);
    if (!r->lent) libdeflate_free_compressor(r->deflate);
    acq_buf_fini(&r->open.raw);
    acq_buf_fini(&r->sealing.raw);
    acq_buf_fini(&r->packed);
    for (int i = 0; i < CONTEXTS; i++) acq_buf_fini(&r->context[i]);
    free(r);
}

static struct acq_recorder *make(const char *path)
{
    struct acq_recorder *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->fd = -1;
    snprintf(r->path, sizeof r->path, "%s", path);
    r->state.path = r->path;
    acq_buf_init(&r->open.raw, ACQ_MEMBER_RAW_MAX);
    acq_buf_init(&r->sealing.raw, ACQ_MEMBER_RAW_MAX);
    acq_buf_init(&r->packed, ACQ_MEMBER_SIZE_MAX);
    for (int i = 0; i < CONTEXTS; i++) acq_buf_init(&r->context[i], ACQ_FRAME_LIMIT);
    return r;
}

void acq_recorder_offline(struct acq_recorder *r)
{
    r->offline = true;
}

void acq_recorder_lazy(struct acq_recorder *r)
{
    r->lazy = true;
}

struct libdeflate_compressor *acq_recorder_compressor(bool fast)
{
    return libdeflate_alloc_compressor(fast ? FAST : LEVEL);
}

void acq_recorder_lend(struct acq_recorder *r, struct libdeflate_compressor *deflate)
{
    if (!r->lent) libdeflate_free_compressor(r->deflate);
    r->lent = deflate != NULL;
    r->deflate = deflate;
}

int acq_recorder_new(struct acq_recorder **recorder, const char *path, struct acq_err *err)
{
    struct acq_recorder *r = make(path);
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory for a recording");
    r->fd = acq_file_open(path, ACQ_FILE_CREATE, err);
    if (r->fd >= 0) {
        acq_file_lock(r->fd); /* nobody else can have it yet */
        *recorder = r;
        return ACQ_OK;
    }
    int result = r->fd;
    acq_recorder_free(r);
    return result;
}

/* read_at: exactly n bytes at `at`, or false */
static bool read_at(int fd, uint64_t at, uint8_t *dst, size_t n)
{
    if (acq_file_seek(fd, at) < 0) return false;
    while (n) {
        ptrdiff_t got = acq_file_read(fd, dst, n);
        if (got <= 0) return false;
        dst += got;
        n -= (size_t)got;
    }
    return true;
}

/* members at the end whose content is checked: more than can be on their way to the disk at once */
enum { CHECKED = 2 * ACQ_RECORDER_UNSYNCED_MAX };

/* walk goes from header to header, `most` at most. Returns how many members with frames there are in a row, and where
 * each of the last CHECKED begins: member i at at[i % CHECKED]. */
static uint64_t walk(int fd, uint64_t most, uint64_t at[CHECKED])
{
    uint8_t header[ACQ_MEMBER_HEADER];
    struct acq_member m;
    uint64_t n = 0, position = 0;
    while (n < most && read_at(fd, position, header, sizeof header) &&
           acq_member_parse(&m, header, sizeof header) == ACQ_OK && m.kind == ACQ_MEMBER_FRAMES) {
        at[n++ % CHECKED] = position;
        position += m.size;
    }
    return n;
}

/* Context comes when it changes, group by group. Other fields may stand between and behind, as protobuf libraries write
 * them in the order of their numbers. */
int acq_recorder_keep_context(struct acq_recorder *r, const uint8_t *bytes, size_t n)
{
    for (int i = 0; i < CONTEXTS; i++) {
        size_t len = acq_frame_context(bytes, n, context_ids[i], NULL);
        if (!len) continue;
        r->context[i].len = 0;
        int result = acq_buf_reserve(&r->context[i], n);
        if (result < 0) return result;
        r->context[i].len = acq_frame_context(bytes, n, context_ids[i], r->context[i].bytes);
    }
    return ACQ_OK;
}

/* read_member reads the member at `position` and its content. Returns false if it is not whole. */
static bool read_member(struct acq_recorder *r, uint64_t position, struct libdeflate_decompressor *inflate,
                        struct acq_member *m, struct acq_buf *raw)
{
    uint8_t header[ACQ_MEMBER_HEADER];
    r->packed.len = 0;
    return read_at(r->fd, position, header, sizeof header) && acq_member_parse(m, header, sizeof header) == ACQ_OK &&
           acq_buf_reserve(&r->packed, m->size) == ACQ_OK && read_at(r->fd, position, r->packed.bytes, m->size) &&
           acq_member_open(m, r->packed.bytes, inflate, raw) == ACQ_OK;
}

/* take_over makes the member at `position` the last of the recording. Returns false if it is not whole. */
static bool take_over(struct acq_recorder *r, uint64_t position, struct libdeflate_decompressor *inflate)
{
    struct acq_member m;
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n;
    if (!read_member(r, position, inflate, &m, &r->open.raw)) return false;
    batch = (struct acq_batch){r->open.raw.bytes, r->open.raw.len};
    r->open.raw.len = 0;
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK)
        if (acq_recorder_keep_context(r, frame, n) < 0) return false;
    if (batch.len) return false;
    r->state.last_seq = r->state.durable_seq = m.first_seq + m.frames - 1;
    r->state.durable_t_ns = m.last_t_ns;
    r->state.size = position + m.size;
    r->open.member.laps = m.laps;
    r->open.member.best_lap_ms = m.best_lap_ms;
    return true;
}

/* frames_behind says whether whole members with frames stand behind the one that is to be the last: then the file is
 * damaged in the middle, and cutting it off there would lose them. */
static bool frames_behind(struct acq_recorder *r, struct libdeflate_decompressor *inflate)
{
    uint8_t bytes[16 * 1024];
    struct acq_member m;
    struct acq_buf raw;
    size_t n = 0, i = 0;
    bool found = false;
    acq_buf_init(&raw, ACQ_MEMBER_RAW_MAX);
    for (uint64_t at = r->state.size; !found && acq_file_seek(r->fd, at + n) == ACQ_OK; at += i, n -= i) {
        ptrdiff_t got = acq_file_read(r->fd, bytes + n, sizeof bytes - n);
        if (got <= 0) break;
        n += (size_t)got;
        for (i = 0; !found && n - i >= ACQ_MEMBER_HEADER; i++)
            found = bytes[i] == 0x1f && read_member(r, at + i, inflate, &m, &raw) && m.kind == ACQ_MEMBER_FRAMES;
        memmove(bytes, bytes + i, n - i);
    }
    acq_buf_fini(&raw);
    return found;
}

/* find_end goes to the last member that is whole: a crash can leave good headers with nothing behind them. Whole ones
 * behind one that is not are no crash, but damage. */
static int find_end(struct acq_recorder *r, bool cut, struct acq_err *err)
{
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    uint64_t at[CHECKED], n = UINT64_MAX;
    if (!inflate) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->path);
    do { /* mostly once: again when not even the first of the last ones is whole */
        n = walk(r->fd, n, at);
        uint64_t first = n > CHECKED ? n - CHECKED : 0;
        for (uint64_t i = first; i < n && take_over(r, at[i % CHECKED], inflate);) i++;
        n = first;
    } while (n && !r->state.size);
    bool behind = r->state.size && !cut && frames_behind(r, inflate);
    libdeflate_free_decompressor(inflate);
    if (behind) return acq_fail(err, ACQ_FORMAT, "%s is damaged in the middle: it cannot be gone on with", r->path);
    if (r->state.size) return ACQ_OK;
    return acq_fail(err, ACQ_FORMAT, "%s holds no frame of ours to go on from", r->path);
}

int acq_recorder_resume(struct acq_recorder **recorder, const char *path, bool cut, struct acq_err *err)
{
    struct acq_recorder *r = make(path);
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory for a recording");
    int result = r->fd = acq_file_open(path, ACQ_FILE_UPDATE, err);
    if (result >= 0 && !acq_file_lock(r->fd)) result = acq_fail(err, ACQ_EXISTS, "another program is writing %s", path);
    if (result >= 0) result = find_end(r, cut, err);
    if (result >= 0) result = acq_file_truncate(r->fd, r->state.size, err);
    if (result >= 0 && acq_file_seek(r->fd, r->state.size) < 0)
        result = acq_fail(err, ACQ_IO, "cannot go on writing %s", path);
    if (result < 0) {
        acq_recorder_free(r);
        return result;
    }
    *recorder = r;
    return ACQ_OK;
}

bool acq_recorder_empty(const struct acq_recorder *r)
{
    return r->open.member.frames == 0;
}

bool acq_recorder_room(const struct acq_recorder *r)
{
    return !r->failed && r->open.raw.len + ACQ_FRAME_LIMIT + 16 <= ACQ_MEMBER_RAW_MAX;
}

bool acq_recorder_due(const struct acq_recorder *r)
{
    const struct acq_member *m = &r->open.member;
    return m->frames && (m->last_t_ns - m->first_t_ns >= ACQ_MEMBER_NS || r->open.raw.len >= ACQ_MEMBER_RAW_MAX / 2);
}

int acq_recorder_add(struct acq_recorder *r, const struct acq_frame *f, const uint8_t *bytes, size_t n)
{
    bool add[CONTEXTS];
    uint8_t length[10];
    size_t all = n;
    if (r->failed || n > ACQ_FRAME_LIMIT) return ACQ_RANGE;
    if (r->offline && r->state.last_seq && f->head.seq != r->state.last_seq + 1) { /* a member has no holes */
        int result = acq_recorder_flush(r, NULL);
        if (result < 0) return result;
    }
    if ((f->has[ACQ_stat] || f->has[ACQ_capture]) && acq_recorder_keep_context(r, bytes, n) < 0) return ACQ_RANGE;
    for (int i = 0; i < CONTEXTS; i++) {
        add[i] = !r->open.member.frames && !f->has[context_ids[i]] && all + r->context[i].len <= ACQ_FRAME_LIMIT;
        if (add[i]) all += r->context[i].len;
    }
    size_t len = acq_varint_put(length, all);
    if (acq_buf_reserve(&r->open.raw, len + all) < 0) return ACQ_RANGE;
    acq_buf_add(&r->open.raw, length, len);
    acq_buf_add(&r->open.raw, bytes, n);
    for (int i = 0; i < CONTEXTS; i++)
        if (add[i]) acq_buf_add(&r->open.raw, r->context[i].bytes, r->context[i].len);
    acq_member_note(&r->open.member, &r->trace, f);
    r->state.last_seq = f->head.seq;
    r->state.frames++;
    return ACQ_OK;
}

bool acq_recorder_begin_seal(struct acq_recorder *r)
{
    if (r->sealing_now || r->failed) return false;
    if (r->again) return r->sealing_now = true;
    if (acq_recorder_empty(r)) return false;
    struct part part = r->sealing;
    r->sealing = r->open;
    r->sealing.member.raw_size = (uint32_t)r->sealing.raw.len;
    r->open = part;
    r->open.raw.len = 0;
    r->open.member = (struct acq_member){.laps = r->sealing.member.laps, .best_lap_ms = r->sealing.member.best_lap_ms};
    r->sealing_now = true;
    return true;
}

/* append: the sealed member at the end of the file; a part of one is cut off again, so that the file stays whole */
static int append(struct acq_recorder *r, struct acq_err *err)
{
    int result = acq_file_write(r->fd, r->packed.bytes, r->packed.len, err);
    if (result == ACQ_OK && !r->offline && !r->lazy) result = acq_file_sync(r->fd, err);
    if (result == ACQ_OK) return ACQ_OK;
    acq_file_truncate(r->fd, r->state.size, NULL);
    acq_file_seek(r->fd, r->state.size);
    return result;
}

/* compressor: lent, or an own one from the first seal on */
static bool compressor(struct acq_recorder *r)
{
    if (!r->deflate) r->deflate = acq_recorder_compressor(false);
    return r->deflate;
}

int acq_recorder_seal(struct acq_recorder *r, struct acq_err *err)
{
    r->packed.len = 0;
    int result =
        !compressor(r) ? ACQ_MEMORY : acq_member_seal(&r->sealing.member, r->sealing.raw.bytes, r->deflate, &r->packed);
    if (result == ACQ_OK)
        result = append(r, err);
    else
        acq_fail(err, result, "cannot pack the recording %s: no memory", r->path);
    r->seal_failed = result < 0;
    return result;
}

/* give_back: of lazy recorders there may be a thousand, of which few seal at once and few have large members. */
static void give_back(struct acq_recorder *r)
{
    acq_buf_fini(&r->packed);
    acq_buf_init(&r->packed, ACQ_MEMBER_SIZE_MAX);
    if (r->seal_failed || r->sealing.raw.room <= USUAL) return;
    acq_buf_fini(&r->sealing.raw);
    acq_buf_init(&r->sealing.raw, ACQ_MEMBER_RAW_MAX);
}

void acq_recorder_end_seal(struct acq_recorder *r)
{
    const struct acq_member *m = &r->sealing.member;
    r->sealing_now = false;
    if (r->lazy) give_back(r);
    r->again = r->lazy && r->seal_failed;
    r->failed = r->failed || (r->seal_failed && !r->lazy);
    if (r->seal_failed) return;
    r->state.size += m->size;
    r->state.durable_seq = m->first_seq + m->frames - 1;
    r->state.durable_t_ns = m->last_t_ns;
    r->state.unsynced = r->lazy ? r->state.unsynced + m->size : 0;
}

int acq_recorder_sync(struct acq_recorder *r, struct acq_err *err)
{
    return acq_file_sync(r->fd, err);
}

void acq_recorder_end_sync(struct acq_recorder *r)
{
    r->state.unsynced = 0;
}

int acq_recorder_leave_out(struct acq_recorder *r, struct acq_err *err)
{
    int result = acq_recorder_flush(r, err);
    r->open.member.left_out = true;
    r->trace.any = false;
    return result;
}

int acq_recorder_copy(struct acq_recorder *r, const struct acq_member *m, const uint8_t *packed, struct acq_err *err)
{
    bool left_out = r->open.member.left_out && acq_recorder_empty(r);
    int result = acq_recorder_flush(r, err);
    if (result < 0) return result;
    r->packed.len = 0;
    result = acq_buf_add(&r->packed, packed, m->size);
    if (result < 0) return acq_fail(err, result, "no memory to write %s", r->path);
    if (left_out != m->left_out) acq_member_set_left_out(r->packed.bytes, left_out);
    result = append(r, err);
    r->failed = result < 0;
    if (result < 0) return result;
    r->open.member = (struct acq_member){.laps = m->laps, .best_lap_ms = m->best_lap_ms};
    r->trace.any = false;
    r->state.size += m->size;
    r->state.frames += m->frames;
    r->state.last_seq = r->state.durable_seq = m->first_seq + m->frames - 1;
    r->state.durable_t_ns = m->last_t_ns;
    return ACQ_OK;
}

int acq_recorder_flush(struct acq_recorder *r, struct acq_err *err)
{
    int result = ACQ_OK;
    while (result == ACQ_OK && acq_recorder_begin_seal(r)) { /* twice where a lazy one has to try again */
        result = acq_recorder_seal(r, err);
        acq_recorder_end_seal(r);
    }
    return result;
}

/* put_end: the empty member that says that the recording was closed */
static int put_end(struct acq_recorder *r, struct acq_err *err)
{
    struct acq_member m = {.kind = ACQ_MEMBER_END,
                           .first_seq = r->state.last_seq + 1,
                           .first_t_ns = r->state.durable_t_ns,
                           .last_t_ns = r->state.durable_t_ns,
                           .laps = r->open.member.laps,
                           .best_lap_ms = r->open.member.best_lap_ms};
    r->packed.len = 0;
    if (!compressor(r)) return acq_fail(err, ACQ_MEMORY, "no memory to close the recording %s", r->path);
    int result = acq_member_seal(&m, (const uint8_t *)"", r->deflate, &r->packed);
    return result == ACQ_OK ? append(r, err) : acq_fail(err, result, "cannot close the recording %s", r->path);
}

int acq_recorder_close(struct acq_recorder *r, struct acq_err *err)
{
    int result = r->failed ? ACQ_OK : acq_recorder_flush(r, err);
    if (result == ACQ_OK && !r->failed) result = put_end(r, err);
    if (result == ACQ_OK && r->offline && !r->failed) result = acq_file_sync(r->fd, err);
    acq_recorder_free(r);
    return result;
}

struct acq_recorder_state acq_recorder_get_state(const struct acq_recorder *r)
{
    return r->state;
}
