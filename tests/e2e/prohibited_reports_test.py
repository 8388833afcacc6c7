#!/usr/bin/env python3
"""prohibited_reports_test.py OVERT: the catalogue against its schema, and every report of `overt prohibited`: forms
with all their fields, CycloneDX and OCSF against their schemas, merging, comparing, planning."""
import atexit
import csv
import html.parser
import io
import json
import os
import pathlib
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
SUPPLIED = "[to be supplied]"


def run(*arguments, code=None):
    """Standard output of the command; its exit code must be this one."""
    done = subprocess.run([OVERT, "prohibited", *map(str, arguments)], capture_output=True, check=False)
    if code is not None:
        tap.same((done.returncode, done.stderr), (code, b""), arguments)
    return done.stdout.decode()


def with_products():
    """A root with two products, one of which only left something."""
    root = TMP / "found"
    if not root.exists():
        make.lay_out(root, {
            "etc/hostname": b"ws-017\n", "opt/kaspersky/kesl/libexec/kesl": b"", "var/opt/kaspersky/klnagent/log": b"",
            "var/lib/dpkg/status": make.dpkg_status([("kesl", "12.1.0-1", "install ok installed", "X")]).encode(),
            "etc/passwd": b"kluser:x:1:1::/:/bin/false\n", "opt/kaspersky/ksc64/a;b' \"<c>": b"",
            "etc/systemd/system/kesl.service": b""})
    return root


def without():
    """A root with nothing."""
    root = TMP / "nothing"
    if not root.exists():
        make.lay_out(root, {"etc/hostname": b"ws-018\n"})
    return root


def incomplete():
    """A root that cannot be read whole."""
    root = TMP / "incomplete"
    if not root.exists():
        make.lay_out(root, {"etc/hostname": b"ws-019\n", "a.vhd": b"LUKS\xba\xbe" + b"\0" * 600})
    return root


def have(*modules):
    """Are these Python modules there? (PyPI packages that carry schemas.)"""
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            return False
    return True


# --- the catalogue ------------------------------------------------------------------------------

def the_catalogue_is_of_its_form():
    check = """
import json, sys, pathlib
from jsonschema import Draft201909Validator as V
root = pathlib.Path(sys.argv[1])
for kind in ("products", "bans"):
    schema = json.loads((root / "schema" / (kind + ".json")).read_text())
    V.check_schema(schema)
    for path in sorted((root / kind).glob("*.json")):
        errors = [f"{path.name}: {list(e.path)}: {e.message}" for e in V(schema).iter_errors(json.loads(path.read_text()))]
        assert not errors, errors[:5]
    assert list(V(schema).iter_errors({"format": "overt-%s/1" % kind})), "the schema refuses what is not of the form"
"""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import jsonschema"], capture_output=True, check=False).returncode == 0:
            subprocess.run([python, "-c", check, ROOT / "data"], check=True)
            return
    print("# SKIP there is no jsonschema")


def every_fact_has_its_source():
    count, seen = 0, set()
    for path in (ROOT / "data/products").glob("*.json"):
        for product in json.loads(path.read_text())["products"]:
            assert product["id"] not in seen, product["id"]
            seen.add(product["id"])
            for fact in product["facts"]:
                count += 1
                assert fact["source"].strip() and fact["value"].strip(), fact
    tap.same(count, 507)


# --- forms --------------------------------------------------------------------------------------

def every_form_has_every_field():
    forms = 0
    for path in sorted((ROOT / "data/bans").glob("*.json")):
        for ban in json.loads(path.read_text())["bans"]:
            for form in ban.get("reports", []):
                forms += 1
                text = run("--root", with_products(), "--format", form["form"], "--agency", "Example Agency", code=1)
                lines = text.splitlines()
                for field in form["fields"]:
                    at = lines.index(field["name"] + ":")
                    assert lines[at + 1].startswith("  "), field
                    if "from" not in field:
                        tap.same(lines[at + 1].strip(), SUPPLIED, field)
    tap.same(forms, 6)
    text = run("--root", with_products(), "--format", "bod-17-01-30-day", code=1)
    assert "Kaspersky Endpoint Security for Linux 12.1.0-1 (installed; in scope)" in text
    assert "Kaspersky Endpoint Security for Linux: 1 endpoint\n" in text
    text = run("--root", with_products(), "--format", "bod-17-01-60-day", "--agency", "Example Agency", code=1)
    assert "Agency name:\n  Example Agency\n" in text


