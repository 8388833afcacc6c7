"""Mach-O files of all widths and orders, thin and fat, whose numbers lie (see fields.py), and some ideas beyond numbers."""
import random
import struct

from fields import Made, cases as lies

SEGMENT, SYMTAB, UNIXTHREAD, SEGMENT_64, CODE_SIGNATURE, DYLD_INFO, MAIN, EXPORTS = (
    1, 2, 5, 0x19, 0x1D, 0x22, 0x80000028, 0x80000033)
# cpu: words of 4 bytes in its saved registers, and which of them is the program counter
THREADS = {6: (18, 17), 7: (16, 10), 12: (17, 15), 13: (34, 31), 14: (19, 1), 18: (40, 0), 0x1000007: (42, 32),
           0x100000C: (68, 64), 0x1000012: (76, 0), 3: (10, 5)}


def command(m, name, kind, fill):
    """A load command with its size."""
    start = m.here()
    m.put("I", **{f"{name}.cmd": kind, f"{name}.cmdsize": 0})
    fill()
    m.set(f"{name}.cmdsize", m.here() - start)


def segment(m, wide, name, address, size, offset, sections=()):
    word = "Q" if wide else "I"

    def fill():
        m.raw(name.ljust(16, b"\0")[:16])
        title = name.decode("latin-1")
        m.put(word, **{f"{title}.vmaddr": address, f"{title}.vmsize": size, f"{title}.fileoff": offset,
                       f"{title}.filesize": size})
        m.put("I", **{f"{title}.maxprot": 7, f"{title}.initprot": 5, f"{title}.nsects": len(sections), f"{title}.flags": 0})
        for section in sections:
            m.raw(section.ljust(16, b"\0")[:16] + name.ljust(16, b"\0")[:16])
            m.put(word, **{f"{title}.addr": address + 0x100, f"{title}.size": 0x40})
            for field in ("offset", "align", "reloff", "nreloc", "flags", "reserved1", "reserved2"):
                m.put("I", **{f"{title}.{field}": 0x100 if field == "offset" else 2})
            if wide:
                m.put("I", **{f"{title}.reserved3": 0})
    command(m, name.decode("latin-1"), SEGMENT_64 if wide else SEGMENT, fill)


def thread(m, cpu, entry):
    words, pc = THREADS[cpu]
    wide = cpu & 0x1000000

    def fill():
        m.put("I", **{"thread.flavor": 1, "thread.count": words})
        for i in range(0, words, 2 if wide else 1):
            if i == pc:
                m.put("Q" if wide else "I", **{"thread.pc": entry})
            else:
                m.raw(bytes(8 if wide else 4))
    command(m, "thread", UNIXTHREAD, fill)


def thin(order, wide, cpu, with_main=True, with_thread=True):
    m = Made(order)
    m.put("I", magic=0xFEEDFACF if wide else 0xFEEDFACE, cputype=cpu, cpusubtype=3, filetype=2, ncmds=0, sizeofcmds=0,
          flags=0x85)
    if wide:
        m.put("I", reserved=0)
    start, count = m.here(), 0
    steps = [lambda: segment(m, wide, b"__PAGEZERO", 0, 0x1000, 0),
             lambda: segment(m, wide, b"__TEXT", 0x1000, 0x800, 0, [b"__text", b"__cstring"]),
             lambda: command(m, "symtab", SYMTAB, lambda: m.put("I", symoff=0x500, nsyms=1, stroff=0x520, strsize=32)),
             lambda: segment(m, wide, b"__LINKEDIT_16byt", 0x2000, 0x100, 0x800, [b"sixteen bytes ok"]),
             lambda: command(m, "exports", EXPORTS, lambda: m.put("I", dataoff=0x600, datasize=0x20)),
             lambda: command(m, "dyld", DYLD_INFO, lambda: m.put("I", rebase_off=0x600, rebase_size=1, export_off=0x610,
                                                                 export_size=9)),
             lambda: command(m, "signature", CODE_SIGNATURE, lambda: m.put("I", dataoff=0x700, datasize=0x100))]
    if with_thread:
        steps.insert(3, lambda: thread(m, cpu, 0x1010))
    if with_main:
        steps.append(lambda: command(m, "main", MAIN, lambda: m.put("Q", entryoff=0x444, stacksize=0x10000)))
    for step in steps:
        step()
        count += 1
    m.set("ncmds", count)
    m.set("sizeofcmds", m.here() - start)
    m.raw(bytes(0x900 - m.here()))
    return m


