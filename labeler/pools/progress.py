"""How far an import is, in words and widths."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from labeler.pools import steering
from labeler.pools.models import Import
from labeler.projects.stored_words import told

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

    @property
    def leaving(self) -> bool:
        """Whether what it brought in is being taken back."""
        return steering.is_taking_back(self.imp)

    @property
    def pausable(self) -> bool:
        return self.moving and self.imp.sealed and not self.leaving

    @property
    def returnable(self) -> bool:
        """Whether it has added images that can be taken back."""
        there = self.imp.added and not self.leaving and steering.taken_back(self.imp) is None
        return bool(there)

    @property
    def taken_back(self) -> dict[str, int] | None:
        return steering.taken_back(self.imp)


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
    if steering.is_taking_back(imp):
        return gettext("taking back what it added")
    if imp.state == Import.State.DUE:
        return _waiting(imp)
    if imp.state != Import.State.RUNNING:
        return told(imp.state) + _known(imp)
    if imp.total is None:
        return gettext("looking at the files")
    return gettext("checking pictures") + _left(imp, now)


def _known(imp: Import) -> str:
    """How many files an earlier import of the place had read, where only new ones were wanted."""
    n = imp.cursor.get("known", 0)
    words = ngettext(
        "; %(n)s file came in before and was not opened",
        "; %(n)s files came in before and were not opened",
        n,
    )
    return words % {"n": f"{n:,}"} if n else ""


def _waiting(imp: Import) -> str:
    if not imp.sealed:
        return gettext("receiving files")
    return gettext("trying again soon") if imp.error else gettext("waiting for a worker")


def _left(imp: Import, now: datetime) -> str:
    """How long it will take, once there is something to judge by."""
    if not imp.started_at or not imp.total or imp.read < 64:
        return ""
    seconds = (now - imp.started_at).total_seconds() * (imp.total - imp.read) / imp.read
    if seconds < 60:
        return gettext(", less than a minute left")
    minutes = round(seconds / 60)
    if minutes < 120:
        return gettext(", about %(n)s min left") % {"n": minutes}
    return gettext(", about %(n)s h left") % {"n": minutes // 60}
