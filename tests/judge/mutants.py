"""Files for a differential judge: what a careless or hostile hand makes of good ones.

Parsers look at heads and at what heads point to, so that is where numbers are turned into others."""
import pathlib
import struct

EDGES = [0, 1, 2, 3, 4, 8, 16, 17, 0x7F, 0x80, 0xFF, 0x100, 0x200, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF,
         0x80000000, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF]


def place(data, chance):
    """Where a parser may look: near the begin, where a number of the head points, or anywhere."""
    kind = chance.random()
    if kind < 0.4 or len(data) < 16:
        return chance.randrange(min(len(data), chance.choice([64, 256, 1024])))
    if kind < 0.8:
        width, form = chance.choice([(2, "H"), (4, "I"), (8, "Q")])
        at = chance.randrange(min(len(data) - width, 2048))
        to = struct.unpack_from(chance.choice("<>") + form, data, at)[0]
        if to < len(data):
            return min(to + chance.randrange(128), len(data) - 1)
    return chance.randrange(len(data))


def spoil(good, chance):
    data = bytearray(good)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        width = chance.choice([1, 2, 4, 4, 8])
        at = place(data, chance)
        if chance.random() < 0.7:
            at &= ~(width - 1)
        if at + width > len(data):
            continue
        order = chance.choice(["little", "big"])
        old = int.from_bytes(data[at:at + width], order)
        value = chance.choice([chance.choice(EDGES), chance.getrandbits(64), len(data) + chance.choice([-8, -1, 0, 1]),
                               old + chance.choice([-8, -1, 1, 4, 256]), old ^ 1 << chance.randrange(8 * width)])
        data[at:at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, order)
    if chance.random() < 0.12:
        data = data[:place(data, chance)]
    return bytes(data)


def seeds(module, more, bytes_max=300_000):
    """The corpus of the fuzz target, and real files from a folder of the caller's."""
    corpora = pathlib.Path(__file__).parent.parent.parent / "fuzz" / "corpora"
    folders = [corpora / {"pe": "pe_facts"}.get(module, module), *more]
    if module == "pe":
        folders.append(corpora / "authenticode")
    out = []
    for folder in folders:
        out += [p.read_bytes() for p in sorted(folder.iterdir()) if p.is_file() and 0 < p.stat().st_size <= bytes_max]
    return out
