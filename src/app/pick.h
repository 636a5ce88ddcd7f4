/* pick.h - which part of recordings a command works on: the options --from, --to, --laps, and names of columns.
 *
 * Errors  ACQ_USAGE with a sentence that shows what is right; those of the recording. */
#ifndef ACQ_APP_PICK_H
#define ACQ_APP_PICK_H

#include "base/opt.h"
#include "frame/frame.h"
#include "record/select.h"

struct acq_pick {
    const char *from, *to, *laps;
};

/* the options, for the table of a command whose struct has `struct acq_pick field` */
#define ACQ_PICK_OPTION(type, field, name, value, help)                 \
    {                                                                   \
        0, name, value, ACQ_OPT_TEXT, offsetof(type, field), 0, 0, help \
    }
#define ACQ_PICK_FROM "from this time on: 30:10, 1:02:03.5, 90s, 5m since the start, or 2026-01-01T12:00:05Z"
#define ACQ_PICK_OPTIONS(type, field)                                  \
    ACQ_PICK_OPTION(type, field.from, "from", "T", ACQ_PICK_FROM),     \
        ACQ_PICK_OPTION(type, field.to, "to", "T", "up to this time"), \
        ACQ_PICK_OPTION(type, field.laps, "laps", "LAPS", "only these laps: 3, 3-5, 7- or 1,4-6; the first one is 1")

/* acq_pick_select makes the selection for the recording at `path`, which is opened to look for its start only where a
 * time is given as a date. Returns 0 or an error. */
int acq_pick_select(const struct acq_pick *pick, const char *path, struct acq_select *select, struct acq_err *err);

/* acq_pick_nothing fills err with one sentence on what the recording has, where nothing was found of what was picked.
 * Returns ACQ_MISSING, or the error of reading it. */
int acq_pick_nothing(const char *path, struct acq_err *err);

/* acq_pick_columns sets index[i] to the column that names->text[i] names, by acq_columns; ACQ_COLUMNS is t_s. Each may
 * be named once. Returns 0, or ACQ_USAGE with the nearest name. */
int acq_pick_columns(const struct acq_texts *names, size_t index[ACQ_COLUMNS + 1], struct acq_err *err);

#endif
