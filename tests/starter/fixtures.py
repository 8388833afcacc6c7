#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the starter rules, made when they are needed and never kept in the repository.

    fixtures.py --list                 rule and fixture names
    fixtures.py --out DIR [--near]     writes DIR/positive/NAME, with --near DIR/near/NAME.K too,
                                       and DIR/fixtures.json: which rules must hold on which file
"""

import argparse
import json
import os
import sys

import sample
import samples_credential  # noqa: F401  each module registers its samples when it is read
import samples_crime  # noqa: F401
import samples_files  # noqa: F401
import samples_linux  # noqa: F401
import samples_more  # noqa: F401
import samples_web  # noqa: F401
import samples_webshell  # noqa: F401
import samples_windows  # noqa: F401


def samples():
    """All samples in the order of their rules' names; a rule or a name twice is an error."""
    by_rule, names = {}, {item.name for item in sample.MORE}
    for item in sample.SAMPLES:
        if item.rule in by_rule or item.name in names:
            raise ValueError("two samples for %s (%s)" % (item.rule, item.name))
        by_rule[item.rule] = item
        names.add(item.name)
    return [by_rule[rule] for rule in sorted(by_rule)]


def more():
    """Second samples; their rules have a first one."""
    rules = {item.rule for item in sample.SAMPLES}
    for item in sample.MORE:
        if item.rule not in rules:
            raise ValueError("%s is a second sample of a rule without a first" % item.name)
    return sample.MORE


def _save(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def write(folder, near=False):
    manifest = {"positive": {}, "near": {}}
    for item in samples() + more():
        _save(os.path.join(folder, "positive"), item.name, item.data)
        manifest["positive"][item.name] = sorted({item.rule} | item.also)
        for number, (label, data) in enumerate(item.misses if near else []):
            name = "%s.%d" % (item.name, number)
            _save(os.path.join(folder, "near"), name, data)
            manifest["near"][name] = {"rule": item.rule, "what": label}
    with open(os.path.join(folder, "fixtures.json"), "w", encoding="utf-8") as out:
        json.dump(manifest, out, indent=1, sort_keys=True)
        out.write("\n")


def main():
    parser = argparse.ArgumentParser(description="Writes the fixtures of the starter rules.")
    parser.add_argument("--out", metavar="DIR", help="the folder to write to")
    parser.add_argument("--near", action="store_true", help="the near-misses too")
    parser.add_argument("--list", action="store_true", help="print rule and fixture names")
    args = parser.parse_args()
    if args.list:
        for item in samples():
            print("%s\t%s" % (item.rule, item.name))
    elif args.out:
        write(args.out, args.near)
    else:
        parser.error("one of --out and --list is needed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
