#!/usr/bin/env python3
"""prohibited_test.py OVERT: `overt prohibited` on systems made by code, of every platform and kind."""
import atexit
import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import anybody  # noqa: E402
import prohibited_fixtures as make  # noqa: E402
import tap  # noqa: E402

OVERT = os.path.abspath(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
TMP = pathlib.Path(tempfile.mkdtemp(prefix="overt-prohibited."))
atexit.register(subprocess.run, ["rm", "-rf", TMP], check=False)


def run(*arguments, **more):
    """The command's end."""
    return subprocess.run([OVERT, "prohibited", *map(str, arguments)], capture_output=True, check=False, **more)


class Report:
    """A JSON report."""

    def __init__(self, *arguments, **more):
        done = run("--format", "json", *arguments, **more)
        assert done.returncode != 2, done.stderr.decode()
        self.code = done.returncode
        self.text = done.stdout
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.findings = {r["product"]: r for r in records if r["type"] == "prohibited-finding"}
        self.leads = {r["product"]: r for r in records if r["type"] == "prohibited-lead"}
        self.unread = [r for r in records if r["type"] == "prohibited-unread"]
        self.summary = records[-1]

    def states(self):
        """{product: state}."""
        return {p: f["state"] for p, f in self.findings.items()}

    def facts(self):
        """All (kind, value) that were seen, in findings and leads."""
        return {(e["kind"], e["value"]) for f in [*self.findings.values(), *self.leads.values()]
                for e in f["evidence"]}


def catalogue():
    """Every fact: (product, fact)."""
    for path in sorted((ROOT / "data/products").glob("*.json")):
        for product in json.loads(path.read_text())["products"]:
            for fact in product["facts"]:
                yield product, fact


# --- a package of one's own, through its life ---------------------------------------------------

ACME = {
    "format": "overt-products/1", "vendor": {"id": "acme", "name": "Acme", "entities":
        [{"name": "Acme Security AG", "strength": "strong", "source": "made up"}]},
    "products": [{"id": "acme-shield", "name": "Acme Shield", "class": "antivirus", "facts": [
        {"kind": k, "value": v, "shows": s, "strength": "strong", "source": "made up", "platform": "linux"}
        for k, v, s in (("package", "acme-shield", "installed"), ("path", "/opt/acme-shield/bin/shield", "installed"),
                        ("path", "/var/opt/acme-shield", "remnant"), ("unit", "acme-shield", "installed"))]}]}
ACME_BAN = {"format": "overt-bans/1", "bans": [{
    "id": "EX-1", "title": "Example order", "authority": "Example", "kind": "order", "issued": "2026-01-01",
    "applies_to": "everyone", "scope": "Acme", "covers": {"embedded": True, "why": "made by Acme"},
    "vendors": ["acme"], "sources": ["made up"], "strength": "strong"}]}


def acme():
    """Options that add the vendor."""
    make.lay_out(TMP / "acme", {"acme.json": json.dumps(ACME).encode(), "ban.json": json.dumps(ACME_BAN).encode()})
    return ["--products", TMP / "acme"]


def dpkg_root():
    """A root with a dpkg database of its own and the package, installed with dpkg."""
    tree = TMP / "package"
    make.lay_out(tree, {
        "DEBIAN/control": b"Package: acme-shield\nVersion: 2.1-3\nArchitecture: all\n"
                          b"Maintainer: Acme Security AG <a@example.org>\nDescription: made by a test\n",
        "opt/acme-shield/bin/shield": b"", "usr/lib/systemd/system/acme-shield.service": b"[Service]\n"})
    shutil.copy(shutil.which("sleep"), tree / "opt/acme-shield/bin/shield")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, TMP / "a.deb"], check=True, capture_output=True)
    root = TMP / "dpkg-root"
    make.lay_out(root, {"var/lib/dpkg/status": b"", "var/lib/dpkg/info": None, "var/lib/dpkg/updates": None,
                        "var/lib/dpkg/triggers": None, "var/log": None})
    dpkg(root, "-i", TMP / "a.deb")
    make.write(root, "var/opt/acme-shield/data", "left by the program")
    return root


def dpkg(root, *arguments):
    """dpkg with that root, doing nothing but unpack and remove."""
    subprocess.run(["dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless", "--log=/dev/null",
                    *arguments], check=True, capture_output=True)


def a_package_is_installed_and_then_a_remnant():
    root = dpkg_root()
    report = Report("--root", root, *acme())
    tap.same(report.states(), {"acme-shield": "installed"})
    found = report.findings["acme-shield"]
    tap.same((found["version"], found["entity"]), ("2.1-3", "Acme Security AG"))
    tap.same({e["kind"] for e in found["evidence"]}, {"package", "path", "unit"})
    tap.same([(b["ban"], b["scope"]) for b in found["bans"]], [("EX-1", "in scope")])
    tap.same(report.code, 1)
    dpkg(root, "--purge", "acme-shield")
    after = Report("--root", root, *acme())
    tap.same(after.states(), {"acme-shield": "remnant"})
    tap.same(after.findings["acme-shield"]["bans"][0]["scope"], "to be decided")


def what_runs_is_running():
    """Live: a program under a product's path. Everything else of this machine does not matter here."""
    place = TMP / "live"
    make.lay_out(place, {"bin": None})
    shutil.copy(shutil.which("sleep"), place / "bin/shield")
    products = json.loads(json.dumps(ACME))
    products["products"][0]["facts"] = [{"kind": "path", "value": str(place / "bin/shield"), "shows": "installed",
                                         "strength": "strong", "source": "made up", "platform": "linux"}]
    make.lay_out(TMP / "live-data", {"a.json": json.dumps(products).encode(), "b.json": json.dumps(ACME_BAN).encode()})
    process = subprocess.Popen([place / "bin/shield", "600"])
    try:
        running = Report("--products", TMP / "live-data")
    finally:
        process.kill()
        process.wait()
    tap.same(running.findings["acme-shield"]["state"], "running")
    assert any(e["where"] == f"process {process.pid}" for e in running.findings["acme-shield"]["evidence"])
    tap.same(Report("--products", TMP / "live-data").findings["acme-shield"]["state"], "installed")


def a_script_and_a_long_name_run_too():
    """A script runs by a shell; of a long name the kernel keeps 15 bytes."""
    place = TMP / "live2"
    make.lay_out(place, {"bin/agent": b"#!/bin/sh\nread line\n"})
    os.chmod(place / "bin/agent", 0o755)
    shutil.copy(shutil.which("sleep"), place / "bin/a-very-long-daemon-name")
    products = json.loads(json.dumps(ACME))
    products["products"][0]["facts"] = [{"kind": "path", "value": str(place / "bin/agent"), "shows": "installed",
                                         "strength": "strong", "source": "made up", "platform": "linux"}]
    products["products"].append({"id": "acme-long", "name": "Acme Long", "class": "antivirus", "facts": [
        {"kind": "process", "value": "a-very-long-daemon-name", "shows": "running", "strength": "strong", "source": "made up",
         "platform": "linux"}]})
    make.lay_out(TMP / "live2-data", {"a.json": json.dumps(products).encode()})
    script = subprocess.Popen([place / "bin/agent"], stdin=subprocess.PIPE)
    daemon = subprocess.Popen([place / "bin/a-very-long-daemon-name", "600"])
    try:
        states = Report("--products", TMP / "live2-data").states()
    finally:
        script.stdin.close()
        script.wait(timeout=60)
        daemon.kill()
        daemon.wait()
    tap.same((states["acme-shield"], states["acme-long"]), ("running", "running"))


