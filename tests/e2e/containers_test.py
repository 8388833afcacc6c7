#!/usr/bin/env python3
"""containers_test.py OVERT: EICAR inside every container that overt opens, bombs, and damage; each
through the real command and the real jail."""
import base64
import bz2
import gzip
import io
import lzma
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-containers."))
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
CLEAN, DETECTED, INCOMPLETE = 0, 1, 3


def put(name, data):
    """Writes a file into the scratch folder."""
    path = TMP / name
    path.write_bytes(data)
    return path


def scan(*arguments, seconds=120):
    """Runs `overt scan`; returns (exit code, what it printed)."""
    done = subprocess.run([OVERT, "scan", "--no-progress", *map(str, arguments)],
                          capture_output=True, timeout=seconds, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf8", "replace")


def expect(code, path, *more, says="", seconds=120):
    """Scans one path and checks the exit code and that a word stands in the output."""
    got, text = scan(*more, path, seconds=seconds)
    if got != code or says not in text:
        raise AssertionError(f"exit {got}, want {code} and '{says}' in: {text[-1500:]}")


def tool(*command, cwd=TMP, stdin=None):
    """Runs a packer; its failure is the test's."""
    subprocess.run([str(c) for c in command], cwd=cwd, check=True, input=stdin,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def zip_of(name, data, method=zipfile.ZIP_DEFLATED):
    """A zip with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        z.writestr(name, data)
    return out.getvalue()


def tar_of(name, data, mode="w"):
    """A tar with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as t:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def vint(n):
    """RAR 5's variable-length integer."""
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def rar5_of(name, data):
    """A RAR 5 archive with one stored member (RAR 5.0 archive format)."""
    def block(kind, flags, fields, body=b""):
        head = vint(kind) + vint(flags) + (vint(len(body)) if flags & 2 else b"") + fields
        sized = vint(len(head)) + head
        return struct.pack("<I", zlib.crc32(sized)) + sized + body

    member = (vint(4) + vint(len(data)) + vint(0o644) + struct.pack("<I", zlib.crc32(data))
              + vint(0) + vint(1) + vint(len(name)) + name)
    return (b"Rar!\x1a\x07\x01\x00" + block(1, 0, vint(0)) + block(2, 2, member, data)
            + block(5, 0, vint(0)))


def rar4_of(name, data):
    """A RAR 2.9 archive with one stored member."""
    def block(kind, flags, rest):
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    member = struct.pack("<IIBIIBBHI", len(data), len(data), 3, zlib.crc32(data), 0x5A000000, 29,
                         0x30, len(name), 0o100644) + name
    return (b"Rar!\x1a\x07\x00" + block(0x73, 0, bytes(6)) + block(0x74, 0x8000, member) + data
            + block(0x7B, 0x4000, b""))


def cab_of(name, data):
    """A cabinet with one stored member (MS-CAB, CFHEADER .. CFDATA)."""
    block = struct.pack("<IHH", 0, len(data), len(data)) + data
    entry = struct.pack("<IIHHHH", len(data), 0, 0, 0x5A21, 0, 0x20) + name + b"\0"
    folder_at = 36
    files_at = folder_at + 8
    data_at = files_at + len(entry)
    folder = struct.pack("<IHH", data_at, 1, 0)
    header = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, data_at + len(block), 0, files_at, 0, 3, 1,
                         1, 1, 0, 0, 0)
    return header + folder + entry + block


def eicar_alone_in_all_its_forms():
    expect(DETECTED, put("plain", EICAR), says="EICAR")
    expect(DETECTED, put("crlf", EICAR + b"\r\n"))
    expect(DETECTED, put("padded", EICAR.ljust(128)))


def eicar_by_its_definition_only():
    expect(CLEAN, put("prefix", b" " + EICAR))
    expect(CLEAN, put("tail", EICAR + b" " * 200))
    expect(CLEAN, put("document", b"The test file reads " + EICAR + b" and is harmless.\n"))
    expect(CLEAN, put("129", EICAR.ljust(129)))


def made_by_code():
    for name, data in {
            "stored.zip": zip_of("e.com", EICAR, zipfile.ZIP_STORED),
            "deflated.zip": zip_of("e.com", EICAR),
            "bzip2.zip": zip_of("e.com", EICAR, zipfile.ZIP_BZIP2),
            "lzma.zip": zip_of("e.com", EICAR, zipfile.ZIP_LZMA),
            "sfx.zip": b"MZ" + bytes(4096) + zip_of("e.com", EICAR),
            "a.tar": tar_of("e.com", EICAR),
            "a.tar.gz": tar_of("e.com", EICAR, "w:gz"),
            "a.tar.bz2": tar_of("e.com", EICAR, "w:bz2"),
            "a.tar.xz": tar_of("e.com", EICAR, "w:xz"),
            "a.gz": gzip.compress(EICAR),
            "a.bz2": bz2.compress(EICAR),
            "a.xz": lzma.compress(EICAR),
            "a.lzma": lzma.compress(EICAR, lzma.FORMAT_ALONE),
            "a5.rar": rar5_of(b"e.com", EICAR),
            "a4.rar": rar4_of(b"e.com", EICAR),
            "a.cab": cab_of(b"e.com", EICAR),
    }.items():
        expect(DETECTED, put(name, data), says=name)


def made_by_tools():
    folder = TMP / "packed"
    folder.mkdir()
    (folder / "e.com").write_bytes(EICAR)
    tool("7z", "a", "a.7z", "packed/e.com")
    tool("7z", "a", "-ms=on", "-m0=PPMd", "ppmd.7z", "packed/e.com")
    tool("zstd", "-q", "packed/e.com", "-o", "a.zst")
    tool("lz4", "-q", "packed/e.com", "a.lz4")
    tool("genisoimage", "-quiet", "-R", "-J", "-o", "a.iso", "packed")
    tool("cpio", "-o", "-H", "newc", "-O", "../a.cpio", cwd=folder, stdin=b"e.com\n")
    tool("ar", "rc", "a.ar", "packed/e.com")
    for method in ("PPMd", "Deflate64"):
        tool("7z", "a", "-tzip", f"-mm={method}", f"{method}.zip", "packed/e.com", "/usr/share/common-licenses/MPL-1.1")
        expect(DETECTED, TMP / f"{method}.zip")
    for name in ("a.7z", "ppmd.7z", "a.zst", "a.lz4", "a.iso", "a.cpio", "a.ar"):
        expect(DETECTED, TMP / name)


def behind_something_else():
    tool("7z", "a", "behind.7z", "packed/e.com")
    tool("arj", "a", "behind.arj", "packed/e.com")
    archives = {
        "zip": zip_of("e.com", EICAR), "7z": (TMP / "behind.7z").read_bytes(),
        "arj": (TMP / "behind.arj").read_bytes(), "cab": cab_of(b"e.com", EICAR),
        "rar4": rar4_of(b"e.com", EICAR), "rar5": rar5_of(b"e.com", EICAR),
        "tar": tar_of("e.com", EICAR), "gz": gzip.compress(EICAR), "bz2": bz2.compress(EICAR),
        "xz": lzma.compress(EICAR)}
    program = bytearray(512)
    program[0:2], program[60:64], program[64:68] = b"MZ", struct.pack("<I", 64), b"PE\0\0"
    program[70], program[84], program[88:90] = 1, 224, b"\x0b\x01"
    program[64 + 24 + 224 + 16:64 + 24 + 224 + 24] = struct.pack("<II", 64, 448)
    fronts = {
        "png": b"\x89PNG\r\n\x1a\n" + bytes(20) + b"\0\0\0\0IEND\xaeB`\x82",
        "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(30) + b"\xff\xd9", "gif": b"GIF89a" + bytes(30) + b";",
        "text": b"hello world\n" * 9, "script": b"#!/bin/sh\nexit 0\n", "data": bytes(range(256)) * 200,
        "elf": pathlib.Path("/bin/true").read_bytes(), "program": bytes(program)}
    for kind, archive in archives.items():
        for front, data in fronts.items():
            put(f"behind-{kind}-{front}", data + archive)
    code, text = scan(*TMP.glob("behind-*"))
    found = {line.split(":")[0].rsplit("behind-")[-1] for line in text.splitlines() if ": DETECTED EICAR" in line}
    tap.same((code, sorted({f"{k}-{f}" for k in archives for f in fronts} - found)), (DETECTED, []), text[-800:])


def what_stands_behind_an_end_is_looked_at():
    """Unpackers stop there, warn, or go on: so does whoever sends it."""
    plain, nothing = b"harmless\n" * 99, b""
    packers = {
        "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "tar": lambda data: tar_of("e.com", data),
        "zip": lambda data: zip_of("e.com", data), "cab": lambda data: cab_of(b"e.com", data),
        "rar5": lambda data: rar5_of(b"e.com", data)}
    for command in ("zstd -cq", "lz4 -cq", "lz4 -clq", "lzip -c", "lzop -cq"):
        packers[command.replace(" ", "")] = lambda data, c=command.split(): subprocess.run(
            c, input=data, stdout=subprocess.PIPE, check=True).stdout
    for first, pack in packers.items():
        for between, gap in {"": b"", "junk": b"junkjunk", "zeros": bytes(512)}.items():
            put(f"after-{first}-{between}-zip", pack(plain) + gap + zip_of("e.com", EICAR))
            if first not in ("zip", "tar") and between:
                # Behind zeros most unpackers go on as if it were one: then the first has to be empty.
                one = plain if between == "junk" or first in ("cab", "lz4-clq") else nothing
                put(f"after-{first}-{between}-same", pack(one) + gap + pack(EICAR))
    put("after-tar--tar", tar_of("a", plain) + tar_of("e.com", EICAR))
    wrong = bytearray(tar_of("a", plain) + tar_of("e.com", EICAR))
    wrong[148:156] = b"0000000\0"
    put("after-header--tar", bytes(wrong))
    shell = b"#!/bin/sh\ntail -n +3 $0 | unpack\nexit\n"
    for command in ("zstd -cq", "lz4 -cq", "lzip -c", "lzop -cq", "compress -cf"):
        put(f"after-script-{command.split()[0]}", shell + subprocess.run(
            command.split(), input=EICAR.ljust(128), stdout=subprocess.PIPE, check=True).stdout)
    files = sorted(TMP.glob("after-*"))
    code, text = scan(*files)
    found = {line.split(":")[0].rsplit("/", 1)[-1] for line in text.splitlines() if ": DETECTED EICAR" in line}
    tap.same((code, sorted({f.name for f in files} - found)), (DETECTED, []), text[-800:])
    many = b"".join(pack(plain) + b"junk" for pack in (packers["gz"], packers["xz"], packers["zstd-cq"])) * 30
    expect(DETECTED, put("many.pak", b"\1\2\3\4" + many + gzip.compress(EICAR)), says="(in gzip at ")
    expect(CLEAN, put("junk.gz", gzip.compress(plain) + b"junk"))
    expect(CLEAN, put("text.gz", gzip.compress(plain) + EICAR))


def words_that_are_no_archives():
    magics = [b"PK\3\4", b"Rar!\x1a\7\0", b"7z\xbc\xaf\x27\x1c", b"MSCF\0\0\0\0", b"\x1f\x8b\x08", b"\xfd7zXZ\0",
              b"BZh91AY&SY", b"\x60\xea", b"ustar\00000", b"ustar  \0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
    table = b"".join(m + b"\0is a magic\0\1\2\3" for m in magics) * 300
    expect(CLEAN, put("magic.tables", b"\1\2\3\4" + table))
    expect(CLEAN, put("small.table", b"\1\2\3\4" + table[:400]))


def packages():
    root = TMP / "deb"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "opt").mkdir()
    (root / "opt/e.com").write_bytes(EICAR)
    (root / "DEBIAN/control").write_text(
        "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\n"
        "Description: sample\n")
    tool("dpkg-deb", "--root-owner-group", "-Zxz", "-b", "deb", "a.deb")
    expect(DETECTED, TMP / "a.deb")
    (TMP / "e.com").write_bytes(EICAR)
    (TMP / "a.spec").write_text(
        "Name: sample\nVersion: 1\nRelease: 1\nSummary: s\nLicense: l\nBuildArch: noarch\n"
        "%description\nd\n%install\nmkdir -p %{buildroot}/opt\n"
        f"cp {TMP}/e.com %{{buildroot}}/opt/\n%files\n/opt/e.com\n")
    tool("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {TMP}/rpm", "a.spec")
    for path in (TMP / "rpm").rglob("*.rpm"):
        expect(DETECTED, path)
        return
    raise AssertionError("rpmbuild made no package")


def sixteen_deep_is_found_and_forty_deep_is_said():
    data = EICAR
    for i in range(16):
        data = zip_of(f"{i}.zip", data) if i % 2 else tar_of(f"{i}.tar", data)
    expect(DETECTED, put("deep16", data))
    for i in range(24):
        data = zip_of(f"{i}.zip", data)
    expect(INCOMPLETE, put("deep40", data), says="depth")


def the_last_of_30000_members_under_a_lower_limit():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for i in range(29999):
            z.writestr(f"{i}.txt", b"harmless")
        z.writestr("last.com", EICAR)
    path = put("many.zip", out.getvalue())
    expect(INCOMPLETE, path, "--max-objects", "1000", says="objects")
    expect(DETECTED, path)


def zip_of_zeros(gigabytes):
    """A zip64 with one deflated member of zeros, made without deflating them all."""
    one = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = one.compress(bytes(16 << 20)) + one.flush(zlib.Z_FULL_FLUSH)
    data = block * (gigabytes * 64) + one.flush()
    crc = 0
    for _ in range(gigabytes * 64):
        crc = zlib.crc32(bytes(16 << 20), crc)
    sizes = struct.pack("<HHQQ", 1, 16, gigabytes << 30, len(data))
    common = struct.pack("<HHHHHIIIHH", 45, 0, 8, 0, 0x5A21, crc, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20)
    local = b"PK\3\4" + common + b"zeros" + sizes
    central = b"PK\1\2" + struct.pack("<H", 45) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) \
        + b"zeros" + sizes
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + end


