#!/usr/bin/env python3
"""verify_self_test.py BUILD: `overt verify-self` tells what is the log's release from what is not, file by
file and process by process. Runs in a pid namespace of its own: other overts are not its business."""
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import EXTRA, Client, Folder, Log, Server, run  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
BODY_END = "commit 0123abc\nrecipe meson setup build; ninja -C build\n"
HELPERS = ("overt-spawn", "overt-worker", "overt-compile", "overt-verify", "overt-guard")


def install(prefix):
    """A small installation; the daemon finds its helpers beside itself."""
    for folder, names in (("bin", ("overt", "overtd", *HELPERS)), ("libexec/overt", HELPERS)):
        (prefix / folder).mkdir(parents=True)
        for name in names:
            shutil.copy(BUILD / name, prefix / folder / name)


def body(prefix):
    files = sorted(p for p in prefix.rglob("*") if p.is_file())
    return "".join(f"file {hashlib.sha256(p.read_bytes()).hexdigest()} {p.relative_to(prefix)}\n"
                   for p in files) + BODY_END


class Rig:
    """A log with one release, a client that has it, and the release installed."""

    def __init__(self, root, extra=EXTRA + "overt delay binary 0\n", more=()):
        self.prefix = root / "usr"
        install(self.prefix)
        self.log = Log(BUILD, root / "maker")
        self.log.entry("binary", "overt-1", body(self.prefix))
        for name, text in more:
            self.log.entry("binary", name, text)
        self.log.sign()
        self.log.publish()
        self.server = Server(self.log.public)
        self.client = Client(BUILD, root / "client", self.log.policy([self.server.url], extra))
        self.client.update(check=0)

    def verify(self, *more, want=None):
        code, out = run(BUILD / "overt", "verify-self", "--prefix", self.prefix, "--policy",
                        self.client.policy_path, "--state", self.client.state, *more)
        if want is not None:
            tap.same(code, want, out)
        return out

    def daemon(self):
        """overtd of the installation, with a worker and a guard's peers, until stop()."""
        conf = self.client.root / "overtd.conf"
        conf.write_text(f"LocalSocket {self.client.root}/s\n")
        p = subprocess.Popen([self.prefix / "bin/overtd", "-c", conf], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
        for line in p.stderr:
            if "is ready" in line:
                return p
        raise AssertionError(f"overtd did not start: exit {p.wait(10)}")


def what_is_installed_is_the_release():
    with Folder() as root:
        rig = Rig(root)
        out = rig.verify(want=0)
        assert "release: overt-1, entry 0, public since " in out and "commit 0123abc" in out, out
        assert f"installed: 12 files below {rig.prefix} are the release's" in out, out
        listed = rig.verify("--list", want=0)
        done = subprocess.run(["sha256sum", "--check", "--strict", "--quiet"], input=listed, text=True,
                              cwd=rig.prefix, check=False, capture_output=True)
        tap.same(done.returncode, 0, done.stdout)
        tap.same(len(listed.splitlines()), 12)
        rig.server.close()


def what_is_not_the_release_is_named():
    with Folder() as root:
        rig = Rig(root)
        worker = rig.prefix / "libexec/overt/overt-worker"
        good = worker.read_bytes()
        worker.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        (rig.prefix / "libexec/overt/overt-guard").unlink()
        (rig.prefix / "libexec/overt/overt-extra").write_bytes(b"")
        out = rig.verify(want=1)
        assert f"DIFFERS libexec/overt/overt-worker: {hashlib.sha256(worker.read_bytes()).hexdigest()} is installed" \
            in out, out
        assert f"the release has {hashlib.sha256(good).hexdigest()}" in out, out
        assert "MISSING libexec/overt/overt-guard\n" in out, out
        assert "STRANGE libexec/overt/overt-extra: " in out, out
        assert "installed: 10 files" in out, out
        rig.server.close()


def what_runs_is_looked_at_also_when_its_file_was_replaced():
    with Folder() as root:
        rig = Rig(root)
        daemon = rig.daemon()
        try:
            out = rig.verify(want=0)
            count = int(out.split("running: ")[1].split()[0])
            assert count >= 4, out  # supervisor, opener, spawner, worker
            old = rig.prefix / "bin/overtd"
            changed = old.read_bytes() + b"x"
            old.unlink()
            old.write_bytes(changed)
            tap.same(rig.verify(want=1).count("DIFFERS bin/overtd"), 1)
            # What runs is still the release's: the file at its path is not.
            assert f"running: {count} processes of this release, 0 others" in rig.verify(want=1)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)
            daemon.stderr.close()
        old.chmod(0o755)
        daemon = rig.daemon()
        try:
            out = rig.verify(want=1)
            assert f"RUNNING process {daemon.pid} ({old}): {hashlib.sha256(changed).hexdigest()} is in no release" \
                in out, out
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)
            daemon.stderr.close()
        rig.server.close()


