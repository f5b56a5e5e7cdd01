"""Projects: list, make, read, change, delete."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field

from labeler.api import etags
from labeler.api.errors import ERRORS, Refused
from labeler.api.labels import LabelOut, facts
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id, Share
from labeler.pools.taking_back import pool_size
from labeler.projects import archiving, creation, labels, removal
from labeler.projects.access import may_create, project_for, projects_of, role_in
from labeler.projects.labels import MOST_LABELS
from labeler.projects.models import Label, Project, User
from labeler.training import part_wish

router = Router(tags=["projects"])

Text = Annotated[str, Field(max_length=1_000)]  # the rules proper are in `creation`
Kind = Literal["single", "multi", "yesno"]


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
    suggestion_share: Share = 1.0
    target: Share = 0.9
    instructions: Annotated[str, Field(max_length=creation.MOST_INSTRUCTIONS)] = ""
    consensus: Text = "majority"
    gold_share: Annotated[float, Field(ge=0, le=creation.MOST_GOLD)] = 0.0
    spot_check_share: Share = 0.05
    label_adders: Text = "admin"


class NewProject(Settings):
    """A project to be. Without labels a yes/no project gets Yes and No, others theirs later."""

    name: Text
    kind: Kind = "single"
    labels: Annotated[list[NewLabel], Field(max_length=MOST_LABELS)] = []


def _without_defaults(schema: dict[str, Any]) -> None:
    """What is left out stays as it is: the document must not promise a default."""
    for field in schema["properties"].values():
        field.pop("default", None)


class ChangedProject(Settings):
    """Fields that are left out stay as they are. The kind cannot change."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Text = ""
    labels: Annotated[list[ChangedLabel], Field(max_length=MOST_LABELS)] = []
    training_part: dict[str, Any] = {}


class Twin(BodySchema):
    """A project to be, set up as another one; with `members` its people come along."""

    name: Text
    members: bool = False


class Deleted(Schema):
    """What happens now."""

    detail: str


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
    suggestion_share: float
    target: float
    instructions: str
    consensus: str
    gold_share: float
    spot_check_share: float
    label_adders: str
    training_part: dict[str, Any]
    images: int
    role: str
    created_at: datetime
    archived_at: datetime | None


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
        "training_part": project.training_part,
        "labels": sorted(project.labels.all(), key=lambda label: (label.position, label.place)),
        "images": pool_size(project),
        "role": role,
        "created_at": project.created_at,
        "archived_at": project.archived_at,
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
        raise PermissionDenied(_("Projects are made by the owner and by admins."))
    values = body.dict()
    wishes = [labels.Wish(**wish) for wish in values.pop("labels")]
    project = creation.create(user=request.user, wishes=wishes, **values)  # type: ignore[arg-type]
    return Status(201, as_dict(project, "admin"))


@router.get("/projects/{int:project_id}", response={200: ProjectOut, **ERRORS})
def get_project(request: HttpRequest, response: HttpResponse, project_id: int) -> dict[str, Any]:
    """One project. Its `ETag` is what `If-Match` of a change takes."""
    return _tagged(response, project_for(request.user, project_id, "label"))


def _tagged(response: HttpResponse, project: Project) -> dict[str, Any]:
    response["ETag"] = tag_of(project)
    return as_dict(project, project.role)  # type: ignore[attr-defined]


def tag_of(project: Project) -> str:
    """The tag of what admins set; apart from it, that of what changes by itself."""
    told = as_dict(project, "")
    told["labels"] = [facts(label) for label in told["labels"]]
    rest = [told.pop("images"), getattr(project, "role", "")]
    return etags.tag(told, rest)


@router.patch("/projects/{int:project_id}", response={200: ProjectOut, **ERRORS})
def change_project(
    request: HttpRequest, response: HttpResponse, project_id: int, body: ChangedProject
) -> dict[str, Any]:
    """Change settings and labels: all that is sent, or nothing.

    `training_part` says which answers rounds learn from: `people`, `sources`, `splits`, `imports`,
    `since`, `until`, `reviewed`, `without` (labels that are left out) and `weights` (`balanced`, or
    a number for each label); `{}` means all of them. A change of it starts a round.
    """
    project = project_for(request.user, project_id, "set")
    values = body.dict(exclude_unset=True)
    changed = values.pop("labels", [])
    part = values.pop("training_part", None)
    user = cast(User, request.user)
    with transaction.atomic():
        _unchanged(request, project)
        if changed:
            labels.store(project, _wishes(project, changed), user=user)
        creation.change(project, **values)
        if part is not None:
            part_wish.store(project, part, user)
    return _tagged(response, project)


def _unchanged(request: HttpRequest, project: Project) -> None:
    """Refuse a change of what was changed meanwhile. Call it in the transaction of the change."""
    if "If-Match" in request.headers:
        now = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        etags.check(request, tag_of(now))


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
        words = _("This project has no label %(name)s.") % {"name": pk}
        raise Refused(422, "invalid_labels", words)
    if old is None:
        return labels.Wish(**{"name": "", **given})
    kept = {name: getattr(old, name) for name in ("name", "key", "colour", "retired")}
    return labels.Wish(**{**kept, **given}, pk=old.pk)


@router.delete("/projects/{int:project_id}", response={202: Deleted, **ERRORS})
def delete_project(request: HttpRequest, project_id: int) -> Status[Any]:
    """Delete the project with its images, answers and models. There is no way back.

    It is gone for everybody when this answers; its rows and files are cleared away after that.
    """
    project = project_for(request.user, project_id, "delete")
    with transaction.atomic():
        _unchanged(request, project)
        removal.begin(project, request.user)  # type: ignore[arg-type]
    return Status(202, {"detail": _("The project is deleted; its files are being cleared away.")})


@router.post("/projects/{int:project_id}/archive", response={200: ProjectOut, **ERRORS})
def archive_project(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """Close the project to changes: no questions, imports or rounds. What is there can be read."""
    project = project_for(request.user, project_id, "archive")
    archiving.archive(project)
    return as_dict(project, project.role)  # type: ignore[attr-defined]


@router.post("/projects/{int:project_id}/reopen", response={200: ProjectOut, **ERRORS})
def reopen_project(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """Let people work in an archived project again."""
    project = project_for(request.user, project_id, "archive")
    archiving.reopen(project)
    return as_dict(project, project.role)  # type: ignore[attr-defined]


@router.post("/projects/{int:project_id}/duplicate", response={201: ProjectOut, **ERRORS})
def duplicate_project(request: HttpRequest, project_id: int, body: Twin) -> Status[Any]:
    """Make an empty project with the same settings and labels; the caller is its admin."""
    project = project_for(request.user, project_id, "archive")
    if not may_create(request.user):
        raise PermissionDenied(_("Projects are made by the owner and by admins."))
    twin = creation.duplicate(project, user=request.user, **body.dict())  # type: ignore[arg-type]
    return Status(201, as_dict(twin, "admin"))
