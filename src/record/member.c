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
    AT_SIZE = 4,
    AT_RAW_SIZE = 8,
    AT_FRAMES = 12,
    AT_FIRST_SEQ = 16,
    AT_FIRST_T = 24,
    AT_LAST_T = 32,
    AT_FIRST_UTC = 40,
    AT_LAPS = 48,
    AT_BEST_LAP = 52,
    /* 56..63 are zero, for later versions */
    AT_CRC = 64
};

static void put_header(uint8_t *dst, const struct acq_member *m)
{
    uint8_t *d = dst + DATA;
    memset(dst, 0, ACQ_MEMBER_HEADER);
    memcpy(dst, start, DATA);
    d[AT_VERSION] = ACQ_MEMBER_VERSION;
    d[AT_KIND] = m->kind;
    acq_put_le(d + AT_SIZE, m->size, 4);
    acq_put_le(d + AT_RAW_SIZE, m->raw_size, 4);
    acq_put_le(d + AT_FRAMES, m->frames, 4);
    acq_put_le(d + AT_FIRST_SEQ, m->first_seq, 8);
    acq_put_le(d + AT_FIRST_T, (uint64_t)m->first_t_ns, 8);
    acq_put_le(d + AT_LAST_T, (uint64_t)m->last_t_ns, 8);
    acq_put_le(d + AT_FIRST_UTC, (uint64_t)m->first_utc_ns, 8);
    acq_put_le(d + AT_LAPS, (uint32_t)m->laps, 4);
    acq_put_le(d + AT_BEST_LAP, (uint32_t)m->best_lap_ms, 4);
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
                             .size = (uint32_t)acq_get_le(d + AT_SIZE, 4),
                             .raw_size = (uint32_t)acq_get_le(d + AT_RAW_SIZE, 4),
                             .frames = (uint32_t)acq_get_le(d + AT_FRAMES, 4),
                             .first_seq = acq_get_le(d + AT_FIRST_SEQ, 8),
                             .first_t_ns = (int64_t)acq_get_le(d + AT_FIRST_T, 8),
                             .last_t_ns = (int64_t)acq_get_le(d + AT_LAST_T, 8),
                             .first_utc_ns = (int64_t)acq_get_le(d + AT_FIRST_UTC, 8),
                             .laps = (int32_t)acq_get_le(d + AT_LAPS, 4),
                             .best_lap_ms = (int32_t)acq_get_le(d + AT_BEST_LAP, 4)};
    bool sane = m->size > ACQ_MEMBER_HEADER + ACQ_MEMBER_TRAILER && m->size <= ACQ_MEMBER_SIZE_MAX &&
                m->raw_size <= ACQ_MEMBER_RAW_MAX && m->kind <= ACQ_MEMBER_END;
    return sane ? ACQ_OK : ACQ_FORMAT;
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
