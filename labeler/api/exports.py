"""Everything people said, and what the model believes, streamed."""

from typing import Any, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import QuerySchema
from labeler.labeling import exporting, extent, selection
from labeler.labeling.exporting import Format, NotPossible
from labeler.labeling.selection import BadSelection, Selection
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["export"])

IDS = r"^([0-9]+(,[0-9]+)*)?$"
MOST = 4_000  # characters of a list of ids
FILTERS = ("labels", "splits", "reviewed", "audit", "people", "answers", "confidence_from",
           "confidence_to")  # fmt: skip


class Wanted(QuerySchema):
    """Which form, and which images or answers. Filters that are left out let everything through."""

    format: Literal[
        "csv", "jsonl", "images.csv", "images.jsonl", "parquet", "decisions.csv",
        "decisions.parquet", "automl", "vertex-csv", "vertex", "label-studio", "sagemaker", "coco",
        "cvat", "fiftyone", "huggingface-csv", "huggingface", "doccano", "imagefolder", "yolo",
        "sorted",
    ] = "csv"  # fmt: skip
    images: Literal["0", "1"] | None = Field(
        None, description="1: with the images, as a zip archive or inside the Parquet file."
    )
    labels: str = Field(
        "", pattern=IDS, max_length=MOST, description="Label ids: the answer holds one of them."
    )
    splits: str = Field("", max_length=60, description="train, validation, test, none.")
    reviewed: Literal["yes", "no"] | None = Field(None, description="Settled by a reviewer.")
    audit: Literal["yes", "no"] | None = Field(None, description="In the audit sample.")
    people: str = Field(
        "", pattern=IDS, max_length=MOST, description="User ids: only their answers count."
    )
    answers: Literal["people", "model", "all", "accepted"] = Field(
        "people",
        description="model: what it believes of images that nobody labeled; accepted: people's, "
        "and the model's that were accepted.",
    )
    confidence_from: float | None = Field(None, ge=0, le=1, description="Of the serving model.")
    confidence_to: float | None = Field(None, ge=0, le=1)


class Size(Schema):
    """How much an export holds. `exact` is false where the numbers are upper bounds."""

    entries: int
    images: int
    bytes: int
    exact: bool


@router.get(
    "/projects/{int:project_id}/export",
    response={200: None, **ERRORS},
    openapi_extra={
        "responses": {
            200: {
                "description": "The file.",
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/jsonl": {"schema": {"type": "string"}},
                    "application/json": {"schema": {}},
                    "application/xml": {"schema": {"type": "string"}},
                    "application/zip": {"schema": {"type": "string", "format": "binary"}},
                    "application/vnd.apache.parquet": {
                        "schema": {"type": "string", "format": "binary"}
                    },
                },
            }
        }
    },
)
def export(request: HttpRequest, project_id: int, wanted: Query[Wanted]) -> HttpResponseBase:
    """Image, labels, who, when, and why it was asked: one line per answer that counts.

    decisions.* hold every answer ever given. The others have an entry per image instead: what
    people agree on. A format that holds one label per image is refused in a project of several.
    """
    project = project_for(request.user, project_id, "export")
    format, chosen, images = _understood(project, wanted)
    try:
        pieces = format.pieces(project, chosen, images=images)
    except NotPossible as error:
        raise Refused(422, "not_in_this_format", str(error)) from error
    type = format.packed_type if images else format.type
    response = StreamingHttpResponse(pieces, content_type=type)
    name = format.file_name(project, images=images)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@router.get("/projects/{int:project_id}/export/size", response={200: Size, **ERRORS})
def export_size(request: HttpRequest, project_id: int, wanted: Query[Wanted]) -> Any:
    """How many answers or images an export would hold, and about how many bytes."""
    project = project_for(request.user, project_id, "export")
    format, chosen, images = _understood(project, wanted)
    return extent.of(project, chosen, format, images=images)


def _understood(project: Project, wanted: Wanted) -> tuple[Format, Selection, bool]:
    """The format, the filters, and whether images come along."""
    given = {name: getattr(wanted, name) for name in FILTERS}
    told = {name: [str(value)] for name, value in given.items() if value not in (None, "")}
    try:
        chosen = selection.parsed(project, told)
    except BadSelection as error:
        raise Refused(422, "bad_filter", str(error)) from error
    format = exporting.FORMATS[wanted.format]
    if wanted.images is None:
        return format, chosen, format.images == "always"
    return format, chosen, wanted.images == "1"
