/* recorder.h - writes a recording: frames into the open member, members into the file.
 *
 * Units   nanoseconds, bytes.
 * Memory  acq_recorder_new's recorder is the caller's until acq_recorder_close or acq_recorder_free. Frames are copied.
 * Threads one thread adds frames. Between acq_recorder_begin_seal and acq_recorder_end_seal another thread may run
 *         acq_recorder_seal, which waits for the disk, while frames are added to the next member.
 * Errors  after a failed seal the file ends with the last whole member, and the recorder takes no more frames; a lazy
 * one keeps them, and the same seal can be tried again. */
#ifndef ACQ_RECORD_RECORDER_H
#define ACQ_RECORD_RECORDER_H

#include "base/err.h"
#include "base/file.h"
#include "frame/frame.h"
#include "record/member.h"

#define ACQ_MEMBER_NS INT64_C(250000000) /* a member is closed when it spans this much time */

#define ACQ_RECORDER_UNSYNCED_MAX 64 /* members that a lazy recorder's owner may let wait for the disk */

struct acq_recorder;

/* acq_recorder_new creates the file at `path`, which must not exist, and locks it: others can tell that it is being
 * written (acq_file_lock). Returns 0, ACQ_EXISTS, ACQ_IO or ACQ_MEMORY. */
int acq_recorder_new(struct acq_recorder **recorder, const char *path, struct acq_err *err);

/* acq_recorder_offline: for a recording that is made from something already there. Members are not flushed to the disk
 * one by one, but the file when it is closed; and a frame whose seq does not follow begins a new member. */
void acq_recorder_offline(struct acq_recorder *recorder);

/* acq_recorder_lazy: for an owner that keeps the frames elsewhere until they are durable here. Members are written
 * without waiting for the disk; acq_recorder_sync does that for all that has been written, on any thread while no seal
 * runs, and acq_recorder_end_sync takes note of it. Returns 0 or ACQ_IO: what is on the disk is not known then.
 * `deflate` is a compressor that acq_recorder_compressor made, NULL without memory, and libdeflate frees (`fast`: half
 * the time for 4 % more bytes): lent for the seals to come, so that many recorders can share a few; NULL: an own one.
 */
struct libdeflate_compressor;
struct libdeflate_compressor *acq_recorder_compressor(bool fast);
void acq_recorder_lazy(struct acq_recorder *recorder);
void acq_recorder_lend(struct acq_recorder *recorder, struct libdeflate_compressor *deflate);
int acq_recorder_sync(struct acq_recorder *recorder, struct acq_err *err);
void acq_recorder_end_sync(struct acq_recorder *recorder);

/* acq_recorder_resume opens a recording of ours to go on with it: whatever stands behind its last whole member (a torn
 * write, the end mark) is cut off. Returns 0; ACQ_FORMAT, with nothing changed, if it is not of ours, holds no frame,
 * or is damaged in the middle, with whole members behind, unless `cut`: then these are cut off too. ACQ_EXISTS if
 * another process is writing it; or an error if it is missing or not writable. */
int acq_recorder_resume(struct acq_recorder **recorder, const char *path, bool cut, struct acq_err *err);

/* acq_recorder_add appends the encoded frame of n bytes to the open member; `f` is the same, decoded. A member's first
 * frame gets the latest context (stat, capture) that it has not itself. Returns 0, or ACQ_RANGE if the member is full
 * because the disk is behind, or n is above ACQ_FRAME_LIMIT: the frame is not kept. */
int acq_recorder_add(struct acq_recorder *recorder, const struct acq_frame *f, const uint8_t *bytes, size_t n);

/* acq_recorder_keep_context takes note of the context in an encoded frame that is not itself added, as the first one of
 * a member from whose middle on frames are. Returns 0 or ACQ_MEMORY. */
int acq_recorder_keep_context(struct acq_recorder *recorder, const uint8_t *bytes, size_t n);

/* acq_recorder_due says whether the open member spans ACQ_MEMBER_NS or is half full. acq_recorder_empty: whether it has
 * no frame yet. */
bool acq_recorder_due(const struct acq_recorder *recorder);
bool acq_recorder_empty(const struct acq_recorder *recorder);

/* acq_recorder_room says whether the open member has room for one more frame, whatever its size. */
bool acq_recorder_room(const struct acq_recorder *recorder);

/* acq_recorder_begin_seal takes the open member aside to be sealed. Returns false if it is empty or one is being
 * sealed. acq_recorder_seal compresses it, writes it and waits for the disk. acq_recorder_end_seal takes note of that,
 * on the thread that adds. acq_recorder_flush does all three. They return 0, or ACQ_IO, ACQ_MEMORY. */
bool acq_recorder_begin_seal(struct acq_recorder *recorder);
int acq_recorder_seal(struct acq_recorder *recorder, struct acq_err *err);
void acq_recorder_end_seal(struct acq_recorder *recorder);
int acq_recorder_flush(struct acq_recorder *recorder, struct acq_err *err);

/* acq_recorder_leave_out: what lies between the latest frame and the next one is left out on purpose, and readers shall
 * not call it missing. acq_recorder_copy appends a member as it stands in another recording of the session, m->size
 * bytes at `packed`; the context of its frames is not kept for later ones. Both write the open member first, and
 * return 0 or an error of it. */
int acq_recorder_leave_out(struct acq_recorder *recorder, struct acq_err *err);
int acq_recorder_copy(struct acq_recorder *recorder, const struct acq_member *member, const uint8_t *packed,
                      struct acq_err *err);

/* acq_recorder_close flushes, writes the end member and frees the recorder, also on an error. No seal may be running.
 * acq_recorder_free gives up what is not in the file. */
int acq_recorder_close(struct acq_recorder *recorder, struct acq_err *err);
void acq_recorder_free(struct acq_recorder *recorder);

/* What the recorder has so far. */
struct acq_recorder_state {
    const char *path;
    uint64_t last_seq;    /* of the last frame added */
    uint64_t durable_seq; /* all frames up to this are on the disk; of a lazy recorder: in the file */
    int64_t durable_t_ns; /* sample time of that frame */
    uint64_t frames;      /* added by this process */
    uint64_t unsynced;    /* [byte] written by a lazy recorder, and not known to be on the disk */
    uint64_t size;        /* [byte] of the file */
};
struct acq_recorder_state acq_recorder_get_state(const struct acq_recorder *recorder);

/* acq_recording_name writes "{utc}_{track-layout}_{car}_{driver}_{session}.pb.gz" to dst, from what f has of them. What
 * may not stand in a file name on Windows or Linux becomes '-'. */
#define ACQ_RECORDING_NAME_MAX 256
void acq_recording_name(char dst[ACQ_RECORDING_NAME_MAX], const struct acq_frame *f, int64_t utc_ns);

#endif
