#!/usr/bin/env python3
"""clamav_diff_test.py OVERT [CASES [SEED]]: generated signatures over generated files, held against Debian's clamscan.

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

OVERT = os.path.abspath(sys.argv[1])
CASES = int(sys.argv[2]) if len(sys.argv) > 2 else 400
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 0
BATCH = 1000
# Explained in docs/compat-clamav.md.
KNOWN = {"Case1537", "Case1794", "Case1618"}


def verdicts(command, database, files):
    """The set of (file, name) found."""
    done = subprocess.run(command + ["-d", database, "--allmatch", "--no-summary", "--infected", files], capture_output=True,
                          text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command}: {done.returncode} {done.stderr[-2000:]}")
    return {(os.path.basename(m[0]), m[1]) for m in re.findall(r"^(.*): (\S+)\.UNOFFICIAL FOUND$", done.stdout, re.M)}


def differences(cases, folder):
    database, files = os.path.join(folder, "db"), os.path.join(folder, "files")
    os.mkdir(database)
    os.mkdir(files)
    lines = {}
    for case in cases:
        lines.setdefault(case.ext, []).append(case.line)
        with open(os.path.join(files, case.file), "wb") as f:
            f.write(case.data)
    for ext, some in lines.items():
        with open(os.path.join(database, "cases." + ext), "w", encoding="ascii") as f:
            f.write("\n".join(some) + "\n")
    theirs = verdicts(["clamscan"], database, files)
    ours = verdicts([OVERT, "clamscan", "--disable-cache"], database, files)
    return theirs, ours


def same_verdicts_as_clamscan():
    total = held = 0
    bad = []
    for first in range(SEED, SEED + CASES, BATCH):
        cases = [Case(n) for n in range(first, min(first + BATCH, SEED + CASES))]
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = differences(cases, folder)
        by_name = {case.name: case for case in cases}
        total += len(cases)
        held += len(theirs)
        for who, some in (("clamscan alone", theirs - ours), ("overt alone", ours - theirs)):
            for file, name in sorted(some):
                if name in KNOWN:
                    continue
                bad.append(f"{who}: {file} {by_name[name].line[:300]}  # {by_name[name].what}")
    for line in bad[:int(os.environ.get("SHOW", "20"))]:
        print("# " + line)
    print(f"# {total} cases, {held} of them hold, {len(bad)} differ")
    tap.same(len(bad), 0)


if not any(os.access(os.path.join(p, "clamscan"), os.X_OK) for p in os.environ["PATH"].split(":")):
    print("1..0 # SKIP clamscan is not installed")
    sys.exit(0)
tap.run([same_verdicts_as_clamscan])
