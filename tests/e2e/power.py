"""power.py - for the tests of the server: what a power cut leaves of its files. power.c, preloaded into the server, notes what
the server does to them; from that follows what the disk is bound to have, and what it may have besides.

Bound to be there: bytes that were written before a sync of their file began that has ended, under a name that was in its
folder when that was synced. All else may be there or not: later bytes, page by page and in any order; later names, in
their order.
"""
import os
import struct
import subprocess

PAGE = 4096
HEADER = struct.Struct("<QQQIc")


def build(source, folder):
    """The library to be preloaded, or None without a compiler."""
    library = folder / "power.so"
    try:
        made = subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"])
    except FileNotFoundError:
        return None
    return library if made.returncode == 0 else None


class File:
    def __init__(self, content=b""):
        self.bytes, self.later, self.syncs = bytearray(content), [], {}

    def do(self, op, at, data):
        if op == b"T":
            del self.bytes[at:]
        self.bytes.extend(bytes(max(0, at - len(self.bytes))))
        self.bytes[at:at + len(data)] = data

    def sync(self, thread):
        count = self.syncs.pop(thread)
        for op in self.later[:count]:
            self.do(*op)
        del self.later[:count]
        self.syncs = {other: max(0, n - count) for other, n in self.syncs.items()}

    def cut(self, dice):
        """The later bytes: none, all, or some pages of some of them."""
        keep = dice.choice((0.0, 1.0, 0.5))
        for op, at, data in self.later:
            if op != b"W":
                if dice.random() < keep:
                    self.do(op, at, data)
                continue
            edges = [at, *range((at // PAGE + 1) * PAGE, at + len(data), PAGE), at + len(data)]
            for begin, end in zip(edges, edges[1:]):
                if dice.random() < keep:
                    self.do(op, begin, data[begin - at:end - at])


class Disk:
    """The files of a folder as they are on the disk now, before a server starts; then what a journal makes of them."""

    def __init__(self, folder):
        self.folder, self.names, self.later, self.by_number, self.folders = folder, {}, [], {}, {}
        for path in folder.rglob("*"):
            if path.is_file():
                self.names[path] = self.by_number[path.stat().st_ino] = File(path.read_bytes())

    def play(self, journal):
        data, at = journal.read_bytes(), 0
        self.folders = {path.stat().st_ino: path for path in [self.folder, *self.folder.rglob("*")] if path.is_dir()}
        while at + HEADER.size <= len(data):
            number, where, thread, size, what = HEADER.unpack_from(data, at)
            content = data[at + HEADER.size:at + HEADER.size + size]
            at += HEADER.size + size
            if len(content) == size:
                self.note(what, number, where, thread, content)

    def note(self, what, number, where, thread, content):
        file = self.by_number.get(number)
        if what in (b"W", b"T", b"A"):
            file.later.append((what, where, content))
        elif what == b"B":
            file.syncs[thread] = len(file.later)
        elif what == b"S":
            file.sync(thread)
        elif what == b"D":
            of_it = [op for op in self.later if os.path.dirname(op[1]) == str(self.folders[number])]
            self.later = [op for op in self.later if op not in of_it]
            for op in of_it:
                self.rename(*op)
        elif what == b"N":
            self.by_number[number] = File()
            self.later.append((what, content.decode(), self.by_number[number]))
        else:
            self.later.append((what, *(content.decode() + "\0").split("\0")[:2]))

    def rename(self, what, path, to):
        path = self.folder / path
        if what == b"N":
            self.names[path] = to
        elif what == b"U":
            self.names.pop(path, None)
        elif path in self.names:
            self.names[self.folder / to] = self.names.pop(path)

    def cut(self, folder, dice):
        """Writes into a new folder what is left."""
        for op in self.later[:dice.randint(0, len(self.later))]:
            self.rename(*op)
        for path, file in self.names.items():
            file.cut(dice)
            new = folder / path.relative_to(self.folder)
            new.parent.mkdir(parents=True, exist_ok=True)
            with open(new, "wb") as out:
                out.write(file.bytes.rstrip(b"\0"))
                out.truncate(len(file.bytes))
