#include "base/json.h"

#include "base/utf8.h"

#include <float.h>
#include <inttypes.h>
#include <string.h>

static size_t escape(char *dst, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *known = strchr(plain, c);
    if (c && known) {
        dst[0] = '\\';
        dst[1] = letter[known - plain];
        return 2;
    }
    memcpy(dst, "\\u00", 4);
    dst[4] = hex[c >> 4];
    dst[5] = hex[c & 15];
    return 6;
}

size_t acq_json_text(char *dst, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    char *d = dst;
    *d++ = '"';
    for (size_t i = 0; i < n;) {
        size_t len = acq_utf8_length(s + i, n - i);
        if (!len) {
            memcpy(d, "\xef\xbf\xbd", 3);
            d += 3;
        } else if (len == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0) { /* controls of eight bits: some terminals obey them */
            d += escape(d, s[i + 1]);
        } else if (s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || s[i] == 0x7f) {
            d += escape(d, s[i]);
        } else {
            memcpy(d, s + i, len);
            d += len;
        }
        i += len ? len : 1;
    }
    *d++ = '"';
    return (size_t)(d - dst);
}

/* text of any length, piece by piece: a piece never ends inside a character */
static void put_text(FILE *out, const char *text)
{
    char piece[6 * 128 + 2];
    size_t n = strlen(text);
    putc('"', out);
    for (size_t at = 0; at < n;) {
        size_t len = n - at < 128 ? n - at : 128;
        for (int back = 0; at + len < n && back < 3 && ((unsigned char)text[at + len] & 0xc0) == 0x80; back++) len--;
        size_t got = acq_json_text(piece, text + at, len);
        fwrite(piece + 1, 1, got - 2, out);
        at += len;
    }
    putc('"', out);
}

static void begin(struct acq_json *j, const char *key)
{
    if (j->more) putc(',', j->out);
    j->more = true;
    if (!key) return;
    put_text(j->out, key);
    putc(':', j->out);
}

void acq_json_open(struct acq_json *j, const char *key, char bracket)
{
    begin(j, key);
    putc(bracket, j->out);
    j->more = false;
}

void acq_json_close(struct acq_json *j, char bracket)
{
    putc(bracket, j->out);
    j->more = true;
}

void acq_json_str(struct acq_json *j, const char *key, const char *text)
{
    begin(j, key);
    if (text)
        put_text(j->out, text);
    else
        fputs("null", j->out);
}

void acq_json_int(struct acq_json *j, const char *key, int64_t v)
{
    begin(j, key);
    fprintf(j->out, "%" PRId64, v);
}

void acq_json_uint(struct acq_json *j, const char *key, uint64_t v)
{
    begin(j, key);
    fprintf(j->out, "%" PRIu64, v);
}

void acq_json_real(struct acq_json *j, const char *key, double x, int decimals)
{
    begin(j, key);
    if (x >= -DBL_MAX && x <= DBL_MAX) /* neither infinite nor NaN */
        fprintf(j->out, "%.*f", decimals, x);
    else
        fputs("null", j->out);
}

void acq_json_bool(struct acq_json *j, const char *key, bool v)
{
    begin(j, key);
    fputs(v ? "true" : "false", j->out);
}

void acq_json_null(struct acq_json *j, const char *key)
{
    begin(j, key);
    fputs("null", j->out);
}
