"""Counts over whole pools and histories, made by a worker, so that no scrape and no page waits.

Images are counted by state, anew each time; answers are added up: only those that came since the
last time are read.
"""

import time
from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Membership, Project
from labeler.webhooks import settled
from labeler.work import leases
from labeler.work.models import Counting, LeasedWork

KIND = "counting"
THE_ROW = 1
EVERY = 60.0  # seconds between two countings, at least
SHARE = 0.02  # of the time, at most, goes into counting

Row = list[Any]  # [project, …, number]


def find() -> None:
    """The sweep's: let a worker count when it is time again."""
    row = Counting.objects.filter(pk=THE_ROW).first()
    if row is None:
        Counting.objects.get_or_create(pk=THE_ROW)
        return
    pause = timedelta(seconds=max(EVERY, row.seconds / SHARE))
    over = ~Q(state__in=LeasedWork.OPEN) & (Q(finished_at=None) | Q(finished_at__lt=Now() - pause))
    due = {"state": LeasedWork.State.DUE, "attempts": 0, "not_before": None}
    Counting.objects.filter(over, pk=THE_ROW).update(**due)


def run(row: Counting) -> None:
    """Count. Raises LeaseLost."""
    began = time.monotonic()
    with leases.keeping(row):
        facts = {"images": _images(), **_answers(row.facts)}
    leases.finish(row, facts=facts, seconds=time.monotonic() - began, error="")


def last() -> Counting | None:
    """What was counted last; None before the first time."""
    return Counting.objects.filter(pk=THE_ROW).first()


def _images() -> list[Row]:
    """[project, state, images]"""
    rows = Image.objects.order_by().values_list("project", "state").annotate(n=Count("pk"))
    return [list(row) for row in rows]


def _answers(before: dict[str, Any]) -> dict[str, Any]:
    """`answers`: [project, source, kind, role, rows], and `seen`: the newest one among them."""
    counts = {tuple(row[:-1]): int(row[-1]) for row in before.get("answers", [])}
    seen, top = before.get("seen", 0), settled.newest()
    if top is not None and top > seen:
        for key, number in _since(seen, top):
            counts[key] = counts.get(key, 0) + number
        seen = top
    there = set(Project.objects.values_list("pk", flat=True))
    kept = [[*key, number] for key, number in sorted(counts.items()) if key[0] in there]
    return {"answers": kept, "seen": seen}


def _since(seen: int, top: int) -> list[tuple[tuple[Any, ...], int]]:
    mine = Membership.objects.filter(user=OuterRef("user"), project=OuterRef("project"))
    # "none": an owner who is no member, or somebody who left since.
    role = Coalesce(Subquery(mine.values("role")[:1]), Value("none"))
    rows = Annotation.objects.filter(pk__gt=seen, pk__lte=top).order_by().annotate(role=role)
    found = rows.values_list("project", "source", "kind", "role").annotate(n=Count("pk"))
    return [(tuple(row[:-1]), row[-1]) for row in found]
