"""The journal: who did what."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router, Schema

from labeler.accounts import journal
from labeler.api.errors import ERRORS
from labeler.api.paging import Page, by_pk
from labeler.projects.access import project_for

router = Router(tags=["journal"])


class EntryOut(Schema):
    """A line: `who` did `act` to `target`; `way` is page, session, token or command."""

    id: int
    at: datetime
    who: str
    way: str
    address: str
    project: int | None
    project_name: str
    act: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]


class Journal(Schema):
    """A page of lines, newest first."""

    items: list[EntryOut]
    next: str | None


@router.get("/journal", response={200: Journal, **ERRORS})
def list_journal(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """What was done in the whole installation. For its owner, and not by a narrow token."""
    user: Any = request.user
    token = getattr(user, "token", None)
    if not user.is_superuser or (token and (token.project_id or token.role != "admin")):
        raise PermissionDenied
    found, more = by_pk(request, journal.entries(), page, newest=True)
    return {"items": [journal.as_dict(entry) for entry in found], "next": more}


@router.get("/projects/{int:project_id}/journal", response={200: Journal, **ERRORS})
def list_project_journal(
    request: HttpRequest, project_id: int, page: Query[Page]
) -> dict[str, Any]:
    """What was done to one project, newest first."""
    project = project_for(request.user, project_id, "set")
    found, more = by_pk(request, journal.entries(project), page, newest=True)
    return {"items": [journal.as_dict(entry) for entry in found], "next": more}
