"""What the interop tests share: Python stubs of our schema and of the original project's, recordings, the server."""
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("ACQ_BUILD") or os.path.abspath("build")
SOURCE = os.environ.get("ACQ_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ACQ = os.path.join(BUILD, "acq")
FRAMES = os.path.join(BUILD, "tests", "interop_frames")
PLUGIN = "/usr/bin/grpc_python_plugin"
GO = os.environ.get("ACQ_GO_TOOLS") or os.path.join(SOURCE, "build", "parts", "go")
NODE_MODULES = os.environ.get("ACQ_NODE_MODULES") or os.path.join(SOURCE, "build", "parts", "node", "node_modules")
METHOD = "/telemetry.v1.TelemetryIngest/StreamFrames"

# The original project's schema, as it is published; only the package has another name, because one Python process
# cannot hold two files of one package. Names do not appear in messages.
ORIGINAL = """
syntax = "proto3";
package original.v1;
message Vec3f { float x = 1; float y = 2; float z = 3; }
message Wheel4f { float fl = 1; float fr = 2; float rl = 3; float rr = 4; }
message Physics {
  float speed_kmh = 1; float gas = 2; float brake = 3; float clutch = 4; int32 gear = 5; float steer = 6;
  float engine_rpm = 7;
  Wheel4f tyre_slip = 8; Wheel4f tyre_load = 9; Wheel4f tyre_temp_c = 10; Wheel4f suspension_travel = 11;
  Vec3f acc_g = 12; Vec3f velocity = 13; Vec3f angular_velocity = 14;
}
message Graphics {
  int32 status = 1; int32 completed_laps = 2; int32 position = 3; float i_current_time_s = 4; float i_last_time_s = 5;
  float i_best_time_s = 6; float lap_time_s = 7; float delta_lap_s = 8; float normalized_car_pos = 9;
}
message Static { string car_model = 1; string track = 2; string track_configuration = 3; int32 max_rpm = 4; }
message TelemetryFrame {
  uint64 monotonic_ns = 1; string game = 2; string session_id = 3; Physics physics = 4; Graphics graphics = 5;
  Static stat = 6;
}
message StreamAck { uint64 last_monotonic_ns = 1; }
"""


def skip(why):
    print(why)
    sys.exit(77)


def need(*programs):
    for program in programs:
        if not os.path.exists(program):
            skip("%s is missing" % program)


class Missing(Exception):
    """What a test needs is not there: it is skipped, in these words."""


class Folder:
    """A folder for a test's files, gone behind it."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="acq-interop-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def __call__(self, *parts):
        return os.path.join(self.path, *parts)


def stubs(folder):
    """Makes the Python modules of both schemas in folder("py") and puts that into sys.path."""
    need("/usr/bin/protoc", PLUGIN)
    try:
        import google.protobuf  # noqa: F401
        import grpc  # noqa: F401
    except ImportError as error:
        skip("%s: python3-grpcio and python3-protobuf are needed" % error)
    out = folder("py")
    os.makedirs(os.path.join(out, "original", "v1"))
    with open(os.path.join(out, "original", "v1", "original.proto"), "w") as file:
        file.write(ORIGINAL)
    protoc = ["/usr/bin/protoc", "--python_out", out]
    grpc_out = ["--grpc_python_out", out, "--plugin=protoc-gen-grpc_python=" + PLUGIN]
    ours = os.path.join(SOURCE, "proto")
    subprocess.run(protoc + grpc_out + ["-I", ours, "telemetry/v1/telemetry.proto"], check=True)
    subprocess.run(protoc + ["-I", out, "original/v1/original.proto"], check=True)
    sys.path.insert(0, out)
    return out


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def delimited(messages):
    """The content of a recording: each message behind its length."""
    return b"".join(varint(len(m)) + m for m in messages)


def split(content):
    """The messages of a recording's content, as the original project's reader finds them."""
    at, messages = 0, []
    while at < len(content):
        length = shift = 0
        while True:
            byte = content[at]
            at += 1
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        assert at + length <= len(content), "the recording ends inside a frame"
        messages.append(content[at:at + length])
        at += length
    return messages


def read_recording(path):
    with gzip.open(path, "rb") as file:
        return split(file.read())


def has_end_mark(path):
    """Does our recording end with a whole end member? Its subfield's second byte is the kind."""
    with open(path, "rb") as file:
        data = file.read()
    at = data.rfind(b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff")
    return at >= 0 and data[at + 12:at + 14] == b"AQ" and data[at + 17] == 1 and \
        int.from_bytes(data[at + 20:at + 24], "little") == len(data) - at


class Server:
    """`acq serve` with a data folder; .port is where it listens."""

    def __init__(self, data, *options, listen="127.0.0.1:0", preexec_fn=None):
        self.process = subprocess.Popen([ACQ, "serve", "--listen", listen, "--data", data] + list(options),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, preexec_fn=preexec_fn)
        # through a pipe, so that a limit on the size of files does not count for what it says
        self.lines = b""
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()
        end = time.monotonic() + 60
        while True:
            found = re.search(r"listening on \S+:(\d+)", self.text())
            if found:
                break
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise AssertionError("the server does not listen: " + self.text())
            time.sleep(0.01)
        self.port = int(found.group(1))

    def listen(self):
        for line in self.process.stderr:
            self.lines += line

    def text(self):
        if self.process.poll() is not None:
            self.reader.join()
        return self.lines.decode()

    def stop(self):
        """SIGTERM. Returns the exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        self.reader.join()
        self.process.stderr.close()


def run(tests):
    """Runs the functions, each by its name; exit code 1 when one fails, 77 when one was skipped."""
    import traceback
    failures, skipped = 0, []
    for test in tests:
        begin = time.monotonic()
        try:
            test()
            print("ok      %s (%.1f s)" % (test.__name__, time.monotonic() - begin), flush=True)
        except Missing as why:
            skipped.append("%s: %s" % (test.__name__, why))
            print("skipped %s" % skipped[-1], flush=True)
        except Exception:
            traceback.print_exc()
            print("FAILED  %s" % test.__name__, flush=True)
            failures += 1
    print("%d of %d passed%s" % (len(tests) - failures - len(skipped), len(tests),
                                 "".join("; skipped " + why for why in skipped)))
    sys.exit(1 if failures else 77 if skipped else 0)
