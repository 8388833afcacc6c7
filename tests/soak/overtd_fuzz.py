#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""overtd_fuzz.py --overtd PATH [--seconds N] [--seed S] [--clients N]: hostile clients against a live daemon.

Mutated and random commands, in random chunkings, half-closed and cut; while many slow and malformed connections stay open. Whatever they
do, an ordinary client beside them must get its right answers, no process of the daemon may die, and memory and descriptors must come back."""
import argparse, os, pathlib, random, shutil, socket, struct, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from clamd_client import Daemon, EICAR, read_all

MEMORY_SLACK_KIB = 48 * 1024
VERBS = [b"PING", b"VERSION", b"VERSIONCOMMANDS", b"STATS", b"SCAN /etc/hostname", b"CONTSCAN /nonexistent", b"MULTISCAN /etc/apt",
         b"ALLMATCHSCAN /etc/hostname", b"INSTREAM", b"FILDES", b"IDSESSION", b"END", b"DETSTATS", b"SCAN", b"SCAN " + b"/x" * 3000]


def conversation(rnd):
    parts = []
    if rnd.random() < 0.4:
        parts.append(b"zIDSESSION\0")
    for _ in range(rnd.randrange(1, 8)):
        verb = rnd.choice(VERBS)
        style = rnd.randrange(3)
        parts.append((b"z" + verb + b"\0", b"n" + verb + b"\n", verb + b"\n")[style])
        if verb == b"INSTREAM":
            for _ in range(rnd.randrange(4)):
                body = rnd.choice((EICAR, rnd.randbytes(rnd.randrange(5000)), b""))
                length = len(body) if rnd.random() < 0.8 else rnd.choice((0, 1, 1 << 20, 0x7fffffff, 0xffffffff))
                parts.append(struct.pack(">I", length) + body)
            if rnd.random() < 0.7:
                parts.append(b"\0\0\0\0")
    data = bytearray(b"".join(parts))
    for _ in range(rnd.choice((0, 0, 1, 3, 20))):
        at = rnd.randrange(len(data) + 1)
        kind = rnd.randrange(3)
        if kind == 0:
            data[at:at + 1] = rnd.randbytes(1)
        elif kind == 1:
            del data[at:at + rnd.randrange(1, 9)]
        else:
            data[at:at] = rnd.randbytes(rnd.randrange(1, 9))
    # An ordinary word that mutation made: nobody may end the daemon here.
    return bytes(data).replace(b"SHUTDOWN", b"SHUTDOWM").replace(b"RELOAD", b"RELOAF")


def hostile(d, rnd):
    """One connection of a hostile client. Its errors are its own affair."""
    data = conversation(rnd) if rnd.random() < 0.85 else rnd.randbytes(rnd.randrange(9000)).replace(b"SHUTDOWN", b"")
    try:
        with d.connect() as s:
            s.settimeout(0.05)
            at = 0
            while at < len(data):
                size = rnd.choice((1, 2, 7, 100, 4096, 65536))
                if rnd.random() < 0.05:
                    with open("/etc/hostname", "rb") as file:
                        socket.send_fds(s, [data[at:at + size]], [file.fileno()] * rnd.randrange(1, 4))
                else:
                    s.sendall(data[at:at + size])
                at += size
            if rnd.random() < 0.5:
                s.shutdown(socket.SHUT_WR)
            if rnd.random() < 0.7:
                read_all(s)
    except OSError:
        pass


def processes(root):
    """The daemon's processes: memory in KiB (PSS), descriptors, and who they are."""
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        try:
            todo += [int(p) for t in os.listdir(f"/proc/{pid}/task")
                     for p in pathlib.Path(f"/proc/{pid}/task/{t}/children").read_text().split()]
            pss = [line for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:")]
            found[pid] = (int(pss[0].split()[1]) if pss else 0, len(os.listdir(f"/proc/{pid}/fd")))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def ordinary(d, problems):
    for data, want in ((EICAR, b"stream: EICAR_Test_File FOUND\0"), (b"fine", b"stream: OK\0")):
        got = d.instream(data)
        if got != want:
            problems.append(f"an ordinary client got {got!r} for {want!r}")


def settled(d):
    """The daemon's figures once the hostile are gone."""
    d.wait_for(lambda: b"QUEUE: 0 items" in d.ask(b"zSTATS\0"), "end of the queue")
    got = processes(d.process.pid)
    return sum(v[0] for v in got.values()), sum(v[1] for v in got.values()), set(got)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--overtd", required=True)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"overtd_fuzz: seed {options.seed}", flush=True)
    rnd, problems, idle = random.Random(options.seed), [], []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="overtd-fuzz-"))
    os.chmod(folder, 0o755)
    d = Daemon(os.path.abspath(options.overtd), "StreamMaxLength 1M\nMaxConnectionQueueLength 4096\nReadTimeout 60\n"
               "CommandReadTimeout 60", folder)
    try:
        busy = [d.connect() for _ in range(64)]  # every worker is started, as none is before there is work for it
        for s in busy:
            s.sendall(b"zINSTREAM\0" + (b"\0\x08\0\0" + b"fine" * 131072) + b"\0\0\0\0")
        for s in busy:
            if read_all(s) != b"stream: OK\0":
                problems.append("a clean stream of the warming up was not OK")
            s.close()
        ordinary(d, problems)
        early = settled(d)
        for i in range(options.clients):
            s = d.connect()
            if i % 2:
                s.sendall(rnd.choice((b"z", b"zPI", b"zINSTREAM\0\0\0", b"zINSTREAM\0\0\0\1\0abc", b"\0\0\0", b"zIDSESSION\0zPING\0")))
            idle.append(s)
        ordinary(d, problems)
        until, count = time.monotonic() + options.seconds, 0
        while time.monotonic() < until and not problems:
            hostile(d, rnd)
            count += 1
            if count % 100 == 0:
                ordinary(d, problems)
                if d.process.poll() is not None:
                    problems.append(f"the daemon ended: {d.text()[-500:]}")
        for s in idle:
            s.close()
        try:
            d.wait_for(lambda: set(processes(d.process.pid)) == early[2], "return to the processes of the beginning")
        except TimeoutError as e:
            problems.append(f"{sorted(early[2])} -> {sorted(processes(d.process.pid))}: {str(e)[-300:]}")
        late = settled(d)
        if late[1] > early[1] + 8:
            problems.append(f"descriptors grew from {early[1]} to {late[1]}")
        if late[0] > early[0] + MEMORY_SLACK_KIB:
            problems.append(f"memory grew from {early[0]} to {late[0]} KiB")
        ordinary(d, problems)
        print(f"overtd_fuzz: {count} hostile conversations beside {options.clients} idle, slow and malformed connections; "
              f"PSS {early[0]} -> {late[0]} KiB, descriptors {early[1]} -> {late[1]}")
        if d.stop() != 0:
            problems.append(f"the daemon did not end in order: {d.text()[-500:]}")
    finally:
        d.kill()
        shutil.rmtree(folder, ignore_errors=True)
    for problem in problems[:20]:
        print("overtd_fuzz: PROBLEM:", problem)
    sys.exit(bool(problems))


main()
