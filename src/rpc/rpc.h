/* rpc.h - gRPC over HTTP/2, either side, without sockets: bytes in, bytes out.
 *
 * Units   bytes.
 * Memory  a connection owns its calls. A call's pointer is valid until its `end` event returns, or the connection is
 *         freed. Texts and bytes given to an event are valid during it; what is given to a function is copied.
 * Threads one thread per connection; events are called from acq_rpc_receive, acq_rpc_send, acq_rpc_tick and, for that
 *         call, acq_rpc_hold(call, false). An event may use all functions but acq_rpc_receive, _send, _tick, _free and
 *         acq_rpc_hold(call, false).
 * Errors  a connection that broke the protocol fails in acq_rpc_receive, or says goodbye to the other side and is then
 *         done (acq_rpc_done): close it. A call that failed ends with its gRPC status.
 * Source  gRPC, "gRPC over HTTP2" (PROTOCOL-HTTP2.md); RFC 9113; nghttp2's documentation. */
#ifndef ACQ_RPC_RPC_H
#define ACQ_RPC_RPC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* gRPC's status codes: gRPC, "Status codes and their use in gRPC" */
enum acq_rpc_status {
    ACQ_RPC_OK = 0,
    ACQ_RPC_CANCELLED = 1,
    ACQ_RPC_UNKNOWN = 2,
    ACQ_RPC_INVALID_ARGUMENT = 3,
    ACQ_RPC_DEADLINE_EXCEEDED = 4,
    ACQ_RPC_NOT_FOUND = 5,
    ACQ_RPC_PERMISSION_DENIED = 7,
    ACQ_RPC_RESOURCE_EXHAUSTED = 8,
    ACQ_RPC_FAILED_PRECONDITION = 9,
    ACQ_RPC_ABORTED = 10,
    ACQ_RPC_UNIMPLEMENTED = 12,
    ACQ_RPC_INTERNAL = 13,
    ACQ_RPC_UNAVAILABLE = 14,
    ACQ_RPC_UNAUTHENTICATED = 16
};

/* acq_rpc_status_name returns "UNAVAILABLE" and so on, "status" for a number that is none. */
const char *acq_rpc_status_name(int status);

#define ACQ_RPC_MESSAGE_MAX (64 * 1024) /* the longest message that is taken, unless the limits say otherwise */
#define ACQ_RPC_UNSENT_MAX (4 << 20)    /* [byte] that a connection keeps to be sent, unless the limits say otherwise */

/* What the other side of a connection may do. */
struct acq_rpc_limits {
    uint32_t streams;       /* calls at once on one connection */
    uint32_t message;       /* [byte] of the longest message, also after decompression */
    uint32_t headers;       /* [byte] of a call's headers: names, values, and 32 for each, as HTTP/2 counts */
    uint32_t window;        /* [byte] that it may send on one call before we have taken them */
    uint32_t unsent;        /* [byte] that wait here to be sent to it, on all its calls; 0: ACQ_RPC_UNSENT_MAX */
    int64_t ping_after_ns;  /* nothing came for so long: a PING asks whether it still lives; 0: never */
    int64_t ping_answer_ns; /* its answer must come within this */
};
extern const struct acq_rpc_limits acq_rpc_default_limits;

struct acq_rpc;
struct acq_rpc_call;

struct acq_rpc_header {
    const char *name, *value;
};

/* What happens on a connection. `user` is the one of acq_rpc_new. */
struct acq_rpc_events {
    /* Server: a call has come, for `path`; answer with acq_rpc_respond or acq_rpc_finish, now or later. Client: the
     * server's initial metadata has come; path is NULL. */
    void (*begin)(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                  size_t n);
    /* A message has come. */
    void (*message)(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n);
    /* Server: the client sends no more. The call lives until acq_rpc_finish. */
    void (*half_close)(void *user, struct acq_rpc_call *call);
    /* The call is over, with the gRPC status and its message; always the last event of a call that began. */
    void (*end)(void *user, struct acq_rpc_call *call, int status, const char *message);
};

/* acq_rpc_new makes one side of a connection; `limits` is copied, NULL: the default ones. Returns 0 or ACQ_MEMORY. */
int acq_rpc_new(struct acq_rpc **rpc, bool server, const struct acq_rpc_limits *limits,
                const struct acq_rpc_events *events, void *user, struct acq_err *err);

/* acq_rpc_set_secure says that the bytes go over TLS: a client's calls then say so. */
void acq_rpc_set_secure(struct acq_rpc *rpc);

/* acq_rpc_free ends all calls (with UNAVAILABLE) and frees the connection. */
void acq_rpc_free(struct acq_rpc *rpc);

/* acq_rpc_receive takes what came from the other side. Returns 0, ACQ_FORMAT if it is not HTTP/2, ACQ_RANGE if it asks
 * and asks without reading our answers, or ACQ_MEMORY. After an error the connection is at its end. */
