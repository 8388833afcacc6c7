#!/usr/bin/env python3
"""threats_test.py BUILD: what a compelled or robbed vendor, or a network, tries against updates; each
test is named after its row. What needs no real program is in tests/unit/update_test.c."""
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import (EXTRA, MARKER, RULE, Client, Folder, Log, Server, at, binary_rule,  # noqa: E402
                     bundle_of, run)

BUILD = os.path.abspath(sys.argv[1])
DAY = 1767225600


def indefinite_freeze():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(env=at(DAY))
        client = Client(BUILD, root / "client", log.policy([], EXTRA))
        path = bundle_of(log, root)
        client.update("--bundle", path, check=0, env=at(DAY + 60))
        tap.same(client.update("--bundle", path, env=at(DAY + 71 * 3600))[0], 0)
        code, out = client.update("--bundle", path, env=at(DAY + 73 * 3600))
        tap.same(code, 4, out)
        assert "STALE" in out, out
        status = [client.overt, "rules", "status", "--state", client.state, "--policy", client.policy_path]
        tap.same(run(*status, env=at(DAY + 73 * 3600))[0], 4)
        tap.same(run(*status, env=at(DAY + 71 * 3600))[0], 0)
        code, out = run(*status, env=at(DAY - 7200))
        tap.same(code, 4, out)
        assert "CLOCK" in out, out
        tap.same(client.scan()[0], 1)  # scanning goes on


def fork_with_f_colluding_witnesses():
    """Two views of one log can both be had if and only if f >= 2k - n witnesses sign both."""
    for n, k, f in ((3, 2, 0), (3, 2, 1), (2, 2, 1), (2, 2, 2)):
        with Folder() as root:
            log = Log(BUILD, root / "maker", n=n, k=k)
            twin = root / "twin"
            shutil.copytree(log.folder, twin)
            log.release(binary_rule("ViewA", "view a"), witnesses=range(k))
            # The other view, by the same log key, for witnesses that were not asked and f that lie.
            honest, folder, public = list(range(k, n)), log.folder, log.public
            liars = list(range(k))[:f]
            log.folder, log.public = twin, twin / "public"
            log.add(binary_rule("ViewB", "view b"))
            log.sign()
            run(log.publish_tool, "publish", twin)
            for i in honest:
                log.witness(i)
            for i in liars:
                log.witness(i, state=root / f"lie{i}.db")
            for i in set(range(k)) - set(liars):
                tap.same(log.witness(i, check=None)[0], 1, "an honest witness cosigned both")
            code, out = run(log.publish_tool, "publish", twin)
            tap.same(code == 0, f >= 2 * k - n, f"{(n, k, f)}: {out}")
            log.folder, log.public = folder, public


def endless_data_slow_drip_and_redirect_loops():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()

        def endless(handler):
            handler.send_response(200)
            handler.end_headers()
            for _ in range(4096):
                handler.wfile.write(b"x" * 65536)
            handler.close_connection = True
            return True

        def drip(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "600")
            handler.end_headers()
            for _ in range(600):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)
            return True

        def loop(handler):
            handler.send_response(302)
            handler.send_header("Location", handler.path)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return True

        for behave, why in ((endless, "more bytes than are allowed"), (drip, "Timeout"),
                            (loop, "points elsewhere")):
            server = Server(log.public, behave)
            client = Client(BUILD, root / behave.__name__, log.policy([server.url], EXTRA))
            code, out = client.update("--max-time", "2")
            tap.same(code, 2, out)
            assert why.lower() in out.lower(), out
            held = sum(p.stat().st_size for p in client.state.rglob("*") if p.is_file())
            assert held < 1 << 20, held
            assert len(server.requests) == 1, server.requests
            server.close()


