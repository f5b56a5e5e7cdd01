"""Let the newest version answer a share of the predictions, and look how it does."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import BodySchema, Number
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.training import canary

router = Router(tags=["predictions"])
PATH = "/projects/{int:project_id}/canary"


class Share(BodySchema):
    """Of the requests, how many the newest version answers; 0 rolls back."""

    share: Annotated[float, Field(ge=0, le=canary.MOST)]


class Promoted(BodySchema):
    """The version whose figures were looked at."""

    version: Number


class FiguresOut(Schema):
    """What a version told since the counts began; means are null before the first picture."""

    version: int
    requests: int
    pictures: int
    mean_confidence: float | None
    unknown_share: float | None


class CanaryOut(Schema):
    """The share, and both versions beside each other; `newest` is null where it serves itself."""

    share: float
    since: datetime | None
    serving: FiguresOut | None
    newest: FiguresOut | None


@router.get(PATH, response={200: CanaryOut, **ERRORS})
def get_canary(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """How the canary stands."""
    return _told(project_for(request.user, project_id, "see_dashboard"))


@router.put(PATH, response={200: CanaryOut, **ERRORS})
def set_canary(request: HttpRequest, project_id: int, body: Share) -> dict[str, Any]:
    """Let the newest version answer 0 to 50 % of the requests. The one that serves is pinned."""
    project = project_for(request.user, project_id, "train")
    try:
        canary.set_share(project, body.share)
    except canary.Refused as why:
        raise Refused(409, "no_model", str(why)) from why
    return _told(project)


@router.post(f"{PATH}/promote", response={200: CanaryOut, **ERRORS})
def promote_canary(request: HttpRequest, project_id: int, body: Promoted) -> dict[str, Any]:
    """Let the newest version serve, pinned, and end the share."""
    project = project_for(request.user, project_id, "train")
    try:
        canary.promote(project, body.version)
    except canary.Refused as why:
        raise Refused(409, "newer", str(why)) from why
    return _told(project)


def _told(project: Project) -> dict[str, Any]:
    state = canary.of(project)
    return {
        "share": state.share, "since": state.since,
        "serving": _figures(state.serving), "newest": _figures(state.newest),
    }  # fmt: skip


def _figures(found: canary.Figures | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "version": found.version.number, "requests": found.requests, "pictures": found.pictures,
        "mean_confidence": found.confidence, "unknown_share": found.unknown,
    }  # fmt: skip
