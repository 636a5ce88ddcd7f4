/* event.h - what happens on the server, one structured line each on stderr: `name key=value key="value with spaces"`.
 *
 * Texts from outside are quoted and escaped as in JSON where they are not plain words, so that no line can be forged or
 * broken. A line has ACQ_EVENT_MAX bytes at most; a value that does not fit is left out, with its key.
 *
 * Memory  the caller's.
 * Threads any, each with an event of its own; acq_event_end_some one. */
#ifndef ACQ_INGEST_EVENT_H
#define ACQ_INGEST_EVENT_H

#include "base/log.h"

#include <stddef.h>
#include <stdint.h>

enum { ACQ_EVENT_MAX = 1000, ACQ_EVENTS_A_SECOND = 20 };

struct acq_event {
    char line[ACQ_EVENT_MAX];
    size_t len;
};

/* acq_event_begin begins a line with its name, "session-begins". acq_event_text and acq_event_number add a value; a
 * text that is NULL or empty is left out. acq_event_end writes the line. acq_event_end_some does so too for events that
 * a stranger can cause as often as he likes: at most ACQ_EVENTS_A_SECOND of them; how many were not written is said
 * later. */
void acq_event_begin(struct acq_event *event, const char *name);
void acq_event_text(struct acq_event *event, const char *key, const char *value);
void acq_event_number(struct acq_event *event, const char *key, uint64_t value);
void acq_event_end(struct acq_event *event, enum acq_log_level level);
void acq_event_end_some(struct acq_event *event, enum acq_log_level level);

#endif
