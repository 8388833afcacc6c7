#!/usr/bin/env python3
"""crash_test.py BUILD: an update that ends in the middle leaves the old state or the new one, never a third, and the next
update succeeds. Ends: SIGKILL before a system call; and a crash of the machine, where what was written and not yet synced
is there or not, or in half, in any combination. A sample here; all of them with OVERT_LONG=1 (`./dev exhaust`)."""
import hashlib
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import EXTRA, MARKER, Client, Folder, Log, at, binary_rule, bundle_of, run  # noqa: E402

BUILD = pathlib.Path(os.path.abspath(sys.argv[1]))
LONG = bool(os.environ.get("OVERT_LONG"))
SUBSETS = 256 if LONG else 16  # of what is not on the disk at one moment
DAY = 1767225600
CASES = ("first", "rule", "later") if LONG else ("rule",)
SAMPLE = None if LONG else 24


class Rig:
    """A client before an update, and what it is like before and after: the first update ever, one that brings a rule, one
    that brings a later time and nothing else."""

    def __init__(self, root, case):
        log = Log(BUILD, root / "maker")
        log.release(env=at(DAY))
        self.client = Client(BUILD, root / "client", log.policy([], EXTRA))
        self.client.state.mkdir()
        one = bundle_of(log, root, "one")
        if case != "first":
            self.client.update("--bundle", one)
        if case == "rule":
            log.release(binary_rule("Second", "the second"), env=at(DAY + 60))
        elif case == "later":
            log.publish(env=at(DAY + 60))
        self.path = one if case == "first" else bundle_of(log, root, "two")
        self.detected = b"the second\x00\x01" if case == "rule" else b"xx" + MARKER
        self.before = root / "before"
        shutil.copytree(self.client.state, self.before, symlinks=True)
        self.old = self.client.fingerprint()
        self.new = None

    def command(self):
        return [str(w) for w in (self.client.overt, "update", "--policy", self.client.policy_path, "--state",
                                 self.client.state, "--bundle", self.path)]

    def reset(self):
        shutil.rmtree(self.client.state)
        shutil.copytree(self.before, self.client.state, symlinks=True)

    def check(self, what):
        """Accepted: old or new. Active: old or new as a whole, and never newer than what is accepted. On record:
        whole. And from there the next update leads to the new state."""
        now = self.client.fingerprint()
        assert now[0] in (self.old[0], self.new[0]), f"{what}: a third state of the log"
        assert now[1:] in (self.old[1:], self.new[1:]), f"{what}: a third set of rules"
        assert now[0] == self.new[0] or now[1:] == self.old[1:], f"{what}: rules that were not accepted"
        if self.old[2] is not None:
            tap.same(self.client.scan()[0], 1, f"{what}: scanning goes on")
        ledger = self.client.state / "ledger"
        code, said = run(BUILD / "overt", "ledger", "verify", "--ledger", ledger)
        assert code == 0 or not ledger.exists(), f"{what}: {said}"
        self.client.update("--bundle", self.path)
        tap.same(self.client.fingerprint(), self.new, f"{what}: the next update")
        tap.same(self.client.scan(self.detected)[0], 1, what)
        run(BUILD / "overt", "ledger", "verify", "--ledger", ledger, check=0)


def kill_at_every_system_call_of_an_update():
    for case in CASES:
        with Folder() as root:
            kill_at_every_call_of(Rig(root, case), root)


def kill_at_every_call_of(rig, root):
    trace = subprocess.run(["strace", "-qq", "-o", str(root / "trace"), *rig.command()], capture_output=True,
                           timeout=120, check=False)
    assert trace.returncode in (0, 4), trace.stderr
    rig.new = rig.client.fingerprint()
    calls = re.findall(r"^(\w+)\(", (root / "trace").read_text(), re.M)
    assert len(calls) > 150, len(calls)
    # strace counts each kind of call by itself: the 3rd fsync, say.
    seen, places = {}, []
    for name in calls:
        seen[name] = seen.get(name, 0) + 1
        places.append((name, seen[name]))
    places = places[1:]  # at the execve there is no program of ours yet
    if not LONG:
        places = random.Random(1).sample(places, 16)
    missed = 0
    for name, number in places:
        rig.reset()
        done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e",
                               f"inject={name}:signal=KILL:when={number}", *rig.command()], capture_output=True,
                              timeout=120, check=False)
        if done.returncode not in (-9, 137):
            missed += 1  # how often it polls and reads is not the same in every run
            continue
        rig.check(f"killed at {name} number {number}")
    print(f"# killed {len(places) - missed} times of {len(calls)} calls")
    assert missed < 2 + len(places) // 20, missed


# --- a file system that forgets ---------------------------------------------------------------------------------------

