#include "base/line.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6"

enum { RANKS = ACQ_LINE_CUTTABLE, BETWEEN = 3, SHORT_MIN = 10 /* [columns] of a part that is shortened */ };

size_t acq_line_clean(char *text)
{
    size_t to = 0, n = strlen(text);
    for (size_t at = 0; at < n;) {
        const uint8_t *p = (const uint8_t *)text + at;
        size_t length = acq_utf8_length(p, n - at);
        /* C0 and DEL; C1 is c2 80 .. c2 9f; U+2028 and U+2029 begin a new line */
        bool control = *p < ' ' || *p == 0x7f || (length == 2 && *p == 0xc2 && p[1] < 0xa0) ||
                       (length == 3 && *p == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9));
        if (control || !length)
            text[to++] = '?';
        else
            memmove(text + to, p, length), to += length;
        at += length ? length : 1;
    }
    text[to] = 0;
    return to;
}

static void add(struct acq_line *line, unsigned rank, enum acq_tone tone, bool joined, const char *format, va_list args)
{
    char *text = line->text + line->len;
    size_t room = sizeof line->text - line->len;
    if (line->n == ACQ_LINE_PARTS || room < 2) return;
    vsnprintf(text, room, format, args);
    size_t n = acq_line_clean(text);
    if (!n) return;
    line->part[line->n++] = (struct acq_line_part){.rank = (uint8_t)(rank % ACQ_LINE_CUTTABLE),
                                                   .cuttable = rank >= ACQ_LINE_CUTTABLE,
                                                   .joined = joined,
                                                   .tone = tone,
                                                   .at = line->len,
                                                   .n = n,
                                                   .columns = acq_utf8_columns(text, n)};
    line->len += n;
}

void acq_line_add(struct acq_line *line, unsigned rank, enum acq_tone tone, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(line, rank, tone, false, format, args);
    va_end(args);
}

void acq_line_join(struct acq_line *line, unsigned rank, enum acq_tone tone, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(line, rank, tone, true, format, args);
    va_end(args);
}

/* share gives each part its columns: all, fewer, or none. The lowest ranks come first. */
static void share(const struct acq_line *line, size_t columns, size_t given[ACQ_LINE_PARTS])
{
    bool any = false;
    memset(given, 0, ACQ_LINE_PARTS * sizeof *given);
    for (unsigned rank = 0; rank < RANKS; rank++) {
        for (size_t i = 0; i < line->n; i++) {
            const struct acq_line_part *p = &line->part[i];
            size_t between = any ? BETWEEN : 0;
            if (p->rank != rank || columns <= between) continue;
            size_t room = columns - between;
            if (p->columns <= room)
                given[i] = p->columns;
            else if (!any || (p->cuttable && room >= SHORT_MIN))
                given[i] = room;
            if (!given[i]) continue;
            columns -= between + given[i];
            any = true;
        }
    }
}

static size_t put(char *dst, size_t len, const char *text, size_t n)
{
    if (len + n >= ACQ_LINE_MAX) return len;
    memcpy(dst + len, text, n);
    return len + n;
}

static size_t put_text(char *dst, size_t len, const char *text)
{
    return put(dst, len, text, strlen(text));
}

static size_t put_part(char *dst, size_t len, const struct acq_line *line, const struct acq_line_part *p, size_t given)
{
    const char *text = line->text + p->at;
    if (given >= p->columns) return put(dst, len, text, p->n);
    len = put(dst, len, text, acq_utf8_fit(text, p->n, given - 1));
    return put_text(dst, len, ELLIPSIS);
}

size_t acq_line_write(char dst[ACQ_LINE_MAX], const struct acq_line *line, size_t columns, bool colours)
{
    static const char *const begin[] = {"", "\033[32m", "\033[33m", "\033[31m"};
    size_t given[ACQ_LINE_PARTS], len = 0;
    share(line, columns, given);
    for (size_t i = 0; i < line->n; i++) {
        const struct acq_line_part *p = &line->part[i];
        bool coloured = colours && p->tone != ACQ_TONE_PLAIN;
        if (!given[i]) continue;
        if (len) len = put_text(dst, len, p->joined && i && given[i - 1] ? ", " : " | ");
        if (coloured) len = put_text(dst, len, begin[p->tone]);
        len = put_part(dst, len, line, p, given[i]);
        if (coloured) len = put_text(dst, len, "\033[0m");
    }
    dst[len] = 0;
    return len;
}

void acq_line_state(char dst[ACQ_LINE_MAX], const struct acq_line *line)
{
    size_t len = 0;
    for (size_t i = 0; i < line->n; i++) {
        if (line->part[i].rank != ACQ_LINE_STATE) continue;
        if (len) len = put_text(dst, len, ", ");
        len = put(dst, len, line->text + line->part[i].at, line->part[i].n);
    }
    dst[len] = 0;
}
