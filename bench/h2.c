#include "h2.h"

#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD "/telemetry.v1.TelemetryIngest/StreamFrames"
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32, IN_MAX = 1 << 20 };

static void put_be(uint8_t *dst, uint64_t v, unsigned n)
{
    while (n--) {
        dst[n] = (uint8_t)v;
        v >>= 8;
    }
}

static uint32_t get_be(const uint8_t *src, unsigned n)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < n; i++) v = v << 8 | src[i];
    return v;
}

static void frame_header(uint8_t dst[H2_HEADER], size_t n, uint8_t type, uint8_t flags, uint32_t stream)
{
    put_be(dst, n, 3);
    dst[3] = type;
    dst[4] = flags;
    put_be(dst + 5, stream, 4);
}

void h2_data_header(uint8_t dst[H2_HEADER], size_t n)
{
    frame_header(dst, n, NGHTTP2_DATA, 0, 1);
}

void h2_prefix(uint8_t dst[H2_PREFIX], size_t n)
{
    dst[0] = 0; /* not compressed */
    put_be(dst + 1, n, 4);
}

static void add(struct acq_buf *buf, const void *bytes, size_t n)
{
    if (acq_buf_add(buf, bytes, n) < 0) bench_fail("the server sends more than is sensible");
}

static void queue(struct h2 *h2, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t n)
{
    uint8_t header[H2_HEADER];
    frame_header(header, n, type, flags, stream);
    add(&h2->out, header, sizeof header);
    if (n) add(&h2->out, payload, n);
}

void h2_init(struct h2 *h2, void (*on_message)(struct h2 *h2, const uint8_t *bytes, size_t n))
{
    static const char preface[] = NGHTTP2_CLIENT_MAGIC;
    uint8_t settings[12], window[4];
    *h2 = (struct h2){.window = 65535, .stream_window = 65535, .initial_window = 65535, .status = -1};
    h2->on_message = on_message;
    acq_buf_init(&h2->in, IN_MAX);
    acq_buf_init(&h2->out, IN_MAX);
    acq_buf_init(&h2->message, IN_MAX);
    if (nghttp2_hd_inflate_new(&h2->inflater)) bench_fail("no memory for a connection");
    /* the answers of a whole run fit into these windows, so that we need not open them further */
    put_be(settings, NGHTTP2_SETTINGS_ENABLE_PUSH, 2);
    put_be(settings + 2, 0, 4);
    put_be(settings + 6, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 2);
    put_be(settings + 8, H2_UNBOUNDED, 4);
    put_be(window, H2_UNBOUNDED - 65535, 4);
    add(&h2->out, preface, sizeof preface - 1);
    queue(h2, NGHTTP2_SETTINGS, 0, 0, settings, sizeof settings);
    queue(h2, NGHTTP2_WINDOW_UPDATE, 0, 0, window, sizeof window);
}

void h2_fini(struct h2 *h2)
{
    nghttp2_hd_inflate_del(h2->inflater);
    acq_buf_fini(&h2->in);
    acq_buf_fini(&h2->out);
    acq_buf_fini(&h2->message);
}

static nghttp2_nv nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), 0};
}

void h2_request(struct h2 *h2, const char *session)
{
    uint8_t block[512];
    nghttp2_nv headers[] = {nv(":method", "POST"),
                            nv(":scheme", "http"),
                            nv(":path", METHOD),
                            nv(":authority", "127.0.0.1"),
                            nv("te", "trailers"),
                            nv("content-type", "application/grpc"),
                            nv("acq-session", session ? session : "")};
    nghttp2_hd_deflater *deflater;
    if (nghttp2_hd_deflate_new(&deflater, 4096)) bench_fail("no memory for a connection");
    ssize_t n = nghttp2_hd_deflate_hd(deflater, block, sizeof block, headers, session ? 7 : 6);
    nghttp2_hd_deflate_del(deflater);
    if (n < 0) bench_fail("cannot make the headers of a call");
    queue(h2, NGHTTP2_HEADERS, END_HEADERS, 1, block, (size_t)n);
    h2->stream_window = h2->initial_window;
}

void h2_end(struct h2 *h2)
{
    queue(h2, NGHTTP2_DATA, END_STREAM, 1, NULL, 0);
    h2->closing = true;
}

size_t h2_allowed(const struct h2 *h2)
{
    int64_t window = h2->window < h2->stream_window ? h2->window : h2->stream_window;
    return window > 0 ? (size_t)window : 0;
}

void h2_took(struct h2 *h2, size_t n)
{
    h2->window -= (int64_t)n;
    h2->stream_window -= (int64_t)n;
}

/* ---- what comes ---- */