# --- every kind of fact -------------------------------------------------------------------------

def windows_tree():
    """A Windows system with everything that the catalogue knows of Windows."""
    software, system, user, files = {}, {}, {}, {}
    software["Microsoft\\Windows\\CurrentVersion\\Uninstall"] = {}
    system["Select"] = {"Current": make.dword(1)}
    kept = TMP / "keys"
    kept.mkdir(exist_ok=True)
    for _, fact in catalogue():
        kind, value = fact["kind"], fact["value"]
        if kind == "registry-key" and value.upper().startswith("HKLM\\SOFTWARE\\"):
            software[value[14:]] = {}
        elif kind == "registry-key" and value.upper().startswith("HKLM\\SYSTEM\\"):
            system[value[12:].replace("CurrentControlSet", "ControlSet001")] = {}
        elif kind == "registry-key":
            user[value[5:]] = {}
        elif kind in ("service", "service-prefix"):
            name = value + ("" if kind == "service" else "99.1")
            system["ControlSet001\\Services\\" + name] = {"ImagePath": make.sz("C:\\x.exe"), "Start": make.dword(2)}
        elif kind == "msi-product":
            software["Microsoft\\Windows\\CurrentVersion\\Uninstall\\" + value] = {
                "DisplayName": make.sz("Something"), "DisplayVersion": make.sz("11.0.0.6499"),
                "Publisher": make.sz("Somebody")}
        elif kind == "winget":
            software["WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\" + value] = {
                "DisplayName": make.sz("Named by winget"), "WinGetPackageIdentifier": make.sz(value)}
        elif kind == "product-name":
            software["Microsoft\\Windows\\CurrentVersion\\Uninstall\\" + re.sub(r"\W", "", value)] = {
                "DisplayName": make.sz(value + " 1.0"), "DisplayVersion": make.sz("1.0")}
        elif kind == "entity-name":
            software["Microsoft\\Windows\\CurrentVersion\\Uninstall\\by" + re.sub(r"\W", "", value)] = {
                "DisplayName": make.sz("By them"), "Publisher": make.sz(value)}
        elif kind == "driver":
            files["Windows/System32/drivers/" + value.replace("*", "1").upper()] = make.pe("X", "Y", "1")
        elif kind == "path" and fact.get("platform") == "windows":
            files[value[3:].replace("\\", "/").replace("*", "1").rstrip("/").upper()] = \
                b"" if "." in value.split("\\")[-1] and not value.endswith("\\") else None
        elif kind in ("file-name", "installer", "chrome-extension") and fact.get("platform") in (None, "windows"):
            files["Program Files/Some Product/" + value.replace("*", "1")] = b""
    ca, key = make.certificate(kept, "/CN=AO Kaspersky Lab/O=AO Kaspersky Lab/L=Moscow/C=RU/serialNumber=1027739867473",
                               "signer")
    files["Program Files/Some Product/engine.exe"] = make.signed(
        kept, make.pe("AO Kaspersky Lab", "Kaspersky Anti-Virus", "21.3.10.391"), ca, key)
    for cn in ("Kaspersky Lab JSC", "Kaspersky Lab"):
        pem, key = make.certificate(kept, f"/CN={cn}/O=Other", re.sub(r"\W", "", cn))
        files[f"Program Files/Some Product/{cn}.exe"] = make.signed(kept, make.pe("X", "Y", "1"), pem, key)
    root, _ = make.certificate(kept, "/O=AO Kaspersky Lab/CN=Kaspersky Anti-Virus Personal Root Certificate", "root")
    software["Microsoft\\SystemCertificates\\ROOT\\Certificates\\00FF"] = {
        "Blob": (make.REG_BINARY, make.store_blob(make.der_of(root)))}
    files["Windows/System32/config/SOFTWARE"] = make.Hive(software).bytes
    files["Windows/System32/config/SYSTEM"] = make.Hive(system).bytes
    files["Users/someone/NTUSER.DAT"] = make.Hive(user).bytes
    return files, {"software": software, "system": system, "user": user}


def same_place(files):
    """Names that the folders above are: what is both a folder and a file is the folder."""
    return {p: c for p, c in files.items() if not any(q.startswith(p + "/") for q in files)}


def missing(report, wanted):
    """Facts of these kinds that no evidence shows."""
    seen = report.facts()
    return sorted(f"{f['kind']} {f['value']}" for _, f in catalogue()
                  if f["strength"] != "weak" and wanted(f) and (f["kind"], f["value"]) not in seen)


WINDOWS_KINDS = {"registry-key", "service", "service-prefix", "msi-product", "winget", "product-name", "entity-name",
                 "driver", "certificate-issuer-cn", "certificate-subject-o", "signer-cn", "signer"}
NOT_A_NAME = {"Check Point endpoint Anti-Malware blade (choice of Kaspersky SDK or Sophos SAVI engine)"}


def windows_shows_every_fact():
    files, keys = windows_tree()
    root = make.lay_out(TMP / "windows", same_place(files))
    report = Report("--root", root, "--deep")
    tap.same(missing(report, lambda f: f["kind"] in WINDOWS_KINDS and f["value"] not in NOT_A_NAME
                     or f["kind"] == "path" and f.get("platform") == "windows"), [])
    tap.same((report.summary["complete"], report.unread), (True, []))
    tap.same(report.findings["kes-windows"]["state"], "installed")
    tap.same(report.findings["kaspersky-anti-virus"]["version"], "1.0")
    quick = Report("--root", root)
    tap.same(missing(quick, lambda f: f["kind"] in WINDOWS_KINDS - {"signer", "signer-cn"}
                     and f["value"] not in NOT_A_NAME), [])
    for name, hive in (("SOFTWARE", keys["software"]), ("SYSTEM", keys["system"])):
        other = make.hivex_hive(hive, TMP / "hivex")
        if other is None:
            print("# SKIP hivex is not installed: hives are our own")
            return
        make.write(root, "Windows/System32/config/" + name, other)
    tap.same(Report("--root", root).facts(), quick.facts(), "hives written by hivex say the same")