class Model:
    """What the calls of a trace did below one folder, as changes that are on the disk or not.

    A change is (place, do): `place` is the inode whose fsync makes it last. Names are changes of their folder, bytes of
    their file. fsync of a file does not keep its name, fsync of a folder keeps no bytes: no file system promises less."""

    def __init__(self, root):
        self.root = str(root)
        self.inodes = {}  # number: ["dir", {}], ["file", bytearray], ["link", target]
        self.count = itertools.count()
        self.top = self.load(pathlib.Path(root))
        self.changes = []  # (place, do, is on the disk)
        self.live = self.copy(self.inodes)
        self.offsets = {}

    def load(self, path):
        number = next(self.count)
        if path.is_symlink():
            self.inodes[number] = ["link", os.readlink(path)]
        elif path.is_dir():
            self.inodes[number] = ["dir", {p.name: self.load(p) for p in path.iterdir()}]
        else:
            self.inodes[number] = ["file", bytearray(path.read_bytes())]
        return number

    @staticmethod
    def copy(inodes):
        return {n: [k, dict(v) if k == "dir" else bytearray(v) if k == "file" else v] for n, (k, v) in inodes.items()}

    def find(self, path):
        """The inode at an absolute path, and that of its folder."""
        relative = os.path.relpath(os.path.normpath(path), self.root)
        folder, here = None, self.top
        for part in () if relative == "." else relative.split("/"):
            kind, content = self.live[here]
            if kind != "dir":
                return here, None
            folder, here = here, content.get(part)
            if here is None:
                return folder if part == relative.split("/")[-1] else None, None
        return folder, here

    def is_ours(self, path):
        return path == self.root or path.startswith(self.root + "/")

    def do(self, place, *what):
        self.apply(self.live, what)
        self.changes.append([place, what, False])

    @staticmethod
    def apply(inodes, what, half=False):
        verb = what[0]
        if verb == "names":
            for folder, name, number in what[1]:
                if number is None:
                    inodes[folder][1].pop(name, None)
                else:
                    inodes[folder][1][name] = number
        elif verb == "write":
            _, number, offset, data = what
            data = data[:len(data) // 2] if half else data
            content = inodes[number][1]
            content.extend(bytes(max(0, offset - len(content))))
            content[offset:offset + len(data)] = data
        elif verb == "cut":
            _, number, size = what
            content = inodes[number][1]
            content.extend(bytes(max(0, size - len(content))))
            del content[size:]

    def sync(self, number):
        for change in self.changes:
            if change[0] == number:
                change[2] = True

    def new(self, kind, content):
        number = next(self.count)
        self.inodes[number] = [kind, content]
        self.live[number] = [kind, dict(content) if kind == "dir" else bytearray(content) if kind == "file" else content]
        return number

    # The calls.
    def call(self, name, args, result):
        if result < 0 and name not in ("openat",):
            return
        handler = getattr(self, "on_" + name, None)
        if handler is not None:
            handler(args, result)

    def at(self, args, i):
        """The path that a folder's descriptor and a name make."""
        return os.path.normpath(os.path.join(args[i][1], args[i + 1]))

    def on_openat(self, args, result):
        path, flags = self.at(args, 0), args[2]
        if result < 0 or not self.is_ours(path):
            return
        folder, here = self.find(path)
        if here is None:
            assert "O_CREAT" in flags, path
            here = self.new("file", b"")
            self.do(folder, "names", [(folder, os.path.basename(path), here)])
        elif "O_TRUNC" in flags:
            self.do(here, "cut", here, 0)
        assert "O_APPEND" not in flags, path
        self.offsets[result] = 0

    def inode(self, fd):
        return self.find(fd[1])[1] if self.is_ours(fd[1]) else None

    def on_write(self, args, result):
        number = self.inode(args[0])
        if number is not None:
            offset = self.offsets[args[0][0]]
            self.do(number, "write", number, offset, args[1][:result])
            self.offsets[args[0][0]] = offset + result

    def on_lseek(self, args, result):
        self.offsets[args[0][0]] = result

    def on_ftruncate(self, args, _result):
        number = self.inode(args[0])
        if number is not None:
            self.do(number, "cut", number, int(args[1]))

    def on_fsync(self, args, _result):
        number = self.inode(args[0])
        if number is not None:
            self.sync(number)

    on_fdatasync = on_fsync

    def on_mkdirat(self, args, _result):
        path = self.at(args, 0)
        if self.is_ours(path):
            folder = self.find(path)[0]
            self.do(folder, "names", [(folder, os.path.basename(path), self.new("dir", {}))])

    def on_symlinkat(self, args, _result):
        path = self.at(args, 1)
        if self.is_ours(path):
            folder = self.find(path)[0]
            self.do(folder, "names", [(folder, os.path.basename(path), self.new("link", args[0]))])

    def on_unlinkat(self, args, _result):
        path = self.at(args, 0)
        if self.is_ours(path):
            folder = self.find(path)[0]
            self.do(folder, "names", [(folder, os.path.basename(path), None)])

    def on_renameat(self, args, _result):
        source, target = self.at(args, 0), self.at(args, 2)
        if self.is_ours(source):
            folder, here = self.find(source)
            to = self.find(target)[0]
            tap.same(folder, to, "a rename from folder to folder would be two changes")
            self.do(folder, "names", [(folder, os.path.basename(source), None), (to, os.path.basename(target), here)])

    # What may be on the disk.
    def states(self, rng):
        """(which changes are there, and which in half), for a crash at this moment."""
        open_changes = [i for i, change in enumerate(self.changes) if not change[2]]
        if len(open_changes) <= (SUBSETS - 1).bit_length():
            chosen = [set(c) for n in range(len(open_changes) + 1) for c in itertools.combinations(open_changes, n)]
        else:  # none, all, every beginning, and some others
            chosen = [set(open_changes[:n]) for n in range(len(open_changes) + 1)]
            while len(chosen) < SUBSETS:
                chosen.append({i for i in open_changes if rng.random() < 0.5})
        for there in chosen:
            yield there, set()
            for i in there:
                if self.changes[i][1][0] == "write":
                    yield there, {i}

    def made(self, there, half):
        inodes = self.copy(self.inodes)
        for i, (_, what, on_disk) in enumerate(self.changes):
            if on_disk or i in there:
                self.apply(inodes, what, i in half)
        return inodes

    def write_out(self, inodes, path, number=None):
        kind, content = inodes[self.top if number is None else number]
        if kind == "link":
            os.symlink(content, path)
        elif kind == "file":
            path.write_bytes(content)
        else:
            path.mkdir()
            for name, child in content.items():
                self.write_out(inodes, path / name, child)

    def digest(self, inodes, number=None):
        kind, content = inodes[self.top if number is None else number]
        sha = hashlib.sha256(kind.encode())
        if kind == "dir":
            for name in sorted(content):
                sha.update(name.encode() + b"\0" + self.digest(inodes, content[name]))
        else:
            sha.update(content.encode() if kind == "link" else content)
        return sha.digest()


CALL = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+)")
PIECE = re.compile(r'\s*(?:"((?:\\x[0-9a-f]{2})*)"|(-?\w+)<([^>]*)>(?:\(deleted\))?|([^,]+))(?:,|$)')


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def parse(line):
    """(call, arguments, result): descriptors as (number, path), texts decoded."""
    found = CALL.match(line)
    if found is None:
        return None
    name, rest, result = found.groups()
    args = []
    for text, fd, path, word in PIECE.findall(rest):
        if fd:
            where = unhex(path).decode() if path.startswith("\\x") else path
            args.append((-100 if fd == "AT_FDCWD" else int(fd), where))
        elif word:
            if word.strip():
                args.append(word.strip())
        else:
            data = unhex(text)
            args.append(data if name in ("write", "pwrite64") else data.decode())
    return name, args, int(result)


