"""Requests that no HTTP library would send, against the real web server (numbers 94, 103, 104, 109
of docs/explanation/bad-inputs.md). One server for all; it must live and answer afterwards.
"""

import os
import socket
import subprocess
import sys

import pytest

from tests.supervisor.installation import ROOT, environment, until

pytestmark = pytest.mark.slow
GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    port = free_port()
    env = environment(tmp_path_factory.mktemp("web"), port)
    static = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(static, cwd=ROOT, env=env, check=True)  # pages of errors name a style sheet
    server = subprocess.Popen(
        [sys.executable, "manage.py", "web"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: _listens(port), 90)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def sent(port, data, *, hang_up=False):
    """The first line of the answer; empty where the server only closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(data)
            if hang_up:
                return b""
            line.shutdown(socket.SHUT_WR)
            return line.makefile("rb").readline().strip()
        except OSError:
            return b""  # it closed while we were still sending


@pytest.fixture(autouse=True)
def _lives_on(port):
    yield
    assert b" 200 " in sent(port, GOOD) + b" "


def get(*headers, path=b"/healthz", version=b"1.1", method=b"GET"):
    lines = [b"%s %s HTTP/%s" % (method, path, version), *headers]
    return b"\r\n".join(lines) + b"\r\nConnection: close\r\n\r\n"


HOST = b"Host: localhost"
ODD = {
    "103 two hosts": get(HOST, b"Host: evil"),
    "103 another host": get(b"Host: evil"),
    "104 8,000 headers": get(HOST, *[b"X-%d: 1" % n for n in range(8_000)]),
    "104 a header of 1 MB": get(HOST, b"X: " + b"y" * 1_000_000),
    "104 an address of 100 KB": get(HOST, path=b"/" + b"x" * 100_000),
    "83 a cursor of 1 MB": get(HOST, path=b"/api/v1/projects?cursor=" + b"x" * 1_000_000),
    "104 a header without a name": get(HOST, b": x"),
    "104 a folded header": get(HOST, b"X: a\r\n b"),
    "104 a header with NUL": get(HOST, b"X: a\0b"),
    "109 two lengths": get(HOST, b"Content-Length: 1", b"Content-Length: 2", method=b"POST"),
    "109 a length and chunks": get(
        HOST, b"Content-Length: 4", b"Transfer-Encoding: chunked", method=b"POST"
    ),
    "109 a length below zero": get(HOST, b"Content-Length: -1", method=b"POST"),
    "109 chunks twice": get(HOST, b"Transfer-Encoding: chunked, chunked", method=b"POST"),
    "109 a chunk of no number": get(HOST, b"Transfer-Encoding: chunked", method=b"POST")
    + b"xyz\r\n",
    "102 no method": get(HOST, method=b"G\x00T"),
    "102 CONNECT": get(HOST, method=b"CONNECT", path=b"localhost:22"),
    "102 TRACE": get(HOST, method=b"TRACE"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "an old HTTP": get(HOST, version=b"0.9"),
    "nothing": b"",
    "empty lines": b"\r\n" * 500,
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_request_is_refused_or_dropped(port, name):
    first = sent(port, ODD[name])
    assert not first.startswith(b"HTTP/1.1 2"), first
    assert not first.startswith(b"HTTP/1.1 5"), first


def test_without_a_host_it_is_the_address_that_was_called(port):
    """103: nothing of ours can be led elsewhere by a name that nobody sent."""
    assert b" 200 " in sent(port, get())


@pytest.mark.parametrize("path", [b"/sign-in", b"/api/v1/projects/1/imports"])
def test_who_hangs_up_in_the_middle_holds_nobody_up(port, path):
    """94: as many as there are threads, twice."""
    head = get(HOST, b"Content-Length: 1000000", method=b"POST", path=path)
    for _ in range(2 * (os.cpu_count() or 1) + 16):
        sent(port, head + b"x" * 1_000, hang_up=True)
