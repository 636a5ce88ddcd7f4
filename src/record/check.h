/* check.h - the part of the doctor that looks at members and their frames: headers against what the frames say, order,
 * context, values. doctor.h is for others.
 *
 * Units   nanoseconds, bytes of the file.
 * Memory  the caller's, about 30 kB.
 * Threads one at a time. */
#ifndef ACQ_RECORD_CHECK_H
#define ACQ_RECORD_CHECK_H

#include "frame/batch.h"
#include "frame/frame.h"
#include "record/doctor.h"
#include "record/member.h"
#include "record/values.h"

/* Oddities that are told once, with how often they came. */
enum acq_odd {
    ACQ_ODD_STEP_BACK = ACQ_VALUES_KINDS,
    ACQ_ODD_PICTURE_BACK,
    ACQ_ODD_SAME_TIME,
    ACQ_ODD_UTC,
    ACQ_ODD_BEHIND_END,
    ACQ_ODD_ORIGINAL,
    ACQ_ODD_SEEN,
    ACQ_ODD_MISSED,
    ACQ_ODD_DROPPED,
    ACQ_ODDS
};

struct acq_check_tally {
    uint64_t count;
    double value; /* the first one */
    struct acq_finding first;
};

/* What is known of the frame before. */
struct acq_check_before {
    bool any, utc_known, ended;
    uint64_t seq;
    int64_t t_ns, utc_offset;
    bool has_step, has_picture;
    int32_t step, picture;
    char session[64], game[32];
    bool has[2]; /* stat, capture: somewhere before */
    struct acq_group_capture capture;
};

struct acq_check {
    struct acq_doctor *d;
    void (*found)(void *user, const struct acq_finding *finding);
    void *user;
    int fd;                   /* the file once more, to look at damage; -1: a pipe */
    struct acq_finding place; /* where we are */
    int64_t first_t_ns;
    struct acq_frame frame;
    struct acq_check_before before;
    struct acq_member_trace trace;
    struct acq_member last; /* the header before this one */
    uint64_t steps;         /* different ones so far */
    uint64_t missed, lost;  /* by what was counted in the frames */
    size_t gaps;            /* told */
    struct acq_check_tally odd[ACQ_ODDS];
};

/* acq_check_fault tells a fault at check->place. acq_check_odd takes note of an oddity there; acq_check_say_odds tells
 * of all, each once. acq_check_since returns the time from the first frame to `t_ns`, -1 where that makes no sense. */
void acq_check_fault(struct acq_check *check, const char *format, ...) ACQ_PRINTF(2, 3);
void acq_check_odd(void *check, unsigned kind, double value);
void acq_check_say_odds(struct acq_check *check);
int64_t acq_check_since(const struct acq_check *check, int64_t t_ns);

/* acq_check_batch looks at the frames of one member, m, or of a file that is not of ours (NULL). */
void acq_check_batch(struct acq_check *check, struct acq_batch batch, const struct acq_member *m);

#endif
