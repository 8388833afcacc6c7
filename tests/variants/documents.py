"""documents.py: documents, pages, scripts, installers with the EICAR test file in them, for variants.py."""
import base64
import io
import shutil
import struct
import zipfile
import zlib

from made import EICAR, EICAR_BARE, OUT, WORK, case, group, put, run, zipfile_of


@group(sample=True)
def pdf_documents():
    """PDF: every filter, odd syntax, encryption."""

    def mk(objs, trailer=b"", head=b"%PDF-1.7\n"):
        o = head
        offs = []
        for i, b in enumerate(objs, 1):
            offs.append(len(o))
            o += b"%d 0 obj\n" % i + b + b"\nendobj\n"
        x = len(o)
        o += (
            b"xref\n0 %d\n0000000000 65535 f \n" % (len(objs) + 1)
            + b"".join((b"%010d 00000 n \n" % k for k in offs))
            + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objs) + 1, trailer, x)
        )
        return o

    def st(d, x):
        return b"<<" + d + b"/Length %d>>stream\n" % len(x) + x + b"\nendstream"

    def doc(s):
        return mk(
            [
                b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(e.com) 4 0 R]>>>>>>",
                b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
                b"<</Type/Filespec/F(e.com)/EF<</F 5 0 R>>>>",
                s,
            ]
        )

    z = zlib.compress(EICAR)

    def a85(b):
        return base64.a85encode(b) + b"~>"

    def hx(b):
        return b.hex().encode() + b">"

    def rl(b):
        return (
            b"".join((bytes([len(b[i : i + 100]) - 1]) + b[i : i + 100] for i in range(0, len(b), 100)))
            + b"\x80"
        )

    def lzwenc(b):
        bits = []
        w = 9
        n = 258
        bits.append((256, 9))
        for c in b:
            bits.append((c, w))
            n += 1
            if n + 1 >= 1 << w and w < 12:
                w += 1
        bits.append((257, w))
        s = "".join((f"{v:0{k}b}" for v, k in bits))
        s += "0" * (-len(s) % 8)
        return bytes((int(s[i : i + 8], 2) for i in range(0, len(s), 8)))

    V = {
        "plain": (b"", EICAR),
        "flate": (b"/Filter/FlateDecode", z),
        "fl": (b"/Filter/Fl", z),
        "hexname": (b"/Filter/Fl#61te#44ecode", z),
        "arr": (b"/Filter[/ASCII85Decode/FlateDecode]", a85(z)),
        "a85": (b"/Filter/A85", a85(EICAR)),
        "hex": (b"/Filter/ASCIIHexDecode", hx(EICAR)),
        "hexa85fl": (b"/Filter[/AHx/A85/Fl]", hx(a85(z))),
        "rl": (b"/Filter/RunLengthDecode", rl(EICAR)),
        "lzw": (b"/Filter/LZWDecode", lzwenc(EICAR)),
        "rlfl": (b"/Filter [ /RL\n/Fl ]", rl(z)),
        "png": (
            b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 16>>",
            zlib.compress(
                b"".join(
                    (
                        b"\x02"
                        + bytes(
                            (
                                c - p & 255
                                for c, p in zip(EICAR[i : i + 16], EICAR[i - 16 : i] if i else bytes(16))
                            )
                        )
                        for i in range(0, 128, 16)
                    )
                )
            ),
        ),
        "tiff": (
            b"/Filter/FlateDecode/DecodeParms<</Predictor 2/Columns 16/Colors 1/BitsPerComponent 8>>",
            zlib.compress(
                b"".join(
                    (
                        bytes(
                            (
                                c - (EICAR[i + k - 1] if k else 0) & 255
                                for k, c in enumerate(EICAR[i : i + 16])
                            )
                        )
                        for i in range(0, 128, 16)
                    )
                )
            ),
        ),
        "5fl": (b"/Filter[/Fl/Fl/Fl/Fl/Fl]", zlib.compress(zlib.compress(zlib.compress(zlib.compress(z))))),
        "F": (b"/Filter/Fl", z),
        "a85pre": (b"/Filter/A85", b"<~" + a85(EICAR)),
        "hexws": (
            b"/Filter/AHx",
            b"\n".join((EICAR.hex().encode()[i : i + 7] for i in range(0, 256, 7))) + b">",
        ),
        "cutfl": (b"/Filter/FlateDecode", z[:-6]),
        "dct": (b"/Filter/DCTDecode", EICAR),
        "jbig": (b"/Filter/JBIG2Decode", EICAR),
        "crypt": (b"/Filter/Crypt", EICAR),
        "null": (b"/Filter null", EICAR),
    }
    for k, (d, x) in V.items():
        put(("pos" if k not in ("cutfl", "dct", "jbig", "crypt") else "any") + f"_pdf_{k}.pdf", doc(st(d, x)))
    p = doc(st(b"/Filter/FlateDecode", z))
    (WORK / "a.pdf").write_bytes(p)
    put("pos_pdf_wronglen.pdf", p.replace(b"/Length %d" % len(z), b"/Length 3"))
    put("pos_pdf_wronglen2.pdf", p.replace(b"/Length %d" % len(z), b"/Length 99999"))
    put("pos_pdf_junkhead.pdf", b"junk\n" * 100 + p)
    put("pos_pdf_noxref.pdf", p[: p.index(b"xref\n0")])
    put("pos_pdf_indirectlen.pdf", p.replace(b"/Length %d" % len(z), b"/Length 99 0 R"))
    put("pos_pdf_incremental.pdf", mk([b"<</Type/Catalog>>"]) + p)
    put("pos_pdf_head0.pdf", p.replace(b"%PDF-1.7", b"%PDF-9.9"))
    put("any_pdf_headbad.pdf", p.replace(b"%PDF-1.7", b"%PDF.1.7"))
    put("any_pdf_headmissing.pdf", p[9:])
    put("pos_pdf_cr.pdf", doc(st(b"/Filter/FlateDecode", z).replace(b"stream\n", b"stream\r\n")))
    put("pos_pdf_comment.pdf", doc(st(b"/Filter %comment\n/FlateDecode", z)))
    put("pos_pdf_filterref.pdf", mk([b"<</Type/Catalog>>", b"/FlateDecode", st(b"/Filter 2 0 R", z)]))
    put("any_pdf_noendstream.pdf", p.replace(b"endstream", b"").replace(b"endobj", b""))
    for n, a in (
        ("objstm", ["--object-streams=generate"]),
        ("lin", ["--linearize"]),
        ("qdf", ["--qdf"]),
        ("unc", ["--stream-data=uncompress"]),
        ("enc40", ["--allow-weak-crypto", "--encrypt", "", "o", "40", "--"]),
        ("enc128", ["--allow-weak-crypto", "--encrypt", "", "o", "128", "--"]),
        ("enc128aes", ["--allow-weak-crypto", "--encrypt", "", "o", "128", "--use-aes=y", "--"]),
        ("enc256", ["--encrypt", "", "o", "256", "--"]),
    ):

        def q(n=n, a=a):
            run("qpdf", *a, "a.pdf", OUT / f"pos_pdf_q_{n}.pdf", ok=(0, 3))

        case(q)
    run("qpdf", "--encrypt", "u", "o", "256", "--", "a.pdf", OUT / "inc_pdf_pw.pdf", ok=(0, 3))
    run(
        "qpdf",
        "--encrypt",
        "",
        "o",
        "256",
        "--cleartext-metadata",
        "--",
        "a.pdf",
        OUT / "pos_pdf_q_clear.pdf",
        ok=(0, 3),
    )


