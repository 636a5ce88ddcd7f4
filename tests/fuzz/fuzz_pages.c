/* fuzz_pages.c - bytes as the game's pages: the first two say which page and how much of it there is.
 *
 * Whatever stands in a page makes a frame that our own decoder takes, with the same values, and that gives the page
 * back but for texts behind their end and the channels that are converted. */
#include "base/err.h"
#include "frame/frame.h"
#include "page/read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

static struct acq_frame f, g;

static void check_frame(enum acq_page page, const uint8_t *bytes, size_t n)
{
    uint8_t encoded[ACQ_FRAME_MAX], back[700], again[700];
    memset(&f, 0, sizeof f);
    f.has[ACQ_head] = f.has[ACQ_head_seq] = true;
    acq_frame_from_page(&f, page, bytes, n);
    size_t len = acq_encode(&f, encoded, NULL);
    CHECK(len <= sizeof encoded && acq_decode(&g, encoded, len) == ACQ_OK);
    memset(back, 0, sizeof back);
    memset(again, 0, sizeof again);
    acq_frame_to_page(&f, page, back, n);
    acq_frame_to_page(&g, page, again, n);
    CHECK(!memcmp(back, again, sizeof back));
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        CHECK(f.has[id] == g.has[id]);
        if (c->page != page || !f.has[id] || c->conversion != ACQ_CONVERT_same || c->type == ACQ_TYPE_STR) continue;
        size_t width = 4u * (c->type == ACQ_TYPE_FLOATS ? c->n : 1u);
        CHECK(!memcmp(bytes + c->page_offset, back + c->page_offset, width));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t sizes[ACQ_PAGES] = {0, 580, 296, 684};
    struct acq_page_static stat;
    struct acq_err err = {0, ""};
    uint8_t page[684] = {0};
    size_t known = 0;
    if (size < 2) return 0;
    enum acq_page which = (enum acq_page)(1 + data[0] % 3);
    size_t n = sizes[which] - (data[1] * (size_t)(data[0] >> 7)) % sizes[which];
    memcpy(page, data + 2, size - 2 < n ? size - 2 : n);
    /* a copy of just that size, so that a sanitizer sees a read behind its end */
    uint8_t *exact = malloc(n);
    CHECK(exact);
    memcpy(exact, page, n);
    check_frame(which, exact, n);
    if (which == ACQ_PAGE_statics) {
        int r = acq_static_read(&stat, &known, exact, n, &err);
        CHECK(r == ACQ_OK || r == ACQ_AGAIN || (r == ACQ_VERSION && *err.text));
        if (r == ACQ_OK) {
            CHECK(known <= sizeof stat);
            check_frame(which, (const uint8_t *)&stat, known);
        }
    }
    free(exact);
    return 0;
}
