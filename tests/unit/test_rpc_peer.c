/* gRPC against ends that are not ours: what they may do, what they must not, and what we answer. The other end is made
 * of nghttp2 alone. */
#include "rpc_raw.h"

/* ---- our server ---- */

static void http_refusals(void **state)
{
    static const struct {
        const char *method, *type, *says;
    } cases[] = {{"POST", "application/json", ":status: 415\n"},
                 {"POST", "text/html", ":status: 415\n"},
                 {"POST", "application/grp", ":status: 415\n"},
                 {"POST", "application/grpcweb", ":status: 415\n"},
                 {"GET", "application/grpc", ":status: 405\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int ends = 0; ends < 2; ends++) {
            struct raw r;
            struct side server;
            request(&r, &server, cases[i].method, cases[i].type, NULL, "\0\0\0\0\1x", 6, ends);
            if (!ends && !strcmp(cases[i].method, "GET")) { /* answered when it has come to its end */
                assert_true(!*r.headers && !r.closed);
                request_end(&r, &server);
                continue;
            }
            if (!strstr(r.headers, cases[i].says)) fail_msg("%s: %s", cases[i].type, r.headers);
            assert_non_null(strstr(r.headers, "content-type: text/plain"));
            assert_null(strstr(r.headers, "grpc-status"));
            assert_in_range(r.data, 20, 200); /* a sentence for people */
            assert_true(r.ended && r.closed && !server.begins && !server.messages && !server.ends);
            request_end(&r, &server);
        }
}

static void good_types(void **state)
{
    static const char *const types[] = {"application/grpc", "application/grpc+proto", "application/grpc;x=y"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct raw r;
        struct side server;
        request(&r, &server, "POST", types[i], i ? "identity" : NULL, "\0\0\0\0\1x", 6, true);
        assert_true(server.begins == 1 && server.messages == 1 && server.half_closes == 1);
        assert_non_null(strstr(r.headers, ":status: 200\n"));
        assert_non_null(strstr(r.headers, "content-type: application/grpc"));
        acq_rpc_finish(server.call, ACQ_RPC_OK, "");
        settle_raw(&r, &server);
        assert_non_null(strstr(r.headers, "grpc-status: 0\n"));
        assert_true(r.closed && r.code == 0);
        request_end(&r, &server);
    }
}

/* bad: the call ends with `status` (as text), after `messages` good ones */
static void bad(const char *encoding, const void *body, size_t n, bool ends, const char *status, unsigned messages)
{
    struct raw r;
    struct side server;
    char line[40];
    request(&r, &server, "POST", "application/grpc", encoding, body, n, ends);
    snprintf(line, sizeof line, "grpc-status: %s\n", status);
    if (!strstr(r.headers, line)) fail_msg("%s is not in %s", line, r.headers);
    assert_non_null(strstr(r.headers, "grpc-message: "));
    assert_true(r.ended && r.closed);
    assert_int_equal(server.messages, messages);
    assert_int_equal(server.begins, server.ends);
    assert_int_equal(server.half_closes, 0);
    request_end(&r, &server);
}

/* broken_call: a request with these headers, which never begins */
static void broken_call(const nghttp2_nv *nv, size_t n, const char *status, const char *says)
{
    struct raw r;
    struct side server;
    char line[40];
    side_init(&server, true);
    request_with(&r, &server, "POST", nv, n, "\0\0\0\0\1x", 6, false);
    snprintf(line, sizeof line, "grpc-status: %s\n", status);
    if (!strstr(r.headers, line) || !strstr(r.headers, says)) fail_msg("%s, %s: %s", line, says, r.headers);
    assert_non_null(strstr(r.headers, ":status: 200\ncontent-type: application/grpc\n"));
    assert_true(r.ended && r.closed && r.code == NGHTTP2_NO_ERROR);
    assert_true(!server.begins && !server.ends && !server.messages);
    request_end(&r, &server);
}

static void bad_headers(void **state)
{
    static const char *const timeouts[] = {"", "1", "S", "1s", "1 S", "-1S", "+1S", "123456789S", "1SS", "1.5S", "x"};
    nghttp2_nv type = NV("content-type", "application/grpc"), te = NV("te", "trailers");
    nghttp2_nv no_te[] = {type};
    (void)state;
    broken_call(no_te, 1, "13", "te: trailers");
    nghttp2_nv unknown[] = {type, te, NV("grpc-encoding", "snappy")};
    broken_call(unknown, 3, "12", "grpc-accept-encoding: identity,gzip\n");
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        nghttp2_nv timeout[] = {type, te, NV("grpc-timeout", timeouts[i])};
        broken_call(timeout, 3, "13", "grpc-timeout");
    }
}

