"""tiny_disks.py: disks of virtual machines of a few kilobytes, made field by field, with their blocks
out of order and a hole: what the makers' own programs write is too large for a fuzzer's corpus."""
import struct
import zlib

SECTOR = 512
BLOCK = 4096


def blocks_of(raw):
    """The disk in blocks, and which of them hold anything."""
    raw = raw.ljust(-(-len(raw) // BLOCK) * BLOCK, b"\0")
    blocks = [raw[at : at + BLOCK] for at in range(0, len(raw), BLOCK)]
    return blocks, [number for number, block in enumerate(blocks) if any(block)]


def lay_out(raw, data_at):
    """The blocks that hold anything, the last first: the bytes, and where in the file each is."""
    blocks, used = blocks_of(raw)
    places, data = {}, b""
    for number in reversed(used):
        places[number] = data_at + len(data)
        data += blocks[number]
    return blocks, places, data


def vdi(raw):
    blocks, places, data = lay_out(raw, 1024)
    head = bytearray(1024)
    head[0:4] = b"<<< "
    struct.pack_into("<III", head, 0x40, 0xBEDA107F, 0x00010001, 400)
    struct.pack_into("<I", head, 0x4C, 1)
    struct.pack_into("<II", head, 0x154, 512, 1024)
    struct.pack_into("<QIIII", head, 0x170, len(blocks) * BLOCK, BLOCK, 0, len(blocks), len(places))
    for number in range(len(blocks)):
        entry = (places[number] - 1024) // BLOCK if number in places else 0xFFFFFFFF
        struct.pack_into("<I", head, 512 + 4 * number, entry)
    return bytes(head) + data


def vhd(raw):
    blocks, used = blocks_of(raw)
    footer = bytearray(512)
    footer[0:8] = b"conectix"
    struct.pack_into(">IIQ", footer, 8, 2, 0x10000, 512)
    struct.pack_into(">QQ", footer, 40, len(blocks) * BLOCK, len(blocks) * BLOCK)
    struct.pack_into(">I", footer, 60, 3)
    head = bytearray(1024)
    head[0:8] = b"cxsparse"
    struct.pack_into(">QQIII", head, 8, 0xFFFFFFFFFFFFFFFF, 1536, 0x10000, len(blocks), BLOCK)
    table, data, at = bytearray(b"\xff" * 512), b"", 2048
    for number in reversed(used):
        struct.pack_into(">I", table, 4 * number, at // SECTOR)
        data += b"\xff".ljust(SECTOR, b"\0") + blocks[number]
        at += SECTOR + BLOCK
    return bytes(footer + head + table) + data + bytes(footer)


def parallels(raw, new=False):
    blocks, places, data = lay_out(raw, BLOCK)
    head = bytearray(BLOCK)
    head[0:16] = b"WithouFreSpacExt" if new else b"WithoutFreeSpace"
    struct.pack_into(
        "<IIIIIQ", head, 16, 2, 1, 1, BLOCK // SECTOR, len(blocks), len(blocks) * BLOCK // SECTOR
    )
    for number, place in places.items():
        struct.pack_into("<I", head, 64 + 4 * number, place // (BLOCK if new else SECTOR))
    return bytes(head) + data


def qed(raw):
    blocks, places, data = lay_out(raw, 3 * BLOCK)
    head, first, second = bytearray(BLOCK), bytearray(BLOCK), bytearray(BLOCK)
    struct.pack_into("<4sIII", head, 0, b"QED\0", BLOCK, 1, 1)
    struct.pack_into("<QQ", head, 40, BLOCK, len(blocks) * BLOCK)
    struct.pack_into("<Q", first, 0, 2 * BLOCK)
    for number, place in places.items():
        struct.pack_into("<Q", second, 8 * number, place)
    return bytes(head + first + second) + data


def deflated(block):
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    return packer.compress(block) + packer.flush()


def qcow2(raw, packed=False, version=3):
    blocks, places, data = lay_out(raw, 3 * BLOCK)
    head, first, second = bytearray(BLOCK), bytearray(BLOCK), bytearray(BLOCK)
    struct.pack_into(">4sIQIIQIIQ", head, 0, b"QFI\xfb", version, 0, 0, 12, len(blocks) * BLOCK, 0, 1, BLOCK)
    struct.pack_into(">I", head, 100, 104)
    struct.pack_into(">Q", first, 0, 2 * BLOCK | 1 << 63)
    data = b"" if packed else data
    for number in sorted(places):
        entry = places[number] | 1 << 63
        if packed:
            body = deflated(blocks[number])
            entry = 1 << 62 | (len(body) - 1) // SECTOR + 1 << 58 | 3 * BLOCK + len(data)
            data += body
        struct.pack_into(">Q", second, 8 * number, entry)
    return bytes(head + first + second) + data.ljust(BLOCK, b"\0")


def qcow1(raw):
    blocks, places, data = lay_out(raw, 3 * BLOCK)
    head, first, second = bytearray(BLOCK), bytearray(BLOCK), bytearray(BLOCK)
    struct.pack_into(
        ">4sIQIIQBBHIQ", head, 0, b"QFI\xfb", 1, 0, 0, 0, len(blocks) * BLOCK, 12, 9, 0, 0, BLOCK
    )
    struct.pack_into(">Q", first, 0, 2 * BLOCK)
    for number, place in places.items():
        struct.pack_into(">Q", second, 8 * number, place)
    return bytes(head + first + second) + data


def vmdk(raw, packed=False):
    blocks, places, data = lay_out(raw, 3 * SECTOR + BLOCK)
    head, first, second = bytearray(SECTOR), bytearray(SECTOR), bytearray(SECTOR)
    struct.pack_into(
        "<4sIIQQQQIQQQB",
        head,
        0,
        b"KDMV",
        1,
        0x30001 if packed else 3,
        len(blocks) * BLOCK // SECTOR,
        BLOCK // SECTOR,
        0,
        0,
        128,
        0,
        1,
        3,
        0,
    )
    struct.pack_into("<I", first, 0, 2)
    data = b"" if packed else bytes(BLOCK) + data
    for number in sorted(places):
        place = places[number]
        if packed:
            place = 3 * SECTOR + len(data)
            body = zlib.compress(blocks[number])
            body = struct.pack("<QI", number * BLOCK // SECTOR, len(body)) + body
            data += body.ljust(-(-len(body) // SECTOR) * SECTOR, b"\0")
        struct.pack_into("<I", second, 4 * number, place // SECTOR)
    return bytes(head + first + second) + data


def cd(raw, mode=1):
    """Raw sectors: 12 bytes to find them by, address, mode, the data, and its checks."""
    out = b""
    for at in range(0, len(raw), 2048):
        out += b"\0" + b"\xff" * 10 + b"\0" + bytes([0, 2, at // 2048 % 75, mode])
        out += bytes(8) if mode == 2 else b""
        out += raw[at : at + 2048].ljust(2048, b"\0")
        out += bytes(280 if mode == 2 else 288)
    return out


def romfs(data, here=0, onward=0):
    """A folder with two files; `here`: where the folder says that it begins, `onward`: what the last
    file says is next."""

    def head(following, kind, info, size, name):
        return struct.pack(">IIII", following | kind, info, size, 0) + name.ljust(16, b"\0")

    body = data.ljust(-(-len(data) // 16) * 16, b"\0")
    second = 64 + 32 + 32
    image = b"-rom1fs-" + bytes(8) + b"tiny".ljust(16, b"\0")
    image += head(0, 1, here or 64, 0, b"folder")
    image += head(second - 32, 2, 0, 0, b"empty")
    image += head(second, 2, 0, 0, b"words")
    image += head(onward, 2, 0, len(data), b"e.com") + body
    return image


def cramfs(data, around=False):
    """A folder with one file of a page; `around`: the folder lies in itself."""

    def inode(mode, size, name_bytes, at):
        return struct.pack("<HHII", mode, 0, size, name_bytes // 4 | at // 4 << 6)

    packed = zlib.compress(data)
    names, folder_at, data_at = 8, 76, 120
    image = b"\x45\x3d\xcd\x28" + struct.pack("<III", data_at + 4 + len(packed), 3, 0)
    image += b"Compressed ROMFS" + bytes(16) + b"tiny".ljust(16, b"\0")
    image += inode(0o40755, 2 * (12 + names), 0, folder_at)
    image += inode(0o40755, 2 * (12 + names) if around else 0, names, folder_at) + b"folder\0\0"
    image += inode(0o100644, len(data), names, data_at) + b"e.com\0\0\0"
    image = image.ljust(data_at, b"\0")
    return image + struct.pack("<I", data_at + 4 + len(packed)) + packed


def all_of(raw):
    """Name and bytes of each kind."""
    return {
        "vdi": vdi(raw),
        "vhd": vhd(raw),
        "parallels": parallels(raw),
        "parallels-new": parallels(raw, new=True),
        "qed": qed(raw),
        "qcow2": qcow2(raw),
        "qcow2-packed": qcow2(raw, packed=True),
        "qcow2-old": qcow2(raw, version=2),
        "qcow": qcow1(raw),
        "vmdk": vmdk(raw),
        "vmdk-packed": vmdk(raw, packed=True),
        "cd": cd(raw),
        "cd-mode-2": cd(raw, mode=2),
    }
