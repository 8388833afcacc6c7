#!/usr/bin/env python3
"""demo_update.py BUILD: a rule's whole way on one machine: published, cosigned, fetched, activated,
detecting; then the same as a file, on a machine without a network.

Everything happens in namespaces of its own (pid, mount, net; for an ordinary user, user, too), with its
files in a tmpfs of its own. Its first process ends when we do, however we end; then the kernel ends
the others, and nothing is left. The publisher (nginx serves its folder), the witnesses, the client
and the machine without a network have a network namespace each."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

SECONDS_MAX = 300  # for the whole of it
STEP_SECONDS_MAX = 120
WORK = pathlib.Path("/run/overt-demo")
# Who is root only in a namespace that an ordinary user made cannot become yet another user, as
# overt-fetch does: there overt runs as an ordinary user again.
AS_USER = [] if pathlib.Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"] \
    else ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
PUBLISHER, WITNESSES, CLIENT = "10.111.0.1", "10.111.1.2", "10.111.2.2"
RULE = r"""rule Harmless_{name} {{
    meta:
        description = "a harmless test string"
    strings:
        $a = "OVERT-HARMLESS-{upper}\x00\x01"
    condition:
        $a
}}
"""
NGINX = """worker_processes 1;
daemon off;
user {user};
pid {work}/nginx/pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    log_format requests '$request | $http_user_agent | $http_cookie';
    access_log {work}/nginx/requests requests;
    client_body_temp_path {work}/nginx/body;
    proxy_temp_path {work}/nginx/proxy;
    fastcgi_temp_path {work}/nginx/fastcgi;
    uwsgi_temp_path {work}/nginx/uwsgi;
    scgi_temp_path {work}/nginx/scgi;
    types {{ application/octet-stream bin; }}
    server {{
        listen {address}:80;
        root {work}/publisher/log/public;
    }}
}}
"""


class Failed(Exception):
    """What was shown is not what was promised."""


# --- the outside ------------------------------------------------------------------------------------


def enter(build):
    """Starts this program again as the first process of new namespaces; returns its exit code."""
    words = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    # /usr/sbin is where ip and nginx are, and not in every user's PATH.
    env = {**os.environ, "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
    theirs, ours = os.pipe()
    child = subprocess.Popen([*words, sys.executable, __file__, build, "--inside", str(theirs)], env=env,
                             pass_fds=[theirs])
    os.close(theirs)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    try:
        return child.wait(timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        print(f"demo-update: not done in {SECONDS_MAX} s", file=sys.stderr)
        return 2
    finally:
        os.close(ours)
        child.wait(10)


def end_with(pipe):
    """The other end is held by the process outside: when that is gone, so are we, at once."""
    def wait():
        os.read(pipe, 1)
        os._exit(1)
    threading.Thread(target=wait, daemon=True).start()


# --- the stage --------------------------------------------------------------------------------------


def plain(*words, **more):
    """A command of the stage, not of the play: shown only if it fails."""
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False,
                          timeout=STEP_SECONDS_MAX, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


def link(place, ours, theirs, address):
    """A wire between the publisher's namespace and `place`."""
    plain("ip", "link", "add", ours, "netns", "publisher", "type", "veth", "peer", "name", theirs, "netns", place)
    gateway = address.rsplit(".", 1)[0] + ".1"
    plain("ip", "-n", "publisher", "address", "add", f"{gateway}/24", "dev", ours)
    plain("ip", "-n", "publisher", "link", "set", ours, "up")
    plain("ip", "-n", place, "address", "add", f"{address}/24", "dev", theirs)
    plain("ip", "-n", place, "link", "set", theirs, "up")
    plain("ip", "-n", place, "route", "add", "default", "via", gateway)


def build_stage():
    """/run becomes ours, then the network namespaces and the wires between them."""
    plain("mount", "--make-rprivate", "/")
    plain("mount", "-t", "tmpfs", "-o", "mode=755,size=1g", "tmpfs", "/run")
    for name in ("publisher", "witnesses", "client", "airgap"):
        plain("ip", "netns", "add", name)
        plain("ip", "-n", name, "link", "set", "lo", "up")
        (WORK / name).mkdir(parents=True)
    link("witnesses", "to-witnesses", "uplink", WITNESSES)
    link("client", "to-client", "uplink", CLIENT)
    plain("ip", "-n", "publisher", "address", "add", f"{PUBLISHER}/32", "dev", "lo")


