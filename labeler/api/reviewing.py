"""What reviewers look through: skips, disputes, suspects. `reviews` takes their answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.gallery import TakenBack
from labeler.api.learning import StudyOut, study_as_dict
from labeler.api.paging import Page, by_pk, cursor_for, scope, start_of
from labeler.api.schema import BodySchema, Id
from labeler.evaluation import studies, suspects
from labeler.evaluation.suspects import Suspect
from labeler.labeling import disputes, skips
from labeler.projects.access import project_for
from labeler.projects.models import User

router = Router(tags=["review"])
SKIPS = "/projects/{int:project_id}/skips"
SUSPECTS = "/projects/{int:project_id}/suspects"
MOST = 500
Reason = Literal["unsure", "not_applicable", "broken", "settled"]


class Skips(Page):
    """Skips of which reason; `settled` are those that a reviewer confirmed."""

    reason: Reason = "unsure"


class SkipOut(Schema):
    """A skip that stands."""

    uuid: str
    image: int
    name: str
    user: str
    skip: str
    at: datetime


class SkipList(Schema):
    """A page of skips, newest first; `counts` are images, by reason."""

    items: list[SkipOut]
    counts: dict[str, int]
    next: str | None


class Again(BodySchema):
    """These images; or all that were skipped for a reason."""

    images: Annotated[list[Id], Field(max_length=skips.MOST_AGAIN)] | None = None
    reason: Reason | None = None


class Asked(Schema):
    """How many images are asked again."""

    images: int


class SideOut(Schema):
    """An answer in a dispute, and how many gave it. Names are not told."""

    labels: list[int]
    people: int


class DisputeOut(Schema):
    """An image on which people disagree."""

    id: int
    image: int
    name: str
    audit: bool
    opened_at: datetime
    sides: list[SideOut]


class DisputeList(Schema):
    """A page of disputes, in the order in which they were opened."""

    items: list[DisputeOut]
    waiting: int
    next: str | None


class WhichSuspects(Page):
    """For which reason, with which label given or believed."""

    why: Literal["label", "outlier", "alone", "disputed"] | None = None
    label: Id | None = None


class SuspectOut(Schema):
    """An image whose label may be wrong: what was said, what the model would `rather` say."""

    image: int
    why: list[str]
    said: list[int]
    rather: list[int] | None
    proba: dict[int, float]


class SuspectList(Schema):
    """A page of suspects, the worst first; `counts` by reason."""

    items: list[SuspectOut]
    counts: dict[str, int]
    next: str | None


class Images(BodySchema):
    """Which images."""

    images: Annotated[list[Id], Field(max_length=MOST)]


class Confirmed(Schema):
    """Whose labels are right as they are."""

    images: list[int]


@router.get(SKIPS, response={200: SkipList, **ERRORS})
def list_skips(request: HttpRequest, project_id: int, asked: Query[Skips]) -> dict[str, Any]:
    """Skipped images of a reason, newest first."""
    project = project_for(request.user, project_id, "review")
    rows = skips.of_reason(project, asked.reason).select_related("image", "user")
    found, after = by_pk(request, rows, asked, newest=True)
    items = [
        {"uuid": str(row.uuid), "image": row.image_id, "name": row.image.name,
         "user": row.user.username, "skip": row.skip, "at": row.created_at}
        for row in found
    ]  # fmt: skip
    return {"items": items, "counts": skips.counts(project), "next": after}


@router.post(f"{SKIPS}/again", response={200: Asked, **ERRORS})
def ask_skips_again(request: HttpRequest, project_id: int, body: Again) -> dict[str, int]:
    """Take back the skips on these images, everybody's, and ask them anew."""
    project = project_for(request.user, project_id, "review")
    images = body.images or []
    if body.reason is not None:
        rows = skips.of_reason(project, body.reason).order_by("pk").values_list("image", flat=True)
        images = [*images, *rows[: skips.MOST_AGAIN]]
    user = cast(User, request.user)
    return {"images": skips.ask_again(project=project, user=user, image_ids=images)}


@router.get("/projects/{int:project_id}/disputes", response={200: DisputeList, **ERRORS})
def list_disputes(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """Images on which people disagree. A review with `disputed` settles one."""
    project = project_for(request.user, project_id, "review")
    rows = disputes.waiting(project).select_related("image")
    found, after = by_pk(request, rows, page)
    items = [
        {"id": case.dispute.pk, "image": case.dispute.image_id, "name": case.dispute.image.name,
         "audit": case.dispute.image.audit, "opened_at": case.dispute.opened_at,
         "sides": [{"labels": s.labels, "people": len(s.people)} for s in case.sides]}
        for case in disputes.cases(found)
    ]  # fmt: skip
    return {"items": items, "waiting": disputes.count(project), "next": after}


@router.get(SUSPECTS, response={200: SuspectList, **ERRORS})
def list_suspects(
    request: HttpRequest, project_id: int, asked: Query[WhichSuspects]
) -> dict[str, Any]:
    """Labels that may be wrong, the worst first, as far as nobody has answered since."""
    project = project_for(request.user, project_id, "review")
    where = scope(request, asked.dict())
    start = start_of(asked.cursor, where) or 0
    found = suspects.left(project)
    chosen = found.chosen(asked.why or "", asked.label or 0)
    end = start + asked.limit
    after = cursor_for(where, end) if end < len(chosen) else None
    items = [_suspect(one) for one in chosen[start:end]]
    return {"items": items, "counts": found.counts(), "next": after}


@router.post(f"{SUSPECTS}/look", response={202: StudyOut, **ERRORS})
def look_for_suspects(request: HttpRequest, project_id: int) -> Status[Any]:
    """Let a worker look at the answers of today; `studies/{study}` tells how far it is."""
    project = project_for(request.user, project_id, "review")
    study = studies.ask(project, cast(User, request.user), suspects.KIND)
    return Status(202, study_as_dict(study))


@router.post(f"{SUSPECTS}/confirm", response={200: Confirmed, **ERRORS})
def confirm_suspects(request: HttpRequest, project_id: int, body: Images) -> dict[str, Any]:
    """The labels of these images are right as they are."""
    project = project_for(request.user, project_id, "review")
    sure = suspects.confirm(project, cast(User, request.user), body.images)
    return {"images": list(sure)}


@router.post(f"{SUSPECTS}/doubt", response={200: TakenBack, **ERRORS})
def doubt_suspects(request: HttpRequest, project_id: int, body: Images) -> dict[str, int]:
    """Take back that labels were called right."""
    project = project_for(request.user, project_id, "review")
    return {"taken_back": suspects.doubt(project, body.images)}


def _suspect(one: Suspect) -> dict[str, Any]:
    return {
        "image": one.image, "why": one.why, "said": one.said, "rather": one.rather,
        "proba": dict(one.proba),
    }  # fmt: skip
