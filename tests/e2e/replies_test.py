#!/usr/bin/env python3
"""replies_test.py OVERT REPLIES: the same bytes and rules give byte-identical worker replies under
another date, host name, user, path and environment."""
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT, REPLIES = map(os.path.abspath, sys.argv[1:3])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-replies."))
TMP.chmod(0o755)
RULES = TMP / "r.yar"
DATABASE = TMP / "r.ovdb"


def prepare(folder):
    """The same files, under any folder; returns their paths in order."""
    folder.mkdir(parents=True)
    (folder / "hit").write_bytes(b"x" * 5000 + b"needle-in-haystack" + b"y" * 70000)
    (folder / "clean").write_bytes(bytes(range(256)) * 64)
    (folder / "cut.zip").write_bytes(b"PK\x03\x04" + bytes(26) + os.urandom(0))
    with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        for i in range(20):
            z.writestr(zipfile.ZipInfo(f"m{i}"), b"needle-in-haystack" if i % 3 else b"nothing")
    return [folder / n for n in ("hit", "clean", "cut.zip", "a.zip")]


def replies(files, profile, prefix=(), **kwargs):
    """The raw frames, in hex, of one scan of `files`."""
    done = subprocess.run([*prefix, REPLIES, profile, DATABASE, *files], capture_output=True,
                          check=False, **kwargs)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    return done.stdout


def compile_rules():
    RULES.write_text('rule Needle { meta: a = "b" strings: $a = "needle-in-haystack" $b = /y{20,30}/ '
                     'condition: $a and filesize < 1MB or #b > 3 }')
    subprocess.run([OVERT, "compile", RULES, "-o", DATABASE], check=True)
    DATABASE.chmod(0o644)


def surroundings_do_not_matter(profile):
    files = prepare(TMP / profile / "here")
    other = prepare(TMP / profile / "an other, longer path" / "deeper")
    for path in other:  # other times, too
        os.utime(path, (datetime.datetime(1999, 1, 1).timestamp(),) * 2)
    want = replies(files, profile)
    assert want.count(b"\n") >= 6, want
    tap.same(replies(files, profile), want, "again")
    tap.same(replies(other, profile), want, "path and times")
    tap.same(replies(files, profile, env={"TZ": "Asia/Tokyo", "LANG": "tr_TR.UTF-8", "X": "1"}), want,
             "environment")
    tap.same(replies(files, profile, cwd="/"), want, "working directory")
    tap.same(replies(files, profile, ["faketime", "2001-09-09 01:46:40"]), want, "date")
    tap.same(replies(files, profile, ["unshare", "--uts", "sh", "-c", 'hostname other; exec "$0" "$@"']),
             want, "host name")
    # A user who may not enter the build tree still needs the programs: copied for him.
    programs = TMP / f"programs-{profile}"
    programs.mkdir()
    for name in ("overt-spawn", "overt-worker"):
        shutil.copy(os.path.join(os.path.dirname(OVERT), name), programs)
    shutil.copy(REPLIES, programs / "replies")
    done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           programs / "replies", profile, DATABASE, *files], capture_output=True,
                          check=False)
    tap.same((done.stdout, done.stderr), (want, b""), "user")


def verdict_replies_are_a_function_of_bytes_and_rules():
    surroundings_do_not_matter("verdict")


def explain_replies_are_a_function_of_bytes_and_rules():
    surroundings_do_not_matter("explain")


def other_bytes_give_other_replies():
    # The control: were the test blind, this would pass as well.
    files = prepare(TMP / "control")
    before = replies(files, "verdict")
    (TMP / "control/clean").write_bytes(b"needle-in-haystack")
    assert replies(files, "verdict") != before


compile_rules()
tap.run([verdict_replies_are_a_function_of_bytes_and_rules,
         explain_replies_are_a_function_of_bytes_and_rules, other_bytes_give_other_replies])
