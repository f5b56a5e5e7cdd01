"""Bring images in, and see how far that is."""

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Field, Query, Router, Schema
from ninja.responses import Status
from pydantic import ValidationError

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.parsing import json_body, read_json
from labeler.api.schema import BodySchema
from labeler.pools import reports, starting, steering
from labeler.pools.models import Import
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["imports"])

Folders = Literal["ignore", "labels", "truth"]
MOST_FILES = 1_000  # in one request; send more in further imports


class PlaceImport(BodySchema):
    """A folder or archive on the server, below one the installation allows; or an address.

    source: a path, s3://, gs://, az:// or https://. urls: pictures by their https addresses,
    instead. dry_run: look, and wait in state "waiting" for `go`; `plan` tells what would happen.
    """

    source: str = ""
    urls: list[str] = []
    title: str = ""
    folders: Folders = "ignore"
    manifest: str = ""
    format: str = ""
    options: dict[str, Any] = {}
    in_place: bool = False
    dry_run: bool = False


class ImportOut(Schema):
    """An import: read = added + duplicates + refused."""

    id: int
    state: Literal["queued", "running", "waiting", "paused", "done", "failed", "cancelled"]
    total: int | None
    added: int
    duplicates: int
    refused: int
    labels_added: int
    error: str
    created_at: datetime
    finished_at: datetime | None
    report_url: str


class ImportDetail(ImportOut):
    """An import with its manifest: how it is read, and what a look at it found."""

    manifest: str
    format: str
    options: dict[str, Any]
    plan: dict[str, Any] = Field(
        description="What would come in, and the names that fit no label; {} before a look."
    )
    taken_back: dict[str, int] | None = Field(
        description="How many images it added were removed, and how many stayed."
    )


class ImportList(Schema):
    """A page of imports, newest first."""

    items: list[ImportOut]
    next: str | None


class RefusalOut(Schema):
    """A file that did not come in."""

    name: str
    code: str
    reason: str
    remedy: str


class RefusalList(Schema):
    """A page of refusals."""

    items: list[RefusalOut]
    next: str | None


FORM = {
    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    "paths": {"type": "array", "items": {"type": "string"}},
    "title": {"type": "string"},
    "folders": {"type": "string", "enum": ["ignore", "labels", "truth"]},
    "manifest": {"type": "string"},
    "format": {"type": "string"},
    "options": {"type": "string", "description": "JSON"},
    "dry_run": {"type": "boolean"},
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["files"], "properties": FORM}
            },
            "application/json": {"schema": PlaceImport.json_schema()},
        },
    }
}
FORM_FIELDS = (set(FORM) | {"csrfmiddlewaretoken"}) - {"files"}


def as_dict(imp: Import) -> dict[str, Any]:
    """The import in the form of ImportOut."""
    names = ("total", "added", "duplicates", "refused", "labels_added", "error")
    place = {"project_id": imp.project_id, "number": imp.number}
    return {
        **{name: getattr(imp, name) for name in names},
        "id": imp.number,
        "state": "queued" if imp.state == Import.State.DUE else imp.state,
        "created_at": imp.created_at,
        "finished_at": imp.finished_at,
        "report_url": reverse("api:import_report", kwargs=place),
    }


def in_detail(imp: Import) -> dict[str, Any]:
    """The import in the form of ImportDetail."""
    names = ("manifest", "format", "options", "plan")
    told = {name: getattr(imp, name) for name in names}
    return as_dict(imp) | told | {"taken_back": steering.taken_back(imp)}


@router.post(
    "/projects/{int:project_id}/imports", response={202: ImportDetail, **ERRORS}, openapi_extra=BODY
)
def create_import(request: HttpRequest, project_id: int) -> Status[Any]:
    """Send files (images, archives, manifests), or say where they lie.

    `paths` may give each file's name with its folders, in the order of `files`. A manifest among
    the files is found by itself; `manifest` names another, `format` says how to read it, and
    `options` decides about columns, names, splits and predictions. With `dry_run` nothing is
    stored before `go`.
    """
    project = project_for(request.user, project_id, "import")
    if request.content_type == "multipart/form-data":
        return Status(202, in_detail(_from_files(request, project)))
    return Status(202, in_detail(_from_place(request, project)))


