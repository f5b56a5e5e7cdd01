"""The faults: each breaks something for a while, and mends only what no supervisor would.

A fault is a context manager: what is broken is broken while its block runs. `says` looks at what
the installation says of itself meanwhile; it returns once the trouble was named.
"""

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.field import LEASE, Field, until
from tests.faults.stored import asking
from tests.team.process import Process, send, tree
from tests.team.stand import Stand

STOPS = 60.0  # seconds after SIGTERM; a machine may be busy
FAKETIME = "*/faketime/libfaketimeMT.so.1"


@dataclass(frozen=True)
class Fault:
    """`lasts`: seconds, at random between the two, on top of what `says` takes."""

    name: str
    breaking: Callable[[Field], AbstractContextManager[None]]
    lasts: tuple[float, float] = (0.0, 1.5)
    fits: Callable[[Stand], bool] = lambda stand: True
    says: Callable[[Field], object] = lambda field: None
    often: int = 1  # how often it is drawn, against the others, after the first time


# ---- Killed, stopped, asked to end ---------------------------------------------------------------


def killed(*kinds: str, number: int = signal.SIGKILL) -> Callable[[Field], AbstractContextManager]:
    """One process of each kind gets the signal, and is started again when the fault ends."""

    @contextmanager
    def breaking(field: Field) -> Iterator[None]:
        with _down([field.one(kind) for kind in kinds], number):
            yield

    return breaking


def all_killed(*kinds: str) -> Callable[[Field], AbstractContextManager]:
    """Every process of these kinds at the same moment."""

    @contextmanager
    def breaking(field: Field) -> Iterator[None]:
        with _down([one for kind in kinds for one in field.all(kind)], signal.SIGKILL):
            yield

    return breaking


@contextmanager
def _down(victims: list[Process], number: int) -> Iterator[None]:
    for one in victims:
        one.kill(number)
    try:
        for one in victims:
            one.wait(STOPS)  # told to stop in order, it stops in time
        yield
    finally:
        for one in victims:
            if not one.alive:
                one.start()


@contextmanager
def web_child_killed(field: Field) -> Iterator[None]:
    """One of the processes that answer requests; the server itself starts the next."""
    children = [pid for web in field.all("web") for pid in tree(web.pid)[1:]]
    if children:
        send(field.chance.choice(children), signal.SIGKILL)
    yield


@contextmanager
def stopped(field: Field) -> Iterator[None]:
    """A worker stands still for two leases in what may be the middle of a round; another one takes
    the round over; then the first goes on as if nothing had happened."""
    victim = field.one("rounds")
    field.ask_for_round()
    field.pause(0, 1)
    victim.kill(signal.SIGSTOP)
    try:
        field.pause(2 * LEASE, 2 * LEASE + 1)
        yield
    finally:
        victim.kill(signal.SIGCONT)


@contextmanager
def many_ask(field: Field) -> Iterator[None]:
    """The same round asked for at every web server at once, again and again."""
    browsers = [owner.again() for owner in field.owners for _ in range(2)]
    together = threading.Barrier(len(browsers))

    def ask(number: int) -> None:
        together.wait()
        for _ in range(3):
            browsers[number].ask(f"{field.api}/rounds", {})

    askers = [threading.Thread(target=ask, args=(n,)) for n in range(len(browsers))]
    for one in askers:
        one.start()
    for one in askers:
        one.join()
    yield


@contextmanager
def wrong_clock(field: Field) -> Iterator[None]:
    """A worker whose clock is an hour ahead or behind does the next rounds."""
    victim, hours = field.one("rounds"), field.chance.choice(("+3600", "-3600"))
    victim.kill(signal.SIGTERM)
    victim.wait(STOPS)
    victim.start(LD_PRELOAD=_faketime(), FAKETIME=hours, DONT_FAKE_MONOTONIC="1")
    try:
        field.round_finishes()
        yield
    finally:
        victim.kill(signal.SIGKILL)
        victim.wait(STOPS)
        victim.start()


def _faketime() -> str:
    """The library that turns a program's clock, of the Debian package faketime; "" without it."""
    return next((str(path) for path in Path("/usr/lib").glob(FAKETIME)), "")


def _can_fake_time(stand: Stand) -> bool:
    return bool(_faketime())


# ---- The disk and the database -------------------------------------------------------------------


