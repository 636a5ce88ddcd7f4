/* number.c - gives a frame of the original kind its seq. Fields that we do not know are kept: those of the frame and of
 * its parts whose channels are the body come before it, those of the context behind it, so that a body stays one. */
#include "frame/wire.h"

static bool is_context(unsigned id)
{
    return id == ACQ_stat || id == ACQ_capture;
}

/* own_fields copies the fields of a group's message that are not in the table to dst, or counts them. */
static size_t own_fields(const uint8_t *p, const uint8_t *end, unsigned in, uint8_t *dst)
{
    size_t total = 0;
    while (p < end) {
        uint32_t key;
        const uint8_t *field = p;
        p = acq_get_key(p, end, &key);
        if (!p || !(p = acq_skip(p, end, key & 7))) return total;
        if (acq_wire_id(in, key)) continue;
        if (dst) memcpy(dst + total, field, (size_t)(p - field));
        total += (size_t)(p - field);
    }
    return total;
}

/* put_group writes what a group's message, n bytes at p, has beyond the table, as a message of that group. */
static uint8_t *put_group(uint8_t *dst, const uint8_t *p, size_t n, const struct acq_row *group)
{
    size_t unknown = own_fields(p, p + n, group->in, NULL);
    if (!unknown) return dst;
    dst = acq_put_varint(acq_put_key(dst, group->key), unknown);
    return dst + own_fields(p, p + n, group->in, dst);
}

/* put_unknown writes all fields of a frame that are not in the table: those of the body, or those of the context. */
static uint8_t *put_unknown(uint8_t *dst, const uint8_t *src, size_t n, bool context)
{
    const uint8_t *p = src, *end = src + n;
    while (p < end) {
        uint32_t key;
        size_t len;
        const uint8_t *field = p;
        if (!(p = acq_get_key(p, end, &key))) return dst;
        const uint8_t *value = p;
        if (!(p = acq_skip(p, end, key & 7))) return dst;
        unsigned id = acq_wire_id(ACQ_IN_head, key);
        if (is_context(id) != context) continue;
        if (!id) {
            memcpy(dst, field, (size_t)(p - field));
            dst += p - field;
        } else if (acq_rows[id].type == ACQ_TYPE_GROUP) {
            if (!(value = acq_get_len(value, end, &len))) return dst;
            dst = put_group(dst, value, len, &acq_rows[id]);
        }
    }
    return dst;
}

size_t acq_frame_number(struct acq_frame *f, uint64_t seq, const uint8_t *src, size_t n, uint8_t *dst)
{
    f->head.seq = seq;
    f->has[ACQ_head_seq] = true;
    uint8_t *p = put_unknown(dst, src, n, false);
    p += acq_encode(f, p, NULL);
    p = put_unknown(p, src, n, true);
    return p - dst <= ACQ_FRAME_LIMIT ? (size_t)(p - dst) : 0;
}
