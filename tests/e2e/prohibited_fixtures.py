"""prohibited_fixtures.py - foreign systems made by code: package databases, registry hives, signed
programs, bundles, Android packages, container images, and trees meant to hurt."""
import hashlib
import io
import json
import os
import plistlib
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib


def write(root, path, content=b""):
    """A file below root, its folders too."""
    full = os.path.join(root, path.lstrip("/"))
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as f:
        f.write(content.encode() if isinstance(content, str) else content)
    return full


def folder(root, path):
    """A folder below root."""
    os.makedirs(os.path.join(root, path.lstrip("/")), exist_ok=True)


# --- package databases ------------------------------------------------------------------------

def dpkg_status(packages):
    """Text of a dpkg status file: (name, version, state, maintainer)."""
    return "".join(f"Package: {n}\nStatus: {s}\nPriority: optional\nMaintainer: {m}\nArchitecture: amd64\n"
                   f"Version: {v}\nDescription: text\n more text\n\n" for n, v, s, m in packages)


def alpine_installed(packages):
    """Text of Alpine's database: (name, version)."""
    return "".join(f"C:Q1abc\nP:{n}\nV:{v}\nA:x86_64\nm:Someone\n\n" for n, v in packages)


def rpm_header(name, version, release, vendor, arch="x86_64", description=""):
    """A header as RPM keeps it in its database: no lead, no magic."""
    index, store = b"", b""
    for tag, text in ((1000, name), (1001, version), (1002, release), (1011, vendor), (1022, arch),
                      (1005, description)):
        index += struct.pack(">IIII", tag, 6, len(store), 1)
        store += text.encode() + b"\0"
    return struct.pack(">II", len(index) // 16, len(store)) + index + store


def rpm_ndb(headers):
    """An RPM database as SUSE keeps it: slots, and blobs in blocks of 16 bytes."""
    pages = (32 + 16 * len(headers) + 4095) // 4096
    slots, blobs, at = b"", b"", pages * 4096 // 16
    for number, header in enumerate(headers, 1):
        blob = struct.pack("<4sIII", b"BlbS", number, 1, len(header)) + header
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<II4s", zlib.adler32(blob), len(header), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", number, at, len(blob) // 16)
        blobs, at = blobs + blob, at + len(blob) // 16
    head = struct.pack("<4sIIIIIII", b"RpmP", 0, 1, pages, len(headers) + 1, 0, 0, 0)
    free = struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return (head + slots + free * ((pages * 4096 - len(head) - len(slots)) // 16)) + blobs


def rpm_bdb(headers, folder_path, page_bytes=4096):
    """An RPM database as RHEL 8 kept it, written by Berkeley DB itself (Debian's db5.3-util); None without it."""
    if shutil.which("db5.3_load") is None:
        return None
    path = os.path.join(folder_path, "Packages")
    if os.path.exists(path):
        os.unlink(path)
    lines = "".join(f" {struct.pack('<I', n).hex()}\n {h.hex()}\n"
                    for n, h in enumerate([struct.pack("<I", len(headers)), *headers]))
    text = f"VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize={page_bytes}\nHEADER=END\n{lines}DATA=END\n"
    subprocess.run(["db5.3_load", path], input=text.encode(), check=True)
    with open(path, "rb") as f:
        return f.read()


# --- registry hives ---------------------------------------------------------------------------

REG_SZ, REG_BINARY, REG_DWORD = 1, 3, 4


def sz(text):
    """A text value."""
    return REG_SZ, text.encode("utf-16-le") + b"\0\0"


def dword(number):
    """A number value."""
    return REG_DWORD, struct.pack("<I", number)


class Hive:
    """A registry hive, cell by cell: what hivex-made ones are compared with."""

    def __init__(self, keys):
        self.cells = b""
        self.base = 32  # of the first cell, behind the bin's header
        self._cell(b"\0" * 80)  # where the root stays, whatever comes below it
        here = self.base + len(self.cells)  # one descriptor for all keys, linked to itself
        self.security = self._cell(b"sk" + struct.pack("<HIIII", 0, here, here, 1 << 16, 20)
                                   + b"\x01\0\x04\x80" + b"\0" * 16)
        at = self._key("ROOT", self._tree(keys), root=True) - self.base
        cells = self.cells[at:at + 88] + self.cells[88:at]
        size = (32 + len(cells) + 4095) // 4096 * 4096
        rest = size - 32 - len(cells)
        if rest:
            cells += struct.pack("<i", rest) + b"\0" * (rest - 4)
        bin_head = b"hbin" + struct.pack("<II", 0, size) + b"\0" * 20
        head = bytearray(4096)
        head[0:4] = b"regf"
        struct.pack_into("<II", head, 4, 1, 1)
        struct.pack_into("<IIIII", head, 20, 1, 5, 0, 1, self.base)
        struct.pack_into("<II", head, 40, size, 1)
        checksum = 0
        for (word,) in struct.iter_unpack("<I", head[:508]):
            checksum ^= word
        struct.pack_into("<I", head, 508, checksum)
        self.bytes = bytes(head) + bin_head + cells

    @staticmethod
    def _tree(keys):
        tree = {}
        for path, values in keys.items():
            at = tree
            for part in path.split("\\"):
                name = next((n for n in at if n.upper() == part.upper()), part)
                at = at.setdefault(name, {"": {}})
            at[""] = dict(at[""], **values)
        return dict(tree, **{"": {}})

    def _cell(self, data):
        size = (len(data) + 4 + 7) // 8 * 8
        offset = self.base + len(self.cells)
        self.cells += struct.pack("<i", -size) + data + b"\0" * (size - 4 - len(data))
        return offset

    def _value(self, name, kind, data):
        raw = name.encode("latin-1")
        if len(data) <= 4:
            size, place = len(data) | 0x80000000, data.ljust(4, b"\0")
        else:
            size, place = len(data), struct.pack("<I", self._cell(data))
        return self._cell(b"vk" + struct.pack("<HI", len(raw), size) + place
                          + struct.pack("<IHH", kind, 1, 0) + raw)

    def _key(self, name, tree, root=False):
        subkeys = sorted(((n, t) for n, t in tree.items() if n != ""), key=lambda p: p[0].upper())
        offsets = [(self._key(n, t), n) for n, t in subkeys]
        values = [self._value(n, k, d) for n, (k, d) in tree[""].items()]
        lists = 0xFFFFFFFF
        if offsets:
            lists = self._cell(b"lf" + struct.pack("<H", len(offsets))
                               + b"".join(struct.pack("<I4s", o, n[:4].encode("latin-1").ljust(4, b"\0"))
                                          for o, n in offsets))
        value_list = self._cell(b"".join(struct.pack("<I", v) for v in values)) if values else 0xFFFFFFFF
        raw = name.encode("latin-1")
        return self._cell(b"nk" + struct.pack("<HQIIIIIIIII", 0x2C if root else 0x20, 0, 0, 0,
                                              len(offsets), 0, lists, 0xFFFFFFFF, len(values), value_list,
                                              self.security)
                          + struct.pack("<IIIIIIHH", 0xFFFFFFFF, 0, 0, 0, 0, 0, len(raw), 0) + raw)


def _checksum(head):
    """Sets the checksum of a hive's or log's first sector."""
    total = 0
    for (word,) in struct.iter_unpack("<I", head[:508]):
        total ^= word
    struct.pack_into("<I", head, 508, {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total))


def marvin32(data, seed=0x82EF4D887A4E55C5):
    """The hash of log entries, of data whose length is a multiple of four."""
    mask = 0xFFFFFFFF
    a, b = seed & mask, seed >> 32

    def turn(v, by):
        return (v << by | v >> (32 - by)) & mask

    def mix(a, b):
        b ^= a
        a = (turn(a, 20) + b) & mask
        b = turn(b, 9) ^ a
        a = (turn(a, 27) + b) & mask
        return a, turn(b, 19)

    for (word,) in struct.iter_unpack("<I", data):
        a, b = mix((a + word) & mask, b)
    a, b = mix(*mix((a + 0x80) & mask, b))
    return b << 32 | a


def dirty(hive, first, second):
    """The hive with sequence numbers that differ: it was not closed."""
    head = bytearray(hive[:512])
    struct.pack_into("<II", head, 4, first, second)
    _checksum(head)
    return bytes(head) + hive[512:]


def _log_head(hive, number, kind):
    head = bytearray(hive[:512])
    struct.pack_into("<II", head, 4, number, number)
    struct.pack_into("<I", head, 28, kind)
    _checksum(head)
    return bytes(head)


def _changes(before, after, page):
    """(offset from the bins, page) of what differs."""
    return [(at - 4096, after[at:at + page]) for at in range(4096, len(after), page)
            if after[at:at + page] != before[at:at + page]]


def hive_log(steps, number):
    """A log of Windows 8.1 and later: steps are hives, each entry leads from one to the next."""
    log = _log_head(steps[-1], number, 6)
    for before, after in zip(steps, steps[1:]):
        pages = _changes(before, after, 4096)
        body = b"".join(struct.pack("<II", at, len(p)) for at, p in pages) + b"".join(p for _, p in pages)
        body += b"\0" * (-(40 + len(body)) % 512)
        head = struct.pack("<4sIIIII", b"HvLE", 40 + len(body), 0, number, len(after) - 4096, len(pages))
        head += struct.pack("<Q", marvin32(body))
        log += head + struct.pack("<Q", marvin32(head)) + body
        number += 1
    return log


def old_hive_log(before, after, number):
    """A log as Windows had it before: a map of sectors, and the sectors."""
    count = (len(after) - 4096) // 512
    changed = {at // 512: p for at, p in _changes(before, after, 512)}
    bits = bytes(sum(1 << b for b in range(8) if i * 8 + b in changed) for i in range(count // 8))
    log = _log_head(after, number, 1) + b"DIRT" + bits
    return log + b"\0" * (-len(log) % 512) + b"".join(changed[i] for i in sorted(changed))


def hivex_hive(keys, folder_path):
    """The same keys written by hivex (Debian's python3-hivex), or None where that is not installed."""
    script = r"""
import hivex, json, sys
keys, path = json.load(open(sys.argv[1])), sys.argv[2]
h = hivex.Hivex(path, write=True)
for key, values in keys.items():
    node = h.root()
    for part in key.split("\\"):
        node = h.node_get_child(node, part) or h.node_add_child(node, part)
    if values:
        h.node_set_values(node, [{"key": k, "t": t, "value": bytes.fromhex(d)} for k, (t, d) in values.items()])
h.commit(None)
"""
    if subprocess.run(["/usr/bin/python3", "-c", "import hivex"], capture_output=True, check=False).returncode:
        return None
    listing = write(folder_path, "keys.json",
                    json.dumps({k: {n: (t, d.hex()) for n, (t, d) in v.items()} for k, v in keys.items()}))
    path = write(folder_path, "hive", Hive({}).bytes)
    subprocess.run(["/usr/bin/python3", "-c", script, listing, path], check=True)
    with open(path, "rb") as f:
        return f.read()


# --- programs ---------------------------------------------------------------------------------

def _version_block(key, value, children=b"", text=True):
    raw_key = key.encode("utf-16-le") + b"\0\0"
    raw = value.encode("utf-16-le") + b"\0\0" if text and value is not None else (value or b"")
    head = 6 + len(raw_key)
    pad1 = -head % 4
    pad2 = -(head + pad1 + len(raw)) % 4
    size = head + pad1 + len(raw) + (pad2 + len(children) if children else 0)
    length = len(raw) // 2 if text and value is not None else len(raw)
    block = struct.pack("<HHH", size, length, 1 if text else 0) + raw_key + b"\0" * pad1 + raw
    return block + (b"\0" * pad2 + children if children else b"")


def _join(blocks):
    out = b""
    for block in blocks:
        out += b"\0" * (-len(out) % 4) + block
    return out


def pe(company, product, version):
    """The smallest program with a version resource."""
    strings = _join([_version_block(k, v) for k, v in
                     (("CompanyName", company), ("FileDescription", "made by a test"),
                      ("FileVersion", version), ("ProductName", product))])
    info = _version_block("VS_VERSION_INFO", b"\xbd\x04\xef\xfe" + b"\0" * 48,
                          _version_block("StringFileInfo", b"", _version_block("040904b0", b"", strings,
                                                                              text=False), text=False),
                          text=False)
    rva, raw = 0x1000, 0x400
    tree = b""
    for level, number in ((0, 16), (1, 1), (2, 1033)):
        target = (len(tree) + 24) | (0x80000000 if level < 2 else 0)
        tree += struct.pack("<IIHHHHII", 0, 0, 0, 0, 0, 1, number, target)
    tree += struct.pack("<IIII", rva + len(tree) + 16, len(info), 0, 0)
    section = (tree + info).ljust(0x800, b"\0")
    dos = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 224, 0x102)
    optional = struct.pack("<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII", 0x10B, 6, 0, 0, len(section), 0, 0, 0x1000,
                           0x1000, 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x2000, 0x400, 0, 2, 0,
                           0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    directories = b"".join(struct.pack("<II", rva, len(section)) if i == 2 else b"\0" * 8 for i in range(16))
    row = b".rsrc\0\0\0" + struct.pack("<IIIIIIHHI", len(section), rva, len(section), raw, 0, 0, 0, 0,
                                       0x40000040)
    head = (dos + b"PE\0\0" + coff + optional + directories + row).ljust(raw, b"\0")
    return head + section


def certificate(folder_path, subject, name):
    """A self-signed certificate and its key: paths of (pem, key)."""
    pem, key = os.path.join(folder_path, name + ".pem"), os.path.join(folder_path, name + ".key")
    if not os.path.exists(pem):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
                        "-utf8", "-subj", subject, "-keyout", key, "-out", pem], check=True,
                       capture_output=True)
    return pem, key


def der_of(pem):
    """The DER of a PEM file."""
    return subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], check=True,
                          capture_output=True).stdout


def signed(folder_path, program, pem, key):
    """The program signed with osslsigncode."""
    plain, out = os.path.join(folder_path, "plain.exe"), os.path.join(folder_path, "signed.exe")
    with open(plain, "wb") as f:
        f.write(program)
    if os.path.exists(out):
        os.unlink(out)
    subprocess.run(["osslsigncode", "sign", "-certs", pem, "-key", key, "-in", plain, "-out", out],
                   check=True, capture_output=True)
    with open(out, "rb") as f:
        return f.read()


def store_blob(der):
    """A certificate as Windows keeps it in the registry: properties, the certificate last."""
    return (struct.pack("<III", 3, 1, 20) + hashlib.sha1(der).digest()
            + struct.pack("<III", 32, 1, len(der)) + der)


def macho(team, identifier):
    """A 64-bit Mach-O whose code directory names a team."""
    ident, team_raw = identifier.encode() + b"\0", team.encode() + b"\0"
    head = 52
    directory = struct.pack(">IIIIIIIIIBBBBII", 0xFADE0C02, head + len(ident) + len(team_raw), 0x20200, 0,
                            0, head, 0, 0, 0, 32, 2, 0, 12, 0, 0) + struct.pack(">I", head + len(ident))
    directory += ident + team_raw
    blob = struct.pack(">IIIII", 0xFADE0CC0, 20 + len(directory), 1, 0, 20) + directory
    at = 4096
    image = struct.pack("<IIIIIIII", 0xFEEDFACF, 0x01000007, 3, 2, 1, 16, 0, 0)
    image += struct.pack("<IIII", 0x1D, 16, at, len(blob))
    return image.ljust(at, b"\0") + blob


# --- Android ----------------------------------------------------------------------------------

def android_manifest(package, version):
    """AndroidManifest.xml in its binary form."""
    texts = ["manifest", "package", "versionName", package, version]
    data, offsets = b"", []
    for text in texts:
        offsets.append(len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    start = 28 + 4 * len(texts)
    pool = struct.pack("<HHIIIIII", 1, 28, start + len(data), len(texts), 0, 0, start, 0)
    pool += b"".join(struct.pack("<I", o) for o in offsets) + data

    def attribute(name, value):
        return struct.pack("<IIIHBBI", 0xFFFFFFFF, name, value, 8, 0, 3, value)

    body = struct.pack("<IIHHHHHH", 0xFFFFFFFF, 0, 20, 20, 2, 0, 0, 0) + attribute(1, 3) + attribute(2, 4)
    element = struct.pack("<HHIII", 0x0102, 16, 16 + len(body), 1, 0xFFFFFFFF) + body
    return struct.pack("<HHI", 3, 8, 8 + len(pool) + len(element)) + pool + element


def apk(package, version, libraries=()):
    """An Android package with native libraries."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("AndroidManifest.xml", android_manifest(package, version))
        z.writestr("classes.dex", b"dex\n035\0")
        for library in libraries:
            z.writestr(f"lib/arm64-v8a/{library}", b"\x7fELF")
    return out.getvalue()


def apk_signed_whole(content, der):
    """The package with a signature block before its directory, as since Android 7; only the certificate in it is real."""
    at = content.rindex(b"PK\5\6")
    (directory,) = struct.unpack_from("<I", content, at + 16)
    body = struct.pack("<QI", len(der) + 4, 0x7109871A) + der
    size = struct.pack("<Q", len(body) + 24)
    block = size + body + size + b"APK Sig Block 42"
    end = bytearray(content[at:])
    struct.pack_into("<I", end, 16, directory + len(block))
    return content[:directory] + block + content[directory:at] + bytes(end)


# --- macOS ------------------------------------------------------------------------------------

def plist(content, binary):
    """A property list."""
    return plistlib.dumps(content, fmt=plistlib.FMT_BINARY if binary else plistlib.FMT_XML)


# --- archives and images ----------------------------------------------------------------------

def tar(files, mode="w"):
    """A tar of {path: bytes, or None for a folder}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as t:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            if content is None:
                info.type = tarfile.DIRTYPE
                t.addfile(info)
            else:
                info.size = len(content)
                t.addfile(info, io.BytesIO(content))
    return out.getvalue()


def oci(layers):
    """An OCI image layout of tar layers (lowest first): {path: bytes}."""
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        files[f"blobs/sha256/{digest}"] = content
        return {"digest": "sha256:" + digest, "size": len(content)}

    config = dict(blob(b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}'),
                  mediaType="application/vnd.oci.image.config.v1+json")
    manifest = {"schemaVersion": 2, "config": config,
                "layers": [dict(blob(layer), mediaType="application/vnd.oci.image.layer.v1.tar+gzip")
                           for layer in layers]}
    index = {"schemaVersion": 2, "manifests": [dict(blob(json.dumps(manifest).encode()),
                                                    mediaType="application/vnd.oci.image.manifest.v1+json")]}
    files["index.json"] = json.dumps(index).encode()
    return files


def lay_out(root, files):
    """Writes {path: bytes or None} below root, anew."""
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for path, content in files.items():
        if content is None:
            folder(root, path)
        else:
            write(root, path, content)
    return root
