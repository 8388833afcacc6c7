#!/usr/bin/env python3
"""prove_test.py BUILD: `overt prove` as its users run it, as root and as an ordinary user.

Exit 0 with everything; exit 1 without seccomp, without rlimits, without the clock's removal, without
the tracer; exit 2 where there is no jail. And the attacks are real: with nothing to stop them they
work."""
import glob
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

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = os.geteuid() == 0
USER = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if ROOT else []

# A build tree may lie where another user cannot go; a copy lies where everyone can.
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-prove-test."))
TMP.chmod(0o755)
PROGRAMS = ["overt", "overt-spawn", "overt-turncoat", "test-echo", "tests/jail_test"]
for program in PROGRAMS:
    shutil.copy(BUILD / program, TMP)
(TMP / "build.ninja").write_text("no program\n")
(TMP / "build.ninja").chmod(0o755)


def prove(*args, prefix=(), code=None):
    """Runs it; the records of --json, and the exit status checked."""
    done = subprocess.run([*prefix, TMP / "overt", "prove", "--json", *args], capture_output=True,
                          text=True, check=False, timeout=240)
    if code is not None and done.returncode != code:
        raise AssertionError(f"exit {done.returncode}, want {code}; {done.stderr}"
                             + "\n".join(line for line in done.stdout.splitlines()
                                         if '"through"' in line))
    return [json.loads(line) for line in done.stdout.splitlines()]


def attacks(records):
    return {r["id"]: r for r in records if r["type"] == "attack"}


def ids(records, outcome):
    return {r["id"] for r in records if r["type"] == "attack" and r["outcome"] == outcome}


def summary(records):
    return next(r for r in records if r["type"] == "summary")


REQUIRED = {"user", "namespaces", "landlock", "seccomp", "rlimits", "clock", "traced"}
KNOWN = {"info_cpuid", "info_rdrand", "info_rdpid", "info_segment_limit", "info_auxv_random",
         "proto_lie"}


def check_full(records):
    total = summary(records)
    assert REQUIRED <= set(total["layers"]), total
    assert total["attacks"] >= 300 and total["through"] == 0, total
    tap.same(total["attacks"], len(attacks(records)), "one record an attack")
    tap.same(total["refused"] + total["known"] + total["absent"], total["attacks"], "the sum")
    assert ids(records, "known") | ids(records, "absent") <= KNOWN, ids(records, "known")
    by_id = attacks(records)
    for one, by, how in [("net_tcp", "seccomp", "killed at socket"),
                         ("fs_open_public", "seccomp", "ENOENT"),
                         ("proto_write_17", "seccomp", "killed at write"),
                         ("time_rdtsc", "clock", "SIGSEGV"),
                         ("res_memory", "rlimits", "ENOMEM"),
                         ("res_processor", "rlimits", "SIGXCPU"),
                         ("covert_fault_code", "traced", "SIGSEGV"),
                         ("proto_flood", "supervisor", "frame refused, killed")]:
        tap.same((by_id[one]["by"], by_id[one]["how"]), (by, how), one)


def everything_is_refused():
    records = prove(code=0)
    check_full(records)
    tap.same("own-uid" in summary(records)["layers"], ROOT, "a user of its own")


def everything_is_refused_to_an_ordinary_user():
    records = prove(prefix=USER, code=0)
    check_full(records)
    assert "own-uid" not in summary(records)["layers"]


def without_seccomp_much_gets_through():
    records = prove("--without", "seccomp", code=1)
    through = ids(records, "through")
    assert {"net_netlink", "info_fstat", "covert_offset", "proto_write_4096"} <= through, through
    assert "net_tcp" not in through and "fs_open_public" not in through  # namespaces still hold
    by_id = attacks(records)
    assert "offset-moved" in by_id["covert_offset"]["evidence"]
    assert "reply-not-16-bytes" in by_id["proto_write_4096"]["evidence"]


def without_rlimits_appetite_gets_through():
    through = ids(prove("--without", "rlimits", code=1), "through")
    assert {"res_memory", "res_stack", "res_processor", "res_heap"} <= through, through
    assert all(one.startswith("res_") for one in through), through


def without_the_clock_layer_time_gets_through():
    through = ids(prove("--without", "clock", "--only", "time", "--only", "info", code=1),
                  "through")
    tap.same(through, {"time_rdtsc", "time_rdtscp", "time_vdso"}, "clocks")


def without_the_tracer_crashes_are_logged():
    if pathlib.Path("/proc/sys/debug/exception-trace").read_text().strip() == "0":
        prove("--without", "traced", "--only", "covert", code=0)
        return
    through = ids(prove("--without", "traced", "--only", "covert", code=1), "through")
    assert through == {"covert_core", "covert_fault_address", "covert_fault_code",
                       "covert_illegal_instruction"}, through


