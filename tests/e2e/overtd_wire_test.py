#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clamd's protocol, answer by answer, as clamd 1.4.6 gives them. usage: overtd_wire_test.py OVERTD"""
import os, pathlib, re, shutil, signal, socket, struct, sys, tempfile, threading, zlib

sys.path.insert(0, os.path.dirname(__file__))
from clamd_client import Daemon, EICAR, read_all, read_until

failures = tests = 0
NAME = b"EICAR_Test_File"


def check(what, got, want):
    global tests, failures
    tests += 1
    good = want.fullmatch(got) is not None if isinstance(want, re.Pattern) \
        else got == want
    if not good:
        failures += 1
        print(f"# {what}: got {got!r}, want {want!r}")
    print(f"{'ok' if good else 'not ok'} {tests} - {what}", flush=True)


def e(text):
    return re.escape(text)


def commands(d):
    version = b"ClamAV 1.4.6"
    listed = version + (b"| COMMANDS: SCAN QUIT RELOAD PING CONTSCAN VERSIONCOMMANDS VERSION END "
                        b"SHUTDOWN MULTISCAN FILDES STATS IDSESSION INSTREAM DETSTATSCLEAR DETSTATS "
                        b"ALLMATCHSCAN")
    unknown = b"UNKNOWN COMMAND"
    for command, answer, old in [
            (b"PING", b"PONG", b"PONG"), (b"VERSION", version, version),
            (b"VERSIONCOMMANDS", listed, unknown), (b"RANDOM", unknown, unknown),
            (b"END", unknown, unknown), (b"SCAN", unknown, unknown),
            (b"SELFCHECK", unknown, unknown), (b"STREAM", unknown, unknown),
            (b"SESSION", unknown, unknown), (b"PING x", unknown, unknown),
            (b"ping", unknown, unknown)]:
        check(f"z{command.decode()}", d.ask(b"z" + command + b"\0"), answer + b"\0")
        check(f"n{command.decode()}", d.ask(b"n" + command + b"\n"), answer + b"\n")
        check(f"old {command.decode()}", d.ask(command + b"\n"), old + b"\n")
    for command in (b"DETSTATS", b"DETSTATSCLEAR"):
        check(f"z{command.decode()}", d.ask(b"z" + command + b"\0"), b"")
        check(f"old {command.decode()}", d.ask(command + b"\n"), b"")
    check("old PING without a line feed", d.ask(b"PING"), b"PONG\n")
    check("old PING with CRLF", d.ask(b"PING\r\n"), b"PONG\n")
    check("one command a connection", d.ask(b"zPING\0zPING\0"), b"PONG\0")
    check("HTTP", d.ask(b"GET / HTTP/1.1\r\n\r\n"), b"UNKNOWN COMMAND\n")
    check("a half-closed client is served", d.ask(b"zPING\0", shut=True), b"PONG\0")
    stats = re.compile(rb"POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live \d+  idle \d+ max \d+ "
                       rb"idle-timeout \d+\nQUEUE: \d+ items\n(\t.*\n)*\nMEMSTATS: .*\nEND\0")
    check("zSTATS", d.ask(b"zSTATS\0"), stats)
    check("old STATS", d.ask(b"STATS\n"), unknown + b"\n")


