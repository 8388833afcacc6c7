#!/usr/bin/env python3
"""yara_judge.py OVERT [--seconds N] [--rounds N] [--seed N] [--all]: random rules over random files, YARA the judge.

Rules come from a grammar over the whole language, files from random bytes with parts of the rules' strings in them.
What `overt yara -s -L` prints is compared with what yara-python 4.5 says: does it compile, which rules hold, every
match by offset and length. yara-python may be missing: SKIP. What docs/compat-yara.md names is not generated.
YARA never comes back from some expressions: it runs in a process of its own, and what it gave up on is counted."""
import argparse
import base64
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/judge"))
import facts_judge  # noqa: E402

try:
    import yara
except ImportError:
    print("1..0 # SKIP yara-python is not here")
    sys.exit(0)

ALPHABET = "abcABC01_ ./"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
OTHER_BASE64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TO_OTHER_BASE64 = bytes.maketrans(BASE64.encode(), OTHER_BASE64.encode())
IMPORTS = "".join('import "%s"\n' % m for m in ("tests", "math", "string", "hash"))
PER_RUN = 40  # rules in one source: one start of the command for all of them


class Maker:
    """One random rule at a time, with what its strings might match."""

    def __init__(self, rng):
        self.rng = rng
        self.baits = []

    def pick(self, *of):
        return self.rng.choice(of)

    def word(self, low=1, high=8):
        return "".join(self.rng.choice(ALPHABET) for _ in range(self.rng.randint(low, high)))

    # --- strings -------------------------------------------------------------------------------

    def text(self):
        word = self.word(1, 10)
        raw = word.encode()
        if self.rng.random() < 0.2:
            raw += bytes([self.rng.randrange(256)])
            word += "\\x%02x" % raw[-1]
        self.bait(raw)
        chosen = []
        for name, chance in (("nocase", .25), ("wide", .25), ("ascii", .25), ("fullword", .25), ("private", .1)):
            if self.rng.random() < chance:
                chosen.append(name)
        other = self.rng.random()
        if other < .12 and "nocase" not in chosen:
            low = self.rng.randrange(256)
            high = self.rng.randrange(low, 256)
            chosen.append(self.pick("xor", "xor(%d)" % low, "xor(%d-%d)" % (low, high)))
        elif other < .2 and len(raw) >= 3 and not {"nocase", "fullword"} & set(chosen):
            alphabet = self.pick("", "", '("%s")' % OTHER_BASE64)
            chosen.append(self.pick("base64", "base64wide") + alphabet)
            coded = base64.b64encode(b"x" * self.rng.randrange(3) + raw)
            self.bait(coded.translate(TO_OTHER_BASE64) if alphabet else coded)
        self.rng.shuffle(chosen)
        return '"%s" %s' % (word, " ".join(chosen))

    def bait(self, raw):
        self.baits.append(raw)
        self.baits.append(b"".join(bytes([c, 0]) for c in raw))
        self.baits.append(raw.upper())
        key = self.rng.randrange(256)
        self.baits.append(bytes(c ^ key for c in raw))

    def hex_tokens(self, count, deep, bait):
        out = []
        for i in range(count):
            kind = self.rng.random()
            value = self.rng.choice(b"abcAB\0\xff\x90")
            if 0 < i < count - 1 and kind < .2 and (not out or "[" not in out[-1]):
                low = self.rng.randrange(0, 4)
                high = low + self.rng.randrange(0, 5)
                if deep:
                    out.append("[%d-%d]" % (low, high))
                else:
                    out.append(self.pick("[%d-%d]" % (low, high), "[%d]" % (low + 1), "[%d-]" % low, "[-]",
                                         "[%d-%d]" % (low, high + 300)))
                bait.extend(self.rng.randbytes(low))
            elif 0 < i < count - 1 and kind < .3 and deep < 2:
                left, right = bytearray(), bytearray()
                out.append("(%s | %s)" % (self.hex_tokens(self.rng.randint(1, 3), deep + 1, left),
                                          self.hex_tokens(self.rng.randint(1, 3), deep + 1, right)))
                bait.extend(self.pick(left, right))
            elif kind < .4:
                out.append(self.pick("??", "%X?" % (value >> 4), "?%X" % (value & 15)))
                bait.append(value)
            elif kind < .47:
                out.append("~%02X" % value)
                bait.append(value ^ 1)
            else:
                out.append("%02X" % value)
                bait.append(value)
        return " ".join(out)

    def hexes(self):
        bait = bytearray()
        text = self.hex_tokens(self.rng.randint(2, 9), 0, bait)
        self.baits.append(bytes(bait))
        return "{ %s } %s" % (text, self.pick("", "", "private"))

    def regex_atom(self, deep):
        kind = self.rng.random()
        if kind < .55:
            return self.rng.choice("abcAB01_ ")
        if kind < .62:
            return "."
        if kind < .7:
            return self.pick("\\w", "\\d", "\\s", "\\W", "\\D", "\\S", "\\.", "\\x00", "\\n", "\\/")
        if kind < .8:
            return self.pick("[abc]", "[^abc]", "[a-c0-1]", "[\\w.]", "[A-Za-z]", "[^\\n]")
        if kind < .85:
            return self.pick("\\b", "\\B")
        if kind < .87 and deep == 0:
            return self.pick("^", "$")
        if deep < 2:
            return "(%s)" % self.regex(deep + 1)
        return "a"

    def regex(self, deep):
        parts = []
        for _ in range(self.rng.randint(1, 5)):
            atom = self.regex_atom(deep)
            if atom[0] not in "^$" and atom not in ("\\b", "\\B") and self.rng.random() < .3:
                atom += self.pick("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}") + self.lazy
            parts.append(atom)
        text = "".join(parts)
        if self.rng.random() < .2:
            text += "|" + self.regex_atom(deep + 1) + "b"
        return text

    def regular(self):
        self.lazy = self.pick("", "", "?")
        text = self.regex(0)
        words = re.findall(r"[abcAB01_ ]+", text)
        self.bait("".join(words).encode())
        self.bait(" ".join(words).encode())
        modifiers = [m for m in ("nocase", "wide", "ascii", "fullword", "private") if self.rng.random() < .15]
        if "wide" in modifiers and not re.match(r"[abcAB01_]{2}", text):  # docs/compat-yara.md
            modifiers = [m for m in modifiers if m != "fullword"]
        if self.lazy or "|" in text:  # the same
            modifiers = [m for m in modifiers if m != "fullword"]
        return "/%s/%s %s" % (text, self.pick("", "", "i", "s"), " ".join(modifiers))

    # --- conditions ----------------------------------------------------------------------------

    def integer(self, deep):
        kind = self.rng.randrange(16 if deep < 3 else 6)
        name = self.rng.choice(self.names)
        if kind < 3:
            return str(self.pick(0, 1, 2, 3, 5, 10, 100, 255, 256, 65535, "0x10", "1KB", "0o17", -1, -3))
        if kind == 3:
            return "filesize"
        if kind == 4:
            return "#" + name
        if kind == 5:
            return self.pick("@%s", "!%s") % name
        if kind == 6:
            return "@%s[%s]" % (name, self.integer(deep + 1))
        if kind == 7:
            return "!%s[%s]" % (name, self.integer(deep + 1))
        if kind == 8:
            return "#%s in (%s..%s)" % (name, self.pick("0", "1", "@" + name), self.pick("filesize", "50", "100"))
        if kind == 9:
            return "%s(%s)" % (self.pick("int8", "int16", "int32", "uint8", "uint16", "uint32", "int8be", "int16be",
                                         "int32be", "uint8be", "uint16be", "uint32be"), self.integer(deep + 1))
        if kind == 10:
            return "(%s %s %s)" % (self.integer(deep + 1), self.pick("\\", "%"), self.pick("3", "7", "filesize", "#" + name))
        if kind == 11:
            return "(%s %s %s)" % (self.integer(deep + 1), self.pick("<<", ">>"), self.pick("1", "8", "64", "#" + name))
        if kind == 12:
            return self.pick("-(%s)", "~(%s)") % self.integer(deep + 1)
        if kind == 13:
            return self.pick("ext_int", "ext_bool")
        return "(%s %s %s)" % (self.integer(deep + 1), self.pick("+", "-", "*", "&", "|", "^"), self.integer(deep + 1))

    def string_set(self):
        kind = self.rng.random()
        if kind < .5:
            return "them"
        if kind < .7:
            return "($%s*)" % self.rng.choice(self.names)[:1]
        return "(%s)" % ",".join("$" + self.rng.choice(self.names) for _ in range(self.rng.randint(1, 3)))

    def quantity(self, percent=True):
        return self.pick("all", "any", "none", "1", "2", "#" + self.rng.choice(self.names)) if not percent else self.pick(
            "all", "any", "none", "1", "2", "50%", "34%", "#" + self.rng.choice(self.names))

    def value_text(self):
        return self.pick('"abc"', '"ABC"', '""', '"a"', "ext_text", '"b\\x00c"')

    def of_modules(self, deep):
        """Facts, functions, and loops over arrays and dictionaries; `tests` is the module that YARA tests itself with."""
        kind = self.rng.randrange(9)
        many = self.pick("all", "any", "none", "1", "2")
        if kind == 0:
            return "for %s v%d in tests.integer_array : ( v%d %s %s )" % (many, deep, deep, self.pick("==", "<", ">="),
                                                                        self.integer(deep + 2))
        if kind == 1:
            return "for %s v%d in tests.string_array : ( v%d %s %s )" % (many, deep, deep, self.pick("==", "contains", "iequals"),
                                                                       self.pick('"foo"', '"ba"', '"FOO"', self.value_text()))
        if kind == 2:
            return 'for %s k%d, v%d in tests.struct_dict : ( %s )' % (many, deep, deep, self.pick(
                'k%d == "foo"', 'v%d.s == "foo"', "v%d.i >= 1", 'k%d contains "o"') % deep)
        if kind == 3:
            return "for %s v%d in tests.struct_array : ( v%d.i %s 1 )" % (many, deep, deep, self.pick("==", "<", ">="))
        if kind == 4:
            return "tests.integer_array[%s] %s %s" % (self.integer(deep + 2), self.pick("==", "<", ">="), self.integer(deep + 2))
        if kind == 5:
            return 'tests.string_dict[%s] %s "%s"' % (self.pick('"foo"', '"bar"', '"none"', "ext_text"), self.pick("==", "!="),
                                                      self.pick("foo", "bar"))
        if kind == 6:
            return self.pick("math.entropy(%s, filesize) > 2.5", "math.mean(%s, 20) < 80.0", "math.mode(%s, filesize) > 64",
                             "math.count(97, %s, filesize) > 2", "math.percentage(97, %s, filesize) > 0.05",
                             'hash.md5(%s, 5) contains "a"', "hash.crc32(%s, filesize) %% 2 == 0",
                             "hash.checksum32(%s, 30) > 1000") % self.pick("0", "1", "filesize", "@" + self.names[0], "-1")
        if kind == 7:
            return self.pick('string.to_int(%s) == 12', 'string.length(%s) > 3', 'math.to_string(string.length(%s)) == "3"',
                             "math.abs(0 - string.length(%s)) > 2") % self.pick('"12"', '"0x1f"', '"-7z"', "ext_text")
        return self.pick("tests.undefined.i == 1", "defined tests.undefined.i", "tests.constants.one + 1 == tests.constants.two",
                         'tests.match(/foo/, "foo") == 3', "tests.length(ext_text) == 6", "tests.isum(1, ext_int) == 8",
                         "tests.fsum(0.5, ext_float) > 1.7", 'tests.constants.foo startswith "fo"', "tests.undefined.f < 1.0")

    def of_rules(self):
        return "%s of (%s)" % (self.pick("all", "any", "none", "1", "2"),
                               self.pick("r*", ",".join(self.rng.choice(self.earlier) for _ in range(self.rng.randint(1, 3)))))

    def condition(self, deep):
        kind = self.rng.randrange(18 if deep < 3 else 5)
        if self.rng.random() < .12:
            return self.of_modules(deep)
        if self.earlier and self.rng.random() < .03:
            return self.of_rules()
        name = self.rng.choice(self.names)
        if kind < 3:
            return "$" + name
        if kind == 3:
            return "$%s at %s" % (name, self.integer(deep + 1))
        if kind == 4:
            return "$%s in (%s..%s)" % (name, self.pick("0", "5", "#" + name), self.pick("filesize", "60", "200"))
        if kind == 5:
            return "(%s) and (%s)" % (self.condition(deep + 1), self.condition(deep + 1))
        if kind == 6:
            return "(%s) or (%s)" % (self.condition(deep + 1), self.condition(deep + 1))
        if kind == 7:
            return "not (%s)" % self.condition(deep + 1)
        if kind == 8:
            return "%s of %s" % (self.quantity(), self.string_set())
        if kind == 9:
            return "%s of %s in (%s..%s)" % (self.quantity(False), self.string_set(), self.pick("0", "3"), self.pick("40", "filesize"))
        if kind == 10:
            return "%s of %s at %s" % (self.pick("any", "1", "all"), self.string_set(), self.pick("0", "5", "filesize - 3"))
        if kind == 11 and not self.in_loop:
            self.in_loop = True
            body = self.pick("$", "# > 1", "@ < 50", "$ at 0", "! > 2", "$ in (0..40)", "@[2] > 3", "# in (0..30) > 0")
            body = self.pick(body, "%s and %s" % (body, self.condition(deep + 2)))
            self.in_loop = False
            return "for %s of %s : ( %s )" % (self.quantity(False), self.string_set(), body)
        if kind == 12:
            return "for %s i%d in (%s..%s) : ( %s %s %s )" % (
                self.quantity(False), deep, self.pick("0", "1"), self.pick("3", "#" + name, "5"),
                self.pick("uint8(i%d)" % deep, "@%s[i%d]" % (name, deep), "i%d" % deep),
                self.pick("==", "<", ">"), self.integer(deep + 1))
        if kind == 13:
            return "for %s j%d in (%s) : ( j%d %s %s )" % (
                self.quantity(False), deep, ",".join(self.integer(deep + 2) for _ in range(self.rng.randint(1, 3))),
                deep, self.pick("==", "<", ">="), self.integer(deep + 1))
        if kind == 14:
            return self.pick("defined %s", "%s") % ("(%s %s %s)" % (
                self.integer(deep + 1), self.pick("==", "!=", "<", ">", "<=", ">="), self.integer(deep + 1)))
        if kind == 15:
            return "%s %s %s" % (self.value_text(), self.pick("==", "!=", "contains", "icontains", "startswith",
                                                             "istartswith", "endswith", "iendswith", "iequals", "<"),
                                 self.value_text())
        if kind == 16:
            return "%s matches /%s/%s" % (self.value_text(), self.pick("a", "^a.c$", "b+", "[A-C]{2}", "^$", "c$"),
                                          self.pick("", "i", "s"))
        if self.earlier:
            return self.rng.choice(self.earlier)
        return self.pick("true", "false", "ext_bool", "1.5 < 2", "ext_float > 1.0", "filesize * 1.0 > 60.5")

    def rule(self, number, earlier):
        self.earlier = earlier
        self.in_loop = False
        self.names = ["a%d" % i for i in range(self.rng.randint(1, 4))]
        kinds = (self.text, self.text, self.hexes, self.regular)
        strings = "".join("  $%s = %s\n" % (n, self.rng.choice(kinds)()) for n in self.names)
        body = self.condition(0)
        return "%srule r%d %s{\n strings:\n%s condition:\n  (%s) or (all of them and false)\n}\n" % (
            self.pick("", "", "", "private ", "global ") if self.rng.random() < .15 else "", number,
            self.pick("", ": t1 ", ": t1 t2 "), strings, body)


