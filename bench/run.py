#!/usr/bin/env python3
"""run.py [NAME...]: the figures of bench/README.md, each with its peer in the same run.

Prints one line a figure: name, ours, peer, ratio. CPU seconds are user + system of the whole
process tree as the kernel accounts finished children; the peers read the same files, page cache
warm. Absolute times differ between machines; the ratio is the figure."""
import argparse
import hashlib
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from access import access_figure  # noqa: E402
from clamd import clamd  # noqa: E402
from prohibited import prohibited  # noqa: E402
from trust import trust  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command, **kwargs):
    """Runs a command; returns (CPU seconds, wall seconds, exit code)."""
    pid_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                          **kwargs)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (pid_before.ru_utime + pid_before.ru_stime)
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{command[:4]}...: exit {done.returncode}: {done.stderr[-500:]!r}")
    return cpu, wall, done.returncode


def peak_mib(command):
    """The largest resident set of any one process of the command's tree, in MiB."""
    done = subprocess.run(["/usr/bin/env", "python3", "-c", (
        "import resource,subprocess,sys;"
        "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"), *command],
        capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def paired(ours, peer, rounds=5):
    """Runs the two in turn after one warm-up each; returns medians (ours, peer, ratio)."""
    run(ours)
    run(peer)
    a, b = [], []
    for _ in range(rounds):
        a.append(run(ours)[0])
        b.append(run(peer)[0])
    return (statistics.median(a), statistics.median(b),
            statistics.median(x / y for x, y in zip(a, b)))


def choose(top, limit, list_file):
    """A fixed pseudo-random choice of regular files below `top`, up to `limit` bytes."""
    found = []
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path) and "\n" not in path:
                found.append(path)
    found.sort(key=lambda p: hashlib.sha256(p.encode("utf8", "surrogateescape")).digest())
    total, chosen = 0, []
    for path in found:
        size = os.path.getsize(path)
        if 0 < size <= 64 << 20 and total + size <= limit:
            chosen.append(path)
            total += size
    pathlib.Path(list_file).write_text("\n".join(chosen) + "\n", errors="surrogateescape")
    return chosen, total


def small_files(overt, tmp):
    """Per-file cost of 4 KiB files through the jail, 32 in flight, one worker."""
    folder = pathlib.Path(tmp) / "small"
    folder.mkdir()
    count = 20000
    for i in range(count):
        if i % 1000 == 0:
            (folder / str(i // 1000)).mkdir()
        block = hashlib.sha256(str(i).encode()).digest() * 128
        (folder / str(i // 1000) / str(i)).write_bytes(block)
    one = folder / "one"
    one.mkdir()
    (one / "f").write_bytes(b"x" * 4096)
    scan = [overt, "scan", "--jobs", "1", "--quiet", "--no-progress"]
    walls, cpus = [], []
    for _ in range(6):
        base_cpu, base_wall, _ = run([*scan, one])
        cpu, wall, _ = run([*scan, folder])
        walls.append((wall - base_wall) / count * 1e6)
        cpus.append((cpu - base_cpu) / count * 1e6)
    print(f"small-files: {count} files of 4 KiB, one worker, 32 in flight: "
          f"{statistics.median(walls[1:]):.1f} us wall and {statistics.median(cpus[1:]):.1f} us CPU "
          f"a file (target: under 20 us)")
    shutil.rmtree(folder)


def throughput(overt, tmp):
    """Starter rules over 1 GB of /usr, against two ways to hash the same bytes."""
    listing = os.path.join(tmp, "list")
    files, total = choose("/usr", 1 << 30, listing)
    ours = [overt, "scan", "--jobs", "1", "--quiet", "--no-progress", "--file-list", listing]
    xargs = ["xargs", "-d", "\n", "-a", listing]
    print(f"throughput: {len(files)} files, {total / 1e6:.0f} MB of /usr")
    inside = ["--max-depth", "1"]
    for name, peer in (("openssl dgst -sha256", [*xargs, "openssl", "dgst", "-sha256"]),
                       ("sha256sum", [*xargs, "sha256sum"])):
        a, b, ratio = paired(ours, peer, 3)
        print(f"throughput: overt {a:.2f} s CPU, {name} {b:.2f} s CPU, ratio {ratio:.2f}")
        a, b, ratio = paired(ours + inside, peer, 3)
        print(f"throughput: the same without looking inside containers: overt {a:.2f} s CPU, "
              f"ratio to {name} {ratio:.2f}")


def start(overt, tmp):
    """One small file from a compiled database of 1,000,000 hashes."""
    lists = os.path.join(tmp, "million.hash")
    with open(lists, "w") as out:
        for i in range(1_000_000):
            digest = hashlib.sha256(str(i).encode()).hexdigest()
            out.write(f"{digest}:{1000 + i % 50000}:Test.Hash.{i}\n")
    database = os.path.join(tmp, "million.ovdb")
    _, wall, _ = run([overt, "compile", lists, "-o", database])
    print(f"start: compiling 1,000,000 hashes took {wall:.2f} s, "
          f"{os.path.getsize(database) / 1e6:.0f} MB")
    one = os.path.join(tmp, "one-file")
    pathlib.Path(one).write_bytes(b"hello\n" * 100)
    for name, more in (("starter rules", []), ("1,000,000 hashes", ["--rules", database])):
        command = [overt, "scan", "--quiet", "--no-progress", *more, one]
        run(command)
        walls = [run(command)[1] * 1e3 for _ in range(15)]
        print(f"start: one small file, {name}: {statistics.median(walls):.1f} ms wall "
              f"(target: under 30 ms), {peak_mib(command):.1f} MiB peak in one process")


def memory(overt, tmp):
    """Peak memory over /usr/lib."""
    listing = os.path.join(tmp, "list-memory")
    choose("/usr", 300 << 20, listing)
    command = [overt, "scan", "--jobs", "1", "--quiet", "--no-progress", "--file-list", listing]
    print(f"memory: 300 MB of /usr: {peak_mib(command):.1f} MiB peak in one process")


def products(overt, tmp):
    """Banned products: looked for by names, and by content."""
    del tmp
    prohibited(overt, run)


FIGURES = {"small-files": small_files, "throughput": throughput, "start": start, "memory": memory, "clamd": clamd,
           "access": access_figure, "trust": trust, "prohibited": products}


def main():
    """Runs the figures that were asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    options = parser.parse_args()
    for name in options.names:
        if name not in FIGURES:
            parser.error(f"'{name}' is none of {', '.join(FIGURES)}")
    overt = str((ROOT / options.build / "overt").resolve())
    with tempfile.TemporaryDirectory(prefix="overt-bench.", dir="/dev/shm") as tmp:
        for name in options.names or FIGURES:
            FIGURES[name](overt, tmp)


main()
