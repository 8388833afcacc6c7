#!/usr/bin/env python3
"""inside_test.py OVERT: what is inside mail, documents and installers, through the real command and
the real jail. Debian's clamav-testfiles all hold the same small program; where it is found, the
container was opened. The mails and documents are made here."""
import base64
import email.message
import hashlib
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-inside."))
SAMPLES = pathlib.Path("/usr/share/clamav-testfiles")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
CLEAN, DETECTED, INCOMPLETE = 0, 1, 3


def scan(*arguments, seconds=120):
    """Runs `overt scan`; returns (exit code, the lines it printed)."""
    done = subprocess.run([OVERT, "scan", "--no-progress", *map(str, arguments)],
                          capture_output=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode("utf8", "replace").splitlines()


def expect(code, name, data, says="", lacks="INCOMPLETE"):
    """Writes a file, scans it, and checks the exit code, a word of the output and one not in it."""
    path = TMP / name
    path.write_bytes(data)
    got, lines = scan(path)
    text = "\n".join(lines)
    if got != code or says not in text or (lacks and lacks in text):
        raise AssertionError(f"{name}: exit {got}, want {code}, '{says}' and no '{lacks}' in: {text[-1500:]}")


def sample_rule():
    """A rule of the code that the hidden program has."""
    code = (SAMPLES / "clam.exe").read_bytes()[0x40:0x74]
    path = TMP / "clam.yar"
    path.write_text("rule clam { strings: $a = { %s } condition: $a }\n" % code.hex(" "))
    return path


def every_sample_of_debian_is_opened():
    rule = sample_rule()
    names = sorted(p.name for p in SAMPLES.iterdir() if p.name.startswith("clam"))
    tap.same(len(names), 44, "samples")
    _, lines = scan("--rules", rule, *(SAMPLES / name for name in names))
    # A hit in the file itself shows nothing, but for those that hold the program as it is and nothing
    # else of interest.
    inside = {pathlib.Path(line.split(": DETECTED")[0]).name for line in lines
              if ": DETECTED clam (in " in line}
    reached = inside | {"clam.exe", "clam-fsg.exe", "clam_IScab_ext.exe"}
    tap.same(sorted(set(names) - reached), [], "not reached")


def mail(body, *headers):
    """A mail as bytes."""
    lines = ["From: a@example.org", "To: b@example.org", "Subject: s", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def eicar64():
    """The test file in base64, in lines."""
    return base64.encodebytes(EICAR)


def ordinary_mails_are_opened():
    message = email.message.EmailMessage()
    message["From"] = "a@example.org"
    message["To"] = "b@example.org"
    message["Subject"] = "hello"
    message.set_content("see below")
    message.add_attachment(EICAR, maintype="application", subtype="octet-stream", filename="e.com")
    expect(DETECTED, "ordinary.eml", bytes(message), says="(in e.com)")
    outer = email.message.EmailMessage()
    outer["From"] = "c@example.org"
    outer["To"] = "d@example.org"
    outer.set_content("forwarded")
    outer.add_attachment(message)
    expect(DETECTED, "forwarded.eml", bytes(outer), says="e.com)")
    box = b"From a Thu Jan  1 00:00:00 1970\n" + mail(b"text\n") + b"\n" \
        + b"From b Thu Jan  1 00:00:00 1970\n" + bytes(message)
    expect(DETECTED, "box.mbox", box, says="(in mail 2/e.com)")
    expect(CLEAN, "box2.mbox", b"From a Thu Jan  1 00:00:00 1970\n" + mail(b"text\nFrom here on\n"))


def names_of_attachments_are_decoded():
    for number, (header, name) in enumerate([
            ('name="=?utf-8?B?%s?="' % base64.b64encode(b"ab c.com").decode(), "ab c.com"),
            ("name*=utf-8'en'a%62c.com", "abc.com"),
            ('name*0="first-"; name*1="second.com"', "first-second.com"),
            ("name=bare.com", "bare.com")]):
        expect(DETECTED, f"named{number}.eml",
               mail(eicar64(), f"Content-Type: application/octet-stream; {header}",
                    "Content-Transfer-Encoding: base64"), says=f"(in {name})")


def mails_that_are_written_to_be_misread_are_opened():
    part = b"Content-Transfer-Encoding: base64\r\n\r\n" + eicar64() + b"\r\n"
    multi = "Content-Type: multipart/mixed; boundary="
    mails = {
        "case": mail(eicar64(), "CONTENT-TRANSFER-ENCODING: BASE64"),
        "blank": mail(eicar64(), "Content-Transfer-Encoding : base64"),
        "folded": mail(eicar64(), "Content-Transfer-Encoding:\r\n\t base64"),
        "nul": mail(eicar64(), "Content-Transfer-Enco\0ding: ba\0se64"),
        "twice": mail(eicar64(), "Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64"),
        "odd": mail(eicar64(), "Content-Transfer-Encoding: base-64"),
        "garbage": mail(eicar64(), "this is no header", "Content-Transfer-Encoding: base64"),
        "junk in base64": mail(b"\n".join(b"!%" + line + b"*#" for line in eicar64().split()),
                               "Content-Transfer-Encoding: base64"),
        "padding inside": mail(base64.b64encode(EICAR[:10]) + b"\n" + base64.b64encode(EICAR[10:]),
                               "Content-Transfer-Encoding: base64"),
        "one long line": mail(b"!" * 50000 + base64.b64encode(EICAR),
                              "Content-Transfer-Encoding: base64"),
        "quoted": mail(b"".join(b"=%02x" % c for c in EICAR) + b"=\r\n",
                       "Content-Transfer-Encoding: quoted-printable"),
        "boundary": mail(b"--x\r\n" + part + b"--x--\r\n", multi + "x"),
        "boundary quoted": mail(b"--a b\r\n" + part + b"--a b--\r\n", multi + '"a b"'),
        "no end": mail(b"--x\r\n" + part, multi + "x"),
        "line feeds": mail(b"--x\n" + part.replace(b"\r\n", b"\n"), multi + "x").replace(b"\r\n", b"\n"),
        "carriage returns": mail(b"--x\r" + part.replace(b"\r\n", b"\r").replace(b"\n", b"\r"),
                                 multi + "x").replace(b"\r\n", b"\r"),
        "two boundaries": mail(b"--y\r\n" + part + b"--y--\r\n", multi + "x; boundary=y"),
        "no boundary named": mail(b"text\r\n--z\r\nContent-Type: a/b\r\n" + part + b"--z--\r\n",
                                  "Content-Type: multipart/mixed"),
        "wrong boundary named": mail(b"text\r\n--z\r\nContent-Type: a/b\r\n" + part + b"--z--\r\n",
                                     multi + "never"),
        "boundary is a prefix": mail(b"--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n"
                                     + part + b"--xy--\r\n--x--\r\n", multi + "x"),
        "nested": mail(b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
                       b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n" + part
                       + b"--q--\r\n--x--\r\n", multi + "x"),
        "behind the last": mail(b"--x\r\n\r\nhello\r\n--x--\r\nbegin 644 e.com\r\n" + uu(EICAR)
                                + b"`\r\nend\r\n", multi + "x"),
        "uu in text": mail(b"look:\r\n\r\nbegin 644 e.com\r\n" + uu(EICAR) + b"`\r\nend\r\nbye\r\n"),
    }
    for name, data in mails.items():
        expect(DETECTED, f"{name}.eml", data, says="(in ")


def mails_with_hardly_a_header_are_opened():
    few, body = b"From: a\r\nSubject: s\r\n", b"\r\nbegin 644 e.com\r\n" + uu(EICAR) + b"`\r\nend\r\n"
    part = b"Content-Transfer-Encoding: base64\r\n\r\n" + eicar64()
    multi = b"Content-Type: multipart/mixed; boundary=x\r\n"
    parts = b"\r\n--x\r\n\r\nhi\r\n--x\r\n" + part + b"--x--\r\n"
    files = {
        "two": few + body,
        "two in a box": b"From a\r\n" + few + body,
        "one": b"Subject: s\r\n" + body,
        "type alone": multi + parts,
        "unknown before": b"X-Foo: bar\r\n" * 30 + multi + parts,
        "mark of utf-8": b"\xef\xbb\xbf" + few + multi + parts,
        "blank lines before": b"\r\n  \r\n" + few + multi + parts,
        "a count before": b"1234\n" + few + multi + parts,
        "line ends of all kinds": few + multi.replace(b"\r\n", b"\n") + parts.replace(b"\r\n", b"\r"),
        "header broken off": few + b"\r\n" + multi + parts,
        "no header": parts[2:],
        "quoted by a bounce": b"Hi. This is the qmail-send program.\n\nReturn-Path: <>\n" + few + multi + parts,
        "form": parts[2:].replace(b"Content-T", b"Content-Disposition: form-data\r\nContent-T"),
        "type misspelt": few + multi.replace(b"lti", b"tli") + parts,
        "type of a text": few + b"Content-Type: text/plain; boundary=x\r\n" + parts,
        "behind the base64": few + part + b"-- \r\nThis list is kept by nobody\r\n",
        "before the base64": few + part.replace(b"\r\n\r\n", b"\r\n\r\nThis is base64:\r\n\r\n"),
        "uu without a name": few + body.replace(b" e.com", b""),
        "name in base64": few + b"\r\nbegin-base64-encoded 644 ZQ==\r\n" + eicar64() + b"====\r\n",
    }
    for name, data in files.items():
        expect(DETECTED, f"{name}.few", data, says="(in ")


def boundaries_that_never_come_are_not_looked_for_for_ever():
    entity = b"--x\nContent-Type: multipart/mixed; boundary=never%d\n\n"
    mail_of_many = b"From: a\nContent-Type: multipart/mixed; boundary=x\n\n" \
        + b"".join(entity % i for i in range(20000))
    expect(INCOMPLETE, "never.eml", mail_of_many, says="boundaries", lacks="")


def uu(data):
    """Lines of uuencode, without begin and end."""
    import binascii
    return b"".join(binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45))


def near_misses_are_clean():
    expect(CLEAN, "notes.txt", b"begin 644 is how uuencode starts\nand this is how it goes on\n")
    expect(CLEAN, "talk.txt", b"From here on: nothing\nTo: be done\n")
    expect(CLEAN, "conf.txt", b"Server: apache\nListen: 80\nContent-Type: x\n")
    expect(CLEAN, "cut.eml", mail(b"--x\r\nContent-Type: text/plain\r\n\r\nhello",
                                  "Content-Type: multipart/mixed; boundary=x"))


def what_is_cut_or_encrypted_is_said():
    expect(INCOMPLETE, "cut.uue", b"begin 644 x\n" + uu(b"harmless" * 20), says="damaged", lacks="")
    expect(INCOMPLETE, "partial.eml", mail(b"first half", "Content-Type: message/partial; id=x; number=1"),
           says="multivolume", lacks="")
    arj = bytearray((SAMPLES / "clam.arj").read_bytes())
    expect(INCOMPLETE, "cut.arj", bytes(arj[:-60]), says="damaged", lacks="")


def onenote(data):
    """The beginning of a OneNote section, and one embedded file."""
    guid = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
    store = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
    return guid + b"\0" * 1000 + store + struct.pack("<QIQ", len(data), 0, 0) + data


def vba(source):
    """[MS-OVBA] 2.4.1 without copies: one chunk of letters."""
    packed = b"".join(b"\0" + source[i:i + 8] for i in range(0, len(source), 8))
    return b"\1" + struct.pack("<H", 0xb000 | (len(packed) + 2 - 3)) + packed


def compound(*streams):
    """A compound file with streams of (name, bytes), each in sectors of its own."""
    entries, sectors, fat = [], [], [0xfffffffd]
    directories = (len(streams) + 1 + 3) // 4

    def entry(name, kind, start, size, child=0xffffffff, right=0xffffffff):
        text = name.encode("utf-16le") + b"\0\0"
        return (text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xffffffff, right, child)
                + b"\0" * 36 + struct.pack("<IIIH", start, size, 0, 0))[:128].ljust(128, b"\0")

    fat += [2 + i if i + 1 < directories else 0xfffffffe for i in range(directories)]
    entries.append(entry("Root Entry", 5, 0xfffffffe, 0, child=1))
    for number, (name, data) in enumerate(streams):
        data = data.ljust(4096, b"\0")  # smaller streams lie elsewhere
        count = (len(data) + 511) // 512
        start = len(fat)
        fat += [start + i + 1 if i + 1 < count else 0xfffffffe for i in range(count)]
        sectors.append(data.ljust(512 * count, b"\0"))
        right = number + 2 if number + 1 < len(streams) else 0xffffffff
        entries.append(entry(name, 2, start, len(data), right=right))
    header = bytearray(512)
    header[0:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    header[24:34] = struct.pack("<HHHHH", 0x3e, 3, 0xfffe, 9, 6)
    header[44:76] = struct.pack("<IIIIIIII", 1, 1, 0, 4096, 0xfffffffe, 0, 0xfffffffe, 0)
    header[76:80] = struct.pack("<I", 0)
    header[80:512] = b"\xff" * 432
    table = b"".join(struct.pack("<I", n) for n in fat).ljust(512, b"\xff")
    return bytes(header) + table + b"".join(entries).ljust(512 * directories, b"\0") + b"".join(sectors)


def package(name, data):
    """What a dropped file is in \\1Ole10Native."""
    body = b"\2\0" + name + b"\0" + name + b"\0\0\0\3\0" + struct.pack("<I", len(name) + 1) + name + b"\0" \
        + struct.pack("<I", len(data)) + data
    return struct.pack("<I", len(body)) + body


def pdf(dictionary, data, tail=b""):
    """One stream with this dictionary."""
    return b"%PDF-1.4\n1 0 obj\n<<" + dictionary + b">>\nstream\n" + data + b"\nendstream\nendobj\n" + tail


def rc4(key, data):
    """The cipher of old PDFs."""
    s, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + s[i] + key[i % len(key)]) & 255
        s[i], s[j] = s[j], s[i]
    i = j = 0
    for c in data:
        i = (i + 1) & 255
        j = (j + s[i]) & 255
        s[i], s[j] = s[j], s[i]
        out.append(c ^ s[(s[i] + s[j]) & 255])
    return bytes(out)


