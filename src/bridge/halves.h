/* halves.h - tells a page that the game had not finished writing, by the pages before it.
 *
 * Two equal copies do not show that a game stands still in the middle of a page, because another program has its
 * processor. The page itself shows it: in a car that moves, many fields change with every step. Where those at the
 * page's end are still those of the step before, the rest has not been written yet; where those at its beginning are
 * those of the step behind it, that step had been begun already. Which fields these are is learned from the pages, so
 * it holds for every version of them, and in a car that stands still nothing is said.
 *
 * Memory  the caller's; all zero has learned nothing.
 * Threads one at a time. */
#ifndef ACQ_BRIDGE_HALVES_H
#define ACQ_BRIDGE_HALVES_H

#include "page/page.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACQ_HALVES_WORDS = sizeof(struct acq_page_physics) / 4 }; /* of the longer one of the two pages that move */

enum acq_half {
    ACQ_WHOLE,      /* nothing speaks against it */
    ACQ_HALF_DONE,  /* its end is the page before's: it is being written */
    ACQ_HALF_MAYBE, /* nothing that changed every time has changed: it is being written, or the car has stopped */
    ACQ_HALF_BEFORE /* it is whole, but the page before had the beginning of this one */
};

struct acq_halves {
    uint32_t before[ACQ_HALVES_WORDS];
    uint8_t changed[ACQ_HALVES_WORDS]; /* how regularly: one more for each page, several less for one without */
};

/* acq_halves_judge says what n bytes of a page look like, behind the pages that were learned. */
enum acq_half acq_halves_judge(const struct acq_halves *halves, const void *page, size_t n);

/* acq_halves_moved says whether a field that changes with every page has changed. */
bool acq_halves_moved(const struct acq_halves *halves, const void *page, size_t n);

/* acq_halves_learn takes a page as whole. */
void acq_halves_learn(struct acq_halves *halves, const void *page, size_t n);

#endif
