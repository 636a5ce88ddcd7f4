/* proto.h - reads and writes the small protobuf messages of the services beside ours. Frames have their own code.
 *
 * Memory  a reader and its fields point into the message; what is written goes into the caller's buffer.
 * Errors  ACQ_FORMAT for what is no protobuf; what the buffer says.
 * Source  Protocol Buffers, "Encoding". */
#ifndef ACQ_INGEST_PROTO_H
#define ACQ_INGEST_PROTO_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acq_proto {
    const uint8_t *p, *end; /* what has not been read */
};

struct acq_proto_field {
    uint32_t tag;
    uint64_t number;      /* of a varint; 0 for another kind */
    const uint8_t *bytes; /* of a text, a message, bytes; NULL for another kind */
    size_t n;
};

/* acq_proto_next reads the next field. Returns 0, ACQ_END behind the last, or ACQ_FORMAT; groups are refused. */
int acq_proto_next(struct acq_proto *reader, struct acq_proto_field *field);

/* acq_proto_is_text says whether a field holds UTF-8, as a proto3 string must. */
bool acq_proto_is_text(const struct acq_proto_field *field);

/* acq_proto_put_number and _put_bytes write a field. Return 0, ACQ_RANGE or ACQ_MEMORY. */
int acq_proto_put_number(struct acq_buf *dst, uint32_t tag, uint64_t number);
int acq_proto_put_bytes(struct acq_buf *dst, uint32_t tag, const void *bytes, size_t n);

#endif
