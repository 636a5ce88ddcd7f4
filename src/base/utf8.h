/* utf8.h - UTF-8 from outside, character by character.
 *
 * Source  RFC 3629: no surrogates, nothing above U+10FFFF, nothing longer than it need be. Unicode Standard Annex #11,
 *         East Asian Width. */
#ifndef ACQ_BASE_UTF8_H
#define ACQ_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* acq_utf8_length returns how many bytes the character at p has, of which n > 0 are there; 0 if it is none. */
size_t acq_utf8_length(const uint8_t *p, size_t n);

/* acq_utf8_columns returns how many columns of a terminal the n bytes take. Where terminals differ it is the most: a
 * column too many leaves a gap, one too few breaks the line. acq_utf8_fit returns how many of the bytes, whole
 * characters, fit into so many columns. */
size_t acq_utf8_columns(const char *text, size_t n);
size_t acq_utf8_fit(const char *text, size_t n, size_t columns);

#endif
