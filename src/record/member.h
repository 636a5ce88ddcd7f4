/* member.h - one gzip member of a recording, and its header.
 *
 * A recording is a row of gzip members. Each has in its FEXTRA field (RFC 1952, section 2.3.1.1) one subfield "AQ" that
 * says what the member holds and how long it is, so that it can be skipped, found again after damage and read alone.
 *
 * Units   bytes, nanoseconds, milliseconds (laps).
 * Shapes  docs/recording.md has the layout byte by byte.
 * Source  RFC 1951, RFC 1952; the idea of independent members: SAM/BAM format specification, BGZF. */
#ifndef ACQ_RECORD_MEMBER_H
#define ACQ_RECORD_MEMBER_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum acq_member_kind { ACQ_MEMBER_FRAMES = 0, ACQ_MEMBER_END = 1 };

#define ACQ_MEMBER_VERSION 1
#define ACQ_MEMBER_HEADER 84           /* gzip header with our subfield */
#define ACQ_MEMBER_TRAILER 8           /* CRC-32 and size of the content */
#define ACQ_MEMBER_RAW_MAX (8u << 20)  /* the most content of one member */
#define ACQ_MEMBER_SIZE_MAX (9u << 20) /* the most bytes of one member in the file */

/* What a member's header says. */
struct acq_member {
    uint8_t kind;       /* enum acq_member_kind */
    uint32_t size;      /* of the whole member in the file */
    uint32_t raw_size;  /* of the content: length-delimited frames */
    uint64_t first_seq; /* of its first frame; in the end member: the seq that would have come next */
    uint32_t frames;
    int64_t first_t_ns; /* sample time of the first and of the last frame, steady clock */
    int64_t last_t_ns;
    int64_t first_utc_ns; /* UTC of the first frame, 0 where the source has none */
    int32_t laps;         /* completed laps at the last frame */
    int32_t best_lap_ms;  /* best lap so far, 0: none */
};

/* acq_member_parse reads a member's header from n bytes. Returns 0; ACQ_AGAIN if n is too small to tell; ACQ_FORMAT if
 * these bytes do not begin a member of ours; ACQ_VERSION if they do, of a version that we do not know. */
int acq_member_parse(struct acq_member *member, const uint8_t *bytes, size_t n);

/* acq_member_seal compresses member->raw_size bytes at `raw` and appends the whole member to `out`; fills member->size.
 * `deflate` is a compressor of libdeflate. Returns 0, ACQ_RANGE or ACQ_MEMORY. */
struct libdeflate_compressor;
int acq_member_seal(struct acq_member *member, const uint8_t *raw, struct libdeflate_compressor *deflate,
                    struct acq_buf *out);

/* acq_member_open inflates the member whose member->size bytes stand at `bytes` into `out`, which is emptied first, and
 * checks its size and CRC. Returns 0, ACQ_FORMAT if it is damaged, or ACQ_MEMORY. */
struct libdeflate_decompressor;
int acq_member_open(const struct acq_member *member, const uint8_t *bytes, struct libdeflate_decompressor *inflate,
                    struct acq_buf *out);

#endif
