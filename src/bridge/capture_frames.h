/* capture_frames.h - samples to frames; for the files of the capture.
 *
 * Memory, threads  as capture.h. */
#ifndef ACQ_BRIDGE_CAPTURE_FRAMES_H
#define ACQ_BRIDGE_CAPTURE_FRAMES_H

#include "bridge/capture.h"

/* acq_capture_emit_held makes the newest sample a frame. `last_why`, unless NULL, says that the session ends with it,
 * and why. */
void acq_capture_emit_held(struct acq_capture *capture, const char *last_why);

/* acq_capture_record_last: the frame that has been handed out already, and is not in the recording, is the last one. */
void acq_capture_record_last(struct acq_capture *capture, const char *why);

/* acq_capture_take_back: the newest sample, not a frame yet, has turned out to be half of the step behind it, which is
 * `s`. */
void acq_capture_take_back(struct acq_capture *capture, const struct acq_sample *s);

#endif
