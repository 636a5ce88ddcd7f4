/* text.c - the game's UTF-16 texts to UTF-8 and back. Source: RFC 3629, RFC 2781. */
#include "frame/frame.h"

#define REPLACEMENT 0xfffdu /* U+FFFD, for what is no character */

static char *put_utf8(char *dst, uint32_t c)
{
    if (c < 0x80) {
        *dst++ = (char)c;
    } else if (c < 0x800) {
        *dst++ = (char)(0xc0 | c >> 6);
        *dst++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *dst++ = (char)(0xe0 | c >> 12);
        *dst++ = (char)(0x80 | (c >> 6 & 63));
        *dst++ = (char)(0x80 | (c & 63));
    } else {
        *dst++ = (char)(0xf0 | c >> 18);
        *dst++ = (char)(0x80 | (c >> 12 & 63));
        *dst++ = (char)(0x80 | (c >> 6 & 63));
        *dst++ = (char)(0x80 | (c & 63));
    }
    return dst;
}

size_t acq_text_from_utf16(char *dst, const uint8_t *src, size_t units)
{
    char *p = dst;
    for (size_t i = 0; i < units; i++) {
        uint32_t c = src[2 * i] | (uint32_t)src[2 * i + 1] << 8;
        if (!c) break;
        if (c >= 0xd800 && c < 0xe000) {
            uint32_t low = i + 1 < units ? src[2 * i + 2] | (uint32_t)src[2 * i + 3] << 8 : 0;
            if (c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i++;
            } else {
                c = REPLACEMENT;
            }
        }
        p = put_utf8(p, c);
    }
    *p = 0;
    return (size_t)(p - dst);
}

/* get_utf8: the next character; U+FFFD for bytes that are none, a byte at a time */
static uint32_t get_utf8(const uint8_t **at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *p = *at, first = *p++;
    const int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    uint32_t c = length == 1 ? first : length == 0 ? REPLACEMENT : first & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((*p & 0xc0) != 0x80) { /* the next byte begins something new, or ends the text */
            *at = p;
            return REPLACEMENT;
        }
        c = c << 6 | (*p++ & 0x3f);
    }
    *at = p;
    if (length > 1 && (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))) return REPLACEMENT;
    return c;
}

static void put_unit(uint8_t *dst, uint32_t unit)
{
    dst[0] = (uint8_t)unit;
    dst[1] = (uint8_t)(unit >> 8);
}

void acq_text_to_utf16(uint8_t *dst, size_t units, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    size_t i = 0;
    while (*s) {
        uint32_t c = get_utf8(&s);
        size_t need = c < 0x10000 ? 1 : 2;
        if (i + need > units) break;
        if (need == 1) {
            put_unit(dst + 2 * i, c);
        } else {
            put_unit(dst + 2 * i, 0xd800 + ((c - 0x10000) >> 10));
            put_unit(dst + 2 * i + 2, 0xdc00 + ((c - 0x10000) & 0x3ff));
        }
        i += need;
    }
    for (; i < units; i++) put_unit(dst + 2 * i, 0);
}
