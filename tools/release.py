#!/usr/bin/env python3
"""release.py [-o FOLDER]: the committed source as a release, the same bytes from whoever makes it:

    overt-VERSION.tar.xz              the source
    overt-VERSION-linux-x86_64.tar.xz what `meson install --strip` puts below /usr
    overt-VERSION.cdx.json            what is linked in (CycloneDX 1.6)
    overt-VERSION.binary              the body of its entry in the log, for `overt-publish binary`
    SHA256SUMS                        of all these

--build FOLDER --installed FOLDER take a build and its DESTDIR as they are, in place of making them."""
import argparse
import io
import os
import pathlib
import stat
import subprocess
import sys
import tarfile
import tempfile

import building

MACHINE = "linux-x86_64"


def tar(folder, out, top, when, preset=6):
    """`folder` as OUT, its members below `top`: sorted, of one time, of root, modes without the umask's part."""
    with tarfile.open(out, "w:xz", format=tarfile.GNU_FORMAT, preset=preset) as archive:
        for path in [folder, *sorted(folder.rglob("*"), key=lambda p: str(p.relative_to(folder)))]:
            name = top if path == folder else f"{top}/{path.relative_to(folder)}"
            member = tarfile.TarInfo(name)
            member.mtime = when
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
                archive.addfile(member)
            elif stat.S_ISDIR(mode):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            else:
                data = path.read_bytes()
                member.size, member.mode = len(data), 0o755 if mode & 0o100 else 0o644
                archive.addfile(member, io.BytesIO(data))


def binary_body(usr):
    """What the log is to say of the release: each file with its digest, the commit, how to build it."""
    lines = [f"file {digest} {name}" for name, (kind, digest) in building.files(usr).items()
             if kind.startswith("file")]
    lines.append(f"commit {building.commit()}")
    lines.append(f"recipe Debian 12 {building_tools()}")
    env = " ".join(f"{k}={v}" for k, v in sorted(building.ENVIRONMENT.items()))
    lines += [f"recipe {env} {' '.join(command)}" for command in building.recipe(2)]
    return "\n".join(lines) + "\n"


def building_tools():
    """The versions that decide what comes out."""
    out = subprocess.run(["dpkg-query", "-W", "-f=${Package}=${Version} ", "gcc-12", "binutils", "meson", "libc6-dev",
                          "libssl-dev", "libarchive-dev"], capture_output=True, text=True, check=True).stdout
    return out.strip()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-o", "--output", default=str(building.ROOT / "build-release"))
    options.add_argument("--build", help=argparse.SUPPRESS)
    options.add_argument("--installed", help=argparse.SUPPRESS)
    args = options.parse_args()
    out = pathlib.Path(args.output)
    out.mkdir(parents=True, exist_ok=True)
    when, name = building.commit_time(), f"overt-{building.version()}"
    os.umask(0o022)
    if building.git("status", "--porcelain", "--untracked-files=no"):
        print("release: what is not committed is not in it", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="overt-release.") as scratch:
        tree = pathlib.Path(scratch) / name
        building.export(tree)
        tar(tree, out / f"{name}.tar.xz", name, when)
        build, installed = args.build, args.installed
        if build is None:
            installed, build = building.build(tree, os.cpu_count() or 1), tree / "build"
        usr = pathlib.Path(installed) / "usr"
        tar(usr, out / f"{name}-{MACHINE}.tar.xz", f"{name}-{MACHINE}", when)
        (out / f"{name}.binary").write_text(binary_body(usr))
        subprocess.run([sys.executable, building.ROOT / "tools/sbom.py", build, "--files", installed, "-o",
                        out / f"{name}.cdx.json"], check=True)
    names = [f"{name}.tar.xz", f"{name}-{MACHINE}.tar.xz", f"{name}.cdx.json", f"{name}.binary"]
    (out / "SHA256SUMS").write_text("".join(f"{building.sha256(out / n)}  {n}\n" for n in names))
    print((out / "SHA256SUMS").read_text(), end="")
    print(f"in {out}; to have the log say so: overt-publish binary LOG {name} {out / name}.binary, then sign and publish")


if __name__ == "__main__":
    sys.exit(main())
