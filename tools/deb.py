#!/usr/bin/env python3
"""deb.py [-o FOLDER] [--installed FOLDER]: the Debian package of the committed source, by packaging/debian.

--installed FOLDER takes what `meson install` put below that DESTDIR, with the prefix /usr, and builds
nothing."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import building


def package(out, installed=None, tree_of=None, options=""):
    """Builds in a copy; returns the .deb's path. `options` are dpkg-deb's."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overt-deb.") as scratch:
        tree = pathlib.Path(scratch) / f"overt-{building.version()}"
        if tree_of is None:
            building.export(tree)
        else:  # what is there, committed or not
            shutil.copytree(pathlib.Path(tree_of) / "packaging", tree / "packaging")
        shutil.copytree(tree / "packaging/debian", tree / "debian")
        env = {**os.environ, **building.ENVIRONMENT, "DEB_BUILD_OPTIONS": "nocheck noautodbgsym",
               "SOURCE_DATE_EPOCH": str(building.commit_time()), "OVERT_DEB_OPTIONS": options}
        if installed is not None:
            env["OVERT_INSTALLED"] = str(pathlib.Path(installed).resolve())
        done = subprocess.run(["dpkg-buildpackage", "-b", "-us", "-uc", *(["-d"] if installed else [])], cwd=tree,
                              env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"dpkg-buildpackage failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        deb = next(pathlib.Path(scratch).glob("*.deb"))
        return pathlib.Path(shutil.copy(deb, out / deb.name))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-o", "--output", default=str(building.ROOT / "build-release"))
    options.add_argument("--installed", help=argparse.SUPPRESS)
    args = options.parse_args()
    print(package(args.output, args.installed))


if __name__ == "__main__":
    sys.exit(main())
