/* fuzz_server.c - what clients do to the server: its sessions, commit log and recordings, without sockets.
 *
 * The input is a list of operations: see step(). Up to four connections, each with an rpc connection of our own at its
 * other end, feed up to four sessions; bytes are delivered as a whole, in pieces, not at all, or with one of them
 * wrong; frames come in order, again, too early, with and without seq; connections are cut, time passes, and the server
 * ends cleanly, by a crash or a loss of power, and starts again.
 *
 * What must hold: an ack says no more than what has come, and a later start never knows less than was acked; each
 * session has one recording, with seq 1, 2, 3 ... and frames that were sent; nothing leaks. */
#include "server_model.h"

#include "base/log.h"
#include "base/os.h"
#include "frame/ack.h"
#include "ingest/sessions.h"
#include "ingest/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COMMIT_NS INT64_C(4000000) /* a disk that is slower than the clients */
enum { CONNECTIONS = 4, STEPS = 300, PADDING = 20000 };

struct world;

struct client {
    struct world *world;
    struct acq_stream stream;     /* of the server's end */
    struct acq_rpc *far, *server; /* NULL: not connected */
    struct acq_rpc_call *call;    /* our end of it, NULL: none */
    int session;                  /* of the call; -1: none yet */
    bool settled;                 /* it cannot be another one: hello or a frame has said so */
    uint64_t known;               /* acked of the session when the call began */
    uint64_t wrote, acked;        /* highest seq on this call */
    bool spoilt;                  /* what the server got is not what we sent */
};

struct world {
    const uint8_t *in, *end;
    uv_loop_t loop;
    struct acq_sessions all;
    struct client clients[CONNECTIONS];
    struct model model;
    uint8_t wrong; /* 0: the next bytes are right */
};

static uint8_t next(struct world *w)
{
    return w->in < w->end ? *w->in++ : 0;
}

/* ---- the server's end of a call ---- */

static void server_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                         size_t n);

static void server_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct client *c = user;
    note(&c->world->model, bytes, n);
    acq_stream_events.message(&c->stream, call, bytes, n);
}

static void server_half_close(void *user, struct acq_rpc_call *call)
{
    acq_stream_events.half_close(&((struct client *)user)->stream, call);
}

static void server_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    acq_stream_events.end(&((struct client *)user)->stream, call, status, message);
}

static const struct acq_rpc_events server_events = {server_begin, server_message, server_half_close, server_end};

static void server_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                         size_t n)
{
    acq_stream_events.begin(&((struct client *)user)->stream, call, path, headers, n);
}

static void on_queued(void *user, struct acq_rpc_call *call)
{
    (void)user, (void)call; /* all connections are looked at after each step */
}

static void on_failed(void *user, const struct acq_err *err)
{
    (void)user, (void)err;
    abort(); /* there is room on the disk */
}

/* ---- our end ---- */

static void client_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                         size_t n)
{
    struct client *c = user;
    struct world *w = c->world;
    const char *last = acq_rpc_find(headers, n, "acq-last-seq");
    (void)call, (void)path;
    if (!last || c->spoilt || c->session < 0) return;
    uint64_t seq = strtoull(last, NULL, 10);
    CHECK(seq >= c->known && seq <= w->model.sent[c->session]);
    if (seq > w->model.acked[c->session]) w->model.acked[c->session] = seq;
}

static void client_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct client *c = user;
    struct world *w = c->world;
    struct acq_ack ack;
    (void)call;
    CHECK(acq_ack_decode(&ack, bytes, n) == ACQ_OK && ack.status == ACQ_ACK_OK);
    CHECK(ack.last_seq >= c->acked);
    c->acked = ack.last_seq;
    if (c->spoilt || c->session < 0) return;
    CHECK(ack.last_seq <= w->model.sent[c->session]);
    if (ack.last_seq > w->model.acked[c->session]) w->model.acked[c->session] = ack.last_seq;
}

static void client_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct client *c = user;
    CHECK(status >= 0 && strlen(message) < 1000);
    if (c->call == call) c->call = NULL;
}

