#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""overtd under what no ordinary day brings. By hand, as root: overtd_stress.py BUILD WHAT [SECONDS]

  connections  10,000 at once, half of them silent, slow or malformed; every good one is answered
  fuzz         made-up and broken commands for SECONDS (600); it answers all the while
  full         everything it writes to is full; every answer stands, every fault is said once
  memory       the gate gets no memory for streams; it says so and goes on
  kills        each of its processes is killed over and over while rules are changed and files asked for
  soak         mixed load for SECONDS (1800); memory and descriptors stay flat
"""
import os
import pathlib
import random
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from clamd_client import EICAR, Daemon  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
PROGRAM = str(BUILD / "overtd")
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-stress-"))
FOUND = b"stream: EICAR_Test_File FOUND\0"


def stream(data):
    return b"zINSTREAM\0" + struct.pack(">I", len(data)) + data + b"\0\0\0\0"


def tree(root):
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        try:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            found.append((pid, name))
        except OSError:
            continue
    return found


def used(root):
    """KiB of memory (shared pages counted once) and descriptors, of all its processes."""
    kib = fds = 0
    for pid, _ in tree(root):
        try:
            kib += sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                       if line.startswith("Pss:"))
            fds += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
    return kib, fds


def own(root):
    """KiB of memory of their own: what is not pages of files, which the kernel may let go of."""
    kib = 0
    for pid, _ in tree(root):
        try:
            kib += sum(int(line.split()[1]) for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                       if line.startswith("Anonymous:"))
        except OSError:
            continue
    return kib


def still_right(daemon):
    assert daemon.instream(EICAR) == FOUND, daemon.text()[-2000:]
    assert daemon.instream(b"fine") == b"stream: OK\0", daemon.text()[-2000:]


def connections():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (40000, 40000))  # overtd inherits it
        hard = 40000
    except ValueError:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10000, hard // 4 * 3 - 20)  # overtd takes as many as three quarters of the descriptors
    daemon = Daemon(PROGRAM, "MaxConnections 20000\nCommandReadTimeout 600\nReadTimeout 600", TMP)
    bad = [b"", b"z", b"zINSTR", b"zINSTREAM\0", b"zINSTREAM\0\0\0\1\0abc", b"zINSTREAM\0\xff\xff\xff\xff", b"\xff" * 5000,
           b"zSCAN " + b"/" * 9000 + b"\0", b"zIDSESSION\0zIDSESSION\0", b"zFILDES\0", b"nEND\n", b"zIDSESSION\0zPING\0" * 50]
    good, others, answers = {}, [], 0
    began = time.monotonic()
    for i in range(count):
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(daemon.sock)
                break
            except BlockingIOError:
                s.close()
        if i % 2 == 0:
            s.setblocking(False)
            good[s.fileno()] = [s, b""]
        else:
            others.append(s)
            s.setblocking(False)
            try:
                s.send(bad[i // 2 % len(bad)])
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
    print(f"connections: {count} made in {time.monotonic() - began:.1f} s; memory and descriptors: {used(daemon.process.pid)}")
    poll = select.epoll()
    for n, (fd, (s, _)) in enumerate(good.items()):
        s.setblocking(True)
        try:
            s.sendall(stream(EICAR if n % 2 else b"fine"))
        except OSError as bad:
            raise AssertionError(f"connection {n}: {bad}: {daemon.text()[-2000:]}") from bad
        s.setblocking(False)
        poll.register(fd, select.EPOLLIN)
    want = {fd: FOUND if n % 2 else b"stream: OK\0" for n, fd in enumerate(good)}
    until = time.monotonic() + 300
    while want and time.monotonic() < until:
        for fd, _ in poll.poll(5):
            s, text = good[fd]
            data = s.recv(4096)
            good[fd][1] = text + data
            if not data:
                assert good[fd][1] == want.pop(fd), good[fd][1]
                answers += 1
                poll.unregister(fd)
    assert not want, f"{len(want)} were not answered"
    still_right(daemon)
    print(f"connections: {answers} good ones of {count} were answered rightly, in {time.monotonic() - began:.1f} s")
    for s in others + [s for s, _ in good.values()]:
        s.close()
    daemon.wait_for(lambda: b"STATE: VALID" in daemon.ask(b"zSTATS\0"), "state")
    print("connections: afterwards", used(daemon.process.pid))
    daemon.stop()


def fuzz(seconds):
    daemon = Daemon(PROGRAM, "CommandReadTimeout 2\nReadTimeout 2\nMaxConnections 500", TMP)
    dice = random.Random(7)
    words = [b"PING", b"VERSION", b"VERSIONCOMMANDS", b"STATS", b"SCAN /etc/hostname", b"CONTSCAN /etc/apt", b"MULTISCAN /nowhere",
             b"ALLMATCHSCAN /etc/passwd", b"INSTREAM", b"FILDES", b"IDSESSION", b"END", b"DETSTATS", b"", b"\0", b"\n"]
    until, rounds, sent = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        text = b""
        for _ in range(dice.randrange(1, 12)):
            word = dice.choice(words)
            text += dice.choice([b"z", b"n", b"", b"\xff"]) + word + dice.choice([b"\0", b"\n", b"", b" "])
            if word == b"INSTREAM" and dice.random() < 0.8:
                for _ in range(dice.randrange(3)):
                    size = dice.choice([0, 1, 10, 5000])
                    text += struct.pack(">I", dice.choice([size, size + 1, 0xFFFFFFFF, 2**31])) + dice.randbytes(size)
        if text and dice.random() < 0.5:
            flipped = bytearray(text)
            for _ in range(dice.randrange(1, 5)):
                flipped[dice.randrange(len(flipped))] = dice.randrange(256)
            text = bytes(flipped)
        if b"SHUTDOWN" in text or b"RELOAD" in text:
            continue
        with daemon.connect() as s:
            s.settimeout(5)
            try:
                if dice.random() < 0.2:
                    with open("/etc/hostname", "rb") as file:
                        socket.send_fds(s, [text], [file.fileno()] * dice.randrange(1, 4))
                else:
                    s.sendall(text)
                if dice.random() < 0.5:
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65536):
                        pass
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                pass
        sent += len(text)
        rounds += 1
        if rounds % 500 == 0:
            still_right(daemon)
    still_right(daemon)
    text = daemon.text()
    assert "is replaced" not in text and daemon.process.poll() is None, text[-2000:]
    print(f"fuzz: {rounds} connections, {sent} bytes in {seconds} s; afterwards {used(daemon.process.pid)}, "
          f"{own(daemon.process.pid)} KiB of it their own")
    assert own(daemon.process.pid) < 16 * 1024, "what a connection took was not given back"
    daemon.stop()


def full():
    disk = TMP / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    try:
        daemon = Daemon(PROGRAM, f"EventsFile {disk}/events\nStatusFile {disk}/status\nMetricsFile {disk}/metrics\n"
                                 f"Quarantine yes\nQuarantineFolder {disk}/quarantine", TMP)
        still_right(daemon)
        try:
            (disk / "fill").write_bytes(b"x" * 65536)
        except OSError:
            pass
        bad = TMP / "bad"
        bad.write_bytes(EICAR)
        for _ in range(60):
            still_right(daemon)
        assert b"EICAR_Test_File FOUND" in daemon.ask(b"zSCAN " + os.fsencode(bad) + b"\0")
        daemon.wait_for(lambda: "Quarantine: " in daemon.text(), "word of the quarantine")
        assert bad.read_bytes() == EICAR, "the file was lost"
        said = daemon.text().count("an event could not be written")
        written = (disk / "events").read_bytes().count(b"}\n")
        assert said > 0 and written + said == 62, (written, said)  # 61 streams and one path
        daemon.wait_for(lambda: "StatusFile" in daemon.text(), "word of the status")
        assert daemon.text().count("StatusFile") == 1, "said once"
        (disk / "fill").unlink()
        still_right(daemon)
        print(f"full: {said} of 62 events could not be written, each said once; the file that could not be put away is whole; "
              "then all is well")
        daemon.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def memory():
    """All its processes in a group of little memory (cgroup v1 or v2). The kernel may end any of them, the supervisor too: then
    a service manager starts it anew, which is what happens here by hand."""
    group = pathlib.Path("/sys/fs/cgroup/memory/overt-stress")
    limit, swap = group / "memory.limit_in_bytes", None
    if not group.parent.exists():
        group = pathlib.Path("/sys/fs/cgroup/overt-stress")
        limit, swap = group / "memory.max", group / "memory.swap.max"
    group.mkdir(exist_ok=True)
    needle = TMP / "needle.yar"
    needle.write_text('rule EICAR_Test_File { strings: $a = "EICAR-STANDARD" condition: $a }\n')
    conf = f"StreamMaxLength 64M\nStreamMemoryMax 1G\nRules {needle}"
    daemon = Daemon(PROGRAM, conf, TMP)
    still_right(daemon)
    for pid, _ in tree(daemon.process.pid):
        (group / "cgroup.procs").write_text(str(pid))
    limit.write_text(str(6 << 20))
    if swap is not None:
        swap.write_text("0")
    (TMP / "least").mkdir()
    (TMP / "least.conf").write_text(f"LocalSocket {TMP}/least/sock\n")
    least = subprocess.run([PROGRAM, "-c", TMP / "least.conf"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           preexec_fn=lambda: (group / "cgroup.procs").write_text(str(os.getpid())), timeout=60)
    assert least.returncode == 2 and "needs 10 MiB of memory at least; its group may use 6 MiB" in least.stderr, least
    found = other = starts = 0
    try:
        for i in range(100):
            for data in (EICAR, bytes(8 << 20) + EICAR):
                try:
                    answer = daemon.instream(data)
                except OSError:
                    answer = b""
                assert answer == FOUND or answer == b"" or b"ERROR" in answer, answer
                found += answer == FOUND
                other += answer != FOUND
            if daemon.process.poll() is not None:
                starts += 1
                daemon = Daemon(PROGRAM, conf, TMP)
                for pid, _ in tree(daemon.process.pid):
                    (group / "cgroup.procs").write_text(str(pid))
        limit.write_text("-1" if "limit_in" in limit.name else "max")
        still_right(daemon)
    finally:
        daemon.kill()
        until = time.monotonic() + 30
        while (group / "cgroup.procs").read_text() and time.monotonic() < until:
            time.sleep(0.05)
        group.rmdir()
    print(f"memory: in 6 MiB, {found} of 200 detected, {other} refused or cut off, none called clean; the supervisor was ended {starts} "
          "times; with memory again all is well")


def kills():
    rules = TMP / "rules"
    rules.mkdir()
    rule = 'rule R{} {{ strings: $a = "needle-{}" condition: $a }}\nrule EICAR_Test_File {{ strings: $a = "EICAR-STANDARD" condition: $a }}\n'
    (rules / "a.yar").write_text(rule.format(0, 0))
    daemon = Daemon(PROGRAM, f"Rules {rules}", TMP)
    dice = random.Random(3)
    killed, wrong, right, lost = {}, [], 0, 0
    for i in range(1, 61):
        (rules / "a.yar").write_text(rule.format(i, i))
        daemon.ask(b"zRELOAD\0")
        victims = [(p, n) for p, n in tree(daemon.process.pid) if p != daemon.process.pid]
        for _ in range(dice.randrange(1, 4)):
            if victims:
                pid, name = dice.choice(victims)
                try:
                    os.kill(pid, signal.SIGKILL)
                    killed[name] = killed.get(name, 0) + 1
                except ProcessLookupError:
                    pass
        for data, want in ((EICAR, FOUND), (b"fine", b"stream: OK\0")):
            try:
                got = daemon.instream(data)
            except OSError:
                got = b""
            right += got == want
            lost += got == b"" or b"ERROR" in got
            if got not in (want, b"") and b"ERROR" not in got:
                wrong.append(got)
        assert daemon.process.poll() is None, daemon.text()[-2000:]
    daemon.ask(b"zRELOAD\0")
    daemon.wait_for(lambda: daemon.instream(b"needle-60 ") == b"stream: R60 FOUND\0" or daemon.ask(b"zRELOAD\0") == b"", "the last rules", 120)
    assert not wrong, wrong
    print(f"kills: {killed} in 60 reloads; {right} answers right, {lost} refused or cut off, none wrong; the last rules are in force")
    daemon.stop()


def reloads():
    """The supervisor killed at every tenth system call of a reload, and at the first and last of each kind; started anew, it has
    the new rules, and none of the old one's processes is left."""
    rules, calls, kills = TMP / "rules", [], 0
    rules.mkdir()
    rule = 'rule R{} {{ strings: $a = "needle-{}" condition: $a }}\nrule EICAR_Test_File {{ strings: $a = "EICAR-STANDARD" condition: $a }}\n'

    def attached(daemon, *words):
        tracer = subprocess.Popen(["strace", "-qq", "-p", str(daemon.process.pid), *words], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        daemon.wait_for(lambda: f"TracerPid:\t{tracer.pid}\n" in pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text(), "tracer")
        return tracer

    def change(daemon, number):
        (rules / "a.yar").write_text(rule.format(number, number))
        try:
            daemon.ask(b"zRELOAD\0")
        except OSError:
            pass

    (rules / "a.yar").write_text(rule.format(0, 0))
    daemon = Daemon(PROGRAM, f"Rules {rules}", TMP)
    tracer = attached(daemon, "-o", str(TMP / "trace"))
    change(daemon, 1)
    daemon.wait_for(lambda: "correctly reloaded" in daemon.text(), "reload")
    tracer.terminate()
    tracer.wait()
    for line in (TMP / "trace").read_text().splitlines():
        name = line.split("(")[0]
        if name.isidentifier():
            calls.append((name, sum(c[0] == name for c in calls) + 1))
    last = dict(calls)
    places = [c for i, c in enumerate(calls) if i % 10 == 0 or c[1] == 1 or last[c[0]] == c[1]]
    for number, (name, nth) in enumerate(places, 2):
        before = [pid for pid, _ in tree(daemon.process.pid)]
        attached(daemon, "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={nth}")
        change(daemon, number)
        try:
            daemon.process.wait(3)
            kills += 1
        except subprocess.TimeoutExpired:  # it came to that call less often this time
            daemon.process.kill()
            daemon.process.wait()
        gone = time.monotonic() + 20
        while any(pathlib.Path(f"/proc/{pid}").exists() and " Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text() for pid in before):
            assert time.monotonic() < gone, f"killed at {name} {nth}: processes are left"
            time.sleep(0.02)
        daemon = Daemon(PROGRAM, f"Rules {rules}", TMP)
        still_right(daemon)
        assert daemon.instream(b"needle-%d " % number) == b"stream: R%d FOUND\0" % number, (name, nth)
    print(f"reloads: {len(calls)} calls of a reload, killed at {kills} of {len(places)} places; each time the new rules were in force "
          "afterwards, and nothing was left")
    daemon.stop()


def soak(seconds):
    rules = TMP / "rules"
    rules.mkdir()
    for name in ("a", "b"):
        (TMP / name).write_text(f'rule {name}{name} {{ strings: $a = "mark-{name}" condition: $a }}\n'
                                'rule EICAR_Test_File { strings: $a = "EICAR-STANDARD" condition: $a }\n')
    shutil.copy(TMP / "a", rules / "x.yar")
    tree_of_files = TMP / "files"
    tree_of_files.mkdir()
    for i in range(200):
        (tree_of_files / str(i)).write_bytes(os.urandom(4096))
    daemon = Daemon(PROGRAM, f"Rules {rules}", TMP)
    began, samples, rounds, worst = time.monotonic(), [], 0, 0.0
    with open(tree_of_files / "0", "rb") as file:
        while time.monotonic() - began < seconds:
            at = time.monotonic()
            still_right(daemon)
            worst = max(worst, (time.monotonic() - at) / 2)
            for answer in (daemon.fildes(file.fileno()), daemon.ask(b"zCONTSCAN " + os.fsencode(tree_of_files) + b"\0")):
                assert answer.endswith(b": OK\0"), (answer, daemon.text()[-2000:])
            with daemon.connect() as s:
                s.sendall(b"zINSTREAM\0\0\0\1\0half of what")
            if rounds % 20 == 0:
                shutil.copy(TMP / "ab"[rounds // 20 % 2], rules / "x.yar")
                daemon.ask(b"zRELOAD\0")
            if rounds % 50 == 25:
                samples.append((round(time.monotonic() - began), *used(daemon.process.pid)))
            rounds += 1
    half = samples[len(samples) // 2:]
    print(f"soak: {rounds} rounds in {seconds} s; KiB and descriptors early {samples[:3]}, late {samples[-3:]}; "
          f"second half {min(s[1] for s in half)}..{max(s[1] for s in half)} KiB, "
          f"{min(s[2] for s in half)}..{max(s[2] for s in half)} descriptors; slowest answer {worst * 1000:.0f} ms")
    daemon.stop()


WHAT = {"connections": connections, "full": full, "memory": memory, "kills": kills, "reloads": reloads}
TIMED = {"fuzz": (fuzz, 600), "soak": (soak, 1800)}
try:
    if sys.argv[2] in TIMED:
        run, default = TIMED[sys.argv[2]]
        run(int(sys.argv[3]) if len(sys.argv) > 3 else default)
    else:
        WHAT[sys.argv[2]]()
finally:
    shutil.rmtree(TMP, ignore_errors=True)
