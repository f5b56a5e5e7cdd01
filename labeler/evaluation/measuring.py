"""Scores that are older than the newest audit answers: told as such, and measured by a worker.

A page that shows scores says how many are older and asks for them; it never waits. The row is the
order, as everywhere, so a lost message costs only time.
"""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from labeler.evaluation import curve
from labeler.evaluation.models import Measuring
from labeler.projects.models import Project
from labeler.work import leases
from labeler.work.messages import nudge

KIND = "measuring"
A_TURN = 20  # versions
AFTER_FAILURE = timedelta(minutes=1)  # until somebody who looks may ask again


def consider(project: Project) -> int:
    """How many scores are older than the newest audit answers; those that are due are asked for."""
    due, older = curve.standing(project)
    if due:
        ask(project)
    return older


def ask(project: Project) -> None:
    """Let a worker measure what is due, unless one is at it."""
    row, made = Measuring.objects.get_or_create(project=project)
    if not made and not _again(row):
        return
    nudge(KIND, row.pk)


def _again(row: Measuring) -> bool:
    failed = Q(state=Measuring.State.FAILED, finished_at__gt=Now() - AFTER_FAILURE)
    closed = Measuring.objects.filter(pk=row.pk).exclude(state__in=Measuring.OPEN).exclude(failed)
    due = {"state": Measuring.State.DUE, "attempts": 0, "not_before": None, "error": ""}
    return bool(closed.update(**due))


def run(row: Measuring) -> None:
    """Measure what is due, the serving version first. Raises LeaseLost."""
    with leases.keeping(row):
        curve.refresh(row.project, most=A_TURN)
    due, _ = curve.standing(row.project)
    if due:
        leases.yield_back(row)
    else:
        leases.finish(row, error="")
