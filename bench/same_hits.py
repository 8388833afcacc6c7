#!/usr/bin/env python3
"""same_hits.py OVERT [--yara BIN] [--yarac BIN] [--mb N] [--usr FOLDER] [--only WORD]: the hits of `yara`, one by one?

All rule files of ../shared that both take are compiled by both and run with -s -L over a fixed choice of files below
/usr and over files planted from every set (../shared/bench/plant.py). Compared are rules, names of strings, offsets,
lengths and bytes. Where the two differ, yara-python 4.5 is asked about that rule and file, if it is here: what it sides
with overt on is a limit of the older yara, what it does not is in docs/compat-yara.md or a bug of ours (exit code 1)."""
import argparse
import collections
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import yara
except ImportError:
    yara = None

VARIABLES = ("filename", "filepath", "extension", "filetype", "owner")
DEFINES = [word for name in VARIABLES for word in ("-d", name + "=x")]
SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"

# Rules whose other hits docs/compat-yara.md explains.
EXPLAINED = {
    "APT_Loader_Win32_PGF_3": "a hex string that ends more than 1024 bytes behind its atom",
    "APT_Loader_Win32_PGF_5": "a hex string that ends more than 1024 bytes behind its atom",
}


def run(command):
    return subprocess.run(command, capture_output=True, check=False)


def compiled(options, folder):
    """Rule files both take, each in a namespace of its own, compiled by both."""
    files = sorted(p for p in (SHARED / "rules/yara").rglob("*") if p.suffix in (".yar", ".yara"))
    nothing = os.path.join(folder, "nothing")
    pathlib.Path(nothing).touch()
    taken = [p for p in files
             if run([options.yara, "-w", *DEFINES, str(p), nothing]).returncode == 0
             and run([options.overt, "yara", "-w", *DEFINES, str(p), nothing]).returncode == 0]
    spaces = {"n%05d" % i: p for i, p in enumerate(taken)}
    args = ["-w", *DEFINES, *("%s:%s" % item for item in spaces.items())]
    theirs, ours = os.path.join(folder, "theirs"), os.path.join(folder, "ours.ovdb")
    for command in ([options.yarac, *args, theirs], [options.overt, "yarac", *args, ours]):
        done = run(command)
        if done.returncode != 0:
            sys.exit(f"{command[0]}: {done.stderr.decode('latin1')[-300:]}")
    print(f"rules: {len(files)} files, {len(taken)} taken by both", flush=True)
    return spaces, theirs, ours


def hits(command):
    """{(namespace:rule, path): sorted lines of matches}"""
    done = run(command)
    if done.returncode not in (0, 1):
        sys.exit(f"{command[:3]}: exit {done.returncode}: {done.stderr.decode('latin1')[-300:]}")
    found, lines = {}, []
    for line in done.stdout.split(b"\n"):
        if line.startswith(b"0x"):
            lines.append(line)
        elif line:
            rule, path = line.split(b" ", 1)
            lines = found.setdefault((rule.decode(), path.decode("latin1")), [])
    return {key: sorted(lines) for key, lines in found.items()}, done.stderr.decode("latin1")


def judged(spaces, key):
    """The same of yara-python: sorted (name, offset, length), None where the rule does not hold."""
    space, rule = key[0].split(":")
    rules = yara.compile(str(spaces[space]), externals=dict.fromkeys(VARIABLES, "x"))
    for match in rules.match(key[1].encode("latin1").decode()):
        if match.rule == rule:
            return sorted((s.identifier, i.offset, i.matched_length) for s in match.strings for i in s.instances)
    return None


def parsed(lines):
    """(name, offset, length) of lines of -s -L."""
    if lines is None:
        return None
    return sorted((name.decode(), int(offset, 16), int(length))
                  for offset, length, name in (line.split(b":")[:3] for line in lines))


def compare(what, paths, options, spaces, theirs, ours):
    """One corpus; returns how many hits differ without an explanation."""
    tail = ["-C", "-s", "-L", "-e", "-w", "-p", "1"]
    a, _ = hits([options.yara, *tail, *theirs, *paths])
    b, complaints = hits([options.overt, "yara", *tail, *ours, *paths])
    differ = sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))
    why = collections.Counter()
    wrong = []
    for key in differ:
        rule = key[0].split(":")[1]
        if yara is not None and judged(spaces, key) == parsed(b.get(key)):
            why["4.5 says what overt says"] += 1
        elif rule in EXPLAINED:
            why[EXPLAINED[rule]] += 1
        else:
            wrong.append(key)
    print(f"{what}: {len(a)} hits of yara, {len(b)} of overt, {sum(map(len, a.values()))} and "
          f"{sum(map(len, b.values()))} matches; {len(differ)} hits differ, {len(wrong)} unexplained", flush=True)
    for reason, count in why.items():
        print(f"    {count}: {reason}: " + ", ".join(sorted({key[0].split(':')[1] for key in differ} - {
            key[0].split(':')[1] for key in wrong}))[:300])
    for key in wrong[:20]:
        print(f"    unexplained: {key[0]} {key[1]}: yara {a.get(key, 'nothing')!r:.200} overt {b.get(key, 'nothing')!r:.200}")
    if complaints:
        print("    overt: " + complaints[-300:])
    return len(wrong)


def choose(top, limit):
    """A fixed pseudo-random choice of regular files, `limit` bytes of them."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names]
    found = [p for p in found if os.path.isfile(p) and not os.path.islink(p) and "\n" not in p]
    found.sort(key=lambda p: hashlib.sha256(p.encode("utf8", "surrogateescape")).digest())
    chosen, total = [], 0
    for path in found:
        size = os.path.getsize(path)
        if 0 < size <= 32 << 20 and total + size <= limit:
            chosen.append(path)
            total += size
    return chosen, total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overt")
    parser.add_argument("--yara", default="yara")
    parser.add_argument("--yarac", default="yarac")
    parser.add_argument("--mb", type=int, default=300)
    parser.add_argument("--usr", default="/usr")
    parser.add_argument("--only", default="", help="sets whose name has this in it; usr for the files of /usr")
    options = parser.parse_args()
    if not SHARED.is_dir():
        print(f"1..0 # SKIP {SHARED} is not here")
        return 0
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="same-hits.") as folder:
        spaces, theirs, ours = compiled(options, folder)
        if options.only in "usr":
            paths, total = choose(options.usr, options.mb << 20)
            listing = os.path.join(folder, "list")
            pathlib.Path(listing).write_text("\n".join(paths) + "\n", errors="surrogateescape")
            wrong += compare(f"{total / 1e6:.0f} MB of {options.usr}, {len(paths)} files", ["--scan-list", listing],
                             options, spaces, [theirs], [ours])
        for rules in sorted(p for p in (SHARED / "rules/yara").iterdir() if p.is_dir()):
            if options.only not in rules.name:
                continue
            planted = os.path.join(folder, rules.name)
            run([sys.executable, str(SHARED / "bench/plant.py"), str(rules), planted])
            wrong += compare(f"planted from {rules.name}, {len(os.listdir(planted))} files", [planted],
                             options, spaces, [theirs], [ours])
    return 1 if wrong else 0


sys.exit(main())
