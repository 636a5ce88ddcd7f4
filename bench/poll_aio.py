"""poll_aio.py PREFIX PORT - what a bridge is in Python as one writes it: looks at the game's pages 333 times a second,
fills the fields of the original project's message, and streams them by grpc.aio. It does not record."""
import asyncio
import mmap
import os
import struct
import sys
import time
import uuid

import grpc

from telemetry.v1 import telemetry_pb2 as pb

PERIOD_S = 0.003
STREAM_FRAMES = "/telemetry.v1.TelemetryIngest/StreamFrames"


def page(prefix, name):
    fd = os.open("/dev/shm/%s_%s" % (prefix, name), os.O_RDONLY)
    return mmap.mmap(fd, 0, prot=mmap.PROT_READ)


def text(data, at, units):
    return data[at:at + 2 * units].decode("utf-16-le").split("\0")[0]


def wheels(data, at):
    fl, fr, rl, rr = struct.unpack_from("<4f", data, at)
    return pb.Wheel4f(fl=fl, fr=fr, rl=rl, rr=rr)


def vector(data, at):
    x, y, z = struct.unpack_from("<3f", data, at)
    return pb.Vec3f(x=x, y=y, z=z)


def read_physics(p):
    _, gas, brake, _, gear, rpm, steer, speed = struct.unpack_from("<ifffiiff", p)
    return pb.Physics(speed_kmh=speed, gas=gas, brake=brake, clutch=1 - struct.unpack_from("<f", p, 364)[0],
                      gear=gear - 1, steer=steer, engine_rpm=rpm, tyre_slip=wheels(p, 56), tyre_load=wheels(p, 72),
                      tyre_temp_c=wheels(p, 152), suspension_travel=wheels(p, 184), acc_g=vector(p, 44),
                      velocity=vector(p, 32), angular_velocity=vector(p, 296))


def read_graphics(g):
    laps, position, now, last, best = struct.unpack_from("<5i", g, 132)
    return pb.Graphics(status=struct.unpack_from("<i", g, 4)[0], completed_laps=laps, position=position,
                       i_current_time_s=now / 1000, i_last_time_s=last / 1000, i_best_time_s=best / 1000,
                       normalized_car_pos=struct.unpack_from("<f", g, 248)[0])


def read_static(s):
    return pb.Static(car_model=text(s, 68, 33), track=text(s, 134, 33), track_configuration=text(s, 524, 33),
                     max_rpm=struct.unpack_from("<i", s, 412)[0])


async def read_acks(call):
    async for _ in call:
        pass


async def main(prefix, port):
    physics, graphics, static = (page(prefix, name) for name in ("physics", "graphics", "static"))
    session, last = str(uuid.uuid4()), None
    async with grpc.aio.insecure_channel("127.0.0.1:" + port) as channel:
        call = channel.stream_stream(STREAM_FRAMES, pb.TelemetryFrame.SerializeToString, pb.StreamAck.FromString)()
        acks = asyncio.create_task(read_acks(call))
        due = time.monotonic()
        while not acks.done():
            step = physics[:4]
            if step != last:
                last = step
                await call.write(pb.TelemetryFrame(
                    monotonic_ns=time.monotonic_ns(), game="assetto_corsa", session_id=session,
                    physics=read_physics(physics[:]), graphics=read_graphics(graphics[:]), stat=read_static(static[:])))
            due += PERIOD_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
