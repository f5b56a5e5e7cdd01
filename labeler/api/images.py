"""The images of a project: list, filter, look at one."""

from typing import Annotated, Any, Literal, cast

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api import beliefs
from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, cursor_for, scope, start_of
from labeler.api.schema import Number, QuerySchema, Share
from labeler.exploring import filters, picked, sieve
from labeler.exploring.filters import Filter
from labeler.labeling.models import Annotation, Gold, ModelAnnotation
from labeler.pools.models import Image
from labeler.pools.views.images import image_file
from labeler.projects.access import RANK, project_for, projects_of, role_in
from labeler.projects.labels import fold
from labeler.projects.models import Label, Project, User
from labeler.training import versions
from labeler.training.models import ModelVersion

router = Router(tags=["images"])

Order = Literal[
    "row", "-row", "taken", "-taken", "name", "-name", "confidence", "-confidence", "margin",
    "entropy", "alone", "light", "-light", "blur",
]  # fmt: skip
Name = Annotated[str, Field(max_length=100)]


class Filters(Page):
    """Which images, in which order: all that is sent must fit. `predicted`, the confidences and the
    orders by `confidence`, `margin` and `entropy` mean the model; `q` looks for words in file names
    and camera data; `person` is a user's name; `cluster` is `{survey}-{number}`; `odd` and the
    orders `alone`, `light` and `blur` need a look at all pictures; `taken` is the photo's date."""

    state: Literal["open", "labeled", "skipped", "accepted", "aside"] | None = None
    label: Name | None = None
    predicted: Name | None = None
    min_confidence: Share | None = None
    max_confidence: Share | None = None
    q: Annotated[str, Field(max_length=filters.LONGEST)] = ""
    split: Literal["train", "validation", "test", "none"] | None = None
    person: Annotated[str, Field(max_length=150)] | None = None
    import_: Number | None = Field(None, alias="import")
    audit: bool | None = None
    odd: Literal["far", "dark", "bright", "blurred", "tiny", "long"] | None = None
    cluster: Annotated[str, Field(pattern=r"^\d{1,18}-\d{1,9}$")] | None = None
    order: Order = "row"

    def wanted(self, project: Project) -> Filter:
        """As Explore filters. Raises Refused."""
        survey, _dash, number = (self.cluster or "").partition("-")
        return Filter(
            q=self.q.strip().casefold(),
            labels=(_label(project, self.label).pk,) if self.label else (),
            predicted=(_label(project, self.predicted).pk,) if self.predicted else (),
            low=self.min_confidence, high=self.max_confidence,
            splits=("" if self.split == filters.NONE else self.split,) if self.split else (),
            people=(_person(self.person),) if self.person else (),
            imports=(self.import_,) if self.import_ else (),
            states=(self.state,) if self.state else (),
            audit=self.audit, odd=(self.odd,) if self.odd else (),
            clusters=((int(survey), int(number)),) if self.cluster else (),
            order=self.order,
        )  # fmt: skip


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
    total: int  # of all pages


class ImageOut(ImageLine):
    """One image with all its names and answers; annotators see their own answers only."""

    names: list[str]
    exif: dict[str, str]  # what the camera wrote; empty for images imported before it was read
    annotations: list[dict[str, Any]]


@router.get("/projects/{int:project_id}/images", response={200: ImageList, **ERRORS})
def list_images(request: HttpRequest, project_id: int, asked: Query[Filters]) -> dict[str, Any]:
    """The images that all the filters let through.

    A cursor stays with the model version of its first page; an image that no longer fits is left
    out of later pages. A pool of more than 20,000 images is prepared for filters by a worker; until
    then the answer is 409 `being_prepared`.
    """
    project = project_for(request.user, project_id, "explore")
    _check(asked)
    wanted, where = asked.wanted(project), scope(request, asked.dict())
    number, last = start_of(asked.cursor, where) or (None, None)
    version = _version(project, number, wanted)
    result = picked.whole(project, wanted, version)
    first = 0 if last is None else sieve.place_after(project, wanted, result, last, version)
    rows = result.rows[first : first + asked.limit]
    images = Image.objects.filter(project=project).in_bulk(result.columns.ids[rows].tolist())
    by_row = {image.row: image for image in images.values()}
    found = [by_row[row] for row in rows.tolist() if row in by_row]
    known = beliefs.of(project, found)
    after = version.number if version else None, int(rows[-1]) if len(rows) else 0
    more = first + len(rows) < len(result.rows)
    return {
        "items": [_line(image, known.get(image.row)) for image in found],
        "next": cursor_for(where, after) if more else None,
        "total": len(result.rows),
    }


def _version(project: Project, number: int | None, wanted: Filter) -> ModelVersion | None:
    """The version that a cursor began with, or the serving one."""
    mine = ModelVersion.objects.filter(project=project, number=number).first() if number else None
    version = mine or versions.serving(project)
    if version is None and wanted.of_model:
        words = "There is no model yet. Label some images; the first round makes one."
        raise Refused(409, "no_model", words)
    return version


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


def _person(name: str) -> int:
    """The id of a user; 0, who has answered nothing, for a name that nobody has here."""
    return User.objects.filter(username=name).values_list("pk", flat=True).first() or 0


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
