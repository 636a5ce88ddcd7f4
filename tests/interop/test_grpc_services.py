#!/usr/bin/env python3
"""Health and reflection, asked by Python's gRPC and by grpcurl: who knows nothing of our schema finds it and calls it."""
import glob
import json
import os
import queue
import subprocess

import helper

folder = helper.Folder().__enter__()
helper.need(helper.ACQ)
PROTOS = ["grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
          "grpc/reflection/v1alpha/reflection.proto"]
helper.stubs(folder)
TYPES = folder("all.descriptors")
subprocess.run(["/usr/bin/protoc", "-I", os.path.join(helper.SOURCE, "proto"), "--descriptor_set_out", TYPES,
                "telemetry/v1/telemetry.proto"] + PROTOS, check=True)
import grpc  # noqa: E402
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: E402

# The messages come from the descriptors: a package "grpc" of stubs would hide the library's.
PATIENCE = 60
pool = descriptor_pool.DescriptorPool()
with open(TYPES, "rb") as types:
    SCHEMA = descriptor_pb2.FileDescriptorSet.FromString(types.read())
for file in SCHEMA.file:
    pool.Add(file)
SERVICES = sorted(f"{file.package}.{service.name}" for file in SCHEMA.file for service in file.service)


def message(name):
    """The class of a message; newer protobufs have a function of their own for it."""
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return make(pool.FindMessageTypeByName(name))


class Client:
    """Calls methods by name: "package.Service/Method"."""

    def __init__(self, server):
        self.channel = grpc.insecure_channel("127.0.0.1:%d" % server.port)

    def call(self, method, *requests):
        """The answers, of any kind of method; requests are messages."""
        service, name = method.split("/")
        kind = pool.FindServiceByName(service).methods_by_name[name]
        answer = message(kind.output_type.full_name)
        to_send = queue.Queue()
        for request in requests:
            to_send.put(request)
        to_send.put(None)
        stream = self.channel.stream_stream("/" + method, request_serializer=lambda m: m.SerializeToString(),
                                            response_deserializer=answer.FromString)
        return stream(iter(to_send.get, None), timeout=PATIENCE)


Check = message("grpc.health.v1.HealthCheckRequest")
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3


def code_of(call):
    try:
        list(call)
    except grpc.RpcError:
        pass
    return call.code()


def health():
    with helper.Server(folder("health")) as server:
        client = Client(server)
        for service in ("", "telemetry.v1.TelemetryIngest"):
            answers = list(client.call("grpc.health.v1.Health/Check", Check(service=service)))
            assert [a.status for a in answers] == [SERVING], answers
        assert code_of(client.call("grpc.health.v1.Health/Check", Check(service="x"))) == grpc.StatusCode.NOT_FOUND
        assert code_of(client.call("grpc.health.v1.Health/Check")) == grpc.StatusCode.INVALID_ARGUMENT
        listed = list(client.call("grpc.health.v1.Health/List", message("grpc.health.v1.HealthListRequest")()))
        assert {k: v.status for k, v in listed[0].statuses.items()} == \
            {"": SERVING, "telemetry.v1.TelemetryIngest": SERVING}, listed
        assert code_of(client.call("grpc.health.v1.Health/List")) == grpc.StatusCode.INVALID_ARGUMENT


def watches_are_told_of_the_end():
    with helper.Server(folder("watch")) as server:
        client = Client(server)
        known = client.call("grpc.health.v1.Health/Watch", Check())
        unknown = client.call("grpc.health.v1.Health/Watch", Check(service="x"))
        assert next(known).status == SERVING and next(unknown).status == SERVICE_UNKNOWN
        assert server.stop() == 0, server.text()
        assert [a.status for a in rest_of(known)] == [NOT_SERVING]
        assert not rest_of(unknown)
        assert known.code() == unknown.code() == grpc.StatusCode.UNAVAILABLE
        assert "shutting down" in known.details(), known.details()


def rest_of(call):
    answers = []
    try:
        for answer in call:
            answers.append(answer)
    except grpc.RpcError:
        pass
    return answers


def reflection():
    with helper.Server(folder("reflection")) as server:
        for version in ("v1", "v1alpha"):
            reflects(Client(server), version)


