"""PE files whose structure is hostile on purpose, one idea each: what a linker would never write and a parser must
stand. Chance only breaks numbers; these break what numbers mean to each other."""
import random
import struct

import fields
import pe_files

NT = 0xC0  # where pe_files puts the header
COFF, OPT = NT + 4, NT + 24


def patch(data, at, form, *values):
    out = bytearray(data)
    struct.pack_into("<" + form, out, at, *values)
    return bytes(out)


class Made:
    """One good file of a kind, and where its tables are."""

    def __init__(self, is_64):
        self.is_64, self.data = is_64, pe_files.make(is_64)
        self.dirs = OPT + (112 if is_64 else 96)
        self.table = OPT + (240 if is_64 else 224)  # of sections

    def directory(self, number, address, size, data=None):
        return patch(data or self.data, self.dirs + 8 * number, "II", address, size)

    def sections(self, rows, data=None, count=None):
        out = patch(data or self.data, COFF + 2, "H", len(rows) if count is None else count)
        for i, row in enumerate(rows):
            raw = struct.pack("<8sIIIIIIHHI", *row)
            out = out[:self.table + 40 * i] + raw + out[self.table + 40 * i + 40:]
        return out

    def with_body(self, fill):
        """Another body at BASE: fill(image) says which directories lie in it."""
        image = pe_files.Image()
        dirs = fill(image)
        body = bytes(image.data) + bytes(-len(image.data) % 0x200)
        out = self.data[:pe_files.RAW] + body
        for i in range(16):
            out = self.directory(i, *dirs.get(i, (0, 0)), data=out)
        text = (b".text", len(body), pe_files.BASE, len(body), pe_files.RAW, 0, 0, 0, 0, 0x60000020)
        return self.sections([text], data=out)


def row(name, size, address, raw_size, raw, flags=0x60000020):
    return (name, size, address, raw_size, raw, 0, 0, 0, 0, flags)


def of_sections(m):
    base = row(b".text", 0x1000, 0x1000, 0x800, 0x400)
    yield "no sections", m.sections([], count=0)
    for count in (3, 95, 96, 97, 1000, 65535):
        yield f"{count} sections claimed", m.sections([base], count=count)
    yield "many real sections", m.sections([row(b"s%d" % i, 0x10, 0x1000 + 0x10 * i, 0x10, 0x400 + 0x10 * i)
                                            for i in range(120)], data=m.data[:pe_files.RAW] + bytes(8000))
    yield "overlap in memory", m.sections([base, row(b".two", 0x1000, 0x1200, 0x200, 0x600)])
    yield "overlap in the file", m.sections([base, row(b".two", 0x1000, 0x3000, 0x800, 0x500)])
    yield "the same twice", m.sections([base, base])
    yield "descending", m.sections([row(b".b", 0x1000, 0x3000, 0x200, 0x600), base])
    for raw, size in ((0x401, 0x200), (0x3FF, 0x200), (0x1FF, 0x400), (0, 0x400), (0x400, 0xFFFFFFFF), (0xFFFFFFFF, 0x10),
                      (0x7FFFFFFF, 0x7FFFFFFF), (0x400, 0x100000), (0xFFFFFE00, 0x400)):
        yield f"raw {raw:x} {size:x}", m.sections([row(b".text", 0x1000, 0x1000, size, raw)])
    for address, size in ((0, 0x1000), (0x1000, 0), (0xFFFFF000, 0x2000), (0x1001, 0x999), (0x1000, 0xFFFFFFFF)):
        yield f"memory {address:x} {size:x}", m.sections([row(b".text", size, address, 0x800, 0x400)])
    for name in (b"/4", b"/99999", b"\0text", b"12345678", b"\xff\xfe\x80 a", b"a\0b\0c"):
        yield f"name {name!r}", m.sections([row(name, 0x1000, 0x1000, 0x800, 0x400)])
    for file, section in ((0, 0), (1, 1), (0x200, 0x10), (3, 7), (0x10000, 0x1000), (0x80000000, 0x80000000), (0x1000, 0x200)):
        yield f"alignment {file:x} {section:x}", patch(m.data, OPT + 32, "II", section, file)


