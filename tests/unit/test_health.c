/* The services beside ours: health and reflection answer what is asked, and refuse what is malformed. */
#include "rpc_pair.h"

#include "ingest/health.h"
#include "ingest/reflection.h"

#define INGEST "telemetry.v1.TelemetryIngest"
enum { SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };

static struct acq_health health;

static void route(struct side *s)
{
    static const struct {
        const char *path;
        const struct acq_rpc_events *events;
    } routes[] = {{ACQ_HEALTH_CHECK, &acq_health_check_events},
                  {ACQ_HEALTH_LIST, &acq_health_list_events},
                  {ACQ_HEALTH_WATCH, &acq_health_watch_events},
                  {ACQ_REFLECTION_V1, &acq_reflection_events},
                  {ACQ_REFLECTION_V1ALPHA, &acq_reflection_events}};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (!strcmp(s->path, routes[i].path)) acq_rpc_handle(s->call, routes[i].events, &health, s->path, NULL, 0);
}

static void start(struct pair *p)
{
    pair_init(p, 0);
    p->server.on_begin = route;
    acq_health_init(&health);
    acq_health_set(&health, true);
}

static void stop(struct pair *p)
{
    pair_fini(p);
    assert_null(health.watches);
    assert_int_equal(health.count, 0);
    acq_health_fini(&health);
}

static struct acq_rpc_call *call_to(struct pair *p, const char *path)
{
    p->client.call = acq_rpc_call(p->client.rpc, path, "host:1", NULL, 0);
    assert_non_null(p->client.call);
    p->client.messages = 0;
    p->client.got.len = 0;
    p->client.status = -1;
    return p->client.call;
}

static void ask(struct pair *p, const void *bytes, size_t n)
{
    assert_int_equal(acq_rpc_write(p->client.call, bytes, n), ACQ_OK);
    settle(p);
}

/* call sends one message and the end. Returns the status. */
static int call(struct pair *p, const char *path, const struct wire *w)
{
    call_to(p, path);
    assert_int_equal(acq_rpc_write(p->client.call, w->bytes, w->n), ACQ_OK);
    acq_rpc_half_close(p->client.call);
    settle(p);
    assert_true(p->client.status >= 0);
    return p->client.status;
}

static struct wire text(unsigned tag, const char *value)
{
    struct wire w = {.n = 0};
    wire_text(&w, tag, value);
    return w;
}

static const uint8_t *last_message(struct pair *p, size_t *n)
{
    assert_true(p->client.messages > 0);
    return side_message_at(&p->client, p->client.messages - 1, n);
}

/* ---- health ---- */

/* said: the ServingStatus of the last answer */
static unsigned said(struct pair *p)
{
    struct wire_field field;
    size_t n;
    uint64_t v;
    const uint8_t *bytes = last_message(p, &n);
    assert_int_equal(wire_split(bytes, n, &field, 1), 1);
    assert_true(field.tag == 1 && field.type == 0);
    wire_get(field.value, bytes + n, &v);
    return (unsigned)v;
}

static void check(void **state)
{
    struct pair p;
    struct wire none = {.n = 0}, known = text(1, INGEST), empty = text(1, ""), unknown = text(1, "telemetry.v1.Other");
    (void)state;
    start(&p);
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &none), ACQ_RPC_OK);
    assert_true(p.client.messages == 1 && said(&p) == SERVING);
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &known), ACQ_RPC_OK);
    assert_int_equal(said(&p), SERVING);
    acq_health_set(&health, false);
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &empty), ACQ_RPC_OK);
    assert_int_equal(said(&p), NOT_SERVING);
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &unknown), ACQ_RPC_NOT_FOUND);
    assert_int_equal(p.client.messages, 0);
    wire_number(&known, 7, 5); /* a field of a later version */
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &known), ACQ_RPC_OK);
    stop(&p);
}

static const char *const malformed[] = {
    "\x0a", /* no length */
    "\x0a\x05"
    "abcd",                                         /* longer than the message */
    "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", /* much longer */
    "\x0a\x02\xc3\x28",                             /* no UTF-8 */
    "\x0a\x03\xed\xa0\x80",                         /* half a surrogate pair */
    "\x0a\x02\xc0\x80",                             /* a NUL, longer than it need be */
    "\x0a\x04\xf4\x90\x80\x80",                     /* beyond Unicode */
    "\x08\x01",                                     /* a number where a text belongs */
    "\x0b\x0c",                                     /* a group */
    "\x0f",                                         /* no wire type */
    "\x02",                                         /* tag 0 */
    "\x70\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", /* a number of more than 64 bits */
    "\x71"
    "1234567", /* seven of eight bytes */
    "\x75"
    "123",
};
enum { MALFORMED = sizeof malformed / sizeof *malformed };

