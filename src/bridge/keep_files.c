#include "bridge/keep_files.h"

#include "bridge/part.h"
#include "frame/frame.h"
#include "record/reader.h"

#include <stdlib.h>
#include <string.h>

const char *acq_keep_id(const char *name)
{
    static const char *const ends[] = {".pb.gz", ".pb.gz" ACQ_PART};
    size_t n = strlen(name);
    for (int i = 0; i < 2; i++) {
        if (!acq_has_suffix(name, ends[i])) continue;
        size_t end = n - strlen(ends[i]), digits = end;
        while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9') digits--;
        /* ..._SESSION-2: another file had the name already; the id itself has twelve digits behind its last dash */
        if (digits < end && end - digits < 12 && digits && name[digits - 1] == '-') end = digits - 1;
        if (end < ACQ_KEEP_ID + 1) continue;
        const char *id = name + end - ACQ_KEEP_ID;
        if (id[-1] != '_' || strspn(id, "0123456789abcdef-") < ACQ_KEEP_ID) continue;
        if (id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-') return id;
    }
    return NULL;
}

int64_t acq_keep_end(const char *path, uint64_t seq)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    uint64_t at;
    int64_t end = 0;
    if (acq_reader_new(&reader, path, NULL) < 0) return 0;
    bool there = acq_reader_seekable(reader) && acq_reader_skip_to(reader, seq, NULL) == ACQ_OK &&
                 acq_reader_next(reader, &batch, NULL) == ACQ_OK;
    const struct acq_member *m = there ? acq_reader_member(reader, &at) : NULL;
    bool timed = m && m->first_utc_ns > 0 && m->first_utc_ns < INT64_MAX / 2 && m->first_t_ns >= 0 &&
                 m->last_t_ns >= m->first_t_ns && m->last_t_ns < INT64_MAX / 2;
    if (timed && m->frames && m->first_seq + m->frames - 1 == seq)
        end = m->first_utc_ns + (m->last_t_ns - m->first_t_ns);
    acq_reader_free(reader);
    return end;
}

/* is_of: is the first frame of the batch the first one of session `id`? */
static bool is_of(struct acq_batch batch, const char *id)
{
    const uint8_t *bytes;
    size_t n;
    struct acq_frame *f = malloc(sizeof *f);
    bool is = f && acq_batch_next(&batch, &bytes, &n) == ACQ_OK && acq_decode(f, bytes, n) == ACQ_OK &&
              f->has[ACQ_head_seq] && f->head.seq == 1 && !strncmp(f->head.session_id, id, ACQ_KEEP_ID + 1);
    free(f);
    return is;
}

static bool read_through(struct acq_reader *reader, const char *id, uint64_t seq, atomic_bool *stop)
{
    struct acq_batch batch;
    uint64_t at, last = 0;
    int r;
    if (!acq_reader_seekable(reader)) return false;
    while ((r = acq_reader_next(reader, &batch, NULL)) == ACQ_OK) {
        const struct acq_member *m = acq_reader_member(reader, &at);
        if (atomic_load(stop) || !m || m->left_out || m->first_seq != last + 1) return false;
        if (!last && !is_of(batch, id)) return false;
        last += m->frames;
    }
    const struct acq_loss *loss = acq_reader_get_loss(reader);
    bool whole = loss->closed && !loss->damaged_bytes && !loss->missing_frames && !loss->left_out && !loss->foreign;
    return r == ACQ_END && whole && last == seq;
}

bool acq_keep_whole(const char *path, const char *id, uint64_t seq, atomic_bool *stop)
{
    struct acq_reader *reader;
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    if (fd < 0) return false;
    bool whole = !acq_file_locked(fd) && acq_reader_new(&reader, path, NULL) == ACQ_OK;
    if (whole) {
        whole = read_through(reader, id, seq, stop);
        acq_reader_free(reader);
    }
    acq_file_close(fd);
    return whole;
}
