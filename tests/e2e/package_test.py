#!/usr/bin/env python3
"""package_test.py BUILD: the Debian package, made of this build, is installed, upgraded, removed and purged in an
overlay over this machine's files: nothing of the machine changes. Needs root."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
UNITS = sorted(p.name for p in (ROOT / "packaging/systemd").iterdir() if p.suffix in (".service", ".socket", ".timer"))
USERS = ("overt", "overt-worker", "overt-fetch", "overt-guard")
# What systemd-analyze may find at most, of 10.0. overtd opens anybody's file and builds jails.
EXPOSURE_MAX = {"overtd.service": 50, "overt-update.service": 50, "overt-scan-quick.service": 50,
                "overt-scan-full.service": 50}
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def run(*words, code=0, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=600, **more)
    if code is not None:
        tap.same(done.returncode, code, f"{words}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def make(scratch):
    """Two versions of the package, of what is built already."""
    import deb
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--strip", env={**os.environ, "DESTDIR": f"{scratch}/dest"})
    options = json.loads(run("meson", "introspect", BUILD, "--buildoptions"))
    prefix = next(o["value"] for o in options if o["name"] == "prefix")
    root = scratch / "root"
    shutil.copytree(f"{scratch}/dest{prefix}", root / "usr", symlinks=True)
    if (root / "usr/etc").exists():
        shutil.move(root / "usr/etc", root / "etc")
    else:
        shutil.copytree(f"{scratch}/dest/etc", root / "etc")
    first = deb.package(scratch / "debs", root, tree_of=ROOT, options="-Zxz -z1")
    run("dpkg-deb", "-R", first, scratch / "next")
    control = scratch / "next/DEBIAN/control"
    control.write_text(control.read_text().replace("Version: 0.1.0-1", "Version: 0.1.0-2"))
    second = scratch / "debs/overt_0.1.0-2_amd64.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "-b", scratch / "next", second)
    return [first, second]


def of_overt():
    """Every path of the system that speaks of overt, and the accounts."""
    found = set()
    for top in ("/etc", "/usr", "/var", "/lib/systemd", "/run"):
        for folder, names, files in os.walk(top):
            if folder.startswith(("/var/lib/dpkg", "/var/log/dpkg", "/var/cache/debconf", "/usr/share/lintian",
                                  "/var/log/apt")):
                continue
            found |= {os.path.join(folder, n) for n in (*names, *files) if "overt" in n}
    accounts = {line for f in ("passwd", "group", "shadow", "gshadow")
                for line in pathlib.Path(f"/etc/{f}").read_text().splitlines() if line.startswith("overt")}
    return found, accounts


def installed_status():
    return subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Abbrev} ${Version}", "overt"], capture_output=True,
                          text=True, check=False).stdout.strip()


def the_package_is_clean_to_lintian():
    out = run("lintian", "--fail-on", "error,warning", "--suppress-tags",
              # The first upload of a package that no distribution has asked for; a native installer of caches.
              "initial-upload-closes-no-bugs,bogus-mail-host,bogus-mail-host-in-debian-changelog,no-manual-page",
              DEBS[0], code=None)
    serious = [line for line in out.splitlines() if line.startswith(("E:", "W:"))]
    tap.same(serious, [])


def it_asks_for_what_dev_installs():
    """Two lists of the same packages: what comes with a compiler, or by another name, is left out."""
    dev = re.search(r"^build_packages=\(\n(.*?)\n\)", (ROOT / "dev").read_text(), re.S | re.M).group(1).split()
    control = (ROOT / "packaging/debian/control").read_text().split("Build-Depends:")[1].split("\n\n")[0]
    asked = {word.strip() for word in control.split(",")} - {"debhelper-compat (= 13)", "python3:any"}
    tap.same(asked, set(dev) - {"gcc", "libc6-dev", "ninja-build", "python3-minimal"})


def it_installs_what_it_promises():
    out = run("dpkg", "-i", DEBS[0])
    tap.same(installed_status(), "ii  0.1.0-1", out)
    for user in USERS:
        run("getent", "passwd", user)
    for unit in UNITS:
        assert os.path.exists(f"/lib/systemd/system/{unit}"), unit
    for unit in ("overtd.service", "overtd.socket", "overt-update.timer", "overt-scan-quick.timer",
                 "overt-scan-full.timer"):
        assert list(pathlib.Path("/etc/systemd/system").glob(f"*.wants/{unit}")), f"{unit} is not enabled"
    for name in ("overt.1", "overt-scan.1", "overt-update.1", "overt-verify-self.1", "overtd.8", "overtd.conf.5",
                 "overt-publish.1", "overt-witness.1"):
        assert os.path.exists(f"/usr/share/man/man{name[-1]}/{name}.gz"), name
    for name in ("overt", "overt-publish", "overt-witness"):
        assert os.path.exists(f"/usr/share/bash-completion/completions/{name}"), name
    for path in ("/usr/include/overt", "/usr/bin/example-scan"):
        assert not os.path.exists(path), path


def what_is_installed_works():
    sample = pathlib.Path("/tmp/eicar")
    sample.write_bytes(EICAR)
    out = run("/usr/bin/overt", "scan", "--no-progress", sample, code=1)
    assert "DETECTED EICAR_Test_File" in out and "Jail:" not in out, out
    for folder in ("/run/overt", "/var/log/overt", "/var/lib/overt"):  # as RuntimeDirectory= and its like do
        os.makedirs(folder, exist_ok=True)
    daemon = subprocess.Popen(["/usr/sbin/overtd", "-c", "/etc/overt/overtd.conf"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, env={**os.environ, "RUNTIME_DIRECTORY": "/run/overt"})
    try:
        said = []
        for line in daemon.stderr:
            said.append(line)
            if "is ready" in line:
                break
        assert said and "is ready" in said[-1], said
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect("/run/overt/clamd.sock")
            s.sendall(b"zSCAN /tmp/eicar\0")
            tap.same(s.makefile("rb").read(), b"/tmp/eicar: EICAR_Test_File FOUND\0")
        for _ in range(200):
            if os.path.exists("/run/overt/status.json"):
                break
            time.sleep(0.1)
        assert "overtd      running" in run("/usr/bin/overt", "status", code=None)
        users = {pathlib.Path(f"/proc/{p}").stat().st_uid for p in os.listdir("/proc") if p.isdigit()
                 and "overt" in pathlib.Path(f"/proc/{p}/comm").read_text()}
        assert len(users) >= 3, users  # the supervisor, the gate, the worker: an account each
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
        daemon.stderr.close()


def the_units_are_sound():
    out = run("systemd-analyze", "verify", "--man=no", *[f"/lib/systemd/system/{u}" for u in UNITS], code=None)
    # Other packages' units are not ours to judge.
    tap.same([line for line in out.splitlines() if "overt" in line], [])
    for unit, most in EXPOSURE_MAX.items():
        run("systemd-analyze", "security", "--offline=yes", f"--threshold={most}", "--no-pager", unit)
    for name in ("quick", "full"):
        text = pathlib.Path(f"/lib/systemd/system/overt-scan-{name}.service").read_text()
        assert f"ExecStart=/usr/bin/overt scan --profile {name} " in text
        run("systemd-analyze", "calendar", re.search("OnCalendar=(.*)", pathlib.Path(
            f"/lib/systemd/system/overt-scan-{name}.timer").read_text()).group(1))


def the_sum_of_what_is_installed_holds():
    tap.same(run("dpkg", "--verify", "overt"), "")


def an_upgrade_keeps_what_the_owner_wrote():
    conf = pathlib.Path("/etc/overt/overtd.conf")
    conf.write_text(conf.read_text() + "MaxScanTime 60000\n")
    pathlib.Path("/etc/overt/policy").write_text("# the owner's\n")
    pathlib.Path("/var/lib/overt").mkdir(exist_ok=True)
    pathlib.Path("/var/lib/overt/state").write_text("some state\n")
    run("dpkg", "-i", DEBS[1])
    tap.same(installed_status(), "ii  0.1.0-2")
    assert conf.read_text().endswith("MaxScanTime 60000\n")
    assert os.path.exists("/etc/overt/policy") and os.path.exists("/var/lib/overt/state")


def removed_it_leaves_configuration_and_state():
    run("dpkg", "-r", "overt")
    assert not os.path.exists("/usr/bin/overt") and not os.path.exists("/usr/libexec/overt")
    assert os.path.exists("/etc/overt/overtd.conf") and os.path.exists("/var/lib/overt/state")


def purged_it_leaves_nothing():
    run("dpkg", "-P", "overt")
    tap.same(installed_status().startswith("ii"), False)
    found, accounts = of_overt()
    tap.same((sorted(found - BEFORE[0]), sorted(accounts - BEFORE[1])), ([], []))


def files_that_were_put_away_outlive_a_purge():
    run("dpkg", "-i", DEBS[0])
    kept = pathlib.Path("/var/lib/overt/quarantine/objects")
    kept.mkdir(parents=True)
    (kept / "one").write_bytes(b"somebody's file")
    pathlib.Path("/var/lib/overt/ledger").mkdir(exist_ok=True)
    out = run("dpkg", "-P", "overt")
    assert "/var/lib/overt/quarantine is not empty and stays" in out, out
    tap.same(sorted(os.listdir("/var/lib/overt")), ["quarantine"])
    tap.same((kept / "one").read_bytes(), b"somebody's file")


def enter():
    """Starts this again with an overlay over / as its root, in a mount and pid namespace."""
    with tempfile.TemporaryDirectory(prefix="overt-package.") as scratch:
        scratch = pathlib.Path(scratch)
        debs = make(scratch)
        script = f"""set -e
