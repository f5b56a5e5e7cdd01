"""People who label as fast as the server lets them, each over a connection of her own.

Each does what the label page does: claim, fetch the picture, send the answer, with a session
cookie and its CSRF token. There is no pause to think.
"""

import json
import multiprocessing
import random
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field

COOKIE = "labeler_session"
TOKEN = "a" * 32
PROCESSES = 4
PATIENCE = 60  # seconds for one answer of the server
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140"


@dataclass
class Seen:
    """What the people of one process saw. Times are seconds, on the machine's monotonic clock."""

    # (when, item, image, user, rank or None, model version)
    given: list[tuple[float, int, int, int, int | None, int | None]] = field(default_factory=list)
    stored: list[tuple[str, int]] = field(default_factory=list)  # (uuid, image) acknowledged
    claims: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    began: float = float("inf")
    ended: float = 0.0

    def add(self, other: "Seen") -> None:
        """Take in what others saw."""
        for name in ("given", "stored", "claims", "pictures", "answers", "errors"):
            getattr(self, name).extend(getattr(other, name))
        self.began, self.ended = min(self.began, other.began), max(self.ended, other.ended)


class Gone(Exception):
    """The server ended the connection before its answer."""


class Connection:
    """HTTP/1.1 over one kept connection, in as little time as can be.

    The measuring shares the machine with what is measured: http.client took longer for a request
    than the server did.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer. Raises Gone."""
        try:
            self.socket.sendall(request)
            head, _, body = self._more(b"").partition(b"\r\n\r\n")
        except (ConnectionResetError, BrokenPipeError) as error:
            raise Gone from error
        lines = head.lower()
        size = int(lines.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        while len(body) < size:
            body += self.socket.recv(1 << 16)
        return int(head[9:12]), body

    def _more(self, head: bytes) -> bytes:
        while b"\r\n\r\n" not in head:
            got = self.socket.recv(1 << 16)
            if not got:
                raise Gone
            head += got
        return head


class Person:
    """One browser: a connection that is kept, a session, a CSRF token."""

    def __init__(self, port: int, project: int, user: int, session: str, labels: list[int]) -> None:
        self.port, self.project, self.user, self.labels = port, project, user, labels
        self.api = f"/api/v1/projects/{project}"
        self.ready: list[dict] = []  # claimed and not answered yet
        self.connection: Connection | None = None
        headers = {
            "Host": f"127.0.0.1:{port}",
            "Cookie": f"{COOKIE}={session}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Origin": f"http://127.0.0.1:{port}",
            "User-Agent": AGENT,
            "Accept-Language": "en-US,en;q=0.9",
        }
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def ask(self, path: str, body: dict | None = None) -> tuple[float, bytes]:
        """(seconds, answer). Asks again when the server ended an idle connection."""
        request = self._request(path, body)
        began = time.perf_counter()
        try:
            status, answer = self._once(request)
        except Gone:
            self.connection = None
            status, answer = self._once(request)
        if status not in (200, 201):
            raise RuntimeError(f"{path}: {status} {answer[:200]!r}")
        return time.perf_counter() - began, answer

    def _request(self, path: str, body: dict | None) -> bytes:
        if body is None:
            return f"GET {path} HTTP/1.1\r\n{self.headers}\r\n".encode()
        sent = json.dumps(body)  # plain ASCII: as many bytes as characters
        about = f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n"
        return f"POST {path} HTTP/1.1\r\n{self.headers}{about}\r\n{sent}".encode()

    def _once(self, request: bytes) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = Connection(self.port)
        return self.connection.ask(request)

    def label(self, seen: Seen, ahead: int) -> bool:
        """Answer one image; claim and fetch before that where it takes it. False: there is none.

        With `ahead`, as the label page does: one shown and so many behind it, claimed anew when a
        third of these is gone.
        """
        if len(self.ready) < (2 * ahead + 2) // 3 or not self.ready:
            self._claim(seen, 1 + ahead)
        if not self.ready:
            return False
        self._answer(seen, self.ready.pop(0))
        return True

    def _claim(self, seen: Seen, count: int) -> None:
        seconds, answer = self.ask(f"{self.api}/queue/claim", {"count": count})
        items, now = json.loads(answer)["items"], time.monotonic()
        seen.claims.append(seconds)
        known = {item["item"] for item in self.ready}
        for item in items:
            if item["item"] not in known:
                why = item["why"]
                seen.given.append(
                    (now, item["item"], item["image"], self.user, why["rank"], why["model_version"])
                )
                seen.pictures.append(self.ask(f"/images/{item['image']}/screen")[0])
                self.ready.append(item)

    def _answer(self, seen: Seen, item: dict) -> None:
        row, fresh = int(item["name"].removesuffix(".jpg")), str(uuid.uuid4())
        sent = {"uuid": fresh, "item": item["item"], "elapsed_ms": 1,
                "labels": [self.labels[row % len(self.labels)]]}  # fmt: skip
        seen.answers.append(self.ask(f"{self.api}/annotations", sent)[0])
        seen.stored.append((fresh, item["image"]))


def everybody(
    people: list[dict], *, labels: int, seconds: float, ahead: int = 0, thinking: float = 0.0
) -> Seen:
    """Let them label until so many labels, or so many seconds, have gone by.

    thinking: seconds between two answers of one of them, on average.
    """
    spawn = multiprocessing.get_context("spawn")
    number = min(PROCESSES, len(people))
    left, gate, heard = spawn.Value("i", labels), spawn.Barrier(number), spawn.Queue()
    processes = [
        spawn.Process(
            target=_some, args=(people[n::number], left, gate, heard, seconds, ahead, thinking)
        )
        for n in range(number)
    ]
    for process in processes:
        process.start()
    seen = Seen()
    for _ in processes:
        seen.add(heard.get(timeout=seconds + 2 * PATIENCE))
    for process in processes:
        process.join(PATIENCE)
    return seen


def _some(
    people: list[dict], left, gate, heard, seconds: float, ahead: int, thinking: float
) -> None:
    """The people of one process, a thread each."""
    every = [Seen() for _ in people]
    gate.wait(PATIENCE)
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_one, args=(Person(**person), seen, left, until, ahead, thinking))
        for person, seen in zip(people, every, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = Seen()
    for seen in every:
        together.add(seen)
    heard.put(together)


def _one(person: Person, seen: Seen, left, until: float, ahead: int, thinking: float) -> None:
    seen.began, pauses = time.monotonic(), random.Random(person.user)
    try:
        while time.monotonic() < until and _take(left):
            if not person.label(seen, ahead):
                time.sleep(0.05)  # everything is held by others for now
            if thinking:
                time.sleep(thinking * pauses.uniform(0.5, 1.5))
    except Exception as error:
        seen.errors.append(f"{type(error).__name__}: {error}")
    seen.ended = time.monotonic()


def _take(left) -> bool:
    with left.get_lock():
        left.value -= 1
        return left.value >= 0
