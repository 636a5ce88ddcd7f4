/* calm.h - keeps sessions from being begun many times a second.
 *
 * A page that is full of rubbish, or that two programs write at once, looks like another session at every step; each
 * would be a file. A driver's sessions are seldom short, and never many in a row: after several that were, the next one
 * has to wait, twice as long each time.
 *
 * Units   nanoseconds on the steady clock.
 * Memory  the caller's struct, zeroed at first.
 * Threads one. */
#ifndef ACQ_BRIDGE_CALM_H
#define ACQ_BRIDGE_CALM_H

#include <stdbool.h>
#include <stdint.h>

enum { ACQ_CALM_FREE = 5 /* so many short sessions in a row are nothing unusual */ };
#define ACQ_CALM_SHORT_NS INT64_C(2000000000) /* a session that ends sooner is short */
#define ACQ_CALM_FIRST_NS INT64_C(1000000000)
#define ACQ_CALM_MOST_NS INT64_C(60000000000)

struct acq_calm {
    unsigned brief;   /* sessions in a row that were short */
    int64_t until_ns; /* no session begins before */
    bool told;        /* the owner has said so; a session that is not short makes it false */
};

/* acq_calm_ended takes note that a session ended at now_ns that had begun at began_ns. Returns how long the next one
 * has to wait, 0 if not at all. */
int64_t acq_calm_ended(struct acq_calm *calm, int64_t began_ns, int64_t now_ns);

/* acq_calm_allows says whether a session may begin at now_ns. */
bool acq_calm_allows(const struct acq_calm *calm, int64_t now_ns);

#endif
