"""What the serving model says of pictures. The web server hands the question to the service."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import ValidationError

from labeler.api import errors
from labeler.api.errors import ERRORS, Refused
from labeler.api.parsing import json_body
from labeler.api.schema import Number
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.serving import pictures, place
from labeler.training.versions import ModelDamaged

router = Router(tags=["predictions"])
AGAIN = "5"  # seconds, where the service is away


class Wanted(Schema):
    """Pictures that are not sent along."""

    images: list[int] = []
    urls: list[str] = []


class PredictionError(Schema):
    """Why there is no prediction of a picture."""

    code: str
    detail: str


class Prediction(Schema):
    """What the model says of one picture: the probability of each label, likeliest first.

    `label` passes its saved threshold, else it is null and `unknown` true. A project of several
    labels has `labels`, all that pass, and `label` is null.
    """

    name: str | int
    model_version: int
    scores: dict[str, float] | None = None
    label: str | None = None
    labels: list[str] | None = None
    unknown: bool | None = None
    error: PredictionError | None = None


class Predictions(Schema):
    """One model version answers for all the pictures of a request."""

    model_version: int
    predictions: list[Prediction]
    took_ms: float


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
def predict(
    request: HttpRequest, project_id: int, model_version: Query[Number | None] = None
) -> Any:
    """Judge up to 64 pictures: `files` of a form, or `images` of the pool and `urls` as JSON.

    `model_version` asks another version than the serving one. 429 with Retry-After: too many
    pictures wait. 503: the prediction service does not run.
    """
    project = project_for(request.user, project_id, "see_dashboard")
    if settings.SERVING:
        return _here(request, project, model_version)
    return _there(request)


def _there(request: HttpRequest) -> HttpResponse:
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


def _here(request: HttpRequest, project: Project, number: int | None) -> Any:
    from labeler.serving import answering  # loads torch: only the service does
    from labeler.serving.batches import Busy
    from labeler.serving.shelf import NoModel

    try:
        return answering.answer(project, _asked(request, project), number)
    except NoModel as error:
        raise Refused(409, "no_model", str(error)) from error
    except ModelDamaged as error:
        raise Refused(409, "model_damaged", str(error)) from error
    except Busy as busy:
        return _again(429, "busy", str(busy), f"{busy.seconds:.0f}")


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