static bool is(const nghttp2_nv *header, const char *name)
{
    return header->namelen == strlen(name) && !memcmp(header->name, name, header->namelen);
}

static void on_header(struct h2 *h2, const nghttp2_nv *header)
{
    char value[sizeof h2->why] = "";
    memcpy(value, header->value, header->valuelen < sizeof value ? header->valuelen : sizeof value - 1);
    if (is(header, ":status") && strcmp(value, "200")) bench_fail("the server answered with HTTP status %s", value);
    if (is(header, "acq-last-seq") && strcmp(value, "0")) bench_fail("the server knows the session already: %s", value);
    if (is(header, "grpc-status")) h2->status = atoi(value);
    if (is(header, "grpc-message")) snprintf(h2->why, sizeof h2->why, "%s", value);
}

static void on_headers(struct h2 *h2, const uint8_t *p, size_t n, uint8_t flags)
{
    if (!(flags & END_HEADERS) || flags & (PADDED | PRIORITY)) bench_fail("headers of a kind that is not expected");
    for (;;) {
        nghttp2_nv header;
        int got = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(h2->inflater, &header, &got, p, n, 1);
        if (used < 0) bench_fail("headers that are no HPACK");
        p += used;
        n -= (size_t)used;
        if (got & NGHTTP2_HD_INFLATE_EMIT) on_header(h2, &header);
        if (got & NGHTTP2_HD_INFLATE_FINAL || (!n && !(got & NGHTTP2_HD_INFLATE_EMIT))) break;
    }
    nghttp2_hd_inflate_end_headers(h2->inflater);
    h2->answered = true;
    if (flags & END_STREAM && h2->status)
        bench_fail("the server ended a stream with status %d: %s", h2->status, h2->why);
}

static void on_settings(struct h2 *h2, const uint8_t *p, size_t n, uint8_t flags)
{
    if (flags & ACK) return;
    for (; n >= 6; p += 6, n -= 6) {
        if (get_be(p, 2) != NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) continue;
        h2->stream_window += (int64_t)get_be(p + 2, 4) - h2->initial_window;
        h2->initial_window = get_be(p + 2, 4);
    }
    h2->ready = true;
    queue(h2, NGHTTP2_SETTINGS, ACK, 0, NULL, 0);
}

static void on_data(struct h2 *h2, const uint8_t *p, size_t n, uint8_t flags)
{
    struct acq_buf *m = &h2->message;
    size_t at = 0, len;
    if (flags & PADDED) bench_fail("padded data");
    add(m, p, n);
    while (m->len - at >= H2_PREFIX && m->len - at - H2_PREFIX >= (len = get_be(m->bytes + at + 1, 4))) {
        h2->on_message(h2, m->bytes + at + H2_PREFIX, len);
        at += H2_PREFIX + len;
    }
    acq_buf_drop(m, at);
}

static void on_frame(struct h2 *h2, const uint8_t *header, const uint8_t *p, size_t n)
{
    uint8_t type = header[3], flags = header[4];
    uint32_t stream = get_be(header + 5, 4);
    if (type == NGHTTP2_DATA) {
        on_data(h2, p, n, flags);
    } else if (type == NGHTTP2_HEADERS) {
        on_headers(h2, p, n, flags);
    } else if (type == NGHTTP2_SETTINGS) {
        on_settings(h2, p, n, flags);
    } else if (type == NGHTTP2_PING && !(flags & ACK)) {
        queue(h2, NGHTTP2_PING, ACK, 0, p, n);
    } else if (type == NGHTTP2_WINDOW_UPDATE && n == 4) {
        *(stream ? &h2->stream_window : &h2->window) += get_be(p, 4) & H2_UNBOUNDED;
    } else if (type == NGHTTP2_RST_STREAM && h2->status < 0) {
        bench_fail("the server reset a stream with code %u", n == 4 ? get_be(p, 4) : 0);
    } else if (type == NGHTTP2_GOAWAY && n >= 8) {
        bench_fail("the server ended a connection with code %u", get_be(p + 4, 4));
    }
}

void h2_receive(struct h2 *h2, const uint8_t *bytes, size_t n)
{
    size_t at = 0, len;
    if (h2->in.len) {
        add(&h2->in, bytes, n);
        bytes = h2->in.bytes;
        n = h2->in.len;
    }
    while (n - at >= H2_HEADER && n - at - H2_HEADER >= (len = get_be(bytes + at, 3))) {
        on_frame(h2, bytes + at, bytes + at + H2_HEADER, len);
        at += H2_HEADER + len;
    }
    if (h2->in.len)
        acq_buf_drop(&h2->in, at);
    else if (n > at)
        add(&h2->in, bytes + at, n - at);
}
