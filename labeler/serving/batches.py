"""Pictures of many requests, judged together: one thread, one network, full batches.

A batch waits, at most `PATIENCE`, only for pictures that are announced: being read while it
gathers. A request that comes alone waits for nobody; under load the next batch fills while the
network works on the last.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

MOST = 32  # pictures the network sees at once
PATIENCE = 0.003  # seconds a picture waits for others that are announced
WAITING = 256  # pictures that may wait; more are turned away

Prepared = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.float32]
Judge = Callable[[Prepared], Rows]  # (n, …) pictures to (n, n_labels)


class Busy(Exception):
    """More pictures wait than the service can judge soon. `seconds`: when to ask again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too many pictures wait. Ask again in {seconds:.0f} s.")
        self.seconds = seconds


class Batches:
    """A queue of pictures before one judge. Threads may ask at the same time."""

    def __init__(self, judge: Judge, *, waiting: int = WAITING) -> None:
        self._judge = judge
        self._waiting = waiting
        self._queue: queue.SimpleQueue[tuple[Prepared, Future[Any]] | None] = queue.SimpleQueue()
        self._in = 0
        self._coming = 0
        self._stopped = False
        self._lock = threading.Lock()
        self._pace = 0.05  # seconds per picture, as seen lately
        self._thread = threading.Thread(target=self._work, daemon=True, name="judge")
        self._thread.start()

    @contextmanager
    def announced(self, pictures: int) -> Iterator[None]:
        """That many will be asked about once they are read, which is done within."""
        with self._lock:
            self._coming += pictures
        try:
            yield
        finally:
            with self._lock:
                self._coming -= pictures

    def judged(self, pictures: list[Prepared]) -> Rows:
        """A row for each picture, in their order. Raises: Busy; whatever the judge raises."""
        asked = [(picture, Future[Any]()) for picture in pictures]
        if not self._enter(asked):
            return self._judge(np.stack(pictures))
        try:
            return np.stack([future.result() for _, future in asked])
        finally:
            with self._lock:
                self._in -= len(pictures)

    def _enter(self, asked: list[tuple[Prepared, Future[Any]]]) -> bool:
        """Put them into the queue; False where its thread has ended. Raises: Busy."""
        with self._lock:
            if self._stopped:
                return False
            # One request may always come in, however large: else it would never.
            if self._in and self._in + len(asked) > self._waiting:
                raise Busy(max(1.0, self._in * self._pace))
            self._in += len(asked)
            for each in asked:
                self._queue.put(each)
            return True

    def stop(self) -> None:
        """End the thread once everything that waits is judged. Who asks later is answered in
        her own thread."""
        with self._lock:
            self._stopped = True
            self._queue.put(None)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._gathered(first)
            self._answer(batch)
            if is_last:
                return

    def _gathered(
        self, first: tuple[Prepared, Future[Any]]
    ) -> tuple[list[tuple[Prepared, Future[Any]]], bool]:
        """The first picture and those that come soon; whether the end was met."""
        batch, until = [first], time.monotonic() + PATIENCE
        while len(batch) < MOST:
            try:
                wait = until - time.monotonic() if self._coming else 0.0
                more = self._queue.get(timeout=max(0.0, wait))
            except queue.Empty:
                break
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False

    def _answer(self, batch: list[tuple[Prepared, Future[Any]]]) -> None:
        began = time.monotonic()
        try:
            rows = self._judge(np.stack([picture for picture, _ in batch]))
        except Exception as error:  # it belongs to those who asked; the thread goes on
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), row in zip(batch, rows, strict=True):
            future.set_result(row)
        self._pace = 0.9 * self._pace + 0.1 * (time.monotonic() - began) / len(batch)
