/* line.h - a status line in the making: its parts, and how much of them a terminal has room for.
 *
 * Units   columns of the terminal.
 * Memory  a line is the caller's; all zero is an empty one. It has room for ACQ_LINE_PARTS parts; what goes beyond is
 *         left out. */
#ifndef ACQ_BASE_LINE_H
#define ACQ_BASE_LINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a part is meant: on a terminal plain, green, yellow, red. Never without words that say the same. */
enum acq_tone { ACQ_TONE_PLAIN, ACQ_TONE_GOOD, ACQ_TONE_WAIT, ACQ_TONE_BAD };

enum {
    ACQ_LINE_PARTS = 16,
    ACQ_LINE_TEXT = 1024,             /* [byte] of all parts */
    ACQ_LINE_MAX = 2 * ACQ_LINE_TEXT, /* [byte] of the line as it is written */
    ACQ_LINE_STATE = 0,
    ACQ_LINE_CUTTABLE = 64 /* for `rank` */
};

struct acq_line {
    struct acq_line_part {
        uint8_t rank;
        bool cuttable, joined;
        enum acq_tone tone;
        size_t at, n, columns; /* in `text` */
    } part[ACQ_LINE_PARTS];
    size_t n, len;
    char text[ACQ_LINE_TEXT];
};

/* acq_line_add appends a part; acq_line_join one that follows with a comma. Where the line is too narrow the highest
 * ranks are left out first; | ACQ_LINE_CUTTABLE lets a part be shortened instead. Parts of the rank ACQ_LINE_STATE say
 * what the program does: they stay to the last, and a change of them is news. What does not belong on a line (control
 * characters, broken UTF-8) becomes '?'. */
void acq_line_add(struct acq_line *line, unsigned rank, enum acq_tone tone, const char *format, ...) ACQ_PRINTF(4, 5);
void acq_line_join(struct acq_line *line, unsigned rank, enum acq_tone tone, const char *format, ...) ACQ_PRINTF(4, 5);

/* acq_line_write writes what fits into `columns` to dst, with the terminal's sequences for colours if asked for.
 * Returns its length. */
size_t acq_line_write(char dst[ACQ_LINE_MAX], const struct acq_line *line, size_t columns, bool colours);

/* acq_line_state writes the parts of ACQ_LINE_STATE alone. */
void acq_line_state(char dst[ACQ_LINE_MAX], const struct acq_line *line);

/* acq_line_clean makes text from outside fit for a line, in place. Returns its length, which never grows. */
size_t acq_line_clean(char *text);

#endif
