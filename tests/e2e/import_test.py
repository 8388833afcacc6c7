#!/usr/bin/env python3
"""import_test.py BUILD: other people's collections as entries of a log: which lines of ClamAV's
databases become entries, what is said of the others, and that the entries mean what the lines meant."""
import hashlib
import json
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import EXTRA, Client, Folder, Log, Server, run  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
CODE = b"\x00\x01\xfe\xffImportedBody\x00\x90\xe8"
OTHER = b"\x00\x02\xfd\xfcSecondPart\x00\x91\xe9"
DATA = b"one whole file\x00" * 40


def program(section):
    """A small PE with one section of these bytes."""
    raw = section + b"\x00" * (-len(section) % 512)
    dos = b"MZ" + b"\x00" * 58 + struct.pack("<I", 64)
    head = b"PE\x00\x00" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, 0xE0, 0x102)
    optional = struct.pack("<HBBIIIIII", 0x10B, 1, 0, len(raw), 0, 0, 0x1000, 0x1000, 0x2000)
    optional += struct.pack("<IIIHHHHHHIIIIHHIIIIII", 0x400000, 0x1000, 0x200, 4, 0, 0, 0, 4, 0, 0,
                            0x2000, 0x200, 0, 3, 0, 0x100000, 0x1000, 0x100000, 0x1000, 0, 16)
    optional += b"\x00" * 128
    row = b".text\x00\x00\x00" + struct.pack("<IIIIIIHHI", len(raw), 0x1000, len(raw), 0x200, 0, 0, 0, 0, 0x60000020)
    front = dos + head + optional + row
    return front + b"\x00" * (0x200 - len(front)) + raw, raw


PROGRAM, SECTION = program(b"section of its own \x00\x01\x02" * 9)


def collection(folder):
    folder.mkdir()
    body, other = CODE.hex(), OTHER.hex()
    (folder / "a.ndb").write_text(
        f"Test.Body:0:*:{body}\n"
        f"Test.Held.Words:0:*:{b'plans for the demonstration'.hex()}\n"
        f"Test.Held.Page:3:*:{b'plans for the demonstration'.hex()}\n"
        f"Test.Program.Words:1:*:{b'plans for the demonstration'.hex()}\n"
        f"{{HEX}}Test.Odd/name:0:*:{other}\n"
        f"{'L' * 129}:0:*:{other}\n"
        "Test.Broken:0:*:zz\n")
    (folder / "b.ldb").write_text(
        f"Test.Logical;Engine:51-255,Target:0;0&1;{body[:16]}????{body[20:]};{other}\n"
        f"Test.Logical.None;Engine:51-255,Target:0;0=0;{other}\n")
    (folder / "c.hdb").write_text(f"{hashlib.md5(DATA).hexdigest()}:{len(DATA)}:Test.Whole\n")
    (folder / "d.hsb").write_text(f"{hashlib.sha256(DATA + b'2').hexdigest()}:*:Test.Whole2:73\n")
    (folder / "e.mdb").write_text(f"{len(SECTION)}:{hashlib.md5(SECTION).hexdigest()}:Test.Section\n")
    (folder / "f.fp").write_text(f"{hashlib.md5(CODE).hexdigest()}:{len(CODE)}:Test.Allowed\n")
    (folder / "g.cdb").write_text("Test.Container:CL_TYPE_ZIP:*:.*:*:*:*:1:*:*\n")


def clamav_lines_become_entries_that_mean_the_same():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        server = Server(log.public)
        client = Client(BUILD, root / "client", log.policy([server.url + "/"], EXTRA))
        collection(root / "db")
        code, out = run(log.publish_tool, "import", log.folder, "clamav", root / "db", check=0)
        assert "10 entries to be signed, 1 rules refused" in out, out
        for said in ("f.fp: left out: it hides detections", "g.cdb: left out: a log holds bodies",
                     "L" * 99, "Test.Broken"):
            assert said in out, (said, out)
        pending = sorted(p.name for p in (log.folder / "pending").glob("*.entry"))
        entry = next((log.folder / "pending" / p).read_text() for p in pending if "Test.Logical.entry" in p)
        assert "\nlanguage clamav-ldb\n\nTest.Logical;Engine:51-255,Target:0;0&1;" in entry, entry
        log.sign()
        log.publish()
        client.update(check=None)
        cases = [(CODE, {"Test.Body"}), (OTHER, {"{HEX}Test.Odd/name"}),
                 (CODE + b"-" + OTHER, {"Test.Body", "Test.Logical", "{HEX}Test.Odd/name"}),
                 (DATA, {"Test.Whole"}), (DATA + b"2", {"Test.Whole2"}), (PROGRAM, {"Test.Section"}),
                 (b"the plans for the demonstration of tomorrow", set()),
                 (b"<html><p>the plans for the demonstration of tomorrow</p></html>", set()),
                 (PROGRAM + b"plans for the demonstration", {"Test.Section", "Test.Program.Words"})]
        for data, names in cases:
            code, out = client.scan(data, "--json")
            hits = json.loads(out.splitlines()[0])["hits"]
            tap.same({h["rule"] for h in hits}, names, out)
            tap.same(code, 1 if names else 0, out)
            assert all(h["log"]["witnesses"] == 3 for h in hits), out
        status = run(client.overt, "rules", "status", "--policy", client.policy_path, "--state", client.state)[1]
        held = {line.split()[2] for line in status.splitlines() if line.startswith("held: entry ")}
        want = {str(i) for i, p in enumerate(pending) if "Held" in p or "None" in p}
        tap.same((held, len(want)), (want, 3), status)
        server.close()


def an_entry_holds_one_line_that_is_called_what_it_is_called():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        entry = root / "body"
        for body, why in ((b"language clamav-ndb\n\nA:0:*:00112233445566\nB:0:*:00112233445566\n", "one line"),
                          (b"language clamav-cbc\n\nA\n", "the language is none of")):
            entry.write_bytes(b"overt-entry/v1\nrule\nA\n" + log.origin.encode() + b"\n0\n%d\n\n" % len(body) + body)
            code, out = run(log.publish_tool, "sign", "--key", log.signers[0][0], entry)
            assert code != 0 and why in out, out


def yara_files_become_an_entry_a_rule():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        folder = root / "yara"
        folder.mkdir()
        (folder / "two.yar").write_text('rule one { strings: $a = "\\x00\\x01abc" condition: $a }\n'
                                        'private rule two { condition: true }\n')
        (folder / "readme.txt").write_text("no rules\n")
        code, out = run(log.publish_tool, "import", log.folder, "yara", folder, check=0)
        assert "1 entries to be signed, 1 rules refused" in out, out


tap.run([clamav_lines_become_entries_that_mean_the_same, an_entry_holds_one_line_that_is_called_what_it_is_called,
         yara_files_become_an_entry_a_rule])
