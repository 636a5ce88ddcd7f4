/* say.h - numbers as people read them, for the pages that commands print.
 *
 * Memory  the caller's: each text fits into ACQ_SAY bytes. */
#ifndef ACQ_APP_SAY_H
#define ACQ_APP_SAY_H

#include <stddef.h>
#include <stdint.h>

enum { ACQ_SAY = 64 };

/* acq_say_count: 1200000 is "1,200,000". acq_say_size: bytes as "484.2 MB". acq_say_time: nanoseconds as "1:02:03.456"
 * or "2:03.456"; acq_say_since: the time from `first_ns` to `t_ns`, which may be anything. acq_say_lap: milliseconds as
 * "1:41.234". All return dst. */
const char *acq_say_count(char dst[ACQ_SAY], uint64_t n);
const char *acq_say_size(char dst[ACQ_SAY], uint64_t bytes);
const char *acq_say_time(char dst[ACQ_SAY], int64_t ns);
const char *acq_say_since(char dst[ACQ_SAY], int64_t first_ns, int64_t t_ns);
const char *acq_say_lap(char dst[ACQ_SAY], int32_t ms);

/* acq_say_utc writes nanoseconds since 1970 as "2026-11-22 15:33:29" with `decimals` (0 or 3) more digits, "" where
 * that is no date; acq_say_local the same in the zone of this computer, with its offset: "2026-11-22 16:33:29 +01:00";
 * acq_say_iso as "2026-11-22T15:33:29.123456789Z". All return dst. */
const char *acq_say_utc(char dst[ACQ_SAY], int64_t utc_ns, int decimals);
const char *acq_say_local(char dst[ACQ_SAY], int64_t utc_ns);
const char *acq_say_iso(char dst[ACQ_SAY], int64_t utc_ns);

/* acq_say_text copies text from a file into dst of `size` bytes, cut at a whole character; what would move the
 * terminal's cursor becomes '?'. Returns dst. */
const char *acq_say_text(char *dst, size_t size, const char *text);

/* acq_say_width returns how many characters of a terminal the text takes: those of UTF-8 count as one. */
size_t acq_say_width(const char *text);

#endif