def silent_signature_hunting_documents():
    """A thousand generated keyword rules, in the ways a hunter would write them: all are held."""
    rng = random.Random(7)
    words = ["top secret", "confidential", "NOFORN", "совершенно секретно", "operation", "budget",
             "salary", "passport", "invoice", "project x", "embassy", "merger", "witness list"]
    rules = []
    for i in range(1000):
        chosen = rng.sample(words, 3)
        mods = rng.choice(["", " nocase", " wide ascii", " fullword", " base64"])
        strings = "".join(f'        $s{j} = "{w} {rng.randrange(100)}"{mods}\n' for j, w in enumerate(chosen))
        if i % 5 == 0:
            strings += f'        $r = /{chosen[0].split()[0]}[ \\t]+[0-9]{{2,4}}/\n'
        if i % 7 == 0:
            strings += "        $h = { " + " ".join(f"{b:02X} 00" for b in b"secret") + " }\n"
        condition = rng.choice(["any of them", "all of them", "2 of them", "#s0 > 1 or $s1",
                                "$s0 and filesize < 10MB", "uint32(0) == 0x46445025 and any of them",
                                "uint32(0) == 0xE011CFD0 and $s0", "for any of them : ( $ )",
                                "not $s0 or $s1", "uint16(0) != 0x5A4D and $s2"])
        used = "" if "them" in condition else " and ".join(
            f"#{name} >= 0" for name in ("s0", "s1", "s2") if f"s{name[1]}" not in condition)
        for name, there in (("r", i % 5 == 0), ("h", i % 7 == 0)):
            if there and "them" not in condition:
                used += (" and " if used else "") + f"#{name} >= 0"
        rules.append(f"rule Hunter{i} {{\n    strings:\n{strings}    condition:\n        "
                     + (f"({condition})" + (f" and {used}" if used else "")) + "\n}\n")
    with Folder() as root:
        log = Log(BUILD, root / "maker", signers=1, need=1, n=1, k=1)
        log.add("".join(rules))
        log.add(RULE, "good.yar")
        log.sign()
        log.publish()
        client = Client(BUILD, root / "client", log.policy([], EXTRA))
        out = client.update("--bundle", bundle_of(log, root), check=0)[1]
        assert "active: 1 rules" in out and "1000 held" in out, out
        tap.same(client.scan(b"top secret 1 confidential 2 embassy 3 " * 50)[0], 0)
        tap.same(client.scan()[0], 1)


def crash_update_a_rule_that_hits_the_system_waits_for_a_person():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        text = open("/bin/bash", "rb").read()
        at_byte = text.index(b"BASH_ENV")
        piece = " ".join(f"{b:02X}" for b in text[at_byte - 20:at_byte + 24])
        log.add(f"rule Hits_Bash {{\n    strings:\n        $a = {{ {piece} }}\n    condition:\n"
                "        uint32(0) == 0x464C457F and $a\n}\n")
        log.add(RULE, "good.yar")
        log.sign()
        log.publish()
        extra = "overt delay rule 0\novert probation 20000000\n"
        client = Client(BUILD, root / "client", log.policy([], extra))
        path = bundle_of(log, root)
        out = client.update("--bundle", path, check=0)[1]
        held = (client.state / "active" / "held").read_text()
        assert held.startswith("0 it hits /") and "a file of this system" in held, (held, out)
        tap.same(client.scan()[0], 1)
        run(client.overt, "rules", "accept", "0", "--state", client.state, check=0)
        client.update("--bundle", path, check=0)
        tap.same((client.state / "active" / "held").read_text(), "")
        run(client.overt, "rules", "rollback", "--state", client.state, check=0)
        assert "rolled back" in client.update("--bundle", path, check=0)[1]


def off_switch_suppression_is_shown_with_both_indices():
    import hashlib
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        sample = b"xx" + MARKER + b"yy"
        log.add(RULE)
        log.entry("suppress", "S", f"sha256 {hashlib.sha256(sample).hexdigest()}\n")
        log.sign()
        log.publish(env=at(DAY))
        client = Client(BUILD, root / "client", log.policy([], EXTRA))
        client.update("--bundle", bundle_of(log, root), check=0, env=at(DAY + 60))
        tap.same(client.scan(sample)[0], 1)  # three days of public delay
        log.publish(env=at(DAY + 73 * 3600))
        client.update("--bundle", bundle_of(log, root), check=0, env=at(DAY + 73 * 3600))
        code, out = client.scan(sample)
        tap.same(code, 0, out)
        assert "SUPPRESSED by entry 1 Harmless_Marker [entry 0 of" in out, out
        tap.same(client.scan(sample + b"!")[0], 1)
        status = run(client.overt, "rules", "status", "--state", client.state, "--policy",
                     client.policy_path, env=at(DAY + 73 * 3600), check=0)[1]
        assert "suppressed 1 " in status, status


