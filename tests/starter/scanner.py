# SPDX-License-Identifier: Apache-2.0
"""Runs a scanner over a folder and says which rules held on which file: yara as judge, or overt."""

import json
import os
import subprocess
import tempfile


class ScannerError(Exception):
    """The scanner did not do its work; what it found means nothing."""


def rule_files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".yar"))


def _run(command, good):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if result.returncode not in good:
        raise ScannerError("%s: exit %d: %s" % (
            " ".join(command[:3]), result.returncode, result.stderr.decode(errors="replace").strip()[:2000]))
    return result


class Yara:
    """Debian's yara, or any other with its command line."""

    name = "yara"

    def __init__(self, rules, command="yara"):
        self.command = command
        self.folder = tempfile.TemporaryDirectory(prefix="starter-rules-")
        self.compiled = os.path.join(self.folder.name, "rules.yarc")
        result = _run([command + "c", "--fail-on-warnings"] + rule_files(rules) + [self.compiled], {0})
        if result.stderr:
            raise ScannerError("warnings: " + result.stderr.decode(errors="replace"))

    def scan(self, path):
        """{absolute path: {rule, ...}} of the files below `path` on which a rule held."""
        command = [self.command, "-C", "-w", "-N", "-p", "2", self.compiled]
        if os.path.isdir(path):
            command.insert(1, "-r")
        result = _run(command + [os.path.abspath(path)], {0})
        trouble = [line for line in result.stderr.decode(errors="surrogateescape").splitlines()
                   if "could not open file" not in line]  # sockets, what vanished, what is denied
        if trouble:
            raise ScannerError("; ".join(trouble[:5]))
        found = {}
        for line in result.stdout.decode(errors="surrogateescape").splitlines():
            rule, _, name = line.partition(" ")
            if not name.startswith("/"):
                raise ScannerError("a line that is no hit: %r" % line)
            found.setdefault(name, set()).add(rule)
        return found


class Overt:
    """`overt scan --json`: one object a line; a file's object names it and the rules that held."""

    name = "overt"

    def __init__(self, rules, command):
        self.command = command
        self.rules = rules

    def scan(self, path):
        command = [self.command, "scan", "--rules", self.rules, "--json", "--no-progress", os.path.abspath(path)]
        result = _run(command, {0, 1, 3})
        found = {}
        for number, line in enumerate(result.stdout.decode(errors="surrogateescape").splitlines(), 1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ScannerError("line %d is not JSON: %s" % (number, error)) from error
            name = record.get("path", record.get("file"))
            rules = set(_rules_in(record))
            if name is not None and rules:
                found.setdefault(name, set()).update(rules)
        if (result.returncode == 1) != bool(found):
            raise ScannerError("exit %d, but rules were named for %d files" % (result.returncode, len(found)))
        return found


def _rules_in(value):
    """Every "rule" below a record, and every string in a list called "rules"."""
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, dict):
            for key, inner in item.items():
                if key == "rule" and isinstance(inner, str):
                    yield inner
                elif key == "rules" and isinstance(inner, list):
                    yield from (name for name in inner if isinstance(name, str))
                if isinstance(inner, (dict, list)):
                    queue.append(inner)


def make(kind, rules, command=None):
    if kind == "yara":
        return Yara(rules, command or "yara")
    if kind == "overt":
        return Overt(rules, command or os.path.join(os.path.dirname(rules), "build", "overt"))
    raise ScannerError("no scanner is called %s" % kind)
