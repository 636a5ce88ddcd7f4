/* status.c - gRPC statuses and their messages as they travel in headers. */
#include "rpc/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *acq_rpc_status_name(int status)
{
    static const char *const names[] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    return status >= 0 && status < (int)(sizeof names / sizeof *names) ? names[status] : "status";
}

void acq_rpc_encode_message(char *dst, size_t size, const char *text)
{
    size_t at = 0;
    for (; *text && at + 4 < size; text++) {
        unsigned char c = (unsigned char)*text;
        bool space_inside = c == ' ' && at && text[1];
        if (space_inside || (c > ' ' && c <= '~' && c != '%'))
            dst[at++] = (char)c;
        else
            at += (size_t)snprintf(dst + at, 4, "%%%02X", c);
    }
    dst[at] = 0;
}

void acq_rpc_decode_message(char *dst, size_t size, const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    size_t at = 0;
    for (; *text && at + 1 < size; text++) {
        char hex[3] = {0};
        if (*text == '%' && strspn(text + 1, digits) >= 2) {
            memcpy(hex, text + 1, 2);
            unsigned long byte = strtoul(hex, NULL, 16);
            dst[at++] = (char)(byte >= ' ' ? byte : ' ');
            text += 2;
        } else {
            dst[at++] = *text;
        }
    }
    dst[at] = 0;
}

int acq_rpc_status_of(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n <= 3 && strspn(text, "0123456789") == n ? atoi(text) : ACQ_RPC_UNKNOWN;
}