static void refusals_of_health(void **state)
{
    struct pair p;
    struct wire none = {.n = 0};
    static const char *const paths[] = {ACQ_HEALTH_CHECK, ACQ_HEALTH_WATCH};
    (void)state;
    start(&p);
    for (size_t i = 0; i < MALFORMED; i++) {
        struct wire w = {.n = 0};
        wire_bytes(&w, malformed[i], strlen(malformed[i]));
        for (size_t k = 0; k < 2; k++) assert_int_equal(call(&p, paths[k], &w), ACQ_RPC_INVALID_ARGUMENT);
        if (i >= 8) assert_int_equal(call(&p, ACQ_HEALTH_LIST, &w), ACQ_RPC_INVALID_ARGUMENT);
    }
    const char *const all[] = {ACQ_HEALTH_CHECK, ACQ_HEALTH_LIST, ACQ_HEALTH_WATCH};
    for (size_t i = 0; i < 3; i++) {
        call_to(&p, all[i]); /* no request */
        acq_rpc_half_close(p.client.call);
        settle(&p);
        assert_int_equal(p.client.status, ACQ_RPC_INVALID_ARGUMENT);
        call_to(&p, all[i]); /* two */
        ask(&p, none.bytes, 0);
        ask(&p, none.bytes, 0);
        assert_int_equal(p.client.status, ACQ_RPC_INVALID_ARGUMENT);
    }
    stop(&p);
}

static void list(void **state)
{
    struct pair p;
    struct wire none = {.n = 0};
    struct wire_field entries[4], entry[2];
    static const char *const names[] = {"", INGEST};
    size_t n;
    (void)state;
    start(&p);
    assert_int_equal(call(&p, ACQ_HEALTH_LIST, &none), ACQ_RPC_OK);
    const uint8_t *bytes = last_message(&p, &n);
    assert_int_equal(wire_split(bytes, n, entries, 4), 2);
    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        assert_int_equal(wire_split(entries[i].value, entries[i].value_n, entry, 2), 2);
        length = entry[0].value_n;
        assert_int_equal(length, strlen(names[i]));
        assert_memory_equal(entry[0].value, names[i], length);
        assert_int_equal(entry[1].value_n, 2);
        assert_memory_equal(entry[1].value, "\x08\x01", 2);
    }
    stop(&p);
}

static void watch(void **state)
{
    struct pair p;
    (void)state;
    start(&p);
    p.client.many = true;
    call_to(&p, ACQ_HEALTH_WATCH);
    ask(&p, "", 0);
    assert_true(p.client.messages == 1 && said(&p) == SERVING);
    acq_rpc_half_close(p.client.call);
    settle(&p);
    acq_health_set(&health, true); /* no change */
    settle(&p);
    assert_int_equal(p.client.messages, 1);
    acq_health_set(&health, false);
    settle(&p);
    assert_true(p.client.messages == 2 && said(&p) == NOT_SERVING);
    acq_health_set(&health, true);
    settle(&p);
    assert_true(p.client.messages == 3 && said(&p) == SERVING);

    struct wire unknown = text(1, "x");
    struct acq_rpc_call *first = p.client.call;
    call_to(&p, ACQ_HEALTH_WATCH);
    ask(&p, unknown.bytes, unknown.n);
    assert_true(p.client.messages == 1 && said(&p) == SERVICE_UNKNOWN);
    acq_health_set(&health, false); /* says nothing of a service that is not known */
    settle(&p);
    assert_true(p.client.messages == 2 && said(&p) == NOT_SERVING); /* of the first watch */
    assert_int_equal(health.count, 2);
    acq_rpc_cancel(first);
    settle(&p);
    assert_int_equal(health.count, 1);
    acq_health_end(&health);
    settle(&p);
    assert_int_equal(p.client.status, ACQ_RPC_UNAVAILABLE);
    assert_int_equal(p.client.ends, 2);
    stop(&p);
}

