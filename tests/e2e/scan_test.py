#!/usr/bin/env python3
"""scan_test.py OVERT: `overt scan` and `overt explain` against everything a file system can hold, and
everything a terminal, a pipe and a signal can do; each through the real command and the real jail."""
import json
import os
import pathlib
import pty
import random
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anybody  # noqa: E402
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-scan."))
NEEDLE = b"needle-in-" + b"haystack-4711"
RULES = TMP / "rules.yar"
RULES.write_text('rule Needle : test { meta: description = "a needle" strings: $a = "needle-in-haystack-4711" '
                 "condition: $a }\n")
DATABASE = TMP / "rules.ovdb"
CLEAN, DETECTED, ERROR, INCOMPLETE = 0, 1, 2, 3


def run(*arguments, seconds=60, **kwargs):
    """Runs overt; returns (exit code, standard output, standard error) as bytes."""
    done = subprocess.run([OVERT, *arguments], capture_output=True, timeout=seconds, check=False, **kwargs)
    return done.returncode, done.stdout, done.stderr


def scan(*arguments, **kwargs):
    """`overt scan` with the test's rules."""
    return run("scan", "--rules", DATABASE, *arguments, **kwargs)


def records(*arguments, **kwargs):
    """Exit code, the file records by path (bytes), and the summary of `overt scan --json`."""
    code, out, err = scan("--json", *arguments, **kwargs)
    lines = [json.loads(line) for line in out.decode("utf8").splitlines()]
    assert lines and lines[-1]["type"] == "summary", (out[-500:], err[-500:])
    files = {}
    for record in lines[:-1]:
        assert record["type"] == "file", record
        path = bytes.fromhex(record["path_hex"]) if "path_hex" in record else record["path"].encode()
        assert path not in files, f"{path!r} told twice"
        files[path] = record
    return code, files, lines[-1]


def folder(name):
    """A fresh scratch folder."""
    path = TMP / name
    path.mkdir()
    return path


def put(path, data=b"nothing to see"):
    """Writes a file."""
    path.write_bytes(data)
    return path


def exit_codes():
    top = folder("codes")
    clean, bad = put(top / "clean"), put(top / "bad", b"x" * 100 + NEEDLE)
    broken = put(top / "broken", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + os.urandom(8) * 20)
    tap.same(scan(clean)[0], CLEAN, "clean")
    tap.same(scan(bad)[0], DETECTED, "detected")
    tap.same(scan(top / "missing")[0], ERROR, "missing")
    tap.same(scan(clean, top / "missing", bad)[0], DETECTED, "detected before failed")
    tap.same(scan()[0], ERROR, "nothing to scan")
    tap.same(scan("--no-such-option", clean)[0], ERROR, "unknown option")
    code = scan(broken)[0]
    assert code in (CLEAN, INCOMPLETE), code
    if code == INCOMPLETE:
        tap.same(scan(broken, top / "missing")[0], ERROR, "failed before incomplete")


def one_line_a_finding_and_nothing_else_on_standard_output():
    top = folder("lines")
    bad = put(top / "bad", NEEDLE)
    put(top / "clean")
    code, out, err = scan(top)
    tap.same(out, f"{bad}: DETECTED Needle\n".encode())
    assert b"2 files" in err and b"1 detected" in err, err
    tap.same(scan("--quiet", top), (DETECTED, b"", b""), "quiet")
    assert f"{top}/clean: CLEAN\n".encode() in scan("--all", top)[1]
    assert b"\x1b" not in out and b"\r" not in err


def order_is_of_names_alone():
    top = folder("order")
    for name in ("b", "a", "c", "B"):
        put(top / name, NEEDLE)
    for sub in ("z", "d"):
        (top / sub).mkdir()
        put(top / sub / "1", NEEDLE)
        put(top / sub / "0", NEEDLE)
    want = [f"{top}/{n}: DETECTED Needle" for n in ("B", "a", "b", "c", "d/0", "d/1", "z/0", "z/1")]
    for jobs in ("1", "2", "3"):
        tap.same(scan("--jobs", jobs, top)[1].decode().splitlines(), want, f"jobs {jobs}")


def order_holds_with_many_files_and_workers():
    top = folder("many")
    chance = random.Random(1)
    for i in range(3000):
        put(top / f"{i:05}", NEEDLE if i % 7 == 0 else chance.randbytes(200))
    code, files, summary = records("--jobs", "3", top)
    tap.same(list(files), sorted(files), "order")
    tap.same((code, summary["files"], summary["detected"], summary["clean"]), (1, 3000, 429, 2571))


