#!/usr/bin/env python3
"""hostile_test.py OVERT FACTS_DUMP [COUNT] [--keep DIR]: modules over files whose structure is hostile on purpose (see
pe_hostile.py), beside what yara-python 4.5 says: every fact, and what functions come to. SKIP without it."""
import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "e2e")]
import facts_judge  # noqa: E402
import pe_hostile  # noqa: E402
import tap  # noqa: E402
from pe_conditions import CONDITIONS, SOURCE  # noqa: E402

try:
    import yara
except ImportError:
    print("1..1\nok 1 - hostile structures # SKIP yara-python is not there")
    sys.exit(0)

asked = argparse.ArgumentParser()
asked.add_argument("overt")
asked.add_argument("dump")
asked.add_argument("count", type=int, nargs="?", default=100)
asked.add_argument("--keep", type=pathlib.Path, default=None, help="where to put files that differ")
asked = asked.parse_args()
work = tempfile.TemporaryDirectory()
CORPORA = pathlib.Path(__file__).resolve().parents[2] / "fuzz/corpora"


def signed():
    """The PKCS#7 structures of the good files in the fuzz corpus."""
    out = []
    for path in sorted((CORPORA / "authenticode").iterdir()):
        data = path.read_bytes()
        nt = struct.unpack_from("<I", data, 60)[0]
        is_64 = struct.unpack_from("<H", data, nt + 24)[0] == 0x20B
        at, size = struct.unpack_from("<II", data, nt + 24 + (112 if is_64 else 96) + 32)
        if 8 < size <= len(data) - at:
            length = struct.unpack_from("<I", data, at)[0]
            out.append(data[at + 8:at + length])
    assert out, "the corpus has no signed file"
    return out


FILES = {}
for number, (title, data) in enumerate(pe_hostile.cases(signed(), asked.count)):
    name = pathlib.Path(work.name) / f"{number:05}"
    name.write_bytes(data)
    FILES[str(name)] = title
unjudged = set()


def told(name, differences):
    if differences and asked.keep:
        asked.keep.mkdir(exist_ok=True)
        (asked.keep / FILES[name].replace("/", "_").replace(" ", "_")).write_bytes(pathlib.Path(name).read_bytes())
    return [f"{FILES[name]}: {'; '.join(differences[:4])}"] if differences else []


def every_fact_is_as_yara_has_it():
    names, ours, wrong = list(FILES), {}, []
    for at in range(0, len(names), 500):
        ours.update(facts_judge.of_dump(asked.dump, "pe", names[at:at + 500]))
    judge = facts_judge.Judge(lambda name: facts_judge.of_judge(yara, "pe", name))
    for name in names:
        theirs = judge(name)
        if theirs is None:
            unjudged.add(name)
            continue
        wrong += told(name, facts_judge.compare(ours.get(name, {}), theirs))
    judge.close()
    tap.same(wrong[:40], [], f"{len(wrong)} of {len(names)} files")
    assert len(unjudged) < len(names) // 10, sorted(FILES[n] for n in unjudged)


def functions_come_to_the_same():
    names = [name for name in FILES if name not in unjudged]
    rules, listed = pathlib.Path(work.name) / "rules.yar", pathlib.Path(work.name) / "list"
    rules.write_text(SOURCE)
    listed.write_text("\n".join(names) + "\n")
    done = subprocess.run([asked.overt, "yara", "--scan-list", rules, listed], capture_output=True, text=True, check=False)
    tap.same(done.stderr, "")
    got, wrong = {}, []
    for line in done.stdout.splitlines():
        rule, _, name = line.partition(" ")
        got.setdefault(name, set()).add(rule)
    compiled = yara.compile(source=SOURCE)
    judge = facts_judge.Judge(lambda name: {str(m) for m in compiled.match(name)}, 10)
    for name in names:
        theirs = judge(name)
        if theirs is not None:
            wrong += told(name, sorted(CONDITIONS[int(r[1:])] for r in got.get(name, set()) ^ theirs))
    judge.close()
    tap.same(wrong[:40], [], f"{len(wrong)} of {len(names)} files")


tap.run([every_fact_is_as_yara_has_it, functions_come_to_the_same])
