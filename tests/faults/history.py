"""What clients asked and were told: one line of JSON each, written before anything else happens.

    {"t": 12.3, "op": "claim", "do": "ask" | "told" | "lost", "user": 7, …}

"ask" is written before the request leaves, "told" when an answer came, with its status, "lost"
when none came. A line is one write to a file opened for appending: a killed client leaves whole
lines.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class History:
    """Appends events to a file; safe for many threads and processes."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, op: str, do: str, **facts: Any) -> None:
        """Write one event; its time is the machine's monotonic clock, in seconds."""
        line = json.dumps({"t": round(time.monotonic(), 4), "op": op, "do": do, **facts})
        os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        os.close(self._file)


def read(path: Path) -> Iterator[Event]:
    """The events, in the order in which they were written."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
