#include "record/member.h"

#include <libdeflate.h>
#include <string.h>

/* gzip header: ID1 ID2 CM FLG MTIME[4] XFL OS XLEN[2], then SI1 SI2 LEN[2] and the subfield's data */
enum { GZIP = 12, DATA = GZIP + 4, DATA_SIZE = ACQ_MEMBER_HEADER - DATA };
static const uint8_t start[DATA] = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, DATA_SIZE + 4, 0, 'A', 'Q', DATA_SIZE, 0};

/* offsets in the subfield's data */
enum {
    AT_VERSION = 0,
    AT_KIND = 1,
    AT_FLAGS = 2,
    AT_SIZE = 4,
    AT_RAW_SIZE = 8,
    AT_FRAMES = 12,
    AT_FIRST_SEQ = 16,
    AT_FIRST_T = 24,
    AT_LAST_T = 32,
    AT_FIRST_UTC = 40,
    AT_LAPS = 48,
    AT_BEST_LAP = 52,
    AT_STEPS = 56,
    AT_MISSED = 60,
    AT_PICTURES = 64,
    AT_LOST = 68,
    AT_JITTER = 72,
    /* 96..107 are zero, for later versions */
    AT_CRC = 108
};
enum { FLAG_LEFT_OUT = 1 };

const uint32_t acq_jitter_us[ACQ_JITTER_BINS - 1] = {50, 100, 200, 500, 1000, 2000, 3000, 5000, 10000, 20000, 50000};

static void put_header(uint8_t *dst, const struct acq_member *m)
{
    uint8_t *d = dst + DATA;
    memset(dst, 0, ACQ_MEMBER_HEADER);
    memcpy(dst, start, DATA);
    d[AT_VERSION] = ACQ_MEMBER_VERSION;
    d[AT_KIND] = m->kind;
    d[AT_FLAGS] = m->left_out ? FLAG_LEFT_OUT : 0;
    acq_put_le(d + AT_SIZE, m->size, 4);
    acq_put_le(d + AT_RAW_SIZE, m->raw_size, 4);
    acq_put_le(d + AT_FRAMES, m->frames, 4);
    acq_put_le(d + AT_FIRST_SEQ, m->first_seq, 8);
    acq_put_le(d + AT_FIRST_T, (uint64_t)m->first_t_ns, 8);
    acq_put_le(d + AT_LAST_T, (uint64_t)m->last_t_ns, 8);
    acq_put_le(d + AT_FIRST_UTC, (uint64_t)m->first_utc_ns, 8);
    acq_put_le(d + AT_LAPS, (uint32_t)m->laps, 4);
    acq_put_le(d + AT_BEST_LAP, (uint32_t)m->best_lap_ms, 4);
    acq_put_le(d + AT_STEPS, m->steps, 4);
    acq_put_le(d + AT_MISSED, m->missed, 4);
    acq_put_le(d + AT_PICTURES, m->pictures, 4);
    acq_put_le(d + AT_LOST, m->lost, 4);
    for (int i = 0; i < ACQ_JITTER_BINS; i++) acq_put_le(d + AT_JITTER + 2 * i, m->jitter[i], 2);
    acq_put_le(d + AT_CRC, libdeflate_crc32(0, d, AT_CRC), 4);
}

int acq_member_parse(struct acq_member *m, const uint8_t *bytes, size_t n)
{
    const uint8_t *d = bytes + DATA;
    if (n < DATA) return memcmp(bytes, start, n) ? ACQ_FORMAT : ACQ_AGAIN;
    if (memcmp(bytes, start, GZIP - 2) || bytes[GZIP] != 'A' || bytes[GZIP + 1] != 'Q') return ACQ_FORMAT;
    if (n < DATA + 1) return ACQ_AGAIN;
    bool same_length = !memcmp(bytes, start, DATA);
    if (same_length && n < ACQ_MEMBER_HEADER) return ACQ_AGAIN;
    /* a header of this length has its checksum here in every version, so damage is not taken for a newer version */
    if (same_length && acq_get_le(d + AT_CRC, 4) != libdeflate_crc32(0, d, AT_CRC)) return ACQ_FORMAT;
    if (d[AT_VERSION] > ACQ_MEMBER_VERSION) return ACQ_VERSION;
    if (!same_length || d[AT_VERSION] != ACQ_MEMBER_VERSION) return ACQ_FORMAT;
    *m = (struct acq_member){.kind = d[AT_KIND],
                             .left_out = d[AT_FLAGS] & FLAG_LEFT_OUT,
                             .size = (uint32_t)acq_get_le(d + AT_SIZE, 4),
                             .raw_size = (uint32_t)acq_get_le(d + AT_RAW_SIZE, 4),
                             .frames = (uint32_t)acq_get_le(d + AT_FRAMES, 4),
                             .first_seq = acq_get_le(d + AT_FIRST_SEQ, 8),
                             .first_t_ns = (int64_t)acq_get_le(d + AT_FIRST_T, 8),
                             .last_t_ns = (int64_t)acq_get_le(d + AT_LAST_T, 8),
                             .first_utc_ns = (int64_t)acq_get_le(d + AT_FIRST_UTC, 8),
                             .laps = (int32_t)acq_get_le(d + AT_LAPS, 4),
                             .best_lap_ms = (int32_t)acq_get_le(d + AT_BEST_LAP, 4),
                             .steps = (uint32_t)acq_get_le(d + AT_STEPS, 4),
                             .missed = (uint32_t)acq_get_le(d + AT_MISSED, 4),
                             .pictures = (uint32_t)acq_get_le(d + AT_PICTURES, 4),
                             .lost = (uint32_t)acq_get_le(d + AT_LOST, 4)};
    for (int i = 0; i < ACQ_JITTER_BINS; i++) m->jitter[i] = (uint16_t)acq_get_le(d + AT_JITTER + 2 * i, 2);
    bool sane = m->size > ACQ_MEMBER_HEADER + ACQ_MEMBER_TRAILER && m->size <= ACQ_MEMBER_SIZE_MAX &&
                m->raw_size <= ACQ_MEMBER_RAW_MAX && m->kind <= ACQ_MEMBER_END;
    return sane ? ACQ_OK : ACQ_FORMAT;
}

