#!/usr/bin/env python3
"""clamav_diff_test.py OVERT [CASES [SEED [MORE [PROGRAMS]]]]: generated signatures over generated files, held against Debian's clamscan;
MORE of them about what databases say beside bodies, PROGRAMS about what signatures say of programs, macros and types.

Every verdict has to be the same. Signatures that clamscan refuses would take its whole database away, so each case is
well-formed; the cases of one run share a few databases, as starting clamscan is what costs."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from clamav_cases import Case  # noqa: E402
from clamav_more_cases import MoreCase  # noqa: E402
from clamav_program_cases import ProgramCase  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
CASES = int(sys.argv[2]) if len(sys.argv) > 2 else 400
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 0
MORE = int(sys.argv[4]) if len(sys.argv) > 4 else 150
PROGRAMS = int(sys.argv[5]) if len(sys.argv) > 5 else 200
BATCH = 1000
# Explained in docs/compat-clamav.md.
KNOWN = {"Case1537", "Case1794", "Case1618"}


def verdicts(command, database, files):
    """The set of (file, name) found."""
    done = subprocess.run(command + ["-d", database, "--allmatch", "--no-summary", "--infected", files], capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command}: {done.returncode} {done.stderr[-2000:]}")
    found = re.findall(r"^(.*): (\S+) FOUND$", done.stdout, re.M)
    return {(os.path.basename(m[0]), m[1].removesuffix(".UNOFFICIAL")) for m in found}


def differences(cases, folder):
    database, files = os.path.join(folder, "db"), os.path.join(folder, "files")
    os.mkdir(database)
    os.mkdir(files)
    lines = {}
    for case in cases:
        for ext, line in case.lines:
            lines.setdefault(ext, []).append(line)
        with open(os.path.join(files, case.file), "wb") as f:
            f.write(case.data)
    for ext, some in lines.items():
        head, tail = ("<ioc id=\"cases\"><definition><Indicator operator=\"OR\" id=\"any\">\n", "</Indicator></definition></ioc>\n") if ext == "ioc" else ("", "")
        with open(os.path.join(database, "cases." + ext), "w", encoding="ascii") as f:
            f.write(head + "\n".join(some) + "\n" + tail)
    theirs = verdicts(["clamscan"], database, files)
    ours = verdicts([OVERT, "clamscan", "--disable-cache"], database, files)
    return theirs, ours


def compare(make, first_of_all, count):
    total = held = 0
    bad = []
    for first in range(first_of_all, first_of_all + count, BATCH):
        cases = [make(n) for n in range(first, min(first + BATCH, first_of_all + count))]
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = differences(cases, folder)
        by_file = {case.file: case for case in cases}
        total += len(cases)
        held += len(theirs)
        for who, some in (("clamscan alone", theirs - ours), ("overt alone", ours - theirs)):
            for file, name in sorted(some):
                if name in KNOWN:
                    continue
                case = by_file[file]
                bad.append(f"{who}: {file} {name}: {str(case.lines)[:300]}  # {case.what}")
    for line in bad[:int(os.environ.get("SHOW", "20"))]:
        print("# " + line)
    print(f"# {total} cases, {held} of them hold, {len(bad)} differ")
    tap.same(len(bad), 0)


def same_verdicts_as_clamscan():
    compare(Case, SEED, CASES)


def same_verdicts_about_members_pictures_passwords_and_links():
    compare(MoreCase, SEED, MORE)


def same_verdicts_about_version_information():
    compare(lambda n: ProgramCase("version", n), SEED, PROGRAMS)


def same_verdicts_about_macros():
    """Apart: clamscan 1.4.6 crashes over programs where a database has macros for any type and bodies for programs."""
    compare(lambda n: ProgramCase("macro", n), SEED, PROGRAMS)


def same_verdicts_about_what_is_around():
    compare(lambda n: ProgramCase("layers", n), SEED, PROGRAMS)


def same_verdicts_about_listed_types():
    """Each list of types on its own: a magic that begins another's would decide about its files."""
    for first in range(SEED, SEED + PROGRAMS, 50):
        compare(lambda n: ProgramCase("type", n), first, min(50, SEED + PROGRAMS - first))


if not any(os.access(os.path.join(p, "clamscan"), os.X_OK) for p in os.environ["PATH"].split(":")):
    print("1..0 # SKIP clamscan is not installed")
    sys.exit(0)
tap.run([same_verdicts_as_clamscan, same_verdicts_about_members_pictures_passwords_and_links,
         same_verdicts_about_version_information, same_verdicts_about_macros, same_verdicts_about_what_is_around,
         same_verdicts_about_listed_types])
