#!/usr/bin/env python3
"""threats_test.py BUILD: every row of the threats to updates, twice. With its defence the attack is refused, with the
reason; in programs built for this test alone, with that defence left out (base/defence.h), the same attack gets through.
So each test fails where its defence is gone, and shows that the attack is one. OVERT_LONG=1: forks of up to 7 witnesses."""
import hashlib
import itertools
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from evil_log import EvilLog, Key, leaf, root_of  # noqa: E402
from log_rig import MARKER, RULE, Client, Folder, Server, at, binary_rule, run  # noqa: E402
from threats_rules import hunters  # noqa: E402

BUILD = pathlib.Path(os.path.abspath(sys.argv[1]))
FALLIBLE = ("overt", "overt-verify", "overt-fetch", "overt-witness", "overt-compile")
NOW = int(time.time())
OPEN = "overt delay rule 0\novert probation 0\n"
HIT = b"xx" + MARKER + b"yy"
BUILDS = {}
KEEP = tempfile.TemporaryDirectory(prefix="overt-defences-")


def programs():
    """What the build would install."""
    return [p for p in BUILD.iterdir() if p.is_file() and p.name.startswith("overt") and os.access(p, os.X_OK)]


def without(*defences):
    """A folder of programs in which these defences are left out."""
    if defences not in BUILDS:
        folder = pathlib.Path(KEEP.name) / ("-".join(defences))
        folder.mkdir()
        left_out = " ".join(defences).encode() + b" "
        marked = 0
        for name in FALLIBLE:
            data = bytearray((BUILD / "tests/defences" / name).read_bytes())
            place = data.index(b"overt-defences-left-out:") + len(b"overt-defences-left-out:")
            assert data[place:place + len(left_out)].strip() == b"", "no room"
            data[place:place + len(left_out)] = left_out
            marked += 1
            (folder / name).write_bytes(data)
            (folder / name).chmod(0o755)
        assert marked == len(FALLIBLE)
        for path in programs():
            if path.name not in FALLIBLE:
                shutil.copy2(path, folder / path.name)
        BUILDS[defences] = folder
    return BUILDS[defences]


def both(attack, *defences, why):
    """`attack(build)` gives (got through, what was said)."""
    through, said = attack(BUILD)
    assert not through, f"with every defence it got through: {said}"
    assert why in said, f"refused for another reason than {why!r}: {said}"
    through, said = attack(without(*defences))
    assert through, f"without {defences} it was still refused: {said}"


def bundle(log, data, policy=None, before=(), accepted=lambda client: True, env=None):
    """An attack that carries a bundle in: through if it is accepted. `before`: bundles accepted before."""
    def attack(build):
        with Folder() as root:
            client = Client(build, root, policy or log.policy(OPEN))
            for i, honest in enumerate(before):
                (root / f"b{i}").write_bytes(honest)
                client.update("--bundle", root / f"b{i}", check=0, env=env)
            (root / "attack").write_bytes(data)
            code, said = client.update("--bundle", root / "attack", env=env)
            return code == 0 and accepted(client), said
    return attack


def detects(data=HIT):
    return lambda client: client.scan(data)[0] == 1


# --- the rows ---------------------------------------------------------------------------------------------------------

def arbitrary_software():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    for more, defence, why in (
            ({"signed": False}, "log_signature", "the log's own signature is missing"),
            ({"seen_by": [1]}, "quorum", "too few witnesses: 1 of the 2"),
            ({"forged": True}, "signatures", "the signature of w0.example/witness"),
            ({"root": root_of([b"other"])}, "roots", "the entries up to 1 are not those of the checkpoint")):
        both(bundle(log, log.bundle(NOW, **more), accepted=detects()), defence, why=why)
    log = EvilLog()
    log.rule("Harmless_Marker", RULE, signers=1)
    both(bundle(log, log.bundle(NOW), accepted=detects()), "thresholds",
         why="entry 0: signed by 1 release keys; a rule entry needs 2")


def rollback():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    old = log.bundle(NOW - 600)
    recosigned = log.bundle(NOW)  # every witness helps: time does not give it away
    log.rule("Second", binary_rule("Second", "second"))
    new = log.bundle(NOW - 300)

    def is_older(client):
        return client.size() == 1
    both(bundle(log, old, before=[new], accepted=is_older), "time_ascends", "size_ascends", "all_entries", "roots",
         why="too few witnesses")
    both(bundle(log, recosigned, before=[new], accepted=is_older), "size_ascends", "all_entries", "roots",
         why="rollback: the checkpoint has 1 entries, 2 were accepted")