def what_is_only_in_the_logs_of_a_hive_is_found():
    """A machine that was switched off: its last changes are in logs, of both forms, one file or two by turns."""
    select = {"Select": {"Current": make.dword(1)}}
    some = {f"ControlSet001\\Services\\Other{i}": {"ImagePath": make.sz("C:\\" + "x" * 900)} for i in range(30)}
    none = make.Hive(select).bytes
    one = make.Hive({**select, "ControlSet001\\Services\\KAVFS": {"Start": make.dword(2)}}).bytes
    two = make.Hive({**select, **some, "ControlSet001\\Services\\KAVFS": {"Start": make.dword(2)},
                     "ControlSet001\\Services\\klnagent": {"Start": make.dword(2)}}).bytes
    place = "Windows/System32/config/SYSTEM"
    log1, log2 = make.hive_log([none, one], 7), make.hive_log([one, two], 8)
    both = {"ksws": "installed", "klnagent-windows": "installed"}

    def look(logs, hive=make.dirty(none, 9, 7)):
        files = {place: hive, **{place + end: content for end, content in logs.items()}}
        report = Report("--root", make.lay_out(TMP / "logs", files))
        return report.states(), [u["path"] for u in report.unread]

    named = ["/" + place]
    tap.same(look({}), ({}, named), "no log: said")
    states, unread = look({".LOG1": make.hive_log([none, one, two], 7)})
    tap.same((len(states), unread), (2, []), states)
    for logs in ({".LOG1": log1, ".LOG2": log2}, {".LOG1": log2, ".LOG2": log1}, {".log1": log1, ".Log2": log2},
                 {".LOG": make.old_hive_log(none, two, 8)}, {".LOG1": make.old_hive_log(none, two, 8), ".LOG2": b""},
                 {".LOG1": make.hive_log([none, one, two], 7) + make.hive_log([two, none], 3)[512:]}):
        tap.same(look(logs), (states, []), list(logs))
    tap.same(look({".LOG2": log2}), (states, []), "pages before the first entry were written already")
    tap.same(look({".LOG1": make.hive_log([none, two], 3)}), ({}, named), "entries that the hive has")
    broken = bytearray(log1)
    broken[700] ^= 1
    tap.same(look({".LOG1": bytes(broken)}), ({}, named), "an entry that does not hash")
    tap.same(look({".LOG1": log1, ".LOG2": make.hive_log([one, two], 9)}), ({"ksws": "installed"}, []), "a gap ends it")
    tap.same(look({".LOG1": log1}, one), ({"ksws": "installed"}, []), "a clean hive needs none")
    tap.same(set(look({".LOG1": log1}, make.dirty(none, 9, 7)[:5000])[1]), set(named), "cut short")


def linux_tree():
    """A Linux system with everything that the catalogue knows of Linux."""
    files, packages, users, groups, words = {}, [], [], [], []
    for _, fact in catalogue():
        kind, value, platform = fact["kind"], fact["value"], fact.get("platform")
        if kind in ("path", "socket") and platform in ("linux", "freebsd"):
            files[re.sub(r"\[0-9\]", "1", value.lstrip("/")).replace("*", "1")] = b"x"
        elif kind == "package" and platform == "linux":
            packages.append((value, "1.0", "install ok installed", "Somebody"))
        elif kind == "unit":
            files[f"etc/systemd/system/{value.removesuffix('.service')}.service"] = b"[Unit]\n"
        elif kind == "user":
            users.append(value)
        elif kind == "group":
            groups.append(value)
        elif kind in ("host", "domain", "word"):
            words.append(value)
        elif kind in ("installer", "file-name") and platform in ("linux", None):
            files["home/someone/Downloads/" + value.replace("*", "1")] = b""
        elif kind == "native-messaging-host":
            files[f"etc/chromium/native-messaging-hosts/{value}.json"] = b"{}"
        elif kind == "chrome-extension":
            files[f"home/someone/.config/chromium/Default/Extensions/{value}/1.0_0/manifest.json"] = b"{}"
    addons = [{"id": f["value"], "version": "1.2", "defaultLocale": {"name": "N"}} for _, f in catalogue()
              if f["kind"] == "firefox-addon"] + [{"id": "anything@kaspersky.com", "version": "2"}]
    files["home/someone/.mozilla/firefox/x.default/extensions.json"] = json.dumps({"addons": addons}).encode()
    files["var/lib/dpkg/status"] = make.dpkg_status(packages).encode()
    files["etc/passwd"] = "".join(f"{u}:x:1:1::/:/bin/false\n" for u in users).encode()
    files["etc/group"] = "".join(f"{g}:x:1:\n" for g in groups).encode()
    files["etc/proxy/rules.conf"] = "\n".join(f"allow {w};" for w in words).encode()
    pem, _ = make.certificate(make_keys(), "/O=AO Kaspersky Lab/CN=Kaspersky Anti-Virus Personal Root Certificate",
                              "root")
    files["usr/local/share/ca-certificates/root.crt"] = pathlib.Path(pem).read_bytes()
    return files


def make_keys():
    """Where keys are kept between tests: making them is what takes time."""
    (TMP / "keys").mkdir(exist_ok=True)
    return TMP / "keys"


def certificates_of_every_form_are_read():
    """Versions 1 and 3, RSA and elliptic curves, PEM, DER, trusted, many in a file; and a store that is locked."""
    place = TMP / "forms"
    make.lay_out(place, {})
    subject = "/O=AO Kaspersky Lab/CN=Kaspersky Anti-Virus Personal Root Certificate"

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 9, "-subj", subject,
            "-keyout", place / "ec.key", "-out", place / "ec.pem")
    openssl("req", "-new", "-key", place / "ec.key", "-subj", subject, "-out", place / "one.csr")
    openssl("x509", "-req", "-in", place / "one.csr", "-signkey", place / "ec.key", "-days", 9, "-out", place / "one.pem")
    openssl("x509", "-in", place / "one.pem", "-outform", "DER", "-out", place / "one.der")
    openssl("x509", "-in", place / "ec.pem", "-outform", "DER", "-out", place / "ec.der")
    openssl("x509", "-in", place / "ec.pem", "-trustout", "-addtrust", "serverAuth", "-out", place / "trusted.pem")
    openssl("pkcs12", "-export", "-inkey", place / "ec.key", "-in", place / "ec.pem", "-passout", "pass:secret", "-out",
            place / "store.p12")
    shown = {("certificate-issuer-cn", "Kaspersky Anti-Virus Personal Root Certificate"),
             ("certificate-subject-o", "AO Kaspersky Lab")}
    for name in ("ec.pem", "one.pem", "one.der", "ec.der", "trusted.pem"):
        content = (place / name).read_bytes()
        target = "etc/ssl/certs/" + name.replace(".der", ".crt")
        report = Report("--root", make.lay_out(TMP / "store", {target: b"# text before\n" * 3 * name.endswith("pem") + content}))
        assert shown <= report.facts(), (name, report.facts())
        tap.same((report.unread, set(report.states().values())), ([], {"remnant"}), name)
    report = Report("--root", make.lay_out(TMP / "store", {
        "etc/ssl/certs/java/cacerts": (place / "store.p12").read_bytes()}))
    tap.same([(u["path"], u["reason"]) for u in report.unread], [("/etc/ssl/certs/java/cacerts", "encrypted")])


LINUX_KINDS = {"package", "unit", "user", "group", "host", "domain", "word", "installer", "chrome-extension",
               "native-messaging-host", "firefox-addon", "firefox-addon-suffix", "certificate-issuer-cn",
               "certificate-subject-o"}


