/* frame.h - one telemetry frame: struct, channel ids and the table of channels, all from channels.def.
 *
 * Units   those of the channel table (acq_channels[].unit).
 * Shapes  wheels are FL FR RL RR, vectors x y z; text is UTF-8, ended by NUL.
 * Memory  struct acq_frame is plain memory of the caller, about 3 kB, without pointers.
 * Threads the table is constant; functions touch only what they are given. */
#ifndef ACQ_FRAME_FRAME_H
#define ACQ_FRAME_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum acq_type { ACQ_TYPE_GROUP, ACQ_TYPE_F32, ACQ_TYPE_I32, ACQ_TYPE_U64, ACQ_TYPE_X64, ACQ_TYPE_STR, ACQ_TYPE_FLOATS };
enum acq_kind { ACQ_KIND_continuous, ACQ_KIND_stepped, ACQ_KIND_cyclic, ACQ_KIND_text };
enum acq_page { ACQ_PAGE_none, ACQ_PAGE_physics, ACQ_PAGE_graphics, ACQ_PAGE_statics, ACQ_PAGES };
enum acq_page_type { ACQ_PAGE_TYPE_none, ACQ_PAGE_TYPE_f32, ACQ_PAGE_TYPE_i32, ACQ_PAGE_TYPE_u16 };
enum acq_conversion { ACQ_CONVERT_same, ACQ_CONVERT_invert, ACQ_CONVERT_gear, ACQ_CONVERT_number, ACQ_CONVERT_seconds };

/* Groups: ACQ_IN_head, ACQ_IN_physics, ACQ_IN_graphics, ACQ_IN_stat, ACQ_IN_capture */
enum acq_group {
#define GROUP(group, tag, message, doc) ACQ_IN_##group,
#include "frame/channels.def"
    ACQ_GROUPS
};

/* Ids: of each group (ACQ_physics) and, behind it, of its channels (ACQ_physics_speed_kmh) */
enum acq_id {
#define GROUP(group, tag, message, doc) ACQ_##group,
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    ACQ_##group##_##name,
#include "frame/channels.def"
    ACQ_IDS
};

#define ACQ_FIELD_f32(name, n) float name
#define ACQ_FIELD_i32(name, n) int32_t name
#define ACQ_FIELD_u64(name, n) uint64_t name
#define ACQ_FIELD_x64(name, n) uint64_t name
#define ACQ_FIELD_str(name, n) char name[(n) + 1]
#define ACQ_FIELD_vec3f(name, n) float name[n]
#define ACQ_FIELD_wheel4f(name, n) float name[n]

/* A frame: f.physics.speed_kmh counts only where f.has[ACQ_physics_speed_kmh]. */
struct acq_frame {
    bool has[ACQ_IDS]; /* which channels are there; a group is there when its message is, even an empty one */
#define GROUP(group, tag, message, doc) struct acq_group_##group {
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    ACQ_FIELD_##type(name, n);
#define END(group) \
    }              \
    group;
#include "frame/channels.def"
};

/* One row of the channel table as data. Rows of groups have type ACQ_TYPE_GROUP. */
struct acq_channel {
    const char *name, *message, *unit, *column, *suffix, *motec, *doc;
    uint16_t offset;      /* [byte] in struct acq_frame */
    uint16_t page_offset; /* [byte] in its page */
    uint8_t group, tag, type, n, page, page_type, conversion, kind;
    uint8_t hz; /* [1/s] rate in a MoTeC log */
};
extern const struct acq_channel acq_channels[ACQ_IDS];

/* The most bytes that an encoded frame needs: keys, lengths and values of every channel. */
#define ACQ_SIZE_f32(n) 4
#define ACQ_SIZE_i32(n) 10
#define ACQ_SIZE_u64(n) 10
#define ACQ_SIZE_x64(n) 8
#define ACQ_SIZE_str(n) (2 + (n))
#define ACQ_SIZE_vec3f(n) (1 + 5 * (n))
#define ACQ_SIZE_wheel4f(n) (1 + 5 * (n))
enum {
    ACQ_FRAME_MAX = 0
#define GROUP(group, tag, message, doc) +5
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    +2 + ACQ_SIZE_##type(n)
#include "frame/channels.def"
};

/* The longest frame that is accepted from outside; anything above is an error, not a frame. Foreign writers may add
 * fields that we do not know. */
#define ACQ_FRAME_LIMIT (64 * 1024)

/* acq_frame_clear empties f: no channel is there. */
void acq_frame_clear(struct acq_frame *f);

/* acq_frame_set_text copies text into channel id of f, cut to whole characters where it is too long, and marks it and
 * its group as there. */