def indefinite_freeze():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    day = 1767225600
    data = log.bundle(day)

    def attack(hours):
        def late(build):
            with Folder() as root:
                client = Client(build, root, log.policy(OPEN))
                (root / "b").write_bytes(data)
                code, said = client.update("--bundle", root / "b", env=at(day + hours * 3600))
                status = [client.overt, "rules", "status", "--state", client.state, "--policy", client.policy_path]
                tap.same(run(*status, env=at(day + hours * 3600))[0], code, "status says the same")
                assert detects()(client), "scanning goes on"
                return code == 0, said
        return late
    assert attack(71)(BUILD)[0], "not before"
    both(attack(73), "freshness", why="STALE")
    both(attack(-2), "freshness", why="CLOCK")


def fast_forward():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    first = log.bundle(NOW - 60)
    far = log.pack(([], log.checkpoint(NOW, size=1 << 62, root=b"\x07" * 32)), first=1)
    both(bundle(log, far, before=[first]), "all_entries", "roots", why="of the checkpoint's 4611686018427387904")

    def then_honest(build):  # the refused one has harmed nothing
        with Folder() as root:
            client = Client(build, root, log.policy(OPEN))
            log.entries = log.entries[:1]
            log.rule("Second", binary_rule("Second", "second"))
            codes = []
            for name, data in (("first", first), ("far", far), ("next", log.bundle(NOW))):
                (root / name).write_bytes(data)
                codes.append(client.update("--bundle", root / name)[0])
            return codes == [0, 2, 0] and detects(b"second\x00\x01")(client), str(codes)
    assert then_honest(BUILD)[0]
    assert not then_honest(without("all_entries", "roots"))[0]


def served(behave, *defences, why, through):
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)

    def attack(build):
        with Folder() as root:
            log.serve(root / "mirror", NOW)
            server = Server(root / "mirror", behave)
            client = Client(build, root / "client", log.policy(OPEN, [server.url]))
            said = client.update("--max-time", "2")[1]
            server.close()
            return through(server, said), said
    both(attack, *defences, why=why)


def endless_data():
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        sent.append(0)
        for _ in range(64):  # 4 MiB: the cap of a checkpoint is 64 KiB
            handler.wfile.write(b"x" * 65536)
            sent[-1] += 65536
        return True
    served(endless, "byte_caps", why="more bytes than are allowed", through=lambda server, said: sent[-1] == 64 * 65536
           and "more bytes" not in said)


def slow_drip():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "40")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)
        return True
    served(drip, "time_caps", why="Timeout was reached", through=lambda server, said: "Timeout" not in said)


def redirect_loops():
    def loop(handler):
        handler.send_response(302)
        handler.send_header("Location", handler.path)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True
    served(loop, "no_redirects", why="points elsewhere", through=lambda server, said: len(server.requests) > 10)


def extraneous_dependencies_an_unknown_kind():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    log.entry("dependency", "Other", "fetch this, too\n")
    both(bundle(log, log.bundle(NOW), accepted=detects()), "known_kinds", why="entry 1: an entry of an unknown kind")


def mix_and_match():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    small = log.checkpoint(NOW - 60)
    log.rule("Second", binary_rule("Second", "second"))
    other = EvilLog()
    other.rule("Third", binary_rule("Third", "third"))
    # Entries of another tree under this one's checkpoints; and a second segment that another size has.
    mixed = log.pack((other.entries, small), (log.entries[1:], log.checkpoint(NOW)))
    both(bundle(log, mixed, accepted=detects(b"third\x00\x01")), "roots", why="entries up to 1 are not those")
    mixed = log.pack((log.entries[:1], small), (other.entries, log.checkpoint(NOW)))
    both(bundle(log, mixed, accepted=detects(b"third\x00\x01")), "roots", why="entries up to 2 are not those")


def wrong_software():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE, scope="other.example/log")  # another product's, with the same keys
    both(bundle(log, log.bundle(NOW), accepted=detects()), "scope", why="entry 0: it was made for another log")


def malicious_mirror():
    def attack(build):  # through: one lying mirror of two keeps updates away
        def lie(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"no")
            return True
        log = EvilLog()
        log.rule("Harmless_Marker", RULE)
        with Folder() as root:
            log.serve(root / "mirror", NOW)
            liar, honest = Server(root / "mirror", lie), Server(root / "mirror")
            client = Client(build, root / "client", log.policy(OPEN, [liar.url, honest.url]))
            code, said = client.update()
            liar.close()
            honest.close()
            return code != 0 or not detects()(client), said
    both(attack, "next_mirror", why="mirror http")


