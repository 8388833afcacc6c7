"""threats_rules.py - rules that hunt documents, in the ways somebody would write them."""
import random

WORDS = ("top secret", "confidential", "NOFORN", "совершенно секретно", "operation", "budget", "salary", "passport",
         "invoice", "project x", "embassy", "merger", "witness list")
CONDITIONS = ("any of them", "all of them", "2 of them", "#s0 > 1 or $s1", "$s0 and filesize < 10MB",
              "uint32(0) == 0x46445025 and any of them", "uint32(0) == 0xE011CFD0 and $s0", "for any of them : ( $ )",
              "not $s0 or $s1", "uint16(0) != 0x5A4D and $s2")


def hunters(count, seed=7):
    """(name, text) of each; every one compiles and none asks for a format that is no document."""
    rng = random.Random(seed)
    for i in range(count):
        chosen = rng.sample(WORDS, 3)
        mods = rng.choice(("", " nocase", " wide ascii", " fullword", " base64"))
        strings = "".join(f'        $s{j} = "{w} {rng.randrange(100)}"{mods}\n' for j, w in enumerate(chosen))
        extra = []
        if i % 5 == 0:
            strings += f"        $r = /{chosen[0].split()[0]}[ \\t]+[0-9]{{2,4}}/\n"
            extra.append("r")
        if i % 7 == 0:
            strings += "        $h = { " + " ".join(f"{b:02X} 00" for b in b"secret") + " }\n"
            extra.append("h")
        condition = rng.choice(CONDITIONS)
        if "them" not in condition:  # a string that no condition asks about is an error
            unused = [s for s in ("s0", "s1", "s2") if f"s{s[1]}" not in condition] + extra
            condition = f"({condition})" + "".join(f" and #{name} >= 0" for name in unused)
        yield f"Hunter{i}", f"rule Hunter{i} {{\n    strings:\n{strings}    condition:\n        {condition}\n}}\n"
