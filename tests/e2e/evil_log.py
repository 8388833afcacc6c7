"""evil_log.py - a log made by somebody who holds all keys and follows no rule: entries, checkpoints, packs as no tool of
ours would write them, after docs/formats/updates.md and the C2SP formats. For tests of what a client refuses."""
import base64
import hashlib
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "rules.example/log"
KINDS = ("rule", "revoke", "suppress", "binary", "keyset", "statement")


def b64(data):
    return base64.b64encode(data).decode()


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def root_of(entries):
    """RFC 6962, 2.1."""
    level = [leaf(e) for e in entries]
    if not level:
        return hashlib.sha256().digest()
    while len(level) > 1:  # an odd one out goes up as it is
        level = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() if i + 1 < len(level) else level[i]
                 for i in range(0, len(level), 2)]
    return level[0]


class Key:
    def __init__(self, name, algorithm=1):
        self.name, self.algorithm = name, algorithm
        self.seed = hashlib.sha256(b"a test's key " + name.encode()).digest()
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.typed = bytes([algorithm]) + self.public
        self.id = hashlib.sha256(name.encode() + b"\n" + self.typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(self.typed)}"

    def file(self):
        """As `overt-publish key new` writes it."""
        return f"PRIVATE+KEY+{self.name}+{self.id.hex()}+{b64(bytes([self.algorithm]) + self.seed)}\n"

    def line(self, text, time=None, signature=None):
        """A signature line over a note's text; `signature` replaces the right one."""
        if self.algorithm == 4:
            message = b"cosignature/v1\ntime %d\n" % time + text
            signature = struct.pack(">Q", time) + (signature or self.private.sign(message))
        else:
            signature = signature or self.private.sign(text)
        return f"\u2014 {self.name} {b64(self.id + signature)}\n".encode()


class EvilLog:
    def __init__(self, n=3, k=2, signers=5, origin=ORIGIN):
        self.origin, self.k = origin, k
        self.key = Key(origin)
        self.signers = [Key(f"r{i}.example/release") for i in range(signers)]
        self.witnesses = [Key(f"w{i}.example/witness", 4) for i in range(n)]
        self.entries = []

    def policy(self, extra="", mirrors=(), k=None, thresholds=None):
        need = dict.fromkeys(KINDS, 2)
        need.update(thresholds or {})
        names = " ".join(f"w{i}" for i in range(len(self.witnesses)))
        lines = [f"log {self.key.vkey}"] + [f"witness w{i} {w.vkey}" for i, w in enumerate(self.witnesses)]
        lines += [f"group seen {k or self.k} {names}", "quorum seen"]
        lines += [f"overt release-key {s.vkey}" for s in self.signers]
        lines += [f"overt threshold {kind} {need[kind]}" for kind in KINDS]
        lines += [f"overt mirror {url}" for url in mirrors]
        return "\n".join(lines) + "\n" + extra

    def entry(self, kind, name, body, signers=2, scope=None, not_before=0, raw=None, by=()):
        """Appends one; `raw` is its whole text instead, `by` are further signers."""
        body = body if isinstance(body, bytes) else body.encode()
        text = raw or (f"overt-entry/v1\n{kind}\n{name}\n{scope or self.origin}\n{not_before}\n{len(body)}\n\n".encode()
                       + body)
        note = text + b"\n" + b"".join(s.line(text) for s in [*self.signers[:signers], *by])
        self.entries.append(note)
        return note

    def rule(self, name, text, **more):
        return self.entry("rule", name, "language yara\n\n" + text, **more)

    def checkpoint(self, time, size=None, root=None, seen_by=None, signed=True, forged=False, origin=None):
        """The note of the tree's first `size` entries."""
        size = len(self.entries) if size is None else size
        root = root_of(self.entries[:size]) if root is None else root
        text = f"{origin or self.origin}\n{size}\n{b64(root)}\n".encode()
        lines = [self.key.line(text)] if signed else []
        for i in range(len(self.witnesses)) if seen_by is None else seen_by:
            lines.append(self.witnesses[i].line(text, time, b"\x01" * 64 if forged else None))
        return text + b"\n" + b"".join(lines)

    def pack(self, *segments, first=0):
        """Each segment: (entries, note)."""
        return f"overt-pack/v1\n{self.origin}\nfirst {first}\n".encode() + b"".join(
            b"segment %d %d\n" % (len(note), len(entries)) + note
            + b"".join(struct.pack(">H", len(e)) + e for e in entries) for entries, note in segments)

    def bundle(self, time, **more):
        """All of it as one segment."""
        return self.pack((self.entries, self.checkpoint(time, **more)))

    def serve(self, folder, time):
        """The same as a mirror's folder."""
        (folder / "pack").mkdir(parents=True, exist_ok=True)
        note = self.checkpoint(time)
        data = self.pack((self.entries, note))
        (folder / "checkpoint").write_bytes(note)
        (folder / "pack" / "2026-01-01").write_bytes(data)
        (folder / "packs").write_text(f"overt-packs/v1\n2026-01-01 0 {len(self.entries)} {len(data)}\n")
