/* loss.h - what is missing in a recording, and where.
 *
 * A reader tells it, in the order of the file, of each whole member and of all bytes that are none. Who reads a file in
 * parts joins what the parts have found.
 *
 * Units   bytes of the file; nanoseconds of the steady clock; ACQ_LOSS_BEFORE and ACQ_LOSS_BEHIND where there is no
 *         frame on that side.
 * Memory  the caller's; the first ACQ_GAPS_MAX gaps are kept.
 * Threads one at a time. */
#ifndef ACQ_RECORD_LOSS_H
#define ACQ_RECORD_LOSS_H

#include "record/member.h"

#include <stdbool.h>
#include <stdint.h>

#define ACQ_LOSS_BEFORE INT64_MIN
#define ACQ_LOSS_BEHIND INT64_MAX

/* A place where something is missing. */
struct acq_gap {
    uint64_t at, bytes; /* damaged bytes; 0: whole members are missing before `at` */
    uint64_t first_seq; /* of the frames that are missing */
    uint64_t frames;    /* 0: how many is not known, or none */
    int64_t from_t_ns;  /* sample time of the last frame before */
    int64_t to_t_ns;    /* and of the first one behind */
};

/* Damaged bytes next to each other. */
struct acq_damage {
    uint64_t at, bytes;
    uint64_t next_seq; /* behind the frames that whole headers in there speak of, 0: not known */
};

enum { ACQ_GAPS_MAX = 256 };

/* What is wrong with a recording; known for certain only behind acq_loss_end, which readers call at the end. */
struct acq_loss {
    bool foreign;            /* not of our own format: no members, no end mark */
    bool closed;             /* the end mark is there; a foreign file: its gzip stream is complete */
    uint64_t damaged_bytes;  /* in the file, of no whole member; in a foreign file: of its content, of no whole frame */
    uint64_t missing_frames; /* between the members that were read, by their seq */
    uint64_t left_out;       /* frames that are not in the file on purpose */
    char text[160];          /* one sentence, "" when nothing is lost */

    /* where the reading stands */
    bool any;           /* there is something before: a whole member, or the begin */
    uint64_t start_seq; /* the part does not go on from the one before, but begins with this seq; 0: it does */
    struct acq_damage head, tail; /* before the first whole member; behind the latest one */
    struct acq_member first;      /* the first whole member, and where it stands */
    uint64_t first_at;
    uint64_t next_seq; /* that should come next */
    int64_t last_t_ns; /* of the latest frame */

    size_t gaps; /* may be more than are kept */
    struct acq_gap gap[ACQ_GAPS_MAX];
};

/* acq_loss_init empties it: of a part whose place in the whole is not known. acq_loss_start: what comes next should
 * begin with `seq`; a whole recording starts with 1. */
void acq_loss_init(struct acq_loss *loss);
void acq_loss_start(struct acq_loss *loss, uint64_t seq);

/* acq_loss_member: a whole member stands at `at`. acq_loss_bytes: n bytes there belong to none. acq_loss_claim: those
 * latest bytes have a whole header, which says this. */
void acq_loss_member(struct acq_loss *loss, const struct acq_member *member, uint64_t at);
void acq_loss_bytes(struct acq_loss *loss, uint64_t at, uint64_t n);
void acq_loss_claim(struct acq_loss *loss, const struct acq_member *member);

/* acq_loss_join adds what a part has found; parts in the order of the file. */
void acq_loss_join(struct acq_loss *whole, const struct acq_loss *part);

/* acq_loss_end: all has been read. Closes the last gap and writes the sentence, unless there is one. */
void acq_loss_end(struct acq_loss *loss);

#endif
