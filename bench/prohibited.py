"""prohibited.py - what `overt prohibited` costs: this whole system by its names and databases, and a content pass over a
part of it beside `overt scan` over the same part."""
import json
import subprocess

DEEP = "/usr/lib"


def prohibited(overt, run):
    """CPU of a look at this system; of a deep look and of a scan at DEEP."""
    host = next(json.loads(line) for line in subprocess.run(
        [overt, "prohibited", "--format", "json"], capture_output=True, check=False).stdout.splitlines())
    cpu, wall, code = run([overt, "prohibited"])
    print(f"prohibited: this system, {host['names']} names, {host['unread']} unread: {cpu:.2f} s CPU, {wall:.1f} s, exit {code}")
    deep = run([overt, "prohibited", "--deep", "--root", DEEP])[0]
    scan = run([overt, "scan", "--quiet", "--no-progress", DEEP])[0]
    print(f"prohibited: --deep over {DEEP}: {deep:.2f} s CPU; overt scan of it {scan:.2f} s: ratio {deep / scan:.2f}")
