#!/usr/bin/env python3
"""release_test.py BUILD: a release's archive, bill of materials and log entry are right, and the same for
everyone; what was unpacked from it is what `overt verify-self` accepts. The build is the one at hand: that two
builds are the same is `./dev reproduce`."""
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import EXTRA, Client, Log, Server, run  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-release-test."))
sys.path.insert(0, str(ROOT / "tools"))
VERSION = re.search(r"version: '([^']*)'", (ROOT / "meson.build").read_text()).group(1)
NAME = f"overt-{VERSION}"
MACHINE = "linux-x86_64"


def make_release():
    """Once, for all tests: from an installation of this build."""
    installed, out = TMP / "installed", TMP / "one"
    if not out.exists():
        # The build's own prefix, whatever it is, becomes usr.
        done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--strip"], check=False, text=True,
                              env={**os.environ, "DESTDIR": str(TMP / "dest")}, capture_output=True)
        tap.same(done.returncode, 0, done.stdout + done.stderr)
        prefix = json.loads(subprocess.run(["meson", "introspect", BUILD, "--buildoptions"], check=True,
                                           capture_output=True).stdout)
        prefix = next(o["value"] for o in prefix if o["name"] == "prefix")
        shutil.copytree(str(TMP / "dest") + prefix, installed / "usr", symlinks=True)
        done = subprocess.run([sys.executable, ROOT / "tools/release.py", "--build", BUILD, "--installed", installed,
                               "-o", out], capture_output=True, text=True, check=False)
        tap.same(done.returncode, 0, done.stdout + done.stderr)
    return installed, out


def the_sums_hold_and_the_archives_unpack():
    installed, out = make_release()
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=out, check=True)
    listed = subprocess.run(["tar", "-tvf", out / f"{NAME}-{MACHINE}.tar.xz"], check=True, capture_output=True,
                            text=True).stdout
    for want in ("bin/overt", "sbin/overtd", "libexec/overt/overt-worker", "share/man/man1/overt-scan.1"):
        assert f" {NAME}-{MACHINE}/{want}\n" in listed, want
    tap.same({line.split()[1] for line in listed.splitlines()}, {"0/0"})
    tap.same(len({tuple(line.split()[3:5]) for line in listed.splitlines()}), 1, "times")
    source = subprocess.run(["tar", "-tf", out / f"{NAME}.tar.xz"], check=True, capture_output=True, text=True).stdout
    tap.same({n for n in subprocess.run(["git", "-C", ROOT, "ls-files"], check=True, capture_output=True,
                                        text=True).stdout.split() if f"{NAME}/{n}\n" not in source}
             - set(subprocess.run(["git", "-C", ROOT, "diff", "--cached", "--name-only", "--diff-filter=A"], check=True,
                                  capture_output=True, text=True).stdout.split()), set())


def another_time_and_order_makes_the_same_bytes():
    import release
    installed = make_release()[0]
    again = TMP / "again"
    (again / "usr").mkdir(parents=True)
    for path in sorted((installed / "usr").rglob("*"), reverse=True):  # made in another order, at another time
        place = again / path.relative_to(installed)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            place.symlink_to(os.readlink(path))
        elif path.is_file():
            shutil.copy(path, place)
            os.utime(place, (1, 1))
    for folder in (installed, again):
        release.tar(folder / "usr", TMP / f"{folder.name}.tar.xz", "top", 1000000000, preset=0)
    tap.same(*[hashlib.sha256((TMP / f"{n}.tar.xz").read_bytes()).hexdigest() for n in ("installed", "again")])
    tap.same(release.binary_body(again / "usr"), release.binary_body(installed / "usr"))


def the_bill_of_materials_is_cyclonedx_and_true():
    text = (make_release()[1] / f"{NAME}.cdx.json").read_text()
    bom = json.loads(text)
    by_name = {c["name"]: c for c in bom["components"]}

    def linked(name):
        return {p["value"].split("/")[-1].split("@")[0] for p in by_name[name]["properties"]
                if p["name"] == "overt:linked-in"}
    assert {"libarchive-dev", "libssl-dev", "zlib1g-dev", "libpcre2-dev", "libc6-dev"} <= linked("overt-worker")
    tap.same(linked("overt-spawn"), {"libc6-dev", "libgcc-12-dev"})
    version = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "libarchive-dev"], check=True, capture_output=True,
                             text=True).stdout
    tap.same(by_name["libarchive-dev"]["version"], version)
    refs = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    tap.same({r for d in bom["dependencies"] for r in (d["ref"], *d["dependsOn"])} - refs, set())
    assert by_name["usr/libexec/overt/overt-worker"]["hashes"][0]["content"]
    if importlib.util.find_spec("cyclonedx") is None:
        print("# SKIP cyclonedx-python-lib is not installed: not validated")
        return
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    tap.same(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text), None)


def what_was_unpacked_is_what_the_log_says():
    out = make_release()[1]
    subprocess.run(["tar", "-xf", out / f"{NAME}-{MACHINE}.tar.xz", "-C", TMP], check=True)
    prefix = TMP / f"{NAME}-{MACHINE}"
    log = Log(BUILD, TMP / "maker")
    log.tool("binary", log.folder, NAME, out / f"{NAME}.binary")
    log.sign()
    log.publish()
    server = Server(log.public)
    client = Client(BUILD, TMP / "client", log.policy([server.url], EXTRA + "overt delay binary 0\n"))
    client.update(check=0)
    words = [BUILD / "overt", "verify-self", "--prefix", prefix, "--policy", client.policy_path, "--state",
             client.state]
    said = run(*words)[1]  # other overts may be running on this machine: they are RUNNING
    assert f"release: {NAME}, entry 0" in said and "DIFFERS" not in said and "MISSING" not in said, said
    with open(prefix / "bin/overt", "ab") as file:
        file.write(b"x")
    code, said = run(*words)
    tap.same((code, "DIFFERS bin/overt: " in said), (1, True), said)
    server.close()


try:
    tap.run([the_sums_hold_and_the_archives_unpack, another_time_and_order_makes_the_same_bytes,
             the_bill_of_materials_is_cyclonedx_and_true, what_was_unpacked_is_what_the_log_says])
finally:
    shutil.rmtree(TMP, ignore_errors=True)
