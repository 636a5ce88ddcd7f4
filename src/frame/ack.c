#include "frame/ack.h"

#include "base/err.h"
#include "frame/wire.h"

/* tags of StreamAck: 1 to 4 are the original project's */
enum { TAG_MONOTONIC = 1, TAG_STATUS = 2, TAG_BUFFERED = 4, TAG_SEQ = 16 };

static uint8_t *put(uint8_t *p, unsigned tag, uint64_t v)
{
    return v ? acq_put_varint(acq_put_key(p, tag << 3 | ACQ_WIRE_VARINT), v) : p;
}

size_t acq_ack_encode(const struct acq_ack *ack, uint8_t dst[ACQ_ACK_MAX])
{
    uint8_t *p = put(dst, TAG_MONOTONIC, ack->last_monotonic_ns);
    p = put(p, TAG_STATUS, ack->status);
    p = put(p, TAG_BUFFERED, ack->buffered_frames);
    p = put(p, TAG_SEQ, ack->last_seq);
    return (size_t)(p - dst);
}

int acq_ack_decode(struct acq_ack *ack, const uint8_t *src, size_t n)
{
    const uint8_t *p = src, *end = src + n;
    *ack = (struct acq_ack){0};
    while (p < end) {
        uint32_t key;
        uint64_t v = 0;
        p = acq_get_key(p, end, &key);
        if (!p) return ACQ_FORMAT;
        p = (key & 7) == ACQ_WIRE_VARINT ? acq_get_varint(p, end, &v) : acq_skip(p, end, key & 7);
        if (!p) return ACQ_FORMAT;
        if (key == (TAG_MONOTONIC << 3))
            ack->last_monotonic_ns = v;
        else if (key == (TAG_STATUS << 3))
            ack->status = (uint32_t)v;
        else if (key == (TAG_BUFFERED << 3))
            ack->buffered_frames = (uint32_t)v;
        else if (key == (TAG_SEQ << 3))
            ack->last_seq = v;
    }
    return ACQ_OK;
}