@group(sample=True)
def office_documents():
    """Zipped documents, RTF."""

    def z(files, m=8):
        o = io.BytesIO()
        with zipfile.ZipFile(o, "w", m) as f:
            for k, v in files:
                f.writestr(k, v)
        return o.getvalue()

    put(
        "pos_docx.docx",
        z(
            [
                ("[Content_Types].xml", "<?xml version='1.0'?><Types/>"),
                ("word/document.xml", "<?xml version='1.0'?><w:document/>"),
                ("word/embeddings/oleObject1.bin", EICAR),
            ]
        ),
    )
    put(
        "pos_odt.odt",
        z(
            [
                ("mimetype", "application/vnd.oasis.opendocument.text"),
                ("content.xml", "<?xml version='1.0'?><a/>"),
                ("Object 1", EICAR),
            ]
        ),
    )
    put("pos_jar.jar", z([("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"), ("e.com", EICAR)]))
    put("pos_jar_caf.jar", z([("META-INF/\x00", ""), ("e.com", EICAR)]))
    put("pos_epub.epub", z([("mimetype", "application/epub+zip"), ("e", EICAR)]))
    put("pos_apk.apk", z([("AndroidManifest.xml", b"\x03\x00\x08\x00"), ("classes.dex", EICAR)]))
    put("pos_whl.whl", z([("x/__init__.py", ""), ("x/e.com", EICAR)]))
    for n, r in (
        ("bin", b"{\\rtf1{\\object\\objemb{\\*\\objdata \\bin%d " % len(EICAR) + EICAR + b"}}}"),
        ("hex", b"{\\rtf1{\\object\\objemb{\\*\\objdata " + EICAR.hex().encode() + b"}}}"),
        (
            "hexjunk",
            b"{\\rtf1{\\object\\objemb{\\*\\objdata "
            + b" \n".join((EICAR.hex().encode()[i : i + 3] for i in range(0, 256, 3)))
            + b"}}}",
        ),
        (
            "nested",
            b"{\\rtf1{\\object\\objemb{\\*\\objdata {\\junk\\foo1 }"
            + EICAR.hex().encode()[:60]
            + b"{}{\\*\\x aaaa}"
            + EICAR.hex().encode()[60:]
            + b"}}}",
        ),
        ("headbad", b"{\\rt{\\object\\objemb{\\*\\objdata " + EICAR.hex().encode() + b"}}}"),
    ):
        put(f"any_rtf_{n}.rtf", r)
    name = b"e.com"
    body = (
        b"\x02\x00"
        + name
        + b"\x00"
        + name
        + b"\x00\x00\x00\x03\x00"
        + struct.pack("<I", len(name) + 1)
        + name
        + b"\x00"
        + struct.pack("<I", len(EICAR))
        + EICAR
    )
    nat = struct.pack("<I", len(body)) + body
    ole1 = (
        struct.pack("<IIII", 1281, 2, 8, 0)[:12]
        + b"Package\x00"
        + struct.pack("<II", 0, 0)
        + struct.pack("<I", len(nat) - 4)
        + nat[4:]
    )
    hx = ole1.hex().encode()
    put("pos_rtf_pkg.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata " + hx + b"}}}")
    put(
        "pos_rtf_pkgjunk.rtf",
        b"{\\rtf1{\\object\\objocx{\\*\\objdata "
        + b"\r\n\t".join((hx[i : i + 5] for i in range(0, len(hx), 5)))
        + b"}}}",
    )
    put("pos_rtf_pkgbin.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objdata \\bin%d " % len(ole1) + ole1 + b"}}}")
    put(
        "pos_rtf_pkgctl.rtf",
        b"{\\rtf1{\\object\\objemb{\\*\\objdata " + hx[:21] + b"\\'ff\\par " + hx[21:] + b"}}}",
    )
    put(
        "pos_rtf_pkggrp.rtf",
        b"{\\rtf1{\\object\\objemb{\\*\\objdata {\\*\\aa}"
        + hx[:20]
        + b"{"
        + hx[20:40]
        + b"}"
        + hx[40:]
        + b"}}}",
    )
    put(
        "pos_rtf_deep.rtf",
        b"{\\rtf1" + b"{" * 1000 + b"{\\object\\objemb{\\*\\objdata " + hx + b"}}" + b"}" * 1001,
    )
    put("any_rtf_noclose.rtf", b"{\\rtf1{\\object\\objemb{\\*\\objdata " + hx)


