"""trust.py - the figures of updates and of the ledger, each at sizes a tenth apart: what grows faster than its input shows.

CPU seconds of all processes, jails included. Rules are generated, one string each; the log is written by the tests' own
writer, so that what is measured is the client."""
import os
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))


def cpu_of(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([str(w) for w in command], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def rule(i):
    return (f"rule R{i} {{\n    meta:\n        description = \"number {i}\"\n    strings:\n"
            f"        $a = \"needle-{i * 2654435761 % (1 << 32):08x}-{i}\\x00\\x01\"\n    condition:\n        $a\n}}\n")


def updates(overt, tmp):
    """The first update of N rules, without news, and with 100 more."""
    from evil_log import EvilLog  # needs python3-cryptography
    now = int(time.time())
    for count in (1000, 10000, 100000):
        log = EvilLog(signers=3)
        folder = pathlib.Path(tmp) / f"log-{count}"
        folder.mkdir()
        for i in range(count):
            log.rule(f"R{i}", rule(i))
        (folder / "policy").write_text(log.policy("overt delay rule 0\novert probation 0\n"))
        (folder / "first").write_bytes(log.bundle(now - 120))
        again = log.pack(([], log.checkpoint(now - 60)), first=count)
        (folder / "again").write_bytes(again)
        for i in range(count, count + 100):
            log.rule(f"R{i}", rule(i))
        (folder / "more").write_bytes(log.pack((log.entries[count:], log.checkpoint(now)), first=count))
        figures = []
        for name in ("first", "again", "more"):
            command = [overt, "update", "--policy", folder / "policy", "--state", folder / "state", "--bundle", folder / name]
            figures.append(cpu_of(command)[0])
        print(f"trust: {count} rules of a log, CPU of all processes: verified, replayed, compiled and activated {figures[0]:.2f} s "
              f"({figures[0] / count * 1e6:.0f} us a rule); without news {figures[1]:.2f} s; 100 more rules {figures[2]:.2f} s")


def parts(build):
    """Inside one process: bench/trust_bench.c."""
    program = pathlib.Path(build) / "bench" / "trust_bench"
    subprocess.run(["ninja", "-C", str(build), "bench/trust_bench"], check=True, stdout=subprocess.DEVNULL)
    print(cpu_of([program])[1], end="")


def trust(overt, tmp):
    parts(pathlib.Path(overt).parent)
    updates(overt, tmp)
