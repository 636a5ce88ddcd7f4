#include "record/doctor.h"

#include "base/file.h"
#include "record/check.h"
#include "record/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- damage ---- */

/* what_is: what stands where the damage begins */
static void what_is(const struct acq_check *w, const struct acq_gap *g, char text[160])
{
    uint8_t header[ACQ_MEMBER_HEADER];
    struct acq_member m;
    int64_t size = w->fd >= 0 ? acq_file_size(w->fd) : -1;
    ptrdiff_t n = w->fd >= 0 ? acq_file_read_at(w->fd, g->at, header, sizeof header) : 0;
    bool whole = n == ACQ_MEMBER_HEADER && acq_member_parse(&m, header, sizeof header) == ACQ_OK;
    if (!g->bytes)
        snprintf(text, 160, "whole members are not there");
    else if (whole && (uint64_t)size - g->at < m.size)
        snprintf(text, 160, "the file ends inside this member of %" PRIu32 " frames", m.frames);
    else if (whole)
        snprintf(text, 160, "the content of this member of %" PRIu32 " frames does not fit its checksum", m.frames);
    else
        snprintf(text, 160, "%" PRIu64 " bytes are no member: the header is damaged or missing", g->bytes);
}

static void say_gaps(struct acq_check *w, const struct acq_loss *l)
{
    char what[160];
    struct acq_finding place = w->place;
    for (; w->gaps < l->gaps && w->gaps < ACQ_GAPS_MAX; w->gaps++) {
        const struct acq_gap *g = &l->gap[w->gaps];
        what_is(w, g, what);
        w->place = (struct acq_finding){.at = (int64_t)g->at, .seq = g->first_seq, .t_ns = -1};
        if (g->from_t_ns != ACQ_LOSS_BEFORE) w->place.t_ns = acq_check_since(w, g->from_t_ns);
        if (g->frames)
            acq_check_fault(w, "%s: frames %" PRIu64 " to %" PRIu64 " are missing", what, g->first_seq,
                            g->first_seq + g->frames - 1);
        else
            acq_check_fault(w, "%s", what);
    }
    w->place = place;
}

/* ---- the whole ---- */

/* check_ends: end marks, by headers alone */
static int check_ends(struct acq_check *w, const char *path, struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_member m;
    uint64_t at, next_seq = 0, end_at = 0;
    bool ended = false;
    int r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    while (acq_reader_seekable(reader) && (r = acq_reader_skim(reader, &m, &at, err)) == ACQ_OK) {
        w->place = (struct acq_finding){.at = (int64_t)at, .t_ns = -1};
        if (ended) acq_check_fault(w, "a member stands behind the end mark at byte %" PRIu64, end_at);
        ended = m.kind == ACQ_MEMBER_END;
        if (ended) end_at = at;
        if (ended && next_seq && m.first_seq < next_seq)
            acq_check_fault(
                w, "the end mark says that seq %" PRIu64 " comes next, but frames up to %" PRIu64 " stand before it",
                m.first_seq, next_seq - 1);
        if (ended && (m.frames || m.raw_size)) acq_check_fault(w, "the end mark says that it holds frames");
        if (!ended && !m.frames) acq_check_fault(w, "this member's header says that it holds no frame");
        next_seq = m.first_seq + m.frames;
    }
    acq_reader_free(reader);
    return r < 0 ? r : ACQ_OK;
}

static int check_content(struct acq_check *w, struct acq_reader *reader, bool (*stopped)(void), struct acq_err *err)
{
    struct acq_batch batch;
    uint64_t at;
    int r;
    w->place = (struct acq_finding){.at = -1, .t_ns = -1};
    while ((r = acq_reader_next(reader, &batch, err)) == ACQ_OK) {
        const struct acq_member *m = acq_reader_member(reader, &at);
        say_gaps(w, acq_reader_get_loss(reader));
        w->d->members += m != NULL;
        w->place = (struct acq_finding){.at = m ? (int64_t)at : -1, .member = w->d->members, .t_ns = -1};
        acq_check_batch(w, batch, m);
        if (stopped && stopped()) return acq_fail(err, ACQ_STOPPED, "stopped: not everything was checked");
    }
    const struct acq_loss *l = acq_reader_get_loss(reader);
    say_gaps(w, l);
    w->place = (struct acq_finding){.at = -1, .t_ns = -1};
    if (l->gaps > w->gaps) acq_check_fault(w, "and %zu more places where something is missing", l->gaps - w->gaps);
    if (l->foreign && *l->text) acq_check_fault(w, "%s", l->text);
    return r == ACQ_END ? ACQ_OK : r;
}

/* check_foreign: a file of ours whose first header is damaged is read as any gzip file, and nothing of it is lost. Do
 * members of ours stand in it? */
static void check_foreign(struct acq_check *w)
{
    enum { LOOK = 1 << 20 }; /* [byte] some members */
    struct acq_member m;
    uint8_t *bytes = w->fd >= 0 ? malloc(LOOK) : NULL;
    ptrdiff_t n = bytes ? acq_file_read_at(w->fd, 0, bytes, LOOK) : 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (bytes[i] != 0x1f || acq_member_parse(&m, bytes + i, (size_t)(n - i)) != ACQ_OK) continue;
        w->place = (struct acq_finding){.at = 0, .t_ns = -1};
        acq_check_fault(w, "the header of the first member is damaged: the file can only be read from its start");
        break;
    }
    free(bytes);
}

/* check_totals: what whoever sampled has counted, against the frames, where these are all there */
static void check_totals(struct acq_check *w, const struct acq_loss *l)
{
    const struct acq_group_capture *c = &w->before.capture;
    if (!w->before.has[1] || l->gaps || l->left_out || l->foreign) return;
    w->place = (struct acq_finding){.at = -1, .t_ns = -1};
    if (w->before.has_step && c->steps_missed > w->missed) acq_check_odd(w, ACQ_ODD_MISSED, 0);
    if (c->torn_dropped + c->ring_dropped > w->lost) acq_check_odd(w, ACQ_ODD_DROPPED, 0);
}

int acq_doctor_check(struct acq_doctor *doctor, const char *path,
                     void (*found)(void *user, const struct acq_finding *finding), void *user, bool (*stopped)(void),
                     struct acq_err *err)
{
    struct acq_reader *reader;
    bool file = strcmp(path, "-") != 0;
    *doctor = (struct acq_doctor){.original = -1};
    int r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    struct acq_check *w = calloc(1, sizeof *w);
    if (!w) {
        acq_reader_free(reader);
        return acq_fail(err, ACQ_MEMORY, "no memory to check %s", path);
    }
    *w = (struct acq_check){.d = doctor, .found = found, .user = user, .fd = -1};
    if (file) w->fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    r = check_content(w, reader, stopped, err);
    doctor->loss = *acq_reader_get_loss(reader);
    if (r == ACQ_OK && acq_reader_seekable(reader)) r = check_ends(w, path, err);
    if (r == ACQ_OK && doctor->loss.foreign) check_foreign(w);
    if (r == ACQ_OK) check_totals(w, &doctor->loss);
    if (doctor->original == 1) acq_check_odd(w, ACQ_ODD_ORIGINAL, 0);
    acq_check_say_odds(w);
    if (w->fd >= 0) acq_file_close(w->fd);
    free(w);
    acq_reader_free(reader);
    return r;
}
