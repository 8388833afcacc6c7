"""archives.py: archives with the EICAR test file in them, for variants.py."""
import gzip
import io
import os
import shutil
import zipfile

from made import EICAR, FOLDER, OUT, WORDS, WORK, case, group, put, run, zipfile_of


@group()
def zip_archives():
    """Zips of every method, encrypted, split; 7-Zip volumes."""
    for m, n in ((0, "stored"), (8, "deflate"), (12, "bzip2"), (14, "lzma")):
        o = io.BytesIO()
        with zipfile.ZipFile(o, "w", m) as z:
            z.writestr("notes.txt", WORDS)
            z.writestr("e.com", EICAR)
        put(f"pos_zip_{n}.zip", o.getvalue())
    for m in ("Deflate64", "PPMd", "LZMA", "BZip2", "Copy"):
        run("7z", "a", "-tzip", f"-mm={m}", OUT / f"pos_zip7_{m}.zip", "d")
        run("7z", "a", "-tzip", f"-mm={m}", OUT / f"pos_zip7s_{m}.zip", "s")
    run("zip", "-qr", OUT / "pos_zip_info.zip", "d")
    run("zip", "-q", "-", "d/e.com", cwd=WORK) and put("pos_zip_stream.zip", run("zip", "-q", "-", "d/e.com"))
    put("pos_zip_stdin.zip", run("zip", "-q", "-", "-", stdin=EICAR))
    run("zip", "-q", "-P", "pw", OUT / "inc_zip_enc.zip", "d/e.com")
    for a in ("AES256", "ZipCrypto"):
        run("7z", "a", "-tzip", "-ppw", f"-mem={a}", OUT / f"inc_zip7_{a}.zip", "d")
    run("zip", "-qr", "-s", "64k", OUT / "inc_zsplit.zip", "d")
    run("zip", "-qr", "-fz", OUT / "pos_zip64.zip", "d")
    run("7z", "a", WORK / "v.7z", "d", "-v20k")
    for p in WORK.glob("v.7z.*"):
        shutil.copy(p, OUT / f"vol_{p.name}")


@group()
def sevenzip_archives():
    """7z with every codec and filter."""
    for m in ("Copy", "LZMA", "LZMA2", "PPMd", "BZip2", "Deflate", "Delta:2 -m1=LZMA2"):
        a = m.split()
        run("7z", "a", OUT / f"pos_7z_{a[0].replace(':', '')}.7z", f"-m0={a[0]}", *a[1:], "d")
    for b in ("BCJ", "BCJ2", "ARM", "PPC", "IA64", "SPARC", "ARMT"):
        run("7z", "a", OUT / f"pos_7z_{b}.7z", f"-m0={b}", "-m1=LZMA", "d")
    run("7z", "a", OUT / "inc_7z_ARM64.7z", "-m0=ARM64", "-m1=LZMA", "d")
    run("7z", "a", OUT / "inc_7z_Deflate64.7z", "-m0=Deflate64", "d")
    run("7z", "a", OUT / "pos_7z_nosolid.7z", "-ms=off", "d")
    run("7z", "a", OUT / "inc_7z_enc.7z", "-ppw", "d")
    run("7z", "a", OUT / "inc_7z_ench.7z", "-ppw", "-mhe=on", "d")
    run("7z", "a", OUT / "pos_7z_nohc.7z", "-mhc=off", "d")
    p = WORK / "x"
    p.mkdir()
    shutil.copy("/bin/true", p / "true")
    (p / "e.com").write_bytes(EICAR)
    run("7z", "a", OUT / "pos_7z_elf.7z", "x")
    run(
        "7z",
        "a",
        "-m0=BCJ2",
        "-m1=LZMA:d22",
        "-m2=LZMA:d19",
        "-m3=LZMA:d19",
        "-mb0:1",
        "-mb0s1:2",
        "-mb0s2:3",
        OUT / "pos_7z_bcj2full.7z",
        "x",
    )
    run("7z", "a", "-tgzip", OUT / "pos_7gz.gz", "d/e.com")
    run("7z", "a", "-tbzip2", OUT / "pos_7bz.bz2", "d/e.com")
    run("7z", "a", "-txz", OUT / "pos_7xz.xz", "d/e.com")
    run("7z", "a", "-twim", OUT / "inc_7wim.wim", "d")
    run("7z", "a", "-ttar", OUT / "pos_7tar.tar", "d")
    sfx = "/usr/lib/p7zip/7zCon.sfx"
    if os.path.exists(sfx):
        run("7z", "a", f"-sfx{sfx}", OUT / "pos_7sfx", "d")


