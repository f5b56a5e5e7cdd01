"""Review over the API: images behind the figures, second looks, and a reviewer's answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, cursor_for, scope, start_of
from labeler.api.schema import BodySchema, Id, Share
from labeler.evaluation import galleries, pool_answers, scored, taught
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.labeling import annotations, answers, second_look
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project
from labeler.training import versions
from labeler.training.models import ModelVersion

router = Router(tags=["review"])


class Asked(Page):
    """Which gallery. `threshold` tries another one than that in use; `order` is for the pool."""

    label: Annotated[str, Field(max_length=100)] = ""  # asked for once the caller is known
    source: Literal["audit", "labels", "pool"] = "audit"
    kind: Literal["fp", "fn", "tp"] = "fp"
    order: Literal["surest", "least"] = "surest"
    threshold: Share | None = None


class Card(Schema):
    """An image with what people say (null: nobody has), its score for the label, and the
    likeliest labels with theirs."""

    image: int
    name: str
    labels: list[str] | None
    score: float
    top: dict[str, float]


class Cards(Schema):
    """A page of a gallery. `measured` says what the scores are: "audit", "cross_validated", or
    null where nobody has labeled the images."""

    items: list[Card]
    next: str | None
    measured: str | None
    model_version: int | None


@router.get("/projects/{int:project_id}/gallery", response={200: Cards, **ERRORS})
def get_gallery(request: HttpRequest, project_id: int, asked: Query[Asked]) -> dict[str, Any]:
    """False positives (surest first), false negatives or true positives (least sure first) of a
    label; with `source=pool` the model's own answers on images that nobody has labeled."""
    project = project_for(request.user, project_id, "review")
    version = versions.serving(project)
    if version is None:
        raise Refused(409, "no_model", "There is no model yet. Label some images first.")
    version.project = project
    label = _label(project, asked.label)
    where = scope(request, asked.dict())
    after = start_of(asked.cursor, where)
    start = int(after[1]) if after and after[0] == version.number else 0
    told = _pool if asked.source == "pool" else _compared
    items, reached, measured = told(project, version, label, asked, start)
    cursor = None if reached is None else cursor_for(where, [version.number, reached])
    number = taught.version_of(project) if asked.source == "labels" else version.number
    return {"items": items, "next": cursor, "measured": measured, "model_version": number}


def _label(project: Project, name: str) -> Label:
    if not name:
        raise Refused(422, "no_label", "Name a label: ?label=NAME.")
    labels = Label.objects.filter(project=project, merged_into=None)
    found = next((label for label in labels if fold(label.name) == fold(name)), None)
    if found is None:
        raise Refused(422, "unknown_label", f"This project has no label {name[:60]!r}.")
    return found


Told = tuple[list[dict[str, Any]], int | None, str | None]


def _pool(project: Project, version: ModelVersion, label: Label, asked: Asked, start: int) -> Told:
    found = pool_answers.of(project, version, label, asked.order, start)
    table = scored.columns(project, version, found.proba)
    names = [each.name for each in table.labels]
    at = next((i for i, each in enumerate(table.labels) if each.pk == label.pk), None)
    items = [
        _card(image.pk, image.name, None, table, i, at, names)
        for i, image in enumerate(found.images)
    ]
    return items, found.after, None


def _compared(
    project: Project, version: ModelVersion, label: Label, asked: Asked, start: int
) -> Told:
    measured = "cross_validated" if asked.source == "labels" else "audit"
    compared = _scored(project, version, asked.source)
    if compared is None or label.pk not in [each.pk for each in compared.labels]:
        return [], None, measured
    limits = Thresholds.of_version(project, version)
    view = galleries.seen(compared, limits, label)
    threshold = limits.for_label(label.pk) if asked.threshold is None else asked.threshold
    places = galleries.listed(view, asked.kind, threshold)
    page = places[start : start + asked.limit].tolist()
    known = galleries.names_of([compared.image_ids[at] for at in page])
    names = [each.name for each in compared.labels]
    items = []
    for at in page:
        said = [names[i] for i in compared.truth[at].nonzero()[0]]
        pk = compared.image_ids[at]
        items.append(_card(pk, known.get(pk, ""), said, compared, at, view.at, names))
    reached = start + len(page)
    return items, reached if reached < len(places) else None, measured


def _scored(project: Project, version: ModelVersion, source: str) -> Scored | None:
    try:
        return taught.of(project) if source == "labels" else scored.of(project, version)
    except NotScored:
        return None


