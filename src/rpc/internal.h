/* internal.h - what the files of rpc/ share; not for others. */
#ifndef ACQ_RPC_INTERNAL_H
#define ACQ_RPC_INTERNAL_H

#include "base/buf.h"
#include "rpc/rpc.h"

#include <nghttp2/nghttp2.h>

enum { HEADERS_MAX = 48, HEADER_BYTES_MAX = 8 * 1024, PREFIX = 5, WINDOW = 1 << 20 };

struct acq_rpc {
    nghttp2_session *session;
    const struct acq_rpc_events *events;
    void *user;
    bool server, broken;        /* broken: nghttp2 has failed, and must not be used any more */
    struct acq_rpc_call *calls; /* all that live */
};

struct acq_rpc_call {
    struct acq_rpc *rpc;
    struct acq_rpc_call *next, **link;
    int32_t id;
    void *user;
    bool began, responded, ending, cancelled;
    struct acq_buf in;  /* a message that has not come as a whole */
    struct acq_buf out; /* what is to be sent; the first `sent` bytes have been */
    size_t sent;
    struct acq_buf headers; /* name, NUL, value, NUL ... of the block that is being read */
    size_t header_count;
    int status; /* < 0: not known yet */
    char message[200];
};

/* acq_rpc_call_new makes a call of the connection, NULL without memory; acq_rpc_call_free frees it. */
struct acq_rpc_call *acq_rpc_call_new(struct acq_rpc *rpc);
void acq_rpc_call_free(struct acq_rpc_call *call);

/* acq_rpc_call_end tells the user that the call is over, and frees it. */
void acq_rpc_call_end(struct acq_rpc_call *call);

/* acq_rpc_set_status keeps the first status that is said of a call. */
void acq_rpc_set_status(struct acq_rpc_call *call, int status, const char *message);

/* acq_rpc_nv is a header as nghttp2 wants it; the texts are borrowed. */
nghttp2_nv acq_rpc_nv(const char *name, const char *value);

/* acq_rpc_encode_message writes a status message as gRPC wants it in a header: percent-encoded outside of printable
 * ASCII, and where a header must not have a space, at its begin and end. acq_rpc_decode_message is the inverse. */
void acq_rpc_encode_message(char *dst, size_t size, const char *text);
void acq_rpc_decode_message(char *dst, size_t size, const char *text);

/* acq_rpc_status_of reads the number in grpc-status; UNKNOWN for what is none, so that it never passes for success. */
int acq_rpc_status_of(const char *text);

/* acq_rpc_set_callbacks sets what nghttp2 calls when something comes. */
void acq_rpc_set_callbacks(nghttp2_session_callbacks *callbacks);

#endif
