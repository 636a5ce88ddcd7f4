#include "base/utf8.h"

#include <stdbool.h>

size_t acq_utf8_length(const uint8_t *p, size_t n)
{
    size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (length > n) return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    bool shorter = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90); /* would fit in fewer bytes */
    bool beyond = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);  /* a surrogate, above U+10FFFF */
    return shorter || beyond ? 0 : length;
}

/* ---- columns ---- */

struct range {
    uint32_t first, last;
};

/* Marks that stand on the character before them, and characters without a picture. */
static const struct range none[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},   {0x64b, 0x65f},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},
    {0x20d0, 0x20ff}, {0xfe00, 0xfe0e}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
};

/* East Asian Wide and Fullwidth, and emoji, in blocks: what is narrow among them counts as wide. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23f3},   {0x25fd, 0x25fe},
    {0x2600, 0x27bf},   {0x2b1b, 0x2b55},   {0x2e80, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x16fe0, 0x18dff}, {0x1aff0, 0x1b2ff}, {0x1d300, 0x1d37f}, {0x1f000, 0x1faff}, {0x20000, 0x3ffff},
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last) return true;
    return false;
}

/* one character of `length` bytes */
static size_t columns_of(const uint8_t *p, size_t length)
{
    uint32_t c = length < 2 ? p[0] : p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) c = c << 6 | (p[i] & 0x3f);
    if (c < 0x300) return 1;
    if (within(none, sizeof none / sizeof *none, c)) return 0;
    return within(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

/* walk goes through the text as far as `columns` reach. Returns the bytes, and in *used the columns. */
static size_t walk(const char *text, size_t n, size_t columns, size_t *used)
{
    size_t at = 0;
    *used = 0;
    while (at < n) {
        const uint8_t *p = (const uint8_t *)text + at;
        size_t length = acq_utf8_length(p, n - at);
        size_t wants = columns_of(p, length ? length : 1);
        if (wants > columns - *used) break;
        *used += wants;
        at += length ? length : 1;
    }
    return at;
}

size_t acq_utf8_columns(const char *text, size_t n)
{
    size_t used;
    walk(text, n, SIZE_MAX, &used);
    return used;
}

size_t acq_utf8_fit(const char *text, size_t n, size_t columns)
{
    size_t used;
    return walk(text, n, columns, &used);
}
