"""mails.py: mails with the EICAR test file attached, as odd as mail programs still open, for variants.py."""
import base64
import binascii
import quopri

from made import EICAR_BARE, group, put

HEAD = b"From: a@b\r\nTo: c@d\r\nSubject: s\r\nMIME-Version: 1.0\r\n"


def b64(data=EICAR_BARE):
    return base64.encodebytes(data)


ATTACHMENT = (
    b"Content-Type: application/octet-stream; name=e.com\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename=e.com\r\n\r\n"
)


def multi(body, b=b"x", ct=b"multipart/mixed"):
    return HEAD + b"Content-Type: " + ct + b'; boundary="' + b + b'"\r\n\r\n' + body


PARTS = b"--x\r\n" + ATTACHMENT + b64() + b"\r\n--x--\r\n"
MAILS = {}
MAILS["plain"] = multi(PARTS)
MAILS["b64_noise"] = multi(
    PARTS.replace(b64(), b"".join((bytes([c]) + b"*\x80" for c in base64.b64encode(EICAR_BARE))))
)
MAILS["b64_spaces"] = multi(
    PARTS.replace(b64(), b" ".join((bytes([c]) for c in base64.b64encode(EICAR_BARE))) + b"\r\n")
)
MAILS["b64_nopad"] = multi(PARTS.replace(b64(), base64.b64encode(EICAR_BARE).rstrip(b"=") + b"\r\n"))
MAILS["b64_padmid"] = multi(
    PARTS.replace(
        b64(), base64.b64encode(EICAR_BARE[:1]) + b"\r\n" + base64.b64encode(EICAR_BARE[1:]) + b"\r\n"
    )
)
MAILS["b64_textbefore"] = multi(PARTS.replace(b64(), b"This is text, ok?\r\n\r\n" + b64()))
MAILS["b64_url"] = multi(PARTS.replace(b64(), base64.urlsafe_b64encode(EICAR_BARE) + b"\r\n"))
MAILS["cte_x"] = multi(PARTS.replace(b"Encoding: base64", b"Encoding: x-base64"))
MAILS["cte_quoted"] = multi(PARTS.replace(b"Encoding: base64", b'Encoding: "base64"'))
MAILS["cte_comment"] = multi(PARTS.replace(b"Encoding: base64", b"Encoding: (hi) base64 (there)"))
MAILS["cte_semicolon"] = multi(PARTS.replace(b"Encoding: base64", b"Encoding: base64;x=y"))
MAILS["cte_missing"] = multi(PARTS.replace(b"Content-Transfer-Encoding: base64\r\n", b""))
MAILS["cte_twice"] = multi(
    PARTS.replace(b"Encoding: base64", b"Encoding: 8bit\r\nContent-Transfer-Encoding: base64")
)
MAILS["cte_twice2"] = multi(
    PARTS.replace(b"Encoding: base64", b"Encoding: base64\r\nContent-Transfer-Encoding: 8bit")
)
MAILS["cte_qp_wrong"] = multi(PARTS.replace(b"Encoding: base64", b"Encoding: quoted-printable"))
MAILS["cte_uue"] = multi(
    b"--x\r\n"
    + ATTACHMENT.replace(b"base64", b"x-uuencode")
    + b"begin 644 e.com\r\n"
    + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45)))
    + b"`\r\nend\r\n--x--\r\n"
)
MAILS["cte_uue_noheader"] = multi(
    b"--x\r\n"
    + ATTACHMENT.replace(b"base64", b"x-uuencode")
    + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45)))
    + b"--x--\r\n"
)
MAILS["qp"] = multi(
    b"--x\r\n"
    + ATTACHMENT.replace(b"base64", b"quoted-printable")
    + b"".join((b"=%02X" % c + (b"=\r\n" if i % 20 == 19 else b"") for i, c in enumerate(EICAR_BARE)))
    + b"\r\n--x--\r\n"
)
MAILS["qp_lower"] = multi(
    b"--x\r\n"
    + ATTACHMENT.replace(b"base64", b"quoted-printable")
    + b"".join((b"=%02x" % c + (b"= \t\r\n" if i % 20 == 19 else b"") for i, c in enumerate(EICAR_BARE)))
    + b"=\r\n--x--\r\n"
)
MAILS["bound_space"] = multi(PARTS.replace(b"--x\r\n", b"--x  \r\n"))
MAILS["bound_unq"] = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + PARTS
MAILS["bound_single"] = HEAD + b"Content-Type: multipart/mixed; boundary='x'\r\n\r\n" + PARTS
MAILS["bound_case"] = HEAD + b"Content-Type: multipart/mixed; BOUNDARY=x\r\n\r\n" + PARTS
MAILS["bound_fold"] = HEAD + b'Content-Type: multipart/mixed;\r\n\tboundary\r\n =\r\n "x"\r\n\r\n' + PARTS
MAILS["bound_cont"] = (
    HEAD
    + b'Content-Type: multipart/mixed; boundary*0="x"; boundary*1="y"\r\n\r\n'
    + PARTS.replace(b"--x", b"--xy")
)
MAILS["bound_ext"] = HEAD + b"Content-Type: multipart/mixed; boundary*=us-ascii''%78\r\n\r\n" + PARTS
MAILS["bound_nosemi"] = HEAD + b"Content-Type: multipart/mixed boundary=x\r\n\r\n" + PARTS
MAILS["bound_comment"] = HEAD + b"Content-Type: multipart/mixed; (c) boundary=x (d)\r\n\r\n" + PARTS
MAILS["bound_empty"] = (
    HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + PARTS.replace(b"--x", b"--")
)
MAILS["bound_dash"] = multi(PARTS.replace(b"--x", b"----x"), b=b"--x")
MAILS["bound_70"] = multi(PARTS.replace(b"--x", b"--" + b"y" * 200), b=b"y" * 200)
MAILS["bound_twice"] = (
    HEAD
    + b"Content-Type: multipart/mixed; boundary=y\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    + PARTS
)
MAILS["bound_wrong"] = multi(PARTS, b=b"zzz")
MAILS["bound_rfc2047"] = HEAD + b'Content-Type: multipart/mixed; boundary="=?us-ascii?Q?x?="\r\n\r\n' + PARTS
MAILS["noterm"] = multi(PARTS[:-9])
MAILS["lf"] = multi(PARTS).replace(b"\r\n", b"\n")
MAILS["cr"] = multi(PARTS).replace(b"\r\n", b"\r").replace(b"\n", b"\r")
MAILS["nohdrblank"] = multi(PARTS.replace(b"filename=e.com\r\n\r\n", b"filename=e.com\r\n"))
MAILS["preamble"] = multi(b"preamble\r\n" * 1000 + PARTS)
MAILS["epilogue"] = multi(b"--x\r\n\r\nhi\r\n--x--\r\n\r\n--x\r\n" + ATTACHMENT + b64() + b"--x--\r\n")
MAILS["alt"] = multi(PARTS, ct=b"multipart/alternative")
MAILS["rel"] = multi(PARTS, ct=b"multipart/related")
MAILS["rep"] = multi(PARTS, ct=b"multipart/report; report-type=delivery-status")
MAILS["unk"] = multi(PARTS, ct=b"multipart/foo")
MAILS["textct"] = multi(PARTS, ct=b"text/plain")
MAILS["msgct"] = multi(PARTS, ct=b"message/rfc822")
MAILS["signed"] = multi(PARTS, ct=b"multipart/signed")
MAILS["encrypted"] = multi(PARTS, ct=b"multipart/encrypted")
MAILS["appledouble"] = multi(PARTS, ct=b"multipart/appledouble")
MAILS["digest"] = multi(
    b"--x\r\n\r\n" + multi(PARTS.replace(b"--x", b"--q"), b=b"q") + b"--x--\r\n", ct=b"multipart/digest"
)
MAILS["rfc822_b64"] = (
    HEAD
    + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(multi(PARTS))
)
MAILS["partial"] = HEAD + b'Content-Type: message/partial; id="a"; number=1; total=2\r\n\r\n' + multi(PARTS)
MAILS["external"] = (
    HEAD + b"Content-Type: message/external-body; access-type=local-file; name=e\r\n\r\n" + ATTACHMENT + b64()
)
MAILS["hdr_nul"] = multi(PARTS).replace(b"boundary=", b"bound\x00ary=")
MAILS["hdr_8bit"] = multi(PARTS).replace(b"Subject: s", b"Subject: \xff\xfe")
MAILS["long_hdr"] = multi(PARTS).replace(b"Subject: s", b"Subject: " + b"s" * 100000)
MAILS["many_hdr"] = multi(PARTS).replace(
    b"Subject: s", b"\r\n".join((b"X-%d: y" % i for i in range(20000))) + b"\r\nSubject: s"
)
MAILS["spacehdr"] = multi(PARTS).replace(b"Content-Type: m", b"Content-Type : m")
MAILS["tabhdr"] = multi(PARTS).replace(b"Content-Type: m", b"Content-Type:\tm")
MAILS["nospace"] = multi(PARTS).replace(b"Content-Type: m", b"Content-Type:m")
MAILS["emptyline_fold"] = multi(PARTS).replace(b"; boundary", b";\r\n \r\n boundary")
MAILS["uu_body"] = (
    HEAD
    + b"\r\nhi\r\n\r\nbegin 644 e.com\r\n"
    + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45)))
    + b"`\r\nend\r\n"
)
MAILS["uu_spaces"] = (
    HEAD
    + b"\r\nhi\r\n\r\nbegin  644  e.com\r\n"
    + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45))).replace(
        b" ", b"`"
    )
    + b"\r\nend\r\n"
)
MAILS["uu_noend"] = (
    HEAD
    + b"\r\nbegin 644 e.com\r\n"
    + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45)))
)
MAILS["uu_part_qp"] = multi(
    b"--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + quopri.encodestring(
        b"begin 644 e.com\n"
        + b"".join((binascii.b2a_uu(EICAR_BARE[i : i + 45]) for i in range(0, len(EICAR_BARE), 45)))
        + b"`\nend\n"
    ).replace(b"\n", b"\r\n")
    + b"--x--\r\n"
)


