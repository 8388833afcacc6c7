#!/usr/bin/env python3
"""Writes src/compile/rarity_table.h: how common two neighbouring bytes are in ordinary files.

Usage: make_rarity.py FOLDER... > src/compile/rarity_table.h
Reads up to 64 KiB from three places of a sample of the files; text is counted once more as UTF-16.
The table need not be exact and is made anew only when the matcher's statistics say so.
"""
import math
import pathlib
import sys

PART = 65536
counts = [0.0] * (128 * 128)


def fold(byte):
    """As the matcher folds, then squeezed: bit 5 is always set."""
    return (byte & 0x1F) | (byte >> 1 & 0x60) & 0x60


def add(data, weight):
    squeezed = bytes(fold(b | 0x20) for b in range(256))
    folded = data.translate(squeezed)
    for i in range(len(folded) - 1):
        counts[folded[i] << 7 | folded[i + 1]] += weight


files = [p for folder in sys.argv[1:] for p in sorted(pathlib.Path(folder).rglob("*"))
         if p.is_file() and not p.is_symlink() and p.stat().st_size > 256]
for path in files[:: max(1, len(files) // 1500)]:
    data = path.read_bytes()
    for start in {0, len(data) // 3 // 4096 * 4096, len(data) * 2 // 3 // 4096 * 4096}:
        part = data[start:start + PART]
        add(part, 1.0)
        if part and sum(b >= 0x80 or b == 0 for b in part) * 50 < len(part):
            wide = part[:PART // 4].decode("latin-1").encode("utf-16-le")
            add(wide, 0.5)

total = sum(counts)
rows = []
for first in range(128):
    row = ""
    for second in range(128):
        share = (counts[first << 7 | second] + 0.2) / total
        row += chr(48 + max(0, min(63, round(-2 * math.log2(share)))))
    rows.append(row)
print("""/* SPDX-License-Identifier: Apache-2.0 */
/* rarity_table.h - written by tools/make_rarity.py; not edited by hand.
 *
 * Row: a byte | 0x20 without bit 5, squeezed to 7 bits; column: the byte behind it. The entry is
 * '0' + twice the negative binary logarithm of its share of all pairs (48..111). */
/* clang-format off */""")
print("static const char rarity_rows[128][129] = {")
for row in rows:
    text = row.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    print('    "%s"' % row[:64].replace("\\", "\\\\").replace("?", "\\?"))
    print('    "%s",' % row[64:].replace("\\", "\\\\").replace("?", "\\?"))
print("};")
