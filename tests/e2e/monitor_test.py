#!/usr/bin/env python3
"""monitor_test.py BUILD: `overt-witness monitor` says what a log has published, and notices each way in which
it, its server or a witness can show another history than before."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import Folder, Log, Server, binary_rule, run  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])


def monitor(log, *more, place=None, state=None, want=None):
    code, out = run(log.witness_tool, "monitor", "--log", log.key, "--state", state or log.root / "seen.db", *more,
                    place or log.public)
    if want is not None:
        tap.same(code, want, out)
    return out


def two_histories(root):
    """One log key, a common beginning, two different continuations: (log, its twin's public folder)."""
    log = Log(BUILD, root / "maker")
    log.release(binary_rule("Common", "common"))
    twin = root / "twin"
    shutil.copytree(log.folder, twin)
    log.release(binary_rule("ViewA", "view a"))
    honest = (log.folder, log.public)
    log.folder, log.public = twin, twin / "public"
    log.add(binary_rule("ViewB", "view b"))
    log.sign()
    run(log.publish_tool, "publish", twin)
    for i in range(log.n):  # witnesses that lie: they look at it with an empty memory
        log.witness(i, state=root / f"lie{i}.db")
    run(log.publish_tool, "publish", twin, check=0)
    log.folder, log.public = honest
    return log, twin / "public"


def what_is_new_is_told_once():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        (root / "policy").write_text(log.policy())
        log.release(binary_rule("One", "one"))
        out = monitor(log, "--policy", root / "policy", want=0)
        tap.same(out.splitlines()[0], "new 0 rule One")
        assert re.fullmatch(r"log rules\.example/log: 1 entries \(1 new\), 3 witnesses, 20\d\d-.*Z",
                            out.splitlines()[1]), out
        out = monitor(log, want=0)
        tap.same(out, "log rules.example/log: 1 entries (0 new)\n")
        log.add(binary_rule("Two", "two"))
        log.entry("statement", "a-word", "some text\n")
        log.entry("revoke", "no-more", "entry 0\n")
        log.sign()
        log.publish()
        tap.same(monitor(log, want=0), "new 1 rule Two\nnew 2 statement a-word\nnew 3 revoke no-more\n"
                                       "log rules.example/log: 4 entries (3 new)\n")


def over_http_and_over_many_bundles():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        server = Server(log.public)
        for count in (300, 230):  # over the border of two bundles, the second time
            log.release("".join(binary_rule(f"R{count}_{i}", f"text {count} {i}") for i in range(count)))
            out = monitor(log, place=server.url, want=0)
            tap.same(len(re.findall("^new ", out, re.M)), count)
        assert "530 entries (230 new)" in out, out
        assert any("/tile/entries/001.p/44" in line for line, _ in server.requests)
        # A partial bundle that is gone, because the full one is there.
        (log.public / "tile/entries/001.p/44").unlink()
        monitor(log, place=server.url, state=root / "other.db", want=0)
        server.close()
        tap.same(run(log.witness_tool, "monitor", "--log", log.key, "--state", root / "seen.db", server.url)[0], 2)


def a_fork_is_shown_with_both_checkpoints():
    with Folder() as root:
        log, other = two_histories(root)
        monitor(log, want=0)
        out = monitor(log, place=other, want=1)
        assert "FORK rules.example/log: as many entries as before, another root" in out, out
        for path in (log.public, other):
            assert (path / "checkpoint").read_text() in out, out
        monitor(log, want=0)  # what was accepted is still what it was
        # One entry more: no longer as many, still another history.
        log.release(binary_rule("More", "more"))
        state = root / "b.db"
        monitor(log, place=other, state=state, want=0)
        out = monitor(log, state=state, want=1)
        assert "FORK rules.example/log: an entry that was seen is another one now" in out, out


def a_rollback_is_noticed():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(binary_rule("One", "one"))
        shutil.copytree(log.public, root / "old")
        log.release(binary_rule("Two", "two"))
        monitor(log, want=0)
        out = monitor(log, place=root / "old", want=1)
        assert "ROLLBACK rules.example/log: the log has fewer entries than it had" in out, out


def entries_that_are_not_the_checkpoints_are_noticed():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(binary_rule("One", "one"))
        bundle = log.public / "tile/entries/000.p/1"
        bundle.write_bytes(bundle.read_bytes().replace(b"one", b"two"))
        out = monitor(log, want=1)
        assert "FORK" in out and "do not lead to this root" in out and "new 0" not in out, out
        bundle.unlink()
        monitor(log, want=2)  # nothing can be said


def a_checkpoint_without_the_log_or_witnesses_is_noticed():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(binary_rule("One", "one"))
        (root / "policy").write_text(log.policy(k=3))
        monitor(log, "--policy", root / "policy", want=0)
        path = log.public / "checkpoint"
        good = path.read_text()
        path.write_text("".join(line for line in good.splitlines(True) if "w1.example" not in line))
        out = monitor(log, "--policy", root / "policy", want=1)
        assert "UNWITNESSED rules.example/log: " in out, out
        path.write_text("".join(line for line in good.splitlines(True) if "\u2014 rules.example" not in line))
        assert "UNSIGNED checkpoint of rules.example/log" in monitor(log, want=1)
        path.write_text(good.replace("\n1\n", "\n01\n"))
        assert "MALFORMED" in monitor(log, want=1)


def a_witness_that_saw_another_history_convicts():
    with Folder() as root:
        log, _ = two_histories(root)
        monitor(log, want=0)

        def serve(state):
            p = subprocess.Popen([log.witness_tool, "serve", "--key", log.witnesses[0][0], "--state", state, "--log",
                                  log.key, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
            return p, f"http://127.0.0.1:{p.stdout.readline().split()[-1]}"
        for state, want in ((log.root / "w0.db", 0), (root / "lie0.db", 1)):
            p, url = serve(state)
            try:
                out = monitor(log, "--witness", url, want=want)
                tap.same("FORK rules.example/log: a witness cosigned another history" in out, want == 1, out)
            finally:
                p.terminate()
                p.wait(10)
                p.stdout.close()


def a_state_that_was_changed_is_refused():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(binary_rule("One", "one"))
        monitor(log, want=0)
        import sqlite3
        with sqlite3.connect(log.root / "seen.db") as db:
            db.execute("UPDATE leaves SET hashes = zeroblob(32)")
        out = monitor(log, want=2)
        assert "its entries are not those of its checkpoint" in out, out


def it_goes_on_until_something_is_wrong():
    with Folder() as root:
        log, other = two_histories(root)
        live = root / "live"
        shutil.copytree(log.public, live)
        p = subprocess.Popen([log.witness_tool, "monitor", "--log", log.key, "--state", root / "l.db", "--every", "1",
                              live], stdout=subprocess.PIPE, text=True)
        try:
            for line in p.stdout:
                if "(0 new)" in line:
                    break  # the second look
            os.replace(shutil.copy(other / "checkpoint", root / "c"), live / "checkpoint")
            rest = p.stdout.read()
            tap.same(p.wait(30), 1)
            assert "FORK" in rest, rest
        finally:
            p.kill()
            p.wait(10)
            p.stdout.close()


tap.run([what_is_new_is_told_once, over_http_and_over_many_bundles, a_fork_is_shown_with_both_checkpoints,
         a_rollback_is_noticed, entries_that_are_not_the_checkpoints_are_noticed,
         a_checkpoint_without_the_log_or_witnesses_is_noticed, a_witness_that_saw_another_history_convicts,
         a_state_that_was_changed_is_refused, it_goes_on_until_something_is_wrong])
