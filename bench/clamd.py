# SPDX-License-Identifier: Apache-2.0
"""overtd against Debian's clamd: the same database, the same client, in turn. Used by run.py."""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

COUNT, SIZE, WINDOW, ROUNDS = 10000, 4096, 32, 3


def tree(root):
    """A process and all its descendants."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def pss_kib(root):
    """The memory of a process and all its descendants, shared pages counted once."""
    total = 0
    for pid in tree(root):
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
        except OSError:
            continue
    return total


def cpu_s(root):
    """What they used of the processor, of every thread that lives."""
    total = 0
    for pid in tree(root):
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return total / 1e9


def start(program, folder, name, lines):
    """Returns (process, socket) once it answers."""
    sock = folder / f"{name}.sock"
    (folder / f"{name}.conf").write_text(f"LocalSocket {sock}\n{lines}\n")
    with open(folder / f"{name}.log", "wb") as log:
        process = subprocess.Popen([program, "-c", folder / f"{name}.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    until = time.monotonic() + 120
    while not sock.exists():
        if process.poll() is not None or time.monotonic() > until:
            sys.exit(f"{name} did not start: " + (folder / f"{name}.log").read_text()[-500:])
        time.sleep(0.05)
    return process, sock


def databases(folder):
    """The sets to measure with: one signature, and public ones where they are at hand."""
    one = folder / "one"
    one.mkdir()
    (one / "a.ndb").write_text("Bench.One:0:*:" + b"needle-one-two".hex() + "\n")
    sets = {"one signature": one}
    shared = pathlib.Path(__file__).resolve().parents[2] / "shared/clamav"
    if shared.exists():
        public = folder / "public"
        public.mkdir()
        for name in ("official-2012", "ditekshen", "maldetect-2017"):
            for path in (shared / name).iterdir():
                if path.suffix in (".db", ".fp", ".hdb", ".hdu", ".idb", ".ign2", ".ldb", ".ldu", ".mdu", ".ndb", ".ndu", ".pdb", ".wdb"):
                    shutil.copy(path, public)
        sets["public signatures"] = public
    return sets


def rounds(build, files, started, mode):
    """Medians of (seconds, seconds of processor) of each daemon: of contents it sees for the first time, and for the
    second. Both remember what they have looked at."""
    taken = {seen: [[] for _ in started] for seen in ("new", "seen before")}
    for turn in range(ROUNDS):
        for seen in taken:
            for at, (process, sock) in enumerate(started):
                before = cpu_s(process.pid)
                first = (turn if mode == "instream" else ROUNDS + turn) * COUNT + 1
                done = subprocess.run([build / "bench/clamd_bench", sock, mode, str(COUNT), str(SIZE), str(WINDOW), files, str(first)],
                                      stdout=subprocess.PIPE, text=True, check=True)
                taken[seen][at].append((float(done.stdout), cpu_s(process.pid) - before))
        for path in files.iterdir():
            path.unlink()
    return {seen: [tuple(map(statistics.median, zip(*runs))) for runs in daemons] for seen, daemons in taken.items()}


def measure(build, folder, what, rules):
    started, files = [], folder / "files"
    files.mkdir(exist_ok=True)
    try:
        started.append(start("/usr/sbin/clamd", folder, "clamd",
                             f"DatabaseDirectory {rules}\nForeground yes\nUser root\nMaxThreads {os.cpu_count()}"))
        subprocess.run([build / "overt", "compile", "-o", folder / "rules.ovdb", rules], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        started.append(start(build / "overtd", folder, "overtd", f"Rules {folder}/rules.ovdb"))
        for mode in ("instream", "fildes"):
            result = rounds(build, files, started, mode)
            for seen in ("new", "seen before"):
                (peer, peer_used), (ours, ours_used) = result[seen]
                print(f"clamd, {what}: {COUNT} files of {SIZE} bytes by {mode}, {seen}: overtd {ours:.2f} s, clamd {peer:.2f} s, "
                      f"{peer / ours:.1f} times the throughput (target: 10); processor {ours_used:.2f} s, clamd {peer_used:.2f} s, "
                      f"{peer_used / ours_used:.1f} times")
        peer, ours = pss_kib(started[0][0].pid), pss_kib(started[1][0].pid)
        print(f"clamd, {what}: memory after it (PSS of all processes): overtd {ours / 1024:.1f} MiB, clamd {peer / 1024:.1f} MiB")
    finally:
        for process, sock in started:
            process.terminate()
            process.wait()
            sock.unlink(missing_ok=True)


def clamd(overt, tmp):
    """10,000 files of 4 KiB by INSTREAM and by FILDES, one session, 32 under way."""
    build = pathlib.Path(overt).parent
    subprocess.run(["ninja", "-C", build, "bench/clamd_bench"], stdout=subprocess.DEVNULL, check=True)
    folder = pathlib.Path(tmp) / "clamd"
    folder.mkdir()
    for place in (pathlib.Path(tmp), folder):
        place.chmod(0o755)
    for what, rules in databases(folder).items():
        rules.chmod(0o755)
        measure(build, folder, what, rules)
