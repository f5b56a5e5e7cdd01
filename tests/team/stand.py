"""What docker-compose.yml starts, from the real packages, on ports of its own.

    with stand(tmp_path, database="postgresql", broker="rabbitmq", storage="s3") as team:
        team.urls, team.sign_in_link, team.processes["web-1"].kill()

Every process is ended at the end, by its number, whatever happened meanwhile.
"""

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from tests.team import servers
from tests.team.process import ROOT, Process

FOREIGN = ("LABELER_", "DATABASE_URL", "CELERY_", "AWS_", "DJANGO_", "PG")


class Stand:
    """A running installation. `processes` holds every program and server by its name."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.data = folder / "data"
        self.processes: dict[str, Process] = {}
        self.urls: list[str] = []
        self.front = ""  # the address of the proxy, where there is one
        self.predict = ""  # the address of the prediction service, where there is one

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def sign_in_link(self) -> str:
        """A new link for the owner at the first web server; those given before stop working."""
        said = self.manage("sign_in_link", "--address", self.front or self.urls[0])
        return said.stdout.split()[-1]

    @property
    def certificate(self) -> Path:
        """What to trust when asking `front`."""
        return servers.certificate(self.folder)

    def manage(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """A `manage.py` command on this installation, with what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def ready(self, url: str) -> bool:
        """What the web server at `url` says of the whole, by /readyz."""
        return answers(url, "/readyz")

    def workers_seen(self, since: float = 0.0) -> set[str]:
        """The names of the workers, without their host, that reported after `since` (time.time);
        of those that reported in the last half minute."""
        return {
            name.partition("@")[0]
            for name, when in self.rows("SELECT name, seen_at FROM work_worker")
            if _seconds(when) > max(since, time.time() - 30)
        }

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the database itself answers, past every program."""
        if self.database_url.startswith("sqlite"):
            file = self.database_url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(file, timeout=20)) as connection:
                return connection.execute(sql).fetchall()
        with closing(psycopg2.connect(self.database_url)) as there, there.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def start(self, processes: Sequence[Process]) -> None:
        """Start these at once and wait until all can be used."""
        for process in processes:
            process.start()
        for process in processes:
            process.wait_ready()

    # ---- The programs ------------------------------------------------------------------------

    def web(self, name: str) -> Process:
        """A further web server; not started yet."""
        port = servers.free_port()
        url = f"http://127.0.0.1:{port}"
        self.urls.append(url)
        return self._program(
            name, ["web"], lambda: answers(url, "/healthz"), LABELER_PORT=str(port)
        )

    def worker(self, name: str, queue: str) -> Process:
        """A further worker; not started yet."""
        words = ["worker", queue, "--name", name]
        process = self._program(
            name, words, lambda: name in self.workers_seen(since=process.started_at)
        )
        return process

    def service(self) -> Process:
        """The prediction service; not started yet."""
        return self._program("predict", ["serve"], lambda: answers(self.predict, "/readyz"))

    def _program(
        self, name: str, words: list[str], ready: Callable[[], bool], **more: str
    ) -> Process:
        process = Process(
            name, [sys.executable, "manage.py", *words], self.folder, self.environment | more, ready
        )
        self.processes[name] = process
        return process


@contextmanager
def stand(
    folder: Path,
    *,
    database: str = "sqlite",
    broker: str = "folder",
    storage: str = "folder",
    webs: int = 2,
    workers: Sequence[str] = ("rounds", "rounds", "chores"),
    predict: bool = True,
    front: bool = False,
    prepare: bool = True,
    start: bool = True,
    environment: dict[str, str] | None = None,
) -> Iterator[Stand]:
    """Start it all and wait until all of it can be used.

    database: sqlite, postgresql. broker: folder, rabbitmq, redis. storage: folder, s3 (in memory).
    workers: the queue of each; they are named rounds-1, rounds-2, chores-1. front: nginx before
    the web servers, with TLS: trust `certificate`. start: False leaves the programs, not the
    servers, to be started by the test. environment: further settings for every program.
    """
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_ended_in_order())
        team = Stand(folder, _settings(folder))
        _lay(stack, team, database, broker, storage)
        if front:
            team.environment["LABELER_BEHIND_PROXY"] = "1"
        team.environment |= environment or {}
        ours = _plan(team, webs, workers, predict)
        if prepare:
            team.manage("prepare")
        for process in ours:
            stack.callback(process.stop)
        if start:
            team.start(ours)
        if front:
            team.processes["proxy"], team.front = stack.enter_context(
                servers.proxy(folder, team.urls)
            )
        yield team


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Who is told to end (a time limit, a service manager) ends the processes first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _settings(folder: Path) -> dict[str, str]:
    """The settings of docker-compose.yml; nothing of this installation's or of this test run's."""
    kept = {n: value for n, value in os.environ.items() if not n.startswith(FOREIGN)}
    return kept | {
        "LABELER_DATA": str(folder / "data"),
        "LABELER_SECRET_KEY": secrets.token_hex(30),
        "LABELER_HOSTS": "localhost,127.0.0.1",
        "LABELER_ORIGINS": "",
        "LABELER_HTTPS": "0",  # the web servers are asked without the proxy, too
        "LABELER_BEHIND_PROXY": "0",
        "OMP_NUM_THREADS": str(os.cpu_count()),
        "DATABASE_URL": f"sqlite:///{folder / 'data' / 'labeler.sqlite3'}",
        "CELERY_BROKER_URL": "folder://",
        "PYTHONUNBUFFERED": "1",
    }


def _lay(stack: ExitStack, team: Stand, database: str, broker: str, storage: str) -> None:
    """Start the servers, and note in the settings where they are."""
    if database == "postgresql":
        process, url = stack.enter_context(servers.postgresql(team.folder))
        team.processes["database"], team.environment["DATABASE_URL"] = process, url
    if broker in ("rabbitmq", "redis"):
        process, url = stack.enter_context(getattr(servers, broker)(team.folder))
        team.processes["broker"], team.environment["CELERY_BROKER_URL"] = process, url
    if storage == "s3":
        process, url = stack.enter_context(servers.s3(team.folder))
        team.processes["s3"] = process
        team.environment |= {
            "LABELER_STORAGE_URL": f"s3://{servers.BUCKET}/pictures",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "labeler",
            "AWS_SECRET_ACCESS_KEY": servers.SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def _plan(team: Stand, webs: int, workers: Sequence[str], predict: bool) -> list[Process]:
    """Our programs, in the order they are started in."""
    if predict:
        bind = f"127.0.0.1:{servers.free_port()}"
        team.predict = f"http://{bind}"
        team.environment |= {"LABELER_SERVE_BIND": bind, "LABELER_SERVE_URL": team.predict}
    ours = [team.web(f"web-{number}") for number in range(1, webs + 1)]
    number: Counter[str] = Counter()
    for queue in workers:
        number[queue] += 1
        ours.append(team.worker(f"{queue}-{number[queue]}", queue))
    return [*ours, team.service()] if predict else ours


def _seconds(when: datetime | str) -> float:
    """Seconds since 1970; SQLite keeps UTC without saying so."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return when.timestamp()


def answers(url: str, path: str) -> bool:
    """Whether 200 comes from there within a few seconds."""
    try:
        with urllib.request.urlopen(url + path, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def until(condition: Callable[[], object], patience: float = 60.0) -> object:
    """The condition's first true value, or a failure."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"It never came true within {patience:.0f} s.")
