/* fuzz_bridge.c - bytes as what a game might do: samples for the bridge's capture, which makes sessions and frames of
 * them.
 *
 * The first byte says how: 1 records to files too, 2 hands each frame out at once, 4 records replays. Then come
 * commands: one byte, and what it needs. Whatever comes, sessions begin and end in turn, a session's frames are
 * numbered without a hole, grow in time, are what our decoder reads, and stand in the recording, which is whole and
 * closed. */
#include "base/log.h"
#include "base/os.h"
#include "bridge/capture.h"
#include "bridge/phase.h"
#include "bridge/picture.h"
#include "page/text.h"
#include "record/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

enum { MOST = 3000 /* commands */ };
enum how { RECORD = 1, AT_ONCE = 2, REPLAYS = 4 };
enum command { STEP, JUMP, STATUS, PATCH, TEXT, SIZES, LATER, LOST, GONE, STILL, TICK, END, FULL, REOPEN, COMMANDS };

/* the input, read from the front; behind its end come zeros */
static const uint8_t *in;
static size_t left;

static unsigned take_u8(void)
{
    if (!left) return 0;
    left--;
    return *in++;
}

static unsigned take_u16(void)
{
    unsigned low = take_u8();
    return low | take_u8() << 8;
}

/* ---- what must hold of whatever the capture hands out ---- */

static struct acq_capture capture;
static struct acq_frame frame;
static char session[40];
static bool running, full;
static uint64_t seq;
static int64_t last_t_ns;

static void on_begin(void *user, const struct acq_capture_session *s)
{
    (void)user;
    CHECK(!running && strlen(s->id) == 36 && strcmp(s->id, session));
    snprintf(session, sizeof session, "%s", s->id);
    running = true;
    seq = 0;
    last_t_ns = INT64_MIN;
}

static void on_frame(void *user, const struct acq_frame *f, const uint8_t *bytes, size_t n)
{
    (void)user;
    CHECK(running && f->head.seq == seq + 1 && n <= ACQ_FRAME_MAX);
    CHECK(acq_decode(&frame, bytes, n) == ACQ_OK && frame.has[ACQ_head_seq] &&
          frame.has[ACQ_physics_packet_id] == f->has[ACQ_physics_packet_id]);
    CHECK(frame.head.seq == seq + 1 && !strcmp(frame.head.session_id, session));
    CHECK((int64_t)frame.head.monotonic_ns > last_t_ns && (seq || frame.has[ACQ_capture]));
    last_t_ns = (int64_t)frame.head.monotonic_ns;
    seq++;
}

static bool on_room(void *user)
{
    (void)user;
    return !full;
}

static void on_moved(void *user, const char *from, const char *to)
{
    (void)user;
    CHECK(strcmp(from, to));
}

/* check_recording: the file has exactly the frames that were handed out. */
static void check_recording(const char *path)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err;
    uint64_t n = 0;
    CHECK(acq_reader_new(&reader, path, &err) == ACQ_OK);
    while (acq_reader_next(reader, &batch, &err) == ACQ_OK) {
        const uint8_t *bytes;
        size_t len;
        while (acq_batch_next(&batch, &bytes, &len) == ACQ_OK) {
            CHECK(acq_decode(&frame, bytes, len) == ACQ_OK && frame.head.seq == ++n);
            CHECK(!strcmp(frame.head.session_id, session));
        }
    }
    const struct acq_loss *loss = acq_reader_get_loss(reader);
    CHECK(n == seq && loss->closed && !*loss->text);
    acq_reader_free(reader);
    CHECK(remove(path) == 0);
}

static void on_end(void *user, const struct acq_capture_session *s, const char *why)
{
    (void)user;
    CHECK(running && *why && s->seq == seq && !strcmp(s->id, session));
    running = false;
    if (*s->path) check_recording(s->path);
    capture.calm = (struct acq_calm){0}; /* here many short sessions are wanted */
}

static const struct acq_capture_events events = {
    .begin = on_begin, .frame = on_frame, .room = on_room, .moved = on_moved, .end = on_end};

/* ---- the game ---- */

static struct acq_sample sample;

/* fill: what a session needs */
static void fill(void)
{
    struct acq_page_static *s = &sample.pages.stat;
    int64_t now = acq_now_ns();
    now = sample.t_ns > now ? sample.t_ns : now; /* samples never go back in time */
    sample = (struct acq_sample){.t_ns = now, .late_ns = -1, .opened = true};
    sample.physics_size = sizeof sample.pages.physics;
    sample.graphics_size = sizeof sample.pages.graphics;
    sample.static_size = sizeof *s;
    acq_page_text(s->sm_version, 15, "1.7");
    acq_page_text(s->car_model, 33, "car");
    acq_page_text(s->track, 33, "track");
    sample.pages.graphics.status = ACQ_STATUS_LIVE;
}

static void give(enum acq_sample_kind kind, int64_t later_ns)
{
    sample.kind = kind;
    sample.t_ns += later_ns;
    if (kind == ACQ_SAMPLE_STEP) sample.counts.seen++;
    acq_capture_take(&capture, &sample);
    sample.lost_before = 0;
    sample.opened = sample.torn_before = false;
}

