"""A canary: the newest version answers a share of the predictions while an older one serves.

The version is chosen once for a request, by a hash of what it asks and of the version itself, so
that the same question gets the same version everywhere, and another draw with the next version.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from labeler.projects.models import Project
from labeler.projects.statements import statement
from labeler.training import pinning, versions
from labeler.training.models import Canary, ModelVersion, Served

MOST = 0.5  # of all requests


class Refused(ValueError):
    """This cannot be; the message says why and what to do."""


@dataclass(frozen=True)
class Figures:
    """What a version told since the counts began; the means are None before the first picture."""

    version: ModelVersion
    requests: int = 0
    pictures: int = 0
    confidence: float | None = None  # mean of the likeliest label's
    unknown: float | None = None  # share of the pictures


@dataclass(frozen=True)
class State:
    """How a project's canary stands; `newest` is None while no other version could answer."""

    share: float
    since: datetime | None
    serving: Figures | None
    newest: Figures | None

    @property
    def both(self) -> list[Figures]:
        """The versions that answer, the serving one first."""
        return [each for each in (self.serving, self.newest) if each]


def of(project: Project) -> State:
    """How it stands now."""
    row = Canary.objects.filter(project=project).first() or Canary(project=project)
    serving, newest = versions.serving(project), versions.newest(project)
    other = newest if newest and serving and newest.pk != serving.pk else None
    return State(
        row.share,
        row.since,
        _figures(serving) if serving else None,
        _figures(other) if other else None,
    )


def _figures(version: ModelVersion) -> Figures:
    row = Served.objects.filter(version=version).first()
    if row is None or not row.pictures:
        return Figures(version, row.requests if row else 0)
    confidence, unknown = row.confidence / row.pictures, row.unknown / row.pictures
    return Figures(version, row.requests, row.pictures, confidence, unknown)


@transaction.atomic
def set_share(project: Project, share: float) -> None:
    """Let the newest version answer this share from now on, counted from nought.

    The version that serves is pinned, else the newest would serve alone. Raises Refused.
    """
    if not 0 <= share <= MOST:
        raise Refused(_("A canary answers at most half of the requests."))
    serving = versions.serving(project)
    if share and serving is None:
        raise Refused(_("There is no model version yet."))
    if share and serving and versions.pinned(project) is None:
        pinning.pin(project, serving.number)
    fields = {"share": share, "since": timezone.now() if share else None}
    Canary.objects.update_or_create(project=project, defaults=fields)
    if share:
        counted = Served.objects.filter(version__project=project)
        counted.update(requests=0, pictures=0, confidence=0.0, unknown=0)


@transaction.atomic
def promote(project: Project, number: int) -> ModelVersion:
    """Let the canary's version serve, pinned, and end the share.

    number: of the version whose figures somebody looked at; a newer one is not let in unseen.
    Raises Refused.
    """
    newest = versions.newest(project)
    if newest is None or newest.number != number:
        raise Refused(_("A newer version came meanwhile. Look at its figures first."))
    pinning.pin(project, number)
    set_share(project, 0.0)
    newest.refresh_from_db()
    return newest


# Which version answers --------------------------------------------------------------------


def chosen(serving: ModelVersion, mark: bytes) -> ModelVersion | None:
    """The newest version where it shall answer the request of this mark, else None."""
    share = _share.first(serving.project_id)
    newest = versions.newest(serving.project) if share else None
    if not share or newest is None or newest.pk == serving.pk:
        return None
    return newest if place(newest, mark) < share else None


def place(version: ModelVersion, mark: bytes) -> float:
    """Where a request falls in [0, 1): below the share, the canary answers."""
    digest = hashlib.sha256(f"{version.project_id}:{version.number}:".encode() + mark).digest()
    return int.from_bytes(digest[:7]) / 2**56


@statement
def _share(project: int) -> "QuerySet[Canary, float]":
    found = Canary.objects.filter(project=project, share__gt=0)
    return found.values_list("share", flat=True)


def count(version_id: int, requests: int, pictures: int, confidence: float, unknown: int) -> None:
    """Add to what a version told; several services may do so at once."""
    if not ModelVersion.objects.filter(pk=version_id).exists():
        return  # deleted meanwhile
    Served.objects.get_or_create(version_id=version_id)
    Served.objects.filter(version_id=version_id).update(
        requests=F("requests") + requests, pictures=F("pictures") + pictures,
        confidence=F("confidence") + confidence, unknown=F("unknown") + unknown,
        last_at=timezone.now(),
    )  # fmt: skip


def asked_lately(most: int, since: datetime) -> list[Project]:
    """The projects whose models were asked since then, the latest first."""
    rows = Served.objects.filter(last_at__gte=since).order_by("-last_at")
    found = dict.fromkeys(rows.values_list("version__project", flat=True)[: 10 * most])
    there = Project.objects.in_bulk(list(found)[:most])
    return [there[pk] for pk in found if pk in there]
