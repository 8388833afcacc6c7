"""yara_rules_gen.py - random YARA rules from a grammar, and inputs on which they fire.

Small alphabets on purpose: rules that match often find more than rules that never do. Only what
YARA 4.5 accepts; modules are left out."""
import base64

LETTERS = b"abAB01_ \x00\xff."
WORDS = [b"abc", b"AbAb", b"cmd.exe", b"http://", b"\x00\x00\x00\x00", b"aaaa", b"needle", b"ba_01"]


def quoted(data):
    """Bytes as the inside of a YARA text string."""
    out = ""
    for c in data:
        if c in (0x22, 0x5C):
            out += "\\" + chr(c)
        elif 0x20 <= c < 0x7F:
            out += chr(c)
        else:
            out += f"\\x{c:02x}"
    return out


def literal(rnd, least=1, most=14):
    """A byte string, often of known words."""
    if rnd.random() < 0.4:
        return rnd.choice(WORDS)
    return bytes(rnd.choices(LETTERS, k=rnd.randrange(least, most)))


def text_string(rnd):
    """(source, bytes to plant)"""
    data = literal(rnd, 1)
    modifiers = []
    if rnd.random() < 0.12 and len(data) >= 3:
        modifiers.append(rnd.choice(("base64", "base64wide")))
        planted = base64.b64encode(b"x" * rnd.randrange(3) + data + b"yz")
        if modifiers == ["base64wide"]:
            planted = bytes(b for c in planted for b in (c, 0))
        return f'"{quoted(data)}" {" ".join(modifiers)}', planted
    wide = rnd.random() < 0.3
    if wide:
        modifiers.append("wide")
    if rnd.random() < 0.4:
        modifiers.append("ascii")
    planted = bytes(b for c in data for b in (c, 0)) if wide and rnd.random() < 0.6 else data
    if rnd.random() < 0.3:
        modifiers.append("nocase")
        planted = planted.swapcase() if rnd.random() < 0.5 else planted
    elif rnd.random() < 0.2:
        low = rnd.randrange(256)
        high = rnd.randrange(low, 256)
        modifiers.append(rnd.choice(("xor", f"xor({low}-{high})")))
        key = rnd.randrange(low, high + 1)
        planted = bytes(c ^ key for c in planted)
    if rnd.random() < 0.25:
        modifiers.append("fullword")
    if rnd.random() < 0.05:
        modifiers.append("private")
    rnd.shuffle(modifiers)
    return f'"{quoted(data)}" {" ".join(modifiers)}', planted


def hex_string(rnd, depth=0):
    """(source without braces, bytes to plant)"""
    source, planted = [], b""
    count = rnd.randrange(1, 7)
    for i in range(count):
        c = rnd.choice(LETTERS)
        kind = rnd.random()
        edge = i in (0, count - 1) and depth == 0
        if kind < 0.6 or edge:
            source.append(f"{c:02X}")
            planted += bytes([c])
        elif kind < 0.68:
            source.append("??")
            planted += bytes([rnd.randrange(256)])
        elif kind < 0.76:
            source.append(f"{c >> 4:X}?" if rnd.random() < 0.5 else f"?{c & 15:X}")
            planted += bytes([c])
        elif kind < 0.8:
            source.append(f"~{c:02X}")
            planted += bytes([c ^ 0x15])
        elif kind < 0.92 and depth == 0:
            low = rnd.randrange(6)
            high = low + rnd.randrange(5)
            jump = rnd.choice((f"[{low}]", f"[{low}-{high}]", f"[{low}-]", f"[{low}-{high + 250}]"))
            if jump == "[0]":
                jump = "[0-1]"
            source.append(jump)
            planted += rnd.randbytes(low)
        elif depth < 2:
            a, pa = hex_string(rnd, depth + 1)
            b, pb = hex_string(rnd, depth + 1)
            source.append(f"( {a} | {b} )")
            planted += rnd.choice((pa, pb))
        else:
            source.append(f"{c:02X}")
            planted += bytes([c])
    return " ".join(source), planted