def a_release_before_its_time_or_revoked_is_not_enough():
    with Folder() as root:
        rig = Rig(root, extra=EXTRA)  # two weeks, as the policy has it unless told otherwise
        out = rig.verify(want=1)
        assert "PENDING the policy lets this release come into force at 20" in out, out
        assert "DIFFERS" not in out, out
        rig.client.set_policy(rig.log.policy([rig.server.url], EXTRA + "overt delay binary 0\novert delay revoke 0\n"))
        rig.verify(want=0)
        rig.log.entry("revoke", "no-more", "entry 0\n")
        rig.log.sign()
        rig.log.publish()
        rig.client.update(check=0)
        assert "REVOKED by entry 1" in rig.verify(want=1)
        rig.server.close()


def of_several_releases_the_installed_one_is_meant():
    with Folder() as root:
        old = "".join(f"file {'0' * 64} bin/{name}\n" for name in ("overt", "overtd")) + BODY_END
        rig = Rig(root, more=[("overt-0", old), ("overt-2", old)])
        assert "release: overt-1, entry 0," in rig.verify(want=0)
        rig.server.close()


def a_log_that_was_changed_here_is_refused():
    with Folder() as root:
        rig = Rig(root)
        store = rig.client.state / "log/store"
        good = store.read_bytes()
        store.write_bytes(good.replace(b"commit 0123abc", b"commit 0123abd"))
        out = rig.verify(want=2)
        assert "signature of" in out and "is wrong" in out, out
        # A state without witnesses' signatures is none, whatever stands beside it.
        store.write_bytes(good)
        state = rig.client.state / "log/state"
        lines = [line for line in state.read_text().splitlines(True) if "w0.example" not in line and "w1." not in line]
        state.write_text("".join(lines))
        rig.verify(want=2)
        rig.server.close()


def errors_are_said():
    with Folder() as root:
        rig = Rig(root)
        tap.same(run(BUILD / "overt", "verify-self")[0], 2)  # not installed
        assert "--prefix" in run(BUILD / "overt", "verify-self")[1]
        empty = Client(BUILD, root / "empty", rig.client.policy_path.read_text())
        tap.same(run(BUILD / "overt", "verify-self", "--prefix", rig.prefix, "--policy", empty.policy_path,
                     "--state", empty.state)[0], 2)
        rig.log.add("rule a { strings: $a = \"a b c d\\x00\" condition: $a }")
        rig.server.close()
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()
        server = Server(log.public)
        client = Client(BUILD, root / "client", log.policy([server.url], EXTRA))
        client.update(check=0)
        code, out = run(BUILD / "overt", "verify-self", "--prefix", root, "--policy", client.policy_path,
                        "--state", client.state)
        tap.same(code, 2)
        assert "no release entry" in out, out
        server.close()


if os.getpid() != 1:  # its own process numbers, and /proc to see them
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    words += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.execvp("unshare", [*words, sys.executable, *sys.argv])
tap.run([what_is_installed_is_the_release, what_is_not_the_release_is_named,
         what_runs_is_looked_at_also_when_its_file_was_replaced,
         a_release_before_its_time_or_revoked_is_not_enough, of_several_releases_the_installed_one_is_meant,
         a_log_that_was_changed_here_is_refused, errors_are_said])
