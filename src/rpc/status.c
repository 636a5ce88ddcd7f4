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

void acq_rpc_say_limit(char *dst, size_t size, const char *what, uint32_t limit)
{
    bool whole = limit && limit % 1024 == 0;
    snprintf(dst, size, "%s %u %s", what, (unsigned)(whole ? limit / 1024 : limit), whole ? "KiB" : "byte");
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

nghttp2_nv acq_rpc_nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

/* gRPC, "HTTP to gRPC Status Code Mapping" */
int acq_rpc_status_of_http(const char *http_status)
{
    switch (atoi(http_status)) {
    case 400:
    case 431: return ACQ_RPC_INTERNAL;
    case 401: return ACQ_RPC_UNAUTHENTICATED;
    case 403: return ACQ_RPC_PERMISSION_DENIED;
    case 404: return ACQ_RPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504: return ACQ_RPC_UNAVAILABLE;
    default: return ACQ_RPC_UNKNOWN;
    }
}

/* gRPC, "gRPC over HTTP2", Errors */
int acq_rpc_status_of_reset(uint32_t code)
{
    switch (code) {
    case NGHTTP2_REFUSED_STREAM: return ACQ_RPC_UNAVAILABLE;
    case NGHTTP2_CANCEL: return ACQ_RPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM: return ACQ_RPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY: return ACQ_RPC_PERMISSION_DENIED;
    default: return ACQ_RPC_INTERNAL;
    }
}

int acq_rpc_status_of(const char *text)
{
    size_t n = strlen(text);
    return n >= 1 && n <= 3 && strspn(text, "0123456789") == n ? atoi(text) : ACQ_RPC_UNKNOWN;
}
