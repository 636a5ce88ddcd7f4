#include "ingest/proto.h"

#include "base/err.h"
#include "base/utf8.h"
#include "frame/batch.h"

enum { VARINT = 0, FIXED_64 = 1, LENGTH = 2, FIXED_32 = 5, VARINT_MAX = 10 };

static bool get_varint(struct acq_proto *r, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 7 * VARINT_MAX && r->p < r->end; shift += 7) {
        uint8_t byte = *r->p++;
        if (shift == 63 && byte > 1) return false; /* more than 64 bits */
        *v |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

static bool get_bytes(struct acq_proto *r, uint64_t n, const uint8_t **bytes)
{
    if (n > (uint64_t)(r->end - r->p)) return false;
    *bytes = r->p;
    r->p += n;
    return true;
}

int acq_proto_next(struct acq_proto *reader, struct acq_proto_field *field)
{
    uint64_t key, n;
    const uint8_t *fixed;
    *field = (struct acq_proto_field){0};
    if (reader->p == reader->end) return ACQ_END;
    if (!get_varint(reader, &key) || key > UINT32_MAX || key < 8) return ACQ_FORMAT;
    field->tag = (uint32_t)key >> 3;
    bool ok = false;
    switch (key & 7) {
    case VARINT: ok = get_varint(reader, &field->number); break;
    case FIXED_64: ok = get_bytes(reader, 8, &fixed); break;
    case FIXED_32: ok = get_bytes(reader, 4, &fixed); break;
    case LENGTH:
        ok = get_varint(reader, &n) && get_bytes(reader, n, &field->bytes);
        field->n = ok ? (size_t)n : 0;
        break;
    }
    return ok ? ACQ_OK : ACQ_FORMAT;
}

bool acq_proto_is_text(const struct acq_proto_field *field)
{
    if (!field->bytes) return false;
    for (size_t at = 0, length; at < field->n; at += length) {
        length = acq_utf8_length(field->bytes + at, field->n - at);
        if (!length) return false;
    }
    return true;
}

static int put_varint(struct acq_buf *dst, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    return acq_buf_add(dst, bytes, acq_varint_put(bytes, v));
}

int acq_proto_put_number(struct acq_buf *dst, uint32_t tag, uint64_t number)
{
    int r = put_varint(dst, (uint64_t)tag << 3 | VARINT);
    return r < 0 ? r : put_varint(dst, number);
}

int acq_proto_put_bytes(struct acq_buf *dst, uint32_t tag, const void *bytes, size_t n)
{
    int r = put_varint(dst, (uint64_t)tag << 3 | LENGTH);
    if (r == ACQ_OK) r = put_varint(dst, n);
    return r < 0 || !n ? r : acq_buf_add(dst, bytes, n);
}
