#!/usr/bin/env python3
"""modules_test.py OVERT FACTS_DUMP COUNT [--seed N] [--module NAME] [--folder DIR] [--keep DIR]: modules that parse
programs, over good files and COUNT spoilt copies each, beside what yara-python 4.5 says: every fact, and what
functions come to. SKIP without it; a module that it was built without (macho and dex are not in the wheels of PyPI) is
passed over, and said to be."""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "e2e")]
import facts_judge  # noqa: E402
import mutants  # noqa: E402
import tap  # noqa: E402
from module_conditions import CONDITIONS, source as source_of  # noqa: E402

try:
    import yara
except ImportError:
    print("1..1\nok 1 - modules that parse programs # SKIP yara-python is not there")
    sys.exit(0)

asked = argparse.ArgumentParser()
asked.add_argument("overt")
asked.add_argument("dump")
asked.add_argument("count", type=int)
asked.add_argument("--seed", type=int, default=1)
asked.add_argument("--module", default=None)
asked.add_argument("--folder", type=pathlib.Path, default=None, help="real files; else the fuzz corpora alone")
asked.add_argument("--keep", type=pathlib.Path, default=None, help="where to put files that differ")
asked = asked.parse_args()
work = tempfile.TemporaryDirectory()

unjudged = set()  # files of which the judge says nothing


def made(module):
    chance = random.Random(asked.seed)
    more = [asked.folder / module] if asked.folder and (asked.folder / module).is_dir() else []
    good = mutants.seeds(module, more)
    folder = pathlib.Path(work.name) / module
    folder.mkdir()
    names = []
    for i in range(len(good) + asked.count):
        name = folder / f"{i:06}"
        name.write_bytes(good[i] if i < len(good) else mutants.spoil(chance.choice(good), chance))
        names.append(str(name))
    return names


def differs(module, name, ours, theirs):
    if ours != theirs and asked.keep:
        asked.keep.mkdir(exist_ok=True)
        (asked.keep / f"{module}-{asked.seed}-{pathlib.Path(name).name}").write_bytes(pathlib.Path(name).read_bytes())
    return ours != theirs


def compare_facts(module, names):
    ours = {}
    for at in range(0, len(names), 500):
        ours.update(facts_judge.of_dump(asked.dump, module, names[at:at + 500]))
    wrong, told = [], 0
    judge = facts_judge.Judge(lambda name: facts_judge.of_judge(yara, module, name))
    for name in names:
        theirs = judge(name)
        if theirs is None:
            unjudged.add(name)
            continue
        told += len(theirs) > 10
        told_apart = facts_judge.compare(ours.get(name, {}), theirs)
        if differs(module, name, told_apart, []):
            wrong.append(f"{pathlib.Path(name).name}: " + "; ".join(told_apart[:4]))
    judge.close()
    tap.same(wrong[:8], [], f"{len(wrong)} of {len(names)} files")
    assert told > len(names) // 20 and len(unjudged) < len(names) // 4, (told, len(unjudged))


def compare_functions(module, names):
    names = [name for name in names if name not in unjudged]
    source = source_of(module)
    rules, listed = pathlib.Path(work.name) / f"{module}.yar", pathlib.Path(work.name) / f"{module}.list"
    rules.write_text(source)
    listed.write_text("\n".join(names) + "\n")
    judge = yara.compile(source=source)
    done = subprocess.run([asked.overt, "yara", "--scan-list", rules, listed], capture_output=True, text=True, check=False)
    tap.same(done.stderr, "")
    got = {}
    for line in done.stdout.splitlines():
        rule, _, name = line.partition(" ")
        got.setdefault(name, set()).add(rule)
    wrong = []
    for name in names:
        theirs = {str(m) for m in judge.match(name)}
        if differs(module, name, got.get(name, set()), theirs):
            wrong.append((pathlib.Path(name).name, [CONDITIONS[module][int(r[1:])]
                                                    for r in sorted(got.get(name, set()) ^ theirs)]))
    tap.same(wrong[:8], [], f"{len(wrong)} of {len(names)} files")


def test_of(module):
    def one():
        names = made(module)
        compare_facts(module, names)
        compare_functions(module, names)

    one.__name__ = f"{module}_says_what_yara_says"
    return one


wanted = [asked.module] if asked.module else list(CONDITIONS)
for missing in sorted(set(wanted) - set(yara.modules)):
    print(f"# this yara-python was built without the module {missing}")
tap.run([test_of(m) for m in wanted if m in yara.modules])
