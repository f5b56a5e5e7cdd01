"""What Explore does with many images at once, and the filters that people keep."""

from typing import Annotated, Any, cast

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import BodySchema, Id
from labeler.exploring import counts, picked, saved
from labeler.exploring.models import SavedView
from labeler.labeling import asking, chosen, together
from labeler.labeling.answers import read_uuid
from labeler.projects.access import project_for
from labeler.projects.models import Project, User

router = Router(tags=["exploring"])
CHOSEN = "/projects/{int:project_id}/chosen"
VIEWS = "/projects/{int:project_id}/views"
Uuid = Annotated[str, Field(max_length=36)]
LEFT_OUT = ("audit", "answered", "held", "held_out", "unknown")


class Choice(BodySchema):
    """Images by their `ids`, or all that a filter lets through: `query`, Explore's query string."""

    ids: Annotated[list[Id], Field(max_length=together.MOST)] | None = None
    query: Annotated[str, Field(max_length=4_000)] | None = None


class LabelChoice(Choice):
    """Which labels they get. `batch` is a fresh UUID, which makes one of a press sent twice."""

    labels: Annotated[list[Id], Field(max_length=1_000)]
    batch: Uuid


class Batch(BodySchema):
    """The UUID of a press."""

    batch: Uuid


class Labeled(Schema):
    """How many were labeled, and how many were left out, by reason."""

    batch: str
    labeled: int
    left_out: dict[str, int]


class Undone(Schema):
    """How many answers were taken back."""

    batch: str
    undone: int


class AskedNext(Schema):
    """How many are asked next, and how many were left out, by reason."""

    asked: int
    left_out: dict[str, int]


class Facts(Schema):
    """What is known of the chosen images. `labels`: {label id: images}."""

    images: int
    open: int
    audit: int
    askable: int
    labels: dict[int, int]


class Counts(Schema):
    """How many images of the whole pool each filter would show, by its values."""

    images: int
    labels: dict[int, int]
    predicted: dict[int, int]
    states: dict[str, int]
    splits: dict[str, int]
    people: dict[int, int]
    imports: dict[int, int]
    audit: int
    odd: dict[str, int]


class ViewOut(Schema):
    """A filter under a name."""

    id: int
    name: str
    query: str
    shared: bool
    mine: bool
    by: str


class ViewList(Schema):
    """The caller's views and those that others share; a hundred at most, on one page."""

    items: list[ViewOut]
    next: str | None = None


class NewView(BodySchema):
    """A filter to keep: Explore's query string. A name that is there gets the new filter."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    query: Annotated[str, Field(max_length=2_000)]
    shared: bool = False


@router.post(f"{CHOSEN}/label", response={200: Labeled, **ERRORS})
def label_chosen(request: HttpRequest, project_id: int, body: LabelChoice) -> dict[str, Any]:
    """Give all of them these labels. Audit, answered and held images are left out."""
    project = project_for(request.user, project_id, "explore")
    batch, ids = read_uuid(body.batch), _ids(project, body)
    done = together.label_together(project, _user(request), ids, body.labels, batch)
    return {"batch": str(batch), "labeled": done.labeled, "left_out": _left_out(done)}


@router.post(f"{CHOSEN}/undo", response={200: Undone, **ERRORS})
def undo_chosen(request: HttpRequest, project_id: int, body: Batch) -> dict[str, Any]:
    """Take back a whole press. Twice is once."""
    project = project_for(request.user, project_id, "explore")
    batch = read_uuid(body.batch)
    return {"batch": str(batch), "undone": together.undo_together(project, _user(request), batch)}


@router.post(f"{CHOSEN}/ask", response={200: AskedNext, **ERRORS})
def ask_chosen(request: HttpRequest, project_id: int, body: Choice) -> dict[str, Any]:
    """Ask for these next, before everything else in the queue."""
    project = project_for(request.user, project_id, "explore")
    done = asking.ask_next(project, _ids(project, body))
    return {"asked": done.asked, "left_out": _left_out(done)}


@router.post(f"{CHOSEN}/facts", response={200: Facts, **ERRORS})
def facts_of_chosen(request: HttpRequest, project_id: int, body: Choice) -> dict[str, Any]:
    """How many of them are open, and which labels they have."""
    project = project_for(request.user, project_id, "explore")
    return chosen.facts(project, _ids(project, body))


@router.get("/projects/{int:project_id}/counts", response={200: Counts, **ERRORS})
def count_images(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """How many images of the pool each filter would show."""
    return counts.of(project_for(request.user, project_id, "explore"))


@router.get(VIEWS, response={200: ViewList, **ERRORS})
def list_views(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """Saved filters, by name."""
    project = project_for(request.user, project_id, "explore")
    return {"items": saved.views_of(project, _user(request))}


@router.post(VIEWS, response={200: ViewList, **ERRORS})
def keep_view(request: HttpRequest, project_id: int, body: NewView) -> dict[str, Any]:
    """Keep a filter under a name."""
    project = project_for(request.user, project_id, "explore")
    if not body.name.strip() or "\x00" in body.name + body.query:
        raise Refused(422, "bad_name", _("Give the view a name of up to 100 characters."))
    SavedView.objects.update_or_create(
        project=project, user=_user(request), name=body.name.strip(),
        defaults={"query": body.query, "shared": body.shared},
    )  # fmt: skip
    return list_views(request, project_id)


@router.delete(f"{VIEWS}/{{int:view_id}}", response={204: None, **ERRORS})
def forget_view(request: HttpRequest, project_id: int, view_id: int) -> Status[None]:
    """Delete one of one's own saved filters."""
    project = project_for(request.user, project_id, "explore")
    mine = SavedView.objects.filter(project=project, user=_user(request))
    if not mine.filter(pk=min(view_id, 2**63 - 1)).delete()[0]:
        raise Http404
    return Status(204, None)


def _ids(project: Project, body: Choice) -> list[int]:
    return picked.image_ids(project, body.dict(include={"ids", "query"}))


def _left_out(done: Any) -> dict[str, int]:
    counted = {why: getattr(done, why, 0) for why in LEFT_OUT}
    return {why: n for why, n in counted.items() if n}


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
