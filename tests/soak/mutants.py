#!/usr/bin/env python3
"""mutants.py --overt PATH [--count N] [--seed S] [--samples DIR]: damaged containers, through the real jail.

Mutants of Debian's clamav-testfiles (every kind of container that ClamAV opens), made by a generator
with a seed: bits turned, numbers set to their extremes, parts cut, doubled, moved, or taken from another
sample. None may kill a worker or run out of time: every file must be answered CLEAN, DETECTED or
INCOMPLETE. Prints TAP; a mutant that fails is kept, and its name printed."""
import argparse
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

BATCH = 100
LARGE_EVERY = 10  # of the few samples over 100 kB, so many times fewer mutants


def mutate(rnd, data, other):
    """One to eight changes of random kinds."""
    data = bytearray(data)
    for _ in range(rnd.choice((1, 1, 2, 3, 8))):
        if not data:
            break
        at = rnd.randrange(len(data))
        if rnd.random() < 0.3:  # headers stand in front
            at = rnd.randrange(min(len(data), 512))
        kind = rnd.randrange(8)
        if kind == 0:
            data[at] ^= 1 << rnd.randrange(8)
        elif kind == 1:
            data[at] = rnd.choice((0, 1, 0x7f, 0x80, 0xff))
        elif kind == 2:
            value = rnd.choice((0, 1, 0x7fffffff, 0x80000000, 0xffffffff, len(data), rnd.getrandbits(32)))
            data[at:at + 4] = struct.pack(rnd.choice(("<I", ">I")), value & 0xffffffff)
        elif kind == 3:
            del data[at:at + rnd.choice((1, 4, 64, len(data)))]
        elif kind == 4:
            size = rnd.choice((1, 16, 512))
            data[at:at] = data[at:at + size]
        elif kind == 5:
            data[at:at + 16] = rnd.randbytes(16)
        elif kind == 6:
            start = rnd.randrange(len(other))
            data[at:at + 64] = other[start:start + rnd.choice((16, 64, 1024))]
        else:
            size = rnd.choice((4, 32, 256))
            to = rnd.randrange(len(data))
            data[to:to + size] = data[at:at + size]
    return bytes(data)


def pick(rnd, samples):
    """A sample's name; large ones cost more and are picked less."""
    while True:
        name = rnd.choice(sorted(samples))
        if len(samples[name]) < 100_000 or rnd.randrange(LARGE_EVERY) == 0:
            return name


def run_batch(overt, folder):
    """Scans a folder of mutants. Returns the lines of those that were not answered as they must be."""
    done = subprocess.run([overt, "scan", "--no-progress", "--json", str(folder)],
                          capture_output=True, timeout=1800, check=False)
    bad, seen = [], 0
    for line in done.stdout.splitlines():
        record = json.loads(line)
        if "path" not in record:
            continue
        seen += 1
        if record.get("verdict") not in ("CLEAN", "DETECTED", "INCOMPLETE"):
            bad.append(line.decode("utf8", "replace"))
    wanted = sum(1 for _ in folder.iterdir())
    if seen != wanted or done.returncode not in (0, 1, 3):
        bad.append(f"{seen} answers for {wanted} files, exit {done.returncode}: {done.stderr[-500:]!r}")
    return bad


def main():
    """Parses arguments, runs batches, tells."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--overt", required=True)
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", default="/usr/share/clamav-testfiles")
    args = parser.parse_args()
    print("1..1")
    paths = [p for p in pathlib.Path(args.samples).glob("clam*") if p.is_file()]
    if not paths:
        print("ok 1 - mutants # SKIP no samples: install clamav-testfiles")
        return 0
    samples = {p.name: p.read_bytes() for p in paths}
    rnd = random.Random(args.seed)
    kept = pathlib.Path(tempfile.mkdtemp(prefix="overt-mutants."))
    bad = []
    for first in range(0, args.count, BATCH):
        folder = kept / f"{first:06}"
        folder.mkdir()
        for number in range(first, min(first + BATCH, args.count)):
            name = pick(rnd, samples)
            other = samples[pick(rnd, samples)]
            (folder / f"{number:06}-{name}").write_bytes(mutate(rnd, samples[name], other))
        found = run_batch(args.overt, folder)
        bad += found
        if not found:
            shutil.rmtree(folder)
    for line in bad[:20]:
        print(f"# {line}")
    print(f"{'not ok' if bad else 'ok'} 1 - {args.count} mutants of seed {args.seed} are answered")
    if bad:
        print(f"# kept in {kept}")
    else:
        shutil.rmtree(kept)
    return 1 if bad else 0


sys.exit(main())