static const struct acq_rpc_events client_events = {client_begin, client_message, NULL, client_end};

static void cut(struct client *c)
{
    acq_rpc_free(c->server);
    acq_rpc_free(c->far);
    c->server = c->far = NULL;
}

static void connect_client(struct client *c)
{
    static const struct acq_rpc_limits limits = {
        .streams = 8, .message = ACQ_FRAME_LIMIT, .headers = 4096, .window = 1 << 18, .ping_after_ns = 0};
    struct acq_err err;
    if (c->far) return;
    *c = (struct client){.world = c->world, .session = -1};
    c->stream.sessions = &c->world->all;
    strcpy(c->stream.peer, "fuzz:1");
    CHECK(acq_rpc_new(&c->far, false, NULL, &client_events, c, &err) == ACQ_OK);
    CHECK(acq_rpc_new(&c->server, true, &limits, &server_events, c, &err) == ACQ_OK);
}

static void begin_call(struct client *c, bool hello, int session)
{
    char id[3] = {'s', (char)('0' + session), 0};
    struct acq_rpc_header header = {"acq-session", id};
    if (c->call || !c->far) return;
    c->call = acq_rpc_call(c->far, ACQ_STREAM_FRAMES, "h", &header, hello);
    c->session = session;
    c->known = c->world->model.acked[session];
    c->settled = hello;
    c->wrote = c->acked = 0;
}

/* send_frame sends a frame of the call's session, `ahead` of the one that should come; kind: bits, see below */
static void send_frame(struct client *c, int ahead, uint8_t kind)
{
    static struct acq_frame f;
    static uint8_t bytes[ACQ_FRAME_MAX + PADDING + 16];
    struct world *w = c->world;
    if (!c->call) return;
    int session = kind & 0x80 ? next(w) % SESSIONS : c->session;
    if (!c->settled) c->session = session;
    c->settled = true;
    if (c->wrote < w->model.sent[c->session]) c->wrote = w->model.sent[c->session];
    uint64_t seq = c->wrote + (uint64_t)(int64_t)ahead;
    if (ahead == 1) c->wrote = seq;
    char id[3] = {'s', (char)('0' + session), 0};
    acq_frame_clear(&f);
    acq_frame_set_text(&f, ACQ_head_session_id, id);
    f.has[ACQ_head_seq] = !(kind & 1);
    f.head.seq = seq;
    f.has[ACQ_head_monotonic_ns] = !(kind & 2);
    f.head.monotonic_ns = 1000000000 + (kind & 4 ? 200000000 : 3000000) * seq;
    f.has[ACQ_physics] = f.has[ACQ_physics_gas] = kind & 8;
    f.physics.gas = kind & 1 ? 7 : 0.5F;
    if (kind & 16) acq_frame_set_text(&f, ACQ_stat_car_model, "../car");
    if (kind & 32) acq_frame_set_text(&f, ACQ_capture_end_reason, "end");
    size_t n = acq_encode(&f, bytes, NULL);
    if (kind & 64) { /* a field that nobody knows */
        static const uint8_t key[] = {0xc2, 0x3e, (PADDING & 127) | 128, (PADDING >> 7 & 127) | 128, PADDING >> 14};
        memcpy(bytes + n, key, sizeof key);
        memset(bytes + n + sizeof key, 0, PADDING);
        n += sizeof key + PADDING;
    }
    (void)acq_rpc_write(c->call, bytes, n);
}

/* ---- bytes on their way ---- */

/* deliver gives n bytes to the server in pieces; false: the connection is at its end */
static bool deliver(struct client *c, const uint8_t *bytes, size_t n, size_t piece)
{
    struct acq_err err;
    for (size_t part; n; bytes += part, n -= part) {
        part = piece && piece < n ? piece : n;
        uint8_t *copy = malloc(part);
        CHECK(copy);
        memcpy(copy, bytes, part);
        if (c->world->wrong) {
            copy[c->world->wrong % part] ^= (uint8_t)(1 + c->world->wrong / 4);
            c->world->wrong = 0;
            c->spoilt = true;
        }
        int r = acq_rpc_receive(c->server, copy, part, &err);
        free(copy);
        if (r < 0) return false;
    }
    return true;
}