@group(sample=True)
def pages():
    """Pages with data: URLs."""
    put(
        "pos_html_data.html",
        b"<html><a href='data:application/octet-stream;base64," + base64.b64encode(EICAR) + b"'>x</a></html>",
    )
    put(
        "pos_html_datapct.html",
        b'<html><a href="data:text/plain,' + b"".join((b"%%%02x" % c for c in EICAR)) + b'">x</a></html>',
    )
    put(
        "pos_svg.svg",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/png;base64,"
        + base64.b64encode(EICAR)
        + b"'/></svg>",
    )
    put(
        "pos_mht.mht",
        b"From: <Saved>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; boundary="x"\r\n\r\n--x\r\nContent-Type: image/png\r\n'
        b"Content-Transfer-Encoding: base64\r\nContent-Location: a\r\n\r\n"
        + base64.encodebytes(EICAR)
        + b"\r\n--x--\r\n",
    )


@group()
def shell_archives():
    """Shell archives, makeself, uuencode."""
    run("sh", "-c", f"shar d/e.com d/notes.txt > {OUT}/pos_shar.sh")
    run("sh", "-c", f"shar -B d/e.com > {OUT}/pos_sharB.sh")
    put("pos_uu.uue", run("uuencode", "d/e.com", "e.com"))
    put("pos_uum.uue", run("uuencode", "-m", "d/e.com", "e.com"))
    put("pos_uutext.uue", b"hello\n" + run("uuencode", "d/e.com", "e.com") + b"bye\n")
    run("makeself", "--quiet", "--nox11", "d", OUT / "pos_makeself.run", "label", "true")
    run("makeself", "--quiet", "--xz", "d", OUT / "pos_makeselfxz.run", "label", "true")
    run("makeself", "--quiet", "--base64", "d", OUT / "pos_makeself64.run", "label", "true")
    run("makeself", "--quiet", "--nocomp", "d", OUT / "pos_makeselfno.run", "label", "true")
    run("makeself", "--quiet", "--bzip2", "d", OUT / "pos_makeselfbz.run", "l", "true")
    run("makeself", "--quiet", "--zstd", "d", OUT / "pos_makeselfzst.run", "l", "true")
    run("makeself", "--quiet", "--lz4", "d", OUT / "pos_makeselflz4.run", "l", "true")
    run("makeself", "--quiet", "--compress", "d", OUT / "pos_makeselfZ.run", "l", "true")
    put("any_sh_b64.sh", b"#!/bin/sh\nbase64 -d <<EOF\n" + base64.encodebytes(EICAR) + b"EOF\n")


