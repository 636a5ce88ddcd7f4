#include "bridge/picture.h"

#include <string.h>

#define BELIEVE_NS INT64_C(5000000) /* what stays the same for so long is meant so: a car that stops */
enum { BELIEVE = 100 /* looks; so many in a row are no accident: the page is not written as expected */ };

/* doubtful: under the same packetId something moves, or the content looks like half of the picture before. A status
 * or a session that changes alone is none of these: it counts at once. */
static bool doubtful(const struct acq_picture *p, const struct acq_page_graphics *page, size_t n)
{
    if (!p->any) return false;
    enum acq_half half = acq_halves_judge(&p->halves, page, n);
    if (page->packet_id == p->whole.packet_id) return acq_halves_moved(&p->halves, page, n);
    return half == ACQ_HALF_DONE || half == ACQ_HALF_MAYBE;
}

static bool believed(struct acq_picture *p, const struct acq_page_graphics *page, size_t n, int64_t t_ns)
{
    if (!p->doubts++ || memcmp(page, &p->doubt, n)) {
        memcpy(&p->doubt, page, n);
        p->doubt_ns = t_ns;
    }
    return t_ns - p->doubt_ns >= BELIEVE_NS || p->doubts >= BELIEVE;
}

void acq_picture_take(struct acq_picture *picture, struct acq_page_graphics *page, size_t n, int64_t t_ns)
{
    if (n > sizeof *page || n < sizeof page->packet_id) return;
    if (picture->any && !memcmp(page, &picture->whole, n)) {
        picture->doubts = 0;
        return;
    }
    if (doubtful(picture, page, n) && !believed(picture, page, n, t_ns)) {
        memcpy(page, &picture->whole, n);
        return;
    }
    acq_halves_learn(&picture->halves, page, n);
    memcpy(&picture->whole, page, n);
    picture->any = true;
    picture->doubts = 0;
}