def linux_shows_every_fact():
    root = make.lay_out(TMP / "linux", same_place(linux_tree()))
    report = Report("--root", root)
    tap.same(missing(report, lambda f: f["kind"] in LINUX_KINDS and f.get("platform") in ("linux", None)
                     or f["kind"] == "path" and f.get("platform") == "freebsd"), [])
    # A path that is both a file of one fact and a folder of another stands as the folder.
    tap.same(missing(report, lambda f: f["kind"] == "path" and f.get("platform") == "linux"), [])
    tap.same(report.summary["complete"], True, report.unread)
    for product in ("kesl", "klnagent", "kav4fs", "klms", "kaspersky-browser-extension"):
        tap.same((product, report.states().get(product)), (product, "installed"))
    tap.same(report.findings["kaspersky-interception-root"]["state"], "remnant")
    assert "kaspersky-services" in report.leads, "hosts in configuration are mentions"


def macos_shows_every_fact():
    files = {}
    for number, (_, fact) in enumerate(catalogue()):
        kind, value, platform = fact["kind"], fact["value"], fact.get("platform")
        if kind == "path" and platform == "macos":
            files[value.lstrip("/")] = None if value.endswith((".app", ".kext", ".plugin", ".service")) else b""
        elif kind == "bundle":
            files[f"Applications/B{number}.app/Contents/Info.plist"] = make.plist(
                {"CFBundleIdentifier": value, "CFBundleShortVersionString": "21.1", "CFBundleName": "B",
                 "More": [1, {"x": True}]}, number % 2 == 0)
        elif kind == "receipt":
            files[f"private/var/db/receipts/{value}.plist"] = make.plist(
                {"PackageIdentifier": value, "PackageVersion": "21.1"}, True)
        elif kind == "word":
            files.setdefault("private/etc/authorization", b"")
            files["private/etc/authorization"] += b"<key>" + value.encode() + b"</key>\n"
        elif kind == "file-name" and platform == "macos":
            files[f"Library/Safari/Extensions/{value}"] = b""
        elif kind == "apple-team":
            files["Applications/Signed.app/Contents/MacOS/program"] = make.macho(value, "com.example.program")
    report = Report("--root", make.lay_out(TMP / "macos", same_place(files)), "--deep")
    tap.same(missing(report, lambda f: f.get("platform") in ("macos", "ios")), [])
    found = report.findings["kaspersky-macos"]
    tap.same((found["state"], found["version"], found["platform"]), ("installed", "21.1", "macos"))
    tap.same(report.summary["complete"], True, report.unread)


def android_shows_every_fact():
    apps = [f["value"] for _, f in catalogue() if f["kind"] == "package" and f.get("platform") == "android"]
    libraries = [f["value"] for _, f in catalogue() if f["kind"] == "library"]
    files = {f"data/app/~~x==/{a}-y==/base.apk": make.apk(a, "11.5") for a in apps}
    files["data/app/~~z==/com.example.bank-w==/base.apk"] = make.apk("com.example.bank", "3", libraries)
    files["data/data/" + apps[0]] = None
    files["sdcard/Download/other.apk"] = make.apk("com.example.game", "1")
    report = Report("--root", make.lay_out(TMP / "android", files))
    tap.same(missing(report, lambda f: f.get("platform") == "android"), [])
    found = report.findings["kaspersky-android"]
    tap.same((found["state"], found["version"], found["platform"]), ("installed", "11.5", "android"))
    scopes = {b["ban"]: b["scope"] for b in found["bans"]}
    tap.same(scopes["CA-TBS-2023"], "in scope")
    sdk = report.findings["kaspersky-mobile-sdk"]
    scopes = {b["ban"]: b["scope"] for b in sdk["bans"]}
    tap.same((scopes["US-BOD-17-01"], scopes["US-NDAA-2018-1634"], scopes["AU-PSPF-002-2025"]),
             ("not in scope", "in scope", "not in scope"), "code inside another product")
    only = make.lay_out(TMP / "android2", {"sdcard/Download/a.apk": make.apk(apps[0], "1")})
    tap.same(Report("--root", only).states(), {"kaspersky-android": "remnant"}, "an APK that lies about")


