"""What a Windows program says of itself: flags, imports, resources. Source: Microsoft, "PE Format"."""
import struct

CONSOLE = 3
HIGH_ENTROPY_VA, DYNAMIC_BASE, NX_COMPAT = 0x20, 0x40, 0x100
RT_VERSION, RT_MANIFEST = 16, 24
EXPORTS, IMPORTS, RESOURCES, RELOCATIONS, DEBUG, DELAYED_IMPORTS = 0, 1, 2, 5, 6, 13


class Program:
    """One PE32+ file."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        if self.bytes[:2] != b"MZ":
            raise ValueError(f"{path} is no Windows program")
        head = self.at(0x3C, "I")[0]
        if self.bytes[head:head + 4] != b"PE\0\0":
            raise ValueError(f"{path} has no PE header")
        self.machine, sections, self.time, _, self.symbols, optional, self.flags = self.at(head + 4, "HHIIIHH")
        option = head + 24
        if self.at(option, "H")[0] != 0x20B:
            raise ValueError(f"{path} is no 64-bit program")
        self.subsystem, self.dll_flags = self.at(option + 68, "HH")
        count = self.at(option + 108, "I")[0]
        self.directories = [self.at(option + 112 + 8 * i, "II") for i in range(count)]
        self.sections = [self.at(option + optional + 40 * i, "8sIIII") for i in range(sections)]

    def at(self, offset, layout):
        return struct.unpack_from("<" + layout, self.bytes, offset)

    def section_names(self):
        return [s[0].rstrip(b"\0").decode() for s in self.sections]

    def offset(self, address):
        """Where in the file what the program has at that address is."""
        for _, size, start, stored, place in self.sections:
            if start <= address < start + min(size, stored):
                return place + address - start
        raise ValueError(f"nothing of the file is at {address:#x}")

    def has(self, directory):
        return self.directories[directory][1] > 0

    def text(self, address):
        start = self.offset(address)
        return self.bytes[start:self.bytes.index(b"\0", start)].decode("ascii")

    def imports(self):
        """The names of the DLLs, in small letters."""
        names, place = [], self.offset(self.directories[IMPORTS][0])
        while (name := self.at(place, "IIIII")[3]) != 0:
            names.append(self.text(name).lower())
            place += 20
        return names

    def resource(self, kind):
        """The bytes of the first resource of a kind: three levels of folders, kind, name, language."""
        root = self.offset(self.directories[RESOURCES][0])
        place, wanted = root, kind
        for _ in range(3):
            named, numbered = self.at(place + 12, "HH")
            entries = [self.at(place + 16 + 8 * i, "II") for i in range(named + numbered)]
            found = [below for name, below in entries if wanted in (None, name)]
            if not found:
                return None
            place, wanted = root + (found[0] & 0x7FFFFFFF), None
        address, size = self.at(place, "II")
        start = self.offset(address)
        return self.bytes[start:start + size]


def blocks(data, start, end):
    """The blocks of a version resource between two places: name, value, where what it holds begins and ends."""
    while start + 6 <= end:
        length, size, is_text = struct.unpack_from("<HHH", data, start)
        if length < 6:
            raise ValueError("a block of the version resource has no length")
        name_end = start + 6
        while data[name_end:name_end + 2] != b"\0\0":
            name_end += 2
        value = (name_end + 2 + 3) & ~3
        value_end = value + size * (2 if is_text else 1)
        yield data[start + 6:name_end].decode("utf-16-le"), data[value:value_end], (value_end + 3) & ~3, start + length
        start = (start + length + 3) & ~3


def version(data):
    """A version resource: its four numbers, its texts by name."""
    (_, fixed, inner, end), = blocks(data, 0, len(data))
    signature, _, high, low = struct.unpack_from("<IIII", fixed)
    if signature != 0xFEEF04BD:
        raise ValueError("the version resource has no fixed part")
    texts = {}
    for name, _, first, last in blocks(data, inner, end):
        if name == "StringFileInfo":
            for _, _, a, b in blocks(data, first, last):
                texts.update((n, v.decode("utf-16-le").rstrip("\0")) for n, v, _, _ in blocks(data, a, b))
    return (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF), texts
