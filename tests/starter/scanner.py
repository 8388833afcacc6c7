# SPDX-License-Identifier: Apache-2.0
"""Runs a scanner over a folder and says which rules held on which file: yara as judge, or overt."""

import json
import os
import re
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

    def _look(self, path, *options):
        command = [self.command, "-C", "-w", "-N", "-p", "2", *options, self.compiled]
        if os.path.isdir(path):
            command.insert(1, "-r")
        result = _run(command + [os.path.abspath(path)], {0})
        trouble = [line for line in result.stderr.decode(errors="surrogateescape").splitlines()
                   if "could not open file" not in line]  # sockets, what vanished, what is denied
        if trouble:
            raise ScannerError("; ".join(trouble[:5]))
        return result.stdout.decode(errors="surrogateescape").split("\n")[:-1]

    def strings(self, path):
        """{(rule, string)} of everything that matched below `path` where its rule held."""
        rule, seen = None, set()
        for line in self._look(path, "-s"):
            place = re.match(r"0x[0-9a-f]+:(\$\w*): ", line)
            if place:
                seen.add((rule, place.group(1)))
            else:
                rule = line.partition(" ")[0]
        return seen

    def scan(self, path):
        """{absolute path: {rule, ...}} of the files below `path` on which a rule held."""
        found = {}
        for line in self._look(path):
            rule, _, name = line.partition(" ")
            if not name.startswith("/"):
                raise ScannerError("a line that is no hit: %r" % line)
            found.setdefault(name, set()).add(rule)
        return found


class Overt:
    """`overt scan --json`, as docs/formats/scan-json.md says. A file that could not be looked at is
    an error here, and so is a run without its summary: silence would pass for "nothing held"."""

    name = "overt"

    def __init__(self, rules, command):
        self.command = command
        self.folder = tempfile.TemporaryDirectory(prefix="starter-rules-")
        self.compiled = os.path.join(self.folder.name, "rules.ovdb")
        result = _run([command, "compile"] + rule_files(rules) + ["-o", self.compiled], {0})
        if b"warning" in result.stderr:  # a string that slows every scan is a fault of the rule
            raise ScannerError("warnings: " + result.stderr.decode(errors="replace"))

    def scan(self, path):
        command = [self.command, "scan", "--rules", self.compiled, "--json", os.path.abspath(path)]
        result = _run(command, {0, 1, 3})
        found, summary = {}, None
        for number, line in enumerate(result.stdout.decode("utf-8").splitlines(), 1):
            try:
                record = json.loads(line)
                if record["type"] == "summary":
                    summary = record
                elif record["type"] == "file":
                    self._take(record, found)
            except (ValueError, KeyError, TypeError) as error:
                raise ScannerError("line %d is not as the format says: %r" % (number, error)) from error
        if summary is None:
            raise ScannerError("no summary")
        if summary["detected"] != len(found):
            raise ScannerError("%d files detected, but rules named for %d" % (summary["detected"], len(found)))
        return found

    @staticmethod
    def _take(record, found):
        name = record["path"]
        if "path_hex" in record:
            name = os.fsdecode(bytes.fromhex(record["path_hex"]))
        if record["verdict"] == "FAILED":
            raise ScannerError("%s: %s" % (name, record["gaps"]))
        rules = {hit["rule"] for hit in record["hits"]}
        if rules:
            found[name] = rules


def make(kind, rules, command=None):
    if kind == "yara":
        return Yara(rules, command or "yara")
    if kind == "overt":
        return Overt(rules, command or os.path.join(os.path.dirname(rules), "build", "overt"))
    raise ScannerError("no scanner is called %s" % kind)
