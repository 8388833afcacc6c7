#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the starter rules hold on what they describe, and on nothing else? Output is TAP.

Every rule: complete in its words, exact on its fixture, silent on each near-miss and beyond its
size. All rules: silent on their own sources, on these tests, and on a program or a database that
carries every string they have.

    starter_rules_test.py [--scanner yara|overt] [--command PATH] [--rules DIR]
"""

import argparse
import os
import re
import shutil
import sys
import tempfile

import eicar
import fixtures
import sample
import scanner

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SEVERITIES = {"test", "low", "medium", "high", "critical"}
METAS = ("description", "reasoning", "severity", "fixture")
RULES_MIN = 90

# Rules whose filesize bound stands in one arm of an `or`: the bound alone decides nothing.
SIZE_IN_ONE_ARM = {"Ransom_Windows_ServiceStopList"}
# Of the others, those that ask for something else of files this long as well.
SIZE_BELOW_BOUND_NOT_ENOUGH = {"PowerShell_DownloadExecute_Address"}
SIZE_MAX = 1024 * 1024  # larger bounds are not tried: minutes of zeros

# An article that quotes a whole sample in text form. Most rules pass it, by the first bytes they
# ask for. These cannot: the kind of file they are for (PowerShell, Python, page script, notes) has
# no mark of its own. The sets are exact, so that they can only shrink knowingly.
HOLD_IN_MARKDOWN = set("""
Dropper_Script_Base64Program Keylogger_Python_Send Loader_Python_PackedExec Loader_Python_Shellcode
Miner_PowerShell_Installer Miner_Script_HiddenStart Persistence_Com_Hijack Persistence_RunKey_HiddenScript
Persistence_Schtasks_HiddenScript Persistence_Udev_Shell Persistence_Wmi_Subscription PowerShell_AmsiBufferPatch
PowerShell_AmsiInitFailed PowerShell_CharArray_Execute PowerShell_CompressedBlob_Execute PowerShell_DefenderOff
PowerShell_FormatOperator PowerShell_HiddenEncoded PowerShell_ReflectiveShellcode Ransom_PowerShell_Encrypt
ReverseShell_Awk_Inet ReverseShell_PowerShell_TCPClient ReverseShell_Ruby_TCPSocket Stealer_Script_Clipper
Stealer_Script_DiscordTokens SupplyChain_Python_HostExfil SupplyChain_Python_SetupExecute
SupplyChain_Workflow_SecretsExfil
""".split())
HOLD_IN_HTML = set("""
Exploit_Html_DiagnosticHandler Miner_Browser_Embedded Miner_Browser_WasmPool Ransom_Note_Mail Ransom_Note_Onion
Script_JS_EvalCharCodes Script_JS_EvalUnescape Skimmer_Js_Checkout Skimmer_Js_HiddenLoader
""".split())
PROSE = b"This page shows what intruders leave behind, line by line, and how to recognise it.\n" * 30


class Rule:
    def __init__(self, path, name, text):
        self.path = path
        self.name = name
        self.text = text
        self.metas = dict(re.findall(r'^ {8}(\w+) = "((?:[^"\\]|\\.)*)"$', text.split("strings:")[0], re.M))

    def size_bound(self):
        """The N of the condition's `filesize < N` in bytes, or None."""
        found = re.search(r"filesize < (\d+)(KB|MB)?", self.text.split("condition:")[1])
        if not found:
            return None
        return int(found.group(1)) * {None: 1, "KB": 1024, "MB": 1024 * 1024}[found.group(2)]


def read_rules(folder):
    rules = []
    for path in scanner.rule_files(folder):
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for found in re.finditer(r"^rule (\w+)\n\{\n.*?^\}$", text, re.M | re.S):
            rules.append(Rule(path, found.group(1), found.group(0)))
        words = re.findall(r"^[ \t]*(?:(?:private|global)[ \t]+)*rule\b|^[ \t]*(?:import|include)\b", text, re.M)
        if len(words) != sum(rule.path == path for rule in rules):
            raise ValueError("%s: a rule, import or include that is not in the house's form" % path)
    return rules


class Tap:
    def __init__(self):
        self.count = 0
        self.failures = 0

    def check(self, name, problems):
        self.count += 1
        for problem in problems:
            print("# " + problem.encode("ascii", "backslashreplace").decode())
        print("%sok %d - %s" % ("not " if problems else "", self.count, name), flush=True)
        self.failures += bool(problems)


