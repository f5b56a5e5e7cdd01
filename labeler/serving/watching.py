"""How far a batch prediction is, in words and widths, and what its first rows say."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from labeler.pools.progress import GAP, Segment
from labeler.projects.stored_words import told
from labeler.serving import results
from labeler.serving.models import BatchPrediction

LABELS_SHOWN = 12


@dataclass(frozen=True)
class Counted:
    """A label, how many pictures got it, and the width of its bar in percent."""

    name: str
    pictures: int
    width: str


@dataclass(frozen=True)
class Seen:
    """What the page shows of a batch."""

    batch: BatchPrediction
    words: str
    segments: list[Segment]
    labels: list[Counted]
    more_labels: int

    @property
    def moving(self) -> bool:
        return self.batch.is_open

    @property
    def known(self) -> int:
        """Pictures that got a label."""
        return self.batch.judged - self.batch.unknown


def seen(batch: BatchPrediction, now: datetime | None = None) -> Seen:
    """The batch as it stands."""
    labels = sorted(batch.counts.items(), key=lambda each: -each[1])
    most = labels[0][1] if labels else 1
    shown = [Counted(name, n, f"{100 * n / most:.1f}%") for name, n in labels[:LABELS_SHOWN]]
    more = len(labels) - len(shown)
    return Seen(batch, _words(batch, now or timezone.now()), _segments(batch), shown, more)


def _segments(batch: BatchPrediction) -> list[Segment]:
    whole, x, found = max(batch.total or 0, batch.read, 1), 0.0, []
    known = batch.judged - batch.unknown
    for count, look in ((known, "added"), (batch.unknown, "dup"), (batch.refused, "ref")):
        width = 100 * count / whole
        if width:
            found.append(Segment(look, f"{x:.2f}%", f"{max(width - GAP, width / 2):.2f}%"))
        x += width
    return found


def _words(batch: BatchPrediction, now: datetime) -> str:
    if batch.state == BatchPrediction.State.DUE:
        if batch.read:
            return gettext("gives way to other work")
        return gettext("trying again soon") if batch.error else gettext("waiting for a worker")
    if batch.state != BatchPrediction.State.RUNNING:
        return told(batch.state)
    if batch.total is None:
        return gettext("looking at the files")
    return gettext("judging") + _left(batch, now)


def _left(batch: BatchPrediction, now: datetime) -> str:
    """How long it will take, once there is something to judge by."""
    if not batch.started_at or not batch.total or batch.read < 64:
        return ""
    seconds = (now - batch.started_at).total_seconds() * (batch.total - batch.read) / batch.read
    if seconds < 60:
        return gettext(", less than a minute left")
    minutes = round(seconds / 60)
    if minutes < 120:
        return gettext(", about %(n)s min left") % {"n": minutes}
    return gettext(", about %(n)s h left") % {"n": minutes // 60}


def first_rows(batch: BatchPrediction) -> list[dict[str, Any]]:
    """The rows of the preview; those judged have a thumbnail."""
    return [
        row | {"place": place, "likeliest": next(iter(row.get("scores", {})), "")}
        for place, row in enumerate(islice(results.rows(batch), results.SHOWN))
    ]
