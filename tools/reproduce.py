#!/usr/bin/env python3
"""reproduce.py: builds the committed source twice in different surroundings (path, umask, time
zone, locale, environment, number of jobs) and compares every installed file byte for byte."""
import argparse
import hashlib
import os
import pathlib
import stat
import subprocess
import sys
import tempfile


def build(top, name, umask, jobs, env):
    """Exports HEAD into top/name, builds, installs; returns the folder it was installed to."""
    tree = pathlib.Path(top) / name
    tree.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], check=True, capture_output=True).stdout
    old = os.umask(umask)
    try:
        subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
        environment = {**os.environ, **env, "DESTDIR": str(tree / "installed")}
        for command in (
            ["meson", "setup", "build", "--prefix=/usr", "-Dtests=false"],
            ["ninja", "-C", "build", f"-j{jobs}"],
            ["meson", "install", "-C", "build", "--no-rebuild"],
        ):
            subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)
    finally:
        os.umask(old)
    return tree / "installed"


def files(root):
    """Relative path -> (kind and execute bits, digest or link target)."""
    out = {}
    for path in sorted(root.rglob("*")):
        mode = path.lstat().st_mode
        name = str(path.relative_to(root))
        if stat.S_ISLNK(mode):
            out[name] = ("link", os.readlink(path))
        elif stat.S_ISREG(mode):
            out[name] = (oct(mode & 0o111), hashlib.sha256(path.read_bytes()).hexdigest())
    return out


def main():
    """Builds twice, compares, tells."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="overt-reproduce.") as top:
        a = files(build(top, "a", 0o022, 2, {"TZ": "UTC", "LC_ALL": "C", "USER": "alice"}))
        b = files(build(top, "b/with a longer name", 0o027, 1,
                        {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "USER": "bob", "HOME": top}))
    different = sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n))
    for name in different:
        print(f"differs: {name}: {a.get(name)} and {b.get(name)}")
    for name, (kind, digest) in a.items():
        if name not in different:
            print(f"same: {digest[:16]} {kind} {name}")
    print(f"{len(a)} installed files, {len(different)} differ")
    return 1 if different or not a else 0


sys.exit(main())
