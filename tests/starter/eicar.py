#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The EICAR test file and its neighbours, assembled at run time from two pieces.

The definition: the 68 bytes at the start of a file of at most 128 bytes, followed by nothing but
white space (space, tab, LF, CR, Ctrl-Z). Everything else is not the test file. As a program this
writes the variants to a folder, with a manifest that says which must be detected:

    eicar.py --out DIR       writes the files and DIR/eicar.json
"""

import argparse
import json
import os

_FIRST = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EIC"
_SECOND = b"AR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

RULE = "EICAR_Test_File"


def test_file():
    body = _FIRST + _SECOND
    assert len(body) == 68
    return body


def variants():
    """(name, bytes, whether EICAR_Test_File must hold), in a fixed order."""
    body = test_file()
    document = b"To test your scanner, save this line as a file:\n\n    " + body + b"\n\nand scan it.\n"
    return [
        ("plain.com", body, True),
        ("lf.com", body + b"\n", True),
        ("crlf.com", body + b"\r\n", True),
        ("ctrl-z.com", body + b"\x1a", True),
        ("tab.com", body + b"\t \r\n\x1a", True),
        ("padded-to-128.com", body + b" " * 60, True),
        ("padded-to-129.com", body + b" " * 61, False),
        ("prefix.com", b" " + body, False),
        ("bom.com", b"\xef\xbb\xbf" + body, False),
        ("tail-200.com", body + b" " * 200, False),
        ("tail-letter.com", body + b"\r\nx", False),
        ("tail-nul.com", body + b"\0", False),
        ("cut-short.com", body[:-1], False),
        ("one-byte-off.com", body[:-1] + b"+", False),
        ("lower-case.com", body.lower(), False),
        ("twice.com", body + body, False),
        ("document.txt", document, False),
    ]


def write(folder):
    os.makedirs(folder, exist_ok=True)
    manifest = {}
    for name, data, detected in variants():
        with open(os.path.join(folder, name), "wb") as out:
            out.write(data)
        manifest[name] = {"detected": detected, "bytes": len(data)}
    with open(os.path.join(folder, "eicar.json"), "w", encoding="utf-8") as out:
        json.dump({"rule": RULE, "files": manifest}, out, indent=1, sort_keys=True)
        out.write("\n")


def main():
    parser = argparse.ArgumentParser(description="Writes the EICAR test file and its variants.")
    parser.add_argument("--out", metavar="DIR", required=True)
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
