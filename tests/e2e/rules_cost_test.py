#!/usr/bin/env python3
"""rules_cost_test.py OVERT: `overt rules cost` counts the same every time, and names what is dear first."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-cost-"))
RULES = """
rule Rare { strings: $r = "xyzzyplughfrob" condition: $r }
rule Zeros { strings: $z = { 00 00 00 00 } condition: #z > 3 }
rule All { strings: $all = /[\\x01-\\x80][^\\x00][\\x80-\\xfe]/ condition: #all > 1000000 }
rule Counts { condition: for any i in (0 .. 2000) : ( uint8(i) == 0x7fff ) }
rule Nothing { condition: false }
"""


def cost(*args, code=0):
    done = subprocess.run([OVERT, "rules", "cost", *map(str, args)], capture_output=True, text=True, timeout=120, check=False)
    tap.same(done.returncode, code, f"exit code; {done.stderr}")
    return done


def rows(*args, code=0):
    return {row["rule"]: row for row in map(json.loads, cost("--json", *args, code=code).stdout.splitlines())}


def written(name, data):
    path = TMP / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def dear_rules_come_first():
    rules = written("a.yar", RULES)
    found = rows(rules, "--top", 0)
    names = list(found)
    tap.same(names[0], "All")
    tap.same(found["All"]["string"], "$all")
    tap.same(sorted(found.values(), key=lambda row: -row["spent"]), list(found.values()))
    tap.same("Nothing" in found and found["Nothing"]["candidates"] != 0, False)
    for row in found.values():
        tap.same(row["spent"], row["candidates"] + row["string_steps"] + row["condition_steps"], row["rule"])


def conditions_are_counted_by_themselves():
    found = rows(written("b.yar", RULES), written("thousand", b"x" * 5000))
    assert found["Counts"]["condition_steps"] > 2000, found["Counts"]
    tap.same(found["Counts"]["candidates"], 0)
    tap.same(found["Counts"]["string"], None)


def candidates_grow_with_what_is_there():
    rules = written("c.yar", RULES)
    few = rows(rules, written("few", b"abc" * 2000 + b"\0" * 8))
    many = rows(rules, written("many", b"abc" * 2000 + b"\0\0\0\0abcd" * 400))
    assert few["Zeros"]["spent"] < many["Zeros"]["spent"], (few["Zeros"], many["Zeros"])
    assert many["Zeros"]["matches"] >= 400, many["Zeros"]


def the_same_every_time_and_compiled():
    rules = written("d.yar", RULES)
    database = TMP / "d.ovdb"
    subprocess.run([OVERT, "compile", str(rules), "-o", str(database)], capture_output=True, timeout=120, check=True)
    first, again, compiled = (cost("--json", r).stdout for r in (rules, rules, database))
    tap.same(first, again)

    def without(text):
        return [{k: v for k, v in json.loads(line).items() if k != "warnings"} for line in text.splitlines()]
    tap.same(without(first), without(compiled))


def warnings_stand_beside_their_rule():
    found = rows(written("e.yar", RULES))
    assert any("$z" in w and "slow" in w for w in found["Zeros"]["warnings"]), found["Zeros"]
    text = cost(written("e.yar", RULES)).stdout
    assert "4 files" in text and "may slow down scanning" in text, text


def names_are_escaped_and_words_wanted():
    tap.same("of which RULES" in cost(code=2).stderr, True)
    done = cost(written("f.yar", RULES), TMP / "absent", code=2)
    assert "absent" in done.stderr, done.stderr


def folders_are_walked():
    rules = written("g.yar", RULES)
    folder = TMP / "folder"
    folder.mkdir()
    (folder / "one").write_bytes(b"abc")
    (folder / "two").write_bytes(b"")
    assert cost(rules, folder).stdout.startswith("2 files, 3 bytes;"), cost(rules, folder).stdout


def the_manual_and_the_shell_know_its_options():
    root = pathlib.Path(__file__).resolve().parents[2]
    told = set(re.findall(r"^ +(--[a-z][a-z-]+)", cost("--help").stdout, re.M)) - {"--help"}
    taken = set(re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', (root / "src/programs/overt/rules_cost.c").read_text()))
    tap.same(told, {"--" + name for name in taken} - {"--help"})
    page, shell = (root / "man/overt-rules.1.scd").read_text(), (root / "completions/overt.bash").read_text()
    shell = shell.split("        rules)")[1].split(";;")[0]
    tap.same([o for o in told if f"*{o}*" not in page or o not in shell], [])


tap.run([dear_rules_come_first, conditions_are_counted_by_themselves, candidates_grow_with_what_is_there,
         the_same_every_time_and_compiled, warnings_stand_beside_their_rule, names_are_escaped_and_words_wanted,
         the_manual_and_the_shell_know_its_options, folders_are_walked])
