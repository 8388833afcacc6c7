#!/usr/bin/env python3
"""library_test.py OVERT EXAMPLE SHARED STATIC: libovert as its users meet it. Only overt_ names are
visible; the example builds against either library with strict C11, and runs."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT, EXAMPLE, SHARED, STATIC = map(os.path.abspath, sys.argv[1:5])
ROOT = pathlib.Path(__file__).resolve().parents[2]
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-library."))


def visible(*command):
    """Names that a library defines for others."""
    lines = subprocess.run(["nm", "--defined-only", *command], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if len(line.split()) == 3}


def declared():
    """Functions of the public header."""
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "include/overt/overt.h").read_text(), flags=re.S)
    names = set(re.findall(r"\b(overt_[a-z_]+)\s*\(", text))
    return {n for n in names if not n.endswith("_fn")}


def the_shared_library_shows_the_header_and_nothing_else():
    tap.same(visible("-D", SHARED), declared())


def the_static_library_shows_the_header_and_nothing_else():
    tap.same(visible("-g", STATIC), declared())


def the_example_finds_and_tells():
    (TMP / "r.yar").write_text('rule Found { strings: $a = "in-the-file" condition: $a }')
    subprocess.run([OVERT, "compile", TMP / "r.yar", "-o", TMP / "r.ovdb"], check=True, capture_output=True)
    (TMP / "bad").write_text("this is in-the-file")
    (TMP / "good").write_text("this is not")
    for name, code, text in (("bad", 1, f"{TMP}/bad: DETECTED\n  Found\n"), ("good", 0, f"{TMP}/good: CLEAN\n")):
        done = subprocess.run([EXAMPLE, TMP / "r.ovdb", TMP / name], capture_output=True, text=True, check=False)
        tap.same((done.returncode, done.stdout, done.stderr), (code, text, ""))
    done = subprocess.run([EXAMPLE, ROOT / "meson.build", TMP / "bad"], capture_output=True, text=True, check=False)
    tap.same((done.returncode, "not a rule database" in done.stderr), (2, True))


def the_example_builds_against_the_static_library():
    subprocess.run(["cc", "-std=c11", "-pedantic-errors", "-Wall", "-Werror", "-D_POSIX_C_SOURCE=200809L",
                    f"-I{ROOT}/include", ROOT / "examples/scan.c", STATIC, "-lcrypto", "-o", TMP / "scan"],
                   check=True)


tap.run([the_shared_library_shows_the_header_and_nothing_else,
         the_static_library_shows_the_header_and_nothing_else, the_example_finds_and_tells,
         the_example_builds_against_the_static_library])