static void to_server(struct client *c, size_t piece)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    bool open = c->far != NULL;
    while (open && (n = acq_rpc_send(c->far, &bytes)) > 0) open = deliver(c, bytes, (size_t)n, piece);
    if (c->far && (!open || acq_rpc_done(c->server))) cut(c);
}

static void to_client(struct client *c)
{
    struct acq_err err;
    const uint8_t *bytes;
    ptrdiff_t n;
    bool open = c->far != NULL;
    while (open && (n = acq_rpc_send(c->server, &bytes)) > 0)
        open = acq_rpc_receive(c->far, bytes, (size_t)n, &err) == ACQ_OK;
    if (c->far && (!open || acq_rpc_done(c->far))) cut(c);
}

/* ---- the server's life ---- */

static void open_server(struct world *w)
{
    struct acq_err err;
    struct acq_commit_config log = {
        .size_max = 4 << 20, .segment_size = 1 << 20, .waiting_max = 1 << 20, .interval_ns = COMMIT_NS, .user = w};
    memset(&w->all, 0, sizeof w->all);
    w->all.unsealed_max = 1 << 18;
    w->all.queued = on_queued;
    w->all.failed = on_failed;
    w->all.user = w;
    acq_frame_clear(&w->all.frame);
    CHECK(acq_sessions_open(&w->all, &w->loop, w->model.dir, &log, &err) == ACQ_OK);
}

static bool working(const struct world *w)
{
    for (int i = 0; i < ACQ_SEALERS; i++)
        if (w->all.sealer.jobs[i].session) return true;
    return false;
}

/* unwritten: is any frame not on the disk yet? */
static bool unwritten(const struct world *w)
{
    for (const struct acq_session *s = w->all.first; s; s = s->next)
        if (s->marks[0].group) return true;
    return false;
}

/* settle waits until all that has come is on the disk. */
static void settle(struct world *w)
{
    do {
        usleep(20);
        uv_run(&w->loop, UV_RUN_NOWAIT);
        acq_sessions_gathered(&w->all);
        acq_sessions_committed(&w->all);
    } while (unwritten(w) || working(w));
}

static void tick(struct world *w)
{
    uv_run(&w->loop, UV_RUN_NOWAIT);
    acq_sessions_gathered(&w->all);
    acq_sessions_committed(&w->all);
    acq_sessions_tick(&w->all, acq_now_ns());
}

/* pass lets time pass: what the sessions remember lies further back. */
static void pass(struct world *w, int64_t ns)
{
    for (struct acq_session *s = w->all.first; s; s = s->next) {
        s->idle_ns -= ns;
        s->taken_ns -= ns;
        s->seal.unsynced_ns -= ns;
        s->seal.again_ns -= s->seal.again_ns ? ns : 0;
    }
}

/* watch notes how much of each recording is on the disk: what its recorder has waited for, where its folder is too; and
 * all of those that are closed. */
static void watch(struct world *w)
{
    struct stat there;
    bool open[FILES] = {false};
    for (struct acq_session *s = w->all.first; s; s = s->next) {
        if (!s->recorder) continue;
        struct acq_recorder_state state = acq_recorder_get_state(s->recorder);
        struct file *f = file_of(&w->model, state.path);
        if (!f) continue;
        open[f - w->model.files] = true;
        if (!s->seal.new_file) f->durable = state.size - state.unsynced; /* less, where its end mark has been cut off */
    }
    for (size_t i = 0; i < w->model.file_count; i++)
        if (!open[i] && stat(w->model.files[i].path, &there) == 0) w->model.files[i].durable = (uint64_t)there.st_size;
}

