"""Decoding in child processes, so that a hostile picture takes a child and not the worker."""

import atexit
import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

from django.conf import settings
from PIL import Image as Pillow

from labeler.pools import decoder
from labeler.pools.refusing import Refused

CHILDREN = max(1, min(4, os.cpu_count() or 1))
SECONDS = 40  # by the clock, for one picture; the child's own limit counts CPU
START_SECONDS = 60
_BASE = 600 * 2**20  # what the child and its libraries reserve before the first picture
_PER_PIXEL = 24  # a float TIFF needs this much while it is scaled

# Its libraries start no threads, and glibc keeps the memory of one picture for the next: giving it
# back and taking it again cost a tenth of the time.
_FRUGAL = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    "MALLOC_TOP_PAD_": str(16 * 2**20),
}


Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Decoded:
    """What a picture is, and its derivatives; an empty one means: the original does as well."""

    width: int  # pixels, upright
    height: int
    format: str
    exif: dict[str, str]  # by tag, see ml.exif
    thumb: bytes
    screen: bytes


@dataclass(frozen=True)
class Seen:
    """A picture for a network."""

    width: int  # pixels, upright, of the whole picture
    height: int
    format: str
    image: Pillow.Image  # RGB, upright; perhaps decoded smaller than it is
    thumb: bytes  # WebP; empty where none was wanted


class ChildGone(Exception):
    """The child ended, or was ended, while it worked on a picture."""


class DecoderBroken(Exception):
    """The child does not even start: the installation is at fault, not a picture."""


class Child:
    """One decoding process; started when needed, and again after a death."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def decode(self, data: bytes) -> Decoded | Refused:
        """Decode one picture, or say why not. The death of the child is a refusal too."""
        try:
            head, parts = self._ask(data)
        except ChildGone:
            self.stop()
            return TOO_MUCH
        if "code" in head:
            return Refused(**head)
        return Decoded(**head, thumb=parts[0], screen=parts[1])

    def see(self, data: bytes, at_least: tuple[int, int], *, thumb: bool) -> Seen | Refused:
        """Decode one picture for a network that is content with a size, or say why not."""
        try:
            head, parts = self._ask(data, wish={"at_least": at_least, "thumb": thumb})
        except ChildGone:
            self.stop()
            return TOO_MUCH
        if "code" in head:
            return Refused(**head)
        image = Pillow.frombytes("RGB", tuple(head.pop("size")), parts[0])
        return Seen(**head, image=image, thumb=parts[1])

    def _ask(self, data: bytes, **more: Any) -> tuple[dict[str, Any], list[bytes]]:
        process = self._running()
        assert process.stdin and process.stdout
        try:
            decoder.send(process.stdin, _limits() | more, data)
            _wait(process.stdout.fileno(), SECONDS)
            frame = decoder.receive(process.stdout)
        except OSError as error:
            raise ChildGone from error
        if frame is None:
            raise ChildGone
        return frame

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self.process = _start()
            self._greet(self.process)
        return self.process

    def _greet(self, process: "subprocess.Popen[bytes]") -> None:
        """Hear that the child is ready; else pictures would be blamed for a broken program."""
        assert process.stdout
        with contextlib.suppress(ChildGone):
            _wait(process.stdout.fileno(), START_SECONDS)
            if decoder.receive(process.stdout):
                return
        self.stop()
        raise DecoderBroken(
            f"The program that decodes pictures does not start. Try: {sys.executable} -P "
            f"{decoder.__file__} {_memory()} < /dev/null"
        )

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # what it did not read any more
                pipe and pipe.close()
        self.process = None


TOO_MUCH = Refused(
    "too_much_to_decode",
    "The picture takes too much memory or time to decode.",
    "Save it again as a plain JPEG or PNG, or leave it out.",
)


def _wait(handle: int, seconds: float) -> None:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if not poll.poll(seconds * 1000):
        raise ChildGone


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603  # our own program, no words of strangers
        # -P and the file's own path: the package above it would load Celery.
        [sys.executable, "-P", decoder.__file__, str(_memory())],
        # Nothing secret is in the child's environment.
        env={"PYTHONPATH": str(settings.ROOT), **_FRUGAL},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal must not make a picture look bad
    )


def _memory() -> int:
    """Bytes that a child may use."""
    limit: int = _BASE + _PER_PIXEL * settings.MAX_IMAGE_PIXELS
    return limit


def _limits() -> dict[str, int]:
    return {
        "max_pixels": settings.MAX_IMAGE_PIXELS,
        "max_side": settings.MAX_IMAGE_SIDE,
        "max_bytes": settings.MAX_IMAGE_BYTES,
    }


class Children:
    """A few children, each led by a thread of its own."""

    def __init__(self, count: int = CHILDREN) -> None:
        self.pid = os.getpid()
        self.idle: SimpleQueue[Child] = SimpleQueue()
        self.all = [Child() for _ in range(count)]
        for child in self.all:
            self.idle.put(child)
        self.leaders = ThreadPoolExecutor(count, thread_name_prefix="decode")

    def decode(self, pictures: Iterable[bytes]) -> Iterator[Decoded | Refused]:
        """Decode the pictures, several at a time; answers come in the order asked."""
        return self.lend(Child.decode, pictures)

    def lend(
        self, work: Callable[[Child, Item], Result], items: Iterable[Item]
    ) -> Iterator[Result]:
        """The work on each item with a child of its own; answers come in the order asked."""

        def with_child(item: Item) -> Result:
            child = self.idle.get()
            try:
                return work(child, item)
            finally:
                self.idle.put(child)

        return self.leaders.map(with_child, items)

    def stop(self) -> None:
        """End all children; the pool is of no use afterwards."""
        self.leaders.shutdown()
        for child in self.all:
            child.stop()


_children: Children | None = None


def decode(pictures: Iterable[bytes]) -> Iterator[Decoded | Refused]:
    """Decode pictures in this process's children, which are kept for the next time."""
    return children().decode(pictures)


def children() -> Children:
    """This process's children; started when they are first asked."""
    global _children
    if _children is None or _children.pid != os.getpid():  # a forked worker needs its own
        _children = Children()
    return _children


@atexit.register
def stop() -> None:
    """End this process's children."""
    global _children
    if _children and _children.pid == os.getpid():
        _children.stop()
    _children = None