def none_found_is_said_only_when_all_was_read():
    assert "  none found\n" in run("--root", without(), "--format", "bod-17-01-30-day", code=0)
    text = run("--root", incomplete(), "--format", "bod-17-01-30-day", code=3)
    assert "  none found\n" not in text and "INCOMPLETE" in text and "/a.vhd" in text
    for form in ("text", "html", "csv", "ocsf", "cyclonedx"):
        text = run("--root", incomplete(), "--format", form, code=3)
        assert "none found." not in text.lower(), form
        assert form == "csv" or "incomplete" in text.lower(), form


# --- formats ------------------------------------------------------------------------------------

def csv_is_csv():
    rows = list(csv.DictReader(io.StringIO(run("--root", with_products(), "--format", "csv", code=1))))
    kesl = next(r for r in rows if r["product"] == "Kaspersky Endpoint Security for Linux")
    tap.same((kesl["agency"], kesl["version"], kesl["state"], kesl["endpoints_impacted"], kesl["coverage"]),
             (SUPPLIED, "12.1.0-1", "installed", "1", "complete"))
    assert "US-BOD-17-01" in kesl["in_scope_of"].split(";")
    assert kesl["methodology"].startswith("overt ") and "0 unread" in kesl["methodology"], kesl
    for root, state, coverage in ((without(), "none found", "complete"), (incomplete(), "not known", "incomplete")):
        rows = list(csv.DictReader(io.StringIO(run("--root", root, "--format", "csv"))))
        tap.same([(r["product"], r["state"], r["coverage"], r["endpoints_impacted"]) for r in rows],
                 [("", state, coverage, "0")])
    assert "CA-TBS-2023" not in kesl["in_scope_of"] + kesl["to_be_decided_for"]
    evil = TMP / "evil"
    make.lay_out(evil, {"etc/hostname": b"=cmd()\n", "opt/kaspersky/kesl/libexec/kesl": b""})
    row = next(csv.DictReader(io.StringIO(run("--root", evil, "--format", "csv", code=1))))
    tap.same(row["host"], "'=cmd()", "no formula")


