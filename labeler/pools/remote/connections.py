"""Connections to judged addresses: made, hurried, cut, and kept a while for the next request."""

import functools
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings

from labeler.pools.remote import guard
from labeler.pools.remote.guard import Target

CONNECT_SECONDS, SILENT_SECONDS = 10.0, 15.0
SLOWEST = 100_000  # bytes a second at which a long file may come in


class Clock:
    """The time one request may take: fixed, or growing with what has come in."""

    def __init__(self, seconds: float | None = None, *, grows: bool = False) -> None:
        # A worker keeps its lease between two files; one file must not outlast it.
        self.seconds = seconds or min(settings.FETCH_SECONDS, settings.LEASE_SECONDS / 2)
        self.grows = grows
        self.received = 0
        self.started = time.monotonic()

    def left(self) -> float:
        extra = self.received / SLOWEST if self.grows else 0.0
        return self.started + self.seconds + extra - time.monotonic()


class Line(http.client.HTTPConnection):
    """A connection to one of the judged addresses; certificate and Host speak of the name."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_SECONDS)
        self.default_port = guard.PORTS[target.scheme]
        self.target = target
        self.wire: socket.socket | None = None  # stays reachable after http.client lets go of it
        self.number = ""
        self.left = CONNECT_SECONDS

    def hurry(self, clock: Clock) -> None:
        """No single wait is longer than what is left of the clock."""
        self.left = max(clock.left(), 0.01)
        if self.wire:
            self.wire.settimeout(min(SILENT_SECONDS, self.left))

    def connect(self) -> None:
        """To the first judged address that answers. No name is looked up here."""
        sock = self._connected()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(min(SILENT_SECONDS, self.left))
        if self.target.scheme == "https":
            sock = _trust().wrap_socket(sock, server_hostname=self.target.host)
        self.sock = self.wire = sock

    def _connected(self) -> socket.socket:
        problem: OSError | None = None
        patience = min(CONNECT_SECONDS, self.left) / min(len(self.target.addresses), 3)
        for number in self.target.addresses[:3]:
            try:
                sock = socket.create_connection((number, self.target.port), timeout=patience)
                self.number = number
                return sock
            except OSError as error:
                problem = error
        raise problem or OSError

    def cut(self) -> None:
        """Wake whoever reads from it, from another thread; SSLSocket.shutdown would not be safe."""
        if self.wire:
            with suppress(OSError):
                socket.socket.shutdown(self.wire, socket.SHUT_RDWR)

    @property
    def is_quiet(self) -> bool:
        """Still open, with nothing unasked on it: a leftover would answer the next request."""
        if not self.sock:
            return False
        try:
            return not select.select([self.sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False


@functools.cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def cut_off(line: Line, clock: Clock) -> Iterator[None]:
    """When the time is up the connection is cut, however the server keeps us waiting: one byte of
    a header every ten seconds resets each time limit that a socket knows."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(max(clock.left(), 0.0)):
            if clock.left() <= 0:
                line.cut()
                done.wait(0.5)  # it may just have been connecting

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


class Idle:
    """Connections that wait for the next request, a few for each place."""

    EACH, ALL, SECONDS = 8, 64, 30.0
    _lines: list[tuple[float, Line]] = []
    _lock = threading.Lock()

    @classmethod
    def take(cls, target: Target) -> Line | None:
        """One to the same place whose address is still among those judged now."""
        place = target[:3]
        with cls._lock:
            cls._drop_old()
            for pair in reversed(cls._lines):
                line = pair[1]
                if line.target[:3] == place and line.number in target.addresses:
                    cls._lines.remove(pair)
                    line.target = target
                    return line if line.is_quiet else None
        return None

    @classmethod
    def keep(cls, line: Line) -> None:
        with cls._lock:
            cls._lines.append((time.monotonic() + cls.SECONDS, line))
            cls._drop_old()

    @classmethod
    def _drop_old(cls) -> None:
        now = time.monotonic()
        while cls._lines and (cls._lines[0][0] < now or len(cls._lines) > cls.ALL):
            cls._lines.pop(0)[1].close()
