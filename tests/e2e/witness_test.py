#!/usr/bin/env python3
"""witness_test.py BUILD VECTORS/policy.txt: a conversation with the real overt-witness over HTTP: the recorded requests (v6) and what
they leave out, each with the status and body that c2sp.org/tlog-witness asks for; cosignatures checked by another
implementation of Ed25519; and what is remembered over a kill."""
import atexit
import base64
import hashlib
import http.client
import os
import pathlib
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from evil_log import EvilLog, Key, b64, leaf  # noqa: E402
from log_rig import Folder  # noqa: E402

BUILD, VECTORS = pathlib.Path(os.path.abspath(sys.argv[1])), pathlib.Path(os.path.abspath(sys.argv[2])).parent
ORIGIN = "overt.example/log"


class Witness:
    def __init__(self, root, logs, key=None):
        self.key = key or Key("w1.example/overt", 4)
        path = root / "key"
        path.write_text(self.key.file())
        self.process = subprocess.Popen(
            [BUILD / "overt-witness", "serve", "--key", path, "--state", root / "state.db", "--listen", "127.0.0.1:0",
             *(word for log in logs for word in ("--log", log))], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        atexit.register(self.process.kill)  # also if a test fails on the way
        self.port = int(self.process.stdout.readline().split()[-1])

    def ask(self, method, path, body=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        link.request(method, path, body)
        answer = link.getresponse()
        data = answer.read()
        link.close()
        return answer.status, answer.getheader("Content-Type"), data

    def add(self, body):
        return self.ask("POST", "/add-checkpoint", body)

    def end(self, kill=False):
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()


def check_cosignature(key, body, answer):
    """The answer is one line, over the whole text of the checkpoint, of now."""
    text = body.split(b"\n\n", 1)[1].split(b"\n\n")[0] + b"\n"
    dash, name, data = answer.decode().rstrip("\n").split(" ")
    raw = base64.b64decode(data)
    when = struct.unpack(">Q", raw[4:12])[0]
    tap.same((dash, name, raw[:4]), ("\u2014", key.name, key.id))
    assert abs(time.time() - when) < 600, when
    key.private.public_key().verify(raw[12:], b"cosignature/v1\ntime %d\n" % when + text)


def the_recorded_conversation_and_what_it_leaves_out():
    policy = (VECTORS / "policy.txt").read_text()
    vkey = policy.split("log ")[1].split()[0]

    def recorded(name):
        return next((VECTORS / "v6").glob(f"{name}*.req")).read_bytes()

    first, grown = recorded("01"), recorded("10")
    with Folder() as root:
        witness = Witness(root, [vkey])
        got = []

        def step(body, status, answer=None):
            code, kind, data = witness.add(body)
            got.append(code)
            tap.same(code, status, f"step {len(got)}: {data}")
            if status == 200:
                check_cosignature(witness.key, body, data)
            elif status == 409:
                tap.same((kind, data), ("text/x.tlog.size", answer))
        step(first, 200)
        step(recorded("02"), 200)
        step(first.replace(b"old 0", b"old 00", 1), 400)
        step(recorded("04"), 400)
        step(first, 409, b"7\n")  # old 0: another size was cosigned last
        step(recorded("06"), 404)
        step(first.replace("\u2014 overt.example/log".encode(), "\u2014 overt.example/logs".encode()), 403)
        step(recorded("08"), 403)
        step(recorded("11").replace(b"YOnVx0jxt", b"AOnVx0jxt"), 422)  # the right sizes, a wrong proof
        witness.end(kill=True)
        witness = Witness(root, [vkey])  # it remembers
        step(grown, 200)
        step(recorded("11"), 409, b"257\n")
        step(grown.replace(b"old 7", b"old 257", 1), 422)  # a proof where none can be
        step(recorded("13"), 200)
        step(b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n", 400)
        last = recorded("13").split(b"\n\n", 1)[1]
        path = "/" + hashlib.sha256(ORIGIN.encode()).hexdigest() + "/checkpoint"
        code, _, note = witness.ask("GET", path)
        tap.same(code, 200)
        assert note.startswith(last), note
        tap.same(witness.ask("GET", path.replace(path[1:5], "0000", 1))[0], 404)
        witness.end()


def forks_and_other_trees_are_refused():
    log, other = EvilLog(origin=ORIGIN), EvilLog(origin=ORIGIN)
    log.rule("A", "rule A { condition: true }\n")
    other.rule("B", "rule B { condition: true }\n")
    with Folder() as root:
        witness = Witness(root, [log.key.vkey])
        for number, (body, status) in enumerate((
                (b"old 0\n\n" + log.checkpoint(1, size=0, root=b"\1" * 32, seen_by=[]), 422),  # empty, of another root
                (b"old 0\n\n" + log.checkpoint(1, size=0, seen_by=[]), 200),
                (b"old 0\n" + b64(leaf(b"x")).encode() + b"\n\n" + log.checkpoint(1, seen_by=[]), 422),  # from nothing
                (b"old 0\n\n" + log.checkpoint(1, seen_by=[]), 200),
                (b"old 1\n\n" + log.checkpoint(1, seen_by=[]), 200),  # again: a younger cosignature
                (b"old 1\n\n" + other.checkpoint(1, seen_by=[]), 422),  # a fork of the same size
                (b"old 0\n\n" + other.checkpoint(1, seen_by=[]), 409))):
            tap.same(witness.add(body)[0], status, f"step {number}")
        witness.end()


def what_is_no_http_is_refused():
    log = EvilLog(origin=ORIGIN)
    log.rule("A", "rule A { condition: true }\n")
    with Folder() as root:
        witness = Witness(root, [log.key.vkey])
        for method, path, body, status in (("PUT", "/add-checkpoint", b"x", 400), ("POST", "/elsewhere", b"x", 404),
                                           ("GET", "/", None, 404), ("POST", "/add-checkpoint", b"y" * 80000, 413)):
            tap.same(witness.ask(method, path, body)[0], status, f"{method} {path}")
        tap.same(witness.add(b"old 0\n\n" + log.checkpoint(1, seen_by=[]))[0], 200, "and goes on")
        witness.end()


tap.run([the_recorded_conversation_and_what_it_leaves_out, forks_and_other_trees_are_refused, what_is_no_http_is_refused])
