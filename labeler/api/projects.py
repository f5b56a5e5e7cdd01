"""Projects: list, make, read, change, delete."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id, Share
from labeler.projects import creation, labels, removal
from labeler.projects.access import may_create, project_for, projects_of, role_in
from labeler.projects.labels import MOST_LABELS
from labeler.projects.models import Label, Project

router = Router(tags=["projects"])

Text = Annotated[str, Field(max_length=1_000)]  # the rules proper are in `creation`
Kind = Literal["single", "multi"]


class NewLabel(BodySchema):
    """A label to be. Without a key it gets the next free one."""

    name: Text
    key: Text = ""
    colour: Text = ""


class ChangedLabel(BodySchema):
    """A label to change (named by id, or by its name) or to add."""

    id: Id | None = None
    name: Text | None = None
    key: Text | None = None
    colour: Text | None = None
    retired: bool | None = None


class Settings(BodySchema):
    """What can be set at any time."""

    question: Text = ""
    strategy: Text = "margin"
    audit_share: Share = 0.1
    audit_target: Annotated[int, Field(ge=0, le=1_000_000)] = 400
    overlap: Annotated[int, Field(ge=1, le=creation.MOST_OVERLAP)] = 1
    retrain_after: Annotated[int, Field(ge=1, le=creation.MOST_RETRAIN_AFTER)] | None = None
    features: Text = "efficientnet_lite0"
    head: Text = "logistic"
    show_suggestions: bool = True
    target: Share = 0.9


class NewProject(Settings):
    """A project to be."""

    name: Text
    kind: Kind = "single"
    labels: Annotated[list[NewLabel], Field(min_length=1, max_length=MOST_LABELS)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is left out stays as it is: the document must not promise a default."""
    for field in schema["properties"].values():
        field.pop("default", None)


class ChangedProject(Settings):
    """Fields that are left out stay as they are. The kind cannot change."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Text = ""
    labels: Annotated[list[ChangedLabel], Field(max_length=MOST_LABELS)] = []


class LabelOut(Schema):
    """A label as it stands."""

    id: int
    name: str
    key: str
    colour: str
    retired: bool


class ProjectOut(Schema):
    """A project as it stands, and the caller's role in it."""

    id: int
    name: str
    question: str
    kind: Kind
    labels: list[LabelOut]
    strategy: str
    audit_share: float
    audit_target: int
    overlap: int
    retrain_after: int | None
    features: str
    head: str
    show_suggestions: bool
    target: float
    images: int
    role: str
    created_at: datetime


class ProjectList(Schema):
    """A page of projects."""

    items: list[ProjectOut]
    next: str | None


def as_dict(project: Project, role: str) -> dict[str, Any]:
    """The project in the form of ProjectOut."""
    plain = {name: getattr(project, name) for name in creation.OPEN_SETTINGS}
    return {
        **plain,
        "id": project.pk,
        "labels": sorted(project.labels.all(), key=lambda label: label.place),
        "images": project.next_row,
        "role": role,
        "created_at": project.created_at,
    }


@router.get("/projects", response={200: ProjectList, **ERRORS})
def list_projects(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """The projects the caller belongs to."""
    mine = projects_of(request.user).prefetch_related("labels")
    found, more = by_pk(request, mine, page)
    return {"items": [as_dict(p, role_in(request.user, p) or "") for p in found], "next": more}


@router.post("/projects", response={201: ProjectOut, **ERRORS})
def create_project(request: HttpRequest, body: NewProject) -> Status[Any]:
    """Make a project; the caller is its admin."""
    if not may_create(request.user):
        raise PermissionDenied("Projects are made by the owner and by admins.")
    values = body.dict()
    wishes = [labels.Wish(**wish) for wish in values.pop("labels")]
    project = creation.create(user=request.user, wishes=wishes, **values)  # type: ignore[arg-type]
    return Status(201, as_dict(project, "admin"))


@router.get("/projects/{int:project_id}", response={200: ProjectOut, **ERRORS})
def get_project(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """One project."""
    project = project_for(request.user, project_id, "label")
    return as_dict(project, project.role)  # type: ignore[attr-defined]


@router.patch("/projects/{int:project_id}", response={200: ProjectOut, **ERRORS})
def change_project(request: HttpRequest, project_id: int, body: ChangedProject) -> dict[str, Any]:
    """Change settings and labels: all that is sent, or nothing."""
    project = project_for(request.user, project_id, "set")
    values = body.dict(exclude_unset=True)
    changed = values.pop("labels", [])
    with transaction.atomic():
        if changed:
            labels.store(project, _wishes(project, changed))
        creation.change(project, **values)
    return as_dict(project, project.role)  # type: ignore[attr-defined]


def _wishes(project: Project, changed: list[dict[str, Any]]) -> list[labels.Wish]:
    there = list(Label.objects.filter(project=project))
    by_id = {label.pk: label for label in there}
    by_name = {labels.fold(label.name): label for label in there}
    return [_wish(sent, by_id, by_name) for sent in changed]


def _wish(sent: dict[str, Any], by_id: dict[int, Label], by_name: dict[str, Label]) -> labels.Wish:
    """What is left out or null stays as it is."""
    given = {name: value for name, value in sent.items() if value is not None}
    pk = given.pop("id", None)
    old = by_id.get(pk) if pk else by_name.get(labels.fold(given.get("name", "")))
    if pk and old is None:
        raise Refused(422, "invalid_labels", f"This project has no label {pk}.")
    if old is None:
        return labels.Wish(**{"name": "", **given})
    kept = {name: getattr(old, name) for name in ("name", "key", "colour", "retired")}
    return labels.Wish(**{**kept, **given}, pk=old.pk)


@router.delete("/projects/{int:project_id}", response={204: None, **ERRORS})
def delete_project(request: HttpRequest, project_id: int) -> Status[Any]:
    """Delete the project with its images, answers and models. There is no way back."""
    removal.delete(project_for(request.user, project_id, "delete"))
    return Status(204, None)
