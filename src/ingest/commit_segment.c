#include "ingest/commit_segment.h"

#include "base/buf.h"
#include "base/err.h"
#include "frame/batch.h"

#include <libdeflate.h>

#include <string.h>

static const uint8_t segment_magic[8] = {'a', 'c', 'q', ' ', 'l', 'o', 'g', '\n'};
static const uint8_t group_magic[4] = {'A', 'C', 'Q', 'g'};

enum { CHECKED = 60 }; /* bytes of a head in front of their checksum */

static void sign(uint8_t *head)
{
    acq_put_le(head + CHECKED, libdeflate_crc32(0, head, CHECKED), 4);
}

static bool signed_right(const uint8_t *head)
{
    return acq_get_le(head + CHECKED, 4) == libdeflate_crc32(0, head, CHECKED);
}

static uint32_t get32(const uint8_t *src)
{
    return (uint32_t)acq_get_le(src, 4);
}

void acq_segment_head_put(uint8_t dst[ACQ_SEGMENT_HEAD], const struct acq_segment_head *head)
{
    memset(dst, 0, ACQ_SEGMENT_HEAD);
    memcpy(dst, segment_magic, sizeof segment_magic);
    acq_put_le(dst + 8, ACQ_SEGMENT_VERSION, 4);
    acq_put_le(dst + 12, head->number, 4);
    acq_put_le(dst + 16, head->run, 8);
    acq_put_le(dst + 24, head->first_serial, 8);
    acq_put_le(dst + 32, head->released, 8);
    acq_put_le(dst + 40, head->before_number, 4);
    acq_put_le(dst + 44, head->before_end, 4);
    acq_put_le(dst + 48, head->size, 4);
    sign(dst);
}

int acq_segment_head_get(struct acq_segment_head *head, const uint8_t src[ACQ_SEGMENT_HEAD])
{
    if (memcmp(src, segment_magic, sizeof segment_magic) || !signed_right(src)) return ACQ_FORMAT;
    if (acq_get_le(src + 8, 4) != ACQ_SEGMENT_VERSION) return ACQ_VERSION;
    *head = (struct acq_segment_head){.number = get32(src + 12),
                                      .run = acq_get_le(src + 16, 8),
                                      .first_serial = acq_get_le(src + 24, 8),
                                      .released = acq_get_le(src + 32, 8),
                                      .before_number = get32(src + 40),
                                      .before_end = get32(src + 44),
                                      .size = get32(src + 48)};
    return head->number ? ACQ_OK : ACQ_FORMAT;
}

void acq_segment_group_put(uint8_t dst[ACQ_SEGMENT_GROUP], const struct acq_segment_group_head *head)
{
    memset(dst, 0, ACQ_SEGMENT_GROUP);
    memcpy(dst, group_magic, sizeof group_magic);
    acq_put_le(dst + 4, head->number, 4);
    acq_put_le(dst + 8, head->run, 8);
    acq_put_le(dst + 16, head->serial, 8);
    acq_put_le(dst + 24, head->released, 8);
    acq_put_le(dst + 32, head->len, 4);
    acq_put_le(dst + 36, head->frames, 4);
    acq_put_le(dst + 40, head->crc, 4);
    sign(dst);
}

static bool group_head_get(struct acq_segment_group_head *head, const uint8_t *src)
{
    if (memcmp(src, group_magic, sizeof group_magic) || !signed_right(src)) return false;
    *head = (struct acq_segment_group_head){.number = get32(src + 4),
                                            .run = acq_get_le(src + 8, 8),
                                            .serial = acq_get_le(src + 16, 8),
                                            .released = acq_get_le(src + 24, 8),
                                            .len = get32(src + 32),
                                            .frames = get32(src + 36),
                                            .crc = get32(src + 40)};
    return true;
}

uint64_t acq_segment_group_size(uint64_t len)
{
    return (ACQ_SEGMENT_GROUP + len + ACQ_SEGMENT_ALIGN - 1) / ACQ_SEGMENT_ALIGN * ACQ_SEGMENT_ALIGN;
}

static bool whole_frames(const uint8_t *content, const struct acq_segment_group_head *head)
{
    struct acq_batch batch = {content, head->len};
    const uint8_t *frame;
    size_t n;
    uint32_t frames = 0;
    int r;
    while ((r = acq_batch_next(&batch, &frame, &n)) == ACQ_OK) frames++;
    return r == ACQ_END && frames == head->frames;
}

static bool group_at(const uint8_t *bytes, uint64_t room, const struct acq_segment_head *segment,
                     struct acq_segment_group_head *head)
{
    const uint8_t *content = bytes + ACQ_SEGMENT_GROUP;
    return group_head_get(head, bytes) && head->number == segment->number && head->run == segment->run &&
           head->len <= room - ACQ_SEGMENT_GROUP && libdeflate_crc32(0, content, head->len) == head->crc &&
           whole_frames(content, head);
}

bool acq_segment_next(const uint8_t *bytes, size_t size, const struct acq_segment_head *segment, uint64_t from,
                      struct acq_segment_group *group)
{
    for (uint64_t at = from; at + ACQ_SEGMENT_GROUP <= size; at += ACQ_SEGMENT_ALIGN) {
        if (!group_at(bytes + at, size - at, segment, &group->head)) continue;
        group->start = (uint32_t)at;
        group->end = (uint32_t)(at + acq_segment_group_size(group->head.len));
        group->content = bytes + at + ACQ_SEGMENT_GROUP;
        return true;
    }
    return false;
}
