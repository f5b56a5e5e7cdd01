"""The queue and the answers."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.parsing import json_body
from labeler.api.schema import BodySchema
from labeler.labeling import annotations, questions, queue, replies
from labeler.labeling.annotations import Outcome
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["queue"])
MOST_ANSWERS = 500


class Claim(BodySchema):
    """How many images."""

    count: Annotated[int, Field(ge=1, le=queue.MOST)] = 1


class Urls(Schema):
    """Where the picture lies, in three sizes."""

    thumb: str
    screen: str
    original: str


class Why(Schema):
    """Why this image is asked."""

    strategy: str
    score: float | None
    rank: int | None
    model_version: int | None
    audit: bool
    words: str


class ItemOut(Schema):
    """An image to answer, held for the caller until `claimed_until`."""

    item: int
    image: int
    name: str
    urls: Urls
    width: int
    height: int
    suggestion: dict[str, Any] | None = None
    why: Why
    claimed_until: datetime | None


class ClaimOut(Schema):
    """What was claimed, and how much is left; `empty` says why there is nothing."""

    items: list[ItemOut]
    left: int
    model_version: int | None
    progress: dict[str, Any]
    labels_version: str  # differs once a label is added, renamed or retired
    empty: str | None = None


@router.post("/projects/{int:project_id}/queue/claim", response={200: ClaimOut, **ERRORS})
def claim(request: HttpRequest, project_id: int, body: Claim) -> HttpResponse:
    """Take images to answer. What the caller still holds comes first."""
    project = project_for(request.user, project_id, "label")
    user: Any = request.user
    items = queue.claim(project=project, user=user, count=body.count)
    reply = replies.claimed(project, user, items)
    for question in reply["items"]:
        question["urls"] = _urls(question["image"])
    return JsonResponse(reply)  # ours already, and it comes for every label: not checked again


def _urls(image_id: int) -> dict[str, str]:
    """Addresses that a token may open, too."""
    file = _file().replace(questions.ANY, str(image_id))
    return {size: f"{file}?size={size}" for size in questions.SIZES}


@cache
def _file() -> str:
    return reverse("api:get_file", kwargs={"image_id": questions.ANY})


ANSWER = {
    "type": "object",
    "required": ["uuid", "item"],
    "additionalProperties": False,
    "properties": {
        "uuid": {"type": "string", "format": "uuid", "description": "Fresh for each answer."},
        "item": {"type": "integer", "minimum": 1},
        "labels": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
        "skip": {"type": "string", "enum": ["unsure", "not_applicable", "broken"]},
        "elapsed_ms": {"type": "integer", "minimum": 0},
        "suggestion_shown": {"type": "boolean"},
        "batch": {
            "type": "string",
            "format": "uuid",
            "description": "One for all answers of a page of the grid: they are undone together.",
        },
    },
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        ANSWER,
                        {"type": "array", "items": ANSWER, "maxItems": MOST_ANSWERS, "minItems": 1},
                    ]
                }
            }
        },
    }
}


class AnswerOut(Schema):
    """A stored answer, the same at every replay."""

    uuid: str
    kind: str
    item: int | None
    image: int
    labels: list[str]
    label_ids: list[int]
    skip: str | None
    elapsed_ms: int | None
    source: str
    audit: bool
    created_at: datetime


class AnswersOut(Schema):
    """One result per answer of the list, in order: its status, and the answer or the error."""

    results: list[dict[str, Any]]


@router.post(
    "/projects/{int:project_id}/annotations",
    response={200: AnswerOut | AnswersOut, 201: AnswerOut | AnswersOut, **ERRORS},
    openapi_extra=BODY,
)
def annotate(request: HttpRequest, project_id: int) -> HttpResponse:
    """Answer one image, or a list of them.

    201 when stored, 200 with the same body when the UUID was seen before, 409 `claim_lost` when
    somebody else closed the item. In a list each answer stands for itself: the good ones are
    stored, and each result has its own status; the whole fails only if none was stored.
    """
    project = project_for(request.user, project_id, "label")
    sent = json_body(request)
    if not isinstance(sent, list):
        return _one(_record(request, project, [sent])[0])
    if not 0 < len(sent) <= MOST_ANSWERS:
        raise Refused(422, "list_length", f"Send 1 to {MOST_ANSWERS} answers at once.")
    return _many(_record(request, project, sent))


def _record(request: HttpRequest, project: Project, sent: list[Any]) -> list[Outcome]:
    user: Any = request.user
    return annotations.record(project=project, user=user, answers=sent)


def _one(outcome: Outcome) -> HttpResponse:
    return JsonResponse(replies.recorded(outcome), status=outcome.status)


def _many(outcomes: list[Outcome]) -> HttpResponse:
    results = [{"status": o.status, **replies.recorded(o)} for o in outcomes]
    seen = {outcome.status for outcome in outcomes}
    if any(outcome.stored for outcome in outcomes):
        return JsonResponse({"results": results}, status=201 if 201 in seen else 200)
    told = {"detail": "None of the answers was stored; see results.", "code": "none_stored"}
    status = seen.pop() if len(seen) == 1 else 422
    return JsonResponse({**told, "results": results}, status=status)


class UndoneOut(AnswerOut):
    """The undo, and the question that is asked again."""

    question: dict[str, Any] | None = None


class Undo(BodySchema):
    """The UUID of the undo itself; without one it is derived from the answer's."""

    uuid: Annotated[str, Field(max_length=36)] | None = None


@router.post(
    "/projects/{int:project_id}/annotations/{str:uuid}/undo",
    response={200: UndoneOut, 201: UndoneOut, **ERRORS},
)
def undo(
    request: HttpRequest, project_id: int, uuid: str, body: Undo | None = None
) -> HttpResponse:
    """Take back one's own answer; its image is asked again. Undoing twice is undoing once."""
    project = project_for(request.user, project_id, "label")
    user: Any = request.user
    fresh = body.uuid if body else None
    outcome = annotations.undo(project=project, user=user, uuid=uuid, new_uuid=fresh)
    reply = replies.undone(project, user, outcome)
    return JsonResponse(reply, status=outcome.status)
