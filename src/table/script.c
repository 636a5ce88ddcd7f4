#include "table/script.h"

#include <ctype.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

/* behind_quote: behind the quote that begins at p; twice the quote means itself, in E'...' a backslash goes before it
 */
static const char *behind_quote(const char *p, bool escapes)
{
    char quote = *p++;
    for (; *p; p++) {
        if (escapes && *p == '\\' && p[1])
            p++;
        else if (*p == quote && p[1] == quote)
            p++;
        else if (*p == quote)
            return p + 1;
    }
    return p;
}

/* behind_comment: behind the comment that begins at p; those in stars may stand in each other */
static const char *behind_comment(const char *p)
{
    unsigned depth = 0;
    if (*p == '-') return p + strcspn(p, "\n");
    while (*p) {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            p += 2;
            if (!--depth) break;
        } else {
            p++;
        }
    }
    return p;
}

/* behind_dollars: behind the text in $tag$ that begins at p, or behind the $ where none does */
static const char *behind_dollars(const char *p)
{
    const char *end = p + 1;
    while (is_word(*end)) end++;
    if (*end != '$' || isdigit((unsigned char)p[1])) return p + 1;
    size_t n = (size_t)(end - p) + 1; /* the tag with both its $ */
    for (end++; *end; end++)
        if (!strncmp(end, p, n)) return end + n;
    return end;
}

static bool is_comment(const char *p)
{
    return (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*');
}

/* behind_token: behind what stands at p: a quote, a comment, a word, or one character */
static const char *behind_token(const char *p)
{
    if (is_comment(p)) return behind_comment(p);
    if (*p == '\'' || *p == '"') return behind_quote(p, false);
    if ((*p == 'E' || *p == 'e') && p[1] == '\'') return behind_quote(p + 1, true);
    if (*p == '$') return behind_dollars(p);
    if (!is_word(*p)) return p + 1;
    while (is_word(*p) || *p == '$') p++;
    return p;
}

bool acq_script_next(const char **at, const char **begin, size_t *n)
{
    const char *p = *at, *end;
    for (;;) { /* what stands before the statement */
        if (isspace((unsigned char)*p) || *p == ';')
            p++;
        else if (is_comment(p))
            p = behind_comment(p);
        else
            break;
    }
    *begin = end = p;
    while (*p && *p != ';') {
        const char *next = behind_token(p);
        if (!isspace((unsigned char)*p)) end = next;
        p = next;
    }
    *at = p;
    *n = (size_t)(end - *begin);
    return *n > 0;
}
