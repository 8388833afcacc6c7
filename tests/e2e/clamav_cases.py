"""clamav_cases.py: signatures of ClamAV's for every construct, each with a file in which it holds or just does not.

Case(number) is a function of its number alone. Its signature holds bytes of its own, so cases do not meet in each other's
files, and thousands of them go into one database."""
import hashlib
import random
import struct


def pe(r, body):
    """A small PE: three sections, the entry point in the first; `body` lies in the second."""
    plus = r.random() < 0.4
    sections = [b"\xf4" * 512, body, bytes(r.randrange(1, 255) for _ in range(300))]
    optional = 240 if plus else 224
    headers = 0x80 + 24 + optional + 40 * 3
    head_size = (headers + 511) // 512 * 512
    out = bytearray(b"MZ" + bytes(58) + struct.pack("<I", 0x80)).ljust(0x80, b"\0")
    out += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664 if plus else 0x14C, 3, 0, 0, 0, optional, 0x102)
    opt = bytearray(optional)
    struct.pack_into("<H", opt, 0, 0x20B if plus else 0x10B)
    struct.pack_into("<I", opt, 4, 512)
    struct.pack_into("<I", opt, 16, 0x1000 + r.randrange(0, 256))
    struct.pack_into("<I", opt, 20, 0x1000)
    if plus:
        struct.pack_into("<Q", opt, 24, 0x140000000)
    else:
        struct.pack_into("<I", opt, 28, 0x400000)
    struct.pack_into("<II", opt, 32, 0x1000, 0x200)
    struct.pack_into("<HHHHHH", opt, 40, 5, 0, 0, 0, 5, 0)
    struct.pack_into("<II", opt, 56, 0x10000, head_size)
    struct.pack_into("<H", opt, 68, 3)
    struct.pack_into("<I", opt, 108 if plus else 92, 16)
    out += opt
    raw, rva, where = head_size, 0x1000, []
    for name, data in zip((b".text", b".data", b".rsrc2"), sections):
        size = (len(data) + 511) // 512 * 512
        out += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), rva, size, raw, 0, 0, 0, 0, 0xE0000020)
        where.append((raw, size))
        raw += size
        rva += max(0x1000, (len(data) + 0xFFF) // 0x1000 * 0x1000)
    out = out.ljust(head_size, b"\0")
    for data, (_, size) in zip(sections, where):
        out += data.ljust(size, b"\0")
    entry = where[0][0] + struct.unpack_from("<I", opt, 16)[0] - 0x1000
    return bytes(out), {"ep": entry, "sections": where, "body": where[1][0]}


def elf(r, body):
    """An ELF of one segment and three sections (the first is the empty one)."""
    text = b"\xf4" * 256
    start = 64 + 56
    shoff = start + len(text) + len(body)
    base = 0x400000
    entry = start + r.randrange(0, 128)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, base + entry, 64, shoff, 0, 64, 56, 1, 64, 3, 0)
    ph = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, shoff, shoff, 0x1000)
    rows = [(0, 0), (start, len(text)), (start + len(text), len(body))]
    sh = b"".join(struct.pack("<IIQQQQIIQQ", 0, 1 if o else 0, 0, base + o, o, s, 0, 0, 1, 0) for o, s in rows)
    return head + ph + text + body + sh, {"ep": entry, "sections": rows, "body": start + len(text)}


def plain(head):
    return lambda r, body: (head + body, {"body": len(head)})


SHAPES = {
    0: plain(b"\x01\x00\x00\x00\xfe\xfe\xfe"), 1: pe, 2: plain(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)), 4: plain(b"From: a@b\nTo: c@d\nSubject: e\n\n"),
    5: plain(b"GIF89a\x01\x00\x01\x00\x00\x00\x00"), 6: elf, 9: plain(bytes.fromhex("cffaedfe") + bytes(28)), 10: plain(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"),
    11: plain(b"FWS\x09" + bytes(17)), 12: plain(bytes.fromhex("cafebabe00000034")),
}


