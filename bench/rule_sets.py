#!/usr/bin/env python3
"""rule_sets.py OVERT [--yara BIN] [FOLDER]: does every public rule file compile as it does with yara?

Each file is compiled by `overt yara` and by a yara (Debian's by default; 4.2 lacks newer constructs). Told are the
exit code, and errors and warnings line by line. Each difference is listed by name; what stands in KNOWN is explained."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

VARIABLES = ("filename", "filepath", "extension", "filetype", "owner")
DEFINES = [word for name in VARIABLES for word in ("-d", name + "=x")]

# (what yara says, why overt does not say the same)
KNOWN = {
    'unknown module "vt"': "no stock build has it",
    'unknown module "androguard"': "no stock build has it",
}


def run(command, path, target):
    done = subprocess.run([*command, *DEFINES, path, target], capture_output=True, timeout=300, check=False)
    return done.returncode, done.stderr.decode("latin1").splitlines()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overt")
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--yara", default="yara")
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    options = parser.parse_args()
    folder = pathlib.Path(options.folder or pathlib.Path(__file__).resolve().parents[2] / "shared/rules/yara")
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".yar", ".yara"))[:: options.every]
    if not files:
        print(f"1..0 # SKIP no rules in {folder}")
        return 0
    same = differ = 0
    with tempfile.NamedTemporaryFile() as target:
        for path in files:
            os.chdir(path.parent)
            theirs = run([options.yara], path.name, target.name)
            ours = run([os.path.join(START, options.overt), "yara"], path.name, target.name)
            if theirs == ours:
                same += 1
                continue
            differ += 1
            print(f"{path.relative_to(folder)}: exit {theirs[0]} (yara), {ours[0]} (overt)")
            for sign, lines, others in (("yara ", theirs[1], ours[1]), ("overt", ours[1], theirs[1])):
                for line in [line for line in lines if line not in others][:6]:
                    known = next((why for text, why in KNOWN.items() if text in line), "")
                    print(f"    {sign} {line}{'   # ' + known if known else ''}")
    print(f"{len(files)} files, {same} the same, {differ} differ")
    return 1 if differ else 0


START = os.getcwd()
sys.exit(main())
