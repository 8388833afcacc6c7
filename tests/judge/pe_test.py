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

overt, dump, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    import yara
except ImportError:
    print("1..1\nok 1 - the module pe # SKIP yara-python is not there")
    sys.exit(0)

work = tempfile.TemporaryDirectory()
IMPORT = 'import "pe" import "math" import "hash" import "string"\n'
FUNCTIONS = """pe.is_dll() pe.is_32bit() pe.is_64bit() pe.calculate_checksum() pe.exports("dllmain") pe.exports(3)
pe.exports(/s/) pe.exports_index(/sec/) pe.exports_index(4) pe.exports_index("first") pe.imports("kernel32.dll")
pe.imports("KERNEL32.dll","exitprocess") pe.imports(/kernel/i,/e/) pe.imports(pe.IMPORT_ANY,"shell32.dll")
pe.imports(pe.IMPORT_DELAYED,/./,/./) pe.imports(pe.IMPORT_STANDARD,"ws2_32.dll",2) pe.imports("ws2_32.dll",1)
pe.import_rva("kernel32.dll","CreateFileA") pe.import_rva("ws2_32.dll",116) pe.delayed_import_rva("shell32.dll","x")
pe.locale(0x409) pe.language(7) pe.language(0) pe.section_index(".bss") pe.section_index(1100)
pe.rva_to_offset(0x1010) pe.rva_to_offset(0x3001) pe.rva_to_offset(0) pe.rich_signature.version(24215)
pe.rich_signature.toolid(147) pe.rich_signature.toolid(147,30729) pe.rich_signature.version(30729,147)
math.count(0) hash.crc32(0,filesize) hash.checksum32(pe.overlay.offset,pe.overlay.size)
string.length(pe.pdb_path) math.abs(pe.entry_point)""".split()
CONDITIONS = ['for any s in pe.sections : (s.name == ".text" and s.raw_data_size > 100)',
              'for any k, v in pe.version_info : (k contains "Name" and v icontains "o")',
              'for any i in pe.import_details : (for any f in i.functions : (f.name == "accept"))',
              'for all r in pe.resources : (r.length > 10)', 'for none s in pe.sections : (s.name == ".text")',
              'pe.version_info["CompanyName"] == "Nobody"', 'not defined pe.version_info["x"]',
              'pe.pdb_path endswith ".pdb"', 'pe.imphash() matches /^[0-7]/', 'pe.imphash() matches /[02468ace]$/',
              'math.entropy(pe.sections[0].raw_data_offset, pe.sections[0].raw_data_size) > 4.0',
              'hash.md5(pe.rich_signature.clear_data) matches /^[0-7]/', 'pe.is_pe == 0', 'not pe.is_dll()']
CONDITIONS += [f"defined {f}" for f in FUNCTIONS]
CONDITIONS += [f"{f} & {1 << bit} != 0" for f in FUNCTIONS for bit in range(0, 32, 2)]
SOURCE = IMPORT + "\n".join(f"rule r{i} {{ condition: {c} }}" for i, c in enumerate(CONDITIONS))


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
