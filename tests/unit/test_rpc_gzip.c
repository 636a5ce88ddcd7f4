/* gRPC messages in gzip: taken from any client, bounded before they are inflated, and refused with the right status. */
#include "rpc_raw.h"

#include <libdeflate.h>

/* packed appends a message, compressed if `gzip`, with its prefix. */
static void packed(struct acq_buf *b, const uint8_t *bytes, size_t n, bool gzip, int level)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    size_t room = libdeflate_gzip_compress_bound(c, n) + 64;
    uint8_t *out = malloc(room);
    size_t len = n;
    if (gzip) {
        len = libdeflate_gzip_compress(c, bytes, n, out, room);
        assert_true(len > 0);
    } else if (n) {
        memcpy(out, bytes, n);
    }
    uint8_t prefix[5] = {gzip, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    assert_int_equal(acq_buf_add(b, prefix, 5), ACQ_OK);
    assert_int_equal(acq_buf_add(b, out, len), ACQ_OK);
    libdeflate_free_compressor(c);
    free(out);
}

/* contents: some bytes that compress, and differ from message to message */
static void contents(uint8_t *dst, size_t n, unsigned i)
{
    uint64_t random = i;
    for (size_t k = 0; k < n; k++) dst[k] = (uint8_t)(k % 3 ? i : random_next(&random));
}

static const size_t sizes[] = {0, 1, 600, 5000, 65535, 65536, 17, 30000};
enum { MESSAGES = 200, SIZES = 8 };

static size_t size_of(unsigned i)
{
    return sizes[i % SIZES] > 60000 && i > 20 ? 900 : sizes[i % SIZES];
}

/* compressed and plain messages in one call, of all sizes, in pieces of all sizes */
static void mixed(void **state)
{
    static uint8_t bytes[ACQ_RPC_MESSAGE_MAX];
    struct acq_buf body;
    (void)state;
    acq_buf_init(&body, 8 << 20);
    for (unsigned i = 0; i < MESSAGES; i++) {
        contents(bytes, size_of(i), i);
        /* the longest ones need to be well compressed, or they are too long on the wire */
        packed(&body, bytes, size_of(i), i % 3 != 1, i % 5 ? 6 : 1);
    }
    for (int held = 0; held < 2; held++) {
        struct side server;
        struct raw r;
        side_init(&server, true);
        nghttp2_nv nv[] = {NV("content-type", "application/grpc"), NV("te", "trailers"), NV("grpc-encoding", "gzip")};
        server.on_message = held ? side_hold : NULL;
        request_with(&r, &server, "POST", nv, 3, body.bytes, body.len, true);
        for (unsigned i = 1; held && i <= MESSAGES; i++) {
            assert_int_equal(server.messages, i);
            acq_rpc_hold(server.call, false);
            settle_raw(&r, &server);
        }
        assert_non_null(strstr(r.headers, "grpc-accept-encoding: identity,gzip\n"));
        assert_null(strstr(r.headers, "grpc-encoding: gzip")); /* answers are plain */
        assert_true(server.messages == MESSAGES && server.half_closes == 1 && server.ends == 0);
        const uint8_t *p = server.got.bytes;
        for (unsigned i = 0; i < MESSAGES; i++) {
            size_t n = size_of(i);
            contents(bytes, n, i);
            assert_int_equal(acq_get_le(p, 4), n);
            if (n) assert_memory_equal(p + 4, bytes, n);
            p += 4 + n;
        }
        request_end(&r, &server);
    }
    acq_buf_fini(&body);
}

/* ends: a call with one good message and then this one ends with `status`; the next call on the connection is fine */
static void ends(const uint8_t *bytes, size_t n, const char *status, const char *says)
{
    struct side server;
    struct raw r;
    struct acq_buf body;
    char line[40];
    acq_buf_init(&body, 1 << 20);
    packed(&body, (const uint8_t *)"good", 4, true, 6);
    size_t good = body.len;
    acq_buf_add(&body, bytes, n);
    request(&r, &server, "POST", "application/grpc", "gzip", body.bytes, body.len, false);
    snprintf(line, sizeof line, "grpc-status: %s\n", status);
    if (!strstr(r.headers, line) || !strstr(r.headers, says)) fail_msg("%s, %s: %s", line, says, r.headers);
    assert_true(server.messages == 1 && server.ends == 1 && r.closed);
    nghttp2_nv nv[] = {NV(":method", "POST"),
                       NV(":scheme", "http"),
                       NV(":path", "/a.B/C"),
                       NV(":authority", "h"),
                       NV("content-type", "application/grpc"),
                       NV("te", "trailers"),
                       NV("grpc-encoding", "gzip")};
    nghttp2_data_provider data = {.read_callback = raw_body};
    r.body_at = 0;
    r.body_n = good;
    assert_true(nghttp2_submit_request(r.session, NULL, nv, 7, &data, NULL) > 0);
    settle_raw(&r, &server);
    assert_true(server.messages == 2 && server.ends == 1);
    acq_buf_fini(&body);
    request_end(&r, &server);
}

