#!/usr/bin/env python3
"""detached_test.py OVERT: containers of ClamAV's with their signatures in a file beside them, as ClamAV 1.5 has them."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cvd_fixtures as cvd  # noqa: E402
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
FOUND = "Test.Signed FOUND"
ROOT = tempfile.mkdtemp()
DATA = cvd.container("test", 7, {"test.ndb": b"Test.Signed:0:*:4142434445464748\n"})
OTHER = cvd.container("test", 7, {"test.ndb": b"Test.Other:0:*:4142434445464748\n"})


def prepare():
    for name in ("trusted", "stranger"):
        cvd.authority(ROOT, name)
        os.mkdir(f"{ROOT}/{name}.d")
        shutil.copy(f"{ROOT}/{name}.crt", f"{ROOT}/{name}.d")
    cvd.signer(ROOT, "signer", "trusted")
    cvd.signer(ROOT, "past", "trusted", "-days", "-1")
    os.mkdir(f"{ROOT}/empty.d")
    cvd.put(ROOT, "target", b"\1\2ABCDEFGH and more")


def scan(data, sign, *options, certificates="trusted.d", name="test.cvd", sign_name="test-7.cvd.sign"):
    """The verdict's line, the exit code, and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        cvd.put(folder, name, data)
        if sign is not None:
            cvd.put(folder, sign_name, sign)
        target = f"{ROOT}/target"
        done = subprocess.run([OVERT, "clamscan", "--disable-cache", "--no-summary", "-v", f"--cvdcertsdir={ROOT}/{certificates}", "-d",
                               folder, *options, target], capture_output=True, text=True, check=False, timeout=60)
        return done.stdout.replace(f"{target}: ", "").strip().splitlines()[-1:], done.returncode, done.stderr


def sign_file(*lines):
    return "#clamsign-1.0\n" + "".join(line + "\n" for line in lines)


def refused(result, *words):
    tap.same(result[0] != [FOUND] and "Test.Other" not in str(result[0]), True, str(result))
    for word in words:
        tap.same(word in result[2], True, f"{word!r} is not in {result[2]!r}")


def one_whose_signer_is_trusted_loads():
    good = cvd.signature(ROOT, "signer", DATA)
    for options in ([], ["--fips-limits"], ["--official-db-only"]):
        tap.same(scan(DATA, sign_file(good), *options)[:2], ([FOUND], 1), str(options))
    # in front of it: a comment, nothing, a form and a level that are for others
    tap.same(scan(DATA, sign_file("# who", "", "230::cms-der:QUJD", "500::pkcs7-pem:QUJD", good))[0], [FOUND])
    tap.same(scan(DATA, sign_file(good), name="test-7.cvd")[0], [FOUND])
    for digest in ("sha384", "sha512"):
        tap.same(scan(DATA, sign_file(cvd.signature(ROOT, "signer", DATA, digest)))[0], [FOUND], digest)


def compile_takes_it_too():
    with tempfile.TemporaryDirectory() as folder:
        cvd.put(folder, "test.cvd", DATA)
        cvd.put(folder, "test-7.cvd.sign", sign_file(cvd.signature(ROOT, "signer", DATA)))
        for certificates, code in (("trusted.d", 0), ("stranger.d", 2)):
            done = subprocess.run([OVERT, "compile", "--strict", "-o", f"{folder}/out.ovdb", f"{folder}/test.cvd"], capture_output=True,
                                  text=True, check=False, timeout=60, env={**os.environ, "CVD_CERTS_DIR": f"{ROOT}/{certificates}"})
            tap.same(done.returncode, code, done.stderr)


def one_that_does_not_hold_refuses_the_container():
    good = cvd.signature(ROOT, "signer", DATA)
    refused(scan(OTHER, sign_file(good)), "does not hold", "of other bytes than these")
    refused(scan(DATA, sign_file(good), certificates="stranger.d"), "does not hold", "does not lead back")
    refused(scan(DATA, sign_file(cvd.signature(ROOT, "stranger", DATA))), "does not hold", "does not lead back")
    # the first one that can be judged decides
    refused(scan(DATA, sign_file(cvd.signature(ROOT, "stranger", DATA), good)), "does not lead back")
    refused(scan(DATA, sign_file(good), certificates="empty.d"), "its publisher did not sign it")


def one_that_cannot_be_judged_leaves_it_to_the_older_one():
    good = cvd.signature(ROOT, "signer", DATA)
    cases = ((None, "there is no file of signatures"), ("", "no signature"), ("#clamsign-2.0\n" + good, "its first line is not"),
             (sign_file("220::pkcs7-pem:QUJD"), "no PKCS #7"), (sign_file("220::pkcs7-pem"), "not MIN:[MAX]:FORM:SIGNATURE"),
             (sign_file(good.replace("220::", "220:229:")), "other levels"),
             (sign_file(cvd.signature(ROOT, "signer", DATA, "sha1")), "its digest is none of SHA-256"))
    for sign, why in cases:
        refused(scan(DATA, sign), "its publisher did not sign it")
        refused(scan(DATA, sign, "--fips-limits"), "MD5 is not enough", why)
    refused(scan(DATA, sign_file(good), "--fips-limits", sign_name="test-8.cvd.sign"), "there is no file of signatures")


def there_is_no_clock_to_ask_whether_a_certificate_is_valid_still():
    tap.same(scan(DATA, sign_file(cvd.signature(ROOT, "past", DATA)))[0], [FOUND])


def certificates_that_cannot_be_read_are_an_error():
    good = sign_file(cvd.signature(ROOT, "signer", DATA))
    os.mkdir(f"{ROOT}/bad.d")
    cvd.put(f"{ROOT}/bad.d", "a.pem", "-----BEGIN CERTIFICATE-----\nQUJD\n")
    for certificates, why in (("none.d", "No such file"), ("bad.d", "has no end")):
        result = scan(DATA, good, certificates=certificates)
        tap.same((result[1], why in result[2]), (2, True), result[2])
    cvd.put(f"{ROOT}/bad.d", "a.pem", "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n")
    refused(scan(DATA, good, certificates="bad.d"), "no certificate")


def fips_limits_trust_nothing_by_md5_or_sha1():
    data = b"\1\2ABCDEFGH and more"
    with tempfile.TemporaryDirectory() as folder:
        database = cvd.put(folder, "d.ndb", "Test.N:0:*:4142434445464748\n")
        for kind, with_limits in (("md5", 1), ("sha1", 1), ("sha256", 0)):
            allow = cvd.put(folder, "d.fp", f"{hashlib.new(kind, data).hexdigest()}:{len(data)}:Known.Good\n")
            for options, code in (((), 0), (("--fips-limits",), with_limits)):
                done = subprocess.run([OVERT, "clamscan", "--disable-cache", "--no-summary", *options, "-d", database, "-d", allow,
                                       f"{ROOT}/target"], capture_output=True, text=True, check=False, timeout=60)
                tap.same(done.returncode, code, f"{kind} {options} {done.stdout}")


try:
    prepare()
    tap.run([one_whose_signer_is_trusted_loads, compile_takes_it_too, one_that_does_not_hold_refuses_the_container,
             one_that_cannot_be_judged_leaves_it_to_the_older_one, there_is_no_clock_to_ask_whether_a_certificate_is_valid_still,
             certificates_that_cannot_be_read_are_an_error, fips_limits_trust_nothing_by_md5_or_sha1])
finally:
    shutil.rmtree(ROOT)
