"""Labels of the model, accepted at a tolerated error, and revoked."""

from datetime import datetime
from typing import Annotated, Any, cast

from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk, cursor_for, scope, start_of
from labeler.api.schema import BodySchema, Id, QuerySchema
from labeler.evaluation import acceptances, autolabel
from labeler.evaluation.acceptances import Kept, NotAccepted
from labeler.evaluation.autolabel import BadWish, Missing
from labeler.evaluation.within import Within
from labeler.exploring import picked, promised
from labeler.labeling import sorted_images
from labeler.labeling.models import Acceptance
from labeler.labeling.sorted_images import Sorted
from labeler.projects.access import project_for
from labeler.projects.models import Project, User
from labeler.training import versions

router = Router(tags=["training"])
PATH = "/projects/{int:project_id}/acceptances"
Rate = Annotated[float, Field(ge=autolabel.LEAST, le=autolabel.MOST)]
FilterQuery = Annotated[str, Field(max_length=4_000, examples=["import=1"])]


class AcceptanceOut(Schema):
    """Labels of the model that were accepted together.

    `standing` are still the model's: nobody has answered them. `spot_checks` are those images
    asked again, drawn at random; `promise` is kept, doubtful, broken or unknown. `query`: the
    filter they were accepted in, as Explore's query string; "" in the whole pool.
    """

    number: int
    query: str
    model_version: int
    tolerated: dict[str, float]
    thresholds: dict[str, float]
    upper_bound: float
    images: int
    standing: int
    teaches: bool
    state: str
    spot_checks: dict[str, int]
    measured_error: dict[str, float] | None
    promise: str
    created_by: str
    created_at: datetime
    revoked_at: datetime | None


class AcceptanceList(Schema):
    """A page of acceptances, newest first."""

    items: list[AcceptanceOut]
    next: str | None


class NewAcceptance(BodySchema):
    """The largest tolerated share of wrong labels, of all or also per label id.

    `model_version`: the one that was looked at; the one that serves if left out. `query`: accept
    in the images of this filter alone, Explore's query string; it has a bound of its own.
    """

    tolerated: Rate = Field(autolabel.USUAL, examples=[0.05])
    labels: dict[Id, Rate] = Field(default_factory=dict, max_length=1000)
    model_version: Id | None = None
    teaches: bool = False
    query: FilterQuery = ""


class Teaching(BodySchema):
    """Whether rounds learn from it."""

    teaches: bool


class Tolerated(QuerySchema):
    """The largest tolerated share of wrong labels, in the images of a filter where one is named."""

    tolerated: Rate = autolabel.USUAL
    query: FilterQuery = ""


class OfferOut(Schema):
    """What would be accepted: so many `images` `of` those that could be.

    `missing` says why nothing can be offered yet: model, audit, count or scores; the rest is null.
    """

    missing: str
    model_version: int | None
    images: int | None
    of: int | None
    upper_bound: float | None
    audit_labels: int | None
    thresholds: dict[str, float]


class SortedAsked(Page):
    """`label`: only those that were given just this one."""

    label: Id | None = None


class SortedOut(Schema):
    """An image where the model put it."""

    image: int
    name: str
    labels: list[int]
    confidence: float | None
    model_version: int | None


class SortedList(Schema):
    """A page of sorted images."""

    items: list[SortedOut]
    next: str | None


