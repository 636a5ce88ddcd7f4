/* rpc_raw.h - an end of HTTP/2 that is not ours, made of nghttp2 alone, against one of ours.
 *
 * Memory  request to request_end, ask to ask_end. Threads one. */
#ifndef ACQ_TESTS_RPC_RAW_H
#define ACQ_TESTS_RPC_RAW_H

#include "rpc_pair.h"

#include <nghttp2/nghttp2.h>

struct raw {
    nghttp2_session *session;
    const uint8_t *body; /* what is to be sent on the stream */
    size_t body_n, body_at;
    bool body_ends;     /* with END_STREAM */
    char headers[2048]; /* "name: value\n" of all that came */
    bool ended, closed; /* END_STREAM has come; the stream is closed, */
    uint32_t code;      /* with this code */
    int32_t id;         /* the stream that began, at a server */
    size_t data;        /* bytes of DATA that came */
    unsigned goaways, pings, resets;
    int32_t goaway_last;  /* of the latest GOAWAY: the last stream, */
    uint32_t goaway_code; /* the code, */
    char goaway_text[64]; /* and the text */
    int64_t opened[2];    /* WINDOW_UPDATE for the connection, for streams */
};

HELP int raw_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_n,
                    const uint8_t *value, size_t value_n, uint8_t flags, void *user)
{
    struct raw *r = user;
    size_t n = strlen(r->headers);
    (void)session, (void)flags;
    r->id = frame->hd.stream_id;
    snprintf(r->headers + n, sizeof r->headers - n, "%.*s: %.*s\n", (int)name_n, (const char *)name, (int)value_n,
             (const char *)value);
    return 0;
}

HELP int raw_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct raw *r = user;
    (void)session;
    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
        r->ended = r->ended || frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        const nghttp2_goaway *g = &frame->goaway;
        r->goaways++;
        r->goaway_last = g->last_stream_id;
        /* a second one of the same code says no more than the first */
        if (!g->opaque_data_len && r->goaway_code == g->error_code) return 0;
        r->goaway_code = g->error_code;
        snprintf(r->goaway_text, sizeof r->goaway_text, "%.*s", (int)g->opaque_data_len, (const char *)g->opaque_data);
    }
    r->pings += frame->hd.type == NGHTTP2_PING && !(frame->hd.flags & NGHTTP2_FLAG_ACK);
    r->resets += frame->hd.type == NGHTTP2_RST_STREAM;
    if (frame->hd.type == NGHTTP2_WINDOW_UPDATE)
        r->opened[frame->hd.stream_id != 0] += frame->window_update.window_size_increment;
    return 0;
}

HELP int raw_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *user)
{
    (void)session, (void)flags, (void)id, (void)bytes;
    ((struct raw *)user)->data += n;
    return 0;
}

HELP int raw_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct raw *r = user;
    (void)session, (void)id;
    r->closed = true;
    r->code = code;
    return 0;
}

HELP void raw_init(struct raw *r, bool server)
{
    nghttp2_session_callbacks *callbacks;
    *r = (struct raw){.id = 0};
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, raw_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, raw_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, raw_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, raw_close);
    int result = server ? nghttp2_session_server_new(&r->session, callbacks, r)
                        : nghttp2_session_client_new(&r->session, callbacks, r);
    assert_int_equal(result, 0);
    nghttp2_session_callbacks_del(callbacks);
    assert_int_equal(nghttp2_submit_settings(r->session, NGHTTP2_FLAG_NONE, NULL, 0), 0);
}

HELP ssize_t raw_body(nghttp2_session *session, int32_t id, uint8_t *dst, size_t n, uint32_t *flags,
                      nghttp2_data_source *source, void *user)
{
    struct raw *r = user;
    (void)session, (void)id, (void)source;
    if (r->body_at == r->body_n && !r->body_ends) return NGHTTP2_ERR_DEFERRED;
    if (n > r->body_n - r->body_at) n = r->body_n - r->body_at;
    if (n) memcpy(dst, r->body + r->body_at, n);
    r->body_at += n;
    if (r->body_at == r->body_n && r->body_ends) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

/* settle_raw moves bytes both ways until there are none. */
HELP void settle_raw(struct raw *r, struct side *s)
{
    const uint8_t *bytes;
    uint64_t random = 5;
    for (bool moved = true; moved;) {
        ssize_t n;
        moved = false;
        while ((n = nghttp2_session_mem_send(r->session, &bytes)) > 0) {
            assert_int_equal(give(s, bytes, (size_t)n, 0, &random), ACQ_OK);
            moved = true;
        }
        while ((n = acq_rpc_send(s->rpc, &bytes)) > 0) {
            assert_int_equal(nghttp2_session_mem_recv(r->session, bytes, (size_t)n), n);
            moved = true;
        }
    }
}

#define NV(name, value)                                                                                                \
    {                                                                                                                  \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE \
    }

#define NV_MOST 16

/* request_with sends a request with these headers, besides the pseudo headers, and a body to `server`, which is there
 * already, and leaves both ends to look at. */
HELP void request_with(struct raw *r, struct side *server, const char *method, const nghttp2_nv *headers, size_t count,
                       const void *body, size_t n, bool ends)
{
    nghttp2_nv nv[NV_MOST] = {NV(":method", method), NV(":scheme", "http"), NV(":path", "/a.B/C"),
                              NV(":authority", "h")};
    nghttp2_data_provider data = {.read_callback = raw_body};
    raw_init(r, false);
    server->on_begin = server->on_begin ? server->on_begin : respond;
    r->body = body;
    r->body_n = n;
    r->body_ends = ends;
    assert_true(count + 4 <= NV_MOST);
    for (size_t i = 0; i < count; i++) nv[4 + i] = headers[i];
    r->id = nghttp2_submit_request(r->session, NULL, nv, 4 + count, &data, NULL);
    assert_true(r->id > 0);
    settle_raw(r, server);
}

/* request is request_with for a new server, with headers as gRPC has them. */
HELP void request(struct raw *r, struct side *server, const char *method, const char *type, const char *encoding,
                  const void *body, size_t n, bool ends)
{
    nghttp2_nv nv[] = {NV("te", "trailers"), NV("content-type", type), NV("grpc-encoding", encoding ? encoding : "")};
    side_init(server, true);
    request_with(r, server, method, nv, encoding ? 3 : 2, body, n, ends);
}

HELP void request_end(struct raw *r, struct side *server)
{
    nghttp2_session_del(r->session);
    side_fini(server);
}

struct answer {
    struct raw raw;
    struct side client;
};

/* ask begins a call of ours at a raw server. */
HELP void ask(struct answer *a)
{
    raw_init(&a->raw, true);
    side_init(&a->client, false);
    a->client.call = acq_rpc_call(a->client.rpc, "/a.B/C", "host:1", NULL, 0);
    assert_non_null(a->client.call);
    settle_raw(&a->raw, &a->client);
    assert_non_null(strstr(a->raw.headers, ":method: POST\n"));
    assert_non_null(strstr(a->raw.headers, ":scheme: http\n"));
    assert_non_null(strstr(a->raw.headers, ":path: /a.B/C\n"));
    assert_non_null(strstr(a->raw.headers, ":authority: host:1\n"));
    assert_non_null(strstr(a->raw.headers, "content-type: application/grpc\n"));
    assert_non_null(strstr(a->raw.headers, "te: trailers\n"));
}

HELP void ask_end(struct answer *a)
{
    nghttp2_session_del(a->raw.session);
    side_fini(&a->client);
    assert_int_equal(a->client.ends, 1);
}

#endif