class Tags(html.parser.HTMLParser):
    """Tags of a page, and whether they are closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        tap.same(self.open.pop(), tag)


def html_stands_alone():
    page = Tags()
    text = run("--root", with_products(), "--format", "html", code=1)
    page.feed(text)
    tap.same(page.open, [])
    assert not page.seen & {"script", "link", "img", "iframe", "object"}, page.seen
    assert not [a for a in page.attributes if a[0] in ("src", "href") or a[0].startswith("on")]
    for word in ("Kaspersky Endpoint Security for Linux", "12.1.0-1", "US-BOD-17-01", "/var/lib/dpkg/status", "ws-017"):
        assert word in text, word


def cyclonedx_is_cyclonedx():
    reports = [json.loads(run("--root", r, "--format", "cyclonedx")) for r in (with_products(), without(), incomplete())]
    tap.same([r["compositions"][0]["aggregate"] for r in reports], ["complete", "complete", "incomplete"])
    kesl = next(c for c in reports[0]["components"] if "Endpoint Security" in c["name"])
    tap.same((kesl["version"], kesl["evidence"]["identity"][0]["confidence"]), ("12.1.0-1", 1.0))
    tap.same(kesl["purl"], "pkg:deb/linux/kesl@12.1.0-1?arch=amd64")
    if not have("cyclonedx.validation.json", "jsonschema"):
        print("# SKIP cyclonedx-python-lib is not installed: not validated")
        return
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    for report in reports:
        error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(report))
        assert error is None, error


def ocsf_is_ocsf():
    events = [json.loads(line) for root in (with_products(), without(), incomplete())
              for line in run("--root", root, "--format", "ocsf").splitlines()]
    tap.same({e["class_uid"] for e in events}, {2003, 5020})
    none = [e for e in events if "found" in e.get("finding_info", {}).get("title", "")]
    tap.same([e["compliance"]["status_id"] for e in none], [1, 2], "passed, and a warning")
    if not have("ocsf_json_schema", "jsonschema"):
        print("# SKIP ocsf-json-schema is not installed: not validated")
        return
    import jsonschema
    import ocsf_json_schema
    schema = ocsf_json_schema.get_ocsf_schema(version="1.3.0")
    embedded = ocsf_json_schema.OcsfJsonSchemaEmbedded(schema)
    for event in events:
        name = "compliance_finding" if event["class_uid"] == 2003 else "software_info"
        jsonschema.validate(event, embedded.get_class_schema(name, profiles=["host"]))


# --- many machines, and before and after ---------------------------------------------------------

def report_of(root, name, *more):
    """A JSON report in a file."""
    path = TMP / name
    path.write_text(run("--root", root, "--format", "json", *more))
    return path


def reports_merge():
    a, b, c = report_of(with_products(), "a"), report_of(without(), "b"), report_of(incomplete(), "c")
    text = run("merge", a, b, "--format", "bod-17-01-30-day", code=1)
    assert "2 hosts looked at" in text
    merged = TMP / "merged"
    merged.write_text(run("merge", a, b, c, a, "--format", "json", code=1))
    records = [json.loads(line) for line in merged.read_text().splitlines()]
    tap.same((records[-1]["hosts"], records[-1]["complete"]), (4, False))
    rows = list(csv.DictReader(io.StringIO(run("merge", merged, "--format", "csv", code=1))))
    tap.same({r["endpoints_impacted"] for r in rows if "Endpoint Security" in r["product"]}, {"2"})
    tap.same(run("merge", b, c, code=3).split(":")[0], "INCOMPLETE")
    tap.same(run("merge", b, code=0).split(":")[0], "NONE FOUND")


def what_does_not_add_up_is_refused():
    a, b = report_of(with_products(), "a"), report_of(without(), "b")
    other = TMP / "other"
    other.write_text(b.read_text().replace('"catalogue":"', '"catalogue":"ff'))
    done = subprocess.run([OVERT, "prohibited", "merge", a, other], capture_output=True, check=False)
    tap.same(done.returncode, 2)
    assert b"ws-018" in done.stderr and b"catalogue" in done.stderr, done.stderr
    run("merge", "--other-catalogue", a, other, code=1)
    cut = TMP / "cut"
    cut.write_text("\n".join(a.read_text().splitlines()[:-1]))
    for bad in (cut, TMP / "found/etc/hostname", TMP / "nowhere"):
        done = subprocess.run([OVERT, "prohibited", "merge", bad], capture_output=True, check=False)
        tap.same((done.returncode, bool(done.stderr)), (2, True), bad)


def since_says_what_went():
    root = TMP / "life"
    make.lay_out(root, {"etc/hostname": b"h\n", "opt/kaspersky/kesl/libexec/kesl": b"", "var/opt/kaspersky/kess": None,
                        "usr/bin/kics-control": b""})
    before = report_of(root, "before")
    os.unlink(root / "usr/bin/kics-control")
    os.unlink(root / "opt/kaspersky/kesl/libexec/kesl")
    make.write(root, "var/opt/kaspersky/kesl/events.db")
    make.write(root, "usr/sbin/x")
    make.write(root, "opt/kaspersky/klms/bin/klms-control")
    changes = {r["product"]: r["change"] for r in map(json.loads, run(
        "--root", root, "--since", before, "--format", "json", code=1).splitlines()) if r["type"] == "prohibited-change"}
    tap.same(changes, {"kesl": "changed", "kess": "stayed", "kics": "gone", "klms": "new"})
    text = run("--root", root, "--since", before, "--format", "bod-17-01-status", code=1)
    assert "Removed since the last report:\n  - Kaspersky Industrial" in text, text


# --- the ledger ---------------------------------------------------------------------------------

def every_run_is_on_record():
    """In a ledger of a user's own, once it was begun; before that, none is made."""
    state = TMP / "state"
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    TMP.chmod(0o755)
    env = {"XDG_STATE_HOME": str(state), "PATH": os.environ["PATH"]}
    other = [] if os.geteuid() else anybody.NOBODY
    program = anybody.programs(os.path.dirname(OVERT)) / "overt"

    def command(*arguments):
        return subprocess.run([*other, program, *map(str, arguments)], capture_output=True, check=False, env=env)

    command("prohibited", "--root", with_products())
    tap.same(os.listdir(state), [])
    tap.same(command("ledger", "begin").returncode, 0)
    tap.same(command("prohibited", "--root", with_products()).returncode, 1)
    tap.same(command("prohibited", "--root", without()).returncode, 0)
    tap.same(command("prohibited", "--root", incomplete()).returncode, 3)
    report = TMP / "for-the-record"
    report.write_bytes(command("prohibited", "--root", without(), "--format", "json").stdout)
    tap.same(command("prohibited", "merge", report).returncode, 0)
    tap.same(command("prohibited", "plan", "--root", without()).returncode, 0)
    tap.same(command("prohibited", "--root", TMP / "nowhere").returncode, 2)
    tap.same(command("ledger", "verify").returncode, 0)
    lines = (state / "overt/ledger/records").read_text().splitlines()
    tap.same([line.split()[2] for line in lines if line.startswith("record ")][-7:], ["prohibited"] * 7)
    tap.same([line for line in lines if line.startswith(("task ", "result "))],
             ["task look", "result found", "task look", "result none found", "task look", "result incomplete",
              "task look", "result none found", "task merge", "result none found", "task plan",
              "result none found", "task look", "result error"])
    at = lines.index("product kesl")
    tap.same(lines[at + 1:at + 3], ["state installed", "on ws-017"])
    assert f"system {with_products()}" in lines, lines


