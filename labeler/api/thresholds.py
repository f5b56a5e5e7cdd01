"""From which probability the serving model gives each label."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import BodySchema, Number
from labeler.evaluation import thresholds
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project
from labeler.training import versions
from labeler.training.models import ModelVersion

router = Router(tags=["metrics"])

P = Annotated[float, Field(ge=0, le=1)]


class ThresholdOut(Schema):
    """A label's threshold. `picked_with` is the version it was picked with, `picked_on` what was
    looked at: "audit", "labels" (cross-validated) or "api"; both null for the standard one."""

    id: int
    name: str
    threshold: float
    standard: bool
    picked_with: int | None
    picked_on: str | None


class ThresholdsOut(Schema):
    """The thresholds in use, and the version that has them."""

    model_version: int
    labels: list[ThresholdOut]


class ThresholdsIn(BodySchema):
    """New thresholds by label name, null for the standard one; `all` for every label first.

    With `model_version` nothing is saved if another one serves by now.
    """

    model_version: Number | None = None
    all: P | None = None
    thresholds: Annotated[dict[str, P | None], Field(max_length=10_000)] = {}

    model_config = {
        "json_schema_extra": {"examples": [{"thresholds": {"rust": 0.8, "mildew": None}}]}
    }


@router.get("/projects/{int:project_id}/thresholds", response={200: ThresholdsOut, **ERRORS})
def get_thresholds(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """The thresholds of the serving version."""
    project = project_for(request.user, project_id, "see_dashboard")
    return _told(_serving(project))


@router.put("/projects/{int:project_id}/thresholds", response={200: ThresholdsOut, **ERRORS})
def put_thresholds(request: HttpRequest, project_id: int, body: ThresholdsIn) -> dict[str, Any]:
    """Save thresholds with the serving version; labels that are not named keep theirs."""
    project = project_for(request.user, project_id, "review")
    labels = {la.name: la.pk for la in Label.objects.filter(project=project, retired=False)}
    unknown = next((name for name in body.thresholds if name not in labels), None)
    if unknown is not None:
        words = f"This project has no label {unknown[:60]!r}."
        raise Refused(422, "unknown_label", words)
    number = body.model_version or _serving(project).number
    picks: dict[int, float | None] = {}
    if body.all is not None:
        picks = dict.fromkeys(labels.values(), body.all)
    picks |= {labels[name]: p for name, p in body.thresholds.items()}
    if not thresholds.save(project, number, picks, on=thresholds.API):
        words = f"Version {number} does not serve any more; look at the thresholds in use first."
        raise Refused(409, "another_version", words)
    return _told(_serving(project))


def _serving(project: Project) -> ModelVersion:
    version = versions.serving(project)
    if version is None:
        words = "There is no model yet. Label some images; the first round makes one."
        raise Refused(409, "no_model", words)
    version.project = project
    return version


def _told(version: ModelVersion) -> dict[str, Any]:
    found = [each.as_dict() for each in thresholds.of(version)]
    return {"model_version": version.number, "labels": found}
