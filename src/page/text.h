/* text.h - text as the game's pages hold it: UTF-16 in fixed arrays.
 *
 * Units   ms.
 * Memory  the caller's arrays. */
#ifndef ACQ_PAGE_TEXT_H
#define ACQ_PAGE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "page/page.h"

/* acq_page_text writes utf8 into dst, which has room for units, as much of it as fits: at least one NUL follows, and
 * all that follows is NUL. A pair of surrogates is never split. Bytes that are no UTF-8 become U+FFFD. */
void acq_page_text(acq_char16 *dst, size_t units, const char *utf8);

/* acq_page_time_text writes a time as the game shows it, m:ss:mmm; "-:--:---" for 0 and below, which mean none. */
void acq_page_time_text(acq_char16 dst[15], int32_t ms);

#endif
