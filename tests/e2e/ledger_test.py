#!/usr/bin/env python3
"""ledger_test.py BUILD: what overt does is on record once a ledger was begun: scans, weaker jails, quarantine, the
daemon, updates, activations, changed policies, a person's decisions. And it costs kilobytes."""
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anybody  # noqa: E402
import tap  # noqa: E402
from log_rig import EXTRA, Client, Folder, Log, binary_rule, bundle_of, run  # noqa: E402

BUILD = pathlib.Path(os.path.abspath(sys.argv[1]))
OVERT = anybody.programs(BUILD) / "overt"
FILES = 100000 if os.environ.get("OVERT_LONG") else 5000  # the record is as long either way
USER = anybody.NOBODY if os.geteuid() == 0 else []


class Person:
    """Somebody without root, with a home of their own: there a test may begin a ledger."""

    def __init__(self, root):
        self.root = root
        self.env = dict(os.environ, XDG_STATE_HOME=str(root / "state"), HOME=str(root))
        os.chmod(root, 0o755)
        if USER:
            os.chown(root, 65534, 65534)

    def run(self, *words, check=0):
        done = subprocess.run([*USER, *map(str, words)], env=self.env, cwd=self.root, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        if check is not None and done.returncode != check:
            raise AssertionError((words, done.returncode, done.stdout, done.stderr))
        return done.stdout

    def begin(self):
        self.run(OVERT, "ledger", "begin")

    def records(self):
        """(kind, text) of each record; the ledger must be whole."""
        return records_of(self.run(OVERT, "ledger", "show"))


def records_of(shown):
    parts = re.split(r"^\d+ \d{4}-\S+Z (\w+)\n", shown, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def nothing_is_kept_before_a_ledger_was_begun():
    with Folder() as root:
        person = Person(root)
        person.run("sh", "-c", "echo clean > file")
        person.run(OVERT, "scan", "--no-progress", "file")
        assert not (root / "state").exists()


def scans_weaker_jails_and_quarantine_are_on_record():
    with Folder() as root:
        person = Person(root)
        person.begin()
        person.run("sh", "-c", "echo clean > file")
        person.run(OVERT, "scan", "--no-progress", "file")
        person.run(OVERT, "scan", "--no-progress", "--accept-weaker-jail", "clock", "file")
        item = person.run(OVERT, "quarantine", "add", "--force", "--rule", "Some_Rule", "file").strip()
        person.run(OVERT, "quarantine", "restore", item)
        got = person.records()
        tap.same([kind for kind, _ in got], ["scan", "jail", "scan", "quarantine", "quarantine"])
        assert "files 1\n" in got[0][1] and "completed yes\n" in got[0][1], got[0]
        tap.same(got[1][1], "command scan\nwithout clock\n")
        assert f"move add\nitem {item}\npath {root}/file\n" in got[3][1], got[3]
        tap.same(got[4][1], f"move restore\nitem {item}\n")


def the_daemon_says_when_it_began_and_ended():
    with Folder() as root:
        person = Person(root)
        person.begin()
        (root / "conf").write_text(f"LocalSocket {root}/sock\n")
        daemon = subprocess.Popen([*USER, str(OVERT.with_name("overtd")), "-c", str(root / "conf")], env=person.env, cwd=root,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            said = []
            for line in daemon.stderr:  # its own sentence, or its end
                said.append(line)
                if "is ready" in line:
                    break
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=60)
        finally:
            daemon.kill()
            daemon.wait()
        got = person.records()
        tap.same([kind for kind, _ in got], ["daemon", "daemon"], said)
        assert got[0][1].startswith("event begin\nrules ") and got[1][1].startswith("event end\n"), got


def updates_activations_policies_and_decisions_are_on_record():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()
        client = Client(BUILD, root / "client", log.policy([], EXTRA))
        client.update("--bundle", bundle_of(log, root, "one"), check=0)
        client.set_policy(log.policy([], EXTRA + "overt stale 1000000\n"))
        log.release(binary_rule("Second", "the second"))
        client.update("--bundle", bundle_of(log, root, "two"), check=0)
        client.update("--bundle", bundle_of(log, root, "two"), "--accept-weaker-jail", "clock", check=0)
        run(OVERT, "rules", "accept", "0", "--state", client.state, check=0)
        run(OVERT, "rules", "rollback", "--state", client.state, check=0)
        ledger = client.state / "ledger"
        got = records_of(run(OVERT, "ledger", "show", "--ledger", ledger, check=0)[1])
        tap.same([kind for kind, _ in got], ["policy", "update", "activation", "policy", "update", "activation",
                                            "update", "jail", "activation", "activation"])
        first, second = got[0][1].split()[1], got[3][1].split()
        tap.same(second[2:], ["before", first])
        assert second[1] != first
        assert got[5][1].startswith("entries 2\nnew 1\n") and "\nwitnesses 3\nrules 2\n" in got[5][1], got[5]
        tap.same([text for _, text in got[8:]], ["decision accept\nentry 0\n", "decision rollback\n"])


def a_scan_of_many_files_adds_kilobytes():
    with Folder() as root:
        person = Person(root)
        person.begin()
        (root / "many").mkdir()
        (root / "a").write_text("one text\n")
        for i in range(FILES):  # names of one file: the record counts names that were scanned
            if i % 1000 == 0:
                folder = root / "many" / str(i)
                folder.mkdir()
                source = folder / "first"
                source.write_bytes(b"x%d" % i)
            else:
                os.link(source, folder / str(i))
        person.run(OVERT, "scan", "--no-progress", "many")
        kind, text = person.records()[0]
        tap.same(kind, "scan")
        assert f"files {FILES}\n" in text, text
        used = sum(p.stat().st_size for p in (root / "state/overt/ledger").iterdir())
        assert used < 4096, used


tap.run([nothing_is_kept_before_a_ledger_was_begun, scans_weaker_jails_and_quarantine_are_on_record,
         the_daemon_says_when_it_began_and_ended, updates_activations_policies_and_decisions_are_on_record,
         a_scan_of_many_files_adds_kilobytes])
