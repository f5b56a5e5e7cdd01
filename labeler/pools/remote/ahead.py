"""Reading pictures that lie elsewhere a little before their turn, several at once.

One after the other, each would cost a journey to its server and back; eight at once cost about as
much as one. Only what is read is fetched: who merely counts entries causes no request.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from labeler.pools.archives import Unreadable
from labeler.pools.refusing import ImportFailed
from labeler.pools.remote.reading import Reading, reader
from labeler.pools.remote.refusals import AWAY
from labeler.pools.staging import Staged

WIDTH = 8  # read at once
FIRST = 2  # read at once before it is known how large they are
HELD_BYTES = 64_000_000  # of what is read and not yet taken, as far as can be foreseen
PATIENCE = 40  # so many in a row that could not be reached: the source is gone, not the pictures

Line = tuple[int, Staged]


class _Waiting:
    """A line of the index that was looked at and whose turn has not come."""

    def __init__(self, line: Line, wanted: bool) -> None:
        self.line = line
        file = line[1]
        self.reading = reader(file.address, file.stamp) if wanted else None
        self.future: Future[bytes] | None = None

    def takes(self, usual: int) -> int:
        """Bytes of memory, now or when it will have come in."""
        if self.future is None:
            return 0
        came = self.future.done() and not self.future.cancelled()
        if not came:
            return usual
        return 0 if self.future.exception() else len(self.future.result())


class ReadAhead:
    """The lines of an index; those with an address come with a function that reads them."""

    def __init__(self, lines: Iterator[Line], wanted: Callable[[Staged], bool]) -> None:
        self.lines, self.wanted = lines, wanted
        self.waiting: deque[_Waiting] = deque()
        self.pool: ThreadPoolExecutor | None = None
        self.away = 0  # in a row
        self.largest = 0  # bytes; how much the next ones may take, as far as can be told

    def __iter__(self) -> Iterator[tuple[int, Staged, "Read | None"]]:
        try:
            while self._look_on():
                one = self.waiting[0]
                yield (*one.line, Read(self, one) if one.reading else None)
                self.waiting.popleft()
        finally:
            if self.pool:
                self.pool.shutdown(wait=False, cancel_futures=True)

    def _look_on(self) -> bool:
        while len(self.waiting) < WIDTH:
            line = next(self.lines, None)
            if line is None:
                break
            self.waiting.append(_Waiting(line, self.wanted(line[1])))
        return bool(self.waiting)

    def read(self, one: _Waiting) -> bytes:
        """The bytes of the line whose turn it is; those behind it are begun now."""
        if self.pool is None:
            self.pool = ThreadPoolExecutor(WIDTH, thread_name_prefix="read-ahead")
        for later in self.waiting:
            if later.reading and later.future is None and (later is one or self._has_room()):
                later.future = self.pool.submit(later.reading)
        assert one.future is not None
        try:
            data = one.future.result()
        except Unreadable as error:
            self._note(error)
            raise
        self.away = 0
        self.largest = max(self.largest, len(data))
        return data

    def _has_room(self) -> bool:
        """Whether one more may be begun; the first two show how large pictures are here."""
        if not self.largest:
            return sum(1 for each in self.waiting if each.future) < FIRST
        taken = sum(each.takes(self.largest) for each in self.waiting)
        return taken + self.largest <= HELD_BYTES

    def _note(self, error: Unreadable) -> None:
        self.largest = max(self.largest, 1)
        self.away = self.away + 1 if error.refused.code in AWAY else 0
        if self.away >= PATIENCE:
            raise ImportFailed(
                f"{PATIENCE} files in a row could not be reached: {error.refused.reason} "
                "What came in is kept. Press Try again when the source is back."
            ) from error


class Read:
    """Reads one line when it is called. Raises Unreadable, or ImportFailed."""

    def __init__(self, ahead: ReadAhead, one: _Waiting) -> None:
        self._ahead, self._one = ahead, one

    def __call__(self) -> bytes:
        return self._ahead.read(self._one)

    @property
    def stamp(self) -> str:
        """What the server said of the file; known once it was read."""
        reading: Reading | None = self._one.reading
        return reading.stamp if reading else ""


def lines(
    index: Iterator[Line], wanted: Callable[[Staged], bool]
) -> Iterator[tuple[int, Staged, Read | None]]:
    """Number, file, and a function that reads it where the file is `wanted` from its address."""
    return iter(ReadAhead(index, wanted))
