/* json.h - writes JSON (RFC 8259): value by value, on one line.
 *
 * Memory  the caller's; nothing is allocated.
 * Errors  those of the stream: ferror. */
#ifndef ACQ_BASE_JSON_H
#define ACQ_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* acq_json_text writes n bytes of UTF-8 as a JSON string, in quotes, to dst, which has room for 6 * n + 2 bytes. Bytes
 * that are no UTF-8 become U+FFFD. Returns the number of bytes written, without a NUL. */
size_t acq_json_text(char *dst, const char *text, size_t n);

struct acq_json {
    FILE *out;
    bool more; /* a value stands before the next one */
};

/* Each of these writes one value with the comma before it; `key` is its name in an object, NULL in an array and at the
 * top. acq_json_open begins an object or an array ('{' or '['), acq_json_close ends it ('}' or ']'). acq_json_real:
 * with so many decimals; null where x is not finite. acq_json_str: null where text is NULL. */
void acq_json_open(struct acq_json *json, const char *key, char bracket);
void acq_json_close(struct acq_json *json, char bracket);
void acq_json_str(struct acq_json *json, const char *key, const char *text);
void acq_json_int(struct acq_json *json, const char *key, int64_t v);
void acq_json_uint(struct acq_json *json, const char *key, uint64_t v);
void acq_json_real(struct acq_json *json, const char *key, double x, int decimals);
void acq_json_bool(struct acq_json *json, const char *key, bool v);
void acq_json_null(struct acq_json *json, const char *key);

#endif
