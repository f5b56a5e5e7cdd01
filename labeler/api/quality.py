"""How far people agree: gold images, agreement, and what the project is doing."""

from typing import Annotated, Any, cast

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.gallery import TakenBack
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id
from labeler.evaluation import agreement, anchoring, status
from labeler.evaluation import gold as checks
from labeler.evaluation.measures import Measure
from labeler.labeling import disputes, gold, gold_list
from labeler.labeling.answers import Refused as NotTaken
from labeler.labeling.models import Gold
from labeler.pools import disk_use
from labeler.pools.models import Image
from labeler.projects.access import may, project_for
from labeler.projects.models import Project, User

router = Router(tags=["quality"])
GOLD = "/projects/{int:project_id}/gold"


class GoldOut(Schema):
    """An image with a known answer, and how often people gave it."""

    id: int
    image: int
    name: str
    labels: list[int]
    right: int
    answered: int


class GoldList(Schema):
    """A page of gold images, newest first."""

    items: list[GoldOut]
    next: str | None


class NewGold(BodySchema):
    """Images that people agree on, or `lines` of a list: `name`, or `name,label|label`."""

    images: Annotated[list[Id], Field(max_length=gold.MOST_MARKED)] = []
    lines: Annotated[str, Field(max_length=400_000)] = ""


class Marked(Schema):
    """How many are gold now, and what was wrong with the others."""

    marked: int
    problems: list[str]


class Images(BodySchema):
    """Which images."""

    images: Annotated[list[Id], Field(max_length=gold.MOST_MARKED)]


class Share(Schema):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class PersonOut(Schema):
    """How one person did on gold images; `share` is null below five answers."""

    user: str
    right: int
    answered: int
    skipped: int
    share: Share | None


class LabelAgreement(Schema):
    """Krippendorff's alpha on one label; null where there is too little."""

    label: int
    support: int
    alpha: Share | None


class PairAgreement(Schema):
    """Cohen's kappa of two people; null where there is too little."""

    first: str
    second: str
    images: int
    same: float
    kappa: Share | None


class AgreementOut(Schema):
    """How far people agree on images that several answered, and whether they follow the model.

    `anchoring`: how much more often answers equal the suggestion where it was shown.
    """

    images: int
    people: int
    same: float | None
    alpha: Share | None
    labels: list[LabelAgreement]
    pairs: list[PairAgreement]
    gold: list[PersonOut]
    anchoring: Share | None
    disputes: int


class Line(Schema):
    """What is going on, in a few words."""

    words: str
    tone: str
    busy: bool
    more: str


class Done(Schema):
    """So many of so many."""

    done: int
    total: int


class AtWork(Schema):
    """What is at work in the project. `round`: the one under way, or the last if it failed."""

    workers: list[str]
    round: int | None
    embedding: Done
    audit: Done
    queue_left: int
    skipped: int
    imports: list[int]


class StatusOut(Schema):
    """The line that every member sees in the top bar; the rest is for reviewers, else null."""

    line: Line
    at_work: AtWork | None


class DiskOut(Schema):
    """Bytes that the project takes, at most five minutes old; null: not to be looked at cheaply."""

    images: int
    originals: int
    copies: int | None
    arrays: dict[str, int]
    staging: int
    database: int
    all: int
    free: int
    disk: int


@router.get(GOLD, response={200: GoldList, **ERRORS})
def list_gold(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """Images with a known answer, newest first."""
    project = project_for(request.user, project_id, "review")
    rows = Gold.objects.filter(project=project).select_related("image").prefetch_related("labels")
    found, after = by_pk(request, rows, page, newest=True)
    checked = gold.by_image(project, [each.image_id for each in found])
    return {"items": [_gold(each, checked.get(each.image_id)) for each in found], "next": after}


@router.post(GOLD, response={200: Marked, **ERRORS})
def mark_gold(request: HttpRequest, project_id: int, body: NewGold) -> dict[str, Any]:
    """Mark images as gold, with what people agreed on or with labels of a list."""
    project = project_for(request.user, project_id, "review")
    user = cast(User, request.user)
    done = gold_list.mark(project=project, user=user, text=body.lines)
    for image in Image.objects.filter(project=project, pk__in=body.images).order_by("pk"):
        try:
            gold.mark(project=project, user=user, image=image)
            done.count += 1
        except NotTaken as refused:
            done.problems.append(f"{image.name}: {refused.detail}")
    return {"marked": done.count, "problems": done.problems}


@router.post(f"{GOLD}/unmark", response={200: TakenBack, **ERRORS})
def unmark_gold(request: HttpRequest, project_id: int, body: Images) -> dict[str, int]:
    """Make gold images ordinary ones again. What people answered is kept."""
    project = project_for(request.user, project_id, "review")
    return {"taken_back": gold.unmark(project=project, image_ids=body.images)}


@router.get("/projects/{int:project_id}/agreement", response={200: AgreementOut, **ERRORS})
def get_agreement(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """How far people agree with each other, with gold images, and with suggestions."""
    project = project_for(request.user, project_id, "review")
    found = agreement.of(project)
    return {
        "images": found.images, "people": found.people, "same": found.same,
        "alpha": _share(found.alpha), "disputes": disputes.count(project),
        "labels": [
            {"label": each.label.pk, "support": each.support, "alpha": _share(each.alpha)}
            for each in found.labels
        ],
        "pairs": [
            {"first": each.first, "second": each.second, "images": each.images,
             "same": each.same, "kappa": _share(each.kappa)}
            for each in found.pairs
        ],
        "gold": _people(project), "anchoring": _share(anchoring.of(project).difference),
    }  # fmt: skip


@router.get("/projects/{int:project_id}/status", response={200: StatusOut, **ERRORS})
def get_status(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """What is at work: rounds, imports, embeddings, workers; to be polled."""
    project = project_for(request.user, project_id, "see_own_work")
    found = status.of(project)
    told = {
        "workers": found.workers.names, "embedding": found.embedding,
        "round": found.round.number if found.round else None, "audit": found.audit,
        "queue_left": found.queue_left, "skipped": found.skipped,
        "imports": [each.number for each in found.imports],
    }  # fmt: skip
    sees = may(request.user, project, "see_dashboard")
    return {"line": found.line, "at_work": told if sees else None}


@router.get("/projects/{int:project_id}/storage", response={200: DiskOut, **ERRORS})
def get_storage(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """What images, models and rows take on the disk, and what is left there."""
    use = disk_use.of(project_for(request.user, project_id, "set"))
    return {
        "images": use.images, "originals": use.originals.bytes,
        "copies": use.copies.bytes if use.copies else None,
        "arrays": {name: size.bytes for name, size in use.arrays.items()},
        "staging": use.staging.bytes, "database": use.database.bytes,
        "all": use.all, "free": use.free, "disk": use.disk,
    }  # fmt: skip


def _gold(each: Gold, checked: gold.Checked | None) -> dict[str, Any]:
    asked = checked or gold.Checked()
    return {
        "id": each.pk, "image": each.image_id, "name": each.image.name,
        "labels": [label.pk for label in each.labels.all()],
        "right": asked.right, "answered": asked.answered,
    }  # fmt: skip


def _people(project: Project) -> list[dict[str, Any]]:
    return [
        {"user": row.name, "right": row.checked.right, "answered": row.checked.answered,
         "skipped": row.checked.skipped, "share": _share(row.share)}
        for row in checks.table(project).rows
    ]  # fmt: skip


def _share(found: Measure | None) -> dict[str, float] | None:
    return found.as_dict() if found else None