void acq_frame_set_text(struct acq_frame *f, enum acq_id id, const char *text);

/* acq_frame_from_page sets all channels of f that the game keeps in `page`, from its first `size` bytes. A channel that
 * lies beyond `size` is marked as absent: older versions of the game have shorter pages. */
void acq_frame_from_page(struct acq_frame *f, enum acq_page page, const void *bytes, size_t size);

/* acq_frame_to_page writes the channels of f that are there into `page`, up to `size` bytes, and leaves the rest of it
 * as it is: the inverse of acq_frame_from_page. */
void acq_frame_to_page(const struct acq_frame *f, enum acq_page page, void *bytes, size_t size);

/* acq_encode writes f as a TelemetryFrame to dst, which has room for ACQ_FRAME_MAX bytes: first head, physics and
 * graphics (the body), then stat and capture (the context). Returns the length in bytes; *body, unless NULL, gets the
 * length of the body. */
size_t acq_encode(const struct acq_frame *f, uint8_t *dst, size_t *body);

/* acq_decode reads a TelemetryFrame of n bytes into f, in any order of fields, and skips fields that it does not know.
 * A channel that is not in the message is absent; only in a frame without seq, as the original project writes them, an
 * original scalar that is not there is 0, as in proto3. Returns 0, or ACQ_FORMAT if it is no TelemetryFrame: malformed,
 * text that is not UTF-8, has a NUL or is longer than the table says. Then f is undefined. */
int acq_decode(struct acq_frame *f, const uint8_t *src, size_t n);

/* acq_frame_number makes a frame without seq, of n bytes at src and decoded in f, the frame `seq` of its session: sets
 * it in f, and encodes f anew to dst, which has room for ACQ_FRAME_MAX + n bytes. Only so its zeros are kept: in a
 * frame with seq what is not there is not known. Fields that we do not know are kept, but for those within a vector.
 * Returns the length, or 0 if that is more than ACQ_FRAME_LIMIT. */
size_t acq_frame_number(struct acq_frame *f, uint64_t seq, const uint8_t *src, size_t n, uint8_t *dst);

/* acq_frame_body returns the length of the body of an encoded frame: what stands before the first context field (stat
 * or capture) at the top level; n when there is none or the frame is malformed. */
size_t acq_frame_body(const uint8_t *src, size_t n);

/* acq_frame_context copies all fields of one context group, ACQ_stat or ACQ_capture, from the top level of an encoded
 * frame to dst, wherever they stand; dst has room for n bytes, or is NULL. Returns their length, 0 when there is none
 * or the frame is malformed. */
size_t acq_frame_context(const uint8_t *src, size_t n, enum acq_id group, uint8_t *dst);

/* acq_frame_peek reads only the top level of a TelemetryFrame of n bytes. Returns 0 with *seq (0 if there is none) and
 * *monotonic_ns (0 if none), or ACQ_FORMAT. */
int acq_frame_peek(const uint8_t *src, size_t n, uint64_t *seq, uint64_t *monotonic_ns);

/* A column of a table: one element of one channel. */
struct acq_column {
    char name[48];
    uint16_t id;     /* enum acq_id */
    uint16_t offset; /* [byte] in struct acq_frame */
    uint8_t element; /* 0 .. n - 1 */
    uint8_t type;    /* ACQ_TYPE_F32 for the elements of ACQ_TYPE_FLOATS, else as the channel's */
};

/* The number of columns: one for each element of each channel. */
enum {
    ACQ_COLUMNS = 0
#define ACQ_WIDTH_f32 1
#define ACQ_WIDTH_i32 1
#define ACQ_WIDTH_u64 1
#define ACQ_WIDTH_x64 1
#define ACQ_WIDTH_str 1
#define ACQ_WIDTH_vec3f 3
#define ACQ_WIDTH_wheel4f 4
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    +ACQ_WIDTH_##type
#include "frame/channels.def"
};

/* acq_columns fills the columns of a table in their order: the fourteen of the original project, then all others in
 * the order of the channel table. */
void acq_columns(struct acq_column columns[ACQ_COLUMNS]);

/* acq_text_from_utf16 writes at most `units` UTF-16 units, up to the first NUL, as UTF-8 to dst of 3 * units + 1 bytes;
 * a lone surrogate becomes U+FFFD. Returns the number of bytes without the NUL. */
size_t acq_text_from_utf16(char *dst, const uint8_t *src, size_t units);

/* acq_text_to_utf16 writes UTF-8 (U+FFFD for what is none) as UTF-16 into `units` units at dst and fills the rest with
 * NUL. Text that is too long is cut at a whole character. */
void acq_text_to_utf16(uint8_t *dst, size_t units, const char *text);

#endif
