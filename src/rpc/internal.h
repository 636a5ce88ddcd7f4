/* internal.h - what the files of rpc/ share; not for others.
 *
 * rpc.c      connections          call.c     calls: their life          send.c   what is sent on them
 * receive.c  headers, ends        message.c  messages, flow control     gunzip.c compressed messages
 * clock.c    deadlines, PINGs     guard.c    floods                     status.c statuses as text */
#ifndef ACQ_RPC_INTERNAL_H
#define ACQ_RPC_INTERNAL_H

#include "rpc/fifo.h"
#include "rpc/rpc.h"

#include <nghttp2/nghttp2.h>

enum {
    HEADERS_MAX = 128,   /* headers of one call: grpc's clients send about ten, and each may add some */
    PREFIX = 5,          /* [byte] before each message: whether it is compressed, and its length */
    FIRST_WINDOW = 65535 /* [byte] of a stream's window before the other side knows ours: RFC 9113, 6.9.2 */
};

#define NEVER INT64_MAX

struct acq_rpc_gunzip;

struct acq_rpc {
    nghttp2_session *session;
    const struct acq_rpc_events *events;
    void *user;
    struct acq_rpc_limits limits;
    struct acq_rpc_call *calls;    /* all that live */
    struct acq_rpc_gunzip *gunzip; /* NULL until the first compressed message */
    size_t held;                   /* [byte] that wait on calls which are held */
    size_t unfinished;             /* [byte] of messages which have not come as a whole, on calls which are not held */
    size_t unsent;                 /* [byte] that all calls have to send */
    size_t tell;                   /* [byte] that are handled on a call before nghttp2 hears of it */
    int64_t next_deadline_ns;      /* not later than the first of all calls */
    int64_t heard_ns, pinged_ns, notice_ns, second_ns; /* when; 0: never */
    unsigned pings_alone;                              /* that we sent since the last DATA, either way */
    unsigned pings, idle_frames;                       /* what the other side owes us for: guard.c */
    bool server, broken;                               /* broken: nghttp2 has failed, and must not be used any more */
    bool secure;                                       /* over TLS */
    bool paused;                                       /* nobody reads what comes */
    bool heard;                                        /* a frame has come since the last tick */
    bool pinging;                                      /* none has come since our PING */
    bool stopping;                                     /* the first step of a shutdown has been made, */
    bool stopped;                                      /* and the second */
    bool reap; /* there may be calls that are over and have given all they had */
};

struct acq_rpc_call {
    struct acq_rpc *rpc;
    struct acq_rpc_call *next, **link;
    const struct acq_rpc_events *events; /* these and `target` are the connection's, or those of acq_rpc_handle */
    void *target, *user;
    int64_t deadline_ns;
    struct acq_fifo in;  /* a message that has not come as a whole, or all that came while the call was held */
    struct acq_fifo out; /* what is to be sent */
    size_t in_held, in_unfinished; /* how much of `in` the connection counts as what */
    size_t taken;                  /* [byte] that were handled, and not yet told to nghttp2's flow control */
    size_t owed;                   /* [byte] that came while the call was held: the last ones of `in` */
    struct acq_buf headers;        /* name, NUL, value, NUL ... of the block that is being read */
    size_t header_count, header_size;
    int32_t id;
    uint32_t reset; /* the code of RST_STREAM behind the last words, if the other side still sends */
    int status;     /* < 0: not known yet */
    bool began;     /* its begin event has been called, or it is ours */
    bool responded, ending, cancelled;
    bool page;         /* `out` is text for people, not messages */
    bool other_method; /* a request that is not a POST */
    bool gzip;         /* compressed messages are in gzip */
    bool oversize;     /* the headers are too large */
    bool held;
    bool half_closed; /* the other side sends nothing more, */
    bool half_told;   /* and the user knows */
    bool closed;      /* the stream is over, but the call still holds messages for the user */
    char message[200];
};

/* ---- rpc.c ---- */

/* acq_rpc_check looks at what a function of nghttp2 returned. Where memory ran out, something that the other side waits
 * for will never be said: the connection is at its end. */
void acq_rpc_check(struct acq_rpc *rpc, int result);

/* ---- call.c ---- */

/* acq_rpc_call_new makes a call of the connection, NULL without memory; acq_rpc_call_free frees it. */
struct acq_rpc_call *acq_rpc_call_new(struct acq_rpc *rpc);
void acq_rpc_call_free(struct acq_rpc_call *call);

/* acq_rpc_call_end tells the user that the call is over, and frees it. acq_rpc_reap does so with those that have given
 * the user all they had. */
