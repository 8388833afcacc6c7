"""made.py: what the makers of variants share: where they put them, the test file, and who they are.

A variant's name begins with what must come of it:
  pos_  DETECTED
  any_  DETECTED, or INCOMPLETE with its reason: cut, damaged, contradictory
  inc_  the same: encrypted, of a kind that is known and not opened
  vol_  the same: one of several files
  neg_  CLEAN: it merely speaks of the test file, or holds nothing
"""
import io
import os
import pathlib
import random
import subprocess
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(tempfile.mkdtemp(prefix="overt-variants."))
OUT = ROOT / "variants"
WORK = ROOT / "work"
FOLDER = WORK / "d"  # what archives are made of: the test file twice, words, random bytes

EICAR_BARE = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
EICAR = EICAR_BARE.ljust(128)

GROUPS = []  # functions that make variants, in order
SAMPLE = []  # those of them that are quick, and need no more than Python and common packers
NOT_MADE = []  # (who, why)

random.seed(7)
WORDS = b"".join(b"line %d of harmless words %d\n" % (n, random.randrange(10**6)) for n in range(3000))


def set_up():
    """The files that archives are made of."""
    (FOLDER / "sub/deeper").mkdir(parents=True)
    OUT.mkdir()
    (FOLDER / "e.com").write_bytes(EICAR)
    (FOLDER / "notes.txt").write_bytes(WORDS)
    (FOLDER / "sub/deeper/e2.com").write_bytes(EICAR)
    (FOLDER / "rnd").write_bytes(random.randbytes(70000))
    for name, file, data in (("s", "e.com", EICAR), ("c", "notes.txt", WORDS)):
        (WORK / name).mkdir()
        (WORK / name / file).write_bytes(data)


def run(*command, cwd=WORK, stdin=None, ok=(0,)):
    """Runs a packer in the working folder; returns what it wrote."""
    path = os.environ["PATH"] + ":/sbin:/usr/sbin"
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        input=stdin if stdin is not None else b"",
        capture_output=True,
        env={**os.environ, "PATH": path},
        timeout=100,
        check=False,
    )
    if done.returncode not in ok:
        for word in command:  # half a variant is none
            if isinstance(word, pathlib.Path) and word.parent == OUT:
                word.unlink(missing_ok=True)
        raise RuntimeError(f"{command[0]}: exit {done.returncode}: {done.stderr[-200:]!r}")
    return done.stdout


def put(name, data):
    """One variant."""
    (OUT / name).write_bytes(data)


def case(make):
    """Runs one maker; a packer that is missing or fails costs what is made with it, and is told."""
    try:
        make()
    except (OSError, RuntimeError, subprocess.TimeoutExpired) as why:
        NOT_MADE.append((getattr(make, "__name__", "?"), str(why)))


def group(sample=False):
    """Marks a function that makes variants."""

    def add(function):
        GROUPS.append(function)
        if sample:
            SAMPLE.append(function)
        return function

    return add


def zipfile_of(data, name="e.com", m=8):
    """A zip with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", m) as z:
        z.writestr(name, data)
    return out.getvalue()


def tar_of(*members):
    """A tar of (name, bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()
