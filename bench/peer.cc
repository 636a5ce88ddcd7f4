#include "peer.h"

#include "telemetry/v1/telemetry.pb.h"

#include <google/protobuf/arena.h>
#include <vector>

using telemetry::v1::TelemetryFrame;

struct peer {
    struct frame {
        const uint8_t *bytes;
        int n;
    };
    std::vector<frame> frames;
    std::vector<TelemetryFrame> messages;
    TelemetryFrame reused;
    std::vector<char> block = std::vector<char>(64 * 1024);
    std::vector<uint8_t> out = std::vector<uint8_t>(ACQ_FRAME_MAX);
};

static void parse(TelemetryFrame *message, const peer::frame &frame)
{
    if (!message->ParseFromArray(frame.bytes, frame.n)) bench_fail("C++ protobuf cannot parse a frame of ours");
}

peer *peer_new(const bench_frames *all, const size_t *index, size_t n)
{
    auto *p = new peer;
    p->messages.resize(n);
    for (size_t i = 0; i < n; i++) {
        size_t start = all->at[index[i]], end = all->at[index[i] + 1];
        p->frames.push_back({all->bytes + start, static_cast<int>(end - start)});
        parse(&p->messages[i], p->frames[i]);
    }
    return p;
}

size_t peer_encoded(const peer *p, size_t i, uint8_t *dst, size_t room)
{
    size_t n = p->messages[i].ByteSizeLong();
    if (!p->messages[i].SerializeToArray(dst, static_cast<int>(room))) bench_fail("C++ protobuf cannot serialize");
    return n;
}

void peer_serialize(void *user)
{
    auto *p = static_cast<peer *>(user);
    for (const auto &message : p->messages) {
        message.SerializeToArray(p->out.data(), static_cast<int>(p->out.size()));
        bench_sink += p->out[8];
    }
}

void peer_parse_reused(void *user)
{
    auto *p = static_cast<peer *>(user);
    for (const auto &frame : p->frames) {
        parse(&p->reused, frame);
        bench_sink += p->reused.seq();
    }
}

void peer_parse_arena(void *user)
{
    auto *p = static_cast<peer *>(user);
    google::protobuf::ArenaOptions options;
    options.initial_block = p->block.data();
    options.initial_block_size = p->block.size();
    google::protobuf::Arena arena(options);
    for (const auto &frame : p->frames) {
        auto *message = google::protobuf::Arena::CreateMessage<TelemetryFrame>(&arena);
        parse(message, frame);
        bench_sink += message->seq();
        arena.Reset();
    }
}
