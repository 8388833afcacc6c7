"""zips.py: odd zips, and depth with the EICAR test file in them, for variants.py."""
import base64
import bz2
import gzip
import lzma
import shutil
import struct

from made import EICAR, WORDS, WORK, case, group, put, run, tar_of, zipfile_of


@group(sample=True)
def zip_evasions():
    """Zips whose header and directory disagree, are cut, or hide something."""
    z = zipfile_of(EICAR, m=8)
    s = zipfile_of(EICAR, m=0)
    c = zipfile_of(WORDS, "notes.txt")

    def ci(b):
        return b.index(b"PK\x01\x02")

    put("pos_zip_prepend", b"junk" * 50 + z)
    put("pos_zip_tail", z + b"junk" * 10)
    put("any_zip_tailbig", z + b"junk" * 20000)
    put("pos_zip_comment", z[:-2] + struct.pack("<H", 30000) + b"c" * 30000)
    put("any_zip_comment_end", z[:-2] + struct.pack("<H", 40) + b"PK\x05\x06" + bytes(18) + b"c" * 18)
    b = bytearray(z)
    b[ci(z) + 10 : ci(z) + 12] = b"\x00\x00"
    put("any_zip_method_central0", bytes(b))
    b = bytearray(z)
    b[8:10] = b"\x00\x00"
    put("any_zip_method_local0", bytes(b))
    b = bytearray(s)
    b[8:10] = b"\x08\x00"
    put("any_zip_stored_local8", bytes(b))
    b = bytearray(s)
    k = ci(s)
    b[k + 10 : k + 12] = b"\x08\x00"
    put("any_zip_stored_central8", bytes(b))
    b = bytearray(z)
    b[18:26] = bytes(8)
    put("any_zip_localsizes0", bytes(b))
    b = bytearray(z)
    k = ci(z)
    b[k + 20 : k + 28] = bytes(8)
    put("any_zip_centralsizes0", bytes(b))
    b = bytearray(z)
    b[18:26] = b"\xff" * 8
    put("any_zip_localsizesff", bytes(b))
    b = bytearray(z)
    b[k + 20 : k + 24] = b"\xff\xff\xff\x7f"
    put("any_zip_centralpackedbig", bytes(b))
    b = bytearray(z)
    b[k + 24 : k + 28] = struct.pack("<I", 1)
    put("any_zip_centralsize1", bytes(b))
    b = bytearray(z)
    b[6] |= 1
    put("any_zip_localenc", bytes(b))
    b = bytearray(z)
    b[k + 8] |= 1
    put("any_zip_centralenc", bytes(b))
    b = bytearray(z)
    b[6] |= 1
    b[k + 8] |= 1
    put("any_zip_bothenc", bytes(b))
    b = bytearray(z)
    b[14:18] = b"abcd"
    b[k + 16 : k + 20] = b"abcd"
    put("any_zip_badcrc", bytes(b))
    b = bytearray(z)
    b[k + 42 : k + 46] = struct.pack("<I", 7)
    put("any_zip_badoffset", bytes(b))
    b = bytearray(z)
    b[k + 28 : k + 30] = b"\xff\x00"
    put("any_zip_badnamelen", bytes(b))
    b = bytearray(z)
    b[26:28] = b"\x03\x00"
    put("any_zip_localname3", bytes(b))
    b = bytearray(z)
    b[0:4] = b"PKxx"
    put("any_zip_nolocalsig", bytes(b))
    b = bytearray(z)
    b[8:10] = b[k + 10 : k + 12] = b"c\x00"
    put("any_zip_m99", bytes(b))
    for m in (1, 2, 3, 4, 5, 6, 10, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 1234):
        b = bytearray(z)
        b[8:10] = b[k + 10 : k + 12] = struct.pack("<H", m)
        put(f"any_zip_m{m}", bytes(b))
    b = bytearray(z)
    e = bytes(b).rindex(b"PK\x05\x06")
    b[e + 8 : e + 12] = bytes(4)
    put("any_zip_endcount0", bytes(b))
    b = bytearray(z)
    b[e + 12 : e + 16] = bytes(4)
    put("any_zip_enddirsize0", bytes(b))
    b = bytearray(z)
    b[e + 16 : e + 20] = b"\xff\xff\xff\x7f"
    put("any_zip_enddirbad", bytes(b))
    b = bytearray(z)
    b[e + 4 : e + 8] = b"\x01\x00\x01\x00"
    put("any_zip_enddisk1", bytes(b))
    put("any_zip_noend", z[:e])
    put("any_zip_nocentral", z[:k])
    put("any_zip_onlyend_behind", c + z[:k])
    put("any_zip_two", c + z)
    put("any_zip_two_r", z + c)
    put(
        "any_zip_hiddenlocal",
        c[: c.index(b"PK\x01\x02")]
        + z[:k]
        + c[c.index(b"PK\x01\x02") : -6]
        + struct.pack("<I", len(c[: c.index(b"PK\x01\x02")] + z[:k]))
        + b"\x00\x00",
    )
    b = bytearray(z)
    b[6] |= 8
    b[k + 8] |= 8
    put("any_zip_ddflag", bytes(b))
    b = bytearray(z)
    b[k + 0 : k + 4] = b"PK\x01\x03"
    put("any_zip_badcentralsig", bytes(b))
    zz = zipfile_of(EICAR, "e/")
    put("any_zip_dirname", zz)
    zn = zipfile_of(EICAR, "a\x00b")
    put("pos_zip_nul", zn)
    zd = zipfile_of(EICAR, "../../e")
    put("pos_zip_dotdot", zd)
    put("pos_zip_longname", zipfile_of(EICAR, "n" * 60000))
    put("pos_zip_PK00", b"PK00" + z)