int acq_member_version(const uint8_t *bytes)
{
    return bytes[DATA + AT_VERSION];
}

int acq_member_seal(struct acq_member *m, const uint8_t *raw, struct libdeflate_compressor *deflate,
                    struct acq_buf *out)
{
    size_t bound = libdeflate_deflate_compress_bound(deflate, m->raw_size);
    size_t overhead = ACQ_MEMBER_HEADER + ACQ_MEMBER_TRAILER;
    if (m->raw_size > ACQ_MEMBER_RAW_MAX) return ACQ_RANGE;
    int r = acq_buf_reserve(out, bound + overhead);
    if (r < 0) return r;
    uint8_t *p = out->bytes + out->len;
    size_t n = libdeflate_deflate_compress(deflate, raw, m->raw_size, p + ACQ_MEMBER_HEADER, bound);
    if (!n) return ACQ_RANGE;
    m->size = (uint32_t)(n + overhead);
    put_header(p, m);
    acq_put_le(p + ACQ_MEMBER_HEADER + n, libdeflate_crc32(0, raw, m->raw_size), 4);
    acq_put_le(p + ACQ_MEMBER_HEADER + n + 4, m->raw_size, 4);
    out->len += m->size;
    return ACQ_OK;
}

void acq_member_set_left_out(uint8_t *header, bool left_out)
{
    uint8_t *d = header + DATA;
    d[AT_FLAGS] = left_out ? FLAG_LEFT_OUT : 0;
    acq_put_le(d + AT_CRC, libdeflate_crc32(0, d, AT_CRC), 4);
}

int acq_member_open(const struct acq_member *m, const uint8_t *bytes, struct libdeflate_decompressor *inflate,
                    struct acq_buf *out)
{
    const uint8_t *trailer = bytes + m->size - ACQ_MEMBER_TRAILER;
    size_t packed = m->size - ACQ_MEMBER_HEADER - ACQ_MEMBER_TRAILER, got;
    out->len = 0;
    int r = acq_buf_reserve(out, m->raw_size ? m->raw_size : 1);
    if (r < 0) return r;
    if (libdeflate_deflate_decompress(inflate, bytes + ACQ_MEMBER_HEADER, packed, out->bytes, m->raw_size, &got) ||
        got != m->raw_size || acq_get_le(trailer + 4, 4) != got ||
        acq_get_le(trailer, 4) != libdeflate_crc32(0, out->bytes, got))
        return ACQ_FORMAT;
    out->len = got;
    return ACQ_OK;
}

/* count_step: the physics step from `before` to `now`; a jump of more than a minute, or back, is a new start */
static void count_step(struct acq_member *m, int32_t before, int32_t now, int64_t elapsed_ns)
{
    enum { STEP_NS = 3000000, MOST = 20000, MOST_TIMED = 333 };
    int64_t steps = (int64_t)now - before;
    if (steps) m->steps++;
    if (steps < 1 || steps > MOST) return;
    m->missed += (uint32_t)steps - 1;
    if (steps > MOST_TIMED || elapsed_ns < 0 || elapsed_ns > INT64_C(60000000000)) return;
    int64_t off = elapsed_ns - steps * STEP_NS;
    int bin = 0;
    while (bin < ACQ_JITTER_BINS - 1 && (off < 0 ? -off : off) > (int64_t)acq_jitter_us[bin] * 1000) bin++;
    if (m->jitter[bin] < UINT16_MAX) m->jitter[bin]++;
}

void acq_member_note(struct acq_member *m, struct acq_member_trace *trace, const struct acq_frame *f)
{
    int64_t t = f->has[ACQ_head_monotonic_ns] ? (int64_t)f->head.monotonic_ns : 0;
    if (!m->frames) {
        m->first_seq = f->head.seq;
        m->first_t_ns = t;
        m->first_utc_ns = f->has[ACQ_head_utc_ns] ? (int64_t)f->head.utc_ns : 0;
    }
    m->frames++;
    m->last_t_ns = t;
    if (f->has[ACQ_graphics_completed_laps]) m->laps = f->graphics.completed_laps;
    if (f->has[ACQ_graphics_best_time_ms]) m->best_lap_ms = f->graphics.best_time_ms;
    if (f->has[ACQ_head_lost_before] && f->head.lost_before <= UINT32_MAX) m->lost += (uint32_t)f->head.lost_before;
    int32_t step = f->has[ACQ_physics_packet_id] ? f->physics.packet_id : 0;
    int32_t picture = f->has[ACQ_graphics_packet_id] ? f->graphics.packet_id : 0;
    if (trace->any && f->has[ACQ_physics_packet_id])
        count_step(m, trace->packet_id, step, (int64_t)((uint64_t)t - (uint64_t)trace->t_ns));
    else
        m->steps++; /* without a number, each frame counts as a step of its own */
    if (!trace->any || picture != trace->graphics_packet_id) m->pictures++;
    *trace = (struct acq_member_trace){true, step, picture, t};
}
