/* encode.c - a frame to bytes: one straight line of code per group, expanded from the table, because this runs for
 * every step of the game. */
#include "frame/wire.h"

/* put writes row r's field, if it is there. */
ACQ_INLINE uint8_t *put(uint8_t *p, const struct acq_frame *f, const struct acq_row *r)
{
    const char *src = (const char *)f + r->offset;
    if (!f->has[r->id]) return p;
    p = acq_put_key(p, r->key);
    switch (r->type) {
    case ACQ_TYPE_F32: memcpy(p, src, 4); return p + 4;
    case ACQ_TYPE_X64: memcpy(p, src, 8); return p + 8;
    case ACQ_TYPE_I32: {
        int32_t i;
        memcpy(&i, src, 4);
        return acq_put_varint(p, (uint64_t)(int64_t)i);
    }
    case ACQ_TYPE_U64: {
        uint64_t u;
        memcpy(&u, src, 8);
        return acq_put_varint(p, u);
    }
    case ACQ_TYPE_STR: {
        size_t n = strlen(src);
        *p++ = (uint8_t)n; /* at most 99: one byte of varint */
        memcpy(p, src, n);
        return p + n;
    }
    default: /* floats as fields 1..n of a message */
        *p++ = (uint8_t)(5 * r->n);
        for (unsigned i = 0; i < r->n; i++, p += 5) {
            *p = (uint8_t)((i + 1) << 3 | ACQ_WIRE_32);
            memcpy(p + 1, src + 4 * i, 4);
        }
        return p;
    }
}

/* A group's fields are written behind room for its key (one or two bytes) and a length of two bytes. */
ACQ_INLINE uint8_t *open_group(uint8_t *p, unsigned key)
{
    return p + (key < 128 ? 3 : 4);
}

ACQ_INLINE uint8_t *close_group(uint8_t *start, uint8_t *p, unsigned key)
{
    uint8_t *fields = open_group(start, key);
    size_t n = (size_t)(p - fields);
    start = acq_put_key(start, key);
    if (n < 128) { /* the length takes one byte: close up */
        *start = (uint8_t)n;
        memmove(start + 1, fields, n);
        return p - 1;
    }
    start[0] = (uint8_t)(n | 128);
    start[1] = (uint8_t)(n >> 7);
    return p;
}

#define OPEN_GROUP(group, tag)           \
    if (!(tag) || f->has[ACQ_##group]) { \
        uint8_t *start = p;              \
        if (tag) p = open_group(p, acq_rows[ACQ_##group].key);
#define CLOSE_GROUP(group)                                                                    \
    if (acq_rows[ACQ_##group].key >> 3) p = close_group(start, p, acq_rows[ACQ_##group].key); \
    }

size_t acq_encode(const struct acq_frame *f, uint8_t *dst, size_t *body)
{
    uint8_t *p = dst, *context = dst;
#define GROUP(group, tag, message, doc)             \
    if (ACQ_IN_##group == ACQ_IN_stat) context = p; \
    OPEN_GROUP(group, tag)
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    p = put(p, f, &acq_rows[ACQ_##group##_##name]);
#define END(group) CLOSE_GROUP(group)
#include "frame/channels.def"
    if (body) *body = (size_t)(context - dst);
    return (size_t)(p - dst);
}