void acq_rpc_call_end(struct acq_rpc_call *call);
void acq_rpc_reap(struct acq_rpc *rpc);

/* acq_rpc_set_status keeps the first status that is said of a call. */
void acq_rpc_set_status(struct acq_rpc_call *call, int status, const char *message);

/* acq_rpc_reset breaks a stream off. acq_rpc_fail ends a call for a fault of the other side: a server by a status, a
 * client by a reset. */
void acq_rpc_reset(struct acq_rpc *rpc, int32_t id, uint32_t code);
void acq_rpc_fail(struct acq_rpc_call *call, int status, const char *message);

/* ---- send.c ---- */

/* acq_rpc_refuse answers what is not gRPC with an HTTP status and a text for people. */
void acq_rpc_refuse(struct acq_rpc_call *call, const char *http_status, const char *text);

/* ---- message.c ---- */

/* acq_rpc_on_data is nghttp2's callback for bytes of messages. */
int acq_rpc_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *user);

/* acq_rpc_half_closed tells a server's user, in time, that the other side sends nothing more on this call. */
void acq_rpc_half_closed(struct acq_rpc_call *call);

/* acq_rpc_recount keeps the connection's sums of what waits in `in`. */
void acq_rpc_recount(struct acq_rpc_call *call);

/* ---- gunzip.c ---- */

/* acq_rpc_gunzip inflates a message of at most limits.message bytes; *out is valid until the next call. Returns 0,
 * ACQ_RANGE if it is longer, ACQ_FORMAT if it is damaged, or ACQ_MEMORY. */
int acq_rpc_gunzip(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, const uint8_t **out, size_t *out_n);
void acq_rpc_gunzip_free(struct acq_rpc *rpc);

/* ---- clock.c ---- */

/* acq_rpc_timeout reads the value of grpc-timeout. Returns its nanoseconds, NEVER for more than a clock can hold, or -1
 * if it is none. */
int64_t acq_rpc_timeout(const char *text);

/* acq_rpc_set_deadline sets the call's deadline from its headers. Returns false if grpc-timeout is malformed. */
bool acq_rpc_set_deadline(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n);

/* acq_rpc_goaway_sent, acq_rpc_pong: a GOAWAY has left; the answer to a PING of ours has come. */
void acq_rpc_goaway_sent(struct acq_rpc *rpc);
void acq_rpc_pong(struct acq_rpc *rpc, const uint8_t opaque[8]);

/* ---- guard.c ---- */

/* acq_rpc_guard_received and acq_rpc_guard_sent count frames; acq_rpc_guard_seconds forgets with time. The first may
 * end the connection. */
void acq_rpc_guard_received(struct acq_rpc *rpc, const nghttp2_frame *frame);
void acq_rpc_guard_sent(struct acq_rpc *rpc, const nghttp2_frame *frame);
void acq_rpc_guard_seconds(struct acq_rpc *rpc, unsigned seconds);

/* acq_rpc_guard_options sets nghttp2's own limits. acq_rpc_guard_queue says whether too much waits to be sent. */
void acq_rpc_guard_options(nghttp2_option *options);
bool acq_rpc_guard_queue(const struct acq_rpc *rpc);

/* ---- status.c ---- */

/* acq_rpc_nv is a header as nghttp2 wants it; the texts are borrowed. */
nghttp2_nv acq_rpc_nv(const char *name, const char *value);

/* acq_rpc_say_limit writes `what` and the number of bytes, in KiB where it is so many whole ones. */
void acq_rpc_say_limit(char *dst, size_t size, const char *what, uint32_t limit);

/* acq_rpc_encode_message writes a status message as gRPC wants it in a header: percent-encoded outside of printable
 * ASCII, and where a header must not have a space, at its begin and end. acq_rpc_decode_message is the inverse. */
void acq_rpc_encode_message(char *dst, size_t size, const char *text);
void acq_rpc_decode_message(char *dst, size_t size, const char *text);

/* acq_rpc_status_of reads the number in grpc-status; UNKNOWN for what is none, so that it never passes for success.
 * acq_rpc_status_of_http is the status for an HTTP status without grpc-status, acq_rpc_status_of_reset the one for a
 * reset by the server. */
int acq_rpc_status_of(const char *text);
int acq_rpc_status_of_http(const char *http_status);
int acq_rpc_status_of_reset(uint32_t code);

/* ---- receive.c ---- */

/* acq_rpc_set_callbacks sets what nghttp2 calls when something comes. */
void acq_rpc_set_callbacks(nghttp2_session_callbacks *callbacks);

#endif
