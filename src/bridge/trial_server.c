#include "base/os.h"
#include "bridge/client.h"
#include "bridge/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELLOS = 5, TICK_MS = 5 };
#define PATIENCE_NS INT64_C(10000000000)

struct talk {
    uv_loop_t loop;
    uv_timer_t tick;
    struct acq_client client;
    struct acq_trial *trial;
    struct acq_rpc_call *call;
    int64_t began_ns, called_ns;
    int64_t took_ns[HELLOS];
    int hellos;
    bool connected, over;
};

static void finish(struct talk *t)
{
    if (t->over) return;
    t->over = true;
    acq_client_stop(&t->client);
    uv_close((uv_handle_t *)&t->tick, NULL);
}

/* hello asks as for a session that nobody has. */
static void hello(struct talk *t)
{
    char id[37];
    if (!acq_uuid7(id)) memcpy(id, "01890000-0000-7000-8000-000000000000", sizeof id);
    t->called_ns = acq_now_ns();
    t->call = acq_client_stream(&t->client, id);
    acq_client_flush(&t->client);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void succeed(struct talk *t)
{
    const struct acq_addr *a = &t->client.addr;
    qsort(t->took_ns, HELLOS, sizeof *t->took_ns, by_size);
    acq_trial_say(t->trial, ACQ_TRIAL_OK, "%s:%s answers%s; it takes %.1f ms there and back", a->host, a->port,
                  t->client.tls ? " over TLS, and its certificate is trusted" : "",
                  (double)t->took_ns[HELLOS / 2] / 1e6);
    finish(t);
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct talk *t = user;
    const struct acq_addr *a = &t->client.addr;
    (void)path;
    if (t->over || call != t->call) return;
    if (!acq_rpc_find(headers, n, "acq-last-seq")) {
        acq_trial_say(
            t->trial, ACQ_TRIAL_WARNING,
            "%s:%s answers, but does not say what it has, as `acq serve` does: what it lacks after a break is "
            "not sent again",
            a->host, a->port);
        finish(t);
        return;
    }
    t->took_ns[t->hellos++] = acq_now_ns() - t->called_ns;
    t->call = NULL;
    acq_rpc_half_close(call); /* the tick asks again: not from within an event */
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct talk *t = user;
    if (t->over || call != t->call || acq_client_closing(&t->client)) return; /* on_lost knows why it is lost */
    t->call = NULL;
    acq_trial_say(t->trial, ACQ_TRIAL_PROBLEM, "%s:%s refuses us: %s%s%s", t->client.addr.host, t->client.addr.port,
                  acq_rpc_status_name(status), *message ? ", " : "", message);
    finish(t);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    (void)user, (void)call, (void)bytes, (void)n;
}

static void on_connected(void *user)
{
    struct talk *t = user;
    t->connected = true;
}

static void on_lost(void *user, const char *why)
{
    struct talk *t = user;
    const struct acq_addr *a = &t->client.addr;
    if (t->over) return;
    acq_trial_say(t->trial, ACQ_TRIAL_PROBLEM, "%s:%s: %s%s", a->host, a->port, why,
                  t->connected || t->client.shaking
                      ? ""
                      : "; start `acq serve` there, look at the address, and at the firewall's rules");
    finish(t);
}

static const struct acq_client_events events = {{on_begin, on_message, NULL, on_end}, on_connected, on_lost};

static void on_tick(uv_timer_t *timer)
{
    struct talk *t = timer->data;
    int64_t now = acq_now_ns();
    acq_client_tick(&t->client, now);
    if (t->over) return;
    if (t->hellos == HELLOS) {
        succeed(t);
    } else if (now - t->began_ns > PATIENCE_NS) {
        acq_trial_say(t->trial, t->hellos ? ACQ_TRIAL_WARNING : ACQ_TRIAL_PROBLEM, "%s:%s %s", t->client.addr.host,
                      t->client.addr.port, t->hellos ? "answers very slowly" : "gives no answer: is it `acq serve`?");
        finish(t);
    } else if (!t->call && acq_client_ready(&t->client) && !acq_client_closing(&t->client)) {
        hello(t);
    } else {
        acq_client_flush(&t->client);
    }
}

static void talk_to(struct talk *t, const struct acq_addr *addr, struct acq_tls_context *tls)
{
    uv_loop_init(&t->loop);
    uv_timer_init(&t->loop, &t->tick);
    t->tick.data = t;
    acq_client_init(&t->client, &t->loop, addr, &events, t);
    acq_client_secure(&t->client, tls);
    t->began_ns = acq_now_ns();
    uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
    acq_client_connect(&t->client);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    uv_loop_close(&t->loop);
}

void acq_trial_server(struct acq_trial *trial, const char *server, bool tls, const char *ca)
{
    struct acq_addr addr;
    struct acq_err err;
    struct acq_tls_context *context = NULL;
    struct talk *t = calloc(1, sizeof *t);
    int r = t ? acq_addr_parse(&addr, server, &err) : acq_fail(&err, ACQ_MEMORY, "no memory to connect");
    if (r == ACQ_OK) r = acq_client_tls(&context, tls, ca, &err);
    if (r < 0) {
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "%s", err.text);
    } else {
        t->trial = trial;
        talk_to(t, &addr, context);
    }
    acq_tls_release(context);
    free(t);
}
