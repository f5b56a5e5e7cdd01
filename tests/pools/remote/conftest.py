"""Servers of their own on this machine: pictures, tricks, and one that nobody may reach."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from labeler.pools.remote import connections, s3
from tests.conftest import picture
from tests.pools.s3_server import KEYS

SECRET = b"root:x:0:0 what the refused side says"
NAME = "pictures.example"  # the name on the certificate


class Canary:
    """A listener that counts who connects."""

    def __init__(
        self, family: int = socket.AF_INET, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.socket = socket.create_server((host, port), family=family)
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            caller.close()

    def count(self) -> int:
        """Connections so far; one of our own shows that it hears at all."""
        before = self.connections
        socket.create_connection(self.socket.getsockname()[:2]).close()
        end = time.monotonic() + 20
        while self.connections == before:
            assert time.monotonic() < end, "the canary is deaf"
            time.sleep(0.01)
        return self.connections - 1


@pytest.fixture
def canary():
    found = Canary()
    yield found
    found.socket.close()


class Tricks(BaseHTTPRequestHandler):
    """Answers by path. `server.seen` lists what was asked, with the headers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        head, _, rest = self.path.lstrip("/").partition("/")
        try:
            getattr(self, f"_{head.partition('.')[0]}", self._missing)(rest)
        except OSError:  # the caller had enough
            self.close_connection = True

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_args: object) -> None:
        pass

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _missing(self, _rest: str) -> None:
        self.send(404, SECRET)

    def _ok(self, rest: str) -> None:
        data = picture(int(rest.partition(".")[0] or 0))
        self.send(200, data, ETag=f'"{rest}-{self.server.edition}"', Set_Cookie="who=you")

    def _undated(self, rest: str) -> None:
        self.send(200, picture(int(rest.partition(".")[0])))

    def _status(self, rest: str) -> None:
        self.send(int(rest), SECRET)

    def _slowly(self, rest: str) -> None:
        time.sleep(0.2)
        self._ok(rest)

    def _flaky(self, rest: str) -> None:
        self.server.failures -= 1
        if self.server.failures >= 0:
            self.send(503, SECRET)
        else:
            self._ok(rest)

    def _to(self, rest: str) -> None:
        status, _, onward = rest.partition("/")
        self.send(int(status), SECRET, Location=self.server.onward.get(onward, onward))

    def _hops(self, rest: str) -> None:
        left = int(rest)
        self.send(302, SECRET, Location="/ok/1.png" if left == 0 else f"/hops/{left - 1}")

    def _loop(self, _rest: str) -> None:
        self.send(302, SECRET, Location="/loop")

    def _page(self, _rest: str) -> None:
        self.send(
            200, b"  <!DOCTYPE html><title>Sign in</title>" + SECRET, Content_Type="image/png"
        )

    def _short(self, _rest: str) -> None:
        self.send(200, picture(1), Content_Length=str(len(picture(1)) + 100))
        self.close_connection = True

    def _announced(self, _rest: str) -> None:
        self.send(200, b"x", Content_Length=str(10**12))

    def _packed(self, _rest: str) -> None:
        self.send(200, b"\x1f\x8b" + bytes(100), Content_Encoding="gzip")

    def _drip(self, _rest: str) -> None:
        self.send(200, b"", Content_Length="1000000")
        self._one_by_one()

    def _drip_in_head(self, _rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._one_by_one()

    def _drip_in_chunk(self, _rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        self._one_by_one(b"0")

    def _one_by_one(self, byte: bytes = b"x") -> None:
        for _ in range(600):
            self.wfile.write(byte)
            self.wfile.flush()
            time.sleep(0.1)

    def _silent(self, _rest: str) -> None:
        time.sleep(30)

    def _endless(self, _rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.wfile.write(bytes(65536))

    def _endless_chunks(self, _rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")

    def _chunked(self, rest: str) -> None:
        data = picture(int(rest.partition(".")[0]))
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(data), 50):
            part = data[start : start + 50]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def _smuggled(self, _rest: str) -> None:
        """One answer, and another that nobody asked for."""
        self.send(200, picture(1) + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
                  Content_Length=str(len(picture(1))))  # fmt: skip

    def _nonsense(self, _rest: str) -> None:
        self.wfile.write(SECRET + b"\r\n\r\n")
        self.close_connection = True

    def _list(self, rest: str) -> None:
        self.send(200, self.server.files[rest])


class Quiet(ThreadingHTTPServer):
    """Callers who hang up are the point of these tests, and no news."""

    daemon_threads = True

    def handle_error(self, *_given: object) -> None:
        pass


class Server:
    """A web server with tricks in a thread."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.http = Quiet(("127.0.0.1", 0), Tricks)
        self.http.seen, self.http.onward, self.http.files = [], {}, {}
        self.http.edition, self.http.failures = 1, 0
        self.port = self.http.server_address[1]
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def seen(self) -> list:
        return self.http.seen

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def web(settings):
    """A plain http server that the operator allows."""
    server = Server()
    settings.FETCH_ALLOW = [f"127.0.0.1:{server.port}"]
    yield server
    server.http.shutdown()
    server.http.server_close()


def signed(folder, name: str) -> tuple[str, str]:
    """A certificate for the name, signed by itself: files of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(cert), str(secret)


@pytest.fixture
def tls(settings, tmp_path):
    """An https server whose certificate says `pictures.example`; nobody trusts it yet."""
    cert, key = signed(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.sni_callback = lambda _sock, name, _context: server.http.seen.append(("SNI", name))
    server = Server(context)
    server.cert = cert
    settings.FETCH_ALLOW = [f"{NAME}:{server.port}"]
    connections._trust.cache_clear()
    yield server
    connections._trust.cache_clear()
    server.http.shutdown()
    server.http.server_close()


def answering(*numbers: str):
    """A resolver that answers with these addresses, one after the other, the last for good."""
    left = list(numbers)

    def resolve(_host: str, port: int, **_more: object) -> list[tuple]:
        number = left.pop(0) if len(left) > 1 else left[0]
        resolve.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    resolve.asked = 0
    return resolve


@pytest.fixture
def bucket(moto, settings, monkeypatch, request):
    """An empty bucket `leaves` that the operator lets admins read; a client of its own."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    settings.S3_ENDPOINT = f"http://127.0.0.1:{moto}"
    settings.FETCH_ALLOW = [f"127.0.0.1:{moto}"]
    settings.IMPORT_BUCKETS = ["s3://leaves"]
    s3._client.cache_clear()
    client = boto3.client("s3", endpoint_url=settings.S3_ENDPOINT)
    made = boto3.resource("s3", endpoint_url=settings.S3_ENDPOINT).Bucket("leaves")
    if "leaves" in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        made.object_versions.delete()
    else:
        made.create()
    yield made
    s3._client.cache_clear()
