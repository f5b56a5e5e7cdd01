"""The background work of every kind: how much waits, runs and failed, and doing it once more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import CharField, Count, F, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeler.journal import noting
from labeler.projects.models import Project
from labeler.projects.stored_words import told
from labeler.work import leases
from labeler.work.kinds import KINDS, Kind
from labeler.work.messages import nudge
from labeler.work.models import LeasedWork

State = LeasedWork.State
SHOWN = (State.DUE, State.RUNNING, State.WAITING, State.PAUSED, State.FAILED)
MOST = 50  # failures on a page

WORDS = {
    "round": gettext_lazy("rounds"),
    "embedding": gettext_lazy("embeddings"),
    "feature_fit": gettext_lazy("features learned"),
    "import": gettext_lazy("imports"),
    "removal": gettext_lazy("deleted projects"),
    "study": gettext_lazy("studies"),
    "measuring": gettext_lazy("scores measured"),
    "survey": gettext_lazy("surveys of the pool"),
    "sought": gettext_lazy("pictures looked for"),
    "predict": gettext_lazy("batch predictions"),
    "predict_piece": gettext_lazy("pieces of batch predictions"),
    "model_export": gettext_lazy("model exports"),
    "delivery": gettext_lazy("webhook deliveries"),
    "counting": gettext_lazy("counts"),
    "forgetting": gettext_lazy("what is old taken out"),
    "leaving": gettext_lazy("answers of deleted accounts"),
}


class NotRetried(Exception):
    """Why the work cannot be repeated, in words for people."""


class Unknown(NotRetried):
    """There is no such row."""


@dataclass(frozen=True)
class Standing:
    """Rows of one kind by state, and since when the oldest due one waits."""

    kind: str
    queue: str
    states: dict[str, int]
    oldest: datetime | None = None

    @property
    def words(self) -> str:
        return words(self.kind)

    @property
    def held(self) -> int:
        """Rows that wait for somebody's word."""
        return self.states[State.WAITING] + self.states[State.PAUSED]

    @property
    def quiet(self) -> bool:
        """Nothing of it is open or failed."""
        return not any(self.states.values())


@dataclass(frozen=True)
class Failure:
    """A row that failed for good."""

    kind: str
    pk: int
    project: Project | None
    number: int | None
    attempts: int
    error: str
    at: datetime | None

    @property
    def words(self) -> str:
        return words(self.kind)


def words(kind: str) -> str:
    """What people call this kind of work."""
    return str(WORDS.get(kind, kind.replace("_", " ")))


def standing(project: Project | None = None) -> list[Standing]:
    """Every kind of work, of one project or of all. One query."""
    kinds = [kind for kind in KINDS.values() if project is None or _has_project(kind)]
    found: dict[str, dict[str, int]] = {k.name: dict.fromkeys(SHOWN, 0) for k in kinds}
    oldest: dict[str, datetime | None] = {}
    for name, state, number, since in _union(_counted(kind, project) for kind in kinds):
        found[name][state] = number
        if state == State.DUE:
            oldest[name] = since
    return [Standing(k.name, k.queue, found[k.name], oldest.get(k.name)) for k in kinds]


def _counted(kind: Kind, project: Project | None) -> "QuerySet[Any, Any]":
    rows = _rows(kind, project).filter(state__in=SHOWN).order_by()
    named = rows.annotate(of_kind=Value(kind.name, output_field=CharField()))
    since = Min(Coalesce("not_before", "created_at"))
    states = named.values_list("of_kind", "state")
    return states.annotate(rows=Count("pk"), since=since)  # type: ignore[no-any-return]


def _union(parts: "Iterable[QuerySet[Any, Any]]") -> "QuerySet[Any, Any]":
    first, *rest = parts
    return first.union(*rest, all=True)  # type: ignore[no-any-return]


def failures(
    lines: Iterable[Standing], project: Project | None = None, most: int = MOST
) -> list[Failure]:
    """The newest rows that failed, of the kinds in `lines`. A query for each that has some."""
    found: list[Failure] = []
    for line in lines:
        if line.states.get(State.FAILED):
            rows = _rows(KINDS[line.kind], project).filter(state=State.FAILED)
            newest = rows.order_by(F("finished_at").desc(nulls_last=True))[:most]
            related = ["project"] if _has_project(KINDS[line.kind]) else []
            found += [_failure(line.kind, row) for row in newest.select_related(*related)]
    return sorted(found, key=lambda each: each.at.timestamp() if each.at else 0.0)[::-1][:most]


def _failure(kind: str, row: Any) -> Failure:
    return Failure(
        kind, row.pk, getattr(row, "project", None), getattr(row, "number", None), row.attempts,
        told(row.error), row.finished_at,
    )  # fmt: skip


def retry(kind: str, pk: int, project: Project | None = None) -> LeasedWork:
    """Let a row that failed be due again, from the beginning of its attempts.

    project: only a row of it. Raises NotRetried, Unknown; their `args` hold the words for people.
    """
    known = KINDS.get(kind)
    if known is None or not 0 < pk < 2**63 or not _is_there(known, pk, project):
        raise Unknown(_("There is no such work."))
    failed = _rows(known, project).filter(pk=pk, state=State.FAILED)
    try:
        with transaction.atomic():
            row: Any = leases.lock(failed).first()
            if row is None:
                raise NotRetried(_("It has not failed, or somebody repeated it already."))
            _check(known, row)
            leases.revive(row, **known.afresh)
            place = getattr(row, "project", None)
            noting.note("retry_work", project=place, target=f"{kind} {pk}")
    except IntegrityError as error:
        raise NotRetried(_("Another one of the same kind is under way already.")) from error
    nudge(kind, pk)
    row.refresh_from_db()
    return row  # type: ignore[no-any-return]


def _is_there(kind: Kind, pk: int, project: Project | None) -> bool:
    fits = project is None or _has_project(kind)
    return fits and _rows(kind, project).filter(pk=pk).exists()


def _check(kind: Kind, row: Any) -> None:
    place = getattr(row, "project", None)
    if place is not None and (place.archived_at or (place.leaving_at and kind.name != "removal")):
        raise NotRetried(_("The project is archived or deleted: no work is done for it."))
    if kind.name == "round":
        newest = _rows(kind, place).aggregate(n=Max("number"))["n"]
        if row.number != newest:
            raise NotRetried(_("A later round has run since. It learned from the same answers."))


def _rows(kind: Kind, project: Project | None) -> "QuerySet[Any]":
    rows = kind.model._default_manager.all()
    return rows if project is None else rows.filter(Q(project=project))


def _has_project(kind: Kind) -> bool:
    return any(field.name == "project" for field in kind.model._meta.get_fields())