class Folder:
    """Files to be scanned together, and what must be seen on each."""

    def __init__(self, root, name):
        self.path = os.path.join(root, name)
        os.makedirs(self.path)
        self.files = {}

    def put(self, name, data, tag=None):
        path = os.path.join(self.path, name)
        if path in self.files:
            raise ValueError("two files called " + name)
        with open(path, "wb") as out:
            out.write(data)
        self.files[path] = tag
        return path


def words_of(rules, samples):
    problems = []
    names = {item.rule: item.name for item in samples}
    for rule in rules:
        for meta in METAS:
            if len(rule.metas.get(meta, "")) < (3 if meta in ("severity", "fixture") else 25):
                problems.append("%s: no %s, or too short" % (rule.name, meta))
        if rule.metas.get("severity") not in SEVERITIES:
            problems.append("%s: severity %r" % (rule.name, rule.metas.get("severity")))
        if names.get(rule.name) != rule.metas.get("fixture"):
            problems.append("%s: fixture %r, in the manifest %r" % (
                rule.name, rule.metas.get("fixture"), names.get(rule.name)))
        if "\t" in rule.text or "\r" in rule.text or not rule.text.isascii():
            problems.append("%s: tabs, CR or letters beyond ASCII" % rule.name)
    known = {rule.name for rule in rules}
    problems += ["%s: fixture without a rule" % name for name in names if name not in known]
    problems += ["%s: twice" % name for name in known if sum(rule.name == name for rule in rules) > 1]
    for item in samples:
        if len(item.misses) < 2:
            problems.append("%s: fewer than two near-misses" % item.rule)
        problems += ["%s: also holds on %s, which is no rule" % (other, item.name) for other in item.also - known]
    return problems


def exact(found, folder):
    """folder's tags are the sets of rules that must hold."""
    problems = []
    for path, want in folder.files.items():
        got = found.get(path, set())
        if got != want:
            problems.append("%s: %s; wanted %s" % (
                os.path.basename(path), ", ".join(sorted(got)) or "nothing", ", ".join(sorted(want)) or "nothing"))
    return problems


def silent(found, folder):
    """folder's tags are (rule, what differs): that rule must not hold; others may."""
    return ["%s: %s holds on it %s" % (os.path.basename(path), rule, what)
            for path, (rule, what) in folder.files.items() if rule in found.get(path, set())]


def literals(rules):
    """Every plain string and every fixed run of bytes of the rules, as they would lie in a program."""
    parts = []
    for rule in rules:
        strings = rule.text.split("strings:")[1].split("condition:")[0] if "strings:" in rule.text else ""
        for quoted in re.findall(r'= "((?:[^"\\]|\\.)*)"', strings):
            plain = re.sub(r'\\(x[0-9a-f]{2}|.)', lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(
                m.group(1), chr(int(m.group(1)[1:], 16)) if m.group(1).startswith("x") else m.group(1)), quoted)
            parts.append(plain.encode("latin-1"))
            parts.append(plain.encode("utf-16-le"))
        for hexes in re.findall(r"= \{([^}]*)\}", strings):
            first = re.sub(r"\(([^|)]*)\|[^)]*\)", r"\1", hexes)
            for run in re.split(r"\[[^]]*\]|\?\?", first):
                digits = "".join(run.split())
                if digits:
                    parts.append(bytes.fromhex(digits))
        for regex in re.findall(r"= /(.*)/\w*", strings):
            parts.append(regex.encode("ascii"))
    return parts


def put_sources(folder, rules):
    for path in scanner.rule_files(os.path.dirname(rules[0].path)):
        with open(path, "rb") as source:
            folder.put(os.path.basename(path), source.read(), set())
    for rule in rules:
        folder.put(rule.name + ".rule", rule.text.encode("ascii") + b"\n", set())
    for base in (HERE, os.path.dirname(rules[0].path)):
        for name in sorted(os.listdir(base)):
            if name.endswith((".py", ".md")):
                with open(os.path.join(base, name), "rb") as source:
                    folder.put(os.path.basename(base) + "-" + name, source.read(), set())
    everything = b"\0".join(literals(rules)) + b"".join(rule.text.encode("ascii") for rule in rules)
    folder.put("bundle.ovdb", b"OVDB" + bytes(60) + everything, set())
    folder.put("bundle.program", sample.elf(3, everything), set())
    folder.put("bundle.object", sample.elf(1, everything), set())
    folder.put("bundle.json", b'{"rules": "' + everything + b'"}', set())


def sized(rules, samples, below, at):
    by_rule = {item.rule: item for item in samples}
    for rule in rules:
        bound, item = rule.size_bound(), by_rule.get(rule.name)
        if bound is None or item is None or bound > SIZE_MAX or rule.name in SIZE_IN_ONE_ARM:
            continue
        filler = b"\0" if b"\0" in item.data else b"\n"
        at.put(item.name, item.data + filler * (bound - len(item.data)), (rule.name, "at its size limit"))
        if rule.name not in SIZE_BELOW_BOUND_NOT_ENOUGH:
            below.put(item.name, item.data + filler * (bound - 1 - len(item.data)), rule.name)


