"""What is at work now: workers, the round, embeddings, the queue, an import."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeler.evaluation import acceptances, sample
from labeler.evaluation.acceptances import Kept
from labeler.labeling import queue
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.projects.stored_words import told
from labeler.projects.templatetags.look import percent
from labeler.training import embeddings
from labeler.training.models import Round
from labeler.work import clock, health
from labeler.work.kinds import ROUNDS
from labeler.work.models import OPEN_WORK, Worker


@dataclass(frozen=True)
class Progress:
    """So many of so many."""

    done: int
    total: int

    @property
    def share(self) -> float:
        """In [0, 1]; 1 of nothing."""
        return min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def whole(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True)
class Line:
    """The words in the top bar; `tone` is "", good, warn or bad; `more` is said where there is
    room."""

    words: str
    tone: str = ""
    busy: bool = False
    more: str = ""


@dataclass(frozen=True)
class Workers:
    """Who was seen working lately, and when anybody was last."""

    names: tuple[str, ...]
    train: bool  # one of them takes rounds
    seen_at: datetime | None
    away: timedelta | None  # since anybody was seen; None: never
    broker_up: bool

    @property
    def absence(self) -> str:
        """Why training waits, in a sentence; empty while it does not."""
        if not self.names:
            if not self.broker_up:
                return _("The broker does not answer.")
            if self.away is None:
                return _("No worker has been seen yet.")
            return _("No worker has been seen for %(time)s.") % {"time": _long(self.away)}
        return "" if self.train else _("No worker takes rounds.")


@dataclass(frozen=True)
class AtWork:
    """A project's work in progress."""

    workers: Workers
    round: Round | None  # open, or the last one if it failed
    embedding: Progress
    queue_left: int
    audit: Progress
    skipped: int
    imports: tuple[Import, ...]
    promises: tuple[Kept, ...] = ()  # of autolabel, that are broken or doubtful

    @property
    def line(self) -> Line:
        """The most important of it in a few words."""
        wrong = _broken(self.promises) or _trouble(self.workers)
        return wrong or self._busy() or _up(self.workers)

    def _busy(self) -> Line | None:
        if self.round is not None:
            return round_line(self.round)
        for each in self.imports:
            words = _("Import · %(read)s of %(all)s") if each.total else _("Import · %(read)s")
            counts = {"read": f"{each.read:,}", "all": f"{each.total or 0:,}"}
            return Line(words % counts, busy=True)
        if not self.embedding.whole:
            words = _("Embedding · %(share)s") % {"share": percent(self.embedding.share)}
            return Line(words, busy=True)
        return None


def of(project: Project) -> AtWork:
    """What is at work in the project."""
    answers = sample.of(project)
    done, total = embeddings.progress(project)
    return AtWork(
        workers=workers(),
        round=_round(project),
        embedding=Progress(done, total),
        queue_left=queue.left(project),
        audit=Progress(len(answers) + answers.skipped, answers.drawn),
        skipped=answers.skipped,
        promises=tuple(acceptances.warnings(project)),
        imports=tuple(Import.objects.filter(OPEN_WORK, project=project).order_by("number")),
    )


def line(project: Project) -> Line:
    """Only the words in the top bar."""
    return of(project).line


def of_installation() -> Line:
    """The words in the top bar outside any project."""
    found = workers()
    return _trouble(found) or _up(found)


def workers() -> Workers:
    """Who works. A worker is seen through the broker, so a worker seen means a broker up."""
    seen = health.workers()
    last = Worker.objects.aggregate(at=Max("seen_at"))["at"]
    return Workers(
        names=tuple(each.name for each in seen),
        train=any(ROUNDS in each.queues.split(",") for each in seen),
        seen_at=last,
        away=None if last is None else max(timedelta(0), clock.now() - last),
        broker_up=bool(seen) or health.broker_up(),
    )


def _round(project: Project) -> Round | None:
    last = Round.objects.filter(project=project).order_by("-number").first()
    return last if last and (last.is_open or last.state == Round.State.FAILED) else None


def round_line(found: Round) -> Line:
    """A round in a few words: "Round 14 · scoring 62 %"."""
    name = _("Round %(n)s") % {"n": found.number}
    if found.state == Round.State.FAILED:
        more = f"{told(found.error)} {_('The old queue stays in use.')}"
        return Line(_("%(round)s failed") % {"round": name}, "bad", more=more)
    if found.state == Round.State.DUE:
        return Line(f"{name} · {_('waiting for a worker')}", busy=True)
    part = f" {percent(found.done / found.total)}" if found.total else ""
    return Line(f"{name} · {told(found.phase or 'starting')}{part}", busy=True)


def _trouble(found: Workers) -> Line | None:
    if not found.absence:
        return None
    return Line(found.absence, "warn", more=_("Labels are safe; training waits."))


def _broken(promises: tuple[Kept, ...]) -> Line | None:
    for each in promises:
        if each.standing_of_promise == "broken":
            words = _("Acceptance %(n)s: promise broken") % {"n": each.acceptance.number}
            return Line(words, "bad", more=_("See the autolabel page."))
    return None


def _up(found: Workers) -> Line:
    n = len(found.names)
    return Line(ngettext("%(n)s worker up", "%(n)s workers up", n) % {"n": n})


def _long(away: timedelta) -> str:
    seconds = int(away.total_seconds())
    if seconds >= 86_400:
        n = seconds // 86_400
        return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}
    if seconds >= 3_600:
        n = seconds // 3_600
        return ngettext("%(n)s hour", "%(n)s hours", n) % {"n": n}
    if seconds >= 60:
        n = seconds // 60
        return ngettext("%(n)s minute", "%(n)s minutes", n) % {"n": n}
    return ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds}
