#include "base/buf.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

void acq_buf_init(struct acq_buf *b, size_t max)
{
    *b = (struct acq_buf){.max = max};
}

void acq_buf_fini(struct acq_buf *b)
{
    free(b->bytes);
    *b = (struct acq_buf){0};
}

int acq_buf_reserve(struct acq_buf *b, size_t n)
{
    if (n > b->max || b->len > b->max - n) return ACQ_RANGE;
    if (b->len + n <= b->room) return ACQ_OK;
    size_t room = b->room < 256 ? 256 : b->room;
    while (room < b->len + n) room *= 2;
    if (room > b->max) room = b->max;
    uint8_t *bytes = realloc(b->bytes, room);
    if (!bytes) return ACQ_MEMORY;
    b->bytes = bytes;
    b->room = room;
    return ACQ_OK;
}

int acq_buf_add(struct acq_buf *b, const void *bytes, size_t n)
{
    int r = acq_buf_reserve(b, n);
    if (r < 0 || !n) return r;
    memcpy(b->bytes + b->len, bytes, n);
    b->len += n;
    return ACQ_OK;
}

void acq_buf_drop(struct acq_buf *b, size_t n)
{
    b->len -= n;
    if (b->len && n) memmove(b->bytes, b->bytes + n, b->len);
}

void acq_put_le(uint8_t *dst, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) dst[i] = (uint8_t)(v >> 8 * i);
}

uint64_t acq_get_le(const uint8_t *src, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) v |= (uint64_t)src[i] << 8 * i;
    return v;
}