@router.get(PATH, response={200: AcceptanceList, **ERRORS})
def list_acceptances(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """What was accepted so far, newest first, revoked ones too."""
    project = project_for(request.user, project_id, "review")
    rows = Acceptance.objects.filter(project=project)
    found, more = by_pk(request, rows, page, newest=True)
    return {"items": [_told(acceptances.one(project, row.number)) for row in found], "next": more}


@router.post(PATH, response={202: AcceptanceOut, **ERRORS})
def accept_labels(request: HttpRequest, project_id: int, body: NewAcceptance) -> Status[Any]:
    """Accept what the model is sure enough of; a worker does it, and the list tells how far."""
    project = project_for(request.user, project_id, "train")
    serving = versions.serving(project)
    number = body.model_version or (serving.number if serving else 0)
    try:
        wished = autolabel.wish(project, body.tolerated, body.labels)
        made = acceptances.accept(
            project, cast(User, request.user), wished, version=number, teaches=body.teaches,
            inside=_inside(project, body.query),
        )  # fmt: skip
    except BadWish as why:
        raise Refused(422, "bad_rate", str(why)) from why
    except NotAccepted as why:
        raise Refused(409, why.code, str(why)) from why
    return Status(202, _told(acceptances.one(project, made.number)))


@router.post(f"{PATH}/{{int:number}}/revoke", response={202: AcceptanceOut, **ERRORS})
def revoke_acceptance(request: HttpRequest, project_id: int, number: int) -> Status[Any]:
    """Take the acceptance back as a whole; what people have answered since stays."""
    project = project_for(request.user, project_id, "train")
    if not 0 < number < 2**31:
        raise Http404
    try:
        acceptances.revoke(project, cast(User, request.user), number)
    except Acceptance.DoesNotExist as error:
        raise Http404 from error
    return Status(202, _told(acceptances.one(project, number)))


@router.patch(f"{PATH}/{{int:number}}", response={200: AcceptanceOut, **ERRORS})
def change_acceptance(
    request: HttpRequest, project_id: int, number: int, body: Teaching
) -> dict[str, Any]:
    """Let rounds learn from what was accepted, or no longer; a round follows."""
    project = project_for(request.user, project_id, "train")
    if not 0 < number < 2**31:
        raise Http404
    try:
        acceptances.teach(project, cast(User, request.user), number, teaches=body.teaches)
    except Acceptance.DoesNotExist as error:
        raise Http404 from error
    return _told(acceptances.one(project, number))


@router.get("/projects/{int:project_id}/autolabel", response={200: OfferOut, **ERRORS})
def preview_autolabel(
    request: HttpRequest, project_id: int, asked: Query[Tolerated]
) -> dict[str, Any]:
    """What would be accepted now at a tolerated error. Nothing is accepted by asking."""
    project = project_for(request.user, project_id, "review")
    wished = autolabel.wish(project, asked.tolerated)
    inside = _inside(project, asked.query)
    offer = autolabel.of(project, versions.serving(project), wished, inside)
    if isinstance(offer, Missing):
        return {**dict.fromkeys(OfferOut.model_fields), "missing": offer.what, "thresholds": {}}
    return {
        "missing": "", "model_version": offer.version.number, "images": offer.images,
        "of": offer.of, "upper_bound": offer.upper, "audit_labels": offer.audit,
        "thresholds": offer.thresholds,
    }  # fmt: skip


@router.get("/projects/{int:project_id}/sorted/{str:kind}", response={200: SortedList, **ERRORS})
def list_sorted(
    request: HttpRequest, project_id: int, kind: str, asked: Query[SortedAsked]
) -> dict[str, Any]:
    """Images as autolabel has sorted them: `accepted`, `unknown`, or, of yes/no, `rejected`."""
    project = project_for(request.user, project_id, "review")
    wanted = next((each for each in sorted_images.kinds(project) if each == kind), None)
    if wanted is None:
        raise Http404
    where = scope(request, asked.dict())
    found = sorted_images.page(
        project, wanted, after=start_of(asked.cursor, where) or 0, most=asked.limit + 1,
        label=asked.label,
    )  # fmt: skip
    shown = found[: asked.limit]
    after = cursor_for(where, shown[-1].key) if len(found) > asked.limit else None
    return {"items": [_sorted(row) for row in shown], "next": after}


def _inside(project: Project, query: str) -> Within | None:
    """The part of the pool that the filter means; None for all of it."""
    return promised.of(project, picked.spelled(query)).inside if query else None


def _sorted(row: Sorted) -> dict[str, Any]:
    return {
        "image": row.image.pk, "name": row.image.name, "labels": row.label_ids,
        "confidence": row.confidence, "model_version": row.version,
    }  # fmt: skip


def _told(kept: Kept) -> dict[str, Any]:
    row, checks = kept.acceptance, kept.checks
    names = (
        "number", "tolerated", "thresholds", "upper_bound", "images", "teaches", "created_at",
        "revoked_at",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in names},
        "query": row.within,
        "model_version": row.version,
        "standing": kept.standing,
        "state": kept.work.state if kept.work else ("revoked" if row.revoked_at else "done"),
        "spot_checks": {
            "checked": checks.checked, "wrong": checks.wrong, "skipped": checks.skipped,
        },
        "measured_error": kept.measured.as_dict() if kept.measured else None,
        "promise": kept.standing_of_promise,
        "created_by": row.created_by.username,
    }  # fmt: skip
