#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scans ordinary folders and fails on any detection.

    no_false_positives.py [--scanner yara|overt] [--command PATH] FOLDER...

Prints the files below each folder, their bytes, and every hit. Exit 0: no hit; 1: hits; 2: the
scan itself failed or there was nothing to scan.
"""

import argparse
import os
import stat
import sys
import time

import scanner

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def census(folder):
    """Regular files below `folder` and their bytes, as a scanner that follows no links sees them."""
    files = size = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                info = os.lstat(os.path.join(base, name))
            except OSError:
                continue  # vanished while we walk
            if stat.S_ISREG(info.st_mode):
                files += 1
                size += info.st_size
    return files, size


def main():
    parser = argparse.ArgumentParser(description="Scans folders that hold no malware.")
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--scanner", choices=("yara", "overt"), default=os.environ.get("STARTER_SCANNER", "yara"))
    parser.add_argument("--command", default=os.environ.get("STARTER_SCANNER_COMMAND"))
    parser.add_argument("--rules", default=os.path.join(ROOT, "rules"))
    args = parser.parse_args()
    total_files = total_bytes = total_hits = 0
    try:
        judge = scanner.make(args.scanner, args.rules, args.command)
        for folder in args.folders:
            start = time.monotonic()
            files, size = census(folder)
            found = judge.scan(folder)
            for path, rules in sorted(found.items()):
                print("%s: %s" % (path.encode("utf-8", "backslashreplace").decode(), ", ".join(sorted(rules))))
            print("# %s: %d files, %.1f MB, %d hits, %.0f s" % (
                folder, files, size / 1e6, len(found), time.monotonic() - start), flush=True)
            total_files, total_bytes, total_hits = total_files + files, total_bytes + size, total_hits + len(found)
    except (scanner.ScannerError, OSError) as error:
        print("no_false_positives: %s" % error, file=sys.stderr)
        return 2
    print("# in all: %d files, %.1f MB, %d hits" % (total_files, total_bytes / 1e6, total_hits))
    if total_files == 0:
        print("no_false_positives: nothing to scan", file=sys.stderr)
        return 2
    return 1 if total_hits else 0


if __name__ == "__main__":
    sys.exit(main())
