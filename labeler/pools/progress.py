"""How far an import is, in words and widths."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from labeler.pools.models import Import

GAP = 0.2  # percent of the bar between two pieces
BAR = (("added", "added"), ("duplicates", "dup"), ("refused", "ref"))  # field, look


@dataclass(frozen=True)
class Segment:
    """A piece of the bar: left end and width in percent."""

    look: str
    x: str
    width: str


@dataclass(frozen=True)
class Progress:
    """What the page shows of an import."""

    imp: Import
    words: str
    segments: list[Segment]

    @property
    def moving(self) -> bool:
        return self.imp.is_open


def progress(imp: Import, now: datetime | None = None) -> Progress:
    """The import as it stands."""
    return Progress(imp, _words(imp, now or timezone.now()), _segments(imp))


def _segments(imp: Import) -> list[Segment]:
    whole, x, found = max(imp.total or 0, imp.read, 1), 0.0, []
    for field, look in BAR:
        width = 100 * getattr(imp, field) / whole
        if width:
            found.append(Segment(look, f"{x:.2f}%", f"{max(width - GAP, width / 2):.2f}%"))
        x += width
    return found


def _words(imp: Import, now: datetime) -> str:
    if imp.state == Import.State.DUE:
        return _waiting(imp)
    if imp.state != Import.State.RUNNING:
        return imp.state
    if imp.total is None:
        return "counting files"
    return f"checking pictures{_left(imp, now)}"


def _waiting(imp: Import) -> str:
    if not imp.sealed:
        return "receiving files"
    return "trying again soon" if imp.error else "waiting for a worker"


def _left(imp: Import, now: datetime) -> str:
    """How long it will take, once there is something to judge by."""
    if not imp.started_at or not imp.total or imp.read < 64:
        return ""
    seconds = (now - imp.started_at).total_seconds() * (imp.total - imp.read) / imp.read
    if seconds < 60:
        return ", less than a minute left"
    minutes = round(seconds / 60)
    return f", about {minutes} min left" if minutes < 120 else f", about {minutes // 60} h left"