def paths(d, base):
    bad = base / "d" / "bad one.com"
    (base / "d").mkdir()
    (base / "c").mkdir()
    bad.write_bytes(EICAR)
    (base / "d" / "bad2.com").write_bytes(EICAR)
    (base / "d" / "fine.txt").write_bytes(b"fine\n")
    (base / "c" / "fine.txt").write_bytes(b"fine\n")
    (base / "empty").write_bytes(b"")
    (base / "link").symlink_to(bad)
    p = lambda x: os.fsencode(str(x))
    found = b": " + NAME + b" FOUND"
    for verb in (b"SCAN", b"CONTSCAN", b"MULTISCAN", b"ALLMATCHSCAN"):
        check(f"{verb.decode()} file", d.ask(b"z" + verb + b" " + p(bad) + b"\0"),
              p(bad) + found + b"\0")
        check(f"{verb.decode()} clean folder", d.ask(b"n" + verb + b" " + p(base / "c") + b"\n"),
              p(base / "c") + b": OK\n")
        check(f"{verb.decode()} missing", d.ask(b"z" + verb + b" /nonexistent\0"),
              b"/nonexistent: File path check failure: No such file or directory. ERROR\0")
    check("old SCAN", d.ask(b"SCAN " + p(bad)), p(bad) + found + b"\n")
    check("old ALLMATCHSCAN", d.ask(b"ALLMATCHSCAN " + p(bad)), b"UNKNOWN COMMAND\n")
    check("SCAN follows a link that was named and says what it is",
          d.ask(b"zSCAN " + p(base / "link") + b"\0"), p(bad) + found + b"\0")
    check("SCAN relative", d.ask(b"zSCAN relative.txt\0"),
          b"relative.txt: File path check failure: No such file or directory. ERROR\0")
    check("SCAN empty", d.ask(b"zSCAN " + p(base / "empty") + b"\0"), p(base / "empty") + b": OK\0")
    check("SCAN /dev/null", d.ask(b"zSCAN /dev/null\0"),
          b"/dev/null: Not supported file type ERROR\0/dev/null: OK\0")
    check("SCAN folder stops at the first", d.ask(b"zSCAN " + p(base / "d") + b"\0"),
          p(bad) + found + b"\0")
    check("CONTSCAN folder goes on", d.ask(b"zCONTSCAN " + p(base / "d") + b"\0"),
          p(bad) + found + b"\0" + p(base / "d" / "bad2.com") + found + b"\0")
    check("MULTISCAN folder, any order",
          b"\0".join(sorted(d.ask(b"zMULTISCAN " + p(base / "d") + b"\0").split(b"\0"))),
          b"\0".join(sorted([b"", p(bad) + found, p(base / "d" / "bad2.com") + found])))


def fildes(d, base):
    with open(base / "d" / "bad one.com", "rb") as bad, open(base / "c" / "fine.txt", "rb") as fine:
        for single in (False, True):
            check(f"zFILDES bad single={single}", d.fildes(bad.fileno(), single=single),
                  re.compile(rb"fd\[\d+\]: " + NAME + rb" FOUND\0"))
            check(f"nFILDES fine single={single}",
                  d.fildes(fine.fileno(), b"nFILDES\n", single=single),
                  re.compile(rb"fd\[\d+\]: OK\n"))
            check(f"old FILDES single={single}",
                  d.fildes(bad.fileno(), b"FILDES\n", single=single),
                  re.compile(rb"fd\[\d+\]: " + NAME + rb" FOUND\n"))
        bad.seek(10)
        check("FILDES looks from the beginning", d.fildes(bad.fileno()),
              re.compile(rb"fd\[\d+\]: " + NAME + rb" FOUND\0"))
        check("PING with a descriptor", d.fildes(bad.fileno(), b"zPING\0", single=True), b"PONG\0")
        with d.connect() as s:
            s.sendall(b"zIDSESSION\0")
            socket.send_fds(s, [b"zPING\0"], [bad.fileno()])
            check("a stray descriptor ends a session", read_all(s),
                  re.compile(rb".*1: PROTOCOL ERROR: ancillary data sent without FILDES\. ERROR\0"))
    with open(base / "d" / "bad2.com", "r+b") as writable:
        check("FILDES of a file opened for writing", d.fildes(writable.fileno()),
              re.compile(rb"fd\[\d+\]: " + NAME + rb" FOUND\0"))
    folder = os.open(base, os.O_RDONLY)
    check("FILDES folder", d.fildes(folder), re.compile(rb"fd\[\d+\]: Not a regular file ERROR\0"))
    os.close(folder)
    with open(base / "empty", "rb") as empty:
        check("FILDES empty", d.fildes(empty.fileno()), re.compile(rb"fd\[\d+\]: OK\0"))
    check("FILDES without a descriptor", d.ask(b"zFILDES\0", shut=True),
          b"No file descriptor received. ERROR\0")
    check("FILDES with a byte and no descriptor", d.ask(b"zFILDES\0", b"x"),
          b"No file descriptor received. ERROR\0")


