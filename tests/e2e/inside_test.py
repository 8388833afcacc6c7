#!/usr/bin/env python3
"""inside_test.py OVERT: what is inside mail, documents and installers, through the real command and
the real jail. Debian's clamav-testfiles all hold the same small program; where it is found, the
container was opened. The mails and documents are made here."""
import base64
import email.message
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-inside."))
SAMPLES = pathlib.Path("/usr/share/clamav-testfiles")
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
CLEAN, DETECTED, INCOMPLETE = 0, 1, 3


def scan(*arguments, seconds=120):
    """Runs `overt scan`; returns (exit code, the lines it printed)."""
    done = subprocess.run([OVERT, "scan", "--no-progress", *map(str, arguments)],
                          capture_output=True, timeout=seconds, check=False)
    return done.returncode, done.stdout.decode("utf8", "replace").splitlines()


def expect(code, name, data, says="", lacks="INCOMPLETE"):
    """Writes a file, scans it, and checks the exit code, a word of the output and one not in it."""
    path = TMP / name
    path.write_bytes(data)
    got, lines = scan(path)
    text = "\n".join(lines)
    if got != code or says not in text or (lacks and lacks in text):
        raise AssertionError(f"{name}: exit {got}, want {code}, '{says}' and no '{lacks}' in: {text[-1500:]}")


def sample_rule():
    """A rule of the code that the hidden program has."""
    code = (SAMPLES / "clam.exe").read_bytes()[0x40:0x74]
    path = TMP / "clam.yar"
    path.write_text("rule clam { strings: $a = { %s } condition: $a }\n" % code.hex(" "))
    return path


def every_sample_of_debian_is_opened():
    rule = sample_rule()
    names = sorted(p.name for p in SAMPLES.iterdir() if p.name.startswith("clam"))
    tap.same(len(names), 44, "samples")
    _, lines = scan("--rules", rule, *(SAMPLES / name for name in names))
    # A hit in the file itself shows nothing, but for those that hold the program as it is and nothing
    # else of interest.
    inside = {pathlib.Path(line.split(": DETECTED")[0]).name for line in lines
              if ": DETECTED clam (in " in line}
    reached = inside | {"clam.exe", "clam-fsg.exe", "clam_IScab_ext.exe"}
    tap.same(sorted(set(names) - reached), [], "not reached")


def mail(body, *headers):
    """A mail as bytes."""
    lines = ["From: a@example.org", "To: b@example.org", "Subject: s", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def eicar64():
    """The test file in base64, in lines."""
    return base64.encodebytes(EICAR)


def ordinary_mails_are_opened():
    message = email.message.EmailMessage()
    message["From"] = "a@example.org"
    message["To"] = "b@example.org"
    message["Subject"] = "hello"
    message.set_content("see below")
    message.add_attachment(EICAR, maintype="application", subtype="octet-stream", filename="e.com")
    expect(DETECTED, "ordinary.eml", bytes(message), says="(in e.com)")
    outer = email.message.EmailMessage()
    outer["From"] = "c@example.org"
    outer["To"] = "d@example.org"
    outer.set_content("forwarded")
    outer.add_attachment(message)
    expect(DETECTED, "forwarded.eml", bytes(outer), says="e.com)")
    box = b"From a Thu Jan  1 00:00:00 1970\n" + mail(b"text\n") + b"\n" \
        + b"From b Thu Jan  1 00:00:00 1970\n" + bytes(message)
    expect(DETECTED, "box.mbox", box, says="(in mail 2/e.com)")
    expect(CLEAN, "box2.mbox", b"From a Thu Jan  1 00:00:00 1970\n" + mail(b"text\nFrom here on\n"))


def names_of_attachments_are_decoded():
    for number, (header, name) in enumerate([
            ('name="=?utf-8?B?%s?="' % base64.b64encode(b"ab c.com").decode(), "ab c.com"),
            ("name*=utf-8'en'a%62c.com", "abc.com"),
            ('name*0="first-"; name*1="second.com"', "first-second.com"),
            ("name=bare.com", "bare.com")]):
        expect(DETECTED, f"named{number}.eml",
               mail(eicar64(), f"Content-Type: application/octet-stream; {header}",
                    "Content-Transfer-Encoding: base64"), says=f"(in {name})")


def mails_that_are_written_to_be_misread_are_opened():
    part = b"Content-Transfer-Encoding: base64\r\n\r\n" + eicar64() + b"\r\n"
    multi = "Content-Type: multipart/mixed; boundary="
    mails = {
        "case": mail(eicar64(), "CONTENT-TRANSFER-ENCODING: BASE64"),
        "blank": mail(eicar64(), "Content-Transfer-Encoding : base64"),
        "folded": mail(eicar64(), "Content-Transfer-Encoding:\r\n\t base64"),
        "nul": mail(eicar64(), "Content-Transfer-Enco\0ding: ba\0se64"),
        "twice": mail(eicar64(), "Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64"),
        "odd": mail(eicar64(), "Content-Transfer-Encoding: base-64"),
        "garbage": mail(eicar64(), "this is no header", "Content-Transfer-Encoding: base64"),
        "junk in base64": mail(b"\n".join(b"!%" + line + b"*#" for line in eicar64().split()),
                               "Content-Transfer-Encoding: base64"),
        "padding inside": mail(base64.b64encode(EICAR[:10]) + b"\n" + base64.b64encode(EICAR[10:]),
                               "Content-Transfer-Encoding: base64"),
        "one long line": mail(b"!" * 50000 + base64.b64encode(EICAR),
                              "Content-Transfer-Encoding: base64"),
        "quoted": mail(b"".join(b"=%02x" % c for c in EICAR) + b"=\r\n",
                       "Content-Transfer-Encoding: quoted-printable"),
        "boundary": mail(b"--x\r\n" + part + b"--x--\r\n", multi + "x"),
        "boundary quoted": mail(b"--a b\r\n" + part + b"--a b--\r\n", multi + '"a b"'),
        "no end": mail(b"--x\r\n" + part, multi + "x"),
        "line feeds": mail(b"--x\n" + part.replace(b"\r\n", b"\n"), multi + "x").replace(b"\r\n", b"\n"),
        "carriage returns": mail(b"--x\r" + part.replace(b"\r\n", b"\r").replace(b"\n", b"\r"),
                                 multi + "x").replace(b"\r\n", b"\r"),
        "two boundaries": mail(b"--y\r\n" + part + b"--y--\r\n", multi + "x; boundary=y"),
        "no boundary named": mail(b"text\r\n--z\r\nContent-Type: a/b\r\n" + part + b"--z--\r\n",
                                  "Content-Type: multipart/mixed"),
        "wrong boundary named": mail(b"text\r\n--z\r\nContent-Type: a/b\r\n" + part + b"--z--\r\n",
                                     multi + "never"),
        "boundary is a prefix": mail(b"--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n"
                                     + part + b"--xy--\r\n--x--\r\n", multi + "x"),
        "nested": mail(b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
                       b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n" + part
                       + b"--q--\r\n--x--\r\n", multi + "x"),
        "behind the last": mail(b"--x\r\n\r\nhello\r\n--x--\r\nbegin 644 e.com\r\n" + uu(EICAR)
                                + b"`\r\nend\r\n", multi + "x"),
        "uu in text": mail(b"look:\r\n\r\nbegin 644 e.com\r\n" + uu(EICAR) + b"`\r\nend\r\nbye\r\n"),
    }
    for name, data in mails.items():
        expect(DETECTED, f"{name}.eml", data, says="(in ")


def uu(data):
    """Lines of uuencode, without begin and end."""
    import binascii
    return b"".join(binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45))