def names_cannot_lie():
    top = folder("names")
    names = [b"new\nline", b"esc\x1b[2J\x1b[31m", b"\xff\xfe not utf8", b"back\\slash", b"tab\t", b" ", b"-",
             b"--help", "r\u202etxt.exe".encode(), b"quote\"'", "ä€𝄞".encode(), b"\r", b"x" * 255]
    for name in names:
        with open(os.path.join(os.fsencode(top), name), "wb") as f:
            f.write(NEEDLE)
    code, files, _ = records(top)
    tap.same(set(files), {os.path.join(os.fsencode(top), n) for n in names})
    assert all(r["verdict"] == "DETECTED" for r in files.values())
    code, out, _ = scan(top)
    tap.same(len(out.decode("utf8").splitlines()), len(names), "lines")
    assert b"\x1b" not in out and "\u202e".encode() not in out and b"\xff" not in out
    for line in out.decode("utf8").splitlines():
        assert re.fullmatch(re.escape(str(top)) + r"/.*: DETECTED Needle", line), line


def nothing_but_regular_files_is_opened():
    top = folder("special")
    put(top / "bad", NEEDLE)
    os.mkfifo(top / "fifo")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(top / "socket"))
    os.symlink("bad", top / "link")
    os.symlink("/", top / "root")
    os.symlink("nowhere", top / "dangling")
    os.symlink(".", top / "self")
    if os.geteuid() == 0:
        os.mknod(top / "device", 0o600 | 0o020000, os.makedev(1, 5))
    code, files, summary = records(top)
    tap.same(list(files), [os.fsencode(top / "bad")])
    tap.same(summary["skipped"]["links"], 4, "links")
    tap.same(summary["skipped"]["special"], 2 + (os.geteuid() == 0), "special")
    for name in ("fifo", "socket"):
        code, files, _ = records(top / name)
        tap.same((code, files[os.fsencode(top / name)]["gaps"][0]["reason"]), (ERROR, "open"), name)
    code, files, _ = records(top / "link")  # named by a person: followed, once
    tap.same((code, list(files)), (DETECTED, [os.fsencode(top / "link")]))
    server.close()


def unreadable_things_are_named_and_counted():
    top = folder("locked")
    put(top / "closed", NEEDLE).chmod(0)
    (top / "shut").mkdir()
    put(top / "shut" / "inside", NEEDLE)
    (top / "shut").chmod(0)
    command = [OVERT, "scan", "--json", "--rules", DATABASE, top]
    if os.geteuid() == 0:  # root may read everything: another user has to try
        command[0] = anybody.programs(os.path.dirname(OVERT)) / "overt"
        TMP.chmod(0o755)
        DATABASE.chmod(0o644)
        command = [*anybody.NOBODY, *command]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    (top / "shut").chmod(0o755)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    told = {r["path"]: r for r in lines if r["type"] == "file"}
    tap.same(set(told), {f"{top}/closed", f"{top}/shut"})
    assert all(r["verdict"] == "FAILED" and r["gaps"][0]["reason"] == "open"
               and "ermission" in r["gaps"][0]["text"] for r in told.values()), told
    tap.same(done.returncode, ERROR)


def ten_thousand_folders_deep():
    top = folder("deep")
    at = os.open(top, os.O_RDONLY)
    depth = 10000
    for i in range(depth):
        os.mkdir("d", dir_fd=at)
        if i % 1000 == 0:
            fd = os.open("needle", os.O_WRONLY | os.O_CREAT, dir_fd=at)
            os.write(fd, NEEDLE)
            os.close(fd)
            os.mkdir("e", dir_fd=at)
            inner = os.open("e", os.O_RDONLY, dir_fd=at)
            fd = os.open("after", os.O_WRONLY | os.O_CREAT, dir_fd=inner)
            os.write(fd, NEEDLE)
            os.close(fd)
            os.close(inner)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    fd = os.open("bottom", os.O_WRONLY | os.O_CREAT, dir_fd=at)
    os.write(fd, NEEDLE)
    os.close(fd)
    os.close(at)

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    code, files, summary = records("--jobs", "1", top, preexec_fn=few)
    subprocess.run(["rm", "-rf", top], check=True)
    tap.same((code, summary["detected"], summary["failed"]), (DETECTED, 21, 0))
    assert max(map(len, files)) > 2 * depth


