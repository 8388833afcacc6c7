#!/usr/bin/env python3
"""variants.py --overt PATH [--sample] [--keep]: no container with the EICAR test file is silently clean.

Makes hundreds of containers with whatever packs files on Debian (and some by hand, as nobody packs them:
cut, damaged, with two minds about themselves), and scans them. Each must be DETECTED or INCOMPLETE as its
name says (made.py); what merely speaks of the test file must be CLEAN. With --sample only those that are
made quickly; without, a packer that is missing is a failure. Prints TAP."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import archives  # noqa: E402,F401  (each adds its makers to made.GROUPS)
import disks  # noqa: E402,F401
import documents  # noqa: E402,F401
import mails  # noqa: E402,F401
import streams  # noqa: E402,F401
import zips  # noqa: E402,F401
import made  # noqa: E402
import tap  # noqa: E402

SAMPLE_MIN = 320  # with fewer, the packers that every machine for tests has are missing
ALLOWED = {
    "pos": ("DETECTED",),
    "any": ("DETECTED", "INCOMPLETE"),
    "inc": ("DETECTED", "INCOMPLETE"),
    "vol": ("DETECTED", "INCOMPLETE"),
    "neg": ("CLEAN",),
}


def scan(overt):
    """The verdict of each variant, by its name; CLEAN ones are not told by overt."""
    done = subprocess.run(
        [overt, "scan", "--no-progress", "--json", str(made.OUT)],
        capture_output=True,
        timeout=550,
        check=False,
    )
    verdicts, summary = {}, None
    for line in done.stdout.splitlines():
        record = json.loads(line)
        if "path" in record and "verdict" in record:
            verdicts[pathlib.Path(record["path"]).name] = record
        elif record.get("type") == "summary":
            summary = record
    if summary is None or not summary["completed"] or summary["failed"] or summary["worker_deaths"]:
        raise AssertionError(f"the scan did not come to its end: exit {done.returncode}, {summary}")
    tap.same(summary["files"], len(list(made.OUT.iterdir())), "files looked at")
    return verdicts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--overt", required=True, type=os.path.abspath)
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leaves the variants, and prints where")
    options = parser.parse_args()
    made.set_up()
    for make in made.SAMPLE if options.sample else made.GROUPS:
        made.case(make)
    names = sorted(path.name for path in made.OUT.iterdir())

    def every_variant_is_made():
        for who, why in made.NOT_MADE:
            print(f"# not made by {who}: {why}")
        if options.sample and len(names) < SAMPLE_MIN:
            raise AssertionError(f"only {len(names)} variants")
        if not options.sample and made.NOT_MADE:
            raise AssertionError(f"{len(made.NOT_MADE)} makers failed")

    def no_variant_is_silently_clean():
        verdicts = scan(options.overt)
        wrong = 0
        for name in names:
            record = verdicts.get(name, {"verdict": "CLEAN"})
            if record["verdict"] not in ALLOWED[name.split("_")[0]]:
                gaps = [f"{gap['reason']}: {gap.get('detail', '')}" for gap in record.get("gaps", [])]
                print(f"# {name}: {record['verdict']} {' '.join(gaps)}")
                wrong += 1
        counts = {}
        for record in verdicts.values():
            counts[record["verdict"]] = counts.get(record["verdict"], 0) + 1
        print(f"# {len(names)} variants: {counts}")
        tap.same(wrong, 0, "variants with a verdict that their names do not allow")

    try:
        tap.run([every_variant_is_made, no_variant_is_silently_clean])
    finally:
        if options.keep:
            print(f"# kept in {made.OUT}")
        else:
            shutil.rmtree(made.ROOT)


main()
