"""How fast one person answers: shown to herself, and to admins as a median."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from labeler.labeling import own_work
from labeler.labeling.models import Annotation
from labeler.projects.models import Project, User

PACE_OF = 500  # last answers from which the pace is taken
MOST_TIMED = 2_000  # last answers whose times go into the days
DAYS = 30
PAUSE = 120.0  # seconds; longer than this nobody looked at the image


@dataclass(frozen=True)
class Day:
    """One day's answers; `seconds` is their median, where times were kept."""

    day: date
    answers: int
    seconds: float | None


@dataclass(frozen=True)
class Pace:
    """The last answers' median in seconds, and how many an hour of labeling brings."""

    seconds: float | None
    per_hour: float | None
    days: tuple[Day, ...]  # newest first, days without answers left out


def of(project: Project, user: User) -> Pace:
    """The user's pace in the project, from answers given one at a time."""
    timed = Annotation.objects.filter(
        project=project, user=user, source=Annotation.Source.QUEUE, elapsed_ms__isnull=False
    ).exclude(kind=Annotation.Kind.UNDO)
    rows = list(timed.order_by("-pk").values_list("created_at", "elapsed_ms")[:MOST_TIMED])
    last = [(ms or 0) / 1000 for _, ms in rows[:PACE_OF]]
    by_day: dict[date, list[float]] = defaultdict(list)
    for at, ms in rows:
        by_day[timezone.localdate(at)].append((ms or 0) / 1000)
    return Pace(
        seconds=median(last) if last else None,
        per_hour=per_hour(last),
        days=_days(project, user, by_day),
    )


def per_hour(seconds: list[float]) -> float | None:
    """Answers per hour of labeling: a pause counts as two minutes, however long it was."""
    spent = sum(min(each, PAUSE) for each in seconds)
    return 3600 * len(seconds) / spent if spent else None


def _days(project: Project, user: User, times: dict[date, list[float]]) -> tuple[Day, ...]:
    begin = timezone.now() - timedelta(days=DAYS)
    rows = own_work.given(project, user).filter(created_at__gte=begin).order_by()
    counted = rows.annotate(day=TruncDate("created_at")).values_list("day").annotate(Count("pk"))
    return tuple(
        Day(day, count, median(times[day]) if times.get(day) else None)
        for day, count in sorted(counted, reverse=True)
    )
