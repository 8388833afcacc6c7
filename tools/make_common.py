#!/usr/bin/env python3
"""Writes src/compile/common_table.h: which eight printable bytes in a row are common in ordinary files.

Usage: make_common.py FOLDER... > src/compile/common_table.h      (needs numpy)
Bytes are folded (| 0x20). Large files, smaller ones and programs for Windows are judged apart: a text is common if it
is in a certain share of any of these. The table is a set of hashes, of 2^19 bits; it need not be exact, and is made anew only
when the matcher's statistics say so.
"""
import hashlib
import pathlib
import sys

import numpy as np

LARGE = 1 << 20
PART = 1 << 20  # read from the front and from the middle of each file
WINDOWS = (".dll", ".exe", ".pyd", ".sys", ".efi")
KINDS = (  # sizes, ends of names, files at most, share
    (LARGE, 1 << 40, "", 150, 0.06),
    (2048, LARGE, "", 1200, 0.007),
    (2048, 1 << 40, WINDOWS, 300, 0.05),
)
CELL_BITS = 26
TABLE_BITS = 19


def hashes(data):
    """Distinct hashes (64 bits) of the folded printable grams."""
    b = np.frombuffer(data, dtype=np.uint8)
    printable = ((b >= 0x20) & (b < 0x7F)).astype(np.int8)
    if len(b) < 8:
        return np.zeros(0, dtype=np.uint64)
    all_eight = printable[:-7].copy()
    for i in range(1, 8):
        all_eight &= printable[i:len(b) - 7 + i]
    at = np.flatnonzero(all_eight)
    folded = b | 0x20
    gram = np.zeros(len(at), dtype=np.uint64)
    for i in range(8):
        gram |= folded[at + i].astype(np.uint64) << np.uint64(8 * i)
    return np.unique(gram * np.uint64(0x9E3779B97F4A7C15))


def read(path):
    with open(path, "rb") as f:
        data = f.read(PART)
        size = path.stat().st_size
        if size > 2 * PART:
            f.seek(size // 2)
            data += b"\0" + f.read(PART)
    return data


files = sorted((hashlib.sha256(str(p).encode("utf8", "surrogateescape")).digest(), p)
               for folder in sys.argv[1:] for p in pathlib.Path(folder).rglob("*") if p.is_file() and not p.is_symlink())
words = np.zeros(1 << (TABLE_BITS - 5), dtype=np.uint32)
for low, high, ends, most, share in KINDS:
    chosen = [p for _, p in files if low <= p.stat().st_size < high and p.name.lower().endswith(ends)][:most]
    counts = np.zeros(1 << CELL_BITS, dtype=np.uint16)
    for path in chosen:
        counts[np.unique(hashes(read(path)) >> np.uint64(64 - CELL_BITS))] += 1
    common = np.flatnonzero(counts >= share * len(chosen)).astype(np.uint64) >> np.uint64(CELL_BITS - TABLE_BITS)
    print(f"{len(chosen)} files, {len(common)} grams", file=sys.stderr)
    for cell in np.unique(common):
        words[int(cell) >> 5] |= np.uint32(1 << (int(cell) & 31))
print(f"{sum(bin(int(w)).count('1') for w in words)} bits of {1 << TABLE_BITS}", file=sys.stderr)
print("""/* SPDX-License-Identifier: Apache-2.0 */
/* common_table.h - written by tools/make_common.py; not edited by hand.
 *
 * A set of hashes of eight folded printable bytes: bit (hash >> 45) is set if they are common. */
/* clang-format off */""")
print(f"static const uint32_t common_words[{len(words)}] = {{")
for i in range(0, len(words), 14):
    print("    " + " ".join(f"{int(w):#x}u," for w in words[i:i + 14]))
print("};")