def inventory_two_machines_send_the_same_requests():
    seen = []
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()
        for name in ("a", "b"):
            server = Server(log.public)
            client = Client(BUILD, root / name, log.policy([server.url], EXTRA))
            (root / name / f"file-{name}").write_bytes(MARKER if name == "a" else b"clean")
            client.update(check=0, env=dict(os.environ, HOME=f"/home/{name}", USER=name, http_proxy="http://x:1"))
            if name == "a":
                tap.same(client.scan()[0], 1)  # a hit
            client.update(check=0)
            port = server.url.rsplit(":", 1)[1]
            seen.append([(line, [(k, v.replace(port, "PORT")) for k, v in headers])
                         for line, headers in server.requests])
            server.close()
    tap.same(seen[0], seen[1])
    names = {k.lower() for _, headers in seen[0] for k, _ in headers}
    tap.same(names, {"host", "accept"}, "headers")


def withholding_updates_an_air_gapped_bundle_does_as_well():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(env=at(DAY))
        server = Server(log.public)
        online = Client(BUILD, root / "online", log.policy([server.url], EXTRA))
        online.update(check=0, env=at(DAY + 60))
        log.release(binary_rule("Second", "the second"), env=at(DAY + 600))
        online.update(check=0, env=at(DAY + 660))
        server.close()
        offline = Client(BUILD, root / "offline", log.policy([], EXTRA))
        for first, last in (("0", "1"), ("1", "end")):
            path = root / f"b{first}"
            run(online.overt, "bundle", first, last, path, "--state", online.state, check=0)
            offline.update("--bundle", path, check=0, env=at(DAY + 700))
        tap.same(offline.scan(b"the second\x00\x01")[0], 1)
        tap.same(offline.fingerprint()[0], online.fingerprint()[0])
        bad = bytearray(path.read_bytes())
        bad[len(bad) // 2] ^= 1
        (root / "bad").write_bytes(bad)
        fresh = Client(BUILD, root / "fresh", log.policy([], EXTRA))
        tap.same(fresh.update("--bundle", root / "bad")[0], 2)


def kill_at_every_system_call_of_an_update():
    """SIGKILL before the Nth call that changes a file, for every N: the old state or the new one."""
    if shutil.which("strace") is None:
        raise AssertionError("strace is needed (./dev test installs it)")
    calls = "ftruncate,fsync,renameat,symlinkat,unlinkat,mkdirat,rename,symlink,unlink,mkdir"
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()
        client = Client(BUILD, root / "client", log.policy([], EXTRA))
        client.update("--bundle", bundle_of(log, root, "one"), check=0)
        log.release(binary_rule("Second", "the second"))
        path = bundle_of(log, root, "two")
        old, keep = client.fingerprint(), root / "keep"
        shutil.copytree(client.state, keep, symlinks=True)
        client.update("--bundle", path)
        new, killed, finished = client.fingerprint(), 0, False
        for n in range(1, 200):
            shutil.rmtree(client.state)
            shutil.copytree(keep, client.state, symlinks=True)
            done = subprocess.run(
                ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
                 f"inject={calls}:signal=KILL:when={n}", str(client.overt), "update", "--policy",
                 str(client.policy_path), "--state", str(client.state), "--bundle", str(path)],
                capture_output=True, timeout=60)
            now = client.fingerprint()
            assert all(now[i] in (old[i], new[i]) for i in range(3)), f"a third state at call {n}"
            assert now[1] is None or (now[1] == old[1]) == (now[2] == old[2]), f"halves at call {n}"
            if done.returncode not in (-9, 137):
                finished = True
                break
            killed += 1
            client.update("--bundle", path)
            tap.same(client.fingerprint(), new, f"the update after a kill at call {n}")
        assert finished and killed > 10, (finished, killed)


tap.run([indefinite_freeze, fork_with_f_colluding_witnesses, endless_data_slow_drip_and_redirect_loops,
         silent_signature_hunting_documents, crash_update_a_rule_that_hits_the_system_waits_for_a_person,
         off_switch_suppression_is_shown_with_both_indices, inventory_two_machines_send_the_same_requests,
         withholding_updates_an_air_gapped_bundle_does_as_well, kill_at_every_system_call_of_an_update])