class Case:
    """One signature and one file. `line` is a line of `ext`."""

    def __init__(self, number):
        self.r = random.Random(number)
        self.number = number
        self.name = f"Case{number}"
        self.file = f"f{number:06d}"
        self.kind = self.r.choices(["ndb", "ldb", "hash", "section"], [50, 40, 7, 3])[0]
        getattr(self, "make_" + self.kind)()
        self.lines = [(self.ext, self.line)]

    # --- bodies ---------------------------------------------------------------------------------

    def noise(self, n, letters=False):
        if letters:
            return bytes(self.r.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(n))
        return bytes(self.r.randrange(1, 256) for _ in range(n))

    def body(self, flags="", plain_only=False):
        """(hex, bytes that match, start of the match in them, construct)."""
        r = self.r
        a, b = self.noise(r.randrange(4, 10)), self.noise(r.randrange(4, 10))
        hx = bytes.hex
        kinds = ["plain", "any", "nibble", "star", "n", "n-m", "-m", "n-", "long", "alt1", "altn"]
        if not plain_only:
            kinds += ["neg1", "negn", "uneven", "nested", "left", "right", "(L)", "(W)", "(B)", "!(W)", "!(B)", "mid"]
        kind = r.choice(kinds)
        if kind == "plain":
            return hx(a + b), a + b, 0, kind
        if kind == "any":
            n = r.randrange(1, 5)
            return hx(a) + "??" * n + hx(b), a + self.noise(n) + b, 0, kind
        if kind == "nibble":
            x = r.randrange(16)
            high = r.random() < 0.5
            return hx(a) + ("%x?" % x if high else "?%x" % x) + hx(b), \
                a + bytes([x << 4 | r.randrange(16) if high else r.randrange(16) << 4 | x]) + b, 0, kind
        if kind == "star":
            return hx(a) + "*" + hx(b), a + self.noise(r.randrange(0, 300)) + b, 0, kind
        if kind in ("n", "n-m", "-m", "n-", "long"):
            lo, hi = sorted((r.randrange(1, 60), r.randrange(1, 90)))
            gap = {"n": (lo, lo), "n-m": (lo, hi), "-m": (0, hi), "n-": (lo, lo + 200), "long": (130 + lo, 130 + lo)}[kind]
            text = {"n": f"{{{lo}}}", "n-m": f"{{{lo}-{hi}}}", "-m": f"{{-{hi}}}", "n-": f"{{{lo}-}}", "long": f"{{{130 + lo}}}"}[kind]
            n = r.choice([gap[0], gap[1], r.randint(*gap)])
            if r.random() < 0.25:  # just outside
                n = gap[1] + 1 if kind != "n-" and r.random() < 0.5 else max(0, gap[0] - 1)
            return hx(a) + text + hx(b), a + self.noise(n) + b, 0, kind
        if kind in ("alt1", "altn", "uneven", "nested", "neg1", "negn"):
            n = 1 if kind.endswith("1") else r.randrange(2, 5)
            alts = [self.noise(n if kind != "uneven" else r.randrange(1, 5)) for _ in range(r.randrange(2, 5))]
            pick = r.choice(alts)
            if kind == "nested":
                inner = [self.noise(1), self.noise(2)]
                return hx(a) + "(" + hx(alts[0]) + "|" + hx(alts[1]) + "(" + hx(inner[0]) + "|" + hx(inner[1]) + "))" + hx(b), \
                    a + r.choice([alts[0], alts[1] + inner[0], alts[1] + inner[1], alts[1]]) + b, 0, kind
            if kind.startswith("neg"):
                other = pick if r.random() < 0.4 else self.noise(n)
                return hx(a) + "!(" + "|".join(map(hx, alts)) + ")" + hx(b), a + other + b, 0, kind
            if r.random() < 0.25:
                pick = self.noise(len(pick))
            return hx(a) + "(" + "|".join(map(hx, alts)) + ")" + hx(b), a + pick + b, 0, kind
        if kind in ("left", "right"):
            lo, hi = sorted((r.randrange(0, 9), r.randrange(1, 12)))
            c = self.noise(1)
            n = r.choice([lo, hi, hi + 1])
            if kind == "left":
                return hx(c) + f"[{lo}-{hi}]" + hx(a + b), c + self.noise(n) + a + b, 0, kind
            return hx(a + b) + f"[{lo}-{hi}]" + hx(c), a + b + self.noise(n) + c, 0, kind
        if kind == "mid":
            cls = r.choice("LWB")
            c = r.choice([b"\n", b"\r\n", b" ", b"x", b"-", b"/", b"\x07"])
            return hx(a) + f"({cls})" + hx(b), a + c + b, 0, "mid" + cls
        # edges
        neg = "!" if kind[0] == "!" else ""
        cls = kind[-3:]
        left = r.random() < 0.5
        c = r.choice([b"\n", b"\r\n", b" ", b"x", b"-", b"/", b"\x07", b"<", b">", b".", b"@", b"=", b'"', b"9"])
        if left:
            return neg + cls + hx(a + b), c + a + b, len(c), "left" + kind
        return hx(a + b) + neg + cls, a + b + c, 0, "right" + kind

    # --- places ---------------------------------------------------------------------------------

    def place(self, target, info, at, size):
        """An offset that may be the right one."""
        r = self.r
        kinds = ["*"] * 4 + ["n", "n,m", "eof", "eof,m"]
        if target in (1, 6):
            kinds += ["ep", "ep,m", "s", "s,m", "sl", "se", "ep", "s", "se"]
        kind = r.choice(kinds)
        miss = r.choice([0, 0, 0, 1, -1])
        shift = r.randrange(1, 40)
        within = r.choice([0, shift, r.randint(0, shift), shift + 1]) if kind.endswith(",m") else miss
        tail = f",{shift}" if kind.endswith(",m") else ""
        want = at - within
        self.place_kind = kind
        if kind == "*":
            return "*"
        if kind[0] == "n":
            return f"{max(want, 0)}{tail}"
        if kind[:3] == "eof":
            return f"EOF-{max(size - want, 0)}{tail}"
        if kind[:2] == "ep":
            d = want - info["ep"]
            return f"EP{'+' if d >= 0 else '-'}{abs(d)}{tail}"
        x = r.choice([i for i, (o, s) in enumerate(info["sections"]) if o <= at] or [0])
        if kind == "se":
            return f"SE{r.randrange(0, 4)}"
        if kind == "sl":
            return f"SL+{max(want - info['sections'][-1][0], 0)}"
        return f"S{x if r.random() < .9 else 7}+{max(want - info['sections'][x][0], 0)}{tail}"

    def surround(self, target, match, extra=0):
        """A file of the target's shape with `match` in it: bytes, facts, where the match begins."""
        r = self.r
        text = target == 4
        before = self.noise(r.randrange(0 if extra == 0 else 8, 120), text)
        after = self.noise(r.randrange(0, 120), text)
        if r.random() < 0.15:
            before = b""
        if r.random() < 0.15:
            after = b""
        data, info = SHAPES[target](r, before + match + after)
        return data, info, info["body"] + len(before)

    def make_ndb(self):
        r = self.r
        target = r.choice(list(SHAPES))
        hexed, match, start, construct = self.body()
        if r.random() < 0.15:  # damaged
            i = r.randrange(start, len(match))
            match = match[:i] + bytes([match[i] ^ 1]) + match[i + 1:]
        self.data, info, at = self.surround(target, match)
        offset = self.place(target, info, at + start, len(self.data))
        asked = target if r.random() < 0.8 else r.choice([0] + list(SHAPES))
        if asked not in (1, 6, 9) and offset[:1] in "ES" and not offset.startswith("EOF"):
            asked = target
        self.what = f"ndb {construct} {self.place_kind} target {asked} in {target}"
        levels = r.choice([""] * 6 + [":1", ":216:216", ":217", ":1:215", ":90:300"])
        self.ext, self.line = "ndb", f"{self.name}:{asked}:{offset}:{hexed}{levels}"

    # --- logical signatures ----------------------------------------------------------------------

    def expression(self, n, depth=0):
        r = self.r
        if depth == 0 or n > 1:
            parts = list(range(n))
            out = ""
            i = 0
            while i < n:
                if n - i >= 2 and r.random() < 0.5:
                    k = r.randrange(2, n - i + 1)
                    op = r.choice("&|")
                    inner = op.join(str(x) + self.suffix(False) * (r.random() < 0.2) for x in parts[i:i + k])
                    out += "(" + inner + ")" + self.suffix(True) * (r.random() < 0.6)
                    i += k
                else:
                    out += str(i) + self.suffix(False) * (r.random() < 0.3)
                    i += 1
                out += r.choice("&|") if i < n else ""
            return out
        return "0"

    def suffix(self, group):
        r = self.r
        return r.choice("=<>") + str(r.randrange(0, 4)) + (f",{r.randrange(1, 4)}" if group and r.random() < 0.4 else "")

    def modified(self, body, mods):
        """(hexsig, bytes that match) of letters under modifiers."""
        text = self.noise(8, True)
        data = text
        if "i" in mods:
            data = bytes(c ^ 0x20 if self.r.random() < 0.5 else c for c in data)
        if self.r.random() < 0.2 and "i" not in mods:
            data = data.upper()
        if "w" in mods and ("a" not in mods or self.r.random() < 0.5) and self.r.random() < 0.9:
            data = bytes(x for c in data for x in (c, 0))
        edge = self.r.choice([b" ", b"x", b"\n"])
        return text.hex() + "::" + mods, edge + data + self.r.choice([b" ", b"y"])

    def make_ldb(self):
        r = self.r
        target = r.choice([0, 0, 1, 1, 2, 5, 6])
        n = r.randrange(1, 5)
        subs, pieces = [], []
        kinds = []
        for _ in range(n):
            if r.random() < 0.3:
                mods = r.choice(["i", "w", "a", "iw", "wa", "iwa", "f", "fi", "wf"])
                hexed, match = self.modified(None, mods)
                kinds.append("::" + mods)
            else:
                hexed, match, _, construct = self.body(plain_only=True)
                kinds.append(construct)
            subs.append(hexed)
            for _ in range(r.choice([0, 1, 1, 1, 2, 3])):
                pieces.append(self.noise(r.randrange(2, 20)) + match)
        r.shuffle(pieces)
        self.data, info, at = self.surround(target, b"".join(pieces) + b"\x03", 1)
        expr = self.expression(n)
        if r.random() < 0.2:
            word = self.noise(6, True)
            marks = r.randrange(0, 3)
            tail = b"".join(word + b"%d" % r.randrange(10) + b"\x01" for _ in range(marks))
            where = r.choice(["", "", "0:", "EOF-%d:" % len(tail), "EOF-%d,3:" % (len(tail) + 1)])
            self.data += tail
            subs.append(where + "0/" + word.decode() + "[0-9]/" + r.choice(["", "g", "i", "gi", "r", "s", "e"]))
            expr = f"{expr}&{n}" + self.suffix(False) * (r.random() < 0.4)
            kinds.append("pcre")
        elif r.random() < 0.2:
            word = self.noise(6)
            value = r.randrange(0, 500)
            form = r.choice(["de3", "d3", "hbe2", "ib2", "il2", "ib1", "il4"])
            number = {"de3": b"%03d" % value, "d3": b"%03d" % value, "hbe2": b"%02x" % (value & 255), "ib2": struct.pack(">H", value),
                      "il2": struct.pack("<H", value), "ib1": bytes([value & 255]), "il4": struct.pack("<I", value)}[form]
            if form in ("hbe2", "ib1"):
                value &= 255
            subs.append(word.hex())
            compared = r.choice(["=%d" % value, ">%d" % (value - 1), "<%d" % value, "<%d" % (value + 1), ">%d,<%d" % (value - 5, value + 5)])
            subs.append(f"{n}(>>{len(word)}#{form}#{compared})")
            self.data += word + number + b"\x01\x02"
            expr = f"{expr}&{n}&{n + 1}"
            kinds.append("bcomp " + form)
        size = len(self.data)
        tdb = f"Engine:{r.choice(['51-255', '81-255', '200-215', '216-255'])},Target:{target}"
        if r.random() < 0.2:
            tdb += ",FileSize:%d-%d" % r.choice([(0, size), (size, size), (size + 1, size + 9), (1, size - 1)])
        if target in (1, 6) and r.random() < 0.3:
            tdb += ",EntryPoint:%d-%d" % r.choice([(0, info["ep"]), (info["ep"], info["ep"]), (info["ep"] + 1, 1 << 20)])
        if target in (1, 6) and r.random() < 0.3:
            tdb += ",NumberOfSections:%d-%d" % r.choice([(1, 3), (3, 3), (4, 9)])
        if r.random() < 0.1:
            tdb += ",Container:" + r.choice(["CL_TYPE_ANY", "CL_TYPE_ZIP"])
        self.what = f"ldb {expr} {' '.join(kinds)} {tdb}"
        self.ext, self.line = "ldb", f"{self.name};{tdb};{expr};" + ";".join(subs)

    # --- hashes -----------------------------------------------------------------------------------

    def make_hash(self):
        r = self.r
        self.data = b"\x01\x00" + self.noise(r.randrange(20, 400))
        kind = r.choice(["md5", "sha1", "sha256"])
        digest = hashlib.new(kind, self.data).hexdigest()
        if r.random() < 0.5:
            digest = digest.upper()
        size = r.choice([str(len(self.data))] * 3 + ["*", str(len(self.data) + 1)])
        self.ext = r.choice(["hdb", "hsb"])
        self.what = f"{self.ext} {kind} size {size}"
        self.line = f"{digest}:{size}:{self.name}" + (":73" if size == "*" else r.choice(["", ":1", ":217", ":1:300"]))

    def make_section(self):
        r = self.r
        self.data, info = pe(r, self.noise(r.randrange(20, 900)))
        start, size = r.choice(info["sections"][1:])
        kind = r.choice(["md5", "sha1", "sha256"])
        self.ext = "mdb" if kind == "md5" else "msb"
        self.what = f"{self.ext} {kind}"
        self.line = f"{size + r.choice([0, 0, 0, 512])}:{hashlib.new(kind, self.data[start:start + size]).hexdigest()}:{self.name}"