@contextmanager
def full_disk(field: Field) -> Iterator[None]:
    """Not a byte is left where the data folder lies."""
    hog = field.data / "hog"
    try:
        _fill(hog)
        yield
    finally:
        hog.unlink(missing_ok=True)


def _fill(file: Path) -> None:
    block = 1 << 20
    with file.open("ab", buffering=0) as hog:
        while block:
            try:
                hog.write(b"\0" * block)
            except OSError:
                block //= 2


@contextmanager
def locked(field: Field) -> Iterator[None]:
    """Another program holds SQLite's write lock, and is killed holding it."""
    with asking(field.stand.database_url) as ask:
        ask("BEGIN IMMEDIATE")
        yield


def _small_disk(stand: Stand) -> bool:
    """Whether the stand lies on a small file system of its own, which may be filled."""
    facts = os.statvfs(stand.folder)
    return os.path.ismount(stand.folder) and facts.f_blocks * facts.f_frsize <= 1 << 31


# ---- What is said meanwhile ----------------------------------------------------------------------


def says_broker_is_away(field: Field) -> None:
    until(lambda: field.readiness().get("broker") is False, 15)


def says_database_is_away(field: Field) -> None:
    until(lambda: field.readiness().get("database") is False, 15)
    status, told = until(lambda: field.probes[0].once("claim", "queue/claim", {"count": 1}), 15)
    assert status in (0, 503), (status, told)


def says_no_worker(field: Field) -> None:
    until(lambda: "No worker has been seen" in field.line(), 60)
    assert field.readiness().get("worker") is False


def says_broker_in_the_bar(field: Field) -> None:
    says_broker_is_away(field)
    until(lambda: "The broker does not answer." in field.line(), 60)


def says_no_predictions(field: Field) -> None:
    until(lambda: field.predicted() == (503, "no_service"), 15)


def _has(kind: str) -> Callable[[Stand], bool]:
    return lambda stand: kind in stand.processes


def _sqlite(stand: Stand) -> bool:
    return stand.database_url.startswith("sqlite")


FAULTS = [
    Fault("kill -9 web server", killed("web"), often=2),
    Fault("kill -9 process of a web server", web_child_killed, often=6),
    Fault("kill -9 rounds worker", killed("rounds"), often=2),
    Fault("kill -9 chores worker", killed("chores")),
    Fault("kill -9 all workers, their sweeps", all_killed("rounds", "chores")),
    Fault("kill -9 prediction service", killed("predict"), fits=_has("predict"),
          says=says_no_predictions),
    Fault("kill -9 broker", killed("broker"), fits=_has("broker"), often=2,
          says=says_broker_is_away),
    Fault("kill -9 database", killed("database"), fits=_has("database"), often=5,
          says=says_database_is_away),
    Fault("database restarted", killed("database", number=signal.SIGINT), fits=_has("database"),
          often=3),
    Fault("SIGTERM web server", killed("web", number=signal.SIGTERM)),
    Fault("SIGTERM rounds worker", killed("rounds", number=signal.SIGTERM)),
    Fault("worker stopped past its lease", stopped, often=3),
    Fault("many ask for one round", many_ask, often=3),
    Fault("worker's clock off by an hour", wrong_clock, fits=_can_fake_time),
    Fault("disk full", full_disk, lasts=(1, 4), fits=_small_disk, often=3),
    Fault("write lock held, holder killed", locked, lasts=(8, 9), fits=_sqlite, often=2),
]  # fmt: skip
LONG = [
    Fault("broker down for a minute", killed("broker", number=signal.SIGTERM), lasts=(5, 10),
          fits=_has("broker"), says=says_broker_in_the_bar, often=0),
    Fault("no worker for half a minute", all_killed("rounds", "chores"), says=says_no_worker,
          often=0),
]  # fmt: skip


def deal(stand: Stand, chance: random.Random) -> Iterator[Fault]:
    """The faults that this installation can suffer, in ever new random order.

    The first time around each once; then as often as each says, the long ones now and then.
    """
    fitting = [fault for fault in (*FAULTS, *LONG) if fault.fits(stand)]
    first = True
    while True:
        deck = [fault for fault in fitting for _ in range(1 if first else fault.often)]
        chance.shuffle(deck)
        yield from deck
        first = False