WATCHED = "openat,write,lseek,ftruncate,fsync,fdatasync,mkdirat,symlinkat,unlinkat,renameat"
OTHERS = "pwrite64,writev,pwritev,rename,renameat2,link,linkat,open,creat,mkdir,rmdir,unlink,symlink,truncate,fallocate," \
         "copy_file_range,sendfile,splice"


def what_was_not_synced_may_be_lost():
    for case in CASES:
        with Folder() as root:
            lose_what_was_not_synced(Rig(root, case), root)


def lose_what_was_not_synced(rig, root):
    rng = random.Random(1)
    model = Model(rig.client.state)
    done = subprocess.run(["strace", "-qq", "-y", "-xx", "-s", "100000000", "-o", str(root / "trace"), "-e",
                           f"trace={WATCHED},{OTHERS}", *rig.command()], capture_output=True, timeout=120, check=False)
    assert done.returncode in (0, 4), done.stderr
    rig.new = rig.client.fingerprint()
    seen, wanted = {}, []
    for line in (root / "trace").read_text().splitlines():
        call = parse(line)
        if call is None:
            continue
        touched = any(isinstance(a, tuple) and model.is_ours(a[1]) for a in call[1])
        assert call[0] not in OTHERS.split(",") or not touched or call[2] < 0, f"the model knows no {call[0]}"
        before = len(model.changes)
        model.call(*call)
        if len(model.changes) == before and "sync" not in call[0]:
            continue
        for there, half in model.states(rng):
            inodes = model.made(there, half)
            digest = model.digest(inodes)
            if digest not in seen:
                seen[digest] = True
                wanted.append((f"crash behind `{line.split('(')[0]}` number {len(model.changes)}", inodes))
    final = model.copy(model.live)
    shutil.rmtree(rig.client.state)
    model.write_out(final, rig.client.state)
    tap.same(rig.client.fingerprint(), rig.new, "the model knows what the calls do")
    count = len(wanted)
    print(f"# {len(model.changes)} changes, {count} states")
    assert count > 10, count
    if SAMPLE is not None:
        wanted = rng.sample(wanted, min(SAMPLE, count))
    for what, inodes in wanted:
        shutil.rmtree(rig.client.state)
        model.write_out(inodes, rig.client.state)
        rig.check(what)
    print(f"# {len(wanted)} of {count} states that a crash may leave")


tap.run([kill_at_every_system_call_of_an_update, what_was_not_synced_may_be_lost])