def key_compromise():
    log = EvilLog()  # the log's key and every witness, but no release key
    log.rule("Harmless_Marker", RULE, signers=0, by=[Key("mallory.example/release")])
    both(bundle(log, log.bundle(NOW), accepted=detects()), "thresholds", why="signed by 0 release keys")
    log = EvilLog()  # two of five release keys: enough for a rule, not for a revocation
    policy = log.policy(OPEN + "overt delay revoke 0\n", thresholds={"revoke": 4})
    log.rule("Harmless_Marker", RULE)
    first = log.bundle(NOW - 60)
    log.entry("revoke", "R", "entry 0\n", signers=2)
    last = log.pack((log.entries[1:], log.checkpoint(NOW)), first=1)
    both(bundle(log, last, policy, before=[first], accepted=lambda c: not detects()(c)), "thresholds",
         why="entry 1: signed by 2 release keys; a revoke entry needs 4")


def targeted_update():
    log = EvilLog()  # nobody had a chance to look: it came into the log a minute ago
    log.rule("Harmless_Marker", RULE)
    both(bundle(log, log.bundle(NOW), log.policy("overt probation 0\n"), accepted=detects()), "delays",
         why="1 come into effect later")

    def fork(build):  # one entry more, for one client: what does a witness say that cosigned the others' tree?
        with Folder() as root:
            shown = {}
            for name in ("all", "victim"):
                view = EvilLog()
                view.rule("R", binary_rule("R", name))
                shown[name] = show_to_witness(build, root, view, 0)
            tap.same(shown["all"][0], 0, shown)
            return shown["victim"][0] == 0, shown["victim"][1]
    both(fork, "witness_memory", why="not cosigned")


def show_to_witness(build, root, log, number, state=None):
    """A tree of one entry as files, looked at by witness `number`: (exit code, what it said, the signature line)."""
    public = root / f"public-{hashlib.sha256(log.entries[0]).hexdigest()[:8]}"
    (public / "tile/entries/000.p").mkdir(parents=True, exist_ok=True)
    (public / "tile/entries/000.p/1").write_bytes(struct.pack(">H", len(log.entries[0])) + log.entries[0])
    (public / "checkpoint.pending").write_bytes(log.checkpoint(NOW, seen_by=[]))
    key = root / f"w{number}.key"
    key.write_text(log.witnesses[number].file())
    key.chmod(0o600)
    shutil.rmtree(public / "cosignatures", ignore_errors=True)
    code, said = run(build / "overt-witness", "once", "--key", key, "--state", root / f"{state or number}.db", "--log",
                     log.key.vkey, public)
    line = b"".join(p.read_bytes() for p in (public / "cosignatures").glob("*")) if code == 0 else b""
    return code, said, line


def split_view():
    """Two views of one log can both be had if and only if f >= 2k - n of the n witnesses sign both, for every n, k, f:
    real witnesses sign or refuse, real clients accept or refuse. Without the quorum no witness needs to help."""
    most = 7 if os.environ.get("OVERT_LONG") else 3
    for n in range(1, most + 1):
        views = []
        for name in ("one", "other"):
            view = EvilLog(n=n)
            view.rule("R", binary_rule("R", f"view {name}"))
            views.append(view)
        with Folder() as root:
            lines = [[], []]
            for i in range(n):
                lines[0].append(show_to_witness(BUILD, root, views[0], i)[2])
                tap.same(show_to_witness(BUILD, root, views[1], i)[0], 1, "an honest witness signed both")
                lines[1].append(show_to_witness(BUILD, root, views[1], i, state=f"liar{i}")[2])
            for k, f in itertools.product(range(1, n + 1), range(n + 1)):
                # f sign both; the others are shared out as is best for the forger: as evenly as k asks.
                first = min(n - f, max(0, k - f))
                shown = [list(range(f + first)), list(range(f)) + list(range(f + first, n))]
                got = [accepts(BUILD, root, views[v], k, [lines[v][i] for i in shown[v]]) for v in (0, 1)]
                tap.same(all(got), f >= 2 * k - n, f"n={n} k={k} f={f}")
            tap.same([accepts(without("quorum"), root, views[v], n, lines[v][:1]) for v in (0, 1)], [True, True])


def accepts(build, root, log, k, lines):
    """A fresh client of this policy takes the view that these witnesses signed."""
    where = pathlib.Path(tempfile.mkdtemp(dir=root))
    client = Client(build, where, log.policy(OPEN, k=k))
    note = log.checkpoint(NOW, seen_by=[]) + b"".join(lines)
    (where / "b").write_bytes(log.pack((log.entries, note)))
    return client.update("--bundle", where / "b")[0] == 0


