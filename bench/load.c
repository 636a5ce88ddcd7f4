/* load.c PORT RECORDING - many clients of one gRPC server, and what they cost it. They send the frames of the recording
 * over and over, keep to the server's flow control, and check the acks. Prints one line for each figure. */
#include "load.h"

#include "base/opt.h"
#include "base/os.h"
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct options {
    int64_t connections, pid, ahead, tick_us;
    double seconds, warm, rate, flush_ms;
    bool fewer, sessions, raw, memory;
};

static const struct acq_option table[] = {
    {0, "pid", "PID", ACQ_OPT_INT, offsetof(struct options, pid), 1, 1e9, "the server's process"},
    {0, "connections", "N", ACQ_OPT_INT, offsetof(struct options, connections), 1, 10000, "how many; default 1"},
    {0, "seconds", "S", ACQ_OPT_NUMBER, offsetof(struct options, seconds), 0, 3600, "measure for so long; default 2"},
    {0, "warm", "S", ACQ_OPT_NUMBER, offsetof(struct options, warm), 0, 3600, "and so long before; default 0.3"},
    {0, "rate", "HZ", ACQ_OPT_NUMBER, offsetof(struct options, rate), 0, 1e9,
     "frames of a client; default: all it can"},
    {0, "flush-ms", "MS", ACQ_OPT_NUMBER, offsetof(struct options, flush_ms), 0, 10000,
     "write so often; default: each frame"},
    {0, "tick-us", "US", ACQ_OPT_INT, offsetof(struct options, tick_us), 0, 999999,
     "look at the clock so often; default: all the time"},
    {0, "ahead", "N", ACQ_OPT_INT, offsetof(struct options, ahead), 64, SENT_RING,
     "frames of a client that may be under way; default 512 to 4096"},
    {0, "fewer", NULL, ACQ_OPT_FLAG, offsetof(struct options, fewer), 0, 0, "frames of about 600 bytes"},
    {0, "sessions", NULL, ACQ_OPT_FLAG, offsetof(struct options, sessions), 0, 0,
     "each client has its own session, as `acq serve` wants it"},
    {0, "raw", NULL, ACQ_OPT_FLAG, offsetof(struct options, raw), 0, 0, "no protocol, for bench_floor"},
    {0, "memory", NULL, ACQ_OPT_FLAG, offsetof(struct options, memory), 0, 0, "measure memory instead"},
};

static const struct acq_command command = {
    .name = "bench_load",
    .usage = "PORT RECORDING --pid PID [OPTION...]",
    .summary = "Send frames to a gRPC server and measure what they cost it.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = 2,
};

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_latency(struct load *load)
{
    if (!load->latencies) return;
    qsort(load->latency, load->latencies, sizeof *load->latency, compare);
    printf("p50_ms\t%.3f\n", load->latency[load->latencies / 2] / 1e3);
    printf("p99_ms\t%.3f\n", load->latency[load->latencies / 100 * 99] / 1e3);
    printf("max_ms\t%.3f\n", load->latency[load->latencies - 1] / 1e3);
}

/* What was used up to a moment. */
struct moment {
    double ns, own_ns, written;
    struct process_cpu cpu;
    uint64_t frames;
};

static struct moment now(const struct load *load, int pid)
{
    struct moment m = {.ns = (double)acq_now_ns(), .own_ns = bench_cpu_ns(), .frames = cars_frames(load)};
    m.written = process_written(pid);
    process_cpu(pid, &m.cpu);
    return m;
}

static void print_figures(struct load *load, const struct moment *start, const struct moment *stop,
                          const struct moment *end)
{
    double frames = (double)(end->frames - start->frames), ns = stop->ns - start->ns;
    if (frames < 1) bench_fail("no frame was sent");
    printf("frames\t%.0f\n", frames);
    printf("sent\t%llu\n", (unsigned long long)end->frames);
    printf("frames_per_s\t%.0f\n", (double)(stop->frames - start->frames) / ns * 1e9);
    printf("us\t%.4f\n", (end->cpu.ns - start->cpu.ns) / 1e3 / frames);
    printf("busy_percent\t%.1f\n", (stop->cpu.ns - start->cpu.ns) / ns * 100);
    printf("own_busy_percent\t%.1f\n", (stop->own_ns - start->own_ns) / ns * 100);
    printf("disk_mb_per_s\t%.1f\n", (stop->written - start->written) / ns * 1e3);
    for (size_t i = 0; i < end->cpu.n; i++) {
        const struct process_thread *thread = &end->cpu.threads[i];
        printf("us %s\t%.4f\n", thread->name,
               (thread->ns - process_thread_ns(&start->cpu, thread->name)) / 1e3 / frames);
    }
    printf("bytes\t%.1f\n", (double)load->cargo.frames.at[load->cargo.frames.n] / (double)load->cargo.frames.n);
    if (load->writes) printf("late_percent\t%.2f\n", (double)load->late / (double)load->writes * 100);
    print_latency(load);
}

