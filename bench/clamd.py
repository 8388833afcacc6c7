# SPDX-License-Identifier: Apache-2.0
"""overtd against Debian's clamd: the same database, the same client, in turn. Used by run.py."""
import os
import pathlib
import statistics
import subprocess
import sys
import time

COUNT, SIZE, WINDOW, ROUNDS = 10000, 4096, 32, 3


def pss_kib(root):
    """The memory of a process and all its descendants, shared pages counted once."""
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


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


def clamd(overt, tmp):
    """10,000 files of 4 KiB by INSTREAM and by FILDES, one session, 32 under way."""
    build = pathlib.Path(overt).parent
    subprocess.run(["ninja", "-C", build, "bench/clamd_bench"], stdout=subprocess.DEVNULL, check=True)
    folder = pathlib.Path(tmp) / "clamd"
    (folder / "db").mkdir(parents=True)
    for place in (pathlib.Path(tmp), folder, folder / "db"):
        place.chmod(0o755)
    (folder / "db" / "a.ndb").write_text("Bench.One:0:*:" + b"needle-one-two".hex() + "\n")
    started = []
    try:
        started.append(start("/usr/sbin/clamd", folder, "clamd",
                             f"DatabaseDirectory {folder}/db\nForeground yes\nUser root\nMaxThreads {os.cpu_count()}"))
        started.append(start(build / "overtd", folder, "overtd", f"Rules {folder}/db"))
        for mode in ("instream", "fildes"):
            seconds = ([], [])
            for _ in range(ROUNDS):
                for at, (_, sock) in enumerate(started):
                    done = subprocess.run([build / "bench/clamd_bench", sock, mode, str(COUNT), str(SIZE), str(WINDOW)],
                                          stdout=subprocess.PIPE, text=True, check=True)
                    seconds[at].append(float(done.stdout))
            peer, ours = statistics.median(seconds[0]), statistics.median(seconds[1])
            print(f"clamd: {COUNT} files of {SIZE} bytes by {mode}: overtd {ours:.2f} s, clamd {peer:.2f} s, "
                  f"{peer / ours:.1f} times the throughput (target: 10)")
        peer, ours = pss_kib(started[0][0].pid), pss_kib(started[1][0].pid)
        print(f"clamd: memory after it (PSS of all processes, one signature): overtd {ours / 1024:.1f} MiB, "
              f"clamd {peer / 1024:.1f} MiB")
    finally:
        for process, _ in started:
            process.terminate()
            process.wait()