def streams(d):
    check("zINSTREAM", d.instream(EICAR), b"stream: " + NAME + b" FOUND\0")
    check("nINSTREAM", d.instream(EICAR, command=b"nINSTREAM\n"), b"stream: " + NAME + b" FOUND\n")
    check("old INSTREAM", d.ask(b"INSTREAM\n"), b"UNKNOWN COMMAND\n")
    check("INSTREAM in one-byte chunks", d.instream(EICAR, 1), b"stream: " + NAME + b" FOUND\0")
    check("INSTREAM fine", d.instream(b"fine" * 1000), b"stream: OK\0")
    check("INSTREAM empty", d.ask(b"zINSTREAM\0", b"\0\0\0\0"), b"stream: OK\0")
    check("INSTREAM of exactly the limit", d.instream(b"x" * (1 << 20)), b"stream: OK\0")
    limit = b"INSTREAM size limit exceeded. ERROR\0"
    check("INSTREAM chunk over the limit", d.ask(b"zINSTREAM\0", struct.pack(">I", (1 << 20) + 1)),
          limit)
    check("INSTREAM total over the limit",
          d.ask(b"zINSTREAM\0", struct.pack(">I", 600000) + b"x" * 600000, struct.pack(">I", 600000)),
          limit)
    check("INSTREAM length of all ones", d.ask(b"zINSTREAM\0", b"\xff\xff\xff\xff"), limit)
    check("INSTREAM cut short", d.ask(b"zINSTREAM\0", b"\0\0\0\5ab", shut=True), b"")


def sessions(d, base):
    check("IDSESSION", d.ask(b"zIDSESSION\0zPING\0zVERSION\0zEND\0"),
          b"1: PONG\0002: ClamAV 1.4.6\0")
    check("terminators follow their command", d.ask(b"nIDSESSION\nnPING\nzPING\0zEND\0"),
          b"1: PONG\n2: PONG\0")
    for command in (b"CONTSCAN /", b"MULTISCAN /", b"ALLMATCHSCAN /", b"RELOAD", b"SHUTDOWN", b"X",
                    b"IDSESSION"):
        check(f"{command.decode()} in a session", d.ask(b"zIDSESSION\0z" + command + b"\0"),
              b"1: Command invalid inside IDSESSION. ERROR\0")
    with open(base / "c" / "fine.txt", "rb") as fine, d.connect() as s:
        s.sendall(b"zIDSESSION\0zSCAN /nonexistent\0zINSTREAM\0" +
                  struct.pack(">I", len(EICAR)) + EICAR + b"\0\0\0\0zFILDES\0")
        socket.send_fds(s, [b"\0"], [fine.fileno()])
        s.sendall(b"zPING\0zEND\0")
        got = sorted(read_all(s).split(b"\0")[:-1])
        check("a session of everything", b"|".join(got), re.compile(
            rb"1: /nonexistent: File path check failure: No such file or directory\. ERROR\|"
            rb"2: stream: " + NAME + rb" FOUND\|3: fd\[\d+\]: OK\|4: PONG"))
    with d.connect() as s:
        count = 500
        s.sendall(b"zIDSESSION\0" + (b"zINSTREAM\0\0\0\0\4fine\0\0\0\0" * count))
        got = read_until(s, count).split(b"\0")[:-1]
        check("500 streams of one session without waiting",
              b"%d" % len({g for g in got if g.endswith(b": stream: OK")}), b"%d" % count)
    mixed = [EICAR, b"fine", b"x" * 70000 + EICAR[:60], b"", b"y" * 30000] * 40  # packed, too long for it, empty
    sent = b"zIDSESSION\0" + b"".join(
        b"zINSTREAM\0" + (struct.pack(">I", len(m)) + m if m else b"") + b"\0\0\0\0" for m in mixed)
    for step in (len(sent), 50001, 4099):
        with d.connect() as s:
            threading.Thread(target=lambda s=s: [s.sendall(sent[at:at + step]) for at in range(0, len(sent), step)]).start()
            got = dict(g.split(b": ", 1) for g in read_until(s, len(mixed)).split(b"\0")[:-1])
            wrong = [i for i, m in enumerate(mixed, 1)
                     if got.get(b"%d" % i, b"").endswith(b" FOUND" if m is EICAR else b" OK") is False]
            check(f"streams of every kind in one session, {step} bytes at a time", b"%r" % wrong, b"[]")