mount -t tmpfs -o size=2g tmpfs {scratch}/over
mkdir {scratch}/over/upper {scratch}/over/work {scratch}/over/root
mount -t overlay overlay -o lowerdir=/,upperdir={scratch}/over/upper,workdir={scratch}/over/work {scratch}/over/root
cd {scratch}/over/root
mount --rbind /dev dev
mount --rbind /sys sys
mount -t tmpfs tmpfs run
mkdir -p tmp/debs
cp {' '.join(map(str, debs))} tmp/debs/
mkdir -p tmp/old
pivot_root . tmp/old
mount -t proc proc /proc
cp -a /tmp/old{ROOT}/tests /tmp/old{ROOT}/tools /tmp/old{ROOT}/packaging /tmp/old{ROOT}/meson.build /tmp/old{ROOT}/dev /tmp/ 2>/dev/null
umount -l /tmp/old
exec {sys.executable} /tmp/tests/e2e/{pathlib.Path(__file__).name} {BUILD} --inside
"""
        (scratch / "over").mkdir()
        return subprocess.run(["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "bash", "-c",
                               script], check=False, timeout=800, env={**os.environ, "LC_ALL": "C"}).returncode


if sys.argv[2:] != ["--inside"]:
    if os.geteuid() != 0 or shutil.which("dpkg-buildpackage") is None or shutil.which("dh") is None:
        print("1..0 # SKIP needs root, dpkg-dev and debhelper")
        sys.exit(0)
    sys.exit(enter())
DEBS = sorted(pathlib.Path("/tmp/debs").glob("*.deb"))
BEFORE = of_overt()
tap.run([the_package_is_clean_to_lintian, it_asks_for_what_dev_installs, it_installs_what_it_promises, what_is_installed_works, the_units_are_sound,
         the_sum_of_what_is_installed_holds, an_upgrade_keeps_what_the_owner_wrote,
         removed_it_leaves_configuration_and_state, purged_it_leaves_nothing,
         files_that_were_put_away_outlive_a_purge])
