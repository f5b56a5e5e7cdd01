"""Who has labeled what, and when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from labeler.evaluation.memory import Memory
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project, User

DAYS = 30
PACE_OF = 500  # last answers from which paces are taken


@dataclass(frozen=True)
class ClassCount:
    """How many standing answers name the label."""

    label: Label
    count: int
    share: float  # of the most frequent label


@dataclass(frozen=True)
class PersonCount:
    """What one person has answered and still stands."""

    user_id: int
    name: str
    today: int
    total: int
    share: float  # of the busiest person
    seconds: float | None  # median per answer, lately


@dataclass(frozen=True)
class SkipCount:
    """How often one person, or everybody, skipped for each reason."""

    user_id: int | None
    name: str
    unsure: int
    not_applicable: int
    broken: int

    @property
    def total(self) -> int:
        return self.unsure + self.not_applicable + self.broken


@dataclass(frozen=True)
class DayCount:
    """Answers of one day, in the installation's time zone."""

    day: date
    count: int


@dataclass(frozen=True)
class Activity:
    """Labels per class, per person and per day; skips per reason and person."""

    classes: tuple[ClassCount, ...]
    people: tuple[PersonCount, ...]
    days: tuple[DayCount, ...]
    answers: int
    skipped: SkipCount  # by everybody
    skippers: tuple[SkipCount, ...]  # most first

    @property
    def skips(self) -> int:
        return self.skipped.total

    @property
    def chart(self) -> dict[str, list[str] | list[int]]:
        """The days as the chart wants them."""
        return {
            "days": [each.day.isoformat() for each in self.days],
            "counts": [each.count for each in self.days],
        }


_known: Memory[Activity] = Memory(32)


def of(project: Project, user: User | None = None) -> Activity:
    """What everybody, or `user` alone, has done; counted anew after each answer."""
    today = timezone.localdate()
    labels = tuple(Label.objects.filter(project=project).order_by("position", "place"))
    looks = tuple((la.pk, la.name, la.colour, la.retired) for la in labels)
    key = (project.pk, project.created_at, user and user.pk, consensus.stamp(project), today)
    return _known.get((key, looks), lambda: _count(project, user, labels, today))


def _count(project: Project, user: User | None, labels: tuple[Label, ...], today: date) -> Activity:
    answers = _answers(project, user)
    counted = _per_person(answers, today)
    people = _people(answers, counted)
    skippers = _skippers(answers, {each.user_id: each.name for each in people})
    return Activity(
        classes=_classes(project, user, labels),
        people=people,
        days=_days(counted, today),
        answers=sum(each.total for each in people),
        skipped=_everybody(skippers),
        skippers=skippers,
    )


def _answers(project: Project, user: User | None) -> "QuerySet[Annotation]":
    """Answers that their giver has not taken back or changed; a review leaves them standing."""
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=OuterRef("user"))
    given = Annotation.objects.filter(project=project).exclude(kind=Annotation.Kind.UNDO)
    return (given.filter(user=user) if user else given).filter(~Exists(own_later))


def _classes(
    project: Project, user: User | None, labels: tuple[Label, ...]
) -> tuple[ClassCount, ...]:
    current = Annotation.objects.filter(project=project, current=True, kind="labels")
    if user:
        current = current.filter(user=user)
    counted = dict(current.filter(labels__isnull=False).values_list("labels").annotate(Count("pk")))
    most = max(counted.values(), default=1)
    return tuple(
        ClassCount(label, counted.get(label.pk, 0), counted.get(label.pk, 0) / most)
        for label in labels
        if not label.retired or label.pk in counted
    )


def _per_person(answers: "QuerySet[Annotation]", today: date) -> list[dict[str, Any]]:
    """{"user", "n" in all, "0" today, "1" yesterday, ...} of everybody, the busiest first.

    Each day is a comparison with two moments: asking SQLite for the day of each answer would call
    Python for each.
    """
    midnights = [_midnight(today - timedelta(days=ago)) for ago in range(-1, DAYS)]
    days = {
        str(ago): Count("pk", filter=Q(created_at__gte=begin, created_at__lt=end))
        for ago, (end, begin) in enumerate(pairwise(midnights))
    }
    rows = answers.values("user").annotate(n=Count("pk"), **days)
    return [{**row} for row in rows.order_by("-n")]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _people(
    answers: "QuerySet[Annotation]", counted: list[dict[str, Any]]
) -> tuple[PersonCount, ...]:
    names = {
        user.pk: str(user) for user in User.objects.filter(pk__in=[c["user"] for c in counted])
    }
    seconds: dict[int, float] = _paces(answers)
    most = max((each["n"] for each in counted), default=1)
    return tuple(
        PersonCount(pk, names[pk], each["0"], each["n"], each["n"] / most, seconds.get(pk))
        for each in counted
        for pk in (each["user"],)
    )


def _skippers(answers: "QuerySet[Annotation]", names: dict[int, str]) -> tuple[SkipCount, ...]:
    reasons = Annotation.Skip.values
    rows = answers.filter(kind=Annotation.Kind.SKIP).values("user").order_by()
    counted = rows.annotate(**{reason: Count("pk", filter=Q(skip=reason)) for reason in reasons})
    flat = counted.values_list("user", *reasons)
    found = [SkipCount(pk, names[pk], *each) for pk, *each in flat]
    return tuple(sorted(found, key=lambda each: (-each.total, each.name)))


def _everybody(skippers: tuple[SkipCount, ...]) -> SkipCount:
    reasons = Annotation.Skip.values
    sums = {reason: sum(getattr(each, reason) for each in skippers) for reason in reasons}
    return SkipCount(None, "", **sums)


def _paces(answers: "QuerySet[Annotation]") -> dict[int, float]:
    last = answers.filter(elapsed_ms__isnull=False).order_by("-pk")
    times: dict[int, list[float]] = defaultdict(list)
    for user_id, ms in last.values_list("user_id", "elapsed_ms")[:PACE_OF]:
        times[user_id].append((ms or 0) / 1000)
    return {user_id: median(each) for user_id, each in times.items()}


def _days(counted: list[dict[str, Any]], today: date) -> tuple[DayCount, ...]:
    """Every day from the first answer, at most the last thirty; days without answers are 0."""
    sums = [sum(each[str(ago)] for each in counted) for ago in range(DAYS)]
    first = max((ago for ago in range(DAYS) if sums[ago]), default=0)
    return tuple(DayCount(today - timedelta(days=ago), sums[ago]) for ago in range(first, -1, -1))