def timeouts(program, base):
    d = Daemon(program, "CommandReadTimeout 1\nReadTimeout 1\nStreamMaxLength 1M", base / "t")
    late = b"COMMAND READ TIMED OUT\n"
    check("nothing sent", d.ask(), late)
    check("half a command", d.ask(b"zPI"), late)
    check("a command without end", d.ask(b"z" + b"A" * 5000), late)
    check("a stream that stalls", d.ask(b"zINSTREAM\0", b"\0\0\0\5ab"), late)
    check("old style inside a session", d.ask(b"zIDSESSION\0PING"), late)
    check("it ends in order", b"%d" % d.stop(), b"0")
    check("its socket file is gone", b"%d" % os.path.exists(d.sock), b"0")


def rights(d, base):
    """What the client may not read, the daemon does not read for him."""
    secret = base / "secret"
    secret.mkdir(mode=0o700)
    (secret / "bad.com").write_bytes(EICAR)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.write(writer, d.ask(b"zSCAN " + os.fsencode(str(secret / "bad.com")) + b"\0"))
        os._exit(0)
    os.waitpid(pid, 0)
    got = os.read(reader, 4096)
    check("a client without rights", got, re.compile(rb".*(Access denied|Permission denied).* ERROR\0"))
    check("root may", d.ask(b"zSCAN " + os.fsencode(str(secret / "bad.com")) + b"\0"),
          os.fsencode(str(secret / "bad.com")) + b": " + NAME + b" FOUND\0")


def reload(program, base):
    rules = base / "rules"
    rules.mkdir()
    (rules / "a.yar").write_text('rule First { strings: $a = "needle-one" condition: $a }\n')
    d = Daemon(program, f"Rules {rules}\nStreamMaxLength 1M", base / "r")
    check("the first rules", d.instream(b"needle-one"), b"stream: First FOUND\0")
    (rules / "a.yar").write_text('rule Second { strings: $a = "needle-two" condition: $a }\n')
    check("RELOAD", d.ask(b"zRELOAD\0"), b"RELOADING\0")
    d.wait_for(lambda: d.instream(b"needle-two") == b"stream: Second FOUND\0", "reload")
    check("the first rules are gone", d.instream(b"needle-one"), b"stream: OK\0")
    (rules / "a.yar").write_text("rule Broken { condition: }\n")
    d.ask(b"zRELOAD\0")
    d.wait_for(lambda: "stays in force" in d.text() or "reloaded (0" in d.text(), "verdict on them")
    check("SHUTDOWN", d.ask(b"nSHUTDOWN\n"), b"")
    check("it has ended", b"%d" % d.process.wait(60), b"0")


def workers_of(d):
    found, todo = [], [d.process.pid]
    while todo:
        pid = todo.pop()
        todo += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        if pathlib.Path(f"/proc/{pid}/comm").read_text() == "overt-worker\n":
            found.append(pid)
    return found


