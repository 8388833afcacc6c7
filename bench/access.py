# SPDX-License-Identifier: Apache-2.0
"""What on-access protection costs, on a tmpfs of its own: no disk hides it there. As root. Used by run.py; alone:
python3 bench/access.py BUILD [PACKAGE.deb [NPM_PROJECT NPM_CACHE]]: dpkg -i of that package, npm ci of that project without a network."""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from clamd import cpu_s  # noqa: E402

OPENS, ROUNDS = 2000, 5
MODES = {"none": None, "exec": "OnAccess exec", "open": "OnAccess open"}


class Guarded:
    """overtd over `place`, with what it used of the processor; without a mode, nothing."""

    def __init__(self, build, home, place, mode):
        self.mode, self.process = mode, None
        if mode is None:
            return
        sock = home / "sock"
        sock.unlink(missing_ok=True)
        (home / "overtd.conf").write_text(f"LocalSocket {sock}\nLogFile {home}/log\nOnAccessPath {place}\n{mode}\n"
                                          "OnAccessPrevention yes\n")
        self.process = subprocess.Popen([build / "overtd", "-c", home / "overtd.conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (home / "log").exists() or "is ready" not in (home / "log").read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit("overtd did not start: " + (home / "log").read_text()[-500:])
            time.sleep(0.02)

    def used(self):
        return 0 if self.process is None else cpu_s(self.process.pid)

    def stop(self, home):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            (home / "log").unlink()


class Clamonacc:
    """ClamAV's own, beside it: clamd with one signature, and clamonacc over `place`."""
    PROGRAM = pathlib.Path("/usr/sbin/clamonacc")

    def __init__(self, home, place):
        self.home = home / "clam"
        shutil.rmtree(self.home, ignore_errors=True)
        (self.home / "db").mkdir(parents=True)
        (self.home / "db/a.ndb").write_text("Bench.One:0:*:" + b"needle-one-two".hex() + "\n")
        for folder in (home.parent, home, self.home, self.home / "db"):
            folder.chmod(0o755)
        shutil.chown(self.home, "clamav")
        conf = self.home / "clamd.conf"
        conf.write_text(f"LocalSocket {self.home}/sock\nDatabaseDirectory {self.home}/db\nForeground yes\nUser clamav\n"
                        f"MaxThreads {os.cpu_count()}\nOnAccessIncludePath {place}\nOnAccessPrevention yes\n"
                        "OnAccessExcludeUname clamav\n")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes = [subprocess.Popen(["/usr/sbin/clamd", "-c", conf], **quiet)]
        self.wait((self.home / "sock").exists, "clamd")
        log = self.home / "log"
        self.processes.append(subprocess.Popen([self.PROGRAM, "-c", conf, "--foreground", "--fdpass", "--log", log], **quiet))
        probe = place / "probe"
        self.wait(lambda: log.exists() and "watching" in log.read_text(), "clamonacc")

        def watched():
            probe.unlink(missing_ok=True)
            probe.write_text("needle-one-two")
            return subprocess.run(["timeout", "20", "cat", probe], **quiet).returncode == 1
        self.wait(watched, "protection by clamonacc")
        probe.unlink()

    def wait(self, condition, what):
        until = time.monotonic() + 90
        while not condition():
            if any(p.poll() is not None for p in self.processes) or time.monotonic() > until:
                sys.exit(f"no {what}")
            time.sleep(0.2)

    def used(self):
        return sum(cpu_s(p.pid) for p in self.processes)

    def stop(self, _home):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def guard(build, home, place, mode):
    return Clamonacc(home, place) if mode == "clamonacc" else Guarded(build, home, place, MODES[mode])


def latency(build, home, place):
    folder = place / "opens"
    folder.mkdir()
    for i in range(OPENS):
        (folder / str(i)).write_bytes(i.to_bytes(4, "little") * 1024)
    time.sleep(0.2)  # past the kernel's tick: what has just changed is not remembered

    def opens():
        done = subprocess.run([build / "bench/open_bench", folder], stdout=subprocess.PIPE, text=True, check=True)
        return tuple(map(float, done.stdout.split()))

    rows = {"none": [], "cold": [], "cached": []}
    if Clamonacc.PROGRAM.exists():
        rows |= {"clamonacc, cold": [], "clamonacc, again": []}
    for _ in range(ROUNDS):
        rows["none"].append(opens())
        guarded = Guarded(build, home, place, MODES["open"])
        rows["cold"].append(opens())
        rows["cached"].append(opens())
        guarded.stop(home)
        if Clamonacc.PROGRAM.exists():
            peer = Clamonacc(home, place)
            rows["clamonacc, cold"].append(opens())
            rows["clamonacc, again"].append(opens())
            peer.stop(home)
    for name, values in rows.items():
        print(f"access: an open of 4 KiB, {name}: p50 {statistics.median(v[0] for v in values):.1f} us, "
              f"p99 {statistics.median(v[1] for v in values):.1f} us")


# --- whole jobs -----------------------------------------------------------------------------------

def install(package):
    """dpkg unpacks and configures a package of many files."""
    def job(place):
        root = place / "root"
        shutil.rmtree(root, ignore_errors=True)
        for folder in ("info", "updates", "triggers"):
            (root / "var/lib/dpkg" / folder).mkdir(parents=True)
        (root / "var/lib/dpkg/status").write_text("")
        return ["dpkg", f"--root={root}", "--force-depends", "--force-unsafe-io", "-i", str(package)], None
    return job


def build_job(sources):
    """The compiler proper and the assembler are started from the guarded place, for each file."""
    def job(place):
        tools, out = place / "tools", place / "objects"
        if not tools.exists():
            tools.mkdir()
            for name in ("cc1", "as"):
                path = subprocess.run(["gcc", f"-print-prog-name={name}"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
                shutil.copy(shutil.which(path) or path, tools / name)
            shutil.copytree(sources / "src", place / "src")
            shutil.copytree(sources / "include", place / "include")
            time.sleep(0.2)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        files = sorted((place / "src/base").glob("*.c")) + sorted((place / "src/trust").glob("*.c"))
        lines = [f"gcc -B{tools} -std=c11 -D_GNU_SOURCE -I{place}/src -I{place}/include -DOV_VERSION='\"0\"' -c {f} -o {out}/{f.stem}.o"
                 for f in files]
        return ["sh", "-ec", "\n".join(lines)], None
    return job


def npm(project, cache):
    def job(place):
        work = place / "npm"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(project / name, work)
        if not (place / "npm-cache").exists():
            shutil.copytree(cache, place / "npm-cache")
            shutil.copy(os.path.realpath(shutil.which("node")), place / "node")
            time.sleep(0.2)
        cli = os.path.realpath(shutil.which("npm"))
        return [str(place / "node"), cli, "ci", "--offline", "--no-audit", "--no-fund", "--cache", str(place / "npm-cache")], work
    return job


def run_job(command, cwd):
    before = os.times()
    began = time.monotonic()
    subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    wall = time.monotonic() - began
    after = os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def overhead(build, home, place, name, job):
    modes = [*MODES] + (["clamonacc"] if Clamonacc.PROGRAM.exists() else [])
    walls, cpus = {m: [] for m in modes}, {m: [] for m in modes}
    job(place)
    for _ in range(ROUNDS):
        for mode in modes:
            command, cwd = job(place)
            guarded = guard(build, home, place, mode)
            before = guarded.used()
            wall, cpu = run_job(command, cwd)
            cpus[mode].append(cpu + guarded.used() - before)
            walls[mode].append(wall)
            guarded.stop(home)
    plain = min(walls["none"]), min(cpus["none"])
    print(f"access: {name}: {plain[0]:.2f} s alone; "
          + "; ".join(f"{mode} {100 * (min(walls[mode]) / plain[0] - 1):+.0f} % (processor {100 * (min(cpus[mode]) / plain[1] - 1):+.0f} %)"
                      for mode in modes[1:]) + " (target: under 20 %)")


def access(build, tmp, package=None, npm_project=None, npm_cache=None):
    build = pathlib.Path(build)
    subprocess.run(["ninja", "-C", build, "bench/open_bench"], stdout=subprocess.DEVNULL, check=True)
    place, home = pathlib.Path(tmp) / "guarded", pathlib.Path(tmp) / "home"
    place.mkdir()
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    try:
        latency(build, home, place)
        overhead(build, home, place, "a C build (compiler on the guarded file system)",
                 build_job(pathlib.Path(__file__).resolve().parents[1]))
        if package:
            overhead(build, home, place, f"dpkg -i {package.name}", install(package))
        if npm_project:
            overhead(build, home, place, "npm ci", npm(npm_project, npm_cache))
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def access_figure(overt, tmp):
    """What needs nothing but this tree: latencies and a C build."""
    if os.geteuid() != 0:
        print("access: only root may watch opens: not measured")
        return
    access(pathlib.Path(overt).parent, tmp)


if __name__ == "__main__":
    given = [pathlib.Path(word).resolve() for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="overt-access-") as folder:
        access(given[0], folder, *given[1:])
