/* picture.h - which graphics page goes with a sample.
 *
 * The game writes that page for each picture, at any moment of a step. While it looks unfinished, a sample has the
 * picture before: that is whole, and what the game showed then.
 *
 * Units   nanoseconds on the steady clock.
 * Memory  the caller's; all zero is the start. */
#ifndef ACQ_BRIDGE_PICTURE_H
#define ACQ_BRIDGE_PICTURE_H

#include "bridge/halves.h"

#include <stdbool.h>

struct acq_picture {
    bool any;
    struct acq_page_graphics whole, doubt; /* the newest one taken as whole; one that is not, since doubt_ns */
    int64_t doubt_ns;
    unsigned doubts; /* how many in a row */
    struct acq_halves halves;
};

/* acq_picture_take looks at n bytes of a graphics page, taken at t_ns, and puts the page before there if this one may
 * be unfinished. */
void acq_picture_take(struct acq_picture *picture, struct acq_page_graphics *page, size_t n, int64_t t_ns);

#endif