def silent_signature_hunting_documents():
    """A thousand generated keyword rules, in the ways a hunter would write them: all are held, none without the lint."""
    log = EvilLog(signers=2)
    for name, text in hunters(1000):
        log.rule(name, text)
    log.rule("Harmless_Marker", RULE)
    data = log.bundle(NOW)

    def attack(build):
        with Folder() as root:
            client = Client(build, root, log.policy(OPEN))
            (root / "b").write_bytes(data)
            said = client.update("--bundle", root / "b", check=0)[1]
            assert detects()(client), "the one good rule"
            hunted = client.scan(b"top secret 1 confidential 2 embassy 3 budget 4 salary 5 " * 50)[0] == 1
            held = len((client.state / "active" / "held").read_text().splitlines())
            assert held == (0 if hunted else 1000), (held, said)
            return hunted, said
    both(attack, "lint", why="1000 held")


def silent_signature_no_rule_can_ask_for_silence():
    log = EvilLog()
    log.rule("Harmless_Marker", RULE.replace("rule ", "silent rule ", 1))
    log.rule("Second", binary_rule("Second", "second"))
    with Folder() as root:
        client = Client(BUILD, root, log.policy(OPEN))
        (root / "b").write_bytes(log.bundle(NOW))
        assert "1 held" in client.update("--bundle", root / "b", check=0)[1]
        assert not detects()(client)


def time_bombed_or_host_keyed_rule():
    log = EvilLog()
    bomb = 'import "time"\n' + RULE.replace("        $a\n}", "        $a or time.now() > 2000000000\n}")
    log.rule("Harmless_Marker", bomb)
    log.rule("Second", binary_rule("Second", "second"))
    both(bundle(log, log.bundle(NOW), accepted=detects()), "file_alone", "lint", why="1 held")
    for asks in ('filename == "secret"', 'hostname == "x"', "filepath contains \"home\""):
        log = EvilLog()
        log.rule("Keyed", f"rule Keyed {{\n    condition:\n        {asks}\n}}\n")
        log.rule("Second", binary_rule("Second", "second"))
        with Folder() as root:  # no variable has a name in a log's language: nothing there to leave out
            client = Client(BUILD, root, log.policy(OPEN))
            (root / "b").write_bytes(log.bundle(NOW))
            assert "1 held" in client.update("--bundle", root / "b", check=0)[1]


def off_switch_or_allow_list_abuse():
    digest = hashlib.sha256(HIT).hexdigest()
    for kind, body in (("suppress", f"sha256 {digest}\n"), ("revoke", "entry 0\n")):
        log = EvilLog()
        log.rule("Harmless_Marker", RULE)
        first = log.bundle(NOW - 60)
        log.entry(kind, "S", body)
        last = log.pack((log.entries[1:], log.checkpoint(NOW)), first=1)
        both(bundle(log, last, before=[first], accepted=lambda c: not detects()(c)), "delays",
             why="1 come into effect later")
        now = log.policy(OPEN + f"overt delay {kind} 0\novert own-key {Key('us.example/own').vkey}\n")
        both(bundle(log, last, now, before=[first], accepted=lambda c: not detects()(c)), "own_key",
             why="1 come into effect later")
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    log.entry("suppress", "S", "sha256 *\n")
    both(bundle(log, log.bundle(NOW)), "exact_suppression", why="64 hex digits alone, no pattern")


def withholding_updates_from_a_victim():
    """No mirror answers: the carried bundle does as well, and without either the rules are said to be STALE."""
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    day = 1767225600
    with Folder() as root:
        client = Client(BUILD, root, log.policy(OPEN, ["http://127.0.0.1:9/"]))
        (root / "b").write_bytes(log.bundle(day))
        client.update("--bundle", root / "b", check=0, env=at(day + 60))
        assert detects()(client)
        tap.same(client.update(env=at(day + 60))[0], 2)

        def attack(build):
            client.overt = build / "overt"
            code, said = client.update(env=at(day + 80 * 3600))
            return "STALE" not in said and code != 4, said
        both(attack, "freshness", why="STALE")


def inventory():
    def attack(build):  # through: what a server sees says more than which file is wanted
        log = EvilLog()
        log.rule("Harmless_Marker", RULE)
        with Folder() as root:
            log.serve(root / "mirror", NOW)
            server = Server(root / "mirror")
            client = Client(build, root / "client", log.policy(OPEN, [server.url]))
            client.update(check=0)
            server.close()
            names = {k.lower() for _, headers in server.requests for k, _ in headers}
            return names != {"host", "accept"}, " ".join(sorted(names))
    both(attack, "same_requests", why="accept host")