static void bad_messages(void **state)
{
    static uint8_t big[ACQ_RPC_MESSAGE_MAX + 100] = {0, 0, 1, 0, 1};
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        bad(NULL, "\0\0\0\0\1x\1\0\0\0\1x", 12, ends, "13", 1); /* marked as compressed */
        bad("identity", "\1\0\0\0\1x", 6, ends, "13", 0);
        bad("gzip", "\2\0\0\0\1x", 6, ends, "13", 0);
        bad(NULL, "\0\0\0\0\1x\0\0\1\0\1", 11, ends, "8", 1); /* 64 KiB + 1 */
        bad(NULL, "\0\xff\xff\xff\xff", 5, ends, "8", 0);
        bad(NULL, big, sizeof big, ends, "8", 0);
    }
    bad(NULL, "\0", 1, true, "13", 0); /* ends inside a message */
    bad(NULL, "\0\0\0\0\1x\0\0\0\0", 10, true, "13", 1);
    bad(NULL, "\0\0\0\0\2x", 6, true, "13", 0);
}

/* a client that breaks off in the middle of a message */
static void reset_inside(void **state)
{
    struct raw r;
    struct side server;
    (void)state;
    request(&r, &server, "POST", "application/grpc", NULL, "\0\0\0\0\5xyz", 8, false);
    assert_int_equal(server.begins, 1);
    nghttp2_submit_rst_stream(r.session, NGHTTP2_FLAG_NONE, 1, NGHTTP2_CANCEL);
    settle_raw(&r, &server);
    assert_true(server.ends == 1 && server.messages == 0 && server.status == ACQ_RPC_CANCELLED);
    request_end(&r, &server);
}

/* more headers than are taken: that call gets a status, the next one is fine */
static void many_headers(void **state)
{
    nghttp2_nv nv[200] = {NV(":method", "POST"),
                          NV(":scheme", "http"),
                          NV(":path", "/a.B/C"),
                          NV(":authority", "h"),
                          NV("content-type", "application/grpc"),
                          NV("te", "trailers")};
    nghttp2_data_provider data = {.read_callback = raw_body};
    static char value[40000];
    struct raw r;
    struct side server;
    (void)state;
    memset(value, 'v', sizeof value - 1);
    for (int kind = 0; kind < 3; kind++) { /* many, long ones, and one of more than a frame's length */
        request(&r, &server, "POST", "application/grpc", NULL, "", 0, true);
        assert_int_equal(server.begins, 1);
        size_t n = 6, count[] = {150, 12, 7}, length[] = {1, 3000, sizeof value - 1};
        value[length[kind]] = 0;
        while (n < count[kind]) nv[n++] = (nghttp2_nv)NV("x-header", value);
        value[length[kind]] = 'v';
        r.closed = false;
        r.headers[0] = 0;
        assert_true(nghttp2_submit_request(r.session, NULL, nv, n, &data, NULL) > 0);
        settle_raw(&r, &server);
        assert_non_null(strstr(r.headers, "grpc-status: 8\n"));
        assert_non_null(strstr(r.headers, "grpc-message: the headers are too many, or larger than 8 KiB"));
        assert_true(r.closed && server.begins == 1);
        assert_true(nghttp2_submit_request(r.session, NULL, nv, 6, NULL, NULL) > 0);
        settle_raw(&r, &server);
        assert_int_equal(server.begins, 2);
        request_end(&r, &server);
    }
}

