"""Work done ahead in threads, such as opening the next pictures while a network is busy."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
AHEAD = 64


def ahead(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    threads: int = THREADS,
    most: int = AHEAD,
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with work(item), in their order.

    At most `most` items are worked on before they are asked for, so memory stays small
    however many there are. What `work` raises is raised at that item.
    """
    rest = iter(items)
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        waiting.extend((item, pool.submit(work, item)) for item in islice(rest, most))
        try:
            while waiting:
                item, future = waiting.popleft()
                waiting.extend((after, pool.submit(work, after)) for after in islice(rest, 1))
                yield item, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