def _from_place(request: HttpRequest, project: Project) -> Import:
    try:
        body = PlaceImport.model_validate(json_body(request))
    except ValidationError as error:
        fields = {".".join(map(str, one["loc"])) or "body" for one in error.errors()}
        words = f"Missing or wrong: {', '.join(sorted(fields))[:200]}."
        raise Refused(422, "invalid", words) from error
    if bool(body.source.strip()) == bool(body.urls):
        raise Refused(422, "no_source", "Send either source or urls.")
    asked: dict[str, Any] = {
        "project": project, "user": request.user, "title": body.title, "folders": body.folders,
        "manifest": body.manifest, "format": body.format, "options": body.options,
        "dry_run": body.dry_run,
    }  # fmt: skip
    if body.urls:
        return starting.addresses(body.urls, in_place=body.in_place, **asked)
    return starting.place(body.source, in_place=body.in_place, **asked)


def _from_files(request: HttpRequest, project: Project) -> Import:
    files, paths = request.FILES.getlist("files"), request.POST.getlist("paths")
    _check_form(request, len(files), len(paths))
    given = request.POST
    return starting.files(
        [(paths[place] if paths else file.name or "", file) for place, file in enumerate(files)],
        project=project, user=request.user, title=given.get("title", ""),
        folders=given.get("folders", "ignore"), manifest=given.get("manifest", ""),
        format=given.get("format", ""), options=_options(given.get("options", "")),
        dry_run=_flag(given.get("dry_run", "false")),
    )  # fmt: skip


def _options(text: str) -> Any:
    try:
        return read_json(text.encode()) if text else {}
    except ValueError as error:
        raise Refused(422, "bad_options", "Write options as JSON.") from error


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise Refused(422, "invalid", "Write dry_run as true or false.")
    return text.lower() in ("true", "1")


def _check_form(request: HttpRequest, n_files: int, n_paths: int) -> None:
    unknown = (set(request.POST) - FORM_FIELDS) | (set(request.FILES) - {"files"})
    if unknown:
        words = "Send files as `files`, and beside them only what is documented."
        raise Refused(422, "unknown_field", words)
    if not 0 < n_files <= MOST_FILES:
        raise Refused(422, "no_files", f"Send 1 to {MOST_FILES:,} files as `files`.")
    if n_paths not in (0, n_files):
        raise Refused(422, "paths", "Send one path for each file, or none.")


@router.get("/projects/{int:project_id}/imports", response={200: ImportList, **ERRORS})
def list_imports(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """The project's imports, newest first."""
    project = project_for(request.user, project_id, "import")
    found, more = by_pk(request, Import.objects.filter(project=project), page, newest=True)
    return {"items": [as_dict(imp) for imp in found], "next": more}


@router.get(
    "/projects/{int:project_id}/imports/{int:number}", response={200: ImportDetail, **ERRORS}
)
def get_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """How far an import is; for one that waits, what would happen."""
    return in_detail(import_of(request, project_id, number))


@router.get(
    "/projects/{int:project_id}/imports/{int:number}/refusals",
    response={200: RefusalList, **ERRORS},
)
def list_refusals(
    request: HttpRequest, project_id: int, number: int, page: Query[Page]
) -> dict[str, Any]:
    """The files and rows that did not come in, with reason and remedy."""
    imp = import_of(request, project_id, number)
    found, more = by_pk(request, reports.refusals(imp), page)
    return {"items": found, "next": more}


@router.get(
    "/projects/{int:project_id}/imports/{int:number}/report",
    response={200: None, **ERRORS},
    openapi_extra={
        "responses": {
            200: {
                "description": "Counts, what was refused, what was here already.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def import_report(request: HttpRequest, project_id: int, number: int) -> HttpResponseBase:
    """The whole report: counts, every refusal, every duplicate with the image it equals."""
    imp = import_of(request, project_id, number)
    told = StreamingHttpResponse(reports.json_pieces(imp), content_type="application/json")
    told["Cache-Control"] = "private, no-store"
    return told


def import_of(request: HttpRequest, project_id: int, number: int) -> Import:
    """The import of that number, for whoever may import into its project; or Http404."""
    project = project_for(request.user, project_id, "import")
    if number >= 2**31:
        raise Http404
    imp = Import.objects.filter(project=project, number=number).first()
    if imp is None:
        raise Http404
    return imp
