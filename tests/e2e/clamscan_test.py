#!/usr/bin/env python3
"""clamscan_test.py OVERT: what `overt clamscan` does without clamscan beside it: its cache, its alerts, and refusals."""
import hashlib
import os
import re
import shutil
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
         a_type_that_is_not_to_be_opened_stays_closed, an_allow_list_beats_what_is_found, strict_refuses_what_a_scan_passes_over])
