"""Bring images in, and see how far that is."""

from datetime import datetime
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ValidationError

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.parsing import json_body
from labeler.api.schema import BodySchema
from labeler.pools import imports
from labeler.pools.models import Import, Refusal
from labeler.pools.refusing import ImportRefused
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["imports"])

Folders = Literal["ignore", "labels", "truth"]
MOST_FILES = 1_000  # in one request; send more in further imports


class FolderImport(BodySchema):
    """A folder or archive on the server, below one the installation allows."""

    source: str
    title: str = ""
    folders: Folders = "ignore"


class ImportOut(Schema):
    """An import: read = added + duplicates + refused."""

    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    total: int | None
    added: int
    duplicates: int
    refused: int
    labels_added: int
    error: str
    created_at: datetime
    finished_at: datetime | None
    report_url: str


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


BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "paths": {"type": "array", "items": {"type": "string"}},
                        "title": {"type": "string"},
                        "folders": {"type": "string", "enum": ["ignore", "labels", "truth"]},
                    },
                }
            },
            "application/json": {"schema": FolderImport.json_schema()},
        },
    }
}
FORM_FIELDS = {"paths", "title", "folders", "csrfmiddlewaretoken"}


def as_dict(imp: Import) -> dict[str, Any]:
    """The import in the form of ImportOut."""
    names = ("total", "added", "duplicates", "refused", "labels_added", "error")
    report = {"project_id": imp.project_id, "number": imp.number}
    return {
        **{name: getattr(imp, name) for name in names},
        "id": imp.number,
        "state": "queued" if imp.state == Import.State.DUE else imp.state,
        "created_at": imp.created_at,
        "finished_at": imp.finished_at,
        "report_url": reverse("api:list_refusals", kwargs=report),
    }


@router.post(
    "/projects/{int:project_id}/imports", response={202: ImportOut, **ERRORS}, openapi_extra=BODY
)
def create_import(request: HttpRequest, project_id: int) -> Status[Any]:
    """Send files (images, zip and tar archives), or name a folder on the server.

    `paths` may give each file's name with its folders, in the order of `files`.
    """
    project = project_for(request.user, project_id, "import")
    if request.content_type == "multipart/form-data":
        return Status(202, as_dict(_from_files(request, project)))
    return Status(202, as_dict(_from_folder(request, project)))


def _from_folder(request: HttpRequest, project: Project) -> Import:
    try:
        body = FolderImport.model_validate(json_body(request))
    except ValidationError as error:
        fields = {".".join(map(str, one["loc"])) or "body" for one in error.errors()}
        words = f"Missing or wrong: {', '.join(sorted(fields))[:200]}."
        raise Refused(422, "invalid", words) from error
    return imports.start(
        project=project, user=request.user, source="folder",  # type: ignore[arg-type]
        path=body.source, title=body.title, folders=body.folders,
    )  # fmt: skip


def _from_files(request: HttpRequest, project: Project) -> Import:
    files, paths = request.FILES.getlist("files"), request.POST.getlist("paths")
    _check_form(request, len(files), len(paths))
    imp = imports.start(
        project=project, user=request.user, source="upload",  # type: ignore[arg-type]
        title=request.POST.get("title", ""), folders=request.POST.get("folders", "ignore"),
    )  # fmt: skip
    try:
        for place, file in enumerate(files):
            imports.stage(imp, paths[place] if paths else file.name or "", file)
    except ImportRefused:
        imports.cancel(imp)
        raise
    imports.seal(imp)
    return imp


def _check_form(request: HttpRequest, n_files: int, n_paths: int) -> None:
    unknown = (set(request.POST) - FORM_FIELDS) | (set(request.FILES) - {"files"})
    if unknown:
        words = "Send files as `files`, and beside them only paths, title and folders."
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


@router.get("/projects/{int:project_id}/imports/{int:number}", response={200: ImportOut, **ERRORS})
def get_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """How far an import is."""
    return as_dict(_import(request, project_id, number))


@router.post(
    "/projects/{int:project_id}/imports/{int:number}/cancel", response={200: ImportOut, **ERRORS}
)
def cancel_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Stop an import. What came in stays."""
    imp = _import(request, project_id, number)
    imports.cancel(imp)
    return as_dict(imp)


@router.get(
    "/projects/{int:project_id}/imports/{int:number}/refusals",
    response={200: RefusalList, **ERRORS},
)
def list_refusals(
    request: HttpRequest, project_id: int, number: int, page: Query[Page]
) -> dict[str, Any]:
    """The files that did not come in, with reason and remedy."""
    imp = _import(request, project_id, number)
    found, more = by_pk(request, Refusal.objects.filter(of=imp), page)
    return {"items": found, "next": more}


def _import(request: HttpRequest, project_id: int, number: int) -> Import:
    project = project_for(request.user, project_id, "import")
    if number >= 2**31:
        raise Http404
    imp = Import.objects.filter(project=project, number=number).first()
    if imp is None:
        raise Http404
    return imp
