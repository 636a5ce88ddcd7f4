/* capture.h - samples to frames: begins and ends sessions, numbers and encodes frames, and records them.
 *
 * Units   nanoseconds.
 * Memory  a capture is the caller's, from acq_capture_init to acq_capture_fini; the frame that it hands out is valid
 *         until the next sample.
 * Threads the loop's; sealing a member runs on a thread of the capture's own. */
#ifndef ACQ_BRIDGE_CAPTURE_H
#define ACQ_BRIDGE_CAPTURE_H

#include "base/err.h"
#include "base/file.h"
#include "bridge/calm.h"
#include "bridge/disk.h"
#include "bridge/jitter.h"
#include "bridge/ring.h"
#include "bridge/session_rules.h"
#include "frame/frame.h"

/* what the capture does, for people */
enum acq_capture_state {
    ACQ_CAPTURE_WAITING,    /* for a session: menu, replay, pages not filled yet */
    ACQ_CAPTURE_OTHER_GAME, /* the pages are of a game that we do not know */
    ACQ_CAPTURE_RUNNING
};

/* One session of this process. */
struct acq_capture_session {
    char id[40];
    char path[ACQ_PATH_MAX]; /* of the recording, "" without one; it ends in .part until the session has ended */
    char previous[64];       /* the session that this one goes on from, "" for none */
    bool replay;             /* it shows a replay */
    char car[100], track[201], driver[201];
    uint64_t seq; /* of the last frame */
    int64_t first_t_ns, last_t_ns;
    struct acq_counts counts; /* of this session alone */
    uint64_t jitter_p50_ns, jitter_p99_ns,
        jitter_max_ns; /* of it: bridge/jitter.h; when the context was written last */
    uint64_t dropped;  /* samples that were taken and not kept, for whatever reason */
    int32_t laps, last_lap_ms, best_lap_ms;
};

struct acq_capture_events {
    /* A session begins: session->path is its recording. */
    void (*begin)(void *user, const struct acq_capture_session *session);
    /* A frame of it, encoded; already in the open member. */
    void (*frame)(void *user, const struct acq_frame *f, const uint8_t *bytes, size_t n);
    /* Asked before a frame is numbered: is there room for it on the way to the server? */
    bool (*room)(void *user);
    /* The recording has got its final name: what was `from` is `to` now. Just before `end`. */
    void (*moved)(void *user, const char *from, const char *to);
    /* The session is over, for the reason `why`; its recording is closed. */
    void (*end)(void *user, const struct acq_capture_session *session, const char *why);
};

struct acq_capture {
    struct acq_disk disk;
    const struct acq_capture_events *events;
    void *user;
    enum acq_capture_state state;
    struct acq_capture_session session; /* the running one, or the last */
    struct acq_page_static raw_stat;    /* the static page as it came; running.stat is it as it is used */
    size_t stat_size;
    struct acq_running running;
    struct acq_mark before; /* where the session ended that the next one may go on from */
    int64_t before_t_ns;    /* the same on the steady clock, 0: in another process */
    int64_t still_ns;       /* set by the owner: a session in which nothing is driven for so long ends; 0: never */
    bool replays;           /* set by the owner: replays are sessions too */
    int32_t drive_id;       /* packetId of the newest sample that is no replay */
    struct acq_jitter jitter;
    struct acq_counts base; /* the sampler's counts when the session began */
    int64_t utc_offset_ns;  /* UTC = steady clock + this, taken once for a session */
    int64_t context_ns;     /* when a frame last carried the context */
    bool stat_changed;
    struct acq_calm calm;
    struct acq_sample held; /* the newest, not a frame yet: whether it is the last, and why, is known only later */
    bool holds;
    size_t late;    /* [byte] at_once: the frame in `bytes` is not in the recording yet; 0: it is */
    bool at_once;   /* set by the owner: hand out each frame at once; only the recording is sure to have the reason */
    bool no_more;   /* set by the owner: when this session has ended, none begins any more */
    uint32_t lost;  /* samples since the last frame that could not be kept */
    char told[400]; /* the last warning, so that it is said once */
    int64_t told_ns;
    struct acq_frame frame;
    uint8_t bytes[ACQ_FRAME_MAX];
};

/* acq_capture_init: `record` is a folder, or a file if its name ends in .gz, or NULL; it is made where it is missing.
 * Returns 0 or ACQ_IO. acq_capture_fini needs the session ended. */
int acq_capture_init(struct acq_capture *capture, const char *record, const struct acq_capture_events *events,
                     void *user, struct acq_err *err);

void acq_capture_fini(struct acq_capture *capture);

/* acq_capture_take works through one sample. It becomes a frame when the next one comes or the session ends; with
 * at_once, now. */
void acq_capture_take(struct acq_capture *capture, const struct acq_sample *sample);

/* acq_capture_end ends the running session, if any; its last frame says why. */
void acq_capture_end(struct acq_capture *capture, const char *why);

/* acq_capture_tick sends what is due to the disk, also when no samples come. */
void acq_capture_tick(struct acq_capture *capture);

#endif
