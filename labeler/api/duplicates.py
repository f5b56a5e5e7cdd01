"""Near-duplicates: compared, listed, decided about, taken back."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.clusters import SurveyOut
from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import BodySchema, Id
from labeler.exploring import decisions, duplicates, look_alikes
from labeler.exploring.asking import compare
from labeler.labeling import answers
from labeler.projects.access import project_for

router = Router(tags=["exploring"])
MOST = 100  # groups in one reply


class Comparison(BodySchema):
    """By what images are compared: codes of their pixels, features, or both."""

    by: Literal["both", "codes", "features"] = "both"


class AlikeOut(Schema):
    """An image of a group; `alike` is how like the first it is, in (0, 1]."""

    id: int
    name: str
    state: str
    width: int
    height: int
    alike: float


class GroupOut(Schema):
    """Images that are nearly the same, the one to keep first; `audit` more are not told."""

    images: list[AlikeOut]
    audit: int


class GroupsOut(Schema):
    """Groups nobody decided about, the largest first; `left` counts them all."""

    level: int
    levels: list[dict[str, Any]]
    left: int
    groups: list[GroupOut]


class Decision(BodySchema):
    """What becomes of the group `images`: `kept` stays, or they differ."""

    images: Annotated[list[Id], Field(min_length=2, max_length=decisions.MOST)]
    verdict: Literal["keep_one", "ignore"]
    kept: Id | None = None


class DecisionOut(Schema):
    id: int
    verdict: str


@router.post("/projects/{int:project_id}/duplicates", response={202: SurveyOut, **ERRORS})
def find_duplicates(request: HttpRequest, project_id: int, body: Comparison) -> Status[Any]:
    """Compare the whole pool, in the background; the work under way if there is some."""
    project = project_for(request.user, project_id, "explore")
    user: Any = request.user
    return Status(202, compare(project, user, body.by))


@router.get("/projects/{int:project_id}/duplicates", response={200: GroupsOut, **ERRORS})
def list_duplicates(
    request: HttpRequest,
    project_id: int,
    level: Annotated[int, Query(ge=0, lt=len(duplicates.LEVELS))] = duplicates.USUAL,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
) -> dict[str, Any]:
    """The groups of the newest comparison; a higher `level` takes in what is less alike."""
    project = project_for(request.user, project_id, "explore")
    found = look_alikes.newest(project, level)
    if found is None:
        raise Refused(404, "not_found", _("Nothing was compared yet. Ask for it first."))
    numbers = look_alikes.undecided(project, found)
    return {
        "level": level, "levels": found.survey.facts["levels"], "left": len(numbers),
        "groups": look_alikes.page(project, found, numbers, limit),
    }  # fmt: skip


@router.post("/projects/{int:project_id}/duplicates/decide", response={201: DecisionOut, **ERRORS})
def decide_duplicates(request: HttpRequest, project_id: int, body: Decision) -> Status[Any]:
    """Keep one image of a group, so that the others are not asked; or leave it alone for good."""
    project = project_for(request.user, project_id, "explore")
    user: Any = request.user
    try:
        if body.verdict == "ignore":
            made = decisions.ignore(project, user, body.images)
        else:
            made = decisions.keep_one(project, user, body.images, body.kept or 0)
    except answers.Refused as why:
        raise Refused(why.status, why.code, why.detail) from why
    return Status(201, made)


@router.delete(
    "/projects/{int:project_id}/duplicates/decisions/{int:decision}",
    response={204: None, **ERRORS},
)
def undo_duplicates(request: HttpRequest, project_id: int, decision: int) -> HttpResponse:
    """Take a decision back; twice is once."""
    project = project_for(request.user, project_id, "explore")
    user: Any = request.user
    decisions.take_back(project, user, decision)
    return HttpResponse(status=204)
