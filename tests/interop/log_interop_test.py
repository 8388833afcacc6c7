#!/usr/bin/env python3
"""log_interop_test.py OVERT_VERIFY LOG_WRITER: overt's log code against Go's, both ways.

Needs Debian's golang-go and golang-golang-x-mod-dev; without them every test is a SKIP, which
continuous integration counts as a failure. OVERT_INTEROP_SEED repeats a run."""
import datetime
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import tap  # noqa: E402

VERIFY, WRITER = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
MODULES = pathlib.Path("/usr/share/gocode")
TMP = tempfile.TemporaryDirectory(prefix="overt-interop.")
FOLDER = pathlib.Path(TMP.name)
PEER = FOLDER / "logpeer"
SEED = int(os.environ.get("OVERT_INTEROP_SEED") or random.SystemRandom().randrange(1 << 31))
PROOFS = 120


def find_go():
    """Debian's Go before any other."""
    debian = pathlib.Path("/usr/bin/go")
    go = str(debian) if debian.exists() else shutil.which("go")
    return go if (MODULES / "src/golang.org/x/mod/sumdb/tlog").is_dir() else None


def build_peer(go):
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": f"{HERE}:{MODULES}", "GOFLAGS": "",
           "GOCACHE": str(FOLDER / "cache"), "GOMAXPROCS": "2", "GOTOOLCHAIN": "local"}
    subprocess.run([go, "build", "-o", PEER, "logpeer"], env=env, check=True)


def verify(folder, name, proof=None):
    return subprocess.run([VERIFY, "proof", "--policy", folder / f"{name}.policy", "--entry",
                           folder / f"{name}.entry", proof or folder / f"{name}.tlog-proof"],
                          capture_output=True, check=False)


def shown_time(times):
    """The earlier median, as overt-verify shows it."""
    median = sorted(times)[(len(times) - 1) // 2]
    return datetime.datetime.fromtimestamp(median, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def overt_judges_what_go_wrote():
    folder = FOLDER / "go"
    folder.mkdir()
    subprocess.run([PEER, "write", folder, str(SEED), str(PROOFS)], check=True)
    seen = {"accept": 0, "refuse": 0}
    for line in (folder / "expect").read_text().splitlines():
        name, expect, index, size, *times = line.split()
        done = verify(folder, name)
        where = f"seed {SEED}, {line}: {done.stderr!r}"
        tap.same(done.returncode, 0 if expect == "accept" else 1, where)
        if expect == "accept":
            answer = done.stdout.decode()
            assert answer.startswith(f"verified: entry {index} of {size} in overt.example/log"), where
            assert f"median time {shown_time([int(t) for t in times])}" in answer, (answer, where)
        seen[expect] += 1
    assert min(seen.values()) >= PROOFS // 10, (seen, SEED)


def overt_refuses_what_go_wrote_with_any_byte_changed():
    folder = FOLDER / "go"
    rng = random.Random(SEED)
    # Lines that nobody vouches for (extra data, strangers) may say anything.
    plain = [name for name, expect, *_ in map(str.split, (folder / "expect").read_text().splitlines())
             if expect == "accept"
             and not any(word in (folder / f"{name}.tlog-proof").read_bytes()
                         for word in (b"\nextra ", b"stranger"))]
    assert len(plain) >= 3, SEED
    for name in rng.sample(plain, 3):
        policy = folder / f"{name}.policy"  # as many as signed, so that none can be missed
        good = (folder / f"{name}.tlog-proof").read_bytes()
        signed = good.count("\u2014 witness-".encode())
        group = policy.read_text().splitlines()[-2].split()
        group[2] = str(signed)
        policy.write_text("\n".join(policy.read_text().splitlines()[:-2] + [" ".join(group), "quorum q", ""]))
        tap.same(verify(folder, name).returncode, 0, f"seed {SEED}, {name}")
        changed = folder / "changed.tlog-proof"
        for at in rng.sample(range(len(good)), 200):
            changed.write_bytes(good[:at] + bytes([good[at] ^ (1 << rng.randrange(8))]) + good[at + 1:])
            tap.same(verify(folder, name, changed).returncode, 1, f"seed {SEED}, {name}, byte {at}")


def go_verifies_what_overt_wrote():
    for size in (1, 2, 7, 256, 257, 1000, 1 + SEED % 700):
        folder = FOLDER / f"overt-{size}"
        folder.mkdir(exist_ok=True)
        subprocess.run([WRITER, folder, str(size)], check=True)
        done = subprocess.run([PEER, "check", folder, str(size)], capture_output=True, check=False)
        tap.same((done.returncode, done.stderr), (0, b""), f"size {size}")


def go_refuses_what_overt_wrote_when_changed():
    folder = FOLDER / "overt-257"
    for name in ("0.tlog-proof", "checkpoint", "text.note", "12.consistency", "keys", "paths"):
        path = folder / name
        if not path.exists():
            path = sorted(folder.glob("*" + path.suffix))[0]
        good = path.read_bytes()
        at = next(i for i in range(len(good) // 2, len(good)) if not good[i:i + 1].isspace())
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = subprocess.run([PEER, "check", folder, "257"], capture_output=True, check=False)
        path.write_bytes(good)
        tap.same(done.returncode, 1, f"{path.name} with byte {at} changed")
    tap.same(subprocess.run([PEER, "check", folder, "257"], capture_output=True,
                            check=False).returncode, 0, "unchanged again")


def main():
    tests = [overt_judges_what_go_wrote, overt_refuses_what_go_wrote_with_any_byte_changed,
             go_verifies_what_overt_wrote, go_refuses_what_overt_wrote_when_changed]
    go = find_go()
    if go is None:
        print(f"1..{len(tests)}")
        for number, test in enumerate(tests, 1):
            print(f"ok {number} - {test.__name__} # SKIP no golang-go with golang-golang-x-mod-dev")
        return
    print(f"# seed {SEED}")
    build_peer(go)
    tap.run(tests)


if __name__ == "__main__":
    main()
