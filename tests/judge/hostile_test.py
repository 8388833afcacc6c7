#!/usr/bin/env python3
"""hostile_test.py OVERT FACTS_DUMP [COUNT] [--module NAME] [--keep DIR]: modules over files whose structure is hostile on
purpose (see MODULE_hostile.py), beside what yara-python 4.5 says: every fact, and what functions come to. SKIP without
it; a module that it was built without (macho and dex are not in the wheels of PyPI) is passed over, and said to be."""
import argparse
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / "e2e")]
import dex_hostile  # noqa: E402
import dotnet_hostile  # noqa: E402
import elf_hostile  # noqa: E402
import facts_judge  # noqa: E402
import macho_hostile  # noqa: E402
import module_conditions  # noqa: E402
import pe_hostile  # noqa: E402
import tap  # noqa: E402

try:
    import yara
except ImportError:
    print("1..1\nok 1 - hostile structures # SKIP yara-python is not there")
    sys.exit(0)

asked = argparse.ArgumentParser()
asked.add_argument("overt")
asked.add_argument("dump")
asked.add_argument("count", type=int, nargs="?", default=100)
asked.add_argument("--module", default=None)
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


MAKERS = {
    "pe": lambda: pe_hostile.cases(signed(), asked.count),
    "elf": lambda: elf_hostile.cases(asked.count),
    "macho": lambda: macho_hostile.cases(asked.count),
    "dotnet": lambda: dotnet_hostile.cases(asked.count),
    "dex": lambda: dex_hostile.cases(asked.count),
}


class Files:
    """Those of one module, by their names, with what each of them is."""

    def __init__(self, module):
        self.module, self.titles, self.unjudged = module, {}, set()
        folder = pathlib.Path(work.name) / module
        folder.mkdir()
        for number, (title, data) in enumerate(MAKERS[module]()):
            name = folder / f"{number:05}"
            name.write_bytes(data)
            self.titles[str(name)] = title

    def told(self, name, differences):
        if differences and asked.keep:
            asked.keep.mkdir(exist_ok=True)
            (asked.keep / self.titles[name].replace("/", "_").replace(" ", "_")[:200]).write_bytes(pathlib.Path(name).read_bytes())
        return [f"{self.titles[name]}: {'; '.join(differences[:4])}"] if differences else []

    def every_fact(self):
        names, ours, wrong = list(self.titles), {}, []
        for at in range(0, len(names), 500):
            ours.update(facts_judge.of_dump(asked.dump, self.module, names[at:at + 500]))
        judge = facts_judge.Judge(lambda name: facts_judge.of_judge(yara, self.module, name))
        for name in names:
            theirs = judge(name)
            if theirs is None:
                self.unjudged.add(name)
                continue
            wrong += self.told(name, facts_judge.compare(ours.get(name, {}), theirs))
        judge.close()
        print(f"# {self.module}: {len(names)} files, {len(self.unjudged)} of them without an answer of YARA's")
        tap.same(wrong[:40], [], f"{len(wrong)} of {len(names)} files")
        assert len(self.unjudged) < len(names) // 10, sorted(self.titles[n] for n in self.unjudged)

    def functions(self):
        names = [name for name in self.titles if name not in self.unjudged]
        source, conditions = module_conditions.every(self.module)
        rules, listed = (pathlib.Path(work.name) / f"{self.module}.{end}" for end in ("yar", "list"))
        rules.write_text(source)
        listed.write_text("\n".join(names) + "\n")
        done = subprocess.run([asked.overt, "yara", "--scan-list", rules, listed], capture_output=True, text=True, check=False)
        tap.same(done.stderr, "")
        got, wrong = {}, []
        for line in done.stdout.splitlines():
            rule, _, name = line.partition(" ")
            got.setdefault(name, set()).add(rule)
        compiled = yara.compile(source=source)
        judge = facts_judge.Judge(lambda name: {str(m) for m in compiled.match(name)}, 10)
        for name in names:
            theirs = judge(name)
            if theirs is not None:
                wrong += self.told(name, sorted(conditions[int(r[1:])] for r in got.get(name, set()) ^ theirs))
        judge.close()
        tap.same(wrong[:40], [], f"{len(wrong)} of {len(names)} files")


def test_of(module):
    def one():
        files = Files(module)
        files.every_fact()
        files.functions()

    one.__name__ = f"{module}_says_what_yara_says_of_hostile_files"
    return one


wanted = [asked.module] if asked.module else list(MAKERS)
for missing in sorted(set(wanted) - set(yara.modules)):
    print(f"# this yara-python was built without the module {missing}")
tap.run([test_of(m) for m in wanted if m in yara.modules])
