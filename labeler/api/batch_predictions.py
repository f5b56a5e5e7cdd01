"""Many pictures judged in the background: ask, see how far it is, fetch the results."""

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field, ValidationError

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.parsing import json_body
from labeler.api.schema import BodySchema, Number, QuerySchema
from labeler.projects.access import project_for
from labeler.projects.models import Project
from labeler.serving import orders, result_formats
from labeler.serving.models import BatchPrediction

router = Router(tags=["batch predictions"])

MOST_FILES = 1_000  # in one request; pack more into an archive


class BatchWanted(BodySchema):
    """Where the pictures are: places, or the project's own pool.

    sources: folders, archives and lists (CSV, JSON Lines, …) below a folder of the server that the
    installation allows; s3://, gs:// and az:// addresses of folders or lists; https addresses.
    """

    sources: list[str] = []
    pool: bool = False
    model_version: Number | None = Field(None, description="The serving one if it is left out.")
    title: str = Field("", max_length=200)


class BatchOut(Schema):
    """A batch prediction: of `total` pictures, judged + refused were looked at."""

    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    title: str
    source: Literal["upload", "places", "pool"]
    places: list[str]
    model_version: int
    total: int | None
    judged: int
    refused: int
    unknown: int
    counts: dict[str, int] = Field(description="Pictures by label.")
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class BatchList(Schema):
    """A page of batch predictions, newest first."""

    items: list[BatchOut]
    next: str | None


class Wanted(QuerySchema):
    """Which form the results have."""

    format: Literal["csv", "jsonl", "vertex", "parquet"] = "jsonl"


FORM = {
    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    "paths": {"type": "array", "items": {"type": "string"}},
    "title": {"type": "string"},
    "model_version": {"type": "integer"},
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["files"], "properties": FORM}
            },
            "application/json": {
                "schema": BatchWanted.json_schema(),
                "example": {"sources": ["s3://leaves/2026/"], "model_version": 12},
            },
        },
    }
}
FORM_FIELDS = (set(FORM) | {"csrfmiddlewaretoken"}) - {"files"}


def as_dict(batch: BatchPrediction) -> dict[str, Any]:
    """The batch in the form of BatchOut."""
    names = (
        "title", "source", "places", "total", "judged", "refused", "unknown", "counts", "error",
        "created_at", "started_at", "finished_at",
    )  # fmt: skip
    return {
        **{name: getattr(batch, name) for name in names},
        "id": batch.number,
        "state": "queued" if batch.state == BatchPrediction.State.DUE else batch.state,
        "model_version": batch.version_number,
    }


@router.post(
    "/projects/{int:project_id}/batch-predictions",
    response={202: BatchOut, **ERRORS},
    openapi_extra=BODY,
)
def create_batch_prediction(request: HttpRequest, project_id: int) -> Status[Any]:
    """Judge many pictures in the background; nothing of them enters the pool.

    Send `files` of a form (pictures, archives, lists) or say as JSON where they lie. The model
    version and its thresholds stay as they are now until the last picture. A picture that cannot
    be judged has a row with its reason.
    """
    project = project_for(request.user, project_id, "import")
    try:
        if request.content_type == "multipart/form-data":
            return Status(202, as_dict(_of_files(request, project)))
        return Status(202, as_dict(_of_body(request, project)))
    except orders.NoModel as error:
        raise Refused(409, "no_model", str(error)) from error


def _of_body(request: HttpRequest, project: Project) -> BatchPrediction:
    try:
        body = BatchWanted.model_validate(json_body(request))
    except ValidationError as error:
        fields = {".".join(map(str, one["loc"])) or "body" for one in error.errors()}
        words = f"Missing or wrong: {', '.join(sorted(fields))[:200]}."
        raise Refused(422, "invalid", words) from error
    if bool(body.sources) == body.pool:
        raise Refused(422, "no_source", _("Send either sources, or pool as true."))
    asked: dict[str, Any] = {"number": body.model_version, "title": body.title}
    if body.pool:
        return orders.of_pool(project, request.user, **asked)  # type: ignore[arg-type]
    return orders.of_places(project, request.user, body.sources, **asked)  # type: ignore[arg-type]


