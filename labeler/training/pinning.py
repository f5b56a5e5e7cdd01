"""Which version serves while rounds go on: pin one, go back to an earlier one, take one away.

A pinned version serves until somebody unpins it; meanwhile rounds learn, rank the queue and leave
versions that wait. A version whose predictions of the pool are gone is scored anew by a round
before it serves; `pinned` is the order for that, so that a lost message costs only time.
"""

import shutil
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from labeler.projects.models import Project
from labeler.training import predictions, rounds, versions
from labeler.training.models import ModelVersion, Round


class Refused(ValueError):
    """The version must stay as it is; the message says why and what to do."""


@transaction.atomic
def pin(project: Project, number: int) -> ModelVersion | None:
    """Let this version serve until it is unpinned; None if there is none of that number.

    It serves at once where its predictions of the pool are kept, else when a round has scored it.
    """
    version = _of(project, number)
    if version is None:
        return None
    mine = versions.locked(project)
    mine.exclude(pk=version.pk).filter(pinned=True).update(pinned=False)
    mine.filter(pk=version.pk).update(pinned=True)
    if not version.serving and predictions.covers(version):
        versions.let_serve(version)
    transaction.on_commit(lambda: rounds.look(project.pk))
    version.refresh_from_db()
    return version


@transaction.atomic
def unpin(project: Project) -> ModelVersion | None:
    """Let the newest version serve, and each that follows; returns it."""
    versions.locked(project).filter(pinned=True).update(pinned=False)
    newest = versions.newest(project)
    if newest and not newest.serving:
        versions.let_serve(newest)
    return newest


@transaction.atomic
def delete(project: Project, number: int) -> bool:
    """Take a version away with its files and figures; False if there is none of that number.

    Raises: Refused for one that serves or is pinned, and for the newest, from which the next
    round goes on.
    """
    versions.locked(project)
    version = _of(project, number)
    if version is None:
        return False
    _may_go(version)
    places = (versions.folder(version), predictions.folder(version))
    version.delete()
    for place in places:
        transaction.on_commit(partial(shutil.rmtree, place, ignore_errors=True))
    return True


def _may_go(version: ModelVersion) -> None:
    if version.pinned:
        raise Refused(_("This version is pinned. Unpin it first."))
    if version.serving:
        raise Refused(_("This version serves. Pin another one first."))
    if version == versions.newest(version.project):
        raise Refused(
            _("The next round goes on from the newest version. Train first, then delete it.")
        )
    if Round.objects.filter(project=version.project, serves=version.number, state__in=Round.OPEN):
        raise Refused(_("A round is scoring the pool with this version. Wait until it is done."))


def _of(project: Project, number: int) -> ModelVersion | None:
    found = ModelVersion.objects.select_related("project")
    return found.filter(project=project, number=number).first()
