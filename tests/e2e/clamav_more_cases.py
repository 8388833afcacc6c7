"""clamav_more_cases.py: what databases of ClamAV's say beside bodies: members of containers, pictures, passwords, links in mail,
indicators. As clamav_cases.py: MoreCase(number) is a function of its number alone, and only meets its own file."""
import hashlib
import io
import math
import random
import struct
import tarfile
import zlib


def crc_step(crc, byte):
    return zlib.crc32(bytes([byte]), crc ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


class ZipKeys:
    """The traditional encryption (APPNOTE 6.1)."""

    def __init__(self, password):
        self.k = [0x12345678, 0x23456789, 0x34567890]
        for c in password:
            self.update(c)

    def update(self, c):
        k = self.k
        k[0] = crc_step(k[0], c)
        k[1] = ((k[1] + (k[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        k[2] = crc_step(k[2], k[1] >> 24)

    def encrypt(self, data):
        out = bytearray()
        for c in data:
            t = (self.k[2] & 0xFFFF) | 2
            out.append(c ^ (t * (t ^ 1) >> 8 & 255))
            self.update(c)
        return bytes(out)


def zip_of(members):
    """members: (name, data, packed or not, password or None). Gives the bytes and each member's packed size."""
    out, directory, sizes = bytearray(), bytearray(), []
    for name, data, packs, password in members:
        crc, packed, method = zlib.crc32(data), data, 0
        if packs:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed, method = squeeze.compress(data) + squeeze.flush(), 8
        if password is not None:
            packed = ZipKeys(password).encrypt(bytes(10) + struct.pack("<H", crc >> 16) + packed)
        head = struct.pack("<HHHHHIIIHH", 20, 1 if password is not None else 0, method, 0x6000, 0x5000, crc, len(packed), len(data),
                           len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name.encode()
        out += b"PK\3\4" + head + name.encode() + packed
        sizes.append(len(packed))
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0)
    return bytes(out + directory) + b"PK\5\6" + end, sizes


def tar_of(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data, _, _ in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue(), [len(m[1]) for m in members]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(rows):
    """rows: of (red, green, blue)."""
    raw = b"".join(b"\0" + b"".join(bytes(point) for point in row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def shrunk(line):
    """To 32 numbers, by a Lanczos filter that reaches 3."""
    def sinc(x):
        return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)

    out, ratio = [], len(line) / 32
    scale = max(ratio, 1.0)
    for i in range(32):
        middle = (i + 0.5) * ratio
        left = min(max(0, math.floor(middle - 3 * scale)), len(line) - 1)
        right = max(left + 1, min(len(line), math.ceil(middle + 3 * scale)))
        weights = [sinc(x) * sinc(x / 3) if abs(x) < 3 else 0.0 for x in ((k - middle + 0.5) / scale for k in range(left, right))]
        out.append(sum(w * v for w, v in zip(weights, line[left:right])) / sum(weights))
    return out


def hash_of(rows):
    """The perceptual hash; None where a frequency lies so near the median that rounding would decide."""
    grey = [[(299 * r + 587 * g + 114 * b + 500) // 1000 for r, g, b in row] for row in rows]
    columns = [shrunk([row[x] for row in grey]) for x in range(len(grey[0]))]
    small = [[min(255, max(0, math.floor(v + 0.5))) for v in shrunk([column[y] for column in columns])] for y in range(32)]
    wave = [[math.cos(math.pi * k * (2 * n + 1) / 64) for n in range(32)] for k in range(8)]
    half = [[sum(row[n] * wave[k][n] for n in range(32)) for k in range(8)] for row in small]
    low = [sum(half[n][x] * wave[k][n] for n in range(32)) for k in range(8) for x in range(8)]
    order = sorted(low)
    median = (order[31] + order[32]) / 2
    if min(abs(v - median) for v in low) < 2.0:
        return None
    return sum((v > median) << (63 - i) for i, v in enumerate(low))


MAIL = "From: a@b.example\nTo: c@d.example\nSubject: s{number}\nMIME-Version: 1.0\nContent-Type: text/html\n\n" \
       "<html><body>Dear customer, <a href=\"{real}\">{shown}</a> at once.</body></html>\n"


class MoreCase:
    """`lines`: (extension, line) pairs."""

    def __init__(self, number):
        self.r = random.Random(f"more {number}")
        self.number = number
        self.name = f"More{number}"
        self.file = f"m{number:06d}"
        self.lines = []
        self.kind = self.r.choices(["member", "password", "link", "indicator", "picture"], [48, 15, 27, 5, 5])[0]
        getattr(self, "make_" + self.kind)()

    def near(self, value, ranges=True):
        """A field that may mean this number."""
        r = self.r
        kind = r.choice(["*", "*", "n", "n", "off", "range"] if ranges else ["*", "n", "off"])
        if kind == "*":
            return "*"
        if kind == "range":
            low = max(0, value - r.randrange(0, 3))
            return f"{low}-{low + r.randrange(0, 4)}"
        return str(value if kind == "n" else value + 1)

    def make_member(self):
        r, n = self.r, self.number
        kind = r.choice(["ZIP", "ZIP", "POSIX_TAR"])
        secret = b"no one knows" if kind == "ZIP" and r.random() < 0.3 else None
        members = [(f"q{n}_{i}." + r.choice(["exe", "doc", "txt"]), bytes(r.randrange(256) for _ in range(r.randrange(1, 90))),
                    r.random() < 0.5, secret) for i in range(r.randrange(1, 5))]
        self.data, packed = (zip_of if kind == "ZIP" else tar_of)(members)
        i = r.randrange(len(members))
        name, data, packs, _ = members[i]
        pattern = r.choice([f"^q{n}_", f"q{n}_{i}", f"q{n}_[0-9]\\.(exe|doc)$", f"q{n}_{i}\\.{name[-3:]}$", f"q{n}_9"])
        encrypted = r.choice(["*", "*", "0", "1"])
        if kind == "ZIP" and r.random() < 0.3:
            crc = r.choice(["*", "%08x" % zlib.crc32(data), "%08x" % (zlib.crc32(data) ^ 1)])
            self.lines = [("zmd", ":".join([self.name, encrypted, pattern, self.near(len(data), False), self.near(packed[i], False),
                                            crc, "*", self.near(i + 1, False), "*"]))]
        else:
            container = r.choice(["*", "CL_TYPE_" + kind, "CL_TYPE_" + kind, "CL_TYPE_7Z"])
            level = r.choice(["", "", ":1", ":217", ":1:216"])
            self.lines = [("cdb", ":".join([self.name, container, self.near(len(self.data)), pattern, self.near(packed[i]),
                                            self.near(len(data)), encrypted, self.near(i + 1), "*", "*"]) + level)]
        self.what = f"{self.lines[0][0]} in {kind}"

    def make_password(self):
        r, n = self.r, self.number
        secret = f"open{n}".encode()
        mark = f"treasure number {n} lies here".encode()
        told = secret if r.random() < 0.7 else secret + b"!"
        tdb = r.choice(["Engine:81-255", "Engine:81-255,Container:CL_TYPE_ZIP", "Engine:81-255,Container:CL_TYPE_RAR", "Engine:217-255"])
        as_hex = r.random() < 0.5
        self.data, _ = zip_of([("a.txt", b"\1\2" + mark, r.random() < 0.5, secret)])
        self.lines = [("pwdb", f"pw{n};{tdb};{int(as_hex)};{told.hex() if as_hex else told.decode()}"),
                      ("ndb", f"{self.name}:0:*:{mark.hex()}")]
        self.what = "pwdb " + tdb

    def make_link(self):
        r, n = self.r, self.number
        bank, thief, friend = f"bank{n}.com", f"thief{n}.net", f"friend{n}.org"
        shown = r.choice(["", "http://", "https://"]) + r.choice(["", "www."]) + r.choice([bank, bank, friend]) + r.choice(["", "/a/b"])
        real = r.choice(["http://", "https://"]) + r.choice(["", "x."]) + r.choice([thief, thief, friend, bank]) + r.choice(["", "/?q"])
        if r.random() < 0.1:
            shown = "press here"
        if r.random() < 0.1:
            real = f"http://www.{bank}%00.{thief}/"
        listed = r.choice([f"H:{bank}", f"H:{bank}:17-", f"H:www.{bank}", f"H:{bank}:217-",
                           f"R:.+\\.thief{n}\\.net([/?].*)?:.+\\.bank{n}\\.com([/?].*)?"])
        self.lines = [("pdb", listed)]
        if r.random() < 0.5:
            self.lines.append(("wdb", r.choice([f"M:{friend}:{bank}", f"M:{thief}:www.{bank}:17-", f"M:{friend}:{bank}:217-",
                                                f"X:.+\\.friend{n}\\.org([/?].*)?:.+\\.bank{n}\\.com([/?].*)?:17-"])))
        self.data = MAIL.format(number=n, real=real, shown=shown).encode()
        self.what = f"link {real} shown as {shown}, {self.lines}"

    def make_indicator(self):
        r = self.r
        self.data = b"\1\0" + bytes(r.randrange(256) for _ in range(r.randrange(20, 200)))
        kind, element = r.choice([("md5", "Md5sum"), ("sha1", "Sha1sum"), ("sha256", "Sha256sum")])
        digest = hashlib.new(kind, self.data).hexdigest()
        self.lines = [("ioc", f"<IndicatorItem id=\"i{self.number}\" condition=\"is\"><Context document=\"FileItem\" "
                              f"search=\"FileItem/{element}\" type=\"mir\"/><Content type=\"{kind}\">{digest}</Content></IndicatorItem>")]
        self.what = "ioc " + kind

    def make_picture(self):
        r = self.r
        value = None
        while value is None:  # about one in two is rough enough
            cells = [[[r.randrange(256) for _ in range(3)] for _ in range(7)] for _ in range(7)]
            width, height = r.randrange(30, 60), r.randrange(30, 60)
            rows = [[cells[y * 7 // height][x * 7 // width] for x in range(width)] for y in range(height)]
            value = hash_of(rows)
        self.data = png_of(rows)
        wanted = value if r.random() < 0.7 else value ^ 1 << r.randrange(64)
        target = r.choice([5, 5, 0])
        self.lines = [("ldb", f"{self.name};Engine:150-255,Target:{target};0;fuzzy_img#{wanted:016x}" + r.choice(["", "#0"]))]
        self.what = "picture"
