#include "record/loss.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void acq_loss_init(struct acq_loss *l)
{
    memset(l, 0, offsetof(struct acq_loss, gap)); /* `gaps` says that none of those is used */
    l->last_t_ns = ACQ_LOSS_BEFORE;
}

static void add_gap(struct acq_loss *l, struct acq_gap gap)
{
    if (l->gaps < ACQ_GAPS_MAX) l->gap[l->gaps] = gap;
    l->gaps++;
    l->missing_frames += gap.frames;
}

/* end_tail: the damage behind the latest member, with nothing behind it to compare with */
static void end_tail(struct acq_loss *l)
{
    const struct acq_damage *d = &l->tail;
    uint64_t frames = d->next_seq > l->next_seq ? d->next_seq - l->next_seq : 0;
    if (d->bytes) add_gap(l, (struct acq_gap){d->at, d->bytes, l->next_seq, frames, l->last_t_ns, ACQ_LOSS_BEHIND});
    l->tail = (struct acq_damage){0};
}

void acq_loss_start(struct acq_loss *l, uint64_t seq)
{
    end_tail(l);
    if (!l->any) l->start_seq = seq;
    l->any = true;
    l->next_seq = seq;
    l->last_t_ns = ACQ_LOSS_BEFORE;
}

void acq_loss_bytes(struct acq_loss *l, uint64_t at, uint64_t n)
{
    struct acq_damage *d = l->any ? &l->tail : &l->head;
    if (!d->bytes) d->at = at;
    d->bytes += n;
    l->damaged_bytes += n;
    l->closed = l->closed && !n;
}

void acq_loss_claim(struct acq_loss *l, const struct acq_member *m)
{
    struct acq_damage *d = l->any ? &l->tail : &l->head;
    uint64_t next = m->first_seq + m->frames;
    if (next > d->next_seq && next >= m->first_seq) d->next_seq = next;
}

/* compare: is there a gap between what was read before, the damage behind it, and this member? */
static void compare(struct acq_loss *l, const struct acq_member *m, uint64_t at)
{
    struct acq_damage *d = &l->tail;
    uint64_t missing = m->first_seq > l->next_seq ? m->first_seq - l->next_seq : 0;
    if (m->left_out) { /* what was left out on purpose is no loss, but damage before it is */
        uint64_t lost = d->next_seq > l->next_seq ? d->next_seq - l->next_seq : missing;
        if (!d->bytes || lost > missing) lost = d->bytes ? missing : 0;
        l->left_out += missing - lost;
        missing = lost;
    }
    int64_t behind = m->frames ? m->first_t_ns : ACQ_LOSS_BEHIND;
    if (missing || d->bytes)
        add_gap(l, (struct acq_gap){d->bytes ? d->at : at, d->bytes, l->next_seq, missing, l->last_t_ns, behind});
    *d = (struct acq_damage){0};
}

void acq_loss_member(struct acq_loss *l, const struct acq_member *m, uint64_t at)
{
    if (l->any) {
        compare(l, m, at);
    } else {
        l->first = *m;
        l->first_at = at;
    }
    l->any = true;
    l->next_seq = m->first_seq + m->frames;
    if (m->frames) l->last_t_ns = m->last_t_ns;
    l->closed = m->kind == ACQ_MEMBER_END;
}

static void join_damage(struct acq_loss *whole, const struct acq_damage *d)
{
    if (d->bytes) acq_loss_bytes(whole, d->at, d->bytes);
    if (d->next_seq > whole->tail.next_seq) whole->tail.next_seq = d->next_seq;
}

void acq_loss_join(struct acq_loss *whole, const struct acq_loss *part)
{
    if (part->start_seq) acq_loss_start(whole, part->start_seq);
    join_damage(whole, &part->head);
    if (!part->any) return;
    if (!part->start_seq) acq_loss_member(whole, &part->first, part->first_at);
    size_t kept = part->gaps < ACQ_GAPS_MAX ? part->gaps : ACQ_GAPS_MAX;
    for (size_t i = 0; i < kept && whole->gaps + i < ACQ_GAPS_MAX; i++) whole->gap[whole->gaps + i] = part->gap[i];
    whole->gaps += part->gaps;
    whole->missing_frames += part->missing_frames;
    whole->left_out += part->left_out;
    /* join_damage has counted the head; the tail is counted below */
    whole->damaged_bytes += part->damaged_bytes - part->head.bytes - part->tail.bytes;
    whole->next_seq = part->next_seq;
    whole->last_t_ns = part->last_t_ns;
    whole->closed = part->closed;
    join_damage(whole, &part->tail);
}

void acq_loss_end(struct acq_loss *l)
{
    end_tail(l);
    if (*l->text) return;
    const struct acq_gap *last = l->gaps && l->gaps <= ACQ_GAPS_MAX ? &l->gap[l->gaps - 1] : NULL;
    bool cut = l->gaps == 1 && last && last->bytes && last->to_t_ns == ACQ_LOSS_BEHIND && !l->closed;
    if (cut && !l->missing_frames)
        snprintf(l->text, sizeof l->text, "the file is cut: its last %" PRIu64 " bytes are no whole member",
                 l->damaged_bytes);
    else if (cut)
        snprintf(l->text, sizeof l->text, "the file is cut: its last %" PRIu64 " frames are missing",
                 l->missing_frames);
    else if (l->gaps)
        snprintf(l->text, sizeof l->text,
                 "the file is damaged: %" PRIu64 " frames are missing, %" PRIu64 " bytes are unreadable",
                 l->missing_frames, l->damaged_bytes);
}
