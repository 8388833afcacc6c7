#!/usr/bin/env python3
"""verify_proof_test.py OVERT_VERIFY VECTORS [--watch]: what a person sees of `overt-verify proof`: its
answer, its one line of reason, its exit status; and, watched by strace, that it does nothing else
(not with sanitizers, which do a lot else)."""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

VERIFY, VECTORS = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
TMP = tempfile.TemporaryDirectory(prefix="overt-verify.")
FOLDER = pathlib.Path(TMP.name)
POLICY = VECTORS / "policy.txt"
GOOD = VECTORS / "v4.good.tlog-proof"
ENTRY = FOLDER / "entry"
ENTRY.write_bytes(b"overt-leaf-12345\n")

VERIFIED = (b"verified: entry 12345 of 70000 in overt.example/log, cosigned by w1 w3, "
            b"median time 2026-01-01T00:00:10Z")

REASONS = {
    "b64-nonzero-pad-bits": b"3: in the inclusion proof: base64 with bits set behind its last byte",
    "index-leading-zero": b"2: in the index: a number has no leading zero",
    "no-log-sig": b" the log's own signature is missing",
    "one-witness": b" too few witnesses: 1 of the 2 that the quorum q needs",
    "short": b" 16 hashes in the inclusion proof; index 12345 of size 70000 needs 17",
    "timestamp-altered": b"27: the signature of w3.example/overt (9262a6bf) is wrong",
}


def run(*arguments, **kwargs):
    return subprocess.run([VERIFY, *arguments], capture_output=True, timeout=60, check=False, **kwargs)


def proof(path, policy=POLICY, entry=ENTRY, **kwargs):
    return run("proof", "--policy", policy, "--entry", entry, path, **kwargs)


def refused(done, status, reason):
    """One line on stderr, nothing on stdout."""
    tap.same(done.returncode, status, done.stderr.decode(errors="replace"))
    tap.same(done.stdout, b"", "stdout")
    tap.same(done.stderr.count(b"\n"), 1, "lines of reason")
    if reason not in done.stderr:
        raise AssertionError(f"{done.stderr!r} does not say {reason!r}")


def good_proofs_are_verified():
    done = proof(GOOD)
    tap.same((done.returncode, done.stdout, done.stderr), (0, VERIFIED + b"\n", b""))
    done = proof(VECTORS / "v4.good-extra.tlog-proof")
    tap.same((done.returncode, done.stderr), (0, b""))
    tap.same(done.stdout, VERIFIED + b"; its extra data are vouched for by nobody\n")


def each_bad_proof_is_refused_with_its_reason():
    found = {p.name.removeprefix("v4.bad.").removesuffix(".tlog-proof"): p
             for p in VECTORS.glob("v4.bad.*.tlog-proof")}
    tap.same(sorted(found), sorted(REASONS), "the bad proofs and the reasons known")
    for name, path in found.items():
        refused(proof(path), 1, b".tlog-proof:" + REASONS[name])


def another_entry_is_refused():
    other = FOLDER / "other"
    other.write_bytes(b"overt-leaf-12345")
    refused(proof(GOOD, entry=other), 1, b"the inclusion proof leads to another root")


def a_policy_of_three_refuses_what_two_signed():
    policy = FOLDER / "all"
    policy.write_bytes(POLICY.read_bytes().replace(b"group q 2", b"group q all"))
    refused(proof(GOOD, policy=policy), 1, b"too few witnesses: 2 of the 3 that the quorum q needs")


def a_policy_without_witnesses_is_said():
    policy = FOLDER / "none"
    policy.write_bytes(POLICY.read_bytes().replace(b"quorum q", b"quorum none"))
    done = proof(GOOD, policy=policy)
    tap.same((done.returncode, done.stderr), (0, b""))
    tap.same(done.stdout,
             b"verified: entry 12345 of 70000 in overt.example/log, no witness asked for\n")


def an_unusable_policy_judges_nothing():
    policy = FOLDER / "bad"
    policy.write_bytes(POLICY.read_bytes() + b"quorum q\n")
    refused(proof(GOOD, policy=policy), 2, b"/bad:8: a second quorum line")


def what_cannot_be_read_judges_nothing():
    missing = FOLDER / "missing"
    refused(proof(missing), 2, b"/missing: No such file")
    refused(proof(GOOD, policy=missing), 2, b"/missing: No such file")
    refused(proof(GOOD, entry=missing), 2, b"/missing: No such file")
    refused(proof(FOLDER), 2, b": Is a directory")


def endless_data_ends():
    refused(proof("/dev/zero"), 1, b"a proof has at most 131072 bytes")
    refused(proof(GOOD, entry="/dev/zero"), 1, b"an entry of a log has at most 65535 bytes")
    refused(proof(GOOD, policy="/dev/zero"), 2, b"a policy has at most 65536 bytes")