def articles(judge, samples, root, tap):
    """Every text fixture quoted in an article; every rule that holds on one must be declared."""
    markdown, html = Folder(root, "markdown"), Folder(root, "html")
    for item in samples:
        if b"\0" in item.data or not item.data.isascii():
            continue
        quoted = item.data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
        markdown.put(item.name + ".md", b"# Intruders\n\n" + PROSE + b"\n```\n" + item.data + b"\n```\n\n" + PROSE)
        html.put(item.name + ".html", b"<!DOCTYPE html>\n<html><p>" + PROSE + b"<pre>\n" + quoted + b"</pre>" + PROSE)
    for folder, declared in ((markdown, HOLD_IN_MARKDOWN), (html, HOLD_IN_HTML)):
        held = set().union(*judge.scan(folder.path).values())
        tap.check("%d articles that quote a sample are passed, but for %d declared rules" % (
            len(folder.files), len(declared)),
            ["%s holds on an article" % rule for rule in sorted(held - declared)]
            + ["%s is declared and does not hold" % rule for rule in sorted(declared - held)])


def run(judge, rules, samples, root, tap):
    positive = Folder(root, "positive")
    near = Folder(root, "near")
    for item in samples + fixtures.more():
        positive.put(item.name, item.data, {item.rule} | item.also)
        for number, (label, data) in enumerate(item.misses):
            near.put("%s.%d" % (item.name, number), data, (item.rule, label))
    problems = exact(judge.scan(positive.path), positive)
    tap.check("each of %d fixtures is named by its rule, and by no other undeclared" % len(positive.files), problems)
    if hasattr(judge, "strings"):
        seen = judge.strings(positive.path)
        tap.check("every string of every rule occurs in a fixture", [
            "%s: %s occurs in none" % (rule.name, string) for rule in rules
            for string in re.findall(r"^ {8}(\$\w+) = ", rule.text, re.M)
            if (rule.name, string) not in seen and not re.search(r"not \%s\b" % string, rule.text)])
    tap.check("%d near-misses are passed" % len(near.files), silent(judge.scan(near.path), near))

    below, at = Folder(root, "below"), Folder(root, "at")
    sized(rules, samples, below, at)
    found = judge.scan(below.path)
    tap.check("%d rules hold one byte below their size limit" % len(below.files), [
        "%s: %s does not hold" % (os.path.basename(path), rule)
        for path, rule in below.files.items() if rule not in found.get(path, set())])
    tap.check("%d rules do not hold at their size limit" % len(at.files), silent(judge.scan(at.path), at))

    variants = Folder(root, "eicar")
    for name, data, detected in eicar.variants():
        variants.put(name, data, {eicar.RULE} if detected else set())
    tap.check("EICAR is what its definition says", exact(judge.scan(variants.path), variants))

    articles(judge, samples, root, tap)
    sources = Folder(root, "sources")
    put_sources(sources, rules)
    tap.check("rule sources, tests, and files that carry every string are passed",
              exact(judge.scan(sources.path), sources))


def main():
    parser = argparse.ArgumentParser(description="Tests the starter rules.")
    parser.add_argument("--scanner", choices=("yara", "overt"), default=os.environ.get("STARTER_SCANNER", "yara"))
    parser.add_argument("--command", default=os.environ.get("STARTER_SCANNER_COMMAND"))
    parser.add_argument("--rules", default=os.path.join(ROOT, "rules"))
    args = parser.parse_args()
    if args.scanner == "yara" and shutil.which(args.command or "yara") is None:
        print("1..0 # SKIP no yara on this system")
        return 0

    tap = Tap()
    rules, samples = read_rules(args.rules), fixtures.samples()
    tap.check("there are at least %d rules (%d)" % (RULES_MIN, len(rules)),
              [] if len(rules) >= RULES_MIN else ["only %d" % len(rules)])
    tap.check("every rule says what, why, how bad, and has a fixture with near-misses", words_of(rules, samples))
    try:
        judge = scanner.make(args.scanner, args.rules, args.command)
        with tempfile.TemporaryDirectory(prefix="starter-fixtures-") as root:
            run(judge, rules, samples, root, tap)
    except scanner.ScannerError as error:
        tap.check("the scanner does its work", [str(error)])
    print("1..%d" % tap.count)
    return 1 if tap.failures else 0


if __name__ == "__main__":
    sys.exit(main())