def locked_pdf(password, revision):
    """A stream and a script that anybody may read (password b""), encrypted all the same."""
    fill = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
    owner, ident, permissions = b"o" * 32, b"i" * 16, struct.pack("<i", -4)
    key = hashlib.md5((password + fill)[:32] + owner + permissions + ident).digest()
    size = 5 if revision == 2 else 16
    for _ in range(50 if revision > 2 else 0):
        key = hashlib.md5(key[:size]).digest()
    key = key[:size]
    if revision == 2:
        user = rc4(key, fill)
    else:
        user = hashlib.md5(fill + ident).digest()
        for i in range(20):
            user = rc4(bytes(k ^ i for k in key), user)
        user += bytes(16)

    def sealed(number, data):
        own = hashlib.md5(key + struct.pack("<I", number)[:3] + b"\0\0").digest()[:min(size + 5, 16)]
        return rc4(own, data)

    script = sealed(8, EICAR).hex().encode()
    stream = sealed(7, zlib.compress(EICAR))
    return (b"%PDF-1.4\n7 0 obj\n<</Filter/FlateDecode/Length " + str(len(stream)).encode() + b">>\nstream\n" + stream
            + b"\nendstream\nendobj\n8 0 obj<</JS<" + script + b">>>endobj\n9 0 obj\n<</Filter/Standard/V "
            + (b"1/R 2" if revision == 2 else b"2/R 3/Length 128") + b"/P -4/O<" + owner.hex().encode() + b">/U<"
            + user.hex().encode() + b">>>\nendobj\ntrailer<</Encrypt 9 0 R/ID[<" + ident.hex().encode() + b"><00>]>>")


