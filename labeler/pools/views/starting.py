"""Starting an import from the plain forms: files, a folder of the server, a bucket, addresses."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from labeler.pools import imports, starting, uploads
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects.models import Project


def from_form(request: HttpRequest, project: Project) -> Import:
    """Start what the form asks for; what is recognised is shown before it is stored.

    Raises ImportRefused.
    """
    given = request.POST
    source = given.get("source", Import.Source.UPLOAD)
    asked: dict[str, Any] = {
        "project": project, "user": request.user, "folders": given.get("folders", "ignore"),
        "manifest": given.get("manifest", "").strip(), "asks": True,
    }  # fmt: skip
    if error := request.META.get(uploads.BROKEN):
        raise ImportRefused("disk_full", error)
    if source == Import.Source.FOLDER:
        path, in_place = given.get("path", "").strip(), given.get("in_place") == "1"
        return imports.start(source=source, path=path, in_place=in_place, **asked)
    if source == Import.Source.BUCKET:
        return imports.start(source=source, path=given.get("address", "").strip(), **asked)
    if source == Import.Source.URLS:
        lists = _files(request, "list")
        return starting.addresses(given.get("urls", "").split(), lists, **asked)
    files = _files(request, "files")
    if not files:
        raise ImportRefused(
            "no_files", _("Choose at least one image or archive, then press Import.")
        )
    return starting.files(files, **asked)


def _files(request: HttpRequest, field: str) -> list[Any]:
    return [(file.name or "", file) for file in request.FILES.getlist(field)]
