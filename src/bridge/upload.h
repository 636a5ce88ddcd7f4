/* upload.h - one session on its way to the server: the call that carries it, from hello to the last ack.
 *
 * Units   nanoseconds.
 * Memory  acq_upload_new's upload is the caller's until acq_upload_free, which also breaks off its call.
 * Threads the loop's.
 * Source  docs/protocol.md. */
#ifndef ACQ_BRIDGE_UPLOAD_H
#define ACQ_BRIDGE_UPLOAD_H

#include "bridge/client.h"
#include "bridge/outgoing.h"

/* how an upload stands */
enum acq_upload_state {
    ACQ_UPLOAD_GOING,  /* or between two calls */
    ACQ_UPLOAD_DONE,   /* the server has all that can be sent */
    ACQ_UPLOAD_REFUSED /* the server does not want it, again and again */
};

struct acq_upload {
    struct acq_upload *next;
    struct acq_outgoing out;
    struct acq_rpc_call *call; /* NULL: none now */
    enum acq_upload_state state;
    bool older;          /* a recording from before: what it has to send is known only when the server has said hello */
    bool heard, foreign; /* the server has said hello, on this call; it has answered without one */
    bool goes;           /* frames may be sent on this call */
    bool half_closed;    /* the last one is sent */
    bool first_of_stream; /* the next one is the call's first */
    uint64_t server_seq;  /* the server's hello */
    uint64_t lacking;     /* frames that the server lacks and that can be had from nowhere, or only behind such */
    int64_t called_ns;    /* when the call began */
    int64_t again_ns;     /* no new call before this */
    unsigned failures;    /* calls that failed since the last ack */
    unsigned refusals;    /* of them those that the server will not take any better later */
    unsigned unheard;     /* the same of calls on which frames were sent without a hello */
    bool told;            /* so that a failure is said once until there is an ack */
    char why[240];        /* the last failure */
};

struct acq_upload *acq_upload_new(const char *id, const char *path);
void acq_upload_free(struct acq_upload *upload);

/* acq_upload_call begins a call with our hello. Returns false if the connection takes none. acq_upload_leave gives the
 * call up, without harm: it ends by itself, or is broken off where frames are on their way. */
bool acq_upload_call(struct acq_upload *upload, struct acq_client *client);
void acq_upload_leave(struct acq_upload *upload);

/* acq_upload_hello: the server's initial metadata has come. acq_upload_wait: it may have had long enough for it;
 * `ours`: it has said hello to another call. A session of this process is then sent without, to a server of the
 * original kind. hello returns by how many frames the server is now known to have more, or fewer. */
int64_t acq_upload_hello(struct acq_upload *upload, const struct acq_rpc_header *headers, size_t n);
void acq_upload_wait(struct acq_upload *upload, bool ours, int64_t now_ns);

/* acq_upload_from sends the frames from `seq` on. */
void acq_upload_from(struct acq_upload *upload, uint64_t seq);

/* acq_upload_pump queues frames on the call, as long as there are any, the server keeps up (`ahead` frames without an
 * ack), and the time is not over. Returns how many. */
uint64_t acq_upload_pump(struct acq_upload *upload, struct acq_buf *scratch, uint64_t ahead, int64_t until_ns);

/* acq_upload_ack takes an ack. Returns how many frames are new in it. */
uint64_t acq_upload_ack(struct acq_upload *upload, const uint8_t *bytes, size_t n);

/* acq_upload_ended: the call is over. Returns whether with it the session is done. acq_upload_failed: it is not, and
 * this is why; the next call is due at again_ns. */
bool acq_upload_ended(struct acq_upload *upload);
void acq_upload_failed(struct acq_upload *upload, int status, const char *message);

/* acq_backoff_ns returns how long to wait after so many failures: 0.1 s, then twice as long each time up to 5 s, and a
 * part of that by chance, so that many bridges do not come back at the same moment. */
int64_t acq_backoff_ns(unsigned failures);

#endif
