"""What the serving model says of pictures. The web server hands the question to the service."""

from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field, ValidationError

from labeler.api import errors
from labeler.api.errors import ERRORS, Refused
from labeler.api.parsing import json_body
from labeler.api.schema import Number, QuerySchema
from labeler.exploring import similar as similar_images
from labeler.labeling import chosen
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.serving import pictures, place
from labeler.training import spaces
from labeler.training.models import ModelVersion
from labeler.training.shards import EmbeddingsDamaged
from labeler.training.versions import ModelDamaged

router = Router(tags=["predictions"])
MOST_SIMILAR = 50
AGAIN = "5"  # seconds, where the service is away


class Wanted(Schema):
    """Pictures that are not sent along."""

    images: list[int] = []
    urls: list[str] = []


class Wish(QuerySchema):
    """Which version, and how many similar images."""

    model_version: Number | None = None
    similar: Annotated[int, Field(ge=0, le=MOST_SIMILAR)] = 0


class PredictionError(Schema):
    """Why there is no prediction of a picture."""

    code: str
    detail: str


class LikeOut(Schema):
    """An image of the pool that is like the picture: cosine similarity in [-1, 1].

    `labels` are what people said of it; empty while nobody has.
    """

    id: int
    name: str
    similarity: float
    labels: list[str]


class Prediction(Schema):
    """What the model says of one picture: the probability of each label, likeliest first.

    `label` passes its saved threshold, else it is null and `unknown` true. A project of several
    labels has `labels`, all that pass, and `label` is null. `similar` comes where it is asked for.
    """

    name: str | int
    model_version: int
    scores: dict[str, float] | None = None
    label: str | None = None
    labels: list[str] | None = None
    unknown: bool | None = None
    similar: list[LikeOut] | None = None
    error: PredictionError | None = None


class Predictions(Schema):
    """One model version answers for all the pictures of a request.

    `thresholds`: the saved ones by label; a label without one is given where it is the likeliest.
    `note`: why there are no similar images.
    """

    model_version: int
    predictions: list[Prediction]
    thresholds: dict[str, float]
    took_ms: float
    note: str | None = None


BODY = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "files": {"type": "array", "items": {"type": "string", "format": "binary"}}
                },
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "images": {"type": "array", "items": {"type": "integer"}},
                    "urls": {"type": "array", "items": {"type": "string"}},
                },
            },
            "example": {"images": [17, 18]},
        },
    }
}


@router.post(
    "/projects/{int:project_id}/predict",
    response={200: Predictions, frozenset({429, 503}): errors.Error, **ERRORS},
    exclude_none=True,
    openapi_extra={"requestBody": BODY},
)
def predict(request: HttpRequest, project_id: int, wish: Query[Wish]) -> Any:
    """Judge up to 64 pictures: `files` of a form, or `images` of the pool and `urls` as JSON.

    `model_version` asks another version than the serving one. `similar` adds that many images of
    the pool which are most like each picture. Where a canary runs, the version is drawn by the
    header X-Request-ID, or by the pictures. 429 with Retry-After: too many pictures wait. 503:
    the prediction service does not run.
    """
    project = project_for(request.user, project_id, "see_dashboard")
    if settings.SERVING:
        return _here(request, project, wish)
    return there(request)


def there(request: HttpRequest) -> HttpResponse:
    """What the prediction service answers to the caller's request."""
    try:
        said = place.ask(request, *_on_its_way(request))
    except place.Away:
        words = _(
            "The prediction service does not run. `manage.py up` starts it, or `serve` alone."
        )
        return _again(503, "no_service", words, AGAIN)
    answer = HttpResponse(said.body, status=said.status, content_type="application/json")
    if said.retry_after:
        answer.headers["Retry-After"] = said.retry_after
    return answer


def _on_its_way(request: HttpRequest) -> tuple[bytes, str]:
    """The body to hand on, and its type. A form was taken apart when its caller was checked."""
    if request.content_type != "multipart/form-data":
        return request.body, request.headers.get("Content-Type", "")
    files = request.FILES.getlist("files")
    if sum(file.size or 0 for file in files) > settings.SERVE_BYTES:
        most = settings.SERVE_BYTES // 2**20
        words = _("One request may hold %(n)s MiB. Send fewer pictures at a time.") % {"n": most}
        raise Refused(413, "too_large", words)
    return place.form(files)


def _here(request: HttpRequest, project: Project, wish: Wish) -> Any:
    near = Neighbours(project, wish.similar) if wish.similar else None
    drawn_by = request.headers.get("X-Request-ID", "")
    asked = _asked(request, project)
    told = judged(project, asked, wish.model_version, request_id=drawn_by, near=near)
    return told | {"note": near.note} if near and near.note and isinstance(told, dict) else told


def judged(project: Project, asked: list[pictures.Asked], *args: Any, **wish: Any) -> Any:
    """What this process, the service, says of pictures; or the answer that it is busy.

    args, wish: as in `answering.answer`. Raises Refused where there is no model.
    """
    from labeler.serving import answering  # loads torch: only the service does
    from labeler.serving.batches import Busy
    from labeler.serving.shelf import NoModel

    try:
        return answering.answer(project, asked, *args, **wish)
    except NoModel as error:
        raise Refused(409, "no_model", str(error)) from error
    except ModelDamaged as error:
        raise Refused(409, "model_damaged", str(error)) from error
    except Busy as busy:
        return _again(429, "busy", str(busy), f"{busy.seconds:.0f}")


class Neighbours:
    """Looks up the images most like a picture; `note` says why there are none, where none are."""

    def __init__(self, project: Project, most: int) -> None:
        self.project, self.most, self.note = project, most, ""

    def __call__(self, version: ModelVersion, vector: Any) -> list[dict[str, Any]]:
        space = spaces.of(version)
        try:
            found = similar_images.in_space(self.project, space, vector, self.most)
        except (similar_images.NotReady, EmbeddingsDamaged) as why:
            self.note = str(why)
            return []
        labels = chosen.labels(self.project, [like.image.pk for like in found])
        return [
            {"id": like.image.pk, "name": like.image.name, "similarity": round(like.value, 5),
             "labels": labels.get(like.image.pk, [])}
            for like in found
        ]  # fmt: skip


def _asked(request: HttpRequest, project: Project) -> Any:
    try:
        if request.content_type == "multipart/form-data":
            return pictures.of_files(request.FILES.getlist("files"))
        wanted = Wanted.model_validate(json_body(request))
        return pictures.of_body(project, wanted.images, wanted.urls)
    except pictures.TooMany as error:
        raise Refused(413, "too_many", str(error)) from error
    except pictures.NoPicture as error:
        raise Refused(422, "no_picture", str(error)) from error
    except ValidationError as error:
        words = _("Send `images` as a list of ids, or `urls` as a list of addresses.")
        raise Refused(422, "invalid", words) from error


def _again(status: int, code: str, words: str, seconds: str) -> HttpResponse:
    said = errors.answer(status, code, words)
    said.headers["Retry-After"] = seconds
    return said
