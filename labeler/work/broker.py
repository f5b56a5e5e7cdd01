"""The broker that needs no server: a message is a file, and renaming it moves it.

kombu ships a transport over files, but a reader may pick up a half-written message, and what a
reader holds dies with it. Here a message is written aside and renamed into `ready/`; a reader
renames it into a folder of its own and removes it once acknowledged. The reader keeps a lock on
that folder. The kernel frees the lock when the process dies, however it dies, and whoever can
take the lock gives the messages back.

The folder must lie on a local disk: network file systems keep neither promise.
"""

import fcntl
import logging
import os
import time
import uuid
from collections import OrderedDict
from pathlib import Path
from queue import Empty
from typing import IO, Any
from urllib.parse import quote, unquote

from django.conf import settings
from kombu.transport import virtual
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)

POLL_SECONDS = 0.03  # how often an idle reader looks
RECLAIM_SECONDS = 1.0  # how often it looks for the folders of dead readers
LOCK = "lock"


class QoS(virtual.QoS):
    """Remembers what was delivered; an acknowledgement removes the file."""

    def ack(self, delivery_tag: str) -> None:
        self.channel.settle(delivery_tag)
        super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if requeue:
            self.channel.give_back(delivery_tag)
        else:
            self.channel.settle(delivery_tag)
        self._quick_ack(delivery_tag)

    def restore_unacked(self) -> list[Any]:
        """Give back what was delivered and never acknowledged; called when the channel closes."""
        self._flush()
        for delivery_tag in self._delivered:
            self.channel.give_back(delivery_tag)
        self._delivered.clear()
        return []


class Channel(virtual.Channel):
    """One reader or writer of the folder."""

    QoS = QoS

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)
        self.root = Path(settings.BROKER_FOLDER)
        self._held: OrderedDict[str, Path] = OrderedDict()  # delivery tag → the file held
        self._desk: Path | None = None  # the folder of what this reader holds
        self._desk_lock: IO[bytes] | None = None
        self._next_reclaim = 0.0
        for part in ("new", "ready", "held"):
            (self.root / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    # ---- Writing ------------------------------------------------------------------------------

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        """Write aside, sync, rename: a reader sees the whole message or none.

        The name starts with the wall clock, which orders messages across restarts too.
        """
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}@{quote(queue, safe='@')}"
        beside = self.root / "new" / name
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(dumps(message).encode())
            file.flush()
            os.fsync(file.fileno())
        self._into_ready(beside)

    def _into_ready(self, file: Path) -> None:
        shelf = self._shelf(unquote(file.name.partition("@")[2]))
        shelf.mkdir(mode=0o700, exist_ok=True)
        file.rename(shelf / file.name)

    def _shelf(self, queue: str) -> Path:
        return self.root / "ready" / quote(queue, safe="@")

    # ---- Reading ------------------------------------------------------------------------------

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        """Take the oldest message, or raise Empty."""
        self._reclaim_now_and_then()
        for name in self._waiting(queue):
            held = self._hold(self._shelf(queue) / name)
            message = held and self._read(held)
            if held and message:
                self._held[message["properties"]["delivery_tag"]] = held
                return message
        raise Empty

    def _waiting(self, queue: str) -> list[str]:
        try:
            return sorted(os.listdir(self._shelf(queue)))  # noqa: PTH208 - names alone, often
        except FileNotFoundError:
            return []

    def _hold(self, file: Path) -> Path | None:
        """Rename the file onto our desk; None if another reader was faster."""
        held = self._own_desk() / file.name
        try:
            file.rename(held)
        except FileNotFoundError:
            return None
        return held

    def _read(self, held: Path) -> Any:
        """The message, or None after putting a damaged one aside, so that it blocks nobody."""
        try:
            message = loads(held.read_bytes())
            message["properties"]["delivery_tag"]
        except (ValueError, KeyError, TypeError):
            aside = self.root / "damaged"
            aside.mkdir(mode=0o700, exist_ok=True)
            held.rename(aside / held.name)
            log.warning("A damaged message was put aside: %s", aside / held.name)
            return None
        return message

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Any, consumer_tag: str, **options: Any
    ) -> None:
        def taken(message: Any) -> Any:
            if no_ack:
                self.settle(message.delivery_tag)
            return callback(message)

        super().basic_consume(queue, no_ack, taken, consumer_tag, **options)

    def basic_get(self, queue: str, no_ack: bool = False, **options: Any) -> Any:
        message = super().basic_get(queue, no_ack=no_ack, **options)
        if message is not None and no_ack:
            self.settle(message.delivery_tag)
        return message

    # ---- What a reader holds ------------------------------------------------------------------

    def settle(self, delivery_tag: str) -> None:
        """The message was dealt with: remove it."""
        held = self._held.pop(delivery_tag, None)
        if held is not None:
            held.unlink(missing_ok=True)

    def give_back(self, delivery_tag: str) -> None:
        """Put the message back in its old place in the queue."""
        held = self._held.pop(delivery_tag, None)
        if held is not None:
            self._into_ready(held)

    def _restore(self, message: Any) -> None:
        self.give_back(message.delivery_tag)

    def _own_desk(self) -> Path:
        """The locked folder of this reader. It is locked before it appears among the others'."""
        if self._desk is None:
            name = uuid.uuid4().hex
            beside = self.root / "new" / name
            beside.mkdir(mode=0o700)
            self._desk_lock = (beside / LOCK).open("wb")
            fcntl.flock(self._desk_lock, fcntl.LOCK_EX)
            self._desk = beside.rename(self.root / "held" / name)
        return self._desk

    def _reclaim_now_and_then(self) -> None:
        if time.monotonic() < self._next_reclaim:
            return
        self._next_reclaim = time.monotonic() + RECLAIM_SECONDS
        for desk in (self.root / "held").iterdir():
            if desk != self._desk:
                self._clear_if_dead(desk)

    def _clear_if_dead(self, desk: Path) -> None:
        """Give back what lies on a dead reader's desk."""
        try:
            with (desk / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for file in desk.iterdir():
                    if file.name != LOCK:
                        self._into_ready(file)
                (desk / LOCK).unlink()
                desk.rmdir()
        except (BlockingIOError, FileNotFoundError):
            return  # its reader lives, or another reader cleared it just now

    def close(self) -> None:
        super().close()
        desk, lock = self._desk, self._desk_lock
        self._desk = self._desk_lock = None
        if desk is not None and lock is not None:
            lock.close()
            self._clear_if_dead(desk)

    # ---- The rest of a queue ------------------------------------------------------------------

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        names = self._waiting(queue)
        for name in names:
            (self._shelf(queue) / name).unlink(missing_ok=True)
        return len(names)


class Transport(virtual.Transport):
    """`folder://`: messages are files under settings.BROKER_FOLDER."""

    Channel = Channel
    polling_interval = POLL_SECONDS
    driver_type = "folder"
    driver_name = "folder"

    def driver_version(self) -> str:
        return "1"