def files_that_vanish_and_change_meanwhile():
    top = folder("alive")
    stop = time.monotonic() + 3
    child = os.fork()
    if child == 0:
        n = 0
        while time.monotonic() < stop:
            path = top / f"f{n % 500}"
            n += 1
            try:
                if n % 3 == 0:
                    path.unlink()
                elif n % 3 == 1:
                    path.write_bytes(os.urandom(5000))
                else:
                    os.rename(path, top / f"g{n % 50}")
            except OSError:
                pass
        os._exit(0)
    while time.monotonic() < stop:
        code, files, _ = records(top)
        assert code in (CLEAN, INCOMPLETE), (code, [r for r in files.values() if r["verdict"] == "FAILED"])
    os.waitpid(child, 0)


def exclusions():
    top = folder("exclude")
    for name in ("a.log", "b.txt", "keep"):
        put(top / name, NEEDLE)
    (top / "node_modules").mkdir()
    put(top / "node_modules" / "x", NEEDLE)
    code, files, summary = records("--exclude", "*.log", "--exclude", "node_modules", "--exclude",
                                   f"{top}/b*", top)
    tap.same(list(files), [os.fsencode(top / "keep")])
    tap.same(summary["skipped"]["excluded"], 3)


def views_of_the_kernel_are_no_files():
    code, files, summary = records("/proc")
    tap.same((code, list(files)), (ERROR, [b"/proc"]))
    code, files, _ = records("/proc/self/status")
    tap.same(code, ERROR)
    top = folder("below")
    put(top / "bad", NEEDLE)
    mounted = subprocess.run(
        ["unshare", "-rm", "sh", "-c", 'mkdir "$1/p" "$1/loop" "$1/other" && mount -t tmpfs t "$1/other" && '
         'cp "$1/bad" "$1/other/" && mount --rbind /proc "$1/p" && mount --rbind "$1" "$1/loop" && '
         '"$2" scan --json --rules "$3" "$1"; echo "$?" >&2; "$2" scan --json --one-file-system --rules "$3" "$1"',
         "sh", top, OVERT, DATABASE], capture_output=True, check=False, timeout=120)
    runs = [json.loads(line) for line in mounted.stdout.splitlines()]
    sums = [r for r in runs if r["type"] == "summary"]
    tap.same(len(sums), 2, mounted.stderr.decode())
    assert sums[0]["skipped"]["kernel_file_systems"] >= 1 and sums[0]["skipped"]["loops"] >= 1, sums[0]
    tap.same(sums[1]["detected"], 1, "one file system")
    assert sums[1]["skipped"]["other_file_systems"] >= 2, sums[1]


def lists_of_names():
    top = folder("lists")
    odd = put(top / "with\nnewline", NEEDLE)
    names = [str(put(top / f"n{i}", NEEDLE)) for i in range(5)]
    listing = put(top / "list", "\n".join([*names[:3], "", *names[3:]]).encode())  # no newline at the end
    code, files, _ = records("--file-list", listing)
    tap.same(list(files), [n.encode() for n in names])
    listing.write_bytes(b"\0".join([os.fsencode(odd), names[0].encode()]) + b"\0")
    code, files, _ = records("-0", "--file-list", listing)
    tap.same(list(files), [os.fsencode(odd), names[0].encode()])
    listing.write_bytes((names[0] + "\n" + str(top / "missing") + "\n").encode())
    code, files, _ = records("--file-list", listing)
    tap.same((code, len(files)), (DETECTED, 2))
    listing.write_bytes(b"a\0b\n")
    tap.same(scan("--file-list", listing)[0], ERROR)


def answers_come_while_the_list_is_still_open():
    top = folder("stream")
    bad = put(top / "bad", NEEDLE)
    with subprocess.Popen([OVERT, "scan", "--json", "--rules", DATABASE, "--file-list", "-"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        for _ in range(3):
            p.stdin.write(os.fsencode(bad) + b"\n")
            p.stdin.flush()
            ready, _, _ = select.select([p.stdout], [], [], 20)
            assert ready, "no answer while the list is open"
            tap.same(json.loads(p.stdout.readline())["verdict"], "DETECTED")
        p.stdin.close()
        tap.same(json.loads(p.stdout.readline())["type"], "summary")
        tap.same(p.wait(20), DETECTED)


def standard_input_as_a_file():
    tap.same(scan("-", input=b"y" * 300000 + NEEDLE)[:2], (DETECTED, b"(standard input): DETECTED Needle\n"))
    tap.same(scan("-", input=b"")[0], CLEAN)
    tap.same(scan("-", stdin=subprocess.DEVNULL)[0], CLEAN)


def few_descriptors_are_enough():
    top = folder("fds")
    for i in range(1000):
        put(top / str(i), NEEDLE)

    def few():  # a jail needs that many
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 256))
    code, _, summary = records("--jobs", "9", top, preexec_fn=few)
    tap.same((code, summary["detected"], summary["failed"]), (DETECTED, 1000, 0))
    code, _, err = scan(top, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)))
    assert code == ERROR and b"open files" in err, err


