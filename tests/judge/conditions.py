#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks YARA what random conditions mean, and compares (yara-python 4.5; without it: SKIP).

    conditions.py BUILD/tests/eval_random_test [SEED [COUNT]]

Known differences, left out on purpose: a loop over which YARA sums the values of its body instead
of counting truths cannot come up, because generated bodies are booleans."""
import json, subprocess, sys

print("1..1")
try:
    import yara
except ImportError:
    print("ok 1 - conditions mean what YARA means # SKIP no yara-python")
    sys.exit(0)
if not yara.__version__.startswith("4.5"):
    print(f"ok 1 - conditions mean what YARA means # SKIP yara-python is {yara.__version__}, not 4.5")
    sys.exit(0)

seed = sys.argv[2] if len(sys.argv) > 2 else "1"
count = sys.argv[3] if len(sys.argv) > 3 else "2000"
cases = subprocess.run([sys.argv[1], "dump", seed, count], check=True, capture_output=True,
                       text=True).stdout.splitlines()
externals = {"xb": True, "x7": 7, "xm": -1, "xf": 0.5, "xs": "ab"}
refused = wrong = asked = 0
reasons = {}
for line in cases:
    case = json.loads(line)
    try:
        rules = yara.compile(source=case["rules"], externals=externals)
    except yara.Error as error:
        refused += 1
        reason = str(error).split(": ", 1)[-1][:60]
        reasons[reason] = reasons.get(reason, 0) + 1
        continue
    asked += 1
    held = sorted(match.rule for match in rules.match(data=case["object"].encode(), timeout=60))
    if held != case["held"]:
        wrong += 1
        if wrong <= 5:
            print(f"# in {case['object']!r}: YARA {held}, overt {case['held']}")
            print("# " + case["rules"].replace("\n", "\n# "))
print(f"# {asked} sets of rules asked, {refused} refused by YARA, {wrong} answered otherwise")
for reason, n in sorted(reasons.items(), key=lambda item: -item[1])[:5]:
    print(f"#   refused {n}: {reason}")
good = wrong == 0 and asked >= int(count) // 4
print(f"{'ok' if good else 'not ok'} 1 - conditions mean what YARA means")
sys.exit(not good)
