"""Send large files in pieces, by the tus protocol; they go on where they stopped."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status

from labeler.api.errors import ERRORS, Error
from labeler.api.imports import Folders, ImportOut, as_dict
from labeler.api.schema import BodySchema
from labeler.pools import imports, resumable
from labeler.pools.models import Import
from labeler.pools.views import tus
from labeler.pools.views.uploads import import_of
from labeler.projects.access import project_for

router = Router(tags=["uploads"])
IMPORTS = "/projects/{int:project_id}/imports"
UPLOADS = IMPORTS + "/{int:number}/uploads"
ANSWERS: Any = {**ERRORS, frozenset({412, 423, 507}): Error}
VERSION_HEADER = {
    "name": "Tus-Resumable", "in": "header", "required": True, "schema": {"const": tus.VERSION},
}  # fmt: skip


def _header(name: str, words: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": "^[0-9]{1,18}$"} if name != "Upload-Metadata" else {}
    return {"name": name, "in": "header", "required": bool(schema), "description": words,
            "schema": schema or {"type": "string"}}  # fmt: skip


class OpenImport(BodySchema):
    """An import that takes files until it is sealed.

    dry_run, manifest, format and options are those of any import.
    """

    title: str = ""
    folders: Folders = "ignore"
    manifest: str = ""
    format: str = ""
    options: dict[str, Any] | None = None
    dry_run: bool = False


class OpenImportOut(Schema):
    """Where its files go."""

    id: int
    uploads_url: str
    seal_url: str


@router.post(IMPORTS + "/open", response={201: OpenImportOut, **ERRORS})
def open_import(request: HttpRequest, project_id: int, body: OpenImport) -> Status[Any]:
    """Begin an import whose files are sent one by one. Seal it when the last one is there.

    What nobody sends anything to for a day is imported as far as it came.
    """
    imp = imports.start(
        project=project_for(request.user, project_id, "import"), user=request.user,  # type: ignore[arg-type]
        source="upload", asks=body.dry_run, **body.model_dump(exclude={"dry_run"}),
    )  # fmt: skip
    place = {"project_id": project_id, "number": imp.number}
    return Status(201, {
        "id": imp.number,
        "uploads_url": reverse("api:uploads", kwargs=place),
        "seal_url": reverse("api:seal_import", kwargs=place),
    })  # fmt: skip


@router.post(IMPORTS + "/{int:number}/seal", response={200: ImportOut, **ERRORS})
def seal_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """The last file is there: the import may begin. Refused while one is here only in part."""
    imp = _import(request, project_id, number)
    resumable.check_whole(imp)
    imports.seal(imp)
    return as_dict(imp)


@router.get(
    UPLOADS,
    url_name="uploads",
    response={200: None, **ERRORS},
    openapi_extra={
        "responses": {
            200: {"description": "A line each.", "content": {"application/jsonl": {"schema": {}}}}
        }
    },
)
def list_uploads(request: HttpRequest, project_id: int, number: int) -> HttpResponseBase:
    """The files that are here: name and fingerprint; of those here in part, how much and where."""
    return _uploads(request, project_id, number)


@router.post(
    UPLOADS,
    url_name="uploads",
    response={201: None, **ANSWERS},
    openapi_extra={
        "parameters": [
            VERSION_HEADER,
            _header("Upload-Length", "Bytes of the whole file."),
            _header(
                "Upload-Metadata",
                "filename, or relativePath with its folders, and fingerprint, each in base64.",
            ),
        ]
    },
)
def create_upload(request: HttpRequest, project_id: int, number: int) -> HttpResponseBase:
    """Begin to send a file. `Location` says where its bytes go."""
    return _uploads(request, project_id, number)


@router.api_operation(["OPTIONS"], UPLOADS, url_name="uploads", include_in_schema=False)
def about_uploads(request: HttpRequest, project_id: int, number: int) -> HttpResponseBase:
    """What of the protocol is spoken."""
    return _uploads(request, project_id, number)


@router.patch(
    UPLOADS + "/{uuid:uuid}",
    url_name="upload",
    response={204: None, **ANSWERS},
    openapi_extra={
        "parameters": [
            VERSION_HEADER,
            _header("Upload-Offset", "Where in the file these bytes begin: what HEAD says."),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/offset+octet-stream": {
                    "schema": {"type": "string", "format": "binary"}
                }
            },
        },
    },
)
def send_upload(request: HttpRequest, project_id: int, number: int, uuid: UUID) -> HttpResponseBase:
    """The next bytes of the file."""
    return _upload(request, project_id, number, uuid)


@router.delete(
    UPLOADS + "/{uuid:uuid}",
    url_name="upload",
    response={204: None, **ANSWERS},
    openapi_extra={"parameters": [VERSION_HEADER]},
)
def delete_upload(
    request: HttpRequest, project_id: int, number: int, uuid: UUID
) -> HttpResponseBase:
    """Give up a file that is not here as a whole."""
    return _upload(request, project_id, number, uuid)


@router.api_operation(
    ["HEAD", "POST", "OPTIONS"],
    UPLOADS + "/{uuid:uuid}",
    url_name="upload",
    include_in_schema=False,
)
def upload_state(
    request: HttpRequest, project_id: int, number: int, uuid: UUID
) -> HttpResponseBase:
    """How far it is: `Upload-Offset`. A POST may name another method in a header."""
    return _upload(request, project_id, number, uuid)


def _import(request: HttpRequest, project_id: int, number: int) -> Import:
    return import_of(project_for(request.user, project_id, "import"), number)


def _uploads(request: HttpRequest, project_id: int, number: int) -> HttpResponseBase:
    def address(key: UUID) -> str:
        place = {"project_id": project_id, "number": number, "uuid": key}
        return reverse("api:upload", kwargs=place)

    return tus.uploads_of(request, _import(request, project_id, number), address)


def _upload(request: HttpRequest, project_id: int, number: int, uuid: UUID) -> HttpResponseBase:
    return tus.upload_of(request, _import(request, project_id, number), uuid)
