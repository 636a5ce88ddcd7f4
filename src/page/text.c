#include "page/text.h"

#include <stdio.h>

#define REPLACEMENT 0xfffdu

/* continues says whether byte continues a character. */
static int continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* take reads one character and moves *at behind it. */
static uint32_t take(const unsigned char **at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = *at, first = *p++;
    const int length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    uint32_t c = length == 1 ? first : length == 0 ? REPLACEMENT : first & (0x7fu >> length);

    for (int i = 1; i < length; i++) {
        if (!continues(*p)) { /* the next byte begins something new, or ends the text */
            *at = p;
            return REPLACEMENT;
        }
        c = c << 6 | (*p++ & 0x3f);
    }
    *at = p;
    if (length > 1 && (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))) return REPLACEMENT;
    return c;
}

void acq_page_text(acq_char16 *dst, size_t units, const char *utf8)
{
    const unsigned char *at = (const unsigned char *)utf8;
    size_t n = 0;

    while (*at != '\0') {
        uint32_t c = take(&at);
        size_t need = c < 0x10000 ? 1 : 2;

        if (n + need >= units) break;
        if (need == 2) {
            dst[n++] = (acq_char16)(0xd800 + ((c - 0x10000) >> 10));
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        dst[n++] = (acq_char16)c;
    }
    while (n < units) dst[n++] = 0;
}

void acq_page_time_text(acq_char16 dst[15], int32_t ms)
{
    char text[32] = "-:--:---";

    if (ms > 0) snprintf(text, sizeof text, "%d:%02d:%03d", (int)(ms / 60000), (int)(ms / 1000 % 60), (int)(ms % 1000));
    acq_page_text(dst, 15, text);
}
