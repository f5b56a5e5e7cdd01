"""How far the project is: what the label page shows beside the picture.

The floor above knows about rounds and model versions. It registers a provider here; without
one, and before the first round, the page simply shows no bar.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labeler.labeling import consensus, tally
from labeler.pools.models import Image
from labeler.pools.taking_back import pool_size
from labeler.projects.models import Project


@dataclass(frozen=True)
class Rounds:
    """What training says: answers since the last round, of how many, and which model serves."""

    since: int = 0  # new answers the next round would learn from
    at: int | None = None  # the round starts at so many; None: not known
    version: int | None = None
    version_at: datetime | None = None
    running: int | None = None  # number of the round at work now
    seconds: float | None = None  # how long the last round took
    thresholds: Mapping[int, float] = field(default_factory=dict)  # saved: label id → the least p


Provider = Callable[[Project], Rounds]
_provider: Provider = lambda project: Rounds()  # noqa: E731 - the empty provider, replaced once


def register(provider: Provider) -> None:
    """Called once, from the `ready` of the floor that runs the rounds."""
    global _provider
    _provider = provider


KEPT = 0.2  # seconds; with sixteen people, a claim comes every ten milliseconds
_kept: dict[int, tuple[float, Rounds]] = {}  # by project: until when, on the monotonic clock


def rounds(project: Project) -> Rounds:
    """What the provider says about the project; of a large pool, what it said a moment ago."""
    until, said = _kept.get(project.pk, (0.0, Rounds()))
    if until > time.monotonic():
        return said
    said = _provider(project)
    if project.next_row >= tally.MANY:
        _kept[project.pk] = time.monotonic() + KEPT, said
    return said


def _images(project: Project) -> int:
    return pool_size(project) or Image.objects.filter(project=project).count()


def as_dict(project: Project, now: Rounds | None = None) -> dict[str, Any]:
    """{images, labeled, since_round, round_at, to_round, round, model_version, …}."""
    now = now or rounds(project)
    return {
        "images": tally.of("images", project.pk, lambda: _images(project)),
        "labeled": tally.of("labeled", project.pk, lambda: consensus.answered_count(project)),
        "since_round": now.since,
        "round_at": now.at,
        "to_round": None if now.at is None else max(0, now.at - now.since),
        "round": now.running,
        "round_seconds": now.seconds,
        "model_version": now.version,
        "model_since": now.version_at and now.version_at.isoformat(timespec="seconds"),
    }
