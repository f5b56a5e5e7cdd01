"""Middleware: where the installation asks for a second factor, nobody works without one."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from labeler.accounts import entering, factors
from labeler.projects.models import User

OPEN = frozenset({
    "second_factor", "sign_in", "second_step", "sso_begin", "sso_back", "sign_out", "language",
    "jsi18n", "healthz", "readyz", "password",
})  # fmt: skip


class SecondFactorAsked:
    """Sends people who must have a second factor, and have none, to where they set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: Any) -> HttpResponseBase | None:
        """Asks the database only where the setting is on and the session does not know yet."""
        where = getattr(request.resolver_match, "url_name", None)
        if settings.SECOND_FACTOR == "optional" or where in OPEN or not _by_session(request):
            return None
        user = cast(User, request.user)
        if request.session.get(entering.PASSED) or not factors.needed(user):
            return None
        if request.path.startswith("/api/"):
            words = _("Set up a second factor first: open %(page)s.") % {
                "page": "/me/second-factor"
            }
            return JsonResponse({"detail": words, "code": "second_factor_needed"}, status=403)
        return redirect("second_factor")


def _by_session(request: HttpRequest) -> bool:
    return "Authorization" not in request.headers and request.user.is_authenticated
