#!/usr/bin/env python3
"""demo_update_test.py BUILD: `./dev demo-update` shows what it promises, and leaves nothing, whatever ends it."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
DEMO = pathlib.Path(__file__).resolve().parents[2] / "tools/demo_update.py"


def processes_of_it():
    """Whatever still runs of a demonstration: all of it has its folder or its name in an argument."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it ended in between
        if b"demo_update.py" in words and b"_test.py" not in words or b"/run/overt-demo" in words:
            found.append((path.parent.name, words))
    return found


def nothing_is_left():
    for _ in range(100):
        if not processes_of_it():
            break
        time.sleep(0.1)
    tap.same(processes_of_it(), [])
    assert not os.path.exists("/run/overt-demo")
    tap.same([n for n in ("publisher", "witnesses", "client", "airgap") if os.path.exists(f"/run/netns/{n}")], [])


def a_rule_goes_its_whole_way_by_network_and_by_hand():
    done = subprocess.run([sys.executable, DEMO, BUILD], capture_output=True, text=True, check=False, timeout=320)
    tap.same((done.returncode, done.stderr), (0, ""), done.stdout)
    for want in (r"first\.bin.*\n.*1 clean", r"DETECTED Harmless_First \[entry 0 .* 3 witnesses\]",
                 r"second\.bin.*\n.*1 clean", r"DETECTED Harmless_Second \[entry 1 .* 3 witnesses\]",
                 r"forged\n.*signature of .* is wrong\n +exit 2", r"GET /checkpoint HTTP/1\.1 \| - \| -"):
        assert re.search(want, done.stdout), f"{want}\n{done.stdout}"
    nothing_is_left()


def whatever_ends_it_nothing_is_left():
    for number in (signal.SIGTERM, signal.SIGKILL):
        demo = subprocess.Popen([sys.executable, DEMO, BUILD], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True)
        for line in demo.stdout:
            if line.startswith("publisher$ overt-publish publish"):
                break  # witnesses and nginx run now
        assert processes_of_it()
        demo.send_signal(number)
        demo.stdout.close()
        assert demo.wait(20) != 0
        nothing_is_left()


def what_fails_is_said():
    done = subprocess.run([sys.executable, DEMO, "/nonexistent"], capture_output=True, text=True, check=False,
                          timeout=320)
    tap.same(done.returncode, 1)
    assert "demo-update: " in done.stderr, done.stderr
    nothing_is_left()


tap.run([a_rule_goes_its_whole_way_by_network_and_by_hand, whatever_ends_it_nothing_is_left, what_fails_is_said])
