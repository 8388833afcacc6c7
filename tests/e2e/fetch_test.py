#!/usr/bin/env python3
"""fetch_test.py BUILD: the network's side of `overt update`, in network namespaces of its own: nginx with TLS and certificates
of our making, a forward proxy, a download that goes on where it ended; and two machines that a server cannot tell apart."""
import os
import pathlib
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402
from log_rig import EXTRA, MARKER, Client, Folder, Log, at, binary_rule, run  # noqa: E402

BUILD = pathlib.Path(os.path.abspath(sys.argv[1]))
DAY = 1767225600
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # where overt looks, and Debian puts them
NGINX = """worker_processes 1;
daemon off;
{user}pid {root}/nginx.pid;
error_log {root}/nginx.errors;
events {{ worker_connections 64; }}
http {{
    log_format requests '$request $status "$http_range"';
    access_log {root}/requests requests;
    client_body_temp_path {root}/t1;
    proxy_temp_path {root}/t2;
    fastcgi_temp_path {root}/t3;
    uwsgi_temp_path {root}/t4;
    scgi_temp_path {root}/t5;
    server {{
        listen 127.0.0.1:8080;
        listen 127.0.0.1:8443 ssl;
        ssl_certificate {root}/{certificate}.crt;
        ssl_certificate_key {root}/{certificate}.key;
        root {public};
    }}
}}
"""


# --- the stage ----------------------------------------------------------------------------------------------------------

