"""The label set: its order and history; labels merged and split."""

from datetime import datetime
from typing import Annotated, Any, cast

from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id
from labeler.labeling import relabeling, splitting
from labeler.projects import label_history, label_order, labels
from labeler.projects.access import project_for
from labeler.projects.labels import MOST_LABELS
from labeler.projects.models import Label, LabelEvent, Membership, Project, User

router = Router(tags=["labels"])

Text = Annotated[str, Field(max_length=1_000)]  # the rules proper are in `labels`


class AddedLabel(BodySchema):
    """A label to add in passing: it gets the next free key and colour."""

    name: Text


class Order(BodySchema):
    """Label ids in the order in which people see them; those left out follow behind."""

    labels: Annotated[list[Id], Field(max_length=MOST_LABELS)]


class Merge(BodySchema):
    """Into which label; with dry_run nothing is done but counted."""

    into: Id
    dry_run: bool = False


class Split(BodySchema):
    """Into which labels, two at least; one may be in use. With dry_run nothing is done."""

    names: Annotated[list[Text], Field(max_length=MOST_LABELS)]
    dry_run: bool = False


class LabelOut(Schema):
    """A label as it stands. merged_into: the id of the label that it is now, or null."""

    id: int
    name: str
    key: str
    colour: str
    position: int
    retired: bool
    merged_into: int | None = Field(alias="merged_into_id")


class LabelList(Schema):
    """All labels, in the order in which people see them."""

    items: list[LabelOut]
    next: str | None = None


class Merged(Schema):
    """What a merge did, or would do."""

    dry_run: bool
    answers: int
    past_answers: int
    settled: int
    gold: int
    examples: int


class Divided(Schema):
    """What a split did, or would do."""

    dry_run: bool
    answers: int
    images: int
    audit: int
    gold: int
    labels: list[LabelOut]


class EventOut(Schema):
    """What was done to a label. user: null for an import."""

    id: int
    label: int
    name: str
    kind: str
    user: str | None
    details: dict[str, Any]
    created_at: datetime


class EventList(Schema):
    """A page of events."""

    items: list[EventOut]
    next: str | None


@router.get("/projects/{int:project_id}/labels", response={200: LabelList, **ERRORS})
def list_labels(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """The labels of the project, retired ones included."""
    project = project_for(request.user, project_id, "label")
    return {"items": _in_order(project)}


@router.post("/projects/{int:project_id}/labels", response={200: LabelOut, 201: LabelOut, **ERRORS})
def add_label(request: HttpRequest, project_id: int, body: AddedLabel) -> Status[Any]:
    """Add a label while labeling, where the project lets the caller's role do so.

    201 when it was made; 200 when the project has a label of this name, with that label; also
    for the name of a merged label, with the label that it is now.
    """
    project = project_for(request.user, project_id, "add_label")
    is_admin = project.role == Membership.Role.ADMIN  # type: ignore[attr-defined]
    label, made = labels.add(project, body.name, bring_back=is_admin, user=_user(request))
    return Status(201 if made else 200, label)


@router.post("/projects/{int:project_id}/labels/order", response={200: LabelList, **ERRORS})
def order_labels(request: HttpRequest, project_id: int, body: Order) -> dict[str, Any]:
    """Put the labels in this order. Keys and colours stay with their labels."""
    project = project_for(request.user, project_id, "set")
    label_order.reorder(project, body.labels, user=_user(request))
    return {"items": _in_order(project)}


@router.get("/projects/{int:project_id}/labels/history", response={200: EventList, **ERRORS})
def label_events(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """What was done to the labels, newest first."""
    project = project_for(request.user, project_id, "review")
    found, more = by_pk(request, label_history.of_project(project), page, newest=True)
    return {"items": [_event(event) for event in found], "next": more}


@router.post(
    "/projects/{int:project_id}/labels/{int:label_id}/merge", response={200: Merged, **ERRORS}
)
def merge_label(
    request: HttpRequest, project_id: int, label_id: int, body: Merge
) -> dict[str, Any]:
    """Let every answer that says this label say the other, for good."""
    project = project_for(request.user, project_id, "set")
    old = _label(project, label_id)
    if body.dry_run:
        done = relabeling.preview(project, old, body.into)
    else:
        done = relabeling.merge(project=project, user=_user(request), old=old, new=body.into)
    return {"dry_run": body.dry_run, **done.as_dict()}


@router.post(
    "/projects/{int:project_id}/labels/{int:label_id}/split", response={200: Divided, **ERRORS}
)
def split_label(
    request: HttpRequest, project_id: int, label_id: int, body: Split
) -> dict[str, Any]:
    """Retire the label, add those it is split into, and ask its images again."""
    project = project_for(request.user, project_id, "set")
    old = _label(project, label_id)
    if body.dry_run:
        done = splitting.preview(project, old, body.names)
    else:
        done = splitting.split(project=project, user=_user(request), old=old, names=body.names)
    return {"dry_run": body.dry_run, "labels": _in_order(project), **done.as_dict()}


def facts(label: Label) -> dict[str, Any]:
    """The label in the form of LabelOut."""
    names = ("name", "key", "colour", "position", "retired", "merged_into_id")
    return {"id": label.pk, **{name: getattr(label, name) for name in names}}


def _in_order(project: Project) -> list[Label]:
    return list(Label.objects.filter(project=project).order_by("position", "place"))


def _label(project: Project, pk: int) -> int:
    if not Label.objects.filter(project=project, pk=min(pk, 2**63 - 1)).exists():
        raise Http404
    return pk


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _event(event: LabelEvent) -> dict[str, Any]:
    return {
        "id": event.pk, "label": event.label_id, "name": event.label.name, "kind": event.kind,
        "user": event.user.username if event.user else None, "details": event.details,
        "created_at": event.created_at,
    }  # fmt: skip
