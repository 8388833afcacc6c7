"""building.py - the committed source, built and installed as a release is: what tools/reproduce.py
and tools/release.py share."""
import contextlib
import hashlib
import os
import pathlib
import random
import stat
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def git(*words):
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True).stdout


def commit():
    return git("rev-parse", "HEAD").decode().strip()


def commit_time():
    return int(git("log", "-1", "--format=%ct").decode())


def version():
    """As meson.build has it."""
    for line in git("show", "HEAD:meson.build").decode().splitlines():
        if "version: '" in line:
            return line.split("version: '")[1].split("'")[0]
    raise SystemExit("meson.build: no version")


def export(tree, order=None):
    """The committed files as `tree`; `order` is a seed for the order in which they are made, which is the
    order that some file systems list them in."""
    tree = pathlib.Path(tree)
    names = git("ls-tree", "-r", "-z", "--name-only", "HEAD").decode().split("\0")[:-1]
    if order is not None:
        random.Random(order).shuffle(names)
    archive = subprocess.Popen(["git", "-C", str(ROOT), "archive", "HEAD"], stdout=subprocess.PIPE)
    with archive, tarfile.open(fileobj=archive.stdout, mode="r|") as tar:
        content = {m.name: (m, tar.extractfile(m).read() if m.isreg() else None) for m in tar}
    if archive.returncode != 0:
        raise SystemExit("git archive failed")
    for name in names:
        member, data = content[name]
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.issym():
            path.symlink_to(member.linkname)
        else:
            path.write_bytes(data)
            # As the umask has it, and executable where git says so.
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o111 & ~current_umask() if member.mode & 0o100 else 0))


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


# Run in the tree: nothing of another build may be taken over.
RECIPE = (
    ("meson", "setup", "build", "--prefix=/usr", "-Dtests=false"),
    ("ninja", "-C", "build", "-j{jobs}"),
    ("meson", "install", "-C", "build", "--no-rebuild", "--strip"),
)
ENVIRONMENT = {"CCACHE_DISABLE": "1", "CC": "gcc"}


def recipe(jobs):
    return [[word.format(jobs=jobs) for word in command] for command in RECIPE]


def build(tree, jobs, env=None):
    """Builds `tree`; returns the folder that it was installed to."""
    installed = pathlib.Path(tree) / "installed"
    environment = {**os.environ, **ENVIRONMENT, "DESTDIR": str(installed), **(env or {})}
    with contextlib.suppress(KeyError):
        del environment["PYTHONPATH"]
    for command in recipe(jobs):
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return installed


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files(root):
    """Relative path -> (kind and mode, digest or link target), of everything below `root`."""
    out = {}
    for path in sorted(pathlib.Path(root).rglob("*")):
        mode = path.lstat().st_mode
        name = str(path.relative_to(root))
        if stat.S_ISLNK(mode):
            out[name] = ("link", os.readlink(path))
        elif stat.S_ISDIR(mode):
            out[name] = (f"folder {stat.S_IMODE(mode):o}", "")
        else:
            out[name] = (f"file {stat.S_IMODE(mode):o}", sha256(path))
    return out
