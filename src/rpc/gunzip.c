/* gunzip.c - compressed messages. What a message may inflate to is bounded before it is inflated.
 *
 * Source  gRPC, "gRPC Compression" (compression.md); RFC 1952. */
#include "rpc/internal.h"

#include <libdeflate.h>
#include <stdlib.h>

/* One for a connection, because most have none, and its messages come one after the other. */
struct acq_rpc_gunzip {
    struct libdeflate_decompressor *inflate;
    uint8_t bytes[]; /* limits.message */
};

static struct acq_rpc_gunzip *get(struct acq_rpc *rpc)
{
    if (rpc->gunzip) return rpc->gunzip;
    struct acq_rpc_gunzip *g = malloc(sizeof *g + rpc->limits.message);
    if (!g) return NULL;
    g->inflate = libdeflate_alloc_decompressor();
    if (!g->inflate) {
        free(g);
        return NULL;
    }
    return rpc->gunzip = g;
}

int acq_rpc_gunzip(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, const uint8_t **out, size_t *out_n)
{
    size_t max = (size_t)rpc->limits.message, at = 0, len = 0, used, got;
    struct acq_rpc_gunzip *g = get(rpc);
    if (!g) return ACQ_MEMORY;
    do { /* one member nearly always, but a gzip stream may have several */
        switch (libdeflate_gzip_decompress_ex(g->inflate, bytes + at, n - at, g->bytes + len, max - len, &used, &got)) {
        case LIBDEFLATE_SUCCESS: break;
        case LIBDEFLATE_INSUFFICIENT_SPACE: return ACQ_RANGE;
        default: return ACQ_FORMAT;
        }
        at += used;
        len += got;
    } while (at < n);
    *out = g->bytes;
    *out_n = len;
    return ACQ_OK;
}

void acq_rpc_gunzip_free(struct acq_rpc *rpc)
{
    if (!rpc->gunzip) return;
    libdeflate_free_decompressor(rpc->gunzip->inflate);
    free(rpc->gunzip);
    rpc->gunzip = NULL;
}