EXTERNALS = {"ext_int": 7, "ext_bool": True, "ext_text": "abcABC", "ext_float": 1.25}
DEFINES = [w for k, v in EXTERNALS.items() for w in ("-d", "%s=%s" % (k, str(v).lower() if v is True else v))]


class Yara:
    """The judge, in a process of its own."""

    def __init__(self):
        self.kept = ("", None)  # the last source and its rules: one of them is asked about several files
        self.ask = facts_judge.Judge(self.answer, 20)
        self.gave_up = 0
        self.known = []  # lengths of which docs/compat-yara.md tells

    def rules(self, source):
        if self.kept[0] != source:
            self.kept = (source, yara.compile(source=source, externals=EXTERNALS))
        return self.kept[1]

    def answer(self, asked):
        """In the process of its own: (good, what)."""
        source, data = asked
        try:
            rules = self.rules(source)
            return (True, None if data is None else self.matches(rules, data))
        except yara.Error as error:  # of a scan: too many threads of an expression
            return (False, str(error))

    @staticmethod
    def matches(rules, data):
        found = {}
        for match in rules.match(data=data):
            found[match.rule] = sorted((i.offset, s.identifier, min(i.matched_length, 512))
                                       for s in match.strings for i in s.instances)
        return found

    def compiles(self, source):
        """True, False and why, or None: it did not come back."""
        answer = self.ask((source, None))
        self.gave_up += answer is None
        return answer or (None, "")

    def judge(self, source, data):
        """Every rule that holds with every match: {name: [(offset, string, length)]}; None: it gives up."""
        answer = self.ask((source, data))
        if answer is None or not answer[0]:
            self.gave_up += 1
            return None
        return answer[1]