static void many_watches(void **state)
{
    enum { CONNECTIONS = ACQ_HEALTH_WATCHES / 50 + 1 };
    struct pair *all = calloc(CONNECTIONS, sizeof *all);
    unsigned refused = 0, told = 0;
    (void)state;
    acq_health_init(&health);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pair_init(&all[i], 0);
        all[i].server.on_begin = route;
        all[i].client.many = true;
        for (size_t k = 0; k < 50; k++) {
            struct acq_rpc_call *c = acq_rpc_call(all[i].client.rpc, ACQ_HEALTH_WATCH, "host:1", NULL, 0);
            assert_non_null(c);
            assert_int_equal(acq_rpc_write(c, (const uint8_t *)"", 0), ACQ_OK);
        }
        settle(&all[i]);
        refused += all[i].client.ends;
        if (all[i].client.ends) assert_int_equal(all[i].client.status, ACQ_RPC_RESOURCE_EXHAUSTED);
    }
    assert_int_equal(refused, 50);
    assert_int_equal(health.count, ACQ_HEALTH_WATCHES);
    acq_health_set(&health, true);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        settle(&all[i]);
        told += all[i].client.messages;
        if (i % 2) pair_fini(&all[i]); /* a client that goes away is forgotten */
    }
    assert_int_equal(told, 2 * ACQ_HEALTH_WATCHES);
    assert_int_equal(health.count, ACQ_HEALTH_WATCHES / 2);
    acq_health_end(&health);
    assert_int_equal(health.count, 0);
    for (size_t i = 0; i < CONNECTIONS; i += 2) pair_fini(&all[i]);
    free(all);
}

/* ---- reflection ---- */

enum { FILES = 4, EXTENSIONS = 5, LISTED = 6, ERROR = 7 };

/* answer: the response to one request; its tags are checked, and that it repeats the request. Returns what was said. */
static struct wire_field answer(struct pair *p, const struct wire *request)
{
    struct wire_field fields[3];
    size_t n, at = 0;
    ask(p, request->bytes, request->n);
    const uint8_t *bytes = last_message(p, &n);
    size_t count = wire_split(bytes, n, fields, 3);
    if (count == 3) {
        assert_int_equal(fields[at].tag, 1);
        assert_int_equal(fields[at].value_n, 4);
        assert_memory_equal(fields[at++].value, "here", 4);
    }
    assert_int_equal(fields[at].tag, 2);
    assert_int_equal(fields[at].value_n, request->n);
    assert_memory_equal(fields[at++].value, request->bytes, request->n);
    assert_int_equal(at + 1, count);
    return fields[at];
}

static void assert_error(struct pair *p, const struct wire *request, unsigned code)
{
    struct wire_field error[2], f = answer(p, request);
    assert_int_equal(f.tag, ERROR);
    assert_int_equal(wire_split(f.value, f.value_n, error, 2), 2);
    assert_true(error[0].tag == 1 && error[0].value_n == 1 && *error[0].value == code);
    assert_true(error[1].tag == 2 && error[1].value_n > 10);
}

/* assert_file: the answer is the descriptor of the file `name` */
static void assert_file(struct pair *p, const struct wire *request, const char *name)
{
    static struct wire_field inside[64];
    struct wire_field file, f = answer(p, request);
    assert_int_equal(f.tag, FILES);
    assert_int_equal(wire_split(f.value, f.value_n, &file, 1), 1);
    assert_true(wire_split(file.value, file.value_n, inside, 64) > 3);
    assert_int_equal(inside[0].tag, 1);
    assert_int_equal(inside[0].value_n, strlen(name));
    assert_memory_equal(inside[0].value, name, strlen(name));
}

