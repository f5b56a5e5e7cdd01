"""What this worker process is doing, and when it last heard from the broker."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models.functions import Now

from labeler.work.models import Worker


class Presence:
    """One worker process. Written by the thread that works, read by the sweep's thread."""

    def __init__(self) -> None:
        self.name = ""  # empty: this process is no worker
        self.queues: frozenset[str] = frozenset()
        self.doing = ""
        self.doing_since = 0.0
        self.heard_at = time.monotonic()
        self.started_at: datetime | None = None
        self._lock = threading.Lock()

    @contextmanager
    def working_on(self, what: str) -> Iterator[None]:
        """While the block runs, the worker is busy with `what` and cannot hear."""
        with self._lock:
            self.doing, self.doing_since = what, time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self.doing, self.heard_at = "", time.monotonic()

    def goes_on(self) -> None:
        """A long piece of work made progress: it does not count as hung."""
        with self._lock:
            self.doing_since = time.monotonic()

    def busy(self) -> tuple[str, float]:
        """What it is doing ("" for nothing) and for how many seconds."""
        with self._lock:
            return self.doing, time.monotonic() - self.doing_since if self.doing else 0.0

    def heard(self) -> None:
        """A beat came back through the broker: both ways work."""
        self.heard_at = time.monotonic()
        self.report()

    def report(self) -> None:
        """Write the worker's row."""
        doing, _ = self.busy()
        Worker.objects.update_or_create(
            name=self.name,
            defaults={"seen_at": Now(), "doing": doing, "queues": ",".join(sorted(self.queues))},
            create_defaults={
                "seen_at": Now(),
                "doing": doing,
                "queues": ",".join(sorted(self.queues)),
                "started_at": Now(),
            },
        )


presence = Presence()


def beat_queue(name: str) -> str:
    """The queue on which a worker hears its own beat."""
    return f"beat.{name}"
