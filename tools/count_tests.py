#!/usr/bin/env python3
"""count_tests.py CHECKS.TAP BUILD_DIR...: adds up what ran and prints the closing line.

A meson test that speaks TAP counts by its own lines, any other as one. Exits 1 if anything
failed, 2 if nothing ran."""
import json
import re
import sys

passed = failed = skipped = 0
failures = []


def tap(text, where):
    """Counts TAP lines; returns how many there were."""
    global passed, failed, skipped
    seen = 0
    for line in text.splitlines():
        m = re.match(r"(not )?ok\b(.*)", line)
        if not m:
            continue
        seen += 1
        if re.search(r"#\s*skip", m[2], re.I):
            skipped += 1
        elif m[1]:
            failed += 1
            failures.append(f"{where}:{m[2]}")
        else:
            passed += 1
    return seen


tap(open(sys.argv[1]).read(), "checks")
for build in sys.argv[2:]:
    for line in open(f"{build}/meson-logs/testlog.json"):
        test = json.loads(line)
        before = failed
        seen = tap(test.get("stdout", ""), f"{build}/{test['name']}")
        good = test["result"] in ("OK", "EXPECTEDFAIL")
        if test["result"] == "SKIP" and seen == 0:
            skipped += 1
        elif seen == 0 and good:
            passed += 1
        elif not good and failed == before:
            failed += 1
            failures.append(f"{build}/{test['name']}: {test['result']}")

for failure in failures:
    print("failed:", failure)
line = f"{passed} passed, {failed} failed"
print(line + (f", {skipped} skipped" if skipped else ""))
sys.exit(2 if passed + failed == 0 else failed != 0)
