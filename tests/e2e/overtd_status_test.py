#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`overt status` on a daemon that is well, that found something, that was killed, and on files that no daemon wrote; what a
service manager is told. usage: overtd_status_test.py OVERTD OVERT"""
import json, os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(__file__))
from clamd_client import Daemon, EICAR

failures = tests = 0
PROGRAM, OVERT = sys.argv[1:3]


def check(what, good, got=""):
    global tests, failures
    tests += 1
    if not good:
        failures += 1
        print(f"# {what}: {got!r}")
    print(f"{'ok' if good else 'not ok'} {tests} - {what}", flush=True)


def status(file, *more):
    done = subprocess.run([OVERT, "status", "--file", str(file), *more], capture_output=True, text=True, timeout=30,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def a_daemon(base):
    file = base / "status.json"
    d = Daemon(PROGRAM, f"StatusFile {file}\nEventsFile {base}/events", base / "d")
    code, out, err = status(file)
    check("a daemon that is well", code == 0 and "overtd      running" in out and "WRONG" not in out, (code, out, err))
    check("on-access is not watched", "on access   not watched" in out, out)
    d.instream(EICAR)
    d.wait_for(lambda: json.loads(file.read_text())["detected"] == 1, "status with the detection")
    code, out, err = status(file, "--json")
    told = json.loads(out)
    check("the detection is in --json", code == 0 and told["found_name"] == "stream"
          and told["found_rule"] == "EICAR_Test_File" and told["problems"] == [] and told["rules"] > 0, told)
    check("the last detection is told", "last found  stream: EICAR_Test_File" in status(file)[1])
    event = json.loads((base / "events").read_text().splitlines()[0])
    documented = set(re.findall(r"^\| `(\w+)`", (pathlib.Path(__file__).resolve().parents[2]
                                                            / "docs/formats/events.md").read_text(), re.M))
    check("every field of an event is documented", set(event) == documented, (sorted(event), sorted(documented)))
    check("the event says what was found", event["verdict"] == "DETECTED" and event["source"] == "stream"
          and event["hits"][0]["rule"] == "EICAR_Test_File", event)
    d.process.kill()
    d.process.wait()
    code, out, err = status(file)
    check("a daemon that was killed", code == 1 and "WRONG       overtd is gone" in out, (code, out, err))
    return file


def an_end(base):
    file = base / "ended.json"
    d = Daemon(PROGRAM, f"StatusFile {file}", base / "e")
    d.stop()
    code, out, _ = status(file)
    check("a daemon that was ended", code == 1 and "overtd      ended" in out and "was ended" in out, (code, out))


def foreign_files(base, good):
    text = json.loads(good.read_text())
    mine = {**text, "pid": os.getpid(), "written_s": int(time.time())}
    cases = {
        "silent": ({**mine, "written_s": 1}, "said nothing for"),
        "old rules": ({**mine, "rules_since_s": 1}, "in force since"),
        "no rules": ({**mine, "rules": 0}, "no rules in force"),
        "refused rules": ({**mine, "reloads_failed": 2}, "refused 2 times"),
        "a weaker jail": ({**mine, "jail_without": ["landlock"]}, "without layers"),
        "late answers": ({**mine, "late": 3}, "3 opens were answered"),
        "a dead guard": ({**mine, "guard_deaths": 1}, "guard had to be replaced"),
    }
    file = base / "made.json"
    for what, (fields, sentence) in cases.items():
        file.write_text(json.dumps(fields))
        code, out, err = status(file)
        check(f"wrong: {what}", code == 1 and sentence in out, (code, out, err))
    file.write_text(json.dumps({**mine, "found_s": 5, "found_name": "a\x1b[31mb\nWRONG", "found_rule": "\u202e"}))
    code, out, _ = status(file)
    check("names cannot act on the terminal", "\x1b" not in out and "\u202e" not in out and "\\n" in out, out)
    for what, raw in {"empty": b"", "cut": good.read_bytes()[:50], "a list": b"[]", "no version": b"{}",
                      "twice": b'{"version":1,"version":1}', "NUL": b'{"version":1}\0', "deep": b"[" * 60000,
                      "too long": b" " * 70000 + b"{}"}.items():
        file.write_bytes(raw)
        code, out, err = status(file)
        check(f"not a status: {what}", code == 2 and out == "" and err.startswith("overt status: "), (code, out, err))
    for what, key in (("a text for a number", "rules"), ("a number for a text", "state"), ("a list", "jail")):
        file.write_text(json.dumps({**mine, key: {"x": ["y"]}}))
        code, out, err = status(file)
        check(f"other types: {what}", code in (0, 1) and out != "", (code, out, err))
    code, out, err = status(base / "missing.json")
    check("no file", code == 2 and "is overtd running" in err, (code, err))


def service_manager(base):
    """NOTIFY_SOCKET and WATCHDOG_USEC as systemd sets them."""
    place = base / "n"
    place.mkdir()
    (place / "rules.yar").write_text('rule One { strings: $a = "needle" condition: $a }\n')
    (place / "conf").write_text(f"LocalSocket {place}/sock\nRules {place}/rules.yar\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s, open(place / "log", "wb") as log:
        s.bind(str(place / "notify"))
        s.settimeout(60)
        process = subprocess.Popen([PROGRAM, "-c", place / "conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, "NOTIFY_SOCKET": str(place / "notify"), "WATCHDOG_USEC": "5000000"})
        try:
            check("READY comes first", s.recv(4096) == b"READY=1")
            check("the socket answers then", (place / "sock").exists())
            check("WATCHDOG is fed", s.recv(4096) == b"WATCHDOG=1")
            process.send_signal(signal.SIGUSR2)
            seen = []
            while not seen or seen[-1] != b"READY=1":
                seen.append(s.recv(4096))
            check("a reload is told and ends", b"RELOADING=1" in seen[0] or b"RELOADING=1" in b"".join(seen), seen)
            process.terminate()
            while seen[-1] != b"STOPPING=1":
                seen.append(s.recv(4096))
            check("the end is told", process.wait(60) == 0)
        finally:
            process.kill()
            process.wait()


def main():
    base = pathlib.Path(tempfile.mkdtemp(prefix="overtd-status-"))
    os.chmod(base, 0o755)
    try:
        for name in ("d", "e"):
            (base / name).mkdir()
        good = a_daemon(base)
        an_end(base)
        foreign_files(base, good)
        service_manager(base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"1..{tests}")
    return failures != 0


sys.exit(main())