def documents_are_opened():
    objdata = b"01050000" + b"02000000" + b"08000000" + b"Package\0".hex().encode() + b"00000000" * 2
    body = package(b"e.com", EICAR)[4:]
    objdata += struct.pack("<I", len(body)).hex().encode() + body.hex().encode()
    odd = b"".join(objdata[i:i + 1] + (b"\r\n" if i % 7 == 0 else b"{\\x}" if i % 11 == 0 else b"")
                   for i in range(len(objdata)))
    hexed = EICAR.hex().encode()
    files = {
        "package.doc": (compound(("\1Ole10Native", package(b"e.com", EICAR))), "(in e.com)"),
        "object.rtf": (b"{\\rtf1{\\object{\\*\\objdata " + objdata + b"}}}", "(in e.com)"),
        "strewn.rtf": (b"  {\\rt{\\object{\\*\\objdata " + odd + b"}}}", "(in e.com)"),
        "section.one": (onenote(EICAR), "(in file 1)"),
        "flate.pdf": (pdf(b"/Filter/FlateDecode", zlib.compress(EICAR)), "(in stream 1)"),
        "names.pdf": (pdf(b"/Filter/#46lateDecode", zlib.compress(EICAR)), "(in stream 1)"),
        "two.pdf": (pdf(b"/Filter[/AHx /Fl]", zlib.compress(EICAR).hex().encode() + b">"), "(in stream 1)"),
        "85.pdf": (pdf(b"/Filter/ASCII85Decode", base64.a85encode(EICAR) + b"~>"), "(in stream 1)"),
        "hex.pdf": (pdf(b"/Filter /ASCIIHexDecode", hexed + b">"), "(in stream 1)"),
        "runs.pdf": (pdf(b"/Filter/RL", bytes([len(EICAR) - 1]) + EICAR + b"\x80"), "(in stream 1)"),
        "indirect.pdf": (pdf(b"/Filter 9 0 R", zlib.compress(EICAR), b"9 0 obj /FlateDecode endobj"), "(in stream 1)"),
        "script.pdf": (pdf(b"", b"", b"2 0 obj<</JS<" + hexed + b">>>endobj"), "(in javascript)"),
        "open40.pdf": (locked_pdf(b"", 2), "(in stream 1)"),
        "open128.pdf": (locked_pdf(b"", 3), "(in javascript)"),
        "behind.pdf": (b"junk\n" * 20 + pdf(b"/Filter/FlateDecode", zlib.compress(EICAR)), "(in stream 1)"),
        "word.xml": (b'<?xml version="1.0"?><w:binData w:name="x">' + base64.b64encode(EICAR) + b"</w:binData>",
                     "(in part)"),
        "url.html": (b'<html><a href=\'data:a/b;base64,' + base64.b64encode(EICAR).replace(b"+", b"%2B") + b"'>",
                     "(in data)"),
        "movie.swf": (b"CWS\x0a" + struct.pack("<I", 8 + len(EICAR)) + zlib.compress(EICAR), ""),
        "old.zz": (b"SZDD\x88\xf0\x27\x33A\0" + struct.pack("<I", len(EICAR))
                   + b"".join(b"\xff" + EICAR[i:i + 8] for i in range(0, len(EICAR), 8)), "(in -)"),
    }
    for name, (data, says) in files.items():
        if name == "movie.swf":  # the test file counts at the beginning of a file only
            expect(CLEAN, name, data)
        else:
            expect(DETECTED, name, data, says=says)
    macro = TMP / "macro.yar"
    macro.write_text('rule macro { strings: $a = "Sub AutoOpen() is here" condition: $a }')
    source = b'Attribute VB_Name = "M"\r\nSub AutoOpen() is here\r\nEnd Sub\r\n'
    path = TMP / "macro.doc"
    path.write_bytes(compound(("Module1", b"compiled" + vba(source))))
    code, lines = scan("--rules", macro, path)
    tap.same((code, any("(in Module1.bas)" in line for line in lines)), (DETECTED, True), str(lines))


