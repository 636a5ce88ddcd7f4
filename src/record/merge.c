#include "record/merge.h"

#include "frame/frame.h"
#include "record/reader.h"

#include <stdlib.h>

/* One recording, and where it stands. */
struct source {
    const char *path;
    struct acq_reader *reader;
    struct acq_batch all, left; /* its latest batch, and what of it has not been given */
    uint64_t seq;               /* of the next frame, if there is one */
    uint64_t end;               /* behind the latest frame that was seen */
    bool ended;
};

struct acq_merge {
    struct source *sources;
    size_t n;
    uint64_t next_seq, duplicates;
};

void acq_merge_free(struct acq_merge *m)
{
    if (!m) return;
    for (size_t i = 0; i < m->n; i++) acq_reader_free(m->sources[i].reader);
    free(m->sources);
    free(m);
}

int acq_merge_new(struct acq_merge **merge, const char *const *paths, size_t n, struct acq_err *err)
{
    struct acq_merge *m = calloc(1, sizeof *m);
    if (m) m->sources = calloc(n ? n : 1, sizeof *m->sources);
    int result = m && m->sources ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    for (size_t i = 0; result == ACQ_OK && i < n; i++) {
        m->sources[i].path = paths[i];
        result = acq_reader_new(&m->sources[i].reader, paths[i], err);
        if (result == ACQ_OK) m->n++;
    }
    if (result < 0) {
        acq_merge_free(m);
        return result;
    }
    m->next_seq = 1;
    *merge = m;
    return ACQ_OK;
}

uint64_t acq_merge_duplicates(const struct acq_merge *m)
{
    return m->duplicates;
}

/* member_of: the member of the source's latest batch, NULL in a foreign file */
static const struct acq_member *member_of(const struct source *s)
{
    uint64_t at;
    return acq_reader_member(s->reader, &at);
}

/* read_batch: the next one. A member whose frames have all been given is passed over as a whole. */
static int read_batch(struct acq_merge *m, struct source *s, struct acq_err *err)
{
    int result = acq_reader_next(s->reader, &s->all, err);
    s->left = s->all;
    s->ended = result == ACQ_END;
    if (result) return result < 0 ? result : ACQ_OK;
    const struct acq_member *member = member_of(s);
    if (!member || member->first_seq + member->frames > m->next_seq) return ACQ_OK;
    m->duplicates += member->frames;
    s->end = member->first_seq + member->frames;
    s->left.len = 0;
    return ACQ_OK;
}

/* advance goes on to the source's first frame that is still wanted. */
static int advance(struct acq_merge *m, struct source *s, struct acq_err *err)
{
    const uint8_t *frame;
    size_t n;
    uint64_t t_ns;
    while (!s->ended) {
        struct acq_batch rest = s->left;
        int result = acq_batch_next(&rest, &frame, &n);
        if (result != ACQ_OK) { /* the end of the batch: readers give whole frames */
            result = read_batch(m, s, err);
            if (result < 0) return result;
            continue;
        }
        if (acq_frame_peek(frame, n, &s->seq, &t_ns) == ACQ_OK && s->seq != UINT64_MAX) { /* behind which is none */
            if (!s->seq)
                return acq_fail(err, ACQ_FORMAT,
                                "%s has frames without a number, as the original project writes them: they cannot be "
                                "merged",
                                s->path);
            s->end = s->seq + 1;
            if (s->seq >= m->next_seq) return ACQ_OK;
            m->duplicates++;
        }
        s->left = rest;
    }
    return ACQ_OK;
}

/* take: the frames of source s from where it stands, up to `limit`, which another source gives */
static void take(struct acq_merge *m, struct source *s, uint64_t limit, struct acq_merge_run *run)
{
    const struct acq_member *member = member_of(s);
    struct acq_batch rest = s->left, behind = rest;
    uint64_t seq = s->seq, got, t_ns;
    const uint8_t *frame;
    size_t n;
    while (seq < limit && acq_batch_next(&behind, &frame, &n) == ACQ_OK && acq_frame_peek(frame, n, &got, &t_ns) == 0 &&
           got == seq) {
        rest = behind;
        seq++;
    }
    bool begins = s->left.bytes == s->all.bytes, left_out = member && begins && member->left_out;
    bool whole = member && begins && !rest.len && member->first_seq == s->seq && seq - s->seq == member->frames;
    *run = (struct acq_merge_run){.frames = {s->left.bytes, s->left.len - rest.len},
                                  .before = {s->all.bytes, s->all.len - s->left.len},
                                  .member = whole ? member : NULL,
                                  .packed = whole ? acq_reader_packed(s->reader) : NULL,
                                  .first_seq = s->seq,
                                  .missing = left_out ? 0 : s->seq - m->next_seq,
                                  .left_out = left_out && s->seq > m->next_seq};
    s->left = rest;
    s->end = m->next_seq = seq;
}

int acq_merge_next(struct acq_merge *m, struct acq_merge_run *run, struct acq_err *err)
{
    struct source *best = NULL;
    uint64_t limit = UINT64_MAX; /* where the first source that is named before `best` has a frame */
    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->sources[i];
        int result = advance(m, s, err);
        if (result < 0) return result;
        if (s->ended || (best && s->seq >= best->seq)) continue;
        if (best) limit = best->seq;
        best = s;
    }
    if (!best) return ACQ_END;
    take(m, best, limit, run);
    return ACQ_OK;
}

/* claimed: behind the frames that headers at the damaged end of a recording speak of, 0 for none; *damaged: it ends in
 * damage, or in the middle */
static uint64_t claimed(const struct acq_loss *l, bool *damaged)
{
    const struct acq_gap *last = l->gaps && l->gaps <= ACQ_GAPS_MAX ? &l->gap[l->gaps - 1] : NULL;
    bool behind = last && last->bytes && last->to_t_ns == ACQ_LOSS_BEHIND;
    *damaged = !l->closed && (l->foreign || behind);
    return behind && last->frames ? last->first_seq + last->frames : 0;
}

uint64_t acq_merge_behind(const struct acq_merge *m, bool *cut)
{
    uint64_t most = m->next_seq;
    bool ends_well = false;
    *cut = false;
    for (size_t i = 0; i < m->n; i++) {
        const struct source *s = &m->sources[i];
        const struct acq_loss *loss = acq_reader_get_loss(s->reader);
        bool damaged;
        uint64_t end = claimed(loss, &damaged);
        if (end > most) most = end;
        if (s->end < m->next_seq) continue; /* another one goes on from there */
        ends_well |= loss->closed;
        *cut |= damaged && !end;
    }
    *cut = *cut && !ends_well;
    return most - m->next_seq;
}
