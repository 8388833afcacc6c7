#!/usr/bin/env python3
"""kernels.py BUILD [PACKAGE...]: `overt prove` on other kernels than this machine's, in QEMU without hardware help.

For each package of a Debian kernel: boots it on an initramfs that holds the programs, the libraries that they
name, and busybox; tries every attack as root and as nobody, scans a file that is detected, and once more with
Landlock off, where the jail must refuse by name. Prints one line a kernel; exit 1 if one of them is not as it
should be. What the kernel said is kept in build-logs."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = ["overt", "overt-spawn", "overt-worker", "overt-compile", "overt-turncoat", "test-echo"]
TOOLS = ["/usr/bin/setpriv"]
DEFAULT = ["linux-image-cloud-amd64", "linux-image-6.12-cloud-amd64"]
SECONDS = 1200

INIT = r"""#!/bin/busybox sh
/bin/busybox mount -t tmpfs tmpfs /mnt
for d in bin lib lib64 usr etc o; do /bin/busybox cp -a /$d /mnt/; done
/bin/busybox mkdir /mnt/proc /mnt/sys /mnt/dev /mnt/tmp /mnt/root
exec /bin/busybox switch_root /mnt /o/run
"""

# A rootfs cannot be pivoted away from, so the programs run on a file system above it.
RUN = r"""#!/bin/busybox sh
export PATH=/bin:/usr/bin HOME=/root
for a in mount cat echo chmod mkdir sysctl uname ip; do busybox ln -s busybox /bin/$a; done
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmpfs /tmp; chmod 1777 /tmp /dev/shm
ip link set lo up
cd /o
{
echo "kernel $(uname -r)"
overt_user="/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups"
./overt prove; echo "root exit $?"
$overt_user ./overt prove; echo "nobody exit $?"
./overt scan --no-progress sample; echo "scan exit $?"
} > /dev/ttyS0 2>&1
echo o > /proc/sysrq-trigger
busybox sleep 60
"""

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def libraries(paths):
    """What the dynamic linker would map, by ldd."""
    found = set()
    for path in paths:
        done = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
        found |= set(re.findall(r"(/\S+) \(0x", done.stdout))
    return found


def pack(build, work):
    """The initramfs; one for all kernels."""
    root = work / "root"
    for folder in ("bin", "lib", "lib64", "usr/bin", "etc", "o", "mnt", "proc", "dev"):
        (root / folder).mkdir(parents=True)
    programs = [build / name for name in PROGRAMS]
    for path in programs:
        shutil.copy(path, root / "o")
    for path in [*TOOLS, *libraries([*map(str, programs), *TOOLS])]:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copy("/bin/busybox", root / "bin")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (root / "o/sample").write_text(EICAR)
    for name, text in (("init", INIT), ("o/run", RUN)):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    image = work / "initramfs"
    with open(image, "wb") as out:
        names = subprocess.run(["find", "."], cwd=root, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    return image


def fetch(package, work):
    """The kernel of a package; a package without one names the package that has it."""
    folder = work / package
    folder.mkdir()
    depends = subprocess.run(["apt-cache", "depends", "--important", package], capture_output=True, text=True,
                             check=True).stdout
    real = re.search(r"Depends: (linux-image-\d\S*)", depends)
    subprocess.run(["apt-get", "-qq", "download", real[1] if real else package], cwd=folder, check=True,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["dpkg-deb", "-x", next(folder.glob("*.deb")), folder / "x"], check=True)
    return next((folder / "x/boot").glob("vmlinuz-*"))


def boot(kernel, image, modules, log):
    """What came over the serial line."""
    done = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "2048", "-nographic", "-no-reboot", "-nic", "none",
         "-kernel", kernel, "-initrd", image, "-append", f"console=ttyS0 quiet panic=-1 lsm={modules}"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    log.write_text(text)
    return text


def judge(text, whole):
    """(what to print, good)"""
    named = re.search(r"kernel (\d\S+)$", text, re.M)
    exits = {who: code for who, code in re.findall(r"^(root|nobody|scan) exit (\d+)", text, re.M)}
    sums = re.findall(r"^(\d+ attacks: .*)$", text, re.M)
    if whole:
        lacks = re.search(r"not on this machine: (\S+)$", text, re.M)
        good = exits == {"root": "0", "nobody": "0", "scan": "1"} and len(sums) == 2
        return f"{'; '.join(sorted(set(sums)))}; without {lacks[1] if lacks else 'nothing'}", good, named
    said = "jail layer 'landlock' cannot be had" in text
    return "without Landlock: refused by name" if said else "without Landlock: not refused", \
        said and exits == {"root": "2", "nobody": "2", "scan": "2"}, named


def main():
    """Every kernel in turn."""
    build = pathlib.Path(sys.argv[1]).resolve()
    logs = build.parent / "build-logs"
    logs.mkdir(exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="overt-kernels.") as tmp:
        work = pathlib.Path(tmp)
        image = pack(build, work)
        for package in sys.argv[2:] or DEFAULT:
            kernel = fetch(package, work)
            for whole, modules in ((True, "landlock,yama,apparmor"), (False, "yama")):
                log = logs / f"kernel-{package}-{'whole' if whole else 'without'}.log"
                said, good, named = judge(boot(kernel, image, modules, log), whole)
                print(f"{'ok' if good else 'NOT OK'}: {named[1] if named else package}: {said}", flush=True)
                failed += not good
    return 1 if failed else 0


sys.exit(main())
