#include "frame/batch.h"

#include "base/err.h"
#include "frame/wire.h"

int acq_batch_next(struct acq_batch *batch, const uint8_t **frame, size_t *n)
{
    const uint8_t *end = batch->bytes + batch->len, *p;
    uint64_t len;
    if (!batch->len) return ACQ_END;
    p = acq_get_varint(batch->bytes, end, &len);
    if (!p) return batch->len < 10 ? ACQ_AGAIN : ACQ_FORMAT;
    if (len > ACQ_FRAME_LIMIT) return ACQ_FORMAT;
    if (len > (size_t)(end - p)) return ACQ_AGAIN;
    *frame = p;
    *n = (size_t)len;
    batch->bytes = p + len;
    batch->len = (size_t)(end - batch->bytes);
    return ACQ_OK;
}

size_t acq_varint_put(uint8_t *dst, uint64_t v)
{
    return (size_t)(acq_put_varint(dst, v) - dst);
}
