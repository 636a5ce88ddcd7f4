"""client.py - streams frames to an ingest server with Python's gRPC and prints what came back, as one line of JSON.

Usage: client.py ADDRESS STUBS FRAMES SESSION CUT gzip|identity

It goes on behind the server's acq-last-seq; with CUT > 0 it is gone after that many frames, as if its machine were off.
Frames are bytes already; StreamAck is decoded by Python's protobuf, by the stubs in the folder STUBS. With ACQ_CA, a
file of certificates that it trusts, it speaks TLS.
"""
import json
import os
import sys
import threading
import time

import grpc

address, stubs, path, session, cut, encoding = sys.argv[1:]
sys.path.insert(0, stubs)
from telemetry.v1 import telemetry_pb2  # noqa: E402


def frames_of(data):
    at = 0
    while at < len(data):
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        assert at + size <= len(data), "the file of frames ends inside one"
        yield data[at:at + size]
        at += size


def print_result():
    result["seconds"] = time.monotonic() - begin
    print(json.dumps(result), flush=True)


def to_send():
    heard.wait()
    for frame in frames[result["hello"]:]:
        if result["sent"] == int(cut) > 0:
            print_result()
            os._exit(0)
        result["sent"] += 1
        yield frame


with open(path, "rb") as file:
    frames = list(frames_of(file.read()))
result = {"hello": 0, "sent": 0, "acks": 0, "last_seq": 0, "last_monotonic_ns": 0, "rising": True, "code": -1,
          "message": ""}
heard = threading.Event()
begin = time.monotonic()
if "ACQ_CA" in os.environ:
    with open(os.environ["ACQ_CA"], "rb") as file:
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))
else:
    channel = grpc.insecure_channel(address)
call = channel.stream_stream("/telemetry.v1.TelemetryIngest/StreamFrames",
                             response_deserializer=telemetry_pb2.StreamAck.FromString)
compression = grpc.Compression.Gzip if encoding == "gzip" else grpc.Compression.NoCompression
stream = call(to_send(), wait_for_ready=True, metadata=[("acq-session", session)], compression=compression)
hello = dict(stream.initial_metadata())
if "acq-last-seq" in hello:  # otherwise the call is over, and nothing is sent
    result["hello"] = int(hello["acq-last-seq"])
    heard.set()
try:
    for ack in stream:
        result["rising"] &= ack.last_seq >= result["last_seq"]
        result["acks"] += 1
        result["last_seq"], result["last_monotonic_ns"] = ack.last_seq, ack.last_monotonic_ns
except grpc.RpcError:
    pass  # its status says the same
result["code"], result["message"] = stream.code().value[0], stream.details()
print_result()
os._exit(0)  # a thread may still wait for a hello
