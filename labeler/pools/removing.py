"""Taking a deleted project apart: its rows, then its files, a turn at a time.

Every step can be broken off and begun again: what is gone stays gone, and the Removal row goes
last, together with the project's.
"""

import time
from datetime import timedelta
from functools import partial

from django.db import IntegrityError, OperationalError
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from labeler.pools import staging, storage
from labeler.pools.models import Import, Removal
from labeler.projects import removal
from labeler.projects.models import Project
from labeler.work import leases
from labeler.work.kinds import CHORES, KINDS
from labeler.work.messages import nudge
from labeler.work.models import LeasedWork

KIND = "removal"
BEAT_SECONDS = 10.0  # how often the lease is renewed
TURN_SECONDS = 30.0  # then other work that waits has a turn
PAUSE = 2.0  # after each step, as a share of the time it took: others write meanwhile
LONGEST_PAUSE = 0.5  # seconds
PATIENCE = timedelta(hours=1)  # a removal that failed is tried again

SPARED = frozenset({Removal})


class _TurnOver(Exception):
    """Other work waits, and this has had its turn."""


def run(row: Removal) -> None:
    """Work on a claimed removal until nothing of the project is left, or others want a turn.

    Raises LeaseLost where another worker has it.
    """
    project_id, rest = row.project_id, _Rest(row)
    try:
        for pk in Import.objects.filter(project=project_id).values_list("pk", flat=True):
            staging.clear(pk)
        removal.take_apart(project_id, spare=SPARED, beat=rest, atomic=leases.lightly)
        storage.forget(project_id, beat=rest)
        with leases.publishing(row):
            removal.finish(project_id)
    except _TurnOver:
        leases.yield_back(row)
        nudge(KIND, row.pk)
    except (IntegrityError, OperationalError) as error:
        # Somebody who had begun before the project was hidden has just added a row, or the
        # database is busy.
        leases.put_off(row, f"The database did not take it: {error}", seconds=5)
    except OSError as error:
        leases.retry(row, f"A file cannot be deleted: {error}", seconds=60)


class _Rest:
    """Called after every step: keeps the lease, and leaves the database to others for a while."""

    def __init__(self, row: Removal) -> None:
        self.row = row
        self.started = self.renewed = self.last = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self.renewed > BEAT_SECONDS:
            leases.renew(self.row)
            self.renewed = now
        if now - self.started > TURN_SECONDS and _others_wait():
            raise _TurnOver
        time.sleep(min(PAUSE * (now - self.last), LONGEST_PAUSE))
        self.last = time.monotonic()


def _others_wait() -> bool:
    kinds = [kind for kind in KINDS.values() if kind.queue == CHORES]
    return any(leases.due(kind.model).exists() for kind in kinds)


def begin(project: Project, user_id: int | None) -> None:
    """Stop all work on the project and have it taken apart."""
    for kind in KINDS.values():
        if kind.model is not Removal and _is_of_a_project(kind.model):
            over = partial(kind.model._default_manager.filter, project=project)
            over(state__in=(*kind.model.OPEN, "waiting", "paused")).update(
                state=Import.State.CANCELLED, finished_at=Now(), lease_until=None
            )
    row, _ = Removal.objects.get_or_create(project=project, defaults={"asked_by_id": user_id})
    nudge(KIND, row.pk)


def _is_of_a_project(model: type[LeasedWork]) -> bool:
    return any(field.name == "project" for field in model._meta.fields)


def find() -> None:
    """A removal for each project that is leaving without one; failed ones are tried again."""
    mine = Removal.objects.filter(project=OuterRef("pk"))
    for project in Project.leaving_too.filter(~Exists(mine), leaving_at__isnull=False):
        begin(project, None)
    failed = Removal.objects.filter(state=Removal.State.FAILED, finished_at__lt=Now() - PATIENCE)
    failed.update(state=Removal.State.DUE, attempts=0, not_before=None, finished_at=None)