static void files_and_symbols(void **state)
{
#define OURS "telemetry/v1/telemetry.proto"
    static const char *const symbols[][2] = {
        {INGEST, OURS},
        {INGEST ".StreamFrames", OURS},
        {"telemetry.v1.TelemetryFrame", OURS},
        {"telemetry.v1.Physics.speed_kmh", OURS},
        {"telemetry.v1.AckStatus", OURS},
        {"telemetry.v1.ACK_OK", OURS},
        {"grpc.health.v1.Health.Watch", "grpc/health/v1/health.proto"},
        {"grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"},
        {"grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"},
        {"grpc.health.v1.HealthListResponse.StatusesEntry.value", "grpc/health/v1/health.proto"},
        {"grpc.reflection.v1.ServerReflectionRequest.message_request", "grpc/reflection/v1/reflection.proto"},
        {"grpc.reflection.v1alpha.ServerReflection", "grpc/reflection/v1alpha/reflection.proto"},
    };
    static const char *const unknown[] = {"",
                                          "telemetry.v1",
                                          "telemetry.v1.Frame",
                                          "telemetry.v1.TelemetryFram",
                                          "telemetry.v1.TelemetryFrame.",
                                          ".telemetry.v1.TelemetryFrame",
                                          "telemetry.v1.TelemetryFrame.x"};
    struct pair p;
    (void)state;
    start(&p);
    for (int version = 0; version < 2; version++) {
        call_to(&p, version ? ACQ_REFLECTION_V1 : ACQ_REFLECTION_V1ALPHA);
        for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
            struct wire by_symbol = text(4, symbols[i][0]), by_name = text(1, "here");
            wire_text(&by_name, 3, symbols[i][1]);
            assert_file(&p, &by_symbol, symbols[i][1]);
            assert_file(&p, &by_name, symbols[i][1]);
        }
        for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
            struct wire by_symbol = text(4, unknown[i]), by_name = text(3, unknown[i]);
            assert_error(&p, &by_symbol, ACQ_RPC_NOT_FOUND);
            assert_error(&p, &by_name, ACQ_RPC_NOT_FOUND);
        }
        acq_rpc_half_close(p.client.call);
        settle(&p);
        assert_int_equal(p.client.status, ACQ_RPC_OK);
    }
    stop(&p);
}

static void services(void **state)
{
    static const char *const names[] = {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                        "grpc.reflection.v1alpha.ServerReflection", INGEST};
    struct pair p;
    struct wire request = text(7, "*"), other = text(4, "telemetry.v1.Vec3f");
    struct wire_field listed[8], name;
    (void)state;
    start(&p);
    call_to(&p, ACQ_REFLECTION_V1);
    struct wire_field f = answer(&p, &request);
    assert_int_equal(f.tag, LISTED);
    assert_int_equal(wire_split(f.value, f.value_n, listed, 8), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(wire_split(listed[i].value, listed[i].value_n, &name, 1), 1);
        assert_int_equal(name.value_n, strlen(names[i]));
        assert_memory_equal(name.value, names[i], strlen(names[i]));
    }
    wire_text(&other, 7, ""); /* of two questions the last counts */
    assert_int_equal(answer(&p, &other).tag, LISTED);
    stop(&p);
}

static void extensions(void **state)
{
    struct pair p;
    struct wire type = text(1, "telemetry.v1.TelemetryFrame"), of = {.n = 0}, request = {.n = 0};
    struct wire_field f, name;
    (void)state;
    start(&p);
    call_to(&p, ACQ_REFLECTION_V1);
    wire_text(&of, 6, "telemetry.v1.TelemetryFrame");
    f = answer(&p, &of);
    assert_int_equal(f.tag, EXTENSIONS);
    assert_int_equal(wire_split(f.value, f.value_n, &name, 1), 1); /* the type, and no number */
    assert_int_equal(name.tag, 1);
    assert_memory_equal(name.value, "telemetry.v1.TelemetryFrame", name.value_n);
    of = text(6, "telemetry.v1.TelemetryFrame.seq"); /* is no message */
    assert_error(&p, &of, ACQ_RPC_NOT_FOUND);
    wire_number(&type, 2, 100);
    wire_block(&request, 5, type.bytes, type.n);
    assert_error(&p, &request, ACQ_RPC_NOT_FOUND);
    request.n = 0; /* nothing is asked */
    assert_error(&p, &request, ACQ_RPC_INVALID_ARGUMENT);
    request = text(99, "of a later version");
    assert_error(&p, &request, ACQ_RPC_INVALID_ARGUMENT);
    stop(&p);
}

static void refusals_of_reflection(void **state)
{
    struct pair p;
    static char long_name[5000];
    (void)state;
    start(&p);
    for (size_t i = 0; i < MALFORMED; i++) {
        struct wire w = {.n = 0}, inside = {.n = 0};
        wire_bytes(&w, malformed[i], strlen(malformed[i]));
        wire_block(&inside, 5, w.bytes, w.n);
        assert_int_equal(call(&p, ACQ_REFLECTION_V1, &w), ACQ_RPC_INVALID_ARGUMENT);
        assert_int_equal(call(&p, ACQ_REFLECTION_V1, &inside), ACQ_RPC_INVALID_ARGUMENT);
    }
    struct wire number = {.n = 0};
    wire_number(&number, 5, 1);
    assert_int_equal(call(&p, ACQ_REFLECTION_V1, &number), ACQ_RPC_INVALID_ARGUMENT);
    memset(long_name, 'x', sizeof long_name - 1);
    struct wire w = text(4, long_name);
    assert_int_equal(call(&p, ACQ_REFLECTION_V1, &w), ACQ_RPC_INVALID_ARGUMENT);
    stop(&p);
}

