"""Waiting for a round that a worker does, for commands that a person watches."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labeler.projects.models import Project
from labeler.training import embeddings
from labeler.training.models import FeatureFit, Round
from labeler.work import health
from labeler.work.kinds import CHORES, ROUNDS

HOW = (
    "Start one in another terminal with: celery -A labeler worker -Q {0} -n {0}@%h\n"
    "or give --workers and the command starts its own while it runs."
)
GRACE = 15.0  # seconds a started worker gets to be seen
POLL = 0.02


class NobodyWorks(Exception):
    """No worker was seen; the message says how to start one."""


def need_workers(queues: frozenset[str] = frozenset({ROUNDS})) -> None:
    """Raise NobodyWorks unless every queue has a worker that was seen lately."""
    served = {queue for worker in health.workers() for queue in worker.queues.split(",")}
    missing = sorted(queues - served)
    if missing:
        raise NobodyWorks(
            f"No worker takes {' and '.join(missing)}. {HOW.format(','.join(missing))}"
        )


def for_round(round_: Round, watch: Callable[[Round], None] = lambda _: None) -> Round:
    """The round once it is closed. Raises NobodyWorks if its workers go away meanwhile."""
    silent_since = time.monotonic()
    while True:
        round_.refresh_from_db()
        if not round_.is_open:
            return round_
        watch(round_)
        if time.monotonic() - silent_since > GRACE:
            need_workers()
            silent_since = time.monotonic()
        time.sleep(POLL)


def for_embeddings(project: Project, watch: Callable[[int, int], None]) -> None:
    """Return once every image is embedded. Raises NobodyWorks, also where no worker could do it:
    the features learn first, and have too little to learn from or failed."""
    while True:
        done, total = embeddings.progress(project)
        watch(done, total)
        if done >= total:
            return
        stuck = FeatureFit.objects.filter(project=project, features=project.features)
        if fit := stuck.filter(
            state__in=(FeatureFit.State.WAITING, FeatureFit.State.FAILED)
        ).first():
            raise NobodyWorks(f"The features {fit.features} cannot be had: {fit.error}")
        need_workers(frozenset({CHORES}))
        time.sleep(0.5)


@contextmanager
def own_workers(queues: tuple[str, ...] = (ROUNDS, CHORES)) -> Iterator[None]:
    """Workers that live as long as the block."""
    started = [_start(queue) for queue in queues]
    try:
        _until_seen(frozenset(queues))
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def _start(queue: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own worker, no words from outside
        [sys.executable, "-W", "ignore", "-m", "celery", "-q", "-A", "labeler", "worker",
         "-Q", queue, "-n", f"{queue}-of-command@%h",
         "--without-gossip", "--without-mingle", "-l", "WARNING"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _until_seen(queues: frozenset[str]) -> None:
    until = time.monotonic() + GRACE
    while True:
        try:
            return need_workers(queues)
        except NobodyWorks:
            if time.monotonic() > until:
                raise
        time.sleep(0.2)