def pdfs_written_oddly_are_opened():
    packed = zlib.compress(EICAR)
    files = {
        "comment": pdf(b"/Filter %comment\n/FlateDecode", packed),
        "comment-in-list": pdf(b"/Filter[%one\n/ASCIIHexDecode %two\n/Fl]", packed.hex().encode() + b">"),
        "indirect-length": pdf(b"/Length 9 0 R", EICAR.ljust(128)),
        "line-end": pdf(b"", EICAR.ljust(128)).replace(b"\nendstream", b"\r\nendstream"),
        "ascii85": pdf(b"/Filter/A85", b"<~" + base64.a85encode(packed) + b"~>").replace(b"/A85", b"[/A85/Fl]"),
        "names": pdf(b"/#46ilter/Fl#61te#44ecode", packed),
    }
    for name, data in files.items():
        expect(DETECTED, f"{name}.pdf", data, says="(in stream 1)")


def nrv(data):
    """UCL's NRV2B of letters alone, with its end mark; bits stand in words in front of their bytes."""
    items = [(1, bytes([c])) for c in data] + [(0, b"")]
    distance = bin(0x1000002)[3:]
    for number, digit in enumerate(distance):
        items += [(int(digit), b""), (int(number + 1 == len(distance)), b"")]
    items[-1] = (1, b"\xff")
    out = b""
    for first in range(0, len(items), 32):
        word = items[first:first + 32]
        bits = sum(bit << (31 - i) for i, (bit, _) in enumerate(word))
        out += struct.pack("<I", bits) + b"".join(letters for _, letters in word)
    return out