def a_full_disk_and_a_reader_that_leaves():
    top = folder("full")
    for i in range(2000):
        put(top / str(i), NEEDLE)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([OVERT, "scan", "--rules", DATABASE, top], stdout=full, stderr=subprocess.PIPE,
                              check=False, timeout=60)
    tap.same(done.returncode, ERROR)
    assert b"No space left" in done.stderr, done.stderr
    with subprocess.Popen([OVERT, "scan", "--json", "--rules", DATABASE, top], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as p:
        p.stdout.read(10)
        p.stdout.close()
        err = p.stderr.read()
        code = p.wait(30)
    tap.same(err, b"", "quiet about a closed pipe")
    assert code in (-signal.SIGPIPE, ERROR), code


def an_interrupt_sums_up_and_leaves_nothing_behind():
    top = folder("interrupt")
    bad = put(top / "bad", NEEDLE)
    for signum, want in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        p = subprocess.Popen([OVERT, "scan", "--rules", DATABASE, "--file-list", "-"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdin.write(os.fsencode(bad) + b"\n")
        p.stdin.flush()
        line = p.stdout.readline()
        assert b"DETECTED" in line, line
        children = open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()
        assert children, "no worker"
        p.send_signal(signum)
        tap.same(p.wait(20), want)  # the list is still open: nothing else can have ended it
        err = p.stderr.read()
        p.communicate()
        assert b"Interrupted" in err and b"1 detected" in err, err
        for pid in children:
            assert not os.path.exists(f"/proc/{pid}"), f"{pid} is left"


def on_a_terminal(*arguments, env=None):
    """Runs with a terminal as standard output and error; returns what it showed."""
    master, slave = pty.openpty()
    p = subprocess.Popen([OVERT, "scan", "--rules", DATABASE, *arguments], stdin=subprocess.DEVNULL, stdout=slave,
                         stderr=slave, env={**os.environ, "TERM": "xterm", **(env or {})})
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(master)
    p.wait(60)
    return shown


def terminals_get_colours_and_progress_and_pipes_do_not():
    top = folder("terminal")
    put(top / "bad", NEEDLE)
    big = top / "big"
    with open(big, "wb") as f:  # holes: no disk, and more than a moment on any machine
        f.truncate(3 << 30)
    shown = on_a_terminal(top)
    assert b"\x1b[1;31mDETECTED" in shown, shown
    assert b"\r" in shown and b"files, " in shown and b"/s" in shown and b"\x1b[K" in shown, shown
    plain = on_a_terminal(top, env={"NO_COLOR": "1"})
    assert b"\x1b[1;31m" not in plain and b"DETECTED Needle" in plain, plain
    assert b"\x1b[K" not in on_a_terminal("--no-progress", top)
    assert b"\x1b" not in on_a_terminal("--no-progress", top, env={"TERM": "dumb"})
    big.unlink()


def inner_objects_have_their_path():
    import io
    import tarfile
    import zipfile
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr("folder/e\nvil.txt", NEEDLE)
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode="w") as t:
        info = tarfile.TarInfo("in.zip")
        info.size = len(inner.getvalue())
        t.addfile(info, io.BytesIO(inner.getvalue()))
    path = put(TMP / "a.tar", outer.getvalue())
    code, out, _ = scan(path)
    assert f"{path}: DETECTED Needle (in in.zip/folder/e\\nvil.txt)\n".encode() in out, out
    code, files, _ = records(path)
    insides = [[n["name"] for n in h["inside"]] for h in files[os.fsencode(path)]["hits"] if "inside" in h]
    assert ["in.zip", "folder/e\nvil.txt"] in insides, insides
    code, out, _ = run("explain", "--rules", DATABASE, path)
    text = out.decode()
    assert code == DETECTED and "in.zip/folder/e\\nvil.txt" in text and "a needle" in text, text
    assert "rule Needle : test" in text and "|needle-in-haysta|" in text, text
    code, out, _ = run("explain", "--json", "--rules", DATABASE, path)
    told = json.loads(out)
    tap.same(told["rules"][0]["meta"], [{"name": "description", "value": "a needle"}])
    tap.same({bytes.fromhex(s["bytes_hex"]) for s in told["strings"]}, {NEEDLE})


def clean_files_are_explained_too():
    path = put(TMP / "explained-clean")
    code, out, _ = run("explain", "--rules", DATABASE, path)
    assert code == CLEAN and b"CLEAN" in out and b"looked at: 14 bytes, 1 object" in out, out
    code, out, _ = run("explain", "--rules", DATABASE, TMP / "no-such-file")
    assert code == ERROR and b"No such file" in out, out


def rules_of_all_kinds_and_their_errors():
    top = folder("rules")
    bad = put(top / "bad", NEEDLE)
    import hashlib
    listing = put(top / "list.txt", f"# a comment\n{hashlib.sha256(NEEDLE).hexdigest()}:Hash.Name\n".encode())
    tap.same(run("scan", "--rules", listing, bad)[1], f"{bad}: DETECTED Hash.Name\n".encode())
    both = folder("both")
    shutil.copy(listing, both / "b.hash")
    shutil.copy(RULES, both / "a.yar")
    (both / "README").write_text("this is no rule")
    code, out, _ = run("scan", "--rules", both, bad)
    assert b"Needle" in out and b"Hash.Name" in out, out
    wrong = put(top / "wrong.yar", b"rule A { condition: nonsense }\nrule B { strings: $a = \"x\" condition: $b }\n"
                + RULES.read_bytes())
    code, out, err = run("scan", "--rules", wrong, bad)
    assert code == ERROR and err.count(b": error: ") >= 2 and b"wrong.yar:1:" in err, err
    code, out, err = run("scan", "--keep-good", "--rules", wrong, bad)
    assert code == DETECTED and b"left out" in err, (code, err)
    tap.same(run("scan", "--rules", top / "none.yar", bad)[0], ERROR)
    tap.same(run("scan", "--rules", folder("empty"), bad)[0], ERROR)
    damaged = put(top / "damaged.ovdb", DATABASE.read_bytes()[:-10])
    code, out, err = run("scan", "--rules", damaged, bad)
    assert code == ERROR and b"damaged.ovdb" in err, err
    assert b"second compiled database" in run("scan", "--rules", DATABASE, "--rules", DATABASE, bad)[2]


def limits_take_units_and_refuse_nonsense():
    path = put(TMP / "limits")
    for good in (["--max-bytes", "1G"], ["--max-time", "500ms"], ["--max-depth", "3"], ["--max-object-bytes", "10M"],
                 ["--max-ratio", "5"], ["--max-objects", "7"], ["--jobs", "2"]):
        tap.same(scan(*good, path)[0], CLEAN, str(good))
    for bad in (["--max-bytes", "1Q"], ["--max-bytes", "-1"], ["--max-bytes", "0"], ["--max-time", "3x"],
                ["--max-depth", "65"], ["--max-depth", "x"], ["--jobs", "0"], ["--max-bytes", "99999999999G"],
                ["--accept-weaker-jail", "walls"]):
        code, _, err = scan(*bad, path)
        assert code == ERROR and bad[0].encode() in err, (bad, err)
    code, files, _ = records("--max-bytes", "4", path)
    tap.same((code, files[os.fsencode(path)]["gaps"][0]["reason"]), (INCOMPLETE, "bytes"))


def a_weaker_jail_is_said():
    path = put(TMP / "weaker")
    code, out, err = scan("--accept-weaker-jail", "landlock", path)
    assert code == CLEAN and b"WEAKER" in err and b"landlock" in err, err
    _, _, summary = records("--accept-weaker-jail", "landlock", path)
    tap.same(summary["jail"]["accepted_missing"], ["landlock"])


def finish(tests):
    """Compiles the rules once, runs, cleans up."""
    code, _, err = run("compile", RULES, "-o", DATABASE)
    if code != 0:
        sys.exit(f"Bail out! {err.decode()}")
    try:
        tap.run(tests)
    finally:
        shutil.rmtree(TMP, ignore_errors=True)


finish([exit_codes, one_line_a_finding_and_nothing_else_on_standard_output, order_is_of_names_alone,
        order_holds_with_many_files_and_workers, names_cannot_lie, nothing_but_regular_files_is_opened,
        unreadable_things_are_named_and_counted, ten_thousand_folders_deep,
        files_that_vanish_and_change_meanwhile, exclusions, views_of_the_kernel_are_no_files, lists_of_names,
        answers_come_while_the_list_is_still_open, standard_input_as_a_file, few_descriptors_are_enough,
        a_full_disk_and_a_reader_that_leaves, an_interrupt_sums_up_and_leaves_nothing_behind,
        terminals_get_colours_and_progress_and_pipes_do_not, inner_objects_have_their_path,
        clean_files_are_explained_too, rules_of_all_kinds_and_their_errors,
        limits_take_units_and_refuse_nonsense, a_weaker_jail_is_said])