def exfiltration_by_sample_upload():
    """No program that has content links a way to send it; the look that says so finds one in a program that has."""
    checker = pathlib.Path(__file__).resolve().parents[2] / "tools/check_links.py"
    tap.same(run(sys.executable, checker, BUILD)[0], 0)
    folder = pathlib.Path(KEEP.name) / "links"
    folder.mkdir()
    for path in programs():
        shutil.copy2(BUILD / "overt-verify" if path.name == "overt-worker" else path, folder / path.name)
    code, said = run(sys.executable, checker, folder)
    assert code == 1 and "overt-worker" in said, said


def an_update_carries_code():
    elf = pathlib.Path("/bin/true").read_bytes()[:4000]
    log = EvilLog()
    body = b"language yara\n\n" + elf + b"\n"
    fields = [log.origin.encode(), b"0", b"R", b"rule"]
    for place in range(5):
        log = EvilLog()
        log.rule("Harmless_Marker", RULE)
        kind, name, scope, when = fields[3], fields[2], fields[0], fields[1]
        if place == 0:
            kind = elf
        elif place == 1:
            name = elf
        elif place == 2:
            scope = elf
        elif place == 3:
            when = elf
        text = body if place == 4 else b"language yara\n\n" + RULE.encode()
        log.entry("", "", "", raw=b"overt-entry/v1\n%s\n%s\n%s\n%s\n%d\n\n%s"
                  % (kind, name, scope, when, len(text), text))
        attack = bundle(log, log.bundle(NOW))
        through, said = attack(BUILD)
        assert not through and "entry 1" in said, said
        if place == 4:  # what would keep it out of the log's entries; the compiler reads no such text either
            both(attack, "plain_text", why="entry 1")


def coerced_binary_release():
    """A binary is never installed, only told; and it takes 4 of 5 keys to be told."""
    log = EvilLog()
    log.rule("Harmless_Marker", RULE)
    log.entry("binary", "overt-2", f"file {'a' * 64} overt\ncommit abc\nrecipe make\n", signers=3)
    policy = log.policy(OPEN + "overt delay binary 0\n", thresholds={"binary": 4})

    def told(client):
        runnable = [p.name for p in client.state.rglob("*") if p.is_file() and p.stat().st_mode & 0o111]
        tap.same(runnable, [], "files that could be run")
        status = run(client.overt, "rules", "status", "--state", client.state, "--policy", client.policy_path)[1]
        return "binary 1 overt-2" in status
    both(bundle(log, log.bundle(NOW), policy, accepted=told), "thresholds", why="a binary entry needs 4")


def crash_update_a_rule_that_hits_the_system():
    text = pathlib.Path("/bin/bash").read_bytes()
    place = text.index(b"BASH_ENV")
    piece = " ".join(f"{b:02X}" for b in text[place - 20:place + 24])
    log = EvilLog()
    log.rule("Hits_Bash", f"rule Hits_Bash {{\n    strings:\n        $a = {{ {piece} }}\n    condition:\n"
             "        uint32(0) == 0x464C457F and $a\n}\n")
    log.rule("Harmless_Marker", RULE)
    policy = log.policy("overt delay rule 0\novert probation 20000000\n")
    both(bundle(log, log.bundle(NOW), policy, accepted=detects(text)), "probation", why="1 held")


def nothing_that_is_installed_can_leave_a_defence_out():
    seen = 0
    for path in programs():
        seen += 1
        assert b"overt-defences-left-out" not in path.read_bytes(), path
        done = subprocess.run(["nm", path], capture_output=True, text=True, check=False)
        assert "ov_defence_stands" not in done.stdout, path
    assert seen >= 10, seen


tap.run([arbitrary_software, rollback, indefinite_freeze, fast_forward, endless_data, slow_drip, redirect_loops,
         extraneous_dependencies_an_unknown_kind, mix_and_match, wrong_software, malicious_mirror, key_compromise,
         targeted_update, split_view, silent_signature_hunting_documents, silent_signature_no_rule_can_ask_for_silence,
         time_bombed_or_host_keyed_rule, off_switch_or_allow_list_abuse, withholding_updates_from_a_victim, inventory,
         exfiltration_by_sample_upload, an_update_carries_code, coerced_binary_release,
         crash_update_a_rule_that_hits_the_system, nothing_that_is_installed_can_leave_a_defence_out])
