#!/usr/bin/env python3
"""reproduce.py: builds the committed source twice in surroundings that differ in whatever a build
could pick up, and compares every installed file byte for byte. Exit: 0 the same, 1 different."""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import building

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
OTHER_USER = 65534
SECONDS_MAX = 7200


def other_namespaces():
    """Words that run a command as the first process of namespaces where mounts and a host name are its own."""
    words = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    return words


def disorder(source, place):
    """True: `place` shows `source`, with the names of every folder in another order (disorderfs)."""
    if shutil.which("disorderfs") is None or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return False
    place.mkdir(parents=True)
    return subprocess.run(["disorderfs", "--multi-user=yes", "--shuffle-dirents=yes", "--reverse-dirents=no",
                           source, place], capture_output=True, check=False).returncode == 0


def first(top):
    """As one would build it."""
    tree = pathlib.Path(top) / "a"
    os.umask(0o022)
    building.export(tree)
    user = f"user {os.getuid()}"
    print(f"first:  path {tree}, {user}, time as it is, umask 022, names as git lists them, 2 jobs", flush=True)
    return building.build(tree, 2, {"TZ": "UTC", "LC_ALL": "C", "USER": "alice"})


def second(top):
    """In namespaces of its own: another path, user, time, host, umask and order of names."""
    place = pathlib.Path(top) / "b/with a longer name"
    tree = pathlib.Path(top) / "b/behind"
    place.parent.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g", "tmpfs", place.parent], check=True)
    subprocess.run(["hostname", "elsewhere"], check=True)
    os.umask(0o027)
    building.export(tree, order=1)
    disordered = disorder(tree, place)
    if not disordered:
        if place.exists():
            place.rmdir()
        tree.rename(place)
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "USER": "bob", "HOME": str(place)}
    time = "time as it is (no libfaketime)"
    if os.path.exists(FAKETIME):
        env.update(LD_PRELOAD=FAKETIME, FAKETIME="+400d", FAKETIME_DONT_FAKE_MONOTONIC="1")
        time = "400 days later"
    if int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) > OTHER_USER:
        for folder, names, others in os.walk(top / pathlib.Path("b")):
            for name in ["", *names, *others]:
                os.chown(os.path.join(folder, name), OTHER_USER, OTHER_USER, follow_symlinks=False)
        os.chmod(top, 0o755)
        os.setgroups([])
        os.setresgid(*[OTHER_USER] * 3)
        os.setresuid(*[OTHER_USER] * 3)
    print(f"second: path {place}, user {os.getuid()}, {time}, host 'elsewhere', umask 027, names "
          f"{'shuffled by disorderfs' if disordered else 'in another order'}, 1 job", flush=True)
    return building.build(place, 1, env)




def build_second(top):
    """Runs second() in its namespaces; what it installed comes back as a tar through a pipe."""
    words = [*other_namespaces(), sys.executable, os.path.abspath(__file__), "--second", top]
    out = pathlib.Path(top) / "second"
    out.mkdir()
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        subprocess.run(["tar", "-x", "-p", "-C", str(out)], stdin=child.stdout, check=True, timeout=SECONDS_MAX)
        if child.wait(60) != 0:
            raise SystemExit("reproduce: the second build failed")
    finally:
        child.kill()
        child.wait()
    return out


def compare(a, b):
    """Tells each file; returns how many differ."""
    different = sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n))
    for name in different:
        print(f"differs: {name}: {a.get(name)} and {b.get(name)}")
    for name, (kind, digest) in a.items():
        if name not in different and digest:
            print(f"same: {digest[:16]} {kind} {name}")
    count = sum(1 for kind, digest in a.values() if digest)
    print(f"{count} installed files, {len(different)} differ")
    return len(different) if a else 1


def main():
    """Builds twice, compares, tells."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--second", help=argparse.SUPPRESS)
    options.add_argument("--keep", metavar="FOLDER", help="leave both installed trees there")
    args = options.parse_args()
    if args.second:
        out = os.dup(1)  # the tar; what is said goes to standard error
        os.dup2(2, 1)
        installed = second(args.second)
        subprocess.run(["tar", "-c", "-C", str(installed), "."], stdout=out, check=True)
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    with tempfile.TemporaryDirectory(prefix="overt-reproduce.") as top:
        a = first(top)
        b = build_second(top)
        if args.keep:
            shutil.copytree(a, pathlib.Path(args.keep) / "first", symlinks=True)
            shutil.copytree(b, pathlib.Path(args.keep) / "second", symlinks=True)
        return 1 if compare(building.files(a), building.files(b)) else 0


if __name__ == "__main__":
    sys.exit(main())