/* headers just at the limit: 32 for each, as SETTINGS_MAX_HEADER_LIST_SIZE counts */
static void headers_at_the_limit(void **state)
{
    static const char *const names[] = {":method", ":scheme", ":path", ":authority", "content-type", "te", "x"};
    static const char *const values[] = {"POST", "http", "/a.B/C", "h", "application/grpc", "trailers", ""};
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    size_t size = 0;
    (void)state;
    for (size_t i = 0; i < 7; i++) size += strlen(names[i]) + strlen(values[i]) + 32;
    for (unsigned more = 0; more < 2; more++) {
        char value[600] = {0};
        struct raw r;
        struct side server;
        memset(value, 'v', 500 + more);
        limits.headers = (uint32_t)size + 500;
        side_init_with(&server, true, &limits);
        nghttp2_nv nv[] = {NV("content-type", "application/grpc"), NV("te", "trailers"), NV("x", value)};
        request_with(&r, &server, "POST", nv, 3, "", 0, true);
        assert_int_equal(server.begins, more ? 0 : 1);
        request_end(&r, &server);
    }
}

/* all messages of a status, as they stand in the header */
static void encoded_messages(void **state)
{
    static const char *const pairs[][2] = {{"plain", "plain"}, {"100%", "100%25"}, {"a\nb\tc", "a%0Ab%09c"},
                                           {"é", "%C3%A9"},    {"a b", "a b"},     {" ~ ", "%20~%20"},
                                           {"\x7f", "%7F"}};
    char longest[1000];
    (void)state;
    for (size_t i = 0; i <= sizeof pairs / sizeof *pairs; i++) {
        struct raw r;
        struct side server;
        char line[100];
        bool last = i == sizeof pairs / sizeof *pairs;
        memset(longest, '%', sizeof longest);
        longest[sizeof longest - 1] = 0;
        request(&r, &server, "POST", "application/grpc", NULL, "", 0, true);
        acq_rpc_finish(server.call, ACQ_RPC_ABORTED, last ? longest : pairs[i][0]);
        settle_raw(&r, &server);
        snprintf(line, sizeof line, "grpc-message: %s\n", last ? "%25%25%25" : pairs[i][1]);
        if (last) line[strlen(line) - 1] = 0;
        if (!strstr(r.headers, line)) fail_msg("%s is not in %s", line, r.headers);
        assert_true(r.closed);
        request_end(&r, &server);
    }
}

/* ---- our client ---- */

/* A server may end a call whose client still sends, and say no more: gRPC wants no RST_STREAM of it. */
static void trailers_end_the_call(void **state)
{
    nghttp2_nv head[] = {NV(":status", "200"), NV("content-type", "application/grpc"), NV("acq-test", "hello")};
    nghttp2_nv trailer[] = {NV("grpc-status", "9"), NV("grpc-message", "expected 5")};
    struct answer a;
    (void)state;
    for (int half_closed = 0; half_closed < 2; half_closed++) {
        ask(&a);
        if (half_closed) acq_rpc_half_close(a.client.call);
        nghttp2_submit_headers(a.raw.session, NGHTTP2_FLAG_NONE, a.raw.id, NULL, head, 3, NULL);
        settle_raw(&a.raw, &a.client);
        assert_true(a.client.begins == 1 && a.client.ends == 0);
        assert_string_equal(a.client.header, "hello");
        nghttp2_submit_headers(a.raw.session, NGHTTP2_FLAG_END_STREAM, a.raw.id, NULL, trailer, 2, NULL);
        settle_raw(&a.raw, &a.client);
        assert_int_equal(a.client.ends, 1);
        assert_int_equal(a.client.status, ACQ_RPC_FAILED_PRECONDITION);
        assert_string_equal(a.client.message, "expected 5");
        assert_true(a.raw.closed);
        ask_end(&a);
    }
}

