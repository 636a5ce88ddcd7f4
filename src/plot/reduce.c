#include "plot/reduce.h"

#include <math.h>

void acq_reduce_init(struct acq_reduce *r, double column_width, acq_reduce_fn *fn, void *user)
{
    *r = (struct acq_reduce){.per_width = 1 / column_width, .fn = fn, .user = user, .begins = true};
}

static void give(struct acq_reduce *r, const struct acq_reduce_point *p)
{
    r->fn(r->user, p->x, p->y, r->begins);
    r->begins = false;
}

static void flush(struct acq_reduce *r)
{
    const struct acq_reduce_point *inner[2] = {&r->low, &r->high};
    if (!r->n) return;
    if (r->high.i < r->low.i) {
        inner[0] = &r->high;
        inner[1] = &r->low;
    }
    give(r, &r->first);
    for (int k = 0; k < 2; k++)
        if (inner[k]->i != 0 && inner[k]->i != r->last.i) give(r, inner[k]);
    if (r->last.i != 0) give(r, &r->last);
    r->n = 0;
}

void acq_reduce_add(struct acq_reduce *r, double x, double y)
{
    double column = floor(x * r->per_width);
    if (r->n && column != r->column) flush(r);
    struct acq_reduce_point p = {x, y, r->n};
    if (!r->n++) {
        r->column = column;
        r->first = r->low = r->high = p;
    }
    if (y < r->low.y) r->low = p;
    if (y > r->high.y) r->high = p;
    r->last = p;
}

void acq_reduce_gap(struct acq_reduce *r)
{
    flush(r);
    r->begins = true;
}
