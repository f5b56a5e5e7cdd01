"""The servers a team's installation stands on: real ones, each in a folder of its own."""

import getpass
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.team.process import ROOT, Process

SECRET = "of-the-stand-alone"  # on loopback, for as long as a test takes
BUCKET = "labeler"
PROXY = ROOT / "proxy" / "nginx.conf"
PORTS = range(20_000, 32_000)  # below those that outgoing connections take


def free_port() -> int:
    """A port of loopback that nobody listens on, and that no connection will take."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)):
                return port


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _plain() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def _program(*places: str) -> str:
    """The first of these programs that is installed; the test is skipped where none is."""
    for place in places:
        if found := shutil.which(place) or next(
            (str(path) for path in sorted(Path("/").glob(place.lstrip("/")), reverse=True)), None
        ):
            return found
    missing = pytest.fail if os.environ.get("CI") else pytest.skip
    return missing(f"{places[0]} is not installed.")


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Process, str]]:
    """A PostgreSQL server and the address of its empty database.

    As root its files lie in a folder of the user `postgres`: the server refuses to run as root.
    """
    initdb = _program("/usr/lib/postgresql/*/bin/initdb", "initdb")
    user = "postgres" if os.geteuid() == 0 else None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        if user:
            shutil.chown(place, user, user)
        (folder / "postgresql").symlink_to(place)
        data = Path(place) / "data"
        as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        subprocess.run(
            [initdb, "-D", data, "-U", "labeler", "-A", "trust", "-E", "UTF8", "--locale", "C",
             "--no-sync", "--no-instructions"],
            cwd=place, env=_plain(), check=True, capture_output=True, **as_user,
        )  # fmt: skip
        command = [
            str(Path(initdb).with_name("postgres")), "-D", str(data), "-p", str(port),
            "-h", "127.0.0.1", "-k", place, "-c", "max_connections=200",
        ]  # fmt: skip
        url = f"postgres://labeler@127.0.0.1:{port}"
        server = Process(
            "postgresql", command, folder, _plain(), lambda: _answers(f"{url}/postgres"),
            user=user, cwd=Path(place),
        )  # fmt: skip
        with running(server):
            _make_database(f"{url}/postgres")
            yield server, f"{url}/labeler"


def _answers(url: str) -> bool:
    import psycopg2

    try:
        psycopg2.connect(url, connect_timeout=2).close()
    except psycopg2.Error:
        return False
    return True


def _make_database(url: str) -> None:
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE labeler")
    connection.close()


@contextmanager
def rabbitmq(folder: Path) -> Iterator[tuple[Process, str]]:
    """A RabbitMQ node with an epmd of its own, and its address for Celery."""
    program = _program("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    port, names = free_port(), free_port()
    place = folder / "rabbitmq"
    place.mkdir()
    (place / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\ndefault_user = labeler\ndefault_pass = {SECRET}\n"
    )
    (place / "plugins").write_text("[].")
    environment = _plain() | {
        "HOME": str(place),
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"stand{port}@localhost",
        "RABBITMQ_CONF_ENV_FILE": str(place / "none"),
        "RABBITMQ_CONFIG_FILE": str(place / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(place / "mnesia"),
        "RABBITMQ_LOG_BASE": str(place / "log"),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
    }
    directory = Process(
        "epmd", [_program("epmd"), "-port", str(names), "-address", "127.0.0.1"], folder,
        environment, lambda: listens(names),
    )  # fmt: skip
    server = Process("rabbitmq", [program], folder, environment, lambda: _speaks_amqp(port))
    with running(directory), running(server):
        yield server, f"amqp://labeler:{SECRET}@127.0.0.1:{port}//"


def _speaks_amqp(port: int) -> bool:
    """It listens a little before it answers; then it greets or says which version it speaks."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as one:
            one.settimeout(2)
            one.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(one.recv(8))
    except OSError:
        return False


@contextmanager
def redis(folder: Path) -> Iterator[tuple[Process, str]]:
    """A Redis server that writes every command down, and its address for Celery."""
    port, place = free_port(), folder / "redis"
    place.mkdir()
    command = [
        _program("redis-server"), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(place),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
    ]  # fmt: skip
    server = Process("redis", command, folder, _plain(), lambda: _pong(port))
    with running(server):
        yield server, f"redis://127.0.0.1:{port}/0"


def _pong(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as one:
            one.settimeout(2)
            one.sendall(b"PING\r\n")
            return one.recv(16).startswith(b"+PONG")
    except OSError:
        return False


@contextmanager
def s3(folder: Path) -> Iterator[tuple[Process, str]]:
    """An S3 server and its address. It keeps everything in memory: killed, it has lost all."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = Process("s3", command, folder, _plain(), lambda: listens(port))
    with running(server):
        yield server, f"http://127.0.0.1:{port}"


@contextmanager
def proxy(folder: Path, webs: list[str]) -> Iterator[tuple[Process, str]]:
    """nginx with the team's own configuration before the web servers, and its address: https,
    with the certificate `certificate(folder)`."""
    program, place, port = _program("nginx", "/usr/sbin/nginx"), folder / "proxy", free_port()
    place.mkdir()
    file = place / "nginx.conf"
    file.write_text(_here(PROXY.read_text(), place, webs, port))
    subprocess.run(
        ["sh", ROOT / "tools" / "secrets.sh", place / "secrets"], check=True, capture_output=True
    )
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    command = [program, "-c", str(file), "-p", str(place), "-g", f"daemon off; {user}"]
    with running(Process("proxy", command, folder, _plain(), lambda: listens(port))) as server:
        yield server, f"https://127.0.0.1:{port}"


def certificate(folder: Path) -> Path:
    """What to trust when asking the proxy."""
    return folder / "proxy" / "secrets" / "tls_certificate"


def _here(text: str, place: Path, webs: list[str], port: int) -> str:
    """The configuration with the ports, folders and names of this stand, for older nginx too."""
    servers = " ".join(f"server {web.removeprefix('http://')};" for web in webs)
    for there, here in {
        "/tmp/": f"{place}/",
        "/run/secrets/": f"{place}/secrets/",
        "resolver 127.0.0.11 valid=5s;": "",
        "server web:8000 resolve;": servers,
        "listen 8443 ssl;": f"listen 127.0.0.1:{port} ssl http2;",
        "http2 on;": "",
        "listen 8080;": f"listen 127.0.0.1:{free_port()};",
        "worker_processes auto;": "worker_processes 1;",
    }.items():
        assert there in text, f"{PROXY} no longer says {there}"
        text = text.replace(there, here)
    return text


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """Start it, wait until it can be used, end it whatever happens."""
    try:
        yield process.start().wait_ready()
    finally:
        process.stop()