def fat(bits, data):
    """A file system with a folder, and in it a file whose clusters lie apart."""
    clusters = {12: 20, 16: 5000, 32: 70000}[bits]
    table = [0xffffff8, 0xfffffff, 0xfffffff, 5, 0, 0xfffffff, 0xfffffff] + [0] * (clusters - 5)
    if bits == 12:
        packed = b"".join(struct.pack("<I", (a & 0xfff) | (b & 0xfff) << 12)[:3] for a, b in zip(table[::2], table[1::2]))
    else:
        packed = b"".join(struct.pack("<H" if bits == 16 else "<I", n & (0xffff if bits == 16 else 0xfffffff))
                          for n in table)
    sectors = (len(packed) + 511) // 512

    def entry(name, attributes, first, size):
        return struct.pack("<11sB8xHIHI", name, attributes, 0, 0, first, size)

    boot = bytearray(512)
    boot[0:3], boot[510:512] = b"\xeb\x3c\x90", b"\x55\xaa"
    boot[11:24] = struct.pack("<HBHBHHBH", 512, 1, 1, 1, 0 if bits == 32 else 16, 0, 0xf8, 0 if bits == 32 else sectors)
    boot[32:36] = struct.pack("<I", 1 + sectors + (bits != 32) + clusters)
    boot[36:48] = struct.pack("<III", sectors if bits == 32 else 0, 0, 6)
    root = (entry(b"LABEL      ", 8, 0, 0) + entry(b"FOLDER     ", 16, 2, 0)).ljust(512, b"\0")
    folder = (entry(b".          ", 16, 2, 0) + entry(b"..         ", 16, 0, 0)
              + entry(b"\xe5GONE   TXT", 32, 4, 9) + entry(b"E       COM", 32, 3, 512 + len(data) % 512))
    body = [folder, data[:512], b"", data[512:], root]
    return bytes(boot) + packed.ljust(512 * sectors, b"\0") + (root if bits != 32 else b"") \
        + b"".join(b.ljust(512, b"\0") for b in body)


def nsis_bzip(data):
    """bzip2 without its headers and checksums, as installers have it."""
    import bz2
    bits = "".join(f"{c:08b}" for c in bz2.compress(data))
    end = bits.rindex(f"{0x177245385090:048b}")
    bits = f"{0x31:08b}" + bits[32 + 48 + 32 + 1:end] + f"{0x17:08b}"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def installer(packed, solid):
    """Nullsoft's first header, and blocks."""
    data = packed if solid else struct.pack("<I", 4) + b"head" + struct.pack("<I", 0x80000000 | len(packed)) + packed
    return struct.pack("<II12sII", 0, 0xdeadbeef, b"NullsoftInst", 4, 28 + len(data) + 4) + data + b"crc!"


def pyinstaller(data):
    """A program with PyInstaller's package: a module in PYZ, and a file."""
    modules = zlib.compress(b"import this") + zlib.compress(data)
    pyz = b"PYZ\0" + b"\xa7\r\r\n" + struct.pack(">I", 17 + len(modules)) + bytes(5) + modules + b"table"
    package, table = b"", b""
    for kind, name, member, packed in ((b"z", b"PYZ.pyz", pyz, 0), (b"x", b"e.com", data, 1)):
        stored = zlib.compress(member) if packed else member
        name += bytes(16 - len(name) % 16)
        table += struct.pack(">IIIIB1s", 18 + len(name), len(package), len(stored), len(member), packed, kind) + name
        package += stored
    cookie = struct.pack(">8sIIII64s", b"MEI\x0c\x0b\x0a\x0b\x0e", len(package) + len(table) + 88, len(package),
                         len(table), 311, b"libpython3.11.so")
    return package + table + cookie