@group(sample=True)
def tar_archives():
    """Tars of every dialect, packed, sparse, with odd types, damaged, one behind another."""
    for f in ("gnu", "pax", "ustar", "v7", "oldgnu"):
        run("tar", f"--format={f}", "-cf", OUT / f"pos_tar_{f}.tar", "d")
    for o, e in (("z", "gz"), ("j", "bz2"), ("J", "xz"), ("Z", "Z")):
        run("tar", f"-c{o}f", OUT / f"pos_tar.tar.{e}", "d")
    case(lambda: run("tar", "-c", "-Ibrotli", "-f", OUT / "inc_tar.tar.br", "d"))
    for o, e in (
        ("--zstd", "zst"),
        ("--lzip", "lz"),
        ("--lzop", "lzo"),
        ("--lzma", "lzma"),
        ("-Ilz4", "lz4"),
    ):
        run("tar", "-c", o, "-f", OUT / f"pos_tar.tar.{e}", "d")
    with open(WORK / "sparse2", "wb") as f:
        f.write(b"x" * 4096)
        f.seek(1 << 20)
        f.write(b"y" * 4096)
        f.truncate(4 << 20)
    for s in ("0.0", "0.1", "1.0"):
        run(
            "tar",
            "-cS",
            f"--sparse-version={s}",
            "--format=pax",
            "-f",
            OUT / f"pos_tar_sparse{s}.tar",
            "sparse2",
            "d/e.com",
        )
    run("tar", "-cS", "--format=gnu", "-f", OUT / "pos_tar_sparsegnu.tar", "sparse2", "d/e.com")
    long = "n" * 150 + "/" + "m" * 150
    (WORK / ("n" * 150)).mkdir()
    (WORK / long).write_bytes(EICAR)
    run("tar", "--format=gnu", "-cf", OUT / "pos_tar_long.tar", long)
    run("tar", "--format=pax", "-cf", OUT / "pos_tar_longpax.tar", long)
    t = bytearray(run("tar", "--format=ustar", "-c", "d/e.com"))
    b = bytearray(t)
    b[148:156] = b"0000000\x00"
    put("any_tar_badsum.tar", bytes(b))
    b = bytearray(t)
    b[124:136] = b"\x80" + bytes(10) + bytes([128])
    b[148:156] = b" " * 8
    b[148:156] = b"%06o\x00 " % sum(b[:512])
    put("pos_tar_base256.tar", bytes(b))
    for c in (b"0", "7", "\x00", "x", "L", "S", "D", "5", "1", "Z"):
        c = c if isinstance(c, bytes) else c.encode()
        b = bytearray(t)
        b[156:157] = c
        b[148:156] = b" " * 8
        b[148:156] = b"%06o\x00 " % sum(b[:512])
        put(f"any_tar_type_{c.hex()}.tar", bytes(b))
    t2 = bytearray(run("tar", "--format=ustar", "-c", "c/notes.txt", "s/e.com"))
    i = bytes(t2).index(b"s/e.com")
    t2[i + 148 : i + 156] = b"0000000\x00"
    put("any_tar_badsum2.tar", bytes(t2))
    put("any_tar_concat.tar", run("tar", "-c", "c") + run("tar", "-c", "s"))
    put(
        "any_tar_concat_1block.tar", run("tar", "-b1", "-c", "c")[:-1024] + bytes(512) + run("tar", "-c", "s")
    )
    put("any_tar_concat_junk.tar", run("tar", "-c", "c") + b"junk" * 128 + run("tar", "-c", "s"))
    put("any_tar_mbr_concat", run("tar", "-c", "c") + zipfile_of(EICAR))


@group(sample=True)
def behind_tars():
    """A zip behind a tar."""
    put("any_tar_then_zip", run("tar", "-c", "c") + zipfile_of(EICAR))
    put("any_targz_then_zip", gzip.compress(run("tar", "-c", "c")) + zipfile_of(EICAR))