def ask(overt, source, path):
    done = subprocess.run([overt, "yara", "-w", "-s", "-L", *DEFINES, source, path], capture_output=True, timeout=120, check=False)
    if done.returncode != 0:
        return None, done.stderr.decode("latin1")
    found, at = {}, None
    for line in done.stdout.split(b"\n"):
        match = re.match(rb"0x([0-9a-f]+):(\d+):(\$\w*): ", line)
        if match:
            found[at].append((int(match[1], 16), match[3].decode(), int(match[2])))
        elif line:
            at = line.split(b" ")[0].decode()
            found[at] = []
    return {k: sorted(v) for k, v in found.items()}, ""


def make_data(rng, baits):
    out = bytearray()
    for _ in range(rng.randint(0, 12)):
        kind = rng.random()
        if kind < .6 and baits:
            out += rng.choice(baits)
        elif kind < .8:
            out += rng.randbytes(rng.randint(1, 12))
        else:
            out += bytes(rng.choice(b"abcAB01_ \0\n.") for _ in range(rng.randint(1, 20)))
        if rng.random() < .5:
            out += rng.choice([b" ", b"\0", b"", b"a", b"\n"])
    return bytes(out)


def as_expression(text):
    """A string of hexadecimal digits as an expression of Python's: its body."""
    out = ""
    for token in re.findall(r"\[[^]]*\]|[()|]|~?[0-9A-F?]{2}", text[1:text.rindex("}")]):
        if token[0] == "[":
            low, dash, high = token[1:-1].partition("-")
            out += r"[\s\S]{%s,%s}?" % (low or 0, high if dash else low)
        elif token in "()|":
            out += token
        elif "?" in token.lstrip("~"):
            values = [v for v in range(256) if all(a in ("?", b) for a, b in zip(token, "%02X" % v))]
            out += "[%s]" % "".join("\\x%02x" % v for v in values)
        else:
            out += "[%s\\x%s]" % ("^" if token[0] == "~" else "", token.lstrip("~"))
    return "/%s/ " % out


