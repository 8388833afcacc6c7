"""Containers of ClamAV's and their detached signatures, made on the spot with authorities of our own."""
import hashlib
import io
import os
import subprocess
import tarfile


def plain(*arguments, **more):
    return subprocess.run([str(a) for a in arguments], check=True, capture_output=True, timeout=60, **more).stdout


def authority(folder, name):
    """A certificate that signs others; its key and certificate as name.key and name.crt."""
    plain("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
          "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt", "-subj", f"/CN={name}")


def signer(folder, name, issuer, *more):
    plain("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
          f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr", "-subj", f"/CN={name}")
    plain("openssl", "x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/{issuer}.crt", "-CAkey",
          f"{folder}/{issuer}.key", "-CAcreateserial", "-out", f"{folder}/{name}.crt", *(more or ("-days", "365")))


def signature(folder, name, data, digest="sha256"):
    """A line of a .sign file."""
    der = plain("openssl", "smime", "-sign", "-binary", "-noattr", "-md", digest, "-outform", "DER", "-signer", f"{folder}/{name}.crt",
                "-inkey", f"{folder}/{name}.key", input=data)
    return "220::pkcs7-pem:" + plain("openssl", "base64", "-A", input=der).decode()


def container(name, version, members):
    """A .cvd that nobody signed in its header, with members by name."""
    header = f"ClamAV-VDB:25 Nov 2026 10-00 +0000:{version}:1:90:{{}}:x:tests:1795600800"
    files = {"COPYING": b"none\n", **members}
    info = header.format("x") + "\n" + "".join(f"{n}:{len(d)}:{hashlib.sha256(d).hexdigest()}\n" for n, d in files.items())
    files[f"{name}.info"] = info.encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in files.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    body = packed.getvalue()
    return header.format(hashlib.md5(body).hexdigest()).ljust(512).encode() + body


def put(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path
