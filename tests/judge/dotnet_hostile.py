"""PE files with .NET metadata whose numbers lie (see fields.py): heads, streams, tables of narrow and wide indexes, heaps,
signatures. And some ideas beyond numbers."""
import random
import struct

from fields import Made, cases as lies

BASE, RAW = 0x2000, 0x200


class Heaps:
    def __init__(self):
        self.strings, self.blobs, self.guids, self.user = bytearray(b"\0"), bytearray(b"\0"), bytearray(), bytearray(b"\0")
        self.places = []  # of bytes in the heap of blobs that may lie

    def s(self, text):
        at = len(self.strings)
        self.strings += text.encode() + b"\0"
        return at

    def b(self, raw):
        at = len(self.blobs)
        self.places.append((at, 1 + min(len(raw), 12)))
        self.blobs += (bytes([len(raw)]) if len(raw) < 0x80 else struct.pack(">H", 0x8000 | len(raw))) + raw
        return at

    def g(self):
        self.guids += bytes(range(len(self.guids) % 200, len(self.guids) % 200 + 16))
        return len(self.guids) // 16

    def u(self, text):
        raw = text.encode("utf-16-le") + b"\0"
        self.user += (bytes([len(raw)]) if len(raw) < 0x80 else struct.pack(">H", 0x8000 | len(raw))) + raw


def tables(h):
    """Number of the table: its rows, each a list of (kind, value); s, g, b are indexes of heaps, 2 and 4 numbers, x indexes of
    tables, which have 2 bytes here, as there are few rows."""
    typelib = b"\x01\x00\x24" + b"12345678-1234-1234-1234-123456789abc" + b"\0\0"
    method = lambda name, signature, params, flags=0x86, rva=0x2050: [  # noqa: E731
        ("4", rva), ("2", 0), ("2", flags), ("s", h.s(name)), ("b", h.b(signature)), ("x", params)]
    cls = lambda flags, name, space, extends, fields, methods: [  # noqa: E731
        ("4", flags), ("s", h.s(name)), ("s", h.s(space) if space else 0), ("x", extends), ("x", fields), ("x", methods)]
    return {
        0x00: [[("2", 0), ("s", h.s("module.exe")), ("g", h.g()), ("g", 0), ("g", 0)]],
        0x01: [[("x", 6), ("s", h.s("Object")), ("s", h.s("System"))],
               [("x", 6), ("s", h.s("GuidAttribute")), ("s", h.s("System.Runtime.InteropServices"))],
               [("x", 2 << 2 | 3), ("s", h.s("Inner")), ("s", 0)], [("x", 6), ("s", h.s("List`1")), ("s", h.s("System.C"))]],
        0x02: [cls(0, "<Module>", "", 0, 1, 1), cls(0x100001, "Program", "Space", 1 << 2 | 1, 1, 1),
               cls(0x2, "Nested`1", "", 1 << 2 | 1, 2, 4), cls(0xA1, "IFace", "Space.Deep", 0, 3, 6),
               cls(0x1A3, "Deeper", "Odd", 2 << 2, 3, 7), cls(0x101, "Last", "Space", 1 << 2 | 2, 3, 9)],
        0x04: [[("2", 6), ("s", h.s("field")), ("b", h.b(b"\x06\x08"))], [("2", 6), ("s", h.s("other")), ("b", h.b(b"\x06\x0e"))]],
        0x06: [method("Main", b"\x00\x01\x01\x1d\x0e", 1, 0x96), method(".ctor", b"\x20\x00\x01", 2, 0x1886),
               method("Take", b"\x20\x04\x08\x0f\x01\x10\x0e\x12\x05\x11\x09", 2, 0x46),
               method("Generic", b"\x30\x01\x02\x1e\x00\x13\x00\x15\x12\x11\x01\x08", 6, 0x3C6),
               method("Arrays", b"\x20\x03\x01\x14\x08\x02\x00\x00\x14\x0e\x03\x02\x05\x7f\x02\x02\x00\x1d\x1d\x1c", 8, 0x1C1),
               method("Pointer", b"\x20\x01\x01\x1b\x00\x02\x08\x0e\x0a", 11, 0x5C3),
               method("Modified", b"\x20\x02\x20\x05\x1f\x09\x08\x45\x0e\x16", 12, 0x3),
               method("Spec", b"\x20\x01\x12\x02\x12\x06", 14, 0x4), method("Empty", b"\x20\x00\x01", 0, 0x7)],
        0x08: [[("2", 0), ("2", i), ("s", h.s(f"argument{i}"))] for i in range(14)],
        0x09: [[("x", 2), ("x", 4 << 2)], [("x", 5), ("x", 4 << 2)], [("x", 2), ("x", 1 << 2 | 2)]],
        0x0A: [[("x", 2 << 3 | 1), ("s", h.s(".ctor")), ("b", h.b(b"\x20\x01\x01\x0e"))],
               [("x", 1 << 3 | 1), ("s", h.s("ToString")), ("b", h.b(b"\x20\x00\x0e"))]],
        0x0B: [[("2", 0x0E), ("x", 4), ("b", h.b("constant".encode("utf-16-le")))], [("2", 0x08), ("x", 8), ("b", h.b(b"\1\0\0\0"))],
               [("2", 0x0E), ("x", 4), ("b", h.b(b"x" * 200))]],
        0x0C: [[("x", 1 << 5 | 14), ("x", 2 << 3 | 3), ("b", h.b(b"\x01\x00\0\0"))],
               [("x", 1 << 5 | 14), ("x", 1 << 3 | 3), ("b", h.b(typelib))], [("x", 1 << 5 | 3), ("x", 1 << 3 | 3), ("b", h.b(typelib))]],
        0x1A: [[("s", h.s("user32.dll"))], [("s", h.s("kernel32"))]],
        0x1B: [[("b", h.b(b"\x15\x12\x11\x01\x0e"))], [("b", h.b(b"\x15\x12\x08\x02\x12\x06\x1c"))], [("b", h.b(b"\x1d\x12\x0a"))]],
        0x1D: [[("4", 0x2010), ("x", 1)], [("4", 0x2100), ("x", 2)], [("4", 0xFFFF0000), ("x", 2)]],
        0x20: [[("4", 0x8004), ("2", 1), ("2", 2), ("2", 3), ("2", 4), ("4", 0), ("b", 0), ("s", h.s("assembly")), ("s", h.s("en"))]],
        0x23: [[("2", 4), ("2", 0), ("2", 0), ("2", 0), ("4", 0), ("b", h.b(b"\xb7\x7a\x5c\x56\x19\x34\xe0\x89")), ("s", h.s("mscorlib")),
                ("s", 0), ("b", 0)],
               [("2", 2), ("2", 1), ("2", 9), ("2", 9), ("4", 0), ("b", 0), ("s", h.s("Other")), ("s", 0), ("b", 0)]],
        0x28: [[("4", 0), ("4", 1), ("s", h.s("resource.one")), ("x", 0)], [("4", 0x20), ("4", 2), ("s", h.s("resource.two")), ("x", 0)],
               [("4", 0), ("4", 1), ("s", h.s("elsewhere")), ("x", 1 << 2)]],
        0x29: [[("x", 3), ("x", 2)], [("x", 5), ("x", 3)]],
        0x2A: [[("2", 0), ("2", 0), ("x", 3 << 1), ("s", h.s("T"))], [("2", 0), ("2", 0), ("x", 4 << 1 | 1), ("s", h.s("TMethod"))],
               [("2", 1), ("2", 0), ("x", 4 << 1 | 1), ("s", h.s("U"))]],
        0x2C: [[("x", 1), ("x", 1 << 2)]],
    }