static void bombs(void **state)
{
    static uint8_t zeros[64 << 20];
    struct acq_buf body;
    (void)state;
    acq_buf_init(&body, 1 << 20);
    static const size_t too_long[] = {ACQ_RPC_MESSAGE_MAX + 1, ACQ_RPC_MESSAGE_MAX + 2, 10 << 20, 60 << 20};
    for (size_t i = 0; i < 4; i++) {
        body.len = 0;
        packed(&body, zeros, too_long[i], true, 9);
        assert_true(body.len < ACQ_RPC_MESSAGE_MAX);
        ends(body.bytes, body.len, "8", "a message inflates to more than 64 KiB");
        /* its own word for its length is not believed */
        acq_put_le(body.bytes + body.len - 4, 5, 4);
        ends(body.bytes, body.len, "8", "a message inflates to more than 64 KiB");
    }
    /* longer than allowed already as it comes */
    ends((const uint8_t *)"\1\0\1\0\1", 5, "8", "longer than 64 KiB");
    acq_buf_fini(&body);
}

static void damaged(void **state)
{
    struct acq_buf body;
    uint8_t bytes[700];
    (void)state;
    acq_buf_init(&body, 1 << 20);
    contents(bytes, sizeof bytes, 9);
    packed(&body, bytes, sizeof bytes, true, 6);
    size_t whole = body.len;
    static const size_t at[] = {5, 6, 30, 100};
    for (size_t i = 0; i < 6; i++) { /* the head, the middle, the checksum, the length */
        size_t k = i < 4 ? at[i] : whole - (i == 4 ? 8 : 1);
        body.bytes[k] ^= 0x55;
        ends(body.bytes, body.len, "13", "is not gzip");
        body.bytes[k] ^= 0x55;
    }
    for (size_t cut = 1; cut < whole - 5; cut += 97) { /* the end is missing, but the prefix says that this is all */
        uint8_t saved = body.bytes[4], saved3 = body.bytes[3];
        body.bytes[3] = (uint8_t)((whole - 5 - cut) >> 8);
        body.bytes[4] = (uint8_t)(whole - 5 - cut);
        ends(body.bytes, whole - cut, "13", "is not gzip");
        body.bytes[3] = saved3;
        body.bytes[4] = saved;
    }
    ends((const uint8_t *)"\1\0\0\0\0", 5, "13", "is not gzip");
    ends((const uint8_t *)"\1\0\0\0\4abcd", 9, "13", "is not gzip");
    acq_buf_fini(&body);
}

/* a gzip stream of several members is one message */
static void members(void **state)
{
    struct acq_buf body, message;
    struct side server;
    struct raw r;
    size_t n;
    (void)state;
    acq_buf_init(&body, 1 << 20);
    acq_buf_init(&message, 1 << 20);
    packed(&message, (const uint8_t *)"abc", 3, true, 6);
    packed(&body, (const uint8_t *)"defg", 4, true, 6);
    acq_buf_add(&message, body.bytes + 5, body.len - 5);
    message.bytes[4] = (uint8_t)(message.len - 5);
    request(&r, &server, "POST", "application/grpc", "gzip", message.bytes, message.len, true);
    assert_int_equal(server.messages, 1);
    const uint8_t *got = side_message_at(&server, 0, &n);
    assert_int_equal(n, 7);
    assert_memory_equal(got, "abcdefg", 7);
    request_end(&r, &server);
    acq_buf_add(&message, "x", 1); /* and what is none behind it is not */
    message.bytes[4]++;
    ends(message.bytes, message.len, "13", "is not gzip");
    acq_buf_fini(&body);
    acq_buf_fini(&message);
}

/* our client: a server may compress though it was not asked to; what the client cannot read ends the call */
static void answers(void **state)
{
    static const char *const encodings[] = {"gzip", "identity", "snappy", NULL};
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        nghttp2_data_provider data = {.read_callback = raw_body};
        const char *encoding = encodings[i % 4];
        nghttp2_nv head[] = {NV(":status", "200"), NV("content-type", "application/grpc"),
                             NV("grpc-encoding", encoding ? encoding : "")};
        struct acq_buf body;
        struct answer a;
        bool compressed = i < 4;
        acq_buf_init(&body, 1 << 20);
        packed(&body, (const uint8_t *)"answer", 6, compressed, 6);
        ask(&a);
        a.raw.body = body.bytes;
        a.raw.body_n = body.len;
        assert_int_equal(nghttp2_submit_response(a.raw.session, a.raw.id, head, encoding ? 3 : 2, &data), 0);
        settle_raw(&a.raw, &a.client);
        bool good = !compressed || i == 0;
        assert_int_equal(a.client.messages, good);
        assert_int_equal(a.client.ends, !good);
        if (good) assert_memory_equal(a.client.got.bytes + 4, "answer", 6);
        if (!good) assert_int_equal(a.client.status, ACQ_RPC_INTERNAL);
        acq_buf_fini(&body);
        ask_end(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed),   cmocka_unit_test(bombs),   cmocka_unit_test(damaged),
        cmocka_unit_test(members), cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests_name("rpc_gzip", tests, NULL, NULL);
}