/* answered: a server that answers with just these headers and ends. Returns the status that the caller sees. */
static int answered(struct answer *a, const char *http, const char *status, const char *message)
{
    nghttp2_nv nv[4] = {NV(":status", http), NV("content-type", "application/grpc")};
    size_t n = 2;
    if (status) nv[n++] = (nghttp2_nv)NV("grpc-status", status);
    if (message) nv[n++] = (nghttp2_nv)NV("grpc-message", message);
    ask(a);
    nghttp2_submit_headers(a->raw.session, NGHTTP2_FLAG_END_STREAM, a->raw.id, NULL, nv, n, NULL);
    settle_raw(&a->raw, &a->client);
    assert_true(a->client.ends == 1 && a->client.begins == 0);
    int result = a->client.status;
    ask_end(a);
    return result;
}

static void answers_without_messages(void **state)
{
    struct answer a;
    (void)state;
    assert_int_equal(answered(&a, "200", "14", "a%20b"), 14);
    assert_string_equal(a.client.message, "a b");
    assert_int_equal(answered(&a, "200", "0", NULL), 0);
    assert_string_equal(a.client.message, "");
    assert_int_equal(answered(&a, "200", NULL, NULL), ACQ_RPC_UNKNOWN); /* ended without a status: no success */
    assert_int_equal(answered(&a, "503", NULL, NULL), ACQ_RPC_UNAVAILABLE);
    assert_non_null(strstr(a.client.message, "503"));
    assert_int_equal(answered(&a, "404", NULL, NULL), ACQ_RPC_UNIMPLEMENTED);
    assert_int_equal(answered(&a, "400", NULL, NULL), ACQ_RPC_INTERNAL);
    assert_int_equal(answered(&a, "431", NULL, NULL), ACQ_RPC_INTERNAL);
    assert_int_equal(answered(&a, "401", NULL, NULL), ACQ_RPC_UNAUTHENTICATED);
    assert_int_equal(answered(&a, "403", NULL, NULL), ACQ_RPC_PERMISSION_DENIED);
    assert_int_equal(answered(&a, "429", NULL, NULL), ACQ_RPC_UNAVAILABLE);
    assert_int_equal(answered(&a, "500", NULL, NULL), ACQ_RPC_UNKNOWN);
    assert_int_equal(answered(&a, "404", "5", NULL), ACQ_RPC_NOT_FOUND); /* where there is a grpc-status, it counts */
    assert_true(answered(&a, "200", "x", NULL) != 0);
    assert_true(answered(&a, "200", "-1", NULL) != 0);
    assert_true(answered(&a, "200", "", NULL) != 0);
}

/* grpc-message is percent-encoded; what is not, stays as it is */
static void decoded_messages(void **state)
{
    static const char *const pairs[][2] = {
        {"%41%7e", "A~"},   {"100%", "100%"}, {"100% ab", "100% ab"}, {"%4", "%4"},     {"%zz", "%zz"},
        {"%0xab", "%0xab"}, {"%+1", "%+1"},   {"%C3%A9", "é"},        {"a%00b", "a b"}, {"%%41", "%A"}};
    struct answer a;
    char longest[900];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        answered(&a, "200", "2", pairs[i][0]);
        assert_string_equal(a.client.message, pairs[i][1]);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    answered(&a, "200", "2", longest);
    assert_in_range(strlen(a.client.message), 100, 899);
}

