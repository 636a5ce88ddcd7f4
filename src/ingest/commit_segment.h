/* commit_segment.h - the commit log on the disk: segments, and groups in them.
 *
 * A segment is a file of one size, with 4 KiB at each end for the two copies of its head; groups lie between them. A
 * file is used again with a new number; the group heads carry the number, so that what a former life has left is never
 * taken for a group. They carry the random number of the program's run as well: bytes that somebody has sent cannot
 * look like a group when groups are looked for behind a damaged place.
 *
 * Units   bytes; serial numbers count groups over all runs.
 * Shapes  all numbers little end first.
 *         head of a segment (the first 64 bytes of the file and the last 64; the same in every version up to
 * `version`): 8 "acq log\n" | 4 version | 4 number | 8 run | 8 first serial | 8 released | 4 number of the segment
 * before | 4 end of that | 4 size | 8 zero | 4 CRC-32 of the 60 bytes before group, at a multiple of 64 bytes: head,
 * content, zeros up to the next multiple 4 "ACQg" | 4 segment's number | 8 run | 8 serial | 8 released | 4 content's
 * length | 4 frames | 4 CRC-32 of the content | 16 zero | 4 CRC-32 of the 60 bytes before Memory  the caller's. Threads
 * any. Errors  everything read is checked; nothing in it is trusted. */
#ifndef ACQ_INGEST_COMMIT_SEGMENT_H
#define ACQ_INGEST_COMMIT_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACQ_SEGMENT_VERSION = 1,
    ACQ_SEGMENT_HEAD = 64,
    ACQ_SEGMENT_EDGE = 4096, /* what the heads have to themselves: a disk writes and damages whole blocks */
    ACQ_SEGMENT_GROUP = 64,
    ACQ_SEGMENT_ALIGN = 64
};

struct acq_segment_head {
    uint64_t run, first_serial;
    uint64_t released; /* groups up to this serial number were not needed any more when the segment was begun */
    uint32_t number, size;
    uint32_t before_number, before_end; /* the segment before, and where its groups end; 0: none in this run */
};

void acq_segment_head_put(uint8_t dst[ACQ_SEGMENT_HEAD], const struct acq_segment_head *head);

/* acq_segment_head_get returns 0, ACQ_FORMAT if this is none, or ACQ_VERSION if it is one of another version. */
int acq_segment_head_get(struct acq_segment_head *head, const uint8_t src[ACQ_SEGMENT_HEAD]);

struct acq_segment_group_head {
    uint64_t run, serial, released;
    uint32_t number, len, frames, crc;
};

void acq_segment_group_put(uint8_t dst[ACQ_SEGMENT_GROUP], const struct acq_segment_group_head *head);

/* acq_segment_group_size is what a group of `len` bytes takes of a segment. */
uint64_t acq_segment_group_size(uint64_t len);

struct acq_segment_group {
    struct acq_segment_group_head head;
    uint32_t start, end;    /* in the segment */
    const uint8_t *content; /* head.len bytes */
};

/* acq_segment_next finds the first whole group of the segment at `from` or behind it: the head is right, and belongs to
 * this segment; the content's checksum is right, and it consists of whole frames. Returns false where there is none.
 * group->content points into `bytes`, the segment's file. */
bool acq_segment_next(const uint8_t *bytes, size_t size, const struct acq_segment_head *segment, uint64_t from,
                      struct acq_segment_group *group);

#endif