def yenc(d):
    return b"".join(
        (
            b"=" + bytes([c + 42 + 64 & 255]) if c + 42 & 255 in (0, 10, 13, 61) else bytes([c + 42 & 255])
            for c in d
        )
    )


MAILS["yenc"] = (
    HEAD
    + b"\r\n=ybegin line=128 size=%d name=e.com\r\n" % len(EICAR_BARE)
    + yenc(EICAR_BARE)
    + b"\r\n=yend size=%d\r\n" % len(EICAR_BARE)
)
MAILS["html_data"] = (
    HEAD
    + b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    + quopri.encodestring(b"<a href='data:x/y;base64," + base64.b64encode(EICAR_BARE) + b"'>x</a>")
)
MAILS["mboxrd"] = b"From a Thu Jan  1 00:00:00 1970\n" + multi(PARTS).replace(b"\r\n", b"\n")
MAILS["resent"] = b"Received: from x by y\r\n\tfor z; date\r\n" * 50 + multi(PARTS)
MAILS["bom"] = b"\xef\xbb\xbf" + multi(PARTS)
MAILS["leadblank"] = b"\r\n" + multi(PARTS)
MAILS["smtp"] = b"EHLO x\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n" + multi(PARTS) + b".\r\nQUIT\r\n"
MAILS["http"] = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + PARTS
MAILS["htmlmht"] = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n" + PARTS
MAILS["nested5"] = (lambda f: f(f, 5))(
    lambda f, n: HEAD
    + b"Content-Type: multipart/mixed; boundary=n%d\r\n\r\n--n%d\r\n" % (n, n)
    + (b"Content-Type: message/rfc822\r\n\r\n" + f(f, n - 1) if n else ATTACHMENT + b64())
    + b"\r\n--n%d--\r\n" % n
)
MAILS["samebound"] = multi(
    b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
    + ATTACHMENT
    + b64()
    + b"--x--\r\n--x--\r\n"
)
MAILS["utf7"] = multi(PARTS.replace(b"name=e.com", b'name="=?utf-7?Q?+AGUALgBjAG8AbQ-?="'))
MAILS["tnef_named"] = multi(
    PARTS.replace(b"e.com", b"winmail.dat").replace(b"application/octet-stream", b"application/ms-tnef")
)


# What no mail program makes the test file of: its encoding is not said, or said wrongly.
NOT_ATTACHED = ("cte_missing", "cte_qp_wrong", "cte_uue_noheader")


@group(sample=True)
def odd_mails():
    """Each attachment is found."""
    for name, mail in MAILS.items():
        if name not in NOT_ATTACHED:
            put(f"pos_mail_{name}.eml", mail)
