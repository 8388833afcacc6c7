"""What a module's parser says of files, beside what YARA 4.5 says: field by field.

Both sides become {path: value} with undefined fields left out. yara-python gives a module's facts as
dictionaries; build/facts-dump prints them as `yara -D` does.
"""
import multiprocessing
import os
import re
import signal
import subprocess

def flatten(value, path, out):
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(key, bytes):
                key = key.decode("latin-1")
            flatten(inner, f"{path}.{key}" if path else key, out)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            flatten(inner, f"{path}[{i}]", out)
    elif value is not None:
        out[path] = value


def of_judge(yara, module, name, rules={}):
    if module not in rules:
        rules[module] = yara.compile(source=f'import "{module}" rule a {{ condition: true }}')
    found = {}

    def take(facts):
        if facts["module"] == module:
            facts.pop("module")
            found.update(facts)
        return yara.CALLBACK_CONTINUE

    rules[module].match(name, modules_callback=take)
    out = {}
    flatten(found, "", out)
    return out


class Judge:
    """yara-python in a process of its own: on some broken files it counts to four billion."""

    def __init__(self, ask, wait_s=3):
        self.ask, self.wait_s, self.child, self.ours = ask, wait_s, 0, None

    def _serve(self, theirs):
        while True:
            try:
                theirs.send((True, self.ask(theirs.recv())))
            except EOFError:
                os._exit(0)
            except (SystemError, UnicodeDecodeError):  # it cannot tell of keys that are no UTF-8
                theirs.send((False, None))

    def __call__(self, name):
        """None: the judge has no answer."""
        if self.child == 0:
            self.ours, theirs = multiprocessing.Pipe()
            self.child = os.fork()
            if self.child == 0:
                self.ours.close()
                self._serve(theirs)
            theirs.close()
        self.ours.send(name)
        try:
            if self.ours.poll(self.wait_s):
                return self.ours.recv()[1]
        except EOFError:
            pass  # it died of it
        self.close()
        return None

    def close(self):
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
            self.ours.close()
            self.child = 0


def unshown(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m[1], 16)]), text)


def parsed(text):
    """The lines of `yara -D` behind the module's own."""
    out, path, counts = {}, [], {}
    for line in text.split(b"\n")[1:]:
        if not line:
            continue
        depth = len(line) - len(line.lstrip(b"\t"))
        name, has_value, value = line.lstrip(b"\t").partition(b" = ")
        name = unshown(name).decode("latin-1")  # keys are a file's own words
        if re.fullmatch(r"\[\d+\]", name):  # yara-python makes lists: holes in an array do not count there
            array = tuple(path[:depth - 1])
            name = f"[{counts.get(array, 0)}]"
            counts[array] = counts.get(array, 0) + 1
        path[depth - 1:] = [name]
        if has_value and value != b"YR_UNDEFINED":
            key = path[0] + "".join(p if p.startswith("[") else "." + p for p in path[1:])
            out[key] = unshown(value[1:-1]) if value.startswith(b'"') else (
                float(value) if b"." in value else int(value))
    return out


def of_dump(dump, module, names):
    done = subprocess.run([dump, module, *names], capture_output=True, check=False)
    rest, out = done.stdout, {}
    while rest:
        head, _, rest = rest.partition(b"\n")
        name, size, _ = head.decode().rsplit(" ", 2)
        out[name] = parsed(rest[:int(size)])
        rest = rest[int(size):]
    return out


def same(ours, theirs):
    """OpenSSL writes \\x05 for a byte in a name, and -D for such a byte in a text: read back, they are one."""
    return ours == theirs or (isinstance(theirs, bytes) and ours == unshown(theirs))


def compare(ours, theirs):
    differences = []
    for key in sorted(set(ours) | set(theirs)):
        if not same(ours.get(key), theirs.get(key)):
            differences.append(f"{key}: ours {ours.get(key)!r}, YARA's {theirs.get(key)!r}")
    return differences