def one_length(text, offset, data, lengths):
    """Whether both are lengths that an expression with alternatives may have there: which of them YARA tells depends on
    where it looks for which bytes (docs/compat-yara.md). Without alternatives there is one answer."""
    body, flags = re.match(r"/(.*)/([is]*) ", text).groups()
    if "|" not in re.sub(r"\\.|\[[^]]*\]", "a", body):
        return False
    if "nocase" in text.rsplit("/", 1)[1]:
        flags += "i"
    body = re.sub(r"(?<!\\)\$", r"\\Z", body).encode("latin1")
    having = []
    for end in range(offset, len(data) + 1):
        ends = re.compile(b"(?:%s)(?=(?s:.){%d}\\Z)" % (body, len(data) - end),
                          sum({"i": re.I, "s": re.S}[f] for f in set(flags)))
        if ends.match(data, offset):
            having.append(end - offset)
    return lengths[0] in having and lengths[1] in having


def same(got, want, rules, data, known):
    """The difference in one line, or ''."""
    if set(got) != set(want):
        return "holds: overt only %s, yara only %s" % (sorted(set(got) - set(want)), sorted(set(want) - set(got)))
    for name, matches in want.items():
        if got[name] == matches:
            continue
        loose = set(re.findall(r"(\$\w+) = /.* (?:wide .*ascii|ascii .*wide).*", rules[name]))
        texts = dict(re.findall(r"(\$\w+) = (/.*)", rules[name]))
        texts.update((n, as_expression(t)) for n, t in re.findall(r"(\$\w+) = (\{.*\(.*)", rules[name]))
        a = {(o, s, None if s in loose else n) for o, s, n in got[name]}
        b = {(o, s, None if s in loose else n) for o, s, n in matches}
        for one in sorted(a - b, key=str):
            other = [m for m in b - a if m[:2] == one[:2]]
            if one[1] in texts and len(other) == 1 and one_length(texts[one[1]], one[0], data, (one[2], other[0][2])):
                a.discard(one)
                b.discard(other[0])
                known.append(one)
        if a != b:
            return "%s: overt only %s, yara only %s" % (name, sorted(a - b, key=str)[:4], sorted(b - a, key=str)[:4])
    return ""


