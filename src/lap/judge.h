/* judge.h - a lap of what was gathered of it: its time, its sectors, its kind, and whether it is valid.
 *
 * Memory  plain memory of the caller. Threads none. */
#ifndef ACQ_LAP_JUDGE_H
#define ACQ_LAP_JUDGE_H

#include "lap/stretch.h"

/* How a lap was driven and ended, beside its samples. */
struct acq_lap_facts {
    int32_t number, stint;
    uint32_t reasons;       /* why it is incomplete, and STANDING */
    double begin_s, end_s;  /* of the crossings; NaN: not known */
    bool clocked;           /* begin_s and end_s say when the game's clock of this lap ran */
    bool finished;          /* its end was seen */
    int32_t last_before_ms; /* the game's last and best time while it was driven, and behind it; */
    int32_t last_ms;        /* ACQ_LAP_ABSENT: not known */
    int32_t best_before_ms, best_ms;
    bool sure;    /* the game's count says that a lap was done */
    bool settled; /* the fields have had their time to agree */
};

/* acq_lap_judge makes the lap. */
void acq_lap_judge(struct acq_lap *lap, const struct acq_stretch *stretch, const struct acq_lap_rules *rules,
                   const struct acq_lap_facts *facts);

#endif
