#!/usr/bin/env python3
"""Other gRPCs stream to our server: Go's, Node's, and Python's. Each sends 100,000 frames as fast as it can, and what
the server acked, what the client counted and what is in the recording agree; so they do after a cut, after the server's
death, and with gzip."""
import glob
import json
import os
import shutil
import subprocess
import time

import helper

FRAMES = 100000
CUT, CUT_FRAMES = 6000, 15000
GZIP_FRAMES = 5000
PATIENCE = 240

folder = helper.Folder().__enter__()
helper.need(helper.ACQ, helper.FRAMES)
stubs = helper.stubs(folder)
here = os.path.dirname(os.path.abspath(__file__))
environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
environment["ACQ_NODE_MODULES"] = helper.NODE_MODULES
descriptors = folder("telemetry.descriptors")
subprocess.run(["/usr/bin/protoc", "-I", os.path.join(helper.SOURCE, "proto"), "--descriptor_set_out", descriptors,
                "telemetry/v1/telemetry.proto"], check=True)


def go(address, frames, session, cut, encoding):
    program = os.path.join(helper.GO, "client")
    if not os.path.exists(program):
        raise helper.Missing("Go's gRPC is not there: tools/setup.sh test builds it")
    return [program, "-address", address, "-descriptors", descriptors, "-frames", frames, "-session", session,
            "-cut", str(cut)] + (["-gzip"] if encoding == "gzip" else [])


def node(address, frames, session, cut, encoding):
    if not shutil.which("node") or not os.path.isdir(os.path.join(helper.NODE_MODULES, "@grpc", "grpc-js")):
        raise helper.Missing("Node's gRPC is not there: tools/setup.sh test fetches it")
    return ["node", os.path.join(here, "client.mjs"), address, os.path.join(helper.SOURCE, "proto"), frames, session,
            str(cut), encoding]


def python(address, frames, session, cut, encoding):
    return ["/usr/bin/python3", os.path.join(here, "client.py"), address, stubs, frames, session, str(cut), encoding]


def start(client, server, frames, session, cut=0, encoding="identity"):
    command = client("127.0.0.1:%d" % server.port, frames, session, cut, encoding)
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)


def result_of(process):
    """Waits for a client; returns what it says."""
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, "%s ended with %d" % (process.args[0], process.returncode)
    return json.loads(said.decode())


def stream(*arguments, **options):
    return result_of(start(*arguments, **options))


def write_frames(session, count):
    """A file of frames, each behind its length. Returns its path and the frames."""
    path = folder(session + ".frames")
    with open(path, "wb") as file:
        subprocess.run([helper.FRAMES, "stream", session, str(count)], stdout=file, check=True)
    with open(path, "rb") as file:
        return path, helper.split(file.read())


def check_result(result, first, last):
    assert result["code"] == 0, "status %(code)d: %(message)s" % result
    assert result["hello"] == first and result["sent"] == last - first, result
    assert result["rising"] and 0 < result["acks"] <= last - first, result
    assert result["last_seq"] == last and result["last_monotonic_ns"] == 10**9 + last * 3000000, result


def check_recording(data, frames):
    """The only recording in data holds each frame once, in order; the first of a member has context behind it."""
    paths = glob.glob(os.path.join(data, "*.pb.gz"))
    assert len(paths) == 1, paths
    stored = helper.read_recording(paths[0])
    assert len(stored) == len(frames), "%d frames recorded of %d" % (len(stored), len(frames))
    for i, (a, b) in enumerate(zip(stored, frames)):
        assert a.startswith(b), "frame %d differs" % (i + 1)


def streams(client, session):
    data = folder(session)
    path, frames = write_frames(session, FRAMES)
    with helper.Server(data) as server:
        result = stream(client, server, path, session)
        check_result(result, 0, FRAMES)
        assert server.stop() == 0, server.text()
    check_recording(data, frames)
    print("        %.0f frames/s, %d acks" % (FRAMES / result["seconds"], result["acks"]))
    os.unlink(path)
    shutil.rmtree(data)


def is_cut_and_resumes(client, session):
    """Nothing acked is lost, and what was on its way is sent again or was taken, once."""
    data = folder(session)
    path, frames = write_frames(session, CUT_FRAMES)
    with helper.Server(data) as server:
        cut = stream(client, server, path, session, CUT)
        assert cut["hello"] == 0 and cut["sent"] == CUT and cut["code"] == -1 and cut["rising"], cut
        result = stream(client, server, path, session)
        assert cut["last_seq"] <= result["hello"] <= CUT, (cut, result)
        check_result(result, result["hello"], CUT_FRAMES)
        assert server.stop() == 0, server.text()
    check_recording(data, frames)


def outlives_the_server(client, session):
    """The server is killed while it takes frames: what it acked is there when it is back, the rest is sent again."""
    data = folder(session)
    path, frames = write_frames(session, CUT_FRAMES)
    with helper.Server(data) as server:
        process = start(client, server, path, session)
        end = time.monotonic() + PATIENCE
        while "session=" + session not in server.text() and process.poll() is None and \
                time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(0.05)  # any moment will do
        server.kill()
        broken = result_of(process)
        assert broken["rising"], broken  # what status a client gives a connection that broke is its own matter
    with helper.Server(data) as server:
        result = stream(client, server, path, session)
        assert broken["last_seq"] <= result["hello"] <= broken["sent"], (broken, result)
        if result["hello"] < CUT_FRAMES:
            check_result(result, result["hello"], CUT_FRAMES)
        assert server.stop() == 0, server.text()
    check_recording(data, frames)


def compresses(client, session):
    data = folder(session)
    path, frames = write_frames(session, GZIP_FRAMES)
    with helper.Server(data) as server:
        check_result(stream(client, server, path, session, encoding="gzip"), 0, GZIP_FRAMES)
        assert server.stop() == 0, server.text()
    check_recording(data, frames)


def test(what, client):
    def run():
        what(client, "%s-%s" % (client.__name__, what.__name__.replace("_", "-")))
    run.__name__ = "%s_%s" % (client.__name__, what.__name__)
    return run


try:
    helper.run([test(what, client) for what in (streams, is_cut_and_resumes, outlives_the_server, compresses)
                for client in (go, node, python)])
finally:
    folder.__exit__()
