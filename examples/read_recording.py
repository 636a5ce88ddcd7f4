#!/usr/bin/env python3
"""Reads a recording of acq in plain Python, as docs/recording.md describes it: some channels as CSV, or what it holds.

  read_recording.py drive.pb.gz --from 30 --to 31.5    seconds since the first frame; other members are passed over
  read_recording.py drive.pb.gz --list                 the members, by their headers alone
"""
import argparse
import struct
import zlib

HEADER = struct.Struct("<16xBBHIIIQqqqiiIIII12H12xI")  # a member's first 128 bytes
COLUMNS = {"speed_kmh": (4, 1), "gas": (4, 2), "brake": (4, 3), "gear": (4, 5), "rpm": (4, 7), "lap": (5, 2)}  # fields


def members(file):
    place = 0
    while len(head := file.read(128)) == 128:
        version, kind, flags, size, raw_size, count, seq, first_t, last_t, *_, crc = HEADER.unpack(head)
        if head[:4] != b"\x1f\x8b\x08\x04" or head[12:14] != b"AQ" or crc != zlib.crc32(head[16:124]):
            raise SystemExit(f"at byte {place} no member begins: the file is damaged, or not of this format")
        yield place, size, kind, count, seq, first_t, last_t
        place += size
        file.seek(place)


def varint(data, at):
    value = shift = 0
    while data[at] > 127:
        value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
    value |= data[at] << shift
    return value - (value >> 63 << 64), at + 1


def fields(data):  # a message as {number: value}: integers, floats; texts and messages as bytes
    at, found = 0, {}
    while at < len(data):
        key, at = varint(data, at)
        size, at = {0: (0, at), 1: (8, at), 5: (4, at)}.get(key & 7) or varint(data, at)
        raw, at = (data[at:at + size], at + size) if key & 7 else varint(data, at)
        found[key >> 3] = struct.unpack("<f", raw)[0] if key & 7 == 5 else raw
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=argparse.FileType("rb"))
    parser.add_argument("--from", dest="first", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--to", dest="last", type=float, default=float("inf"), metavar="SECONDS")
    parser.add_argument("--list", action="store_true")
    options, begin = parser.parse_args(), None
    print("at,size,kind,frames,first_seq,first_t_ns,last_t_ns" if options.list else ",".join(["seq", "t_s", *COLUMNS]))
    for place, size, kind, count, seq, first_t, last_t in members(options.file):
        begin = first_t if begin is None else begin
        if options.list:
            print(place, size, kind, count, seq, first_t, last_t, sep=",")
        elif (last_t - begin) / 1e9 >= options.first and (first_t - begin) / 1e9 < options.last:
            content, at = zlib.decompress(options.file.read(size - 128 - 8), -15), 0
            while at < len(content):
                length, at = varint(content, at)
                frame, at = fields(content[at:at + length]), at + length
                t, groups = (frame[1] - begin) / 1e9, {n: fields(frame.get(n, b"")) for n in (4, 5)}
                if options.first <= t < options.last:
                    print(frame[16], f"{t:.9f}", *(groups[n].get(field, "") for n, field in COLUMNS.values()), sep=",")


if __name__ == "__main__":
    main()