def wrong_usage_is_status_2():
    for arguments, reason in (
        ((), b"the only command is \"proof\""),
        (("prove",), b"prove: the only command is \"proof\""),
        (("proof",), b"--policy FILE: missing"),
        (("proof", "--policy"), b"--policy: takes one file, once"),
        (("proof", "--policy", POLICY, GOOD), b"--entry FILE: missing"),
        (("proof", "--policy", POLICY, "--entry", ENTRY), b"PROOF: missing"),
        (("proof", "--policy", POLICY, "--policy", POLICY), b"--policy: takes one file, once"),
        (("proof", "--policy", POLICY, "--entry", ENTRY, GOOD, GOOD), b"a second proof"),
        (("proof", "--quick", GOOD), b"--quick: no such option"),
    ):
        done = run(*arguments)
        tap.same(done.returncode, 2, str(arguments))
        tap.same(done.stdout, b"", str(arguments))
        assert reason in done.stderr, (arguments, done.stderr)
        assert b"usage: overt-verify proof --policy FILE --entry FILE PROOF\n" in done.stderr


def help_and_version_are_told():
    for arguments in (("--help",), ("proof", "--help")):
        done = run(*arguments)
        tap.same((done.returncode, done.stderr), (0, b""))
        assert done.stdout.startswith(b"usage: overt-verify proof "), done.stdout
    done = run("--version")
    tap.same(done.returncode, 0)
    assert done.stdout.startswith(b"overt-verify "), done.stdout


def an_answer_that_cannot_be_written_is_no_yes():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([VERIFY, "proof", "--policy", POLICY, "--entry", ENTRY, GOOD],
                              stdout=full, stderr=subprocess.PIPE, check=False)
    tap.same(done.returncode, 2)
    assert b"could not be written" in done.stderr, done.stderr


def names_do_not_act_on_the_terminal():
    path = FOLDER / "a\x1b[31m\nb"
    path.write_bytes(b"nothing")
    refused(proof(path), 1, b"a\\x1b[31m\\nb:1: the proof ends before its checkpoint")
    policy = FOLDER / "bidi"
    policy.write_bytes(POLICY.read_bytes().replace(b" w1 ", " \u202e\u2066w1 ".encode()))
    done = proof(GOOD, policy=policy)
    tap.same(done.returncode, 0)
    assert b"cosigned by \\xe2\\x80\\xae\\xe2\\x81\\xa6w1 w3" in done.stdout, done.stdout


def surroundings_do_not_matter():
    config = FOLDER / "openssl.cnf"
    config.write_text("openssl_conf = init\n[init]\nproviders = p\n[p]\nbogus = b\n"
                      "[b]\nactivate = 1\nmodule = /nonexistent.so\n")
    for extra in ({"TZ": "Asia/Tokyo"}, {"LC_ALL": "C.UTF-8"}, {"OPENSSL_CONF": str(config)},
                  {"OPENSSL_MODULES": str(FOLDER)}, {"MALLOC_PERTURB_": "90"}):
        done = proof(GOOD, env={**os.environ, **extra})
        tap.same((done.returncode, done.stdout, done.stderr), (0, VERIFIED + b"\n", b""), str(extra))


def it_reads_three_files_and_does_nothing_else():
    log = FOLDER / "strace"
    done = subprocess.run(["strace", "-f", "-o", log, VERIFY, "proof", "--policy", POLICY, "--entry",
                           ENTRY, GOOD], capture_output=True, check=False)
    tap.same((done.returncode, done.stdout), (0, VERIFIED + b"\n"))
    calls = [line.split(None, 1)[1] for line in log.read_text().splitlines()]
    names = {call.split("(")[0] for call in calls}
    forbidden = {"socket", "connect", "clone", "clone3", "fork", "vfork", "unlink", "rename", "creat"}
    tap.same(sorted(names & forbidden), [], "calls")
    tap.same(sum(call.startswith("execve(") for call in calls), 1, "programs")
    shut = next(i for i, call in enumerate(calls) if call.startswith("prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT"))
    tap.same([call.split("(")[0] for call in calls[shut + 1:] if not call.startswith("+++")], ["write", "exit"],
             "what is done after it was shut in")
    before = [call for call in calls[:shut] if call.startswith("read(")]
    assert any(f"{len(GOOD.read_bytes())}" in call for call in before), before
    opened = [call for call in calls if call.startswith("openat(") and "ENOENT" not in call]
    for call in opened:
        assert "O_RDONLY" in call, call
        assert any(what in call for what in (".so", str(POLICY), str(ENTRY), str(GOOD))), call


if __name__ == "__main__":
    tap.run([good_proofs_are_verified, each_bad_proof_is_refused_with_its_reason,
             another_entry_is_refused, a_policy_of_three_refuses_what_two_signed,
             a_policy_without_witnesses_is_said, an_unusable_policy_judges_nothing,
             what_cannot_be_read_judges_nothing, endless_data_ends, wrong_usage_is_status_2,
             help_and_version_are_told, an_answer_that_cannot_be_written_is_no_yes,
             names_do_not_act_on_the_terminal, surroundings_do_not_matter]
            + [it_reads_three_files_and_does_nothing_else] * ("--watch" in sys.argv[3:]))
