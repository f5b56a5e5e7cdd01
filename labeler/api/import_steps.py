"""What can be done with an import that was begun: decide, go, pause, go on, cancel."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from labeler.api.errors import ERRORS
from labeler.api.imports import ImportDetail, import_of, in_detail
from labeler.api.schema import BodySchema
from labeler.pools import imports

router = Router(tags=["imports"])

IMPORT = "/projects/{int:project_id}/imports/{int:number}"


class Decided(BodySchema):
    """How to read the manifest, and what its names mean; what is left out stays as it was."""

    options: dict[str, Any] | None = None
    manifest: str | None = None
    format: str | None = None


class Cancelled(BodySchema):
    """take_back: remove the images that it added and nobody has worked on since."""

    take_back: bool = False


@router.post(f"{IMPORT}/decide", response={200: ImportDetail, **ERRORS})
def decide_import(
    request: HttpRequest, project_id: int, number: int, body: Decided
) -> dict[str, Any]:
    """Look again with other choices; nothing is stored. Then it is "waiting" as before."""
    imp = import_of(request, project_id, number)
    options = imp.options if body.options is None else body.options
    imports.decide(imp, options, manifest=body.manifest, format=body.format)
    return in_detail(imp)


@router.post(f"{IMPORT}/go", response={200: ImportDetail, **ERRORS})
def let_import_go(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Bring in what the plan says."""
    imp = import_of(request, project_id, number)
    imports.go(imp)
    return in_detail(imp)


@router.post(f"{IMPORT}/pause", response={200: ImportDetail, **ERRORS})
def pause_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Stop for a while. What came in stays."""
    imp = import_of(request, project_id, number)
    imports.pause(imp)
    return in_detail(imp)


@router.post(f"{IMPORT}/go_on", response={200: ImportDetail, **ERRORS})
def go_on_with_import(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Go on after a pause, where it stopped."""
    imp = import_of(request, project_id, number)
    imports.go_on(imp)
    return in_detail(imp)


@router.post(f"{IMPORT}/again", response={200: ImportDetail, **ERRORS})
def try_import_again(request: HttpRequest, project_id: int, number: int) -> dict[str, Any]:
    """Let a failed import go on where it stopped."""
    imp = import_of(request, project_id, number)
    imports.again(imp)
    return in_detail(imp)


@router.post(f"{IMPORT}/cancel", response={200: ImportDetail, **ERRORS})
def cancel_import(
    request: HttpRequest, project_id: int, number: int, body: Cancelled | None = None
) -> dict[str, Any]:
    """Stop an import. What came in stays, or is taken back: then also one that is over."""
    imp = import_of(request, project_id, number)
    imports.cancel(imp, take_back=bool(body and body.take_back))
    return in_detail(imp)
