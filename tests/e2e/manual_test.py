#!/usr/bin/env python3
"""manual_test.py OVERT: what help, manual and completion say is what the commands take."""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = (
    "bundle",
    "compile",
    "explain",
    "history",
    "ledger",
    "prohibited",
    "prove",
    "quarantine",
    "rules",
    "scan",
    "status",
    "update",
    "verify-self",
)
YARAS = ("yara", "yarac")  # with a reader of options and a help text of their own


def taken(command):
    """The long options that a command's source gives to getopt_long."""
    if command in YARAS:
        table = (ROOT / "src/programs/overt/yara_options.c").read_text()
        table = table.split(f"{command}_rows[] = {{")[1].split("};")[0]
        return {"--" + name for name in re.findall(r'\{ (?:\'.\'|0), "([a-z-]+)"', table)}
    source = (ROOT / "src/programs/overt" / f"{command.replace('-', '_')}.c").read_text()
    found = set(re.findall(r'\{ "([a-z-]+)", (?:no|required)_argument', source))
    found |= set(re.findall(r'strcmp\([^,]*, "--([a-z-]+)"\)', source))  # where it is read by hand
    if "OV_LIMIT_OPTIONS" in source:
        header = (ROOT / "src/programs/overt/options.h").read_text()
        found |= set(re.findall(r'"(max-[a-z-]+)",\s*\\?\s*required_argument', header))
    assert found, command
    return {"--" + name for name in found}


def help_names_every_option_and_fits():
    for command in COMMANDS:
        done = subprocess.run([OVERT, command, "--help"], capture_output=True, text=True, check=True)
        tap.same(done.stderr, "", command)
        wide = [line for line in done.stdout.splitlines() if len(line) > 80]
        tap.same(wide, [], command)
        told = set(re.findall(r"--[a-z][a-z-]+", done.stdout))
        tap.same(taken(command) - told - {"--help"}, set(), f"{command}: taken and not told")
        listed = set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]+)", done.stdout, re.M))
        tap.same(listed - taken(command) - {"--help"}, set(), f"{command}: told and not taken")


def the_manual_names_every_option():
    for command in COMMANDS + YARAS:
        page = (ROOT / "man" / f"overt-{command}.1.scd").read_text()
        missing = {o for o in taken(command) if f"*{o}*" not in page and f"{o}*" not in page}
        tap.same(missing - {"--help"}, set(), command)


def completion_offers_every_option():
    text = (ROOT / "completions/overt.bash").read_text()
    limits = re.search(r"local limits='([^']*)'", text).group(1)
    text = text.replace("$limits", limits)
    for command in COMMANDS + YARAS:
        part = re.search(rf"^        {command}\)(.*?);;", text, re.S | re.M).group(1)
        tap.same(taken(command) - set(re.findall(r"--[a-z-]+", part)), set(), command)
    subprocess.run(["bash", "-n", ROOT / "completions/overt.bash"], check=True)


def the_other_side_has_manual_and_completion_too():
    for program in ("overt-publish", "overt-witness"):
        done = subprocess.run([pathlib.Path(OVERT).parent / program, "--help"], capture_output=True, text=True,
                              check=True)
        told = set(re.findall(r"--[a-z][a-z-]+", done.stdout))
        verbs = set(re.findall(rf"^ *(?:usage: )?{program} ([a-z|]+)", done.stdout, re.M))
        verbs = {verb for group in verbs for verb in group.split("|")}
        assert len(verbs) >= 3 and len(told) >= 6, (program, verbs, told)
        page = (ROOT / "man" / f"{program}.1.scd").read_text()
        tap.same({o for o in told if o not in page}, set(), program)
        tap.same({v for v in verbs if not re.search(rf"\*(?:{program} )?{v}(?: new)?\*", page)}, set(), program)
        completion = (ROOT / "completions" / f"{program}.bash").read_text()
        tap.same({o for o in told | verbs if not re.search(rf"(?<![a-z-]){o}(?![a-z-])", completion)}, set(), program)
        subprocess.run(["bash", "-n", ROOT / "completions" / f"{program}.bash"], check=True)


def every_command_is_listed():
    done = subprocess.run([OVERT, "--help"], capture_output=True, text=True, check=True)
    for command in COMMANDS + YARAS:
        assert f"\n  {command} " in done.stdout, command
    tap.same(subprocess.run([OVERT, "no-such-command"], capture_output=True, check=False).returncode, 2)


tap.run([help_names_every_option_and_fits, the_manual_names_every_option, completion_offers_every_option,
         the_other_side_has_manual_and_completion_too, every_command_is_listed])
