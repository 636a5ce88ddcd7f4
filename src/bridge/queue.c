#include "bridge/queue.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 128 * 1024 };

/* A frame in a block stands behind its length and its time. */
struct entry {
    uint32_t n;
    int64_t t_ns;
};

struct acq_block {
    struct acq_block *next;
    uint64_t first_seq;
    uint32_t count;
    size_t len, room;
    uint8_t bytes[];
};

static struct entry get(const struct acq_block *b, size_t offset)
{
    struct entry e;
    memcpy(&e, b->bytes + offset, sizeof e);
    return e;
}

static void drop_first(struct acq_queue *q)
{
    struct acq_block *b = q->first;
    q->first = b->next;
    if (!q->first) q->last = NULL;
    if (q->at == b) { /* what was to be sent from here has to come from the recording, or was acked unsent */
        q->at = q->first;
        q->at_offset = 0;
        q->at_seq = q->first ? q->first->first_seq : q->last_seq + 1;
    }
    q->size -= b->room;
    free(b);
}

static int add_block(struct acq_queue *q, uint64_t seq, size_t need)
{
    size_t room = need > BLOCK ? need : BLOCK;
    struct acq_block *b = malloc(sizeof *b + room);
    if (!b) return ACQ_MEMORY;
    *b = (struct acq_block){.first_seq = seq, .room = room};
    if (q->last)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
    q->size += room;
    return ACQ_OK;
}

static bool is_safe(const struct acq_block *b, uint64_t safe_seq)
{
    return b->first_seq + b->count <= safe_seq + 1;
}

bool acq_queue_room(const struct acq_queue *q, uint64_t safe_seq)
{
    size_t size = q->size;
    for (const struct acq_block *b = q->first; b && size + BLOCK > ACQ_QUEUE_MAX && is_safe(b, safe_seq); b = b->next)
        size -= b->room;
    return size + BLOCK <= ACQ_QUEUE_MAX;
}

int acq_queue_push(struct acq_queue *q, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n, uint64_t safe_seq)
{
    struct entry e = {.n = (uint32_t)n, .t_ns = t_ns};
    size_t need = sizeof e + n;
    if (!q->last || q->last->len + need > q->last->room) {
        while (q->first && q->size + BLOCK > ACQ_QUEUE_MAX && is_safe(q->first, safe_seq)) drop_first(q);
        if (q->size + BLOCK > ACQ_QUEUE_LIMIT) return ACQ_RANGE;
        int r = add_block(q, seq, need);
        if (r < 0) return r;
    }
    struct acq_block *b = q->last;
    memcpy(b->bytes + b->len, &e, sizeof e);
    memcpy(b->bytes + b->len + sizeof e, bytes, n);
    b->len += need;
    b->count++;
    if (!q->last_seq && !q->at_seq) q->at_seq = seq;
    q->last_seq = seq;
    return ACQ_OK;
}

uint64_t acq_queue_first_seq(const struct acq_queue *q)
{
    return q->first ? q->first->first_seq : q->last_seq + 1;
}

void acq_queue_seek(struct acq_queue *q, uint64_t seq)
{
    struct acq_block *b = q->first;
    while (b && seq >= b->first_seq + b->count) b = b->next;
    q->at = b;
    q->at_seq = seq;
    q->at_offset = 0;
    for (uint64_t i = b ? b->first_seq : seq; i < seq; i++)
        q->at_offset += sizeof(struct entry) + get(b, q->at_offset).n;
}

int acq_queue_next(struct acq_queue *q, struct acq_queued *frame)
{
    if (q->at_seq > q->last_seq) return ACQ_AGAIN;
    if (!q->at || q->at_offset == q->at->len) acq_queue_seek(q, q->at_seq);
    if (!q->at) return ACQ_AGAIN;
    struct entry e = get(q->at, q->at_offset);
    *frame = (struct acq_queued){q->at->bytes + q->at_offset + sizeof e, e.n, q->at_seq, e.t_ns};
    q->at_offset += sizeof e + e.n;
    q->at_seq++;
    return ACQ_OK;
}

uint64_t acq_queue_seq_at(const struct acq_queue *q, int64_t t_ns)
{
    uint64_t found = 0;
    for (const struct acq_block *b = q->first; b; b = b->next) {
        size_t offset = 0;
        for (uint32_t i = 0; i < b->count; i++) {
            struct entry e = get(b, offset);
            if (e.t_ns > t_ns) return found;
            found = b->first_seq + i;
            offset += sizeof e + e.n;
        }
    }
    return found;
}

void acq_queue_acked(struct acq_queue *q, uint64_t seq)
{
    while (q->first && q->first->first_seq + q->first->count <= seq + 1 && q->first->count) drop_first(q);
}

void acq_queue_clear(struct acq_queue *q)
{
    while (q->first) drop_first(q);
    *q = (struct acq_queue){0};
}
