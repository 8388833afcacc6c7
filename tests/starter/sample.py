# SPDX-License-Identifier: Apache-2.0
"""What the manifests of fixtures are written with: samples, near-misses, and file headers.

A positive sample is a fragment: it stops before its first dangerous statement, or its header is no
program a system would load, and it names hosts and addresses reserved for documentation. The
manifests write dangerous words with a bar in them (ev¦al); the bar is taken out at run time, so
that the manifests themselves are not what the rules look for.
"""

import struct

BAR = "\u00a6"


class Sample:
    """One rule's fixture: the file on which it must hold, and those on which it must not."""

    def __init__(self, rule, name, data, misses, also):
        self.rule = rule
        self.name = name
        self.data = data
        self.misses = misses  # (label, bytes)
        self.also = frozenset(also)  # other rules that hold on it as well


SAMPLES = []
MORE = []  # second samples of a rule, without near-misses


def t(text):
    """Text of a manifest to bytes: bars out, the line break after the opening quotes too."""
    if isinstance(text, bytes):
        return text.replace(BAR.encode(), b"")
    if text.startswith("\n"):
        text = text[1:]
    return text.replace(BAR, "").encode("utf-8")


def wide(text):
    return t(text).decode("utf-8").encode("utf-16-le")


def front(data):
    """A near-miss: the same behind other first bytes, so that it is no longer that kind of file."""
    return ("front", data if isinstance(data, bytes) else data.encode("utf-8"))


def whole(label, data):
    """A near-miss that is easier written out than derived."""
    return ("whole", label, t(data))


def _miss(rule, data, spec):
    if spec[0] == "front":
        return "behind other bytes", spec[1] + data
    if spec[0] == "whole":
        return spec[1], spec[2]
    old, new = t(spec[0]), t(spec[1])
    if isinstance(spec[0], str) and data.count(old) == 0:
        old, new = wide(spec[0]), wide(spec[1])  # the sample holds it in sixteen-bit letters
    if data.count(old) == 0:
        raise ValueError("%s: near-miss replaces %r, which the sample does not hold" % (rule, spec[0]))
    if old == new:
        raise ValueError("%s: near-miss replaces %r by itself" % (rule, spec[0]))
    return "without %r" % old, data.replace(old, new)


def add(rule, name, text, *misses, also=()):
    """Registers a sample. A near-miss is (old, new): the same file with every `old` replaced."""
    data = t(text)
    SAMPLES.append(Sample(rule, name, data, [_miss(rule, data, spec) for spec in misses], also))


def more(rule, name, text, also=()):
    """Registers a second sample of a rule: other strings, the same verdict."""
    MORE.append(Sample(rule, name, t(text), [], also))


def pe(*parts, mark=b"PE\0\0"):
    """Enough of a Windows program's header to be recognised, and not to be loaded: no sections."""
    head = bytearray(0x180)
    head[0:2] = b"MZ"
    struct.pack_into("<I", head, 0x3C, 0x80)
    head[0x4E:0x4E + 39] = t("This program can¦not be run in DOS mode.")
    head[0x80:0x84] = mark
    return bytes(head) + b"\0".join(t(part) for part in parts) + b"\0"


def elf(kind, *parts, machine=62, joint=b"\0"):
    """An ELF header with nothing to load behind it. kind 1: relocatable, 2: program, 3: shared."""
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, 0, 0, 0, 0, 64, 0, 0, 64, 4, 3)
    return head + joint + joint.join(t(part) for part in parts) + joint


def lnk(*parts):
    """A shortcut's header and its arguments in sixteen-bit letters."""
    head = bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(56)
    return head + b"".join(wide(part) + b"\0\0" for part in parts)


def base64_like(count):
    """Letters as Base64 has them, the same at every run, without meaning."""
    alphabet = "kQ7dVbTz3mWc9hXrJ2pLsYf5GnEa8uKo"
    return "".join(alphabet[(index * index + 3 * index) % 31] for index in range(count))