/* restart ends the server and starts it again. A crash is a copy of its files, taken while it works. */
static void restart(struct world *w, bool crash, bool power)
{
    struct acq_err err;
    char copy[80];
    snprintf(copy, sizeof copy, "%s-copy", w->model.dir);
    watch(w);
    if (crash) copy_folder(w->model.dir, copy);
    for (int i = 0; i < CONNECTIONS; i++) cut(&w->clients[i]);
    while (working(w)) uv_run(&w->loop, UV_RUN_ONCE);
    CHECK(acq_sessions_close(&w->all, crash, &err) == ACQ_OK);
    if (!crash) check_folder(&w->model);
    if (crash) clear_folder(w->model.dir);
    if (crash) CHECK(rename(copy, w->model.dir) == 0);
    uint8_t part[FILES];
    for (size_t i = 0; power && i < w->model.file_count; i++) part[i] = next(w);
    if (crash && power) lose_power(&w->model, part);
    w->model.file_count = 0;
    open_server(w);
    check_folder(&w->model);
}

static void all_flow(struct world *w)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        to_server(&w->clients[i], 0);
        to_client(&w->clients[i]);
    }
}

static void say_raw(struct world *w, struct client *c, bool as_message)
{
    size_t n = next(w);
    if (n > (size_t)(w->end - w->in)) n = (size_t)(w->end - w->in);
    const uint8_t *bytes = w->in;
    w->in += n;
    if (!c->far || (as_message && !c->call)) return;
    if (as_message) {
        c->spoilt = c->spoilt || !c->settled;
        (void)acq_rpc_write(c->call, bytes, n);
        return;
    }
    c->spoilt = true;
    if (n && !deliver(c, bytes, n, 0)) cut(c);
}

static void step(struct world *w)
{
    uint8_t op = next(w);
    struct client *c = &w->clients[op >> 4 & (CONNECTIONS - 1)];
    switch (op & 15) {
    case 0: connect_client(c); break;
    case 1: begin_call(c, true, next(w) % SESSIONS); break;
    case 2: begin_call(c, false, next(w) % SESSIONS); break;
    case 3: send_frame(c, 1, next(w)); break;
    case 4: send_frame(c, (int8_t)next(w) / 16, next(w)); break;
    case 5: /* many frames, as fast as they come */
        for (unsigned i = next(w), kind = next(w) & 0x7f; i; i--) {
            send_frame(c, 1, (uint8_t)kind);
            to_server(c, 0);
        }
        break;
    case 6: to_server(c, next(w)); break;
    case 7: to_client(c); break;
    case 8: all_flow(w); break;
    case 9: w->wrong = next(w); break;
    case 10: say_raw(w, c, op & 0x40); break;
    case 11:
        if (c->call) acq_rpc_half_close(c->call);
        break;
    case 12: op & 0x40 || !c->call ? cut(c) : acq_rpc_cancel(c->call); break;
    case 13: pass(w, (1 + next(w)) * INT64_C(300000000)); /* fall through */
    case 14: op & 0x40 ? settle(w) : tick(w); break;
    case 15: restart(w, op & 0x40, op & 0x80); break;
    }
}

static void finish(struct world *w)
{
    struct acq_err err;
    all_flow(w);
    acq_sessions_finish(&w->all, ACQ_RPC_UNAVAILABLE, "the end");
    settle(w);
    all_flow(w);
    for (int i = 0; i < CONNECTIONS; i++) cut(&w->clients[i]);
    while (working(w)) uv_run(&w->loop, UV_RUN_ONCE);
    CHECK(acq_sessions_finished(&w->all));
    CHECK(acq_sessions_close(&w->all, false, &err) == ACQ_OK);
    check_folder(&w->model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.in = data;
    w.end = data + size;
    snprintf(w.model.dir, sizeof w.model.dir, "%s/acq-fuzz-%ld", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
             (long)getpid());
    acq_log_setup("fuzz", ACQ_LOG_ERROR);
    clear_folder(w.model.dir);
    CHECK(uv_loop_init(&w.loop) == 0);
    for (int i = 0; i < CONNECTIONS; i++) w.clients[i].world = &w;
    open_server(&w);
    for (int i = 0; i < STEPS && w.in < w.end; i++) {
        step(&w);
        watch(&w);
        acq_sessions_gathered(&w.all); /* as at the end of each turn of the server's loop */
    }
    finish(&w);
    CHECK(uv_loop_close(&w.loop) == 0);
    clear_folder(w.model.dir);
    free(w.model.given);
    return 0;
}