def reflects(client, version):
    Request = message(f"grpc.reflection.{version}.ServerReflectionRequest")
    method = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    requests = [Request(host="h", list_services="")]
    requests += [Request(file_by_filename=file.name) for file in SCHEMA.file]
    requests += [Request(file_containing_symbol=name) for name in
                 ("telemetry.v1.TelemetryIngest.StreamFrames", "telemetry.v1.Wheel4f.fl", "no.such.Thing")]
    requests += [Request(all_extension_numbers_of_type="telemetry.v1.Physics"),
                 Request(file_containing_extension={"containing_type": "telemetry.v1.Physics", "extension_number": 7})]
    answers = list(client.call(method, *requests))
    assert [a.original_request for a in answers] == requests
    assert [a.valid_host for a in answers] == ["h"] + [""] * (len(requests) - 1)
    assert sorted(s.name for s in answers[0].list_services_response.service) == SERVICES
    files = [descriptor_pb2.FileDescriptorProto.FromString(a.file_descriptor_response.file_descriptor_proto[0])
             for a in answers[1:len(SCHEMA.file) + 3]]
    assert files[:len(SCHEMA.file)] == list(SCHEMA.file)
    assert [f.name for f in files[-2:]] == ["telemetry/v1/telemetry.proto"] * 2
    symbol, numbers, extension = answers[-3:]
    assert symbol.error_response.error_code == extension.error_response.error_code == 5
    assert numbers.all_extension_numbers_response.base_type_name == "telemetry.v1.Physics"
    assert not numbers.all_extension_numbers_response.extension_number
    raw = client.channel.stream_stream("/" + method)(iter([b"\x22\x05abc"]), timeout=PATIENCE)
    assert code_of(raw) == grpc.StatusCode.INVALID_ARGUMENT


def grpcurl(*words, **options):
    program = os.path.join(helper.GO, "grpcurl")
    if not os.path.exists(program):
        raise helper.Missing("grpcurl is not there: tools/setup.sh test builds it")
    done = subprocess.run([program, "-plaintext", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def json_values(text):
    decoder, at, values = json.JSONDecoder(), 0, []
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return values


def grpcurl_finds_and_calls():
    data = folder("grpcurl")
    with helper.Server(data) as server:
        address = "127.0.0.1:%d" % server.port
        code, said, error = grpcurl(address, "list")
        assert code == 0 and said.split() == SERVICES, (said, error)
        code, said, error = grpcurl(address, "describe", "telemetry.v1.TelemetryIngest.StreamFrames")
        assert code == 0 and "stream .telemetry.v1.TelemetryFrame" in said, (said, error)
        code, said, error = grpcurl(address, "describe", "telemetry.v1.Physics.speed_kmh")
        assert code == 0 and "optional float speed_kmh = 1" in said, (said, error)
        code, said, error = grpcurl(address, "grpc.health.v1.Health/Check")
        assert code == 0 and json.loads(said) == {"status": "SERVING"}, (said, error)
        code, said, error = grpcurl("-d", '{"service": "x"}', address, "grpc.health.v1.Health/Check")
        assert code != 0 and "NotFound" in error, (said, error)
        frames = [{"session_id": "by-hand", "seq": str(n), "monotonic_ns": str(1000 + n), "utc_ns": "1767268800000000000",
                   "physics": {"speed_kmh": 100 + n}, "stat": {"track": "monza", "car_model": "ks_car"}}
                  for n in range(1, 6)]
        code, said, error = grpcurl("-H", "acq-session: by-hand", "-d", "@", address,
                                    "telemetry.v1.TelemetryIngest/StreamFrames",
                                    input="\n".join(map(json.dumps, frames)).encode())
        assert code == 0, error
        assert json_values(said)[-1]["lastSeq"] == "5", said
        assert server.stop() == 0, server.text()
    paths = glob.glob(os.path.join(data, "*.pb.gz"))
    Frame = message("telemetry.v1.TelemetryFrame")
    stored = [Frame.FromString(m) for m in helper.read_recording(paths[0])]
    assert [f.physics.speed_kmh for f in stored] == [101, 102, 103, 104, 105] and len(paths) == 1


try:
    helper.run([health, watches_are_told_of_the_end, reflection, grpcurl_finds_and_calls])
finally:
    folder.__exit__()
