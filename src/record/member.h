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
#include "frame/frame.h"

#include <stdbool.h>
#include <stdint.h>

enum acq_member_kind { ACQ_MEMBER_FRAMES = 0, ACQ_MEMBER_END = 1 };

#define ACQ_MEMBER_VERSION 1
#define ACQ_MEMBER_HEADER 128          /* gzip header with our subfield */
#define ACQ_MEMBER_TRAILER 8           /* CRC-32 and size of the content */
#define ACQ_MEMBER_RAW_MAX (8u << 20)  /* the most content of one member */
#define ACQ_MEMBER_SIZE_MAX (9u << 20) /* the most bytes of one member in the file */

enum { ACQ_JITTER_BINS = 12 };

/* What a member's header says. */
struct acq_member {
    uint8_t kind;       /* enum acq_member_kind */
    bool left_out;      /* frames before this member were left out on purpose */
    uint32_t size;      /* of the whole member in the file */
    uint32_t raw_size;  /* of the content: length-delimited frames */
    uint64_t first_seq; /* of its first frame; in the end member: the seq that would have come next */
    uint32_t frames;
    int64_t first_t_ns; /* sample time of the first and of the last frame, steady clock */
    int64_t last_t_ns;
    int64_t first_utc_ns; /* UTC of the first frame, 0 where the source has none */
    int32_t laps;         /* completed laps at the last frame */
    int32_t best_lap_ms;  /* best lap so far, 0: none */
    uint32_t steps;       /* frames whose physics page is another one than that of the frame before */
    uint32_t missed;      /* physics steps that went by between frames, by their packet_id */
    uint32_t pictures;    /* frames whose graphics page is another one than that of the frame before */
    uint32_t lost;        /* steps that the sampling program declared lost before these frames (lost_before) */
    /* Frames by how far the time since the frame before is from 3 ms for each step in between: bin i has those up to
     * acq_jitter_us[i], the last bin the rest. Frames without a step, or behind a pause, are in none. */
    uint16_t jitter[ACQ_JITTER_BINS];
};
extern const uint32_t acq_jitter_us[ACQ_JITTER_BINS - 1]; /* [us] */

/* What acq_member_note keeps of the frame before. */
struct acq_member_trace {
    bool any;
    int32_t packet_id, graphics_packet_id;
    int64_t t_ns;
};

/* acq_member_note counts one more frame in. The trace goes on from member to member of a session. */
void acq_member_note(struct acq_member *member, struct acq_member_trace *trace, const struct acq_frame *f);

/* acq_member_parse reads a member's header from n bytes. Returns 0; ACQ_AGAIN if n is too small to tell; ACQ_FORMAT if
 * these bytes do not begin a member of ours; ACQ_VERSION if they do, of a version that we do not know. */
int acq_member_parse(struct acq_member *member, const uint8_t *bytes, size_t n);

/* acq_member_version returns the version that such a header names; it needs 17 bytes. */
int acq_member_version(const uint8_t *bytes);

/* acq_member_seal compresses member->raw_size bytes at `raw` and appends the whole member to `out`; fills member->size.
 * `deflate` is a compressor of libdeflate. Returns 0, ACQ_RANGE or ACQ_MEMORY. */
struct libdeflate_compressor;
int acq_member_seal(struct acq_member *member, const uint8_t *raw, struct libdeflate_compressor *deflate,
                    struct acq_buf *out);

/* acq_member_set_left_out changes that mark in the header of a sealed member. */
void acq_member_set_left_out(uint8_t *header, bool left_out);

/* acq_member_open inflates the member whose member->size bytes stand at `bytes` into `out`, which is emptied first, and
 * checks its size and CRC. Returns 0, ACQ_FORMAT if it is damaged, or ACQ_MEMORY. */
struct libdeflate_decompressor;
int acq_member_open(const struct acq_member *member, const uint8_t *bytes, struct libdeflate_decompressor *inflate,
                    struct acq_buf *out);

#endif
