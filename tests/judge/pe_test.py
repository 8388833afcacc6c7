#!/usr/bin/env python3
"""pe_test.py OVERT FACTS_DUMP COUNT: the module pe over files made by code and broken by chance, beside what
yara-python 4.5 says: every fact, and what functions come to. SKIP without it."""
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "e2e")]
import facts_judge  # noqa: E402
import pe_files  # noqa: E402
import tap  # noqa: E402
from pe_conditions import CONDITIONS, SOURCE  # noqa: E402

overt, dump, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    import yara
except ImportError:
    print("1..1\nok 1 - the module pe # SKIP yara-python is not there")
    sys.exit(0)

work = tempfile.TemporaryDirectory()
def made():
    chance = random.Random(4)
    good = [pe_files.make(False), pe_files.make(True), pe_files.make(False, b"behind it" * 40), b"MZ" + bytes(90), b""]
    names = []
    for i in range(count):
        name = pathlib.Path(work.name) / f"{i:05}"
        name.write_bytes(good[i] if i < len(good) else pe_files.spoil(chance.choice(good[:3]), chance))
        names.append(str(name))
    return names


FILES = made()


def every_fact_is_as_yara_has_it():
    ours, seen = facts_judge.of_dump(dump, "pe", FILES), 0
    for name in FILES:
        try:
            theirs = facts_judge.of_judge(yara, "pe", name)
        except (SystemError, UnicodeDecodeError):
            continue  # yara-python cannot tell of keys that are no UTF-8
        seen += "machine" in theirs
        tap.same(facts_judge.compare(ours[name], theirs), [], pathlib.Path(name).name)
    assert seen > count // 2, seen


def functions_come_to_the_same():
    rules = pathlib.Path(work.name) / "rules.yar"
    listed = pathlib.Path(work.name) / "list"
    rules.write_text(SOURCE)
    listed.write_text("\n".join(FILES) + "\n")
    judge = yara.compile(source=SOURCE)
    done = subprocess.run([overt, "yara", "--scan-list", rules, listed], capture_output=True, text=True, check=False)
    got = {}
    for line in done.stdout.splitlines():
        rule, _, name = line.partition(" ")
        got.setdefault(name, set()).add(rule)
    held = 0
    for name in FILES:
        theirs = {str(m) for m in judge.match(name)}
        held += len(theirs)
        tap.same(sorted(CONDITIONS[int(r[1:])] for r in got.get(name, set()) ^ theirs), [], pathlib.Path(name).name)
    assert held > 20 * count, held


tap.run([every_fact_is_as_yara_has_it, functions_come_to_the_same])
