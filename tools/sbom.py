#!/usr/bin/env python3
"""sbom.py BUILD [--files FOLDER] [-o FILE]: a CycloneDX 1.6 bill of materials of what a build installs.

What is linked into a program is not guessed from its options: each link is done again with the linker telling which files it
takes (--trace), and every such file is asked of dpkg: package, version, source. Static libraries and the C library's start files
are in the program; shared ones are asked for when it starts, by the names in its dynamic section. With --files, what
was installed there is listed with its SHA-256 (DESTDIR of `meson install`)."""
import argparse
import datetime
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import uuid

import building

SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # of URLs, RFC 4122


def run(*words, cwd=None):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=True, cwd=cwd,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def programs(build):
    """Name -> file, of everything that is linked and installed."""
    out = {}
    for target in json.loads(run("meson", "introspect", build, "--targets")):
        if target["installed"] and target["type"] in ("executable", "shared library"):
            out[target["name"] if target["type"] == "executable" else f"lib{target['name']}"] = \
                pathlib.Path(target["filename"][0])
    return out


def taken(build, program, scratch):
    """The files outside the build that the linker takes for the program."""
    link = run("ninja", "-C", build, "-t", "commands", program.relative_to(build)).splitlines()[-1]
    words = [w for w in shlex.split(link) if w != "ccache"]
    words[words.index("-o") + 1] = str(pathlib.Path(scratch) / "linked")
    found = set()
    for line in run(*words, "-Wl,--trace", cwd=build).splitlines():
        # A file, or an archive's member: (ARCHIVE)MEMBER, or ARCHIVE(MEMBER).
        path = re.sub(r"\([^()]*\)$", "", line[1:].split(")")[0] if line.startswith("(") else line)
        path = pathlib.Path(os.path.realpath(pathlib.Path(build) / path))
        if path.is_file() and pathlib.Path(build).resolve() not in path.parents:
            found.add(path)
    return found


def needed(program):
    """Sonames of its dynamic section."""
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", program)))


def soname_files(sonames):
    """Where the dynamic linker finds them."""
    cache = dict(re.findall(r"^\t(\S+) \(.*x86-64.*\) => (\S+)$", run("/sbin/ldconfig", "-p"), re.M))
    return {pathlib.Path(os.path.realpath(cache[name])) for name in sonames if name in cache}


def owner(path):
    """The Debian package of a file: dpkg knows it below / or, as long as / and /usr are merged, below /usr."""
    text = str(path)
    for name in (text, text.removeprefix("/usr"), "/usr" + text):
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            package = done.stdout.split(": ")[0].split(", ")[0]
            fields = run("dpkg-query", "-W", "-f=${Package}\t${Version}\t${Architecture}\t${source:Package}\t"
                         "${source:Version}", package)
            return tuple(fields.split("\t"))
    raise SystemExit(f"sbom: {path} was linked and belongs to no package")


def package_component(package):
    name, version, arch, source, source_version = package
    purl = f"pkg:deb/debian/{name.replace('+', '%2B')}@{version.replace('+', '%2B').replace(':', '%3A')}" \
        f"?arch={arch}&distro=debian-12"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
            "supplier": {"name": "Debian"},
            "properties": [{"name": "overt:debian-source", "value": f"{source} {source_version}"}]}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("build")
    options.add_argument("--files", help="what was installed, as below DESTDIR")
    options.add_argument("-o", "--output")
    args = options.parse_args()
    build = pathlib.Path(args.build).resolve()
    packages, owners, components, dependencies = {}, {}, [], []

    def of(path):
        if path not in owners:
            owners[path] = owner(path)
            packages[owners[path]] = package_component(owners[path])
        return owners[path]

    version, commit, when = building.version(), building.commit(), building.commit_time()
    root = f"pkg:generic/overt@{version}"
    with tempfile.TemporaryDirectory() as scratch:
        for name, file in sorted(programs(build).items()):
            inside = {of(p) for p in taken(build, file, scratch) if ".so" not in p.name}
            at_start = {of(p) for p in soname_files(needed(file))}
            at_start |= {of(pathlib.Path("/lib64/ld-linux-x86-64.so.2").resolve())} if at_start else set()
            components.append({
                "type": "application" if not name.startswith("lib") else "library", "bom-ref": f"{root}#{name}",
                "name": name, "version": version, "properties":
                    [{"name": "overt:linked-in", "value": packages[p]["purl"]} for p in sorted(inside)]
                    + [{"name": "overt:loaded-at-start", "value": packages[p]["purl"]} for p in sorted(at_start)]})
            dependencies.append({"ref": f"{root}#{name}",
                                 "dependsOn": sorted(packages[p]["bom-ref"] for p in inside | at_start)})
    if args.files:
        for name, (kind, digest) in building.files(args.files).items():
            if kind.startswith("file"):
                components.append({"type": "file", "bom-ref": f"{root}#/{name}", "name": name,
                                   "hashes": [{"alg": "SHA-256", "content": digest}]})
    components += [packages[p] for p in sorted(packages)]
    dependencies.append({"ref": root, "dependsOn": [d["ref"] for d in dependencies]})
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(SPACE, root + '?commit=' + commit)}",
        "metadata": {
            "timestamp": datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": root, "name": "overt", "version": version, "purl": root,
                          "licenses": [{"license": {"id": "Apache-2.0"}}],
                          "properties": [{"name": "overt:commit", "value": commit}]}},
        "components": components, "dependencies": dependencies}
    text = json.dumps(bom, indent=1) + "\n"
    if args.output:
        pathlib.Path(args.output).write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    sys.exit(main())
