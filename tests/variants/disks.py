"""disks.py: disks, discs and file systems with the EICAR test file in them, for variants.py."""
import shutil
import struct

import tiny_disks
from made import EICAR, FOLDER, OUT, WORK, case, group, put, run, tar_of


@group()
def discs():
    """ISO 9660 with every extension, UDF, HFS, raw sectors."""
    run("genisoimage", "-quiet", "-o", OUT / "pos_plain.iso", "d")
    run("genisoimage", "-quiet", "-R", "-J", "-o", OUT / "pos_rj.iso", "d")
    run("genisoimage", "-quiet", "-udf", "-o", OUT / "pos_udf.iso", "d")
    run("genisoimage", "-quiet", "-hfs", "-o", OUT / "pos_hfs.iso", "d")
    run("xorriso", "-outdev", OUT / "pos_xo.iso", "-map", "d", "/d", ok=(0,))
    run("xorriso", "-outdev", OUT / "any_zisofs.iso", "-map", "d", "/d", "-set_filter_r", "--zisofs", "/d")
    run("genisoimage", "-quiet", "-iso-level", "4", "-o", OUT / "pos_l4.iso", "d")
    run("xorriso", "-outdev", OUT / "pos_ms.iso", "-map", "c", "/c")
    run("xorriso", "-dev", OUT / "pos_ms.iso", "-map", "s", "/s")
    run("xorriso", "-as", "mkisofs", "-hfsplus", "-o", OUT / "pos_hfsplus.iso", "d")
    i = (OUT / "pos_plain.iso").read_bytes()
    put("any_isocut.iso", i[: len(i) // 2])
    raw = b"".join(
        (
            b"\x00"
            + b"\xff" * 10
            + b"\x00"
            + bytes([0, 2, 0, 1])
            + i[k : k + 2048].ljust(2048, b"\x00")
            + bytes(288)
            for k in range(0, len(i), 2048)
        )
    )
    put("any_iso_raw2352.bin", raw)


@group()
def squashfs_images():
    """squashfs with every compression."""
    for c in ("gzip", "xz", "zstd", "lz4", "lzo", "lzma"):

        def s(c=c):
            run("mksquashfs", "d", OUT / f"pos_sq_{c}.squashfs", "-comp", c, "-quiet", "-no-progress")

        case(s)
    run("mksquashfs", "d", OUT / "pos_sq_nofrag.squashfs", "-no-fragments", "-quiet", "-no-progress")
    run(
        "mksquashfs",
        "d",
        OUT / "pos_sq_nocomp.squashfs",
        "-noI",
        "-noD",
        "-noF",
        "-noX",
        "-quiet",
        "-no-progress",
    )
    q = (OUT / "pos_sq_gzip.squashfs").read_bytes()
    put("any_sq_cut.squashfs", q[: len(q) // 2])
    m = bytearray(q)
    m[96 + 2000] ^= 255
    put("any_sq_mut.squashfs", bytes(m))


@group()
def file_systems():
    """Images of file systems."""
    for t in ("ext2", "ext3", "ext4"):
        run("mke2fs", "-q", "-F", "-t", t, "-d", "d", OUT / f"pos_{t}.img", "4M" if t != "ext3" else "8M")
    run(
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-O",
        "inline_data",
        "-I",
        "512",
        "-d",
        "d",
        OUT / "pos_ext4inline.img",
        "4M",
    )
    run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-d", "d", OUT / "pos_ext4k.img", "8M")
    run(
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-O",
        "^extents,^64bit",
        "-d",
        "d",
        OUT / "pos_ext4noext.img",
        "4M",
    )
    for c, a in (("vfat12", ["-F", "12"]), ("vfat16", ["-F", "16"]), ("vfat32", ["-F", "32"])):

        def v(c=c, a=a):
            f = OUT / f"pos_{c}.img"
            run("truncate", "-s", "40M" if c != "vfat12" else "4M", f)
            run("mkfs.vfat", *a, f)
            run("mcopy", "-s", "-i", f, "d", "::")

        case(v)

    def nt():
        f = OUT / "any_ntfs.img"
        run("truncate", "-s", "8M", f)
        run("mkntfs", "-F", "-Q", "-q", f)
        run("ntfscp", "-f", f, FOLDER / "e.com", "e.com")

    case(nt)

    def xf():
        f = OUT / "any_xfs.img"
        run("truncate", "-s", "310M", f)
        (WORK / "proto").write_text(f"/\n0 0\nd--755 0 0\ne.com ---644 0 0 {FOLDER}/e.com\n$\n")
        run("mkfs.xfs", "-q", "-p", "proto", f)

    case(xf)

    def bt():
        f = OUT / "any_btrfs.img"
        run("truncate", "-s", "120M", f)
        run("mkfs.btrfs", "-q", "-r", "d", f)

    case(bt)

    def ef():
        f = OUT / "any_exfat.img"
        run("truncate", "-s", "8M", f)
        run("mkfs.exfat", f)

    case(ef)

    def ro():
        run("genromfs", "-d", "d", "-f", OUT / "pos_romfs.img")

    case(ro)

    def cr():
        run("mkfs.cramfs", "d", OUT / "pos_cramfs.img")

    case(cr)

    def er():
        run("mkfs.erofs", "-zlz4", OUT / "any_erofs.img", "d")
        run("mkfs.erofs", OUT / "any_erofs_plain.img", "d")

    case(er)

    def jf():
        run("mkfs.jffs2", "-r", "d", "-o", OUT / "any_jffs2.img")
        run("mkfs.jffs2", "-b", "-r", "d", "-o", OUT / "any_jffs2be.img")

    case(jf)

    def ub():
        run("mkfs.ubifs", "-r", "d", "-m", "2048", "-e", "126976", "-c", "100", "-o", OUT / "any_ubifs.img")

    case(ub)

    def f2():
        f = OUT / "any_f2fs.img"
        run("truncate", "-s", "64M", f)
        run("mkfs.f2fs", "-q", f)
        run("sload.f2fs", "-f", "d", f, ok=(0, 1))

    case(f2)

    def ud():
        f = OUT / "neg_udf.img"
        run("truncate", "-s", "8M", f)
        run("mkudffs", "-b", "2048", f)

    case(ud)

    def sw():
        f = OUT / "neg_swap.img"
        run("truncate", "-s", "1M", f)
        run("mkswap", f)

    case(sw)

    def mn():
        f = OUT / "any_minix.img"
        run("truncate", "-s", "1M", f)
        run("mkfs.minix", f)

    case(mn)

    def rf():
        f = OUT / "any_reiser.img"
        run("truncate", "-s", "40M", f)
        run("mkreiserfs", "-q", "-f", "-f", f)

    case(rf)

    def jj():
        f = OUT / "any_jfs.img"
        run("truncate", "-s", "20M", f)
        run("mkfs.jfs", "-q", f)

    case(jj)


@group(sample=True)
def small_disks():
    """Disks of a few kilobytes, of every kind but VHDX."""
    for name, disk in tiny_disks.all_of(tar_of(("zeros", bytes(9000)), ("e.com", EICAR))).items():
        put(f"pos_tiny.{name}", disk)
        put(f"any_tiny_cut.{name}", disk[: len(disk) // 2])
    put("pos_tiny.romfs", tiny_disks.romfs(EICAR))
    put("any_tiny_around.romfs", tiny_disks.romfs(EICAR, onward=64))
    put("any_tiny_cut.romfs", tiny_disks.romfs(EICAR)[:-100])
    put("pos_tiny.cramfs", tiny_disks.cramfs(EICAR))
    put("any_tiny_around.cramfs", tiny_disks.cramfs(EICAR, around=True))
    put("any_tiny_cut.cramfs", tiny_disks.cramfs(EICAR)[:-20])


@group()
def machine_disks():
    """Disks of virtual machines, tables of partitions."""
    raw = WORK / "disk.raw"
    run("truncate", "-s", "4M", raw)
    run("/sbin/mkfs.vfat", raw)
    run("mcopy", "-s", "-i", raw, "d", "::")
    for f in ("qcow2", "vmdk", "vpc", "vhdx", "vdi", "qed", "parallels", "qcow"):

        def q(f=f):
            run("qemu-img", "convert", "-O", f, raw, OUT / f"pos_disk.{f}")

        case(q)
    run("qemu-img", "convert", "-c", "-O", "qcow2", raw, OUT / "pos_diskc.qcow2")
    run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, OUT / "pos_diskso.vmdk")
    run("qemu-img", "convert", "-O", "vpc", "-o", "subformat=fixed", raw, OUT / "pos_diskfixed.vpc")
    run("qemu-img", "convert", "-O", "vhdx", "-o", "subformat=fixed", raw, OUT / "pos_diskfixed.vhdx")

    def vhdx_with_a_log():
        run("qemu-img", "create", "-f", "vhdx", "log.vhdx", "4M")
        disk = bytearray((WORK / "log.vhdx").read_bytes())
        for head in (0x10000, 0x20000):
            disk[head + 48] = 1  # of LogGuid, which is zero where the log is empty
        put("inc_disk_log.vhdx", bytes(disk))

    case(vhdx_with_a_log)
    run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=monolithicFlat", raw, WORK / "flat.vmdk")
    shutil.copy(WORK / "flat.vmdk", OUT / "neg_flat.vmdk")
    run(
        "qemu-img",
        "convert",
        "-c",
        "-o",
        "compression_type=zstd",
        "-O",
        "qcow2",
        raw,
        OUT / "pos_diskcz.qcow2",
    )
    for n, ty, img in (("ext4", 131, "pos_ext4.img"), ("fat", 6, "pos_vfat12.img")):
        b = bytearray(512)
        b[510:] = b"U\xaa"
        d = (OUT / img).read_bytes()
        b[446:462] = struct.pack("<B3sB3sII", 128, b"", ty, b"", 2048, len(d) // 512)
        put(f"pos_mbr_{n}.img", bytes(b) + bytes(2047 * 512) + d)
