"""Which model version serves, two of them beside each other, and taking one away."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.responses import Status

from labeler.api.errors import ERRORS, Refused
from labeler.api.rounds import VersionOut, version_as_dict
from labeler.evaluation import comparison
from labeler.evaluation.models import Score
from labeler.evaluation.scored import NotScored
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.training import pinning
from labeler.training.models import ModelVersion

router = Router(tags=["training"])
PATH = "/projects/{int:project_id}/model-versions"


class ComparisonOut(Schema):
    """Changes from one version to another, on the audit images that both have scored.

    Figures are {"value", "low", "high"} with a 95 % interval, or null where there are too few
    images. Images whose answer changed are better, worse, or wrong otherwise; the first 60 of
    each are listed.
    """

    before: int
    after: int
    audit_images: int
    macro_f1_change: dict[str, float] | None
    labels: list[dict[str, Any]]
    counts: dict[str, int]
    better: list[dict[str, Any]]
    worse: list[dict[str, Any]]
    otherwise: list[dict[str, Any]]


@router.get(f"{PATH}/compare", response={200: ComparisonOut, **ERRORS})
def compare_model_versions(
    request: HttpRequest, project_id: int, before: int = 0, after: int = 0
) -> dict[str, Any]:
    """What changes from version `before` to version `after`."""
    project = project_for(request.user, project_id, "see_dashboard")
    versions = [_version(project, number) for number in (before, after)]
    try:
        return comparison.of(project, *versions).as_dict()
    except NotScored as error:
        words = _("The audit probabilities of one of them can no longer be read.")
        raise Refused(409, "unreadable", words) from error


@router.post(f"{PATH}/{{int:number}}/pin", response={200: VersionOut, **ERRORS})
def pin_model_version(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Let this version serve until it is unpinned.

    `serving` is false in the answer while a round has to score the pool with it first.
    """
    project = project_for(request.user, project_id, "train")
    _version(project, number)
    pinning.pin(project, number)
    return _told(_version(project, number))


@router.post(f"{PATH}/unpin", response={200: VersionOut, **ERRORS})
def unpin_model_version(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """Let the newest version serve, and each that follows."""
    project = project_for(request.user, project_id, "train")
    newest = pinning.unpin(project)
    if newest is None:
        raise Refused(404, "not_found", _("The project has no model version yet."))
    return _told(_version(project, newest.number))


@router.delete(f"{PATH}/{{int:number}}", response={204: None, **ERRORS})
def delete_model_version(request: HttpRequest, project_id: int, number: int) -> Status[None]:
    """Take a version away with its files and figures; not the one that serves, nor the newest."""
    project = project_for(request.user, project_id, "train")
    _version(project, number)
    try:
        pinning.delete(project, number)
    except pinning.Refused as why:
        raise Refused(409, "in_use", str(why)) from why
    return Status(204, None)


def _version(project: Project, number: int) -> ModelVersion:
    found = ModelVersion.objects.filter(project=project, number=number).select_related("round")
    version = found.first() if 0 < number < 2**31 else None
    if version is None:
        words = _("This project has no model version %(n)s.") % {"n": number}
        raise Refused(404, "not_found", words)
    return version


def _told(version: ModelVersion) -> dict[str, Any]:
    return version_as_dict(version, Score.objects.filter(version=version).first())
