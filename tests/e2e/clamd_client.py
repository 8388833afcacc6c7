# SPDX-License-Identifier: Apache-2.0
"""A daemon of the build tree on a socket of its own, and raw clients for it. Used by the overtd tests."""
import atexit, os, pathlib, signal, socket, struct, subprocess, tempfile, time

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon:
    """overtd in the foreground; `conf` are further lines of its configuration."""

    def __init__(self, program, conf="", where=None):
        self.dir = pathlib.Path(where or tempfile.mkdtemp(prefix="overtd-test-"))
        os.chmod(self.dir, 0o755)
        self.sock = str(self.dir / "clamd.sock")
        self.log_path = self.dir / "overtd.log"
        (self.dir / "overtd.conf").write_text(f"LocalSocket {self.sock}\nLogVerbose yes\n{conf}\n")
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([program, "-c", str(self.dir / "overtd.conf")],
                                        stderr=self.log, stdout=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL)
        atexit.register(self.kill)
        self.wait_for(lambda: self.process.poll() is not None or self.answers(), "start")
        if self.process.poll() is not None:
            raise RuntimeError(f"overtd ended: {self.text()}")

    def wait_for(self, condition, what, seconds=60):
        """Polls: the condition is an observable state, never a guess of time."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"overtd: no {what} within {seconds} s: {self.text()}")
            time.sleep(0.01)

    def answers(self):
        try:
            return self.ask(b"zPING\0") == b"PONG\0"
        except OSError:
            return False

    def text(self):
        return self.log_path.read_text(errors="replace")

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(60)
        s.connect(self.sock)
        return s

    def ask(self, *parts, shut=False, sock=None):
        """Sends the parts, reads to the end."""
        with sock or self.connect() as s:
            for part in parts:
                s.sendall(part)
            if shut:
                s.shutdown(socket.SHUT_WR)
            return read_all(s)

    def instream(self, data, chunk=65536, command=b"zINSTREAM\0"):
        parts = [command]
        for at in range(0, len(data), chunk):
            piece = data[at:at + chunk]
            parts.append(struct.pack(">I", len(piece)) + piece)
        return self.ask(*parts, b"\0\0\0\0")

    def fildes(self, fd, command=b"zFILDES\0", single=False):
        with self.connect() as s:
            head = b"" if single else command
            if head:
                s.sendall(head)
            socket.send_fds(s, [(command if single else b"") + b"\0"], [fd])
            return read_all(s)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def read_all(s):
    got = b""
    while True:
        try:
            part = s.recv(65536)
        except ConnectionResetError:
            return got
        if not part:
            return got
        got += part


def read_until(s, count, terminator=b"\0"):
    """`count` replies of a session that stays open."""
    got = b""
    while got.count(terminator) < count:
        part = s.recv(65536)
        if not part:
            break
        got += part
    return got