def memory(program, base):
    """What nothing was found in is known again; what something was found in, or was not looked at as a whole, is not."""
    (base / "m").mkdir()
    d = Daemon(program, "StreamMaxLength 1M\nMaxScanSize 100K", base / "m")
    many, large = os.urandom(30000), bytes(200000)
    for _ in range(2):
        check("a clean stream", d.instream(b"fine again"), b"stream: OK\0")
        check("one in many pieces", d.instream(many, 1000), b"stream: OK\0")
        check("an infected one, the second time too", d.instream(EICAR), b"stream: " + NAME + b" FOUND\0")
        check("one that is too large to be looked at", d.instream(large), re.compile(rb"stream: .* ERROR\0"))
    stopped = workers_of(d)
    check("workers are there to be stopped", len(stopped) > 0, True)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    check("no worker is needed for what is known", d.instream(b"fine again"), b"stream: OK\0")
    check("in whatever pieces it came and comes", d.instream(many, 30000), b"stream: OK\0")
    with d.connect() as s:
        s.settimeout(1)
        s.sendall(b"zINSTREAM\0" + struct.pack(">I", 5) + b"other" + bytes(4))
        try:
            got = s.recv(100)
        except TimeoutError:
            got = b""
        check("what is not known waits for one", got, b"")
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    check("and gets its answer from it", d.instream(b"other"), b"stream: OK\0")
    d.stop()


def faults_of(d):
    """Pages that its workers touched for the first time: what is unpacked takes many."""
    return sum(int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[7]) for pid in workers_of(d))


def files_again(program, base):
    """A worker knows the bytes of a small file again, whatever file they are in, and never the file: other bytes are looked at."""
    packed = zlib.compress(bytes(8 << 20), 9)
    body = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed[2:-4] + struct.pack("<II", zlib.crc32(bytes(8 << 20)), 8 << 20)
    for name, conf, again in (("k", "", False), ("u", "DisableCache yes", True)):
        (base / name).mkdir()
        d = Daemon(program, f"Workers 1\n{conf}", base / name)
        path, copy = base / name / "packed.gz", base / name / "copy.gz"
        path.write_bytes(body)
        copy.write_bytes(body)
        faults = []
        for one in (path, path, copy):
            before = faults_of(d)
            with open(one, "rb") as file:
                check(f"{one.name} is fine", d.fildes(file.fileno()), re.compile(rb"fd\[\d+\]: OK\0"))
            faults.append(faults_of(d) - before)
        check(f"unpacked the first time, {faults}", faults[0] > 500, True)
        check(f"unpacked again{' where nothing is remembered' if again else ''}: {again}, {faults}",
              [n > 500 for n in faults[1:]], [again, again])
        times, small = os.stat(path), EICAR
        path.write_bytes(bytes(len(small)))
        for bytes_now, answer in ((bytes(len(small)), rb"OK"), (small, NAME + rb" FOUND"), (bytes(len(small)), rb"OK"),
                                  (small, NAME + rb" FOUND")):
            with open(path, "r+b") as file:
                file.write(bytes_now)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            with open(path, "rb") as file:
                check(f"the same file with other bytes: {answer.decode()}", d.fildes(file.fileno()),
                      re.compile(rb"fd\[\d+\]: " + answer + rb"\0"))
        d.stop()


def main():
    program = sys.argv[1]
    base = pathlib.Path(tempfile.mkdtemp(prefix="overtd-wire-"))
    os.chmod(base, 0o755)
    for name in ("t", "r", "s"):
        (base / name).mkdir()
    try:
        d = Daemon(program, "StreamMaxLength 1M", base / "s")
        commands(d)
        paths(d, base)
        fildes(d, base)
        streams(d)
        sessions(d, base)
        if os.geteuid() == 0:
            rights(d, base)
        check("SIGTERM ends it in order", b"%d" % d.stop(), b"0")
        timeouts(program, base)
        reload(program, base)
        memory(program, base)
        files_again(program, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    print(f"1..{tests}")
    return failures != 0


sys.exit(main())
