"""The grid: images of one predicted label, confirmed at once."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.questions import Urls
from labeler.api.schema import BodySchema, Id
from labeler.labeling import annotations, answers, batches, grid, replies
from labeler.labeling.models import QueueItem
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project

router = Router(tags=["grid"])


class GridClaim(BodySchema):
    """Which label, how many images, and the items the caller shows already; `chosen`: only images
    that somebody chose in Explore to be shown on a grid."""

    label: Id
    count: Annotated[int, Field(ge=1, le=grid.MOST)] = 24
    known: Annotated[list[Id], Field(max_length=grid.MOST_KNOWN)] = []
    chosen: bool = False


class GridItem(Schema):
    """An image the model calls `label`, held for the caller until `claimed_until`."""

    item: int
    image: int
    name: str
    urls: Urls
    width: int
    height: int
    label: int
    confidence: float
    claimed_until: datetime | None


class GridOut(Schema):
    """What was claimed, surest first; `counts` says how many images each label has."""

    items: list[GridItem]
    counts: dict[str, int]


@router.post("/projects/{int:project_id}/grid/claim", response={200: GridOut, **ERRORS})
def claim_grid(request: HttpRequest, project_id: int, body: GridClaim) -> dict[str, Any]:
    """Take images of one predicted label, surest first; never audit or gold images."""
    project = project_for(request.user, project_id, "label")
    user: Any = request.user
    label = _label(project, body.label)
    items = grid.claim(
        project=project, user=user, label=label, count=body.count, known=body.known,
        chosen=body.chosen,
    )  # fmt: skip
    counted = grid.counts(project, user, chosen=body.chosen)
    return {
        "items": [_item(item) for item in items],
        "counts": {str(pk): n for pk, n in counted.items()},
    }


def _label(project: Project, pk: int) -> Label:
    if not project.suggestion_share:
        raise Refused(
            409, "no_suggestions", "This project shows no suggestions, so it has no grid."
        )
    label = Label.objects.filter(project=project, pk=pk, retired=False).first()
    if label is None:
        raise Refused(422, "unknown_label", "label is the id of a label of this project.")
    return label


def _item(item: QueueItem) -> dict[str, Any]:
    file = reverse("api:get_file", kwargs={"image_id": item.image_id})
    until = item.claimed_until
    return {
        "item": item.pk,
        "image": item.image_id,
        "name": item.image.name,
        "urls": {size: f"{file}?size={size}" for size in ("thumb", "screen", "original")},
        "width": item.image.width,
        "height": item.image.height,
        "label": item.predicted_id,
        "confidence": item.confidence or 0.0,
        "claimed_until": until and until.isoformat(timespec="seconds"),
    }


class Page(BodySchema):
    """A page of the grid: its answers, as for `annotations`, and what was taken out of it."""

    batch: Annotated[str, Field(max_length=36)]
    answers: Annotated[list[dict[str, Any]], Field(max_length=grid.MOST)]
    taken_out: Annotated[list[Id], Field(max_length=grid.MOST)] = []


class PageOut(Schema):
    """How many answers stand, how many images went back, and one result per answer in order."""

    batch: str
    saved: int
    taken_out: int
    results: list[dict[str, Any]]


@router.post(
    "/projects/{int:project_id}/grid/confirm",
    response={200: PageOut, 201: PageOut, **ERRORS},
)
def confirm_grid(request: HttpRequest, project_id: int, body: Page) -> HttpResponse:
    """Answer a whole page; the same page sent again changes nothing.

    Each answer stands for itself: what somebody else answered first is told in its result.
    """
    project = project_for(request.user, project_id, "label")
    user: Any = request.user
    batch = _batch(body.batch)
    done = batches.confirm(
        project=project, user=user, batch=batch, answers=body.answers, taken_out=body.taken_out
    )
    if refusal := done.refusal:
        raise Refused(refusal.status, refusal.code, refusal.detail)
    results = [{"status": o.status, **replies.recorded(o)} for o in done.outcomes]
    fresh = any(o.status == 201 for o in done.outcomes)
    told = {"batch": str(batch), "saved": done.stored, "taken_out": done.taken_out}
    return JsonResponse({**told, "results": results}, status=201 if fresh else 200)


class PageUndone(Schema):
    """How many answers were taken back, how many had been replaced, and the images, held again."""

    batch: str
    undone: int
    left: int
    items: list[GridItem]


@router.post(
    "/projects/{int:project_id}/grid/{str:batch}/undo", response={200: PageUndone, **ERRORS}
)
def undo_grid(request: HttpRequest, project_id: int, batch: str) -> dict[str, Any]:
    """Take back one's own page; its images stand on the grid again. Twice is once."""
    project = project_for(request.user, project_id, "label")
    user: Any = request.user
    try:
        outcomes = annotations.undo_batch(project=project, user=user, batch=_batch(batch))
    except answers.Refused as error:
        raise Refused(error.status, error.code, error.detail) from error
    taken_back = [outcome for outcome in outcomes if outcome.stored]
    again = [o.item for o in taken_back if o.item and grid.is_held(o.item, user)]
    again.sort(key=lambda item: (-(item.confidence or 0), item.pk))
    return {
        "batch": batch,
        "undone": len(taken_back),
        "left": len(outcomes) - len(taken_back),
        "items": [_item(item) for item in again],
    }


def _batch(value: str) -> Any:
    try:
        return answers.read_uuid(value)
    except answers.Refused as error:
        raise Refused(422, "bad_uuid", error.detail.replace("uuid", "batch", 1)) from error
