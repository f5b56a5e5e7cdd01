"""Accept what the model is sure of, revoke it, and see whether the promise is kept."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.evaluation import autolabel, within
from labeler.evaluation.autolabel import ALL, Missing, Wish
from labeler.evaluation.measures import Measure
from labeler.evaluation.models import Study
from labeler.evaluation.studies import KIND
from labeler.evaluation.within import Within
from labeler.labeling import accepted, spot_checks
from labeler.labeling.models import Acceptance
from labeler.labeling.spot_checks import Checks
from labeler.projects.models import Project, User
from labeler.training import rounds, versions
from labeler.training.models import Round
from labeler.work.messages import nudge
from ml import promise

WORK = ("accept", "revoke")


class NotAccepted(Exception):
    """Nothing was accepted; the message says why and what to do, `code` is for programs."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


@dataclass(frozen=True)
class Kept:
    """An acceptance, how many of its images count, and what spot checks say of its promise."""

    acceptance: Acceptance
    standing: int
    checks: Checks
    measured: Measure | None  # share of wrong ones among spot checks
    standing_of_promise: str  # of ml.promise: kept, doubtful, broken, unknown
    work: Study | None  # accepting or revoking now, or failed at it

    @property
    def tolerated(self) -> float:
        """The rate over all, or the largest that some label was given."""
        given = self.acceptance.tolerated
        return float(given[ALL] if len(given) == 1 else max(given.values()))

    @property
    def own_rates(self) -> bool:
        return len(self.acceptance.tolerated) > 1

    @property
    def threshold(self) -> float | None:
        return min(self.acceptance.thresholds.values(), default=None)


# Doing -----------------------------------------------------------------------------------


def accept(
    project: Project, user: User, wished: Wish, *, version: int, teaches: bool = False,
    inside: Within | None = None,
) -> Acceptance:  # fmt: skip
    """Begin to accept what version `version` is sure enough of, in a part of the pool if asked; a
    worker does it.

    The threshold and the bound are computed anew from today's audit sample. Raises NotAccepted.
    """
    serving = versions.serving(project)
    if serving is None or serving.number != version:
        words = _("Another model version serves by now. Look at what it would accept first.")
        raise NotAccepted("another_version", words)
    offer = autolabel.of(project, serving, wished, inside)
    if isinstance(offer, Missing) or not offer.images:
        words = _("No image would be accepted at this error. Tolerate more, or label more.")
        raise NotAccepted("nothing_to_accept", words)
    with transaction.atomic():
        _one_at_a_time(project)
        last = Acceptance.objects.filter(project=project).aggregate(last=Max("number"))["last"]
        made = Acceptance.objects.create(
            project=project, number=(last or 0) + 1, version=version,
            tolerated=wished.as_stored(), thresholds=offer.thresholds,
            upper_bound=offer.upper, teaches=teaches, created_by=user,
            within=inside.query if inside else "",
        )  # fmt: skip
        if inside is not None:
            within.keep(made, inside)
        Project.objects.filter(pk=project.pk).update(has_accepted=True)
        _order("accept", made, user, total=project.next_row)
    return made


def revoke(project: Project, user: User, number: int) -> Acceptance:
    """Take the acceptance back as a whole; a worker opens its images. Twice is once.

    Raises Acceptance.DoesNotExist.
    """
    with transaction.atomic():
        found: Acceptance = _locked(project).get(number=number)
        if found.revoked_at is None:
            Acceptance.objects.filter(pk=found.pk).update(revoked_at=Now(), revoked_by=user)
            others = Acceptance.objects.filter(project=project, revoked_at=None).exists()
            Project.objects.filter(pk=project.pk).update(has_accepted=others)
            left = found.annotations.filter(image__state=accepted.ACCEPTED).count()
            _order("revoke", found, user, total=left)
    found.refresh_from_db()
    return found


def teach(project: Project, user: User, number: int, *, teaches: bool) -> Acceptance:
    """Let rounds learn from the acceptance, or no longer; a round follows.

    Raises Acceptance.DoesNotExist.
    """
    found = Acceptance.objects.get(project=project, number=number)
    if found.teaches != teaches and found.revoked_at is None:
        Acceptance.objects.filter(pk=found.pk).update(teaches=teaches)
        rounds.ask(project, Round.Reason.ASKED, user)
    found.refresh_from_db()
    return found


def _one_at_a_time(project: Project) -> None:
    if connection.features.has_select_for_update:
        Project.objects.select_for_update(no_key=True).filter(pk=project.pk).first()
    if Study.objects.filter(project=project, kind__in=WORK, state__in=Study.OPEN).exists():
        words = _("An acceptance is under way. Wait until it is done, then accept more.")
        raise NotAccepted("under_way", words)


def _locked(project: Project) -> Any:
    rows = Acceptance.objects.filter(project=project)
    return rows.select_for_update() if connection.features.has_select_for_update else rows


def _order(kind: str, acceptance: Acceptance, user: User, *, total: int) -> None:
    row = Study.objects.create(
        project=acceptance.project, kind=kind, options={"acceptance": acceptance.pk},
        asked_by=user, total=total,
    )  # fmt: skip
    transaction.on_commit(lambda: nudge(KIND, row.pk))


# Looking ---------------------------------------------------------------------------------


def listed(project: Project, *, most: int = 50) -> list[Kept]:
    """The newest acceptances first, revoked ones too."""
    rows = list(Acceptance.objects.filter(project=project).order_by("-number")[:most])
    rows_by = accepted.standing(project).order_by().values_list("acceptance")
    counts = dict(rows_by.annotate(n=Count("pk")))
    work = _work(project)
    return [_kept(row, counts.get(row.pk, 0), work.get(row.pk)) for row in rows]


def one(project: Project, number: int) -> Kept:
    """One acceptance. Raises Acceptance.DoesNotExist."""
    row = Acceptance.objects.get(project=project, number=number)
    count = accepted.standing(project).filter(acceptance=row).count()
    return _kept(row, count, _work(project).get(row.pk))


def _work(project: Project) -> dict[int, Study]:
    """{acceptance id: the work on it that is not done}."""
    rows = Study.objects.filter(project=project, kind__in=WORK).exclude(state=Study.State.DONE)
    return {int(row.options["acceptance"]): row for row in rows.order_by("pk")}


def _kept(row: Acceptance, standing: int, work: Study | None) -> Kept:
    checks = spot_checks.of(row)
    measured = _measured(checks)
    tolerated = row.tolerated[ALL] if len(row.tolerated) == 1 else max(row.tolerated.values())
    low = measured.low if measured else 0.0
    verdict = promise.standing(checks.wrong, checks.checked, tolerated, low)
    return Kept(row, standing, checks, measured, verdict, work)


def _measured(checks: Checks) -> Measure | None:
    """The share of wrong spot checks, with an exact interval: there may be few of them."""
    if not checks.checked:
        return None
    low, high = promise.interval(checks.wrong, checks.checked)
    return Measure(checks.wrong / checks.checked, low, high)


def warnings(project: Project) -> list[Kept]:
    """Standing acceptances whose promise is broken or doubtful; no query where there are none."""
    if not project.has_accepted:
        return []
    rows = Acceptance.objects.filter(project=project, revoked_at=None).order_by("-number")
    found = [_kept(row, 0, None) for row in rows]
    return [each for each in found if each.standing_of_promise in ("broken", "doubtful")]
