#include "table/parts.h"

#include "record/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take_text(const struct acq_frame *f, enum acq_id id, char *dst, size_t size)
{
    snprintf(dst, size, "%s", f->has[id] ? (const char *)f + acq_channels[id].offset : "");
}

/* take_driver: first name and surname, or else the nick name */
static void take_driver(const struct acq_frame *f, char *dst, size_t size)
{
    char name[100], surname[100];
    take_text(f, ACQ_stat_player_name, name, sizeof name);
    take_text(f, ACQ_stat_player_surname, surname, sizeof surname);
    if (*name || *surname)
        snprintf(dst, size, "%s%s%s", name, *name && *surname ? " " : "", surname);
    else
        take_text(f, ACQ_stat_player_nick, dst, size);
}

static void take_first(struct acq_part *part, const struct acq_frame *f)
{
    take_text(f, ACQ_head_session_id, part->session, sizeof part->session);
    take_text(f, ACQ_head_game, part->game, sizeof part->game);
    if (f->has[ACQ_head_seq]) part->seq = f->head.seq;
    if (f->has[ACQ_head_utc_ns] && f->head.utc_ns <= INT64_MAX) part->utc_ns = (int64_t)f->head.utc_ns;
    if (f->has[ACQ_head_monotonic_ns] && f->head.monotonic_ns <= INT64_MAX) part->t_ns = (int64_t)f->head.monotonic_ns;
    if (part->original) return;
    take_text(f, ACQ_stat_car_model, part->car, sizeof part->car);
    take_text(f, ACQ_stat_track, part->track, sizeof part->track);
    take_text(f, ACQ_stat_track_configuration, part->layout, sizeof part->layout);
    take_driver(f, part->driver, sizeof part->driver);
}

int acq_part_open(struct acq_part *part, const char *path, const struct acq_scan_options *options,
                  struct acq_scan **scan, struct acq_err *err)
{
    *part = (struct acq_part){.path = path, .utc_ns = INT64_MIN, .t_ns = INT64_MIN};
    int result = acq_scan_new(scan, path, options, err);
    if (result < 0) return result;
    part->original = acq_scan_original(*scan);
    const struct acq_frame *first = acq_scan_first(*scan);
    if (first) take_first(part, first);
    if (!part->original && options->restore)
        result =
            acq_fail(err, ACQ_FORMAT, "%s holds no misread values of the original project: leave out --original", path);
    else if (part->original && options->select.lap_ranges)
        result =
            acq_fail(err, ACQ_FORMAT,
                     "the original project did not record the laps in %s: choose by time, with --from and --to", path);
    if (result < 0) acq_scan_free(*scan);
    return result;
}

/* ---- order ---- */

struct place {
    struct acq_part part;
    int64_t start_ns; /* of its session */
    size_t session;   /* the place, as given, of the session's first file */
};

static int by_session(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = strcmp(x->part.session, y->part.session);
    return order ? order : (x->part.given > y->part.given) - (x->part.given < y->part.given);
}

static int by_order(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->start_ns != y->start_ns) return x->start_ns < y->start_ns ? -1 : 1;
    if (x->session != y->session) return x->session < y->session ? -1 : 1;
    if (x->part.seq != y->part.seq) return x->part.seq < y->part.seq ? -1 : 1;
    if (x->part.t_ns != y->part.t_ns) return x->part.t_ns < y->part.t_ns ? -1 : 1;
    return (x->part.given > y->part.given) - (x->part.given < y->part.given);
}

static bool same_session(const struct place *a, const struct place *b)
{
    return *a->part.session && !strcmp(a->part.session, b->part.session);
}

/* find_starts: when the session of each began: the earliest time of its parts */
static void find_starts(struct place *places, size_t n)
{
    qsort(places, n, sizeof *places, by_session);
    for (size_t i = 0, end; i < n; i = end) {
        int64_t start = INT64_MAX;
        for (end = i; end < n && (end == i || same_session(&places[i], &places[end])); end++)
            if (places[end].part.utc_ns != INT64_MIN && places[end].part.utc_ns < start)
                start = places[end].part.utc_ns;
        for (size_t k = i; k < end; k++) {
            places[k].start_ns = start == INT64_MAX ? INT64_MIN : start;
            places[k].session = places[i].part.given;
        }
    }
}

/* behind returns the seq that comes behind the last one of a recording of ours, by its members' headers. */
static int behind(const char *path, uint64_t *seq, struct acq_err *err)
{
    struct acq_reader *reader;
    struct acq_member member;
    uint64_t at;
    int result = acq_reader_new(&reader, path, err);
    if (result < 0) return result;
    while (acq_reader_seekable(reader) && (result = acq_reader_skim(reader, &member, &at, err)) == ACQ_OK)
        if (member.frames && member.first_seq + member.frames > *seq) *seq = member.first_seq + member.frames;
    acq_reader_free(reader);
    return result < 0 ? result : ACQ_OK;
}

/* check_apart: do the parts a and b, in this order, of one session hold different frames? */
static int check_apart(const struct acq_part *a, const struct acq_part *b, struct acq_err *err)
{
    uint64_t next = a->seq;
    int result = a->seq && b->seq ? behind(a->path, &next, err) : ACQ_OK;
    if (result < 0) return result;
    if (a->seq && b->seq ? next <= b->seq : a->t_ns != b->t_ns) return ACQ_OK;
    return acq_fail(err, ACQ_USAGE,
                    "%s and %s hold the same frames of one session: leave one out, or join them with `acq merge`",
                    a->path, b->path);
}

int acq_parts_sort(struct acq_part *parts, size_t n, struct acq_err *err)
{
    struct place *places = calloc(n ? n : 1, sizeof *places);
    int result = ACQ_OK;
    if (!places) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    for (size_t i = 0; i < n; i++) {
        parts[i].given = i;
        places[i].part = parts[i];
    }
    find_starts(places, n);
    qsort(places, n, sizeof *places, by_order);
    for (size_t i = 0; i + 1 < n && result == ACQ_OK; i++)
        if (same_session(&places[i], &places[i + 1])) result = check_apart(&places[i].part, &places[i + 1].part, err);
    for (size_t i = 0; i < n; i++) parts[i] = places[i].part;
    free(places);
    return result;
}