def an_installer_package_is_a_remnant():
    """A package of another vendor that Debian's wixl writes."""
    if shutil.which("wixl") is None:
        print("# SKIP there is no wixl")
        return
    code = "ABCDDCBA-86C7-4D14-AEC0-86416A69ABDE"
    make.write(TMP, "a.wxs", f"""<?xml version="1.0"?><Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
        <Product Name="Acme Shield" Id="{code}" UpgradeCode="ABCDDCBA-7349-453F-94F6-BCB5110BA4FD" Language="1033"
        Codepage="1252" Version="2.1.3" Manufacturer="Acme Security AG"><Package Id="*" Description="d"
        Manufacturer="Acme Security AG" InstallerVersion="100" Languages="1033" Compressed="yes" SummaryCodepage="1252"/>
        <Directory Id="TARGETDIR" Name="SourceDir"/><Feature Id="C" Level="1"/></Product></Wix>""")
    subprocess.run(["wixl", "-o", TMP / "a.msi", TMP / "a.wxs"], check=True, capture_output=True)
    products = json.loads(json.dumps(ACME))
    products["products"][0]["facts"] = [{"kind": "msi-product", "value": "{" + code + "}", "shows": "installed",
                                         "strength": "strong", "source": "made up", "platform": "windows"}]
    make.lay_out(TMP / "msi-data", {"a.json": json.dumps(products).encode()})
    whole = (TMP / "a.msi").read_bytes()
    root = make.lay_out(TMP / "msi", {"Users/x/Downloads/Setup.MSI": whole})
    found = Report("--root", root, "--products", TMP / "msi-data").findings["acme-shield"]
    tap.same((found["state"], found["version"], found["entity"]), ("remnant", "2.1.3", "Acme Security AG"))
    for cut in (600, len(whole) // 2):
        make.write(root, "Users/x/Downloads/Setup.MSI", whole[:cut])
        tap.same(Report("--root", root, "--products", TMP / "msi-data").code, 3, cut)


def signers_of_whole_packages_and_digests():
    """An Android package without META-INF; a program of Linux that is known by its digest alone."""
    pem, _ = make.certificate(make_keys(), "/CN=Kaspersky Lab/O=Other", "KasperskyLab")
    package = make.apk_signed_whole(make.apk("com.example.tool", "3"), make.der_of(pem))
    program = pathlib.Path(shutil.which("sleep")).read_bytes()
    products = json.loads(json.dumps(ACME))
    products["products"][0]["facts"] = [{"kind": "sha256", "value": hashlib.sha256(program).hexdigest().upper(),
                                         "shows": "installed", "strength": "strong", "source": "made up"}]
    make.lay_out(TMP / "digest-data", {"a.json": json.dumps(products).encode()})
    root = make.lay_out(TMP / "whole", {"data/app/x/base.apk": package, "usr/bin/anything": program,
                                        "srv/image.tar.gz": make.tar({"bin/same": program}, "w:gz")})
    report = Report("--root", root, "--deep", "--products", TMP / "digest-data")
    assert ("signer-cn", "Kaspersky Lab") in report.facts(), report.facts()
    tap.same(sorted(e["where"] for e in report.findings["acme-shield"]["evidence"]),
             ["/srv/image.tar.gz!/bin/same", "/usr/bin/anything"])
    tap.same(report.unread, [])


# --- archives and images ------------------------------------------------------------------------

def an_archive_is_a_system_too():
    status = make.dpkg_status([("kesl", "12.1.0-1", "install ok installed", "X")]).encode()
    files = {"./var/lib/dpkg/status": status, "./opt/kaspersky/kesl/libexec/kesl": b"", "./etc/hosts": b"\n"}
    for name, mode in (("plain.tar", "w"), ("packed.tar.gz", "w:gz"), ("packed.tar.xz", "w:xz")):
        (TMP / name).write_bytes(make.tar(files, mode))
        report = Report("--root", TMP / name)
        tap.same((report.states(), report.findings["kesl"]["version"]), ({"kesl": "installed"}, "12.1.0-1"), name)
        tap.same(report.summary["complete"], True, report.unread)
    before = set(os.listdir(TMP))
    Report("--root", TMP / "plain.tar")
    tap.same(set(os.listdir(TMP)), before, "nothing is unpacked to disk")


def layers_hide_what_they_remove():
    status = make.dpkg_status([("kesl", "12.1.0-1", "install ok installed", "X")]).encode()
    lower = make.tar({"var/lib/dpkg/status": status, "opt/kaspersky/kesl/libexec/kesl": b"",
                      "opt/kaspersky/klnagent64/sbin/klnagent": b""}, "w:gz")
    upper = make.tar({"var/lib/dpkg/status": make.dpkg_status([("bash", "5", "install ok installed", "X")]).encode(),
                      "opt/kaspersky/.wh.kesl": b""}, "w:gz")
    both, one = make.oci([lower, upper]), make.oci([lower])
    report = Report("--root", make.lay_out(TMP / "image", both))
    tap.same(report.states(), {"klnagent": "installed", "kesl": "remnant"})
    tap.same(Report("--root", make.lay_out(TMP / "image1", one)).states(),
             {"klnagent": "installed", "kesl": "installed"})
    (TMP / "image.tar").write_bytes(make.tar(both))
    tap.same(Report("--root", TMP / "image.tar").states(), report.states(), "the same in one archive")
    broken = dict(both)
    layer = next(p for p in broken if broken[p] == upper)
    del broken[layer]
    report = Report("--root", make.lay_out(TMP / "image2", broken))
    tap.same([u["path"] for u in report.unread], [layer])


KESL = {"var/lib/dpkg/status": make.dpkg_status([("kesl", "12.1.0-1", "install ok installed", "X")]).encode(),
        "opt/kaspersky/kesl/libexec/kesl": b""}
AGENT = {"opt/kaspersky/klnagent64/sbin/klnagent": b""}
HIDES = {"opt/kaspersky/.wh.kesl": b"", "var/lib/dpkg/status": make.dpkg_status([]).encode()}


def layers_as(form, images):
    """Images (each a list of layers) as a program saves them: {path: bytes}."""
    files, manifest = {"version": b"Directory Transport Version: 1.1\n"} if form == "dir" else {}, []
    for number, layers in enumerate(images):
        names = []
        for layer in layers:
            digest = hashlib.sha256(layer).hexdigest()
            names.append({"dir": digest, "podman": digest + ".tar", "docker": digest + "/layer.tar"}[form])
            files[names[-1]] = layer
        manifest.append({"Config": f"{number}.json", "RepoTags": [f"a:{number}"], "Layers": names})
        files[f"{number}.json"] = b"{}"
    if form == "dir":
        manifest = {"schemaVersion": 2, "layers": [
            {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "digest": "sha256:" + n} for n in names]}
    files["manifest.json"] = json.dumps(manifest).encode()
    return files


def images_of_every_form():
    lower, upper = make.tar({**KESL, **AGENT}, "w:gz"), make.tar(HIDES, "w:gz")
    want = {"klnagent": "installed", "kesl": "remnant"}
    for form in ("dir", "podman", "docker"):
        files = layers_as(form, [[lower, upper]])
        report = Report("--root", make.lay_out(TMP / "form", files))
        tap.same((report.states(), report.unread), (want, []), form)
        (TMP / "form.tar").write_bytes(make.tar(files))
        report = Report("--root", TMP / "form.tar")
        tap.same((report.states(), report.unread), (want, []), f"{form} in a tar")
        if form != "dir":
            report = Report("--root", make.lay_out(TMP / "form", layers_as(form, [[lower], [lower, upper]])))
            tap.same(report.states(), {"klnagent": "installed", "kesl": "installed"}, "one image hides nothing of another")
    two = make.oci([lower, upper])
    one = make.oci([lower])
    index = json.loads(two["index.json"])
    index["manifests"] = json.loads(one["index.json"])["manifests"] + index["manifests"]
    both = {**one, **two, "index.json": json.dumps(index).encode()}
    tap.same(Report("--root", make.lay_out(TMP / "form", both)).states(), {"klnagent": "installed", "kesl": "installed"})
    (TMP / "form.tar").write_bytes(make.tar(both))
    tap.same(Report("--root", TMP / "form.tar").states(), {"klnagent": "installed", "kesl": "installed"})
    if shutil.which("skopeo") is None:
        print("# SKIP there is no skopeo")
        return
    make.lay_out(TMP / "oci", two)
    for form, path in (("dir", TMP / "sk-dir"), ("docker-archive", TMP / "sk.tar"), ("oci-archive", TMP / "sk-oci.tar"),
                       ("oci", TMP / "sk-oci")):
        subprocess.run(["skopeo", "--insecure-policy", "copy", f"oci:{TMP}/oci", f"{form}:{path}"], check=True,
                       capture_output=True)
        report = Report("--root", path)
        tap.same((report.states(), report.unread), (want, []), form)


def statements_and_encrypted_layers():
    """What stands among layers and is none; and a layer that nobody can read."""
    lower = make.tar(AGENT, "w:gz")
    for media, content, code in (("application/vnd.in-toto+json", b'{"_type":"x"}', 1),
                                 ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", os.urandom(2000), 1)):
        files = make.oci([lower, content])
        path = next(p for p, c in files.items() if c == content)
        name = next(p for p, c in files.items() if b'"layers": [' in c)
        manifest = json.loads(files.pop(name))
        manifest["layers"][1]["mediaType"] = media
        raw = json.dumps(manifest).encode()
        digest = hashlib.sha256(raw).hexdigest()
        files["blobs/sha256/" + digest] = raw
        files["index.json"] = json.dumps({"manifests": [{"digest": "sha256:" + digest}]}).encode()
        report = Report("--root", make.lay_out(TMP / "form", files))
        tap.same((report.states(), report.code), ({"klnagent": "installed"}, code))
        tap.same([(u["path"], u["reason"]) for u in report.unread], [(path, "encrypted")] if "encrypted" in media else [])


def layers_of_a_container_engine_are_systems():
    for place in ("var/lib/docker/overlay2/abc/diff", "var/lib/containers/storage/overlay/abc/diff",
                  "var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs"):
        root = make.lay_out(TMP / "engine", {"etc/passwd": b"", f"{place}/opt/kaspersky/klnagent64/sbin/klnagent": b""})
        tap.same(Report("--root", root).states(), {"klnagent": "installed"}, place)


def a_system_inside_a_system_counts():
    """A container's root and a Windows disk below a Linux root."""
    status = make.dpkg_status([("kesl", "12.1.0-1", "install ok installed", "X")]).encode()
    root = make.lay_out(TMP / "inside", {
        "etc/passwd": b"root:x:0:0:::\n", "var/lib/lxc/web/rootfs/etc/passwd": b"kluser:x:1:1:::\n",
        "var/lib/lxc/web/rootfs/var/lib/dpkg/status": status,
        "var/lib/lxc/web/rootfs/opt/kaspersky/klnagent64/sbin/klnagent": b"",
        "mnt/disk/Windows/System32/config/SYSTEM": make.Hive(
            {"Select": {"Current": make.dword(1)}, "ControlSet001\\Services\\KAVFS": {}}).bytes,
        "mnt/disk/KVRT_Data": None, "opt/other/opt/kaspersky/kics/bin/kics-control": b""})
    report = Report("--root", root)
    tap.same(report.states(), {"kesl": "installed", "klnagent": "installed", "ksws": "installed", "klms": "remnant",
                               "kvrt-windows": "remnant"}, "a path means one only from a system's root")
    tap.same(report.findings["kesl"]["evidence"][0]["where"], "/var/lib/lxc/web/rootfs/var/lib/dpkg/status")


def rpm_sqlite(path, headers, wal=True):
    """RPM's database in SQLite form."""
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")
    db.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    db.executemany("INSERT INTO Packages(blob) VALUES (?)", [(h,) for h in headers])
    db.commit()
    db.close()
    return path.read_bytes()


def rpm_databases_of_every_kind_are_read():
    """Many packages, and headers of every length around those where pages end."""
    names = [f"p{i}" for i in range(300)] + ["kesl"]
    headers = [make.rpm_header(n, "12.1", "2", "V", description="d" * (i * 37 % 9000)) for i, n in enumerate(names)]
    folder = TMP / "rpm-made"
    folder.mkdir()
    kinds = {"var/lib/rpm/rpmdb.sqlite": rpm_sqlite(folder / "db", headers),
             "usr/lib/sysimage/rpm/Packages.db": make.rpm_ndb(headers)}
    for size in (512, 4096, 65536):
        bdb = make.rpm_bdb(headers, folder, size)
        if bdb is None:
            print("# SKIP there is no db5.3_load")
            break
        kinds[f"disk{size}/var/lib/rpm/Packages"] = bdb
        kinds[f"disk{size}/etc/passwd"] = b""
    for path, content in kinds.items():
        if path.endswith("passwd"):
            continue
        files = {path: content}
        files.update({p: b"" for p in kinds if p.endswith("passwd") and p.split("/")[0] == path.split("/")[0]})
        report = Report("--root", make.lay_out(TMP / "rpm", files))
        tap.same((report.states(), report.findings["kesl"]["version"], report.unread),
                 ({"kesl": "installed"}, "12.1-2", []), path)
        (TMP / "rpm.tar").write_bytes(make.tar({path.split("/", 1)[1] if "disk" in path else path: content}, "w:gz"))
        report = Report("--root", TMP / "rpm.tar")
        tap.same((report.states(), report.unread), ({"kesl": "installed"}, []), f"{path} in an archive")
        for cut in (40, len(content) // 2, len(content) - 1):
            report = Report("--root", make.lay_out(TMP / "rpm", dict(files, **{path: content[:cut]})))
            tap.same([u["area"] for u in report.unread][:1], ["RPM database"], (path, cut))


def what_rpm_itself_wrote_is_read():
    """The distribution's own rpm, as a judge."""
    if shutil.which("rpm") is None:
        print("# SKIP there is no rpm")
        return
    root = make.lay_out(TMP / "rpm-root", {"tmp": None})
    package = TMP / "build/RPMS/noarch/kesl-12.3-4.noarch.rpm"
    make.write(TMP, "kesl.spec", "Name: kesl\nVersion: 12.3\nRelease: 4\nSummary: s\nLicense: l\nBuildArch: noarch\n"
               "Vendor: AO Kaspersky Lab\n%description\nd\n%files\n")
    subprocess.run(["rpmbuild", "-bb", "--define", f"_topdir {TMP}/build", TMP / "kesl.spec"], check=True,
                   capture_output=True)
    subprocess.run(["rpm", "--root", root, "--dbpath", "/var/lib/rpm", "--justdb", "--nodeps", "-i", package],
                   check=True, capture_output=True)
    report = Report("--root", root)
    tap.same((report.findings["kesl"]["version"], report.findings["kesl"]["entity"], report.unread),
             ("12.3-4", "AO Kaspersky Lab", []))


def rpm_databases_that_cannot_be_read_are_named():
    header = make.rpm_header("kesl", "12.1", "2", "V")
    root = make.lay_out(TMP / "rpm", {"var/lib/rpm/rpmdb.sqlite": rpm_sqlite(TMP / "db", [header]),
                                      "var/lib/rpm/rpmdb.sqlite-wal": b"changes" * 9, "var/lib/rpm/Packages": b"bdb" * 99,
                                      "var/lib/rpm/Packages.db": b"RpmP\1\0\0\0" + b"\0" * 4096})
    tap.same(sorted(u["path"] for u in Report("--root", root).unread),
             ["/var/lib/rpm/Packages", "/var/lib/rpm/Packages.db", "/var/lib/rpm/rpmdb.sqlite-wal"])
    view = TMP / "view.sqlite"
    view.unlink(missing_ok=True)
    db = sqlite3.connect(view)
    db.execute("CREATE VIEW Packages AS WITH RECURSIVE x(blob) AS (SELECT 1 UNION ALL SELECT blob FROM x) "
               "SELECT blob FROM x")
    db.commit()
    db.close()
    report = Report("--root", make.lay_out(TMP / "rpm3", {"var/lib/rpm/rpmdb.sqlite": view.read_bytes()}))
    tap.same((report.code, len(report.unread)), (3, 1), "a schema that would run for ever")


def other_package_managers():
    """Every manager that lists or names its packages: the same product each time, with its version."""
    def sqlite(name, statements):
        path = TMP / name
        path.unlink(missing_ok=True)
        db = sqlite3.connect(path)
        for statement in statements:
            db.execute(statement)
        db.commit()
        db.close()
        return path.read_bytes()

    pkg = sqlite("pkg", ["CREATE TABLE packages (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, name TEXT NOT NULL, "
                         "version TEXT NOT NULL, comment TEXT, arch TEXT, maintainer TEXT, UNIQUE(name))",
                         "INSERT INTO packages VALUES (1, 'x/y', 'kesl', '12.1', 'c', 'a', 'm')"])
    managers = {
        "pacman": {"var/lib/pacman/local/kesl-12.1-1/desc": b"%NAME%\nkesl\n\n%VERSION%\n12.1-1\n\n%ARCH%\nany\n"},
        "Alpine": {"lib/apk/db/installed": make.alpine_installed([("kesl", "12.1-1")]).encode()},
        "opkg": {"usr/lib/opkg/status": make.dpkg_status([("kesl", "12.1-1", "install ok installed", "X")]).encode()},
        "distroless": {"var/lib/dpkg/status.d/kesl": b"Package: kesl\nStatus: install ok installed\nVersion: 12.1-1\n"},
        "distroless without a status": {"var/lib/dpkg/status.d/kesl": b"Package: kesl\nVersion: 12.1-1\n"},
        "FreeBSD": {"var/db/pkg/local.sqlite": pkg},
        "snap": {"var/lib/snapd/snaps/kesl_12.snap": b"hsqs" + b"\0" * 96},
        "flatpak": {"var/lib/flatpak/app/kesl/current": None},
        "Portage": {"var/db/pkg/app-antivirus/kesl-12.1-r1/CONTENTS": b""},
        "Slackware": {"var/lib/pkgtools/packages/kesl-12.1-x86_64-1": b""},
        "Homebrew": {"opt/homebrew/Cellar/kesl/12.1/bin": None},
        "Nix": {"nix/store/0c1wxqf3q2b9-kesl-12.1/bin": None}}
    for manager, files in managers.items():
        report = Report("--root", make.lay_out(TMP / "manager", files))
        tap.same(report.states(), {"kesl": "installed"}, manager)
        assert manager == "flatpak" or report.findings["kesl"]["version"].startswith("12"), manager
        tap.same(report.unread, [], manager)
    winget = sqlite("winget", ["CREATE TABLE ids (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL)",
                               "INSERT INTO ids(id) VALUES ('7zip.7zip'), ('Kaspersky.KES')"])
    place = "Users/x/AppData/Local/Packages/Microsoft.DesktopAppInstaller_8wekyb3d8bbwe/LocalState/"
    identifier = next(f["value"] for _, f in catalogue() if f["kind"] == "winget")
    winget = winget.replace(b"Kaspersky.KES", b"Kaspersky.KES") if identifier == "Kaspersky.KES" else \
        sqlite("winget2", ["CREATE TABLE ids (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL)",
                           f"INSERT INTO ids(id) VALUES ('7zip.7zip'), ('{identifier}')"])
    report = Report("--root", make.lay_out(TMP / "manager", {
        place + "Microsoft.Winget.Source_8wekyb3d8bbwe/installed.db": winget,
        "Program Files/WindowsApps/Microsoft.Winget.Source_1_8wekyb3d8bbwe/Public/index.db": winget}))
    tap.same(len(report.findings), 1)
    found = next(iter(report.findings.values()))
    tap.same(([e["value"] for e in found["evidence"]], found["evidence"][0]["where"].endswith("installed.db")),
             ([identifier], True), "and not from the list of all there is")
    kext = sqlite("kext", ["CREATE TABLE kext_policy ( team_id TEXT, bundle_id TEXT, allowed BOOLEAN, developer_name TEXT, "
                           "flags INTEGER, PRIMARY KEY (team_id, bundle_id) )",
                           "INSERT INTO kext_policy VALUES ('2Y8XE5CQ94', 'com.kaspersky.kext.klif', 1, 'x', 8)"])
    report = Report("--root", make.lay_out(TMP / "manager", {
        "private/var/db/SystemPolicyConfiguration/KextPolicy": kext}))
    tap.same(set(report.states().values()), {"remnant"}, "what was once allowed")
    report = Report("--root", make.lay_out(TMP / "manager", {"var/db/xbps/pkgdb-0.38.plist": b"<plist>"}))
    tap.same((report.code, [u["path"] for u in report.unread]), (3, ["/var/db/xbps/pkgdb-0.38.plist"]))


# --- what cannot be read ------------------------------------------------------------------------

def hostile_trees_are_incomplete_by_name():
    root = make.lay_out(TMP / "hostile", {"etc/hostname": b"h\n", "a\nb/c\x1b[31m": b"", "closed/secret": b"",
                                          "volume.bin": b"LUKS\xba\xbe" + b"\0" * (1 << 20),
                                          "bit.vhd": b"\xeb\x58\x90-FVE-FS-" + b"\0" * 512,
                                          "disk.img": b"\0" * 512 + b"EFI PART" + b"\0" * 512,
                                          "Windows/System32/config/SYSTEM": make.Hive(
                                              {"Select": {"Current": make.dword(1)}}).bytes[:4200]})
    os.symlink("loop2", root / "loop1")
    os.symlink("loop1", root / "loop2")
    os.symlink("/etc", root / "outside")
    os.symlink("../../../../etc/passwd", root / "etc/passwd")
    os.mkfifo(root / "fifo")
    deep = os.open(root, os.O_RDONLY)
    for _ in range(10000):
        os.mkdir("d", dir_fd=deep)
        below = os.open("d", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    named = {"/volume.bin", "/bit.vhd", "/disk.img", "/Windows/System32/config/SYSTEM"}
    if os.geteuid() == 0:
        try:
            os.mknod(root / "device", stat.S_IFBLK | 0o600, os.makedev(7, 0))
            named.add("/device")
        except PermissionError:
            print("# SKIP no device can be made here")
    report = Report("--root", root)
    paths = {u["path"] for u in report.unread}
    tap.same(named - paths, set())
    deep_ones = [p for p in paths if p.startswith("/d/d/d")]
    tap.same(len(deep_ones), 1, "the rest of what is too deep is named once")
    tap.same((report.code, report.summary["complete"]), (3, False))
    tap.same(len(paths), len(named) + 1, paths)
    text = run("--root", root)
    assert b"NONE FOUND" not in text.stdout and b"INCOMPLETE" in text.stdout
    assert b"\x1b" not in text.stdout
    subprocess.run(["rm", "-rf", root], check=True)


def volumes_and_disk_images_are_named():
    """As the programs that make them do, where they are there; never silently nothing, deep or not."""
    root = make.lay_out(TMP / "volumes", {"etc/hostname": b"h\n", "home/x/secret.hc": os.urandom(1 << 20),
                                          "home/x/notes.hc": b"notes\n" * 50000})
    table = bytearray(8 << 20)
    struct.pack_into("<BBBBBBBBII", table, 446, 0, 0, 2, 0, 0x83, 0, 0, 0, 2048, 8192)
    table[510:512] = b"\x55\xaa"
    table[(2048 * 512) + 3:(2048 * 512) + 11] = b"NTFS    "
    make.write(root, "vm/old.raw", bytes(table))
    make.write(root, "vm/go.bin", b"\xeb\x58\x90MSWIN4.1" + b"\0" * 413
               + bytes.fromhex("3bd66749292ed84a8399f6a339e3d001") + b"\0" * (2 << 20))
    want = {"/home/x/secret.hc": "encrypted", "/vm/old.raw": "unsupported", "/vm/go.bin": "encrypted"}
    if shutil.which("qemu-img"):
        for form in ("qcow2", "vmdk", "vdi", "vhdx", "vpc", "qed"):
            subprocess.run(["qemu-img", "create", "-q", "-f", form, root / f"vm/a.{form}", "4M"], check=True)
            want[f"/vm/a.{form}"] = "unsupported"
    if shutil.which("cryptsetup"):
        for number in (1, 2):
            path = root / f"vm/l{number}.bin"
            make.write(root, f"vm/l{number}.bin", b"\0" * (18 << 20))
            subprocess.run(["cryptsetup", "luksFormat", "--batch-mode", "--type", f"luks{number}", "--pbkdf", "pbkdf2",
                            "--pbkdf-force-iterations", "1000", path, "-"], input=b"x", check=True)
            want[f"/vm/l{number}.bin"] = "encrypted"
    if shutil.which("mkfs.ext4"):
        make.write(root, "vm/ext.bin", b"\0" * (8 << 20))
        subprocess.run(["mkfs.ext4", "-q", root / "vm/ext.bin"], check=True)
        want["/vm/ext.bin"] = "unsupported"
    for more in ([], ["--deep"]):
        if more:  # it looks into the table, and names the one partition that it cannot read; disks and ext4 it can
            want["/vm/old.raw!/partition 1"] = want.pop("/vm/old.raw")
            want = {path: why for path, why in want.items() if not path.startswith(("/vm/a.", "/vm/ext"))}
        report = Report("--root", root, *more)
        tap.same((report.code, {u["path"]: u["reason"] for u in report.unread}), (3, want), more)


def an_unreadable_folder_is_named():
    root = make.lay_out(TMP / "closed", {"etc/hostname": b"h\n", "opt/closed/x": b"", "etc/secret": b"x"})
    os.chmod(root / "opt/closed", 0)
    os.chmod(root / "etc/secret", 0)
    os.chmod(root, 0o755)
    os.chmod(TMP, 0o755)
    command = [OVERT, "prohibited", "--format", "json", "--root", str(root)]
    if os.geteuid() == 0:
        command = [*anybody.NOBODY, anybody.programs(os.path.dirname(OVERT)) / "overt", *command[1:]]
    done = subprocess.run(command, capture_output=True, check=False)
    os.chmod(root / "opt/closed", 0o755)
    paths = {json.loads(line)["path"] for line in done.stdout.splitlines() if b"prohibited-unread" in line}
    tap.same((done.returncode, paths), (3, {"/opt/closed", "/etc/secret"}), done.stderr)


def nothing_outside_the_root_is_opened():
    root = make.lay_out(TMP / "traced", {"etc/hosts": b"\n", "opt/kaspersky/x": b""})
    os.symlink("/etc/shadow", root / "etc/passwd")
    os.symlink("/", root / "everything")
    os.symlink("../../../../../etc", root / "opt/up")
    log = TMP / "trace"
    subprocess.run(["strace", "-f", "-e", "trace=open,openat,openat2,execve", "-o", log, OVERT, "prohibited",
                    "--root", root], capture_output=True, check=False)
    lines = log.read_text().splitlines()
    command = lines[0].split()[0]
    mine = [line for line in lines if line.split()[0] == command]
    started = next(i for i, line in enumerate(mine) if str(root) in line and "execve" not in line)
    opened = [re.search(r'"([^"]*)"', line).group(1) for line in mine[started:] if "= -1" not in line
              and re.search(r'open\w*\(', line) and re.search(r'"([^"]*)"', line)]
    allowed = re.compile(r"^/(proc/|dev/null|usr/|lib|sys/|work/|etc/(ld\.so|ssl/openssl|overt))")
    bad = [p for p in opened if p.startswith("/") and p != str(root) and not allowed.match(p)
           and not p.startswith(os.path.dirname(OVERT))]
    tap.same(bad, [])
    tap.same([p for p in opened if ".." in p or "shadow" in p], [])


STOCK = r"""
set -e
for place in usr etc var/lib/dpkg; do mkdir -p "$2/$place"; mount --rbind "/$place" "$2/$place"; done
ln -s usr/bin "$2/bin"; ln -s usr/lib "$2/lib"
exec "$1" prohibited --format json --root "$2"
"""


def a_stock_system_has_none_and_all_of_it_is_read():
    """The distribution that this runs on: its programs, configuration and package database, under a root."""
    root = make.lay_out(TMP / "stock", {})
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user", "--user"]), "sh", "-c", STOCK, "sh",
               OVERT, str(root)]
    done = subprocess.run(command, capture_output=True, check=False)
    if not done.stdout:
        print(f"# SKIP no mounts of one's own here: {done.stderr[-100:]!r}")
        return
    records = [json.loads(line) for line in done.stdout.splitlines()]
    packages = pathlib.Path("/var/lib/dpkg/status").read_text(errors="replace").count("\nStatus: install ok installed")
    print(f"# {records[0]['names']} names, {packages} packages")
    tap.same([(r["product"], r["evidence"][:3]) for r in records if r["type"] == "prohibited-finding"], [])
    tap.same([r for r in records if r["type"] == "prohibited-unread"], [])
    tap.same((done.returncode, records[-1]["complete"]), (0, True))
    assert records[0]["names"] > 20000 and packages > 100, records[0]


# --- the data -----------------------------------------------------------------------------------

def an_organisation_adds_its_own():
    wrong = json.loads(json.dumps(ACME))
    wrong["products"][0]["facts"][0]["kind"] = "pakage"
    make.lay_out(TMP / "wrong", {"w.json": json.dumps(wrong).encode()})
    done = run("--root", TMP, "--products", TMP / "wrong")
    tap.same(done.returncode, 2)
    assert b"pakage" in done.stderr and b"w.json" in done.stderr, done.stderr
    tap.same(run("--root", TMP, "--products", "/nowhere/at/all").returncode, 2)


def a_mention_is_never_a_finding():
    root = make.lay_out(TMP / "mention", {"etc/hosts": b"127.0.0.1 dc1.ksn.kaspersky-labs.com\n",
                                          "etc/notes.txt": b"KLNAGENT_SERVER=x # Kaspersky Anti-Virus, AO Kaspersky Lab\n"})
    report = Report("--root", root)
    tap.same((report.code, report.states()), (0, {}))
    tap.same(report.leads["kaspersky-services"]["state"], "mention")


tap.run([a_package_is_installed_and_then_a_remnant, what_runs_is_running, a_script_and_a_long_name_run_too,
         windows_shows_every_fact,
         what_is_only_in_the_logs_of_a_hive_is_found,
         certificates_of_every_form_are_read, linux_shows_every_fact, macos_shows_every_fact, android_shows_every_fact,
         signers_of_whole_packages_and_digests, an_installer_package_is_a_remnant, an_archive_is_a_system_too,
         layers_hide_what_they_remove,
         images_of_every_form, statements_and_encrypted_layers, layers_of_a_container_engine_are_systems, a_system_inside_a_system_counts,
         rpm_databases_of_every_kind_are_read, what_rpm_itself_wrote_is_read, rpm_databases_that_cannot_be_read_are_named,
         other_package_managers, hostile_trees_are_incomplete_by_name, volumes_and_disk_images_are_named,
         an_unreadable_folder_is_named, nothing_outside_the_root_is_opened,
         a_stock_system_has_none_and_all_of_it_is_read, an_organisation_adds_its_own,
         a_mention_is_never_a_finding])
