#!/usr/bin/env python3
"""cliffs.py OVERT [--yara BIN] [--yarac BIN] [--work FOLDER] [NAME...]: where scanners fall off: one file of 2 GiB (a hole,
and real bytes), one of one byte, 100,000 small files, 50,000 generated rules. Processor seconds of both, all
processes, and the largest resident set of one process. The rules are the shared public sets, compiled by both."""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"
VARIABLES = ("filename", "filepath", "extension", "filetype", "owner")
DEFINES = [word for name in VARIABLES for word in ("-d", name + "=x")]
MEASURE = ("import resource,subprocess,sys\n"
           "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
           "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
           "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)\n"
           "sys.stderr.write(done.stderr.decode('latin1')[-300:])")


def measure(command):
    """(CPU seconds, MiB)"""
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=True)
    code, cpu, mib = done.stdout.split()
    if code != "0":
        sys.exit(f"{command[:3]}: exit {code}: {done.stderr}")
    return float(cpu), int(mib)


def told(what, theirs, ours):
    print(f"{what}: yara {theirs[0]:.2f} s, {theirs[1]} MiB; overt {ours[0]:.2f} s, {ours[1]} MiB: "
          f"{theirs[0] / max(ours[0], 0.001):.1f} times", flush=True)


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, pathlib.Path(folder)
        files = sorted(p for p in (SHARED / "rules/yara").rglob("*") if p.suffix in (".yar", ".yara"))
        self.compile("public", [f"n{i:05}:{p}" for i, p in enumerate(files)])

    def compile(self, name, sources):
        theirs = measure([self.options.yarac, "-w", *DEFINES, *sources, self.path(name + ".yarc")])
        ours = measure([self.options.overt, "yarac", "-w", *DEFINES, *sources, self.path(name + ".ovdb")])
        told(f"compiling {name}", theirs, ours)

    def path(self, name):
        return str(self.folder / name)

    def scan(self, what, target, rules="public", more=()):
        tail = ["-w", "-p", "1", *more, "-C"]
        told(what, measure([self.options.yara, *tail, self.path(rules + ".yarc"), target]),
             measure([self.options.overt, "yara", *tail, self.path(rules + ".ovdb"), target]))

    def byte(self):
        pathlib.Path(self.path("byte")).write_bytes(b"M")
        self.scan("one file of one byte", self.path("byte"))

    def hole(self):
        with open(self.path("hole"), "wb") as out:
            out.truncate(2 << 30)
        self.scan("one file of 2 GiB, all of it a hole", self.path("hole"))
        os.unlink(self.path("hole"))

    def large(self):
        left = 2 << 30
        with open(self.path("large"), "wb") as out:
            for name in sorted(pathlib.Path("/usr").rglob("*")):
                if left and name.is_file() and not name.is_symlink() and os.access(name, os.R_OK):
                    left -= out.write(name.read_bytes()[:left])
        if left:
            print(f"/usr has {left >> 20} MiB too little", flush=True)
        self.scan("one file of 2 GiB, the files of /usr one behind the other", self.path("large"))
        os.unlink(self.path("large"))

    def small(self):
        chance = random.Random(1)
        top = self.folder / "small"
        for i in range(100):
            (top / str(i)).mkdir(parents=True)
            for j in range(1000):
                (top / str(i) / str(j)).write_bytes(chance.randbytes(chance.randrange(1, 2000)))
        self.scan("100,000 files of 1 KiB", str(top), more=["-r"])

    def many(self):
        chance = random.Random(2)
        words = [w for w in pathlib.Path("/usr/bin/python3").resolve().read_bytes().split(b"\0") if w.isalnum() and 4 < len(w) < 30]
        with open(self.path("many.yar"), "w") as out:
            for i in range(50000):
                text = chance.choice(words).decode() + "%06x" % chance.getrandbits(24)
                raw = chance.randbytes(12).hex(" ")
                out.write(f'rule r{i} {{ strings: $a = "{text}" {chance.choice(["", "wide", "nocase", "ascii wide"])} '
                          f'$b = {{ {raw[:17]} ?? {raw[18:]} }} $c = /{text[:6]}[0-9a-f]{{4,8}}x/ '
                          f'condition: {chance.choice(["any of them", "all of them", "uint16(0) == 0x5a4d and any of them", "2 of them"])} }}\n')
        self.compile("many", [self.path("many.yar")])
        piece = bytearray()
        for name in sorted(pathlib.Path("/usr/bin").iterdir()):
            if name.is_file() and len(piece) < 64 << 20:
                piece += name.read_bytes()
        pathlib.Path(self.path("bin")).write_bytes(piece[:64 << 20])
        self.scan("64 MiB of programs with 50,000 generated rules", self.path("bin"), "many")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overt", type=os.path.abspath)
    parser.add_argument("--yara", default="yara")
    parser.add_argument("--yarac", default="yarac")
    parser.add_argument("--work", default=None)
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    names = ["byte", "hole", "many", "small", "large"]
    if set(options.names) - set(names):
        parser.error(f"one of {', '.join(names)}")
    if not SHARED.is_dir():
        print(f"1..0 # SKIP {SHARED} is not here")
        return
    with tempfile.TemporaryDirectory(prefix="cliffs.", dir=options.work) as folder:
        bench = Bench(options, folder)
        for name in options.names or names:
            getattr(bench, name)()


main()