int acq_rpc_receive(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, struct acq_err *err);

/* acq_rpc_send gives the next bytes for the other side, valid until the next call. Returns their number, 0 for none
 * now, or ACQ_MEMORY. */
ptrdiff_t acq_rpc_send(struct acq_rpc *rpc, const uint8_t **bytes);

/* acq_rpc_done says whether the connection is at its end: nothing to send, nothing to wait for. */
bool acq_rpc_done(const struct acq_rpc *rpc);

/* acq_rpc_shutdown tells the other side that no new calls are taken; calls that run may finish, and calls that were
 * already on their way are still taken. When the last has ended the connection is done. */
void acq_rpc_shutdown(struct acq_rpc *rpc);

/* acq_rpc_tick does what is due by the steady clock: ends calls whose deadline (grpc-timeout) has passed with
 * DEADLINE_EXCEEDED, sends a PING after silence. Call it a few times a second, and acq_rpc_send behind it. Returns 0,
 * or ACQ_CLOSED if the other side has not answered a PING in time: it is gone; close the connection. */
int acq_rpc_tick(struct acq_rpc *rpc, int64_t now_ns);

/* acq_rpc_pause says whether this side does not read now: then a silent other side is not taken for gone. */
void acq_rpc_pause(struct acq_rpc *rpc, bool pause);

/* acq_rpc_held returns the bytes that have come on calls that are held, and wait here: at most a window and a message
 * for each of them. acq_rpc_unfinished returns those of messages on the other calls that have not come as a whole: at
 * most a window and a message for all of them together. */
size_t acq_rpc_held(const struct acq_rpc *rpc);
size_t acq_rpc_unfinished(const struct acq_rpc *rpc);

/* acq_rpc_idle says whether no call lives on the connection. */
bool acq_rpc_idle(const struct acq_rpc *rpc);

/* acq_rpc_call begins a call of `path` ("/package.Service/Method") as a client. `authority` is the server's HOST:PORT.
 * A header grpc-timeout is the call's deadline on both sides. Returns the call, or NULL if there is no memory, the
 * connection takes no more, or grpc-timeout is malformed. */
struct acq_rpc_call *acq_rpc_call(struct acq_rpc *rpc, const char *path, const char *authority,
                                  const struct acq_rpc_header *headers, size_t n);

/* acq_rpc_respond sends a server's initial metadata; once, before the first message. Returns 0 or ACQ_MEMORY. */
int acq_rpc_respond(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n);

/* acq_rpc_write queues a message. Returns 0, ACQ_AGAIN if limits.unsent would be passed (nothing is queued), ACQ_CLOSED
 * after half_close or finish, or ACQ_MEMORY. acq_rpc_unsent returns the bytes that are queued. */
int acq_rpc_write(struct acq_rpc_call *call, const uint8_t *bytes, size_t n);
size_t acq_rpc_unsent(const struct acq_rpc_call *call);

/* acq_rpc_half_close says, as a client, that no more messages come. acq_rpc_finish ends, as a server, the call with a
 * status; what is queued is sent before. acq_rpc_cancel breaks a call off. */
void acq_rpc_half_close(struct acq_rpc_call *call);
void acq_rpc_finish(struct acq_rpc_call *call, enum acq_rpc_status status, const char *message);
void acq_rpc_cancel(struct acq_rpc_call *call);

/* acq_rpc_hold stops the messages of a call (true), at once, also those that came together with the one that is being
 * handled: they wait in the connection, at most a window of them, and the other side is slowed down by HTTP/2's flow
 * control. With false it goes on, and gives what has waited to the events, until it is held again. A server's call that
 * the client breaks off ends though it is held; a client's ends when it has given all that came before. */
void acq_rpc_hold(struct acq_rpc_call *call, bool hold);

/* acq_rpc_handle, in a server's begin event, makes `events` and `user` those of this call: their `begin` is called at
 * once with these arguments, and all later events of the call go to them. */
void acq_rpc_handle(struct acq_rpc_call *call, const struct acq_rpc_events *events, void *user, const char *path,
                    const struct acq_rpc_header *headers, size_t n);

/* acq_rpc_owner returns the `user` that the call's connection was made with. */
void *acq_rpc_owner(const struct acq_rpc_call *call);

/* acq_rpc_user, acq_rpc_set_user: a pointer of the caller's with each call, at first NULL. */
void *acq_rpc_user(const struct acq_rpc_call *call);
void acq_rpc_set_user(struct acq_rpc_call *call, void *user);

/* acq_rpc_find returns the value of the header `name`, or NULL. */
const char *acq_rpc_find(const struct acq_rpc_header *headers, size_t n, const char *name);

#endif
