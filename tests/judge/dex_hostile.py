"""DEX files whose numbers lie (see fields.py), and some ideas beyond numbers."""
import random

from fields import Made, cases as lies

TEXTS = ["<clinit>", "<init>", "I", "La;", "LMain;", "Ljava/lang/Object;", "V", "VI", "[I", "count", "field", "m\u00e9thod",
         "run", "x" * 200]


def leb(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def made(version=b"035", classes=3, tail=40, long_leb=False):
    m = Made()
    m.raw(b"dex\n")
    m.each_byte("version", version + b"\0")
    m.put("I", checksum=0x12345678)
    m.raw(bytes(range(20)))
    m.put("I", file_size=0, header_size=112, endian_tag=0x12345678, link_size=0, link_off=0, map_off=0)
    for table in ("string", "type", "proto", "field", "method", "class"):
        m.put("I", **{f"{table}_size": 0, f"{table}_off": 0})
    m.put("I", data_size=0, data_off=0)

    def table(name, rows):
        m.set(f"{name}_off", m.here())
        m.set(f"{name}_size", len(rows))
        for i, row in enumerate(rows):
            for form, field, value in row:
                m.put(form, **{f"{name}{i}.{field}": value})

    table("string", [[("I", "off", 0)] for _ in TEXTS])
    types = [2, 3, 4, 5, 6, 8]
    table("type", [[("I", "descriptor", i)] for i in types])
    table("proto", [[("I", "shorty", 6), ("I", "return", 4), ("I", "parameters", 0)],
                    [("I", "shorty", 7), ("I", "return", 4), ("I", "parameters", 0)]])
    table("field", [[("H", "class", 2), ("H", "type", 0), ("I", "name", n)] for n in (9, 10, 9)])
    table("method", [[("H", "class", 1 + i % 3), ("H", "proto", i % 2), ("I", "name", n)]
                     for i, n in enumerate((0, 1, 11, 12, 13))])
    table("class", [[("I", "class", 1 + i), ("I", "access", 1), ("I", "super", 3), ("I", "interfaces", 0), ("I", "source", 4),
                     ("I", "annotations", 0), ("I", "data", 0), ("I", "values", 0)] for i in range(classes)])
    m.set("data_off", m.here())
    codes = []
    for i in range(2):
        codes.append(m.raw(b"", 4))
        m.put("H", **{f"code{i}.registers": 3, f"code{i}.ins": 1, f"code{i}.outs": 1, f"code{i}.tries": 0})
        m.put("I", **{f"code{i}.debug": 0, f"code{i}.insns_size": 3})
        m.raw(b"\x0e\0\x12\x10\x0f\0")
    number = (lambda v: leb(v | 0x80000000)[:4] + b"\0" if v == 0 else leb(v)) if long_leb else leb
    for i in range(classes):
        m.set(f"class{i}.data", m.here())
        data = b"".join(map(number, (2, 1, 2, 1)))  # static fields, instance fields, direct methods, virtual methods
        data += number(0) + number(9) + number(1) + number(2) + number(2) + number(1)
        data += number(0) + number(0x10001) + number(codes[0]) + number(1) + number(9) + number(codes[1])
        data += number(3) + number(1) + number(0)
        m.each_byte(f"data{i}", data)
    for i, text in enumerate(TEXTS):
        m.set(f"string{i}.off", m.here())
        raw = text.encode()
        m.each_byte(f"length{i}", leb(len(text)))
        m.raw(raw + b"\0")
    m.raw(b"", 4)
    m.set("map_off", m.here())
    rows = [(0, 1, 0), (1, len(TEXTS), 112), (2, len(types), 168), (0x1000, 1, m.here()), (0x2000, classes, 400)]
    m.put("I", map_size=len(rows))
    for i, (kind, size, offset) in enumerate(rows):
        m.put("H", **{f"map{i}.type": kind, f"map{i}.unused": 0})
        m.put("I", **{f"map{i}.size": size, f"map{i}.offset": offset})
    m.raw(bytes(tail))
    m.set("file_size", m.here())
    m.set("data_size", m.here() - 400)
    return m


def ideas():
    for version in (b"034", b"035", b"036", b"037", b"038", b"039", b"040", b"041", b"03a", b"350"):
        yield f"version {version}", bytes(made(version).data)
    for classes in (0, 1, 30):
        for tail in (0, 1, 3, 7, 8, 11, 12, 15, 16):
            yield f"{classes} classes, tail {tail}", bytes(made(classes=classes, tail=tail).data)
    yield "numbers longer than need be", bytes(made(long_leb=True).data)
    good = made()
    places = {n: at for n, at, _ in good.fields}
    for name in ("data0+0", "data0+4", "data1+0", "data2+0", "length0+0", "length5+0", "length13+0"):
        at = places[name]
        for raw in (b"\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff", b"\x80\x80\x80\x80\x80\x80",
                    b"\xff\xff\xff\x7f", b"\x80\x80\x20", b"\x81\x00"):
            data = bytearray(good.data)
            data[at:at + len(raw)] = raw
            yield f"{name} is {raw.hex()}", bytes(data)
    for i in range(3):
        m = made()
        for name in ("class0.data", "class1.data", "class2.data"):
            m.set(name, len(m.data) - 16 - i)
        yield f"classes whose data end with the file, {i}", bytes(m.data)
    for name in ("string", "type", "proto", "field", "method", "class"):
        for count in (0x80000, 0x80001, 0x10000):
            m = made()
            m.set(f"{name}_size", count)
            yield f"{count:x} of {name}", bytes(m.data) + (bytes(count * 8) if name == "string" and count == 0x10000 else b"")


def cases(count):
    chance = random.Random(13)
    yield from ideas()
    for name, m in (("dex", made()), ("one class", made(b"039", 1, 0)), ("six classes", made(b"037", 6, 3)),
                    ("long numbers", made(long_leb=True))):
        yield from lies(name, m, chance, 5 * count, 4 * count)