def _card(
    pk: int,
    name: str,
    said: list[str] | None,
    table: Scored,
    row: int,
    at: int | None,
    names: list[str],
) -> dict[str, Any]:
    places = list(range(len(names)))
    (best,) = galleries.top(table.proba[row : row + 1], places)
    return {
        "image": pk,
        "name": name,
        "labels": said,
        "score": 0.0 if at is None else round(float(table.proba[row, at]), 4),
        "top": {names[int(i)]: p for i, p in best},
    }


# Answers -----------------------------------------------------------------------------------------


class Review(BodySchema):
    """A reviewer's answer: it stands in place of everybody's on the image."""

    uuid: Annotated[str, Field(max_length=36)]
    image: Id
    labels: Annotated[list[Id], Field(max_length=1_000)] | None = None
    skip: Literal["unsure", "not_applicable", "broken"] | None = None
    disputed: bool = False  # only while people disagree on the image; else 409


class Reviewed(Schema):
    """What became of it: "created", or "replayed" when the uuid was seen before."""

    uuid: str
    code: str


@router.post(
    "/projects/{int:project_id}/reviews", response={200: Reviewed, 201: Reviewed, **ERRORS}
)
def post_review(request: HttpRequest, project_id: int, body: Review) -> Status[Any]:
    """Relabel an image, confirm its labels, settle a dispute or a skip: `labels` or `skip`.

    An audit image must be answered blind first. `annotations/{uuid}/undo` takes a review back.
    """
    project = project_for(request.user, project_id, "review")
    image = Image.objects.filter(project=project, pk=body.image).first()
    if image is None:
        raise Refused(404, "unknown_image", "This project has no such image.")
    if image.audit and image.state == Image.State.OPEN:
        words = "That audit image waits for its first blind answer."
        raise Refused(409, "blind_first", words)
    if (body.labels is None) == (body.skip is None):
        raise Refused(422, "labels_or_skip", "Send labels, or a skip.")
    if body.labels is not None and not project.is_multi and len(body.labels) != 1:
        raise Refused(422, "one_label", "Choose one label.")
    user: Any = request.user
    outcome = annotations.review(
        project=project, user=user, image=image, uuid=_uuid(body.uuid), label_ids=body.labels,
        skip=body.skip or "", disputed=body.disputed,
    )  # fmt: skip
    if not outcome.stored:
        raise Refused(outcome.status, outcome.code, outcome.detail)
    return Status(outcome.status, {"uuid": body.uuid, "code": outcome.code})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused(422, "invalid", "Send the UUID as 32 hex digits.") from error


class SecondLook(BodySchema):
    """Images to send to another person, or `draw` so many audit images at random."""

    images: Annotated[list[Id], Field(max_length=second_look.MOST)] = []
    draw: Annotated[int, Field(ge=1, le=second_look.MOST)] | None = None


class SecondLooks(Schema):
    """Which images another person is asked about; how many could not be sent: somebody has them
    on the screen (`held`), or every other member has answered them (`nobody`)."""

    images: list[int]
    held: int
    nobody: int
    drawn: dict[str, int]  # of all drawn at random: waiting, answered, otherwise


class Images(BodySchema):
    """Which images."""

    images: Annotated[list[Id], Field(max_length=second_look.MOST)]


class TakenBack(Schema):
    """How many."""

    taken_back: int


@router.post(
    "/projects/{int:project_id}/second-looks/take-back", response={200: TakenBack, **ERRORS}
)
def take_back_second_looks(request: HttpRequest, project_id: int, body: Images) -> dict[str, int]:
    """Ask nobody after all, where nobody has the image on the screen."""
    project = project_for(request.user, project_id, "review")
    user: Any = request.user
    done = second_look.take_back(project=project, user=user, image_ids=body.images)
    return {"taken_back": done}


@router.post("/projects/{int:project_id}/second-looks", response={200: SecondLooks, **ERRORS})
def post_second_looks(request: HttpRequest, project_id: int, body: SecondLook) -> dict[str, Any]:
    """Ask somebody who has not answered them about these images, blind."""
    project = project_for(request.user, project_id, "review")
    user: Any = request.user
    try:
        if body.draw is not None:
            sent = second_look.draw(project=project, user=user, count=body.draw)
        else:
            sent = second_look.send(project=project, user=user, image_ids=body.images)
    except answers.Refused as refused:
        raise Refused(refused.status, refused.code, refused.detail) from refused
    told = second_look.told(project).as_dict()
    return {"images": sent.images, "held": sent.held, "nobody": sent.nobody, "drawn": told}
