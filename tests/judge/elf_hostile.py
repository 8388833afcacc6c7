"""ELF files of both widths and orders whose numbers lie (see fields.py), and some ideas beyond numbers."""
import random
import struct

from fields import Made, cases as lies

NULL, PROGBITS, SYMTAB, STRTAB, NOBITS, DYNSYM, DYNAMIC = 0, 1, 2, 3, 8, 11, 6
SECTIONS = [("", NULL, 0), (".text", PROGBITS, 0), (".bss", NOBITS, 0), (".dynamic", DYNAMIC, 5), (".dynsym", DYNSYM, 5),
            (".dynstr", STRTAB, 0), (".symtab", SYMTAB, 7), (".strtab", STRTAB, 0), (".shstrtab", STRTAB, 0)]
NAMES = ["", "printf", "Fopen", "exit", "str_skipped", "mem_too", "_hidden", "puts", "my_function", "another64", "zlast",
         "nötig", "close", "socket", "connect", "recvfrom", "pthread_create", "inflate", "deflateInit", "SSL_read"]


def made(order, wide, kind=2, symbols=len(NAMES)):
    m = Made(order)
    word = "Q" if wide else "I"
    m.raw(b"\x7fELF")
    m.put("B", ei_class=2 if wide else 1, ei_data=1 if order == "<" else 2, ei_version=1)
    m.raw(bytes(9))
    m.put("H", e_type=kind, e_machine=62 if wide else 3)
    m.put("I", e_version=1)
    m.put(word, e_entry=0x401010, e_phoff=0, e_shoff=0)
    m.put("I", e_flags=0)
    m.put("H", e_ehsize=64 if wide else 52, e_phentsize=56 if wide else 32, e_phnum=3, e_shentsize=64 if wide else 40,
          e_shnum=len(SECTIONS), e_shstrndx=8)
    m.set("e_phoff", m.here())
    for i, (p_type, at) in enumerate(((1, 0), (2, 0), (0x6474E551, 0))):
        names = ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"]
        if not wide:
            names = ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"]
        values = {"type": p_type, "flags": 5, "offset": at, "vaddr": 0x401000, "paddr": 0x401000, "filesz": 0x800,
                  "memsz": 0x900, "align": 0x1000}
        for name in names:
            m.put("I" if name in ("type", "flags") or not wide else word, **{f"ph{i}.{name}": values[name]})
    parts = {}
    parts[".text"] = (m.raw(bytes(range(32)), 16), 32)
    parts[".bss"] = (m.here(), 0x100)
    at = m.raw(b"", 8)
    for i, (tag, value) in enumerate(((1, 1), (5, 0x400300), (0x6FFFFEF5, 9), (12, 0x401000), (0, 0), (7, 7))):
        m.put(word, **{f"dyn{i}.tag": tag, f"dyn{i}.val": value})
    parts[".dynamic"] = (at, m.here() - at)
    m.set("ph1.offset", at)
    for table, text in ((".dynsym", ".dynstr"), (".symtab", ".strtab")):
        strings, where = b"", []
        for name in NAMES:
            where.append(len(strings))
            strings += name.encode("latin-1") + b"\0"
        at = m.raw(b"", 8)
        for i in range(symbols):
            prefix = f"{table}{i}."
            m.put("I", **{prefix + "name": where[i % len(NAMES)]})
            info = {prefix + "info": 0 if i == 0 else 0x12 if i % 5 else 0x22, prefix + "other": i % 7 == 6}
            if wide:
                m.put("B", **info)
                m.put("H", **{prefix + "shndx": i % 3})
                m.put("Q", **{prefix + "value": 0x401000 + i, prefix + "size": i})
            else:
                m.put("I", **{prefix + "value": 0x401000 + i, prefix + "size": i})
                m.put("B", **info)
                m.put("H", **{prefix + "shndx": i % 3})
        parts[table] = (at, m.here() - at)
        parts[text] = (m.raw(strings), len(strings))
    titles = b"".join(n.encode() + b"\0" for n, _, _ in SECTIONS)
    parts[".shstrtab"] = (m.raw(titles), len(titles))
    m.raw(b"", 8)
    m.set("e_shoff", m.here())
    for i, (name, kind_of, link) in enumerate(SECTIONS):
        at, size = parts.get(name, (0, 0))
        p = f"sh{i}."
        m.put("I", **{p + "name": titles.index(name.encode() + b"\0") if name else 0, p + "type": kind_of})
        m.put(word, **{p + "flags": 6, p + "addr": 0x401000 if name == ".text" else 0, p + "offset": at, p + "size": size})
        m.put("I", **{p + "link": link, p + "info": 1})
        m.put(word, **{p + "addralign": 8, p + "entsize": 24})
    m.raw(b"a tail")
    return m


def ideas():
    for wide in (False, True):
        for order in "<>":
            good = made(order, wide)
            name = f"{64 if wide else 32}{order}"
            yield f"{name} header alone", bytes(good.data[:64 if wide else 52])
            yield f"{name} header and a byte", bytes(good.data[:65 if wide else 53])
            for kind in (0, 1, 3, 4, 0xFE00, 0xFFFF):
                yield f"{name} type {kind:x}", bytes(made(order, wide, kind).data)
            for count in (0, 1, 2, 7, 8):
                yield f"{name} {count} symbols", bytes(made(order, wide, 3, count).data)
            # the table of sections over the header, over itself, at odd places
            for at in (0, 1, 16, 63, len(good.data) - 40, len(good.data) - 64, len(good.data)):
                m = made(order, wide)
                m.set("e_shoff", at)
                yield f"{name} sections at {at:x}", bytes(m.data)
                m = made(order, wide)
                m.set("e_phoff", at)
                yield f"{name} segments at {at:x}", bytes(m.data)
            # two tables of symbols: which counts
            for which in range(1, 9):
                for kind in (SYMTAB, DYNSYM, STRTAB, NULL):
                    for link in (0, 5, 7, 8, 9):
                        m = made(order, wide)
                        m.set(f"sh{which}.type", kind)
                        m.set(f"sh{which}.link", link)
                        yield f"{name} section {which} is {kind} with {link}", bytes(m.data)
            for many in (100, 0xFF00 - 1, 0xFF00):
                m = made(order, wide)
                m.set("e_shnum", many)
                yield f"{name} {many} sections", bytes(m.data) + bytes(many * 64 if many == 100 else 100)
            m = made(order, wide)
            for i in (0, 2):
                m.set(f"ph{i}.type", 2)
                m.set(f"ph{i}.offset", struct.unpack_from(order + ("Q" if wide else "I"), m.data, next(
                    at for n, at, _ in m.fields if n == "ph1.offset"))[0] + i * (8 if wide else 4))
            yield f"{name} three dynamic segments", bytes(m.data)
            m = made(order, wide)
            m.set("dyn4.tag", 9)
            m.set("ph1.offset", len(m.data) - 40)
            yield f"{name} dynamic entries up to the end", bytes(m.data)


def cases(count):
    chance = random.Random(12)
    yield from ideas()
    for order in "<>":
        for wide in (False, True):
            for kind in (2, 3):
                yield from lies(f"{64 if wide else 32}{order} type {kind}", made(order, wide, kind), chance, 2 * count, count)
