#include "cargo.h"

#include "frame/batch.h"
#include "h2.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION = 36 };

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (!memory) bench_fail("no memory for the frames");
    return memory;
}

/* leave_out removes what not every user of the game's pages reads: the tyres' surface temperatures, the points where
 * they touch the road, texts, wind. */
static void leave_out(struct acq_frame *f)
{
    for (unsigned id = ACQ_physics_brake_temp; id <= ACQ_physics_local_velocity; id++) f->has[id] = false;
    for (unsigned id = ACQ_physics_engine_brake; id <= ACQ_physics_kers_current; id++) f->has[id] = false;
    f->has[ACQ_graphics_split] = false;
    for (unsigned id = ACQ_graphics_tyre_compound; id <= ACQ_graphics_wind_direction; id++) f->has[id] = false;
}

static void make_fewer(struct bench_frames *all)
{
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    size_t end = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (acq_decode(&f, all->bytes + all->at[i], all->at[i + 1] - all->at[i]))
            bench_fail("frame %zu cannot be decoded", i);
        leave_out(&f);
        size_t n = acq_encode(&f, bytes, NULL);
        memcpy(all->bytes + end, bytes, n); /* it has become shorter, so the next one is still whole */
        all->at[i] = end;
        end += n;
    }
    all->at[all->n] = end;
}

/* skip_varint returns the place behind a varint that begins at `at`. */
static size_t skip_varint(const uint8_t *p, size_t at)
{
    while (p[at++] & 128) {
    }
    return at;
}

/* find looks for session and seq where our encoder puts them: after time and game, all with short lengths. */
static struct cargo_place find(const uint8_t *p)
{
    static const char keys[] = {1 << 3, 2 << 3 | 2, 3 << 3 | 2};
    size_t game = skip_varint(p, 1), session = game + 2 + p[game + 1], seq = session + 2 + SESSION;
    if (p[0] != keys[0] || p[game] != keys[1] || p[session] != keys[2] || p[session + 1] != SESSION || p[seq] != 128 ||
        p[seq + 1] != 1)
        bench_fail("the head of a frame is not as our encoder writes it");
    return (struct cargo_place){(uint16_t)(session + 2), (uint16_t)(seq + 2), (uint16_t)skip_varint(p, seq + 2)};
}

void cargo_load(struct cargo *cargo, const char *path, bool fewer)
{
    struct bench_frames *f = &cargo->frames, *d = &cargo->data;
    uint64_t seq;
    *f = bench_read(path);
    if (fewer) make_fewer(f);
    d->n = f->n;
    d->at = allocate(f->n + 1, sizeof *d->at);
    d->bytes = allocate(f->at[f->n] + f->n * (H2_HEADER + H2_PREFIX), 1);
    cargo->t_ns = allocate(f->n, sizeof *cargo->t_ns);
    cargo->place = allocate(f->n, sizeof *cargo->place);
    for (size_t i = 0; i < f->n; i++) {
        const uint8_t *frame = f->bytes + f->at[i];
        size_t n = f->at[i + 1] - f->at[i];
        uint8_t *to = d->bytes + d->at[i];
        if (acq_frame_peek(frame, n, &seq, &cargo->t_ns[i])) bench_fail("frame %zu cannot be decoded", i);
        cargo->place[i] = find(frame);
        h2_data_header(to, H2_PREFIX + n);
        h2_prefix(to + H2_HEADER, n);
        memcpy(to + H2_HEADER + H2_PREFIX, frame, n);
        d->at[i + 1] = d->at[i] + H2_HEADER + H2_PREFIX + n;
    }
}

/* message appends frame i as a gRPC message of another session, with another number. */
static void message(const struct cargo *cargo, size_t i, uint64_t seq, const char *session, struct acq_buf *out)
{
    const uint8_t *frame = cargo->frames.bytes + cargo->frames.at[i];
    size_t n = cargo->frames.at[i + 1] - cargo->frames.at[i];
    struct cargo_place at = cargo->place[i];
    uint8_t number[10];
    size_t digits = acq_varint_put(number, seq), size = n - (size_t)(at.rest - at.seq) + digits;
    if (acq_buf_reserve(out, H2_PREFIX + size) < 0) bench_fail("no memory for what is to be sent");
    uint8_t *p = out->bytes + out->len;
    h2_prefix(p, size);
    p += H2_PREFIX;
    memcpy(p, frame, at.seq);
    memcpy(p + at.session, session, SESSION);
    memcpy(p + at.seq, number, digits);
    memcpy(p + at.seq + digits, frame + at.rest, n - at.rest);
    out->len += H2_PREFIX + size;
}

size_t cargo_add(const struct cargo *cargo, uint64_t first, size_t n, const char *session, struct acq_buf *scratch,
                 struct acq_buf *out)
{
    scratch->len = 0;
    for (uint64_t seq = first; seq < first + n; seq++)
        message(cargo, (size_t)((seq - 1) % cargo->frames.n), seq, session, scratch);
    for (size_t at = 0, part; at < scratch->len; at += part) {
        uint8_t header[H2_HEADER];
        part = scratch->len - at < H2_PAYLOAD_MAX ? scratch->len - at : H2_PAYLOAD_MAX;
        h2_data_header(header, part);
        if (acq_buf_add(out, header, sizeof header) < 0 || acq_buf_add(out, scratch->bytes + at, part) < 0)
            bench_fail("no memory for what is to be sent");
    }
    return scratch->len;
}