/* a server that sends messages which we do not take */
static void bad_answers(void **state)
{
    nghttp2_nv head[] = {NV(":status", "200"), NV("content-type", "application/grpc")};
    static const struct {
        const char *bytes;
        size_t n;
    } bodies[] = {{"\1\0\0\0\1x", 6}, {"\0\0\1\0\1", 5}, {"\0\xff\xff\xff\xff", 5}};
    nghttp2_data_provider data = {.read_callback = raw_body};
    struct answer a;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ask(&a);
        a.raw.body = (const uint8_t *)bodies[i].bytes;
        a.raw.body_n = bodies[i].n;
        assert_int_equal(nghttp2_submit_response(a.raw.session, a.raw.id, head, 2, &data), 0);
        settle_raw(&a.raw, &a.client);
        assert_true(a.client.begins == 1 && a.client.ends == 1 && a.client.messages == 0 && a.client.status > 0);
        assert_true(a.raw.closed && a.raw.code == NGHTTP2_CANCEL);
        ask_end(&a);
    }
}

/* a page of a web server, which goes on after its headers: no bytes of it are messages */
static void web_server(void **state)
{
    static const char *const heads[][2] = {{"200", "text/html"}, {"502", "application/grpc"}, {"404", "text/plain"}};
    static const int says[] = {ACQ_RPC_UNKNOWN, ACQ_RPC_UNAVAILABLE, ACQ_RPC_UNIMPLEMENTED};
    nghttp2_data_provider data = {.read_callback = raw_body};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct answer a;
        nghttp2_nv head[] = {NV(":status", heads[i][0]), NV("content-type", heads[i][1])};
        ask(&a);
        a.raw.body = (const uint8_t *)"\0\0\0\0\1x\0\0\0\0\1x";
        a.raw.body_n = 12;
        assert_int_equal(nghttp2_submit_response(a.raw.session, a.raw.id, head, 2, &data), 0);
        settle_raw(&a.raw, &a.client);
        assert_true(a.client.ends == 1 && a.client.begins == 0 && a.client.messages == 0);
        assert_int_equal(a.client.status, says[i]);
        assert_true(a.raw.closed && a.raw.code == NGHTTP2_CANCEL);
        ask_end(&a);
    }
}

/* an interim answer before the real one */
static void interim_answer(void **state)
{
    nghttp2_nv hints[] = {NV(":status", "103"), NV("link", "x")};
    nghttp2_nv head[] = {NV(":status", "200"), NV("content-type", "application/grpc")};
    struct answer a;
    (void)state;
    ask(&a);
    nghttp2_submit_headers(a.raw.session, NGHTTP2_FLAG_NONE, a.raw.id, NULL, hints, 2, NULL);
    settle_raw(&a.raw, &a.client);
    assert_true(a.client.begins == 0 && a.client.ends == 0);
    nghttp2_submit_headers(a.raw.session, NGHTTP2_FLAG_NONE, a.raw.id, NULL, head, 2, NULL);
    settle_raw(&a.raw, &a.client);
    assert_true(a.client.begins == 1 && a.client.ends == 0);
    ask_end(&a);
}

static void server_goes(void **state)
{
    static const struct {
        uint32_t code;
        int status;
    } resets[] = {{NGHTTP2_REFUSED_STREAM, ACQ_RPC_UNAVAILABLE},
                  {NGHTTP2_CANCEL, ACQ_RPC_CANCELLED},
                  {NGHTTP2_ENHANCE_YOUR_CALM, ACQ_RPC_RESOURCE_EXHAUSTED},
                  {NGHTTP2_INADEQUATE_SECURITY, ACQ_RPC_PERMISSION_DENIED},
                  {NGHTTP2_NO_ERROR, ACQ_RPC_INTERNAL},
                  {NGHTTP2_PROTOCOL_ERROR, ACQ_RPC_INTERNAL}};
    struct answer a;
    (void)state;
    for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
        ask(&a);
        nghttp2_submit_rst_stream(a.raw.session, NGHTTP2_FLAG_NONE, a.raw.id, resets[i].code);
        settle_raw(&a.raw, &a.client);
        assert_int_equal(a.client.status, resets[i].status);
        ask_end(&a);
    }
    ask(&a);
    nghttp2_session_terminate_session(a.raw.session, NGHTTP2_INTERNAL_ERROR);
    settle_raw(&a.raw, &a.client);
    ask_end(&a);
    assert_int_equal(a.client.status, ACQ_RPC_UNAVAILABLE);
}

