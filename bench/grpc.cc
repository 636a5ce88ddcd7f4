/* grpc.cc callback|async PORT - the ingest server as one writes it with gRPC's C++ library: either of its two APIs that
 * do not need a thread for each stream. Every frame is parsed, each 32nd is acked. */
#include "measure.h"

#include "telemetry/v1/telemetry.grpc.pb.h"

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>
#include <string>
#include <vector>

using google::protobuf::Arena;
using telemetry::v1::StreamAck;
using telemetry::v1::TelemetryFrame;
using telemetry::v1::TelemetryIngest;

namespace
{
constexpr uint64_t ack_each = 32;

/* Each frame is read into a new message on an arena, whose first block is used again: faster than using the message
 * again, and much faster than the heap. */
struct Frames {
    alignas(8) char block[16 * 1024];
    Arena arena{block, sizeof block};
    TelemetryFrame *frame = nullptr;
    StreamAck ack;
    uint64_t n = 0;

    TelemetryFrame *next()
    {
        arena.Reset();
        return frame = Arena::CreateMessage<TelemetryFrame>(&arena);
    }

    bool ack_is_due()
    {
        if (++n % ack_each) return false;
        ack.set_last_monotonic_ns(frame->monotonic_ns());
        ack.set_last_seq(n);
        ack.set_status(telemetry::v1::ACK_OK);
        return true;
    }
};

/* ---- callback API: gRPC's threads call us ---- */

class Reactor final : public grpc::ServerBidiReactor<TelemetryFrame, StreamAck>
{
  public:
    Reactor()
    {
        StartRead(frames.next());
    }

    void OnReadDone(bool ok) override
    {
        if (!ok)
            Finish(grpc::Status::OK);
        else if (frames.ack_is_due())
            StartWrite(&frames.ack); /* one at a time: the next frame is read when it is written */
        else
            StartRead(frames.next());
    }

    void OnWriteDone(bool ok) override
    {
        if (ok)
            StartRead(frames.next());
        else
            Finish(grpc::Status::CANCELLED);
    }

    void OnDone() override
    {
        delete this;
    }

  private:
    Frames frames;
};

class CallbackService final : public TelemetryIngest::CallbackService
{
    grpc::ServerBidiReactor<TelemetryFrame, StreamAck> *StreamFrames(grpc::CallbackServerContext *) override
    {
        return new Reactor;
    }
};

/* ---- async API: one thread takes events from a queue ---- */

class Stream
{
  public:
    Stream(TelemetryIngest::AsyncService *s, grpc::ServerCompletionQueue *q) : service(s), queue(q), stream(&context)
    {
        service->RequestStreamFrames(&context, &stream, queue, queue, this);
    }

    void proceed(bool ok)
    {
        if (state == begin && ok) {
            new Stream(service, queue);
            read();
        } else if (state == reading && ok && frames.ack_is_due()) {
            state = writing;
            stream.Write(frames.ack, this);
        } else if ((state == reading || state == writing) && ok) {
            read();
        } else if (state == reading) {
            state = ending;
            stream.Finish(grpc::Status::OK, this);
        } else {
            delete this;
        }
    }

  private:
    void read()
    {
        state = reading;
        stream.Read(frames.next(), this);
    }

    TelemetryIngest::AsyncService *service;
    grpc::ServerCompletionQueue *queue;
    grpc::ServerContext context;
    grpc::ServerAsyncReaderWriter<StreamAck, TelemetryFrame> stream;
    enum { begin, reading, writing, ending } state = begin;
    Frames frames;
};

void serve_queue(TelemetryIngest::AsyncService *service, grpc::ServerCompletionQueue *queue)
{
    void *tag;
    bool ok;
    new Stream(service, queue);
    while (queue->Next(&tag, &ok)) static_cast<Stream *>(tag)->proceed(ok);
}
} // namespace

int main(int argc, char **argv)
{
    if (argc != 3) bench_fail("usage: bench_grpc callback|async PORT");
    bool async = std::string(argv[1]) == "async";
    CallbackService callbacks;
    TelemetryIngest::AsyncService events;
    std::unique_ptr<grpc::ServerCompletionQueue> queue;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(std::string("127.0.0.1:") + argv[2], grpc::InsecureServerCredentials());
    builder.RegisterService(async ? static_cast<grpc::Service *>(&events) : &callbacks);
    if (async) queue = builder.AddCompletionQueue();
    auto server = builder.BuildAndStart();
    if (!server) bench_fail("cannot listen on port %s", argv[2]);
    if (async) serve_queue(&events, queue.get());
    server->Wait();
}
