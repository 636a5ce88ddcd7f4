/* wire.h - the protobuf wire format: keys, varints, and the two places where a key is matched against the table.
 *
 * Private to frame/. Everything is inlined, so that a constant row of the table folds into the code around it.
 * Source  Protocol Buffers, "Encoding". */
#ifndef ACQ_FRAME_WIRE_H
#define ACQ_FRAME_WIRE_H

#include "frame/frame.h"

#include <string.h>

#if defined(__GNUC__)
#define ACQ_INLINE static inline __attribute__((always_inline))
#define ACQ_NOINLINE static __attribute__((noinline, unused))
#define ACQ_LIKELY(x) __builtin_expect(!!(x), 1)
#else
#define ACQ_INLINE static inline
#define ACQ_NOINLINE static
#define ACQ_LIKELY(x) (x)
#endif

/* Floats and integers are copied as they lie in memory. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "acq needs a little-endian machine, as the game does"
#endif

enum acq_wire { ACQ_WIRE_VARINT = 0, ACQ_WIRE_64 = 1, ACQ_WIRE_LEN = 2, ACQ_WIRE_32 = 5 };

#define ACQ_WIRE_OF_f32 ACQ_WIRE_32
#define ACQ_WIRE_OF_i32 ACQ_WIRE_VARINT
#define ACQ_WIRE_OF_u64 ACQ_WIRE_VARINT
#define ACQ_WIRE_OF_x64 ACQ_WIRE_64
#define ACQ_WIRE_OF_str ACQ_WIRE_LEN
#define ACQ_WIRE_OF_vec3f ACQ_WIRE_LEN
#define ACQ_WIRE_OF_wheel4f ACQ_WIRE_LEN
#define ACQ_TYPE_OF_f32 ACQ_TYPE_F32
#define ACQ_TYPE_OF_i32 ACQ_TYPE_I32
#define ACQ_TYPE_OF_u64 ACQ_TYPE_U64
#define ACQ_TYPE_OF_x64 ACQ_TYPE_X64
#define ACQ_TYPE_OF_str ACQ_TYPE_STR
#define ACQ_TYPE_OF_vec3f ACQ_TYPE_FLOATS
#define ACQ_TYPE_OF_wheel4f ACQ_TYPE_FLOATS

/* What encode and decode need of a row. */
struct acq_row {
    uint16_t key, offset, id;
    uint8_t type, n, in;
};

/* The rows as constants: a constant index folds, so that each use of acq_rows[ACQ_...] compiles to its own code. */
static const struct acq_row acq_rows[ACQ_IDS] = {
#define GROUP(group, tag, message, doc) \
    {(tag) << 3 | ACQ_WIRE_LEN, offsetof(struct acq_frame, group), ACQ_##group, ACQ_TYPE_GROUP, 0, ACQ_IN_##group},
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    {(tag) << 3 | ACQ_WIRE_OF_##type,                                                                                  \
     offsetof(struct acq_frame, group.name),                                                                           \
     ACQ_##group##_##name,                                                                                             \
     ACQ_TYPE_OF_##type,                                                                                               \
     n,                                                                                                                \
     ACQ_IN_##group},
#include "frame/channels.def"
};

/* acq_wire_id returns the id of the channel or group that a field with this key is, in the message of group `in`; 0 if
 * the table does not have it. In decode.c. */
unsigned acq_wire_id(unsigned in, uint32_t key);

ACQ_NOINLINE const uint8_t *acq_get_varint_long(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 70 && p < end; shift += 7) {
        x |= (uint64_t)(*p & 127) << shift;
        if (*p++ < 128) {
            *v = x;
            return p;
        }
    }
    return NULL;
}

/* acq_get_varint reads a varint. Returns its end, or NULL if it is cut or longer than ten bytes. */
ACQ_INLINE const uint8_t *acq_get_varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    if (ACQ_LIKELY(p < end) && ACQ_LIKELY(*p < 128)) {
        *v = *p;
        return p + 1;
    }
    uint64_t x = 0; /* not *v, which would have to live in memory then */
    p = acq_get_varint_long(p, end, &x);
    *v = x;
    return p;
}

/* acq_get_u32 reads a key or a length: five bytes at most, as C++ protobuf has it. */
ACQ_INLINE const uint8_t *acq_get_u32(const uint8_t *p, const uint8_t *end, uint32_t *v)
{
    uint64_t x;
    const uint8_t *q = acq_get_varint(p, end, &x);
    if (!q || q - p > 5 || x > UINT32_MAX) return NULL;
    *v = (uint32_t)x;
    return q;
}

/* acq_get_len reads the length of what follows. Returns NULL if less than that is there. */
ACQ_INLINE const uint8_t *acq_get_len(const uint8_t *p, const uint8_t *end, size_t *n)
{
    uint32_t v;
    p = acq_get_u32(p, end, &v);
    if (!p || v > (size_t)(end - p)) return NULL;
    *n = v;
    return p;
}

/* acq_get_key reads a field's key. Returns NULL for tag 0, which is not allowed. */
ACQ_INLINE const uint8_t *acq_get_key(const uint8_t *p, const uint8_t *end, uint32_t *key)
{
    p = acq_get_u32(p, end, key);
    return p && *key >> 3 ? p : NULL;
}

/* acq_skip passes over the value of a field that is not known; groups, which proto3 does not have, are errors. */
ACQ_NOINLINE const uint8_t *acq_skip(const uint8_t *p, const uint8_t *end, uint32_t wire)
{
    uint64_t v;
    size_t n;
    switch (wire) {
    case ACQ_WIRE_VARINT: return acq_get_varint(p, end, &v);
    case ACQ_WIRE_64: return end - p < 8 ? NULL : p + 8;
    case ACQ_WIRE_32: return end - p < 4 ? NULL : p + 4;
    case ACQ_WIRE_LEN: p = acq_get_len(p, end, &n); return p ? p + n : NULL;
    default: return NULL;
    }
}

ACQ_INLINE uint8_t *acq_put_varint(uint8_t *p, uint64_t v)
{
    for (; v > 127; v >>= 7) *p++ = (uint8_t)(v | 128);
    *p++ = (uint8_t)v;
    return p;
}

/* acq_key_bytes returns the one or two bytes of a key, of a tag below 2048, as they lie in memory. */
ACQ_INLINE uint32_t acq_key_bytes(unsigned key)
{
    return key < 128 ? key : (key & 127) | 128 | key >> 7 << 8;
}

/* acq_put_key writes such a key. */
ACQ_INLINE uint8_t *acq_put_key(uint8_t *p, unsigned key)
{
    if (key < 128) {
        *p = (uint8_t)key;
        return p + 1;
    }
    uint16_t two = (uint16_t)acq_key_bytes(key);
    memcpy(p, &two, 2);
    return p + 2;
}

#endif