@group()
def mpack_mails():
    """mpack, whole and in parts."""
    run("mpack", "-s", "subj", "-o", OUT / "pos_mpack.eml", "d/e.com")
    run("mpack", "-s", "subj", "-m", "30000", "-o", WORK / "part", "d/rnd")
    for p in WORK.glob("part*"):
        shutil.copy(p, OUT / f"vol_{p.name}.eml")


@group()
def nsis_installers():
    """NSIS."""
    for c in ("zlib", "bzip2", "lzma"):
        for so in ("", "/SOLID "):

            def n(c=c, so=so):
                (WORK / "i.nsi").write_text(
                    f"SetCompressor {so}{c}\nName x\n"
                    f"OutFile \"{OUT}/pos_nsis_{c}{'s' if so else ''}.exe\"\n"
                    "InstallDir C:\\x\nSection\nSetOutPath $INSTDIR\n"
                    "File d/e.com\nFile d/notes.txt\nSectionEnd\n"
                )
                run("makensis", "-V1", "i.nsi")

            case(n)


@group()
def msi_packages():
    """MSI."""
    (WORK / "a.wxs").write_text(
        '<?xml version="1.0"?><Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">'
        '<Product Name="x" Id="*" UpgradeCode="12345678-1234-1234-1234-111111111111" Language="1033"'
        ' Codepage="1252" Version="1.0.0" Manufacturer="x"><Package Id="*" Keywords="i" Description="x"'
        ' InstallerVersion="100" Languages="1033" Compressed="yes" SummaryCodepage="1252"/>'
        '<Media Id="1" Cabinet="s.cab" EmbedCab="yes"/><Directory Id="TARGETDIR" Name="SourceDir">'
        '<Component Id="M" Guid="12345678-1234-1234-1234-222222222222"><File Id="F1" Name="e.com"'
        ' DiskId="1" Source="d/e.com" KeyPath="yes"/></Component></Directory><Feature Id="C" Level="1">'
        '<ComponentRef Id="M"/></Feature></Product></Wix>'
    )
    run("wixl", "-o", OUT / "pos_a.msi", "a.wxs")


@group(sample=True)
def harmless():
    """What merely speaks of the test file."""
    put("neg_prefix", b" " + EICAR)
    put("neg_tail", EICAR_BARE + b" " * 200)
    put("neg_doc.txt", b"This is the file: " + EICAR_BARE + b"\n")
    put("neg_zip.zip", zipfile_of(b"x" + EICAR))
    put(
        "neg_pdf.pdf",
        b"%PDF-1.4\n1 0 obj\n<</Length 200>>stream\nBT (" + EICAR_BARE + b") Tj ET\nendstream\nendobj\n",
    )
    put("neg_html.html", b"<html><body>" + EICAR_BARE + b"</body></html>")
    put("neg_eml.eml", b"From: a\r\nTo: b\r\nSubject: x\r\n\r\nthe string is " + EICAR_BARE + b"\r\n")
    put("neg_b64.txt", b"see " + base64.b64encode(EICAR) + b"\n")
    put("neg_json.json", b'{"e": "' + EICAR_BARE.replace(b"\\", b"\\\\") + b'"}')
    put("neg_c.c", b'const char *e = "' + EICAR_BARE + b'";\n')
