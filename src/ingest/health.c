#include "ingest/health.h"

#include "ingest/proto.h"

#include <stdlib.h>
#include <string.h>

/* values of HealthCheckResponse.ServingStatus */
enum { SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };
/* tags: HealthCheckRequest.service, HealthCheckResponse.status, HealthListResponse.statuses, key and value of a map */
enum { TAG_SERVICE = 1, TAG_STATUS = 1, TAG_STATUSES = 1, TAG_KEY = 1, TAG_VALUE = 2 };
enum { ANSWER_MAX = 256 }; /* [byte] */
#define UNREAD "this connection has too many answers that are not read"

static const char *const services[] = {"", "telemetry.v1.TelemetryIngest"};
enum { SERVICES = sizeof services / sizeof *services };

struct acq_health_watch {
    struct acq_health_watch *next, **link;
    struct acq_rpc_call *call;
    bool known; /* the service that it watches */
};

static uint64_t status_of(const struct acq_health *health, bool known)
{
    return !known ? SERVICE_UNKNOWN : health->serving ? SERVING : NOT_SERVING;
}

/* is_known reads a HealthCheckRequest. Returns 0 or ACQ_FORMAT. */
static int is_known(const uint8_t *bytes, size_t n, bool *known)
{
    struct acq_proto reader = {bytes, bytes + n};
    struct acq_proto_field field;
    int r;
    *known = true; /* a field that is not there is "" */
    while ((r = acq_proto_next(&reader, &field)) == ACQ_OK) {
        if (field.tag != TAG_SERVICE) continue;
        if (!acq_proto_is_text(&field)) return ACQ_FORMAT;
        *known = false;
        for (size_t i = 0; i < SERVICES; i++)
            *known |= field.n == strlen(services[i]) && !memcmp(field.bytes, services[i], field.n);
    }
    return r == ACQ_END ? ACQ_OK : r;
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    (void)user, (void)call, (void)path, (void)headers, (void)n; /* what is asked is in the message */
}

static void ignore_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    (void)user, (void)call, (void)status, (void)message;
}

static void answer(struct acq_rpc_call *call, const struct acq_buf *b, int r)
{
    if (r == ACQ_OK) r = acq_rpc_respond(call, NULL, 0);
    if (r == ACQ_OK) r = acq_rpc_write(call, b->bytes, b->len);
    if (r == ACQ_OK)
        acq_rpc_finish(call, ACQ_RPC_OK, "");
    else
        acq_rpc_finish(call, ACQ_RPC_RESOURCE_EXHAUSTED, r == ACQ_AGAIN ? UNREAD : "no memory");
}

/* ---- Check and List: one request, one answer ----
 *
 * A call's user pointer tells what its request was: NULL as long as none has come. */

static const char asks_known = 'k', asks_unknown = 'u';

/* is_first says whether this is the call's only request so far; otherwise it ends the call. */
static bool is_first(struct acq_rpc_call *call)
{
    if (!acq_rpc_user(call)) return true;
    acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "this method takes one request");
    return false;
}

static void refuse_request(struct acq_rpc_call *call)
{
    acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "the message is no request of grpc.health.v1.Health");
}

static void on_request(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    bool known;
    (void)user;
    if (!is_first(call)) return;
    if (is_known(bytes, n, &known) < 0)
        refuse_request(call);
    else
        acq_rpc_set_user(call, (void *)(uintptr_t)(known ? &asks_known : &asks_unknown));
}

static void on_list_request(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_proto reader = {bytes, bytes + n};
    struct acq_proto_field field;
    int r = ACQ_OK;
    (void)user;
    if (!is_first(call)) return;
    while (r == ACQ_OK) r = acq_proto_next(&reader, &field);
    if (r < 0)
        refuse_request(call);
    else
        acq_rpc_set_user(call, (void *)(uintptr_t)&asks_known);
}

/* has_request says whether a call that is half-closed has asked something; otherwise it ends the call. */
static bool has_request(struct acq_rpc_call *call)
{
    if (!acq_rpc_user(call)) acq_rpc_finish(call, ACQ_RPC_INVALID_ARGUMENT, "this method takes one request; none came");
    return acq_rpc_user(call) != NULL;
}