def near_misses_are_clean():
    expect(CLEAN, "notes.txt", b"begin 644 is how uuencode starts\nand this is how it goes on\n")
    expect(CLEAN, "talk.txt", b"From here on: nothing\nTo: be done\n")
    expect(CLEAN, "conf.txt", b"Server: apache\nListen: 80\nContent-Type: x\n")
    expect(CLEAN, "cut.eml", mail(b"--x\r\nContent-Type: text/plain\r\n\r\nhello",
                                  "Content-Type: multipart/mixed; boundary=x"))


def what_is_cut_or_encrypted_is_said():
    expect(INCOMPLETE, "cut.uue", b"begin 644 x\n" + uu(b"harmless" * 20), says="damaged", lacks="")
    expect(INCOMPLETE, "partial.eml", mail(b"first half", "Content-Type: message/partial; id=x; number=1"),
           says="multivolume", lacks="")
    arj = bytearray((SAMPLES / "clam.arj").read_bytes())
    expect(INCOMPLETE, "cut.arj", bytes(arj[:-60]), says="damaged", lacks="")


PAGE = b"""<!DOCTYPE html>
<HTML><Head><TITLE>Hello   World</TITLE></Head>
<!-- a Comment -->
<BODY onLoad='Foo()' BGCOLOR=#FFFFFF>
<P>Some &lt;Text&gt; &amp; &#65;&#x42; &nbsp; more&copy;
<A HREF="http://Example.COM/Path?X=%41%42&amp;y=1" target=_blank>Click <B>Here</B></A>
<IMG SRC = pic.PNG alt='An "Image"'/>
<script language="JavaScript">var A = "He"+"llo"; /* comment */ document.write(unescape("%48%49"));
</script>
<STYLE>p { color: RED }</STYLE>
</BODY></HTML>
"""


def pages_and_texts_have_views_for_signatures():
    # What clamscan 1.4.6 finds with the same signatures in the same files.
    signatures = [
        ("Tags", 3, '<head><title>hello world</title></head><body onload="foo()" bgcolor=#ffffff><p>some '
                    '<text> & ab \xa0 more\xa9 <a href="http://example.com/path?x=%41%42&y=1" target=_blank>'
                    'click <b>here</b></a><img src=pic.png alt="an "image""/>'),
        ("Dense", 3, 'vara="he"+"llo";/*comment*/document'),
        ("Style", 3, "<style>p{color:red}</style></body></html>"),
        ("Notags", 3, " hello world some text more http://Example.COM/Path?X=%41%42&y=1 click here pic.PNG "),
        ("Script", 3, '<script>var n000="hello";document.write("hi");'),
        ("Text", 7, "hello world foo \x7f bar baz this is a text file "),
    ]
    rules = TMP / "views.ndb"
    rules.write_text("".join(f"V.{name}:{target}:*:{text.encode('latin1').hex()}\n"
                             for name, target, text in signatures))
    page, text = TMP / "page.html", TMP / "text.txt"
    page.write_bytes(PAGE)
    text.write_bytes(b"Hello\tWORLD  \r\n\r\nfoo \x01\x7f\x80\xe9 Bar\x0b\x0cBaz\nthis is a text file \n")
    _, lines = scan("--rules", rules, page, text)
    found = {line.split("DETECTED V.")[1].split(".")[0] for line in lines if "DETECTED" in line}
    tap.same(found, {name for name, _, _ in signatures}, "found")


tap.run([every_sample_of_debian_is_opened, ordinary_mails_are_opened, names_of_attachments_are_decoded,
         mails_that_are_written_to_be_misread_are_opened, near_misses_are_clean,
         what_is_cut_or_encrypted_is_said,
         pages_and_texts_have_views_for_signatures])
