#!/usr/bin/env python3
"""log_corpora.py: writes the seeds of the targets pack, ledger, witness and client, and the policy that the last one has
built in (client_policy.h). Needed only when a format changes: the seeds are in the tree."""
import hashlib
import pathlib
import sys

FUZZ = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FUZZ.parent / "tests/e2e"))
from evil_log import EvilLog, b64, leaf, root_of  # noqa: E402

TIME = 1767225600
RULE = 'rule R {\n    strings:\n        $a = "x\\x00"\n    condition:\n        $a\n}\n'


def put(target, name, data):
    path = FUZZ / "corpora" / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def a_log():
    log = EvilLog(signers=3)
    log.rule("R", RULE)
    log.entry("rule", "H", "language hashlist\nholds eA==\n\n" + hashlib.sha256(b"x").hexdigest() + ":1:X\n")
    log.entry("suppress", "S", "sha256 " + "a" * 64 + "\n")
    log.entry("revoke", "V", "entry 0\n")
    log.entry("statement", "T", "what somebody says\n")
    log.entry("binary", "B", f"file {'b' * 64} overt\ncommit 1\nrecipe make\n")
    log.entry("keyset", "K", "".join(f"key {s.vkey}\n" for s in log.signers)
              + "".join(f"threshold {k} 2\n" for k in ("rule", "revoke", "suppress", "binary", "keyset", "statement")))
    return log


def peaks(entries):
    """Roots of the complete subtrees, largest first."""
    out, at, size = [], 0, len(entries)
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            out.append(root_of(entries[at:at + (1 << bit)]))
            at += 1 << bit
    return out


def client():
    log = a_log()
    policy = log.policy("overt delay rule 0\novert stale 1000\novert mirror http://mirror.example/log\n")
    lines = "".join(f'    "{line}\\n" \\\n' for line in policy.splitlines())
    (FUZZ / "client_policy.h").write_text(
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* client_policy.h - made by log_corpora.py: the policy of the client "
        "target. */\n/* clang-format off */\n#define CLIENT_POLICY \\\n" + lines[:-3] + "\n/* clang-format on */\n")
    half = 3
    note = log.checkpoint(TIME, size=half)
    store = log.pack((log.entries[:half], note))
    state = (f"overt-state/v1\nstore {len(store)}\ntime {TIME}\nwitnesses 3\npeaks 2\n"
             + "".join(b64(p) + "\n" for p in peaks(log.entries[:half]))
             + f"segments 1\n{half} {TIME} 3\nnote {len(note)}\n").encode() + note
    whole = log.bundle(TIME + 60)
    rest = log.pack((log.entries[half:], log.checkpoint(TIME + 60)), first=half)
    for name, a, b, c in (("first", b"", b"", whole), ("next", state, store, rest), ("again", state, store, whole),
                          ("rollback", state, store, store), ("cut", state, store[:-1], rest)):
        put("client", name, b"%d %d\n" % (len(a), len(b)) + a + b + c)
    put("client", "state", state)
    put("client", "policy", policy.encode())
    put("client", "origins", (f"overt-origins/v1\norigin {log.origin}\nsize 3\nroot {b64(root_of(log.entries[:3]))}\n"
                              f"time {TIME}\nwitnesses 3\nsegment 3 {TIME} 3\npending 2 suppress S {TIME + 9}\n").encode())
    put("pack", "bundle", whole)
    put("pack", "two-segments", log.pack((log.entries[:half], note), (log.entries[half:], log.checkpoint(TIME + 60))))
    put("pack", "empty-segment", log.pack(([], log.checkpoint(TIME)), first=7))
    put("pack", "list", b"2026-01-01 0 3 100\n2026-01-01.1 3 7 2000\n")
    for i, entry in enumerate(log.entries):
        put("pack", f"entry-{i}", entry)


def ledger():
    for name, count in (("empty", 0), ("one", 1), ("eleven", 11)):
        kinds = ("scan", "update", "activation", "policy", "jail", "quarantine", "prohibited", "daemon")
        records = []
        for i in range(count):
            text = f"files {i}\nrules abc\n"
            records.append(f"record {i} {kinds[i % 8]} {TIME + i} {len(text)}\n{text}".encode())
        leaves = b"".join(leaf(r) for r in records)
        data = b"".join(records)
        head = (f"overt-ledger/v1\nsize {count}\nbytes {len(data)}\nroot {b64(root_of(records))}\n"
                + "".join(b64(p) + "\n" for p in peaks(records))).encode()
        put("ledger", name, b"%d %d\n" % (len(head), len(leaves)) + head + leaves + data)
    put("ledger", "left-over", b"%d %d\n" % (len(head), len(leaves) + 5) + head + leaves + b"extra" + data + b"record 11 sc")


def witness():
    log = EvilLog()
    for i in range(5):
        log.rule(f"R{i}", RULE)
    body = b"old 0\n\n" + log.checkpoint(TIME, seen_by=[])
    # From 4 entries to 5: the old root is the first peak, then the fifth leaf.
    grown = b"old 4\n" + b64(leaf(log.entries[4])).encode() + b"\n\n" + log.checkpoint(TIME)
    put("witness", "body", body)
    put("witness", "body-grown", grown)
    for name, data in (("post", body), ("post-grown", grown)):
        put("witness", name, b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
    put("witness", "get", b"GET /" + hashlib.sha256(log.origin.encode()).hexdigest().encode()
        + b"/checkpoint HTTP/1.1\r\nHost: w\r\n\r\n")
    put("witness", "chunked", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    put("witness", "two-lengths", b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx")
    put("witness", "bare-lf", b"GET / HTTP/1.1\nHost: w\n\n")


client()
ledger()
witness()
