#!/usr/bin/env python3
"""Writes src/compile/words_table.h: which three and four bytes in a row are common in ordinary files.

Usage: make_words.py FOLDER... > src/compile/words_table.h      (needs numpy)
Bytes are folded (| 0x20). A table is rows of cells, chosen by a hash of the bytes, each with one digit: 0, or the negative
binary logarithm of the share of all offsets, less 1. It need not be exact, and is made anew only when the matcher's
statistics say so.
"""
import hashlib
import pathlib
import sys

import numpy as np

PART = 1 << 18  # read from the front of each file
TOTAL = 160 << 20
COUNT_BITS = 24
ROW = 128
TABLES = (("common_threes", 3, 14, 2400), ("common_fours", 4, 16, 9000))  # bytes, bits of a table, entries


def folded(path):
    with open(path, "rb") as f:
        return np.frombuffer(f.read(PART), dtype=np.uint8) | 0x20


def grams(data, width):
    out = np.zeros(max(len(data) - width + 1, 0), dtype=np.uint32)
    for i in range(width):
        out |= data[i:len(data) - width + 1 + i].astype(np.uint32) << np.uint32(8 * i)
    return out


def cells(values, bits):
    return (values * np.uint32(0x9E3779B1)) >> np.uint32(32 - bits)


files = sorted((hashlib.sha256(str(p).encode("utf8", "surrogateescape")).digest(), p)
               for folder in sys.argv[1:] for p in pathlib.Path(folder).rglob("*") if p.is_file() and not p.is_symlink())
counts = {name: np.zeros(1 << COUNT_BITS, dtype=np.uint32) for name, _, _, _ in TABLES}
keys = {name: np.zeros(1 << COUNT_BITS, dtype=np.uint32) for name, _, _, _ in TABLES}
total = 0
for _, path in files:
    data = folded(path)
    total += len(data)
    for name, width, _, _ in TABLES:
        values = grams(data, width)
        at = cells(values, COUNT_BITS)
        here, times = np.unique(at, return_counts=True)
        counts[name][here] += times.astype(np.uint32)
        keys[name][at] = values
    if total >= TOTAL:
        break
print("""/* SPDX-License-Identifier: Apache-2.0 */
/* words_table.h - written by tools/make_words.py; not edited by hand.
 *
 * Cell (bytes * 0x9e3779b1) >> (32 - bits) of a table: 0, or a hexadecimal digit that says how common they are: the
 * negative binary logarithm of their share of all offsets is the digit and 1. */
/* clang-format off */""")
for name, width, bits, most in TABLES:
    top = np.argsort(counts[name])[::-1][:most]
    table = ["0"] * (1 << bits)
    for i in top[::-1]:
        share = int(counts[name][i]) / total
        digit = max(1, min(15, round(-np.log2(share)) - 1))
        table[int(cells(keys[name][i:i + 1], bits)[0])] = "0123456789abcdef"[digit]
    print(f"{name}: the last has a share of {int(counts[name][top[-1]]) / total:.2g}", file=sys.stderr)
    print(f"static const char {name}[{(1 << bits) // ROW}][{ROW} + 1] = {{")
    print("\n".join('    "' + "".join(table[i:i + ROW]) + '",' for i in range(0, 1 << bits, ROW)))
    print("};")
