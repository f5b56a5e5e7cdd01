"""Counts that every claim's reply tells: how many images are labeled, how many items wait.

Counting a large pool takes longer than the rest of a claim. So what is many is counted at most
once a second, and less often where it takes long; in between, what this process itself changes is
added. Few are counted every time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

What = Literal["labeled", "left", "images", "quiet"]

MANY = 500
KEPT = 1.0  # seconds
SHARE = 0.02  # of the time, at most, goes into counting


@dataclass(slots=True)
class _Count:
    number: int
    until: float  # on the monotonic clock


_kept: dict[tuple[What, int], _Count] = {}


def of(what: What, project_id: int, count: Callable[[], int]) -> int:
    """What `count` gives, or gave less than a moment ago."""
    kept, began = _kept.get((what, project_id)), time.monotonic()
    if kept and kept.until > began:
        return max(0, kept.number)
    number = count()
    if number < MANY:
        _kept.pop((what, project_id), None)
        return number
    ended = time.monotonic()
    _kept[what, project_id] = _Count(number, ended + max(KEPT, (ended - began) / SHARE))
    return number


def changed(what: What, project_id: int, by: int) -> None:
    """So many more, or fewer, than were counted. A change that is rolled back mends itself soon."""
    if kept := _kept.get((what, project_id)):
        kept.number += by


def forget() -> None:
    """Count everything anew."""
    _kept.clear()