# --- removal ------------------------------------------------------------------------------------

def the_plan_names_steps():
    text = run("plan", "--root", with_products(), code=1)
    for step in ("systemctl disable --now 'kesl", "dpkg --purge 'kesl'", "rm -rf -- '/opt/kaspersky/kesl/libexec/kesl'",
                 "userdel 'kluser'"):
        assert step in text, (step, text)
    script = TMP / "plan.sh"
    script.write_text(run("plan", "--root", with_products(), "--script", code=1))
    subprocess.run(["sh", "-n", script], check=True)
    done = subprocess.run(["sh", script], capture_output=True, check=True)
    tap.same(done.stdout, b"", "what was found elsewhere is not run here")


def a_script_does_nothing_until_told():
    """A report that claims to be live, with a name that tries to be a command."""
    root = TMP / "evil-name"
    bait = TMP / "bait"
    bait.write_text("here")
    name = f"x'; rm -f {bait}; '"
    place = TMP / "vendor"
    make.lay_out(place, {name: b"x"})
    products = {"format": "overt-products/1", "vendor": {"id": "acme", "name": "Acme"}, "products": [
        {"id": "a", "name": "A\nrm -f /x", "class": "antivirus", "facts": [
            {"kind": "path", "value": "/*/*/x*", "shows": "installed", "strength": "strong", "source": "s",
             "platform": "linux"}]}]}
    make.lay_out(TMP / "acme", {"a.json": json.dumps(products).encode()})
    make.lay_out(root, {f"tmp/v/{name}": b"x"})
    report = TMP / "live.json"
    report.write_text(run("--root", root, "--products", TMP / "acme", "--format", "json", code=1)
                      .replace('"kind":"root"', '"kind":"live"', 1))
    script = TMP / "evil.sh"
    script.write_text(run("plan", report, "--script", code=1))
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=True)
    assert "would run: rm -rf -- /tmp/v/x'" in done.stdout, done.stdout
    tap.same(bait.read_text(), "here")
    assert "\nrm -f /x" not in script.read_text()


tap.run([the_catalogue_is_of_its_form, every_fact_has_its_source, every_form_has_every_field,
         none_found_is_said_only_when_all_was_read, csv_is_csv, html_stands_alone, cyclonedx_is_cyclonedx, ocsf_is_ocsf,
         reports_merge, what_does_not_add_up_is_refused, since_says_what_went, every_run_is_on_record, the_plan_names_steps,
         a_script_does_nothing_until_told])
