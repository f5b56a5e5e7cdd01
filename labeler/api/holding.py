"""What the caller holds of the queue, and what the caller has answered."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.paging import Page, cursor_for, scope, start_of
from labeler.api.schema import BodySchema, Id
from labeler.labeling import own_work, progress, queue
from labeler.labeling.own_work import Line, Wish
from labeler.projects.access import project_for
from labeler.projects.models import Label, User

router = Router(tags=["queue"])
QUEUE = "/projects/{int:project_id}/queue"


class QueueOut(Schema):
    """What waits, what the caller holds (item ids, in order), and how far the project is."""

    left: int
    held: list[int]
    progress: dict[str, Any]


class Items(BodySchema):
    """Items of a claim."""

    items: Annotated[list[Id], Field(max_length=queue.MOST_KEPT)]


class Released(Schema):
    """How many were given back."""

    released: int


class Mine(Page):
    """Which of the caller's answers, in pages of their own length."""

    show: Literal["all", "today", "skipped", "changed"] = "all"
    label: Id | None = None


class OwnAnswer(Schema):
    """An answer of the caller. `fate`: "", "confirmed", "changed" (by a reviewer) or "again"."""

    uuid: str
    image: int
    name: str
    labels: list[str]
    skip: str | None
    at: datetime
    changeable: bool
    fate: str
    now: list[str] | None


class OwnAnswers(Schema):
    """A page of answers, newest first."""

    items: list[OwnAnswer]
    next: str | None


@router.get(QUEUE, response={200: QueueOut, **ERRORS})
def get_queue(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """How much waits, and what the caller holds."""
    project = project_for(request.user, project_id, "label")
    held = [item.pk for item in queue.held(project, cast(User, request.user))]
    return {"left": queue.left(project), "held": held, "progress": progress.as_dict(project)}


@router.post(f"{QUEUE}/keep", response={200: QueueOut, **ERRORS})
def keep_items(request: HttpRequest, project_id: int, body: Items) -> dict[str, Any]:
    """Hold these items for another ten minutes; `held` says which are still the caller's."""
    project = project_for(request.user, project_id, "label")
    held = queue.keep(project=project, user=cast(User, request.user), item_ids=body.items)
    return {"left": queue.left(project), "held": held, "progress": progress.as_dict(project)}


@router.post(f"{QUEUE}/release", response={200: Released, **ERRORS})
def release_items(request: HttpRequest, project_id: int, body: Items) -> dict[str, int]:
    """Give claimed items back unanswered, for others to have."""
    project = project_for(request.user, project_id, "label")
    user = cast(User, request.user)
    return {"released": queue.release(project=project, user=user, item_ids=body.items)}


@router.get("/projects/{int:project_id}/mine", response={200: OwnAnswers, **ERRORS})
def list_own_answers(request: HttpRequest, project_id: int, asked: Query[Mine]) -> dict[str, Any]:
    """The caller's own answers, newest first, with what reviewers made of them."""
    project = project_for(request.user, project_id, "see_own_work")
    where = scope(request, asked.dict())
    label = Label.objects.filter(project=project, pk=asked.label).first() if asked.label else None
    wish = Wish(show=asked.show, label=label, before=start_of(asked.cursor, where))
    if asked.label and label is None:
        return {"items": [], "next": None}
    lines, older = own_work.page(project, cast(User, request.user), wish)
    after = cursor_for(where, older) if older else None
    return {"items": [_line(line) for line in lines], "next": after}


def _line(line: Line) -> dict[str, Any]:
    given = line.answer
    return {
        "uuid": str(given.uuid), "image": given.image_id, "name": given.image.name,
        "labels": [label.name for label in given.labels.all()], "skip": given.skip or None,
        "at": given.created_at, "changeable": line.changeable, "fate": line.fate,
        "now": [label.name for label in line.now.labels.all()] if line.now else None,
    }  # fmt: skip