def _of_files(request: HttpRequest, project: Project) -> BatchPrediction:
    files, paths = request.FILES.getlist("files"), request.POST.getlist("paths")
    unknown = (set(request.POST) - FORM_FIELDS) | (set(request.FILES) - {"files"})
    if unknown:
        words = _("Send files as `files`, and beside them only what is documented.")
        raise Refused(422, "unknown_field", words)
    if not 0 < len(files) <= MOST_FILES or len(paths) not in (0, len(files)):
        words = _("Send 1 to %(n)s files as `files`, and one of `paths` for each, or none.")
        raise Refused(422, "no_files", words % {"n": f"{MOST_FILES:,}"})
    given = [(paths[place] if paths else file.name or "", file) for place, file in enumerate(files)]
    return orders.of_files(
        project, request.user, given,  # type: ignore[arg-type]
        number=_number(request.POST.get("model_version", "")), title=request.POST.get("title", ""),
    )  # fmt: skip


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:12]) < 2**31):
        raise Refused(422, "invalid", _("model_version is a number."))
    return int(text)


@router.get("/projects/{int:project_id}/batch-predictions", response={200: BatchList, **ERRORS})
def list_batch_predictions(
    request: HttpRequest, project_id: int, page: Query[Page]
) -> dict[str, Any]:
    """The project's batch predictions, newest first."""
    project = project_for(request.user, project_id, "see_dashboard")
    mine = BatchPrediction.objects.filter(project=project)
    found, more = by_pk(request, mine, page, newest=True)
    return {"items": [as_dict(batch) for batch in found], "next": more}


@router.get(
    "/projects/{int:project_id}/batch-predictions/{int:number}",
    response={200: BatchOut, **ERRORS},
)
def get_batch_prediction(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """How far it is."""
    return as_dict(batch_of(project_for(request.user, project_id, "see_dashboard"), number))


@router.post(
    "/projects/{int:project_id}/batch-predictions/{int:number}/cancel",
    response={200: BatchOut, **ERRORS},
)
def cancel_batch_prediction(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Stop it. The rows that are there stay."""
    batch = batch_of(project_for(request.user, project_id, "import"), number)
    orders.cancel(batch)
    return as_dict(batch)


@router.post(
    "/projects/{int:project_id}/batch-predictions/{int:number}/again",
    response={200: BatchOut, **ERRORS},
)
def repeat_batch_prediction(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Let one that failed go on where it stopped."""
    batch = batch_of(project_for(request.user, project_id, "import"), number)
    orders.again(batch)
    return as_dict(batch)


@router.delete(
    "/projects/{int:project_id}/batch-predictions/{int:number}",
    response={204: None, **ERRORS},
)
def delete_batch_prediction(request: HttpRequest, project_id: int, number: int) -> Status[None]:
    """Take it away with its results; one that runs is stopped."""
    orders.delete(batch_of(project_for(request.user, project_id, "import"), number))
    return Status(204, None)


@router.get(
    "/projects/{int:project_id}/batch-predictions/{int:number}/results",
    response={200: None, **ERRORS},
    openapi_extra={
        "responses": {
            200: {
                "description": "The file: a row per picture.",
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/jsonl": {"schema": {"type": "string"}},
                    "application/vnd.apache.parquet": {
                        "schema": {"type": "string", "format": "binary"}
                    },
                },
            }
        }
    },
)
def batch_prediction_results(
    request: HttpRequest, project_id: int, number: int, wanted: Query[Wanted]
) -> HttpResponseBase:
    """The rows that are there by now, in the order of the pictures, streamed."""
    batch = batch_of(project_for(request.user, project_id, "see_dashboard"), number)
    format = result_formats.FORMATS[wanted.format]
    response = StreamingHttpResponse(format.pieces(batch), content_type=format.type)
    response["Content-Disposition"] = f'attachment; filename="{format.file_name(batch)}"'
    response["Cache-Control"] = "private, no-store"
    return response


def batch_of(project: Project, number: int) -> BatchPrediction:
    """The project's batch prediction of that number, or Http404."""
    mine = BatchPrediction.objects.filter(project=project)
    batch = mine.filter(number=number).first() if number < 2**31 else None
    if batch is None:
        raise Http404
    batch.project = project
    return batch
