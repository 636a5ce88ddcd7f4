/* backlog.h - the recordings of earlier sessions in a folder, one after the other, for whoever sends what a server
 * lacks of them.
 *
 * Nothing is remembered from one start to the next: the server's word counts. First all files are looked at for their
 * session. Then each session is named once; the caller asks the server for it, and what the server answers says
 * whether, and from where, a recording has more.
 *
 * Units   bytes, frames.
 * Memory  a backlog is the caller's, from acq_backlog_init to acq_backlog_fini.
 * Threads the loop's. The files are read on a worker thread of libuv, in small pieces.
 * Errors  a file that cannot be read is said, counted and passed over. */
#ifndef ACQ_BRIDGE_BACKLOG_H
#define ACQ_BRIDGE_BACKLOG_H

#include "base/file.h"
#include "frame/frame.h"

#include <stdatomic.h>
#include <uv.h>

/* Files that are not sent, and why. */
enum acq_backlog_other {
    ACQ_BACKLOG_COPY,     /* another file has as much or more of the session */
    ACQ_BACKLOG_PART,     /* frames were left out on purpose: a filtered copy */
    ACQ_BACKLOG_WRITTEN,  /* another process is writing it */
    ACQ_BACKLOG_FOREIGN,  /* a recording without numbers, as the original project writes them */
    ACQ_BACKLOG_NONE,     /* no recording, or one without a frame */
    ACQ_BACKLOG_UNUSABLE, /* it cannot be read, or its begin is damaged */
    ACQ_BACKLOG_OTHERS,
    ACQ_BACKLOG_OURS = ACQ_BACKLOG_OTHERS
};

struct acq_backlog_file;

/* What the recordings of one session have beyond what the server has. */
struct acq_backlog_find {
    char path[ACQ_PATH_MAX];
    uint64_t last_seq; /* frames up to this can be sent; 0: none */
    bool damaged;      /* there are more, behind a place where some are missing */
};

struct acq_backlog {
    char dir[ACQ_PATH_MAX];
    uv_loop_t *loop;
    bool thorough;             /* say also what could never be sent */
    void (*ready)(void *user); /* the next session is there, or acq_backlog_look has an answer */
    void *user;
    uv_work_t work;
    bool working, looking, known; /* known: the sessions are */
    bool listed, sorted;          /* the worker's */
    atomic_bool stop;
    struct acq_backlog_file *files; /* sorted: those of ours, by session */
    size_t n, room;
    size_t looked_at;              /* while they are looked at; then: of the session at hand, the first file */
    size_t end;                    /* behind its last one */
    uint64_t server_seq;           /* for acq_backlog_look */
    struct acq_backlog_find found; /* its answer */
    struct acq_frame frame;
    char error[400];       /* why the folder cannot be read, "" if it can */
    size_t sessions, done; /* of ours, and of those how many the caller is through with */
    size_t others[ACQ_BACKLOG_OTHERS];
    size_t sent, damaged, failed; /* sessions: of which frames were sent; not all could be; the server refuses it */
    uint64_t frames;              /* sent and acked */
};

/* acq_backlog_init begins to look at the files of `dir`. */
void acq_backlog_init(struct acq_backlog *backlog, uv_loop_t *loop, const char *dir, void (*ready)(void *user),
                      void *user);

/* acq_backlog_stop ends the work soon; acq_backlog_fini frees, when the loop has run to its end. */
void acq_backlog_stop(struct acq_backlog *backlog);
void acq_backlog_fini(struct acq_backlog *backlog);

/* acq_backlog_session returns the id of the session at hand, NULL if none is known yet or all are done. */
const char *acq_backlog_session(const struct acq_backlog *backlog);

/* acq_backlog_over says whether all files have been looked at and all sessions are done. */
bool acq_backlog_over(const struct acq_backlog *backlog);

/* acq_backlog_look begins to look for the frames behind server_seq. acq_backlog_found returns the answer, NULL before
 * it is there; only once. */
void acq_backlog_look(struct acq_backlog *backlog, uint64_t server_seq);
const struct acq_backlog_find *acq_backlog_found(struct acq_backlog *backlog);

/* acq_backlog_next: the caller is through with the session at hand. */
void acq_backlog_next(struct acq_backlog *backlog);

#endif
