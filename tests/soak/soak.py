#!/usr/bin/env python3
"""soak.py --overt PATH [--seconds N] [--seed S]: mixed load on one long scan, watched from outside.

One `overt scan --file-list -` is fed generated files: noise, text, containers of several kinds and
depths, EICAR with a known place in them, cut and encrypted archives. While it runs, workers are
killed at random. Every file must be answered, once, with the verdict it was made for (a killed worker
costs its file, FAILED); descriptors and memory of the command must end where they were."""
import argparse
import io
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
DESCRIPTORS_SLACK = 8
MEMORY_SLACK_KIB = 16 * 1024


def pack(rnd, data):
    """Wraps data into one container of a random kind."""
    out = io.BytesIO()
    if rnd.random() < 0.5:
        with zipfile.ZipFile(out, "w", rnd.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as z:
            for i in range(rnd.randrange(3)):
                z.writestr(f"before{i}", rnd.randbytes(rnd.randrange(2000)))
            z.writestr("member", data)
    else:
        with tarfile.open(fileobj=out, mode=rnd.choice(("w", "w:gz", "w:xz", "w:bz2"))) as t:
            info = tarfile.TarInfo("member")
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def make(rnd):
    """Returns (bytes, the verdict they must get)."""
    kind = rnd.randrange(6)
    if kind == 0:
        return b"T" + rnd.randbytes(rnd.randrange(200000)), "CLEAN"
    if kind == 1:
        words = [bytes(rnd.choices(b"abcdefghijklmnop", k=rnd.randrange(1, 9))) for _ in range(300)]
        return b" ".join(rnd.choices(words, k=rnd.randrange(1, 20000))), "CLEAN"
    data, verdict = (EICAR, "DETECTED") if kind < 4 else (b"T" + rnd.randbytes(3000), "CLEAN")
    for _ in range(rnd.randrange(1, 6)):
        data = pack(rnd, data)
    if kind == 5:
        noise = tarfile_of(rnd.randbytes(100000))
        return noise[:60000], "INCOMPLETE"
    return data, verdict


def tarfile_of(data):
    """An uncompressed tar with one member."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        info = tarfile.TarInfo("cut")
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def descendants(pid):
    """Process ids below `pid`, with their names."""
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                for child in open(f"/proc/{parent}/task/{task}/children").read().split():
                    todo.append(int(child))
                    found.append((int(child), open(f"/proc/{child}/comm").read().strip()))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def usage(pid):
    """(open descriptors, resident KiB) of a process."""
    status = open(f"/proc/{pid}/status").read()
    return (len(os.listdir(f"/proc/{pid}/fd")),
            int(status.split("VmRSS:")[1].split()[0]))


def main():
    """Feeds, kills, checks, tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overt", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    options = parser.parse_args()
    print(f"soak: seed {options.seed}, {options.seconds:.0f} s", flush=True)
    rnd = random.Random(options.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="overt-soak."))
    scan = subprocess.Popen([options.overt, "scan", "--json", "--file-list", "-"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    answers = queue.Queue()
    threading.Thread(target=lambda: [answers.put(line) for line in scan.stdout] + [answers.put(None)],
                     daemon=True).start()

    expected, kills, failed, counts, problems, early = {}, 0, 0, {}, [], None
    end = time.monotonic() + options.seconds
    number = 0

    def collect(wait):
        """Checks the answers that are there; False at the end of the output."""
        nonlocal failed
        while True:
            try:
                line = answers.get(timeout=wait)
            except queue.Empty:
                return True
            if line is None:
                return False
            record = json.loads(line)
            if record.get("type") != "file":
                continue
            want = expected.pop(record["path"], None)
            got = record["verdict"]
            counts[got] = counts.get(got, 0) + 1
            os.unlink(record["path"])
            if got == "FAILED":
                failed += 1
            elif got != want:
                problems.append(f"{record['path']}: {got}, want {want}")
            wait = 0

    def usage_when_idle():
        """Descriptors and memory once nothing is under way: a file in flight holds a descriptor."""
        deadline = time.monotonic() + 60
        while expected and time.monotonic() < deadline and collect(0.1):
            pass
        return usage(scan.pid)

    while time.monotonic() < end and scan.poll() is None:
        for _ in range(20):
            data, verdict = make(rnd)
            path = folder / f"f{number}"
            number += 1
            path.write_bytes(data)
            expected[str(path)] = verdict
            scan.stdin.write(f"{path}\n")
        scan.stdin.flush()
        if rnd.random() < 0.2:
            workers = [pid for pid, name in descendants(scan.pid) if "worker" in name]
            if workers:
                try:
                    os.kill(rnd.choice(workers), signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
        while len(expected) > 200 and collect(1):
            pass
        collect(0.01)
        if number >= 400 and early is None:
            early = usage_when_idle()
    if scan.poll() is None:
        late = usage_when_idle()
        if early and (late[0] > early[0] + DESCRIPTORS_SLACK or late[1] > early[1] + MEMORY_SLACK_KIB):
            problems.append(f"grew from {early} to {late} (descriptors, KiB)")
    else:
        problems.append(f"the scan ended by itself with {scan.returncode}")
        late = (0, 0)
    scan.stdin.close()
    deadline = time.monotonic() + 120
    while collect(1) and time.monotonic() < deadline:
        pass
    scan.wait(timeout=30)
    if expected:
        problems.append(f"{len(expected)} files were never answered, such as {next(iter(expected))}")
    if failed > kills:
        problems.append(f"{failed} files FAILED although only {kills} workers were killed")
    shutil.rmtree(folder)
    print(f"soak: {number} files, {counts}, {kills} workers killed, descriptors and KiB {early} -> {late}")
    for problem in problems[:20]:
        print("soak: PROBLEM:", problem)
    sys.exit(bool(problems) or number == 0)


main()