static void patch(void)
{
    unsigned at = take_u16() % sizeof sample.pages, n = take_u8() % 64;
    for (unsigned i = 0; i < n && at + i < sizeof sample.pages; i++)
        ((uint8_t *)&sample.pages)[at + i] = (uint8_t)take_u8();
}

/* text: one of the texts by which a session is known */
static void text(void)
{
    struct acq_page_static *s = &sample.pages.stat;
    acq_char16 *const texts[] = {s->car_model, s->track, s->track_configuration, s->player_name, s->sm_version};
    unsigned which = take_u8(), n = take_u8() % 16;
    for (unsigned i = 0; i < n && i < (which % 5 == 4 ? 15 : 33); i++) texts[which % 5][i] = (acq_char16)take_u16();
}

/* one_of: a size from 1 to what the page has */
static uint16_t one_of(size_t whole)
{
    unsigned n = take_u16();
    return (uint16_t)(n % 4 ? whole : 1 + n % whole);
}

static void lose(void)
{
    unsigned n = take_u8();
    sample.lost_before = n % 16;
    sample.counts.missed += n;
    sample.counts.torn_dropped += n % 3;
    sample.torn_before = n % 5 == 0;
}

/* what the sampler knows of the game besides */
static struct acq_phase phase;
static struct acq_halves halves;
static struct acq_picture picture;

/* judge: the same samples as the sampler sees them */
static void judge(int64_t now)
{
    const struct acq_page_physics *physics = &sample.pages.physics;
    struct acq_page_graphics shown = sample.pages.graphics;
    enum acq_half half = acq_halves_judge(&halves, physics, sample.physics_size);
    CHECK(half >= ACQ_WHOLE && half <= ACQ_HALF_BEFORE);
    if (half == ACQ_WHOLE || half == ACQ_HALF_BEFORE) acq_halves_learn(&halves, physics, sample.physics_size);
    acq_picture_take(&picture, &shown, sample.graphics_size, now);
    sample.late_ns = acq_phase_late(&phase, physics->packet_id, now);
    CHECK(sample.late_ns >= -1 && sample.late_ns <= ACQ_STILL_NS);
    acq_phase_seen(&phase, physics->packet_id, now, half == ACQ_HALF_DONE);
    int64_t next = acq_phase_next(&phase, physics->packet_id, now);
    CHECK(next >= now && next <= now + 2 * ACQ_STEP_NS);
}

static void step(unsigned by)
{
    int32_t *id = &sample.pages.physics.packet_id;
    *id = (int32_t)((uint32_t)*id + by);
    judge(sample.t_ns + ACQ_STEP_NS);
    give(ACQ_SAMPLE_STEP, ACQ_STEP_NS);
}

static void obey(enum command command)
{
    switch (command) {
    case STEP: step(1 + take_u8() % 4); return;
    case JUMP: step(take_u16() << 16 | take_u16()); return;
    case STATUS:
        sample.pages.graphics.status = (int32_t)(take_u8() % 6) - 1;
        sample.pages.graphics.session = (int32_t)(take_u8() % 3);
        return;
    case PATCH: patch(); return;
    case TEXT: text(); return;
    case SIZES:
        sample.physics_size = one_of(sizeof sample.pages.physics);
        sample.graphics_size = one_of(sizeof sample.pages.graphics);
        sample.static_size = one_of(sizeof sample.pages.stat);
        return;
    case LATER: sample.t_ns += (int64_t)take_u16() * 1000000; return;
    case LOST: lose(); return;
    case GONE:
        give(ACQ_SAMPLE_GONE, 1000000);
        sample.counts = (struct acq_counts){0};
        sample.opened = true;
        return;
    case STILL: give(ACQ_SAMPLE_STATUS, 2000000); return;
    case TICK: acq_capture_tick(&capture); return;
    case END: acq_capture_end(&capture, "stopped by the user"); return;
    case FULL: full = !full; return;
    default: fill();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char folder[] = "/dev/shm/acq-fuzz-XXXXXX"; /* in memory */
    struct acq_err err;
    acq_log_setup("fuzz_bridge", ACQ_LOG_ERROR);
    CHECK(mkdtemp(folder));
    in = data;
    left = size;
    unsigned how = take_u8();
    CHECK(acq_capture_init(&capture, how & RECORD ? folder : NULL, &events, NULL, &err) == ACQ_OK);
    capture.at_once = how & AT_ONCE;
    capture.replays = how & REPLAYS;
    full = false;
    phase = (struct acq_phase){0};
    halves = (struct acq_halves){0};
    picture = (struct acq_picture){0};
    fill();
    for (int i = 0; i < MOST && left; i++) obey(take_u8() % COMMANDS);
    acq_capture_end(&capture, "stopped by the user");
    CHECK(!running);
    acq_capture_fini(&capture);
    CHECK(rmdir(folder) == 0); /* nothing is left in it */
    return 0;
}