def one_round(overt, judge, seed, folder):
    rng = random.Random(seed)
    maker = Maker(rng)
    texts, kept = {}, []
    for number in range(PER_RUN):
        public = [n for n in kept if n in texts]
        text = maker.rule(number, public[-5:])
        name = "r%d" % number
        good, why = judge.compiles(IMPORTS + "".join(texts.values()) + text)
        source = os.path.join(folder, "one.yar")
        if good is None:
            continue
        if not good:
            with open(source, "w", encoding="latin1") as file:
                file.write(IMPORTS + "".join(texts.values()) + text)
            got, told = ask(overt, source, "/dev/null")
            del got
            if "error" not in told or "regular file" in told:
                return "seed %d: yara refuses (%s) and overt does not:\n%s" % (seed, why, text), 0
            continue
        texts[name] = text
        kept.append(name)
    whole = IMPORTS + "".join(texts.values())
    source = os.path.join(folder, "all.yar")
    with open(source, "w", encoding="latin1") as file:
        file.write(whole)
    hits = 0
    for _ in range(6):
        data = make_data(rng, maker.baits)
        path = os.path.join(folder, "data")
        with open(path, "wb") as file:
            file.write(data)
        got, told = ask(overt, source, path)
        if got is None:
            return "seed %d: overt says %s" % (seed, told), hits
        want = judge.judge(whole, data)
        if want is None:
            continue
        hits += sum(len(m) for m in want.values())
        differs = same(got, want, texts, data, judge.known)
        if differs:
            names = re.findall(r"\br\d+\b", differs)
            shown = "\n".join(texts.get(n, "") for n in dict.fromkeys(names[:3]))
            return "seed %d: %s\nover %r\n%s" % (seed, differs, data, shown), hits
    return "", hits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("overt")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1 << 30)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--all", action="store_true", help="go on after a difference")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    print("# yara-python %s judges, seed %d" % (yara.__version__, seed), flush=True)
    until, rounds, hits, bad, judge = time.time() + options.seconds, 0, 0, 0, Yara()
    with tempfile.TemporaryDirectory() as folder:
        while time.time() < until and rounds < options.rounds:
            differs, found = one_round(os.path.abspath(options.overt), judge, seed + rounds, folder)
            rounds += 1
            hits += found
            if differs:
                bad += 1
                print("# " + differs.replace("\n", "\n# "), flush=True)
                if not options.all:
                    break
    judge.ask.close()
    print("1..1\n%s 1 - %d rounds of %d rules, %d matches agree but for %d lengths, YARA gave up %d times" % (
        "not ok" if bad else "ok", rounds, PER_RUN, hits, len(judge.known), judge.gave_up))
    sys.exit(1 if bad else 0)


main()