static void on_check(void *user, struct acq_rpc_call *call)
{
    struct acq_buf b;
    if (!has_request(call)) return;
    if (acq_rpc_user(call) == &asks_unknown) {
        acq_rpc_finish(call, ACQ_RPC_NOT_FOUND, "this server has no such service");
        return;
    }
    acq_buf_init(&b, ANSWER_MAX);
    answer(call, &b, acq_proto_put_number(&b, TAG_STATUS, status_of(user, true)));
    acq_buf_fini(&b);
}

static void on_list(void *user, struct acq_rpc_call *call)
{
    struct acq_buf b, entry;
    const uint8_t status[] = {TAG_STATUS << 3, (uint8_t)status_of(user, true)};
    int r = ACQ_OK;
    if (!has_request(call)) return;
    acq_buf_init(&b, ANSWER_MAX);
    acq_buf_init(&entry, ANSWER_MAX);
    for (size_t i = 0; i < SERVICES && r == ACQ_OK; i++) {
        entry.len = 0;
        r = acq_proto_put_bytes(&entry, TAG_KEY, services[i], strlen(services[i]));
        if (r == ACQ_OK) r = acq_proto_put_bytes(&entry, TAG_VALUE, status, sizeof status);
        if (r == ACQ_OK) r = acq_proto_put_bytes(&b, TAG_STATUSES, entry.bytes, entry.len);
    }
    answer(call, &b, r);
    acq_buf_fini(&entry);
    acq_buf_fini(&b);
}

const struct acq_rpc_events acq_health_check_events = {on_begin, on_request, on_check, ignore_end};
const struct acq_rpc_events acq_health_list_events = {on_begin, on_list_request, on_list, ignore_end};

/* ---- Watch: one request, an answer now and whenever the state changes ---- */

static void forget(struct acq_health *health, struct acq_health_watch *w)
{
    *w->link = w->next;
    if (w->next) w->next->link = w->link;
    health->count--;
    acq_rpc_set_user(w->call, NULL);
    free(w);
}

/* inform tells a watch the state. One that cannot be told any more, because its client does not read, ends: its client
 * watches again, or is gone. */
static void inform(struct acq_health *health, struct acq_health_watch *w)
{
    const uint8_t status[] = {TAG_STATUS << 3, (uint8_t)status_of(health, w->known)};
    struct acq_rpc_call *call = w->call;
    if (acq_rpc_write(call, status, sizeof status) == ACQ_OK) return;
    forget(health, w);
    acq_rpc_finish(call, ACQ_RPC_RESOURCE_EXHAUSTED, UNREAD);
}

static void on_watch(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_health *health = user;
    bool known;
    if (!is_first(call)) return;
    if (is_known(bytes, n, &known) < 0) {
        refuse_request(call);
        return;
    }
    struct acq_health_watch *w = health->count < ACQ_HEALTH_WATCHES ? malloc(sizeof *w) : NULL;
    if (!w || acq_rpc_respond(call, NULL, 0) < 0) {
        free(w);
        acq_rpc_finish(call, ACQ_RPC_RESOURCE_EXHAUSTED, "too many clients watch this server's health");
        return;
    }
    *w = (struct acq_health_watch){.next = health->watches, .link = &health->watches, .call = call, .known = known};
    if (w->next) w->next->link = &w->next;
    health->watches = w;
    health->count++;
    acq_rpc_set_user(call, w);
    inform(health, w);
}

static void on_watch_half_close(void *user, struct acq_rpc_call *call)
{
    (void)user;
    has_request(call);
}

static void on_watch_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct acq_health_watch *w = acq_rpc_user(call);
    (void)status, (void)message;
    if (w) forget(user, w);
}

const struct acq_rpc_events acq_health_watch_events = {on_begin, on_watch, on_watch_half_close, on_watch_end};

/* ---- the server's side ---- */

void acq_health_init(struct acq_health *health)
{
    *health = (struct acq_health){0};
}

void acq_health_fini(struct acq_health *health)
{
    acq_health_end(health);
}

void acq_health_set(struct acq_health *health, bool serving)
{
    if (health->serving == serving) return;
    health->serving = serving;
    for (struct acq_health_watch *w = health->watches, *next; w; w = next) {
        next = w->next;
        if (w->known) inform(health, w);
    }
}

void acq_health_end(struct acq_health *health)
{
    while (health->watches) {
        struct acq_rpc_call *call = health->watches->call;
        forget(health, health->watches);
        acq_rpc_finish(call, ACQ_RPC_UNAVAILABLE, "the server is shutting down");
    }
}