def fat(wide, parts):
    m, word = Made(">"), "Q" if wide else "I"
    m.put("I", fat_magic=0xCAFEBABF if wide else 0xCAFEBABE, nfat_arch=len(parts))
    for i, part in enumerate(parts):
        cpu = struct.unpack_from(part.order + "I", part.data, 4)[0]
        m.put("I", **{f"arch{i}.cputype": cpu, f"arch{i}.cpusubtype": 3})
        m.put(word, **{f"arch{i}.offset": 0, f"arch{i}.size": len(part.data)})
        m.put("I", **{f"arch{i}.align": 12})
        if wide:
            m.put("I", **{f"arch{i}.reserved": 0})
    for i, part in enumerate(parts):
        m.raw(b"", 64)
        m.set(f"arch{i}.offset", m.here())
        m.append(part)
    return m


def ideas():
    good = thin("<", True, 0x1000007)
    many = Made("<")
    many.put("I", magic=0xFEEDFACF, cputype=0x1000007, cpusubtype=3, filetype=2, ncmds=400, sizeofcmds=400 * 72, flags=0,
             reserved=0)
    for i in range(400):
        segment(many, True, b"s%d" % i, i * 0x1000, 0x1000, i)
    yield "four hundred segments", bytes(many.data)
    for magic in (0xFEEDFACE, 0xFEEDFACF, 0xCEFAEDFE, 0xCFFAEDFE, 0xCAFEBABE, 0xCAFEBABF, 0xBEBAFECA, 0xBFBAFECA):
        for tail in (bytes(3), bytes(4), bytes(24), bytes(28), bytes(60), b"\xff" * 60, bytes(good.data[4:])):
            yield f"magic {magic:x} and {len(tail)} bytes", struct.pack(">I", magic) + tail
    inner = fat(False, [thin("<", False, 7)])
    yield "fat in fat", bytes(fat(False, [inner, thin(">", False, 18)]).data)
    yield "fat in itself", struct.pack(">7I", 0xCAFEBABE, 1, 7, 3, 0, 28, 0)
    overlap = bytearray(fat(False, [thin("<", False, 7), thin("<", True, 0x1000007)]).data)
    struct.pack_into(">I", overlap, 8 + 20 + 8, struct.unpack_from(">I", overlap, 16)[0])
    yield "both parts are one", bytes(overlap)
    for count in (0, 1, 3, 0x10000000, 0xCCCCCCD, 0x8000000, 0xFFFFFFFF):
        data = bytearray(fat(False, [thin("<", False, 7), thin("<", False, 12)]).data)
        struct.pack_into(">I", data, 4, count)
        yield f"fat of {count:x}", bytes(data)
    for cpu in (*THREADS, 0, 1, 8, 11, 15, 0x200000C, 0xFFFFFFFF):
        for order in "<>":
            m = thin(order, bool(cpu & 0x1000000), cpu if cpu in THREADS else 3, with_main=False)
            m.set("cputype", cpu)
            yield f"thread of cpu {cpu:x} {order}", bytes(m.data)
    for pc in (0, 0xFFF, 0x1000, 0x17FF, 0x1800, 0x2000, 0x20FF, 0x2100):
        m = thin("<", False, 7, with_main=False)
        m.set("thread.pc", pc)
        yield f"entry {pc:x}", bytes(m.data)


def cases(count):
    """About `count` files of each of a dozen kinds."""
    chance = random.Random(11)
    yield from ideas()
    for order in "<>":
        for wide, cpu in ((False, 7), (True, 0x1000007), (False, 12), (True, 0x100000C), (False, 18), (True, 0x1000012)):
            for main in (True, False):
                made = thin(order, wide, cpu, main, not main or cpu in (7, 18))
                yield from lies(f"{order} cpu {cpu:x}{' main' if main else ''}", made, chance, count, count // 2)
    for wide in (False, True):
        made = fat(wide, [thin("<", False, 7), thin("<", True, 0x100000C), thin(">", False, 18)])
        yield from lies(f"fat {64 if wide else 32}", made, chance, 2 * count, count)