def made(is_64=False, heap_flags=0, without=(), names=(b"#~", b"#Strings", b"#US", b"#GUID", b"#Blob")):
    h, m = Heaps(), Made()
    rows = {k: v for k, v in tables(h).items() if k not in without}
    h.g()
    for text in ("first", "", "zweite Zeichenkette", "x" * 100):
        h.u(text)
    m.raw(b"MZ" + bytes(58) + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0")
    m.put("H", machine=0x8664 if is_64 else 0x14C, sections=1)
    m.raw(bytes(12))
    m.put("H", optional=240 if is_64 else 224, characteristics=0x102, magic=0x20B if is_64 else 0x10B)
    m.raw(bytes(106 if is_64 else 90))
    m.put("I", directories=16)
    for i in range(16):
        if i == 14:
            m.put("I", clr_rva=BASE + 8, clr_size=72)
        else:
            m.raw(bytes(8))
    m.raw(b".text\0\0\0")
    m.put("I", vsize=0x2000, vaddress=BASE, rawsize=0x2000, rawat=RAW)
    m.raw(bytes(RAW - m.here()) + bytes(8))
    m.put("I", clr_cb=72)
    m.put("H", clr_major=2, clr_minor=5)
    m.put("I", metadata_rva=0, metadata_size=0, clr_flags=1, token=0x6000001, resources_rva=0, resources_size=0x80)
    m.raw(bytes(40))
    m.set("resources_rva", BASE + m.here() - RAW)
    m.put("I", resource1=12)
    m.raw(b"resource one" + bytes(16))
    m.put("I", resource2=0x11)
    m.raw(b"resource two too!" + bytes(3))
    m.raw(b"", 4)
    root = m.here()
    m.set("metadata_rva", BASE + root - RAW)
    m.put("I", signature=0x424A5342)
    m.put("H", md_major=1, md_minor=1)
    m.put("I", reserved=0, version_length=12)
    m.raw(b"v4.0.30319\0\0")
    m.put("H", md_flags=0, streams=len(names))
    for i, name in enumerate(names):
        m.put("I", **{f"stream{i}.offset": 0, f"stream{i}.size": 0})
        m.raw(name + bytes(4 - len(name) % 4))
    for i, name in enumerate(names):
        start = m.raw(b"", 4)
        m.set(f"stream{i}.offset", start - root)
        if name in (b"#~", b"#-"):
            put_tables(m, rows, heap_flags)
        elif name == b"#Strings":
            m.raw(bytes(h.strings))
        elif name == b"#US":
            m.each_byte("us", bytes(h.user[:20]))
            m.raw(bytes(h.user[20:]))
        elif name == b"#GUID":
            m.raw(bytes(h.guids))
        elif name == b"#Blob":
            at = m.raw(bytes(h.blobs))
            for where, length in h.places:
                m.fields += [(f"blob{where}+{k}", at + where + k, "B") for k in range(length) if where + k < len(h.blobs)]
        m.set(f"stream{i}.size", m.here() - start)
    m.raw(bytes(0x60))
    return m


def put_tables(m, rows, heap_flags):
    m.put("I", tables_reserved=0)
    m.put("B", tables_major=2, tables_minor=0, heap_flags=heap_flags, rid=1)
    m.put("Q", valid=sum(1 << k for k in rows), sorted=0x16003301FA00)
    for number, table in sorted(rows.items()):
        m.put("I", **{f"rows{number:x}": len(table)})
    if heap_flags & 0x40:
        m.put("I", extra=0)
    wide = {"s": heap_flags & 1, "g": heap_flags & 2, "b": heap_flags & 4}
    for number, table in sorted(rows.items()):
        for i, row in enumerate(table):
            for k, (kind, value) in enumerate(row):
                form = "I" if kind == "4" or wide.get(kind) else "H"
                m.put(form, **{f"t{number:x}.{i}.{k}": value})


def ideas():
    for flags in (0, 1, 2, 4, 7, 0x40, 0x47, 0xFF):
        for is_64 in (False, True):
            yield f"heaps {flags:x} {is_64}", bytes(made(is_64, flags).data)
    for table in (*tables(Heaps()), None):
        yield f"without {table}", bytes(made(without=(table,)).data)
    for names in ([b"#-", b"#Strings", b"#US", b"#GUID", b"#Blob"], [b"#~", b"#Strings", b"#Blob"], [b"#~"], [b"#US"], [],
                  [b"#Blob", b"#GUID", b"#US", b"#Strings", b"#~"], [b"#~", b"#~", b"#Strings", b"#Strings", b"#Blob", b"#Blob"],
                  [b"#GUID", b"#GUID", b"#GUID"], [b"#US", b"#US", b"#~", b"#Strings", b"#Blob"], [b"#JTD", b"#Schema", b"#~", b"#Strings", b"#Blob"],
                  [b"#~x", b"#Stringsmore", b"#Blo", b"#Blobby", b"#USA", b"#GUIDs"], [b"x" * 31, b"#~", b"#Strings", b"#Blob"],
                  [b"x" * 32, b"#~", b"#Strings", b"#Blob"], [b"", b"#~", b"#Strings", b"#Blob"]):
        yield f"streams {b' '.join(names)[:60]!r}", bytes(made(names=names).data)
    places = {n: (at, f) for n, at, f in made().fields}
    good = made()
    for a in range(5):
        for b in range(5):
            data = bytearray(good.data)
            data[places[f"stream{a}.offset"][0]:][:0]
            at, to = places[f"stream{a}.offset"][0], places[f"stream{b}.offset"][0]
            data[at:at + 4] = data[to:to + 4]
            yield f"stream {a} lies over stream {b}", bytes(data)
    for number in tables(Heaps()):
        for count in (0, 1, 100, 14999, 15000, 15001, 0x4000, 0xFFFF, 0x10000, 0xFFFFFFFF):
            data = bytearray(good.data)
            struct.pack_into("<I", data, places[f"rows{number:x}"][0], count)
            yield f"{count:x} rows of {number:x}", bytes(data)


def cases(count):
    chance = random.Random(14)
    yield from ideas()
    for is_64 in (False, True):
        for flags in (0, 7):
            yield from lies(f"{64 if is_64 else 32} heaps {flags}", made(is_64, flags), chance, 6 * count, 5 * count)
