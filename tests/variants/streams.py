"""streams.py: packed streams with the EICAR test file in them, for variants.py."""
import gzip
import lzma
import struct
import zlib

from made import EICAR, OUT, WORDS, WORK, case, group, put, run, zipfile_of


@group(sample=True)
def packed_streams():
    """One file by every packer: whole, cut, twice, with junk, zeros or something else between, damaged."""
    for n, c in (
        ("gz", ["gzip", "-c"]),
        ("bz2", ["bzip2", "-c"]),
        ("xz", ["xz", "-c"]),
        ("lzma", ["lzma", "-c"]),
        ("zst", ["zstd", "-c"]),
        ("lz4", ["lz4", "-c"]),
        ("lz", ["lzip", "-c"]),
        ("lzo", ["lzop", "-c"]),
        ("Z", ["compress", "-c", "-f"]),
        ("br", ["brotli", "-c"]),
        ("lz4l", ["lz4", "-l", "-c"]),
        ("zst19", ["zstd", "-19", "--long=27", "-c"]),
        ("xzcrc", ["xz", "-C", "none", "-c"]),
        ("xzx86", ["xz", "--x86", "--lzma2", "-c"]),
        ("xzdelta", ["xz", "--delta=dist=2", "--lzma2", "-c"]),
        ("lzo9", ["lzop", "-9", "-c"]),
        ("lzo1", ["lzop", "-1", "-c"]),
        ("lzoc", ["lzop", "--crc32", "-c"]),
    ):

        def one(n=n, c=c):
            a = run(*c, stdin=EICAR)
            b = run(*c, stdin=WORDS)
            z0 = run(*c, stdin=b"")
            known = "inc" if n == "br" else "pos"  # by its name alone
            put(f"{known}_s.{n}", a)
            put(f"any_s_cut.{n}", run(*c, stdin=EICAR + WORDS)[:-30])
            put(f"any_s_twice.{n}", z0 + a)
            put(f"any_s_junkbetween.{n}", b + b"junkjunk" + a)
            put(f"any_s_zerosbetween.{n}", z0 + bytes(512) + a)
            put(f"any_s_otherbehind.{n}", b + zipfile_of(EICAR))
            put(f"any_s_tailjunk.{n}", a + b"junk")
            if n not in ("Z", "lz4l"):  # these have no checksum: what was changed is another file
                m = bytearray(a)
                m[len(m) // 2] ^= 85
                put(f"any_s_mut.{n}", bytes(m))

        case(one)
    g = gzip.compress(EICAR)
    put(
        "pos_gz_extra.gz",
        g[:3] + bytes([4 | 8 | 16]) + g[4:10] + b"\x04\x00abcd" + b"name\x00" + b"comment\x00" + g[10:],
    )
    put(
        "pos_gz_hcrc.gz",
        g[:3]
        + bytes([2])
        + g[4:10]
        + struct.pack("<H", zlib.crc32(g[:3] + bytes([2]) + g[4:10]) & 65535)
        + g[10:],
    )
    put("any_gz_badcrc.gz", g[:-8] + b"abcd" + g[-4:])
    put("any_gz_noend.gz", g[:-8])
    put("any_gz_reserved.gz", g[:3] + b"\xe0" + g[4:])
    put("any_gz_method.gz", g[:2] + b"\x07" + g[3:])
    put("any_zlib", zlib.compress(EICAR))
    put("any_rawdeflate", zlib.compress(EICAR)[2:-4])
    put("pos_zst_skip.zst", b"P*M\x18" + struct.pack("<I", 100) + bytes(100) + run("zstd", "-c", stdin=EICAR))
    put(
        "any_zst_skipbig.zst",
        b"P*M\x18" + struct.pack("<I", 100000) + bytes(100000) + run("zstd", "-c", stdin=EICAR),
    )
    put("pos_lz4_skip.lz4", b"P*M\x18" + struct.pack("<I", 100) + bytes(100) + run("lz4", "-c", stdin=EICAR))
    (WORK / "dict").write_bytes(WORDS)
    put("any_zst_dict.zst", run("zstd", "-D", "dict", "-c", stdin=EICAR))
    put("any_xz_pad.xz", lzma.compress(b"") + bytes(8) + lzma.compress(EICAR))
    put("any_xz_pad3.xz", lzma.compress(b"") + bytes(3) + lzma.compress(EICAR))


@group()
def long_range_packers():
    """What is known by its magic and not opened."""
    case(lambda: run("lrzip", "-q", "-o", OUT / "inc_e.lrz", "d/notes.txt"))
    case(lambda: run("rzip", "-k", "-o", OUT / "inc_e.rz", "d/notes.txt"))
    case(lambda: run("zpaq", "a", OUT / "inc_e.zpaq", "d"))