def wait_for(place, address, port, process, what):
    """Until something answers there; a process that ended is an answer, too."""
    probe = f"import socket; socket.create_connection(({address!r}, {port}), 1).close()"
    for _ in range(100):
        if process.poll() is not None:
            raise Failed(f"{what} ended at once: exit {process.returncode}: {process.log.read_text()}")
        done = subprocess.run(["ip", "netns", "exec", place, sys.executable, "-c", probe], check=False,
                              stderr=subprocess.DEVNULL, timeout=10)
        if done.returncode == 0:
            return
        time.sleep(0.1)
    raise Failed(f"{what} does not answer at {address}:{port}")


# --- the play ---------------------------------------------------------------------------------------


class Play:
    """Commands as a person would type them, at four places, and what they must answer."""

    def __init__(self, build):
        self.build, self.step = pathlib.Path(build), 0
        self.servers = contextlib.ExitStack()

    def say(self, text):
        self.step += 1
        print(f"\n{self.step}. {text}")

    def at(self, place, *words, code=0, expect="", quiet=False):
        """Runs a program of overt in the place's namespace and folder, showing both."""
        done = subprocess.run(["ip", "netns", "exec", place, *AS_USER, self.build / words[0], *map(str, words[1:])],
                              cwd=WORK / place,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=STEP_SECONDS_MAX)
        if not quiet:
            print(f"{place}$ {' '.join(map(str, words))}")
            for line in done.stdout.splitlines():
                print(f"    {line}")
            if done.returncode != 0:
                print(f"    exit {done.returncode}")
            sys.stdout.flush()
        if done.returncode != code:
            raise Failed(f"exit {done.returncode} and not {code}: {' '.join(map(str, words))}\n{done.stdout}")
        if expect not in done.stdout:
            raise Failed(f"no '{expect}' in the answer of {' '.join(map(str, words))}")
        return done.stdout

    def serve(self, place, *words):
        """A process that runs until the play is over."""
        path = WORK / place / f"{pathlib.Path(words[0]).name}.log"
        log = self.servers.enter_context(open(path, "ab"))
        process = subprocess.Popen(["ip", "netns", "exec", place, *map(str, words)], cwd=WORK / place,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.log = path
        self.servers.callback(process.wait, 10)
        self.servers.callback(process.terminate)
        return process

    def new_key(self, place, name, file, *more):
        return self.at(place, "overt-publish", "key", "new", name, file, *more, quiet=True).strip()

    def open_log(self):
        """A log, two release keys, three witnesses that run: and the policy that names them."""
        self.say("A publisher has a log and two release keys; three witnesses have a key each.")
        log = self.at("publisher", "overt-publish", "init", "log", "--origin", "rules.example/log").strip()
        releasers = [self.new_key("publisher", f"{n}.example/release", f"{n}.key") for n in ("ann", "ben")]
        policy = [f"log {log}"]
        for i in range(1, 4):
            key = self.new_key("witnesses", f"w{i}.example/witness", f"w{i}.key", "--witness")
            policy.append(f"witness w{i} {key} http://{WITNESSES}:800{i}/")
            process = self.serve("witnesses", self.build / "overt-witness", "serve", "--key", f"w{i}.key",
                                 "--state", f"w{i}.db", "--log", log, "--listen", f"{WITNESSES}:800{i}")
            wait_for("publisher", WITNESSES, 8000 + i, process, f"witness {i}")
        policy += ["group seen 2 w1 w2 w3", "quorum seen"]
        policy += [f"overt release-key {key}" for key in releasers]
        policy += [f"overt threshold {kind} 2"
                   for kind in ("rule", "revoke", "suppress", "binary", "keyset", "statement")]
        policy += [f"overt mirror http://{PUBLISHER}/", "overt delay rule 0", "overt probation 67108864"]
        text = "\n".join(policy) + "\n"
        (WORK / "publisher/log/policy").write_text(text)
        for place in ("client", "airgap"):
            (WORK / place / "policy").write_text(text)
        print("client$ cat policy        # of everyone the same; a rule waits an hour unless told otherwise")
        for line in policy:
            if " threshold " not in line or " rule " in line:
                print(f"    {re.sub(r'([0-9a-f]{8})[+].{20,}?(?= |$)', r'[1]...', line).replace('[1]', '')}")

    def open_shop(self):
        """nginx, from Debian, serves the public folder of the log."""
        folder = WORK / "nginx"
        folder.mkdir()
        (folder / "conf").write_text(NGINX.format(work=WORK, address=PUBLISHER,
                                                  user="root" if AS_USER else "nobody nogroup"))
        process = self.serve("publisher", "nginx", "-p", folder, "-e", "stderr", "-c", folder / "conf")
        wait_for("client", PUBLISHER, 80, process, "nginx")

    def sample(self, place, name):
        """A file that the rule of this name is to find."""
        text = f"some bytes, then OVERT-HARMLESS-{name.upper()}\0\1, then more\n"
        (WORK / place / f"{name.lower()}.bin").write_text(text)

    def release(self, name):
        """One rule: added, signed by both release keys, cosigned, public."""
        (WORK / f"publisher/{name}.yar").write_text(RULE.format(name=name, upper=name.upper()))
        self.at("publisher", "overt-publish", "add", "log", f"{name}.yar")
        entry = next((WORK / "publisher/log/pending").glob("*.entry")).relative_to(WORK / "publisher")
        for who in ("ann", "ben"):
            self.at("publisher", "overt-publish", "sign", "--key", f"{who}.key", entry)
        self.at("publisher", "overt-publish", "publish", "log", expect="3 witnesses")

    def by_network(self):
        self.sample("client", "First")
        self.say("The client has a file with a harmless string that nothing detects.")
        self.at("client", "overt", "scan", "--no-progress", "first.bin")
        self.say("A rule for it: added, signed by two people, shown to three witnesses, published.")
        self.release("First")
        self.say("The client fetches, verifies and tries it, then switches to it.")
        self.at("client", "overt", "update", "--policy", "policy", "--state", "state",
                expect="1 entries (1 new), 3 witnesses")
        self.at("client", "overt", "scan", "--no-progress", "--rules", "state/active.ovdb", "first.bin", code=1,
                expect="DETECTED Harmless_First [entry 0 of rules.example/log")
        self.at("client", "overt", "ledger", "verify", "--ledger", "state/ledger")
        print("publisher$ cat requests   # request | user agent | cookie: the same from every machine")
        for line in (WORK / "nginx/requests").read_text().splitlines():
            print(f"    {line}")

    def by_hand(self):
        self.sample("airgap", "Second")
        self.say("Another, for a machine without a network: the client hands it the log as a file.")
        self.at("airgap", "overt", "scan", "--no-progress", "second.bin")
        self.release("Second")
        self.at("client", "overt", "update", "--policy", "policy", "--state", "state")
        self.at("client", "overt", "bundle", "0", "end", "bundle", "--state", "state")
        bundle = (WORK / "client/bundle").read_bytes()
        (WORK / "airgap/bundle").write_bytes(bundle)
        (WORK / "airgap/forged").write_bytes(bundle.replace(b"Second", b"Secund"))
        print("airgap$ sed s/Second/Secund/ bundle >forged    # somebody changes a letter on the way")
        self.at("airgap", "overt", "update", "--policy", "policy", "--state", "state", "--bundle", "forged", code=2)
        self.at("airgap", "overt", "update", "--policy", "policy", "--state", "state", "--bundle", "bundle",
                expect="2 entries (2 new), 3 witnesses")
        self.at("airgap", "overt", "scan", "--no-progress", "--rules", "state/active.ovdb", "second.bin", code=1,
                expect="DETECTED Harmless_Second [entry 1 of rules.example/log")
        if "uplink" in plain("ip", "-n", "airgap", "link"):
            raise Failed("the machine without a network has one")


def play(build):
    """Inside the namespaces."""
    os.umask(0o022)
    build_stage()
    act = Play(build)
    with act.servers:
        act.open_log()
        act.open_shop()
        act.by_network()
        act.by_hand()
    print("\nPublished, witnessed, fetched, tried, detecting; and the same by hand.")


def main():
    if len(sys.argv) < 2:
        print("usage: demo_update.py BUILD", file=sys.stderr)
        return 2
    build = os.path.abspath(sys.argv[1])
    if sys.argv[2:3] != ["--inside"]:
        return enter(build)
    end_with(int(sys.argv[3]))
    try:
        play(build)
    except (Failed, subprocess.TimeoutExpired, OSError) as error:
        print(f"demo-update: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