@group()
def old_archives():
    """cpio, ar, arj, lha, pax."""
    for f in ("bin", "odc", "newc", "crc", "tar", "ustar", "hpbin", "hpodc"):
        put(f"pos_cpio_{f}", run("cpio", "-o", "-H", f, stdin=b"c/notes.txt\nd/e.com\n"))
    put(
        "any_cpio_twice",
        run("cpio", "-o", "-H", "newc", stdin=b"c/notes.txt\n")
        + run("cpio", "-o", "-H", "newc", stdin=b"d/e.com\n"),
    )
    put("any_cpio_trunc", run("cpio", "-o", "-H", "newc", stdin=b"c/notes.txt\nd/e.com\n")[:20000])
    run("ar", "rc", OUT / "pos_ar.a", "d/notes.txt", "d/e.com")
    run("ar", "rcT", OUT / "neg_arthin.a", "d/notes.txt", "d/e.com")  # it holds names alone
    run("ar", "rc", OUT / "pos_arlong.a", "n" * 150 + "/" + "m" * 150, "d/e.com")
    shutil.copy(FOLDER / "e.com", WORK / "long_name_of_a_member_more_than_16.com")
    run("ar", "rc", OUT / "pos_arlong2.a", "c/notes.txt", "long_name_of_a_member_more_than_16.com")
    run("arj", "a", "-r", OUT / "pos_a.arj", "d")
    for m in range(5):
        run("arj", "a", f"-m{m}", OUT / f"pos_m{m}.arj", "d/e.com", "d/notes.txt")
    run("arj", "a", "-gpw", OUT / "inc_enc.arj", "d/e.com")
    run("arj", "a", "-v50k", "-y", WORK / "vol.arj", "d/rnd", "d/e.com")
    for p in WORK.glob("vol.a*"):
        shutil.copy(p, OUT / f"vol_{p.name}")
    for m in ("o", "o5", "o6", "o7", "o0", "z"):

        def l(m=m):
            run("jlha", f"a{m}" if m != "o0" else "az", OUT / f"pos_{m}.lzh", "d/e.com", "d/notes.txt")

        case(l)
    case(lambda: run("jlha", "a", OUT / "pos_jl.lzh", "d/e.com", "d/notes.txt"))
    for p in ("pax", "ustar", "cpio", "sv4cpio", "sv4crc", "bcpio"):
        put(
            f"pos_pax_{p}",
            run("pax", "-w", "-x", p, "d") if p != "pax" else run("tar", "--format=pax", "-c", "d"),
        )


@group()
def cabinets():
    """Cabinets."""
    run("gcab", "-c", OUT / "pos_g.cab", "d/e.com", "d/notes.txt")
    run("gcab", "-cz", OUT / "pos_gz.cab", "d/e.com", "d/notes.txt")
    run("gcab", "-cz", OUT / "pos_gz_big.cab", "d/rnd", "d/notes.txt", "d/e.com")
    c = (OUT / "pos_gz.cab").read_bytes()
    put("any_cabcut.cab", c[:-40])
    m = bytearray(c)
    m[-20] ^= 64
    put("any_cabmut.cab", bytes(m))
    put("pos_cab_prefix", b"MZ" + bytes(600) + c)


@group()
def packages():
    """rpm and deb with every compression."""
    for k, l in (("gzdio", "w9"), ("bzdio", "w9"), ("xzdio", "w6"), ("lzdio", "w6"), ("zstdio", "w19")):

        def r(k=k, l=l):
            (WORK / "a.spec").write_text(
                "Name: sample\nVersion: 1\nRelease: 1\nSummary: s\nLicense: l\nBuildArch: noarch\n"
                "%description\nd\n%install\nmkdir -p %{buildroot}/opt\n"
                f"cp {FOLDER}/e.com {FOLDER}/notes.txt %{{buildroot}}/opt/\n"
                "%files\n/opt/e.com\n/opt/notes.txt\n"
            )
            shutil.rmtree(WORK / "rpm", ignore_errors=True)
            run(
                "rpmbuild",
                "-bb",
                "--quiet",
                "--define",
                f"_topdir {WORK}/rpm",
                "--define",
                f"_binary_payload {l}.{k}",
                "a.spec",
            )
            for p in (WORK / "rpm").rglob("*.rpm"):
                shutil.copy(p, OUT / f"pos_{k}.rpm")

        case(r)
    root = WORK / "deb"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "opt").mkdir()
    (root / "opt/e.com").write_bytes(EICAR)
    (root / "opt/notes").write_bytes(WORDS)
    (root / "DEBIAN/control").write_text(
        "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: sample\n"
    )
    for z in ("none", "gzip", "xz", "zstd"):

        def d(z=z):
            run("dpkg-deb", "--root-owner-group", f"-Z{z}", "-b", "deb", OUT / f"pos_{z}.deb")

        case(d)
    root = WORK / "deb2"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: sample\n"
    )
    (root / "DEBIAN/e.com").write_bytes(EICAR)
    run("dpkg-deb", "--root-owner-group", "-b", "deb2", OUT / "pos_control.deb")


@group()
def wim_images():
    """WIM with every compression and chunk."""
    for c in ("none", "fast", "maximum", "XPRESS", "LZX", "LZMS"):

        def w(c=c):
            run("wimlib-imagex", "capture", "d", OUT / f"inc_wim_{c}.wim", f"--compress={c}")

        case(w)
    case(lambda: run("wimlib-imagex", "capture", "d", OUT / "inc_wim_solid.esd", "--solid"))
    for ch in ("4K", "8K", "64K"):

        def w(ch=ch):
            run(
                "wimlib-imagex",
                "capture",
                "d",
                OUT / f"inc_wim_x{ch}.wim",
                "--compress=XPRESS",
                f"--chunk-size={ch}",
            )

        case(w)
