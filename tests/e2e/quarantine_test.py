#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""quarantine_test.py OVERT: putting away and giving back, through every crash."""
import json, os, pathlib, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
BASE = pathlib.Path(tempfile.mkdtemp(prefix="overt-quarantine-"))
CONTENT = bytes(range(256)) * 600


def run(*words, store, before=()):
    return subprocess.run([*before, OVERT, "quarantine", words[0], "--store", str(store), *words[1:]],
                          capture_output=True)


def items(store):
    done = run("list", "--json", store=store)
    tap.same(done.returncode, 0, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def facts(path):
    st = os.stat(path)
    attrs = {n: os.getxattr(path, n) for n in os.listxattr(path)}
    return (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, attrs, path.read_bytes())


def make(path):
    path.write_bytes(CONTENT)
    path.chmod(0o4750)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
        path.chmod(0o4750)
    try:
        os.setxattr(path, "user.note", b"\0value")
    except OSError:
        pass
    os.utime(path, ns=(1_000_000_123, 2_000_000_456))
    return facts(path)


def in_and_out():
    store, bad = BASE / "s1", BASE / "bad \n\x1b[31m.com"
    before = make(bad)
    done = run("add", "--rule", "Some_Rule", str(bad), store=store)
    tap.same((done.returncode, done.stderr), (0, b""))
    item = done.stdout.decode().strip()
    tap.same(bad.exists(), False)
    tap.same([(i["path"], i["rule"], i["bytes"]) for i in items(store)],
             [(str(bad), "Some_Rule", len(CONTENT))])
    shown = run("show", item[:6], store=store).stdout
    tap.same(b"\x1b" in shown or b"bad \n" in shown, False, "names are escaped")
    tap.same(run("export", item, store=store).stdout, CONTENT)
    tap.same(run("restore", item, store=store).returncode, 0)
    tap.same(facts(bad), before)
    tap.same(items(store), [])


def packages_wait_for_a_person():
    done = run("add", "/usr/bin/env", store=BASE / "s2")
    tap.same(done.returncode, 2)
    tap.same(b"belongs to the package coreutils" in done.stderr, True, done.stderr)
    tap.same(os.path.exists("/usr/bin/env"), True)


def what_is_not_a_file_stays():
    store, link = BASE / "s3", BASE / "link"
    link.symlink_to("/etc/passwd")
    os.mkfifo(BASE / "fifo")
    for path in (link, BASE / "fifo", BASE, BASE / "missing"):
        tap.same(run("add", str(path), store=store).returncode, 2, path)
    tap.same(link.is_symlink(), True)
    tap.same(items(store), [])


CHANGING = "write,fsync,renameat,renameat2,unlinkat,fchown,fchmod,fsetxattr,utimensat"


def calls(verb, words, store):
    """Which changing system calls the command makes, each with how often, behind the lock."""
    log = BASE / "calls"
    run(verb, *words, store=store, before=("strace", "-o", str(log), "-e", f"trace={CHANGING},flock"))
    counts, after = {}, {}
    for line in log.read_text(errors="replace").splitlines():
        name, paren, _ = line.partition("(")
        if not paren:
            continue
        counts[name] = counts.get(name, 0) + 1
        if "flock" in counts:
            after.setdefault(name, []).append(counts[name])
    after.pop("flock")
    return [(name, n) for name, numbers in after.items() for n in numbers]


def every_crash_leaves_one_of_two():
    """Killed at each system call in turn: afterwards the file is where it was, or whole in the store."""
    for verb in ("add", "restore"):
        def ready(tag):
            store, bad = BASE / f"{verb}-{tag}", BASE / f"{verb}-{tag}-bad"
            before = make(bad)
            if verb == "add":
                return store, bad, before, ["--force", str(bad)]
            return store, bad, before, [run("add", "--force", str(bad), store=store).stdout.decode().strip()]

        store, bad, before, words = ready("all")
        points = calls(verb, words, store)
        tap.same(len(points) > 10, True, points)
        states = set()
        for name, number in points:
            store, bad, before, words = ready(f"{name}-{number}")
            done = run(verb, *words, store=store, before=(
                "strace", "-o", "/dev/null", "-e", f"trace={name}", "-e",
                f"inject={name}:signal=SIGKILL:when={number}"))
            tap.same(done.returncode != 0, True, f"{verb}, {name} {number}: it was killed")
            held = items(store)
            what = f"{verb}, {name} {number}: {bad.exists()}, {held}"
            if bad.exists():
                tap.same(facts(bad), before, what)
            if verb == "add":
                tap.same(len(held) + bad.exists(), 1, what)
                left = [p.name for p in BASE.iterdir() if p.name.startswith(".overt-quarantine")]
                tap.same(left, [], what)
            else:  # it leaves the store last: both is one of the two
                tap.same(bool(held) or bad.exists(), True, what)
            for item in held:
                tap.same(run("export", item["id"], store=store).stdout, CONTENT, what)
            states.add((bad.exists(), len(held)))
        tap.same(len(states) >= 2, True, f"{verb}: {states}")


def damage_is_said():
    store, bad = BASE / "s5", BASE / "bad5"
    make(bad)
    item = run("add", str(bad), store=store).stdout.decode().strip()
    path = store / f"{item}.ovq"
    raw = bytearray(path.read_bytes())
    raw[-30] ^= 1
    path.write_bytes(raw)
    done = run("restore", item, store=store)
    tap.same(done.returncode, 2)
    tap.same(b"damaged" in done.stderr, True, done.stderr)
    tap.same(bad.exists(), False)


try:
    sys.exit(tap.run([in_and_out, packages_wait_for_a_person, what_is_not_a_file_stays,
                      every_crash_leaves_one_of_two, damage_is_said]))
finally:
    shutil.rmtree(BASE, ignore_errors=True)