def disks_and_archives_are_opened():
    sector = EICAR.ljust(512, b"\0")
    mbr = bytearray(512)
    mbr[510:] = b"\x55\xaa"
    mbr[446:462] = struct.pack("<B3sB3sII", 0x80, b"", 6, b"", 1, 1)
    extended = bytearray(mbr)
    extended[446:462] = struct.pack("<B3sB3sII", 0, b"", 5, b"", 1, 2)
    gpt = bytearray(512 * 3)
    gpt[512:520] = b"EFI PART"
    gpt[512 + 72:512 + 88] = struct.pack("<QII", 2, 1, 128)
    gpt[1024:1040] = b"g" * 16
    gpt[1056:1072] = struct.pack("<QQ", 3, 3)
    apm = bytearray(1024)
    apm[0:2], apm[512:514] = b"ER", b"PM"
    apm[516:528] = struct.pack(">III", 1, 2, 1)
    toc = zlib.compress(b"<xar><toc><file><data><length>%d</length><offset>0</offset><encoding style="
                        b"'application/x-gzip'/></data><name>e.com</name></file></toc></xar>"
                        % len(zlib.compress(EICAR)))
    mish = b"mish".ljust(200, b"\0") + struct.pack(">I", 1) \
        + struct.pack(">IIQQQQ", 0x80000005, 0, 0, 1, 0, len(zlib.compress(EICAR)))
    plist = b"<plist><key>blkx</key><data>" + base64.b64encode(mish) + b"</data></plist>"
    koly = bytearray(512)
    koly[0:8] = b"koly\0\0\0\4"
    koly[0xd8:0xe8] = struct.pack(">QQ", len(zlib.compress(EICAR)), len(plist))
    alz = b"ALZ\1\x0a\0\0\0BLZ\1" + struct.pack("<HBIBB", 5, 0, 0, 0x10, 0) + b"\0\0crc!" \
        + bytes([len(EICAR)]) * 2 + b"e.com" + EICAR + b"CLZ\1"
    deflated = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = deflated.compress(EICAR) + deflated.flush()
    nsis = struct.pack("<II12sII", 0, 0xdeadbeef, b"NullsoftInst", 4, 44 + len(deflated)) \
        + struct.pack("<I", 4) + b"head" + struct.pack("<I", 0x80000000 | len(deflated)) + deflated + b"crc!"
    lzo = b"\x89LZO\0\r\n\x1a\n" + struct.pack(">HHHBBIIIIB", 0x1030, 0x2080, 0x940, 1, 5, 0, 0, 0, 0, 0) \
        + b"\0" * 4 + struct.pack(">II", len(EICAR), len(EICAR)) + EICAR + struct.pack(">I", 0)
    body = EICAR + bytes(512 - len(EICAR)) + b"the rest"
    blocks = struct.pack("<I", 4) + b"head" + struct.pack("<I", len(EICAR)) + EICAR
    lzma_alone = lzma.compress(blocks, lzma.FORMAT_ALONE)
    movie = b"\x08\0" + bytes(4) + struct.pack("<HIHI", 87 << 6 | 63, 6 + len(EICAR), 1, 0) + EICAR + b"\0\0"
    image = TMP / "image"
    image.mkdir()
    (image / "e.com").write_bytes(EICAR)
    subprocess.run(["genisoimage", "-quiet", "-udf", "-o", str(TMP / "made.iso"), str(image)], check=True)
    udf = bytearray((TMP / "made.iso").read_bytes())
    udf[16 * 2048:18 * 2048] = (b"\0BEA01\1".ljust(2048, b"\0") + b"\0NSR02\1".ljust(2048, b"\0"))
    files = {
        "frozen": (pathlib.Path("/bin/true").read_bytes() + pyinstaller(EICAR), "(in e.com)"),
        "frozen module": (b"MZ".ljust(512, b"\0") + pyinstaller(EICAR), "(in PYZ.pyz/module 2)"),
        "old.lz4": (struct.pack("<IIBB", 0x184c2102, len(EICAR) + 2, 0xf0, len(EICAR) - 15) + EICAR, "(in -)"),
        "hangul.hwp": (b"HWP Document File V3.00 \x1a\1\2\3\4\5" + bytes(124) + b"\1" + bytes(1011)
                       + zlib.compress(EICAR, wbits=-15), "(in text)"),
        "hangul5.hwp": (compound(("FileHeader", b"HWP Document File".ljust(36, b"\0") + b"\1\0\0\0"),
                                 ("BIN0001.bin", zlib.compress(EICAR, wbits=-15))), "(in BIN0001.bin)"),
        "disk12.fat": (fat(12, body), "(in e.com)"),
        "disk16.fat": (fat(16, body), "(in e.com)"),
        "disk32.fat": (fat(32, body), "(in e.com)"),
        "disk.udf": (bytes(udf), "(in e.com)"),
        "bzip.nsis": (installer(nsis_bzip(EICAR), False), "(in file 1)"),
        "solid-bzip.nsis": (installer(nsis_bzip(blocks), True), "(in file 1)"),
        "solid-lzma.nsis": (installer(lzma_alone[:5] + lzma_alone[13:], True), "(in file 1)"),
        "data.swf": (b"FWS\x0a" + struct.pack("<I", 8 + len(movie)) + movie, "(in data 1)"),
        "data-packed.swf": (b"CWS\x0a" + struct.pack("<I", 8 + len(movie)) + zlib.compress(movie), "data 1)"),
        "shell.sh": (b"#!/bin/sh\nsed 's/^X//' << 'END' | uudecode &&\nbegin 600 e.com\n" + uu(EICAR) + b"`\nend\nEND\n",
                     "(in e.com)"),
        "flat.fodt": (b'<?xml version="1.0"?><office:binary-data>' + base64.b64encode(EICAR) + b"</office:binary-data>",
                      "(in part)"),
        "form.xdp": (b'<?xml version="1.0"?><xdp:xdp><pdf><chunk>' + base64.b64encode(EICAR) + b"</chunk></pdf></xdp:xdp>",
                     "(in part)"),
        "disk.mbr": (bytes(mbr) + sector, "(in partition 1)"),
        "extended.mbr": (bytes(extended) + bytes(mbr) + sector, "(in partition 1)"),
        "disk.gpt": (bytes(gpt) + sector, "(in partition 1)"),
        "disk.apm": (bytes(apm) + sector, "(in partition 1)"),
        "package.xar": (b"xar!\0\x1c\0\1" + struct.pack(">QQI", len(toc), 200, 1) + toc + zlib.compress(EICAR),
                        "(in e.com)"),
        "disk.dmg": (zlib.compress(EICAR) + plist + bytes(koly) + b"", "(in partition 1)"),
        "old.alz": (alz, "(in e.com)"),
        "setup.nsis": (nsis, "(in file 1)"),
        "packed.elf": (b"\x7fELF\1\1\1".ljust(128, b"\0") + b"sum!UPX!\0\0\x0d\x0c"
                       + struct.pack("<III", 0, len(EICAR), 4096)
                       + struct.pack("<IIBBBB", len(EICAR), len(nrv(EICAR)), 2, 0, 0, 0) + nrv(EICAR), "(in unpacked)"),
        "block.lzo": (lzo, "(in -)"),
    }
    rule = TMP / "eicar.yar"
    rule.write_text("rule eicar { strings: $a = { %s } condition: $a }" % EICAR[:40].hex(" "))
    for name, (data, says) in files.items():
        path = TMP / name
        path.write_bytes(data)
        code, lines = scan("--rules", rule, path)
        if code != DETECTED or not any(says in line for line in lines) or "INCOMPLETE" in "".join(lines):
            raise AssertionError(f"{name}: {code} {lines}")


