/* codec.c RECORDING - nanoseconds to encode and decode a frame and to make one from the game's pages, beside C++
 * protobuf with the same frames. Prints one line for each figure. */
#include "measure.h"
#include "page/page.h"
#include "peer.h"

#include <stdio.h>
#include <string.h>

enum {
    FRAMES = 64,
    ROUNDS = 101
}; /* few enough frames to stay in the second-level cache, as the last one does in use */

/* What the cases go over: FRAMES frames from all over the recording. */
struct set {
    struct acq_frame frames[FRAMES];
    struct acq_pages pages[FRAMES];
    uint8_t bytes[FRAMES][ACQ_FRAME_MAX];
    size_t n[FRAMES];
};

static void encode(void *user)
{
    const struct set *s = user;
    static uint8_t out[ACQ_FRAME_MAX];
    for (size_t i = 0; i < FRAMES; i++) {
        bench_sink += acq_encode(&s->frames[i], out, NULL);
        bench_sink += out[8];
    }
}

static void decode(void *user)
{
    const struct set *s = user;
    static struct acq_frame f;
    for (size_t i = 0; i < FRAMES; i++) {
        if (acq_decode(&f, s->bytes[i], s->n[i])) bench_fail("a frame of ours cannot be decoded");
        bench_sink += f.head.seq;
    }
}

static void from_pages(void *user)
{
    const struct set *s = user;
    static struct acq_frame f;
    for (size_t i = 0; i < FRAMES; i++) {
        acq_frame_from_page(&f, ACQ_PAGE_physics, &s->pages[i].physics, sizeof s->pages[i].physics);
        acq_frame_from_page(&f, ACQ_PAGE_graphics, &s->pages[i].graphics, sizeof s->pages[i].graphics);
        acq_frame_from_page(&f, ACQ_PAGE_statics, &s->pages[i].stat, sizeof s->pages[i].stat);
        bench_sink += f.has[ACQ_stat];
    }
}

static void copy(void *user)
{
    const struct set *s = user;
    static uint8_t out[ACQ_FRAME_MAX];
    for (size_t i = 0; i < FRAMES; i++) {
        memcpy(out, s->bytes[i], s->n[i]);
        bench_sink += out[8];
    }
}

/* chain: a thousand steps of a dependent multiply and add */
static void chain(void *user)
{
    uint64_t x = (uint64_t)(size_t)user;
    for (unsigned i = 0; i < 1000; i++) x = (x ^ i) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    bench_sink += x;
}

/* load fills the set with the frames index[], and the peer with the same; both must agree about what they hold. */
static struct peer *load(struct set *s, const struct bench_frames *all, const size_t *index)
{
    static uint8_t bytes[ACQ_FRAME_MAX];
    static struct acq_frame f;
    struct peer *peer = peer_new(all, index, FRAMES);
    for (size_t i = 0; i < FRAMES; i++) {
        s->n[i] = all->at[index[i] + 1] - all->at[index[i]];
        memcpy(s->bytes[i], all->bytes + all->at[index[i]], s->n[i]);
        if (acq_decode(&s->frames[i], s->bytes[i], s->n[i])) bench_fail("frame %zu cannot be decoded", index[i]);
        acq_frame_to_page(&s->frames[i], ACQ_PAGE_physics, &s->pages[i].physics, sizeof s->pages[i].physics);
        acq_frame_to_page(&s->frames[i], ACQ_PAGE_graphics, &s->pages[i].graphics, sizeof s->pages[i].graphics);
        acq_frame_to_page(&s->frames[i], ACQ_PAGE_statics, &s->pages[i].stat, sizeof s->pages[i].stat);
        size_t n = peer_encoded(peer, i, bytes, sizeof bytes);
        if (acq_decode(&f, bytes, n) || acq_encode(&f, bytes, NULL) != s->n[i] || memcmp(bytes, s->bytes[i], s->n[i]))
            bench_fail("frame %zu is not the same after C++ protobuf", index[i]);
    }
    return peer;
}

/* measure prints the figures of the frames index[], names ending in `suffix`. */
static void measure(const struct bench_frames *all, const size_t *index, const char *suffix)
{
    static struct set s;
    static char names[7][32];
    double bytes = 0;
    struct peer *peer = load(&s, all, index);
    struct bench_case cases[] = {{"encode", encode, &s, FRAMES},
                                 {"encode_cpp", peer_serialize, peer, FRAMES},
                                 {"decode", decode, &s, FRAMES},
                                 {"decode_cpp", peer_parse_reused, peer, FRAMES},
                                 {"decode_cpp_arena", peer_parse_arena, peer, FRAMES},
                                 {"from_pages", from_pages, &s, FRAMES},
                                 {"memcpy", copy, &s, FRAMES}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(names[i], sizeof names[i], "%s%s", cases[i].name, suffix);
        cases[i].name = names[i];
    }
    bench_alternate(cases, sizeof cases / sizeof *cases, ROUNDS);
    for (size_t i = 0; i < FRAMES; i++) bytes += (double)s.n[i];
    printf("frame_bytes%s\t%.1f\n", suffix, bytes / FRAMES);
}

/* choose fills index[] with frames at even distances that have their context (stat and capture), or have none. */
static void choose(size_t *index, const struct bench_frames *all, bool context)
{
    for (size_t i = 0; i < FRAMES; i++) {
        size_t at = all->n / FRAMES * i, n;
        for (;; at++) {
            if (at == all->n) bench_fail("the recording is too short");
            n = all->at[at + 1] - all->at[at];
            if ((acq_frame_body(all->bytes + all->at[at], n) < n) == context) break;
        }
        index[i] = at;
    }
}

int main(int argc, char **argv)
{
    size_t index[FRAMES];
    if (argc != 2) bench_fail("usage: bench_codec RECORDING");
    struct bench_frames all = bench_read(argv[1]);
    const struct bench_case yardstick = {"multiply_add_chain", chain, &all, 1000};
    bench_alternate(&yardstick, 1, ROUNDS);
    choose(index, &all, false);
    measure(&all, index, "");
    choose(index, &all, true);
    measure(&all, index, "_context");
    return 0;
}
