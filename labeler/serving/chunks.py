"""A few pictures of a batch prediction at a time: read, and decoded while others are judged."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from labeler.pools import decoding
from labeler.pools.archives import Unreadable
from labeler.pools.decoding import Child
from labeler.pools.refusing import Refused
from labeler.pools.sources import Entry
from labeler.serving import material, results
from labeler.serving.loaded import Loaded
from labeler.serving.models import BatchPrediction
from labeler.work import leases
from labeler.work.models import LeasedWork

FILES, BYTES = 128, 32_000_000  # of a chunk
BEAT_SECONDS = 10.0  # how often the lease is renewed within a chunk

Prepared = npt.NDArray[np.uint8]


class Stretch(NamedTuple):
    """Pictures of a batch that one worker judges, one after the other."""

    at: tuple[int, int]  # where the first stands
    first: int  # the number of its row in the whole batch
    rows: int | None  # as many; None: all that follow
    beat: Callable[[], None]  # renews the worker's lease, now and then


@dataclass(frozen=True)
class Ready:
    """A picture as the network wants it, and what its row tells of it."""

    pixels: Prepared
    width: int
    height: int
    format: str
    thumb: bytes


@dataclass
class Chunk:
    """A few pictures that are judged and stored together."""

    first: int  # the number of the first row in the whole batch
    entries: list[Entry] = field(default_factory=list)
    read: list[bytes | Refused] = field(default_factory=list)
    ready: Iterable[Ready | Refused] = ()  # while children decode
    bytes: int = 0
    after: tuple[int, int] = (0, 0)  # where the next chunk starts

    def take(self, entry: Entry) -> None:
        """Read one picture, or note why it does not come."""
        self.after = (entry.position[0], entry.position[1] + 1)
        try:
            data: bytes | Refused = entry.refused or entry.read()
        except Unreadable as error:
            data = error.refused
        self.entries.append(entry)
        self.read.append(data)
        self.bytes += len(data) if isinstance(data, bytes) else 0

    def begin(self, loaded: Loaded) -> None:
        """Let the children decode."""
        numbered = list(enumerate(self.read, self.first))
        self.ready = decoding.children().lend(partial(_prepared, loaded), numbered)
        self.read = []


def of(batch: BatchPrediction, loaded: Loaded, stretch: Stretch | None = None) -> Iterator[Chunk]:
    """The chunks of a stretch, or from the batch's position on; while one is judged, the next is
    decoded."""
    before = None
    for chunk in _read(batch, stretch or _rest(batch)):
        chunk.begin(loaded)
        if before:
            yield before
        before = chunk
    if before:
        yield before


def _rest(batch: BatchPrediction) -> Stretch:
    line, member = batch.cursor.get("at", (0, 0))
    return Stretch((line, member), batch.read, None, beating(batch))


def _read(batch: BatchPrediction, stretch: Stretch) -> Iterator[Chunk]:
    beat, first = stretch.beat, stretch.first
    chunk = Chunk(first)
    for entry in islice(material.entries(batch, stretch.at, beat), stretch.rows):
        chunk.take(entry)
        beat()  # it may have come from far away
        if len(chunk.entries) >= FILES or chunk.bytes >= BYTES:
            yield chunk
            first += len(chunk.entries)
            chunk = Chunk(first)
    if chunk.entries:
        yield chunk


def _prepared(
    loaded: Loaded, child: Child, numbered: tuple[int, bytes | Refused]
) -> Ready | Refused:
    number, data = numbered
    if isinstance(data, Refused):
        return data
    seen = child.see(data, loaded.size, thumb=number < results.SHOWN)
    if isinstance(seen, Refused):
        return seen
    pixels = loaded.fitted(seen.image)
    return Ready(pixels, seen.width, seen.height, seen.format, seen.thumb)


def beating(row: LeasedWork) -> Callable[[], None]:
    """A function to call often: now and then it renews the lease."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > BEAT_SECONDS:
            leases.renew(row)
            last = time.monotonic()

    return beat
