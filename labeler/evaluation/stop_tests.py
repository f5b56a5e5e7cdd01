"""Stop tests: declared in advance, looked at by the plan alone, never on other images than audit.

A look is made where a round leaves a model version, in the worker. Nobody asks for one: a moment
chosen because the figure is high just then would make the promise worthless.
"""

from typing import Any

from django.db import transaction

from labeler.evaluation import scored
from labeler.evaluation.models import StopTest
from labeler.evaluation.report import NUMBER_FROM
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.projects.models import Label, Project, User
from labeler.training import versions
from labeler.training.models import ModelVersion
from ml import stopping


class NotDeclared(Exception):
    """The test cannot be declared; the message says why."""


@transaction.atomic
def declare(
    project: Project, user: User, *, measure: str, label: Label | None,
    target: float, confidence: float, looks: int, every: int,
) -> StopTest:  # fmt: skip
    """Write the plan down; the first look comes `every` labels from now. Raises NotDeclared."""
    held = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if open_one(held):
        raise NotDeclared("open")
    newest = versions.newest(held)
    now = newest.n_labels if newest else 0
    return StopTest.objects.create(
        project=held, declared_by=user, measure=measure, label=label, target=target,
        confidence=confidence, looks=looks, every=every, begins=now + every,
    )  # fmt: skip


def open_one(project: Project) -> StopTest | None:
    """The test that still has looks to come."""
    return StopTest.objects.filter(project=project, ended="").select_related("label").first()


def newest(project: Project) -> StopTest | None:
    """The test declared last, under way or ended."""
    found = StopTest.objects.filter(project=project).select_related("label")
    return found.order_by("-pk").first()


def declared_before(project: Project) -> int:
    """How many tests were declared in all; each has its own chance to err."""
    return StopTest.objects.filter(project=project).count()


def withdraw(project: Project) -> bool:
    """End the open test unfinished; it stays in the list. False where none is open."""
    mine = StopTest.objects.filter(project=project, ended="")
    return bool(mine.update(ended=StopTest.Ended.WITHDRAWN))


def next_look(test: StopTest) -> int:
    """Labels learned from at which the next look is made."""
    return test.begins + len(test.made) * test.every


def consider(project: Project, version: ModelVersion) -> StopTest | None:
    """Make the look that is due at this version, if one is; the test, if a look was made."""
    if open_one(project) is None:
        return None
    try:
        compared = scored.of(project, version)
    except NotScored:
        return None
    if len(compared.image_ids) < NUMBER_FROM:
        return None
    return _look(project, version, compared)


@transaction.atomic
def _look(project: Project, version: ModelVersion, compared: Scored) -> StopTest | None:
    held = StopTest.objects.select_for_update().filter(project=project, ended="").first()
    if held is None or version.n_labels < next_look(held):
        return None
    if any(look["version"] == version.number for look in held.made):
        return None  # a round that was run twice looks once
    low = lower_bound(held, compared, Thresholds.of_version(project, version))
    held.made = [*held.made, _told(version, compared, low, low >= held.target)]
    if low >= held.target:
        held.ended = StopTest.Ended.REACHED
    elif len(held.made) >= held.looks:
        held.ended = StopTest.Ended.USED_UP
    held.save(update_fields=["made", "ended"])
    return held


def _told(version: ModelVersion, compared: Scored, low: float, passed: bool) -> dict[str, Any]:
    return {
        "version": version.number, "n_labels": version.n_labels,
        "audit_labels": len(compared.image_ids), "low": low, "passed": passed,
    }  # fmt: skip


def lower_bound(test: StopTest, compared: Scored, thresholds: Thresholds) -> float:
    """What the test's figure surely is at least, as sure as one of its looks must be."""
    sure = stopping.confidence_of_a_look(test.confidence, test.looks)
    decided = compared.decide(thresholds)
    if test.measure == StopTest.Measure.MACRO_F1:
        return stopping.macro_f1_low(compared.truth, decided, sure)
    at = next((i for i, each in enumerate(compared.labels) if each.pk == test.label_id), None)
    if at is None:
        return 0.0
    given, true = decided[:, at], compared.truth[:, at]
    among = given if test.measure == StopTest.Measure.PRECISION else true
    return stopping.share_low(int((given & true).sum()), int(among.sum()), sure)
