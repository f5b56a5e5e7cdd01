"""The images of a project: list, filter, look at one."""

from typing import Annotated, Any, Literal, cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api import beliefs
from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, cursor_for, scope, start_of
from labeler.api.schema import QuerySchema, Share
from labeler.labeling.models import Annotation, Gold, ModelAnnotation
from labeler.pools.models import Image
from labeler.pools.views.images import image_file
from labeler.projects.access import RANK, project_for, projects_of, role_in
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project, User

router = Router(tags=["images"])

Order = Literal["row", "-row", "confidence", "-confidence"]
Name = Annotated[str, Field(max_length=100)]


class Filters(Page):
    """Which images, in which order. `predicted` and the confidences mean the serving model."""

    state: Literal["open", "labeled", "skipped", "accepted", "aside"] | None = None
    label: Name | None = None
    predicted: Name | None = None
    min_confidence: Share | None = None
    max_confidence: Share | None = None
    order: Order = "row"

    def of_model(self) -> bool:
        """Whether the model's predictions decide."""
        asked = (self.predicted, self.min_confidence, self.max_confidence)
        return "confidence" in self.order or any(value is not None for value in asked)


class ImageLine(Schema):
    """An image in a list."""

    id: int
    project: int
    name: str
    width: int
    height: int
    sha256: str
    state: str
    audit: bool
    predictions: dict[str, float] | None


class ImageList(Schema):
    """A page of images."""

    items: list[ImageLine]
    next: str | None


class ImageOut(ImageLine):
    """One image with all its names and answers; annotators see their own answers only."""

    names: list[str]
    exif: dict[str, str]  # what the camera wrote; empty for images imported before it was read
    annotations: list[dict[str, Any]]


@router.get("/projects/{int:project_id}/images", response={200: ImageList, **ERRORS})
def list_images(request: HttpRequest, project_id: int, asked: Query[Filters]) -> dict[str, Any]:
    """The images that all the filters let through."""
    project = project_for(request.user, project_id, "explore")
    _check(asked)
    rows = Image.objects.filter(project=project)
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.label:
        said = Annotation.objects.filter(
            project=project, current=True, labels=_label(project, asked.label)
        )
        rows = rows.filter(pk__in=said.values("image"))
    where = scope(request, asked.dict())
    after = start_of(asked.cursor, where)
    if asked.of_model():
        found, position = _by_belief(project, rows, asked, after)
    else:
        found, position = _by_row(rows, asked, after)
    known = beliefs.of(project, found)
    return {
        "items": [_line(image, known.get(image.row)) for image in found],
        "next": None if position is None else cursor_for(where, position),
    }


def _check(asked: Filters) -> None:
    low, high = asked.min_confidence, asked.max_confidence
    if low is not None and high is not None and low > high:
        words = "min_confidence is above max_confidence; no image can be between."
        raise Refused(422, "empty_range", words)


def _label(project: Project, name: str) -> Label:
    labels = Label.objects.filter(project=project)
    found = next((label for label in labels if fold(label.name) == fold(name)), None)
    if found is None:
        raise Refused(422, "unknown_label", f"This project has no label {name[:60]!r}.")
    return found


def _by_row(rows: Any, asked: Filters, after: Any) -> tuple[list[Image], Any]:
    back = asked.order == "-row"
    if after is not None:
        rows = rows.filter(**{"row__lt" if back else "row__gt": after})
    found = list(rows.order_by("-row" if back else "row")[: asked.limit + 1])
    more = len(found) > asked.limit
    found = found[: asked.limit]
    return found, found[-1].row if more else None


def _by_belief(project: Project, rows: Any, asked: Filters, after: Any) -> tuple[list[Image], Any]:
    """Walk the ranked rows in chunks until the page is full; a cursor is [version, position]."""
    number, start = after if after is not None else (None, 0)
    label = _label(project, asked.predicted).pk if asked.predicted else None
    try:
        number, ranked = beliefs.ranked(
            project, number, predicted=label, order=asked.order,
            low=asked.min_confidence, high=asked.max_confidence,
        )  # fmt: skip
    except beliefs.NoModel as error:
        raise Refused(409, "no_model", str(error)) from error
    found: list[Image] = []
    for begin in range(start, min(len(ranked), start + beliefs.MOST_LOOKED_AT), beliefs.CHUNK):
        chunk = ranked[begin : begin + beliefs.CHUNK].tolist()
        there = {image.row: image for image in rows.filter(row__in=chunk)}
        for place, row in enumerate(chunk, begin):
            if row in there:
                found.append(there[row])
                if len(found) == asked.limit:
                    return found, (number, place + 1) if place + 1 < len(ranked) else None
    reached = start + beliefs.MOST_LOOKED_AT
    return found, (number, reached) if reached < len(ranked) else None


def _line(image: Image, proba: dict[str, float] | None) -> dict[str, Any]:
    names = ("name", "width", "height", "sha256", "state", "audit")
    blind = image.audit and image.state == Image.State.OPEN
    return {
        **{name: getattr(image, name) for name in names},
        "id": image.pk,
        "project": image.project_id,
        "predictions": None if blind else proba,  # an open audit image is labeled blind
    }


@router.get("/images/{int:image_id}", response={200: ImageOut, **ERRORS})
def get_image(request: HttpRequest, image_id: int) -> dict[str, Any]:
    """One image, its answers and what the serving model believes of it."""
    image = _image(request, image_id)
    all_seen = RANK[role_in(request.user, image.project) or "annotator"] >= RANK["reviewer"]
    known = beliefs.of(image.project, [image]) if all_seen else {}
    answers = Annotation.objects.filter(image=image, current=True)
    line = _line(image, known.get(image.row))
    if not all_seen:
        answers = answers.filter(user=cast(User, request.user))
        line |= _own_view(image, answers.first())
    return {
        **line,
        "names": [image.name, *image.other_names.values_list("name", flat=True)],
        "exif": image.exif,
        "annotations": [_answer(one) for one in answers.select_related("user").order_by("pk")],
    }


def _own_view(image: Image, own: Annotation | None) -> dict[str, Any]:
    """What must not tell an annotator that others have answered, or that the image is gold."""
    said = {"labels": Image.State.LABELED, "skip": Image.State.SKIPPED}
    state = said.get(own.kind, Image.State.OPEN) if own else Image.State.OPEN
    blind = image.audit or Gold.objects.filter(image=image).exists()
    spot = ModelAnnotation.objects.filter(image=image)  # may be asked to check the model
    return {"state": state, "audit": blind or spot.exists()}


def _answer(one: Annotation) -> dict[str, Any]:
    return {
        "uuid": str(one.uuid),
        "user": one.user.username,
        "labels": None if one.kind != "labels" else one.body.get("labels", []),
        "skip": one.skip or None,
        "source": one.source,
        "at": one.created_at.isoformat(timespec="seconds"),
    }


class Size(QuerySchema):
    """Which size."""

    size: Literal["thumb", "screen", "original"] = "screen"


@router.get("/images/{int:image_id}/file", response={200: None, **ERRORS})
def get_file(request: HttpRequest, image_id: int, wanted: Query[Size]) -> HttpResponseBase:
    """The picture itself."""
    _image(request, image_id)
    return image_file(request, image_id, wanted.size)


def _image(request: HttpRequest, pk: int) -> Image:
    """The image, if it is in one of the caller's projects."""
    if not 0 < pk < 2**63:
        raise Http404
    mine = Image.objects.filter(pk=pk, project__in=projects_of(request.user))
    image = mine.select_related("project").first()
    if image is None:
        raise Http404
    project_for(request.user, image.project_id, "label")
    return image