def of_header(m):
    for at in (0, 4, 0x3C, 0x40, 0xBF, 0xC1, 0xC4, len(m.data) - 4, len(m.data), 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFF00):
        yield f"e_lfanew {at:x}", patch(m.data, 60, "I", at)
    moved = patch(m.data[:0x3C] + m.data[0x3C:0x40], 60, "I", 0x41) + b"x" + m.data[NT:]
    yield "an odd e_lfanew that is right", moved + bytes(0x400)
    yield "header over the first bytes", b"MZ" + bytes(58) + struct.pack("<I", 4) + m.data[NT:]
    for size in (0, 1, 0x5F, 0x60, 0xE0, 0xF0, 0x1000, 0xFFFF):
        yield f"optional header of {size:x}", patch(m.data, COFF + 16, "H", size)
    for magic in (0, 0x107, 0x10B, 0x20B, 0xFFFF):
        yield f"magic {magic:x}", patch(m.data, OPT, "H", magic)
    for machine in (0, 0x14D, 0x1C0, 0x1C4, 0xAA64, 0x200, 0xEBC, 0x8664, 0xFFFF):
        yield f"machine {machine:x}", patch(m.data, COFF, "H", machine)
    for number in (0, 1, 2, 5, 15, 17, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"{number:x} directories", patch(m.data, m.dirs - 4, "I", number)
    for entry in (0, 1, 0x3F, 0x400, 0xFFF, 0x1000, 0x17FF, 0x2FFF, 0x3000, 0x3FFF, 0x4000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"entry {entry:x}", patch(m.data, OPT + 16, "I", entry)
    for symbols, count in ((0x400, 3), (0xFFFFFFFF, 0xFFFFFFFF), (1, 0)):
        yield f"symbols {symbols:x} {count:x}", patch(m.data, COFF + 8, "II", symbols, count)
    for length in (2, 0x3F, 0x40, 0xC3, 0xC4, 0xD7, 0xD8, 0x130, m.dirs, m.table + 20, m.table + 40, 0x400, 0x401):
        yield f"cut at {length:x}", m.data[:length]
    yield "odd size", m.data + b"x"
    yield "checksum that is right but for the length", patch(m.data, OPT + 64, "I", 0xFFFFFFFF) + b"yyy"


def of_exports(m):
    def made(change, size=None, tail=0):
        def fill(image):
            image.put(bytes(64))
            at, length = pe_files.exports(image, "made.dll", ["first", "second", "DllMain"])
            out = change(image, at)
            image.data += bytes(tail)
            return {0: (at if out is None else out, length if size is None else size)}

        return m.with_body(fill)

    def set_at(offset, form, *values):
        def change(image, at):
            struct.pack_into("<" + form, image.data, at - pe_files.BASE + offset, *values)
        return change

    yield "exports", made(lambda image, at: None)
    for size in (0, 1, 39, 40, 0x1000, 0xFFFFFFFF):
        yield f"export directory of {size:x}", made(lambda image, at: None, size)
    for offset, name in ((12, "name"), (28, "functions"), (32, "names"), (36, "ordinals")):
        for value in (0, 1, 0xFFF, 0x1001, 0x17FF, 0x5000, 0xFFFFFFFF):
            yield f"export {name} at {value:x}", made(set_at(offset, "I", value))
    for functions, names in ((0, 0), (0, 3), (1, 3), (3, 0), (3, 4), (4, 100), (0x10000, 3), (8192, 8192), (8193, 3), (16384, 16385),
                             (0xFFFFFFFF, 3), (3, 0xFFFFFFFF), (0x7FFFFFFF, 0x7FFFFFFF)):
        yield f"{functions:x} functions {names:x} names", made(set_at(20, "II", functions, names), tail=0x2000)
    for base in (0, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"ordinal base {base:x}", made(set_at(16, "I", base))

    def forwarders(image):
        image.put(bytes(16))
        start = image.here()
        image.put(bytes(40))
        names = [image.put(n) for n in (b"fwd\0", b"plain\0", b"empty\0", b"long\0", b"odd\0")]
        texts = [image.put(t) for t in (b"NTDLL.RtlAllocateHeap\0", b"\0", b"KERNEL32." + b"x" * 600 + b"\0", b"a\x01\xffb.#12\0")]
        addresses = image.put(struct.pack("<6I", texts[0], pe_files.BASE, texts[1], texts[2], texts[3], start))
        table = image.put(struct.pack("<5I", *names))
        numbers = image.put(struct.pack("<5H", 0, 1, 2, 3, 4))
        title = image.put(b"fwd.dll\0")
        end = image.here()
        struct.pack_into("<IIHHIIIIIII", image.data, start - pe_files.BASE, 0, 1, 0, 0, title, 1, 6, 5, addresses, table, numbers)
        return {0: (start, end - start)}

    yield "forwarders", m.with_body(forwarders)

    def same_name(image):
        start, size = forwarders(image)[0]
        where = struct.unpack_from("<I", image.data, start - pe_files.BASE + 36)[0]
        struct.pack_into("<5H", image.data, where - pe_files.BASE, 1, 1, 1, 9, 0xFFFF)
        return {0: (start, size)}

    yield "ordinals that repeat and lie outside", m.with_body(same_name)
    for text in (b"", b"\xffnot ascii", b"x" * 300, b"a" * 513, b"tab\tname"):
        def named(image, text=text):
            image.put(bytes(32))
            at, size = pe_files.exports(image, "n.dll", ["a"])
            struct.pack_into("<I", image.data, at - pe_files.BASE + 12, image.put(text + b"\0"))
            return {0: (at, size)}
        yield f"dll name {text[:9]!r}", m.with_body(named)


def of_imports(m):
    def filled(libraries, number=1):
        def fill(image):
            image.put(bytes(16))
            return {number: pe_files.imports(image, libraries, m.is_64)}
        return m.with_body(fill)

    for library in ("ws2_32.dll", "WSOCK32.dll", "oleaut32.DLL", "OleAut32.dll", "ws2_32", "other.dll", "ws2_32.drv", "x.ocx", "y.sys"):
        yield f"ordinals of {library}", filled([(library, list(range(1, 520)))])
    yield "no functions", filled([("a.dll", []), ("b.dll", ["x"])])
    yield "names", filled([("A.DLL", ["", "a", "A?b@@YA", "a" * 255, "a" * 513, "sp ace", "\xe9", "ctrl\x01"]), ("", ["x"]),
                           ("long" * 70 + ".dll", ["x"]), ("ends.dll.", ["y"]), (".dll", ["z"]), ("no_dot", ["q"])])
    yield "the same library twice", filled([("a.dll", ["x"]), ("A.dll", ["x"]), ("a.dll", [1])])
    yield "many libraries", filled([(f"l{i}.dll", ["f"]) for i in range(300)])
    yield "many functions", filled([("a.dll", [f"f{i}" for i in range(3000)])])

    def changed(offset, form, *values, number=1):
        def fill(image):
            image.put(bytes(16))
            at, size = pe_files.imports(image, [("a.dll", ["one", 2]), ("b.dll", ["three"])], m.is_64)
            struct.pack_into("<" + form, image.data, at - pe_files.BASE + offset, *values)
            return {number: (at, size)}
        return m.with_body(fill)

    for offset, name in ((0, "names"), (12, "library"), (16, "addresses")):
        for value in (0, 1, 0xFFF, 0x1003, 0x17FF, 0x7FFFFFFF, 0xFFFFFFFF):
            yield f"import {name} at {value:x}", changed(offset, "I", value)
    yield "neither table", changed(0, "IIIII", 0, 0, 0, pe_files.BASE + 4, 0)

    def looped(image):  # a table of thunks that never ends, at the end of the section
        image.put(bytes(16))
        name = image.put(struct.pack("<H", 0) + b"again\0")
        library = image.put(b"loop.dll\0")
        rows = image.put(bytes(40))
        width = "<Q" if m.is_64 else "<I"
        table = image.put(struct.pack(width, name) * 40)
        struct.pack_into("<5I", image.data, rows - pe_files.BASE, table, 0, 0, library, table)
        image.data += struct.pack(width, name) * (-len(image.data) % 0x200 // struct.calcsize(width))
        return {1: (rows, 40)}

    yield "thunks to the end", m.with_body(looped)
    flag = 1 << (63 if m.is_64 else 31)
    for thunk in (flag | 0x10000, flag | 0xFFFF, flag | 0x7FFF0001, 0xFFFFFFFF, 0x80000001, flag - 1, 1):
        def odd(image, thunk=thunk):
            image.put(bytes(16))
            table = image.put(struct.pack("<3Q" if m.is_64 else "<3I", thunk, flag | 3, 0))
            rows = image.put(struct.pack("<5I", table, 0, 0, image.put(b"ws2_32.dll\0"), table) + bytes(20))
            return {1: (rows, 40)}
        yield f"thunk {thunk:x}", m.with_body(odd)

    def late(offset=None, value=0, size=64, ordinals=False):
        def fill(image):
            image.put(bytes(16))
            at, _ = pe_files.delayed(image, "shell32.dll", ["ShellExecuteA", "x"], m.is_64)
            if offset is not None:
                struct.pack_into("<I", image.data, at - pe_files.BASE + offset, value)
            if ordinals:
                names = struct.unpack_from("<I", image.data, at - pe_files.BASE + 16)[0]
                struct.pack_into("<Q" if m.is_64 else "<I", image.data, names - pe_files.BASE, flag | 7)
            return {13: (at, size)}
        return m.with_body(fill)

    for offset in range(0, 32, 4):
        for value in (0, 1, 2, 0x1001, 0x400000, 0x401010, 0xFFFFFFFF):
            yield f"delayed import {offset}={value:x}", late(offset, value)
    for size in (0, 1, 31, 32, 33, 0xFFFFFFFF):
        yield f"delayed imports of {size:x}", late(size=size)
    yield "delayed ordinals", late(ordinals=True)


def of_resources(m):
    def tree(build, size=None, at=0):
        def fill(image):
            image.put(bytes(16))
            start = image.here()
            image.put(build(start))
            return {2: (start + at, len(image.data) if size is None else size)}
        return m.with_body(fill)

    def head(named, numbered):
        return struct.pack("<IIHHHH", 0, 0, 0, 0, named, numbered)

    entry = struct.Struct("<II").pack
    sub = 0x80000000
    leaf = struct.Struct("<IIII").pack
    yield "a loop to the root", tree(lambda s: head(0, 1) + entry(3, sub))
    yield "a loop one level down", tree(lambda s: head(0, 1) + entry(3, sub | 24) + head(0, 1) + entry(1, sub | 24))
    yield "leaves at the root", tree(lambda s: head(0, 2) + entry(3, 32) + entry(4, 32) + leaf(s, 5, 0, 0))
    yield "four levels", tree(lambda s: b"".join(head(0, 1) + entry(i, sub | 24 * (i + 1)) for i in range(4)) + head(0, 1)
                              + entry(1, 120) + leaf(s, 5, 0, 0))
    for named, numbered in ((1, 0), (0xFFFF, 0), (0, 0xFFFF), (0xFFFF, 0xFFFF), (0, 200)):
        yield f"{named} named {numbered} numbered", tree(lambda s, n=named, k=numbered: head(n, k) + entry(3, sub | 24) + head(0, 1)
                                                         + entry(1, sub | 48) + head(0, 1) + entry(9, 72) + leaf(s, 5, 0, 0))
    for length in (0, 1, 4, 500, 0x7FFF, 0xFFFF):
        def names(s, length=length):
            text = struct.pack("<H", length) + "name".encode("utf-16-le")
            body = head(1, 0) + entry(sub | 96, sub | 24) + head(1, 0) + entry(sub | 96, sub | 48) + head(1, 0) + entry(sub | 96, 72)
            return body + leaf(s + 96, 4, 1, 2) + bytes(8) + text
        yield f"names of {length:x}", tree(names)
    for address in (0, 0xFFF, 0x1800, 0x5000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"data at {address:x}", tree(lambda s, a=address: head(0, 1) + entry(3, sub | 24) + head(0, 1) + entry(1, sub | 48)
                                           + head(0, 1) + entry(9, 72) + leaf(a, 5, 0, 0))
    for size in (0, 15, 16, 24, 80, 0xFFFFFFFF):
        yield f"resource directory of {size:x}", tree(lambda s: head(0, 1) + entry(3, sub | 24) + head(0, 1) + entry(1, sub | 48)
                                                      + head(0, 1) + entry(9, 72) + leaf(s, 5, 0, 0), size)
    yield "two of everything", tree(lambda s: head(0, 2) + entry(3, sub | 32) + entry(5, sub | 32) + head(0, 2)
                                    + entry(1, sub | 64) + entry(2, sub | 64) + head(0, 2) + entry(9, 96) + entry(10, 96)
                                    + leaf(s, 5, 0, 0))
    yield "an odd start", tree(lambda s: b"\0" + head(0, 1) + entry(3, sub | 24), at=1)


def of_versions(m):
    def with_version(raw, count=1):
        def fill(image):
            image.put(bytes(16))
            return {2: pe_files.resources(image, [(16, 1 + i, 0x409, raw) for i in range(count)])}
        return m.with_body(fill)

    block, wide = pe_files.block, pe_files.wide
    good = pe_files.version({"CompanyName": "Nobody", "Empty": "", "Ünï": "ödd", "k" * 70: "v" * 300})
    yield "version", with_version(good)
    yield "three versions", with_version(good, 3)
    for at in (0, 2, 4, 6, 40, 92, 94, 98, 120, 126, 130, 162, 164, 166):
        for value in (0, 1, 6, 0x7FFF, 0xFFFF):
            if at + 2 <= len(good):
                yield f"version word {at} is {value:x}", with_version(patch(good, at, "H", value))
    for length in (0, 1, 5, 6, 38, 92, 95, 100, 130, len(good) - 1):
        yield f"version cut at {length}", with_version(good[:length])
    info = block("VarFileInfo", children=[block("Translation", struct.pack("<HH", 0x409, 1200), 4)])
    table = block("040904b0", children=[block("A", wide("1"), 2), block("A", wide("2"), 2), block("", wide("3"), 2)])
    strings = block("StringFileInfo", children=[table])
    for name, children in (("translation first", [info, strings]), ("two tables", [block("StringFileInfo", children=[table, table])]),
                           ("twice", [strings, strings]), ("none", []), ("translation alone", [info]),
                           ("empty table", [block("StringFileInfo", children=[block("x")])]), ("wrong key", [block("StringFileInfX", children=[table])])):
        yield name, with_version(block("VS_VERSION_INFO", bytes(52), 52, children))
    yield "no fixed part", with_version(block("VS_VERSION_INFO", b"", 0, [strings]))
    yield "another title", with_version(block("VS_VERSION_INF0", bytes(52), 52, [strings]))
    raw = block("StringFileInfo", children=[block("t", children=[block("K", "abc".encode("utf-16-le"), 3), block("L", b"odd", 1)])])
    yield "values without an end", with_version(block("VS_VERSION_INFO", bytes(52), 52, [raw]))


def of_rich(m):
    def stub(raw):
        return m.data[:0x40] + (raw + bytes(0x80))[:0x80] + m.data[NT:]

    pairs = [(0x00937809, 3), (0x01045E97, 12), (0xFFFFFFFF, 0xFFFFFFFF), (0, 0), (0x00937809, 4)]
    for key in (0, 1, 0xFFFFFFFF, 0x536E6144, 0x68636952, 0x5A3C19F1):
        yield f"rich key {key:x}", stub(pe_files.rich(pairs, key))
    good = pe_files.rich(pairs, 0x1234567)
    yield "no rich pairs", stub(pe_files.rich([], 77))
    for skip in (1, 2, 3, 4, 8, 16):
        yield f"rich at {skip}", stub(bytes(skip) + good)
        yield f"rich without its first {skip}", stub(good[skip:])
    yield "rich twice", stub(pe_files.rich(pairs[:1], 5) + pe_files.rich(pairs[1:2], 6))
    yield "rich cut", stub(good[:-4])
    yield "rich only", stub(b"Rich" + struct.pack("<I", 9))
    yield "odd padding", stub(patch(good, 4, "I", 0x1234568))
    yield "half a pair", stub(good[:16] + good[20:])


def of_debug(m):
    def filled(rows, size=None, spare=b""):
        def fill(image):
            image.put(bytes(16))
            out = b""
            for kind, raw, length, how in rows:
                at = image.put(raw)
                offset = at - pe_files.BASE + pe_files.RAW
                out += struct.pack("<IIHHIIII", 0, 0, 0, 0, kind, len(raw) if length is None else length,
                                   at if how & 1 else 0, offset if how & 2 else 0)
            at = image.put(out + spare)
            return {6: (at, len(out) if size is None else size)}
        return m.with_body(fill)

    rsds = b"RSDS" + bytes(16) + struct.pack("<I", 1)
    nb10 = b"NB10" + bytes(12)
    for name, raw in (("rsds", rsds + b"c:\\a.pdb\0"), ("nb10", nb10 + b"d:\\b.pdb\0"), ("long", rsds + b"x" * 400 + b"\0"),
                      ("open", rsds + b"never ends"), ("empty", rsds + b"\0"), ("binary", rsds + b"\xff\xfe\x01\0"),
                      ("other", b"ABCD" + bytes(20) + b"c.pdb\0"), ("short", b"RSDS"), ("mtoc", b"MTOC" + bytes(16) + b"m.pdb\0")):
        for how in (0, 1, 2, 3):
            yield f"debug {name} {how}", filled([(2, raw, None, how)])
    for length in (0, 4, 24, 25, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"debug data of {length:x}", filled([(2, rsds + b"c.pdb\0", length, 3)])
    yield "second counts", filled([(13, bytes(20), None, 3), (2, rsds + b"second.pdb\0", None, 3), (2, rsds + b"third.pdb\0", None, 3)])
    yield "other kind", filled([(1, rsds + b"c.pdb\0", None, 3)])
    for size in (0, 27, 28, 29, 56, 0xFFFFFFFF):
        yield f"debug directory of {size:x}", filled([(2, rsds + b"c.pdb\0", None, 3)], size)
    yield "many rows", filled([(13, b"none", None, 3)] * 70 + [(2, rsds + b"late.pdb\0", None, 3)])


def attached(m, raw, size=None, at=None):
    """The file with these bytes behind it, where its directory of certificates says they are."""
    where = len(m.data) + (-len(m.data) % 8)
    data = m.data + bytes(where - len(m.data)) + raw
    return m.directory(4, where if at is None else at, len(raw) if size is None else size, data)


def entry(body, length=None, revision=0x200, kind=2):
    """WIN_CERTIFICATE."""
    raw = struct.pack("<IHH", 8 + len(body) if length is None else length, revision, kind) + body
    return raw + bytes(-len(raw) % 8)


def heads(der):
    """Where DER elements have their tags and lengths, those within octet strings of other structures left out."""
    out, open_ends = [], [(0, len(der))]
    while open_ends:
        at, end = open_ends.pop()
        while at + 2 <= end:
            tag, length, size = der[at], der[at + 1], 2
            if length >= 0x80:
                size += length & 0x7F
                length = int.from_bytes(der[at + 2:at + size], "big")
            if at + size + length > end:
                break
            out.append((at, size))
            if tag & 0x20:
                open_ends.append((at + size, at + size + length))
            at += size + length
    return out


def of_numbers(m, count):
    """Each number that a head or a table of the file may hold lies, alone and with others."""
    made = fields.Made("<")
    made.data += m.data
    for at in range(NT, len(m.data) - 4, 2):
        if at < m.table + 80 or at >= pe_files.RAW:
            made.fields.append((f"{at:x}", at, "H" if at % 4 else "I"))
    yield from fields.cases("numbers", made, random.Random(21 + m.is_64), count * 2, count)


def of_der(m, signed, count):
    """Signatures whose elements say other tags, lengths and bytes, and halves of two. Times stay: of two certificates of
    one name OpenSSL prefers that which holds now, and overt has no clock there (docs/compat-yara.md)."""
    chance = random.Random(31 + m.is_64)
    for number, body in enumerate(signed):
        places = [p for p in heads(body) if body[p[0]] not in (0x17, 0x18)]
        for at, size in chance.sample(places, min(len(places), count)):
            for value in (0, 1, 0x7F, 0x80, 0x81, 0x84, 0xFF, body[at + 1] ^ 1, body[at + 1] + 1 & 0xFF):
                yield f"signed {number}: length at {at:x} is {value:x}", attached(m, entry(
                    body[:at + 1] + bytes([value]) + body[at + 2:]))
            for tag in (0, 2, 4, 5, 6, 0x13, 0x17, 0x18, 0x30, 0x31, 0xA0, 0xA1, 0x80, body[at] ^ 0x20):
                yield f"signed {number}: tag at {at:x} is {tag:x}", attached(m, entry(body[:at] + bytes([tag]) + body[at + 1:]))
            inside = at + size + chance.randrange(8)
            if inside < len(body):
                yield f"signed {number}: byte at {inside:x}", attached(m, entry(
                    body[:inside] + bytes([body[inside] ^ 1 << chance.randrange(8)]) + body[inside + 1:]))
    for a in signed:
        for b in signed:
            cut = chance.randrange(min(len(a), len(b)))
            yield f"one signature into another at {cut:x}", attached(m, entry(a[:cut] + b[cut:]))


def of_certificates(m, signed):
    """`signed`: bytes of PKCS#7 structures, good ones of the fuzz corpus."""
    for number, body in enumerate(signed):
        yield f"signed {number}", attached(m, entry(body))
        yield f"signed {number} twice", attached(m, entry(body) * 2)
        yield f"signed {number} behind junk", attached(m, entry(b"junk!") + entry(body))
        yield f"signed {number} with a tail", attached(m, entry(body + b"tail" * 5))
        yield f"signed {number}, directory short", attached(m, entry(body), size=len(body) // 2)
        yield f"signed {number}, directory long", attached(m, entry(body), size=len(body) + 9999)
        for cut in (1, 2, 7, len(body) // 3, len(body) // 2, len(body) - 1):
            yield f"signed {number} cut at {cut}", attached(m, entry(body[:cut]))
        for length in (0, 1, 7, 8, 9, 0x7FFFFFFF, 0xFFFFFFF8, 0xFFFFFFFF):
            yield f"signed {number} says {length:x}", attached(m, entry(body, length))
        for revision, kind in ((0x100, 2), (0x200, 1), (0, 0), (0xFFFF, 0xFFFF)):
            yield f"signed {number} revision {revision:x} kind {kind:x}", attached(m, entry(body, None, revision, kind))
        yield f"signed {number} at an odd place", attached(m, b"\0" + entry(body), at=len(m.data) + (-len(m.data) % 8) + 1)
        yield f"signed {number} at the begin", attached(m, entry(body), at=0)
        yield f"signed {number} beyond", attached(m, entry(body), at=0x7FFFFFFF)


def composed(all_cases, m, count, seed):
    """Headers of one case over the body of another."""
    chance = random.Random(seed)
    for i in range(count):
        (_, a), (_, b) = chance.choice(all_cases), chance.choice(all_cases)
        cut = chance.choice([NT, OPT, m.dirs, m.table, pe_files.RAW])
        yield f"composed {i}", a[:cut] + b[cut:]


def cases(signed, count=300):
    for is_64 in (False, True):
        m = Made(is_64)
        own = []
        for part in (of_sections, of_header, of_exports, of_imports, of_resources, of_versions, of_rich, of_debug):
            own += [(f"{name}, {64 if is_64 else 32}", data) for name, data in part(m)]
        own += [(f"{name}, {64 if is_64 else 32}", data) for name, data in of_certificates(m, signed)]
        own += [(f"{name}, {64 if is_64 else 32}", data) for name, data in of_numbers(m, count)]
        own += [(f"{name}, {64 if is_64 else 32}", data) for name, data in of_der(m, signed, count // 4)]
        yield from own
        yield from composed(own, m, count, 7 + is_64)
