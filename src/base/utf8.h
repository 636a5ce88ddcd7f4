/* utf8.h - UTF-8 from outside, character by character.
 *
 * Source  RFC 3629: no surrogates, nothing above U+10FFFF, nothing longer than it need be. */
#ifndef ACQ_BASE_UTF8_H
#define ACQ_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* acq_utf8_length returns how many bytes the character at p has, of which n > 0 are there; 0 if it is none. */
size_t acq_utf8_length(const uint8_t *p, size_t n);

#endif
