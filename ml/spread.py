"""Work on the parts of something large, spread over the cores."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

AHEAD = 2  # parts per core that are begun before the first is fetched
BEHIND = 5  # niceness: whoever answers a person goes first


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def over(
    parts: Iterable[Part],
    work: Callable[[Part], Result],
    *,
    begin: Callable[[], None] = lambda: None,
    threads: int | None = None,
) -> Iterator[Result]:
    """Yield what `work` returns for each part, in their order.

    work: runs in a thread, so it should spend its time in numpy, files or other calls that let go
        of the interpreter, with one BLAS thread. begin: called in each thread before its first.
    Only a few parts are under way at a time, so that memory stays at these. An error of `work`
    comes up here; what is under way then is waited for.
    """
    many = threads or cores()
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(many, "spread", initializer=lambda: _begin(begin)) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(work, part))
                if len(waiting) >= AHEAD * many:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()


def _begin(begin: Callable[[], None]) -> None:
    with suppress(OSError, AttributeError):  # Linux counts niceness by thread
        own = threading.get_native_id()
        nice = max(BEHIND, os.getpriority(os.PRIO_PROCESS, own))
        os.setpriority(os.PRIO_PROCESS, own, nice)
    begin()