/* ---- no HTTP/2 at all ---- */

static void garbage(void **state)
{
    struct acq_err err;
    uint64_t random = 95;
    uint8_t bytes[300];
    (void)state;
    for (int server = 0; server < 2; server++)
        for (unsigned i = 0; i < 500; i++) {
            struct side s;
            side_init(&s, server);
            random_bytes(&random, bytes, sizeof bytes);
            if (i == 0) memcpy(bytes, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 48);
            if (i == 1) memcpy(bytes, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
            int r = acq_rpc_receive(s.rpc, bytes, sizeof bytes, &err);
            if (server) assert_int_equal(r, ACQ_FORMAT);
            if (r < 0) assert_non_null(strstr(err.text, "HTTP/2"));
            const uint8_t *out;
            while (acq_rpc_send(s.rpc, &out) > 0) continue;
            if (i == 0) assert_true(r < 0 || acq_rpc_done(s.rpc)); /* it has said goodbye */
            side_fini(&s);
        }
}

/* bytes of a good client with some changed: an error or not, but nothing breaks, and each call ends once */
static void changed_bytes(void **state)
{
    nghttp2_nv nv[] = {NV(":method", "POST"),
                       NV(":scheme", "http"),
                       NV(":path", "/a.B/C"),
                       NV(":authority", "h"),
                       NV("content-type", "application/grpc"),
                       NV("te", "trailers")};
    nghttp2_data_provider data = {.read_callback = raw_body};
    uint64_t random = 96;
    struct acq_err err;
    uint8_t wire[1024];
    const uint8_t *bytes;
    size_t n = 0;
    struct raw r;
    (void)state;
    raw_init(&r, false);
    r.body = (const uint8_t *)"\0\0\0\0\5hello\0\0\0\0\0\0\0\0\0\3xyz";
    r.body_n = 23;
    r.body_ends = true;
    for (int i = 0; i < 3; i++) assert_true(nghttp2_submit_request(r.session, NULL, nv, 6, &data, NULL) > 0);
    for (ssize_t part; (part = nghttp2_session_mem_send(r.session, &bytes)) > 0; n += (size_t)part)
        memcpy(wire + n, bytes, (size_t)part);
    nghttp2_session_del(r.session);
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t changed[1024];
        struct side s;
        side_init(&s, true);
        s.many = true;
        s.on_begin = respond;
        memcpy(changed, wire, n);
        for (uint64_t k = random_below(&random, 4); k < 4; k++)
            changed[24 + random_below(&random, n - 24)] = (uint8_t)random_next(&random);
        for (size_t at = 0, part; at < n; at += part) {
            part = 1 + random_below(&random, n - at);
            if (acq_rpc_receive(s.rpc, changed + at, part, &err) < 0) break;
            while (acq_rpc_send(s.rpc, &bytes) > 0) continue;
        }
        side_fini(&s);
        assert_int_equal(s.begins, s.ends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_refusals),    cmocka_unit_test(good_types),
        cmocka_unit_test(bad_messages),     cmocka_unit_test(reset_inside),
        cmocka_unit_test(many_headers),     cmocka_unit_test(encoded_messages),
        cmocka_unit_test(server_goes),      cmocka_unit_test(trailers_end_the_call),
        cmocka_unit_test(bad_answers),      cmocka_unit_test(answers_without_messages),
        cmocka_unit_test(decoded_messages), cmocka_unit_test(garbage),
        cmocka_unit_test(bad_headers),      cmocka_unit_test(headers_at_the_limit),
        cmocka_unit_test(web_server),       cmocka_unit_test(interim_answer),
        cmocka_unit_test(changed_bytes),
    };
    return cmocka_run_group_tests_name("rpc_peer", tests, NULL, NULL);
}
