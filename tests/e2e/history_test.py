#!/usr/bin/env python3
"""history_test.py OVERT OVERTD: profiles of a scan, what is passed over, and what is on record of it all."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anybody  # noqa: E402
import tap  # noqa: E402
from clamd_client import EICAR, Daemon  # noqa: E402

OVERT, OVERTD = map(os.path.abspath, sys.argv[1:3])
OVERT = anybody.programs(os.path.dirname(OVERT)) / "overt"
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-history-"))
RULE = 'rule Marked { strings: $a = "a-mark-of-this-test" condition: $a }\n'
OTHER = 'rule Other { strings: $a = "another-mark" condition: $a }\n'


def env(home):
    """As whom a command runs: with this home, cache and state, whoever starts the test."""
    return {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": f"{home}/cache", "XDG_STATE_HOME": f"{home}/state"}


def as_person(home):
    """Root's places are the machine's own: as root, the command runs as nobody."""
    if os.geteuid() != 0:
        return {}
    for path in (TMP, home):
        os.chmod(path, 0o755)
    for path in [home, *home.rglob("*")]:
        if path.lstat().st_uid != 65534:  # a change of owner is a change
            os.chown(path, 65534, 65534, follow_symlinks=False)
    return {"user": 65534, "group": 65534, "extra_groups": []}


def overt(home, *args, code=0):
    done = subprocess.run([OVERT, *map(str, args)], capture_output=True, text=True, check=False, env=env(home), cwd="/",
                          timeout=120, **as_person(home))
    tap.same(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
    return done


def summary(home, *args, code=0):
    return json.loads(overt(home, "scan", "--json", *args, code=code).stdout.splitlines()[-1])


def make(name, files):
    """A home with a folder of files and a rule; older than the scan by the only clock that counts, that of the last change."""
    home = TMP / name
    (home / "files").mkdir(parents=True)
    (home / "rule.yar").write_text(RULE)
    (home / "other.yar").write_text(OTHER)
    for path, text in files.items():
        (home / "files" / path).write_text(text)
    as_person(home)
    newest = max(path.stat().st_ctime for path in home.rglob("*"))
    while time.time() < newest + 2.1:  # what changed just before a scan is not remembered, by design
        time.sleep(0.05)
    return home


def scan_of(home, *more, code=0, rules="rule.yar"):
    return summary(home, "--rules", home / rules, *more, home / "files", code=code)


def what_was_clean_is_passed_over():
    home = make("a", {"one": "harmless", "two": "harmless too", "bad": "a-mark-of-this-test"})
    first = scan_of(home, "--incremental", code=1)
    tap.same((first["files"], first["skipped"]["unchanged"], first["detected"]), (3, 0, 1))
    second = scan_of(home, "--incremental", code=1)
    tap.same((second["files"], second["skipped"]["unchanged"], second["detected"]), (1, 2, 1), "a detection is told again")
    tap.same(scan_of(home, code=1)["files"], 3, "without the option all is looked at")
    (home / "files/one").write_text("now a-mark-of-this-test")
    third = scan_of(home, "--incremental", code=1)
    tap.same((third["files"], third["skipped"]["unchanged"], third["detected"]), (2, 1, 2), "a changed file is")
    text = overt(home, "scan", "--rules", home / "rule.yar", "--incremental", home / "files", code=1).stderr
    assert "not looked at again: 1 files unchanged since they were CLEAN under these rules" in text, text
    tap.same(scan_of(home, "--incremental", rules="other.yar")["files"], 3, "other rules look at everything")


def a_file_in_anothers_hands_is_not_read():
    home = make("b", {"one": "harmless"})
    tap.same(scan_of(home, "--incremental")["skipped"]["unchanged"], 0)
    seen = home / "cache/overt/seen"
    whole = seen.read_bytes()
    tap.same((whole[:8], struct.unpack("<Q", whole[64:72])[0], len(whole)), (b"OVSEEN1\n", 1, 112), "as documented")
    tap.same(scan_of(home, "--incremental")["skipped"]["unchanged"], 1)
    seen.chmod(0o666)
    done = overt(home, "scan", "--rules", home / "rule.yar", "--incremental", home / "files")
    assert "not this user's alone; everything is looked at" in done.stderr and "1 file," in done.stderr, done.stderr
    for damaged in (whole[:-1], whole + b"x", b"", b"x" * 112, whole[:64] + struct.pack("<Q", 2**40) + whole[72:]):
        seen.unlink()
        seen.write_bytes(damaged)
        seen.chmod(0o600)
        tap.same(scan_of(home, "--incremental")["files"], 1, "a damaged file is as good as none")
        tap.same(scan_of(home, "--incremental")["skipped"]["unchanged"], 1, "and is mended")


def quick_looks_where_things_start():
    home = make("c", {})
    places = [".config/autostart/x.desktop", "Downloads/got", ".bashrc", "Herunter/geladen"]
    for place in places + ["elsewhere"]:
        (home / place).parent.mkdir(parents=True, exist_ok=True)
        (home / place).write_text("a-mark-of-this-test")
    (home / ".config/user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/Herunter"\nXDG_DESKTOP_DIR="$HOME/elsewhere"\n')
    program = home / "program"
    shutil.copy("/bin/sleep", program)
    with open(program, "ab") as end:
        end.write(b"a-mark-of-this-test")
    who = as_person(home)
    running = subprocess.Popen([program, "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd="/", **who)
    gone = home / "gone"
    shutil.copy(program, gone)
    as_person(home)
    deleted = subprocess.Popen([gone, "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd="/", **who)
    gone.unlink()
    try:
        excludes = [word for glob in ("/tmp*", "/var/tmp*", "/dev/shm*", "/usr/*", "/etc/*", "/run/*", "/opt/*")
                    if not str(home).startswith(glob[:-1]) for word in ("--exclude", glob)]
        done = overt(home, "scan", "--json", "--profile", "quick", "--rules", home / "rule.yar", *excludes,
                     *(["--exclude", "/tmp"] if str(home).startswith("/tmp") else []), code=1)
    finally:
        for process in (running, deleted):
            process.kill()
            process.wait()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {line["path"] for line in lines if line.get("verdict") == "DETECTED"}
    want = {str(home / place) for place in places} | {str(program), f"/proc/{deleted.pid}/exe"}
    tap.same(want - found, set(), "found")
    assert str(home / "elsewhere") not in found
    tap.same(lines[-1]["profile"], "quick")
    tap.same(overt(home, "scan", "--profile", "slow", code=2).stderr.count("neither quick nor full"), 1)


def history_tells_in_order():
    home = make("d", {"one": "harmless", "a bad\n\x1b[31mname": "a-mark-of-this-test"})
    tap.same(overt(home, "history", "--events", home / "none", code=2).stderr.count("nothing is on record"), 1)
    overt(home, "ledger", "begin")
    scan_of(home, code=1)
    scan_of(home, "--incremental", code=1)
    events = home / "events"
    event = {"time_ms": 1000, "source": "stream", "name": "a\x1b[31mb", "verdict": "DETECTED", "bytes": 1, "rules": "x",
             "hits": [{"rule": "Early", "object": 0}], "reasons": []}
    late = {**event, "time_ms": int(time.time() * 1000) + 86400000, "hits": [], "verdict": "INCOMPLETE", "reasons": ["depth"]}
    events.write_text(json.dumps(late) + "\n{ no event\n" + json.dumps(event) + "\n")
    done = overt(home, "history", "--events", events)
    lines = done.stdout.splitlines()
    assert "lines that are no events: 1" in done.stderr, done.stderr
    assert lines[0].startswith("1970-01-01T00:00:01Z  event      DETECTED Early: a\\x1b[31mb (stream)"), lines[0]
    assert "  event      INCOMPLETE depth: " in lines[-1], lines[-1]
    tap.same(sum("  scan  " in line for line in lines), 2, "two scans")
    assert sum(line.startswith("    DETECTED Marked ") and "\x1b" not in line for line in lines) == 2, lines
    records = [json.loads(line) for line in overt(home, "history", "--json", "--kind", "scan", "--events", events).stdout.splitlines()]
    tap.same([(r["kind"], r["source"], r["record"]) for r in records], [("scan", "ledger", 0), ("scan", "ledger", 1)])
    tap.same(dict(map(tuple, records[1]["fields"]))["unchanged"], "0")
    tap.same(len(overt(home, "history", "--last", "1", "--events", events).stdout.splitlines()), 1)
    tap.same(overt(home, "history", "--since", "1h", "--kind", "event", "--events", events).stdout.count("Early"), 0)
    tap.same(overt(home, "history", "--since", "1970-01-01", "--events", events).stdout.count("\n") >= len(lines) - 1, True)
    overt(home, "history", "--since", "yesterday", code=2)
    overt(home, "history", "--kind", "nonsense", code=2)
    records = home / "state/overt/ledger/records"
    records.write_bytes(records.read_bytes().replace(b"detected 1", b"detected 0", 1))
    tap.same(overt(home, "history", "--events", events, code=1).stdout, "", "nothing of a changed ledger is shown")


def events_can_be_ocsf():
    base = TMP / "ocsf"
    (base / "d").mkdir(parents=True)
    daemon = Daemon(OVERTD, f"EventsFile {base}/events\nEventsFormat ocsf\nMaxRecursion 1", base / "d")
    try:
        daemon.instream(EICAR)
        bad = base / "d" / "eicar file"
        bad.write_bytes(EICAR)
        daemon.ask(b"zSCAN " + os.fsencode(bad) + b"\0")
    finally:
        daemon.stop()
    events = [json.loads(line) for line in (base / "events").read_text().splitlines()]
    tap.same([e["class_uid"] for e in events], [2004, 2004])
    tap.same([e["finding_info"]["title"] for e in events], ["EICAR_Test_File"] * 2)
    tap.same([e["evidences"][0]["file"].get("path") for e in events], [None, str(bad)])
    tap.same(events[1]["unmapped"]["overt"]["source"], "path")
    (base / "events").chmod(0o644)
    done = overt(make("e", {}), "history", "--events", base / "events")
    tap.same(done.stdout.count("EICAR_Test_File"), 2, "overt history reads both forms")
    try:
        import jsonschema
        import ocsf_json_schema
    except ImportError:
        print("# SKIP ocsf-json-schema is not installed: not validated")
        return
    embedded = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version="1.3.0"))
    schema = jsonschema.Draft202012Validator(embedded.get_class_schema("detection_finding", profiles=[]))
    tap.same([error.message for event in events for error in schema.iter_errors(event)], [])


def a_detection_is_told_on_the_desktop():
    if os.geteuid() != 0 or shutil.which("dbus-daemon") is None or shutil.which("dbus-monitor") is None:
        print("# SKIP needs root and dbus")
        return
    runtime = pathlib.Path("/run/user/65534")
    (TMP / "desktop").mkdir()
    made = not runtime.exists()
    runtime.mkdir(parents=True, exist_ok=True)
    os.chown(runtime, 65534, 65534)
    who = {"user": 65534, "group": 65534, "extra_groups": [], "stdin": subprocess.DEVNULL}
    address = f"unix:path={runtime}/bus"
    (runtime / "bus").unlink(missing_ok=True)
    bus = subprocess.Popen(["dbus-daemon", "--session", f"--address={address}", "--nofork", "--nopidfile", "--nosyslog"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
    heard = TMP / "heard"
    monitor = daemon = None
    try:
        until = time.monotonic() + 30
        while not (runtime / "bus").exists() and time.monotonic() < until:
            time.sleep(0.01)
        with open(heard, "wb") as out:
            monitor = subprocess.Popen(["dbus-monitor", "--address", address, "interface=org.freedesktop.Notifications"],
                                       stdout=out, stderr=subprocess.DEVNULL, **who)
        while b"NameAcquired" not in heard.read_bytes() and time.monotonic() < until:
            time.sleep(0.01)
        daemon = Daemon(OVERTD, "NotifyDesktop yes", TMP / "desktop")
        daemon.instream(EICAR)
        daemon.wait_for(lambda: b"EICAR_Test_File" in heard.read_bytes(), "notice on the bus", 30)
        assert b"member=Notify" in heard.read_bytes()
    finally:
        for process in (monitor, bus):
            if process is not None:
                process.kill()
                process.wait()
        if daemon is not None:
            daemon.stop()
        shutil.rmtree(runtime if made else runtime / "bus", ignore_errors=True)


try:
    tap.run([what_was_clean_is_passed_over, a_file_in_anothers_hands_is_not_read, quick_looks_where_things_start,
             history_tells_in_order, events_can_be_ocsf, a_detection_is_told_on_the_desktop])
finally:
    shutil.rmtree(TMP, ignore_errors=True)
