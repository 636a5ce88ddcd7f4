"""serve_aio.py PORT - the ingest server as one writes it with Python's grpc.aio: every frame is parsed, each 32nd is
acked."""
import asyncio
import sys

import grpc

from telemetry.v1 import telemetry_pb2

ACK_EACH = 32
METHOD = "StreamFrames"


async def stream_frames(_, context):
    n = 0
    while True:
        frame = await context.read()
        if frame is grpc.aio.EOF:
            return
        n += 1
        if n % ACK_EACH == 0:
            await context.write(telemetry_pb2.StreamAck(last_monotonic_ns=frame.monotonic_ns, last_seq=n,
                                                        status=telemetry_pb2.ACK_OK))


async def main(port):
    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(stream_frames, telemetry_pb2.TelemetryFrame.FromString,
                                                    telemetry_pb2.StreamAck.SerializeToString)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("telemetry.v1.TelemetryIngest", {METHOD: handler}),))
    server.add_insecure_port("127.0.0.1:" + port)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