static void measure_cpu(struct load *load, const struct options *o, int port)
{
    cars_connect(load, 0, port);
    if (!load->raw) {
        cars_run(load, cars_are_ready, 0);
        cars_request(load, 0);
        if (load->sessions) cars_run(load, cars_are_answered, 0);
        cars_go(load);
        cars_run(load, NULL, o->warm);
        cars_stop(load);
        cars_run(load, cars_are_acked, 0);
    }
    load->measuring = true;
    struct moment start = now(load, (int)o->pid);
    cars_go(load);
    cars_run(load, NULL, o->seconds);
    struct moment stop = now(load, (int)o->pid);
    cars_stop(load);
    if (load->raw) {
        cars_end(load);
        cars_run(load, cars_are_ended, 0);
    } else {
        cars_run(load, cars_are_acked, 0);
    }
    struct moment end = now(load, (int)o->pid);
    if (!load->raw) cars_end(load);
    cars_run(load, cars_are_ended, 0);
    print_figures(load, &start, &stop, &end);
}

/* measure_memory: the first client warms the server up; what the others need is counted. */
static void measure_memory(struct load *load, const struct options *o, int port)
{
    size_t n = load->n;
    double others = (double)(n - 1);
    load->n = 1;
    cars_connect(load, 0, port);
    cars_run(load, cars_are_ready, 0);
    cars_request(load, 0);
    cars_grant(load, 0, ACK_EACH);
    cars_run(load, cars_are_acked, 0);
    cars_run(load, NULL, 0.5);
    double start = process_private((int)o->pid);
    load->n = n;
    cars_connect(load, 1, port);
    cars_run(load, cars_are_ready, 0);
    cars_run(load, NULL, 0.5);
    printf("connection_bytes\t%.0f\n", (process_private((int)o->pid) - start) / others);
    cars_request(load, 1);
    cars_grant(load, 1, ACK_EACH);
    cars_run(load, cars_are_acked, 0);
    cars_run(load, NULL, 0.5);
    printf("stream_bytes\t%.0f\n", (process_private((int)o->pid) - start) / others);
    cars_end(load);
    cars_run(load, cars_are_ended, 0);
}

static void set_up(struct load *load, const struct options *o, const char *recording)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    load->n = (size_t)o->connections;
    load->raw = o->raw;
    load->sessions = o->sessions;
    load->tick_ns = o->tick_us * 1000;
    load->ahead = (uint64_t)(o->ahead ? o->ahead : 65536 / o->connections);
    if (load->ahead > SENT_RING) load->ahead = SENT_RING;
    if (load->ahead < 512 && !o->ahead) load->ahead = 512;
    load->per_write = o->flush_ms > 0 ? o->rate * o->flush_ms / 1e3 : o->rate > 0;
    load->period_ns = o->flush_ms > 0 ? (int64_t)(o->flush_ms * 1e6) : o->rate > 0 ? (int64_t)(1e9 / o->rate) : 0;
    load->cars = calloc(load->n, sizeof *load->cars);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!load->cars || load->epoll < 0) bench_fail("no memory for so many clients");
    acq_buf_init(&load->scratch, 1 << 20);
    cargo_load(&load->cargo, recording, o->fewer);
}

int main(int argc, char **argv)
{
    static struct load load;
    struct options o = {.connections = 1, .seconds = 2, .warm = 0.3};
    struct acq_texts arguments;
    struct acq_err err = {0};
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return 0;
    if (r < 0) bench_fail("%s", err.text);
    if (!o.pid) bench_fail("say by --pid which process the server is");
    set_up(&load, &o, arguments.text[1]);
    if (o.memory)
        measure_memory(&load, &o, atoi(arguments.text[0]));
    else
        measure_cpu(&load, &o, atoi(arguments.text[0]));
    return 0;
}