@group()
def sixteen_deep():
    """Every container sixteen deep in itself."""
    fs = {
        "zip": lambda b: zipfile_of(b, "x"),
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "tar": lambda b: tar_of(("x", b)),
        "zst": lambda b: run("zstd", "-c", stdin=b),
        "lz4": lambda b: run("lz4", "-c", stdin=b),
        "lz": lambda b: run("lzip", "-c", stdin=b),
        "lzo": lambda b: run("lzop", "-c", stdin=b),
        "Z": lambda b: run("compress", "-cf", stdin=b),
        "uu": lambda b: run("uuencode", "x", stdin=b),
        "lzma": lambda b: lzma.compress(b, lzma.FORMAT_ALONE),
    }

    def viatool(cmd, ext):
        def f(b):
            d = WORK / "deep"
            shutil.rmtree(d, ignore_errors=True)
            d.mkdir()
            (d / "x").write_bytes(b)
            run(*[c.replace("OUT", str(d / ("o." + ext))) for c in cmd], cwd=d)
            return (d / ("o." + ext)).read_bytes()

        return f

    fs["7z"] = viatool(["7z", "a", "OUT", "x"], "7z")
    fs["arj"] = viatool(["arj", "a", "OUT", "x"], "arj")
    fs["lzh"] = viatool(["jlha", "a", "OUT", "x"], "lzh")
    fs["cab"] = viatool(["gcab", "-cz", "OUT", "x"], "cab")
    fs["ar"] = viatool(["ar", "rc", "OUT", "x"], "a")
    fs["sq"] = viatool(["mksquashfs", "x", "OUT", "-quiet", "-no-progress"], "sq")

    def cpio(b):
        (WORK / "s/x").write_bytes(b)
        return run("cpio", "-o", "-H", "newc", cwd=WORK / "s", stdin=b"x\n")

    fs["cpio"] = cpio

    def iso(b):
        d = WORK / "isod"
        shutil.rmtree(d, ignore_errors=True)
        d.mkdir()
        (d / "x").write_bytes(b)
        run("genisoimage", "-quiet", "-o", WORK / "deep.iso", d)
        return (WORK / "deep.iso").read_bytes()

    fs["iso"] = iso

    def eml(b):
        return (
            b"From: a@b\r\nTo: c\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q%d\r\n\r\n"
            b"--q%d\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            % (len(b), len(b))
            + base64.encodebytes(b)
            + b"\r\n--q%d--\r\n" % len(b)
        )

    fs["eml"] = eml

    for k, f in fs.items():

        def go(k=k, f=f):
            b = EICAR
            for _ in range(16):
                b = f(b)
            put(f"pos_deep16.{k}", b)

        case(go)
