"""The programs an installation consists of, and the command that starts each."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

QUEUES = ("rounds", "chores")
CHORES_NICENESS = 5  # imports and embeddings step back for rounds and pages


@dataclass(frozen=True)
class Program:
    """A program by the name its log lines carry. `files` are descriptors it inherits."""

    name: str
    command: list[str]
    files: tuple[int, ...] = field(default=())


def web(bind: str) -> list[str]:
    """The web server, listening on `bind`: `host:port`, or `fd://N` for a socket that listens."""
    memory = Path("/dev/shm")  # noqa: S108 - where gunicorn keeps its heartbeats, not our files
    return [
        sys.executable, "-m", "gunicorn", "labeler.wsgi:application",
        "--bind", bind,
        "--worker-class", "gthread",
        "--workers", str(settings.WEB_PROCESSES),
        "--threads", str(settings.WEB_THREADS),
        "--preload",
        "--graceful-timeout", "5",
        "--log-level", "warning",
        "--no-control-socket",
        *(["--worker-tmp-dir", str(memory)] if memory.is_dir() else []),
    ]  # fmt: skip


def serve() -> list[str]:
    """The prediction service: it finds a port and writes down where it listens."""
    return [sys.executable, str(settings.ROOT / "manage.py"), "serve"]


def prediction(bind: str) -> list[str]:
    """The server that the prediction service becomes. One process: a model in memory is large.
    No preload: after a fork, torch hangs."""
    return [
        sys.executable, "-m", "gunicorn", "labeler.wsgi:application",
        "--bind", bind,
        "--worker-class", "gthread",
        "--workers", "1",
        "--threads", str(settings.SERVE_THREADS),
        "--timeout", "0",
        "--keep-alive", "75",  # the web server's threads keep their connections
        "--graceful-timeout", "5",
        "--log-level", "warning",
        "--no-control-socket",
    ]  # fmt: skip


def worker(queue: str, name: str = "") -> list[str]:
    """A worker for one queue. One task at a time: the work itself uses every core.

    name: tells workers of one queue on one host apart; the queue's where there is only one.
    """
    polite = ["nice", "-n", str(CHORES_NICENESS)] if queue == "chores" else []
    no_warning = ["-W", "ignore:You're running the worker"]  # as root: `up` says it in one line
    return [
        *polite, sys.executable, *no_warning, "-m", "celery",
        "--quiet", "--app", "labeler.celery", "worker",
        "--queues", queue,
        "--hostname", f"{name or queue}@%h",
        "--concurrency", "1",
        "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def everything(listening: int) -> list[Program]:
    """Web server and workers of this installation; `listening` is the web server's open socket."""
    workers = [Program(f"{queue} worker", worker(queue)) for queue in QUEUES]
    web_server = Program("web", web(f"fd://{listening}"), (listening,))
    return [web_server, *workers, Program("prediction service", serve())]