def ten_gigabytes_of_zeros():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    expect(INCOMPLETE, put("bomb.zip", zip_of_zeros(10)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime
    if used > 60:
        raise AssertionError(f"{used:.0f} s of CPU for a bomb")


def overlapping(members, megabytes):
    """A zip whose members all have the same deflated zeros for their bytes, each by another local header."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = bytes(megabytes << 20)
    kernel = deflate.compress(plain) + deflate.flush()
    headers, central = [], b""
    # A header is quoted by a stored block of the member in front of it, which ends with all that follow.
    size, packed, crc = len(plain), len(kernel), zlib.crc32(plain)
    for i in range(members):
        name = b"%06d" % i
        if headers:
            quoted = headers[-1]
            size, packed = size + len(quoted), packed + len(quoted) + 5
            crc = 0
        headers.append(b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, packed, size, 6, 0) + name)
    data, offsets = b"", []
    for number in range(members - 1, -1, -1):
        offsets.append(len(data))
        data += headers[number]
        if number:
            n = len(headers[number - 1])
            data += struct.pack("<BHH", 0, n, n ^ 0xffff)
    for at, header in zip(offsets, reversed(headers)):
        central += b"PK\1\2" + struct.pack("<H", 20) + header[4:30] + struct.pack("<HHHII", 0, 0, 0, 0, at) + header[30:]
    return data + kernel + central + b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, members, members, len(central), len(data) + len(kernel), 0)


def hostile_nests_and_loops_end():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    expect(INCOMPLETE, put("overlap.zip", overlapping(500, 4)))
    data = EICAR
    for _ in range(1000):
        data = gzip.compress(data, 1)
    expect(INCOMPLETE, put("deep.gz", data), says="depth")
    expect(INCOMPLETE, put("tails.tar", tar_of("a", b"a") * 40), says="depth")
    mail = b"From: a\nTo: b\nSubject: s\n"
    for i in range(10000):
        mail += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i)
    expect(DETECTED, put("deep.eml", mail + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(EICAR)))
    letters = b"From: a\nTo: b\nSubject: s\nContent-Type: message/rfc822\n\n" * 10000
    expect(DETECTED, put("letters.eml", letters + b"From: a\nSubject: s\nContent-Transfer-Encoding: base64\n\n"
                         + base64.encodebytes(EICAR)))
    expect(DETECTED, put("deep.rtf", b"{\\rtf1" + b"{" * 1000000 + b"{\\object\\objdata " + EICAR.hex().encode() + b"}"
                         + b"}" * 1000001))
    entities = b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 30))
    expect(CLEAN, put("bomb.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "e">' + entities + b"]><a>&e29;</a>"))
    refs = b"".join(b"%d 0 obj<</Filter %d 0 R>>stream\nx\nendstream endobj\n" % (i, i + 1) for i in range(1, 2000))
    expect(INCOMPLETE, put("refs.pdf", b"%PDF-1.7\n" + refs), says="steps")
    twice = zlib.compress(zlib.compress(bytes(100 << 20), 9), 9)
    bombs = b"".join(b"%d 0 obj<</Filter[/Fl/Fl]>>stream\n" % i + twice + b"\nendstream endobj\n" for i in range(100))
    expect(INCOMPLETE, put("bombs.pdf", b"%PDF-1.7\n" + bombs))
    table = bytearray(512)
    table[510:], table[446:462] = b"\x55\xaa", struct.pack("<B3sB3sII", 0, b"", 5, b"", 1, 9)
    loop = bytes(table[:462]) + struct.pack("<B3sB3sII", 0, b"", 5, b"", 1, 9) + bytes(table[478:])
    expect(INCOMPLETE, put("loop.mbr", loop * 20), says="partitions")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if after.ru_utime - before.ru_utime > 60:
        raise AssertionError("more than a minute of CPU")


def encrypted():
    (TMP / "secret.txt").write_text("secret" * 100)
    tool("zip", "-q", "-P", "pw", "encrypted.zip", "secret.txt")
    expect(INCOMPLETE, TMP / "encrypted.zip", says="encrypted")
    tool("7z", "a", "-ppw", "-mhe=on", "encrypted.7z", "secret.txt")
    expect(INCOMPLETE, TMP / "encrypted.7z", says="encrypted")


def truncated():
    whole = tar_of("a", os.urandom(100000))
    expect(INCOMPLETE, put("cut.tar", whole[:50000]), says="damaged")
    whole = tar_of("a", os.urandom(100000), "w:gz")
    expect(INCOMPLETE, put("cut.tar.gz", whole[:50000]), says="damaged")
    whole = zip_of("a", os.urandom(100000))
    expect(INCOMPLETE, put("cut.zip", whole[:50000]), says="damaged")


def what_precedes_a_gap_is_still_found():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in (("e.com", EICAR), ("big", os.urandom(100000))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    expect(DETECTED, put("cut-behind.tar", out.getvalue()[:50000]))


def ordinary_files_that_merely_start_like_containers_are_clean():
    for name, data in {"pk": b"PK", "pk34": b"PK\x03\x04 is how zip files start\n", "bz": b"BZh is",
                       "gz": b"\x1f\x8b is two bytes\n", "rar": b"Rar! is a word\n",
                       "cab": b"MSCF and more text that is no cabinet at all, really not\n",
                       "empty": b"", "one": b"x"}.items():
        expect(CLEAN, put(name, data))


tap.run([eicar_alone_in_all_its_forms, eicar_by_its_definition_only, made_by_code, made_by_tools,
         behind_something_else, what_stands_behind_an_end_is_looked_at,
         words_that_are_no_archives, packages, sixteen_deep_is_found_and_forty_deep_is_said,
         the_last_of_30000_members_under_a_lower_limit, ten_gigabytes_of_zeros, hostile_nests_and_loops_end, encrypted, truncated,
         what_precedes_a_gap_is_still_found,
         ordinary_files_that_merely_start_like_containers_are_clean])