def file_systems_are_opened_or_named():
    folder = TMP / "volume"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/e.com").write_bytes(EICAR.ljust(128))
    (folder / "notes").write_bytes(os.urandom(70000))
    for name, options in {"2": ["-t", "ext2"], "3": ["-t", "ext3"], "4": ["-t", "ext4"], "4k": ["-b", "4096"],
                          "4i": ["-t", "ext4", "-O", "inline_data", "-I", "512"]}.items():
        subprocess.run(["mke2fs", "-q", "-F", *options, "-d", str(folder), str(TMP / f"{name}.ext"), "8M"],
                       check=True, stdout=subprocess.DEVNULL)
    _, lines = scan(*TMP.glob("*.ext"))
    tap.same(len([line for line in lines if "EICAR" in line and "(in inode" in line]), 5, str(lines))
    image = (TMP / "4.ext").read_bytes()
    expect(INCOMPLETE, "cut.ext", image[:image.index(EICAR[:60]) // 4096 * 4096].replace(EICAR[:60], b""),
           says="damaged", lacks="")
    for name, (at, magic) in {"btrfs": (0x10040, b"_BHRfS_M"), "f2fs": (1024, b"\x10\x20\xf5\xf2"),
                              "jfs": (0x8000, b"JFS1"), "luks": (0, b"LUKS\xba\xbe"), "apfs": (32, b"NXSB"),
                              "reiser": (0x10034, b"ReIsErFs"), "ubi": (0, b"UBI#"), "xfs": (0, b"XFSB\0"),
                              "lvm": (512, b"LABELONE"), "bitlocker": (3, b"-FVE-FS-"),
                              "encase": (0, b"EVF\x09\r\n\xff\0")}.items():
        expect(INCOMPLETE, f"{name}.volume", bytes(at) + magic + bytes(70000),
               says="encrypted" if name in ("luks", "bitlocker") else "unsupported", lacks="")
    expect(INCOMPLETE, "vdi.disk", bytes(64) + b"\x7f\x10\xda\xbe" + bytes(70000), says="damaged", lacks="")


def egg(data, method=0, field=b"", archive_field=b""):
    """ALZip's EGG with one member in two blocks."""
    import bz2
    end = struct.pack("<I", 0x08e28222)

    def pack(part):
        if method == 1:
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            return deflate.compress(part) + deflate.flush()
        if method == 4:
            alone = lzma.compress(part, lzma.FORMAT_ALONE)
            return b"\4\0\5\0" + alone[:5] + alone[13:]
        return bz2.compress(part) if method == 2 else part

    def block(part):
        packed = pack(part)
        return struct.pack("<IBBIII", 0x02b50c13, method, 0, len(part), len(packed), zlib.crc32(part)) + end + packed

    name = struct.pack("<IBH", 0x0a8591ac, 0, 5) + b"e.com"
    return (b"EGGA" + struct.pack("<HII", 0x100, 1, 0) + archive_field + end
            + struct.pack("<IIQ", 0x0a8590e3, 0, len(data)) + name + field + end + block(data[:30]) + block(data[30:]) + end)


def eggs_are_opened():
    for method in (0, 1, 2, 4):
        expect(DETECTED, f"{method}.egg", egg(EICAR, method), says="(in e.com)")
    expect(INCOMPLETE, "3.egg", egg(EICAR, 3), says="unsupported", lacks="")
    expect(INCOMPLETE, "cut.egg", egg(b"harmless" * 9)[:-40], says="damaged", lacks="")
    wrong = egg(b"harmless" * 9)
    expect(INCOMPLETE, "sum.egg", wrong.replace(b"harmless" * 3, b"harmLess" * 3), says="damaged", lacks="")
    crypt = struct.pack("<IBHB", 0x08d1470f, 0, 17, 0) + bytes(16)
    expect(INCOMPLETE, "locked.egg", egg(b"x" * 40, field=crypt), says="encrypted", lacks="")
    split = struct.pack("<IBHII", 0x24f5a262, 0, 8, 7, 8)
    expect(INCOMPLETE, "split.egg", egg(b"x" * 40, archive_field=split), says="multivolume", lacks="")
    expect(INCOMPLETE, "solid.egg", egg(b"x" * 40, archive_field=struct.pack("<IBH", 0x24e5a060, 0, 0)),
           says="unsupported", lacks="")
    expect(CLEAN, "words.txt", b"EGGA is how it begins\n")


def squashfs_images_are_opened():
    for packer in ("gzip", "lzma", "lzo", "xz", "lz4", "zstd"):
        subprocess.run(["mksquashfs", str(TMP / "volume"), str(TMP / f"{packer}.squashfs"), "-comp", packer, "-quiet",
                        "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mksquashfs", str(TMP / "volume"), str(TMP / "plain.squashfs"), "-noI", "-noD", "-noF",
                    "-no-fragments", "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    _, lines = scan(*TMP.glob("*.squashfs"))
    tap.same(len([line for line in lines if "EICAR" in line and "(in e.com)" in line]), 7, str(lines))
    image = (TMP / "xz.squashfs").read_bytes()
    expect(INCOMPLETE, "cut.squashfs", image[:len(image) // 2], says="damaged", lacks="")
    inodes = struct.unpack_from("<Q", image, 64)[0] + 2
    spoilt = image[:inodes] + bytes(20) + image[inodes + 20:]
    expect(INCOMPLETE, "spoilt.squashfs", spoilt, says="damaged", lacks="")
    expect(DETECTED, "mounts2.AppImage", pathlib.Path("/bin/true").read_bytes() + image, says="e.com)")


def what_is_damaged_in_documents_is_said():
    expect(INCOMPLETE, "cut.fat", fat(12, b"x" * 600)[:512 * 4], says="damaged", lacks="")
    frozen = pyinstaller(b"harmless" * 9)
    entry = frozen.rindex(b"xe.com") - 17
    frozen = frozen[:entry] + bytes(4) + frozen[entry + 4:]
    expect(INCOMPLETE, "cut.pyinstaller", b"MZ".ljust(512, b"\0") + frozen, says="damaged", lacks="")
    setup = b"Inno Setup Setup Data (6.2.0)".ljust(64, b"\0")
    block = struct.pack("<IB", 1000, 1)
    expect(INCOMPLETE, "inno.exe", b"MZ".ljust(512, b"\0") + setup + struct.pack("<I", zlib.crc32(block)) + block,
           says="Inno", lacks="")
    expect(CLEAN, "inno.txt", b"MZ".ljust(512, b"\0") + setup + bytes(100))
    expect(INCOMPLETE, "mounts.AppImage", pathlib.Path("/bin/true").read_bytes()
           + struct.pack("<4s8xI6xHHHHH", b"hsqs", 131072, 17, 0, 0, 4, 0), says="squashfs", lacks="")
    expect(INCOMPLETE, "disk.ntfs", b"\xeb\x52\x90NTFS    ".ljust(4096, b"\0"), says="unsupported", lacks="")
    expect(INCOMPLETE, "cut.pdf", pdf(b"/Filter/FlateDecode", zlib.compress(b"x" * 5000)[:10]), says="damaged", lacks="")
    expect(INCOMPLETE, "odd.pdf", pdf(b"/Filter/NoSuchDecode", b"x"), says="unsupported", lacks="")
    expect(INCOMPLETE, "locked.pdf", pdf(b"", b"x", b"trailer<</Encrypt 3 0 R>>"), says="encrypted", lacks="")
    expect(INCOMPLETE, "password.pdf", locked_pdf(b"secret", 3), says="encrypted", lacks="")
    expect(INCOMPLETE, "locked.docx", compound(("EncryptedPackage", b"x")), says="encrypted", lacks="")
    expect(INCOMPLETE, "cut.one", onenote(b"x" * 100)[:-20], says="damaged", lacks="")


PAGE = b"""<!DOCTYPE html>
<HTML><Head><TITLE>Hello   World</TITLE></Head>
<!-- a Comment -->
<BODY onLoad='Foo()' BGCOLOR=#FFFFFF>
<P>Some &lt;Text&gt; &amp; &#65;&#x42; &nbsp; more&copy;
<A HREF="http://Example.COM/Path?X=%41%42&amp;y=1" target=_blank>Click <B>Here</B></A>
<IMG SRC = pic.PNG alt='An "Image"'/>
<script language="JavaScript">var A = "He"+"llo"; /* comment */ document.write(unescape("%48%49"));
</script>
<STYLE>p { color: RED }</STYLE>
</BODY></HTML>
"""


def pages_and_texts_have_views_for_signatures():
    # What clamscan 1.4.6 finds with the same signatures in the same files.
    signatures = [
        ("Tags", 3, '<head><title>hello world</title></head><body onload="foo()" bgcolor=#ffffff><p>some '
                    '<text> & ab \xa0 more\xa9 <a href="http://example.com/path?x=%41%42&y=1" target=_blank>'
                    'click <b>here</b></a><img src=pic.png alt="an "image""/>'),
        ("Dense", 3, 'vara="he"+"llo";/*comment*/document'),
        ("Style", 3, "<style>p{color:red}</style></body></html>"),
        ("Notags", 3, " hello world some text more http://Example.COM/Path?X=%41%42&y=1 click here pic.PNG "),
        ("Script", 3, '<script>var n000="hello";document.write("hi");'),
        ("Text", 7, "hello world foo \x7f bar baz this is a text file "),
    ]
    rules = TMP / "views.ndb"
    rules.write_text("".join(f"V.{name}:{target}:*:{text.encode('latin1').hex()}\n"
                             for name, target, text in signatures))
    page, text = TMP / "page.html", TMP / "text.txt"
    page.write_bytes(PAGE)
    text.write_bytes(b"Hello\tWORLD  \r\n\r\nfoo \x01\x7f\x80\xe9 Bar\x0b\x0cBaz\nthis is a text file \n")
    _, lines = scan("--rules", rules, page, text)
    found = {line.split("DETECTED V.")[1].split(".")[0] for line in lines if "DETECTED" in line}
    tap.same(found, {name for name, _, _ in signatures}, "found")


tap.run([every_sample_of_debian_is_opened, ordinary_mails_are_opened, names_of_attachments_are_decoded,
         mails_that_are_written_to_be_misread_are_opened, mails_with_hardly_a_header_are_opened,
         boundaries_that_never_come_are_not_looked_for_for_ever, near_misses_are_clean,
         what_is_cut_or_encrypted_is_said, pdfs_written_oddly_are_opened,
         pages_and_texts_have_views_for_signatures, documents_are_opened, disks_and_archives_are_opened, file_systems_are_opened_or_named,
         squashfs_images_are_opened, eggs_are_opened,
         what_is_damaged_in_documents_is_said])