def enter():
    """This program again, first process of namespaces of its own: they end with it."""
    words = ["unshare", "--mount", "--pid", "--net", "--uts", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    env = {**os.environ, "PATH": os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin", "LC_ALL": "C"}
    sys.exit(subprocess.run([*words, sys.executable, __file__, str(BUILD), "--inside"], env=env, check=False,
                            timeout=600).returncode)


def plain(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, timeout=120, **more)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def make_certificates(root):
    """Two authorities; each made one certificate, and the first one for another host as well."""
    for authority, names in (("ca", ("good", "elsewhere")), ("other", ("foreign",))):
        plain("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
              root / f"{authority}.key", "-out", root / f"{authority}.crt", "-subj", f"/CN={authority}", "-days", "30")
        for name in names:
            host = "elsewhere.example" if name == "elsewhere" else "localhost"
            (root / "ext").write_text(f"subjectAltName=DNS:{host}\n")
            plain("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                  root / f"{name}.key", "-out", root / f"{name}.csr", "-subj", "/CN=server")
            plain("openssl", "x509", "-req", "-in", root / f"{name}.csr", "-CA", root / f"{authority}.crt", "-CAkey",
                  root / f"{authority}.key", "-CAcreateserial", "-out", root / f"{name}.crt", "-days", "30", "-extfile",
                  root / "ext")


class Nginx:
    def __init__(self, root, public, certificate="good"):
        self.root = root
        user = "user root;\n" if os.geteuid() == 0 else ""
        (root / "nginx.conf").write_text(NGINX.format(root=root, public=public, certificate=certificate, user=user))
        self.process = subprocess.Popen(["nginx", "-c", root / "nginx.conf", "-e", root / "nginx.errors"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in (8080, 8443):
            for _ in range(1000):  # until it answers or has ended
                assert self.process.poll() is None, (root / "nginx.errors").read_text()
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                    probe.settimeout(0.01)
                    threading.Event().wait(0.01)

    def requests(self):
        return (self.root / "requests").read_text().splitlines()

    def end(self):
        self.process.terminate()
        self.process.wait(30)


# --- TLS, a proxy, a part ---------------------------------------------------------------------------------------------------

def tls_by_the_systems_certificates():
    with Folder() as root:
        make_certificates(root)
        log = Log(BUILD, root / "maker")
        log.release()
        plain("mount", "--bind", root / "ca.crt", CERTIFICATES)
        try:
            for certificate, host, why in (("good", "localhost", None), ("foreign", "localhost", "certificate"),
                                           ("elsewhere", "localhost", "certificate"), ("good", "127.0.0.1", "certificate")):
                nginx = Nginx(root, log.public, certificate)
                client = Client(BUILD, root / f"{certificate}-{host}", log.policy([f"https://{host}:8443"], EXTRA))
                code, said = client.update()
                if why is None:
                    tap.same(code, 0, said)
                    tap.same(client.scan()[0], 1)
                else:
                    tap.same(code, 2, said)
                    assert why in said, said
                nginx.end()
        finally:
            plain("umount", CERTIFICATES)


class Proxy:
    """A forward proxy: absolute addresses for http, CONNECT for https; names are resolved here and nowhere else."""

    def __init__(self, names):
        self.names, self.asked = names, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(65536)
            if not part:
                return client.close()
            head += part
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(f"{method} {target}")
        if method == "CONNECT":
            host, port = target.split(":")
            server = socket.create_connection((self.names[host], int(port)), 30)
            client.sendall(b"HTTP/1.1 200 yes\r\n\r\n")
        else:
            place, _, path = target.removeprefix("http://").partition("/")
            host, _, port = place.partition(":")
            server = socket.create_connection((self.names[host], int(port or 80)), 30)
            server.sendall(head.replace(target.encode(), b"/" + path.encode(), 1))
        back = threading.Thread(target=self.copy, args=[server, client], daemon=True)
        back.start()
        self.copy(client, server)
        back.join(30)
        server.close()
        client.close()

    @staticmethod
    def copy(source, target):
        try:
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side has hung up, which is its right

    def end(self):
        self.listener.close()


def a_forward_proxy_for_http_and_https():
    with Folder() as root:
        make_certificates(root)
        log = Log(BUILD, root / "maker")
        log.release()
        nginx = Nginx(root, log.public)
        proxy = Proxy({"localhost": "127.0.0.1", "mirror.invalid": "127.0.0.1"})
        plain("mount", "--bind", root / "ca.crt", CERTIFICATES)
        try:
            for mirror, how in (("http://mirror.invalid:8080", "GET http://mirror.invalid:8080/checkpoint"),
                                ("https://localhost:8443", "CONNECT localhost:8443")):
                proxy.asked.clear()
                extra = EXTRA + f"overt proxy http://127.0.0.1:{proxy.port}\n"
                client = Client(BUILD, root / mirror.split(":")[0], log.policy([mirror], extra))
                code, said = client.update()
                tap.same(code, 0, said)
                tap.same(client.scan()[0], 1)
                tap.same((len(proxy.asked), proxy.asked[0]), (3, how))  # checkpoint, packs, one pack
        finally:
            plain("umount", CERTIFICATES)
            proxy.end()
            nginx.end()


def a_download_goes_on_where_it_ended():
    with Folder() as root:
        make_certificates(root)
        log = Log(BUILD, root / "maker")
        log.release("".join(binary_rule(f"R{i}", f"text number {i} of many") for i in range(200)))
        pack = next((log.public / "pack").iterdir())
        nginx = Nginx(root, log.public)
        for name, half, answers in (("good", pack.read_bytes()[:5000], [("206", "bytes=5000-")]),
                                    ("wrong", b"x" * 5000, [("206", "bytes=5000-")])):
            client = Client(BUILD, root / name, log.policy(["http://localhost:8080"], EXTRA))
            staging = client.state / "log" / "staging"
            staging.mkdir(parents=True)
            (staging / pack.name).write_bytes(half)
            before = len(nginx.requests())
            code, said = client.update()
            got = [(line.split()[3], line.split('"')[1]) for line in nginx.requests()[before:] if "/pack/" in line]
            tap.same(got, answers, said)
            if name == "wrong":  # refused, thrown away, and the next begins anew
                tap.same(code, 2, said)
                code, said = client.update()
                assert nginx.requests()[-1].endswith('200 "-"'), nginx.requests()[-1]
            tap.same(code, 0, said)
            tap.same(client.scan(b"text number 199 of many\x00\x01")[0], 1)
        nginx.end()


# --- two machines -------------------------------------------------------------------------------------------------------------

class Recorder:
    """A server that keeps every byte it is sent, by the address it came from."""

    def __init__(self, place, port, public):
        self.got, self.public = {}, public
        # A socket belongs to the namespace that its thread was in when it was made.
        made = threading.Event()

        def serve():
            with open(f"/run/netns/{place}", encoding="ascii") as namespace:
                setns(namespace.fileno())
            self.listener = socket.create_server(("0.0.0.0", port))
            made.set()
            while True:
                try:
                    link, (who, _) = self.listener.accept()
                except OSError:
                    return
                self.answer(link, who)
        threading.Thread(target=serve, daemon=True).start()
        assert made.wait(30)

    def answer(self, link, who):
        data = b""
        link.settimeout(30)
        while b"\r\n\r\n" not in data:
            part = link.recv(65536)
            if not part:
                break
            data += part
        self.got.setdefault(who, []).append(data)
        path = self.public / data.split(b" ")[1].decode().lstrip("/")
        body = path.read_bytes() if path.is_file() else b""
        link.sendall(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nSet-Cookie: you=%s\r\nETag: \"%s\"\r\nConnection: close\r\n\r\n" %
                     (b"200 OK" if path.is_file() else b"404 no", len(body), who.encode(), who.encode()) + body)
        link.close()

    def end(self):
        self.listener.close()


def setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def two_machines_cannot_be_told_apart():
    """Other files, users, host names, languages, hits and histories; the same decisions at the same points
    of the log: the same bytes arrive, in the same order."""
    plain("mount", "-t", "tmpfs", "tmpfs", "/run")
    plain("ip", "netns", "add", "server")
    plain("ip", "-n", "server", "link", "set", "lo", "up")
    plain("ip", "-n", "server", "address", "add", "10.9.0.1/32", "dev", "lo")
    machines = {"a": "10.9.1.2", "b": "10.9.2.2"}
    for name, address in machines.items():
        gateway = address.rsplit(".", 1)[0] + ".1"
        plain("ip", "netns", "add", name)
        plain("ip", "link", "add", f"to-{name}", "netns", "server", "type", "veth", "peer", "name", "wire", "netns", name)
        plain("ip", "-n", "server", "address", "add", f"{gateway}/24", "dev", f"to-{name}")
        plain("ip", "-n", "server", "link", "set", f"to-{name}", "up")
        plain("ip", "-n", name, "address", "add", f"{address}/24", "dev", "wire")
        plain("ip", "-n", name, "link", "set", "lo", "up")
        plain("ip", "-n", name, "link", "set", "wire", "up")
        plain("ip", "-n", name, "route", "add", "default", "via", gateway)
    with Folder() as root:
        log = Log(BUILD, root / "maker")
        log.release(env=at(DAY))
        recorder = Recorder("server", 80, log.public)
        differing = {"a": {"HOME": "/root", "USER": "root", "LANG": "de_DE.UTF-8", "http_proxy": "http://x:1"},
                     "b": {"HOME": "/nonexistent", "USER": "b", "LANG": "C", "CURL_CA_BUNDLE": "/x"}}
        clients = {name: Client(BUILD, root / name, log.policy(["http://10.9.0.1/"], EXTRA)) for name in machines}
        (root / "a" / "secret.doc").write_bytes(b"only here" + MARKER)

        def update(name, when):
            client = clients[name]
            words = ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", f'hostname machine-{name}; exec "$@"', "sh"]
            done = subprocess.run([*words, client.overt, "update", "--policy", client.policy_path, "--state", client.state],
                                  env={**at(when), **differing[name]}, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, (done.stdout, done.stderr)

        for step in range(3):  # the first of all; without news; with news
            if step == 2:
                log.release(binary_rule("Second", "the second"), env=at(DAY + 90000))
            for name in machines:
                update(name, DAY + (90060 if step == 2 else 60 + step))
            tap.same(run(clients["a"].overt, "scan", "--no-progress", "--rules", clients["a"].state / "active.ovdb",
                         root / "a" / "secret.doc")[0], 1)  # a has a hit, b has not looked
        recorder.end()
        seen = [recorder.got[address] for address in machines.values()]
        tap.same(seen[0], seen[1])
        # Checkpoint and list each time, the first day's pack, then the second's.
        tap.same([request.split(b" ")[1].decode() for request in seen[0]],
                 ["/checkpoint", "/packs", "/pack/2026-01-01", "/checkpoint", "/packs", "/checkpoint", "/packs",
                  "/pack/2026-01-02"])
        for request in seen[0]:
            path = request.split(b" ")[1]
            tap.same(request, b"GET %s HTTP/1.1\r\nHost: 10.9.0.1\r\nAccept: */*\r\n\r\n" % path, "every byte of it")


if __name__ == "__main__":
    if "--inside" not in sys.argv:
        enter()
    plain("mount", "--make-rprivate", "/")
    plain("ip", "link", "set", "lo", "up")
    tap.run([tls_by_the_systems_certificates, a_forward_proxy_for_http_and_https, a_download_goes_on_where_it_ended,
             two_machines_cannot_be_told_apart])
