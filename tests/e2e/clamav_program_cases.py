"""clamav_program_cases.py: what signatures of ClamAV's say of version information and of macros, and lists of types. As clamav_cases.py:
ProgramCase(kind, number) is a function of these alone, and only meets its own file."""
import gzip
import random
import struct

from clamav_more_cases import tar_of, zip_of


def padded(data):
    return data + bytes(-len(data) % 4)


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def block(key, value=b"", text=True, children=()):
    """One block of version information: its length, its value's, its kind, its key, and what is in it."""
    out = padded(bytes(6) + wide(key)) + (padded(value) if children else value)
    for child in children:
        out = padded(out) + child
    return struct.pack("<HHH", len(out), len(value) // 2 if text else len(value), int(text)) + out[6:]


def version(tables, root="VS_VERSION_INFO", info="StringFileInfo", var_first=False):
    """tables: (key, [(key, value)])."""
    strings = block(info, children=[block(key, children=[block(k, wide(v)) for k, v in some]) for key, some in tables])
    var = block("VarFileInfo", children=[block("Translation", struct.pack("<HH", 0x409, 1200), False)])
    fixed = struct.pack("<13I", 0xFEEF04BD, 0x10000, 1, 0, 1, 0, 0x3F, 0, 4, 1, 0, 0, 0)
    return block(root, fixed, False, [var, strings] if var_first else [strings, var])


def resources(rva, entries):
    """entries: {type: {id: {language: bytes}}}."""
    def directory(at, rows):
        struct.pack_into("<IIHHHH", out, at, 0, 0, 4, 0, 0, rows)
    types = sorted(entries.items())
    sizes = 16 + 8 * len(types) + sum(16 + 8 * len(ids) + sum(16 + 8 * len(some) for some in ids.values()) for ids in entries.values())
    leaf = sizes
    out = bytearray((sizes + 16 * sum(len(some) for ids in entries.values() for some in ids.values()) + 15) // 16 * 16)
    free = 16 + 8 * len(types)
    directory(0, len(types))
    for i, (kind, ids) in enumerate(types):
        at, free = free, free + 16 + 8 * len(ids)
        struct.pack_into("<II", out, 16 + 8 * i, kind, 0x80000000 | at)
        directory(at, len(ids))
        for k, (number, languages) in enumerate(sorted(ids.items())):
            below, free = free, free + 16 + 8 * len(languages)
            struct.pack_into("<II", out, at + 16 + 8 * k, number, 0x80000000 | below)
            directory(below, len(languages))
            for n, (language, data) in enumerate(sorted(languages.items())):
                struct.pack_into("<II", out, below + 16 + 8 * n, language, leaf)
                struct.pack_into("<IIII", out, leaf, rva + len(out), len(data), 0, 0)
                leaf += 16
                out += data + bytes(-len(data) % 16)
    return bytes(out)


def program(entries, body=b"\x90" * 64, plus=False):
    """A small PE with these resources; `body` lies in its second section."""
    optional, directories = (240, 112) if plus else (224, 96)
    res = resources(0x3000, entries)
    sections = [(b".text", 0x1000, b"\xf4" * 512), (b".data", 0x2000, body), (b".rsrc", 0x3000, res)]
    head = (0x80 + 24 + optional + 40 * len(sections) + 511) // 512 * 512
    opt = bytearray(optional)
    struct.pack_into("<H", opt, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<I", opt, 4, 512)
    struct.pack_into("<II", opt, 16, 0x1000, 0x1000)
    struct.pack_into("<Q" if plus else "<I", opt, 24 if plus else 28, 0x400000)
    struct.pack_into("<II", opt, 32, 0x1000, 0x200)
    struct.pack_into("<HHHHHH", opt, 40, 5, 0, 0, 0, 5, 0)
    struct.pack_into("<II", opt, 56, 0x10000 + len(res), head)
    struct.pack_into("<H", opt, 68, 3)
    struct.pack_into("<I", opt, directories - 4, 16)
    struct.pack_into("<II", opt, directories + 16, 0x3000, len(res))
    out = bytearray(b"MZ" + bytes(58) + struct.pack("<I", 0x80)).ljust(0x80, b"\0")
    out += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664 if plus else 0x14C, 3, 0, 0, 0, optional, 0x102) + opt
    raw = head
    for name, rva, data in sections:
        size = (len(data) + 511) // 512 * 512
        out += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), rva, size, raw, 0, 0, 0, 0, 0xE0000020)
        raw += size
    out = out.ljust(head, b"\0")
    for _, _, data in sections:
        out += data.ljust((len(data) + 511) // 512 * 512, b"\0")
    return bytes(out)


class ProgramCase:
    """`lines`: (end of the file's name, line). Its body is its own."""

    def __init__(self, kind, number):
        self.r = random.Random(f"{kind} {number}")
        self.number = number
        self.name = f"{kind}{number}".capitalize()
        self.file = f"{kind}{number:06d}"
        self.what = kind
        getattr(self, "make_" + kind)()

    def word(self, least, most):
        return "".join(self.r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.r.randrange(least, most)))

    # --- version information ----------------------------------------------------------------------

    def version(self, special):
        """Version information with `special` (a key and value) among its strings, a few times."""
        r = self.r
        tables = []
        for n in range(r.choice([1, 1, 1, 2])):
            some = [(self.word(1, 12), self.word(0, 12)) for _ in range(r.randrange(0, 5))]
            for _ in range(r.choice([1, 1, 1, 2]) if n == 0 else r.randrange(0, 2)):
                some.insert(r.randrange(len(some) + 1), special)
            tables.append((r.choice(["040904B0"] * 8 + ["00000000", "040904B0X"]), some))
        return version(tables, r.choice(["VS_VERSION_INFO"] * 12 + ["VS_VERSION_INFX", "VS_VERSION"]),
                       r.choice(["StringFileInfo"] * 12 + ["StringFileInfX"]), r.random() < 0.3)

    def make_version(self):
        r = self.r
        key, value = self.word(5, 12), self.word(3, 12)
        entries = {16: {n: {1033 + k: self.version((key, value)) for k in range(r.choice([1, 1, 2]))} for n in range(1, r.choice([2, 2, 3, 4]))}}
        if r.random() < 0.2:
            entries[10] = {1: {1033: self.version((key, value))}}  # not of this type
        mark = bytes(r.randrange(1, 256) for _ in range(9))  # so that what holds without a hit holds in one file
        body = (wide(key) if r.random() < 0.3 else b"\x90" * 32) + mark
        self.data = program(entries, body, r.random() < 0.4)
        whole = padded(bytes(6) + wide(key))[6:] + wide(value)
        hexed = r.choice([
            wide(key).hex(), wide(key)[:-2].hex(), whole.hex(), whole[:-2].hex(), wide(key)[:-2].hex() + "{%d}" % (len(whole) - len(wide(key)) - len(wide(value)) + 2) + wide(value).hex(),
            wide(key)[:6].hex() + "??" + wide(key)[7:].hex(), wide(key)[2:].hex(), wide(value).hex(), wide(key)[:2].hex() + "(%s|4142)" % wide(key)[2:4].hex() + wide(key)[4:].hex(),
            bytes([wide(key)[0] ^ 1]).hex() + wide(key)[1:].hex()])
        if r.random() < 0.5:
            self.lines = [("ndb", f"{self.name}:1:VI:{hexed}")]
            return
        expr, more = r.choice([("0", 0), ("0=1", 0), ("0>1", 0), ("0=0", 0), ("0<3", 0), ("0&1", 1), ("0|1", 1), ("(0|1)>1,2", 1)])
        subs = ["VI:" + hexed] + [("VI:" if r.random() < 0.3 else "") + wide(value).hex()] * more
        mods = "::i" if r.random() < 0.15 and "!" not in hexed else ""
        subs[0] += mods
        self.lines = [("ldb", f"{self.name};Engine:51-255,Target:1;({expr})&{len(subs)};{';'.join(subs + [mark.hex()])}")]

    # --- layers -----------------------------------------------------------------------------------

    def make_layers(self):
        """A body under some containers, and what a signature says of these."""
        r = self.r
        body = bytes(r.randrange(1, 256) for _ in range(9))
        self.data, around = b"\x01\xfe" + body + b"\xff", []
        for _ in range(r.randrange(0, 4)):
            kind = r.choice(["ZIP", "POSIX_TAR", "GZ"])
            around.insert(0, kind)
            self.data = {"ZIP": lambda d: zip_of([("in.bin", d, True, None)])[0], "POSIX_TAR": lambda d: tar_of([("in.bin", d, False, None)])[0],
                         "GZ": lambda d: gzip.compress(d, mtime=0)}[kind](self.data)
        keys = ["Engine:81-255", "Target:0"]
        said = [r.choice([kind, kind, kind, kind, "ANY", "RAR"]) for kind in around[r.randrange(0, len(around) + 1):]] or ["ZIP"]
        if r.random() < 0.7:
            keys.append("Intermediates:" + ">".join("CL_TYPE_" + kind for kind in said))
        if r.random() < 0.6 or len(keys) == 2:
            keys.append("Container:CL_TYPE_" + r.choice([around[-1] if around else "ANY"] * 3 + ["ZIP", "GZ", "ANY"]))
        self.lines = [("ldb", f"{self.name};{','.join(keys)};0;{body.hex()}")]

    # --- types ------------------------------------------------------------------------------------

    def make_type(self):
        """A list of types replaces clamscan's own, so a case has nothing that overt would know by itself."""
        r = self.r
        magic = bytes([0xE9 + self.number % 7]) + bytes(r.randrange(128, 250) for _ in range(r.randrange(3, 12)))
        target, name = r.choice([(0, "BINARY_DATA"), (1, "MSEXE"), (2, "MSOLE2"), (5, "GRAPHICS"), (5, "GIF"), (6, "ELF"), (9, "MACHO"), (10, "PDF"), (11, "SWF"),
                                 (12, "JAVA"), (14, "SCRENC"), (14, "RIFF")])
        at = r.choice([0, 0, 0, 4, 100, 1024 - len(magic), 1025 - len(magic)])
        body = bytes(r.randrange(1, 256) for _ in range(9))
        found = magic if r.random() < 0.8 else magic[:-1] + bytes([magic[-1] ^ 1])
        self.data = b"\x01" * (at + r.choice([0] * 9 + [1])) + found + b"\x02" * 8 + body + b"\x01" * r.randrange(0, 900)
        tail = r.choice([""] * 5 + [":1", ":217", ":1:216", ":1:215", ":90:300"])
        required = r.choice(["ANY", "ANY", "ANY", "MSEXE"])
        self.lines = [("ftm", f"0:{at}:{magic.hex()}:{self.name}:CL_TYPE_{required}:CL_TYPE_{name}{tail}")]
        if r.random() < 0.3:  # the later one wins
            other = r.choice(["PDF", "ELF", "SWF"])
            self.lines.append(("ftm", f"0:{at}:{magic[:r.randrange(2, len(magic) + 1)].hex()}:{self.name}:CL_TYPE_ANY:CL_TYPE_{other}"))
            target = r.choice([target, {"PDF": 10, "ELF": 6, "SWF": 11}[other]])
        asked = r.choice([target, target, target, 0, 5, 10, 6])
        self.lines.append(("ndb", f"{self.name}:{asked}:*:{body.hex()}"))

    # --- macros -----------------------------------------------------------------------------------

    def make_macro(self):
        """The group's members are this case's own, as others use the same groups."""
        r = self.r
        group = self.number % 32
        before, members = self.word(6, 9), [self.word(6, 9) for _ in range(r.randrange(1, 4))]
        low = r.randrange(0, 12)
        high = low + r.randrange(0, 30)
        pieces = []
        for _ in range(r.randrange(1, 7)):
            pieces.append(r.choice([before, before, r.choice(members)]))
            pieces.append(self.word(0, r.choice([3, 8, 40])))
        mark = bytes(r.randrange(1, 256) for _ in range(9))
        self.data = b"\x01\xfe" + mark + "".join(pieces).encode() + b"\xff"
        expr = r.choice(["0&1", "1", "1=1", "1>1", "1=2", "0&1=1", "1>2", "0=2&1", "(0|1)>2", "(0&1)=2", "0=1&1", "1=0"])
        lines = [("ndb", f"{self.name}.Member{i}:0:${group}:{m.encode().hex()}") for i, m in enumerate(members)]
        lines.append(("ldb", f"{self.name};Engine:51-255,Target:0;({expr})&2;{before.encode().hex()};${{{low}-{high}}}{group}$;{mark.hex()}"))
        self.lines = lines
