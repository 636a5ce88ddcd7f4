#include "bridge/previous.h"

#include "base/file.h"
#include "bridge/part.h"
#include "frame/batch.h"
#include "record/member.h"

#include <ctype.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL = 1 << 20 /* [byte] a member of a quarter of a second has some 40,000 */ };

/* is_dated: does the name begin with a time, 20261122T153329Z_, as those do that a bridge gives? */
static bool is_dated(const char *name)
{
    static const char form[] = "ddddddddTddddddZ_";
    for (size_t i = 0; i + 1 < sizeof form; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)name[i]) : name[i] != form[i]) return false;
    return acq_has_suffix(name, ".pb.gz") || acq_has_suffix(name, ".pb.gz" ACQ_PART);
}

/* newest: what acq_dir_each calls; user is the name of the newest so far */
static int newest(void *user, const char *name)
{
    char *best = user;
    if (is_dated(name) && strlen(name) < ACQ_PATH_MAX && strcmp(name, best) > 0) strcpy(best, name);
    return ACQ_OK;
}

/* read_tail reads the end of a file that nobody writes. Returns how much, 0 for nothing. */
static size_t read_tail(const char *path, uint8_t *tail)
{
    int fd = acq_path_is_file(path) ? acq_file_open(path, ACQ_FILE_READ, NULL) : ACQ_MISSING;
    if (fd < 0) return 0;
    int64_t size = acq_file_size(fd);
    uint64_t from = size > TAIL ? (uint64_t)size - TAIL : 0;
    size_t n = 0;
    while (size > 0 && n < TAIL && !acq_file_locked(fd)) {
        ptrdiff_t got = acq_file_read_at(fd, from + n, tail + n, TAIL - n);
        if (got <= 0) break;
        n += (size_t)got;
    }
    acq_file_close(fd);
    return n;
}

/* walk decodes the frames of a member. Returns whether the last one is there with its context. */
static bool walk(struct acq_frame *f, const struct acq_buf *raw)
{
    struct acq_batch batch = {raw->bytes, raw->len};
    struct acq_frame *first = calloc(1, sizeof *first);
    const uint8_t *bytes;
    size_t n, frames = 0;
    bool good = first != NULL;
    while (good && acq_batch_next(&batch, &bytes, &n) == ACQ_OK) {
        good = acq_decode(f, bytes, n) == ACQ_OK;
        if (good && !frames++) *first = *f; /* it has the context of the whole member */
    }
    if (good && frames) {
        f->stat = first->stat;
        memcpy(f->has + ACQ_stat, first->has + ACQ_stat, ACQ_IDS - ACQ_stat);
    }
    free(first);
    return good && frames && f->has[ACQ_head_session_id] && f->has[ACQ_head_utc_ns] && f->has[ACQ_physics_packet_id] &&
           f->has[ACQ_stat_car_model];
}

/* last_frame finds the last whole member in the tail, and its last frame. */
static bool last_frame(struct acq_frame *f, const uint8_t *tail, size_t n)
{
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    struct acq_member m;
    struct acq_buf raw;
    bool found = false;
    acq_buf_init(&raw, ACQ_MEMBER_RAW_MAX);
    for (size_t at = n; inflate && !found && at-- > 0;) {
        if (tail[at] != 0x1f || acq_member_parse(&m, tail + at, n - at) != ACQ_OK) continue;
        if (m.kind != ACQ_MEMBER_FRAMES || m.size > n - at) continue;
        if (acq_member_open(&m, tail + at, inflate, &raw) != ACQ_OK) continue;
        found = walk(f, &raw);
        break;
    }
    acq_buf_fini(&raw);
    if (inflate) libdeflate_free_decompressor(inflate);
    return found;
}

void acq_previous_find(struct acq_mark *mark, const char *dir)
{
    char name[ACQ_PATH_MAX] = "", path[ACQ_PATH_MAX];
    *mark = (struct acq_mark){0};
    acq_dir_each(dir, newest, name, NULL);
    if (!*name || acq_path_join(path, sizeof path, dir, name) < 0) return;
    struct acq_frame *f = calloc(1, sizeof *f);
    uint8_t *tail = malloc(TAIL);
    if (f && tail && last_frame(f, tail, read_tail(path, tail))) acq_mark_set(mark, f);
    free(tail);
    free(f);
}
