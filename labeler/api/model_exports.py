"""A model version to take away: ask for the archive, see how far it is, fetch it."""

from datetime import datetime
from typing import Any, Literal

from django.http import FileResponse, Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import QuerySchema
from labeler.projects.access import Action, project_for
from labeler.serving.export import orders
from labeler.serving.models import ModelExport
from labeler.training.models import ModelVersion

router = Router(tags=["training"])
PATH = "/projects/{int:project_id}/model-versions/{int:number}/export"
FILE = {
    "responses": {
        200: {
            "description": "The archive.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


class Form(QuerySchema):
    """ONNX, or a program of torch.export."""

    format: Literal["onnx", "torch"] = "onnx"


class ModelExportOut(Schema):
    """An export; `largest_difference` of a probability on `images` of the pool, once it is done."""

    model_version: int
    format: Literal["onnx", "torch"] = Field(examples=["onnx"])
    state: Literal["queued", "running", "done", "failed"]
    bytes: int
    images: int
    largest_difference: float
    error: str
    created_at: datetime
    finished_at: datetime | None


@router.post(PATH, response={202: ModelExportOut, **ERRORS})
def export_model_version(
    request: HttpRequest, project_id: int, number: int, form: Query[Form]
) -> Status[Any]:
    """Have the archive made in the background; made before, it is made anew.

    It holds the model, its labels and thresholds, an example that runs it, and a model card. The
    file is checked against the model on images of the pool; where it says something else, the
    export fails.
    """
    version = _version(request, project_id, number, "train")
    return Status(202, _told(orders.ask(version, form.format, request.user)))  # type: ignore[arg-type]


@router.get(PATH, response={200: ModelExportOut, **ERRORS})
def get_model_export(
    request: HttpRequest, project_id: int, number: int, form: Query[Form]
) -> dict[str, Any]:
    """How far it is."""
    return _told(_row(request, project_id, number, form))


@router.get(f"{PATH}/file", response={200: None, **ERRORS}, openapi_extra=FILE)
def download_model_export(
    request: HttpRequest, project_id: int, number: int, form: Query[Form]
) -> FileResponse:
    """The archive, once it is done."""
    row = _row(request, project_id, number, form)
    try:
        if row.state != ModelExport.State.DONE:
            raise FileNotFoundError
        return FileResponse(
            orders.file(row).open("rb"), as_attachment=True, filename=orders.name(row)
        )
    except FileNotFoundError as error:
        words = _("The export is not there. Ask for it, and wait until it is done.")
        raise Refused(409, "not_ready", words) from error


def _row(request: HttpRequest, project_id: int, number: int, form: Form) -> ModelExport:
    version = _version(request, project_id, number, "see_dashboard")
    row = orders.of(version, form.format)
    if row is None:
        raise Http404
    row.version = version
    return row


def _version(request: HttpRequest, project_id: int, number: int, action: Action) -> ModelVersion:
    project = project_for(request.user, project_id, action)
    mine = ModelVersion.objects.filter(project=project)
    version = mine.filter(number=number).first() if number < 2**31 else None
    if version is None:
        raise Http404
    version.project = project
    return version


def _told(row: ModelExport) -> dict[str, Any]:
    names = ("format", "bytes", "images", "error", "created_at", "finished_at")
    return {
        **{name: getattr(row, name) for name in names},
        "model_version": row.version.number,
        "state": "queued" if row.state == ModelExport.State.DUE else row.state,
        "largest_difference": row.largest,
    }
