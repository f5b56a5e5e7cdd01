"""Archive a project: everything in it can be read, nothing can be changed, until it is reopened."""

from collections.abc import Callable
from contextvars import ContextVar

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from labeler.projects.models import Project
from labeler.projects.signals import project_archived

SAFE = ("GET", "HEAD", "OPTIONS")
# What may be done about an archived project, and what only reads although it is posted.
STILL_ALLOWED = frozenset({"archive", "delete", "invite", "export"})

_changing: ContextVar[bool] = ContextVar("changing", default=False)


class Archived(PermissionDenied):
    """The request would change an archived project; the message says who can reopen it."""


def watch(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Middleware: remember for `check` whether the request wants to change something.

    Every doorway asks `access.project_for`; so none can be forgotten, whatever is added later.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        before = _changing.set(request.method not in SAFE)
        try:
            return get_response(request)
        finally:
            _changing.reset(before)

    return middleware


def check(project: Project, action: str) -> None:
    """Raises Archived where the request at hand would change an archived project."""
    if project.archived_at and _changing.get() and action not in STILL_ALLOWED:
        raise Archived(words())


def words() -> str:
    """What is told to who wants to work in an archived project."""
    told = _("This project is archived: it can be read, not changed.")
    return f"{told} {_('One of its admins can reopen it.')}"


@transaction.atomic
def archive(project: Project) -> None:
    """Close the project: imports pause, rounds end. Archiving twice is archiving once."""
    if Project.objects.filter(pk=project.pk, archived_at=None).update(archived_at=timezone.now()):
        project_archived.send(Project, project=project)
    project.refresh_from_db(fields=["archived_at"])


def reopen(project: Project) -> None:
    """Let people work in the project again. Imports that were paused wait for a word."""
    Project.objects.filter(pk=project.pk).update(archived_at=None)
    project.archived_at = None
