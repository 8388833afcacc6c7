#!/usr/bin/env python3
"""check_links.py BUILD_DIR: what each program must not contain, read from its symbols.

One program, one privilege: the half that scans holds no rule parser, the half that reads rules
opens no containers, the command does neither, and nothing jailed has a way to a network."""
import re
import subprocess
import sys

MUST_NOT = {
    "overt": {
        r"ov_(engine|matcher|evaluator|yara|hashlist|compile)_": "reads content or rules itself",
        r"archive_read_": "unpacks by itself",
    },
    "overtd": {
        r"ov_(engine|matcher|evaluator|yara|hashlist|compile)_": "reads content or rules itself",
        r"archive_read_": "unpacks by itself",
    },
    "overt-worker": {
        r"ov_(yara|hashlist|compile|jail)_": "holds a rule parser or the jail's builder",
        r"(sqlite3_|json_(load|dump|object|array|string|integer)s?_?)": "holds a library that never enters a worker",
        r"(socket|connect|bind|listen|accept4?|sendto|getaddrinfo|res_query)$": "could use a network",
        r"(fork|vfork|execve|execv|execvp|posix_spawnp?|system|popen)$": "could start a program",
        r"archive_read_(support_filter_program|support_filter_all|support_format_all)": "runs programs",
    },
    "overt-compile": {
        r"ov_(engine|archive|formats|jail)_|archive_read_": "looks at scanned content",
        r"(socket|connect|bind|listen|accept4?|sendto|getaddrinfo|res_query)$": "could use a network",
        r"(fork|vfork|execve|execv|execvp|posix_spawn|system|popen)$": "could start a program",
    },
    "overt-verify": {
        r"ov_(engine|matcher|evaluator|yara|hashlist|compile|db|formats|jail)_|archive_read_":
            "does more than check proofs and updates",
        r"ov_(sign|signer|tree_prove)_": "could sign or publish",
    },
    "overt-fetch": {
        r"ov_(engine|matcher|evaluator|yara|hashlist|compile|db|formats|jail|policy|note|tree|sign)_":
            "does more than fetch",
    },
    "overt-witness": {
        r"ov_(engine|matcher|evaluator|yara|hashlist|compile|db|formats)_|curl_": "does more than cosign and watch",
    },
    "overt-spawn": {
        r"ov_(engine|matcher|evaluator|yara|compile|db)_": "knows of rules or content",
        r"archive_read_|EVP_": "does more than build a jail",
    },
}


def symbols(path):
    """Names defined in a program."""
    done = subprocess.run(["nm", path], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in done.stdout.splitlines() if " U " not in line]


print(f"1..{len(MUST_NOT)}")
bad = 0
for number, (program, rules) in enumerate(MUST_NOT.items(), 1):
    names = symbols(f"{sys.argv[1]}/{program}")
    found = [(n, why) for n in names for rule, why in rules.items() if re.match(rule, n)]
    if not names:
        found.append(("no symbols at all", "nothing could be checked"))
    for name, why in found[:10]:
        print(f"# {program} has {name}: {why}")
    bad += bool(found)
    print(f"{'not ' if found else ''}ok {number} - {program}: {len(names)} symbols")
sys.exit(bad != 0)
