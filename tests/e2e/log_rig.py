"""log_rig.py - a log of rules with its keys and witnesses, web servers that behave or do not, and
clients: what the tests of updates share. Keys are made anew in every run."""
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

MARKER = b"OVERT-HARMLESS-TEST-STRING\x00\x01marker"
RULE = """rule Harmless_Marker {
    meta:
        description = "a harmless test string"
    strings:
        $a = "OVERT-HARMLESS-TEST-STRING\\x00\\x01marker"
    condition:
        $a
}
"""


def binary_rule(name, text):
    """A rule that no document matches: it needs a byte that no text has."""
    return f'rule {name} {{\n    strings:\n        $a = "{text}\\x00\\x01"\n    condition:\n        $a\n}}\n'


def run(*words, check=None, env=None, cwd=None, data=None):
    done = subprocess.run([str(w) for w in words], capture_output=True, env=env, cwd=cwd, input=data,
                          timeout=120)
    out = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    if check is not None and done.returncode != check:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {done.returncode}, want {check}\n{out}")
    return done.returncode, out


class Log:
    """A log, its folder, `signers` release keys of which `need` sign, `n` witnesses of which `k`."""

    def __init__(self, build, root, origin="rules.example/log", signers=3, need=2, n=3, k=2):
        self.build, self.root, self.origin = pathlib.Path(build), pathlib.Path(root), origin
        self.root.mkdir(parents=True, exist_ok=True)
        self.folder, self.public = self.root / "log", self.root / "log" / "public"
        self.publish_tool, self.witness_tool = self.build / "overt-publish", self.build / "overt-witness"
        self.key = self.tool("init", self.folder, "--origin", origin).strip()
        self.signers = [self.new_key(f"r{i}.example/release") for i in range(signers)]
        self.witnesses = [self.new_key(f"w{i}.example/witness", "--witness") for i in range(n)]
        self.need, self.n, self.k = need, n, k
        (self.folder / "policy").write_text(self.policy())

    def tool(self, *words, check=0):
        return run(self.publish_tool, *words, check=check)[1]

    def new_key(self, name, *more):
        path = self.root / (name.replace("/", "_") + ".key")
        return path, self.tool("key", "new", name, path, *more).strip()

    def policy(self, mirrors=(), extra="", k=None, witnesses=None):
        lines = [f"log {self.key}"]
        keys = self.witnesses if witnesses is None else witnesses
        lines += [f"witness w{i} {vkey}" for i, (_, vkey) in enumerate(keys)]
        lines += [f"group seen {k or self.k} " + " ".join(f"w{i}" for i in range(len(keys))), "quorum seen"]
        lines += [f"overt release-key {vkey}" for _, vkey in self.signers]
        lines += [f"overt threshold {kind} {self.need}" for kind in
                  ("rule", "revoke", "suppress", "binary", "keyset", "statement")]
        lines += [f"overt mirror {url}" for url in mirrors]
        return "\n".join(lines) + "\n" + extra

    def add(self, text, name="rules.yar", *more, check=0):
        path = self.root / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.tool("add", self.folder, *more, path, check=check)

    def entry(self, kind, name, body):
        path = self.root / "body"
        path.write_text(body)
        return self.tool(kind, self.folder, name, path)

    def sign(self, count=None, keys=None):
        entries = sorted((self.folder / "pending").glob("*.entry"))
        for path, _ in (keys or self.signers)[:count if count is not None else self.need]:
            if entries:
                self.tool("sign", "--key", path, *entries)

    def witness(self, i, state=None, folder=None, env=None, check=0):
        return run(self.witness_tool, "once", "--key", self.witnesses[i][0], "--state",
                   state or self.root / f"w{i}.db", "--log", self.key, folder or self.public, check=check, env=env)

    def publish(self, witnesses=None, env=None, check=0):
        """Grow the tree, show it to witnesses, publish what they cosigned."""
        run(self.publish_tool, "publish", self.folder, check=None, env=env)
        for i in range(self.n) if witnesses is None else witnesses:
            self.witness(i, env=env)
        return run(self.publish_tool, "publish", self.folder, check=check, env=env)[1]

    def release(self, text=RULE, env=None, **more):
        self.add(text)
        self.sign()
        return self.publish(env=env, **more)


def bundle_of(log, root, name="bundle"):
    """Every pack of the log and its newest checkpoint, as `overt bundle 0 end` would write them."""
    path = root / name
    packs = sorted((log.public / "pack").iterdir())
    head, _, body = packs[0].read_bytes().partition(b"first 0\n")
    data = head + b"first 0\n" + body
    for pack in packs[1:]:
        data += pack.read_bytes().split(b"\n", 3)[3]
    note = (log.public / "checkpoint").read_bytes()
    path.write_bytes(data + b"segment %d 0\n" % len(note) + note)
    return path


class Client:
    """A machine with a policy and a state folder."""

    def __init__(self, build, root, policy):
        self.build, self.root = pathlib.Path(build), pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.overt = self.build / "overt"
        self.policy_path, self.state = self.root / "policy", self.root / "state"
        self.set_policy(policy)

    def set_policy(self, policy):
        self.policy_path.write_text(policy)

    def update(self, *more, check=None, env=None):
        return run(self.overt, "update", "--policy", self.policy_path, "--state", self.state, *more,
                   check=check, env=env)

    def scan(self, data=b"xx" + MARKER + b"yy", *more):
        path = self.root / "sample.bin"
        path.write_bytes(data)
        return run(self.overt, "scan", "--no-progress", "--rules", self.state / "active.ovdb", *more, path)

    def size(self):
        for line in (self.state / "log" / "state").read_bytes().split(b"\n\n")[0].split(b"note ")[1].split(b"\n")[2:3]:
            return int(line)
        return None

    def fingerprint(self):
        """Everything that counts: what is accepted, and what is active."""
        def read(path):
            return path.read_bytes() if path.exists() else None
        return (read(self.state / "log" / "state"), read(self.state / "active" / "origins"),
                read(self.state / "active" / "rules.ovdb"))


EXTRA = "overt delay rule 0\novert probation 0\n"


class Server:
    """A mirror. `behave` may answer a request itself: it gets the handler and returns True then."""

    def __init__(self, folder, behave=None):
        self.requests = []
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *args, **kwargs):
                super().__init__(*args, directory=str(folder), **kwargs)

            def do_GET(self):
                outer.requests.append((self.requestline, sorted(self.headers.items())))
                try:
                    if behave is None or not behave(self):
                        super().do_GET()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client hung up, which some tests want

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class Folder:
    """A temporary folder for the length of a `with`."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="overt-update-"))

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def at(seconds):
    """An environment in which the clock shows this time (libfaketime)."""
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    return dict(os.environ, LD_PRELOAD="/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
                FAKETIME=f"@{stamp}", TZ="UTC", FAKETIME_DONT_FAKE_MONOTONIC="1")
