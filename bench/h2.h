/* h2.h - the client's half of one gRPC call on its own HTTP/2 connection, for a load generator: nothing is done twice,
 * the frames to send lie ready as DATA frames of stream 1.
 *
 * Units   bytes.
 * Memory  h2_init's connection is the caller's until h2_fini. What is in `out` is to be written between two DATA
 * frames. Errors  whatever the server may not do ends the program with a sentence. Source  RFC 9113; gRPC, "gRPC over
 * HTTP2" (PROTOCOL-HTTP2.md). */
#ifndef BENCH_H2_H
#define BENCH_H2_H

#include "base/buf.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

enum { H2_HEADER = 9, H2_PREFIX = 5, H2_PAYLOAD_MAX = 16384, H2_UNBOUNDED = 0x7fffffff };

struct h2 {
    int64_t window, stream_window; /* what the server lets us send: on the connection, on the stream; may be < 0 */
    int64_t initial_window;        /* of a stream */
    bool ready;                    /* the server's SETTINGS have come */
    bool answered;                 /* its initial metadata */
    bool closing;                  /* we have ended the stream */
    int status;                    /* grpc-status; < 0: not yet known */
    char why[120];                 /* grpc-message */
    struct acq_buf in, out;        /* a frame that has not come as a whole; control frames for the server */
    struct acq_buf message;        /* a message that has not come as a whole */
    nghttp2_hd_inflater *inflater;
    void (*on_message)(struct h2 *h2, const uint8_t *bytes, size_t n);
};

/* h2_init prepares a connection and puts preface and SETTINGS into `out`. */
void h2_init(struct h2 *h2, void (*on_message)(struct h2 *h2, const uint8_t *bytes, size_t n));
void h2_fini(struct h2 *h2);

/* h2_request puts the call's headers into `out`; `session` becomes the metadata acq-session, unless it is NULL. */
void h2_request(struct h2 *h2, const char *session);

/* h2_end puts the end of the stream into `out`. */
void h2_end(struct h2 *h2);

/* h2_receive takes what came from the server. */
void h2_receive(struct h2 *h2, const uint8_t *bytes, size_t n);

/* h2_allowed returns how many bytes of DATA the server takes now; h2_took says that so many were sent. */
size_t h2_allowed(const struct h2 *h2);
void h2_took(struct h2 *h2, size_t n);

/* h2_data_header writes the header of a DATA frame with n bytes. */
void h2_data_header(uint8_t dst[H2_HEADER], size_t n);

/* h2_prefix writes the prefix of a gRPC message of n bytes. */
void h2_prefix(uint8_t dst[H2_PREFIX], size_t n);

#endif
