/* fuzz_frame.c - bytes as a TelemetryFrame, as a StreamAck and as a batch.
 *
 * What is accepted comes back from our own encoder as the same frame, and the functions that look at a part of a frame
 * agree with the one that reads it all. A frame that is given a seq keeps its values. */
#include "base/err.h"
#include "frame/ack.h"
#include "frame/batch.h"
#include "frame/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

static struct acq_frame f, g;

static bool same_value(const struct acq_channel *c)
{
    const char *a = (const char *)&f + c->offset, *b = (const char *)&g + c->offset;
    switch (c->type) {
    case ACQ_TYPE_GROUP: return true;
    case ACQ_TYPE_STR: return strlen(a) <= c->n && !strcmp(a, b);
    case ACQ_TYPE_FLOATS: return !memcmp(a, b, 4u * c->n);
    case ACQ_TYPE_F32:
    case ACQ_TYPE_I32: return !memcmp(a, b, 4);
    default: return !memcmp(a, b, 8);
    }
}

static void check_parts(const uint8_t *data, size_t size)
{
    static uint8_t context[1 << 20];
    uint64_t seq, t;
    size_t body = acq_frame_body(data, size);
    CHECK(acq_frame_peek(data, size, &seq, &t) == ACQ_OK);
    CHECK(seq == (f.has[ACQ_head_seq] ? f.head.seq : 0));
    CHECK(t == (f.has[ACQ_head_monotonic_ns] ? f.head.monotonic_ns : 0));
    CHECK(body <= size);
    CHECK((body < size) == (f.has[ACQ_stat] || f.has[ACQ_capture]));
    for (int i = 0; i < 2; i++) {
        enum acq_id group = i ? ACQ_capture : ACQ_stat;
        size_t n = acq_frame_context(data, size, group, NULL);
        CHECK((n > 0) == f.has[group] && n <= size - body);
        if (size > sizeof context) continue;
        CHECK(acq_frame_context(data, size, group, context) == n);
        CHECK(acq_decode(&g, context, n) == ACQ_OK && g.has[group] == f.has[group]);
    }
}

/* check_number: a frame without seq gets one, and keeps all its values */
static void check_number(const uint8_t *data, size_t size)
{
    static uint8_t bytes[ACQ_FRAME_MAX + ACQ_FRAME_LIMIT];
    struct acq_frame numbered = f;
    if (f.has[ACQ_head_seq] || size > ACQ_FRAME_LIMIT) return;
    size_t n = acq_frame_number(&numbered, 5, data, size, bytes);
    if (!n) return;
    CHECK(n <= ACQ_FRAME_LIMIT && acq_decode(&g, bytes, n) == ACQ_OK);
    CHECK(g.has[ACQ_head_seq] && g.head.seq == 5);
    g.has[ACQ_head_seq] = false;
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        CHECK(f.has[id] == g.has[id]);
        CHECK(!f.has[id] || same_value(&acq_channels[id]));
    }
}

static void check_frame(const uint8_t *data, size_t size)
{
    uint8_t bytes[ACQ_FRAME_MAX], again[ACQ_FRAME_MAX];
    if (acq_decode(&f, data, size) < 0) return;
    check_parts(data, size);
    size_t n = acq_encode(&f, bytes, NULL);
    CHECK(n <= sizeof bytes);
    CHECK(acq_decode(&g, bytes, n) == ACQ_OK);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        CHECK(f.has[id] == g.has[id]);
        CHECK(!f.has[id] || same_value(&acq_channels[id]));
    }
    CHECK(acq_encode(&g, again, NULL) == n && !memcmp(bytes, again, n));
    check_number(data, size);
}

static void check_ack(const uint8_t *data, size_t size)
{
    struct acq_ack a, b;
    uint8_t bytes[ACQ_ACK_MAX];
    if (acq_ack_decode(&a, data, size) < 0) return;
    CHECK(acq_ack_decode(&b, bytes, acq_ack_encode(&a, bytes)) == ACQ_OK);
    CHECK(a.last_seq == b.last_seq && a.last_monotonic_ns == b.last_monotonic_ns && a.status == b.status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acq_batch batch = {data, size};
    const uint8_t *frame, *end = data;
    size_t n;
    check_frame(data, size);
    check_ack(data, size);
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        CHECK(frame > end && n <= size && (size_t)(frame - data) <= size - n);
        end = frame + n;
        CHECK(batch.bytes == end);
        check_frame(frame, n);
    }
    return 0;
}
