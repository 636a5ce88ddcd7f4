#include "record/rescue.h"

#include <libdeflate.h>
#include <string.h>

/* Behind damage, deflate may go on for a while before what comes out makes no sense: so many frames before the first
 * senseless one are not trusted. In 13,000 trials with a flipped bit or a hole after which the stream did not come to
 * its end, never more than the last one was wrong. Where the stream does come to its end, it has found back into step
 * behind the damage: then it was small, a wrong value may stand anywhere, and no frame can be vouched for. */
enum { MARGIN = 2 };

int acq_rescue_init(struct acq_rescue *s, struct acq_err *err)
{
    memset(s, 0, sizeof *s);
    acq_buf_init(&s->raw, ACQ_MEMBER_RAW_MAX);
    s->open = inflateInit2(&s->z, -15) == Z_OK; /* < 0: deflate alone */
    return s->open ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to unpack damaged members");
}

void acq_rescue_fini(struct acq_rescue *s)
{
    if (s->open) inflateEnd(&s->z);
    acq_buf_fini(&s->raw);
    s->open = false;
}

/* unpack: as much content as there is. Returns zlib's result. */
static int unpack(struct acq_rescue *s, const struct acq_member *m, const uint8_t *bytes, size_t n)
{
    size_t packed = m->size - ACQ_MEMBER_HEADER - ACQ_MEMBER_TRAILER;
    s->raw.len = 0;
    if (inflateReset(&s->z) != Z_OK || n <= ACQ_MEMBER_HEADER) return Z_BUF_ERROR;
    n -= ACQ_MEMBER_HEADER;
    s->z.next_in = (z_const Bytef *)bytes + ACQ_MEMBER_HEADER;
    s->z.avail_in = (unsigned)(n < packed ? n : packed);
    s->z.next_out = s->raw.bytes;
    s->z.avail_out = m->raw_size;
    int z = inflate(&s->z, Z_SYNC_FLUSH);
    s->raw.len = m->raw_size - s->z.avail_out;
    return z;
}

/* sensible: does the frame at hand go on from the one before, as the header says it must? */
static bool sensible(const struct acq_rescue *s, const struct acq_member *m, uint64_t number, int64_t before,
                     const char *session)
{
    const struct acq_frame *f = &s->frame;
    int64_t t = (int64_t)f->head.monotonic_ns;
    if (!f->has[ACQ_head_seq] || f->head.seq != m->first_seq + number || number >= m->frames) return false;
    if (!f->has[ACQ_head_monotonic_ns] || (number ? t < before : t != m->first_t_ns) || t > m->last_t_ns) return false;
    return !number || !strcmp(session, f->has[ACQ_head_session_id] ? f->head.session_id : "");
}

/* count: how many frames in a row are sensible; end[i % n] is where the i-th ends. *ran_out: the content ends behind
 * them, in the middle of a frame or not. */
static uint64_t count(struct acq_rescue *s, const struct acq_member *m, size_t end[MARGIN + 1], bool *ran_out)
{
    struct acq_batch batch = {s->raw.bytes, s->raw.len};
    char session[sizeof s->frame.head.session_id] = "";
    const uint8_t *frame;
    size_t n;
    int64_t before = 0;
    uint64_t good = 0;
    int r;
    while ((r = acq_batch_next(&batch, &frame, &n)) == ACQ_OK && acq_decode(&s->frame, frame, n) == ACQ_OK &&
           sensible(s, m, good, before, session)) {
        before = (int64_t)s->frame.head.monotonic_ns;
        if (!good && s->frame.has[ACQ_head_session_id]) strcpy(session, s->frame.head.session_id);
        end[++good % (MARGIN + 1)] = s->raw.len - batch.len;
    }
    *ran_out = r == ACQ_AGAIN || r == ACQ_END;
    return good;
}

/* clean_cut: do the bytes end in data, and not in the zeros that some file systems put where nothing was written? */
static bool clean_cut(const uint8_t *bytes, size_t n)
{
    static const uint8_t zeros[16];
    return n > sizeof zeros && memcmp(bytes + n - sizeof zeros, zeros, sizeof zeros) != 0;
}

/* checksum_damaged: is it the checksum that is damaged, in one bit or in the size behind it, and not the content? */
static bool checksum_damaged(const struct acq_rescue *s, const struct acq_member *m, const uint8_t *bytes)
{
    uint32_t says = (uint32_t)acq_get_le(bytes + m->size - ACQ_MEMBER_TRAILER, 4);
    uint32_t off = says ^ libdeflate_crc32(0, s->raw.bytes, s->raw.len);
    return (off & (off - 1)) == 0; /* at most one bit */
}

int acq_rescue_member(struct acq_rescue *s, const struct acq_member *m, const uint8_t *bytes, size_t n, bool cut,
                      struct acq_batch *batch, uint64_t *doubtful)
{
    size_t end[MARGIN + 1] = {0};
    *batch = (struct acq_batch){0};
    *doubtful = 0;
    s->raw.len = 0;
    if (acq_buf_reserve(&s->raw, m->raw_size ? m->raw_size : 1) < 0) return ACQ_MEMORY;
    bool ran_out, early = cut && n < m->size && clean_cut(bytes, n);
    int z = unpack(s, m, bytes, n);
    uint64_t good = count(s, m, end, &ran_out), take = good > MARGIN ? good - MARGIN : 0;
    if (early && ran_out && z != Z_DATA_ERROR)
        take = good; /* what stands before the file's end is as it was written */
    else if (z == Z_STREAM_END && s->raw.len == m->raw_size)
        take = good == m->frames && n >= m->size && checksum_damaged(s, m, bytes) ? good : 0;
    *batch = (struct acq_batch){s->raw.bytes, take ? end[take % (MARGIN + 1)] : 0};
    *doubtful = good - take;
    return ACQ_OK;
}
