/* gRPC against floods: what honest clients do in plenty passes; what costs us and brings nothing ends the connection.
 */
#include "rpc_raw.h"

#define SECOND INT64_C(1000000000)

/* A client of bytes alone, at a server of ours. */
struct flood {
    struct side server;
    nghttp2_hd_inflater *inflater;
    struct acq_buf bytes; /* to be sent */
    int result;           /* of acq_rpc_receive */
    unsigned goaways;
    uint32_t goaway_code; /* of the first */
    char goaway_text[64];
    char headers[1024]; /* "name: value\n" of the first answers */
};

static void add_frame(struct flood *f, uint8_t type, uint8_t flags, int32_t id, const void *payload, size_t n)
{
    uint8_t head[9] = {(uint8_t)(n >> 16),  (uint8_t)(n >> 8),   (uint8_t)n,         type,       flags,
                       (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    assert_int_equal(acq_buf_add(&f->bytes, head, 9), ACQ_OK);
    assert_int_equal(acq_buf_add(&f->bytes, payload, n), ACQ_OK);
}

static void hear_headers(struct flood *f, const uint8_t *block, size_t n)
{
    int flags = 0;
    while (n) {
        nghttp2_nv nv;
        ssize_t used = nghttp2_hd_inflate_hd2(f->inflater, &nv, &flags, block, n, 1);
        size_t at = strlen(f->headers);
        assert_true(used >= 0);
        block += used;
        n -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            snprintf(f->headers + at, sizeof f->headers - at, "%s: %s\n", (char *)nv.name, (char *)nv.value);
        if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
    }
    nghttp2_hd_inflate_end_headers(f->inflater);
}

/* hear takes a frame of the server's. */
static void hear(struct flood *f, const uint8_t *frame, size_t n)
{
    if (frame[3] == NGHTTP2_HEADERS) hear_headers(f, frame + 9, n - 9);
    if (frame[3] != NGHTTP2_GOAWAY || f->goaways++) return;
    f->goaway_code = frame[16];
    snprintf(f->goaway_text, sizeof f->goaway_text, "%.*s", (int)(n - 17), (const char *)frame + 17);
}

/* listen takes what the server has to say: whole frames. */
static void listen(struct flood *f)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    while ((n = acq_rpc_send(f->server.rpc, &bytes)) > 0)
        for (size_t at = 0, size; at < (size_t)n; at += size) {
            size = 9 + ((size_t)bytes[at] << 16 | (size_t)bytes[at + 1] << 8 | bytes[at + 2]);
            assert_true(at + size <= (size_t)n);
            hear(f, bytes + at, size);
        }
}

/* pour sends what has been added, `times` times, and reads the answers if `listens`. */
static void pour(struct flood *f, unsigned times, bool listens)
{
    struct acq_err err;
    for (unsigned i = 0; i < times && f->result == ACQ_OK; i++) {
        f->result = acq_rpc_receive(f->server.rpc, f->bytes.bytes, f->bytes.len, &err);
        if (listens) listen(f);
    }
    f->bytes.len = 0;
}

/* acks: does it acknowledge the settings? */
static void flood_init(struct flood *f, bool acks)
{
    *f = (struct flood){.result = ACQ_OK};
    side_init(&f->server, true);
    f->server.many = true;
    f->server.on_begin = respond;
    assert_int_equal(nghttp2_hd_inflate_new(&f->inflater), 0);
    acq_buf_init(&f->bytes, 16 << 20);
    acq_buf_add(&f->bytes, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
    add_frame(f, NGHTTP2_SETTINGS, 0, 0, "", 0);
    pour(f, 1, true);
    if (acks) add_frame(f, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "", 0);
    pour(f, 1, true);
    assert_int_equal(f->result, ACQ_OK);
}

static void flood_fini(struct flood *f)
{
    nghttp2_hd_inflate_del(f->inflater);
    acq_buf_fini(&f->bytes);
    side_fini(&f->server);
    assert_int_equal(f->server.begins, f->server.ends);
}

/* alive: the connection still takes calls; over: it has said why it ends, and is done */
static void alive(struct flood *f)
{
    assert_int_equal(f->result, ACQ_OK);
    assert_int_equal(f->goaways, 0);
    assert_false(acq_rpc_done(f->server.rpc));
}

static void over(struct flood *f, uint32_t code, const char *says)
{
    listen(f);
    assert_true(f->goaways > 0);
    assert_int_equal(f->goaway_code, code);
    assert_string_equal(f->goaway_text, says);
    assert_true(f->result < 0 || acq_rpc_done(f->server.rpc));
}

/* the headers of a good call, as HPACK literals without an index */
static size_t good_headers(uint8_t *dst)
{
    static const char *const pairs[] = {":method", "POST",       ":scheme", "http",         ":path",
                                        "/a.B/C",  ":authority", "h",       "content-type", "application/grpc",
                                        "te",      "trailers"};
    size_t at = 0;
    for (int i = 0; i < 12; i++) {
        if (i % 2 == 0) dst[at++] = 0;
        dst[at++] = (uint8_t)strlen(pairs[i]);
        memcpy(dst + at, pairs[i], strlen(pairs[i]));
        at += strlen(pairs[i]);
    }
    return at;
}

static void add_call(struct flood *f, int32_t id)
{
    uint8_t block[300];
    add_frame(f, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id, block, good_headers(block));
}

static void pings(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f, true);
    add_frame(&f, NGHTTP2_PING, 0, 0, "12345678", 8);
    pour(&f, 60, true); /* some dozens at once are in order */
    alive(&f);
    for (int s = 1; s < 100; s++) { /* and some each second */
        acq_rpc_tick(f.server.rpc, s * SECOND);
        add_frame(&f, NGHTTP2_PING, 0, 0, "12345678", 8);
        pour(&f, 10, true);
        alive(&f);
    }
    add_frame(&f, NGHTTP2_PING, 0, 0, "12345678", 8);
    pour(&f, 200, true);
    over(&f, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    flood_fini(&f);

    flood_init(&f, true); /* many in one piece, nothing read */
    for (int i = 0; i < 20000; i++) add_frame(&f, NGHTTP2_PING, 0, 0, "12345678", 8);
    pour(&f, 1, false);
    over(&f, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
    flood_fini(&f);
}

/* a client that measures its line with each message, as gRPC's do */
static void pings_with_messages(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f, true);
    add_call(&f, 1);
    pour(&f, 1, true);
    add_frame(&f, NGHTTP2_DATA, 0, 1, "\0\0\0\0\1x", 6);
    add_frame(&f, NGHTTP2_PING, 0, 0, "12345678", 8);
    pour(&f, 5000, true);
    alive(&f);
    assert_int_equal(f.server.messages, 5000);
    flood_fini(&f);
}

/* frames without content, each kind by itself, read and not read */
static void frames_without_content(void **state)
{
    static const struct {
        uint8_t type;
        int32_t id;
        const char *payload;
        size_t n;
    } kinds[] = {{NGHTTP2_SETTINGS, 0, "", 0},
                 {NGHTTP2_DATA, 1, "", 0},
                 {NGHTTP2_PRIORITY, 1, "\0\0\0\3\x10", 5},
                 {NGHTTP2_WINDOW_UPDATE, 1, "\0\0\0\1", 4}};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct flood f;
        flood_init(&f, true);
        add_call(&f, 1);
        pour(&f, 1, true);
        add_frame(&f, kinds[i % 4].type, 0, kinds[i % 4].id, kinds[i % 4].payload, kinds[i % 4].n);
        pour(&f, 500, i < 4);
        if (i < 4) alive(&f);
        add_frame(&f, kinds[i % 4].type, 0, kinds[i % 4].id, kinds[i % 4].payload, kinds[i % 4].n);
        pour(&f, 1000, i < 4);
        over(&f, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames_without_content");
        flood_fini(&f);
    }
}

/* an honest client opens its window twice for each answer, for hours */
static void window_updates_for_answers(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f, true);
    add_call(&f, 1);
    pour(&f, 1, true);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(acq_rpc_write(f.server.call, (const uint8_t *)"x", 1), ACQ_OK);
        listen(&f);
        add_frame(&f, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\6", 4);
        add_frame(&f, NGHTTP2_WINDOW_UPDATE, 0, 1, "\0\0\0\6", 4);
        pour(&f, 1, true);
    }
    alive(&f);
    flood_fini(&f);
}

/* calls that begin and are broken off at once */
static void rapid_reset(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f, true);
    int32_t id = 1;
    for (int i = 0; i < 300; i++, id += 2) { /* all calls of a client, three times over */
        add_call(&f, id);
        add_frame(&f, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x8", 4);
        pour(&f, 1, true);
    }
    alive(&f);
    assert_int_equal(f.server.begins, 300);
    for (int i = 0; i < 5000; i++, id += 2) {
        add_call(&f, id);
        add_frame(&f, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x8", 4);
        pour(&f, 1, true);
    }
    assert_true(f.goaways > 0 && acq_rpc_done(f.server.rpc));
    assert_in_range(f.server.begins, 1000, 1100);
    flood_fini(&f);
}

/* calls that make the server itself reset them: the same by another way */
static void provoked_resets(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f, true);
    int32_t id = 1;
    for (int i = 0; i < 5000 && f.result == ACQ_OK; i++, id += 2) {
        add_call(&f, id);
        add_frame(&f, NGHTTP2_WINDOW_UPDATE, 0, id, "\x7f\xff\xff\xff", 4); /* too far: a fault of the stream */
        pour(&f, 1, true);
        if (i == 20) alive(&f);
    }
    over(&f, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames_without_content");
    assert_in_range(f.server.begins, 20, 200);
    flood_fini(&f);
}

/* headers that never end: the frame after which we stop listening comes soon */
static void continuations(void **state)
{
    static uint8_t block[10];
    struct flood f;
    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        flood_init(&f, true);
        memset(block, 0x84, sizeof block);
        add_frame(&f, NGHTTP2_HEADERS, 0, 1, block, 3);
        pour(&f, 1, true);
        add_frame(&f, NGHTTP2_CONTINUATION, 0, 1, block, empty ? 0 : sizeof block);
        pour(&f, 100, true);
        listen(&f);
        assert_true(f.result < 0 || acq_rpc_done(f.server.rpc));
        assert_int_equal(f.server.begins, 0);
        flood_fini(&f);
    }
}

/* A small block that unpacks to a large one: an entry of 3,000 bytes in the table, named again and again by a byte. It
 * is no connection's end, because it may be a mistake; but it costs no memory. */
static void header_bomb(void **state)
{
    struct flood f;
    uint8_t block[16384];
    size_t at = good_headers(block);
    (void)state;
    flood_init(&f, true);
    block[at++] = 0x40; /* into the table */
    block[at++] = 1;
    block[at++] = 'x';
    block[at++] = 0x7f;
    block[at++] = (3000 - 127) % 128 + 128;
    block[at++] = (3000 - 127) / 128;
    memset(block + at, 'v', 3000);
    at += 3000;
    memset(block + at, 0xbe, sizeof block - at); /* the newest entry */
    add_frame(&f, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block, sizeof block);
    add_call(&f, 3);
    pour(&f, 1, true);
    alive(&f);
    assert_non_null(strstr(f.headers, "grpc-status: 8\n"));
    assert_int_equal(f.server.begins, 1);
    flood_fini(&f);
}

/* a client that makes the server answer and reads nothing: what waits for it is bounded. It never acknowledges the
 * server's settings, so that it gets a refusal for each call too many. */
static void answers_not_read(void **state)
{
    struct flood f;
    unsigned calls = 0;
    (void)state;
    flood_init(&f, false);
    for (int32_t id = 1; calls < 50000 && f.result == ACQ_OK; calls++, id += 2) {
        add_call(&f, id);
        pour(&f, 1, false);
    }
    assert_int_equal(f.result, ACQ_RANGE);
    assert_in_range(calls, 10000, 10200);
    assert_true(acq_rpc_done(f.server.rpc));
    flood_fini(&f);
}

/* more calls at once than are taken, before the client can know: those are refused, the others run */
static void too_many_calls(void **state)
{
    nghttp2_nv nv[] = {NV(":method", "POST"),
                       NV(":scheme", "http"),
                       NV(":path", "/a.B/C"),
                       NV(":authority", "h"),
                       NV("content-type", "application/grpc"),
                       NV("te", "trailers")};
    nghttp2_data_provider data = {.read_callback = raw_body};
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    uint64_t random = 4;
    const uint8_t *bytes;
    struct side server;
    struct raw r;
    ssize_t n;
    (void)state;
    limits.streams = 10;
    side_init_with(&server, true, &limits);
    server.many = true;
    server.on_begin = respond;
    raw_init(&r, false);
    for (int i = 0; i < 30; i++) assert_true(nghttp2_submit_request(r.session, NULL, nv, 6, &data, NULL) > 0);
    while ((n = nghttp2_session_mem_send(r.session, &bytes)) > 0)
        assert_int_equal(give(&server, bytes, (size_t)n, 0, &random), ACQ_OK);
    settle_raw(&r, &server);
    assert_int_equal(server.begins, 10);
    assert_int_equal(server.ends, 0);
    assert_int_equal(r.resets, 20);
    assert_int_equal(r.code, NGHTTP2_REFUSED_STREAM);
    assert_int_equal(r.goaways, 0);
    request_end(&r, &server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pings),
        cmocka_unit_test(pings_with_messages),
        cmocka_unit_test(frames_without_content),
        cmocka_unit_test(window_updates_for_answers),
        cmocka_unit_test(rapid_reset),
        cmocka_unit_test(provoked_resets),
        cmocka_unit_test(continuations),
        cmocka_unit_test(header_bomb),
        cmocka_unit_test(answers_not_read),
        cmocka_unit_test(too_many_calls),
    };
    return cmocka_run_group_tests_name("rpc_flood", tests, NULL, NULL);
}
