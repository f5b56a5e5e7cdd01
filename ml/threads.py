"""How many threads the linear algebra may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run the block, or the decorated function, with a single BLAS thread.

    BLAS threads wait for each other by spinning. Beside a web server, a database and
    other workers the waits last a scheduler's time slice: products of 0.4 ms were
    measured to take 8 ms on two busy cores. Work is spread over processes instead.
    The limit holds for the whole process while the block runs.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    # Looking for the loaded libraries takes milliseconds; they do not change.
    return ThreadpoolController()
