#!/usr/bin/env python3
"""clamscan_test.py OVERT: what `overt clamscan` does without clamscan beside it: its cache, its alerts, and refusals."""
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from clamav_more_cases import zip_of  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
CACHED_MAX = 8


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path


def clamscan(*arguments):
    done = subprocess.run([OVERT, "clamscan", "--disable-cache", "--no-summary", *arguments], capture_output=True, text=True,
                          check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def the_cache_keeps_what_was_used_last_and_no_more():
    with tempfile.TemporaryDirectory() as folder:
        target = write(folder, "file", b"\1\2nothing to find")
        cache = os.path.join(folder, "cache")
        os.mkdir(cache)
        script = ""
        if os.geteuid() == 0:  # root's cache is the system's: under a mount of its own
            script = f"mount --bind {cache} /var/cache\n"
        for i in range(CACHED_MAX + 3):
            database = write(folder, f"d{i}.ndb", f"Test.N{i}:0:*:4142434445{i:02x}\n")
            # the first one is used again and again, so it stays
            script += f"'{OVERT}' clamscan --no-summary -d '{database}' '{target}' || exit 9\n"
            script += f"'{OVERT}' clamscan --no-summary -d '{folder}/d0.ndb' '{target}' || exit 9\n"
        command = ["unshare", "--mount", "sh", "-c", script] if os.geteuid() == 0 else ["sh", "-c", script]
        done = subprocess.run(command, env={**os.environ, "XDG_CACHE_HOME": cache}, capture_output=True, text=True, check=False,
                              timeout=300)
        tap.same(done.returncode, 0, done.stderr)
        kept = os.listdir(os.path.join(cache, "overt"))
        databases = {name[:-5] for name in kept if name.endswith(".ovdb")}
        tap.same(len(databases), CACHED_MAX)
        for name in kept:
            tap.same(bool(re.fullmatch(r"[0-9a-f]{64}\.(ovdb|key)", name)), True, name)
            if name.endswith(".key"):
                with open(os.path.join(cache, "overt", name), encoding="ascii") as f:
                    tap.same(f.read() in databases, True, "a key without its database")
        keys = sum(name.endswith(".key") for name in kept)
        tap.same(keys, CACHED_MAX)


def alerts_are_asked_for_and_named_by_kind():
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", "Test.N:0:*:4142434445464748\n")
        locked = write(folder, "locked.zip", zip_of([("a", b"hidden", False, b"secret")])[0])
        cards = write(folder, "cards.txt", "pay 4111 1111 1111 1111 or 5105-1051-0510-5100 or 378282246310005 now\n")
        tap.same(clamscan("-d", database, locked)[0], 0)
        tap.same(clamscan("-d", database, "--alert-encrypted", locked)[1], f"{locked}: Heuristics.Encrypted.Zip FOUND\n")
        tap.same(clamscan("-d", database, "--alert-encrypted-doc", locked)[0], 0)
        tap.same(clamscan("-d", database, cards)[0], 0)
        tap.same(clamscan("-d", database, "--detect-structured", cards)[1],
                 f"{cards}: Heuristics.Structured.CreditCardNumber FOUND\n")
        tap.same(clamscan("-d", database, "--detect-structured", "--structured-cc-count=4", cards)[0], 0)


def cards_of_credit_are_told_from_others():
    """Debit cards and those for one use (UATP) count where all do, and not where credit alone is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", "Test.N:0:*:4142434445464748\n")
        for digits, found in (("411111111111111", (1, 1)), ("622126123456789", (1, 1)), ("3095123456789", (1, 1)),
                              ("500012345678901", (1, 0)), ("100012345678", (1, 0)), ("622125123456789", (0, 0))):
            doubled = [int(c) * (2 - i % 2) for i, c in enumerate(reversed(digits))]
            check = -sum(n // 10 + n % 10 for n in doubled) % 10
            good, bad = (write(folder, f"{digits}{n}", f"pay {digits}{n} now\n") for n in (check, (check + 1) % 10))
            for mode in (0, 1):
                asked = ["-d", database, "--detect-structured", "--structured-cc-count=1", f"--structured-cc-mode={mode}"]
                tap.same((clamscan(*asked, good)[0], clamscan(*asked, bad)[0]), (found[mode], 0), f"{digits} {mode}")


def what_is_larger_is_not_normalised():
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", f"Page:3:*:{b'<div id=x>'.hex()}\nPlain:3:*:{b'some text here'.hex()}\n"
                                          f"Text:7:*:{b'small letters'.hex()}\n")
        page = write(folder, "page", "<html><body><DIV ID=X>a</DIV><p>some <b>text</b> here</p></body></html>")
        text = write(folder, "text", "here are SMALL\n  Letters in a text\n")
        for option, target, found in (("htmlnormalize", page, ["Page", "Plain"]), ("htmlnotags", page, ["Plain"]),
                                      ("scriptnormalize", text, ["Text"])):
            size = os.path.getsize(target)
            everything = ["Page", "Plain"] if target == page else ["Text"]
            for most, left in ((size, everything), (size - 1, [n for n in everything if n not in found]), (0, everything)):
                _, told, warned = clamscan("-d", database, "--allmatch", f"--max-{option}={most}", target)
                names = sorted({line.split()[1].split(".")[0] for line in told.splitlines() if "FOUND" in line})
                tap.same(names, left, f"{option} {most} {told}")
                tap.same("larger than the limit" in warned, most == size - 1 and left == [], warned)  # what is found is told alone


def as_many_partitions_as_are_wanted_are_opened():
    with tempfile.TemporaryDirectory() as folder:
        disk = bytearray(512 * 64)
        for i in range(4):
            disk[446 + 16 * i:462 + 16 * i] = struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0x83, 0, 3, 0, 4 + 8 * i, 8)
            at = 512 * (4 + 8 * i) + 100
            disk[at:at + 14] = b"\1\2PART%d-WITHIN" % i
        disk[510:512] = b"\x55\xaa"
        target = write(folder, "disk", bytes(disk))
        database = write(folder, "d.ldb", "".join(f"P{i};Engine:51-255,Target:0,Container:CL_TYPE_MBR;0;{(b'PART%d-WITHIN' % i).hex()}\n"
                                                  for i in range(4)))
        for options, count in (([], 4), (["--max-partitions=4"], 4), (["--max-partitions=2"], 2), (["--max-partitions=0"], 0)):
            _, told, warned = clamscan("-d", database, "--allmatch", *options, target)
            tap.same([f"P{i}." in told for i in range(4)], [i < count for i in range(4)], f"{options} {told}")
            tap.same("not looked at in full" in warned, count == 0, warned)
        tap.same(clamscan("-d", database, "-i", "--max-partitions=0", "--alert-partition-intersection", target)[1], "")
        disk[446 + 12] = 9  # the first one takes a sector of the second
        write(folder, "disk", bytes(disk))
        tap.same(clamscan("-d", database, "--max-partitions=0", "--alert-partition-intersection", target)[1],
                 f"{target}: Heuristics.MBRPartitionnIntersect FOUND\n")
        tap.same(clamscan("-d", database, "--max-partitions=0", target)[0], 0)


def a_type_that_is_not_to_be_opened_stays_closed():
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", "Test.N:0:*:6162636465666768696a\n")
        mail = write(folder, "mail", "From: a@b\nTo: c@d\nSubject: e\nMIME-Version: 1.0\nContent-Type: application/octet-stream\n"
                     "Content-Transfer-Encoding: base64\n\nAQJhYmNkZWZnaGlqAQI=\n")
        tap.same(clamscan("-d", database, mail)[0], 1)
        tap.same(clamscan("-d", database, "--scan-mail=no", mail)[0], 0)


def an_allow_list_beats_what_is_found():
    with tempfile.TemporaryDirectory() as folder:
        data = b"\1\2ABCDEFGH and more"
        database = write(folder, "d.ndb", "Test.N:0:*:4142434445464748\n")
        allow = write(folder, "d.fp", f"{hashlib.sha256(data).hexdigest()}:{len(data)}:Known.Good\n")
        target = write(folder, "file", data)
        tap.same(clamscan("-d", database, target)[0], 1)
        tap.same(clamscan("-d", database, "-d", allow, target)[0], 0)


def what_is_inside_is_told_where_it_was_asked_for():
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", "Test.N:0:*:4142434445464748\n# no line\n")
        inner, _ = zip_of([("deep.bin", b"\1\2ABCDEFGH", True, None)])
        outer = write(folder, "outer.zip", zip_of([("in.zip", inner, True, None), ("plain", b"\1\2nothing", False, None)])[0])
        _, out, _ = clamscan("-a", "-d", database, outer)
        tap.same(out, f"{outer}: Test.N.UNOFFICIAL FOUND\n{outer}!ZIP:in.zip!(2)ZIP:deep.bin: Test.N.UNOFFICIAL FOUND\n")
        temporary = os.path.join(folder, "temporary")
        os.mkdir(temporary)
        _, _, told = clamscan("--gen-json", "--debug", "--leave-temps", "--tempdir", temporary, "-d", database, outer)
        kept = os.listdir(temporary)
        tap.same(len(kept) == 1 and bool(re.fullmatch(r"\d{8}_\d{6}-outer\.zip\.[0-9a-f]{10}", kept[0])), True, str(kept))
        with open(os.path.join(temporary, kept[0], "metadata.json"), encoding="utf-8") as f:
            document = f.read()
        tap.same(document in told, True, told)
        root = json.loads(document)
        with open(outer, "rb") as f:
            tap.same(root["FileMD5"], hashlib.md5(f.read()).hexdigest())
        tap.same((root["RootFileType"], root["FileName"], root["FileSize"]), ("CL_TYPE_ZIP", "outer.zip", os.path.getsize(outer)))
        tap.same([m["FileName"] for m in root["ContainedObjects"]], ["in.zip", "plain"])
        tap.same(root["ContainedObjects"][0]["ContainedObjects"][0],
                 {"FileName": "deep.bin", "FileType": "CL_TYPE_BINARY_DATA", "FileSize": 10, "Viruses": ["Test.N.UNOFFICIAL"]})


def databases_that_are_too_old_are_an_error():
    with tempfile.TemporaryDirectory() as folder:
        target = write(folder, "file", b"\1\2nothing")
        plain = write(folder, "d.ndb", "Test.N:0:*:4142434445464748\n")
        old = write(folder, "d.cvd", "ClamAV-VDB:20 Aug 2015 10-50 -0400:268:47:63:X:X:who:1440082241".ljust(512))
        code, _, said = clamscan("-d", old, "--fail-if-cvd-older-than=7", target)
        tap.same((code, said), (2, "ERROR: Virus database is older than 7 days!\n"))
        tap.same(clamscan("-d", plain, "--fail-if-cvd-older-than=7", target)[0], 0)


def known_viruses_are_lines_of_signatures():
    with tempfile.TemporaryDirectory() as folder:
        target = write(folder, "file", b"\1\2nothing")
        write(folder, "d.ndb", "Test.N:0:*:4142434445464748\nTest.L:0:*:4142434445464748:217\nTest.M:0:$3:4142434445464748\n")
        write(folder, "d.ldb", "Test.A;Engine:51-255,Target:0;0&1;41424344;${4-10}3$\n")
        write(folder, "d.fp", "44d88612fea8a8f36de82e1278abb02f:68:Known.Good\n")
        write(folder, "d.wdb", "M:a.example:b.example\n")
        write(folder, "d.ign2", "Other.Name\n")
        done = subprocess.run([OVERT, "clamscan", "--disable-cache", "-d", folder, target], capture_output=True, text=True, check=False,
                              timeout=120)
        tap.same("Known viruses: 4\n" in done.stdout, True, done.stdout)


def heuristics_come_last_unless_asked_first():
    with tempfile.TemporaryDirectory() as folder:
        target = write(folder, "cards", "4111111111111111 and 4012888888881881 and 5105105105105100 and some body of text\n")
        database = write(folder, "d.ndb", f"Test.Body:0:*:{b'some body of text'.hex()}\n")
        body, cards = f"{target}: Test.Body.UNOFFICIAL FOUND\n", f"{target}: Heuristics.Structured.CreditCardNumber FOUND\n"
        asked = ["--detect-structured", "-d", database, target]
        tap.same(clamscan(*asked)[:2], (1, body))
        tap.same(clamscan("--heuristic-scan-precedence", *asked)[:2], (1, cards))
        tap.same(sorted(clamscan("--allmatch", *asked)[1].splitlines(True)), sorted([body, cards]))


def words_of_a_page_are_hidden_by_no_byte():
    """Zero bytes and carriage returns are passed over; in the text alone other control characters part words."""
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ndb", "".join(f"Test.{name}:3:*:{text.encode().hex()}\n" for name, text in (
            ("Word", "qwertyuiop"), ("Script", "asdfgh;jkl"), ("Apart", "zxcv bnm"), ("Tag", '<a href="http'))))
        for name, page, found in (
                ("a", b"qwe\0rty\0\0uiop", "Word"), ("b", b"qwert\ryuiop", "Word"), ("c", b"<scr\0ipt>asd\0fgh ;  jkl</script>", "Script"),
                ("d", b"zxcv\1bnm", "Apart"), ("e", b"<a hr\0ef=\"http://x.example\">y</a>", "Tag"), ("f", b"qwert\nyuiop", None)):
            target = write(folder, name, b"<html><body>some text " + page + b" and more of it</body></html>")
            status, told, _ = clamscan("-d", database, target)
            tap.same((status, told), (1, f"{target}: Test.{found}.UNOFFICIAL FOUND\n") if found else (0, f"{target}: OK\n"))


def a_program_behind_text_is_a_program():
    with tempfile.TemporaryDirectory() as folder:
        sections = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0x200, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
        optional = struct.pack("<HBBIIIIIIIII", 0x10b, 0, 0, 0x200, 0, 0, 0x1000, 0x1000, 0x2000, 0x400000, 0x1000, 0x200)
        optional = optional.ljust(0xe0, b"\0")
        head = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 1, 0, 0, 0, 0xe0, 0x102)
        program = (head + optional + sections).ljust(0x200, b"\0") + b"\x90only in a program".ljust(0x200, b"\xcc")
        database = write(folder, "d.ndb", f"Test.P:1:*:{b'only in a program'.hex()}\n")
        for name, before, found in (("a", b"", True), ("b", b"some words in front of it\n", True), ("c", b"\0\1\2\3\4 data", True),
                                    ("d", b"MZ and no more of it ", True)):
            target = write(folder, name, before + program)
            status, told, _ = clamscan("-d", database, target)
            tap.same((status, told), (1, f"{target}: Test.P.UNOFFICIAL FOUND\n") if found else (0, f"{target}: OK\n"))
        target = write(folder, "e", b"some words MZ " + b"only in a program".rjust(0x200))
        tap.same(clamscan("-d", database, target)[:2], (0, f"{target}: OK\n"))


def strict_refuses_what_a_scan_passes_over():
    with tempfile.TemporaryDirectory() as folder:
        database = write(folder, "d.ldb", "Test.A;Target:0;0&1;41424344;0/ab[c/\nTest.B;Target:0;0;41424344\n")
        out = os.path.join(folder, "out.ovdb")
        lenient = subprocess.run([OVERT, "compile", "-o", out, database], capture_output=True, text=True, check=False, timeout=60)
        tap.same(lenient.returncode, 0, lenient.stderr)
        tap.same("d.ldb:1" in lenient.stderr and "regular expression" in lenient.stderr, True, lenient.stderr)
        os.unlink(out)
        strict = subprocess.run([OVERT, "compile", "--strict", "-o", out, database], capture_output=True, text=True, check=False,
                                timeout=60)
        tap.same(strict.returncode, 2, strict.stderr)
        tap.same(os.path.exists(out), False)


if os.geteuid() == 0 and shutil.which("unshare") is None:
    sys.exit("unshare is missing (util-linux)")
tap.run([the_cache_keeps_what_was_used_last_and_no_more, alerts_are_asked_for_and_named_by_kind,
         cards_of_credit_are_told_from_others, what_is_larger_is_not_normalised, as_many_partitions_as_are_wanted_are_opened,
         a_type_that_is_not_to_be_opened_stays_closed, an_allow_list_beats_what_is_found,
         what_is_inside_is_told_where_it_was_asked_for, databases_that_are_too_old_are_an_error,
         known_viruses_are_lines_of_signatures, heuristics_come_last_unless_asked_first,
         words_of_a_page_are_hidden_by_no_byte,
         a_program_behind_text_is_a_program, strict_refuses_what_a_scan_passes_over])
