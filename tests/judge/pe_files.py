"""PE files made by code, and what a careless or hostile hand makes of them."""
import random
import struct

BASE, RAW = 0x1000, 0x400
EDGES = [0, 1, 2, 4, 16, 17, 0x7F, 0x80, 0xFF, 0x200, 0x10B, 0x20B, 0x1000, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF,
         0x80000000, 0xFFFFFFFF]


class Image:
    """One section, filled from its start; addresses are those of memory."""

    def __init__(self):
        self.data = bytearray()

    def here(self):
        return BASE + len(self.data)

    def put(self, raw):
        while len(self.data) % 4:
            self.data.append(0)
        at = self.here()
        self.data += raw
        return at


def imports(image, libraries, is_64):
    width, flag = ("<Q", 1 << 63) if is_64 else ("<I", 1 << 31)
    rows = []
    for name, functions in libraries:
        thunks = [flag | f if isinstance(f, int) else image.put(struct.pack("<H", 0) + f.encode() + b"\0")
                  for f in functions]
        table = b"".join(struct.pack(width, t) for t in [*thunks, 0])
        names, addresses = image.put(table), image.put(table)
        rows.append((names, 0, 0, image.put(name.encode() + b"\0"), addresses))
    raw = b"".join(struct.pack("<5I", *row) for row in [*rows, (0,) * 5])
    return image.put(raw), len(raw)


def delayed(image, name, functions, is_64):
    width = "<Q" if is_64 else "<I"
    thunks = [image.put(struct.pack("<H", 0) + f.encode() + b"\0") for f in functions]
    table = b"".join(struct.pack(width, t) for t in [*thunks, 0])
    row = (1, image.put(name.encode() + b"\0"), 0, image.put(table), image.put(table), 0, 0, 0)
    return image.put(struct.pack("<8I", *row) + bytes(32)), 64


def exports(image, name, functions):
    at = [image.put(f.encode() + b"\0") for f in functions]
    addresses = image.put(b"".join(struct.pack("<I", BASE + 4 * i) for i in range(len(at) + 1)))
    names = image.put(b"".join(struct.pack("<I", a) for a in at))
    numbers = image.put(b"".join(struct.pack("<H", i) for i in range(len(at) + 1)))
    title = image.put(name.encode() + b"\0")
    return image.put(struct.pack("<IIHHIIIIIII", 0, 0x5F000000, 0, 0, title, 3, len(at) + 1, len(at), addresses,
                                 names, numbers)), 40


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def block(key, value=b"", value_length=0, children=()):
    body = wide(key)
    body += bytes(-(6 + len(body)) % 4) + value
    for child in children:
        body += bytes(-(6 + len(body)) % 4) + child
    return struct.pack("<HHH", 6 + len(body), value_length, 1) + body


def version(strings):
    rows = [block(k, wide(v), len(v) + 1) for k, v in strings.items()]
    table = block("040904b0", children=rows)
    return block("VS_VERSION_INFO", bytes(52), 52, [block("StringFileInfo", children=[table])])


def resources(image, items):
    """One directory a level, one entry each: (type, name, language, bytes)."""
    data = [(image.put(raw), len(raw)) for *_, raw in items]
    start = image.here() + (-len(image.data) % 4)
    size = 16 + 8 * len(items)
    out, tail = bytearray(struct.pack("<IIHHHH", 0, 7, 1, 2, 0, len(items))), bytearray()
    for (kind, name, language, _), (rva, length) in zip(items, data):
        first = size + len(tail)
        out += struct.pack("<II", kind, 0x80000000 | first)
        tail += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, name, 0x80000000 | first + 24)
        tail += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, language, first + 48)
        tail += struct.pack("<IIII", rva, length, 0, 0)
    assert image.put(bytes(out + tail)) == start
    return start, len(out) + len(tail)


def rich(pairs, key):
    words = [0x536E6144, 0, 0, 0] + [w for tool, count in pairs for w in (tool, count)]
    return b"".join(struct.pack("<I", w ^ key) for w in words) + struct.pack("<II", 0x68636952, key)


def make(is_64=False, overlay=b""):
    image = Image()
    dirs = [(0, 0)] * 16
    image.put(bytes(64))
    dirs[1] = imports(image, [("KERNEL32.dll", ["ExitProcess", "CreateFileA", "GetProcAddress"]),
                              ("ws2_32.dll", [1, 2, 116]), ("oleaut32.dll", [2, 6]), ("odd name.x", ["a?b"])], is_64)
    dirs[13] = delayed(image, "shell32.dll", ["ShellExecuteA", "x"], is_64)
    dirs[0] = exports(image, "made.dll", ["first", "second", "DllMain"])
    dirs[2] = resources(image, [(3, 1, 0x409, b"icon" * 9), (16, 1, 0x407, version({"CompanyName": "Nobody",
                        "OriginalFilename": "made.exe"})), (24, 1, 0, b"<assembly/>")])
    path = image.put(b"RSDS" + bytes(16) + struct.pack("<I", 1) + b"c:\\made\\made.pdb\0")
    dirs[6] = image.put(struct.pack("<IIHHIIII", 0, 0, 0, 0, 2, 42, path, 0)), 28
    raw = image.data + bytes(-len(image.data) % 0x200)
    stub = b"MZ" + bytes(58) + struct.pack("<I", 0xC0)
    stub += rich([(0x00937809, 3), (0x01045E97, 12)], 0x5A3C19F1)
    stub += bytes(0xC0 - len(stub))
    head = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664 if is_64 else 0x14C, 2, 0x5F000000, 0, 0,
                       240 if is_64 else 224, 0x2102)
    words = "QQQQ" if is_64 else "IIII"
    optional = struct.pack("<HBBIIIII", 0x20B if is_64 else 0x10B, 14, 16, 0x200, 0x200, 0, BASE + 16, BASE)
    optional += b"" if is_64 else struct.pack("<I", 0x2000)
    optional += struct.pack("<Q" if is_64 else "<I", 0x400000)
    optional += struct.pack("<IIHHHHHHIIIIHH" + words + "II", 0x1000, 0x200, 6, 1, 2, 3, 5, 1, 0, 0x4000, RAW, 0, 3,
                            0x8140, 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    optional += b"".join(struct.pack("<II", *d) for d in dirs)
    sections = struct.pack("<8sIIIIIIHHI", b".text", len(image.data), BASE, len(raw), RAW, 0, 0, 0, 0, 0x60000020)
    sections += struct.pack("<8sIIIIIIHHI", b".bss", 0x1000, 0x3000, 0, 0, 0, 0, 0, 0, 0xC0000080)
    out = stub + head + optional + sections
    return bytes(out + bytes(RAW - len(out)) + raw + overlay)


def spoil(good, chance):
    """Numbers turned into others where parsers look."""
    data = bytearray(good)
    nt = struct.unpack_from("<I", data, 60)[0]
    places = [(nt, 300), (RAW, len(data) - RAW), (0x40, 0x80)]
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        start, length = chance.choice(places)
        width = chance.choice([1, 2, 4, 4])
        at = (start + chance.randrange(max(length, 1))) & ~(width - 1)
        if at + width > len(data):
            continue
        value = chance.choice([chance.choice(EDGES), chance.getrandbits(32),
                               int.from_bytes(data[at:at + width], "little") + chance.choice([-4, -1, 1, 4, 256])])
        data[at:at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    if chance.random() < 0.15:
        data = data[:chance.randrange(len(data))]
    return bytes(data)