/* A client that asks and asks and never reads costs a bounded amount. */
static void unread_answers(void **state)
{
    struct pair p;
    struct wire w = text(4, INGEST);
    (void)state;
    start(&p);
    call_to(&p, ACQ_REFLECTION_V1);
    for (int i = 0; i < 100; i++) assert_int_equal(acq_rpc_write(p.client.call, w.bytes, w.n), ACQ_OK);
    settle(&p);
    assert_int_equal(p.client.status, ACQ_RPC_RESOURCE_EXHAUSTED);
    assert_true(p.client.messages > 5 && p.client.got.len < 2 * ACQ_REFLECTION_UNREAD);
    stop(&p);
}

/* The same where the connection as a whole has no room for an answer: nobody waits for one that never comes. */
static void no_room_for_answers(void **state)
{
    struct acq_rpc_limits limits = acq_rpc_default_limits;
    struct wire w = text(4, INGEST), none = {.n = 0};
    struct pair p;
    (void)state;
    limits.unsent = 64;
    pair_init_with(&p, 0, &limits);
    p.server.on_begin = route;
    acq_health_init(&health);
    call_to(&p, ACQ_HEALTH_WATCH);
    ask(&p, "", 0);
    assert_true(said(&p) == NOT_SERVING && health.count == 1);
    for (int i = 0; i < 20; i++) acq_health_set(&health, i % 2 == 0); /* and nothing is sent */
    assert_int_equal(health.count, 0);
    settle(&p);
    assert_int_equal(p.client.status, ACQ_RPC_RESOURCE_EXHAUSTED);
    assert_true(p.client.messages > 5 && p.client.messages < 15);
    assert_int_equal(call(&p, ACQ_HEALTH_CHECK, &none), ACQ_RPC_OK);
    assert_int_equal(call(&p, ACQ_HEALTH_LIST, &none), ACQ_RPC_OK);
    assert_int_equal(call(&p, ACQ_REFLECTION_V1, &w), ACQ_RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(p.client.messages, 0);
    stop(&p);
}

/* Whatever comes, a call is answered or refused. */
static void random_requests(void **state)
{
    static const char *const paths[] = {ACQ_HEALTH_CHECK, ACQ_HEALTH_LIST, ACQ_HEALTH_WATCH, ACQ_REFLECTION_V1};
    static const char seed[] = "\x0a\x04here\x22\x1ctelemetry.v1.TelemetryIngest\x2a\x05\x0a\x01x\x10\x07";
    struct pair p;
    uint64_t random = 7;
    (void)state;
    start(&p);
    for (int i = 0; i < 20000; i++) {
        struct wire w = {.n = 0};
        wire_bytes(&w, seed, random_below(&random, sizeof seed));
        for (size_t k = random_below(&random, 4); k && w.n; k--)
            w.bytes[random_below(&random, w.n)] = (uint8_t)random_next(&random);
        call_to(&p, paths[i % 4]);
        acq_rpc_write(p.client.call, w.bytes, w.n);
        acq_rpc_half_close(p.client.call);
        settle(&p);
        if (i % 4 == 2) acq_health_end(&health);
        settle(&p);
        assert_true(p.client.status == ACQ_RPC_OK || p.client.status == ACQ_RPC_INVALID_ARGUMENT ||
                    p.client.status == (i % 4 == 2 ? ACQ_RPC_UNAVAILABLE : ACQ_RPC_NOT_FOUND));
        p.server.got.len = 0;
    }
    stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check),
        cmocka_unit_test(refusals_of_health),
        cmocka_unit_test(list),
        cmocka_unit_test(watch),
        cmocka_unit_test(many_watches),
        cmocka_unit_test(files_and_symbols),
        cmocka_unit_test(services),
        cmocka_unit_test(extensions),
        cmocka_unit_test(unread_answers),
        cmocka_unit_test(refusals_of_reflection),
        cmocka_unit_test(random_requests),
        cmocka_unit_test(no_room_for_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