def regex_piece(rnd, lazy, depth):
    """(source, planted) of one piece of a regular expression"""
    kind = rnd.random()
    if kind < 0.45:
        c = rnd.choice(b"abAB01_ ")
        source, planted = chr(c), bytes([c])
    elif kind < 0.55:
        source, planted = ".", rnd.choice((b"a", b"_"))
    elif kind < 0.65:
        source, planted = rnd.choice((("[ab]", b"b"), ("[^a]", b"0"), ("[a-f0-9]", b"e"), ("\\w", b"A"),
                                      ("\\d", b"1"), ("\\s", b" "), ("\\x00", b"\0"), ("\\W", b" ")))
    elif kind < 0.7 and depth == 0:
        return rnd.choice((("\\b", b""), ("\\B", b"")))
    elif depth < 2:
        a, pa = regex(rnd, lazy, depth + 1)
        if rnd.random() < 0.5:
            b, pb = regex(rnd, lazy, depth + 1)
            source, planted = f"({a}|{b})", rnd.choice((pa, pb))
        else:
            source, planted = f"({a})", pa
    else:
        source, planted = "a", b"a"
    if rnd.random() < 0.3:
        low = rnd.randrange(3)
        quantifier, times = rnd.choice((("*", 2), ("+", 2), ("?", 1), (f"{{{low}}}", low),
                                        (f"{{{low},{low + 2}}}", low + 1), (f"{{{low},}}", low + 1)))
        if quantifier == "{0}":
            quantifier, times = "{1}", 1
        source += quantifier + ("?" if lazy else "")
        planted *= times
    return source, planted


def regex(rnd, lazy, depth=0):
    """(source, planted) of a sequence of pieces"""
    source, planted = "", b""
    for _ in range(rnd.randrange(1, 5)):
        s, p = regex_piece(rnd, lazy, depth)
        source += s
        planted += p
    return source, planted


def regex_string(rnd):
    """(source, bytes to plant)"""
    source, planted = regex(rnd, rnd.random() < 0.3)
    if rnd.random() < 0.7:
        word = rnd.choice((b"abc", b"needle", b"ba_01"))
        if rnd.random() < 0.5:
            source, planted = word.decode() + source, word + planted
        else:
            source, planted = source + word.decode(), planted + word
    if rnd.random() < 0.05:
        source = "^" + source
    if rnd.random() < 0.05:
        source += "$"
    flags = ("i" if rnd.random() < 0.2 else "") + ("s" if rnd.random() < 0.3 else "")
    modifiers = ""
    if rnd.random() < 0.15:
        modifiers += rnd.choice((" wide", " wide ascii"))
    if rnd.random() < 0.1:
        modifiers += " fullword"
    return f"/{source}/{flags}{modifiers}", planted


def integer(rnd, names, depth):
    """An integer expression."""
    kind = rnd.random()
    if depth > 2 or kind < 0.3:
        return rnd.choice(("0", "1", "2", "3", "7", "0x10", "1KB", "255", "-1", "filesize"))
    if kind < 0.45:
        return f"#{rnd.choice(names)}"
    if kind < 0.55:
        return f"@{rnd.choice(names)}" + rnd.choice(("", "[1]", "[2]", f"[{integer(rnd, names, depth + 1)}]"))
    if kind < 0.65:
        return f"!{rnd.choice(names)}" + rnd.choice(("", "[1]", "[2]"))
    if kind < 0.75:
        width = rnd.choice(("uint8", "uint16", "uint32", "int8", "int16", "int32", "uint16be", "uint32be"))
        return f"{width}({integer(rnd, names, depth + 1)})"
    operator = rnd.choice(("+", "-", "*", "\\", "%", "&", "|", "^", "<<", ">>"))
    a, b = integer(rnd, names, depth + 1), integer(rnd, names, depth + 1)
    if operator in ("\\", "%"):
        b = rnd.choice(("1", "2", "3", "filesize"))
    if operator in ("<<", ">>"):
        b = rnd.choice(("0", "1", "3", "8", "63", "64", "70"))
    text = f"({a} {operator} {b})"
    return f"~{text}" if rnd.random() < 0.1 else text


