/* peer.h - the same frames in C++ protobuf, the codec to compare with.
 *
 * Memory  peer_new's peer holds one message for each frame, until the program ends. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "measure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct peer;

/* peer_new parses the frames `index[0..n-1]` of `all` and keeps the messages. */
struct peer *peer_new(const struct bench_frames *all, const size_t *index, size_t n);

/* peer_encoded writes message i to dst and returns its size, for a check. */
size_t peer_encoded(const struct peer *peer, size_t i, uint8_t *dst, size_t room);

/* For struct bench_case; `peer` is the user. Each goes over all n frames once:
 * serialize every message to an array; parse every frame into one message that is used again; parse every frame into
 * a new message on an arena, whose first block is used again. */
void peer_serialize(void *peer);
void peer_parse_reused(void *peer);
void peer_parse_arena(void *peer);

#ifdef __cplusplus
}
#endif

#endif
