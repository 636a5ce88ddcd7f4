/* cargo.h - what a load generator sends: the frames of a recording as gRPC messages, again and again from its begin.
 *
 * Units   bytes.
 * Memory  a cargo is filled once and lives as long as the program. */
#ifndef BENCH_CARGO_H
#define BENCH_CARGO_H

#include "base/buf.h"
#include "measure.h"

struct cargo {
    struct bench_frames data;   /* each frame as a DATA frame of HTTP/2 with one gRPC message */
    struct bench_frames frames; /* each frame, as it is encoded */
    uint64_t *t_ns;             /* its time */
    struct cargo_place {
        uint16_t session, seq, rest; /* where in the frame these begin: the text, the number, what follows it */
    } * place;
};

/* cargo_load reads a recording of ours. With `fewer`, channels are left out, so that a frame has about 600 bytes. */
void cargo_load(struct cargo *cargo, const char *path, bool fewer);

/* cargo_add appends n frames, numbered first, first + 1 ... and of the session `session` (36 characters), to `out` as
 * DATA frames that are as long as may be; `scratch` is used for it. Returns the number of bytes that flow control
 * counts. */
size_t cargo_add(const struct cargo *cargo, uint64_t first, size_t n, const char *session, struct acq_buf *scratch,
                 struct acq_buf *out);

#endif