def some_strings(rnd, names):
    """A string set."""
    return rnd.choice(("them", "($*)", "(" + ", ".join("$" + n for n in rnd.sample(
        names, rnd.randrange(1, len(names) + 1))) + ")"))


def how_many(rnd):
    """A quantifier."""
    return rnd.choice(("any", "all", "none", "1", "2", "50%", "0"))


def boolean(rnd, names, depth=0):
    """A condition."""
    kind = rnd.random()
    name = rnd.choice(names)
    if depth > 2 or kind < 0.22:
        return rnd.choice((f"${name}", f"${name}", f"{how_many(rnd)} of {some_strings(rnd, names)}"))
    if kind < 0.3:
        return f"${name} at {integer(rnd, names, 2)}"
    if kind < 0.38:
        return f"${name} in (0..{rnd.choice(('10', '100', 'filesize'))})"
    if kind < 0.5:
        operator = rnd.choice(("==", "!=", "<", "<=", ">", ">="))
        return f"{integer(rnd, names, depth + 1)} {operator} {integer(rnd, names, depth + 1)}"
    if kind < 0.56:
        return f"#{name} in (0..{rnd.randrange(2000)}) {rnd.choice(('>', '=='))} {rnd.randrange(4)}"
    if kind < 0.62:
        body = rnd.choice(("# > 1", "@ < 100", "$ at 0", "! > 3", "$ in (0..200)", "@ + ! < filesize"))
        return f"for {how_many(rnd)} of {some_strings(rnd, names)} : ( {body} )"
    if kind < 0.7:
        values = rnd.choice((f"(1..#{name})", "(0..5)", "(1, 2, 7)", "(0..2)"))
        body = rnd.choice((f"@{name}[i] > 10", "i > 1", "uint8(i) == 0x61", f"!{name}[i] >= 3"))
        return f"for {how_many(rnd)} i in {values} : ( {body} )"
    if kind < 0.75:
        return f"not {boolean(rnd, names, depth + 1)}"
    if kind < 0.79:
        return f"defined {rnd.choice((f'@{name}[2]', 'uint32(filesize)', 'uint8(0)'))}"
    operator = rnd.choice((" and ", " or "))
    return "(" + operator.join(boolean(rnd, names, depth + 1) for _ in range(2)) + ")"


def rule(rnd, name):
    """(rule source, list of byte strings to plant)"""
    names, lines, plants = [], [], []
    for i in range(rnd.randrange(1, 5)):
        kind = rnd.random()
        if kind < 0.45:
            source, planted = text_string(rnd)
        elif kind < 0.7:
            source, planted = hex_string(rnd)
            source = f"{{ {source} }}"
        else:
            source, planted = regex_string(rnd)
        names.append(f"s{i}")
        lines.append(f"    $s{i} = {source}")
        plants.append(planted)
    condition = boolean(rnd, names)
    unused = [n for n in names if not any(p + n in condition for p in "$#@!")]
    if unused and "them" not in condition and "$*" not in condition:
        condition += "".join(f" or #{n} > 100000" for n in unused)
    body = "\n".join(lines)
    return f"rule {name} {{\n  strings:\n{body}\n  condition:\n    {condition}\n}}\n", plants


def sample(rnd, plants):
    """One input: noise with the planted bytes in it, sometimes large, sometimes at the edges."""
    out = b""
    for planted in rnd.sample(plants, rnd.randrange(len(plants) + 1)):
        noise = rnd.choice((b"", bytes(rnd.choices(LETTERS, k=rnd.randrange(30))),
                            rnd.randbytes(rnd.randrange(100)), bytes(rnd.randrange(40))))
        out += noise + planted * rnd.randrange(1, 3)
    return out + rnd.choice((b"", rnd.randbytes(rnd.randrange(40)), b"a" * rnd.randrange(2000)))