def what_other_layers_stop_shows_with_seccomp_off():
    for layer, one in [("namespaces", "net_udp"), ("landlock", "net_listen"), ("mdwe", "code_protect")]:
        if layer != "namespaces" and layer not in summary(prove("--only", "net_tcp", code=0))["layers"]:
            continue  # a bonus of newer kernels
        records = prove("--without", layer, "--only", one, code=0)
        if layer == "landlock" and "landlock-net" not in summary(prove("--only", one))["layers"]:
            continue  # before ABI 4 it says nothing about ports
        found = [r for r in records if r["type"] == "difference"]
        assert one in [r["id"] for r in found], (layer, found)
        assert set(found[0]["without"]) >= {layer, "seccomp"}, found


def without_user_an_ordinary_user_still_has_namespaces():
    records = prove("--without", "user", "--only", "kern", prefix=USER, code=0)
    assert REQUIRED - {"user"} <= set(summary(records)["layers"]), summary(records)


def the_attacks_work_when_nothing_stops_them():
    records = prove("--control", code=1)
    total = summary(records)
    assert total["layers"] == [], total
    assert total["through"] >= (200 if ROOT else 150), total
    by_id = attacks(records)
    for one, seen in [("net_tcp", "listener-heard"), ("net_udp", "datagram-arrived"),
                      ("net_unix_abstract", "abstract-socket-heard"),
                      ("fs_create", "folder-changed"), ("fs_write_victim", "file-changed"),
                      ("fs_reopen_proc", "file-changed"), ("covert_offset", "offset-moved"),
                      ("covert_status_flags", "flags-changed"),
                      ("proc_kill", "supervisor-signalled"), ("meta_fchmod", "file-changed")]:
        tap.same(by_id[one]["outcome"], "through", one)
        assert seen in by_id[one]["evidence"], by_id[one]
    for one in ["proc_execve", "code_patch_itself", "time_vdso", "proc_fork", "proc_exec_file"]:
        tap.same(by_id[one]["outcome"], "through", one)


def the_matrix_says_what_each_layer_alone_refuses():
    records = attacks(prove("--matrix", "--only", "net_tcp", "--only", "time_rdtsc", "--only",
                            "covert_offset", code=0))
    assert {"namespaces", "seccomp"} <= set(records["net_tcp"]["alone"]), records["net_tcp"]
    tap.same(records["time_rdtsc"]["alone"], ["clock"], "rdtsc")
    tap.same(records["covert_offset"]["alone"], ["seccomp"], "the offset")


def the_table_is_for_people():
    done = subprocess.run([TMP / "overt", "prove", "--only", "net_tcp", "--only", "time"],
                          capture_output=True, text=True, check=False)
    tap.same(done.returncode, 0, done.stderr)
    assert re.search(r"^net +TCP connection to a listener +.*seccomp: killed at socket$", done.stdout,
                     re.M), done.stdout
    assert re.search(r"attacks: \d+ refused, 0 got through", done.stdout.splitlines()[-1])


def wrong_arguments_are_named():
    for args, want in [(["--without", "walls"], "'walls' is no layer"),
                       (["--only", "nothing"], "'nothing' is no attack"), (["--fast"], "'--fast'"),
                       (["--without"], "needs a name"), (["--control", "--matrix"], "neither")]:
        done = subprocess.run([TMP / "overt", "prove", *args], capture_output=True, text=True,
                              check=False)
        tap.same((done.returncode, done.stdout), (2, ""), str(args))
        assert want in done.stderr, done.stderr


def no_jail_is_no_proof():
    """With user namespaces switched off for a child, the layer and the switch are named."""
    script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" prove --only net_tcp'
    done = subprocess.run([*USER, "unshare", "--user", "--map-root-user", "sh", "-c", script,
                           TMP / "overt"], capture_output=True, text=True, check=False)
    tap.same(done.returncode, 2, done.stderr)
    assert "'user'" in done.stderr and "user.max_user_namespaces is 0" in done.stderr, done.stderr


def jails_hold_for_an_ordinary_user_too():
    done = subprocess.run([*USER, TMP / "jail_test"], capture_output=True, text=True, check=False,
                          env={"OVERT_BUILD_ROOT": str(TMP)})
    tap.same(done.returncode, 0, done.stdout)


def nothing_is_left_behind():
    tap.same(glob.glob("/tmp/overt-prove.??????"), LEFT_BEFORE, "bait")


LEFT_BEFORE = glob.glob("/tmp/overt-prove.??????")
try:
    tap.run([everything_is_refused, everything_is_refused_to_an_ordinary_user,
             without_seccomp_much_gets_through, without_rlimits_appetite_gets_through,
             without_the_clock_layer_time_gets_through, without_the_tracer_crashes_are_logged,
             what_other_layers_stop_shows_with_seccomp_off,
             without_user_an_ordinary_user_still_has_namespaces,
             the_attacks_work_when_nothing_stops_them,
             the_matrix_says_what_each_layer_alone_refuses, the_table_is_for_people,
             wrong_arguments_are_named, no_jail_is_no_proof, jails_hold_for_an_ordinary_user_too,
             nothing_is_left_behind])
finally:
    shutil.rmtree(TMP)
