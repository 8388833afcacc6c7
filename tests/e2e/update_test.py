#!/usr/bin/env python3
"""update_test.py BUILD: a rule's whole way: published, cosigned, fetched, verified, activated, and
named in a detection; and what an update does between that."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import (EXTRA, MARKER, RULE, Client, Folder, Log, Server, at, binary_rule,  # noqa: E402
                     bundle_of, run)

BUILD = os.path.abspath(sys.argv[1])
DAY = 1767225600


def rig(root, extra=EXTRA, **more):
    log = Log(BUILD, root / "maker", **more)
    server = Server(log.public)
    return log, server, Client(BUILD, root / "client", log.policy([server.url + "/"], extra))


def a_published_rule_detects_and_is_named():
    with Folder() as root:
        log, server, client = rig(root)
        log.release()
        code, out = client.update(check=0)
        assert "1 entries (1 new), 3 witnesses" in out, out
        code, out = client.scan()
        tap.same(code, 1, out)
        assert "DETECTED Harmless_Marker [entry 0 of rules.example/log, public since " in out, out
        assert ", 3 witnesses]" in out, out
        code, out = client.scan(b"xx" + MARKER, "--json")
        hit = json.loads(out.splitlines()[0])["hits"][0]
        tap.same((hit["rule"], hit["log"]["index"], hit["log"]["witnesses"]), ("Harmless_Marker", 0, 3))
        tap.same(client.scan(b"nothing of it")[0], 0)
        rules = ("--rules", client.state / "active.ovdb")
        client.scan()
        out = run(client.overt, "explain", *rules, client.root / "sample.bin", check=1)[1]
        assert "DETECTED Harmless_Marker (" in out and ") [entry 0 of rules.example/log, public since " in out, out
        listed = json.loads(run(client.overt, "rules", "list", "--json", *rules, check=0)[1].splitlines()[0])
        tap.same((listed["log"]["index"], listed["log"]["witnesses"], "local" in listed), (0, 3, False))
        server.close()


def the_owners_own_rules_are_marked_local():
    with Folder() as root:
        (root / "own.yar").write_text(RULE)
        (root / "sample").write_bytes(MARKER)
        overt, rules = os.path.join(BUILD, "overt"), ("--rules", root / "own.yar")
        out = run(overt, "scan", "--no-progress", "--json", *rules, root / "sample", check=1)[1].splitlines()
        tap.same((json.loads(out[0])["hits"][0]["local"], json.loads(out[-1])["rules"]["local"]), (True, True))
        said = run(overt, "scan", "--no-progress", *rules, root / "sample", check=1)[1]
        assert "own.yar (local: no log vouches for them)" in said, said
        said = run(overt, "explain", *rules, root / "sample", check=1)[1]
        assert "DETECTED Harmless_Marker (" in said and ") [local]\n" in said, said
        assert json.loads(run(overt, "rules", "list", "--json", *rules, check=0)[1].splitlines()[0])["local"]
        out = run(overt, "scan", "--no-progress", "--json", root / "sample", check=0)[1].splitlines()
        tap.same(json.loads(out[-1])["rules"]["local"], False)


def nothing_detects_it_before():
    with Folder() as root:
        path = root / "sample"
        path.write_bytes(b"xx" + MARKER + b"yy")
        tap.same(run(os.path.join(BUILD, "overt"), "scan", "--no-progress", path)[0], 0)


def more_rules_come_on_top_and_old_packs_are_not_fetched_again():
    with Folder() as root:
        log, server, client = rig(root)
        day = 1767225600  # one day, whatever the date of the test
        log.release(env=at(day))
        client.update(check=None, env=at(day + 60))
        for i in range(3):
            log.release(binary_rule(f"R{i}", f"another {i}"), env=at(day + 86400 * (i + 1)))
            before = len(server.requests)
            out = client.update(check=0, env=at(day + 86400 * (i + 1) + 60))[1]
            assert f"{i + 2} entries (1 new)" in out, out
            asked = [r[0] for r in server.requests[before:]]
            tap.same(len(asked), 3, asked)
        tap.same(client.scan(b"another 2\x00\x01")[0], 1)
        tap.same(client.scan()[0], 1)
        server.close()


def witnesses_over_http_do_as_well():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        ports, processes = [], []
        for i, (key, _) in enumerate(log.witnesses):
            p = subprocess.Popen([log.witness_tool, "serve", "--key", key, "--state", root / f"h{i}.db",
                                  "--log", log.key, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
            processes.append(p)
            ports.append(p.stdout.readline().split()[-1])
        text = log.policy()
        for i, (_, vkey) in enumerate(log.witnesses):
            text = text.replace(vkey, f"{vkey} http://127.0.0.1:{ports[i]}")
        (log.folder / "policy").write_text(text)
        for i in range(4):
            log.add(binary_rule(f"H{i}", f"over http {i}"))
            log.sign()
            out = log.tool("publish", log.folder)
            assert f"published: {i + 1} entries, 3 witnesses" in out, out
        server = Server(log.public)
        client = Client(BUILD, root / "client", log.policy([server.url], EXTRA))
        client.update(check=0)
        tap.same(client.scan(b"over http 3\x00\x01")[0], 1)
        server.close()
        for p in processes:
            p.terminate()
            tap.same(p.wait(), 0)


def a_rule_of_a_log_does_not_ask_for_the_time():
    rule = 'import "%s"\nrule Soon { strings: $a = { 00 01 02 4d 5a 90 } condition: $a and %s > 1 }'
    why = "a rule of a log does not ask for the time, for a report or for libmagic"
    with Folder() as root:
        log, server, client = rig(root)
        out = log.add(rule % ("time", "time.now()"), check=None)
        assert why in out, out
        tap.same(list((log.folder / "pending").glob("*.entry")), [])
        log.add(rule % ("math", "math.abs(7)"))  # what a publisher of another make might sign
        for path in (log.folder / "pending").glob("*.entry"):
            text = path.read_bytes().replace(b'"math"', b'"time"').replace(b"math.abs(7)", b"time.now( )")
            path.write_bytes(text)
        log.sign()
        log.publish()
        client.update(check=None)
        code, out = client.scan(b"\0\1\2MZ\x90")
        tap.same(code, 0, out)
        server.close()


def hash_lists_are_published_in_chunks():
    with Folder() as root:
        log, server, client = rig(root)
        import hashlib
        target = hashlib.sha256(b"a known file").hexdigest()
        lines = [f"{hashlib.sha256(str(i).encode()).hexdigest()}:Known.{i}" for i in range(1700)]
        log.add("# a list\n" + "\n".join(lines) + f"\n{target.upper()}:12:Known.File\n", "list.hash")
        tap.same(len(list((log.folder / "pending").glob("*.entry"))), 3)
        log.sign()
        log.publish()
        client.update(check=0)
        code, out = client.scan(b"a known file")
        tap.same(code, 1, out)
        assert "DETECTED Known.File [entry 2 of" in out, out
        server.close()


def an_interrupted_download_is_resumed():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release("".join(binary_rule(f"R{i}", f"text number {i} of many") for i in range(300)))
        state = {"cut": True}

        def behave(handler):
            if "/pack/" not in handler.path or not state["cut"]:
                want = handler.headers.get("Range")
                if "/pack/" in handler.path and want:
                    state["range"] = want
                    data = next((log.public / "pack").iterdir()).read_bytes()
                    first = int(want.split("=")[1].split("-")[0])
                    handler.send_response(206)
                    handler.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
                    handler.send_header("Content-Length", str(len(data) - first))
                    handler.end_headers()
                    handler.wfile.write(data[first:])
                    return True
                return False
            data = next((log.public / "pack").iterdir()).read_bytes()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data[:len(data) // 2])
            handler.close_connection = True
            return True

        server = Server(log.public, behave)
        client = Client(BUILD, root / "client", log.policy([server.url], EXTRA))
        client.update(check=2)
        state["cut"] = False
        client.update(check=0)
        assert state["range"].startswith("bytes="), state
        tap.same(client.scan(b"text number 299 of many\x00\x01")[0], 1)
        server.close()


def one_lying_and_one_dead_mirror_of_three_do_not_matter():
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release()

        def lie(handler):
            body = b"overt-packs/v1\n2026-01-01 0 9 100\n" if handler.path == "/packs" else b"nonsense\n"
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
            return True

        liar, honest = Server(log.public, lie), Server(log.public)
        client = Client(BUILD, root / "client",
                        log.policy(["http://127.0.0.1:9/", liar.url, honest.url], EXTRA))
        out = client.update(check=0)[1]
        assert "mirror" in out, out
        tap.same(client.scan()[0], 1)
        liar.close()
        honest.close()


def a_rule_waits_its_hour():
    with Folder() as root:
        log, server, client = rig(root, extra="overt probation 0\n")
        now = int(time.time()) // 86400 * 86400
        log.release(env=at(now))
        out = client.update(check=0, env=at(now + 60))[1]
        assert "1 come into effect later" in out, out
        tap.same(client.scan()[0], 0)
        log.publish(env=at(now + 3700))  # witnesses look again: that is what time it is
        client.update(check=0, env=at(now + 3760))
        tap.same(client.scan()[0], 1)
        server.close()


def samples_are_tried_before_a_rule_counts():
    with Folder() as root:
        log, server, client = rig(root)
        good, bad = root / "good", root / "bad"
        good.write_bytes(b"a sample with good text\x00\x01")
        bad.write_bytes(b"a sample without")
        log.add(binary_rule("Good", "good text"), "g.yar", "--holds", good, "--spares", bad)
        log.add(binary_rule("Bad", "bad text"), "b.yar", "--holds", bad)
        log.sign()
        log.publish()
        out = client.update(check=0)[1]
        assert "1 rules" in out and "1 held" in out, out
        held = (client.state / "active" / "held").read_text()
        tap.same(held, "1 it does not detect its own sample\n")
        tap.same(client.scan(b"good text\x00\x01")[0], 1)
        tap.same(client.scan(b"bad text\x00\x01")[0], 0)
        server.close()


def a_rule_that_hits_the_system_waits_for_a_person():
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


def a_suppressed_hit_is_shown_with_both_indices():
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


def an_air_gapped_bundle_does_as_well():
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


def two_machines_send_the_same_requests():
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


tap.run([a_rule_of_a_log_does_not_ask_for_the_time, a_published_rule_detects_and_is_named, nothing_detects_it_before,
         the_owners_own_rules_are_marked_local,
         more_rules_come_on_top_and_old_packs_are_not_fetched_again, witnesses_over_http_do_as_well,
         hash_lists_are_published_in_chunks, an_interrupted_download_is_resumed,
         one_lying_and_one_dead_mirror_of_three_do_not_matter, a_rule_waits_its_hour,
         samples_are_tried_before_a_rule_counts,
         a_rule_that_hits_the_system_waits_for_a_person, a_suppressed_hit_is_shown_with_both_indices,
         an_air_gapped_bundle_does_as_well, two_machines_send_the_same_requests])
