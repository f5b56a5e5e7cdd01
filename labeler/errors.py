"""Pages for what went wrong: what happened, then what to do. They ask neither user nor database."""

import errno
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from labeler.http import PLAIN_ERRORS, refusal, wants_json

RETRY_SECONDS = 5
FULL = ("disk is full", "No space left on device")  # SQLite's words, PostgreSQL's


def page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    """The error as a page, or as JSON under /api/."""
    if wants_json(request):
        code, plain = PLAIN_ERRORS.get(status, ("error", title))
        return refusal(request, status, code, words if status == 403 else plain)
    html = render_to_string("error.html", {"title": title, "words": words, "status": status})
    return HttpResponse(html, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 for a body over the limit."""
    if isinstance(exception, RequestDataTooBig):
        return page(request, 413, _("This is too large."), _("Send less at once."))
    return page(
        request,
        400,
        _("This request cannot be read."),
        _("Go back, reload the page and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: a member whose role is too low, or a page that was open for too long."""
    words = str(exception or "") or _("An admin of the project can change your role.")
    return page(request, 403, _("This is not yours to do."), words)


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is missing or old."""
    words = _("Reload the page and send it again. If it happens every time, allow cookies.")
    return page(request, 403, _("This form is out of date."), words)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, the same for what does not exist and for what is not yours."""
    words = _("The address is wrong, or it belongs to a project you are not in.")
    return page(request, 404, _("There is nothing here for you."), words)


def broken(request: HttpRequest) -> HttpResponse:
    """500; or 503 when the disk is full, or when it is only the database that is away."""
    if _disk_is_full(sys.exc_info()[1]):
        return no_room(request)
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    words = _("It is our mistake and is in the server's log. What you saved before is safe.")
    return page(request, 500, _("Something broke."), words)


def _disk_is_full(error: BaseException | None) -> bool:
    if isinstance(error, OperationalError):
        return any(words in str(error) for words in FULL)
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_room(request: HttpRequest) -> HttpResponse:
    """503: the server has no room to write anything down."""
    words = _(
        "The server's disk is full, so this could not be saved. Nothing that was saved is lost. "
        "Whoever runs the server has to make room; then try again."
    )
    if wants_json(request):
        response = refusal(request, 503, "disk_full", words)
    else:
        response = page(request, 503, _("Not available just now."), words)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def unavailable(request: HttpRequest, *args: Any) -> HttpResponse:
    """503: the database does not answer just now."""
    words = _("The database does not answer. Wait a few seconds and reload; nothing is lost.")
    response = page(request, 503, _("Not available just now."), words)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response
